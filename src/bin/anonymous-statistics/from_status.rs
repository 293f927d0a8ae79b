//! `--from-status`: a call by a hook of the agent's service. The status file tells what happened; from there on the
//! event takes the same way as one of the daemon's.

use std::path::Path;
use std::time::{Duration, Instant};

use anonymous_statistics::agent::folders::Folders;
use anonymous_statistics::agent::status_file::FILE;
use anonymous_statistics::call::Provenance;
use anonymous_statistics::clock::UnixMillis;
use anonymous_statistics::config::{Config, NO_OWN};
use anonymous_statistics::consent::Decision;
use anonymous_statistics::destination::Destination;
use anonymous_statistics::fields::Action;
use anonymous_statistics::outbox::outcome::{Disposition, Outcome};
use anonymous_statistics::outbox::{Alone, Entry, Outbox, Role};
use anonymous_statistics::request::payload::EventId;
use anonymous_statistics::runs::look::Found;
use anonymous_statistics::runs::{self, Hook, Nothing, Record};
use system_facts::internal::become_account;

use crate::call::{Call, objection, reserve};
use crate::mounts::Mounts;
use crate::watchdog::{Ending, Known, Progress, watched};

/// Why the library directory's owner cannot be known.
pub(crate) const NO_LIBRARY: &str = "nothing is sent: the agent's library directory was not found";

/// Reports what is due, and always ends at the deadline. Obstacles are found without a second process.
pub(crate) fn report(call: &Call, start: Instant) -> Ending {
    let hook = call.hook();
    let mut known = Known::nothing(Action::deadline_of(deadline_as(hook))).for_the_service();
    match call.look_ahead(&Mounts::read()) {
        Ok(Some(decision)) => known = known.decided(decision),
        Ok(None) => {}
        Err(why) => return Ending::new("", Some(why), 0),
    }
    watched(start, known, |progress| {
        if let Err(why) = call.work_for_the_service(hook, progress) {
            progress.unusable(&why);
        }
    })
}

/// The action whose deadline holds: a service that stops must not wait longer than a daemon that fails.
fn deadline_as(hook: Hook) -> &'static str {
    if hook.stop.is_some() { "FATAL" } else { "START" }
}

impl Call {
    fn hook(&self) -> Hook {
        Hook::of(|name| self.variable(name))
    }

    /// Everything that can be looked at without the risk of hanging. `None`: consent cannot.
    fn look_ahead(&self, mounts: &Mounts) -> Result<Option<Decision>, String> {
        match self.likely_library(mounts) {
            None => return Err(NO_LIBRARY.to_owned()),
            Some(library) if mounts.are_local([library.as_path()]) => act_as_owner(&library)?,
            Some(_) => {}
        }
        if !self.consent_is_at_hand(mounts) {
            return Ok(None);
        }
        let consent = self.consent();
        match (objection(&consent), consent.decision()) {
            (None, _) => self.own_destination().map(|_own| Some(Decision::Allowed)),
            (Some(_), Decision::OptedOut) if self.may_have_something_to_forget(mounts) => Ok(Some(Decision::OptedOut)),
            (Some(why), _) => Err(nothing_is_sent(&why)),
        }
    }

    /// Nobody has asked for these events but whoever names a server for them: there is no default.
    fn own_destination(&self) -> Result<(Config, Destination), String> {
        let config = self.config().map_err(|error| error.to_string())?;
        let destination = config.wholly_own_destination().ok_or_else(|| nothing_is_sent(NO_OWN))?;
        Ok((config, destination))
    }

    /// The error says why nothing is sent.
    fn work_for_the_service(&self, hook: Hook, progress: &Progress) -> Result<(), String> {
        let library = self.library().ok_or(NO_LIBRARY)?;
        act_as_owner(&library)?;
        let decision = self.decided(progress);
        if decision != Decision::Allowed {
            progress.unusable(&nothing_is_sent(&objection(&self.consent()).unwrap_or_default()));
            if decision == Decision::OptedOut {
                self.forget();
            }
            return Ok(());
        }
        let (config, destination) = self.own_destination()?;
        let deadline = config.deadline(deadline_as(hook));
        progress.deadline(deadline);
        let before = Instant::now();
        let unusable =
            |error: std::io::Error| nothing_is_sent(&format!("the folder for events cannot be used: {error}"));
        let outbox = Outbox::open(&library, Role::Sender).map_err(unusable)?;
        let barrier = outbox.barrier().map_err(unusable)?;
        let alone = barrier.close();
        // As for the daemon's events: an opt-out deletes what is stored, and none may follow.
        if self.consent().decision() != Decision::Allowed {
            drop(alone);
            progress.ended(Outcome::Withdrawn);
            self.forget();
            return Ok(());
        }
        let own = match self.store(hook, &library, &outbox, &alone, &config, &destination) {
            // What waits can be sent all the same: so a timer can try again while the agent runs.
            Err(why) if hook.stop.is_none() => {
                progress.unusable(&why);
                Vec::new()
            }
            stored => {
                let own = stored?;
                progress.kept(true);
                own
            }
        };
        drop(alone);
        let reserve = reserve(before.elapsed(), deadline);
        let _ = outbox.enforce_limits(UnixMillis::now());
        let left = || deadline.saturating_sub(progress.start().elapsed()).saturating_sub(reserve);
        self.send_own(hook, &outbox, &own, &destination, config.history, left, barrier, progress);
        Ok(())
    }

    /// Decides what is due, stores it, and then writes down that it did. A process that dies in between leaves an event
    /// that the next one finds by its number.
    fn store(
        &self,
        hook: Hook,
        library: &Path,
        outbox: &Outbox,
        alone: &Alone,
        config: &Config,
        destination: &Destination,
    ) -> Result<Vec<EventId>, String> {
        let unusable = |error: std::io::Error| nothing_is_sent(&format!("the record of runs cannot be used: {error}"));
        let bytes = outbox.read_record(alone).map_err(unusable)?;
        let record = bytes.as_deref().and_then(Record::decode);
        let folders = Folders::find(&self.named(), Path::is_dir);
        let found = Found::look(&folders, library).map_err(|nothing| nothing.to_string())?;
        let decision = runs::decide(record, &found.seen(hook));
        let provenance = Provenance::File(library.join(FILE));
        let mut own = Vec::new();
        for due in &decision.due {
            if outbox.holds(&due.uuid).map_err(unusable)? {
                continue;
            }
            let status = found.status.as_deref();
            let invocation = runs::invocation(due, status, found.identity(), self.environment(), &provenance);
            let stamp = EventId { time: UnixMillis::now(), uuid: due.uuid };
            let assembly =
                self.with(invocation).assembled(config, destination, stamp).map_err(|error| error.to_string())?;
            outbox.keep(&stamp, &Entry::new(&assembly.request)).map_err(unusable)?;
            own.push(stamp);
        }
        let written = decision.record.encode();
        if bytes.as_ref() != Some(&written) {
            outbox.write_record(alone, &written).map_err(unusable)?;
        }
        if decision.due.is_empty() {
            return Err(decision.nothing.unwrap_or(Nothing::Reported).to_string());
        }
        Ok(own)
    }

    /// This call's events, and at a start what waits besides.
    #[expect(clippy::too_many_arguments, reason = "each is of one call, and nothing else has them together")]
    fn send_own(
        &self,
        hook: Hook,
        outbox: &Outbox,
        own: &[EventId],
        destination: &Destination,
        history: usize,
        left: impl Fn() -> Duration,
        barrier: anonymous_statistics::outbox::Barrier,
        progress: &Progress,
    ) {
        let endpoint = &destination.endpoint;
        let mut client = match self.client(endpoint, Some(barrier)) {
            Ok(client) => client,
            Err(failure) => return progress.ended(Outcome::Failed(failure)),
        };
        let last = self.deliver(outbox, own.iter().copied(), endpoint, history, &mut client, &left);
        // Without an outcome the event waits.
        let last = last.ok().flatten();
        if let Some(outcome) = last {
            progress.ended(outcome);
        }
        let goes_on = last.is_none_or(|outcome| outcome.disposition() == Disposition::Answered);
        if goes_on && hook.stop.is_none() {
            let others = outbox.due(UnixMillis::now()).unwrap_or_default();
            let others = others.into_iter().filter(|name| !own.contains(name));
            let _ = self.deliver(outbox, others, endpoint, history, &mut client, &left);
        }
    }
}

pub(crate) fn nothing_is_sent(why: &str) -> String {
    format!("{why}: nothing is sent")
}

/// A service's hooks may run as root, and the outbox is of the account that runs the daemon.
pub(crate) fn act_as_owner(library: &Path) -> Result<(), String> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let given_up = rustix::fs::stat(library).map_err(std::io::Error::from).and_then(|folder| match folder.st_uid {
        0 => Ok(()),
        owner => become_account(owner, folder.st_gid),
    });
    given_up.map_err(|error| nothing_is_sent(&format!("the rights of root could not be given up: {error}")))
}
