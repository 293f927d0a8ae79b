//! The only module that differs between operating systems, and the only one with `unsafe`.

use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::mem::MaybeUninit;
#[cfg(target_os = "linux")]
use std::os::fd::AsRawFd;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

use rustix::fs::{self, AtFlags, FileType, Mode, OFlags, Stat};
use rustix::path::Arg;

use crate::host::processes::Candidate;
use crate::host::rescue::{self, Child, LastWords};
#[cfg(any(target_os = "macos", target_os = "freebsd"))]
use crate::host::sysctls;
use crate::host::{CpuidRegisters, Error, FileKind, Metadata, Platform, Quantities, Result, Start, Uname};

/// Bytes that one read asks for: enough for what sysfs and most of procfs answer.
const ONE_READ: usize = 4096;

fn failed(errno: rustix::io::Errno) -> Error {
    io::Error::from(errno).into()
}

/// Nothing waits: a FIFO without a writer or a device must not hold the caller.
const READING: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

fn must_be_regular(stat: &Stat) -> io::Result<()> {
    let what = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Symlink => "it is a link",
        _ => "it is not a regular file",
    };
    Err(io::Error::new(io::ErrorKind::InvalidData, what))
}

/// Opens a regular file of an open folder, and nothing else. What is there is looked at first: a device may do something as
/// soon as it is opened (a watchdog begins to count, a tape is wound), and a FIFO lets go whoever waits at its other end.
///
/// On Linux the look holds the file without opening it, and that very file is then opened (`O_PATH` in open(2), `proc_pid_fd(5)`).
/// On other systems and without `/proc`, whoever exchanges the file between the two has something else opened; it is seen then,
/// and not read.
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

/// Whether the kernel makes this file. There are no devices and FIFOs among those, but behind the links that lead out of
/// `/proc/PID` (`proc_pid_fd(5)` and others), and no look before saves time.
fn is_of_the_kernel(path: &Path) -> bool {
    let leads_out =
        |part: &OsStr| part.to_str().is_none_or(|part| ["..", "cwd", "fd", "map_files", "root"].contains(&part));
    (path.starts_with("/proc") || path.starts_with("/sys")) && !path.iter().any(leads_out)
}

/// Reads the beginning of a file of this machine.
pub(crate) fn read_start(path: &str, limit: usize) -> Result<Start> {
    // Documentation/filesystems/sysfs.rst: an attribute is at most a page and one read returns all of it.
    read_file(Path::new(path), limit, path.starts_with("/sys/"))
}

/// Reads the beginning of a regular file. Where `short_is_last`, a read that answers with less than was asked for is the
/// last one: so it is in sysfs and on a disk, and not in procfs.
pub(crate) fn read_file(path: &Path, limit: usize, short_is_last: bool) -> Result<Start> {
    let file = if is_of_the_kernel(path) {
        let file = fs::open(path, READING, Mode::empty()).map_err(failed)?;
        must_be_regular(&fs::fstat(&file).map_err(failed)?)?;
        file
    } else {
        open_regular(fs::CWD, path, true)?
    };
    // One byte more than the limit tells a file that ends there from one that goes on.
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
    // The kernel opens folders only here (`do_open` in its fs/namei.c).
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
        /// The value of a name of sysctl(3), in at most so many bytes.
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
            // Room for more than any number: a longer answer is then seen as one.
            sysctls::number(name, &sysctl(name, 2 * size_of::<u64>())?)
        }

        /// What sysinfo knows of all processes, or of one.
        fn processes_with(
            which: sysinfo::ProcessesToUpdate<'_>,
            what: sysinfo::ProcessRefreshKind,
        ) -> Result<sysinfo::System> {
            let mut system = sysinfo::System::new().map_err(|_error| Error::Unsupported)?;
            system.refresh_processes_specifics(which, true, what);
            Ok(system)
        }

        /// All processes, and whether each has this name.
        pub(crate) fn processes(name: &str) -> Result<Vec<(Candidate, bool)>> {
            use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, UpdateKind};

            let what = ProcessRefreshKind::nothing().with_exe(UpdateKind::Always).with_user(UpdateKind::Always);
            let system = processes_with(ProcessesToUpdate::All, what)?;
            let found = system.processes().values().filter_map(|process| {
                let owner = **process.effective_user_id().or(process.user_id())?;
                let is_called = match process.exe() {
                    Some(path) => path.file_name().is_some_and(|file| file == name),
                    None => process.name() == name,
                };
                let candidate = Candidate {
                    id: process.pid().as_u32(),
                    parent: process.parent().map_or(0, sysinfo::Pid::as_u32),
                    owner,
                    // A jail's processes are seen from outside; sysinfo does not tell them.
                    contained: None,
                    started: Some(process.start_time().saturating_mul(1000)),
                    users: [process.user_id().map_or(owner, |user| **user), owner, owner, owner],
                    ticks: Some(process.start_time()),
                };
                Some((candidate, is_called))
            });
            Ok(found.collect())
        }

        /// A list that a process was started with; sysinfo gives none where it cannot be seen.
        fn list_of(
            candidate: &Candidate,
            what: sysinfo::ProcessRefreshKind,
            list: impl Fn(&sysinfo::Process) -> &[OsString],
        ) -> Result<Vec<OsString>> {
            let id = sysinfo::Pid::from_u32(candidate.id);
            let system = processes_with(sysinfo::ProcessesToUpdate::Some(&[id]), what)?;
            // Another may have its number since.
            let same = |process: &&sysinfo::Process| Some(process.start_time()) == candidate.ticks;
            let process = system.process(id).filter(same).ok_or(Error::NotFound)?;
            match list(process) {
                [] => Err(Error::PermissionDenied),
                list => Ok(list.to_vec()),
            }
        }

        pub(crate) fn arguments(candidate: &Candidate) -> Result<Vec<OsString>> {
            let what = sysinfo::ProcessRefreshKind::nothing().with_cmd(sysinfo::UpdateKind::Always);
            list_of(candidate, what, sysinfo::Process::cmd)
        }

        pub(crate) fn environment(candidate: &Candidate) -> Result<Vec<(OsString, OsString)>> {
            let what = sysinfo::ProcessRefreshKind::nothing().with_environ(sysinfo::UpdateKind::Always);
            let list = list_of(candidate, what, sysinfo::Process::environ)?;
            Ok(list.iter().filter_map(|text| crate::host::processes::variable(text)).collect())
        }

        pub(crate) fn quantities() -> Result<Quantities> {
            let mut system = sysinfo::System::new().map_err(|_error| Error::Unsupported)?;
            system.refresh_memory();
            system.refresh_cpu_list(sysinfo::CpuRefreshKind::nothing());
            let first = system.cpus().first();
            let text = |value: &str| (!value.is_empty()).then(|| value.to_owned());
            // On macOS sysinfo would ask IOKit, and for the volumes' UUIDs too: statvfs(2) answers there.
            let disks = cfg!(target_os = "freebsd").then(sysinfo::Disks::new_with_refreshed_list);
            let disks = disks.iter().flatten().flatten().map(|disk| crate::DiskQuantity {
                name: disk.name().to_string_lossy().into_owned(),
                total_bytes: disk.total_space(),
                removable: disk.is_removable(),
            });
            Ok(Quantities {
                memory_bytes: Some(system.total_memory()).filter(|bytes| *bytes > 0),
                cpu_model: first.and_then(|cpu| text(cpu.brand())),
                cpu_vendor: first.and_then(|cpu| text(cpu.vendor_id())),
                logical_cpus: u64::try_from(system.cpus().len()).ok().filter(|count| *count > 0),
                cores: sysinfo::System::physical_core_count().ok().and_then(|count| u64::try_from(count).ok()),
                disks: disks.collect(),
            })
        }
    } else {
        pub(crate) fn processes(_name: &str) -> Result<Vec<(Candidate, bool)>> {
            Err(Error::Unsupported)
        }
        pub(crate) fn arguments(_candidate: &Candidate) -> Result<Vec<OsString>> {
            Err(Error::Unsupported)
        }
        pub(crate) fn environment(_candidate: &Candidate) -> Result<Vec<(OsString, OsString)>> {
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
    if #[cfg(target_os = "linux")] {
        #[allow(clippy::unnecessary_wraps, reason = "other systems may have no answer")]
        #[allow(clippy::useless_conversion, reason = "32-bit processors have 32 bits here")]
        pub(crate) fn quantities() -> Result<Quantities> {
            // sysinfo(2): sizes are multiples of mem_unit bytes.
            let system = rustix::system::sysinfo();
            let bytes = u64::from(system.totalram).checked_mul(system.mem_unit.into());
            Ok(Quantities { memory_bytes: bytes.filter(|bytes| *bytes > 0), ..Quantities::default() })
        }
    } else if #[cfg(not(any(target_os = "macos", target_os = "freebsd")))] {
        pub(crate) fn quantities() -> Result<Quantities> {
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

cfg_if::cfg_if! {
    if #[cfg(target_os = "linux")] {
        /// Makes a second process that goes on from here as this one does; there the answer is `None`. Only a process of one
        /// thread can: of several, a second process would have one, and locks that the others held would stay held.
        #[allow(unsafe_code, reason = "rustix's fork leaves the C library's own notes about the process as they were")]
        pub fn fork() -> io::Result<Option<Child>> {
            // A folder for each thread, and the two links of any folder (`proc_task_getattr` in the kernel's fs/proc/base.c).
            if fs::stat("/proc/self/task")?.st_nlink != 3 {
                return Err(rescue::no_second_process("this process has more than one thread"));
            }
            // SAFETY: there is no other thread, so no lock is held and nothing changes half way: the second process may do
            // whatever this one may (fork(2)).
            let id = unsafe { libc::fork() };
            match rustix::process::Pid::from_raw(id.max(0)) {
                Some(id) => Ok(Some(Child(id))),
                None if id == 0 => Ok(None),
                None => Err(io::Error::last_os_error()),
            }
        }
    } else {
        /// On macOS, frameworks must not be used in a process that was made so (fork(2) there); and no system but Linux says
        /// how many threads there are where a file is all that has to be looked at.
        pub fn fork() -> io::Result<Option<Child>> {
            Err(rescue::no_second_process("this system has none of that kind"))
        }
    }
}

/// Where the words of `end_after` lie.
static LAST_WORDS: AtomicPtr<LastWords> = AtomicPtr::new(std::ptr::null_mut());

extern "C" fn time_is_over(_signal: libc::c_int) {
    // SAFETY: the pointer is null or was made from a box that nobody frees or changes.
    #[allow(unsafe_code, reason = "a signal's handler reaches nothing but statics")]
    let words = unsafe { LAST_WORDS.load(Ordering::Acquire).as_ref() };
    if let Some(words) = words {
        words.say();
    }
    let status = words.map_or(0, |words| words.status);
    // SAFETY: it takes no pointer, and may be called in a handler (signal-safety(7)).
    #[allow(unsafe_code, reason = "exit(3) must not be called in a signal's handler")]
    unsafe {
        libc::_exit(status)
    }
}

/// Ends this process after a time with these words, whatever it waits for, unless that is a disk: a thread that waits for one
/// takes no signal. Called again, it replaces both.
#[allow(unsafe_code, reason = "timers and signals have no safe wrapper in rustix")]
pub fn end_after(time: Duration, words: LastWords) -> io::Result<()> {
    // It may be read at any time from now on, so it stays.
    LAST_WORDS.store(Box::into_raw(Box::new(words)), Ordering::Release);
    let handler: extern "C" fn(libc::c_int) = time_is_over;
    // A value of 0 would stop the timer.
    let time = time.max(Duration::from_micros(1));
    // SAFETY: all structs are plain data, for which zeros are valid, and outlive the calls, which only read them. The handler
    // does nothing but what signal-safety(7) allows: poll(2), write(2) and _exit(2).
    let answers = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as libc::sighandler_t;
        let mut timer: libc::itimerval = std::mem::zeroed();
        timer.it_value.tv_sec = i32::try_from(time.as_secs()).unwrap_or(i32::MAX).into();
        #[allow(clippy::useless_conversion, reason = "suseconds_t has 32 bits on macOS, and 64 elsewhere")]
        let microseconds = time.subsec_micros().cast_signed().into();
        timer.it_value.tv_usec = microseconds;
        let mut signals: libc::sigset_t = std::mem::zeroed();
        [
            libc::sigaction(libc::SIGALRM, &raw const action, std::ptr::null_mut()),
            // Whoever started this program may have blocked it.
            libc::sigemptyset(&raw mut signals),
            libc::sigaddset(&raw mut signals, libc::SIGALRM),
            libc::sigprocmask(libc::SIG_UNBLOCK, &raw const signals, std::ptr::null_mut()),
            libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()),
        ]
    };
    if answers == [0; 5] { Ok(()) } else { Err(io::Error::last_os_error()) }
}
