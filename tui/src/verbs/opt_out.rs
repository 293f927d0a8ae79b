//! `opt-out`: creates the file, deletes events that wait, and shows what the disk says then.

use std::process::ExitCode;

use anonymous_statistics::consent::Decision;
use anonymous_statistics::preview::{Preview, Question};

use crate::opting::{self, OptOut};
use crate::output::{self, Failure, NO_PERMISSION};
use crate::words;

pub(crate) fn run(question: &Question, dry_run: bool) -> Result<ExitCode, Failure> {
    let plan = OptOut::plan(&Preview::look(question));
    if dry_run {
        if let Some(obstacle) = plan.barred() {
            return Err(obstacle.failure());
        }
        let folder = if plan.may_create_folder() { ", and its folder if that is missing" } else { "" };
        let file = words::path(&plan.file());
        output::answer(format!(
            "Would create {file}{folder}, unless it is there already.\n\
             Would delete events that wait to be sent.\nNothing was done.\n"
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    let outcome = plan.perform();
    if let Some(obstacle) = outcome.obstacle() {
        return Err(obstacle.failure());
    }
    // What counts is on the disk, not what this program believes to have done.
    let after = Preview::look(question);
    let mut said = outcome.sentences();
    said.extend([String::new(), words::headline(&after)]);
    output::lines(&said)?;
    if after.consent.decision() == Decision::OptedOut {
        Ok(ExitCode::SUCCESS)
    } else {
        Err(Failure::new(NO_PERMISSION, "the file was created, but is not found there")
            .instead(opting::with_more_rights("opt-out", &after)))
    }
}
