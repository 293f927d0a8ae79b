//! `opt-in`: deletes events that wait, then removes the file, and says what else still opts out.

use std::io::{self, BufRead, IsTerminal, Read};
use std::process::ExitCode;

use anonymous_statistics::preview::{Preview, Question};

use crate::opting::{Obstacle, OptIn};
use crate::output::{self, Failure, NOT_DONE, USAGE};
use crate::words;

pub(crate) fn run(question: &Question, yes: bool) -> Result<ExitCode, Failure> {
    let plan = OptIn::plan(&Preview::look(question));
    if let Some(obstacle) = plan.barred() {
        return Err(obstacle.failure());
    }
    if !yes {
        confirm(&words::path(&plan.file()))?;
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

/// Asks for a typed word. Opting in must never happen by accident.
fn confirm(file: &str) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::new(USAGE, "opt-in asks first, and standard input is no terminal; add --yes to go ahead"));
    }
    output::hint(&format!("This removes {file}, so that this machine may send telemetry. Type yes to go ahead:"));
    let mut line = String::new();
    // A line of any length is no yes.
    let read = io::stdin().lock().take(64).read_line(&mut line);
    if read.is_ok() && line.trim() == "yes" {
        Ok(())
    } else {
        Err(Failure::new(NOT_DONE, "not confirmed; nothing was changed"))
    }
}
