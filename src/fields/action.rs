//! The known actions of the daemon, and the treatment of their events.

use std::time::Duration;

/// Total time of a call while the agent starts or runs. The daemon waits for its child, and the replaced script allowed
/// curl 2 s.
pub const LONG: Duration = Duration::from_secs(2);

/// Total time of every other call: the daemon is stopping.
pub const SHORT: Duration = Duration::from_secs(1);

/// Total time of FATAL. A second after it began to fail, the daemon frees the data that it hands to its next call (EXIT;
/// seen with 1.47.5 and 2.2.6), so this one has to be over before.
pub const FAILING: Duration = Duration::from_millis(700);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Action {
    /// The daemon's first argument.
    pub name: &'static str,
    pub when: &'static str,
    /// A daemon's second and third argument: result and data.
    pub example: (&'static str, &'static str),
    pub deadline: Duration,
    /// Whether the call also sends waiting events, after its own.
    pub carries_backlog: bool,
    /// Whether the agent failed: such an event is sent first and deleted last.
    pub is_failure: bool,
    /// Whether a daemon of v2.3 to v2.5, which also reports by itself, still calls a script.
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

/// In display order.
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
        deadline: FAILING,
        is_failure: true,
        ..action("FATAL", "the agent fails and is about to stop")
    },
    Action {
        is_failure: true,
        called_beside_reports: true,
        ..action("CRASH", "at its start, the agent finds that it crashed before")
    },
    Action {
        called_beside_reports: true,
        ..action("INCOMPLETE_SHUTDOWN", "at its start, the agent finds that it did not stop in order")
    },
    Action { deadline: LONG, called_beside_reports: true, ..action("META_START", "some minutes after the start") },
    Action {
        deadline: LONG,
        carries_backlog: true,
        called_beside_reports: true,
        ..action("META", "every two or six hours, by version")
    },
    Action {
        example: ("OK", "graphite"),
        called_beside_reports: true,
        ..action("EXPORTING_START", "an exporting connector starts")
    },
    Action { example: ("OK", "graphite"), ..action("BACKEND_START", "a backend starts (old agents)") },
    action("ACLK_DISABLED", "the agent starts without its Cloud features"),
    action("ACLK_CONN_FAIL", "a connected agent cannot reach the Cloud"),
    action("BUILD_FAIL_LWS", "at installation, libwebsockets could not be built (old agents)"),
    action("BUILD_FAIL_MOSQ", "at installation, Mosquitto could not be built (old agents)"),
];

/// None of the daemon's: a person tries a server of their own with it. It takes no event's place in the outbox.
pub static TEST: Action =
    Action { deadline: LONG, ..action("TEST", "you try a server of your own (configure --test)") };

impl Action {
    pub fn named(name: &str) -> Option<&'static Self> {
        ACTIONS.iter().find(|action| action.name == name)
    }

    /// The deadline of any action, known or not.
    pub fn deadline_of(name: &str) -> Duration {
        Self::named(name).map_or(SHORT, |action| action.deadline)
    }
}
