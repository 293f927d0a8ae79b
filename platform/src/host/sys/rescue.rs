//! Two ways out for a program that must end in time whatever it waits for: work in a second process, and a clock that ends
//! this one.

use std::io;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

/// A second process of this program.
#[derive(Debug)]
pub struct Child(rustix::process::Pid);

impl Child {
    /// Ends it, as soon as the kernel can. If it is gone, so it is.
    pub fn kill(&self) {
        let _ = rustix::process::kill_process(self.0, rustix::process::Signal::KILL);
    }

    /// Whether it is gone. Unless somebody asks, it remains as a zombie (waitpid(2)).
    pub fn is_gone(&self) -> bool {
        match rustix::process::waitpid(Some(self.0), rustix::process::WaitOptions::NOHANG) {
            Ok(None) | Err(rustix::io::Errno::INTR) => false,
            // Where nobody wants to know of children, there is none (SIGCHLD in sigaction(2)).
            Ok(Some(_)) | Err(_) => true,
        }
    }
}

/// What a program says, and how it ends, when its time is over.
#[derive(Debug)]
pub struct LastWords {
    /// For standard output.
    pub out: Vec<u8>,
    /// For standard error.
    pub err: Vec<u8>,
    /// The exit status.
    pub status: i32,
}

impl LastWords {
    /// Says them; a stream that takes nothing now changes nothing. Nothing here allocates or locks: a signal's handler may do it.
    pub fn say(&self) {
        tell(rustix::stdio::stderr(), &self.err);
        tell(rustix::stdio::stdout(), &self.out);
    }
}

/// Writes to a stream that takes something now. A pipe says so when there is room for a page (pipe(7)), so what is longer than
/// that may be waited for.
fn tell(stream: rustix::fd::BorrowedFd<'_>, bytes: &[u8]) {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut ready = [PollFd::new(&stream, PollFlags::OUT)];
    if !bytes.is_empty() && poll(&mut ready, Some(&Timespec::default())).is_ok_and(|number| number > 0) {
        let _ = rustix::io::write(stream, bytes);
    }
}

/// Why there is no second process.
fn no_second_process(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, why)
}

cfg_if::cfg_if! {
    if #[cfg(target_os = "linux")] {
        /// Makes a second process that goes on from here as this one does; there the answer is `None`. Only a process of one
        /// thread can: of several, a second process would have one, and locks that the others held would stay held.
        #[allow(unsafe_code, reason = "rustix's fork leaves the C library's own notes about the process as they were")]
        pub fn fork() -> io::Result<Option<Child>> {
            // A folder for each thread, and the two links of any folder (`proc_task_getattr` in the kernel's fs/proc/base.c).
            if rustix::fs::stat("/proc/self/task")?.st_nlink != 3 {
                return Err(no_second_process("this process has more than one thread"));
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
            Err(no_second_process("this system has none of that kind"))
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
