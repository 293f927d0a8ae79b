//! A small file beside the events, for what was reported of the agent's runs.

use std::io;

use rustix::fs::AtFlags;

use crate::files::{self, Links};
use crate::outbox::folder::{RECORD, TEMPORARY, must_be_private};
#[cfg(feature = "inspect")]
use crate::outbox::folder::{Role, STATE_FOLDER, folder, open_library};
use crate::outbox::limits;
use crate::outbox::store::{Alone, Outbox, write_file};

/// Whether a call by a hook has left a record, as far as this account can see.
#[cfg(feature = "inspect")]
pub fn has_record(library: &std::path::Path) -> bool {
    let state = open_library(library).and_then(|parent| folder(&parent, STATE_FOLDER, Role::Reader));
    state.is_ok_and(|state| rustix::fs::statat(&state, RECORD, AtFlags::SYMLINK_NOFOLLOW).is_ok())
}

impl Outbox {
    /// `None`: there is none.
    pub fn read_record(&self, _alone: &Alone) -> io::Result<Option<Vec<u8>>> {
        match files::open_regular(&self.state, RECORD.as_ref(), Links::Refuse) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => {
                let opened = opened?;
                must_be_private(&opened.stat)?;
                opened.read(limits::RECORD_BYTES).map(Some)
            }
        }
    }

    /// Replaces it atomically. When this returns, it survives a crash of the machine.
    pub fn write_record(&self, _alone: &Alone, bytes: &[u8]) -> io::Result<()> {
        let temporary = format!("{TEMPORARY}{RECORD}");
        // Of a sender that was killed; nobody else writes one now.
        let _ = rustix::fs::unlinkat(&self.state, &temporary, AtFlags::empty());
        write_file(&self.state, &temporary, RECORD, bytes)?;
        Ok(rustix::fs::fsync(&self.state)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::{Role, STATE_FOLDER, State, delete_all, something_waits};

    #[test]
    fn written_read_and_forgotten() {
        let library = tempfile::tempdir().unwrap();
        let path = library.path().join(STATE_FOLDER).join(RECORD);
        let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
        let barrier = outbox.barrier().unwrap();
        let alone = barrier.close();
        assert_eq!(outbox.read_record(&alone).unwrap(), None);
        for text in ["first", "second"] {
            // What a killed sender left.
            std::fs::write(path.with_file_name(format!("{TEMPORARY}{RECORD}")), "part").unwrap();
            outbox.write_record(&alone, text.as_bytes()).unwrap();
            assert_eq!(outbox.read_record(&alone).unwrap().as_deref(), Some(text.as_bytes()));
        }
        drop(alone);
        assert!(something_waits(library.path()));
        delete_all(library.path(), State::Sent, Role::Reader).unwrap();
        assert!(path.exists(), "the history is something else");
        assert_eq!(delete_all(library.path(), State::Waiting, Role::Reader).unwrap().number, 0);
        assert!(!path.exists() && !something_waits(library.path()));
    }

    #[test]
    fn only_a_small_private_file_is_read() {
        use std::os::unix::fs::PermissionsExt;
        let library = tempfile::tempdir().unwrap();
        let path = library.path().join(STATE_FOLDER).join(RECORD);
        let outbox = Outbox::open(library.path(), Role::Sender).unwrap();
        let barrier = outbox.barrier().unwrap();
        let alone = barrier.close();
        outbox.write_record(&alone, b"text").unwrap();
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        mode(0o640);
        assert!(outbox.read_record(&alone).is_err());
        mode(0o600);
        outbox.write_record(&alone, &vec![b'x'; limits::RECORD_BYTES + 1]).unwrap();
        assert!(outbox.read_record(&alone).is_err());
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
        assert!(outbox.read_record(&alone).is_err());
        // It is replaced, not followed.
        outbox.write_record(&alone, b"text").unwrap();
        assert!(path.symlink_metadata().unwrap().is_file());
    }

    #[test]
    fn one_at_a_time() {
        let library = tempfile::tempdir().unwrap();
        let barrier = || Outbox::open(library.path(), Role::Sender).unwrap().barrier().unwrap();
        let (first, second) = (barrier(), barrier());
        let alone = first.close();
        let (told, heard) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let alone = second.close();
                told.send(()).unwrap();
                drop(alone);
            });
            let soon = std::time::Duration::from_millis(50);
            assert!(heard.recv_timeout(soon).is_err());
            drop(alone);
            heard.recv().unwrap();
        });
    }
}
