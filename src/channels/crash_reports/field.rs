//! The row of a field, and the values as the daemon writes them.

use std::fmt::Write as _;

use crate::agent::status_file::ending::Ending;
use crate::agent::status_file::{LastStatus, Release, Uuid, time};
use crate::fields::Sensitivity;

/// A field of the report.
#[derive(Debug, Clone, Copy)]
pub struct ReportField {
    /// The keys, with dots between them.
    pub path: &'static str,
    pub since: Since,
    pub sensitivity: Sensitivity,
    pub source: Source,
    pub why: Why,
    /// One sentence.
    pub what: &'static str,
    /// Text that nobody has checked for names, paths and addresses.
    pub free_text: bool,
    /// Its JSON; empty: it is left out.
    pub(super) value: fn(&Facts<'_>) -> Vec<u8>,
}

/// The first version of the status file with the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// Before the first release that reports, 2.3, whose version was 19.
    First,
    /// The daemon writes it from this version on, whatever file it has read.
    Daemon(u64),
    /// The same, but it leaves it out where the file that it has read is older.
    File(u64),
}

impl Since {
    pub const fn version(self) -> u64 {
        match self {
            Self::First => 0,
            Self::Daemon(version) | Self::File(version) => version,
        }
    }
}

/// Where the daemon has a value from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Computed from the others when it starts and posts; not in the file.
    Computed,
    /// The daemon itself, in the run that ended.
    Run,
    /// What it counts from run to run in its status file.
    Count,
    /// Its own identity, and that of the Cloud.
    Identity,
    /// `system-info.sh`, which it calls at its start.
    SystemInfo,
    /// The operating system.
    System,
    /// DMI, the firmware's table about the hardware.
    Dmi,
    /// The crash.
    Crash,
}

impl Source {
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Computed => "computed when the daemon starts",
            Self::Run => "the run that ended",
            Self::Count => "counted from run to run",
            Self::Identity => "the agent's identity",
            Self::SystemInfo => "system-info.sh",
            Self::System => "the operating system",
            Self::Dmi => "the firmware's table (DMI)",
            Self::Crash => "the crash",
        }
    }

    /// Whether it is not in the status file.
    pub const fn is_computed(self) -> bool {
        matches!(self, Self::Computed)
    }
}

/// Why it is collected, as far as Netdata's documentation of `crash reports` and of its server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Restarts and crashes are reported.
    Ending,
    /// Each is counted once, and those of one agent belong together.
    Counting,
    /// On which versions and systems do crashes repeat?
    Comparing,
    /// Was something short?
    Shortage,
    /// Where in the program was it?
    Debugging,
    Unsaid,
}

impl Why {
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Ending => "tells crashes from other restarts",
            Self::Counting => "tells agents and repeated reports apart",
            Self::Comparing => "shows on which versions and systems crashes repeat",
            Self::Shortage => "shows whether memory, disk or time was short",
            Self::Debugging => "leads to the place in the program",
            Self::Unsaid => "Netdata does not say why",
        }
    }
}

/// What the values are made from.
pub(super) struct Facts<'s> {
    pub(super) status: &'s LastStatus,
    pub(super) ending: Ending,
    pub(super) daemon: &'s Release,
    /// The version of the file that the daemon writes.
    pub(super) schema: u64,
}

impl Facts<'_> {
    pub(super) fn has(&self, since: Since) -> bool {
        match since {
            Since::First => true,
            Since::Daemon(version) => self.schema >= version,
            Since::File(version) => self.schema >= version && self.status.version >= version,
        }
    }

    /// From 2.8 on, a time that could not be read is an empty text.
    pub(super) fn time(&self, micros: u64) -> Vec<u8> {
        let missing = micros == 0 && !self.daemon.writes_1970();
        text(if missing { String::new() } else { time::write(micros) }.as_bytes())
    }
}

/// A JSON string as the daemon writes it: bytes from 0x7f on stay, whether they are UTF-8 or not.
pub(super) fn text(bytes: &[u8]) -> Vec<u8> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut json = Vec::with_capacity(bytes.len() + 2);
    json.push(b'"');
    for byte in bytes {
        match byte {
            b'"' | b'\\' => json.extend([b'\\', *byte]),
            b'\n' => json.extend(b"\\n"),
            b'\r' => json.extend(b"\\r"),
            b'\t' => json.extend(b"\\t"),
            8 => json.extend(b"\\b"),
            12 => json.extend(b"\\f"),
            0..32 => {
                let digit = |digit: u8| HEX.get(usize::from(digit)).copied().unwrap_or(b'0');
                json.extend([b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)]);
            }
            _ => json.push(*byte),
        }
    }
    json.push(b'"');
    json
}

pub(super) fn unsigned(number: u64) -> Vec<u8> {
    number.to_string().into_bytes()
}

pub(super) fn signed(number: i64) -> Vec<u8> {
    number.to_string().into_bytes()
}

/// A negative number is written as the large one with the same bits.
pub(super) fn process(number: i32) -> Vec<u8> {
    unsigned(i64::from(number).cast_unsigned())
}

pub(super) fn switch(on: bool) -> Vec<u8> {
    on.to_string().into_bytes()
}

pub(super) fn words(words: impl Iterator<Item = &'static str>) -> Vec<u8> {
    let words: Vec<String> = words.map(|word| format!("\"{word}\"")).collect();
    format!("[{}]", words.join(",")).into_bytes()
}

/// Without dashes.
pub(super) fn compact(uuid: &Uuid) -> Vec<u8> {
    identifier(uuid, &[])
}

pub(super) fn dashed(uuid: &Uuid) -> Vec<u8> {
    identifier(uuid, &[4, 6, 8, 10])
}

fn identifier(uuid: &Uuid, dashes: &[usize]) -> Vec<u8> {
    if *uuid == Uuid::default() {
        return b"null".to_vec();
    }
    let mut json = String::with_capacity(38);
    for (at, byte) in uuid.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(json, "{}{byte:02x}", if dashes.contains(&at) { "-" } else { "" });
    }
    text(json.as_bytes())
}
