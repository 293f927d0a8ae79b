//! `opt-in`: deletes the waiting events, removes the files, undoes the changes of `netdata.conf`, and lists what still opts
//! out.

use std::process::ExitCode;

use anonymous_statistics::inspect::{Preview, Question};

use crate::actions::netdata_conf;
use crate::actions::opting::{Obstacle, OptIn};
use crate::output::{self, Failure};
use crate::present::words;

pub(crate) fn run(question: &Question, yes: bool) -> Result<ExitCode, Failure> {
    let plan = OptIn::find(&Preview::look(question));
    if let Some(obstacle) = plan.barred() {
        return Err(obstacle.failure());
    }
    if !yes {
        let files: Vec<String> = plan.files().iter().map(|file| words::path(file)).collect();
        let mut what = format!("removes {}", files.join(" and "));
        for change in plan.confs().changes() {
            output::lines(&netdata_conf::plan(change))?;
            what = format!("{what}, and changes {} back", words::path(change.path()));
        }
        let question = format!("This {what}, so that this machine may send telemetry.");
        output::confirm("opt-in", &question)?;
    }
    let mut said = plan.perform().map_err(Obstacle::failure)?;
    let after = Preview::look(question);
    said.push(String::new());
    for step in after.consent.in_the_way() {
        let change = step.what_would_change_it().unwrap_or_default();
        said.push(format!("Still in the way: {} {}", step.source, words::finding(step)));
        said.push(format!("  what would change it: {change}"));
    }
    said.push(words::headline(&after));
    output::lines(&said)?;
    Ok(ExitCode::SUCCESS)
}
