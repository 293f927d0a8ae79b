//! The table of faults and the outcome of each call. The test causes every one of them, and `docs/reliability.md` is
//! generated from the same rows.

#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// The title on the page.
    pub name: &'static str,
    pub way: Way,
    pub ends: End,
    /// The outcome for EXIT and FATAL, if their shorter time makes a difference.
    pub short: Option<End>,
    /// The outcome for a program built with glibc, if its resolver makes a difference. The release is built with musl.
    pub with_glibc: Option<End>,
}

/// The way to cause a fault.
#[derive(Debug, Clone, Copy)]
pub enum Way {
    Names(Names),
    /// No connection, or one to only some of several addresses.
    Connect(Connect),
    /// The server's steps, after which it does nothing and leaves the connection open.
    Server(&'static [Step]),
    /// The same, in place of a TLS server.
    TlsServer(&'static [Step]),
    /// A real TLS server of this version, behind a relay that passes on this number of its records.
    Tls(Version, usize, Then),
    /// The steps of a proxy, which never reaches the server.
    Proxy(&'static [Step]),
    ProxyAt(&'static str),
    Files(Files),
}

/// The behavior of a name server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// Receives the question and sends no answer.
    Silent,
    /// Answers after 1.5 seconds.
    Late,
    /// Answers NXDOMAIN.
    Missing,
    /// Answers SERVFAIL.
    Failing,
    /// Answers with bytes that are no valid answer.
    Garbage,
    /// Gives another machine's address, which cannot be reached.
    Elsewhere,
}

/// The obstacle on the way to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connect {
    /// Nobody listens.
    Refused,
    /// A packet filter drops every packet.
    Dropped,
    /// A packet filter refuses every packet.
    Rejected,
    /// The server's queue of new connections is full.
    Full,
    /// A packet filter drops packets to the IPv6 address; the IPv4 address works.
    DroppedOnIpv6,
    /// Nobody listens at the IPv6 address; the IPv4 address works.
    RefusedOnIpv6,
}

/// A server's step with a connection.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// Reads the whole request.
    Read,
    /// Waits a moment, during which the request arrives.
    Pause,
    ReadByte,
    Say(&'static str),
    /// Writes one byte per second.
    Drip(&'static str),
    /// Writes repeatedly.
    Flood(&'static str),
    /// Shuts down the sending direction.
    EndWriting,
    /// Shuts down the receiving direction.
    EndReading,
    Close,
    Reset,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    Tls12,
    Tls13,
}

/// The end of the relay, after its last record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Nothing more; the connection stays open.
    Stall,
    Close,
    Reset,
}

/// The state of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Files {
    /// The config directory's file system takes requests and never answers.
    ConfigHangs,
    /// The config directory's file system never takes a request.
    ConfigDead,
    /// The library directory's file system takes requests and never answers.
    LibraryHangs,
    /// The same, with a silent server.
    LibraryHangsAndServerIsSilent,
    Full,
    /// The disk is full, and the server is silent.
    FullAndServerIsSilent,
    ReadOnly,
    /// The trust store is a FIFO without a writer.
    TrustStoreHangs,
    TrustStoreEndless,
}

/// The outcome of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// The output, for the daemon.
    pub out: &'static str,
    /// The exit status.
    pub code: i32,
    pub when: When,
    pub event: Event,
}

/// The time of a call's return.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// As soon as the fault appears.
    AtOnce,
    /// At a quarter of the deadline.
    Quarter,
    Deadline,
    /// As soon as another address has answered, before the deadline.
    Before,
}

/// The fate of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Waits for another attempt.
    Waits,
    /// Delivered, and in the history.
    Delivered,
    /// Delivered, but not recorded.
    DeliveredOnly,
    /// Lost, with one line on standard error.
    Lost,
    /// None: the decision about consent was not known.
    None,
}

const fn failed(code: i32) -> End {
    End { out: "000", code, when: When::AtOnce, event: Event::Waits }
}

const OUT_OF_TIME: End = End { out: "000", code: 28, when: When::Deadline, event: Event::Waits };
const DELIVERED: End = End { out: "200", code: 0, when: When::AtOnce, event: Event::Delivered };
const DELIVERED_IN_TIME: End = End { when: When::Before, ..DELIVERED };
const DELIVERED_ONLY: End = End { event: Event::DeliveredOnly, ..DELIVERED };
const LOST: End = End { event: Event::Lost, ..OUT_OF_TIME };
const SILENT: End = End { out: "", code: 0, when: When::Quarter, event: Event::None };

const NAME: i32 = 6;
const CONNECT: i32 = 7;
const TLS: i32 = 35;
const EMPTY: i32 = 52;
const RECEIVE: i32 = 56;
const CERTIFICATE: i32 = 60;
const PROXY_NAME: i32 = 5;

const fn fault(name: &'static str, way: Way, ends: End) -> Fault {
    Fault { name, way, ends, short: None, with_glibc: None }
}

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n";

use Step::{Close, Drip, EndReading, EndWriting, Flood, Pause, Read, ReadByte, Reset, Say};

pub const FAULTS: &[(&str, &[Fault])] = &[
    (
        "The name",
        &[
            fault("the name server never answers", Way::Names(Names::Silent), OUT_OF_TIME),
            Fault {
                name: "the name server answers after 1.5 s",
                way: Way::Names(Names::Late),
                ends: DELIVERED_IN_TIME,
                short: Some(OUT_OF_TIME),
                with_glibc: None,
            },
            fault("there is no such name", Way::Names(Names::Missing), failed(NAME)),
            Fault {
                with_glibc: Some(failed(NAME)),
                ..fault("the name server cannot answer", Way::Names(Names::Failing), OUT_OF_TIME)
            },
            fault("the name server answers with garbage", Way::Names(Names::Garbage), OUT_OF_TIME),
            fault("the name leads to a machine that cannot be reached", Way::Names(Names::Elsewhere), failed(CONNECT)),
        ],
    ),
    (
        "The connection",
        &[
            fault("nobody listens", Way::Connect(Connect::Refused), failed(CONNECT)),
            fault("a firewall drops every packet", Way::Connect(Connect::Dropped), OUT_OF_TIME),
            fault("a firewall refuses every packet", Way::Connect(Connect::Rejected), failed(CONNECT)),
            fault("the server's queue is full", Way::Connect(Connect::Full), OUT_OF_TIME),
            fault("IPv6 packets are dropped, IPv4 works", Way::Connect(Connect::DroppedOnIpv6), DELIVERED_IN_TIME),
            fault("nobody listens on IPv6, IPv4 works", Way::Connect(Connect::RefusedOnIpv6), DELIVERED),
            fault("accepted, and then silence", Way::Server(&[]), OUT_OF_TIME),
            fault("accepted, the request is read, and then silence", Way::Server(&[Read]), OUT_OF_TIME),
            fault("accepted and closed, with the request unread", Way::Server(&[Pause, Close]), failed(RECEIVE)),
            fault("accepted and reset, with the request unread", Way::Server(&[Pause, Reset]), failed(RECEIVE)),
            fault("reset after the first byte of the request", Way::Server(&[ReadByte, Reset]), failed(RECEIVE)),
            fault("the request is read, then closed", Way::Server(&[Read, Close]), failed(EMPTY)),
            fault("the request is read, then reset", Way::Server(&[Read, Reset]), failed(RECEIVE)),
            fault(
                "half closed: the server will write no more, and reads on",
                Way::Server(&[EndWriting, Read]),
                failed(EMPTY),
            ),
            fault("half closed: the server will read no more, and is silent", Way::Server(&[EndReading]), OUT_OF_TIME),
        ],
    ),
    (
        "The answer",
        &[
            fault("the status line, a byte a second", Way::Server(&[Read, Drip(HEAD)]), OUT_OF_TIME),
            fault(
                "the headers, a byte a second",
                Way::Server(&[Read, Say("HTTP/1.1 200 OK\r\n"), Drip("server: slow\r\n\r\n")]),
                OUT_OF_TIME,
            ),
            fault(
                "headers that never end",
                Way::Server(&[Read, Say("HTTP/1.1 200 OK\r\n"), Flood("x-more: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n")]),
                failed(RECEIVE),
            ),
            fault(
                "one header line that never ends",
                Way::Server(&[Read, Say("HTTP/1.1 200 OK\r\nx: "), Flood("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")]),
                failed(RECEIVE),
            ),
            fault(
                "\"100 Continue\" without end",
                Way::Server(&[Read, Flood("HTTP/1.1 100 Continue\r\n\r\n")]),
                failed(RECEIVE),
            ),
            fault(
                "a body that never ends",
                Way::Server(&[Read, Say("HTTP/1.1 200 OK\r\n\r\n"), Flood("xxxxxxxxxxxxxxxx")]),
                DELIVERED,
            ),
            fault("the body, a byte a second", Way::Server(&[Read, Say(HEAD), Say("\r\n"), Drip("ok")]), DELIVERED),
            fault("a body that is announced and never comes", Way::Server(&[Read, Say(HEAD), Say("\r\n")]), DELIVERED),
            fault("reset within the body", Way::Server(&[Read, Say(HEAD), Say("\r\no"), Reset]), DELIVERED),
            fault("closed within the status line", Way::Server(&[Read, Say("HTTP/1.1 2"), Close]), failed(RECEIVE)),
            fault("closed within the headers", Way::Server(&[Read, Say(HEAD), Close]), failed(RECEIVE)),
            fault("reset within the headers", Way::Server(&[Read, Say(HEAD), Reset]), failed(RECEIVE)),
            fault("silence within the headers", Way::Server(&[Read, Say(HEAD)]), OUT_OF_TIME),
            fault("another protocol", Way::Server(&[Say("SSH-2.0-OpenSSH_9.2p1\r\n"), Read]), failed(RECEIVE)),
            fault("garbage without end", Way::Server(&[Read, Flood("\u{1}\u{7f}garbage\0")]), failed(RECEIVE)),
        ],
    ),
    (
        "TLS",
        &[
            fault("silence where TLS is expected", Way::TlsServer(&[]), OUT_OF_TIME),
            fault("closed where TLS is expected", Way::TlsServer(&[ReadByte, Close]), failed(TLS)),
            fault(
                "plain HTTP where TLS is expected",
                Way::TlsServer(&[Say("HTTP/1.1 400 no TLS\r\n\r\n")]),
                failed(TLS),
            ),
            fault(
                "a TLS alert (handshake_failure)",
                Way::TlsServer(&[ReadByte, Say("\u{15}\u{3}\u{3}\0\u{2}\u{2}\u{28}")]),
                failed(TLS),
            ),
            fault(
                "a TLS record, a byte a second",
                Way::TlsServer(&[Drip("\u{16}\u{3}\u{3}\0\u{7a}\u{2}\0\0\u{76}\u{3}")]),
                OUT_OF_TIME,
            ),
            fault(
                "a TLS record without end",
                Way::TlsServer(&[Say("\u{16}\u{3}\u{3}\u{3f}\u{7f}"), Flood("xxxxxxxx")]),
                failed(TLS),
            ),
            fault("TLS 1.3 stalls before ServerHello", Way::Tls(Version::Tls13, 0, Then::Stall), OUT_OF_TIME),
            fault("TLS 1.3 stalls after 1 record", Way::Tls(Version::Tls13, 1, Then::Stall), OUT_OF_TIME),
            fault("TLS 1.3 stalls after 2 records", Way::Tls(Version::Tls13, 2, Then::Stall), OUT_OF_TIME),
            fault("TLS 1.3 stalls after 3 records", Way::Tls(Version::Tls13, 3, Then::Stall), OUT_OF_TIME),
            fault("TLS 1.3 stalls after 4 records", Way::Tls(Version::Tls13, 4, Then::Stall), OUT_OF_TIME),
            fault("TLS 1.3 stalls after 5 records", Way::Tls(Version::Tls13, 5, Then::Stall), OUT_OF_TIME),
            fault("TLS 1.3 stalls after the handshake", Way::Tls(Version::Tls13, 6, Then::Stall), OUT_OF_TIME),
            fault("TLS 1.2 stalls after 1 record", Way::Tls(Version::Tls12, 1, Then::Stall), OUT_OF_TIME),
            fault("TLS 1.2 stalls after 2 records", Way::Tls(Version::Tls12, 2, Then::Stall), OUT_OF_TIME),
            fault("TLS 1.2 stalls after 3 records", Way::Tls(Version::Tls12, 3, Then::Stall), OUT_OF_TIME),
            fault("TLS 1.2 stalls after 4 records", Way::Tls(Version::Tls12, 4, Then::Stall), OUT_OF_TIME),
            fault("TLS 1.2 stalls after 5 records", Way::Tls(Version::Tls12, 5, Then::Stall), OUT_OF_TIME),
            fault("TLS 1.3 is closed after ServerHello", Way::Tls(Version::Tls13, 1, Then::Close), failed(TLS)),
            fault("TLS 1.3 is reset after ServerHello", Way::Tls(Version::Tls13, 1, Then::Reset), failed(TLS)),
            fault("TLS 1.2 is closed within the handshake", Way::Tls(Version::Tls12, 2, Then::Close), failed(TLS)),
            fault("TLS 1.2 is reset within the handshake", Way::Tls(Version::Tls12, 2, Then::Reset), failed(TLS)),
            fault(
                "TLS 1.3 is closed after the handshake, without an answer",
                Way::Tls(Version::Tls13, 6, Then::Close),
                failed(EMPTY),
            ),
            fault(
                "TLS 1.3 is reset after the handshake, without an answer",
                Way::Tls(Version::Tls13, 6, Then::Reset),
                failed(RECEIVE),
            ),
            fault(
                "the trust store is a pipe that nobody writes to",
                Way::Files(Files::TrustStoreHangs),
                failed(CERTIFICATE),
            ),
            fault("the trust store never ends", Way::Files(Files::TrustStoreEndless), failed(CERTIFICATE)),
        ],
    ),
    (
        "The proxy",
        &[
            fault("the proxy is silent", Way::Proxy(&[]), OUT_OF_TIME),
            fault("the proxy closes", Way::Proxy(&[Read, Close]), failed(RECEIVE)),
            fault("the proxy resets", Way::Proxy(&[Read, Reset]), failed(RECEIVE)),
            fault("the proxy refuses", Way::Proxy(&[Read, Say("HTTP/1.1 403 Forbidden\r\n\r\n")]), failed(RECEIVE)),
            fault(
                "the proxy wants a password",
                Way::Proxy(&[Read, Say("HTTP/1.1 407 Who?\r\nproxy-authenticate: Basic\r\n\r\n")]),
                failed(RECEIVE),
            ),
            fault(
                "the proxy answers a byte a second",
                Way::Proxy(&[Read, Drip("HTTP/1.1 200 OK\r\n\r\n")]),
                OUT_OF_TIME,
            ),
            fault(
                "the proxy's headers never end",
                Way::Proxy(&[Read, Say("HTTP/1.1 200 OK\r\n"), Flood("x-more: xxxxxxxxxxxxxxxx\r\n")]),
                failed(RECEIVE),
            ),
            fault(
                "the proxy connects, and then silence",
                Way::Proxy(&[Read, Say("HTTP/1.1 200 OK\r\n\r\n")]),
                OUT_OF_TIME,
            ),
            fault(
                "the proxy connects and closes",
                Way::Proxy(&[Read, Say("HTTP/1.1 200 OK\r\n\r\n"), Close]),
                failed(TLS),
            ),
            fault("nobody listens at the proxy", Way::ProxyAt("http://127.0.0.1:9"), failed(CONNECT)),
            fault("there is no such proxy", Way::ProxyAt("http://missing.test:3128"), failed(PROXY_NAME)),
            fault("the proxy's name is never answered", Way::ProxyAt("http://silent.test:3128"), OUT_OF_TIME),
            fault(
                "the proxy is of a kind that is not supported (SOCKS)",
                Way::ProxyAt("socks5://127.0.0.1:9"),
                failed(CONNECT),
            ),
        ],
    ),
    (
        "Files",
        &[
            fault(
                "the config directory is on a file system that never answers",
                Way::Files(Files::ConfigHangs),
                SILENT,
            ),
            fault("the config directory is on a file system that nobody serves", Way::Files(Files::ConfigDead), SILENT),
            fault(
                "the library directory is on a file system that never answers",
                Way::Files(Files::LibraryHangs),
                LOST,
            ),
            fault("the same, and the server is silent", Way::Files(Files::LibraryHangsAndServerIsSilent), LOST),
            fault("the disk is full", Way::Files(Files::Full), DELIVERED_ONLY),
            fault("the disk is full, and the server is silent", Way::Files(Files::FullAndServerIsSilent), LOST),
            fault("the disk can only be read", Way::Files(Files::ReadOnly), DELIVERED_ONLY),
        ],
    ),
];
