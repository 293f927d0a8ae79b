//! The one way to reach a machine.

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

/// Which backend answers for a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// A Linux kernel, in a container or not.
    Linux,
    /// macOS (Darwin).
    MacOs,
    /// FreeBSD and the systems made from it.
    FreeBsd,
    /// Anything else: only what every system has in common is found out.
    Other,
}

/// Why a question to a machine has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// There is no such file, name or variable.
    NotFound,
    /// It exists, and this process may not see it.
    PermissionDenied,
    /// It was answered with something that is not what was asked for.
    Malformed,
    /// This kind of machine does not answer this kind of question, or a recording has no record of it.
    Unsupported,
    /// Not asked: not every user of the machine would get an answer (see [`crate::CommonEvidence`]).
    Refused,
    /// The answer is longer than the asker accepts.
    TooLarge,
    /// A recording that claims to hold every answer has none to this question: it was never asked when the machine was
    /// recorded.
    Unanswered,
    /// Any other failure of the operating system.
    Other(io::ErrorKind),
}

impl From<io::ErrorKind> for Error {
    fn from(kind: io::ErrorKind) -> Self {
        match kind {
            // A path through something that is no folder does not exist either.
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

/// What a [`Host`] answers.
pub type Result<T> = std::result::Result<T, Error>;

/// The beginning of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// At most as many bytes as were asked for.
    pub bytes: Vec<u8>,
    /// Whether these bytes are the whole file.
    pub whole: bool,
}

/// What kind of thing a path names, links not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// What is known of a path without opening it, links not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// What it is.
    pub kind: FileKind,
    /// Its size in bytes; 0 for most files of procfs.
    pub size: u64,
    /// Its inode number, where the machine has one.
    pub inode: Option<u64>,
}

/// uname(2). A field that is not known is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uname {
    /// Name of the operating system's kernel, `Linux`.
    pub sysname: String,
    /// The host name. No fact holds it.
    pub nodename: String,
    /// `6.1.0-28-amd64`
    pub release: String,
    /// `#1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)`
    pub version: String,
    /// `x86_64`
    pub machine: String,
}

/// The four registers that the CPUID instruction answers with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

/// A disk as the operating system's own library names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskQuantity {
    /// The device, without a path.
    pub name: String,
    /// Size in bytes.
    pub total_bytes: u64,
    /// Whether it is made to be taken out.
    pub removable: bool,
}

/// Amounts that some systems give through a library instead of files. What is not known is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quantities {
    /// Memory of the machine in bytes.
    pub memory_bytes: Option<u64>,
    /// Name of the CPU model.
    pub cpu_model: Option<String>,
    /// Vendor of the CPU.
    pub cpu_vendor: Option<String>,
    /// Logical CPUs.
    pub logical_cpus: Option<u64>,
    /// Cores.
    pub cores: Option<u64>,
    /// The disks.
    pub disks: Vec<DiskQuantity>,
}

/// A machine that can be asked. No method starts a process, opens a network connection or waits for anything.
pub trait Host {
    /// Which backend answers for it.
    fn platform(&self) -> Platform;

    /// Reads the first `limit` bytes of a regular file. Links to regular files are followed; everything else is
    /// [`Error::Malformed`].
    fn read_start(&self, path: &str, limit: usize) -> Result<Start>;

    /// Reads a regular file of at most `limit` bytes.
    fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>> {
        let start = self.read_start(path, limit)?;
        if start.whole { Ok(start.bytes) } else { Err(Error::TooLarge) }
    }

    /// The text of a symbolic link.
    fn read_link(&self, path: &str) -> Result<Vec<u8>>;

    /// The names in a folder, sorted, at most `limit` of them; names that are not UTF-8 are left out.
    fn list(&self, path: &str, limit: usize) -> Result<Vec<String>>;

    /// What kind of thing a path names; a link is not followed.
    fn metadata(&self, path: &str) -> Result<Metadata>;

    /// A text from sysctl(3).
    fn sysctl_text(&self, name: &str) -> Result<String>;

    /// A number from sysctl(3), whatever its width.
    fn sysctl_integer(&self, name: &str) -> Result<i64>;

    /// A value of FreeBSD's kernel environment, kenv(2).
    fn kenv(&self, name: &str) -> Result<String>;

    /// What the CPUID instruction answers for a leaf.
    fn cpuid(&self, leaf: u32, subleaf: u32) -> Result<CpuidRegisters>;

    /// uname(2)
    fn uname(&self) -> Result<Uname>;

    /// A variable of the environment.
    fn environment(&self, name: &str) -> Result<Vec<u8>>;

    /// Size in bytes of the file system that holds a path, statvfs(3).
    fn filesystem_size(&self, path: &str) -> Result<u64>;

    /// Amounts from the operating system's library; Linux has them in files, and tells only the memory here, sysinfo(2).
    fn quantities(&self) -> Result<Quantities>;
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
}
