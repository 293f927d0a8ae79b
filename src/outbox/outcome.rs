//! The outcomes of a delivery, and their consequence for the event.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::UnixMillis;
use crate::outbox::limits;

/// The end of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    pub outcome: Outcome,
    pub time: UnixMillis,
    /// The earliest time for another attempt, from `Retry-After`.
    pub not_before: Option<UnixMillis>,
}

/// Parses `Retry-After`, seconds or a date (RFC 9110, 10.2.3), limited to the lifetime of an event.
pub fn not_before(retry_after: &str, now: UnixMillis) -> Option<UnixMillis> {
    let text = retry_after.trim();
    let wait = if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        UnixMillis::of(httpdate::parse_http_date(text).ok()?)?.since(now)
    };
    Some(now.after(wait.min(limits::RETRY_AFTER)))
}

/// The outcome of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    Answered(u16),
    Failed(Failure),
    /// Consent was withdrawn before the first byte of the request; nothing was sent.
    Withdrawn,
}

/// Why there was no answer, in curl's terms (curl(1), EXIT CODES), as always in the daemon's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Failure {
    ProxyName,
    Name,
    Connect,
    Time,
    Tls,
    EmptyReply,
    Receive,
    Certificate,
}

impl Failure {
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

/// The consequence of an attempt for its event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It has its final answer, accepted or not, and moves to the history.
    Answered,
    Waits,
    Deleted,
}

impl Outcome {
    /// A final answer is one that accepts or rejects the event. A "not now" and every network fault keep it waiting.
    pub const fn disposition(self) -> Disposition {
        match self {
            Self::Answered(408 | 429 | 500..=599) | Self::Failed(_) => Disposition::Waits,
            Self::Answered(_) => Disposition::Answered,
            Self::Withdrawn => Disposition::Deleted,
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
            assert_eq!(Outcome::Answered(status).disposition(), Disposition::Answered, "{status}");
        }
        for status in [408, 429, 500, 502, 503, 599] {
            assert_eq!(Outcome::Answered(status).disposition(), Disposition::Waits, "{status}");
        }
        assert_eq!(Outcome::Failed(Failure::Name).disposition(), Disposition::Waits);
        assert_eq!(Outcome::Withdrawn.disposition(), Disposition::Deleted);
    }
}
