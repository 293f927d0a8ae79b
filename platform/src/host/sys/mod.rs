//! System calls: the only module that differs between operating systems, and the only one with `unsafe`.

mod access;
mod library;
pub mod rescue;

use std::ffi::{CString, OsStr};
use std::io;
use std::mem::MaybeUninit;
#[cfg(target_os = "linux")]
use std::os::fd::AsRawFd;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{self, AtFlags, FileType, Mode, OFlags, Stat};
use rustix::path::Arg;

pub use crate::host::sys::access::copy_access;
pub(crate) use crate::host::sys::library::{arguments, environment, processes, quantities};
#[cfg(any(target_os = "macos", target_os = "freebsd"))]
use crate::host::sysctls;
use crate::host::{CpuidRegisters, Error, FileKind, Metadata, Platform, Result, Start, Uname};

/// Bytes of one read: enough for sysfs and most of procfs.
const ONE_READ: usize = 4096;

fn failed(errno: rustix::io::Errno) -> Error {
    io::Error::from(errno).into()
}

/// Without waiting, as for a FIFO without a writer.
const READING: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

fn must_be_regular(stat: &Stat) -> io::Result<()> {
    let what = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Symlink => "it is a link",
        _ => "it is not a regular file",
    };
    Err(io::Error::new(io::ErrorKind::InvalidData, what))
}

/// Opens a regular file in a folder, and nothing else. The kind is checked before the file is opened: opening a device can start
/// it (a watchdog, a tape), and opening a FIFO releases the writer that waits at its other end.
///
/// On Linux `O_PATH` holds the file without opening it, and `/proc/self/fd` then opens the same file (open(2), `proc_pid_fd(5)`).
/// On other systems and without `/proc`, a file exchanged between check and opening is opened; that is detected, and it is not
/// read.
///
/// # Errors
/// The error of the system, [`io::ErrorKind::InvalidData`] for anything but a regular file, or [`io::ErrorKind::Other`] for an
/// exchanged one.
pub fn open_regular(folder: impl AsFd, path: impl Arg + Copy, follow: bool) -> io::Result<OwnedFd> {
    let more = if follow { OFlags::empty() } else { OFlags::NOFOLLOW };
    #[cfg(target_os = "linux")]
    {
        let held = fs::openat(&folder, path, OFlags::PATH | OFlags::CLOEXEC | more, Mode::empty())?;
        must_be_regular(&fs::fstat(&held)?)?;
        match fs::open(format!("/proc/self/fd/{}", held.as_raw_fd()), READING, Mode::empty()) {
            Err(rustix::io::Errno::NOENT) => {}
            opened => return Ok(opened?),
        }
    }
    let at = if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
    let seen = fs::statat(&folder, path, at)?;
    must_be_regular(&seen)?;
    let file = fs::openat(&folder, path, READING | more, Mode::empty())?;
    let opened = fs::fstat(&file)?;
    if (seen.st_dev, seen.st_ino) == (opened.st_dev, opened.st_ino) {
        Ok(file)
    } else {
        Err(io::Error::other("it was exchanged while it was opened"))
    }
}

/// Whether a file is procfs's or sysfs's own, which have no devices and FIFOs outside the links that lead out of `/proc/PID`
/// (`proc_pid_fd(5)` and others). Such files are opened without the check beforehand, which saves time.
fn is_of_the_kernel(path: &Path) -> bool {
    let leads_out =
        |part: &OsStr| part.to_str().is_none_or(|part| ["..", "cwd", "fd", "map_files", "root"].contains(&part));
    (path.starts_with("/proc") || path.starts_with("/sys")) && !path.iter().any(leads_out)
}

/// The first bytes of a file of this machine.
pub(crate) fn read_start(path: &str, limit: usize) -> Result<Start> {
    // Documentation/filesystems/sysfs.rst: an attribute is at most a page and one read returns all of it.
    read_file(Path::new(path), limit, path.starts_with("/sys/"))
}

/// The first bytes of a regular file. With `short_is_last` a short read ends the file, as in sysfs and on a disk, but not in
/// procfs.
pub(crate) fn read_file(path: &Path, limit: usize, short_is_last: bool) -> Result<Start> {
    let file = if is_of_the_kernel(path) {
        let file = fs::open(path, READING, Mode::empty()).map_err(failed)?;
        must_be_regular(&fs::fstat(&file).map_err(failed)?)?;
        file
    } else {
        open_regular(fs::CWD, path, true)?
    };
    // One byte more tells a file of exactly this length from a longer one.
    let most = limit.saturating_add(1);
    let mut bytes = Vec::new();
    let mut buffer = [MaybeUninit::<u8>::uninit(); ONE_READ];
    while bytes.len() < most {
        let room = ONE_READ.min(most - bytes.len());
        match rustix::io::read(&file, buffer.get_mut(..room).unwrap_or_default()) {
            Ok((got, _)) => {
                bytes.extend_from_slice(got);
                if got.is_empty() || (short_is_last && got.len() < room) {
                    break;
                }
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(failed(errno)),
        }
    }
    let whole = bytes.len() <= limit;
    bytes.truncate(limit);
    Ok(Start { bytes, whole })
}

pub(crate) fn read_link(path: &str) -> Result<Vec<u8>> {
    fs::readlink(path, Vec::new()).map(CString::into_bytes).map_err(failed)
}

pub(crate) fn list(path: &str, limit: usize) -> Result<Vec<String>> {
    // O_DIRECTORY refuses everything else (`do_open` in Linux fs/namei.c).
    let folder = fs::open(path, READING | OFlags::DIRECTORY, Mode::empty()).map_err(failed)?;
    let mut names = Vec::new();
    for entry in fs::Dir::new(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        match entry.file_name().to_str() {
            Ok("." | "..") | Err(_) => {}
            Ok(_) if names.len() >= limit => return Err(Error::TooLarge),
            Ok(name) => names.push(name.to_owned()),
        }
    }
    names.sort_unstable();
    Ok(names)
}

pub(crate) fn metadata(path: &str) -> Result<Metadata> {
    let stat = fs::lstat(path).map_err(failed)?;
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => FileKind::File,
        FileType::Directory => FileKind::Folder,
        FileType::Symlink => FileKind::Link,
        _ => FileKind::Other,
    };
    Ok(Metadata { kind, size: u64::try_from(stat.st_size).unwrap_or(0), inode: Some(stat.st_ino) })
}

pub(crate) fn uname() -> Uname {
    let name = rustix::system::uname();
    let text = |field: &std::ffi::CStr| field.to_string_lossy().into_owned();
    Uname {
        sysname: text(name.sysname()),
        nodename: text(name.nodename()),
        release: text(name.release()),
        version: text(name.version()),
        machine: text(name.machine()),
    }
}

pub(crate) fn filesystem_size(path: &str) -> Result<u64> {
    let size = fs::statvfs(path).map_err(failed)?;
    size.f_blocks.checked_mul(size.f_frsize).ok_or(Error::Malformed)
}

cfg_if::cfg_if! {
    if #[cfg(target_os = "linux")] {
        pub(crate) const PLATFORM: Platform = Platform::Linux;
    } else if #[cfg(target_os = "macos")] {
        pub(crate) const PLATFORM: Platform = Platform::MacOs;
    } else if #[cfg(target_os = "freebsd")] {
        pub(crate) const PLATFORM: Platform = Platform::FreeBsd;
    } else {
        pub(crate) const PLATFORM: Platform = Platform::Other;
    }
}

cfg_if::cfg_if! {
    if #[cfg(any(target_arch = "x86", target_arch = "x86_64"))] {
        #[cfg(target_arch = "x86")]
        use std::arch::x86::__cpuid_count;
        #[cfg(target_arch = "x86_64")]
        use std::arch::x86_64::__cpuid_count;

        #[allow(clippy::unnecessary_wraps, reason = "other processors have no such instruction")]
        pub(crate) fn cpuid(leaf: u32, subleaf: u32) -> Result<CpuidRegisters> {
            let found = __cpuid_count(leaf, subleaf);
            Ok(CpuidRegisters { eax: found.eax, ebx: found.ebx, ecx: found.ecx, edx: found.edx })
        }
    } else {
        pub(crate) fn cpuid(_leaf: u32, _subleaf: u32) -> Result<CpuidRegisters> {
            Err(Error::Unsupported)
        }
    }
}

cfg_if::cfg_if! {
    if #[cfg(any(target_os = "macos", target_os = "freebsd"))] {
        /// A value from sysctl(3) of at most `limit` bytes.
        #[allow(unsafe_code, reason = "sysctlbyname has no safe wrapper in rustix")]
        fn sysctl(name: &str, limit: usize) -> Result<Vec<u8>> {
            let name = CString::new(name).map_err(|_nul| Error::NotFound)?;
            let mut value = vec![0_u8; limit];
            let mut length = value.len();
            // SAFETY: `name` ends with a NUL and outlives the call, `value` has `length` writable bytes, of which the
            // call writes at most that many and says how many in `length`; no new value is set.
            let answer = unsafe {
                libc::sysctlbyname(name.as_ptr(), value.as_mut_ptr().cast(), &raw mut length, std::ptr::null_mut(), 0)
            };
            if answer != 0 {
                return Err(last_error());
            }
            value.truncate(length);
            Ok(value)
        }

        fn last_error() -> Error {
            let error = io::Error::last_os_error();
            if error.raw_os_error() == Some(libc::ENOMEM) { Error::TooLarge } else { error.into() }
        }

        pub(crate) fn sysctl_text(name: &str) -> Result<String> {
            let value = sysctl(name, sysctls::text_limit(name)?)?;
            let text = value.split(|byte| *byte == 0).next().unwrap_or_default();
            Ok(String::from_utf8_lossy(text).into_owned())
        }

        pub(crate) fn sysctl_integer(name: &str) -> Result<i64> {
            // More room than any number needs, so that a longer answer is noticed.
            sysctls::number(name, &sysctl(name, 2 * size_of::<u64>())?)
        }
    } else {
        pub(crate) fn sysctl_text(_name: &str) -> Result<String> {
            Err(Error::Unsupported)
        }
        pub(crate) fn sysctl_integer(_name: &str) -> Result<i64> {
            Err(Error::Unsupported)
        }
    }
}

cfg_if::cfg_if! {
    if #[cfg(target_os = "freebsd")] {
        #[allow(unsafe_code, reason = "kenv(2) has no safe wrapper in rustix")]
        pub(crate) fn kenv(name: &str) -> Result<String> {
            /// `KENV_MVALLEN` of sys/kenv.h, with the NUL.
            const LONGEST: u8 = 129;
            let name = CString::new(name).map_err(|_nul| Error::NotFound)?;
            let mut value = [0_u8; LONGEST as usize];
            // SAFETY: `name` ends with a NUL and outlives the call, which writes at most `LONGEST` bytes to `value`.
            let length = unsafe {
                libc::kenv(libc::KENV_GET, name.as_ptr(), value.as_mut_ptr().cast(), libc::c_int::from(LONGEST))
            };
            if length < 0 {
                return Err(last_error());
            }
            let text = value.split(|byte| *byte == 0).next().unwrap_or_default();
            Ok(String::from_utf8_lossy(text).into_owned())
        }
    } else {
        pub(crate) fn kenv(_name: &str) -> Result<String> {
            Err(Error::Unsupported)
        }
    }
}
