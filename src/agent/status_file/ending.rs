//! How the daemon says that its last run ended.

use super::{LastStatus, Reasons, State, Uuid};

/// The cause and the sentence as they are posted, and what follows from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    pub cause: &'static str,
    pub message: &'static str,
    /// Of syslog(3).
    pub priority: u8,
    /// Counts for `crash reports = crashes`.
    pub is_crash: bool,
}

const DEADLY_SIGNAL: u8 = 2;
const FATAL: u8 = 3;
const KILLED: u8 = 4;
const USER_SHOULD_FIX: u8 = 6;
const NORMAL: u8 = 7;

/// Free space below which the daemon blames the disk.
const ALMOST_FULL: u64 = 10 * 1024 * 1024;

impl Ending {
    pub const NO_STATUS: Self = Self::new(
        "no last status",
        "No status found for the previous Netdata session (new Netdata, or older version)",
        NORMAL,
        false,
    );

    const fn new(cause: &'static str, message: &'static str, priority: u8, is_crash: bool) -> Self {
        Self { cause, message, priority, is_crash }
    }

    /// `rebooted`: the machine was started again since. `updated`: the daemon that starts is of another version.
    pub fn of(status: &LastStatus, rebooted: bool, updated: bool) -> Self {
        match status.agent.status {
            State::None => Self::NO_STATUS,
            State::Exited => exited(status.agent.exit_reason, updated),
            State::Initializing => initializing(status, rebooted),
            State::Exiting => exiting(status.agent.exit_reason, updated),
            State::Running => running(status, rebooted),
        }
    }

    /// Whether another boot would change the ending.
    pub fn depends_on_boot(status: &LastStatus) -> bool {
        matches!(status.agent.status, State::Initializing | State::Running)
            && status.agent.exit_reason.is_none()
            && status.host.boot_id != Uuid::default()
    }
}

fn exited(reasons: Reasons, updated: bool) -> Ending {
    let (cause, message) = match reasons {
        _ if reasons.is_none() => ("exit no reason", "Netdata was last stopped gracefully, without setting a reason"),
        _ if reasons.has(Reasons::DEADLY_SIGNAL) => {
            let message = "Netdata was last stopped gracefully after receiving a deadly signal";
            return Ending::new("deadly signal and exit", message, DEADLY_SIGNAL, true);
        }
        _ if !reasons.is_normal() => {
            let message = "Netdata was last stopped gracefully after it encountered a fatal error";
            return Ending::new("fatal and exit", message, FATAL, true);
        }
        _ if reasons.has(Reasons::SHUTDOWN) => {
            ("exit on system shutdown", "Netdata has gracefully stopped due to system shutdown")
        }
        _ if reasons.has(Reasons::UPDATE) => {
            ("exit to update", "Netdata has gracefully restarted to update to a new version")
        }
        _ if updated => ("exit and updated", "Netdata has gracefully restarted and updated to a new version"),
        _ => ("exit instructed", "Netdata was last stopped gracefully"),
    };
    Ending::new(cause, message, NORMAL, false)
}

fn initializing(status: &LastStatus, rebooted: bool) -> Ending {
    let (reasons, disk) = (status.agent.exit_reason, status.host.disk);
    let (cause, message, priority) = match reasons {
        _ if rebooted && Ending::depends_on_boot(status) => {
            let message = "The system was abnormally powered off while Netdata was starting";
            ("abnormal power off", message, USER_SHOULD_FIX)
        }
        _ if reasons.has(Reasons::DEADLY_SIGNAL) => {
            let message = "Netdata was last crashed while starting after receiving a deadly signal";
            ("deadly signal on start", message, DEADLY_SIGNAL)
        }
        _ if reasons.has(Reasons::OUT_OF_MEMORY) => {
            let message = "Netdata was last crashed while starting, because it couldn't allocate memory";
            ("out of memory", message, USER_SHOULD_FIX)
        }
        _ if reasons.has(Reasons::ALREADY_RUNNING) => {
            ("already running", "Netdata couldn't start, because it was already running", USER_SHOULD_FIX)
        }
        _ if disk.is_known() && disk.read_only => {
            ("disk read-only", "Netdata couldn't start because the disk is readonly", USER_SHOULD_FIX)
        }
        _ if disk.is_known() && disk.free == 0 => {
            ("disk full", "Netdata couldn't start because the disk is full", USER_SHOULD_FIX)
        }
        _ if disk.is_known() && disk.free < ALMOST_FULL => {
            ("disk almost full", "Netdata couldn't start while the disk is almost full", USER_SHOULD_FIX)
        }
        _ if !reasons.is_normal() => {
            ("fatal on start", "Netdata was last crashed while starting, because of a fatal error", FATAL)
        }
        _ => ("killed hard on start", "Netdata was last killed/crashed while starting", KILLED),
    };
    Ending::new(cause, message, priority, true)
}

fn exiting(reasons: Reasons, updated: bool) -> Ending {
    let (cause, message, priority) = match reasons {
        _ if reasons.has(Reasons::DEADLY_SIGNAL) => {
            let message = "Netdata was last crashed while exiting after receiving a deadly signal";
            ("deadly signal on exit", message, DEADLY_SIGNAL)
        }
        _ if reasons.has(Reasons::TIMEOUT) => {
            ("exit timeout", "Netdata was last killed because it couldn't shutdown on time", FATAL)
        }
        _ if !reasons.is_normal() => {
            ("fatal on exit", "Netdata was last killed/crashed while exiting after encountering an error", FATAL)
        }
        _ if reasons.has(Reasons::SHUTDOWN) => {
            ("killed hard on shutdown", "Netdata was last killed/crashed while exiting due to system shutdown", KILLED)
        }
        _ if updated || reasons.has(Reasons::UPDATE) => {
            let message = "Netdata was last killed/crashed while exiting to update to a new version";
            ("killed hard on update", message, KILLED)
        }
        _ => ("killed hard on exit", "Netdata was last killed/crashed while it was instructed to exit", KILLED),
    };
    Ending::new(cause, message, priority, true)
}

fn running(status: &LastStatus, rebooted: bool) -> Ending {
    let reasons = status.agent.exit_reason;
    let (cause, message, priority, is_crash) = match reasons {
        _ if rebooted && Ending::depends_on_boot(status) => {
            let message = "The system was abnormally powered off while Netdata was running";
            ("abnormal power off", message, USER_SHOULD_FIX, false)
        }
        _ if reasons.has(Reasons::OUT_OF_MEMORY) => {
            let message = "Netdata was last crashed because it couldn't allocate memory";
            ("out of memory", message, USER_SHOULD_FIX, false)
        }
        _ if reasons.has(Reasons::DEADLY_SIGNAL) => {
            ("deadly signal", "Netdata was last crashed after receiving a deadly signal", DEADLY_SIGNAL, true)
        }
        _ if !reasons.is_normal() => ("killed fatal", "Netdata was last crashed due to a fatal error", FATAL, false),
        _ if status.host.memory.is_critical() => {
            let message = "Netdata was last killed/crashed while available memory was critically low";
            ("killed hard low ram", message, KILLED, true)
        }
        _ => ("killed hard", "Netdata was last killed/crashed while operating normally", KILLED, true),
    };
    Ending::new(cause, message, priority, is_crash)
}

/// Whether the daemon counts the last run among its crashes. (Not the same as [`Ending::is_crash`].)
pub fn has_crashed(status: &LastStatus) -> bool {
    !matches!(status.agent.status, State::None | State::Exited) || !status.agent.exit_reason.is_normal()
}

/// The last run, and those before it, in one word.
pub fn health(status: &LastStatus) -> &'static str {
    let agent = &status.agent;
    match (has_crashed(status), agent.restarts, agent.reliability) {
        (true, 1, _) => "crash-first",
        (true, _, ..=-2) => "crash-loop",
        (true, _, ..0) => "crash-repeated",
        (true, _, _) => "crash-entered",
        (false, 1, _) => "healthy-first",
        (false, _, 2..) => "healthy-loop",
        (false, _, 1..) => "healthy-repeated",
        (false, _, _) => "healthy-recovered",
    }
}

/// Whether two identifiers are of one boot. Where a system has none, the daemon makes one of the time of the boot, which
/// may differ by some seconds.
pub fn is_same_boot(a: &Uuid, b: &Uuid) -> bool {
    let halves = |uuid: &Uuid| {
        let (high, low) = uuid.split_at(8);
        (high.iter().all(|byte| *byte == 0), u64::from_ne_bytes(low.try_into().unwrap_or_default()))
    };
    match (halves(a), halves(b)) {
        ((true, a), (true, b)) => a.abs_diff(b) <= 3,
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boots() {
        let boot = |high: u8, low: u64| {
            let mut uuid = Uuid::default();
            uuid[0] = high;
            uuid[8..].copy_from_slice(&low.to_ne_bytes());
            uuid
        };
        assert!(is_same_boot(&boot(1, 7), &boot(1, 7)) && !is_same_boot(&boot(1, 7), &boot(1, 8)));
        assert!(is_same_boot(&boot(0, 7), &boot(0, 10)) && !is_same_boot(&boot(0, 7), &boot(0, 11)));
    }

    #[test]
    fn health_of_an_agent() {
        for (status, restarts, reliability, word) in [
            (State::Running, 1, 1, "crash-first"),
            (State::Running, 2, 0, "crash-entered"),
            (State::Running, 2, -1, "crash-repeated"),
            (State::Running, 2, -2, "crash-loop"),
            (State::Exited, 1, 1, "healthy-first"),
            (State::Exited, 2, -1, "healthy-recovered"),
            (State::Exited, 2, 1, "healthy-repeated"),
            (State::Exited, 2, 2, "healthy-loop"),
        ] {
            let mut last = LastStatus::default();
            (last.agent.status, last.agent.restarts, last.agent.reliability) = (status, restarts, reliability);
            assert_eq!(health(&last), word);
        }
    }
}
