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

use crate::cli::{Cli, Stop};
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
        if call.invocation.count() == Some(0) {
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

    /// The unchecked action.
    pub(crate) fn action(&self) -> &str {
        self.invocation.action().unwrap_or_default()
    }

    fn named(&self) -> [DirOverrides; 2] {
        [
            DirOverrides::by_options(self.config_dir.as_deref(), self.lib_dir.as_deref()),
            DirOverrides::by_variables(|name| self.variable(name)),
        ]
    }

    fn variable(&self, name: &str) -> Option<&OsStr> {
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
        // A path that cannot be checked safely may exist.
        let exists = |library: &Path| !mounts.are_local([library]) || library.is_dir();
        folders::library_directory(&self.named(), exists).is_some_and(|library| waits(library.path))
    }

    pub(crate) fn config(&self) -> Result<Config, ConfigError> {
        let directory = folders::config_directory(&self.named(), Path::is_dir);
        Config::load(directory.as_ref().map(|directory| directory.path.as_path()))
    }

    fn library(&self) -> Option<PathBuf> {
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
        let stamp = EventId::new()?;
        let machine = Machine::ask(&self.invocation);
        Assembly::build(&self.invocation, &machine, config, Some(&destination), stamp)
            .map(|assembly| (destination.endpoint, assembly))
    }

    /// Does the whole work and reports its progress. The process may be ended at any time.
    pub(crate) fn work(&self, progress: &Progress) {
        let decision = progress.decision().unwrap_or_else(|| {
            let decision = self.consent().decision();
            progress.decided(decision);
            decision
        });
        match decision {
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
        let reserve = (before.elapsed() * 2).clamp(RESERVE, (deadline / 4).max(RESERVE));
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
                let _ = self.retry(&outbox, &own.name(), &endpoint, config.history, client, left);
            }
        }
    }

    /// The client for the destination. It checks consent again before each name look-up and each first byte.
    fn client(&self, endpoint: &Endpoint, barrier: Option<Barrier>) -> Result<Client, Failure> {
        let proxy = proxy::choose(endpoint, |name| self.variable(name).map(OsStr::to_owned));
        let again = self.clone();
        let permission = Arc::new(move || {
            let passage = barrier.as_ref().map(Barrier::pass);
            (again.consent().decision() == Decision::Allowed).then(|| passage.into())
        });
        Client::new(endpoint, proxy.as_ref(), permission)
    }

    /// Sends waiting events in the remaining time, until one gets no final answer. This call's own event is not among
    /// them, even if its outcome could not be recorded.
    fn retry(
        &self,
        outbox: &Outbox,
        own: &EventId,
        endpoint: &Endpoint,
        history: usize,
        client: &mut Client,
        left: impl Fn() -> Duration,
    ) -> std::io::Result<()> {
        for name in outbox.due(UnixMillis::now())? {
            if left().is_zero() {
                break;
            }
            if name == *own {
                continue;
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
            match reply.outcome.disposition() {
                Disposition::Answered => note(outbox, &name, reply, history)?,
                Disposition::Waits => return note(outbox, &name, reply, history),
                Disposition::Deleted => {
                    self.forget();
                    break;
                }
            }
        }
        Ok(())
    }

    /// Deletes the waiting events. A machine that has opted out sends nothing even if this fails.
    fn forget(&self) {
        let _ = outbox::forget_waiting(self.library().as_deref(), Role::Cleaner);
    }
}

fn send(client: &mut Client, request: &PreparedRequest, time: Duration) -> Reply {
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
