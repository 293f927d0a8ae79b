//! One call of the daemon, from consent to the outcome of the event.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anonymous_statistics::agent::folders::{self, DirOverrides};
use anonymous_statistics::agent::next_call;
use anonymous_statistics::call::{Invocation, Provenance};
use anonymous_statistics::clock::UnixMillis;
use anonymous_statistics::config::{Config, ConfigError};
use anonymous_statistics::consent::{self, Consent, Decision};
use anonymous_statistics::destination::Destination;
use anonymous_statistics::endpoint::Endpoint;
use anonymous_statistics::fields::Action;
use anonymous_statistics::outbox::history::History;
use anonymous_statistics::outbox::outcome::{Disposition, Failure, Outcome, Reply};
use anonymous_statistics::outbox::{Barrier, Entry, Outbox, Role, State};
use anonymous_statistics::request::http::PreparedRequest;
use anonymous_statistics::request::payload::EventId;
use anonymous_statistics::request::{Assembly, Machine, NoRequest};
use anonymous_statistics::{outbox, proxy};

use crate::cli::{Cli, Stop, Task};
use crate::mounts::Mounts;
use crate::transport::Client;
use crate::watchdog::Progress;

/// Time reserved for recording the outcome before the deadline: twice the time for storing the event, at least this,
/// and at most a quarter of the deadline.
const RESERVE: Duration = Duration::from_millis(30);

/// The variable with the daemon's version.
const VERSION: &str = "NETDATA_VERSION";

/// A call of the daemon with its arguments and environment.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    config_dir: Option<PathBuf>,
    lib_dir: Option<PathBuf>,
    invocation: Invocation,
}

impl Call {
    pub(crate) fn new(cli: Cli, environment: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Self, Stop> {
        let invocation = match &cli.recorded {
            Some(path) => Invocation::from_file(path, None)
                .map_err(|error| Stop::Unusable(format!("--call {}: {error}", path.display())))?,
            None => Invocation::complete(cli.call, environment, &Provenance::Daemon),
        };
        let mut call = Self { config_dir: cli.config_dir, lib_dir: cli.lib_dir, invocation };
        if call.invocation.count() == Some(0) && !matches!(cli.task, Task::FromStatus | Task::SendTest) {
            // Without a call: the known part of the daemon's next START.
            let library = call.library();
            let history = History::read(library.as_deref()).ok();
            let mut expected = next_call::expected("START", history.as_ref(), library.as_deref());
            for name in folders::VARIABLES.into_iter().chain([VERSION]) {
                if let Some(value) = call.variable(name) {
                    expected.know_variable(name, value, Provenance::Daemon);
                }
            }
            call.invocation = expected;
        }
        Ok(call)
    }

    /// A call in the same surroundings, as the daemon would make it.
    pub(crate) fn with(&self, invocation: Invocation) -> Self {
        Self { invocation, ..self.clone() }
    }

    pub(crate) fn environment(&self) -> Vec<(OsString, OsString)> {
        self.invocation.variables().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// The unchecked action.
    pub(crate) fn action(&self) -> &str {
        self.invocation.action().unwrap_or_default()
    }

    pub(crate) fn named(&self) -> [DirOverrides; 2] {
        [
            DirOverrides::by_options(self.config_dir.as_deref(), self.lib_dir.as_deref()),
            DirOverrides::by_variables(|name| self.variable(name)),
        ]
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&OsStr> {
        self.invocation.known_variable(name)
    }

    /// The decision about consent. Only its sources are read.
    pub(crate) fn consent(&self) -> Consent {
        let directories = folders::consent_directories(&self.named());
        let variable = |name: &str| Ok(self.variable(name).map(OsStr::to_owned));
        Consent::decide(directories.iter().map(PathBuf::as_path), variable, consent::look)
    }

    /// Whether the sources of the decision can be read without the risk of hanging.
    pub(crate) fn consent_is_at_hand(&self, mounts: &Mounts) -> bool {
        mounts.are_local(folders::consent_directories(&self.named()).iter().map(PathBuf::as_path))
    }

    /// Whether there may be waiting events, without the risk of hanging.
    pub(crate) fn may_have_something_to_forget(&self, mounts: &Mounts) -> bool {
        let waits = |library: PathBuf| {
            !mounts.are_local([library.join(outbox::STATE_FOLDER).as_path()]) || outbox::something_waits(&library)
        };
        self.likely_library(mounts).is_some_and(waits)
    }

    /// The library directory, found without the risk of hanging: a path that cannot be checked safely may exist.
    pub(crate) fn likely_library(&self, mounts: &Mounts) -> Option<PathBuf> {
        let exists = |library: &Path| !mounts.are_local([library]) || library.is_dir();
        folders::library_directory(&self.named(), exists).map(|library| library.path)
    }

    pub(crate) fn config(&self) -> Result<Config, ConfigError> {
        let directory = folders::config_directory(&self.named(), Path::is_dir);
        Config::load(directory.as_ref().map(|directory| directory.path.as_path()))
    }

    pub(crate) fn library(&self) -> Option<PathBuf> {
        folders::library_directory(&self.named(), Path::is_dir).map(|library| library.path)
    }

    /// The request and its destination, or the substitute where it has none.
    pub(crate) fn assemble(
        &self,
        config: &Config,
        substitute: Option<Destination>,
    ) -> Result<(Endpoint, Assembly), NoRequest> {
        let version = self.variable(VERSION).and_then(OsStr::to_str);
        let destination = config.destination(version).or_else(|none| substitute.ok_or(none))?;
        let assembly = self.assembled(config, &destination, EventId::new()?)?;
        Ok((destination.endpoint, assembly))
    }

    pub(crate) fn assembled(
        &self,
        config: &Config,
        destination: &Destination,
        stamp: EventId,
    ) -> Result<Assembly, NoRequest> {
        let machine = Machine::ask(&self.invocation);
        Assembly::build(&self.invocation, &machine, config, Some(destination), stamp)
    }

    /// The decision that counts until the event is stored.
    pub(crate) fn decided(&self, progress: &Progress) -> Decision {
        progress.decision().unwrap_or_else(|| {
            let decision = self.consent().decision();
            progress.decided(decision);
            decision
        })
    }

    /// Does the whole work and reports its progress. The process may be ended at any time.
    pub(crate) fn work(&self, progress: &Progress) {
        match self.decided(progress) {
            Decision::Allowed => {}
            Decision::Unknown => return,
            Decision::OptedOut => return self.forget(),
        }
        let config = match self.config() {
            Ok(config) => config,
            Err(error) => return progress.unusable(&error.to_string()),
        };
        let deadline = config.deadline(self.action());
        progress.deadline(deadline);
        let (endpoint, assembly) = match self.assemble(&config, None) {
            Ok(addressed) => addressed,
            Err(error) => return progress.unusable(&error.to_string()),
        };
        let before = Instant::now();
        let outbox = self.library().and_then(|library| Outbox::open(&library, Role::Sender).ok());
        let barrier = outbox.as_ref().and_then(|outbox| outbox.barrier().ok());
        // Stored only with consent: an opt-out deletes waiting events, and none may follow.
        let passage = barrier.as_ref().map(Barrier::pass);
        if self.consent().decision() != Decision::Allowed {
            drop(passage);
            progress.ended(Outcome::Withdrawn);
            return self.forget();
        }
        // An event that cannot be stored is sent nevertheless.
        let kept = outbox.and_then(|outbox| {
            let entry = Entry::new(&assembly.request).begun(UnixMillis::now());
            let own = outbox.keep(&assembly.stamp, &entry).ok()?;
            Some((outbox, own))
        });
        drop(passage);
        let reserve = reserve(before.elapsed(), deadline);
        progress.kept(kept.is_some());
        if let Some((outbox, _)) = &kept {
            // Before the attempt, which may use up the time.
            let _ = outbox.enforce_limits(UnixMillis::now());
        }
        let left = || deadline.saturating_sub(progress.start().elapsed()).saturating_sub(reserve);
        let mut client = self.client(&endpoint, barrier);
        let reply = match &mut client {
            Ok(client) => send(client, &assembly.request, left()),
            Err(failure) => failed(*failure),
        };
        progress.ended(reply.outcome);
        if reply.outcome.disposition() == Disposition::Deleted {
            self.forget();
        } else if let Some((outbox, own)) = kept {
            // If this fails, the event is sent once more, with the same random number.
            let _ = note(&outbox, &own.name(), reply, config.history);
            if reply.outcome.disposition() == Disposition::Answered
                && Action::named(self.action()).is_some_and(|action| action.carries_backlog)
                && let Ok(client) = &mut client
            {
                // This call's own event is not among them, even if its outcome could not be recorded.
                let due = outbox.due(UnixMillis::now()).unwrap_or_default();
                let others = due.into_iter().filter(|name| *name != own.name());
                let _ = self.deliver(&outbox, others, &endpoint, config.history, client, left);
            }
        }
    }

    /// The client for the destination. It checks consent again before each name look-up and each first byte.
    pub(crate) fn client(&self, endpoint: &Endpoint, barrier: Option<Barrier>) -> Result<Client, Failure> {
        let proxy = proxy::choose(endpoint, |name| self.variable(name).map(OsStr::to_owned));
        let again = self.clone();
        let permission = Arc::new(move || {
            let passage = barrier.as_ref().map(Barrier::pass);
            (again.consent().decision() == Decision::Allowed).then(|| passage.into())
        });
        Client::new(endpoint, proxy.as_ref(), permission)
    }

    /// Sends waiting events in the remaining time, until one gets no final answer. Returns the last outcome.
    pub(crate) fn deliver(
        &self,
        outbox: &Outbox,
        names: impl IntoIterator<Item = EventId>,
        endpoint: &Endpoint,
        history: usize,
        client: &mut Client,
        left: impl Fn() -> Duration,
    ) -> std::io::Result<Option<Outcome>> {
        let mut last = None;
        for name in names {
            if left().is_zero() {
                break;
            }
            // Another sender may have claimed or sent it since.
            let Ok(Some((claim, entry))) = outbox.claim(&name) else { continue };
            if entry.record.waits_until(UnixMillis::now()).is_some() {
                continue;
            }
            // An event for another destination, or a damaged one, is never sent.
            let Some(request) = entry.request_to(endpoint) else {
                outbox.delete(State::Waiting, &name)?;
                continue;
            };
            let _claim = outbox.begin_attempt(&claim, entry, UnixMillis::now())?;
            let reply = send(client, &request, left());
            last = Some(reply.outcome);
            match reply.outcome.disposition() {
                Disposition::Answered => note(outbox, &name, reply, history)?,
                Disposition::Waits => {
                    note(outbox, &name, reply, history)?;
                    break;
                }
                Disposition::Deleted => {
                    self.forget();
                    break;
                }
            }
        }
        Ok(last)
    }

    /// Deletes the waiting events. A machine that has opted out sends nothing even if this fails.
    pub(crate) fn forget(&self) {
        let _ = outbox::forget_waiting(self.library().as_deref(), Role::Cleaner);
    }
}

/// Why consent is missing.
pub(crate) fn objection(consent: &Consent) -> Option<String> {
    let because = consent.reason().map(|step| format!("{} ({})", step.source, step.finding)).unwrap_or_default();
    match consent.decision() {
        Decision::Allowed => None,
        Decision::OptedOut => Some(format!("opted out by {because}")),
        Decision::Unknown => Some(format!("cannot tell whether this machine has opted out, because of {because}")),
    }
}

/// The time for recording the outcome, by the time that storing took.
pub(crate) fn reserve(storing: Duration, deadline: Duration) -> Duration {
    (storing * 2).clamp(RESERVE, (deadline / 4).max(RESERVE))
}

pub(crate) fn send(client: &mut Client, request: &PreparedRequest, time: Duration) -> Reply {
    if time.is_zero() { failed(Failure::Time) } else { client.send(request, time) }
}

fn failed(failure: Failure) -> Reply {
    Reply { outcome: Outcome::Failed(failure), time: UnixMillis::now(), not_before: None }
}

/// Records the outcome of an attempt.
fn note(outbox: &Outbox, name: &EventId, reply: Reply, history: usize) -> std::io::Result<()> {
    let Reply { outcome, time, not_before } = reply;
    match outcome {
        Outcome::Answered(status) if outcome.disposition() == Disposition::Answered => {
            outbox.mark_sent(name, status, time, history)
        }
        Outcome::Answered(status) => outbox.record_attempt(name, Some(status), time, not_before),
        Outcome::Failed(_) => outbox.record_attempt(name, None, time, None),
        Outcome::Withdrawn => outbox.delete(State::Waiting, name),
    }
}
