//! The agents that a question may mean: the displayed one, and all others of this machine.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use system_facts::{Facts, Host, LiveHost};

use crate::agent::folders::{CONFIG_DIRECTORIES, Dir, DirOverrides, DirSource, Folders};
use crate::agent::hooks::Hooks;
use crate::agent::installed_sender::Script;
use crate::agent::next_call;
use crate::agent::own_opt_out::User;
use crate::agent::process::{DaemonEnv, Daemons, EnvSource};
use crate::agent::status_file::FILE as STATUS_FILE;
use crate::agent::version::Version;
use crate::call::{Invocation, Provenance};
use crate::channels::crash_reports::{Kept, Place, go_on_opted_out};
use crate::channels::events::Events;
use crate::channels::hooks::Evidence;
use crate::channels::{self, Channel, Seen};
use crate::clock::UnixMillis;
use crate::config::{Config, ConfigError};
use crate::consent::opt_out_file::opt_out_file;
use crate::consent::{self, Consent, Decision, Doubt, Finding};
use crate::destination::Destination;
use crate::inspect::question::Question;
use crate::inspect::{accounts, restart};
use crate::outbox::history::History;
use crate::request::payload::EventId;
use crate::request::{Assembly, Machine, NoRequest};
use crate::runs;

/// Another agent of this machine, judged like the displayed one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    pub whose: EnvSource,
    pub consent: Consent,
    pub config_directory: Option<PathBuf>,
    pub channels: Vec<Channel>,
}

/// A config directory for the opt-out file, with the outbox of its agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub folder: PathBuf,
    pub exists: bool,
    /// The opt-out file.
    pub file: Finding,
    /// Whether only an agent names it, which may name any folder: it is not a usual one, and the caller does not name
    /// it.
    pub foreign: bool,
    pub library: Option<PathBuf>,
    /// The agent, if there is one.
    pub agent: Option<Arc<Folders>>,
}

impl Target {
    /// The current state of a config directory.
    pub fn look(folder: &Path, foreign: bool, library: Option<&Path>) -> Self {
        Self {
            folder: folder.to_owned(),
            exists: folder.is_dir(),
            file: consent::look(&opt_out_file(folder)),
            foreign,
            library: library.map(Path::to_owned),
            agent: None,
        }
    }

    fn of(folders: &Folders) -> Option<Self> {
        let Dir { path: folder, by } = folders.config.as_ref()?;
        let asked = matches!(by, DirSource::Option | DirSource::Variable);
        let foreign = !asked && !CONFIG_DIRECTORIES.iter().any(|usual| Path::new(usual) == folder);
        Some(Self { agent: Some(Arc::new(folders.clone())), ..Self::look(folder, foreign, folders.library_path()) })
    }

    fn of_all<'f>(agents: impl IntoIterator<Item = &'f Folders>) -> Vec<Self> {
        let mut targets: Vec<Self> = Vec::new();
        for target in agents.into_iter().filter_map(Self::of) {
            if !targets.iter().any(|known| known.folder == target.folder) {
                targets.push(target);
            }
        }
        targets
    }
}

/// An agent that the question may mean.
pub(super) struct Candidate {
    pub(super) surroundings: DaemonEnv,
    pub(super) folders: Folders,
    pub(super) consent: Consent,
}

impl Candidate {
    fn new(surroundings: DaemonEnv, named: &[DirOverrides], host: &dyn Host) -> Self {
        let folders = Folders::find(named, Path::is_dir).configured(host);
        let consent = decide(&folders, |name| surroundings.variable(name));
        Self { surroundings, folders, consent }
    }

    /// The one that would send comes first, so that a sending daemon is never hidden by a silent one.
    fn rank(&self) -> u8 {
        match self.consent.decision() {
            Decision::Allowed => 0,
            Decision::Unknown => 1,
            Decision::OptedOut => 2,
        }
    }
}

/// What the daemon of these folders keeps between its runs.
pub(super) fn kept(host: &dyn Host, daemons: &Daemons, folders: &Folders, runner: User, facts: &Facts) -> Kept {
    let running =
        daemons.running.iter().find(|daemon| !daemon.contained && daemon.folders.may_be(folders.config_path()));
    let unit = daemons.unit.as_ref().filter(|(_, own)| own.may_be(folders.config_path()));
    let conf = folders.conf_in_force(host).ok();
    let names = [("cache", "cache directory"), ("log", "log directory")];
    let moved = names.map(|(name, old)| conf.as_ref().and_then(|conf| conf.directory(name, old)));
    let place = Place {
        private_tmp: unit.map_or(Some(false), |(unit, _)| unit.private_tmp),
        working: unit.and_then(|(unit, _)| unit.working_directory.clone()),
        process: running.map(|daemon| daemon.process),
        user: runner,
        ..Place::of(folders, moved)
    };
    Kept::look(&place, host, facts)
}

/// The hooks of this agent's service.
pub(super) fn hooks(host: &dyn Host, daemons: &Daemons, folders: &Folders) -> Hooks {
    let unit = daemons.unit.as_ref().filter(|(_, own)| own.may_be(folders.config_path())).map(|(unit, _)| unit);
    Hooks::look(host, unit, folders.library_path())
}

/// The next call for an action, as far as it is known here: by the service's hooks, or by the daemon. Of a recorded call
/// nothing else is known.
pub(super) fn expected(
    question: &Question,
    action: &str,
    hooks: &Evidence<'_>,
    folders: &Folders,
    history: Option<&History>,
) -> Invocation {
    if question.call.is_some() {
        return Invocation::expected(action);
    }
    let by_daemon = || next_call::expected(action, history, folders.library_path());
    let mut expected = by_hooks(action, hooks, folders).unwrap_or_else(by_daemon);
    if question.examples {
        next_call::fill(&mut expected, &Provenance::Example);
    }
    expected
}

/// The next call, if the service's hooks make it.
fn by_hooks(action: &str, evidence: &Evidence<'_>, folders: &Folders) -> Option<Invocation> {
    let library = folders.library_path()?;
    if !runs::ACTIONS.contains(&action) || !evidence.judge().state.sends() {
        return None;
    }
    let found = runs::look::Found::look(folders, library).ok()?;
    let provenance = Provenance::File(library.join(STATUS_FILE));
    Some(runs::expected(action, found.identity(), &evidence.version?.text, &provenance))
}

/// Whether this agent reports, or may report, although its opt-out file is there.
pub fn goes_on_opted_out(folders: &Folders) -> bool {
    let host = LiveHost::new();
    let daemons = Daemons::find(&host, &owner_of, &[]);
    let (_, runner) = accounts::of(&host, &daemons, folders, owner_of);
    let version = Version::installed(folders);
    let kept = kept(&host, &daemons, folders, runner, &Facts::default());
    let files = channels::Files::look(folders, &host, &kept, version.as_ref(), UnixMillis::now());
    go_on_opted_out(version.as_ref(), &files)
}

/// Why an agent may be on this machine that cannot be judged from here.
pub(super) fn unseen_agent(host: &dyn Host, daemons: &Daemons) -> Option<String> {
    let mut contained = daemons.running.iter().filter(|daemon| daemon.contained);
    if let Some(daemon) = contained.next() {
        let process = daemon.process;
        return Some(match restart::container_of(host, process) {
            Some(id) => {
                format!("a netdata runs in container {id}; ask there: docker exec {id} telemetry-preview status")
            }
            None => format!("a netdata runs in a container (process {process}); ask telemetry-preview status there"),
        });
    }
    if daemons.untrusted > 0 {
        let number = daemons.untrusted;
        return Some(format!(
            "{number} processes of other accounts are called netdata, and cannot be judged from here"
        ));
    }
    daemons.unseen.as_ref().map(|why| format!("a netdata may run that cannot be seen from this account: {why}"))
}

impl Candidate {
    /// Judges an agent that is not the displayed one.
    pub(super) fn judged(self, host: &dyn Host, daemons: &Daemons, call: &Invocation, machine: &Machine) -> Other {
        let Self { surroundings, folders, consent } = self;
        let config = Config::load(folders.config_path());
        let version = Version::installed(&folders);
        let expected = next_call::expected(call.action().unwrap_or_default(), None, folders.library_path());
        let assembly = destination(&config, version.as_ref(), false).and_then(|destination| {
            let config = config.as_ref().map_err(Clone::clone)?;
            Assembly::build(&expected, machine, config, destination.as_ref(), EventId::now())
        });
        let script = Script::look(folders.plugins_path());
        let hooks = hooks(host, daemons, &folders);
        let (starter, runner) = accounts::of(host, daemons, &folders, owner_of);
        let kept = kept(host, daemons, &folders, runner, &machine.facts);
        let files = channels::Files::look(&folders, host, &kept, version.as_ref(), UnixMillis::now());
        let events = Events {
            action: call.action().unwrap_or_default(),
            consent: &consent,
            assembly: &assembly,
            script: &script,
            version: version.as_ref(),
            folders: &folders,
            hooks: &hooks,
            config: &config,
        };
        let seen = Seen {
            folders: &folders,
            consent: &consent,
            daemons,
            surroundings: &surroundings,
            version: version.as_ref(),
            files: &files,
            script: &script,
            starter,
            runner,
        };
        let channels = channels::channels(&events, &seen);
        Other {
            config_directory: folders.config_path().map(Path::to_owned),
            whose: surroundings.whose,
            consent,
            channels,
        }
    }
}

pub(super) fn decide(folders: &Folders, variable: impl Fn(&str) -> Result<Option<OsString>, Doubt>) -> Consent {
    Consent::decide(folders.consent.iter().map(PathBuf::as_path), variable, consent::look)
}

pub(super) fn owner_of(path: &Path) -> Option<u32> {
    Some(std::fs::metadata(path).ok()?.uid())
}

/// The agents that the question may mean.
pub(super) struct Agents {
    pub(super) daemons: Daemons,
    /// The deciding one comes first.
    pub(super) candidates: Vec<Candidate>,
    pub(super) targets: Vec<Target>,
    /// Whether the question is about one agent only, whose config directory it names.
    pub(super) is_named: bool,
}

impl Agents {
    pub(super) fn find(question: &Question, host: &dyn Host) -> Self {
        let asker = |name: &str| question.environment.get(OsStr::new(name)).map(OsString::as_os_str);
        let options = question.named();
        let mut daemons = Daemons::default();
        let mut candidates: Vec<Candidate> = if let Some(call) = &question.call {
            let said = |name: &str| call.known_variable(name);
            vec![Candidate::new(
                DaemonEnv::new(EnvSource::Call, said),
                &[options, DirOverrides::by_variables(said)],
                host,
            )]
        } else {
            let named = [options, DirOverrides::by_variables(asker)];
            daemons = Daemons::find(host, &owner_of, &named);
            let mut deciding = daemons.surroundings(&named);
            if deciding.is_empty() {
                deciding.push((DaemonEnv::new(EnvSource::Asker, asker), DirOverrides::default()));
            }
            let candidate = |(surroundings, own)| Candidate::new(surroundings, &[&named[..], &[own]].concat(), host);
            deciding.into_iter().map(candidate).collect()
        };
        candidates.sort_by_key(Candidate::rank);
        let mut agents: Vec<Folders> = candidates.iter().map(|candidate| candidate.folders.clone()).collect();
        let is_named = agents
            .iter()
            .any(|agent| matches!(agent.config, Some(Dir { by: DirSource::Option | DirSource::Variable, .. })));
        if !is_named {
            let unit = daemons.unit.iter().map(|(unit, folders)| (DaemonEnv::of_unit(unit), folders.clone()));
            let installed = Folders::of_installations(Path::is_dir).into_iter().map(|folders| folders.configured(host));
            let installed = installed.map(|folders| (DaemonEnv::new(EnvSource::Asker, asker), folders));
            for (surroundings, folders) in unit.chain(installed) {
                // A removed agent leaves folders behind.
                let is_agent = surroundings.whose != EnvSource::Asker || folders.program(Path::exists).is_some();
                // The unit starts the next daemon, perhaps with other variables and options than the running one's.
                let is_next = matches!(surroundings.whose, EnvSource::Unit(_))
                    && candidates.iter().all(|candidate| !matches!(candidate.surroundings.whose, EnvSource::Unit(_)));
                let is_known = agents.iter().any(|agent| agent.config_path() == folders.config_path());
                if is_agent && (is_next || !is_known) {
                    let consent = decide(&folders, |name| surroundings.variable(name));
                    candidates.push(Candidate { surroundings, folders: folders.clone(), consent });
                }
                agents.push(folders);
            }
        }
        Self { daemons, candidates, targets: Target::of_all(&agents), is_named }
    }
}

/// Without a version, only one that does not depend on it; but a complete call that says none has none.
pub(super) fn destination(
    config: &Result<Config, ConfigError>,
    version: Option<&Version>,
    is_complete: bool,
) -> Result<Option<Destination>, NoRequest> {
    let config = config.as_ref().map_err(|error| NoRequest::from(error.clone()))?;
    match version {
        None if !is_complete => Ok(config.own_destination()),
        version => Ok(Some(config.destination(version.map(|version| version.text.as_str()))?)),
    }
}
