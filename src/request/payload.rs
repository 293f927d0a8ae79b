//! The frozen bytes of an event. The only way to make a payload is to encode an [`Event`].

use std::ffi::OsStr;
use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};
pub use uuid::Uuid;

use crate::clock::UnixMillis;
use crate::fields::shape::Value;
use crate::fields::{Origin, Place};
use crate::request::error::NoRequest;
use crate::request::event::{Content, Entry, Event};

/// Bytes of a body. A stock daemon's has about 4 KiB.
pub const BODY_BYTES: usize = 64 * 1024;

/// The two values that are set when an event is frozen. They are its name in the outbox, and give it its order there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventId {
    pub time: UnixMillis,
    /// A random number (UUID version 4), or that of a run's start or end (version 8), which is the same whenever that is
    /// reported.
    pub uuid: Uuid,
}

impl EventId {
    pub fn new() -> Result<Self, NoRequest> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(NoRequest::NoRandomNumber)?;
        Ok(Self { uuid: uuid::Builder::from_random_bytes(bytes).into_uuid(), time: UnixMillis::now() })
    }

    /// A stamp for a request that is only shown; all zeros where the system gives no random number.
    pub fn now() -> Self {
        Self::new().unwrap_or_else(|_none| Self { uuid: Uuid::nil(), time: UnixMillis::now() })
    }

    /// Parses the form of `Display`, and no other.
    pub(crate) fn parse(name: &OsStr) -> Option<Self> {
        let text = name.to_str()?;
        let (time, uuid) = text.split_once('-')?;
        let parsed = Self { time: UnixMillis(time.parse().ok()?), uuid: uuid.parse().ok()? };
        // Both parsers also accept other forms.
        (parsed.to_string() == text).then_some(parsed)
    }
}

/// `<unix-milliseconds>-<uuid>`
impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.time.0, self.uuid)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    bytes: Vec<u8>,
    stamp: EventId,
}

impl Payload {
    /// Encodes an event. Values that are not known here become `null`.
    pub fn freeze(event: &Event, stamp: EventId) -> Result<Self, NoRequest> {
        // Serialising plain data into memory cannot fail.
        let bytes =
            serde_json::to_vec(&Body { event, stamp: &stamp }).map_err(|_error| NoRequest::TooLarge(BODY_BYTES))?;
        if bytes.len() > BODY_BYTES { Err(NoRequest::TooLarge(BODY_BYTES)) } else { Ok(Self { bytes, stamp }) }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn stamp(&self) -> EventId {
        self.stamp
    }
}

struct Body<'a> {
    event: &'a Event,
    stamp: &'a EventId,
}

struct Properties<'a>(&'a Body<'a>);

impl Body<'_> {
    fn entries(&self, place: Place) -> impl Iterator<Item = &Entry> {
        self.event.entries().iter().filter(move |entry| entry.field.place == place && entry.content.is_in_body())
    }

    fn write<M: SerializeMap>(&self, map: &mut M, entry: &Entry) -> Result<(), M::Error> {
        let name = entry.field.name;
        match (&entry.content, entry.field.origin) {
            (Content::Sent(value), _) => map.serialize_entry(name, value),
            (Content::Frozen, Origin::FrozenUuid) => map.serialize_entry(name, &self.stamp.uuid.to_string()),
            (Content::Frozen, _) => map.serialize_entry(name, &self.stamp.time.to_string()),
            (Content::NotKnownHere | Content::Dropped(_) | Content::Absent | Content::Withheld, _) => {
                map.serialize_entry(name, &Value::Null)
            }
        }
    }
}

impl Content {
    pub fn is_in_body(&self) -> bool {
        matches!(self, Self::Sent(_) | Self::NotKnownHere | Self::Frozen)
    }
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let (before, after): (Vec<&Entry>, Vec<&Entry>) =
            self.entries(Place::Top).partition(|entry| entry.content != Content::Frozen);
        for entry in before {
            self.write(&mut map, entry)?;
        }
        map.serialize_entry("properties", &Properties(self))?;
        for entry in after {
            self.write(&mut map, entry)?;
        }
        map.end()
    }
}

impl Serialize for Properties<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for entry in self.0.entries(Place::Properties) {
            self.0.write(&mut map, entry)?;
        }
        map.end()
    }
}
