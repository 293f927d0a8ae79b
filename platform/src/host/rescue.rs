//! Two ways out for a program that must end in time whatever it waits for: work in a second process, and a clock that ends
//! this one.

use std::io;

pub use crate::host::sys::{end_after, fork};

/// A second process of this program.
#[derive(Debug)]
pub struct Child(pub(crate) rustix::process::Pid);

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
pub(crate) fn no_second_process(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, why)
}
