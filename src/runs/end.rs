//! How a run ended: what its status file says, and what systemd saw that the daemon could not write itself.

use crate::agent::status_file::ending::{Ending, is_same_boot};
use crate::agent::status_file::{LastStatus, Reasons, State, Uuid};
use crate::runs::hook::Stop;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Orderly,
    /// It ended itself, with an error of which nothing else is known.
    Error,
    /// It said where it failed.
    Fatal,
    Crash {
        /// In the daemon's own words, where it has some.
        cause: &'static str,
        signal: Option<&'static str>,
    },
}

/// A run without a status file ended before it wrote one; nobody saw how.
pub(super) const UNSEEN: End = End::Crash { cause: Ending::NO_STATUS.cause, signal: None };

/// Where the boot is not known.
const KILLED_OR_OFF: &str = "killed hard or powered off";

/// The end of the run with this status. `stop`: what systemd saw, if it tells. `boot`: the machine's present one.
/// `updated`: the daemon that starts next is of another version.
pub(super) fn end(status: &LastStatus, stop: Option<Stop>, boot: Option<Uuid>, updated: bool) -> End {
    let mut status = status.clone();
    if let Some(stop) = stop {
        amend(&mut status, stop);
    }
    let reasons = status.agent.exit_reason;
    // systemd reports no end from before a boot.
    let depends_on_boot = stop.is_none() && Ending::depends_on_boot(&status);
    let rebooted = depends_on_boot && boot.is_some_and(|boot| !is_same_boot(&boot, &status.host.boot_id));
    let cause = match boot {
        None if depends_on_boot => KILLED_OR_OFF,
        _ => Ending::of(&status, rebooted, updated).cause,
    };
    let own_failure = Reasons(Reasons::DEADLY_SIGNAL.0 | Reasons::OUT_OF_MEMORY.0);
    match stop {
        _ if reasons.has(Reasons::FATAL) && !reasons.has(own_failure) => End::Fatal,
        Some(Stop::Error) if reasons.is_normal() => End::Error,
        Some(Stop::Other) if reasons.is_normal() && status.agent.status != State::Exited => End::Error,
        // The daemon could not write its end, and systemd saw it.
        Some(Stop::Orderly) if reasons.is_normal() => End::Orderly,
        _ if status.agent.status == State::Exited && reasons.is_normal() => End::Orderly,
        _ => {
            let said = status.fatal.signal_code.signal();
            let seen = if let Some(Stop::Signal(signal)) = stop { signal } else { None };
            End::Crash { cause, signal: said.or(seen) }
        }
    }
}

/// The end of a run that has written no status file: it was starting.
pub(super) fn end_without_file(stop: Stop) -> End {
    let mut status = LastStatus::default();
    status.agent.status = State::Initializing;
    end(&status, Some(stop), None, false)
}

fn amend(status: &mut LastStatus, stop: Stop) {
    let agent = &mut status.agent;
    let (state, reasons) = match (stop, agent.status) {
        (Stop::Orderly | Stop::Error | Stop::Other, state) => (state, Reasons::default()),
        (Stop::Signal(signal), State::Exited) => (State::Exiting, of_signal(signal)),
        (Stop::Signal(signal), state) => (state, of_signal(signal)),
        (Stop::OutOfMemory, State::Initializing) => (State::Initializing, Reasons::OUT_OF_MEMORY),
        (Stop::OutOfMemory, _) => (State::Running, Reasons::OUT_OF_MEMORY),
        // Its start took too long: the daemon has no word for that, and was killed.
        (Stop::Timeout, State::Initializing) => (State::Initializing, Reasons::default()),
        (Stop::Timeout, _) => (State::Exiting, Reasons::TIMEOUT),
    };
    agent.status = state;
    agent.exit_reason.0 |= reasons.0;
}

fn of_signal(signal: Option<&str>) -> Reasons {
    signal.map_or_else(Reasons::default, Reasons::of_signal)
}
