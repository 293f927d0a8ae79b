//! The answer of a verb: what it found, did, or would do.

use anonymous_statistics::inspect::Preview;
use serde::Serialize;

use crate::actions::step::Step;
use crate::cli::Format;
use crate::output::{self, Failure, object};

/// What a verb found, in the wanted form.
pub(super) fn found<J: Serialize>(
    format: Format,
    json: impl FnOnce() -> J,
    text: impl FnOnce() -> String,
) -> Result<(), Failure> {
    if format.is_json() { output::json(&json()) } else { output::text(text()) }
}

/// Says what was done, for people or for programs. `done` is false after --dry-run; the state is that of the machine afterwards.
pub(super) fn say(format: Format, done: bool, said: &[String], after: &Preview) -> Result<(), Failure> {
    if !format.is_json() {
        return output::lines(said);
    }
    let verdict = after.verdict();
    let said: Vec<_> = said.iter().map(|line| output::plain(line.trim())).filter(|line| !line.is_empty()).collect();
    output::json(&object! { done: done, said: said, state: verdict.name(), headline: verdict.to_string() })
}

/// The steps of a plan that has not begun.
pub(super) fn would(steps: &[Step]) -> Vec<String> {
    let lines = |step: &Step| format!("Would {step}").lines().map(str::to_owned).collect::<Vec<_>>();
    steps.iter().flat_map(lines).collect()
}

/// The answer after --dry-run.
pub(super) fn nothing(format: Format, mut would: Vec<String>, preview: &Preview) -> Result<(), Failure> {
    would.push("Nothing was done.".to_owned());
    say(format, false, &would, preview)
}

/// Shows what a question is about; on standard error, where standard output is for programs.
pub(super) fn before(format: Format, lines: &[String]) -> Result<(), Failure> {
    if !format.is_json() {
        return output::lines(lines);
    }
    for line in lines {
        output::hint(line);
    }
    Ok(())
}
