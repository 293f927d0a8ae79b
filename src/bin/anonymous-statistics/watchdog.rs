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
use system_facts::rescue::{self, Child, LastWords};

/// The share of the deadline, `1 / CONSENT_SHARE`, after which a consent check without an answer counts as unknown. A
/// config folder on a hanging file system must not use up the daemon's time.
const CONSENT_SHARE: u32 = 4;

/// The exit status for wrong usage or configuration.
pub(crate) const EXIT_UNUSABLE: i32 = 2;

/// Time for a killed second process to disappear: far more than it needs.
const GRACE: Duration = Duration::from_millis(20);

/// The interval of checking that.
const LOOK: Duration = Duration::from_micros(20);

/// Characters of the line for the daemon's log: it fits into a pipe's 4 KiB even with four bytes each.
const LINE_CHARACTERS: usize = 1000;

/// The progress so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
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
        Self { deadline, decision: None, unusable: None, kept: None, outcome: None }
    }

    pub(crate) fn decided(self, decision: Decision) -> Self {
        Self { decision: Some(decision), ..self }
    }

    /// The time limit of the current stage. Without consent nothing is sent, and an opted-out daemon must not wait for
    /// a disk.
    fn by(&self) -> Duration {
        if self.decision == Some(Decision::Allowed) { self.deadline } else { self.deadline / CONSENT_SHARE }
    }

    /// The answer if nothing else happens. `failure` is the reason for a missing outcome.
    fn ending_after(&self, failure: Failure) -> Ending {
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
            None => rescue::end_after(known.by().saturating_sub(self.start.elapsed()), known.ending().words()),
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
        let left = known.by().saturating_sub(start.elapsed());
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
            Ok(0) if start.elapsed() >= known.by() => break Failure::Time,
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
        Known { deadline: SECOND, decision, unusable: None, kept, outcome }
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

    #[test]
    fn only_who_may_send_has_all_the_time() {
        for decision in [None, Some(Decision::OptedOut), Some(Decision::Unknown)] {
            assert_eq!(known(decision, None, None).by(), SECOND / CONSENT_SHARE);
        }
        assert_eq!(known(Some(Decision::Allowed), None, None).by(), SECOND);
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
