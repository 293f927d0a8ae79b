//! `check`: compares telemetry with the expected state, for monitoring and configuration management.

use std::process::ExitCode;

use anonymous_statistics::inspect::{Preview, Question};
use serde::Serialize;

use super::status::switched_on;
use crate::cli::Expect;
use crate::output::{self, CANNOT_TELL, Failure, NOT_DONE};
use crate::present::words;

#[derive(Serialize)]
struct Checked {
    /// `match`, `mismatch` or `cannot-tell`.
    result: &'static str,
    expected: &'static str,
    /// As in `status --json`.
    anonymous_statistics: Option<bool>,
    because: String,
}

pub(crate) fn run(question: &Question, expect: Expect, json: bool) -> Result<ExitCode, Failure> {
    let preview = Preview::look(question);
    let (on, wanted) = (switched_on(&preview), expect == Expect::On);
    let (result, code) = match on {
        Some(on) if on == wanted => ("match", ExitCode::SUCCESS),
        Some(_) => ("mismatch", ExitCode::from(NOT_DONE)),
        None => ("cannot-tell", ExitCode::from(CANNOT_TELL)),
    };
    let name = |on| if on { "on" } else { "off" };
    let because = match preview.consent.reason() {
        _ if on.is_none() => preview.events().headline(),
        Some(step) => format!("{} {}", step.source, words::finding(step)),
        None => "nothing opts out".to_owned(),
    };
    let checked = Checked { result, expected: name(wanted), anonymous_statistics: on, because };
    if json {
        output::json(&checked)?;
    } else {
        let line = match on {
            Some(on) => format!("{result}: expected {}, is {}: {}", checked.expected, name(on), checked.because),
            None => format!("{result}: expected {}: {}", checked.expected, checked.because),
        };
        output::lines(&[line])?;
        if on.is_none() {
            for line in words::both_needed(&preview) {
                output::hint(&line);
            }
        }
    }
    Ok(code)
}
