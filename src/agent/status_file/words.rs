//! The words of the status file, and the daemon's numbers for them.

/// The state in which the last run was left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum State {
    /// None, or an unknown one.
    #[default]
    None,
    Initializing,
    Running,
    Exiting,
    Exited,
}

impl State {
    const ALL: [(Self, &str); 5] = [
        (Self::None, "none"),
        (Self::Initializing, "initializing"),
        (Self::Running, "running"),
        (Self::Exiting, "exiting"),
        (Self::Exited, "exited"),
    ];

    pub(super) fn read(word: &[u8]) -> Self {
        Self::ALL.iter().find(|(_, name)| name.as_bytes() == word).map_or(Self::None, |(state, _)| *state)
    }

    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(state, _)| *state == self).map_or("none", |(_, name)| name)
    }

    pub fn number(self) -> u32 {
        self as u32
    }
}

/// Why the last run ended: any number of reasons, one bit each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reasons(pub u32);

/// In the order of their bits.
const REASONS: [&str; 20] = [
    "signal-bus-error",
    "signal-segmentation-fault",
    "signal-floating-point-exception",
    "signal-illegal-instruction",
    "signal-abort",
    "signal-bad-system-call",
    "signal-cpu-time-limit-exceeded",
    "signal-file-size-limit-exceeded",
    "out-of-memory",
    "already-running",
    "fatal",
    "api-quit",
    "cmd-exit",
    "signal-quit",
    "signal-terminate",
    "signal-interrupt",
    "service-stop",
    "system-shutdown",
    "update",
    "shutdown-timeout",
];

/// The signals of the first reasons (signal(7)), in the same order.
const OF_SIGNALS: [&str; 8] = ["SIGBUS", "SIGSEGV", "SIGFPE", "SIGILL", "SIGABRT", "SIGSYS", "SIGXCPU", "SIGXFSZ"];

impl Reasons {
    pub const OUT_OF_MEMORY: Self = Self(1 << 8);
    pub const FATAL: Self = Self(1 << 10);
    pub const ALREADY_RUNNING: Self = Self(1 << 9);
    pub const TERMINATED: Self = Self(1 << 14);
    pub const SHUTDOWN: Self = Self(1 << 17);
    pub const UPDATE: Self = Self(1 << 18);
    pub const TIMEOUT: Self = Self(1 << 19);
    /// An abort does not count among these.
    pub const DEADLY_SIGNAL: Self = Self(0b1110_1111);
    const ABNORMAL: Self = Self(0b111_1111_1111 | 1 << 19);

    pub fn has(self, any: Self) -> bool {
        self.0 & any.0 != 0
    }

    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    /// None, or an orderly stop.
    pub fn is_normal(self) -> bool {
        !self.has(Self::ABNORMAL)
    }

    /// The reason that the daemon gives for a signal; none for one that is no failure of its own, such as SIGKILL.
    pub fn of_signal(name: &str) -> Self {
        Self(OF_SIGNALS.iter().position(|signal| *signal == name).map_or(0, |bit| 1 << bit))
    }

    pub(super) fn read(word: &[u8]) -> Self {
        Self(REASONS.iter().position(|name| name.as_bytes() == word).map_or(0, |bit| 1 << bit))
    }

    pub fn words(self) -> impl Iterator<Item = &'static str> {
        REASONS.iter().enumerate().filter(move |(bit, _)| self.0 >> bit & 1 == 1).map(|(_, name)| *name)
    }
}

/// The roles of an agent, in the order in which they are written.
const PROFILES: [(u32, &str); 4] = [(1 << 29, "standalone"), (1 << 30, "parent"), (1 << 28, "child"), (1 << 27, "iot")];

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Profile(pub u32);

impl Profile {
    pub const STANDALONE: Self = Self(1 << 29);

    pub(super) fn read(word: &[u8]) -> Self {
        Self(PROFILES.iter().find(|(_, name)| name.as_bytes() == word).map_or(0, |(bit, _)| *bit))
    }

    pub fn words(self) -> impl Iterator<Item = &'static str> {
        PROFILES.iter().filter(move |(bit, _)| self.0 & bit != 0).map(|(_, name)| *name)
    }
}

/// The kind of the database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DbMode(pub u8);

const DB_MODES: [(u8, &str); 4] = [(0, "none"), (1, "ram"), (4, "alloc"), (5, "dbengine")];

impl DbMode {
    pub const DBENGINE: Self = Self(5);

    pub(super) fn read(word: &[u8]) -> Self {
        Self(DB_MODES.iter().find(|(_, name)| name.as_bytes() == word).map_or(1, |(id, _)| *id))
    }

    pub fn word(self) -> &'static str {
        DB_MODES.iter().find(|(id, _)| *id == self.0).map_or("ram", |(_, name)| name)
    }
}

pub(super) const CLOUD: &[&str] = &["available", "banned", "offline", "indirect", "online"];
pub(super) const SYSTEMS: &[&str] = &["unknown", "linux", "freebsd", "macos", "windows"];

/// A word of a list whose first word stands for all others.
pub(super) fn of_list(list: &[&'static str], word: &[u8]) -> &'static str {
    let known = list.iter().find(|known| known.as_bytes() == word);
    known.or(list.first()).copied().unwrap_or_default()
}
