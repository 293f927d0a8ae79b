//! The command line.

mod actions;
mod configure;
mod format;
mod manual;
pub(crate) mod mistakes;
mod options;

use std::ffi::OsString;
use std::path::PathBuf;

use anonymous_statistics::release::Release;
pub(crate) use clap::ColorChoice;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::output::{Failure, USAGE};

use actions::action;
pub(crate) use actions::known_action;
pub(crate) use configure::ConfigureOptions;
pub(crate) use format::Format;
use options::{CHECK_HELP, DIFF_HELP};
pub(crate) use options::{
    Channel, CheckOptions, DiffOptions, Expect, OptOutOptions, Scope, Sender, ShowOptions, UndoOptions,
};

const ABOUT: &str = "\
Shows what the Netdata agent's telemetry would send from this machine: the exact request, \
where every value comes from, and why. Turns it off at your option.

On a terminal, and without a command, it opens screens to look around in. It sends nothing: \
it contains no HTTP, TLS or DNS code and opens no network socket. The one program that it \
ever starts is the installed sender, for configure --test and after asking.";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "telemetry-preview",
    version,
    about = ABOUT,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  telemetry-preview                         look around
  telemetry-preview show                    the same as text
  telemetry-preview show --event FATAL --example
                                            what is sent when the agent fails
  telemetry-preview show --raw              the bytes of the request, and nothing else
  telemetry-preview show --channel crash-reports --if power-loss
                                            the daemon's own report after that, byte for byte
  telemetry-preview show --channel dashboard
                                            what the agent's dashboard sends from a browser
  telemetry-preview status                  may this machine send, and why?
  telemetry-preview diff --since-last       what is different since the last event?
  sudo telemetry-preview opt-out            from now on, send nothing from this machine
  sudo telemetry-preview history            what was sent, what waits and why
  telemetry-preview check --expect off      is it off? for monitoring, see check --help
  telemetry-preview explain distinct_id     what a field is, and why it is sent

Exit status:
  0   done
  1   the answer could not be written, you did not confirm, check or diff found a difference, or \
the test of configure did not go well
  2   wrong usage, or there is no request to show (standard error says why)
  3   show --strict: not every value is known as it would be sent now; check: cannot be told
  77  a file could not be created or deleted (standard error says what to run)"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    call: CallOptions,
    /// No screens: everything as text, also for screen readers
    #[arg(long)]
    pub(crate) plain: bool,
    /// A kept answer of show --json or --raw, for the screen Compare
    #[arg(long, value_name = "FILE")]
    pub(crate) before: Option<PathBuf>,
    /// Colours: auto (where a terminal has some), always, never
    #[arg(long, global = true, display_order = LAST, value_enum, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    pub(crate) color: ColorChoice,
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
}

/// The definition. What means nothing to a verb does not stand in its help.
pub(crate) fn command() -> clap::Command {
    let command = Cli::command();
    let of_agents = command.get_arguments().filter(|option| option.is_global_set() && option.get_id() != "color");
    let hidden: Vec<_> = of_agents.map(|option| option.clone().hide(true)).collect();
    command.mut_subcommand("schema", |verb| verb.args(hidden))
}

impl Cli {
    pub(crate) fn try_from_words(words: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        Self::from_arg_matches(&command().try_get_matches_from(words)?)
    }

    /// Which of the daemon's calls it is about, said before the verb or after it.
    pub(crate) fn call(&self) -> Result<CallOptions, Failure> {
        let before = &self.call;
        match self.verb.as_ref().map(Verb::call) {
            None => Ok(before.clone()),
            Some(Some(after)) => Ok(CallOptions {
                event: after.event.clone().or_else(|| before.event.clone()),
                call: after.call.clone().or_else(|| before.call.clone()),
            }),
            Some(None) if before.names_an_event() => {
                Err(Failure::new(USAGE, "--event and --call mean something to show, status, diff and explain alone"))
            }
            Some(None) => Ok(CallOptions::default()),
        }
    }
}

/// The options of the whole program stand below a verb's own.
const LAST: usize = 100;

/// Which agent is looked at.
#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    /// The agent's config directory
    #[arg(long, global = true, display_order = LAST, value_name = "DIR", value_parser = absolute)]
    pub(crate) config_dir: Option<PathBuf>,
    /// The agent's library directory, in which it keeps its identifier
    #[arg(long, global = true, display_order = LAST, value_name = "DIR", value_parser = absolute)]
    pub(crate) lib_dir: Option<PathBuf>,
    /// The folder of the agent's plugins, where its daemon looks for a sender
    #[arg(long, global = true, display_order = LAST, value_name = "DIR", value_parser = absolute)]
    pub(crate) plugins_dir: Option<PathBuf>,
    /// Judge and build as if the agent's daemon had this version
    #[arg(long, global = true, display_order = LAST, value_name = "V", value_parser = version)]
    pub(crate) daemon_version: Option<String>,
}

/// Which of the daemon's calls.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct CallOptions {
    /// The event: START, EXIT, FATAL ... [default: START]
    #[arg(long, value_name = "ACTION", value_parser = action)]
    pub(crate) event: Option<String>,
    /// A file with recorded calls of the daemon: {"argv": [...], "env": {...}}
    #[arg(long, value_name = "FILE")]
    pub(crate) call: Option<PathBuf>,
}

impl CallOptions {
    pub(crate) const fn names_an_event(&self) -> bool {
        self.event.is_some() || self.call.is_some()
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Print the request that would be sent, and where each value comes from
    #[command(after_help = manual::SHOW)]
    Show {
        #[command(flatten)]
        call: CallOptions,
        #[command(flatten)]
        options: ShowOptions,
    },
    /// Say whether this machine may send, what decides that, and who would send
    #[command(after_help = manual::STATUS)]
    Status {
        #[command(flatten)]
        call: CallOptions,
        #[command(flatten)]
        format: Format,
    },
    /// Compare two events: what would be sent, or what was sent last
    #[command(after_help = DIFF_HELP)]
    Diff {
        #[command(flatten)]
        call: CallOptions,
        #[command(flatten)]
        options: DiffOptions,
    },
    /// Turn off each agent's telemetry: create the opt-out file, change netdata.conf if needed
    #[command(after_help = manual::OPT_OUT)]
    OptOut(OptOutOptions),
    /// Undo opt-out, after asking
    #[command(after_help = manual::OPT_IN)]
    OptIn(UndoOptions),
    /// Let this sender report to a server of your own, and try it
    #[command(after_help = configure::HELP)]
    Configure(ConfigureOptions),
    /// Show what was sent or refused, and what waits to be sent and why
    #[command(after_help = manual::HISTORY)]
    History {
        #[command(flatten)]
        format: Format,
        /// The bytes of one request, as they went or will go onto the wire; its number stands in the list, 1 is the newest
        #[arg(long, value_name = "NUMBER", conflicts_with_all = ["json", "format"])]
        raw: Option<usize>,
    },
    /// Delete what was sent and is kept here, and events that wait to be sent, after asking
    #[command(after_help = manual::FORGET)]
    Forget(UndoOptions),
    /// Compare with what ought to be: for monitoring and configuration management
    #[command(after_help = CHECK_HELP)]
    Check(CheckOptions),
    /// Explain a field: what it is, why it is sent, where it comes from, and its value here
    #[command(arg_required_else_help = true, after_help = manual::EXPLAIN)]
    Explain {
        /// The field's name in the request
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        field: Option<String>,
        /// All fields, a paragraph each
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        call: CallOptions,
        #[command(flatten)]
        format: Format,
    },
    /// List all fields and events that can ever be sent
    #[command(after_help = manual::SCHEMA)]
    Schema {
        /// For people (Markdown) or for programs
        #[arg(long, value_enum, default_value_t = SchemaFormat::Md)]
        format: SchemaFormat,
        /// Short for --format json
        #[arg(long, conflicts_with = "format")]
        json: bool,
        /// Whose events; the JSON has both
        #[arg(long, value_enum, default_value_t = Channel::Events)]
        channel: Channel,
        /// What the own reports of daemons newer than this version have in addition
        #[arg(long, value_name = "VERSION", conflicts_with = "channel")]
        since: Option<String>,
    },
}

impl Verb {
    /// `None`: it is about none of the daemon's calls.
    const fn call(&self) -> Option<&CallOptions> {
        match self {
            Self::Show { call, .. }
            | Self::Status { call, .. }
            | Self::Diff { call, .. }
            | Self::Explain { call, .. } => Some(call),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaFormat {
    Md,
    Json,
}

/// A relative path would depend on the caller's folder. The daemon's are all absolute.
fn absolute(text: &str) -> Result<PathBuf, &'static str> {
    let path = PathBuf::from(text);
    if path.is_absolute() { Ok(path) } else { Err("the path must be absolute (begin with /)") }
}

fn version(text: &str) -> Result<String, &'static str> {
    Release::of(text).map(|_release| text.to_owned()).ok_or("it must be a version, such as 1.37.1 or v2.5.4")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_from_words(["telemetry-preview"].iter().chain(line).map(OsString::from))
    }

    #[test]
    fn the_definition_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_verb_has_the_same_two_options_for_its_form() {
        for verb in command().get_subcommands() {
            let longs: Vec<&str> = verb.get_arguments().filter_map(clap::Arg::get_long).collect();
            assert!(longs.contains(&"format") && longs.contains(&"json"), "{}", verb.get_name());
        }
    }

    #[test]
    fn options_about_one_call_stand_only_where_they_mean_something() {
        for (line, code) in
            [(&["opt-out", "--event", "START"][..], 2), (&["check", "--expect", "off", "--call", "x"], 2)]
        {
            assert_eq!(parsed(line).unwrap_err().exit_code(), code, "{line:?}");
        }
        assert!(parsed(&["--event", "START", "history"]).unwrap().call().is_err());
    }

    #[test]
    fn options_stand_before_or_after_the_verb() {
        for line in [["--event", "fatal", "show"], ["show", "--event", "FATAL"]] {
            assert_eq!(parsed(&line).unwrap().call().unwrap().event.as_deref(), Some("FATAL"));
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for line in [
            &["show", "--config-dir", "etc"][..],
            &["show", "--event", "a b"],
            &["show", "--daemon-version", "new"],
            &["show", "--raw", "--json"],
            &["show", "--raw", "--format", "json"],
            &["status", "--json", "--format", "text"],
            &["explain"],
            &["explain", "event", "--all"],
            &["diff"],
            &["diff", "--events", "START"],
            &["diff", "--events", "START", "NONE"],
            &["show", "--example", "--raw"],
            &["diff", "--events", "START", "EXIT", "--since-last"],
            &["diff", "--events", "START", "EXIT", "--event", "META"],
            &["configure"],
            &["configure", "--url", "https://x.org/"],
            &["configure", "--api-key", "k", "--test"],
            &["nonsense"],
        ] {
            assert!(parsed(line).is_err(), "{line:?}");
        }
    }
}
