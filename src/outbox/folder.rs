//! The outbox' folders, in which the daemon's user may put anything.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{Dir, FlockOperation, Mode};
use serde::Serialize;

use crate::files::{self, Links};
use crate::outbox::limits;
use crate::request::payload::EventId;

/// The outbox, in the library directory.
pub const STATE_FOLDER: &str = "anonymous-statistics";

/// What was reported of the agent's runs, beside the events.
pub(super) const RECORD: &str = "runs";

/// The prefix of temporary files.
pub(super) const TEMPORARY: &str = ".new-";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Creates the folders, and uses only folders of its own account.
    Sender,
    /// The sender on a machine that has opted out: uses only folders of its own account, and creates nothing.
    Cleaner,
    /// The preview: reads and deletes, and creates nothing.
    Reader,
}

/// Entries beyond the number that is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Unread {
    pub number: usize,
    /// There are more names than [`limits::OUTBOX_NAMES`].
    pub or_more: bool,
}

/// The library directory may be an administrator's link; everything below it belongs to the daemon's user.
pub(super) fn open_library(path: &Path) -> io::Result<OwnedFd> {
    files::open_folder(rustix::fs::CWD, path, Links::Follow)
}

pub(super) fn folder(parent: &OwnedFd, name: &str, role: Role) -> io::Result<OwnedFd> {
    if role == Role::Sender {
        // Created only in a folder of the same account: run once by root, the sender must not leave a folder that the
        // daemon's user cannot use.
        let stat = rustix::fs::fstat(parent)?;
        if stat.st_uid == rustix::process::geteuid().as_raw() {
            match rustix::fs::mkdirat(parent, name, Mode::RWXU) {
                Ok(()) | Err(rustix::io::Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    let folder = files::open_folder(parent, Path::new(name), Links::Refuse)?;
    if role != Role::Reader {
        must_be_private(&rustix::fs::fstat(&folder)?)?;
    }
    Ok(folder)
}

/// Takes an exclusive lock, if nobody holds one. On a file system without locks everybody gets it: an event that is
/// sent twice has the same random number.
pub(super) fn hold_alone(file: impl AsFd) -> bool {
    rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) != Err(rustix::io::Errno::WOULDBLOCK)
}

/// Waits for an exclusive lock, and returns whether it got it in time.
pub(super) fn hold_alone_soon(folder: &OwnedFd) -> bool {
    let start = Instant::now();
    loop {
        match rustix::fs::flock(folder, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return true,
            Err(rustix::io::Errno::WOULDBLOCK) if start.elapsed() < limits::OPT_OUT_WAIT => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(_) => return false,
        }
    }
}

/// Whether a file is an entry, finished or not.
pub(super) fn is_event(name: &OsStr) -> bool {
    EventId::parse(name).is_some() || name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes())
}

pub(super) fn must_be_private(stat: &rustix::fs::Stat) -> io::Result<()> {
    if stat.st_uid != rustix::process::geteuid().as_raw() {
        Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user"))
    } else if stat.st_mode & 0o077 != 0 {
        Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is open to other users"))
    } else {
        Ok(())
    }
}

/// The newest entries of a folder, the newest first, and the number of others. Of a folder with too many names an
/// arbitrary part is seen.
pub(super) fn newest(folder: &OwnedFd, most: usize) -> io::Result<(Vec<EventId>, Unread)> {
    let mut newest = BinaryHeap::new();
    let mut unread = Unread::default();
    for (number, name) in names_in(Dir::read_from(folder)?).enumerate() {
        if number >= limits::OUTBOX_NAMES {
            unread.or_more = true;
            break;
        }
        if let Some(name) = EventId::parse(&name?) {
            newest.push(Reverse(name));
            if newest.len() > most {
                newest.pop();
                unread.number += 1;
            }
        }
    }
    Ok((newest.into_sorted_vec().into_iter().map(|Reverse(name)| name).collect(), unread))
}

pub(super) fn names_in(folder: Dir) -> impl Iterator<Item = io::Result<OsString>> {
    use std::os::unix::ffi::OsStrExt;
    folder.filter_map(|item| match item {
        Ok(item) => {
            let name = OsStr::from_bytes(item.file_name().to_bytes());
            (name != "." && name != "..").then(|| Ok(name.to_owned()))
        }
        Err(error) => Some(Err(error.into())),
    })
}
