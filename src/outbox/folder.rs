//! The folders of the outbox, which may hold anything that the daemon's user put there.

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
use crate::outbox::entry::Name;
use crate::outbox::limits;

/// The folder in the library directory in which events wait and are kept.
pub const STATE_FOLDER: &str = "anonymous-statistics";

/// Temporary files begin with this; no entry's name does.
pub(super) const TEMPORARY: &str = ".new-";

/// Who opens the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The sender: creates the folders, and uses only folders of its own.
    Sender,
    /// The sender of a machine that has opted out: uses only folders of its own, and creates nothing.
    Cleaner,
    /// The preview: reads and deletes, and creates nothing.
    Reader,
}

/// Entries that were not read, because there are more than the sender leaves there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// How many were seen.
    pub number: usize,
    /// Not everything was seen: there are more names than [`limits::OUTBOX_NAMES`].
    pub or_more: bool,
}

/// The library directory may be a link that an administrator made; what is below it belongs to the daemon's user.
pub(super) fn open_library(path: &Path) -> io::Result<OwnedFd> {
    files::open_folder(rustix::fs::CWD, path, Links::Follow)
}

pub(super) fn folder(parent: &OwnedFd, name: &str, role: Role) -> io::Result<OwnedFd> {
    if role == Role::Sender {
        // Only the owner of the parent may leave a folder there: run once by root, the sender must not make one that the
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

/// Holds a file or folder alone, if nobody else holds it. A file system that knows no such thing lets everybody have it: what
/// is sent twice has the same random number.
pub(super) fn hold_alone(file: impl AsFd) -> bool {
    rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) != Err(rustix::io::Errno::WOULDBLOCK)
}

/// Holds a folder alone as soon as nobody else holds it, and says whether that was soon enough.
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

/// Whether a file is an entry, or one that is not finished.
pub(super) fn is_event(name: &OsStr) -> bool {
    Name::parse(name).is_some() || name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes())
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

/// The newest entries of a folder, the newest first, and how many it has beside them. Of a folder with too many names some are
/// not seen, whichever the file system tells last.
pub(super) fn newest(folder: &OwnedFd, most: usize) -> io::Result<(Vec<Name>, Unread)> {
    let mut newest = BinaryHeap::new();
    let mut unread = Unread::default();
    for (number, name) in names_in(Dir::read_from(folder)?).enumerate() {
        if number >= limits::OUTBOX_NAMES {
            unread.or_more = true;
            break;
        }
        if let Some(name) = Name::parse(&name?) {
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
