//! Work in a second process, where a file system could hold the first one beyond its end.
//!
//! A thread that waits for the server of a FUSE file system, once that has taken the question, cannot be killed
//! (`request_wait_answer` in the kernel's `fs/fuse/dev.c`), and a process is gone only when its last thread is. The daemon
//! waits for its child, so it would wait with it. Where such a file system is mounted, a second process does the work: it ends
//! at the deadline too, but if it cannot, nobody waits for it.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anonymous_statistics::limits;

/// Tells the second process whose it is.
const PARENT: &str = "ANONYMOUS_STATISTICS_PARENT";

/// Where the kernel says what is mounted (`proc_pid_mountinfo(5)`).
const MOUNTS: &str = "/proc/self/mountinfo";
/// More than ten thousand mounts; whoever has more gets the second process.
const MOUNTS_BYTES: u64 = 2 * 1024 * 1024;

/// Room for those of most machines, so that one call reads them.
const MOUNTS_USUAL: usize = 16 * 1024;

/// Time for the second process to say how it ended, after its deadline, and then to be gone: far more than it needs.
pub(crate) const GRACE: Duration = Duration::from_millis(60);

/// How the second process ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// What the daemon reads.
    pub(crate) out: String,
    /// The line for its log.
    pub(crate) line: String,
    /// The exit status.
    pub(crate) status: i32,
}

/// Whether this is the second process.
pub(crate) fn is_this() -> bool {
    let parent = || rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get().to_string());
    std::env::var_os(PARENT).is_some_and(|named| parent().is_some_and(|parent| named == *parent))
}

/// Whether there is a file system that can hold a process.
pub(crate) fn is_needed() -> bool {
    let Ok(file) = std::fs::File::open(MOUNTS) else { return false };
    let mut mounts = Vec::with_capacity(MOUNTS_USUAL);
    let read = file.take(MOUNTS_BYTES).read_to_end(&mut mounts);
    read.is_ok_and(|length| length as u64 == MOUNTS_BYTES) || mounts.split(|byte| *byte == b'\n').any(can_hold)
}

/// Whether a line of mountinfo is about such a file system: its type stands behind the separator.
fn can_hold(line: &[u8]) -> bool {
    let Some(at) = line.windows(3).position(|window| window == b" - ") else { return false };
    let kind = line.get(at + 3..).and_then(|rest| rest.split(|byte| *byte == b' ').next()).unwrap_or_default();
    matches!(kind, b"fuse" | b"fuseblk" | b"virtiofs") || kind.starts_with(b"fuse.")
}

/// Runs this program again with the same arguments, and waits until it says how it ended, at most so long. `None`: it cannot be
/// run, or says nothing.
pub(crate) fn run(at_most: Duration) -> Option<Ended> {
    let mut arguments = std::env::args_os();
    let mut child = Command::new("/proc/self/exe")
        .arg0(arguments.next()?)
        .args(arguments)
        .env(PARENT, std::process::id().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // Whoever reads this to its end must not wait for it either.
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut message = child.stdout.take()?;
    let (said, heard) = mpsc::channel();
    let listener = std::thread::Builder::new().stack_size(limits::STACK_BYTES).spawn(move || {
        said.send(Some(hear(&mut message)?)).ok()?;
        child.wait().ok()?;
        said.send(None).ok()
    });
    listener.ok()?;
    let ended = heard.recv_timeout(at_most).ok().flatten();
    // Usually it is gone at once.
    let _ = heard.recv_timeout(GRACE);
    ended
}

/// What the second process says: the exit status, and two texts with their lengths, all lengths in a byte.
pub(crate) fn message(out: &str, line: Option<&str>, status: i32) -> Vec<u8> {
    let mut message = vec![u8::try_from(status).unwrap_or(u8::MAX)];
    for text in [out, line.unwrap_or_default()] {
        let bytes = text.as_bytes();
        let length = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
        message.push(length);
        message.extend(bytes.iter().take(usize::from(length)));
    }
    message
}

fn hear(message: &mut impl Read) -> Option<Ended> {
    let byte = |message: &mut dyn Read| {
        let mut byte = [0];
        message.read_exact(&mut byte).ok().map(|()| byte[0])
    };
    let text = |message: &mut dyn Read| {
        let mut bytes = vec![0; usize::from(byte(message)?)];
        message.read_exact(&mut bytes).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    };
    Some(Ended { status: byte(message)?.into(), out: text(message)?, line: text(message)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_systems_that_can_hold_a_process() {
        for (line, holds) in [
            ("36 35 0:31 / /etc/netdata rw,relatime shared:1 - fuse.sshfs host:/x rw,user_id=0", true),
            ("36 35 0:31 / /etc/netdata rw,relatime - fuse none rw", true),
            ("36 35 0:31 / / rw - virtiofs root rw", true),
            ("36 35 0:31 / /sys/fs/fuse/connections rw - fusectl fusectl rw", false),
            ("36 35 0:31 / /fuse.sshfs rw - ext4 /dev/vda rw", false),
            ("36 35 0:31 / / rw - ext4 fuse.x rw", false),
            ("", false),
            (" - ", false),
        ] {
            assert_eq!(can_hold(line.as_bytes()), holds, "{line}");
        }
    }

    #[test]
    fn what_is_said_is_heard() {
        let long = "x".repeat(300);
        for (out, line, status) in
            [("000", Some("lost"), 28), ("", None, 0), ("200", None, 0), ("", Some(long.as_str()), 2)]
        {
            let heard = hear(&mut message(out, line, status).as_slice()).unwrap();
            let line: String = line.unwrap_or_default().chars().take(255).collect();
            assert_eq!(heard, Ended { out: out.to_owned(), line, status });
        }
        assert_eq!(hear(&mut &b"\x1c\x0300"[..]), None);
    }
}
