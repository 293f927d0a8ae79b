//! The actions that a daemon is known to give, and how the event of each is treated.

use std::time::Duration;

/// Total time of a call while the agent starts or runs. The daemon waits for its child, and the script that this program
/// replaces allowed curl 2 s.
pub const LONG: Duration = Duration::from_secs(2);

/// Total time of every other call: the daemon is stopping or failing, and somebody waits for it.
pub const SHORT: Duration = Duration::from_secs(1);

/// An action of the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Action {
    /// Its name, the daemon's first argument.
    pub name: &'static str,
    /// When the daemon sends it.
    pub when: &'static str,
    /// Result and data, its second and third argument, as a daemon says them.
    pub example: (&'static str, &'static str),
    /// The total time that its call may take.
    pub deadline: Duration,
    /// Whether its call sends what waits, too, after its own event.
    pub carries_backlog: bool,
    /// Whether it says that the agent failed: such an event is sent first and deleted last.
    pub is_failure: bool,
    /// Whether a daemon of v2.3 to v2.5, which reports by itself, still calls a script for it.
    pub called_beside_reports: bool,
}

const fn action(name: &'static str, when: &'static str) -> Action {
    Action {
        name,
        when,
        example: ("-", "-"),
        deadline: SHORT,
        carries_backlog: false,
        is_failure: false,
        called_beside_reports: false,
    }
}

/// All of them, in the order in which people see them.
pub static ACTIONS: &[Action] = &[
    Action {
        deadline: LONG,
        carries_backlog: true,
        called_beside_reports: true,
        ..action("START", "the agent starts")
    },
    Action { example: ("OK", "-"), ..action("EXIT", "the agent stops, in order or after an error") },
    Action {
        example: ("netdata:netdata", "0266@../daemon/:signals_handle /4"),
        is_failure: true,
        ..action("FATAL", "the agent fails and is about to stop")
    },
    Action {
        is_failure: true,
        called_beside_reports: true,
        ..action("CRASH", "at its start, the agent finds that it crashed before")
    },
    action("INCOMPLETE_SHUTDOWN", "at its start, the agent finds that it did not stop in order"),
    Action { deadline: LONG, called_beside_reports: true, ..action("META_START", "some minutes after the start") },
    Action {
        deadline: LONG,
        carries_backlog: true,
        called_beside_reports: true,
        ..action("META", "every two or six hours, by version")
    },
    Action { example: ("OK", "graphite"), ..action("EXPORTING_START", "an exporting connector starts") },
    Action { example: ("OK", "graphite"), ..action("BACKEND_START", "a backend starts (old agents)") },
    action("ACLK_DISABLED", "the agent starts without its Cloud features"),
    action("ACLK_CONN_FAIL", "a connected agent cannot reach the Cloud"),
    action("BUILD_FAIL_LWS", "at installation, libwebsockets could not be built (old agents)"),
    action("BUILD_FAIL_MOSQ", "at installation, Mosquitto could not be built (old agents)"),
];

impl Action {
    /// The action of this name, if a daemon is known to give it.
    pub fn named(name: &str) -> Option<&'static Self> {
        ACTIONS.iter().find(|action| action.name == name)
    }

    /// The total time that a call may take, whatever its action.
    pub fn deadline_of(name: &str) -> Duration {
        Self::named(name).map_or(SHORT, |action| action.deadline)
    }
}
