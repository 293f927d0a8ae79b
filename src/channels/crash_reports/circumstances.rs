//! What a report depends on besides the status file.

use crate::agent::status_file::{Release, Text, Uuid};

/// What happens until the daemon starts again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum If {
    /// Nothing: the daemon has stopped already, or it is killed, and its file stays as it is.
    #[default]
    Killed,
    /// Somebody stops it (SIGTERM).
    Stopped,
    /// The machine loses its power.
    PowerLoss,
    /// It crashes: a signal ends it.
    Crash,
}

impl If {
    pub const ALL: [Self; 4] = [Self::Killed, Self::Stopped, Self::PowerLoss, Self::Crash];
}

/// What else the report depends on.
#[derive(Debug, Clone)]
pub struct Circumstances<'c> {
    /// The daemon that starts next.
    pub daemon: &'c Release,
    /// The identifier of the machine's present boot.
    pub boot_id: Option<Uuid>,
    pub case: If,
    pub machine: ThisMachine,
}

/// Whether a value is known before the daemon starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    Now,
    /// Only the start decides; the value is `null`, or what it usually is.
    AtStart,
    /// Only the stop decides; the value is the present one.
    AtStop,
    /// It depends on this machine, and was not found out here.
    NotHere,
    /// An example: only the crash decides.
    Example,
}

/// This machine's own values, as the daemon would find them. `None`: not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ThisMachine {
    pub machine_id: Option<Uuid>,
    /// The identifier of the installation, and the time of its file in microseconds since 1970.
    pub guid: Option<(Uuid, u64)>,
    pub cpus: Option<u64>,
    /// In bytes.
    pub memory: Option<u64>,
    /// The installation's file `.install-type`.
    pub install_type: Option<Text>,
    /// How the installed daemon records stack traces, and whether it has Sentry: its program tells.
    pub stack_traces: Option<Text>,
    pub sentry: Option<bool>,
    /// Whether the firmware has a table about the hardware (`/sys/class/dmi/id`).
    pub dmi: Option<bool>,
}

/// What is marked as not known: paths, or beginnings of paths up to a dot.
pub(super) type Marks = Vec<(&'static str, Known)>;
