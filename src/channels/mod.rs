//! Every way in which an agent can tell somebody about its machine, and what the opt-out does about it.
//!
//! This project's sender is one of them. Of the others only what their own files say can be told.

pub mod dashboard;

use std::path::Path;

use rustix::fs::FileType;
use system_facts::Host;

use crate::agent::conf::NetdataConf;
use crate::agent::folders::Folders;
use crate::agent::process::Daemon;
use crate::agent::version::{Calls, Version};
use crate::consent::opt_out_file::opt_out_file;
use crate::consent::{Finding, Source};
use crate::files;
use crate::inspect::Preview;

/// How far the opt-out reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It stops the channel.
    Stops,
    /// It stops a part of it, or some time later.
    Partly,
    /// It does not.
    Not,
}

impl Reach {
    /// In a few words.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Stops => "stopped by the opt-out",
            Self::Partly => "partly stopped by the opt-out",
            Self::Not => "not stopped by the opt-out",
        }
    }
}

/// A way in which an agent can tell somebody about its machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// A word for programs. It does not change between versions.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// How far the opt-out reaches.
    pub reach: Reach,
    /// What is known of it on this machine.
    pub state: String,
    /// How to turn it off.
    pub how_to_stop: &'static str,
}

/// What the agent's own files say about its channels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    /// Its configuration; `None`: it cannot be read.
    pub conf: Option<NetdataConf>,
    /// Whether it is claimed; `None`: that cannot be seen.
    pub claimed: Option<bool>,
    /// When the opt-out file in its config directory was made: milliseconds since 1970.
    pub opted_out: Option<u64>,
}

impl Files {
    /// Reads them.
    pub fn look(folders: &Folders, host: &dyn Host) -> Self {
        let config = folders.config.as_ref().map(|(path, _)| path.as_path());
        let conf = match &folders.conf {
            None => Some(NetdataConf::default()),
            Some(path) => path.to_str().and_then(|path| NetdataConf::read(host, path).ok()),
        };
        let library = folders.library.as_ref().map(|(path, _)| path.as_path());
        Self {
            conf,
            claimed: library.map_or(Some(false), claimed),
            opted_out: config.and_then(|directory| created(&opt_out_file(directory))),
        }
    }
}

/// Every channel, with what is known of it on this machine.
pub fn channels(preview: &Preview, files: &Files) -> Vec<Channel> {
    vec![
        Channel {
            name: "events",
            what: "Events of the daemon: its telemetry script, which this project's sender replaces.",
            reach: Reach::Stops,
            state: preview.headline(),
            how_to_stop: "telemetry-preview opt-out",
        },
        Channel {
            name: "dashboard",
            what: "Events of the agent's dashboard, sent by the browser of whoever looks at it.",
            reach: Reach::Partly,
            state: dashboard(preview, files.opted_out),
            how_to_stop: "the opt-out file, and a restart of netdata after it was created; variables do not count here",
        },
        Channel {
            name: "crash-reports",
            what: "Reports of newer agents (2.x) about how their last run ended.",
            reach: Reach::Partly,
            state: crash_reports(preview, files),
            how_to_stop: "\"crash reports = off\" in section [global] of netdata.conf; on a claimed agent the opt-out alone \
                          does not stop them",
        },
        Channel {
            name: "cloud",
            what: "The connection of a claimed agent to Netdata Cloud. It carries what the Cloud shows.",
            reach: Reach::Not,
            state: match files.claimed {
                Some(true) => "this agent is claimed".to_owned(),
                Some(false) => "this agent is not claimed".to_owned(),
                None => "cannot be told from this account".to_owned(),
            },
            how_to_stop: "remove the agent from its space, and the folder cloud.d from its library directory",
        },
        Channel {
            name: "registry",
            what: "The registry: the browser of whoever looks at the dashboard tells it the agent's identifier, and in a header the dashboard's address.",
            reach: Reach::Not,
            state: match files.conf.as_ref().map(|conf| conf.get("registry", "registry to announce")) {
                Some(None) => "the agent's default: Netdata's public registry".to_owned(),
                Some(Some(registry)) => format!("{registry} (netdata.conf)"),
                None => UNREADABLE.to_owned(),
            },
            how_to_stop: "\"registry to announce\" in section [registry] of netdata.conf, to a registry of your own",
        },
        Channel {
            name: "installers",
            what: "Netdata's installer and updater (kickstart.sh and others) report how an installation went.",
            reach: Reach::Not,
            state: "they report only while they run".to_owned(),
            how_to_stop: "run them with DISABLE_TELEMETRY=1 or --disable-telemetry",
        },
    ]
}

const UNREADABLE: &str = "cannot be told: netdata.conf cannot be read from this account";

/// The daemon looks for the file alone, in its own config directory, when it starts (Netdata 1.37.1, measured).
fn dashboard(preview: &Preview, opted_out: Option<u64>) -> String {
    let Some((directory, _)) = &preview.folders.config else { return "no agent was found here".to_owned() };
    if let Some(why) = &preview.folders.doubt {
        return format!("cannot be told: it is not known in which folder the daemon looks for the file: {why}");
    }
    let file = Source::File(opt_out_file(directory));
    let finding = preview.consent.steps.iter().find(|step| step.source == file).map(|step| &step.finding);
    // A daemon of another configuration looks for another file.
    let is_of_it = |daemon: &&Daemon| !daemon.contained && daemon.folders.may_be(Some(directory));
    let running = preview.daemons.running.iter().filter(is_of_it);
    match finding {
        Some(Finding::Exists(_)) => {
            let before: Vec<_> = running.map(|daemon| was_before(daemon.started, opted_out)).collect();
            if before.is_empty() {
                "off when the agent starts next: it will find the file".to_owned()
            } else if before.contains(&Some(true)) {
                "the daemon was started before the file was created: restart netdata to turn it off".to_owned()
            } else if before.contains(&None) {
                "cannot be told: it is not known whether the daemon was started before the file was created; after a \
                 restart of netdata it is off"
                    .to_owned()
            } else {
                "off: the daemon was started after the file was created".to_owned()
            }
        }
        Some(Finding::CannotLook(why)) => format!("cannot be told from this account: {why}"),
        _ => "allowed: there is no opt-out file in the daemon's config directory".to_owned(),
    }
}

/// Whether a process was started before a file was created. The start of the machine, from which that of a process is counted, is
/// known to the second (`btime`, `proc_stat(5)`): the process may be younger by as much.
fn was_before(started: Option<u64>, created: Option<u64>) -> Option<bool> {
    const PRECISION: u64 = 1000;
    let (started, created) = started.zip(created)?;
    if started >= created { Some(false) } else { (started.saturating_add(PRECISION) <= created).then_some(true) }
}

/// When a file was made or last changed: milliseconds since 1970.
fn created(path: &Path) -> Option<u64> {
    let time = path.symlink_metadata().ok()?.modified().ok()?;
    u64::try_from(time.duration_since(std::time::UNIX_EPOCH).ok()?.as_millis()).ok()
}

fn crash_reports(preview: &Preview, files: &Files) -> String {
    if preview.version.as_ref().is_some_and(|version| version.calls() == Calls::Every && !is_2(version)) {
        return "this agent has none: they came with version 2".to_owned();
    }
    match (files.conf.as_ref().map(|conf| conf.get("global", "crash reports")), files.claimed) {
        (None, _) => UNREADABLE.to_owned(),
        (Some(Some(setting)), _) => format!("set to \"{setting}\" in netdata.conf"),
        (Some(None), Some(true)) => "the agent's default: on, because this agent is claimed".to_owned(),
        (Some(None), _) => "the agent's default: on unless it finds the opt-out file when it starts".to_owned(),
    }
}

fn is_2(version: &Version) -> bool {
    version.text.trim_start_matches('v').starts_with("2.")
}

/// Whether the agent is claimed: then its library directory holds the identifier that the Cloud gave.
fn claimed(library: &Path) -> Option<bool> {
    match files::stat_below(library, "cloud.d/claimed_id".as_ref()) {
        Ok(stat) => (FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile).then_some(stat.st_size > 0),
        Err(error) => (error.kind() == std::io::ErrorKind::NotFound).then_some(false),
    }
}

/// Whether a variable opts out where no file does: the dashboard does not look at variables.
pub fn should_use_the_file(preview: &Preview) -> bool {
    let objects = |is: fn(&Source) -> bool| {
        preview
            .consent
            .steps
            .iter()
            .any(|step| is(&step.source) && matches!(&step.finding, Finding::Exists(_) | Finding::Holds(_)))
    };
    objects(|source| matches!(source, Source::Variable(_))) && !objects(|source| matches!(source, Source::File(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_a_second_nobody_knows_which_was_first() {
        for (started, created, before) in [
            (Some(5000), Some(6000), Some(true)),
            (Some(5000), Some(5999), None),
            (Some(5000), Some(5001), None),
            (Some(5000), Some(5000), Some(false)),
            (Some(5000), Some(1), Some(false)),
            (None, Some(1), None),
            (Some(1), None, None),
        ] {
            assert_eq!(was_before(started, created), before, "{started:?} {created:?}");
        }
    }
}
