//! What a mistake on the command line says: one line, with what was probably meant.

use std::process::ExitCode;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

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
    let said = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.as_str()),
        _ => None,
    };
    let verbs = || command.get_subcommands();
    let options = || {
        let all = verbs().chain([command]).flat_map(Command::get_arguments);
        all.filter_map(|argument| argument.get_long()).map(|long| format!("--{long}"))
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            nearest(said(ContextKind::InvalidSubcommand)?, verbs().map(Command::get_name)).map(str::to_owned)
        }
        ErrorKind::UnknownArgument => {
            let word = said(ContextKind::InvalidArg)?;
            let options: Vec<String> = options().collect();
            // One that another verb has was no slip.
            let meant = nearest(word, options.iter().map(String::as_str)).filter(|meant| *meant != word);
            meant.map(str::to_owned)
        }
        ErrorKind::InvalidValue => match error.get(ContextKind::ValidValue) {
            Some(ContextValue::Strings(known)) => {
                nearest(said(ContextKind::InvalidValue)?, known.iter().map(String::as_str)).map(str::to_owned)
            }
            _ => None,
        },
        _ => None,
    }
}

/// The known word that was probably meant. `None`: none is like this one.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let written: Vec<char> = word.chars().take(LONGEST).flat_map(char::to_lowercase).collect();
    let far = |known: &str| distance(&written, &known.to_lowercase().chars().collect::<Vec<_>>());
    let (away, nearest) = known.map(|known| (far(known), known)).min_by_key(|(away, _)| *away)?;
    (away <= 1 + written.len() / 4).then_some(nearest)
}

/// Characters of a word that are compared; no name is as long.
const LONGEST: usize = 64;

/// How many characters differ, are missing, are too many, or have changed places with a neighbour.
fn distance(left: &[char], right: &[char]) -> usize {
    let (mut before, mut above) = (Vec::new(), (0..=right.len()).collect::<Vec<_>>());
    for (i, l) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, r) in right.iter().enumerate() {
            let mut least = (above[j] + usize::from(l != r)).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && left[i - 1] == *r && right[j - 1] == *l {
                let swapped: &Vec<usize> = &before;
                least = least.min(swapped[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_fingers_is_recognised() {
        let known = ["show", "status", "history", "distinct_id", "START"];
        for (word, meant) in [
            ("shwo", Some("show")),
            ("sho", Some("show")),
            ("histroy", Some("history")),
            ("distinctid", Some("distinct_id")),
            ("strat", Some("START")),
            ("nonsense", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, known.into_iter()), meant, "{word}");
        }
    }
}
