//! Opting out and in: the one place that creates or removes the opt-out file.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags};

use crate::consent::OPT_OUT_FILE;
use crate::files::{self, Links};
use crate::outbox::{Outbox, Role, State};

/// What opting out did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// The file was created, or removed.
    Changed,
    /// It was so already.
    AlreadySo,
}

/// The file that opts out, in a config directory.
pub fn opt_out_file(config_directory: &Path) -> PathBuf {
    config_directory.join(OPT_OUT_FILE)
}

/// Creates the opt-out file in a config directory, and that directory where it does not exist.
///
/// The file is empty, and readable for everybody: Netdata's daemon and its dashboard look whether they can read it.
/// Whatever stands there already opts out and is left as it is.
pub fn opt_out(config_directory: &Path) -> io::Result<Done> {
    match rustix::fs::mkdir(config_directory, Mode::from_raw_mode(0o755)) {
        Ok(()) | Err(rustix::io::Errno::EXIST) => {}
        // Whether the folder can be used shows next; an ordinary user may not even ask to create it.
        Err(_error) if config_directory.is_dir() => {}
        Err(error) => return Err(error.into()),
    }
    let directory = files::open_folder(rustix::fs::CWD, config_directory, Links::Follow)?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    match rustix::fs::openat(&directory, OPT_OUT_FILE, flags, Mode::from_raw_mode(0o644)) {
        Ok(file) => {
            // The umask may have taken the others' right to read.
            rustix::fs::fchmod(&file, Mode::from_raw_mode(0o644))?;
            rustix::fs::fsync(&file)?;
            rustix::fs::fsync(&directory)?;
            Ok(Done::Changed)
        }
        Err(rustix::io::Errno::EXIST) => Ok(Done::AlreadySo),
        Err(error) => Err(error.into()),
    }
}

/// Removes the opt-out file from a config directory, and nothing else.
pub fn opt_in(config_directory: &Path) -> io::Result<Done> {
    let directory = match files::open_folder(rustix::fs::CWD, config_directory, Links::Follow) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Done::AlreadySo),
        directory => directory?,
    };
    match rustix::fs::unlinkat(&directory, OPT_OUT_FILE, AtFlags::empty()) {
        Ok(()) => {
            rustix::fs::fsync(&directory)?;
            Ok(Done::Changed)
        }
        Err(rustix::io::Errno::NOENT) => Ok(Done::AlreadySo),
        Err(error) => Err(error.into()),
    }
}

/// Deletes the events that wait, as opting out and opting in both do, and says how many there were. Without an outbox
/// nothing waits.
pub fn forget_waiting(library: Option<&Path>, role: Role) -> io::Result<usize> {
    forget(library, State::Waiting, role)
}

/// Deletes the requests that were answered, which are kept for people to read, and says how many there were.
pub fn forget_history(library: Option<&Path>) -> io::Result<usize> {
    forget(library, State::Sent, Role::Reader)
}

fn forget(library: Option<&Path>, state: State, role: Role) -> io::Result<usize> {
    let Some(library) = library else { return Ok(0) };
    match Outbox::delete_all(library, state, role) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(0),
        deleted => deleted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn out_and_in_and_both_again() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("netdata");
        let file = opt_out_file(&directory);
        assert_eq!(opt_in(&directory).unwrap(), Done::AlreadySo);
        assert_eq!(opt_out(&directory).unwrap(), Done::Changed);
        let metadata = std::fs::metadata(&file).unwrap();
        assert_eq!((metadata.len(), metadata.permissions().mode() & 0o777), (0, 0o644));
        assert_eq!(opt_out(&directory).unwrap(), Done::AlreadySo);
        assert_eq!(opt_in(&directory).unwrap(), Done::Changed);
        assert!(!file.exists());
        assert_eq!(opt_in(&directory).unwrap(), Done::AlreadySo);
    }

    #[test]
    fn what_waits_is_forgotten_even_where_the_history_is_gone() {
        let library = tempfile::tempdir().unwrap();
        assert_eq!(forget_waiting(None, Role::Reader).unwrap(), 0);
        assert_eq!(forget_waiting(Some(library.path()), Role::Reader).unwrap(), 0);
        drop(Outbox::open(library.path(), Role::Sender).unwrap());
        let state = library.path().join(crate::folders::STATE_FOLDER);
        let event = state.join("waiting/1-0b5d7d7e-4f0f-4f3a-9a57-3c1a6a2f1c11");
        std::fs::write(&event, "").unwrap();
        std::fs::remove_dir(state.join("sent")).unwrap();
        assert_eq!(forget_waiting(Some(library.path()), Role::Reader).unwrap(), 1);
        assert!(!event.exists());
    }

    #[test]
    fn a_link_in_its_place_opts_out_and_is_not_followed() {
        let parent = tempfile::tempdir().unwrap();
        let target = parent.path().join("target");
        std::os::unix::fs::symlink(&target, opt_out_file(parent.path())).unwrap();
        assert_eq!(opt_out(parent.path()).unwrap(), Done::AlreadySo);
        assert!(!target.exists());
    }
}
