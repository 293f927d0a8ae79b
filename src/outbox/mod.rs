//! Events that wait to be sent, and requests that were answered: two folders, one file per event.
//!
//! `rename` is the only way from one state to the next, so an event is always in exactly one of them. There is no index and no
//! file that locks: what is held is a folder or an entry itself (flock(2)), so whoever ends, however, holds nothing any more.
//!
//! - Whoever sends an event holds its entry alone. Nobody else sends it then, or deletes it for want of room.
//! - Whoever is about to write the first byte of a request, or to write an event down, holds the state folder together with
//!   others of that kind ([`Passage`]). Whoever opts out holds it alone for a moment: then nobody is at that point any more, and
//!   whoever comes there later looks once more first.
//!
//! The folder belongs to the user that the daemon runs as. Nothing in it is trusted: every access is relative to an open
//! folder and follows no link, and however much is there, so much is read of it and no more.

pub mod history;
pub mod outcome;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, Dir, FlockOperation, Mode, OFlags};
use serde::{Deserialize, Serialize};

use crate::agent::folders::STATE_FOLDER;
use crate::clock::{self, BootTime};
use crate::fields::shape;
use crate::files::{self, Links, Opened};
use crate::limits;
use crate::request::endpoint::Endpoint;
use crate::request::http::{PreparedRequest, thaw};
use crate::request::payload::Stamp;

const WAITING: &str = "waiting";
const SENT: &str = "sent";
/// Temporary files begin with this; no entry's name does.
const TEMPORARY: &str = ".new-";
/// A temporary file of this age was left behind by a sender that was killed: no call takes so long.
const TEMPORARY_AGE: Duration = Duration::from_mins(1);
/// The version of the entries' first line.
const FORMAT: u32 = 1;

/// The two states of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Frozen and not answered.
    Waiting,
    /// Answered.
    Sent,
}

impl State {
    pub(crate) const fn folder(self) -> &'static str {
        match self {
            Self::Waiting => WAITING,
            Self::Sent => SENT,
        }
    }
}

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

/// The name of an entry: when its event was frozen, and the event's random number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    time: u64,
    uuid: String,
}

impl Name {
    /// The name of an event's entry.
    pub fn of(stamp: &Stamp) -> Self {
        Self { time: stamp.time, uuid: stamp.uuid.clone() }
    }

    fn parse(name: &OsStr) -> Option<Self> {
        let (time, uuid) = name.to_str()?.split_once('-')?;
        let plain = time.bytes().all(|b| b.is_ascii_digit()) && shape::is_guid(uuid);
        let name = Self { time: time.parse().ok().filter(|_| plain)?, uuid: uuid.to_owned() };
        Some(name)
    }

    /// When the event was frozen: milliseconds since 1970.
    pub fn time(&self) -> u64 {
        self.time
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.time, self.uuid)
    }
}

/// The first line of an entry: what is known about the attempts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    format: u32,
    /// Where the request goes.
    pub url: String,
    /// How often it was tried.
    pub attempts: u32,
    /// The status of the last answer; `None`: there was none.
    pub status: Option<u16>,
    /// When it was last tried: milliseconds since 1970.
    pub time: Option<u64>,
    /// The server asked that it is not tried before this time: milliseconds since 1970.
    #[serde(default)]
    pub not_before: Option<u64>,
    /// When it was frozen, by a clock that nobody sets. Entries of older versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    frozen: Option<BootTime>,
}

impl Record {
    /// Until when the event must not be tried again, if that is not over. A time that is further away than any server can ask
    /// for was written down by a clock that was wrong.
    pub fn waits_until(&self, now: u64) -> Option<u64> {
        let longest = u64::try_from(limits::RETRY_AFTER.as_millis()).unwrap_or(u64::MAX);
        self.not_before.filter(|time| *time > now && *time <= now.saturating_add(longest))
    }
}

/// An entry: the frozen request, and what is known about the attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What is known about the attempts.
    pub record: Record,
    /// All bytes of the request.
    pub request: Vec<u8>,
}

impl Entry {
    /// An entry for a request that was not tried yet.
    pub fn new(request: &PreparedRequest) -> Self {
        let url = request.endpoint().to_string();
        let record =
            Record { format: FORMAT, url, attempts: 0, status: None, time: None, not_before: None, frozen: None };
        Self { record, request: request.to_bytes() }
    }

    /// The body of the request: what stands behind the empty line (RFC 9112).
    pub fn body(&self) -> &[u8] {
        let end = self.request.windows(4).position(|w| w == b"\r\n\r\n").map_or(self.request.len(), |at| at + 4);
        self.request.get(end..).unwrap_or_default()
    }

    /// The body as JSON, where it is.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(self.body()).ok()
    }

    /// The action of the event.
    pub fn action(&self) -> Option<String> {
        Some(self.json()?.get("properties")?.get("action")?.as_str()?.to_owned())
    }

    /// The request, if it is one to this destination, just as it was frozen. Nothing else is sent anywhere.
    pub fn request_to(&self, endpoint: &Endpoint) -> Option<PreparedRequest> {
        if self.record.url == endpoint.to_string() { thaw(&self.request, endpoint) } else { None }
    }

    /// Whether the event says that the agent failed: these matter most.
    pub fn is_failure(&self) -> bool {
        self.action().is_some_and(|action| matches!(action.as_str(), "FATAL" | "CRASH"))
    }

    pub(crate) fn encode(&self) -> io::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(&self.record)?;
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.request);
        Ok(bytes)
    }

    pub(crate) fn decode(bytes: &[u8]) -> io::Result<Self> {
        let damaged = |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("the entry is damaged: {what}"));
        let end = bytes.iter().position(|b| *b == b'\n').ok_or_else(|| damaged("it has no first line"))?;
        let (line, rest) = bytes.split_at(end);
        let record: Record = serde_json::from_slice(line).map_err(|error| damaged(&error.to_string()))?;
        if record.format != FORMAT {
            return Err(damaged("it has another format"));
        }
        Endpoint::parse(&record.url).map_err(|problem| damaged(&format!("its url {problem}")))?;
        Ok(Self { record, request: rest.get(1..).unwrap_or_default().to_vec() })
    }
}

/// An event that waits, or that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Which of the two.
    pub state: State,
    /// Its name.
    pub name: Name,
    /// The entry; an error says why it cannot be read.
    pub entry: Result<Entry, String>,
}

/// An entry that nobody else sends as long as this is there.
#[derive(Debug)]
pub struct Claim {
    name: Name,
    /// Closed, it holds the entry no longer.
    _file: File,
}

impl Claim {
    /// The entry's name.
    pub fn name(&self) -> &Name {
        &self.name
    }
}

/// The state folder, at which who opts out waits for who is about to send.
#[derive(Debug, Clone)]
pub struct Barrier(Arc<OwnedFd>);

/// As long as this is there, whoever opts out waits.
#[derive(Debug)]
pub struct Passage(Arc<OwnedFd>);

impl Barrier {
    /// Comes to the point after which nobody looks any more, and waits there for whoever is opting out. Some file systems of
    /// a network know no such thing: there an opt-out has no moment from which on it holds, and is told so.
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

/// Entries that were not read, because there are more than the sender leaves there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// How many were seen.
    pub number: usize,
    /// Not everything was seen: there are more names than [`limits::OUTBOX_NAMES`].
    pub or_more: bool,
}

/// What came of deleting all entries of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deleted {
    /// How many there were.
    pub number: usize,
    /// Nobody was about to send or to write an event down. Otherwise one may still do it.
    pub quiet: bool,
}

/// The folders, open.
#[derive(Debug)]
pub struct Outbox {
    state: OwnedFd,
    waiting: OwnedFd,
    sent: OwnedFd,
    role: Role,
}

impl Outbox {
    /// Opens the outbox in a library directory. Where it cannot be used, the error says why; the sender then sends
    /// without it.
    pub fn open(library: &Path, role: Role) -> io::Result<Self> {
        let parent = open_library(library)?;
        let state = folder(&parent, STATE_FOLDER, role)?;
        let (waiting, sent) = (folder(&state, WAITING, role)?, folder(&state, SENT, role)?);
        Ok(Self { state, waiting, sent, role })
    }

    /// Where whoever opts out waits for this sender.
    pub fn barrier(&self) -> io::Result<Barrier> {
        Ok(Barrier(Arc::new(files::open_folder(&self.state, Path::new("."), Links::Refuse)?)))
    }

    fn folder(&self, state: State) -> &OwnedFd {
        match state {
            State::Waiting => &self.waiting,
            State::Sent => &self.sent,
        }
    }

    /// Keeps a frozen request. When this returns, the event survives a crash of the machine, and is the caller's to send.
    pub fn keep(&self, stamp: &Stamp, entry: &Entry) -> io::Result<Claim> {
        let name = Name::of(stamp);
        let ago = clock::now().checked_sub(stamp.time);
        let frozen = BootTime::now().zip(ago).and_then(|(now, ago)| now.before(ago));
        let record = Record { frozen, ..entry.record.clone() };
        let file = self.write(&name, &Entry { record, request: entry.request.clone() })?;
        rustix::fs::fsync(&self.waiting)?;
        Ok(Claim { name, _file: file })
    }

    /// Makes a waiting event the caller's to send. `None`: another sender is at it, or has done it.
    pub fn claim(&self, name: &Name) -> io::Result<Option<(Claim, Entry)>> {
        let opened = self.open_entry(State::Waiting, name)?;
        if !hold_alone(&opened.file) {
            return Ok(None);
        }
        // Another sender may have written it anew or moved it between the two.
        let now = rustix::fs::statat(&self.waiting, name.to_string(), AtFlags::SYMLINK_NOFOLLOW)?;
        if (now.st_dev, now.st_ino) != (opened.stat.st_dev, opened.stat.st_ino) {
            return Ok(None);
        }
        let claim = Claim { name: name.clone(), _file: opened.file.try_clone()? };
        Ok(Some((claim, Entry::decode(&opened.read(limits::ENTRY_BYTES)?)?)))
    }

    /// Writes an entry whole or not at all: under a temporary name, synced, then renamed. As long as the caller holds the file,
    /// the event is the caller's.
    fn write(&self, name: &Name, entry: &Entry) -> io::Result<File> {
        let bytes = entry.encode()?;
        // A write beyond this limit would end the process (setrlimit(2), RLIMIT_FSIZE).
        let limit = rustix::process::getrlimit(rustix::process::Resource::Fsize).current;
        if limit.is_some_and(|limit| limit < bytes.len() as u64) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let temporary = format!("{TEMPORARY}{name}");
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let written = rustix::fs::openat(&self.waiting, &temporary, flags, Mode::RUSR | Mode::WUSR)
            .map_err(io::Error::from)
            .and_then(|file| {
                let mut file = File::from(file);
                hold_alone(&file);
                file.write_all(&bytes)?;
                file.sync_all()?;
                rustix::fs::renameat(&self.waiting, &temporary, &self.waiting, name.to_string())?;
                Ok(file)
            });
        if written.is_err() {
            // What could not be finished is of no use; if it cannot be deleted either, `tidy` finds it later.
            let _ = rustix::fs::unlinkat(&self.waiting, &temporary, AtFlags::empty());
        }
        written
    }

    /// Notes an attempt at a waiting event that was not answered for good, and before when it must not be tried again.
    pub fn note_attempt(&self, name: &Name, status: Option<u16>, now: u64, not_before: Option<u64>) -> io::Result<()> {
        // Whoever opts out must not delete it between this look and the rename: it would be there again.
        let _passage = self.barrier()?.pass();
        self.write_attempt(name, status, now, not_before).map(drop)
    }

    fn write_attempt(&self, name: &Name, status: Option<u16>, now: u64, not_before: Option<u64>) -> io::Result<File> {
        let mut entry = self.read(State::Waiting, name)?;
        entry.record.attempts = entry.record.attempts.saturating_add(1);
        entry.record.status = status;
        entry.record.time = Some(now);
        entry.record.not_before = not_before;
        self.write(name, &entry)
    }

    /// Moves an answered event into the history, of which `keep` entries stay.
    pub fn note_answer(&self, name: &Name, status: u16, now: u64, keep: usize) -> io::Result<()> {
        if keep == 0 {
            return self.delete(State::Waiting, name);
        }
        let _passage = self.barrier()?.pass();
        // Held until it waits no more.
        let _file = self.write_attempt(name, Some(status), now, None)?;
        rustix::fs::renameat(&self.waiting, name.to_string(), &self.sent, name.to_string())?;
        self.tidy_history(now, keep)
    }

    /// The names in a state, the newest first, within the sender's limit. Names of other files are passed over.
    pub fn names(&self, state: State) -> io::Result<Vec<Name>> {
        Ok(newest(self.folder(state), limits::OUTBOX_ENTRIES)?.0)
    }

    /// Reads an entry.
    pub fn read(&self, state: State, name: &Name) -> io::Result<Entry> {
        Entry::decode(&self.open_entry(state, name)?.read(limits::ENTRY_BYTES)?)
    }

    fn open_entry(&self, state: State, name: &Name) -> io::Result<Opened> {
        let opened = files::open_regular(self.folder(state), Path::new(&name.to_string()), Links::Refuse)?;
        if self.role != Role::Reader {
            must_be_private(&opened.stat)?;
        }
        Ok(opened)
    }

    /// Reads an entry, unless it is larger than what is `left` to be read.
    fn read_within(&self, left: &mut usize, state: State, name: &Name) -> Option<io::Result<Entry>> {
        let read = self.open_entry(state, name).and_then(|opened| {
            // One that is too large for an entry is an error, and is not read.
            if opened.size() <= limits::ENTRY_BYTES as u64 && opened.size() > *left as u64 {
                return Ok(None);
            }
            opened.read(limits::ENTRY_BYTES).map(Some)
        });
        *left = left.saturating_sub(read.as_ref().ok().and_then(Option::as_ref).map_or(0, Vec::len));
        read.and_then(|bytes| bytes.map(|bytes| Entry::decode(&bytes)).transpose()).transpose()
    }

    /// The newest entries of both states, the oldest first, and how many there are beside them. What is damaged is an item too:
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
                    Some(entry) => items.push(Item { state, name, entry: entry.map_err(|error| error.to_string()) }),
                    None => all.number += 1,
                }
            }
        }
        items.sort_by(|a, b| a.name.cmp(&b.name));
        Ok((items, all))
    }

    /// Deletes an entry.
    pub fn delete(&self, state: State, name: &Name) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(self.folder(state), name.to_string(), AtFlags::empty())?)
    }

    /// Deletes every entry of a state in a library directory, unfinished ones included, and says how many there were. What waits
    /// is deleted when nobody is about to send or to write an event down any more, or when that takes too long.
    ///
    /// It needs no other folder to be there: somebody may have removed the history, and events wait all the same.
    pub fn delete_all(library: &Path, state: State, role: Role) -> io::Result<Deleted> {
        let parent = open_library(library)?;
        let all = folder(&parent, STATE_FOLDER, role)?;
        let quiet = state == State::Sent || hold_alone_soon(&all);
        let folder = match folder(&all, state.folder(), role) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Deleted { number: 0, quiet }),
            folder => folder?,
        };
        let mut deleted = 0;
        let start = Instant::now();
        // Which of its names a folder tells while it changes is left open (readdir(3)): it is read until it tells none.
        while let Some(number) = delete_each(&folder, start)? {
            deleted += number;
        }
        Ok(Deleted { number: deleted, quiet })
    }

    /// Whether a state folder that is the caller's own holds an event that waits, or what is left of one.
    pub fn something_waits(library: &Path) -> bool {
        let state = open_library(library).and_then(|parent| folder(&parent, STATE_FOLDER, Role::Cleaner));
        let waiting = state.and_then(|state| folder(&state, WAITING, Role::Cleaner));
        // The time of this look must not be written down: a disk that takes nothing would hold the caller.
        #[cfg(target_os = "linux")]
        let waiting = waiting.and_then(|waiting| {
            rustix::fs::fcntl_setfl(&waiting, OFlags::NOATIME)?;
            Ok(waiting)
        });
        let names = waiting.and_then(|waiting| Ok(names_in(Dir::new(waiting)?).enumerate()));
        // What cannot be looked at cannot be deleted either. Of what is too much, this look need not say more.
        let event = |(number, name): (usize, io::Result<OsString>)| {
            number >= limits::OUTBOX_NAMES || name.is_ok_and(|name| is_event(&name))
        };
        names.is_ok_and(|mut names| names.any(event))
    }

    /// The events that may be tried now, in the order in which they matter: failures of the agent first, else the oldest.
    /// What cannot be read is passed over.
    pub fn due(&self, now: u64) -> io::Result<Vec<Name>> {
        let mut left = limits::OUTBOX_BYTES;
        let mut due = Vec::new();
        for name in self.names(State::Waiting)? {
            if let Some(Ok(entry)) = self.read_within(&mut left, State::Waiting, &name)
                && entry.record.waits_until(now).is_none()
            {
                due.push((!entry.is_failure(), name));
            }
        }
        due.sort();
        Ok(due.into_iter().map(|(_, name)| name).collect())
    }

    /// Keeps the waiting events within their limits of age, number and size, and deletes what a killed sender left. Over
    /// the limit the oldest of the everyday events go first, failures of the agent last.
    pub fn tidy_waiting(&self, now: u64) -> io::Result<()> {
        for name in names_in(Dir::read_from(&self.waiting)?).take(limits::OUTBOX_NAMES) {
            let name = name?;
            let left = name
                .to_str()
                .and_then(|name| name.strip_prefix(TEMPORARY))
                .and_then(|name| Name::parse(OsStr::new(name)));
            // Whichever way the clock has jumped since.
            if left.is_some_and(|left| Duration::from_millis(now.abs_diff(left.time)) > TEMPORARY_AGE) {
                rustix::fs::unlinkat(&self.waiting, &*name, AtFlags::empty())?;
            }
        }
        let boot = BootTime::now();
        let mut left = limits::OUTBOX_BYTES;
        let mut entries = Vec::new();
        for name in self.names(State::Waiting)? {
            let entry = self.read_within(&mut left, State::Waiting, &name).and_then(io::Result::ok);
            if entry.as_ref().is_some_and(|entry| entry.record.attempts >= limits::TRIES) {
                self.delete(State::Waiting, &name)?;
                continue;
            }
            let failure = entry.as_ref().is_some_and(Entry::is_failure);
            entries.push((failure, Kept::of(now, boot.as_ref(), name, entry.as_ref())));
        }
        entries.sort_by(|(one_fails, one), (fails, other)| (one_fails, &one.name).cmp(&(fails, &other.name)));
        self.shrink(
            State::Waiting,
            entries.into_iter().map(|(_, kept)| kept).collect(),
            limits::WAITING_EVENTS,
            limits::WAITING_BYTES,
            limits::WAITING_AGE,
        )
    }

    fn tidy_history(&self, now: u64, keep: usize) -> io::Result<()> {
        let boot = BootTime::now();
        let mut left = limits::OUTBOX_BYTES;
        let look = |name: Name| {
            let entry = self.read_within(&mut left, State::Sent, &name).and_then(io::Result::ok);
            Kept::of(now, boot.as_ref(), name, entry.as_ref())
        };
        let mut entries: Vec<Kept> = self.names(State::Sent)?.into_iter().map(look).collect();
        entries.reverse();
        self.shrink(State::Sent, entries, keep, limits::HISTORY_BYTES, limits::HISTORY_AGE)
    }

    /// Deletes what is too old, and then from the front until number and size fit.
    fn shrink(&self, state: State, entries: Vec<Kept>, number: usize, bytes: u64, oldest: Duration) -> io::Result<()> {
        let (old, kept): (Vec<_>, Vec<_>) = entries.into_iter().partition(|kept| kept.age > oldest);
        let mut size: u64 = kept.iter().map(|kept| kept.size).sum();
        let mut left = kept.len();
        let delete = |name: &Name| match self.delete(state, name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
        old.iter().try_for_each(|old| delete(&old.name))?;
        for Kept { name, size: bytes_of_it, .. } in &kept {
            if left <= number && size <= bytes {
                break;
            }
            if state == State::Waiting && self.is_being_sent(name) {
                continue;
            }
            delete(name)?;
            size = size.saturating_sub(*bytes_of_it);
            left -= 1;
        }
        Ok(())
    }

    fn is_being_sent(&self, name: &Name) -> bool {
        self.open_entry(State::Waiting, name).is_ok_and(|opened| !hold_alone(&opened.file))
    }
}

/// What decides whether an entry stays.
struct Kept {
    name: Name,
    size: u64,
    age: Duration,
}

impl Kept {
    fn of(now: u64, boot: Option<&BootTime>, name: Name, entry: Option<&Entry>) -> Self {
        let size = entry.map_or(0, |entry| entry.request.len() as u64);
        Self { age: age(now, boot, &name, entry), size, name }
    }
}

/// How old an event is. If the machine was not started again since, the time of its start tells; else the clock does, and one that
/// was set back makes nothing older than it is: what lies in the future has the age 0. So has what was frozen before this program
/// existed, when the clock had not been set yet: such an event ends by its number of tries.
pub(crate) fn age(now: u64, boot: Option<&BootTime>, name: &Name, entry: Option<&Entry>) -> Duration {
    let frozen = entry.and_then(|entry| entry.record.frozen.as_ref());
    boot.zip(frozen).and_then(|(now, frozen)| now.since(frozen)).unwrap_or_else(|| {
        if name.time < limits::FIRST_TIME {
            Duration::ZERO
        } else {
            Duration::from_millis(now.saturating_sub(name.time))
        }
    })
}

/// The library directory may be a link that an administrator made; what is below it belongs to the daemon's user.
fn open_library(path: &Path) -> io::Result<OwnedFd> {
    files::open_folder(rustix::fs::CWD, path, Links::Follow)
}

fn folder(parent: &OwnedFd, name: &str, role: Role) -> io::Result<OwnedFd> {
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
fn hold_alone(file: impl AsFd) -> bool {
    rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) != Err(rustix::io::Errno::WOULDBLOCK)
}

/// Holds a folder alone as soon as nobody else holds it, and says whether that was soon enough.
fn hold_alone_soon(folder: &OwnedFd) -> bool {
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
fn is_event(name: &OsStr) -> bool {
    Name::parse(name).is_some() || name.as_encoded_bytes().starts_with(TEMPORARY.as_bytes())
}

fn must_be_private(stat: &rustix::fs::Stat) -> io::Result<()> {
    if stat.st_uid != rustix::process::geteuid().as_raw() {
        Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user"))
    } else if stat.st_mode & 0o077 != 0 {
        Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is open to other users"))
    } else {
        Ok(())
    }
}

/// Deletes every entry of a folder, unfinished ones included, and says how many entries there were; `None`: nothing at all.
fn delete_each(folder: &OwnedFd, start: Instant) -> io::Result<Option<usize>> {
    let mut deleted = None;
    for name in names_in(Dir::read_from(folder)?) {
        let name = name?;
        if start.elapsed() > limits::DELETING {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "a minute was not enough for all"));
        }
        let entry = Name::parse(&name).is_some();
        if is_event(&name) {
            match rustix::fs::unlinkat(folder, &*name, AtFlags::empty()) {
                Ok(()) => deleted = Some(deleted.unwrap_or(0) + usize::from(entry)),
                // Another program deleted it, or it was sent: either way it does not wait any more.
                Err(rustix::io::Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    // A disk may take its time, and an opted-out daemon that starts waits for this.
    if deleted.is_some() {
        rustix::fs::fsync(folder)?;
    }
    Ok(deleted)
}

/// The newest entries of a folder, the newest first, and how many it has beside them. Of a folder with too many names some are
/// not seen, whichever the file system tells last.
fn newest(folder: &OwnedFd, most: usize) -> io::Result<(Vec<Name>, Unread)> {
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

fn names_in(folder: Dir) -> impl Iterator<Item = io::Result<OsString>> {
    use std::os::unix::ffi::OsStrExt;
    folder.filter_map(|item| match item {
        Ok(item) => {
            let name = OsStr::from_bytes(item.file_name().to_bytes());
            (name != "." && name != "..").then(|| Ok(name.to_owned()))
        }
        Err(error) => Some(Err(error.into())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn entry(action: &str, filler: usize) -> Entry {
        let body = format!("{{\"properties\":{{\"action\":\"{action}\",\"filler\":\"{}\"}}}}", "x".repeat(filler));
        let record = Record {
            format: FORMAT,
            url: "http://127.0.0.1/".into(),
            attempts: 0,
            status: None,
            time: None,
            not_before: None,
            frozen: None,
        };
        Entry { record, request: format!("POST / HTTP/1.1\r\nhost: x\r\n\r\n{body}").into_bytes() }
    }

    /// Keeps an event, and sends it no further.
    fn keep(outbox: &Outbox, stamp: &Stamp, entry: &Entry) -> Name {
        outbox.keep(stamp, entry).unwrap().name().clone()
    }

    fn stamp(time: u64) -> Stamp {
        Stamp { uuid: Stamp::now().uuid, time }
    }

    fn library() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn an_event_waits_and_is_then_history() {
        let library = library();
        let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
        let now = clock::now();
        let name = keep(&outbox, &stamp(now), &entry("START", 0));
        assert_eq!(outbox.names(State::Waiting).unwrap(), std::slice::from_ref(&name));
        assert_eq!(outbox.read(State::Waiting, &name).unwrap().action().as_deref(), Some("START"));
        outbox.note_attempt(&name, Some(503), now, None).unwrap();
        assert_eq!(outbox.read(State::Waiting, &name).unwrap().record.status, Some(503));
        outbox.note_answer(&name, 200, now, 20).unwrap();
        assert!(outbox.names(State::Waiting).unwrap().is_empty());
        let record = outbox.read(State::Sent, &name).unwrap().record;
        assert_eq!((record.attempts, record.status, record.time), (2, Some(200), Some(now)));
    }

    #[test]
    fn the_folders_are_private() {
        let library = library();
        let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
        let name = keep(&outbox, &stamp(1), &entry("START", 0));
        let state = library.path().join(STATE_FOLDER);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&state), 0o700);
        assert_eq!(mode(&state.join("waiting")), 0o700);
        assert_eq!(mode(&state.join("waiting").join(name.to_string())), 0o600);
        std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o750)).unwrap();
        assert!(Outbox::open(library.path(), Role::Sender).is_err());
        assert!(Outbox::open(library.path(), Role::Cleaner).is_err());
    }

    #[test]
    fn only_the_sender_creates_folders_and_no_one_follows_links() {
        let library = library();
        assert!(Outbox::open(library.path(), Role::Reader).is_err());
        assert!(Outbox::open(library.path(), Role::Cleaner).is_err());
        assert_eq!(std::fs::read_dir(library.path()).unwrap().count(), 0);
        let link = library.path().join("link");
        let elsewhere = tempfile::tempdir().unwrap();
        symlink(elsewhere.path(), &link).unwrap();
        assert!(Outbox::open(&link, Role::Sender).is_ok(), "an administrator may move the library directory");
        let elsewhere = tempfile::tempdir().unwrap();
        symlink(elsewhere.path(), library.path().join(STATE_FOLDER)).unwrap();
        assert!(Outbox::open(library.path(), Role::Sender).is_err());
        assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }

    #[test]
    fn deleting_what_waits_leaves_the_history_and_foreign_files() {
        let library = library();
        let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
        let sent = keep(&outbox, &stamp(1), &entry("START", 0));
        outbox.note_answer(&sent, 200, 2, 20).unwrap();
        keep(&outbox, &stamp(3), &entry("FATAL", 0));
        let waiting = library.path().join(STATE_FOLDER).join("waiting");
        std::fs::write(waiting.join(format!("{TEMPORARY}{sent}")), "half").unwrap();
        std::fs::write(waiting.join("notes"), "mine").unwrap();
        assert_eq!(
            Outbox::delete_all(library.path(), State::Waiting, Role::Reader).unwrap(),
            Deleted { number: 1, quiet: true }
        );
        let left: Vec<_> = std::fs::read_dir(&waiting).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["notes"]);
        assert_eq!(outbox.names(State::Sent).unwrap().len(), 1);
    }

    #[test]
    fn over_the_limit_everyday_events_go_first() {
        let library = library();
        let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
        let now = clock::now();
        let fatal = keep(&outbox, &stamp(now - 100_000), &entry("FATAL", 0));
        let ancient = keep(&outbox, &stamp(now - 8 * 86_400_000), &entry("FATAL", 0));
        let starts: Vec<Name> = (0..limits::WAITING_EVENTS as u64)
            .map(|i| keep(&outbox, &stamp(now - 1000 + i), &entry("START", 0)))
            .collect();
        let unset = keep(&outbox, &stamp(1000), &entry("FATAL", 0));
        outbox.tidy_waiting(now).unwrap();
        let left = outbox.names(State::Waiting).unwrap();
        assert_eq!(left.len(), limits::WAITING_EVENTS);
        assert!(left.contains(&unset), "nobody knows how old it is");
        assert!(
            left.contains(&fatal)
                && !left.contains(&ancient)
                && !left.contains(&starts[0])
                && !left.contains(&starts[1])
        );
    }

    #[test]
    fn an_event_is_sent_by_one_at_a_time_and_deleted_for_room_by_nobody_meanwhile() {
        let library = library();
        let [one, other] = [(); 2].map(|()| Outbox::open(library.path(), Role::Sender).unwrap());
        let now = clock::now();
        let claim = one.keep(&stamp(now - 5000), &entry("START", 0)).unwrap();
        let name = claim.name().clone();
        assert!(other.claim(&name).unwrap().is_none());
        for i in 0..limits::WAITING_EVENTS as u64 {
            keep(&other, &stamp(now + i), &entry("START", 0));
        }
        other.tidy_waiting(now).unwrap();
        let left = other.names(State::Waiting).unwrap();
        assert!(left.len() == limits::WAITING_EVENTS && left.contains(&name), "the oldest is being sent");
        // What is written down about an attempt makes another file of it; whoever held the old one has nothing.
        one.note_attempt(&name, Some(503), now, None).unwrap();
        let (claim, entry) = other.claim(&name).unwrap().unwrap();
        assert_eq!(entry.record.attempts, 1);
        assert!(one.claim(&name).unwrap().is_none());
        drop(claim);
        assert!(one.claim(&name).unwrap().is_some());
        one.note_answer(&name, 200, now, 20).unwrap();
        assert!(other.claim(&name).is_err(), "it waits no more");
    }

    #[test]
    fn who_opts_out_waits_for_who_is_about_to_send_but_not_for_ever() {
        let library = library();
        let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
        let forget = || Outbox::delete_all(library.path(), State::Waiting, Role::Reader).unwrap();
        let barrier = outbox.barrier().unwrap();
        let name = keep(&outbox, &stamp(clock::now()), &entry("START", 0));
        let passage = barrier.pass();
        let others = outbox.barrier().unwrap().pass();
        let start = Instant::now();
        assert_eq!(forget(), Deleted { number: 1, quiet: false });
        assert!(start.elapsed() >= limits::OPT_OUT_WAIT);
        drop(others);
        let release = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            drop(passage);
        });
        assert_eq!(forget(), Deleted { number: 0, quiet: true });
        release.join().unwrap();
        // What was deleted does not come back.
        assert!(outbox.note_attempt(&name, Some(503), 1, None).is_err());
        assert!(outbox.names(State::Waiting).unwrap().is_empty());
        drop(barrier.pass());
    }

    #[test]
    fn what_matters_most_is_due_first_and_not_before_its_time() {
        let library = library();
        let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
        let now = clock::now();
        let keep = |age: u64, action| keep(&outbox, &stamp(now - age), &entry(action, 0));
        let (exit, start, later, fatal) =
            (keep(400, "EXIT"), keep(300, "START"), keep(200, "CRASH"), keep(100, "FATAL"));
        outbox.note_attempt(&later, Some(429), now, Some(now + 1000)).unwrap();
        let due = |now| outbox.due(now).unwrap();
        assert_eq!(due(now), [fatal.clone(), exit.clone(), start.clone()]);
        assert_eq!(due(now + 1000), [later.clone(), fatal, exit, start]);
        // The clock was years ahead when the server asked for time.
        outbox.note_attempt(&later, Some(429), now, Some(now + 400 * 86_400_000)).unwrap();
        assert_eq!(due(now).first(), Some(&later));
    }

    /// An event of before the clock was corrected by 8 days, and one of an older version of this program.
    #[test]
    fn a_clock_that_was_corrected_makes_nothing_older() {
        let library = library();
        let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
        let (now, days) = (clock::now(), |days: u64| days * 86_400_000);
        let name = keep(&outbox, &stamp(now), &entry("START", 0));
        let kept = outbox.read(State::Waiting, &name).unwrap();
        assert_eq!(kept.record.frozen.is_some(), cfg!(target_os = "linux"));
        if kept.record.frozen.is_some() {
            for now in [now + days(8), now + days(800), now - days(8)] {
                outbox.tidy_waiting(now).unwrap();
                assert_eq!(outbox.names(State::Waiting).unwrap(), std::slice::from_ref(&name));
            }
        }
        // Of another start of the machine, or of a time when nobody wrote that down, the clock tells.
        let boot = BootTime::now();
        for line in ["", r#","frozen":{"boot":"another","ms":1}"#] {
            let text =
                format!(r#"{{"format":1,"url":"http://127.0.0.1/","attempts":0,"status":null,"time":null{line}}}"#);
            let old = Entry::decode(format!("{text}\nPOST").as_bytes()).unwrap();
            assert_eq!(age(now + days(8), boot.as_ref(), &name, Some(&old)), Duration::from_millis(days(8)));
        }
    }

    #[test]
    fn an_event_is_tried_so_often_and_not_more() {
        let library = library();
        let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
        let now = clock::now();
        let name = keep(&outbox, &stamp(now), &entry("FATAL", 0));
        for tries in 1..=limits::TRIES {
            assert_eq!(outbox.names(State::Waiting).unwrap().len(), 1, "before try {tries}");
            outbox.note_attempt(&name, None, now, None).unwrap();
            outbox.tidy_waiting(now).unwrap();
        }
        assert!(outbox.names(State::Waiting).unwrap().is_empty());
    }

    #[test]
    fn the_history_is_bounded_by_number_size_and_age() {
        let library = library();
        let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
        let now = clock::now();
        let sent = |time, filler, number| {
            let name = keep(&outbox, &stamp(time), &entry("START", filler));
            outbox.note_answer(&name, 200, now, number).unwrap();
        };
        sent(now - 91 * 86_400_000, 0, 20);
        assert!(outbox.names(State::Sent).unwrap().is_empty());
        (0..5).for_each(|i| sent(now + i, 0, 3));
        assert_eq!(outbox.names(State::Sent).unwrap().len(), 3);
        (0..20).for_each(|i| sent(now + 10 + i, 60_000, 20));
        assert_eq!(outbox.names(State::Sent).unwrap().len(), 17);
        sent(now, 0, 0);
        assert_eq!(outbox.names(State::Sent).unwrap().len(), 17);
    }

    /// Fills a folder of the outbox with names of one file, the newest of this time.
    fn crowd(library: &Path, state: State, number: u64, newest: u64, file: &str) {
        let folder = library.join(STATE_FOLDER).join(state.folder());
        let one = library.join(file);
        for i in 0..number {
            std::fs::hard_link(&one, folder.join(Name::of(&stamp(newest - i)).to_string())).unwrap();
        }
    }

    #[test]
    fn so_much_is_read_of_a_crowded_outbox_and_no_more() {
        let library = library();
        let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
        let now = clock::now();
        let write = |name: &str, filler| {
            let file = library.path().join(name);
            std::fs::write(&file, entry("START", filler).encode().unwrap()).unwrap();
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
        };
        write("small", 0);
        write("large", 60_000);
        let bytes = |items: &[Item]| {
            items.iter().filter_map(|item| item.entry.as_ref().ok()).map(|entry| entry.request.len()).sum::<usize>()
        };
        crowd(library.path(), State::Sent, 300, now, "small");
        crowd(library.path(), State::Waiting, 300, now, "large");
        let (items, unread) = outbox.items().unwrap();
        assert!(items.len() <= 100 && bytes(&items) <= 4 << 20, "{} with {} bytes", items.len(), bytes(&items));
        assert_eq!((items.len() + unread.number, unread.or_more), (600, false));
        for (state, is_there) in [(State::Sent, 50), (State::Waiting, limits::SHOWN_BYTES as u64 / 70_000)] {
            let times: Vec<u64> =
                items.iter().filter(|item| item.state == state).map(|item| item.name.time()).collect();
            assert!(
                times.iter().is_sorted() && (now - is_there + 1..=now).all(|time| times.contains(&time)),
                "{times:?}"
            );
        }
        // A file that is larger than any entry costs nothing.
        let huge = std::fs::File::create(library.path().join("huge")).unwrap();
        huge.set_len(1 << 40).unwrap();
        crowd(library.path(), State::Waiting, 40, now + 100, "huge");
        let (items, _) = outbox.items().unwrap();
        let waiting = || items.iter().filter(|item| item.state == State::Waiting);
        assert_eq!(waiting().filter(|item| item.entry.is_err()).count(), 40);
        assert_eq!(waiting().count(), 50);
        // The sender leaves of it what it leaves of everything.
        outbox.tidy_waiting(now + 1000).unwrap();
        assert!(outbox.names(State::Waiting).unwrap().len() <= limits::WAITING_EVENTS);
        outbox.tidy_history(now + 1000, 20).unwrap();
        assert_eq!(outbox.names(State::Sent).unwrap().len(), 20);
    }

    #[test]
    fn names_without_end_cost_nobody_time_and_are_all_deleted() {
        let library = library();
        let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
        let now = clock::now();
        std::fs::write(library.path().join("empty"), "").unwrap();
        let number = limits::OUTBOX_NAMES as u64 + 500;
        crowd(library.path(), State::Waiting, number, now, "empty");
        let (items, unread) = outbox.items().unwrap();
        assert!(items.len() == limits::SHOWN_ENTRIES && unread.or_more, "{} and {unread:?}", items.len());
        outbox.tidy_waiting(now).unwrap();
        assert!(outbox.due(now).unwrap().len() <= limits::OUTBOX_ENTRIES);
        let left = std::fs::read_dir(library.path().join(STATE_FOLDER).join("waiting")).unwrap().count();
        assert!(left < usize::try_from(number).unwrap() && Outbox::something_waits(library.path()));
        let deleted = Outbox::delete_all(library.path(), State::Waiting, Role::Reader).unwrap();
        assert_eq!(deleted, Deleted { number: left, quiet: true });
        assert!(!Outbox::something_waits(library.path()));
    }

    #[test]
    fn what_a_killed_sender_left_is_deleted_after_a_minute() {
        let library = library();
        let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
        let now = clock::now();
        let waiting = library.path().join(STATE_FOLDER).join("waiting");
        for time in [now, now - 120_000, now + 120_000, 0] {
            std::fs::write(waiting.join(format!("{TEMPORARY}{}", Name::of(&stamp(time)))), "half").unwrap();
        }
        outbox.tidy_waiting(now).unwrap();
        assert_eq!(std::fs::read_dir(&waiting).unwrap().count(), 1);
    }

    #[test]
    fn a_damaged_entry_is_an_error_and_never_a_request() {
        for bytes in [
            &b""[..],
            b"\n",
            b"{}\nPOST",
            b"POST / HTTP/1.1",
            br#"{"format":2,"url":"http://127.0.0.1/","attempts":0,"status":null,"time":null}"#,
        ] {
            assert!(Entry::decode(bytes).is_err());
        }
        let bytes =
            b"{\"format\":1,\"url\":\"http://example.org/\",\"attempts\":0,\"status\":null,\"time\":null}\nPOST";
        assert!(Entry::decode(bytes).is_err());
        let entry = entry("START", 3);
        assert_eq!(Entry::decode(&entry.encode().unwrap()).unwrap(), entry);
    }
}
