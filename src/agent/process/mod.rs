//! The environment of the daemon, which may differ from that of a person's shell.
//!
//! A running daemon's environment decides, if it is visible; without a daemon, the environment that systemd would give
//! to the next one; without a unit, the caller's.

#[cfg(test)]
mod tests;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use system_facts::internal::{Candidate, candidates};
use system_facts::{Error, Host};

use crate::agent::folders::{self, DirOverrides, DirSource, Folders, LIBRARY_DIRECTORIES};
use crate::agent::systemd::Unit;
use crate::clock::UnixMillis;
use crate::consent::{Doubt, OPT_OUT_VARIABLES};
use crate::proxy::VARIABLES as PROXY_VARIABLES;
use crate::text::printable;

pub const PROGRAM: &str = "netdata";

/// The variables for a trust store.
pub const TRUST_STORE_VARIABLES: [&str; 3] = ["CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/// With one of these the daemon takes itself for a test, and does not report its first start. Their values are not kept:
/// one is a secret.
pub const CI_VARIABLES: [&str; 26] = [
    "CI",
    "CONTINUOUS_INTEGRATION",
    "BUILD_NUMBER",
    "RUN_ID",
    "TRAVIS",
    "GITHUB_ACTIONS",
    "GITHUB_TOKEN",
    "GITLAB_CI",
    "CIRCLECI",
    "APPVEYOR",
    "BITBUCKET_BUILD_NUMBER",
    "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI",
    "TF_BUILD",
    "BAMBOO_BUILDKEY",
    "GO_PIPELINE_NAME",
    "HUDSON_URL",
    "TEAMCITY_VERSION",
    "CI_NAME",
    "CI_WORKER",
    "CI_SERVER",
    "HEROKU_TEST_RUN_ID",
    "BUILDKITE",
    "DRONE",
    "SEMAPHORE",
    "NETLIFY",
    "NOW_BUILDER",
];

/// The variables that are read from a daemon's environment. Nothing else is kept or shown.
pub fn read_variables() -> impl Iterator<Item = &'static str> {
    OPT_OUT_VARIABLES
        .into_iter()
        .chain(folders::VARIABLES)
        .chain(PROXY_VARIABLES)
        .chain(TRUST_STORE_VARIABLES)
        .chain(CI_VARIABLES)
}

/// The part of a variable's value that is kept.
fn kept(name: &str, value: &OsStr) -> OsString {
    if CI_VARIABLES.contains(&name) { OsString::new() } else { value.to_owned() }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Daemon {
    pub process: u32,
    /// The user id.
    pub owner: u32,
    /// In a container: its files are not the ones visible here.
    pub contained: bool,
    pub started: Option<UnixMillis>,
    /// An error says why it cannot be seen.
    pub environment: Result<Vec<(&'static str, OsString)>, Doubt>,
    /// The folders in its command line and environment.
    pub named: DirOverrides,
    /// The folders that it uses.
    pub folders: Folders,
}

/// The owner of the deciding environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvSource {
    /// A recorded call.
    Call,
    /// The running daemon with this process id.
    Daemon(u32),
    /// A possible daemon: not every process could be seen.
    Unseen,
    /// systemd, by this unit.
    Unit(PathBuf),
    /// The caller: no daemon runs here, and no unit of systemd starts one.
    Asker,
}

impl fmt::Display for EnvSource {
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

/// A deciding environment, as far as it is visible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaemonEnv {
    pub whose: EnvSource,
    variables: Vec<(&'static str, Result<OsString, Doubt>)>,
}

impl DaemonEnv {
    /// Keeps [`read_variables`] of an environment.
    pub fn new<'v>(whose: EnvSource, variable: impl Fn(&str) -> Option<&'v OsStr>) -> Self {
        let set = read_variables().filter_map(|name| Some((name, Ok(kept(name, variable(name)?)))));
        Self { whose, variables: set.collect() }
    }

    fn of_daemon(daemon: &Daemon) -> Self {
        match &daemon.environment {
            Ok(environment) => {
                let variables = environment.iter().map(|(name, value)| (*name, Ok(value.clone()))).collect();
                Self { whose: EnvSource::Daemon(daemon.process), variables }
            }
            Err(why) => Self::unknown(EnvSource::Daemon(daemon.process), why),
        }
    }

    fn unknown(whose: EnvSource, why: &Doubt) -> Self {
        Self { whose, variables: read_variables().map(|name| (name, Err(why.clone()))).collect() }
    }

    pub(crate) fn of_unit(unit: &Unit) -> Self {
        let setting = |name: &'static str| match unit.variable(name) {
            Ok(value) => value.map(|value| (name, Ok(kept(name, value.as_ref())))),
            Err(why) => Some((name, Err(why))),
        };
        let variables = read_variables().filter_map(setting).collect();
        Self { whose: EnvSource::Unit(unit.path.clone().into()), variables }
    }

    /// An error says why the variable cannot be seen.
    pub fn variable(&self, name: &str) -> Result<Option<OsString>, Doubt> {
        self.get(name).cloned().transpose()
    }

    /// The value, if it is set and visible.
    pub fn known(&self, name: &str) -> Option<&OsStr> {
        self.get(name)?.as_deref().ok()
    }

    fn get(&self, name: &str) -> Option<&Result<OsString, Doubt>> {
        self.variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Why some variable is not visible.
    pub fn unseen(&self) -> Option<&Doubt> {
        self.variables.iter().find_map(|(_, value)| value.as_ref().err())
    }
}

/// The running daemons, and the unit that would start one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Daemons {
    /// By process id.
    pub running: Vec<Daemon>,
    /// Why there may be more.
    pub unseen: Option<Doubt>,
    /// The number of processes with the daemon's name that are not trusted to be one.
    pub untrusted: usize,
    /// The agent's systemd unit, with the folders of that agent.
    pub unit: Option<(Unit, Folders)>,
}

/// The owner of an existing folder.
pub type OwnerOf<'a> = &'a dyn Fn(&Path) -> Option<u32>;

impl Daemons {
    /// Finds running daemons and systemd's unit.
    ///
    /// Anyone can name a program `netdata`. It counts if it runs as root, or as the owner of a usual or the requested
    /// library directory; nothing that a process says about itself is read before that. One in a container may have any
    /// account, and is only listed: it sees files of its own.
    pub fn find(host: &dyn Host, owner_of: OwnerOf<'_>, asked: &[DirOverrides]) -> Self {
        let named = asked.iter().filter_map(|named| named.library.as_deref());
        let owners: Vec<u32> =
            LIBRARY_DIRECTORIES.iter().map(Path::new).chain(named).filter_map(owner_of).chain([0]).collect();
        let trusted = |candidate: &Candidate| owners.iter().any(|owner| candidate.runs_as(*owner));
        let counts = |candidate: &Candidate| trusted(candidate) || candidate.contained == Some(true);
        let (found, unseen, untrusted) = match candidates(host, PROGRAM, &counts) {
            Ok(found) => {
                let more = (found.more > 0).then_some(Doubt::More(found.more));
                (found.counting, found.unseen.map(Doubt::Unseen).or(more), found.others)
            }
            Err(error) => (Vec::new(), Some(Doubt::Processes(error)), 0),
        };
        // The daemon starts its plugins through a copy of itself.
        let own_child = |candidate: &&Candidate| found.iter().any(|other| other.id == candidate.parent);
        let daemons = found.iter().filter(|candidate| !own_child(candidate));
        let running = daemons.map(|candidate| Daemon::read(host, owner_of, candidate, trusted(candidate))).collect();
        let with_folders = |unit: Unit| {
            let folders = folders_of(host, owner_of, &named_by(&unit));
            (unit, folders)
        };
        Self { running, unseen, untrusted, unit: Unit::find(host).map(with_folders) }
    }

    /// The environments that may decide for the agent with these folders, in order: running daemons, then the systemd
    /// unit. Empty: the caller's decides.
    pub fn surroundings(&self, asked: &[DirOverrides]) -> Vec<(DaemonEnv, DirOverrides)> {
        let asked = asked.iter().find_map(|named| named.config.as_deref());
        let of = |daemon: &Daemon| (DaemonEnv::of_daemon(daemon), daemon.named.clone());
        let running = self.running.iter().filter(|daemon| !daemon.contained && daemon.folders.may_be(asked)).map(of);
        let unseen = self.unseen.as_ref().map(|why| {
            let named = DirOverrides { by: DirSource::Daemon, doubt: Some(why.clone()), ..DirOverrides::default() };
            (DaemonEnv::unknown(EnvSource::Unseen, why), named)
        });
        let running: Vec<_> = running.chain(unseen).collect();
        if !running.is_empty() {
            return running;
        }
        let unit = self.unit.iter().filter(|(_, folders)| folders.may_be(asked));
        unit.map(|(unit, _)| (DaemonEnv::of_unit(unit), named_by(unit))).collect()
    }
}

fn named_by(unit: &Unit) -> DirOverrides {
    let surroundings = DaemonEnv::of_unit(unit);
    let named = DirOverrides {
        by: DirSource::Daemon,
        doubt: unit.unsure().cloned(),
        ..DirOverrides::by_variables(|name| surroundings.known(name))
    };
    named.and_command(&unit.command)
}

fn folders_of(host: &dyn Host, owner_of: OwnerOf<'_>, named: &DirOverrides) -> Folders {
    Folders::find(std::slice::from_ref(named), |path| owner_of(path).is_some()).configured(host)
}

impl Daemon {
    fn read(host: &dyn Host, owner_of: OwnerOf<'_>, candidate: &Candidate, trusted: bool) -> Self {
        let unseen = |part, error| Doubt::Process(part, candidate.id, error);
        let (environment, arguments) = if trusted {
            (candidate.environment(host), candidate.arguments(host))
        } else {
            (Err(Error::PermissionDenied), Ok(Vec::new()))
        };
        // Most accounts cannot read other users' environments, and the agent's packages set no folder there. Any other
        // error leaves the folders in doubt.
        let failed = environment.as_ref().err().filter(|error| **error != Error::PermissionDenied);
        let doubt = failed.map(|error| unseen("environment", *error));
        let doubt = doubt.or_else(|| arguments.as_ref().err().map(|error| unseen("command line", *error)));
        let environment = match environment {
            Ok(all) => {
                let kept = read_variables().filter_map(|name| {
                    all.iter().find(|(found, _)| found == name).map(|(_, value)| (name, kept(name, value)))
                });
                Ok(kept.collect::<Vec<_>>())
            }
            Err(error) => Err(unseen("environment", error)),
        };
        let known = |name: &str| {
            environment.as_ref().ok()?.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_os_str())
        };
        let named = DirOverrides { by: DirSource::Daemon, doubt, ..DirOverrides::by_variables(known) };
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
