//! The frozen bytes of an event. A payload can only be made by encoding an [`Event`].

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::clock::UnixMillis;
use crate::fields::shape::Value;
use crate::fields::{Origin, Place};
use crate::request::event::{Content, Entry, Event};

/// Bytes of a body. A stock daemon's is about 4 KiB; the server refuses far larger ones.
pub const BODY_BYTES: usize = 64 * 1024;

/// The two values that are set at the moment of freezing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// A random number of this one event (UUID version 4).
    pub uuid: String,
    /// When it was frozen.
    pub time: UnixMillis,
}

impl Stamp {
    /// A new random number and the time of now. Without a random number no event can be told from another, so none is made.
    pub fn new() -> Result<Self, NoRandomNumber> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(NoRandomNumber)?;
        let uuid = uuid::Builder::from_random_bytes(bytes).into_uuid().to_string();
        Ok(Self { uuid, time: UnixMillis::now() })
    }

    /// The same for what is only shown: where no random number is to be had, zeros stand for it.
    pub fn now() -> Self {
        Self::new().unwrap_or_else(|_none| Self { uuid: uuid::Uuid::nil().to_string(), time: UnixMillis::now() })
    }
}

/// The system gives no random number.
#[derive(Debug)]
pub struct NoRandomNumber(getrandom::Error);

impl std::fmt::Display for NoRandomNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "nothing is sent: the system gives no random number, by which one event is told from another ({})",
            self.0
        )
    }
}

impl std::error::Error for NoRandomNumber {}

/// The body of a request, frozen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    bytes: Vec<u8>,
    stamp: Stamp,
}

/// The body would be larger than the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLarge;

impl std::fmt::Display for TooLarge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the body would be larger than {BODY_BYTES} bytes")
    }
}

impl std::error::Error for TooLarge {}

impl Payload {
    /// Encodes an event. Values that are not known here become `null`.
    pub fn freeze(event: &Event, stamp: Stamp) -> Result<Self, TooLarge> {
        // Serialising plain data into memory cannot fail; were it to, an empty body would be the honest result of nothing.
        let bytes = serde_json::to_vec(&Body { event, stamp: &stamp }).map_err(|_error| TooLarge)?;
        if bytes.len() > BODY_BYTES { Err(TooLarge) } else { Ok(Self { bytes, stamp }) }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What was set at the moment of freezing.
    pub fn stamp(&self) -> &Stamp {
        &self.stamp
    }
}

struct Body<'a> {
    event: &'a Event,
    stamp: &'a Stamp,
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
            (Content::Frozen, Origin::FrozenUuid) => map.serialize_entry(name, &self.stamp.uuid),
            (Content::Frozen, _) => map.serialize_entry(name, &self.stamp.time.to_string()),
            (Content::NotKnownHere | Content::Dropped(_) | Content::Absent, _) => {
                map.serialize_entry(name, &Value::Null)
            }
        }
    }
}

impl Content {
    /// Whether the field stands in the body.
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
