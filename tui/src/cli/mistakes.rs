//! What a mistake on the command line says: one line, with what was probably meant.

use std::process::ExitCode;

use anonymous_statistics::text::nearest;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

use crate::output::{self, Failure, USAGE};

/// clap's output: help and version on standard output, a mistake as one line.
pub(crate) fn report(error: &clap::Error, command: &Command) -> ExitCode {
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
    let hint = meant(error, command)
        .map_or_else(|| "--help lists what there is".to_owned(), |meant| format!("did you mean {meant}?"));
    Failure::new(USAGE, format!("{line}{further} ({hint})")).report()
}

fn meant(error: &clap::Error, command: &Command) -> Option<String> {
    let verbs = || command.get_subcommands();
    let (said, known): (_, Vec<String>) = match error.kind() {
        ErrorKind::InvalidSubcommand => {
            (ContextKind::InvalidSubcommand, verbs().map(|verb| verb.get_name().to_owned()).collect())
        }
        ErrorKind::UnknownArgument => {
            let options = verbs().chain([command]).flat_map(Command::get_arguments).filter_map(Arg::get_long);
            (ContextKind::InvalidArg, options.map(|long| format!("--{long}")).collect())
        }
        ErrorKind::InvalidValue => match error.get(ContextKind::ValidValue) {
            Some(ContextValue::Strings(known)) => (ContextKind::InvalidValue, known.clone()),
            _ => return None,
        },
        _ => return None,
    };
    let Some(ContextValue::String(word)) = error.get(said) else { return None };
    // An option that another verb has was no slip.
    nearest(word, known.iter().map(String::as_str)).filter(|meant| meant != word).map(str::to_owned)
}
