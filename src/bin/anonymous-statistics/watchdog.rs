//! Answers the daemon in time, even if the work hangs.
//!
//! A thread that waits for a disk cannot be killed, and a process is gone only with its last thread. So a second
//! process does everything that writes, deletes or sends, and reports its progress; the first one waits for it, kills
//! it at the deadline, and answers. If the second process survives until the disk responds, nobody waits for it. Where
//! no second process can be made, the first one works itself, and a timer ends it. Limit: that does not help against a
//! dead disk.

use std::cell::RefCell;
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use anonymous_statistics::consent::Decision;
use anonymous_statistics::outbox::outcome::{Failure, Outcome};
use anonymous_statistics::text::printable;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::{Deserialize, Serialize};
use system_facts::internal::rescue::{self, Child, LastWords};

/// The share of the deadline, `1 / CONSENT_SHARE`, after which a consent check without an answer counts as unknown. A
/// config folder on a hanging file system must not use up the daemon's time.
const CONSENT_SHARE: u32 = 4;

/// The exit status for wrong usage or configuration.
pub(crate) const EXIT_UNUSABLE: i32 = 2;

/// That of a test whose event the server did not accept: curl's for such an HTTP status (curl(1), EXIT CODES).
const EXIT_REFUSED: i32 = 22;

/// Time for a killed second process to disappear: far more than it needs.
const GRACE: Duration = Duration::from_millis(20);

/// The interval of checking that.
const LOOK: Duration = Duration::from_micros(20);

/// Characters of the line for the daemon's log: it fits into a pipe's 4 KiB even with four bytes each.
const LINE_CHARACTERS: usize = 1000;

/// Who waits for this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Caller {
    /// It reads the HTTP status and the exit status.
    Daemon,
    /// It writes the line to its log. A hook that fails must not fail the service, so there is no other exit status.
    Service,
    /// It asked for a test, and wants to know how that went.
    Person,
}

/// The progress so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    by: Caller,
    /// Since the start of the process.
    deadline: Duration,
    decision: Option<Decision>,
    /// The reason why nothing can be sent.
    unusable: Option<String>,
    /// Whether the event is stored; `None`: not known yet.
    kept: Option<bool>,
    outcome: Option<Outcome>,
}

/// The answer to the daemon.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) out: String,
    pub(crate) line: Option<String>,
    pub(crate) status: i32,
}

impl Ending {
    pub(crate) fn new(out: impl Into<String>, line: Option<String>, status: i32) -> Self {
        Self { out: out.into(), line, status }
    }

    /// The output: at most one line on standard error, without control characters.
    pub(crate) fn words(&self) -> LastWords {
        let line = |line: &String| {
            let short: String = printable(line).chars().take(LINE_CHARACTERS).collect();
            format!("anonymous-statistics: {short}\n").into_bytes()
        };
        LastWords {
            out: self.out.clone().into_bytes(),
            err: self.line.as_ref().map(line).unwrap_or_default(),
            status: self.status,
        }
    }
}

impl Known {
    pub(crate) fn nothing(deadline: Duration) -> Self {
        Self { by: Caller::Daemon, deadline, decision: None, unusable: None, kept: None, outcome: None }
    }

    pub(crate) fn for_the_service(self) -> Self {
        Self { by: Caller::Service, ..self }
    }

    pub(crate) fn for_a_person(self) -> Self {
        Self { by: Caller::Person, ..self }
    }

    pub(crate) fn decided(self, decision: Decision) -> Self {
        Self { decision: Some(decision), ..self }
    }

    /// The time limit of the current stage. Without consent nothing is sent, and an opted-out daemon must not wait for
    /// a disk.
    fn time(&self) -> Duration {
        if self.decision == Some(Decision::Allowed) { self.deadline } else { self.deadline / CONSENT_SHARE }
    }

    /// The answer if nothing else happens. `failure` is the reason for a missing outcome.
    fn ending_after(&self, failure: Failure) -> Ending {
        match self.by {
            Caller::Daemon => self.ending_for_the_daemon(failure),
            Caller::Service => {
                let silent = || match self.decision {
                    None => Some("nothing is sent: the opt-out could not be looked at in time".to_owned()),
                    _ => None,
                };
                Ending::new("", self.ending_for_the_daemon(failure).line.or_else(silent), 0)
            }
            Caller::Person => self.ending_for_a_person(failure),
        }
    }

    /// One line in any case, and 0 only if the server accepted the event.
    fn ending_for_a_person(&self, failure: Failure) -> Ending {
        let nothing = |why: &str| Ending::new("", Some(why.to_owned()), EXIT_UNUSABLE);
        let answer = |status: u16, what: &str, exit| Ending::new(format!("{status:03} {what}\n"), None, exit);
        match (&self.unusable, self.decision, self.outcome) {
            (Some(problem), ..) => nothing(problem),
            (_, None, _) => nothing("nothing is sent: the opt-out could not be looked at in time"),
            (_, Some(Decision::OptedOut | Decision::Unknown), _) | (.., Some(Outcome::Withdrawn)) => {
                nothing("nothing was sent: consent was withdrawn meanwhile")
            }
            (.., Some(Outcome::Answered(status))) => match status {
                200..=299 => answer(status, "accepted", 0),
                300..=399 => {
                    answer(status, "not accepted: the server points elsewhere, and is not followed", EXIT_REFUSED)
                }
                401 | 403 => answer(status, "not accepted: the server does not take this api_key", EXIT_REFUSED),
                _ => answer(status, "not accepted", EXIT_REFUSED),
            },
            (.., ended) => {
                let failure = if let Some(Outcome::Failed(failure)) = ended { failure } else { failure };
                answer(0, &format!("not accepted: {}", failure.describe()), i32::from(failure.exit_code()))
            }
        }
    }

    fn ending_for_the_daemon(&self, failure: Failure) -> Ending {
        if let Some(problem) = &self.unusable {
            return Ending::new("", Some(problem.clone()), EXIT_UNUSABLE);
        }
        match (self.decision, self.outcome) {
            // Silent: opted out, withdrawn on the way, or not known in time.
            (None | Some(Decision::OptedOut | Decision::Unknown), _) | (_, Some(Outcome::Withdrawn)) => {
                Ending::new("", None, 0)
            }
            (_, Some(Outcome::Answered(status))) => Ending::new(format!("{status:03}"), None, 0),
            (_, ended) => {
                let failure = if let Some(Outcome::Failed(failure)) = ended { failure } else { failure };
                let why = failure.describe();
                let line = match self.kept {
                    Some(true) => None,
                    Some(false) => Some(format!("the event was lost: {why}, and it could not be kept")),
                    None => Some(format!("the event was lost, unless the disk took it after all: {why}")),
                };
                Ending::new("000", line, i32::from(failure.exit_code()))
            }
        }
    }

    /// The answer at the deadline.
    pub(crate) fn ending(&self) -> Ending {
        self.ending_after(Failure::Time)
    }
}

/// Reports the progress of the work to the watcher.
#[derive(Debug)]
pub(crate) struct Progress {
    start: Instant,
    known: RefCell<Known>,
    /// `None`: the timer watches.
    watcher: Option<PipeWriter>,
}

impl Progress {
    pub(crate) fn start(&self) -> Instant {
        self.start
    }

    pub(crate) fn decision(&self) -> Option<Decision> {
        self.known.borrow().decision
    }

    fn tell(&self, change: impl FnOnce(&mut Known)) {
        let mut known = self.known.borrow_mut();
        change(&mut known);
        // A watcher that cannot be reached, or is gone, relies on its own time.
        let _ = match &self.watcher {
            Some(watcher) => tell(watcher, &known),
            None => rescue::end_after(known.time().saturating_sub(self.start.elapsed()), known.ending().words()),
        };
    }

    pub(crate) fn decided(&self, decision: Decision) {
        self.tell(|known| known.decision = Some(decision));
    }

    pub(crate) fn unusable(&self, problem: &str) {
        self.tell(|known| known.unusable = Some(problem.chars().take(LINE_CHARACTERS).collect()));
    }

    pub(crate) fn deadline(&self, deadline: Duration) {
        self.tell(|known| known.deadline = deadline);
    }

    pub(crate) fn kept(&self, kept: bool) {
        self.tell(|known| known.kept = Some(kept));
    }

    pub(crate) fn ended(&self, outcome: Outcome) {
        self.tell(|known| known.outcome = Some(outcome));
    }
}

/// Writes the progress as a line, short enough to be atomic (`PIPE_BUF`, pipe(7)).
fn tell(mut watcher: &PipeWriter, known: &Known) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(known)?;
    line.push(b'\n');
    watcher.write_all(&line)
}

/// Does the work, and returns the answer by the deadline. Does not return in the second process.
pub(crate) fn watched(start: Instant, known: Known, work: impl FnOnce(&Progress)) -> Ending {
    let progress = |watcher| Progress { start, known: RefCell::new(known.clone()), watcher };
    let second = std::io::pipe().and_then(|(reader, writer)| Ok((rescue::fork()?, reader, writer)));
    match second {
        Ok((Some(child), reader, writer)) => {
            drop(writer);
            watch(start, known, &child, reader)
        }
        Ok((None, reader, writer)) => {
            drop(reader);
            // A reader of the daemon's streams must not wait for this process.
            let streams = [rustix::stdio::dup2_stdin, rustix::stdio::dup2_stdout, rustix::stdio::dup2_stderr];
            if streams.iter().all(|stream| stream(&writer).is_ok()) {
                // This process ends even if the first one is killed.
                let end = known.deadline.saturating_sub(start.elapsed()) + GRACE;
                let _ = rescue::end_after(end, LastWords { out: Vec::new(), err: Vec::new(), status: 0 });
                work(&progress(Some(writer)));
            }
            std::process::exit(0)
        }
        Err(_no_second_process) => {
            let progress = progress(None);
            progress.tell(|_nothing_new| {});
            work(&progress);
            progress.known.into_inner().ending()
        }
    }
}

/// Waits for the second process, at most until its time limit.
fn watch(start: Instant, mut known: Known, child: &Child, mut reader: PipeReader) -> Ending {
    let mut told = Vec::new();
    let failure = loop {
        let left = known.time().saturating_sub(start.elapsed());
        if left.is_zero() || !is_ready(&reader, left) {
            // A deletion should finish.
            if known.decision != Some(Decision::OptedOut) {
                child.kill();
            }
            break Failure::Time;
        }
        let mut buffer = [0; 4096];
        match reader.read(&mut buffer) {
            // It closed its end of the pipe: it is gone, or about to end.
            Ok(0) if start.elapsed() >= known.time() => break Failure::Time,
            Ok(0) => break Failure::Receive,
            Ok(length) => told.extend_from_slice(buffer.get(..length).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => break Failure::Receive,
        }
        while let Some(end) = told.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = told.drain(..=end).collect();
            known = serde_json::from_slice(&line).unwrap_or(known);
        }
    };
    let grace = Instant::now();
    while !child.is_gone() && grace.elapsed() < GRACE {
        std::thread::sleep(LOOK);
    }
    known.ending_after(failure)
}

/// Whether data or the end of the stream arrives in time.
fn is_ready(reader: &impl AsFd, time: Duration) -> bool {
    let time = Timespec::try_from(time).unwrap_or_default();
    match poll(&mut [PollFd::new(reader, PollFlags::IN)], Some(&time)) {
        Ok(number) => number > 0,
        // The caller asks again with the remaining time.
        Err(error) => error == rustix::io::Errno::INTR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn known(decision: Option<Decision>, kept: Option<bool>, outcome: Option<Outcome>) -> Known {
        Known { decision, kept, outcome, ..Known::nothing(SECOND) }
    }

    #[test]
    fn how_it_ends() {
        let allowed = Some(Decision::Allowed);
        let silent = Ending::new("", None, 0);
        for decision in [None, Some(Decision::OptedOut), Some(Decision::Unknown)] {
            assert_eq!(known(decision, None, None).ending(), silent, "{decision:?}");
        }
        let kept = Some(true);
        assert_eq!(known(allowed, kept, Some(Outcome::Withdrawn)).ending(), silent);
        assert_eq!(known(allowed, kept, Some(Outcome::Answered(7))).ending(), Ending::new("007", None, 0));
        assert_eq!(known(allowed, kept, None).ending(), Ending::new("000", None, 28), "the deadline");
        assert_eq!(known(allowed, kept, None).ending_after(Failure::Receive).status, 56, "the work has ended early");
        let refused = Some(Outcome::Failed(Failure::Connect));
        assert_eq!(known(allowed, kept, refused).ending(), Ending::new("000", None, 7));
        for (kept, start) in [(Some(false), "the event was lost: "), (None, "the event was lost, unless ")] {
            let ending = known(allowed, kept, refused).ending();
            assert_eq!((ending.out.as_str(), ending.status), ("000", 7));
            assert!(ending.line.is_some_and(|line| line.starts_with(start)));
        }
        let unusable = Known { unusable: Some("why".into()), ..known(allowed, None, None) };
        assert_eq!(unusable.ending(), Ending::new("", Some("why".into()), EXIT_UNUSABLE));
    }

    /// A hook of a service never fails, and prints no status.
    #[test]
    fn how_it_ends_for_a_service() {
        let allowed = Some(Decision::Allowed);
        let of = |known: Known| known.for_the_service().ending();
        let silent = Ending::new("", None, 0);
        for (decision, kept, outcome) in [
            (allowed, Some(true), Some(Outcome::Answered(200))),
            (allowed, Some(true), Some(Outcome::Failed(Failure::Connect))),
            (allowed, Some(true), None),
            (allowed, None, Some(Outcome::Withdrawn)),
            (Some(Decision::OptedOut), None, None),
        ] {
            assert_eq!(of(known(decision, kept, outcome)), silent, "{decision:?} {outcome:?}");
        }
        for known in [
            known(None, None, None),
            known(allowed, None, None),
            Known { unusable: Some("why".into()), ..known(allowed, None, None) },
        ] {
            let ending = of(known);
            assert_eq!((ending.out.as_str(), ending.line.is_some(), ending.status), ("", true, 0));
        }
    }

    #[test]
    fn how_it_ends_for_a_person() {
        let allowed = Some(Decision::Allowed);
        let of = |known: Known| known.for_a_person().ending();
        for (outcome, out, status) in [
            (Some(Outcome::Answered(200)), "200 accepted\n", 0),
            (Some(Outcome::Answered(302)), "302 not accepted: ", EXIT_REFUSED),
            (Some(Outcome::Answered(401)), "401 not accepted: ", EXIT_REFUSED),
            (Some(Outcome::Answered(500)), "500 not accepted\n", EXIT_REFUSED),
            (Some(Outcome::Failed(Failure::Connect)), "000 not accepted: no connection could be made\n", 7),
            (None, "000 not accepted: the time was over\n", 28),
        ] {
            let ending = of(known(allowed, None, outcome));
            assert!(ending.out.starts_with(out), "{ending:?}");
            assert_eq!((ending.out.lines().count(), ending.line, ending.status), (1, None, status), "{out}");
        }
        for known in [
            known(None, None, None),
            known(Some(Decision::OptedOut), None, None),
            known(Some(Decision::Unknown), None, None),
            known(allowed, None, Some(Outcome::Withdrawn)),
            Known { unusable: Some("why".into()), ..known(allowed, None, None) },
        ] {
            let ending = of(known);
            assert_eq!((ending.out.as_str(), ending.line.is_some(), ending.status), ("", true, EXIT_UNUSABLE));
        }
    }

    #[test]
    fn only_who_may_send_has_all_the_time() {
        for decision in [None, Some(Decision::OptedOut), Some(Decision::Unknown)] {
            assert_eq!(known(decision, None, None).time(), SECOND / CONSENT_SHARE);
        }
        assert_eq!(known(Some(Decision::Allowed), None, None).time(), SECOND);
    }

    #[test]
    fn what_is_told_is_understood() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let progress =
            Progress { start: Instant::now(), known: RefCell::new(Known::nothing(SECOND)), watcher: Some(writer) };
        progress.decided(Decision::Allowed);
        progress.deadline(2 * SECOND);
        progress.kept(true);
        progress.ended(Outcome::Answered(503));
        let last = progress.known.borrow().clone();
        drop(progress);
        let mut lines = String::new();
        reader.read_to_string(&mut lines).unwrap();
        let told: Vec<Known> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((told.len(), told.last()), (4, Some(&last)));
        assert_eq!(last.outcome, Some(Outcome::Answered(503)));
    }

    #[test]
    fn a_line_for_a_log_is_one_line() {
        let words = Ending::new("000", Some("a\nb\u{1b}".repeat(1000)), 28).words();
        assert_eq!(String::from_utf8_lossy(&words.err).lines().count(), 1);
        assert!(!words.err.contains(&0x1b) && words.err.len() < 4096);
    }
}
