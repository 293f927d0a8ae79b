//! `--send-test`: one event for the server that the configuration names, so that a person sees whether it arrives.
//!
//! It is the person's, not the daemon's: it has no identifier of this installation and is not kept, sent or not. The rules
//! of every other event hold for it.

use std::time::Instant;

use anonymous_statistics::config::NO_OWN;
use anonymous_statistics::consent::Decision;
use anonymous_statistics::fields::TEST;
use anonymous_statistics::outbox::outcome::Outcome;
use anonymous_statistics::outbox::{Outbox, Role};
use anonymous_statistics::request::payload::EventId;
use anonymous_statistics::request::test_event;

use crate::call::{Call, objection, send as send_request};
use crate::from_status::{NO_LIBRARY, act_as_owner, nothing_is_sent};
use crate::watchdog::{Ending, Known, Progress, watched};

/// Always ends at the deadline, with one line about the outcome.
pub(crate) fn send(call: &Call, start: Instant) -> Ending {
    let known = Known::nothing(TEST.deadline).for_a_person();
    watched(start, known, |progress| {
        if let Err(why) = call.test(progress) {
            progress.unusable(&why);
        }
    })
}

impl Call {
    /// The error says why nothing is sent.
    fn test(&self, progress: &Progress) -> Result<(), String> {
        // As the daemon's account, which has to read the configuration.
        let library = self.library().ok_or(NO_LIBRARY)?;
        act_as_owner(&library)?;
        if self.decided(progress) != Decision::Allowed {
            return Err(nothing_is_sent(&objection(&self.consent()).unwrap_or_default()));
        }
        let config = self.config().map_err(|error| error.to_string())?;
        let destination = config.wholly_own_destination().ok_or_else(|| nothing_is_sent(NO_OWN))?;
        let time = config.deadline.map_or(TEST.deadline, |shorter| shorter.min(TEST.deadline));
        progress.deadline(time);
        let stamp = EventId::new().map_err(|error| error.to_string())?;
        let call = self.with(test_event::invocation(self.environment()));
        let assembly = call.assembled(&config, &destination, stamp).map_err(|error| error.to_string())?;
        // An opt-out waits for this event as for every other. Without a state folder nobody can wait.
        let barrier = Outbox::open(&library, Role::Cleaner).and_then(|outbox| outbox.barrier()).ok();
        let left = time.saturating_sub(progress.start().elapsed());
        let outcome = match self.client(&destination.endpoint, barrier) {
            Ok(mut client) => send_request(&mut client, &assembly.request, left).outcome,
            Err(failure) => Outcome::Failed(failure),
        };
        progress.ended(outcome);
        Ok(())
    }
}
