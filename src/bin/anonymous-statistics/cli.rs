//! The command line. Options count only before the action: everything after it is the daemon's data.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;

use anonymous_statistics::request::NoRequest;
use anonymous_statistics::text::printable;
use lexopt::Arg;

use anonymous_statistics::options::{ABOUT, MORE, OPTIONS, USAGE};

/// Version and mark in one piece, by which the preview recognises the sender.
pub(crate) static VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " [sender of the anonymous-statistics project, version ",
    env!("CARGO_PKG_VERSION"),
    "]"
);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Task {
    #[default]
    Send,
    /// `--dry-run`
    Show,
    /// `--verify`
    Verify,
    /// `--from-status`
    FromStatus,
    /// `--send-test`
    SendTest,
}

#[derive(Debug, Default)]
pub(crate) struct Cli {
    pub(crate) task: Task,
    /// A task that stands alone.
    alone: Option<Task>,
    pub(crate) recorded: Option<PathBuf>,
    pub(crate) config_dir: Option<PathBuf>,
    pub(crate) lib_dir: Option<PathBuf>,
    /// The daemon's arguments, from the action on.
    pub(crate) call: Vec<OsString>,
}

#[derive(Debug)]
pub(crate) enum Stop {
    /// Help or version was asked for: this text, on standard output.
    Information(String),
    /// The call or the configuration is wrong: this line, on standard error.
    Unusable(String),
}

impl From<NoRequest> for Stop {
    fn from(error: NoRequest) -> Self {
        Self::Unusable(error.to_string())
    }
}

impl Cli {
    pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Stop> {
        let mut parser = lexopt::Parser::from_args(arguments);
        let mut cli = Self::default();
        loop {
            match parser.next().map_err(|error| wrong(&error))? {
                Some(Arg::Long("dry-run")) => cli.task = Task::Show,
                Some(Arg::Long("verify")) => cli.task = Task::Verify,
                Some(Arg::Long("from-status")) => cli.must_be_alone(Task::FromStatus)?,
                Some(Arg::Long("send-test")) => cli.must_be_alone(Task::SendTest)?,
                Some(Arg::Long("call")) => cli.recorded = Some(parser.value().map_err(|error| wrong(&error))?.into()),
                Some(Arg::Long("config-dir")) => {
                    cli.config_dir = Some(parser.value().map_err(|error| wrong(&error))?.into());
                }
                Some(Arg::Long("lib-dir")) => cli.lib_dir = Some(parser.value().map_err(|error| wrong(&error))?.into()),
                Some(Arg::Long("help") | Arg::Short('h')) => return Err(Stop::Information(help())),
                Some(Arg::Long("version") | Arg::Short('V')) => {
                    return Err(Stop::Information(format!("anonymous-statistics {VERSION}\n")));
                }
                Some(Arg::Value(_)) if cli.alone.is_some() => return Err(alone()),
                Some(Arg::Value(action)) => {
                    cli.call.push(action);
                    cli.call.extend(parser.raw_args().map_err(|error| wrong(&error))?);
                    if cli.recorded.is_some() {
                        return Err(Stop::Unusable("--call stands in place of an action; see --help".to_owned()));
                    }
                    return Ok(cli);
                }
                Some(option) => return Err(wrong(&option.unexpected())),
                None if let Some(task) = cli.alone => {
                    let is_alone = cli.task == Task::Send && cli.recorded.is_none();
                    return if is_alone { Ok(Self { task, ..cli }) } else { Err(alone()) };
                }
                None if cli.task == Task::Verify || (cli.task == Task::Show && cli.recorded.is_some()) => {
                    return Ok(cli);
                }
                None => {
                    return Err(Stop::Unusable(
                        "the action is missing (START, EXIT, FATAL ...); see --help".to_owned(),
                    ));
                }
            }
        }
    }

    fn must_be_alone(&mut self, task: Task) -> Result<(), Stop> {
        if self.alone.replace(task).is_some_and(|other| other != task) { Err(alone()) } else { Ok(()) }
    }
}

fn alone() -> Stop {
    let what =
        "--from-status and --send-test stand alone: without an action, --dry-run, --verify, --call and each other";
    Stop::Unusable(what.to_owned())
}

fn wrong(error: &lexopt::Error) -> Stop {
    let text = error.to_string();
    let short: String = printable(&text).chars().take(100).collect();
    Stop::Unusable(format!("{short}; see --help"))
}

fn help() -> String {
    let mut text = format!("{ABOUT}\n{USAGE}\nOptions:\n");
    for option in &OPTIONS {
        let name = option.value.map_or_else(|| option.name.to_owned(), |value| format!("{} {value}", option.name));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  --{name:<16}{}", option.help);
    }
    text + MORE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Cli, Stop> {
        Cli::read(arguments.iter().map(OsString::from))
    }

    #[test]
    fn from_the_action_on_everything_is_data() {
        for position in 1..44 {
            for word in ["-1", "--help", "--dry-run", "--", "--config-dir=/x"] {
                let mut arguments = vec!["x"; 44];
                arguments[0] = "START";
                arguments[position] = word;
                let cli = read(&arguments).unwrap();
                assert_eq!(cli.call, arguments.iter().map(OsString::from).collect::<Vec<_>>());
                assert!(cli.task == Task::Send && cli.config_dir.is_none());
                arguments.insert(0, "--dry-run");
                let cli = read(&arguments).unwrap();
                assert_eq!(cli.task, Task::Show);
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
        for wrong in [
            &["-1"][..],
            &["--unknown", "START"],
            &["--\u{1b}[2J"],
            &[],
            &["--"],
            &["--config-dir"],
            &["--dry-run=x", "START"],
            &["--from-status", "START"],
            &["--from-status", "--dry-run"],
            &["--dry-run", "--from-status"],
            &["--verify", "--from-status"],
            &["--call", "x", "--from-status"],
            &["--send-test", "TEST"],
            &["--send-test", "--from-status"],
            &["--send-test", "--dry-run"],
            &["--call", "x", "--send-test"],
        ] {
            let Err(Stop::Unusable(line)) = read(wrong) else { panic!("{wrong:?} was accepted") };
            assert!(!line.contains(['\n', '\u{1b}']), "{line}");
        }
        let cli = read(&["--config-dir=/a", "--lib-dir", "/b", "START"]).unwrap();
        assert_eq!((cli.config_dir, cli.lib_dir), (Some("/a".into()), Some("/b".into())));
    }

    #[test]
    fn every_option_is_in_the_help_and_understood() {
        let help = help();
        for option in &OPTIONS {
            assert!(help.contains(&format!("--{}", option.name)));
            let argument = format!("--{}", option.name);
            let understood = read(&match (option.name, option.value) {
                // It replaces the action.
                ("call", _) => vec!["--verify", &argument, "x"],
                ("from-status" | "send-test", _) => vec![argument.as_str()],
                (_, Some(_)) => vec![&argument, "x", "START"],
                (_, None) => vec![&argument, "START"],
            });
            assert!(!matches!(understood, Err(Stop::Unusable(_))), "{argument}");
        }
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
    }
}
