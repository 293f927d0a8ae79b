//! What the service manager says about a call (systemd.exec(5), "Environment variables set or propagated").

use std::ffi::OsStr;

use crate::agent::status_file::SignalCode;
use crate::runs::record::Key;

/// A call by the agent's service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hook {
    /// systemd's identifier of the run, a new one at each start. `None`: the service manager gives none.
    pub invocation: Option<Key>,
    /// `None`: the service is about to start.
    pub stop: Option<Stop>,
}

/// How systemd saw the main process end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// With status 0, or by a signal that asks for it.
    Orderly,
    /// With another status.
    Error,
    /// By this signal, if it has a name.
    Signal(Option<&'static str>),
    OutOfMemory,
    /// It did not start or stop in time.
    Timeout,
    /// It did not end by itself, or was not started at all.
    Other,
}

impl Hook {
    /// The last three variables are set for `ExecStop=` and `ExecStopPost=` only, which tells an end from a start. A value
    /// of another form is ignored.
    pub fn of<'v>(variable: impl Fn(&str) -> Option<&'v OsStr>) -> Self {
        let text = |name: &str| variable(name).and_then(OsStr::to_str).filter(|text| !text.is_empty());
        let stop = text("SERVICE_RESULT").map(|result| match result {
            "success" => Stop::Orderly,
            "exit-code" if text("EXIT_CODE") == Some("exited") => Stop::Error,
            "signal" | "core-dump" => Stop::Signal(text("EXIT_STATUS").and_then(SignalCode::named)),
            // systemd.service(5), `WatchdogSec=`: it sends SIGABRT.
            "watchdog" => Stop::Signal(Some("SIGABRT")),
            "oom-kill" => Stop::OutOfMemory,
            "timeout" => Stop::Timeout,
            _ => Stop::Other,
        });
        Self { invocation: text("INVOCATION_ID").and_then(Key::parse), stop }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn what_systemd_says() {
        for (result, code, status, stop) in [
            ("", "", "", None),
            ("", "exited", "0", None),
            ("success", "exited", "0", Some(Stop::Orderly)),
            ("success", "killed", "TERM", Some(Stop::Orderly)),
            ("exit-code", "exited", "1", Some(Stop::Error)),
            // A command before the main process failed.
            ("exit-code", "", "", Some(Stop::Other)),
            ("signal", "killed", "KILL", Some(Stop::Signal(Some("SIGKILL")))),
            ("core-dump", "dumped", "SEGV", Some(Stop::Signal(Some("SIGSEGV")))),
            ("signal", "killed", "RTMIN+3", Some(Stop::Signal(None))),
            ("signal", "killed", "\u{1b}", Some(Stop::Signal(None))),
            ("watchdog", "dumped", "ABRT", Some(Stop::Signal(Some("SIGABRT")))),
            ("oom-kill", "killed", "KILL", Some(Stop::OutOfMemory)),
            ("timeout", "killed", "KILL", Some(Stop::Timeout)),
            ("start-limit-hit", "", "", Some(Stop::Other)),
            ("what comes later", "", "", Some(Stop::Other)),
        ] {
            let variables = [("SERVICE_RESULT", result), ("EXIT_CODE", code), ("EXIT_STATUS", status)];
            let hook = Hook::of(|name| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| OsStr::new(value)));
            assert_eq!(hook, Hook { invocation: None, stop }, "{result} {code} {status}");
        }
    }

    #[test]
    fn the_identifier_of_a_run() {
        let of = |id: &str| Hook::of(|name| (name == "INVOCATION_ID").then_some(OsStr::new(id))).invocation;
        assert_eq!(of(ID).map(|key| key.to_string()).as_deref(), Some(ID));
        for other in ["", "0", "00000000000000000000000000000000", "x123456789abcdef0123456789abcdef", &ID.repeat(100)]
        {
            assert_eq!(of(other), None, "{other}");
        }
    }
}
