//! The opt-out file as the daemon asks for it: `access(R_OK)` in its one config directory.
//!
//! A dangling link, a file in another folder and one that the daemon may not read are no opt-out for it.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::clock::UnixMillis;
use crate::consent::opt_out_file::opt_out_file;

/// Who asks; `None`: unknown.
pub type User = Option<u32>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// No file, or only a dangling link.
    Missing,
    /// Every account may read it.
    Everybody,
    /// Only root and, if its mode says so, this account; `by_group`: perhaps the accounts of a group.
    Some { owner: Option<u32>, by_group: bool },
    /// It could not be looked at, for this reason.
    Unseen(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnOptOut {
    pub path: PathBuf,
    pub access: Access,
    /// The last change of the file itself, for which no link is followed.
    pub changed: Option<UnixMillis>,
}

impl OwnOptOut {
    pub fn look(config_directory: &Path) -> Self {
        let path = opt_out_file(config_directory);
        let changed = path.symlink_metadata().and_then(|metadata| metadata.modified()).ok().and_then(UnixMillis::of);
        Self { access: look(&path), changed, path }
    }

    /// Whether the daemon may read it at its start. Where it is not known as whom it starts, it is root, who may read
    /// every file, or the account under which it runs.
    pub fn is_readable_at_start(&self, starter: User, runner: User) -> Result<bool, String> {
        let readable = self.is_readable_to(starter.or(runner));
        match readable {
            Ok(false) if starter.is_none() && self.access != Access::Missing => {
                Err("not every account may read it, and it is not known as which the daemon starts".to_owned())
            }
            readable => readable,
        }
    }

    /// Whether this account may read it. `Err`: it cannot be told, for this reason.
    pub fn is_readable_to(&self, user: User) -> Result<bool, String> {
        if self.access == Access::Missing {
            return Ok(false);
        }
        match (&self.access, user) {
            (Access::Everybody, _) | (Access::Some { .. }, Some(0)) => Ok(true),
            (Access::Some { .. }, Some(user)) if user == rustix::process::geteuid().as_raw() => {
                let access = rustix::fs::Access::READ_OK;
                Ok(rustix::fs::accessat(rustix::fs::CWD, &self.path, access, rustix::fs::AtFlags::EACCESS).is_ok())
            }
            (Access::Some { owner, .. }, Some(user)) if *owner == Some(user) => Ok(true),
            (Access::Missing, _) | (Access::Some { by_group: false, .. }, Some(_)) => Ok(false),
            (Access::Some { .. }, Some(user)) => Err(format!("user {user} may read it only as a member of its group")),
            (Access::Some { .. }, None) => {
                Err("not every account may read it, and it is not known as which the daemon starts".to_owned())
            }
            (Access::Unseen(why), _) => Err(why.clone()),
        }
    }
}

const OTHERS_READ: u32 = 0o004;
const OTHERS_SEARCH: u32 = 0o001;

fn look(path: &Path) -> Access {
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        // ELOOP has no stable kind; the daemon cannot read such a file either.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Access::Missing,
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => return Access::Missing,
        Err(error) => return Access::Unseen(crate::text::reason(&error)),
    };
    // The folders on the way, and those on the way to a link's target.
    let target = path.canonicalize().ok();
    let folders = path.ancestors().skip(1).chain(target.iter().flat_map(|target| target.ancestors().skip(1)));
    let mut modes = folders.map(|folder| folder.metadata().map(|metadata| metadata.mode()).ok());
    let reached = target.is_some() && modes.all(|mode| mode.is_some_and(|mode| mode & OTHERS_SEARCH != 0));
    let mode = metadata.mode();
    if reached && mode & OTHERS_READ != 0 {
        return Access::Everybody;
    }
    // Behind a closed folder nobody but root is certain to reach it.
    let owner = (reached && mode & 0o400 != 0).then_some(metadata.uid());
    Access::Some { owner, by_group: !reached || mode & 0o040 != 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn as_the_daemon_asks() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let (root, daemon, unknown) = (Some(0), Some(12_345), None);
        let file = opt_out_file(folder.path());
        let readable = |user| OwnOptOut::look(folder.path()).is_readable_to(user).ok();
        let all = || [root, daemon, unknown].map(readable);
        assert_eq!(all(), [Some(false); 3]);
        symlink(folder.path().join("nowhere"), &file).unwrap();
        assert_eq!(all(), [Some(false); 3], "a dangling link");
        fs::remove_file(&file).unwrap();
        symlink(&file, &file).unwrap();
        assert_eq!(all(), [Some(false); 3], "a link to itself");
        fs::remove_file(&file).unwrap();
        fs::write(&file, "").unwrap();
        let mode = |mode| fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        for (bits, expected) in [
            (0o644, [Some(true), Some(true), Some(true)]),
            (0o600, [Some(true), Some(false), None]),
            (0o640, [Some(true), None, None]),
            (0o000, [Some(true), Some(false), None]),
        ] {
            mode(bits);
            let seen = all();
            // A temporary folder may lie behind a closed one; then nobody but root is certain.
            assert!(seen == expected || seen == [Some(true), None, None], "{bits:o}: {seen:?}");
        }
        mode(0o400);
        let owner = fs::metadata(&file).unwrap().uid();
        assert_eq!(readable(Some(owner)), Some(true), "this account's own access decides");
        mode(0o000);
        let at_start = |starter| OwnOptOut::look(folder.path()).is_readable_at_start(starter, daemon).ok();
        assert_eq!((at_start(root), at_start(unknown)), (Some(true), None));
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
        assert_eq!(readable(root), Some(true), "a folder");
    }
}
