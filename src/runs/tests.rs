//! Calls in a row: each with what it finds and the events that are due then.

use std::collections::BTreeSet;

use crate::agent::status_file::{LastStatus, Reasons, State, Uuid};
use crate::runs::{Decision, Due, End, Hook, Key, Nothing, Record, Seen, Stop, What, decide};

const BOOT: Uuid = [7; 16];
const OTHER_BOOT: Uuid = [8; 16];

const KILLED: End = End::Crash { cause: "killed hard", signal: None };

fn crash(cause: &'static str, signal: Option<&'static str>) -> End {
    End::Crash { cause, signal }
}

/// The status of the run with this number.
fn status(run: u8, state: State, reasons: Reasons) -> LastStatus {
    let mut status = LastStatus::default();
    status.host.boot_id = BOOT;
    let agent = &mut status.agent;
    (agent.ephemeral_id, agent.status, agent.exit_reason) = ([run; 16], state, reasons);
    agent.version = b"v2.9.0".to_vec();
    status
}

fn running(run: u8) -> LastStatus {
    status(run, State::Running, Reasons::default())
}

fn exited(run: u8) -> LastStatus {
    status(run, State::Exited, Reasons::TERMINATED)
}

/// systemd's identifier of the run with this number.
fn id(run: u8) -> Option<Key> {
    Key::new([0x80 | run; 16])
}

/// An agent, and what was reported of it.
struct Agent {
    record: Option<Record>,
    all: Vec<Due>,
    boot: Option<Uuid>,
    installed: Option<&'static str>,
}

impl Agent {
    fn new() -> Self {
        Self { record: None, all: Vec::new(), boot: Some(BOOT), installed: Some("v2.9.0") }
    }

    fn decide(&self, hook: Hook, status: Option<&LastStatus>) -> Decision {
        let seen = Seen {
            hook,
            status,
            boot: self.boot,
            still_runs: false,
            installed: self.installed,
            identity: Some("agent"),
        };
        decide(self.record.clone(), &seen)
    }

    fn call(&mut self, hook: Hook, status: Option<&LastStatus>) -> Vec<What> {
        // As it is kept.
        let decision = self.decide(hook, status);
        self.record = Some(Record::decode(&decision.record.encode()).unwrap());
        assert!(!decision.due.is_empty() || decision.nothing.is_some());
        self.all.extend(decision.due.clone());
        decision.due.into_iter().map(|due| due.what).collect()
    }

    fn start(&mut self, invocation: Option<Key>, status: Option<&LastStatus>) -> Vec<What> {
        self.call(Hook { invocation, stop: None }, status)
    }

    fn stop(&mut self, invocation: Option<Key>, stop: Stop, status: Option<&LastStatus>) -> Vec<What> {
        self.call(Hook { invocation, stop: Some(stop) }, status)
    }
}

/// No event has the number of another one.
impl Drop for Agent {
    fn drop(&mut self) {
        let numbers: BTreeSet<_> = self.all.iter().map(|due| due.uuid).collect();
        assert!(std::thread::panicking() || numbers.len() == self.all.len(), "{:?}", self.all);
    }
}

#[test]
fn under_systemd_every_start_and_every_end_is_reported_once() {
    let mut agent = Agent::new();
    let mut before = exited(100);
    for run in 1..=40 {
        assert_eq!(agent.start(id(run), Some(&before)), [What::Start], "{run}");
        assert_eq!(agent.start(id(run), Some(&before)), [], "called twice");
        let (stop, left, end) = match run % 4 {
            0 => (Stop::Orderly, exited(run), End::Orderly),
            1 => (Stop::Signal(Some("SIGKILL")), running(run), crash("killed hard", Some("SIGKILL"))),
            2 => (Stop::OutOfMemory, running(run), crash("out of memory", None)),
            // It died before it wrote anything.
            _ => (Stop::Signal(Some("SIGSEGV")), before.clone(), crash("deadly signal on start", Some("SIGSEGV"))),
        };
        assert_eq!(agent.stop(id(run), stop, Some(&left)), [What::End(end)], "{run}");
        assert_eq!(agent.stop(id(run), stop, Some(&left)), [], "called twice");
        before = left;
    }
}

/// The daemon may take systemd's identifier as its own.
#[test]
fn the_same_identifier_in_both_places() {
    let mut agent = Agent::new();
    for run in 1..=3 {
        let own = Key::new([run; 16]);
        let left = (run > 1).then(|| running(run - 1));
        let due = agent.start(own, left.as_ref());
        assert_eq!(due.last(), Some(&What::Start));
        assert_eq!(due.len(), if run > 1 { 2 } else { 1 });
    }
    assert_eq!(agent.stop(Key::new([3; 16]), Stop::Orderly, Some(&exited(3))), [What::End(End::Orderly)]);
}

#[test]
fn without_a_hook_after_the_end_the_next_start_finds_it() {
    for with_id in [true, false] {
        let id = |run| if with_id { id(run) } else { None };
        let mut agent = Agent::new();
        assert_eq!(agent.start(id(1), None), [What::Start]);
        assert_eq!(agent.start(id(2), Some(&exited(1))), [What::End(End::Orderly), What::Start]);
        assert_eq!(agent.start(id(2), Some(&exited(1))), []);
        assert_eq!(agent.start(id(3), Some(&running(2))), [What::End(KILLED), What::Start]);
        agent.boot = Some(OTHER_BOOT);
        let off = crash("abnormal power off", None);
        assert_eq!(agent.start(id(4), Some(&running(3))), [What::End(off), What::Start]);
        agent.boot = None;
        let either = crash("killed hard or powered off", None);
        assert_eq!(agent.start(id(5), Some(&running(4))), [What::End(either), What::Start]);
    }
}

#[test]
fn a_hook_that_comes_late_says_nothing_new() {
    let mut agent = Agent::new();
    agent.start(id(1), None);
    assert_eq!(agent.start(id(2), Some(&running(1))), [What::End(KILLED), What::Start]);
    assert_eq!(agent.stop(id(1), Stop::Signal(Some("SIGKILL")), Some(&running(1))), []);
    assert_eq!(agent.stop(id(2), Stop::Orderly, Some(&exited(2))), [What::End(End::Orderly)]);
    assert_eq!(agent.stop(id(1), Stop::Orderly, Some(&exited(2))), []);
    assert_eq!(agent.start(id(3), Some(&exited(2))), [What::Start]);
}

#[test]
fn a_run_that_wrote_nothing_and_that_nobody_saw_end() {
    let mut agent = Agent::new();
    agent.start(id(1), Some(&exited(100)));
    let lost = What::End(crash("no last status", None));
    assert_eq!(agent.start(id(2), Some(&exited(100))), [lost, What::Start]);
    // Without an identifier it cannot be told from a second call.
    let mut agent = Agent::new();
    agent.start(None, Some(&exited(100)));
    assert_eq!(agent.start(None, Some(&exited(100))), []);
}

/// Who opts out deletes the record: what happens until consent is given again stays unreported.
#[test]
fn what_was_before_the_first_call_is_not_reported() {
    let mut agent = Agent::new();
    assert_eq!(agent.start(id(1), Some(&running(100))), [What::Start]);
    // But an end after it is, whether its start was seen or not.
    let mut agent = Agent::new();
    assert_eq!(agent.stop(id(1), Stop::Orderly, Some(&exited(1))), [What::End(End::Orderly)]);
    let mut agent = Agent::new();
    assert_eq!(agent.stop(None, Stop::Orderly, Some(&exited(1))), [What::End(End::Orderly)]);
    assert_eq!(agent.stop(None, Stop::Orderly, Some(&exited(1))), []);
}

/// A process that dies between storing an event and writing it down leaves the old record.
#[test]
fn decided_again_an_event_has_the_same_number() {
    let mut agent = Agent::new();
    agent.start(id(1), None);
    let stop = |stop| agent.decide(Hook { invocation: id(1), stop }, Some(&running(1)));
    let at_stop = stop(Some(Stop::Signal(Some("SIGKILL")))).due;
    assert_eq!(at_stop.len(), 1);
    assert_eq!(at_stop, stop(Some(Stop::Signal(Some("SIGKILL")))).due);
    let later = agent.decide(Hook { invocation: id(2), stop: None }, Some(&running(1))).due;
    assert_eq!(later.first().map(|due| due.uuid), at_stop.first().map(|due| due.uuid));
}

#[test]
fn only_where_the_daemon_does_not_call_itself() {
    let nothing = |installed, version: &str| {
        let mut agent = Agent::new();
        (agent.installed, agent.record) = (installed, Some(Record::default()));
        let mut status = exited(1);
        status.agent.version = version.into();
        let start = agent.decide(Hook { invocation: id(2), stop: None }, Some(&status));
        let stop = agent.decide(Hook { invocation: id(1), stop: Some(Stop::Orderly) }, Some(&status));
        (start.due.len(), stop.due.len(), stop.nothing)
    };
    for (version, why) in [
        ("v1.37.1", Nothing::CallsItself("v1.37.1".into())),
        ("v2.5.4", Nothing::CallsItself("v2.5.4".into())),
        ("v2.5.4-12-nightly", Nothing::CallsItself("v2.5.4-12-nightly".into())),
        ("v2.12.0", Nothing::UnknownVersion(Some("v2.12.0".into()))),
        ("", Nothing::UnknownVersion(None)),
        ("\u{1b}", Nothing::UnknownVersion(None)),
    ] {
        assert_eq!(nothing(Some(version), version), (0, 0, Some(why.clone())), "{version}");
        assert!(!why.to_string().contains('\u{1b}'));
    }
    assert_eq!(nothing(None, "v2.6.0"), (1, 1, None), "the end alone");
    for version in ["v2.6.0", "2.9.0-2", "v2.11.0", "v2.11.0-84-nightly"] {
        assert_eq!(nothing(Some(version), version), (2, 1, None), "{version}");
    }
}

#[test]
fn nothing_without_an_identifier_and_while_the_agent_runs() {
    let status = running(1);
    let seen = Seen {
        hook: Hook { invocation: id(2), stop: None },
        status: Some(&status),
        boot: Some(BOOT),
        still_runs: false,
        installed: Some("v2.9.0"),
        identity: Some("agent"),
    };
    for (seen, why) in
        [(Seen { identity: None, ..seen }, Nothing::Identity), (Seen { still_runs: true, ..seen }, Nothing::StillRuns)]
    {
        let decision = decide(Some(Record::default()), &seen);
        assert_eq!((decision.due.len(), decision.nothing, decision.record), (0, Some(why), Record::default()));
    }
}

#[test]
fn how_an_end_is_called() {
    let deadly = Reasons::of_signal("SIGSEGV");
    let fatal = Reasons::FATAL;
    let none = Reasons::default();
    let signal = |name| Some(Stop::Signal(Some(name)));
    for (state, reasons, stop, end) in [
        (State::Exited, Reasons::TERMINATED, Some(Stop::Orderly), End::Orderly),
        (State::Exited, none, None, End::Orderly),
        (State::Exited, Reasons::UPDATE, Some(Stop::Other), End::Orderly),
        (State::Exited, Reasons::TERMINATED, Some(Stop::Error), End::Error),
        (State::Exited, fatal, Some(Stop::Error), End::Fatal),
        (State::Initializing, fatal, Some(Stop::Error), End::Fatal),
        (State::Running, fatal, None, End::Fatal),
        (State::Running, none, Some(Stop::Error), End::Error),
        // It could not write its end.
        (State::Running, none, Some(Stop::Orderly), End::Orderly),
        (State::Initializing, none, Some(Stop::Other), End::Error),
    ] {
        let of = status(1, state, reasons);
        assert_eq!(super::end::end(&of, stop, Some(BOOT), false), end, "{state:?} {reasons:?} {stop:?}");
    }
    for (state, reasons, stop, cause, said) in [
        (State::Running, none, None, "killed hard", None),
        (State::Running, none, signal("SIGKILL"), "killed hard", Some("SIGKILL")),
        (State::Running, deadly, None, "deadly signal", None),
        (State::Running, none, signal("SIGSEGV"), "deadly signal", Some("SIGSEGV")),
        (State::Initializing, none, signal("SIGSEGV"), "deadly signal on start", Some("SIGSEGV")),
        (State::Exiting, none, signal("SIGBUS"), "deadly signal on exit", Some("SIGBUS")),
        (State::Exited, Reasons::TERMINATED, signal("SIGSEGV"), "deadly signal on exit", Some("SIGSEGV")),
        (State::Exited, deadly, Some(Stop::Orderly), "deadly signal and exit", None),
        (State::Running, none, signal("SIGABRT"), "killed fatal", Some("SIGABRT")),
        (State::Running, none, Some(Stop::OutOfMemory), "out of memory", None),
        (State::Initializing, none, Some(Stop::OutOfMemory), "out of memory", None),
        (State::Exiting, Reasons::TERMINATED, Some(Stop::OutOfMemory), "out of memory", None),
        (State::Exiting, Reasons::TERMINATED, Some(Stop::Timeout), "exit timeout", None),
        (State::Initializing, none, Some(Stop::Timeout), "killed hard on start", None),
        (State::Exiting, Reasons::SHUTDOWN, None, "killed hard on shutdown", None),
    ] {
        let of = status(1, state, reasons);
        let end = super::end::end(&of, stop, Some(BOOT), false);
        assert_eq!(end, crash(cause, said), "{state:?} {reasons:?} {stop:?}");
    }
    // What systemd saw was in this boot.
    let of = status(1, State::Running, none);
    assert_eq!(super::end::end(&of, signal("SIGKILL"), None, false), crash("killed hard", Some("SIGKILL")));
}
