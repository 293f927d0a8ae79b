//! Keeps waiting events and history within their limits.

use std::ffi::OsStr;
use std::io;
use std::time::Duration;

use rustix::fs::{AtFlags, Dir};

use crate::clock::{BootTime, UnixMillis};
use crate::outbox::entry::{Entry, State, age};
use crate::outbox::folder::{TEMPORARY, hold_alone, names_in};
use crate::outbox::limits;
use crate::outbox::store::Outbox;
use crate::request::payload::EventId;

/// A temporary file of this age is a killed sender's: no call takes so long.
const TEMPORARY_AGE: Duration = Duration::from_mins(1);

impl Outbox {
    /// Moves an answered event into the history, which keeps `keep` entries.
    pub fn mark_sent(&self, name: &EventId, status: u16, now: UnixMillis, keep: usize) -> io::Result<()> {
        if keep == 0 {
            return self.delete(State::Waiting, name);
        }
        let _passage = self.barrier()?.pass();
        // Held until the rename.
        let _file = self.write_attempt(name, Some(status), now, None)?;
        rustix::fs::renameat(&self.waiting, name.to_string(), &self.sent, name.to_string())?;
        self.enforce_history_limits(now, keep)
    }

    /// Enforces the limits of the waiting events, and deletes the remains of killed senders. The oldest everyday events
    /// go first, failures of the agent last.
    pub fn enforce_limits(&self, now: UnixMillis) -> io::Result<()> {
        for name in names_in(Dir::read_from(&self.waiting)?).take(limits::OUTBOX_NAMES) {
            let name = name?;
            let left = name
                .to_str()
                .and_then(|name| name.strip_prefix(TEMPORARY))
                .and_then(|name| EventId::parse(OsStr::new(name)));
            // The clock may have jumped either way.
            if left.is_some_and(|left| now.since(left.time).max(left.time.since(now)) > TEMPORARY_AGE) {
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
        entries.sort_unstable_by(|(one_fails, one), (fails, other)| (one_fails, &one.name).cmp(&(fails, &other.name)));
        self.evict(
            State::Waiting,
            entries.into_iter().map(|(_, kept)| kept).collect(),
            limits::WAITING_EVENTS,
            limits::WAITING_BYTES,
            limits::WAITING_AGE,
        )
    }

    pub(super) fn enforce_history_limits(&self, now: UnixMillis, keep: usize) -> io::Result<()> {
        let boot = BootTime::now();
        let mut left = limits::OUTBOX_BYTES;
        let look = |name: EventId| {
            let entry = self.read_within(&mut left, State::Sent, &name).and_then(io::Result::ok);
            Kept::of(now, boot.as_ref(), name, entry.as_ref())
        };
        let mut entries: Vec<Kept> = self.names(State::Sent)?.into_iter().map(look).collect();
        entries.reverse();
        self.evict(State::Sent, entries, keep, limits::HISTORY_BYTES, limits::HISTORY_AGE)
    }

    /// Deletes the entries that are too old, then from the front until number and size fit.
    fn evict(&self, state: State, entries: Vec<Kept>, number: usize, bytes: u64, oldest: Duration) -> io::Result<()> {
        let (old, kept): (Vec<_>, Vec<_>) = entries.into_iter().partition(|kept| kept.age > oldest);
        let mut size: u64 = kept.iter().map(|kept| kept.size).sum();
        let mut left = kept.len();
        let delete = |name: &EventId| match self.delete(state, name) {
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

    fn is_being_sent(&self, name: &EventId) -> bool {
        self.open_entry(State::Waiting, name).is_ok_and(|opened| !hold_alone(&opened.file))
    }
}

struct Kept {
    name: EventId,
    size: u64,
    age: Duration,
}

impl Kept {
    fn of(now: UnixMillis, boot: Option<&BootTime>, name: EventId, entry: Option<&Entry>) -> Self {
        let size = entry.map_or(0, |entry| entry.request.len() as u64);
        Self { age: age(now, boot, &name, entry), size, name }
    }
}
