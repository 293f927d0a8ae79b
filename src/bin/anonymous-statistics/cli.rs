//! The command line. The daemon's calls never reach a parser of options.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Parser;
use clap::error::ErrorKind;

/// Sends one of the Netdata agent's pseudonymous telemetry events.
///
/// The Netdata daemon calls this program when it starts, stops and fails. It first looks whether the machine has opted
/// out; then it does nothing but delete events that wait. Standard output holds the HTTP status of the event, or 000.
#[derive(Debug, Parser)]
#[command(
    name = "anonymous-statistics",
    version = crate::version(),
    disable_help_subcommand = true,
    after_help = "To see what would be sent on this machine, run telemetry-preview.\n\
        To opt out, run telemetry-preview opt-out, or create the file\n\
        .opt-out-from-anonymous-statistics in the agent's config directory, or set\n\
        DISABLE_TELEMETRY or DO_NOT_TRACK for the daemon to anything.\n\n\
        Exit status: 0 there was an HTTP status, or the machine has opted out; 2 nothing was sent because of\n\
        wrong usage or configuration; otherwise curl's: 5 proxy name, 6 name, 7 connect, 28 time, 35 TLS,\n\
        52 empty reply, 56 receive, 60 certificate."
)]
pub(crate) struct Cli {
    /// Print the request instead of sending it. Works when the machine has opted out too.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The agent's config directory.
    #[arg(long, value_name = "DIR")]
    pub(crate) config_dir: Option<PathBuf>,
    /// The agent's library directory.
    #[arg(long, value_name = "DIR")]
    pub(crate) lib_dir: Option<PathBuf>,
    /// What the daemon says: the action (START, EXIT, FATAL ...), its result and data, then JSON fragments.
    /// Everything from the action on is data, whatever it looks like.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "ACTION")]
    pub(crate) call: Vec<OsString>,
}

/// Why nothing is done.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Help or version was asked for: this text, on standard output.
    Information(String),
    /// The call is wrong: this line, on standard error.
    Usage(String),
}

impl Cli {
    /// Reads the arguments after the program's name.
    pub(crate) fn read(arguments: Vec<OsString>) -> Result<Self, Stop> {
        // Options count only before the action: an argument that does not begin with a dash starts the daemon's data.
        if arguments.first().is_some_and(|first| !first.as_encoded_bytes().starts_with(b"-")) {
            return Ok(Self { dry_run: false, config_dir: None, lib_dir: None, call: arguments });
        }
        let program = OsString::from("anonymous-statistics");
        let cli =
            Self::try_parse_from(std::iter::once(program).chain(arguments)).map_err(|error| match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Stop::Information(error.to_string()),
                _ => Stop::Usage(one_line(&error)),
            })?;
        match cli.call.first() {
            Some(first) if first.as_encoded_bytes().starts_with(b"-") => {
                Err(Stop::Usage(format!("there is no option {}; see --help", shown(first))))
            }
            _ => Ok(cli),
        }
    }
}

fn shown(argument: &OsString) -> String {
    let text = argument.to_string_lossy();
    anonymous_statistics::text::printable(&text).chars().take(64).collect()
}

fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    let what = if error.kind() == ErrorKind::MissingRequiredArgument {
        "the action is missing (START, EXIT, FATAL ...)"
    } else {
        first.strip_prefix("error: ").unwrap_or(first)
    };
    format!("{}; see --help", anonymous_statistics::text::printable(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Cli, Stop> {
        Cli::read(arguments.iter().map(OsString::from).collect())
    }

    #[test]
    fn the_definition_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn from_the_action_on_everything_is_data() {
        for position in 1..44 {
            for word in ["-1", "--help", "--dry-run", "--"] {
                let mut arguments = vec!["x"; 44];
                arguments[0] = "START";
                arguments[position] = word;
                let cli = read(&arguments).unwrap();
                assert_eq!(cli.call, arguments.iter().map(OsString::from).collect::<Vec<_>>());
                assert!(!cli.dry_run);
                arguments.insert(0, "--dry-run");
                let cli = read(&arguments).unwrap();
                assert!(cli.dry_run);
                assert_eq!(cli.call.len(), 44, "{word} at {position}");
            }
        }
    }

    #[test]
    fn before_the_action_only_options_count() {
        assert!(matches!(read(&["--help"]), Err(Stop::Information(_))));
        assert!(
            matches!(read(&["--version"]), Err(Stop::Information(text)) if text.contains(env!("CARGO_PKG_VERSION")))
        );
        for wrong in [&["-1"][..], &["--", "-1"], &["--unknown", "START"], &[], &["--"], &["--config-dir"]] {
            let Err(Stop::Usage(line)) = read(wrong) else { panic!("{wrong:?} was accepted") };
            assert!(!line.contains('\n'), "{line}");
        }
    }
}
