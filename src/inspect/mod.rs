//! Everything that a person can look at before anything is sent.

pub mod comparison;
mod restart;
pub mod watch;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use system_facts::{Host, LiveHost};

use crate::agent::folders::{CONFIG_DIRECTORIES, Dir, Folders, FoundBy, Named};
use crate::agent::installed_sender::Script;
use crate::agent::next_call;
use crate::agent::process::{Daemons, Surroundings, TRUST_STORE_VARIABLES, Whose};
use crate::agent::version::Version;
use crate::call::{Invocation, Provenance};
use crate::channels::dashboard;
use crate::channels::events::Events;
use crate::channels::{self, Channel, Seen};
use crate::clock::UnixMillis;
use crate::config::{Config, ConfigError};
use crate::consent::opt_out_file::opt_out_file;
use crate::consent::{self, Consent, Decision, Finding};
use crate::outbox::history::History;
use crate::proxy::{self, Proxy};
use crate::request::event;
use crate::request::payload::Stamp;
use crate::request::{Assembly, Machine, NoRequest};

/// An environment, as a snapshot.
pub type Environment = BTreeMap<OsString, OsString>;

/// What a person asks for.
#[derive(Debug, Clone)]
pub struct Question {
    /// The action whose event is asked for. A recorded call brings its own.
    pub action: String,
    /// A recorded call (`--call FILE`).
    pub call: Option<Invocation>,
    /// Whether examples stand for what only the daemon knows.
    pub examples: bool,
    /// `--config-dir`.
    pub config_dir: Option<PathBuf>,
    /// `--lib-dir`.
    pub lib_dir: Option<PathBuf>,
    /// `--plugins-dir`.
    pub plugins_dir: Option<PathBuf>,
    /// The environment of the program that asks. Where there is a recorded call, that call's environment counts instead.
    pub environment: Environment,
}

impl Question {
    /// The folders that the command line names.
    pub(crate) fn named(&self) -> Named {
        let plugins = self.plugins_dir.clone();
        Named { plugins, ..Named::by_options(self.config_dir.as_deref(), self.lib_dir.as_deref()) }
    }
}

/// What a look is busy with. Each may take its time where a file system is slow, or hang where it is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Finding the agent's daemon and its folders, and looking for the opt-out file in every config directory.
    Consent,
    /// Reading the configuration.
    Configuration,
    /// Asking the machine for its facts.
    Machine,
    /// Reading what stands where the daemon looks for its script.
    Script,
    /// Reading what waits and what was sent.
    History,
}

impl Stage {
    /// The stage in words.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Consent => "looking for opt-out files",
            Self::Configuration => "reading the configuration",
            Self::Machine => "asking the machine what it is",
            Self::Script => "looking at who would send",
            Self::History => "reading what was sent and what waits",
        }
    }
}

/// What a person sees.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The action of the event.
    pub action: String,
    /// The agent's folders.
    pub folders: Folders,
    /// Where opting out creates the file: for each agent, unless whoever asks names a config directory. Empty where there is
    /// no agent.
    pub targets: Vec<Target>,
    /// What runs here, and what would start it. Nobody looked where a recorded call is shown.
    pub daemons: Daemons,
    /// Whose environment decides, and what of it can be seen.
    pub surroundings: Surroundings,
    /// The decision about consent, with all it rests on.
    pub consent: Consent,
    /// The decisions for other daemons that run here.
    pub others: Vec<(Whose, Consent)>,
    /// What the environment of whoever asks would decide, where another decides.
    pub askers: Option<Consent>,
    /// What stands where the daemon looks for its telemetry script.
    pub script: Script,
    /// The agent's version, where something says it.
    pub version: Option<Version>,
    /// The configuration.
    pub config: Result<Config, ConfigError>,
    /// The proxy that the request would go through; an error says why that cannot be seen.
    pub proxy: Result<Option<Proxy>, String>,
    /// The trust store that the environment names; `None`: the system's. An error says why that cannot be seen.
    pub trust_store: Result<Option<OsString>, String>,
    /// What the machine answered.
    pub machine: Machine,
    /// The event and its request.
    pub assembly: Result<Assembly, NoRequest>,
    /// What was sent and what waits; an error says why that cannot be read.
    pub history: Result<History, String>,
    /// What restarts the agent here, where that is known; it needs root's rights.
    pub restart: Option<String>,
    /// What the agent's own files say about its channels.
    pub files: channels::Files,
    /// The fields of an event of the agent's dashboard.
    pub dashboard: Vec<event::Entry>,
}

/// A folder in which opting out creates the file, and where events of the agent that reads it wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The config directory.
    pub folder: PathBuf,
    /// Whether it exists.
    pub exists: bool,
    /// Whether the file is there.
    pub file: Finding,
    /// Whether an agent names it that may say anything: it is no usual one, and whoever asks does not name it.
    pub foreign: bool,
    /// The agent's library directory.
    pub library: Option<PathBuf>,
}

impl Target {
    /// A config directory, as it is now.
    pub fn look(folder: &Path, foreign: bool, library: Option<&Path>) -> Self {
        Self {
            folder: folder.to_owned(),
            exists: folder.is_dir(),
            file: consent::look(&opt_out_file(folder)),
            foreign,
            library: library.map(Path::to_owned),
        }
    }

    fn of(folders: &Folders) -> Option<Self> {
        let Dir { path: folder, by } = folders.config.as_ref()?;
        let asked = matches!(by, FoundBy::Option | FoundBy::Variable);
        let foreign = !asked && !CONFIG_DIRECTORIES.iter().any(|usual| Path::new(usual) == folder);
        Some(Self::look(folder, foreign, folders.library_path()))
    }

    /// One for each agent.
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

/// One agent that may be meant.
struct Candidate {
    surroundings: Surroundings,
    folders: Folders,
    consent: Consent,
}

impl Candidate {
    fn new(surroundings: Surroundings, named: &[Named], host: &dyn Host) -> Self {
        let folders = Folders::find(named, Path::is_dir).configured(host);
        let consent = decide(&folders, |name| surroundings.variable(name));
        Self { surroundings, folders, consent }
    }

    /// The one that would send comes first: nobody is to think that nothing is sent where one of several daemons sends.
    fn rank(&self) -> u8 {
        match self.consent.decision() {
            Decision::Allowed => 0,
            Decision::Unknown => 1,
            Decision::OptedOut => 2,
        }
    }
}

fn decide(folders: &Folders, variable: impl Fn(&str) -> Result<Option<OsString>, String>) -> Consent {
    Consent::decide(folders.consent.iter().map(PathBuf::as_path), variable, consent::look)
}

fn owner_of(path: &Path) -> Option<u32> {
    std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(path).ok()?).into()
}

/// The agents that may be meant.
struct Agents {
    daemons: Daemons,
    /// The one that decides comes first.
    candidates: Vec<Candidate>,
    targets: Vec<Target>,
}

impl Agents {
    fn find(question: &Question, host: &dyn Host) -> Self {
        let asker = |name: &str| question.environment.get(OsStr::new(name)).map(OsString::as_os_str);
        let options = question.named();
        let mut daemons = Daemons::default();
        let mut candidates: Vec<Candidate> = if let Some(call) = &question.call {
            let said = |name: &str| call.known_variable(name);
            vec![Candidate::new(Surroundings::new(Whose::Call, said), &[options, Named::by_variables(said)], host)]
        } else {
            let named = [options, Named::by_variables(asker)];
            daemons = Daemons::find(host, &owner_of, &named);
            let mut deciding = daemons.surroundings(&named);
            if deciding.is_empty() {
                deciding.push((Surroundings::new(Whose::Asker, asker), Named::default()));
            }
            let candidate = |(surroundings, own)| Candidate::new(surroundings, &[&named[..], &[own]].concat(), host);
            deciding.into_iter().map(candidate).collect()
        };
        candidates.sort_by_key(Candidate::rank);
        let mut agents: Vec<Folders> = candidates.iter().map(|candidate| candidate.folders.clone()).collect();
        let is_named = agents
            .iter()
            .any(|agent| matches!(agent.config, Some(Dir { by: FoundBy::Option | FoundBy::Variable, .. })));
        if !is_named {
            agents.extend(daemons.unit.iter().map(|(_, folders)| folders.clone()));
            let installed = Folders::of_installations(Path::is_dir).into_iter();
            agents.extend(installed.map(|folders| folders.configured(host)));
        }
        Self { daemons, candidates, targets: Target::of_all(&agents) }
    }
}

impl Preview {
    /// Where opting out creates the file, and the folders of the agent that decides. Nothing else is looked at: to say no must
    /// not wait for what somebody else keeps.
    pub fn targets(question: &Question) -> (Vec<Target>, Folders) {
        let Agents { mut candidates, targets, .. } = Agents::find(question, &LiveHost::new());
        (targets, candidates.remove(0).folders)
    }

    /// Looks at everything. Nothing is created, changed or sent.
    pub fn look(question: &Question) -> Self {
        Self::look_telling(question, |_stage| {})
    }

    /// The same, telling each stage before it begins.
    pub fn look_telling(question: &Question, tell: impl Fn(Stage)) -> Self {
        tell(Stage::Consent);
        let asker = |name: &str| question.environment.get(OsStr::new(name)).map(OsString::as_os_str);
        let host = LiveHost::new();
        let Agents { daemons, mut candidates, targets } = Agents::find(question, &host);
        let Candidate { surroundings, folders, consent } = candidates.remove(0);
        let askers = (!matches!(surroundings.whose, Whose::Asker | Whose::Call))
            .then(|| decide(&folders, |name| Ok(asker(name).map(OsStr::to_owned))));

        let library = folders.library_path();
        tell(Stage::Configuration);
        let config = Config::load(folders.config_path());
        tell(Stage::History);
        let endpoint = config.as_ref().ok().map(|config| &config.endpoint);
        let history = History::read(library, endpoint, UnixMillis::now()).map_err(|error| error.to_string());
        let invocation = question.call.clone().unwrap_or_else(|| {
            let mut expected = next_call::expected(&question.action, history.as_ref().ok(), library);
            if question.examples {
                next_call::fill(&mut expected, &Provenance::Example);
            }
            expected
        });
        tell(Stage::Machine);
        let machine = Machine::ask(&invocation);
        let usable = config.as_ref().map_err(|error| error.clone().into());
        let assembly = usable.and_then(|config| Assembly::build(&invocation, &machine, config, Stamp::now()));
        tell(Stage::Script);
        let script = Script::look(folders.plugins_path());
        let said = invocation.known_variable("NETDATA_VERSION").and_then(OsStr::to_str);
        let version = || said.and_then(|text| Version::new(text, "the daemon's last event or call"));
        let version = match &question.call {
            Some(_) => version(),
            // What is installed now is newer than what an event said.
            None => Version::installed(&folders).or_else(version),
        };
        let known = |name: &str| surroundings.known(name).map(OsStr::to_owned);
        let seen = || surroundings.unseen().map_or(Ok(()), |why| Err(why.to_owned()));
        Self {
            action: invocation.action().unwrap_or_default().to_owned(),
            script,
            proxy: seen().map(|()| config.as_ref().ok().and_then(|config| proxy::choose(&config.endpoint, known))),
            trust_store: seen().map(|()| trust_store(known)),
            others: candidates.into_iter().map(|other| (other.surroundings.whose, other.consent)).collect(),
            version,
            history,
            restart: restart::command(&host, &daemons, &machine),
            machine,
            files: channels::Files::look(&folders, &host),
            dashboard: dashboard::entries(library.and_then(next_call::identity).as_ref()),
            daemons,
            targets,
            folders,
            surroundings,
            consent,
            askers,
            config,
            assembly,
        }
    }

    /// The daemon's events, to be judged.
    pub fn events(&self) -> Events<'_> {
        Events {
            action: &self.action,
            consent: &self.consent,
            assembly: &self.assembly,
            script: &self.script,
            version: self.version.as_ref(),
            folders: &self.folders,
            has_agent: self.has_agent(),
        }
    }

    /// Every way in which the agent can tell somebody about its machine.
    pub fn channels(&self) -> Vec<Channel> {
        let seen = Seen {
            folders: &self.folders,
            consent: &self.consent,
            daemons: &self.daemons,
            version: self.version.as_ref(),
            files: &self.files,
        };
        channels::channels(&self.events(), &seen)
    }

    /// Whether an agent is installed here, or was when the recorded call was made.
    fn has_agent(&self) -> bool {
        self.folders.has_agent()
            || self.surroundings.whose == Whose::Call
            || self.daemons.unit.is_some()
            || self.daemons.running.iter().any(|daemon| !daemon.contained)
    }

    /// Whether every byte of the request is known here and now but the random number and the time. What the last event had
    /// is not: the daemon may say something else when it calls.
    pub fn is_exact(&self) -> bool {
        self.assembly.as_ref().is_ok_and(|assembly| assembly.event.not_of_now().next().is_none())
    }

    /// The folder in which the agent looks for the file; where there is no agent, the usual one.
    pub fn opt_out_folder(&self) -> PathBuf {
        self.folders.config_path().unwrap_or(Path::new(CONFIG_DIRECTORIES[0])).to_owned()
    }
}

/// The trust store that the sender takes: the first variable alone, else the others together.
fn trust_store(known: impl Fn(&str) -> Option<OsString>) -> Option<OsString> {
    let [bundle, file, folders] = TRUST_STORE_VARIABLES.map(|name| known(name).filter(|value| !value.is_empty()));
    let named: Vec<OsString> = [file, folders].into_iter().flatten().collect();
    bundle.or_else(|| (!named.is_empty()).then(|| named.join(OsStr::new(" and "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trust_store_is_the_one_that_the_sender_takes() {
        let named = |variables: &[(&str, &str)]| {
            let known = |name: &str| variables.iter().find(|(set, _)| *set == name).map(|(_, value)| value.into());
            trust_store(known).map(|store| store.into_string().unwrap())
        };
        let all = [("CURL_CA_BUNDLE", "a"), ("SSL_CERT_FILE", "b"), ("SSL_CERT_DIR", "c:d")];
        assert_eq!(named(&all).as_deref(), Some("a"));
        assert_eq!(named(&all[1..]).as_deref(), Some("b and c:d"));
        assert_eq!(named(&all[2..]).as_deref(), Some("c:d"));
        assert_eq!(named(&[("CURL_CA_BUNDLE", ""), all[1]]).as_deref(), Some("b"));
        assert_eq!(named(&[]), None);
    }
}
