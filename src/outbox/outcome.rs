//! What a delivery can end in, and what becomes of the event then.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::UnixMillis;
use crate::outbox::limits;

/// How an attempt ended, and what the server asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// How it ended.
    pub outcome: Outcome,
    /// When it ended.
    pub time: UnixMillis,
    /// Before when the server does not want to see the event again.
    pub not_before: Option<UnixMillis>,
}

/// Reads `Retry-After`, seconds or a date (RFC 9110, 10.2.3), and never lets a server ask for more than an event lives.
pub fn not_before(retry_after: &str, now: UnixMillis) -> Option<UnixMillis> {
    let text = retry_after.trim();
    let wait = if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        UnixMillis::of(httpdate::parse_http_date(text).ok()?)?.since(now)
    };
    Some(now.after(wait.min(limits::RETRY_AFTER)))
}

/// How an attempt to deliver ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The server answered with this status.
    Answered(u16),
    /// There was no answer.
    Failed(Failure),
    /// Consent was withdrawn before the first byte of the request; nothing was sent.
    Withdrawn,
}

/// Why there was no answer, in curl's terms (curl(1), EXIT CODES): the daemon's log has always held them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    /// The proxy's name could not be looked up.
    ProxyName,
    /// The host's name could not be looked up.
    Name,
    /// No connection could be made.
    Connect,
    /// The time was over.
    Time,
    /// The TLS handshake failed.
    Tls,
    /// The server closed the connection without an answer.
    EmptyReply,
    /// The answer could not be received.
    Receive,
    /// The server's certificate was not accepted.
    Certificate,
}

impl Failure {
    /// curl's exit code.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::ProxyName => 5,
            Self::Name => 6,
            Self::Connect => 7,
            Self::Time => 28,
            Self::Tls => 35,
            Self::EmptyReply => 52,
            Self::Receive => 56,
            Self::Certificate => 60,
        }
    }

    /// The reason in words.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::ProxyName => "the proxy's name was not found",
            Self::Name => "the server's name was not found",
            Self::Connect => "no connection could be made",
            Self::Time => "the time was over",
            Self::Tls => "the TLS handshake failed",
            Self::EmptyReply => "the server gave no answer",
            Self::Receive => "the answer could not be received",
            Self::Certificate => "the server's certificate was not accepted",
        }
    }
}

/// What becomes of an event after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It was answered for good, accepted or not; it is kept in the history only.
    Answered,
    /// It waits to be tried again.
    Waits,
    /// It is deleted.
    Deleted,
}

impl Outcome {
    /// A status that says the event is unacceptable ends it; one that says "not now" and every fault of the network keep
    /// it.
    pub const fn fate(self) -> Fate {
        match self {
            Self::Answered(408 | 429 | 500..=599) | Self::Failed(_) => Fate::Waits,
            Self::Answered(_) => Fate::Answered,
            Self::Withdrawn => Fate::Deleted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_says_when_to_come_again() {
        let now = UnixMillis(784_111_777_000);
        assert_eq!(not_before("120", now), Some(now + 120_000));
        assert_eq!(not_before(" Sun, 06 Nov 1994 08:50:37 GMT ", now), Some(now + 60_000));
        assert_eq!(not_before("Sat, 06 Nov 1993 08:50:37 GMT", now), Some(now));
        assert_eq!(not_before("99999999999999999", now), Some(now + 7 * 86_400_000));
        assert_eq!(not_before("99999999999999999999999", now), Some(now + 7 * 86_400_000));
        for bad in ["", " ", "soon", "-1", "+1", "1.5", "\u{1b}"] {
            assert_eq!(not_before(bad, now), None, "{bad}");
        }
    }

    #[test]
    fn what_becomes_of_an_event() {
        for status in [200, 201, 204, 301, 307, 400, 401, 404, 413] {
            assert_eq!(Outcome::Answered(status).fate(), Fate::Answered, "{status}");
        }
        for status in [408, 429, 500, 502, 503, 599] {
            assert_eq!(Outcome::Answered(status).fate(), Fate::Waits, "{status}");
        }
        assert_eq!(Outcome::Failed(Failure::Name).fate(), Fate::Waits);
        assert_eq!(Outcome::Withdrawn.fate(), Fate::Deleted);
    }
}
