//! The daemon's status file: its own last state, which it reports at its next start.
//!
//! It is read as that daemon reads it, and not more strictly: what it would make of a damaged file is what it will post.

mod choice;
pub mod ending;
mod json;
mod number;
mod read;
mod release;
mod signal;
pub mod time;
mod words;

pub use choice::{Candidate, Choice, Content, Found, Places, choose, look};
pub use release::{Hashing, Release};
pub use signal::SignalCode;
pub use words::{DbMode, Profile, Reasons, State};

pub const FILE: &str = "status-netdata.json";

/// The daemon does not read a larger file.
pub const FILE_BYTES: usize = 65_536;

/// The versions of the file whose rules are known. Releases wrote 19 and later; older ones have other names of some
/// keys.
pub const KNOWN: std::ops::RangeInclusive<u64> = 17..=29;

/// 16 bytes; all zero: none.
pub type Uuid = [u8; 16];

/// A text, which need not be UTF-8.
pub type Text = Vec<u8>;

/// What the daemon makes of the newest status file.
#[derive(Debug, Clone, PartialEq)]
pub enum Read {
    Status(Box<LastStatus>),
    /// It reports "no last status". What it has read all the same goes into the new status.
    None(NoStatus, Box<LastStatus>),
    /// A version of the file whose rules are not known.
    UnknownVersion(u64),
}

/// Why there is no last status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoStatus {
    NoFile,
    /// More than 64 KiB, or no regular file.
    Unreadable,
    NotJson,
    /// No version, or none that is a number.
    NoVersion,
    /// No state, or an unknown one.
    NoState,
}

impl NoStatus {
    pub const fn describe(self) -> &'static str {
        match self {
            Self::NoFile => "there is no status file",
            Self::Unreadable => "the status file is larger than 64 KiB, or no regular file",
            Self::NotJson => "the status file is not JSON",
            Self::NoVersion => "the status file has no version",
            Self::NoState => "the status file has no known state",
        }
    }
}

impl Read {
    pub fn nothing(why: NoStatus) -> Self {
        Self::None(why, Box::default())
    }
}

/// The last status, as the daemon holds it. What the file lacks is empty or zero.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LastStatus {
    /// The version of the file; zero: none was read.
    pub version: u64,
    /// The key whose value made the daemon stop reading.
    pub stopped_at: Option<&'static str>,
    /// Microseconds since 1970, as all times; zero: none.
    pub timestamp: u64,
    pub agent: Agent,
    pub metrics: Metrics,
    pub host: HostStatus,
    pub os: Os,
    pub hw: Hardware,
    pub product: Product,
    pub fatal: Fatal,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agent {
    pub id: Uuid,
    pub since: u64,
    pub ephemeral_id: Uuid,
    pub version: Text,
    pub uptime: i64,
    pub node_id: Uuid,
    pub claim_id: Uuid,
    pub restarts: u64,
    pub crashes: u64,
    pub pid: i32,
    pub posts: u64,
    /// `None`: the file has none; it is written as the first word of its list.
    pub aclk: Option<&'static str>,
    pub profile: Profile,
    pub status: State,
    pub exit_reason: Reasons,
    pub install_type: Text,
    pub db_mode: DbMode,
    pub db_tiers: u8,
    pub kubernetes: bool,
    pub sentry_available: bool,
    pub reliability: i64,
    pub stack_traces: Text,
    pub init_seconds: i64,
    pub exit_seconds: i64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Metrics {
    pub nodes_total: u64,
    pub nodes_receiving: u64,
    pub nodes_sending: u64,
    pub nodes_archived: u64,
    pub metrics: Counts,
    pub instances: Counts,
    pub contexts: Counts,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub collected: u64,
    pub available: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostStatus {
    pub id: Uuid,
    pub architecture: Text,
    pub virtualization: Text,
    pub container: Text,
    pub uptime: i64,
    pub timezone: Text,
    pub cloud_provider: Text,
    pub cloud_instance: Text,
    pub cloud_region: Text,
    pub system_cpus: u64,
    pub boot_id: Uuid,
    pub memory: Memory,
    pub disk: Disk,
    pub files: Footprint,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// Zero: the memory is not known.
    pub total: u64,
    pub free: u64,
    pub netdata: u64,
    pub oom_protection: u64,
}

impl Memory {
    pub fn is_known(&self) -> bool {
        self.total > 0
    }

    /// Not more is free than the daemon keeps free.
    pub fn is_critical(&self) -> bool {
        self.is_known() && self.free <= self.oom_protection
    }

    #[expect(clippy::cast_precision_loss, reason = "as the daemon computes it")]
    pub fn free_percent(&self) -> u64 {
        if !self.is_known() {
            return 100;
        }
        number::cast((100.0 * self.free as f64 / self.total as f64).round(), number::Width::U64)
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Disk {
    /// Zero: the disk is not known.
    pub total: u64,
    pub free: u64,
    pub inodes_total: u64,
    pub inodes_free: u64,
    pub read_only: bool,
}

impl Disk {
    pub fn is_known(&self) -> bool {
        self.total > 0
    }
}

/// The size of the agent's own files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Footprint {
    pub dbengine: u64,
    pub sqlite: u64,
    pub other: u64,
    pub last_updated: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Os {
    /// `None`: unknown.
    pub kind: Option<&'static str>,
    pub kernel: Text,
    pub name: Text,
    pub version: Text,
    pub family: Text,
    pub platform: Text,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hardware {
    pub sys_vendor: Text,
    pub sys_uuid: Text,
    pub product_id: Text,
    pub product_name: Text,
    pub product_version: Text,
    pub product_sku: Text,
    pub product_family: Text,
    pub board_name: Text,
    pub board_version: Text,
    pub board_vendor: Text,
    pub chassis_type: Text,
    pub chassis_vendor: Text,
    pub chassis_version: Text,
    pub bios_date: Text,
    pub bios_release: Text,
    pub bios_version: Text,
    pub bios_vendor: Text,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Product {
    pub vendor: Text,
    pub id: Text,
    pub name: Text,
    pub kind: Text,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fatal {
    pub line: u64,
    pub filename: Text,
    pub function: Text,
    pub message: Text,
    pub errno: Text,
    pub thread: Text,
    pub thread_id: i32,
    pub stack_trace: Text,
    pub signal_code: SignalCode,
    pub sentry: bool,
    pub fault_address: u64,
    pub worker_job_id: u32,
}
