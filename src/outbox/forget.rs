//! Deleting all of what waits, or of what was sent: for people, and for a machine that has opted out.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Instant;

use rustix::fs::{AtFlags, Dir, OFlags};

use crate::files;
use crate::outbox::entry::{Name, State};
use crate::outbox::folder::{Role, STATE_FOLDER, folder, hold_alone_soon, is_event, names_in, open_library};
use crate::outbox::limits;

/// What came of deleting all entries of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deleted {
    /// How many there were.
    pub number: usize,
    /// Nobody was about to send or to write an event down. Otherwise one may still do it.
    pub quiet: bool,
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
    let waiting = state.and_then(|state| folder(&state, State::Waiting.folder(), Role::Cleaner));
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

/// Whether this process may delete the events that wait, in the same way.
pub fn may_forget_waiting(library: Option<&Path>) -> io::Result<()> {
    let waiting = library.map(|library| library.join(STATE_FOLDER).join(State::Waiting.folder()));
    match waiting.map_or(Ok(()), |waiting| files::may_change(&waiting)) {
        Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => Ok(()),
        may => Ok(may?),
    }
}

/// Deletes the events that wait, and says how many there were. Without an outbox nothing waits.
pub fn forget_waiting(library: Option<&Path>, role: Role) -> io::Result<usize> {
    silence(library, role).map(|deleted| deleted.number)
}

/// The same, and says whether it is quiet from now on: after the opt-out file stands, no request begins any more.
pub fn silence(library: Option<&Path>, role: Role) -> io::Result<Deleted> {
    forget(library, State::Waiting, role)
}

/// Deletes the requests that were answered, which are kept for people to read, and says how many there were.
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
