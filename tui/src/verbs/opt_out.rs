//! `opt-out`: creates the file, deletes the waiting events, and shows the new state of the disk.

use std::path::PathBuf;
use std::process::ExitCode;

use anonymous_statistics::consent::Decision;
use anonymous_statistics::inspect::{Preview, Question};

use crate::actions::opting::OptOut;
use crate::actions::rights;
use crate::output::{self, Failure, NO_PERMISSION};
use crate::present::words;

pub(crate) fn run(question: &Question, dry_run: bool, yes: bool) -> Result<ExitCode, Failure> {
    let plan = OptOut::find(question);
    if dry_run {
        if let Some(obstacle) = plan.barred() {
            return Err(obstacle.failure());
        }
        let would = |(file, folder): (PathBuf, bool)| {
            let folder = if folder { ", and its folder" } else { "" };
            format!("Would create {}{folder}, unless it is there already.\n", words::path(&file))
        };
        let files: String = plan.files().map(would).collect();
        output::answer(format!("{files}Would delete events that wait to be sent.\nNothing was done.\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    if plan.is_to_be_confirmed() && !yes {
        let files: Vec<String> = plan.files().map(|(file, _)| words::path(&file)).collect();
        let question = format!("An agent here names folders of its own; this creates {}.", files.join(" and "));
        output::confirm("opt-out", &question)?;
    }
    let outcome = plan.perform();
    // The disk decides, not this program's belief.
    let after = Preview::look(question);
    let mut said = outcome.sentences(after.restart.as_deref());
    if let Some(obstacle) = outcome.obstacle() {
        if !said.is_empty() {
            output::lines(&said)?;
        }
        return Err(obstacle.failure());
    }
    said.extend([String::new(), words::headline(&after)]);
    output::lines(&said)?;
    if after.consent.decision() == Decision::OptedOut {
        Ok(ExitCode::SUCCESS)
    } else {
        Err(Failure::new(NO_PERMISSION, "the file was created, but is not found there")
            .instead(rights::with_more_rights("opt-out", &after)))
    }
}
