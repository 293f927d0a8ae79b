//! The open outbox: stores, claims and reads events.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags};

use crate::clock::{BootTime, UnixMillis};
use crate::files::{self, Links, Opened};
use crate::outbox::entry::{Entry, Item, Record, State};
use crate::outbox::folder::{
    Role, STATE_FOLDER, TEMPORARY, Unread, folder, hold_alone, must_be_private, newest, open_library,
};
use crate::outbox::limits;
use crate::request::payload::{EventId, Uuid};

/// An exclusive lock on an entry: nobody else sends it meanwhile.
#[derive(Debug)]
pub struct Claim {
    name: EventId,
    /// Closing it releases the lock.
    _file: File,
}

impl Claim {
    pub fn name(&self) -> EventId {
        self.name
    }
}

/// The state folder, at which an opt-out waits for senders that are about to send.
#[derive(Debug, Clone)]
pub struct Barrier(Arc<OwnedFd>);

/// While a sender holds this, an opt-out waits.
#[derive(Debug)]
pub struct Passage(Arc<OwnedFd>);

/// While a sender holds this, no other sender is about to send or store an event, and an opt-out waits.
#[derive(Debug)]
pub struct Alone {
    /// Giving it up releases the lock.
    _passage: Passage,
}

impl Barrier {
    /// Waits until nobody else is at the barrier. The lock ends with the process. Network file systems without locks do
    /// not wait: what two senders then do at once, they do twice.
    pub fn close(&self) -> Alone {
        while rustix::fs::flock(&*self.0, FlockOperation::LockExclusive) == Err(rustix::io::Errno::INTR) {}
        Alone { _passage: Passage(Arc::clone(&self.0)) }
    }

    /// Enters the section in which consent is no longer checked, and waits for a running opt-out. Network file systems
    /// without locks do not wait: there the opt-out is told that it cannot say from when on it holds.
    pub fn pass(&self) -> Passage {
        while rustix::fs::flock(&*self.0, FlockOperation::LockShared) == Err(rustix::io::Errno::INTR) {}
        Passage(Arc::clone(&self.0))
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        let _ = rustix::fs::flock(&*self.0, FlockOperation::Unlock);
    }
}

#[derive(Debug)]
pub struct Outbox {
    pub(super) state: OwnedFd,
    pub(super) waiting: OwnedFd,
    pub(super) sent: OwnedFd,
    role: Role,
}

impl Outbox {
    /// Opens the outbox. The sender sends without it if this fails.
    pub fn open(library: &Path, role: Role) -> io::Result<Self> {
        let parent = open_library(library)?;
        let state = folder(&parent, STATE_FOLDER, role)?;
        let open = |which: State| folder(&state, which.folder(), role);
        let (waiting, sent) = (open(State::Waiting)?, open(State::Sent)?);
        Ok(Self { state, waiting, sent, role })
    }

    /// The barrier for opt-outs.
    pub fn barrier(&self) -> io::Result<Barrier> {
        Ok(Barrier(Arc::new(files::open_folder(&self.state, Path::new("."), Links::Refuse)?)))
    }

    fn folder(&self, state: State) -> &OwnedFd {
        match state {
            State::Waiting => &self.waiting,
            State::Sent => &self.sent,
        }
    }

    /// Stores a frozen request. When this returns, the event survives a crash of the machine, and is the caller's to
    /// send.
    pub fn keep(&self, stamp: &EventId, entry: &Entry) -> io::Result<Claim> {
        let name = *stamp;
        // A time in the future has no counterpart in the time since boot.
        let ago = (UnixMillis::now() >= stamp.time).then(|| UnixMillis::now().since(stamp.time));
        let frozen = BootTime::now().zip(ago).and_then(|(now, ago)| now.before(ago));
        let record = Record { frozen, ..entry.record.clone() };
        let file = self.write(&name, &Entry { record, request: entry.request.clone() })?;
        rustix::fs::fsync(&self.waiting)?;
        Ok(Claim { name, _file: file })
    }

    /// Claims a waiting event. `None`: another sender has claimed or sent it.
    pub fn claim(&self, name: &EventId) -> io::Result<Option<(Claim, Entry)>> {
        let opened = self.open_entry(State::Waiting, name)?;
        if !hold_alone(&opened.file) {
            return Ok(None);
        }
        // Another sender may have replaced or moved it between the two calls.
        let now = rustix::fs::statat(&self.waiting, name.to_string(), AtFlags::SYMLINK_NOFOLLOW)?;
        if (now.st_dev, now.st_ino) != (opened.stat.st_dev, opened.stat.st_ino) {
            return Ok(None);
        }
        let claim = Claim { name: *name, _file: opened.file.try_clone()? };
        Ok(Some((claim, Entry::decode(&opened.read(limits::ENTRY_BYTES)?)?)))
    }

    /// Writes an entry atomically: under a temporary name, synced, then renamed. The event is the caller's while it
    /// holds the file.
    fn write(&self, name: &EventId, entry: &Entry) -> io::Result<File> {
        write_file(&self.waiting, &format!("{TEMPORARY}{name}"), &name.to_string(), &entry.encode()?)
    }

    /// Whether an event with this number waits, or was answered and is kept.
    pub fn holds(&self, uuid: &Uuid) -> io::Result<bool> {
        let mut names = self.names(State::Waiting)?;
        names.extend(self.names(State::Sent)?);
        Ok(names.iter().any(|name| name.uuid == *uuid))
    }

    /// Records that an attempt begins.
    pub fn begin_attempt(&self, claim: &Claim, entry: Entry, now: UnixMillis) -> io::Result<Claim> {
        // As below.
        let _passage = self.barrier()?.pass();
        self.open_entry(State::Waiting, &claim.name)?;
        Ok(Claim { name: claim.name, _file: self.write(&claim.name, &entry.begun(now))? })
    }

    /// Records an attempt without a final answer.
    pub fn record_attempt(
        &self,
        name: &EventId,
        status: Option<u16>,
        now: UnixMillis,
        not_before: Option<UnixMillis>,
    ) -> io::Result<()> {
        // An opt-out must not delete it between the read and the rename, which would restore it.
        let _passage = self.barrier()?.pass();
        self.write_attempt(name, status, now, not_before).map(drop)
    }

    pub(super) fn write_attempt(
        &self,
        name: &EventId,
        status: Option<u16>,
        now: UnixMillis,
        not_before: Option<UnixMillis>,
    ) -> io::Result<File> {
        let mut entry = self.read(State::Waiting, name)?;
        if !entry.record.begun {
            entry = entry.begun(now);
        }
        let record = &mut entry.record;
        (record.status, record.time, record.begun, record.not_before) = (status, Some(now), false, not_before);
        self.write(name, &entry)
    }

    /// The newest names in a state, within the sender's limit. Names of other files are skipped.
    pub fn names(&self, state: State) -> io::Result<Vec<EventId>> {
        Ok(newest(self.folder(state), limits::OUTBOX_ENTRIES)?.0)
    }

    pub fn read(&self, state: State, name: &EventId) -> io::Result<Entry> {
        Entry::decode(&self.open_entry(state, name)?.read(limits::ENTRY_BYTES)?)
    }

    pub(super) fn open_entry(&self, state: State, name: &EventId) -> io::Result<Opened> {
        let opened = files::open_regular(self.folder(state), Path::new(&name.to_string()), Links::Refuse)?;
        if self.role != Role::Reader {
            must_be_private(&opened.stat)?;
        }
        Ok(opened)
    }

    /// Reads an entry, unless it exceeds the rest of a budget.
    pub(super) fn read_within(&self, left: &mut usize, state: State, name: &EventId) -> Option<io::Result<Entry>> {
        let read = self.open_entry(state, name).and_then(|opened| {
            // A file that is too large for an entry is an error, and is not read.
            if opened.size() <= limits::ENTRY_BYTES as u64 && opened.size() > *left as u64 {
                return Ok(None);
            }
            opened.read(limits::ENTRY_BYTES).map(Some)
        });
        *left = left.saturating_sub(read.as_ref().ok().and_then(Option::as_ref).map_or(0, Vec::len));
        read.and_then(|bytes| bytes.map(|bytes| Entry::decode(&bytes)).transpose()).transpose()
    }

    /// The newest entries of both states in order of time, and the number of others. A damaged entry is an item, too:
    /// it is never sent.
    pub fn items(&self) -> io::Result<(Vec<Item>, Unread)> {
        let mut items = Vec::new();
        let mut all = Unread::default();
        for state in [State::Sent, State::Waiting] {
            let (names, unread) = newest(self.folder(state), limits::SHOWN_ENTRIES)?;
            all.number += unread.number;
            all.or_more |= unread.or_more;
            let mut left = limits::SHOWN_BYTES;
            for name in names {
                match self.read_within(&mut left, state, &name) {
                    Some(entry) => {
                        items.push(Item { state, name, entry: entry.map_err(|error| crate::text::reason(&error)) });
                    }
                    None => all.number += 1,
                }
            }
        }
        items.sort_unstable_by_key(|item| item.name);
        Ok((items, all))
    }

    pub fn delete(&self, state: State, name: &EventId) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(self.folder(state), name.to_string(), AtFlags::empty())?)
    }

    /// The events that may be tried now: failures of the agent first, then the oldest. Unreadable ones are skipped.
    pub fn due(&self, now: UnixMillis) -> io::Result<Vec<EventId>> {
        let mut left = limits::OUTBOX_BYTES;
        let mut due = Vec::new();
        for name in self.names(State::Waiting)? {
            if let Some(Ok(entry)) = self.read_within(&mut left, State::Waiting, &name)
                && entry.record.waits_until(now).is_none()
            {
                due.push((!entry.is_failure(), name));
            }
        }
        due.sort_unstable();
        Ok(due.into_iter().map(|(_, name)| name).collect())
    }
}

/// Writes a file atomically: under a temporary name, synced, then renamed. It is locked before it has its name.
pub(super) fn write_file(folder: &OwnedFd, temporary: &str, name: &str, bytes: &[u8]) -> io::Result<File> {
    // A write beyond this limit would kill the process (setrlimit(2), RLIMIT_FSIZE).
    let limit = rustix::process::getrlimit(rustix::process::Resource::Fsize).current;
    if limit.is_some_and(|limit| limit < bytes.len() as u64) {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let written = rustix::fs::openat(folder, temporary, flags, Mode::RUSR | Mode::WUSR)
        .map_err(io::Error::from)
        .and_then(|file| {
            let mut file = File::from(file);
            hold_alone(&file);
            file.write_all(bytes)?;
            file.sync_all()?;
            rustix::fs::renameat(folder, temporary, folder, name)?;
            Ok(file)
        });
    if written.is_err() {
        // If the incomplete file cannot be deleted either, `tidy` finds it later.
        let _ = rustix::fs::unlinkat(folder, temporary, AtFlags::empty());
    }
    written
}
