//! `opt-in`: deletes the waiting events, removes the files, undoes the changes of `netdata.conf`, and lists what still opts
//! out.

use anonymous_statistics::inspect::{Preview, Question};

use crate::actions::netdata_conf::Confs;
use crate::actions::opting::OptIn;
use crate::cli::UndoOptions;
use crate::output::{self, Failure};
use crate::present::words;
use crate::verbs::done;

pub(crate) fn run(question: &Question, options: UndoOptions) -> Result<(), Failure> {
    let before = Preview::look(question);
    let plan = OptIn::plan(&before, Confs::on(&before.targets));
    if let Some(obstacle) = plan.barred() {
        return Err(obstacle);
    }
    if options.dry_run {
        let nothing = || vec!["There is no opt-out file to remove.".to_owned()];
        let would = if plan.has_something_to_do() { done::would(&plan.steps()) } else { nothing() };
        return done::nothing(options.format, would, &before);
    }
    if !options.yes {
        if plan.confs.changes().next().is_some() {
            done::before(options.format, &done::would(&plan.steps()))?;
        }
        let files: Vec<String> = plan.files().iter().map(|file| words::path(file)).collect();
        let what = plan.confs.changes().fold(format!("removes {}", files.join(" and ")), |what, change| {
            format!("{what}, and changes {} back", words::path(change.path()))
        });
        output::confirm("opt-in", &format!("This {what}, so that this machine may send telemetry."))?;
    }
    let mut said = plan.perform()?;
    let after = Preview::look(question);
    said.push(String::new());
    for step in after.consent.in_the_way() {
        let change = step.what_would_change_it().unwrap_or_default();
        said.push(format!("Still in the way: {} {}", step.source, step.found()));
        said.push(format!("  to change this, {change}"));
    }
    said.push(words::painted_headline(&after));
    done::say(options.format, true, &said, &after)
}
