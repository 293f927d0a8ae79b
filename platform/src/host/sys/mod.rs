//! System calls: the only module that differs between operating systems, and the only one with `unsafe`.

mod access;
mod account;
mod library;
mod local_time;
pub mod rescue;
#[cfg(all(feature = "no-backtraces", target_env = "musl", panic = "abort"))]
mod unwinding;

use std::ffi::{CStr, CString};
use std::io;
#[cfg(target_os = "linux")]
use std::os::fd::AsRawFd;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::fs::{self, AtFlags, FileType, Mode, OFlags, Stat};
use rustix::path::Arg;

pub use crate::host::sys::access::copy_access;
pub use crate::host::sys::account::become_account;
pub(crate) use crate::host::sys::library::{arguments, environment, processes, quantities};
pub use crate::host::sys::local_time::utc_offset;

#[cfg(any(target_os = "macos", target_os = "freebsd"))]
use crate::host::sysctls;
use crate::host::{CpuidRegisters, Error, FileKind, Metadata, NetworkTable, Platform, Result, Start, Uname};
use crate::text::order;

/// Bytes of the first read: enough for sysfs and most of procfs.
const ONE_READ: usize = 4096;

/// Bytes of a folder's entry before its name, and of the longest with the NUL at its end (getdents(2)).
#[cfg(target_os = "linux")]
const ENTRY: usize = 19;
#[cfg(target_os = "linux")]
const LONGEST_ENTRY: usize = ENTRY + 256;

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
    checked_first(folder, path, follow).map(|(file, _)| file)
}

fn checked_first(folder: impl AsFd, path: impl Arg + Copy, follow: bool) -> io::Result<(OwnedFd, Stat)> {
    let more = if follow { OFlags::empty() } else { OFlags::NOFOLLOW };
    #[cfg(target_os = "linux")]
    {
        let held = fs::openat(&folder, path, OFlags::PATH | OFlags::CLOEXEC | more, Mode::empty())?;
        let stat = fs::fstat(&held)?;
        must_be_regular(&stat)?;
        match fs::open(format!("/proc/self/fd/{}", held.as_raw_fd()), READING, Mode::empty()) {
            Err(rustix::io::Errno::NOENT) => {}
            opened => return Ok((opened?, stat)),
        }
    }
    let at = if follow { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
    let seen = fs::statat(&folder, path, at)?;
    must_be_regular(&seen)?;
    let file = fs::openat(&folder, path, READING | more, Mode::empty())?;
    let opened = fs::fstat(&file)?;
    if (seen.st_dev, seen.st_ino) == (opened.st_dev, opened.st_ino) {
        Ok((file, opened))
    } else {
        Err(io::Error::other("it was exchanged while it was opened"))
    }
}

/// Whether a file is procfs's or sysfs's own, which have no devices and FIFOs outside the links that lead out of `/proc/PID`
/// (`proc_pid_fd(5)` and others). Such files are opened without the check beforehand, which saves time.
fn is_of_the_kernel(path: &Path) -> bool {
    const LEAD_OUT: [&[u8]; 5] = [b"..", b"cwd", b"fd", b"map_files", b"root"];
    let path = path.as_os_str().as_bytes();
    (path.starts_with(b"/proc/") || path.starts_with(b"/sys/"))
        && !path.split(|byte| *byte == b'/').any(|name| LEAD_OUT.contains(&name))
}

/// The room that a read must leave unused to have reached the end of this machine's file. On a disk any room does, and in sysfs,
/// where one read returns all of an attribute (Documentation/filesystems/sysfs.rst). procfs gives a file record by record, as
/// many as fit into the buffer and into a page (`seq_read_iter` in Linux `fs/seq_file.c`). Some files are a single record
/// (`single_open`; `fs/proc/{base,array,meminfo}.c`), and the records of others have a length that is known
/// (`net/ipv4/fib_trie.c`, `net/ipv6/{route,addrconf}.c`); of any other file, only an empty read is the end.
fn room_at_the_end(path: &str) -> Option<usize> {
    const RECORDS: [(&str, usize); 7] = [
        ("/cgroup", 1),
        ("/comm", 1),
        ("/meminfo", 1),
        ("/status", 1),
        ("/net/route", 128),
        ("/net/ipv6_route", 192),
        ("/net/if_inet6", 128),
    ];
    if path.starts_with("/proc/") {
        return RECORDS.iter().find(|(name, _)| path.ends_with(name)).map(|(_, room)| *room);
    }
    Some(1)
}

/// The first bytes of a file of this machine.
pub(crate) fn read_start(path: &str, limit: usize) -> Result<Start> {
    read_file(Path::new(path), limit, room_at_the_end(path))
}

/// The first bytes of a regular file, which ends where a read leaves that much room.
pub(crate) fn read_file(path: &Path, limit: usize, room_at_the_end: Option<usize>) -> Result<Start> {
    // The kernel's files do not know their sizes, and what else is mounted there shows when it is read.
    let is_of_the_kernel = is_of_the_kernel(path);
    let (file, size) = if is_of_the_kernel {
        (fs::open(path, READING, Mode::empty()).map_err(failed)?, 0)
    } else {
        let (file, stat) = checked_first(fs::CWD, path, true)?;
        (file, usize::try_from(stat.st_size).unwrap_or(0))
    };
    // One byte more tells a file of exactly this length from a longer one.
    let most = limit.saturating_add(1);
    let expected = size.saturating_add(1);
    let mut bytes = Vec::new();
    while bytes.len() < most {
        if bytes.len() == bytes.capacity() {
            let more = if bytes.is_empty() { expected.max(ONE_READ) } else { bytes.len() };
            bytes.reserve_exact(more.min(most - bytes.len()));
        }
        let room = bytes.capacity() - bytes.len();
        let page = if is_of_the_kernel { room.min(ONE_READ) } else { room };
        let got = rustix::io::read(&file, spare_capacity(&mut bytes));
        if is_of_the_kernel && bytes.is_empty() && got != Err(rustix::io::Errno::INTR) {
            must_be_regular(&fs::fstat(&file).map_err(failed)?)?;
        }
        match got {
            Ok(0) => break,
            Ok(got) if room_at_the_end.is_some_and(|left| got + left <= page) => break,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(failed(errno)),
        }
    }
    let whole = bytes.len() <= limit;
    bytes.truncate(limit);
    bytes.shrink_to_fit();
    Ok(Start { bytes, whole })
}

pub(crate) fn read_link(path: &str) -> Result<Vec<u8>> {
    fs::readlink(path, Vec::new()).map(CString::into_bytes).map_err(failed)
}

pub(crate) fn list(path: &str, limit: usize) -> Result<Vec<String>> {
    // O_DIRECTORY refuses everything else (`do_open` in Linux fs/namei.c).
    let folder = fs::open(path, READING | OFlags::DIRECTORY, Mode::empty()).map_err(failed)?;
    let mut names = Vec::new();
    let mut keep = |name: &CStr| match name.to_str() {
        Ok("." | "..") | Err(_) => Ok(()),
        Ok(_) if names.len() >= limit => Err(Error::TooLarge),
        Ok(name) => {
            names.push(name.to_owned());
            Ok(())
        }
    };
    cfg_if::cfg_if! {
        if #[cfg(target_os = "linux")] {
            // Without a copy of each entry.
            let length = 2 * ONE_READ;
            let mut buffer = Vec::with_capacity(length);
            let mut entries = fs::RawDir::new(folder, buffer.spare_capacity_mut());
            let mut used = 0;
            while let Some(entry) = entries.next() {
                let entry = entry.map_err(failed)?;
                used += (ENTRY + entry.file_name().count_bytes() + 1).next_multiple_of(8);
                keep(entry.file_name())?;
                if entries.is_buffer_empty() {
                    // sysfs goes on while an entry fits (`kernfs_fop_readdir` in fs/kernfs/dir.c).
                    if path.starts_with("/sys/") && used + LONGEST_ENTRY <= length {
                        break;
                    }
                    used = 0;
                }
            }
        } else {
            for entry in fs::Dir::new(folder).map_err(failed)? {
                keep(entry.map_err(failed)?.file_name())?;
            }
        }
    }
    names.sort_unstable_by(|a, b| order(a, b));
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
    cfg_if::cfg_if! {
        if #[cfg(target_os = "macos")] {
            // statvfs(3) counts the blocks in 32 bits there: 16 TiB of 4 KiB (sys/statvfs.h, `fsblkcnt_t`).
            let size = fs::statfs(path).map_err(failed)?;
            bytes(size.f_blocks, size.f_bsize.into())
        } else {
            let size = fs::statvfs(path).map_err(failed)?;
            bytes(size.f_blocks, size.f_frsize)
        }
    }
}

fn bytes(blocks: u64, size: u64) -> Result<u64> {
    blocks.checked_mul(size).ok_or(Error::Malformed)
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
        /// Writes a value from sysctl(3) to the room, and returns its length.
        #[allow(unsafe_code, reason = "sysctlbyname has no safe wrapper in rustix")]
        fn sysctl(name: &str, room: &mut [u8]) -> Result<usize> {
            let name = CString::new(name).map_err(|_nul| Error::NotFound)?;
            let mut length = room.len();
            // SAFETY: `name` ends with a NUL and outlives the call, `room` has `length` writable bytes, of which the
            // call writes at most that many and says how many in `length`; no new value is set.
            let answer = unsafe {
                libc::sysctlbyname(name.as_ptr(), room.as_mut_ptr().cast(), &raw mut length, std::ptr::null_mut(), 0)
            };
            if answer == 0 { Ok(length) } else { Err(last_error()) }
        }

        fn last_error() -> Error {
            let error = io::Error::last_os_error();
            if error.raw_os_error() == Some(libc::ENOMEM) { Error::TooLarge } else { error.into() }
        }

        pub(crate) fn sysctl_text(name: &str) -> Result<String> {
            sysctls::text(name, |room| sysctl(name, room))
        }

        pub(crate) fn sysctl_integer(name: &str) -> Result<i64> {
            // More room than any number needs, so that a longer answer is noticed.
            let mut room = [0; 2 * size_of::<u64>()];
            let length = sysctl(name, &mut room)?;
            sysctls::number(name, room.get(..length).ok_or(Error::Malformed)?)
        }

        /// sysctl(3) of `CTL_NET`, `PF_ROUTE`, for all families.
        #[allow(unsafe_code, reason = "sysctl has no safe wrapper in rustix")]
        pub(crate) fn network(table: NetworkTable) -> Result<Vec<u8>> {
            /// Some 20,000 routes; a machine with more is a router of the internet.
            const LIMIT: usize = 4 << 20;
            let what = match table {
                NetworkTable::Routes => libc::NET_RT_DUMP,
                NetworkTable::Interfaces => libc::NET_RT_IFLIST,
            };
            let mut name = [libc::CTL_NET, libc::PF_ROUTE, 0, 0, what, 0];
            let mut value = Vec::new();
            let mut length = 0;
            // First for the length, then for the table, which may have grown meanwhile.
            for place in [false, true] {
                if place {
                    if length > LIMIT {
                        return Err(Error::TooLarge);
                    }
                    length += length / 4 + ONE_READ;
                    value = vec![0_u8; length];
                }
                let to = if place { value.as_mut_ptr().cast() } else { std::ptr::null_mut() };
                // SAFETY: `name` has six numbers and outlives the call; `to` is null, or has `length` writable bytes, of which
                // the call writes at most that many and says how many in `length`; no new value is set.
                let answer = unsafe { libc::sysctl(name.as_mut_ptr(), 6, to, &raw mut length, std::ptr::null_mut(), 0) };
                if answer != 0 {
                    return Err(last_error());
                }
            }
            value.truncate(length);
            Ok(value)
        }
    } else {
        pub(crate) fn network(_table: NetworkTable) -> Result<Vec<u8>> {
            Err(Error::Unsupported)
        }
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
            /// Longest value without its NUL (sys/kenv.h; the crate libc does not have it).
            const KENV_MVALLEN: u8 = 128;
            const ROOM: u8 = KENV_MVALLEN + 1;
            let name = CString::new(name).map_err(|_nul| Error::NotFound)?;
            let mut value = [0_u8; ROOM as usize];
            // SAFETY: `name` ends with a NUL and outlives the call, which writes at most `ROOM` bytes to `value`.
            let length = unsafe {
                libc::kenv(libc::KENV_GET, name.as_ptr(), value.as_mut_ptr().cast(), libc::c_int::from(ROOM))
            };
            if length < 0 {
                return Err(last_error());
            }
            // The kernel cuts a longer value off (sys/kern/kern_environment.c), which kern.kenv_mvallen allows.
            let text = std::ffi::CStr::from_bytes_until_nul(&value).map_err(|_no_nul| Error::Malformed)?;
            Ok(text.to_string_lossy().into_owned())
        }
    } else {
        pub(crate) fn kenv(_name: &str) -> Result<String> {
            Err(Error::Unsupported)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_system_may_have_more_blocks_than_32_bits_count() {
        assert_eq!(bytes(1 << 33, 4096), Ok(32 << 40));
        assert_eq!(bytes(u64::MAX, 4096), Err(Error::Malformed));
    }
}
