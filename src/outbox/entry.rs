//! The frozen request of one event, with a record of the attempts to send it.

use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::{BootTime, UnixMillis};
use crate::endpoint::Endpoint;
use crate::fields::Action;
use crate::outbox::limits;
use crate::request::http::{PreparedRequest, parse_stored};
use crate::request::payload::EventId;

const WAITING: &str = "waiting";
const SENT: &str = "sent";
/// The version of an entry's first line.
pub(super) const FORMAT: u32 = 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Waiting,
    Sent,
}

impl State {
    pub(crate) const fn folder(self) -> &'static str {
        match self {
            Self::Waiting => WAITING,
            Self::Sent => SENT,
        }
    }
}

/// The first line of an entry: the attempts so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub(super) format: u32,
    pub url: String,
    pub attempts: u32,
    /// `None`: the last attempt had no answer.
    pub status: Option<u16>,
    /// The time of the last attempt.
    pub time: Option<UnixMillis>,
    /// Whether an attempt began whose end is not recorded. It is among the attempts: a sender whose time is over ends
    /// without recording anything.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) begun: bool,
    /// The server's `Retry-After`, as a time.
    #[serde(default)]
    pub not_before: Option<UnixMillis>,
    /// The time of freezing, by a clock that nobody can set. Entries of older versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) frozen: Option<BootTime>,
}

impl Record {
    /// The server's time limit, if it is still ahead. A limit beyond the longest allowed one comes from a wrong clock,
    /// and is ignored.
    pub fn waits_until(&self, now: UnixMillis) -> Option<UnixMillis> {
        self.not_before.filter(|time| *time > now && *time <= now.after(limits::RETRY_AFTER))
    }
}

/// A stored event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub record: Record,
    pub request: Vec<u8>,
}

impl Entry {
    pub fn new(request: &PreparedRequest) -> Self {
        let url = request.url();
        let record = Record {
            format: FORMAT,
            url,
            attempts: 0,
            status: None,
            time: None,
            begun: false,
            not_before: None,
            frozen: None,
        };
        Self { record, request: request.to_bytes() }
    }

    /// The same at the beginning of an attempt.
    #[must_use]
    pub fn begun(mut self, now: UnixMillis) -> Self {
        self.record.attempts = self.record.attempts.saturating_add(1);
        (self.record.status, self.record.time, self.record.begun) = (None, Some(now), true);
        self
    }

    /// The body of the request, after the empty line (RFC 9112).
    pub fn body(&self) -> &[u8] {
        let end = self.request.windows(4).position(|w| w == b"\r\n\r\n").map_or(self.request.len(), |at| at + 4);
        self.request.get(end..).unwrap_or_default()
    }

    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(self.body()).ok()
    }

    pub fn action(&self) -> Option<String> {
        Some(self.json()?.get("properties")?.get("action")?.as_str()?.to_owned())
    }

    /// The request exactly as it was frozen, if it goes to this destination. Nothing else is ever sent.
    pub fn request_to(&self, endpoint: &Endpoint) -> Option<PreparedRequest> {
        if self.record.url == endpoint.to_string() { parse_stored(&self.request, endpoint) } else { None }
    }

    /// Whether the event reports a failure of the agent: these matter most.
    pub fn is_failure(&self) -> bool {
        self.action().and_then(|name| Action::named(&name)).is_some_and(|action| action.is_failure)
    }

    pub(crate) fn encode(&self) -> io::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(&self.record)?;
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.request);
        Ok(bytes)
    }

    pub(crate) fn decode(bytes: &[u8]) -> io::Result<Self> {
        let damaged = |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("the entry is damaged: {what}"));
        let end = bytes.iter().position(|b| *b == b'\n').ok_or_else(|| damaged("it has no first line"))?;
        let (line, rest) = bytes.split_at(end);
        let record: Record = serde_json::from_slice(line).map_err(|error| damaged(&error.to_string()))?;
        if record.format != FORMAT {
            return Err(damaged("it has another format"));
        }
        Endpoint::parse(&record.url).map_err(|problem| damaged(&format!("its url is unusable, {problem}")))?;
        Ok(Self { record, request: rest.get(1..).unwrap_or_default().to_vec() })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub state: State,
    pub name: EventId,
    /// An error says why the entry cannot be read.
    pub entry: Result<Entry, String>,
}

/// The age of an event: by the time since boot if the machine was not restarted, else by the wall clock. A time in the
/// future gives the age 0. So does a time before this program existed, when the clock was not set yet; such an event
/// ends by its number of tries.
pub(super) fn age(now: UnixMillis, boot: Option<&BootTime>, name: &EventId, entry: Option<&Entry>) -> Duration {
    let frozen = entry.and_then(|entry| entry.record.frozen.as_ref());
    boot.zip(frozen)
        .and_then(|(now, frozen)| now.since(frozen))
        .unwrap_or_else(|| if name.time < limits::FIRST_TIME { Duration::ZERO } else { now.since(name.time) })
}
