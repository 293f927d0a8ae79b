//! The questions that a machine answers.

pub(crate) mod candidate;
pub(crate) mod common;
pub(crate) mod live;
pub(crate) mod processes;
#[cfg(feature = "recorded")]
pub(crate) mod recorded;
pub(crate) mod sys;
pub(crate) mod sysctls;

use std::fmt;
use std::io;

/// The operating system of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "recorded", derive(serde::Deserialize, serde::Serialize), serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Platform {
    /// Linux, in a container or not.
    Linux,
    /// macOS (Darwin).
    MacOs,
    /// FreeBSD and its derivatives.
    FreeBsd,
    /// Any other system: only facts common to all Unixes are known.
    #[cfg_attr(feature = "recorded", serde(other))]
    Other,
}

/// Why a question has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// There is no such file, name or variable.
    NotFound,
    /// It exists, and this process may not see it.
    PermissionDenied,
    /// The answer is not of the expected kind.
    Malformed,
    /// This kind of machine has no such question, or a recording has no answer.
    Unsupported,
    /// Not asked, as not every user would get an answer (see [`crate::CommonEvidence`]).
    Refused,
    /// The answer is longer than the caller accepts.
    TooLarge,
    /// A complete recording has no answer: the question was never asked when the machine was recorded.
    Unanswered,
    /// Any other failure of the operating system.
    Other(io::ErrorKind),
}

impl From<io::ErrorKind> for Error {
    fn from(kind: io::ErrorKind) -> Self {
        match kind {
            // A path through a regular file does not exist.
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::NotFound,
            io::ErrorKind::PermissionDenied => Self::PermissionDenied,
            io::ErrorKind::InvalidData => Self::Malformed,
            io::ErrorKind::Unsupported => Self::Unsupported,
            other => Self::Other(other),
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        error.kind().into()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("not found"),
            Self::PermissionDenied => f.write_str("not permitted"),
            Self::Malformed => f.write_str("malformed"),
            Self::Unsupported => f.write_str("not available on this kind of machine"),
            Self::Refused => f.write_str("not asked: not open to every user"),
            Self::TooLarge => f.write_str("too large"),
            Self::Unanswered => f.write_str("never asked when the machine was recorded"),
            Self::Other(kind) => write!(f, "{kind}"),
        }
    }
}

impl std::error::Error for Error {}

/// The answer of a [`Host`].
pub type Result<T> = std::result::Result<T, Error>;

/// The first bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// At most the requested number of bytes.
    pub bytes: Vec<u8>,
    /// Whether they are the whole file.
    pub whole: bool,
}

/// The kind of a file, links not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A device, FIFO or socket.
    Other,
}

/// A file as lstat(2) shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// Its kind.
    pub kind: FileKind,
    /// Its size in bytes; 0 for most files of procfs.
    pub size: u64,
    /// Its inode number; `None` in a recording.
    pub inode: Option<u64>,
}

impl Metadata {
    /// Without an inode number.
    pub fn new(kind: FileKind, size: u64) -> Self {
        Self { kind, size, inode: None }
    }
}

/// The answer of uname(2). An unknown field is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "recorded", derive(serde::Deserialize, serde::Serialize), serde(default))]
#[non_exhaustive]
pub struct Uname {
    /// `Linux`
    pub sysname: String,
    /// The host name. No fact holds it.
    #[cfg_attr(feature = "recorded", serde(skip_serializing))]
    pub nodename: String,
    /// `6.1.0-28-amd64`
    pub release: String,
    /// `#1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)`
    pub version: String,
    /// `x86_64`
    pub machine: String,
}

/// The four registers with the answer of the CPUID instruction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    feature = "recorded",
    derive(serde::Deserialize, serde::Serialize),
    serde(from = "[u32; 4]", into = "[u32; 4]")
)]
pub struct CpuidRegisters {
    /// EAX
    pub eax: u32,
    /// EBX
    pub ebx: u32,
    /// ECX
    pub ecx: u32,
    /// EDX
    pub edx: u32,
}

impl From<[u32; 4]> for CpuidRegisters {
    fn from([eax, ebx, ecx, edx]: [u32; 4]) -> Self {
        Self { eax, ebx, ecx, edx }
    }
}

impl From<CpuidRegisters> for [u32; 4] {
    fn from(CpuidRegisters { eax, ebx, ecx, edx }: CpuidRegisters) -> Self {
        [eax, ebx, ecx, edx]
    }
}

/// A disk, as the crate sysinfo shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "recorded", derive(serde::Deserialize, serde::Serialize), serde(default))]
#[non_exhaustive]
pub struct DiskQuantity {
    /// Name of the device, without a path.
    pub name: String,
    /// Size in bytes.
    pub total_bytes: u64,
    /// Whether its medium is removable.
    pub removable: bool,
}

/// Quantities that the crate sysinfo tells on macOS and FreeBSD; `None` is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "recorded", derive(serde::Deserialize, serde::Serialize), serde(default))]
#[non_exhaustive]
pub struct Quantities {
    /// Total memory in bytes.
    pub memory_bytes: Option<u64>,
    /// Name of the processor's model.
    pub cpu_model: Option<String>,
    /// Vendor of the processor.
    pub cpu_vendor: Option<String>,
    /// Logical CPUs.
    pub logical_cpus: Option<u64>,
    /// Cores.
    pub cores: Option<u64>,
    /// The mounted disks.
    pub disks: Vec<DiskQuantity>,
}

/// A table of the network, as sysctl(3) gives it on macOS and FreeBSD in the messages of route(4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkTable {
    /// The routes, `NET_RT_DUMP`.
    Routes,
    /// The interfaces and their addresses, `NET_RT_IFLIST`.
    Interfaces,
}

/// A machine that answers questions. No method starts a process, opens a network connection or waits.
///
/// Anyone may implement it. A question that a later version adds has an answer of its own, [`Error::Unsupported`], so an
/// implementation stays valid, and a wrapper around another `Host` then answers less than it could.
pub trait Host {
    /// Its operating system.
    fn platform(&self) -> Platform;

    /// The first `limit` bytes of a regular file, through links. Anything but a regular file is [`Error::Malformed`].
    fn read_start(&self, path: &str, limit: usize) -> Result<Start>;

    /// A whole regular file of at most `limit` bytes; a longer one is [`Error::TooLarge`].
    fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>> {
        let start = self.read_start(path, limit)?;
        if start.whole { Ok(start.bytes) } else { Err(Error::TooLarge) }
    }

    /// The target of a symbolic link.
    fn read_link(&self, path: &str) -> Result<Vec<u8>>;

    /// The names in a folder, sorted, without those that are not UTF-8. More than `limit` are [`Error::TooLarge`].
    fn list(&self, path: &str, limit: usize) -> Result<Vec<String>>;

    /// Kind and size of a file, links not followed.
    fn metadata(&self, path: &str) -> Result<Metadata>;

    /// A text from sysctl(3).
    fn sysctl_text(&self, name: &str) -> Result<String>;

    /// A number of any width from sysctl(3).
    fn sysctl_integer(&self, name: &str) -> Result<i64>;

    /// A value of FreeBSD's kernel environment, kenv(2).
    fn kenv(&self, name: &str) -> Result<String>;

    /// The answer of the CPUID instruction.
    fn cpuid(&self, leaf: u32, subleaf: u32) -> Result<CpuidRegisters>;

    /// The names of the kernel, uname(2).
    fn uname(&self) -> Result<Uname>;

    /// A variable of the caller's environment.
    fn environment(&self, name: &str) -> Result<Vec<u8>>;

    /// Size in bytes of the file system of a path, statvfs(3); on macOS statfs(2).
    fn filesystem_size(&self, path: &str) -> Result<u64>;

    /// Quantities from the crate sysinfo; on Linux only the memory, from sysinfo(2).
    fn quantities(&self) -> Result<Quantities>;

    /// A table of the network, on macOS and FreeBSD. No recording has it.
    fn network(&self, _table: NetworkTable) -> Result<Vec<u8>> {
        Err(Error::Unsupported)
    }
}

impl<H: Host + ?Sized> Host for &H {
    fn platform(&self) -> Platform {
        (**self).platform()
    }
    fn read_start(&self, path: &str, limit: usize) -> Result<Start> {
        (**self).read_start(path, limit)
    }
    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        (**self).read_link(path)
    }
    fn list(&self, path: &str, limit: usize) -> Result<Vec<String>> {
        (**self).list(path, limit)
    }
    fn metadata(&self, path: &str) -> Result<Metadata> {
        (**self).metadata(path)
    }
    fn sysctl_text(&self, name: &str) -> Result<String> {
        (**self).sysctl_text(name)
    }
    fn sysctl_integer(&self, name: &str) -> Result<i64> {
        (**self).sysctl_integer(name)
    }
    fn kenv(&self, name: &str) -> Result<String> {
        (**self).kenv(name)
    }
    fn cpuid(&self, leaf: u32, subleaf: u32) -> Result<CpuidRegisters> {
        (**self).cpuid(leaf, subleaf)
    }
    fn uname(&self) -> Result<Uname> {
        (**self).uname()
    }
    fn environment(&self, name: &str) -> Result<Vec<u8>> {
        (**self).environment(name)
    }
    fn filesystem_size(&self, path: &str) -> Result<u64> {
        (**self).filesystem_size(path)
    }
    fn quantities(&self) -> Result<Quantities> {
        (**self).quantities()
    }
    fn network(&self, table: NetworkTable) -> Result<Vec<u8>> {
        (**self).network(table)
    }
}
