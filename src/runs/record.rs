//! The record of what was reported.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid as Parsed;

use crate::agent::status_file::Uuid;
use crate::digest;

/// The runs that are kept: a hook that comes later than this many starts reports nothing.
const RUNS: usize = 16;

const FORMAT: u32 = 1;

/// The identifier of a run: systemd's, or the daemon's own (`ephemeral_id`). Never zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Key(Parsed);

impl Key {
    pub fn parse(text: &str) -> Option<Self> {
        Parsed::try_parse(text).ok().filter(|parsed| !parsed.is_nil()).map(Self)
    }

    pub fn new(id: Uuid) -> Option<Self> {
        Some(Parsed::from_bytes(id)).filter(|parsed| !parsed.is_nil()).map(Self)
    }

    /// The number by which a server recognises a repeated event: always the same for a start, or an end, of a run of this
    /// agent. `None`: the run before the first one.
    pub(super) fn event(key: Option<Self>, of: &str, identity: &str) -> Parsed {
        let key = key.map_or(Parsed::nil(), |key| key.0);
        let bytes = digest::first_16(&[of.as_bytes(), b":", identity.as_bytes(), b":", key.as_bytes()]);
        // RFC 9562, section 5.8: a number made in a way of one's own.
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for Key {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("it is no identifier of a run")
    }
}

/// What is known of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// systemd's identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invocation: Option<Key>,
    /// The daemon's, from its status file: known at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Key>,
    /// The run whose status file was there when this one started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Key>,
    /// Its end was reported, or is not to be.
    pub ended: bool,
}

impl Run {
    /// Whether a status file is of this run.
    pub(super) fn wrote(&self, status: Key) -> bool {
        self.status == Some(status) || self.invocation == Some(status)
    }

    pub(super) fn key(&self) -> Option<Key> {
        self.invocation.or(self.status)
    }
}

/// The last runs, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    format: u32,
    pub runs: Vec<Run>,
}

impl Default for Record {
    fn default() -> Self {
        Self { format: FORMAT, runs: Vec::new() }
    }
}

impl Record {
    /// `None`: it is damaged, or of another version of this program.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let record: Self = serde_json::from_slice(bytes).ok()?;
        (record.format == FORMAT && record.runs.len() <= RUNS).then_some(record)
    }

    pub fn encode(&self) -> Vec<u8> {
        // Plain data in memory cannot fail; nothing would be decoded as no record.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn add(&mut self, run: Run) {
        let more = (self.runs.len() + 1).saturating_sub(RUNS);
        self.runs.drain(..more.min(self.runs.len()));
        self.runs.push(run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::limits;

    fn key(number: u8) -> Key {
        Key::new([number; 16]).unwrap()
    }

    #[test]
    fn written_and_read_again() {
        let mut record = Record::default();
        for number in 1..=100 {
            let of = |bit: u8| (number & bit != 0).then(|| key(number));
            record.add(Run { invocation: of(1), status: of(2), before: of(4), ended: number & 8 != 0 });
        }
        assert_eq!(record.runs.len(), RUNS);
        assert_eq!(record.runs.last().unwrap().before, Some(key(100)));
        let bytes = record.encode();
        assert!(bytes.len() < limits::RECORD_BYTES);
        assert_eq!(Record::decode(&bytes), Some(record));
    }

    #[test]
    fn what_is_damaged_is_no_record() {
        let good = br#"{"format":1,"runs":[{"invocation":"0123456789abcdef0123456789abcdef","ended":true}]}"#;
        assert_eq!(Record::decode(good).unwrap().runs.len(), 1);
        for bad in [
            "",
            "{}",
            r#"{"format":2,"runs":[]}"#,
            r#"{"format":1,"runs":[],"more":1}"#,
            r#"{"format":1,"runs":[{"ended":true,"more":1}]}"#,
            r#"{"format":1,"runs":[{"invocation":"x","ended":true}]}"#,
            r#"{"format":1,"runs":[{"invocation":"00000000000000000000000000000000","ended":true}]}"#,
            &format!(r#"{{"format":1,"runs":[{}{{"ended":true}}]}}"#, r#"{"ended":true},"#.repeat(RUNS)),
        ] {
            assert_eq!(Record::decode(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn an_event_has_one_number() {
        let event = |number: Option<u8>, of| Key::event(number.map(key), of, "agent");
        assert_eq!(event(Some(1), "start"), event(Some(1), "start"));
        assert_ne!(event(Some(1), "start"), event(Some(1), "end"));
        assert_ne!(event(Some(1), "start"), event(Some(2), "start"));
        assert_ne!(event(None, "start"), Key::event(None, "start", "another agent"));
        assert_eq!(event(None, "start").get_version_num(), 8);
    }
}
