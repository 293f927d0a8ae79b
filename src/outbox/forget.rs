//! Deletes all waiting events or the history: for people, and for a machine that has opted out.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Instant;

use rustix::fs::{AtFlags, Dir};

use crate::files;
use crate::outbox::entry::State;
use crate::outbox::folder::{RECORD, Role, STATE_FOLDER, folder, hold_alone_soon, is_event, names_in, open_library};
use crate::outbox::limits;
use crate::request::payload::EventId;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deleted {
    pub number: usize,
    /// No sender was about to send or store an event. Otherwise one may still do so.
    pub quiet: bool,
}

/// Deletes every entry of a state, unfinished ones included. Before it deletes waiting events it waits, for a limited
/// time, for senders that are about to send or store one.
///
/// The other state's folder need not exist: somebody may have removed the history while events wait.
pub fn delete_all(library: &Path, state: State, role: Role) -> io::Result<Deleted> {
    let parent = open_library(library)?;
    let all = folder(&parent, STATE_FOLDER, role)?;
    let quiet = state == State::Sent || hold_alone_soon(&all);
    if state == State::Waiting {
        forget_runs(&all)?;
    }
    let folder = match folder(&all, state.folder(), role) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Deleted { number: 0, quiet }),
        folder => folder?,
    };
    let mut deleted = 0;
    let start = Instant::now();
    // A folder that changes while it is read may omit names (readdir(3)), so it is read until it has none.
    while let Some(number) = delete_each(&folder, start)? {
        deleted += number;
    }
    Ok(Deleted { number: deleted, quiet })
}

/// What was reported of the agent's runs is no event. Without it the next hook begins anew, so that no run of the time
/// without consent is reported later.
fn forget_runs(state: &OwnedFd) -> io::Result<()> {
    match rustix::fs::unlinkat(state, RECORD, AtFlags::empty()) {
        Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Whether a state folder of this account holds a waiting event, or a part of one, or a record of runs.
pub fn something_waits(library: &Path) -> bool {
    let state = open_library(library).and_then(|parent| folder(&parent, STATE_FOLDER, Role::Cleaner));
    if state.as_ref().is_ok_and(|state| rustix::fs::statat(state, RECORD, AtFlags::SYMLINK_NOFOLLOW).is_ok()) {
        return true;
    }
    let waiting = state.and_then(|state| folder(&state, State::Waiting.folder(), Role::Cleaner));
    // The access time must not be written: a broken disk would block the caller.
    #[cfg(target_os = "linux")]
    let waiting = waiting.and_then(|waiting| {
        rustix::fs::fcntl_setfl(&waiting, rustix::fs::OFlags::NOATIME)?;
        Ok(waiting)
    });
    let names = waiting.and_then(|waiting| Ok(names_in(Dir::new(waiting)?).enumerate()));
    // A folder that cannot be read cannot be emptied either. Beyond the limit this check need not look.
    let event = |(number, name): (usize, io::Result<OsString>)| {
        number >= limits::OUTBOX_NAMES || name.is_ok_and(|name| is_event(&name))
    };
    names.is_ok_and(|mut names| names.any(event))
}

/// Whether this process may delete the waiting events, to be known before asking for confirmation.
pub fn may_forget_waiting(library: Option<&Path>) -> io::Result<()> {
    let waiting = library.map(|library| library.join(STATE_FOLDER).join(State::Waiting.folder()));
    match waiting.map_or(Ok(()), |waiting| files::may_change(&waiting)) {
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => Ok(()),
        may => Ok(may?),
    }
}

/// Deletes the waiting events, and returns their number.
pub fn forget_waiting(library: Option<&Path>, role: Role) -> io::Result<usize> {
    silence(library, role).map(|deleted| deleted.number)
}

/// The same, and says whether all senders are quiet: once the opt-out file exists, no request begins any more.
pub fn silence(library: Option<&Path>, role: Role) -> io::Result<Deleted> {
    forget(library, State::Waiting, role)
}

/// Deletes the history, and returns the number of its entries.
pub fn forget_history(library: Option<&Path>) -> io::Result<usize> {
    forget(library, State::Sent, Role::Reader).map(|deleted| deleted.number)
}

fn forget(library: Option<&Path>, state: State, role: Role) -> io::Result<Deleted> {
    let nothing = Deleted { number: 0, quiet: true };
    let Some(library) = library else { return Ok(nothing) };
    match delete_all(library, state, role) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(nothing),
        deleted => deleted,
    }
}

/// Deletes every entry of a folder, and returns the number of finished ones; `None`: there was nothing to delete.
fn delete_each(folder: &OwnedFd, start: Instant) -> io::Result<Option<usize>> {
    let mut deleted = None;
    for name in names_in(Dir::read_from(folder)?) {
        let name = name?;
        if start.elapsed() > limits::DELETING {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "a minute was not enough for all"));
        }
        let entry = EventId::parse(&name).is_some();
        if is_event(&name) {
            match rustix::fs::unlinkat(folder, &*name, AtFlags::empty()) {
                Ok(()) => deleted = Some(deleted.unwrap_or(0) + usize::from(entry)),
                // Another program deleted or sent it: either way it no longer waits.
                Err(rustix::io::Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    // Syncing may be slow, and the daemon of an opted-out machine waits for this at its start.
    if deleted.is_some() {
        rustix::fs::fsync(folder)?;
    }
    Ok(deleted)
}
