//! The table of situations.

use std::time::Duration;

use testkit::names::{NXDOMAIN, SERVFAIL};

const REFUSED: u8 = 5;

/// The answer of a name server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// This machine's address.
    Address,
    /// The same, a little later.
    Later,
    /// The name exists, but has no such address.
    Nothing,
    /// Only this code.
    Code(u8),
    /// No answer.
    Silence,
}

impl Says {
    pub fn delay(self) -> Duration {
        Duration::from_millis(if self == Self::Later { 50 } else { 0 })
    }
}

/// A machine's configuration and its name servers' answers.
pub struct Situation {
    pub name: &'static str,
    pub host: &'static str,
    pub resolv_conf: &'static str,
    pub hosts: &'static str,
    /// The answer to the number of the server, a name, and whether IPv4 was asked for.
    pub says: fn(u8, &str, bool) -> Says,
    /// The reason for a difference from curl.
    pub difference: Option<&'static str>,
    /// The same for musl's resolver only.
    pub with_musl: Option<&'static str>,
}

const ONE: &str = "nameserver 127.0.0.1\n";
const TWO: &str = "nameserver 127.0.0.1\nnameserver 127.0.0.2\n";
const CLUSTER: &str = "nameserver 127.0.0.1\nsearch a.cluster b.cluster\noptions ndots:5\n";

/// It has an IPv4 address.
fn known(_: u8, name: &str, v4: bool) -> Says {
    match (name, v4) {
        ("posthog.test", true) => Says::Address,
        ("posthog.test", false) => Says::Nothing,
        _ => Says::Code(NXDOMAIN),
    }
}

/// The same, with a search domain that answers differently for every name in it.
macro_rules! cluster {
    ($says:expr) => {
        |server, name, v4| if name.ends_with(".cluster") { $says } else { known(server, name, v4) }
    };
}

/// An IPv4 address, and this answer for IPv6.
macro_rules! without_v6 {
    ($says:expr) => {
        |server, name, v4| if v4 { known(server, name, v4) } else { $says }
    };
}

const fn situation(name: &'static str, says: fn(u8, &str, bool) -> Says) -> Situation {
    Situation { name, host: "posthog.test", resolv_conf: ONE, hosts: "", says, difference: None, with_musl: None }
}

const fn in_a_cluster(name: &'static str, says: fn(u8, &str, bool) -> Says) -> Situation {
    Situation { resolv_conf: CLUSTER, ..situation(name, says) }
}

const fn in_hosts(name: &'static str, hosts: &'static str) -> Situation {
    Situation { hosts, ..situation(name, known) }
}

const PARALLEL: Option<&str> = Some("musl asks all servers at once and takes the first answer");
pub const SITUATIONS: &[Situation] = &[
    situation("it has an IPv4 address", known),
    situation("there is no such name", |_, _, _| Says::Code(NXDOMAIN)),
    situation("it has no address", |_, _, _| Says::Nothing),
    Situation {
        with_musl: PARALLEL,
        resolv_conf: TWO,
        ..situation(
            "the first server knows it 50 ms after the second says that there is no such name",
            |server, _, v4| match (server, v4) {
                (0, true) => Says::Later,
                (0, false) => Says::Nothing,
                _ => Says::Code(NXDOMAIN),
            },
        )
    },
    in_a_cluster("a search domain knows no such name", cluster!(Says::Code(NXDOMAIN))),
    in_a_cluster("a search domain has no address for it", cluster!(Says::Nothing)),
    in_a_cluster("a search domain cannot be asked", cluster!(Says::Code(SERVFAIL))),
    in_a_cluster("a search domain may not be asked", cluster!(Says::Code(REFUSED))),
    Situation {
        host: "posthog.infra",
        ..in_a_cluster("only a search domain knows it", |_, name, v4| match (name, v4) {
            ("posthog.infra.b.cluster", true) => Says::Address,
            ("posthog.infra.b.cluster", false) => Says::Nothing,
            _ => Says::Code(NXDOMAIN),
        })
    },
    situation("asked for IPv6, the server says that there is no such name", without_v6!(Says::Code(NXDOMAIN))),
    situation("asked for IPv6, the server is out of order", without_v6!(Says::Code(SERVFAIL))),
    situation("asked for IPv6, the server refuses", without_v6!(Says::Code(REFUSED))),
    Situation {
        difference: Some("curl waits for the answer that does not come"),
        ..situation("asked for IPv6, the server is silent", without_v6!(Says::Silence))
    },
    in_hosts("hosts(5) blocks it", "127.0.0.9 posthog.test\n"),
    in_hosts("hosts(5) blocks it on a last line without an end", "127.0.0.1 localhost\n127.0.0.9 posthog.test"),
    in_hosts("hosts(5) blocks it in capitals", "127.0.0.9 POSTHOG.Test\n"),
    in_hosts("hosts(5) blocks it as one of several names", "127.0.0.9\tads.test posthog.test  x.test # all of them\n"),
    in_hosts("hosts(5) blocks it behind the 512th byte of a line", LONG),
    in_hosts("hosts(5) blocks it with an IPv6 address", "2001:db8::9 posthog.test\n"),
    in_hosts("hosts(5) names it in a remark only", "127.0.0.9 x.test # posthog.test\n"),
    in_hosts("hosts(5) names another", "127.0.0.9 a.posthog.test posthog.test.de xposthog.test\n"),
    Situation {
        says: |_, _, _| Says::Code(NXDOMAIN),
        ..in_hosts("only hosts(5) knows it", "127.0.0.1 posthog.test\n")
    },
];

/// Other names before the server's. Nobody listens at this address.
const LONG: &str = concat!(
    "127.0.0.9 ",
    "a01.test a02.test a03.test a04.test a05.test a06.test a07.test a08.test a09.test a10.test a11.test a12.test ",
    "a13.test a14.test a15.test a16.test a17.test a18.test a19.test a20.test a21.test a22.test a23.test a24.test ",
    "a25.test a26.test a27.test a28.test a29.test a30.test a31.test a32.test a33.test a34.test a35.test a36.test ",
    "a37.test a38.test a39.test a40.test a41.test a42.test a43.test a44.test a45.test a46.test a47.test a48.test ",
    "a49.test a50.test a51.test a52.test a53.test a54.test a55.test a56.test a57.test a58.test a59.test a60.test ",
    "posthog.test\n",
);
