//! What a mistake on the command line says: one line, with what was probably meant.

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::output::{self, Failure, USAGE};

/// clap's output: help and version on standard output, a mistake as one line.
pub(crate) fn report(error: &clap::Error) -> ExitCode {
    let text = error.to_string();
    if !error.use_stderr() {
        return output::help(&text).map_or_else(Failure::report, |()| ExitCode::SUCCESS);
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        output::to_stderr(&text);
        return ExitCode::from(USAGE);
    }
    let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    // clap lists missing arguments and possible values on lines of their own.
    let further: Vec<&str> = text.lines().skip(1).take_while(|line| line.starts_with("  ")).map(str::trim).collect();
    let further = if further.is_empty() { String::new() } else { format!(" {}", further.join(" ")) };
    let hint =
        meant(error).map_or_else(|| "--help lists what there is".to_owned(), |meant| format!("did you mean {meant}?"));
    Failure::new(USAGE, format!("{line}{further} ({hint})")).report()
}

fn meant(error: &clap::Error) -> Option<&String> {
    let kinds = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue];
    kinds.into_iter().find_map(|kind| match error.get(kind)? {
        ContextValue::String(meant) => Some(meant),
        ContextValue::Strings(all) => all.first(),
        _ => None,
    })
}
