//! An entry: the frozen request of one event, and what is known about the attempts to send it.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::{BootTime, UnixMillis};
use crate::endpoint::Endpoint;
use crate::fields::Action;
use crate::outbox::limits;
use crate::request::http::{PreparedRequest, thaw};
use crate::request::payload::{Stamp, Uuid};

const WAITING: &str = "waiting";
const SENT: &str = "sent";
/// The version of the entries' first line.
pub(super) const FORMAT: u32 = 1;

/// The two states of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Frozen and not answered.
    Waiting,
    /// Answered.
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

/// The name of an entry: when its event was frozen, and the event's random number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    time: UnixMillis,
    uuid: Uuid,
}

impl Name {
    /// The name of an event's entry.
    pub fn of(stamp: &Stamp) -> Self {
        Self { time: stamp.time, uuid: stamp.uuid }
    }

    pub(super) fn parse(name: &OsStr) -> Option<Self> {
        let text = name.to_str()?;
        let (time, uuid) = text.split_once('-')?;
        let parsed = Self { time: UnixMillis(time.parse().ok()?), uuid: uuid.parse().ok()? };
        // Both parsers accept other forms, too.
        (parsed.to_string() == text).then_some(parsed)
    }

    /// When the event was frozen.
    pub fn time(&self) -> UnixMillis {
        self.time
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.time.0, self.uuid)
    }
}

/// The first line of an entry: what is known about the attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub(super) format: u32,
    /// Where the request goes.
    pub url: String,
    /// How often it was tried.
    pub attempts: u32,
    /// The status of the last answer; `None`: there was none.
    pub status: Option<u16>,
    /// When it was last tried.
    pub time: Option<UnixMillis>,
    /// The server asked that it is not tried before this time.
    #[serde(default)]
    pub not_before: Option<UnixMillis>,
    /// When it was frozen, by a clock that nobody sets. Entries of older versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) frozen: Option<BootTime>,
}

impl Record {
    /// Until when the event must not be tried again, if that is not over. A time that is further away than any server can ask
    /// for was written down by a clock that was wrong.
    pub fn waits_until(&self, now: UnixMillis) -> Option<UnixMillis> {
        self.not_before.filter(|time| *time > now && *time <= now.after(limits::RETRY_AFTER))
    }
}

/// An entry: the frozen request, and what is known about the attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What is known about the attempts.
    pub record: Record,
    /// All bytes of the request.
    pub request: Vec<u8>,
}

impl Entry {
    /// An entry for a request that was not tried yet.
    pub fn new(request: &PreparedRequest) -> Self {
        let url = request.endpoint().to_string();
        let record =
            Record { format: FORMAT, url, attempts: 0, status: None, time: None, not_before: None, frozen: None };
        Self { record, request: request.to_bytes() }
    }

    /// The body of the request: what stands behind the empty line (RFC 9112).
    pub fn body(&self) -> &[u8] {
        let end = self.request.windows(4).position(|w| w == b"\r\n\r\n").map_or(self.request.len(), |at| at + 4);
        self.request.get(end..).unwrap_or_default()
    }

    /// The body as JSON, where it is.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(self.body()).ok()
    }

    /// The action of the event.
    pub fn action(&self) -> Option<String> {
        Some(self.json()?.get("properties")?.get("action")?.as_str()?.to_owned())
    }

    /// The request, if it is one to this destination, just as it was frozen. Nothing else is sent anywhere.
    pub fn request_to(&self, endpoint: &Endpoint) -> Option<PreparedRequest> {
        if self.record.url == endpoint.to_string() { thaw(&self.request, endpoint) } else { None }
    }

    /// Whether the event says that the agent failed: these matter most.
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

/// An event that waits, or that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Which of the two.
    pub state: State,
    /// Its name.
    pub name: Name,
    /// The entry; an error says why it cannot be read.
    pub entry: Result<Entry, String>,
}

/// How old an event is. If the machine was not started again since, the time of its start tells; else the clock does, and one that
/// was set back makes nothing older than it is: what lies in the future has the age 0. So has what was frozen before this program
/// existed, when the clock had not been set yet: such an event ends by its number of tries.
pub(super) fn age(now: UnixMillis, boot: Option<&BootTime>, name: &Name, entry: Option<&Entry>) -> Duration {
    let frozen = entry.and_then(|entry| entry.record.frozen.as_ref());
    boot.zip(frozen)
        .and_then(|(now, frozen)| now.since(frozen))
        .unwrap_or_else(|| if name.time < limits::FIRST_TIME { Duration::ZERO } else { now.since(name.time) })
}
