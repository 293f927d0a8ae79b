//! `opt-in`: deletes events that wait, then removes the file, and says what else still opts out.

use std::io::{self, BufRead, IsTerminal, Read};
use std::process::ExitCode;

use anonymous_statistics::preview::{Preview, Question};
use anonymous_statistics::switch::{self, Done};

use crate::opting;
use crate::output::{self, Failure, NO_PERMISSION, NOT_DONE, USAGE};
use crate::words;

pub(crate) fn run(question: &Question, yes: bool) -> Result<ExitCode, Failure> {
    let before = Preview::look(question);
    let folder = before.opt_out_folder();
    let shown = words::path(&switch::opt_out_file(&folder));
    if !yes {
        confirm(&shown)?;
    }
    let failed = |what: String| {
        Failure::new(NO_PERMISSION, what).instead(vec![opting::opt_in_command(&folder, &before.folders)])
    };
    // Events from before this moment were made without consent, or it is not known that they were not.
    let deleted = opting::forget_waiting(before.folders.library.as_ref())
        .map_err(|error| failed(format!("cannot delete the events that wait, so nothing was changed: {error}")))?;
    let mut said = match deleted {
        0 => Vec::new(),
        1 => vec!["Deleted 1 waiting event from before.".to_owned()],
        number => vec![format!("Deleted {number} waiting events from before.")],
    };
    match switch::opt_in(&folder) {
        Ok(Done::Changed) => {
            said.extend([format!("Removed {shown}."), "Restart netdata, then the daemon sees it too.".to_owned()]);
        }
        Ok(Done::AlreadySo) => said.push(format!("There is no {shown}.")),
        Err(error) => return Err(failed(format!("cannot remove {shown}: {error}"))),
    }
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
