//! The options of the verbs that look: show, check, diff; and of those that change: opt-out, opt-in, forget.

use std::path::PathBuf;

use anonymous_statistics::channels::NAMES as CHANNELS;
use anonymous_statistics::channels::crash_reports::If;
use anonymous_statistics::endpoint::Endpoint;
use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args, ValueEnum};

use crate::cli::actions::known_action;
use crate::cli::format::Format;

pub(super) const CHECK_HELP: &str = "\
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
    #[arg(long, conflicts_with_all = ["json", "format"])]
    pub(crate) raw: bool,
    #[command(flatten)]
    pub(crate) format: Format,
    /// With each field's form, source and reason
    #[arg(long, conflicts_with_all = ["raw", "json"])]
    pub(crate) long: bool,
    /// Examples of this event, marked as such, for what only the daemon knows
    #[arg(long, conflicts_with = "raw")]
    pub(crate) example: bool,
    /// Exit with 3 unless every value is known as it would be sent now
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct UndoOptions {
    /// Only say what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) format: Format,
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
    #[command(flatten)]
    pub(crate) format: Format,
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
    #[command(flatten)]
    pub(crate) format: Format,
}

#[derive(Debug, Clone, Args)]
#[command(group(ArgGroup::new("sides").required(true)))]
pub(crate) struct DiffOptions {
    /// The events of two actions, as they would be sent
    #[arg(
        long,
        num_args = 2,
        value_names = ["ACTION", "ACTION"],
        value_parser = known_action,
        group = "sides",
        conflicts_with = "event"
    )]
    pub(crate) events: Option<Vec<String>>,
    /// The daemon's own report, as daemons of two versions would make it: what changes with an upgrade
    #[arg(long, num_args = 2, value_names = ["VERSION", "VERSION"], group = "sides", conflicts_with = "event")]
    pub(crate) versions: Option<Vec<String>>,
    /// The last event of this kind that is kept here, and the one that would be sent now
    #[arg(long, group = "sides")]
    pub(crate) since_last: bool,
    /// An answer of show --json or --raw that you kept, and the one of now: what an upgrade changed
    #[arg(long, value_name = "FILE", group = "sides", conflicts_with = "event")]
    pub(crate) before: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) format: Format,
}

pub(super) const DIFF_HELP: &str = "\
Examples:
  telemetry-preview diff --events START EXIT
  telemetry-preview diff --since-last --event META --json
  telemetry-preview diff --versions v2.5.4 v2.11.0
  telemetry-preview show --json > before.json       then upgrade, and:
  telemetry-preview diff --before before.json

Exit status: 0 nothing differs, 1 something does, 2 there is nothing to compare. What only the daemon \
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
    /// It crashes; what only the crash decides is an example, marked as such
    Crash,
}

impl From<Case> for If {
    fn from(case: Case) -> Self {
        match case {
            Case::Killed => Self::Killed,
            Case::Stopped => Self::Stopped,
            Case::PowerLoss => Self::PowerLoss,
            Case::Crash => Self::Crash,
        }
    }
}
