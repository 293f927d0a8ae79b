//! Everything that a person can inspect before anything is sent.

mod accounts;
mod agents;
pub mod before;
pub mod comparison;
mod original;
mod question;
mod restart;
pub mod watch;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use system_facts::LiveHost;

use crate::agent::folders::{CONFIG_DIRECTORIES, Folders};
use crate::agent::hooks::Hooks;
use crate::agent::installed_sender::{Program, Script};
use crate::agent::next_call;
use crate::agent::own_opt_out::User;
use crate::agent::process::{DaemonEnv, Daemons, EnvSource, TRUST_STORE_VARIABLES};
use crate::agent::version::Version;
use crate::call::Invocation;
use crate::channels::crash_reports::Kept;
use crate::channels::dashboard;
use crate::channels::events::Events;
use crate::channels::hooks::Evidence;
use crate::channels::{self, Channel, Judgement, Seen, State, Verdict};
use crate::clock::UnixMillis;
use crate::config::{Config, ConfigError};
use crate::consent::{Consent, Doubt};
use crate::destination::Destination;
use crate::outbox::history::{History, To};
use crate::proxy::{self, Proxy};
use crate::request::event;
use crate::request::payload::EventId;
use crate::request::{Assembly, Machine, NoRequest};

pub use original::Original;

pub use agents::{Other, Target, goes_on_opted_out};
pub use question::{Environment, Question};

use agents::{Agents, Candidate, decide, expected, hooks, kept, owner_of, unseen_agent};

/// The stages of a preview. Each may be slow, or hang, with its file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Finding the agent and its folders, and checking for opt-out files.
    Consent,
    Configuration,
    Machine,
    /// Reading the program at the daemon's script path.
    Script,
    /// Reading the outbox.
    History,
}

impl Stage {
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

#[derive(Debug, Clone)]
pub struct Preview {
    pub action: String,
    pub folders: Folders,
    /// The folders in which an opt-out creates the file: one for each agent, unless the caller names a config
    /// directory. Empty without an agent.
    pub targets: Vec<Target>,
    /// Empty for a recorded call.
    pub daemons: Daemons,
    /// The deciding environment.
    pub surroundings: DaemonEnv,
    pub consent: Consent,
    /// The other agents of this machine.
    pub others: Vec<Other>,
    /// Whether only the agent of a named config directory was judged.
    pub is_named: bool,
    /// Why an agent may be here that is not judged: it runs in a container, or processes cannot be seen.
    pub unseen_agent: Option<String>,
    /// The caller's decision, if another environment decides.
    pub askers: Option<Consent>,
    /// The program at the daemon's script path.
    pub script: Script,
    /// What Netdata's own script would send, if it is that program.
    pub original: Option<Original>,
    /// `None`: unknown.
    pub version: Option<Version>,
    pub config: Result<Config, ConfigError>,
    /// `None`: not known here, because the daemon's version is not.
    pub destination: Result<Option<Destination>, NoRequest>,
    /// An error says why the proxy cannot be seen.
    pub proxy: Result<Option<Proxy>, Doubt>,
    /// The trust store in the environment; `None`: the system's. An error says why it cannot be seen.
    pub trust_store: Result<Option<OsString>, Doubt>,
    pub machine: Machine,
    pub assembly: Result<Assembly, NoRequest>,
    /// An error says why it cannot be read.
    pub history: Result<History, String>,
    /// The command that restarts the agent, if known; it needs root's rights.
    pub restart: Option<String>,
    pub files: channels::Files,
    /// The hooks of the agent's service.
    pub hooks: Hooks,
    /// What the daemon keeps between its runs.
    pub kept: Kept,
    /// The account that starts the daemon, and that under which it runs.
    pub accounts: (User, User),
    pub dashboard: Vec<event::Entry>,
}

impl Preview {
    /// The targets of an opt-out, and the folders of the deciding agent. Nothing else is read: opting out must not wait
    /// for foreign files.
    pub fn targets(question: &Question) -> (Vec<Target>, Folders) {
        let Agents { mut candidates, targets, .. } = Agents::find(question, &LiveHost::new());
        (targets, candidates.remove(0).folders)
    }

    /// Creates, changes and sends nothing.
    pub fn look(question: &Question) -> Self {
        Self::look_telling(question, |_stage| {})
    }

    /// The same, with a report before each stage.
    pub fn look_telling(question: &Question, tell: impl Fn(Stage)) -> Self {
        Self::look_at(question, None, tell)
    }

    /// As if the agent had this configuration.
    pub fn look_as_if(question: &Question, config: &Config) -> Self {
        Self::look_at(question, Some(config), |_stage| {})
    }

    fn look_at(question: &Question, planned: Option<&Config>, tell: impl Fn(Stage)) -> Self {
        tell(Stage::Consent);
        let asker = |name: &str| question.environment.get(OsStr::new(name)).map(OsString::as_os_str);
        let host = LiveHost::new();
        let Agents { daemons, mut candidates, targets, is_named } = Agents::find(question, &host);
        let Candidate { surroundings, folders, consent } = candidates.remove(0);
        let askers = (!matches!(surroundings.whose, EnvSource::Asker | EnvSource::Call))
            .then(|| decide(&folders, |name| Ok(asker(name).map(OsStr::to_owned))));

        let library = folders.library_path();
        tell(Stage::Configuration);
        let config = planned.map_or_else(|| Config::load(folders.config_path()), |config| Ok(config.clone()));
        tell(Stage::History);
        let mut version = version_of(question, &folders);
        let mut destination = agents::destination(&config, version.as_ref(), question.call.is_some());
        let history = History::read(library).map_err(|error| crate::text::reason(&error));
        let hooks = hooks(&host, &daemons, &folders);
        let invocation = question.call.clone().unwrap_or_else(|| {
            let evidence = Evidence { hooks: &hooks, config: &config, consent: &consent, version: version.as_ref() };
            expected(question, &question.action, &evidence, &folders, history.as_ref().ok())
        });
        if version.is_none() && question.call.is_none() {
            version = said_by(&invocation);
            destination = agents::destination(&config, version.as_ref(), false);
        }
        let to = match &destination {
            Ok(Some(destination)) => To::Server(&destination.endpoint),
            Ok(None) => To::NotKnownHere,
            Err(_) => To::Nowhere,
        };
        let history = history.map(|history| history.planned(to, UnixMillis::now()));
        tell(Stage::Machine);
        let machine = Machine::ask(&invocation);
        let usable = config.as_ref().map_err(|error| error.clone().into());
        let assembly = usable.and_then(|config| {
            let destination = destination.as_ref().map_err(Clone::clone)?;
            Assembly::build(&invocation, &machine, config, destination.as_ref(), EventId::now())
        });
        tell(Stage::Script);
        let script = Script::look(folders.plugins_path());
        let others = candidates.into_iter().map(|other| other.judged(&host, &daemons, &invocation, &machine)).collect();
        let accounts = accounts::of(&host, &daemons, &folders, owner_of);
        let kept = kept(&host, &daemons, &folders, accounts.1, &machine.facts);
        let files = channels::Files::look(&folders, &host, &kept, version.as_ref(), UnixMillis::now());
        let netdatas = script.path.as_deref().filter(|_path| script.program == Program::Netdatas);
        let original = netdatas.map(|path| Original::look(path, &invocation, &machine));
        let known = |name: &str| surroundings.known(name).map(OsStr::to_owned);
        let seen = || surroundings.unseen().map_or(Ok(()), |why| Err(why.clone()));
        Self {
            action: invocation.action().unwrap_or_default().to_owned(),
            script,
            original,
            proxy: seen().and_then(|()| proxy_to(&destination, known)),
            trust_store: seen().map(|()| trust_store(known)),
            others,
            unseen_agent: unseen_agent(&host, &daemons).filter(|_why| !is_named),
            is_named,
            accounts,
            version,
            history,
            restart: restart::command(&host, &daemons, &machine),
            machine,
            files,
            hooks,
            kept,
            dashboard: dashboard::entries(library.and_then(next_call::identity).as_ref()),
            daemons,
            targets,
            folders,
            surroundings,
            consent,
            askers,
            config,
            destination,
            assembly,
        }
    }

    /// Netdata's own script, where it is what sends.
    pub fn sending_original(&self) -> Option<&Original> {
        self.original.as_ref().filter(|_original| self.events().is_sent() && !self.events().is_sent_by_hooks())
    }

    pub fn events(&self) -> Events<'_> {
        Events {
            action: &self.action,
            consent: &self.consent,
            assembly: &self.assembly,
            script: &self.script,
            version: self.version.as_ref(),
            folders: &self.folders,
            hooks: &self.hooks,
            config: &self.config,
        }
    }

    pub fn channels(&self) -> Vec<Channel> {
        let seen = Seen {
            folders: &self.folders,
            consent: &self.consent,
            daemons: &self.daemons,
            surroundings: &self.surroundings,
            version: self.version.as_ref(),
            files: &self.files,
            script: &self.script,
            starter: self.accounts.0,
            runner: self.accounts.1,
        };
        let mut channels = channels::channels(&self.events(), &seen);
        // The script has a destination of its own.
        if let Some(Original { request: Ok((script, _)), .. }) = self.sending_original()
            && let Some(events) = channels.first_mut()
        {
            events.destination.clone_from(&script.url);
        }
        // The caller may ask about a version that is not here.
        if self.agent() == Ok(false) && self.version.is_none() {
            for channel in &mut channels {
                channel.judgement =
                    Judgement { state: State::NotThere, why: "no agent was found here".to_owned(), trace: Vec::new() };
            }
        }
        channels
    }

    /// Whether there is an agent; an error says why that is unknown.
    fn agent(&self) -> Result<bool, String> {
        let is_here = self.folders.has_agent()
            || self.surroundings.whose == EnvSource::Call
            || self.daemons.unit.is_some()
            || self.daemons.running.iter().any(|daemon| !daemon.contained)
            || !self.others.is_empty();
        self.unseen_agent.clone().map_or(Ok(is_here), Err)
    }

    /// The verdict for the machine: all agents count.
    pub fn verdict(&self) -> Verdict {
        let mut channels = self.channels();
        for other in &self.others {
            channels.extend(other.channels.iter().cloned());
        }
        Verdict::of(&channels, &self.agent())
    }

    /// Whether every byte of the request but the random number and the time is known now. Values of the last event are
    /// not: the daemon may have others when it calls.
    pub fn is_exact(&self) -> bool {
        self.assembly.as_ref().is_ok_and(|assembly| assembly.event.not_of_now().next().is_none())
    }

    /// The folder in which the agent looks for the file; without an agent, the usual one.
    pub fn opt_out_folder(&self) -> PathBuf {
        self.folders.config_path().unwrap_or(Path::new(CONFIG_DIRECTORIES[0])).to_owned()
    }
}

/// The version by which the daemon's call is judged; that of an event in the history is older.
fn version_of(question: &Question, folders: &Folders) -> Option<Version> {
    match (&question.daemon_version, &question.call) {
        (Some(version), _) => Version::new(version, "--daemon-version"),
        (None, Some(call)) => said_by(call),
        (None, None) => Version::installed(folders),
    }
}

fn said_by(invocation: &Invocation) -> Option<Version> {
    let text = invocation.known_variable("NETDATA_VERSION").and_then(OsStr::to_str)?;
    Version::new(text, "the daemon's last event or call")
}

fn proxy_to(
    destination: &Result<Option<Destination>, NoRequest>,
    known: impl Fn(&str) -> Option<OsString>,
) -> Result<Option<Proxy>, Doubt> {
    match destination {
        Ok(Some(destination)) => Ok(proxy::choose(&destination.endpoint, known)),
        Ok(None) => Err(Doubt::Destination),
        Err(_) => Ok(None),
    }
}

/// The sender's trust store: the first variable alone, else the other two together.
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
