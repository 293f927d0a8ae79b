//! Two ways for a program to end in time whatever it waits for: work in a child process, and a timer that ends this one.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::time::Duration;

/// A child process made by [`fork`].
#[derive(Debug)]
pub struct Child(rustix::process::Pid);

impl Child {
    /// Sends SIGKILL. It does nothing to a process that has ended.
    pub fn kill(&self) {
        let _ = rustix::process::kill_process(self.0, rustix::process::Signal::KILL);
    }

    /// Whether it has ended. Until this is asked it remains a zombie (waitpid(2)).
    pub fn is_gone(&self) -> bool {
        match rustix::process::waitpid(Some(self.0), rustix::process::WaitOptions::NOHANG) {
            Ok(None) | Err(rustix::io::Errno::INTR) => false,
            // With SIGCHLD ignored the kernel keeps no zombie (sigaction(2)).
            Ok(Some(_)) | Err(_) => true,
        }
    }
}

/// Ends this process without what Rust and the C library do at the end: whoever calls this has flushed the output.
#[allow(unsafe_code, reason = "_exit(2) has no safe wrapper")]
pub fn leave(status: u8) -> ! {
    // SAFETY: it takes no pointer and does not return.
    unsafe { libc::_exit(status.into()) }
}

/// Output and exit status of a program whose time is over.
#[derive(Debug)]
pub struct LastWords {
    /// For standard output.
    pub out: Vec<u8>,
    /// For standard error.
    pub err: Vec<u8>,
    /// The exit status.
    pub status: i32,
}

/// Whether this process has begun to say its last words.
static ENDS: AtomicBool = AtomicBool::new(false);

impl LastWords {
    /// Writes both, except to a stream that would block, and unless this process has said other last words before: a timer
    /// may run out while the work is ending. Then it waits for [`end_after`]'s handler, which ends the process.
    pub fn say(&self) {
        if !self.say_first() {
            // Far longer than the handler needs. It is not at work if these are a process's second words.
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Returns whether these are the first. It neither allocates nor locks, so a signal's handler may call it.
    fn say_first(&self) -> bool {
        let first = !ENDS.swap(true, Ordering::AcqRel);
        if first {
            tell(rustix::stdio::stderr(), &self.err);
            tell(rustix::stdio::stdout(), &self.out);
        }
        first
    }
}

/// Writes to a stream that is ready. A pipe is ready when it has room for a page (pipe(7)), so a longer text may still wait.
fn tell(stream: rustix::fd::BorrowedFd<'_>, bytes: &[u8]) {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut ready = [PollFd::new(&stream, PollFlags::OUT)];
    if !bytes.is_empty() && poll(&mut ready, Some(&Timespec::default())).is_ok_and(|number| number > 0) {
        let _ = rustix::io::write(stream, bytes);
    }
}

/// Why there is no child process.
fn no_second_process(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, why)
}

cfg_if::cfg_if! {
    if #[cfg(target_os = "linux")] {
        /// Makes a child process, in which the answer is `None`.
        ///
        /// # Errors
        /// If this process has more than one thread: the child would have only this one, and locks of the others would stay
        /// locked. Also if the kernel has no process to give.
        #[allow(unsafe_code, reason = "rustix's fork leaves the C library's own notes about the process as they were")]
        pub fn fork() -> io::Result<Option<Child>> {
            // Two links as any folder has, and one for each thread (`proc_task_getattr` in Linux fs/proc/base.c).
            if rustix::fs::stat("/proc/self/task")?.st_nlink != 3 {
                return Err(no_second_process("this process has more than one thread"));
            }
            // SAFETY: without another thread no lock is held and no change is half done, so the child may do anything that
            // this process may (fork(2)).
            let id = unsafe { libc::fork() };
            match rustix::process::Pid::from_raw(id.max(0)) {
                Some(id) => Ok(Some(Child(id))),
                None if id == 0 => Ok(None),
                None => Err(io::Error::last_os_error()),
            }
        }
    } else {
        /// Not available here: on macOS such a child must not use frameworks (fork(2)), and only Linux shows the number of
        /// threads in a file.
        ///
        /// # Errors
        /// Always.
        pub fn fork() -> io::Result<Option<Child>> {
            Err(no_second_process("this system has none of that kind"))
        }
    }
}

/// The words for the handler of `end_after`.
static LAST_WORDS: AtomicPtr<LastWords> = AtomicPtr::new(std::ptr::null_mut());

extern "C" fn time_is_over(_signal: libc::c_int) {
    // SAFETY: the pointer is null, or from a box that nobody frees or changes.
    #[allow(unsafe_code, reason = "a signal's handler reaches nothing but statics")]
    let words = unsafe { LAST_WORDS.load(Ordering::Acquire).as_ref() };
    // The interrupted process is saying its last words and ends by itself.
    if words.is_some_and(|words| !words.say_first()) {
        return;
    }
    let status = words.map_or(0, |words| words.status);
    // SAFETY: it takes no pointer and is async-signal-safe (signal-safety(7)).
    #[allow(unsafe_code, reason = "exit(3) must not be called in a signal's handler")]
    unsafe {
        libc::_exit(status)
    }
}

/// Ends this process after a time with these words. A second call replaces time and words.
///
/// Only a process that waits for a disk goes on until the disk answers, as it takes no signal meanwhile.
///
/// # Errors
/// The error of the system: then no timer runs.
#[allow(unsafe_code, reason = "timers and signals have no safe wrapper in rustix")]
pub fn end_after(time: Duration, words: LastWords) -> io::Result<()> {
    // Never freed: the handler may read it at any time.
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    const CHILD: &str = "SYSTEM_FACTS_TEST_ENDS_TWICE";

    fn words(text: &str, status: i32) -> LastWords {
        LastWords { out: text.into(), err: Vec::new(), status }
    }

    /// Says its last words just before its timer runs out.
    #[test]
    fn nothing_is_said_twice() {
        if std::env::var_os(CHILD).is_some() {
            words("<work>", 0).say();
            end_after(Duration::ZERO, words("<timer>", 28)).unwrap();
            std::thread::sleep(Duration::from_millis(200));
            std::process::exit(7);
        }
        let this = std::env::current_exe().unwrap();
        let child = Command::new(this)
            .args(["--exact", "host::sys::rescue::tests::nothing_is_said_twice", "--nocapture"])
            .env(CHILD, "")
            .output()
            .unwrap();
        let out = String::from_utf8_lossy(&child.stdout);
        assert!(out.contains("<work>") && !out.contains("<timer>"), "{out}");
        assert_eq!(child.status.code(), Some(7), "the work ends it");
    }
}
