//! The daemon's view: what the sender would find if the daemon called it, which need not be what a person's shell has.
//!
//! The environment of a running daemon decides where it may be seen. Where none runs, it is what systemd would give to the
//! next one, and where no unit starts one, that of whoever asks.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use system_facts::{Candidate, Error, Host, candidates};

use crate::agent::folders::{self, Folders, FoundBy, LIBRARY_DIRECTORIES, Named};
use crate::agent::systemd::Unit;
use crate::clock::UnixMillis;
use crate::consent::OPT_OUT_VARIABLES;
use crate::proxy::VARIABLES as PROXY_VARIABLES;
use crate::text::printable;

/// The name of the daemon's executable file.
pub const PROGRAM: &str = "netdata";

/// The variables that name a trust store, the first that is set counts.
pub const TRUST_STORE_VARIABLES: [&str; 3] = ["CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/// The variables that are read from a daemon's environment. Nothing else of it is kept or shown.
pub fn read_variables() -> impl Iterator<Item = &'static str> {
    OPT_OUT_VARIABLES.into_iter().chain(folders::VARIABLES).chain(PROXY_VARIABLES).chain(TRUST_STORE_VARIABLES)
}

/// A running daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Daemon {
    /// Its process id.
    pub process: u32,
    /// The user that it runs as.
    pub owner: u32,
    /// Whether it runs in a container: its files are then not those that are seen here.
    pub contained: bool,
    /// When it was started.
    pub started: Option<UnixMillis>,
    /// What of its environment is read; an error says why it cannot be seen.
    pub environment: Result<BTreeMap<&'static str, OsString>, String>,
    /// What its command line and its environment name.
    pub named: Named,
    /// The folders that it uses, as far as they are known.
    pub folders: Folders,
}

/// Whose environment decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// That of a recorded call.
    Call,
    /// That of the running daemon with this process id.
    Daemon(u32),
    /// That of a daemon that may run: not every process could be seen.
    Unseen,
    /// What systemd would give, as this unit says.
    Unit(PathBuf),
    /// That of whoever asks: no daemon runs here, and no unit of systemd starts one.
    Asker,
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call => f.write_str("the recorded call"),
            Self::Daemon(process) => write!(f, "the running daemon, process {process}"),
            Self::Unseen => f.write_str("a daemon that may run unseen"),
            Self::Unit(path) => write!(f, "systemd's unit {}", printable(&path.to_string_lossy())),
            Self::Asker => f.write_str("this shell"),
        }
    }
}

/// An environment that decides, as far as it can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    /// Whose it is.
    pub whose: Whose,
    variables: BTreeMap<&'static str, Result<OsString, String>>,
}

impl Surroundings {
    /// All of an environment that matters.
    pub fn new<'v>(whose: Whose, variable: impl Fn(&str) -> Option<&'v OsStr>) -> Self {
        let set = read_variables().filter_map(|name| Some((name, Ok(variable(name)?.to_owned()))));
        Self { whose, variables: set.collect() }
    }

    fn of_daemon(daemon: &Daemon) -> Self {
        match &daemon.environment {
            Ok(environment) => {
                let variables = environment.iter().map(|(name, value)| (*name, Ok(value.clone()))).collect();
                Self { whose: Whose::Daemon(daemon.process), variables }
            }
            Err(why) => Self::unknown(Whose::Daemon(daemon.process), why),
        }
    }

    fn unknown(whose: Whose, why: &str) -> Self {
        Self { whose, variables: read_variables().map(|name| (name, Err(why.to_owned()))).collect() }
    }

    fn of_unit(unit: &Unit) -> Self {
        let setting = |name: &'static str| match unit.variable(name) {
            Ok(value) => value.map(|value| (name, Ok(value.into()))),
            Err(why) => Some((name, Err(why))),
        };
        let variables = read_variables().filter_map(setting).collect();
        Self { whose: Whose::Unit(unit.path.clone().into()), variables }
    }

    /// A variable's value; an error says why it cannot be seen whether it is set.
    pub fn variable(&self, name: &str) -> Result<Option<OsString>, String> {
        self.variables.get(name).cloned().transpose()
    }

    /// A variable's value, where it can be seen.
    pub fn known(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(name)?.as_deref().ok()
    }

    /// Why not everything could be seen.
    pub fn unseen(&self) -> Option<&str> {
        self.variables.values().find_map(|value| value.as_ref().err()).map(String::as_str)
    }
}

/// What runs here, and what would start it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Daemons {
    /// The daemons that run and were seen, in the order of their process ids.
    pub running: Vec<Daemon>,
    /// Why more may run.
    pub unseen: Option<String>,
    /// systemd's unit of the agent, and the folders of the one that it starts.
    pub unit: Option<(Unit, Folders)>,
}

/// The folders of the file system and who owns them.
pub type OwnerOf<'a> = &'a dyn Fn(&Path) -> Option<u32>;

impl Daemons {
    /// Looks for running daemons and for systemd's unit. Nothing but [`read_variables`] is kept of an environment.
    ///
    /// Anyone can call a program `netdata`. It counts if it runs as root, or as the owner of a usual library directory or of
    /// the one that whoever asks names; nothing that a process says of itself is read before.
    pub fn find(host: &dyn Host, owner_of: OwnerOf<'_>, asked: &[Named]) -> Self {
        let named = asked.iter().filter_map(|named| named.library.as_deref());
        let owners: BTreeSet<u32> =
            LIBRARY_DIRECTORIES.iter().map(Path::new).chain(named).filter_map(owner_of).chain([0]).collect();
        let counts = |candidate: &Candidate| owners.iter().any(|owner| candidate.runs_as(*owner));
        let (found, unseen) = match candidates(host, PROGRAM, &counts) {
            Ok(found) => {
                let more = (found.more > 0).then(|| format!("{} more processes are called {PROGRAM}", found.more));
                (found.counting, found.unseen.map(|why| why.to_string()).or(more))
            }
            Err(error) => (Vec::new(), Some(format!("the running processes: {error}"))),
        };
        // The daemon starts its plugins through a copy of itself.
        let own_child = |candidate: &&Candidate| found.iter().any(|other| other.id == candidate.parent);
        let daemons = found.iter().filter(|candidate| !own_child(candidate));
        let running = daemons.map(|candidate| Daemon::read(host, owner_of, candidate)).collect();
        let with_folders = |unit: Unit| {
            let folders = folders_of(host, owner_of, &named_by(&unit));
            (unit, folders)
        };
        Self { running, unseen, unit: Unit::find(host).map(with_folders) }
    }

    /// The environments that may decide for the agent that somebody names with these folders, or for whatever agent there
    /// is: those of running daemons, else systemd's. None: that of whoever asks decides.
    pub fn surroundings(&self, asked: &[Named]) -> Vec<(Surroundings, Named)> {
        let asked = asked.iter().find_map(|named| named.config.as_deref());
        let of = |daemon: &Daemon| (Surroundings::of_daemon(daemon), daemon.named.clone());
        let running = self.running.iter().filter(|daemon| !daemon.contained && daemon.folders.may_be(asked)).map(of);
        let unseen = self.unseen.as_ref().map(|why| {
            let named = Named { by: FoundBy::Daemon, doubt: Some(why.clone()), ..Named::default() };
            (Surroundings::unknown(Whose::Unseen, why), named)
        });
        let running: Vec<_> = running.chain(unseen).collect();
        if !running.is_empty() {
            return running;
        }
        let unit = self.unit.iter().filter(|(_, folders)| folders.may_be(asked));
        unit.map(|(unit, _)| (Surroundings::of_unit(unit), named_by(unit))).collect()
    }
}

/// What a unit of systemd names.
fn named_by(unit: &Unit) -> Named {
    let surroundings = Surroundings::of_unit(unit);
    let named = Named {
        by: FoundBy::Daemon,
        doubt: unit.unsure().map(str::to_owned),
        ..Named::by_variables(|name| surroundings.known(name))
    };
    named.and_command(&unit.command)
}

/// The folders of an agent that names these.
fn folders_of(host: &dyn Host, owner_of: OwnerOf<'_>, named: &Named) -> Folders {
    Folders::find(std::slice::from_ref(named), |path| owner_of(path).is_some()).configured(host)
}

impl Daemon {
    fn read(host: &dyn Host, owner_of: OwnerOf<'_>, candidate: &Candidate) -> Self {
        let unseen = |what: &str, error| format!("the {what} of process {}: {error}", candidate.id);
        let environment = candidate.environment(host);
        let arguments = candidate.arguments(host);
        // Other users' environments are closed to most accounts, and the agent's packages name no folder there. Another error
        // says nothing about what is in it.
        let failed = environment.as_ref().err().filter(|error| **error != Error::PermissionDenied);
        let doubt = failed.map(|error| unseen("environment", *error));
        let doubt = doubt.or_else(|| arguments.as_ref().err().map(|error| unseen("command line", *error)));
        let environment = match environment {
            Ok(all) => {
                let kept = read_variables().filter_map(|name| {
                    all.iter().find(|(found, _)| found == name).map(|(_, value)| (name, value.clone()))
                });
                Ok(kept.collect::<BTreeMap<_, _>>())
            }
            Err(error) => Err(unseen("environment", error)),
        };
        let known = |name: &str| environment.as_ref().ok()?.get(name).map(OsString::as_os_str);
        let named = Named { by: FoundBy::Daemon, doubt, ..Named::by_variables(known) };
        let named = named.and_command(arguments.as_deref().unwrap_or_default());
        Self {
            process: candidate.id,
            owner: candidate.owner,
            contained: candidate.contained == Some(true),
            started: candidate.started.map(UnixMillis),
            environment,
            folders: folders_of(host, owner_of, &named),
            named,
        }
    }
}
