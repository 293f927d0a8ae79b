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
    let mut text = match deleted {
        0 => String::new(),
        number => format!("Deleted {number} waiting events from before.\n"),
    };
    match switch::opt_in(&folder) {
        Ok(Done::Changed) => {
            text.push_str(&format!("Removed {shown}.\nRestart netdata, then the daemon sees it too.\n"))
        }
        Ok(Done::AlreadySo) => text.push_str(&format!("There is no {shown}.\n")),
        Err(error) => return Err(failed(format!("cannot remove {shown}: {error}"))),
    }
    let after = Preview::look(question);
    let mut still = after.consent.in_the_way().peekable();
    if still.peek().is_some() {
        text.push_str("\nStill in the way:\n");
    }
    for step in still {
        let change = step.what_would_change_it().unwrap_or_default();
        text.push_str(&format!("  {} {}; what would change it: {change}\n", step.source, words::finding(step)));
    }
    text.push_str(&format!("\n{} {}\n", words::symbol(after.outlook()), after.headline()));
    output::answer(text)?;
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
