//! The command line.

use std::path::PathBuf;

use anonymous_statistics::channels::NAMES as CHANNELS;
use anonymous_statistics::channels::crash_reports::If;
use anonymous_statistics::endpoint::Endpoint;
use anonymous_statistics::fields::{self, shape};
use anonymous_statistics::release::Release;
use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};

const ABOUT: &str = "\
Shows what the Netdata agent's telemetry would send from this machine: the exact request,
where every value comes from, and why. Turns it off, if you like.

On a terminal, and without a command, it opens screens to look around in. It sends nothing:
it contains no HTTP, TLS or DNS code and opens no network socket.";

const CHECK_HELP: &str = "\
Exit status:
  0  it is as expected; off is also a machine without an agent, unless --require-agent
  1  it is not
  2  wrong usage
  3  it cannot be told from this account

Examples:
  telemetry-preview check --expect off              in a Nagios command: 1 is a warning, 3 is unknown
  telemetry-preview check --expect off || exit 1    in a health check of Docker
  telemetry-preview check --expect off --channel crash-reports
                                                    the daemon's own reports alone
  telemetry-preview check --expect on --expect-url https://posthog.example.org/capture/
                                                    the events go to a server of your own
  telemetry-preview check --expect off --json       one object for configuration management";

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
  telemetry-preview status                  may this machine send, and what says so?
  telemetry-preview diff --since-last       what is different since the last event?
  sudo telemetry-preview opt-out            from now on, send nothing from this machine
  sudo telemetry-preview history            what was sent, what waits and why
  telemetry-preview check --expect off      is it off? for monitoring, see check --help
  telemetry-preview explain distinct_id     what a field is, and why it is sent

Exit status:
  0   done
  1   the answer could not be written, you did not confirm, or check or diff found a difference
  2   wrong usage, or there is no request to show (standard error says why)
  3   show --strict: not every value is known as it would be sent now; check: cannot be told
  77  a file could not be created or deleted (standard error says what to run)"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) place: Place,
    /// No screens: everything as text, also for screen readers
    #[arg(long)]
    pub(crate) plain: bool,
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
}

/// Which agent is looked at, and which of its calls.
#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    /// The agent's config directory
    #[arg(long, global = true, value_name = "DIR", value_parser = absolute)]
    pub(crate) config_dir: Option<PathBuf>,
    /// The agent's library directory, in which it keeps its identifier
    #[arg(long, global = true, value_name = "DIR", value_parser = absolute)]
    pub(crate) lib_dir: Option<PathBuf>,
    /// The folder of the agent's plugins, where its daemon looks for a sender
    #[arg(long, global = true, value_name = "DIR", value_parser = absolute)]
    pub(crate) plugins_dir: Option<PathBuf>,
    /// The event to show: START, EXIT, FATAL ... [default: START]
    #[arg(long, global = true, value_name = "ACTION", value_parser = action)]
    pub(crate) event: Option<String>,
    /// Judge and build as if the agent's daemon had this version
    #[arg(long, global = true, value_name = "V", value_parser = version)]
    pub(crate) daemon_version: Option<String>,
    /// A file with recorded calls of the daemon: {"argv": [...], "env": {...}}
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) call: Option<PathBuf>,
}

impl Place {
    pub(crate) const fn names_an_event(&self) -> bool {
        self.event.is_some() || self.call.is_some()
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Print the request that would be sent, and where each value comes from
    Show(ShowOptions),
    /// Say whether this machine may send, what decides that, and who would send
    Status {
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Compare two events: what would be sent, or what was sent last
    #[command(after_help = DIFF_HELP)]
    Diff(DiffOptions),
    /// Turn off each agent's telemetry: create the opt-out file, change netdata.conf if needed
    OptOut(OptOutOptions),
    /// Undo opt-out, after asking
    OptIn {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Show what was sent or refused, and what waits to be sent and why
    History {
        /// One JSON object
        #[arg(long, conflicts_with = "raw")]
        json: bool,
        /// The bytes of one request, as they went or will go onto the wire; its number stands in the list
        #[arg(long, value_name = "NUMBER")]
        raw: Option<usize>,
    },
    /// Delete what was sent and is kept here, and events that wait to be sent
    Forget {
        /// Only say what would be done
        #[arg(long)]
        dry_run: bool,
    },
    /// Compare with what ought to be: for monitoring and configuration management
    #[command(after_help = CHECK_HELP)]
    Check(CheckOptions),
    /// Explain a field: what it is, why it is sent, where it comes from, and its value here
    #[command(arg_required_else_help = true)]
    Explain {
        /// The field's name in the request
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        field: Option<String>,
        /// All fields
        #[arg(long)]
        all: bool,
    },
    /// List all fields and events that can ever be sent
    Schema {
        /// For people (Markdown) or for programs
        #[arg(long, value_enum, default_value_t = SchemaFormat::Md)]
        format: SchemaFormat,
        /// Whose events; the JSON has both
        #[arg(long, value_enum, default_value_t = Channel::Events)]
        channel: Channel,
    },
}

#[derive(Debug, Clone, Copy, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct ShowOptions {
    /// Whose request [default: events, or crash-reports for a daemon that calls no script]
    #[arg(long, value_enum)]
    pub(crate) channel: Option<Channel>,
    /// What happens before the daemon's next start, which reports it
    #[arg(long, value_enum, default_value_t = Case::Killed)]
    pub(crate) r#if: Case,
    /// Whose request: this project's sender's, or that of the installed program [default: what would be sent]
    #[arg(long, value_enum)]
    pub(crate) sender: Option<Sender>,
    /// The bytes of the request on standard output, and nothing else; values that are not known here are null
    #[arg(long, conflicts_with = "json")]
    pub(crate) raw: bool,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
    /// Examples of this event, marked as such, for what only the daemon knows
    #[arg(long, conflicts_with = "raw")]
    pub(crate) example: bool,
    /// Exit with 3 unless every value is known as it would be sent now
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct OptOutOptions {
    /// Only say what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask, even where netdata.conf is changed or an agent names a folder that is not a usual one
    #[arg(long)]
    pub(crate) yes: bool,
    /// Create the opt-out file and leave netdata.conf alone
    #[arg(long, conflicts_with = "channel")]
    file_only: bool,
    /// Turn off this channel alone, in netdata.conf
    #[arg(long, value_enum)]
    channel: Option<OwnChannel>,
}

impl OptOutOptions {
    pub(crate) fn scope(self) -> Scope {
        match self.channel {
            Some(OwnChannel::CrashReports) => Scope::Conf,
            None if self.file_only => Scope::File,
            None => Scope::All,
        }
    }
}

/// A channel that can be turned off by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OwnChannel {
    /// The reports of newer daemons about their last run
    CrashReports,
}

/// What an opt-out changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Whatever turns off every channel.
    #[default]
    All,
    /// The opt-out file alone.
    File,
    /// `netdata.conf` alone.
    Conf,
}

/// Whose request is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sender {
    /// This project's sender, installed or not
    This,
    /// The program that the daemon calls, if it is this sender or Netdata's own script
    Installed,
}

/// What telemetry ought to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Expect {
    /// This project's sender sends the daemon's events; with --channel: that channel sends
    On,
    /// Every telemetry channel is off, or there is no agent; with --channel: that channel is off
    Off,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct CheckOptions {
    /// What the agent's telemetry ought to be
    #[arg(long, value_enum, required_unless_present = "expect_url")]
    pub(crate) expect: Option<Expect>,
    /// Where this sender's events ought to go
    #[arg(long, value_name = "URL", value_parser = Endpoint::parse)]
    pub(crate) expect_url: Option<Endpoint>,
    /// One channel instead of all
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(CHANNELS), requires = "expect")]
    pub(crate) channel: Option<String>,
    /// Without an agent it is not as expected
    #[arg(long)]
    pub(crate) require_agent: bool,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct DiffOptions {
    /// The events of two actions, as they would be sent
    #[arg(
        long,
        num_args = 2,
        value_names = ["ACTION", "ACTION"],
        value_parser = known_action,
        conflicts_with_all = ["event", "since_last"],
        required_unless_present_any = ["since_last", "versions"]
    )]
    pub(crate) events: Option<Vec<String>>,
    /// The daemon's own report, as daemons of two versions would make it: what changes with an upgrade
    #[arg(
        long,
        num_args = 2,
        value_names = ["VERSION", "VERSION"],
        conflicts_with_all = ["event", "since_last", "events"],
    )]
    pub(crate) versions: Option<Vec<String>>,
    /// The last event of this kind that is kept here, and the one that would be sent now
    #[arg(long)]
    pub(crate) since_last: bool,
    /// One JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

const DIFF_HELP: &str = "\
Examples:
  telemetry-preview diff --events START EXIT
  telemetry-preview diff --since-last --event META --json
  telemetry-preview diff --versions v2.5.4 v2.11.0

Exit status: 0 no field differs, 1 at least one does, 2 there is nothing to compare. What only the daemon
knows is neither the same nor different; it is listed.";

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Channel {
    /// The events of the daemon, by its script
    #[default]
    #[value(alias = "daemon")]
    Events,
    /// The daemon's own report at its next start (from v2.3 on)
    CrashReports,
    /// The events of the agent's dashboard, from a browser
    Dashboard,
}

/// What happens before the daemon starts again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Case {
    /// It is killed, or has stopped already
    #[default]
    Killed,
    /// Somebody stops it; what only the stop knows is marked
    Stopped,
    /// The machine loses its power
    PowerLoss,
}

impl From<Case> for If {
    fn from(case: Case) -> Self {
        match case {
            Case::Killed => Self::Killed,
            Case::Stopped => Self::Stopped,
            Case::PowerLoss => Self::PowerLoss,
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

fn action(text: &str) -> Result<String, &'static str> {
    let known = fields::ACTIONS.iter().find(|action| action.name.eq_ignore_ascii_case(text));
    match known {
        Some(action) => Ok(action.name.to_owned()),
        None if shape::is_action(text) => Ok(text.to_owned()),
        None => Err("an event is letters, digits and underscores, at most 32 (START, EXIT, FATAL ...)"),
    }
}

/// An action of the schema.
pub(crate) fn known_action(text: &str) -> Result<String, String> {
    let action = action(text)?;
    if fields::Action::named(&action).is_some() {
        return Ok(action);
    }
    let names: Vec<&str> = fields::ACTIONS.iter().map(|action| action.name).collect();
    Err(format!("there is no event {action}; there are {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_stand_before_or_after_the_verb() {
        for line in [["--event", "fatal", "show"], ["show", "--event", "FATAL"]] {
            let cli = Cli::try_parse_from(["telemetry-preview"].into_iter().chain(line)).unwrap();
            assert_eq!(cli.place.event.as_deref(), Some("FATAL"));
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for line in [
            &["show", "--config-dir", "etc"][..],
            &["show", "--event", "a b"],
            &["show", "--daemon-version", "new"],
            &["show", "--raw", "--json"],
            &["explain"],
            &["explain", "event", "--all"],
            &["diff"],
            &["diff", "--events", "START"],
            &["diff", "--events", "START", "NONE"],
            &["show", "--example", "--raw"],
            &["diff", "--events", "START", "EXIT", "--since-last"],
            &["diff", "--events", "START", "EXIT", "--event", "META"],
            &["nonsense"],
        ] {
            assert!(Cli::try_parse_from(["telemetry-preview"].iter().chain(line)).is_err(), "{line:?}");
        }
    }
}
