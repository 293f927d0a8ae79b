//! The sender's options and the words about them: for its help text, and for the pages that `cargo xtask generate` writes.

/// An option: its name, the value that it takes, and what it does.
#[derive(Debug)]
pub struct Opt {
    /// Without the hyphens.
    pub name: &'static str,
    /// The placeholder of its value in the help text.
    pub value: Option<&'static str>,
    /// One sentence without its full stop.
    pub help: &'static str,
}

/// All options.
pub const OPTIONS: [Opt; 9] = [
    Opt { name: "dry-run", value: None, help: "Print the request instead of sending it, opted out or not" },
    Opt { name: "verify", value: None, help: "Check on this machine that what is sent is what is shown" },
    Opt { name: "from-status", value: None, help: "As a hook of the agent's service: report its start or end" },
    Opt { name: "send-test", value: None, help: "Send one event named TEST to your own server" },
    Opt { name: "call", value: Some("FILE"), help: "With --dry-run or --verify: a recorded call" },
    Opt { name: "config-dir", value: Some("DIR"), help: "The agent's config directory" },
    Opt { name: "lib-dir", value: Some("DIR"), help: "The agent's library directory" },
    Opt { name: "help", value: None, help: "Print this help" },
    Opt { name: "version", value: None, help: "Print the version" },
];

/// What the program does.
pub const ABOUT: &str = "\
Sends one of the Netdata agent's pseudonymous telemetry events.

The Netdata daemon calls this program when it starts, stops and fails. It first
looks whether the machine has opted out; then it does nothing but delete events
that wait. Standard output holds the HTTP status of the event, or 000.
";

/// How it is called.
pub const USAGE: &str = "\
Usage: anonymous-statistics [OPTIONS] ACTION [RESULT [DATA [FRAGMENT ...]]]
       anonymous-statistics --verify [--call FILE]
       anonymous-statistics --from-status
       anonymous-statistics --send-test

  ACTION is START, EXIT, FATAL ...; the rest is what the daemon says about it.
  Everything from ACTION on is data, whatever it looks like.
";

/// What else one should know, with the exit status.
pub const MORE: &str = "
To see what would be sent on this machine, run telemetry-preview.
To opt out, run `telemetry-preview opt-out`, or create the file
.opt-out-from-anonymous-statistics in the agent's config directory, or set
DISABLE_TELEMETRY or DO_NOT_TRACK for the daemon to anything at all.

From v2.6 on the daemon calls no program. With --from-status the hooks of its
service do, before each start and after each end. Then the agent's status file
tells what happened. It is sent only where anonymous-statistics.toml names a url
and an api_key of your own. The exit status is 0, but for wrong usage.

With --send-test you try such a url and api_key. The event has an identifier of
its own, not this installation's, and is not kept. One line says how it went;
the exit status is 0 only if the server accepted it, and 22 if it did not.

Exit status: 0 there was an HTTP status, or nothing may be sent; 2 nothing was
sent because of wrong usage or configuration; else curl's: 5 proxy name, 6 name,
7 connect, 28 time, 35 TLS, 52 empty reply, 56 receive, 60 certificate.
";
