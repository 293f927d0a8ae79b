//! How far the work has come, and the thread that ends the process at the deadline.
//!
//! The work is done by the first thread: it then waits for no other one. Whatever it hangs on, the thread that watches ends the
//! process in time, with what is known by then.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anonymous_statistics::consent::Decision;
use anonymous_statistics::delivery::{Failure, Outcome};
use anonymous_statistics::limits;

use crate::{EXIT_UNUSABLE, finish};

/// What the work has told.
#[derive(Debug)]
struct Known {
    /// The total time, from the start of the process.
    deadline: Duration,
    decision: Option<Decision>,
    /// Why nothing can be sent.
    unusable: Option<String>,
    /// The event survives whatever comes.
    kept: bool,
    outcome: Option<Outcome>,
}

/// Shared by the work and the thread that watches it. Whoever ends the process keeps the lock, so that only one does.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    start: Instant,
    shared: Arc<(Mutex<Known>, Condvar)>,
}

/// What the daemon learns: standard output, a line for its log, the exit status.
type Ending = (String, Option<String>, i32);

impl Progress {
    pub(crate) fn new(start: Instant, deadline: Duration) -> Self {
        let known = Known { deadline, decision: None, unusable: None, kept: false, outcome: None };
        Self { start, shared: Arc::new((Mutex::new(known), Condvar::new())) }
    }

    /// When the process was started.
    pub(crate) fn start(&self) -> Instant {
        self.start
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Consent was looked at.
    pub(crate) fn decided(&self, decision: Decision) {
        self.known().decision = Some(decision);
    }

    /// Nothing can be sent, because of this.
    pub(crate) fn unusable(&self, problem: String) {
        self.known().unusable = Some(problem);
    }

    /// The total time is now this.
    pub(crate) fn deadline(&self, deadline: Duration) {
        let before = std::mem::replace(&mut self.known().deadline, deadline);
        // Waking a thread takes time, and only a shorter wait needs it.
        if deadline < before {
            self.shared.1.notify_one();
        }
    }

    /// The event is kept.
    pub(crate) fn kept(&self) {
        self.known().kept = true;
    }

    /// The attempt ended so.
    pub(crate) fn ended(&self, outcome: Outcome) {
        self.known().outcome = Some(outcome);
    }

    /// Starts the thread that ends the process at the deadline.
    pub(crate) fn watch(&self) -> std::io::Result<()> {
        let watched = self.clone();
        let thread = std::thread::Builder::new().stack_size(limits::STACK_BYTES);
        thread.spawn(move || watched.end_at_deadline()).map(drop)
    }

    fn end_at_deadline(&self) -> ! {
        let mut known = self.known();
        loop {
            let left = known.by().saturating_sub(self.start.elapsed());
            if left.is_zero() {
                end(&known);
            }
            known = self.shared.1.wait_timeout(known, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends the process, with what is known.
    pub(crate) fn end(&self) -> ! {
        end(&self.known())
    }
}

/// The caller holds the lock until there is no process any more.
fn end(known: &Known) -> ! {
    let (out, line, status) = known.ending();
    finish(&out, line.as_deref(), status)
}

impl Known {
    /// How long to wait for what comes next.
    fn by(&self) -> Duration {
        if self.decision.is_none() { self.deadline / limits::CONSENT_SHARE } else { self.deadline }
    }

    fn ending(&self) -> Ending {
        if let Some(problem) = &self.unusable {
            return (String::new(), Some(problem.clone()), EXIT_UNUSABLE);
        }
        match (self.decision, self.outcome) {
            // Opted out, withdrawn on the way, or not known in time: silence.
            (None | Some(Decision::OptedOut | Decision::Unknown), _) | (_, Some(Outcome::Withdrawn)) => {
                (String::new(), None, 0)
            }
            (_, Some(Outcome::Answered(status))) => (format!("{status:03}"), None, 0),
            (_, ended) => {
                let failure = match ended {
                    Some(Outcome::Failed(failure)) => failure,
                    _ => Failure::Time,
                };
                let lost = format!("the event was lost: {}, and it could not be kept", failure.describe());
                ("000".into(), (!self.kept).then_some(lost), i32::from(failure.exit_code()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn known(decision: Option<Decision>, kept: bool, outcome: Option<Outcome>) -> Known {
        Known { deadline: SECOND, decision, unusable: None, kept, outcome }
    }

    #[test]
    fn how_it_ends() {
        let allowed = Some(Decision::Allowed);
        let silent = (String::new(), None, 0);
        for decision in [None, Some(Decision::OptedOut), Some(Decision::Unknown)] {
            assert_eq!(known(decision, false, None).ending(), silent, "{decision:?}");
        }
        assert_eq!(known(allowed, true, Some(Outcome::Withdrawn)).ending(), silent);
        assert_eq!(known(allowed, true, Some(Outcome::Answered(7))).ending(), ("007".into(), None, 0));
        assert_eq!(known(allowed, true, None).ending(), ("000".into(), None, 28), "the deadline");
        let refused = Some(Outcome::Failed(Failure::Connect));
        assert_eq!(known(allowed, true, refused).ending(), ("000".into(), None, 7));
        let (out, line, status) = known(allowed, false, refused).ending();
        assert_eq!((out.as_str(), status), ("000", 7));
        assert!(line.is_some_and(|line| line.starts_with("the event was lost: ")));
        let unusable = Known { unusable: Some("why".into()), ..known(allowed, false, None) };
        assert_eq!(unusable.ending(), (String::new(), Some("why".into()), EXIT_UNUSABLE));
    }

    #[test]
    fn an_answer_about_consent_is_waited_for_less_long() {
        assert_eq!(known(None, false, None).by(), SECOND / limits::CONSENT_SHARE);
        assert_eq!(known(Some(Decision::Allowed), false, None).by(), SECOND);
        let progress = Progress::new(Instant::now(), 2 * SECOND);
        progress.deadline(SECOND);
        progress.decided(Decision::Allowed);
        assert_eq!(progress.known().by(), SECOND);
    }
}
