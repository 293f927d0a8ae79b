//! The call that the daemon would make for a due event.

use std::ffi::OsString;

use crate::agent::status_file::LastStatus;
use crate::call::fatal::Fatal;
use crate::call::{Invocation, Provenance};
use crate::request::payload;
use crate::runs::decide::{Due, What};
use crate::runs::end::End;

/// The actions that a hook reports.
pub const ACTIONS: [&str; 4] = ["START", "EXIT", "FATAL", "CRASH"];

const IDENTITY: &str = "NETDATA_REGISTRY_UNIQUE_ID";
const VERSION: &str = "NETDATA_VERSION";

/// `environment`: of the hook, for the proxy and the host's names. `provenance`: the status file.
pub fn invocation(
    due: &Due,
    status: Option<&LastStatus>,
    identity: &str,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
    provenance: &Provenance,
) -> Invocation {
    let status = status.filter(|_| due.of_status);
    let (action, result, data) = happened(due.what, status);
    let environment = environment.into_iter().filter(|(name, _)| name != IDENTITY && name != VERSION);
    let own = [(IDENTITY, identity), (VERSION, due.version.as_str())].map(|(name, value)| (name.into(), value.into()));
    let arguments = [action.to_owned(), result, data].map(OsString::from);
    // Three arguments: nothing is known of the others but what follows.
    let mut call = Invocation::complete(arguments, environment.chain(own), provenance);
    for (number, fragment) in status.map(fragments).into_iter().flatten() {
        call.know_argument(number, fragment, provenance.clone());
    }
    call
}

/// The next hook's call for this action, as far as it is known: all of a start; of an end only who reports it.
pub fn expected(action: &str, identity: &str, version: &str, provenance: &Provenance) -> Invocation {
    if action == "START" {
        let (uuid, version) = (payload::Uuid::nil(), version.to_owned());
        let start = Due { what: What::Start, uuid, version, of_status: false };
        return invocation(&start, None, identity, [], provenance);
    }
    let mut call = Invocation::expected(action);
    call.know_variable(IDENTITY, identity, provenance.clone());
    call.know_variable(VERSION, version, provenance.clone());
    call
}

/// Action, result and data. The message of a failure and its stack trace are not among them: they may hold anything.
fn happened(what: What, status: Option<&LastStatus>) -> (&'static str, String, String) {
    let none = || "-".to_owned();
    match what {
        What::Start => ("START", none(), none()),
        What::End(End::Orderly) => ("EXIT", "OK".to_owned(), none()),
        What::End(End::Error) => ("EXIT", "ERROR".to_owned(), none()),
        What::End(End::Fatal) => {
            let fatal = status.map(|status| &status.fatal).map_or_else(Fatal::default, |fatal| {
                Fatal::of_status(&fatal.thread, &fatal.filename, &fatal.function, fatal.line, &fatal.errno)
            });
            ("FATAL", fatal.result().unwrap_or_else(none), fatal.data().unwrap_or_else(none))
        }
        What::End(End::Crash { cause, signal }) => {
            ("CRASH", cause.to_owned(), signal.map_or_else(none, ToOwned::to_owned))
        }
    }
}

/// What the status file knows in the sense of the daemon's arguments.
fn fragments(status: &LastStatus) -> Vec<(usize, String)> {
    let metrics = &status.metrics;
    let quoted = |text: &str| format!("\"{text}\"");
    let is_parent = status.agent.profile.words().any(|role| role == "parent");
    let mut known = vec![(5, quoted(status.agent.db_mode.word())), (29, is_parent.to_string())];
    // None are counted before the agent runs.
    if metrics.nodes_total > 0 {
        known.push((30, metrics.nodes_total.to_string()));
    }
    // The argument counts those of this host alone.
    if metrics.nodes_total == 1 {
        known.push((28, metrics.metrics.collected.to_string()));
    }
    // It is foreign text, and must be a word.
    let install_type = str::from_utf8(&status.agent.install_type).unwrap_or_default();
    if !install_type.is_empty() && install_type.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) {
        known.push((38, quoted(install_type)));
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Given;
    use crate::request::payload::Uuid;

    fn call(what: What, of_status: bool, status: &LastStatus) -> Invocation {
        let due = Due { what, uuid: Uuid::nil(), version: "v2.9.0".to_owned(), of_status };
        let environment = [(VERSION, "v1.0"), (IDENTITY, "other"), ("https_proxy", "x")];
        let environment = environment.map(|(name, value)| (name.into(), value.into()));
        invocation(&due, Some(status), "guid", environment, &Provenance::Daemon)
    }

    #[test]
    fn what_the_daemon_would_say() {
        let mut status = LastStatus::default();
        let fatal = &mut status.fatal;
        (fatal.line, fatal.filename, fatal.function) = (73, b"/x/src/database/rrd.c".to_vec(), b"rrd_init".to_vec());
        (fatal.message, fatal.stack_trace) = (b"secret".to_vec(), b"secret".to_vec());
        let crash = End::Crash { cause: "killed hard", signal: Some("SIGKILL") };
        for (what, arguments) in [
            (What::Start, ["START", "-", "-"]),
            (What::End(End::Orderly), ["EXIT", "OK", "-"]),
            (What::End(End::Error), ["EXIT", "ERROR", "-"]),
            (What::End(End::Fatal), ["FATAL", "netdata:", "0073@database/rrd.c:rrd_init/"]),
            (What::End(crash), ["CRASH", "killed hard", "SIGKILL"]),
        ] {
            let call = call(what, true, &status);
            for (number, argument) in arguments.iter().enumerate() {
                assert!(matches!(call.argument(number + 1), Given::Value(value, _) if value == *argument), "{what:?}");
            }
            for (name, value) in [(IDENTITY, "guid"), (VERSION, "v2.9.0"), ("https_proxy", "x")] {
                assert_eq!(call.known_variable(name).unwrap(), value);
            }
        }
    }

    #[test]
    fn of_another_runs_status_nothing_is_taken() {
        let mut status = LastStatus::default();
        status.metrics.nodes_total = 1;
        status.agent.install_type = b"custom".to_vec();
        let known = |of_status, status: &LastStatus| {
            let call = call(What::End(End::Orderly), of_status, status);
            let value = |number| if let Given::Value(value, _) = call.argument(number) { value.to_str() } else { None };
            [5, 28, 29, 30, 38].map(|number| value(number).map(str::to_owned))
        };
        let all = ["\"none\"", "0", "false", "1", "\"custom\""].map(|text| Some(text.to_owned()));
        assert_eq!((known(false, &status), known(true, &status)), ([const { None }; 5], all));
        status.agent.install_type = b"a\"b".to_vec();
        status.metrics.nodes_total = 2;
        assert_eq!(known(true, &status).map(|value| value.is_some()), [true, false, true, true, false]);
    }
}
