//! Opting out and in: the only code that creates or removes the opt-out file.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, Stat};

use crate::consent::OPT_OUT_FILE;
use crate::files::{self, Links};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    Changed,
    AlreadySo,
}

/// The path of the opt-out file.
pub fn opt_out_file(config_directory: &Path) -> PathBuf {
    config_directory.join(OPT_OUT_FILE)
}

/// Creates the opt-out file, and its config directory if that does not exist.
///
/// The file is empty and readable for everybody: Netdata's daemon and dashboard check whether they can read it.
/// Anything that exists in its place opts out already, and stays.
pub fn opt_out(config_directory: &Path) -> io::Result<Done> {
    let directory = match files::open_folder(rustix::fs::CWD, config_directory, Links::Follow) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => create_folder(config_directory)?,
        directory => directory?,
    };
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    match rustix::fs::openat(&directory, OPT_OUT_FILE, flags, Mode::from_raw_mode(0o644)) {
        Ok(file) => {
            // The umask may have removed the others' right to read.
            rustix::fs::fchmod(&file, Mode::from_raw_mode(0o644))?;
            rustix::fs::fsync(&file)?;
            rustix::fs::fsync(&directory)?;
            Ok(Done::Changed)
        }
        Err(rustix::io::Errno::EXIST) => Ok(Done::AlreadySo),
        Err(error) => Err(error.into()),
    }
}

fn create_folder(path: &Path) -> io::Result<OwnedFd> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::NotFound.into());
    };
    let parent = files::open_folder(rustix::fs::CWD, parent, Links::Follow)?;
    is_trusted(&rustix::fs::fstat(&parent)?)?;
    match rustix::fs::mkdirat(&parent, name, Mode::from_raw_mode(0o755)) {
        Ok(()) | Err(rustix::io::Errno::EXIST) => files::open_folder(&parent, Path::new(name), Links::Refuse),
        Err(error) => Err(error.into()),
    }
}

/// Refuses a parent folder in which another account could replace the new folder.
fn is_trusted(folder: &Stat) -> io::Result<()> {
    let others_write = folder.st_mode & 0o002 != 0;
    if (folder.st_uid == 0 || folder.st_uid == rustix::process::geteuid().as_raw()) && !others_write {
        return Ok(());
    }
    Err(io::Error::other("its folder does not exist, and the one above it is not root's alone"))
}

/// Whether this process may create the opt-out file, to be known before asking for confirmation. The kernel considers
/// read-only mounts and capabilities; a security module may still refuse the attempt.
pub fn may_opt_out(config_directory: &Path) -> io::Result<()> {
    if opt_out_file(config_directory).symlink_metadata().is_ok() {
        return Ok(());
    }
    match (files::may_change(config_directory), config_directory.parent()) {
        // The folder would be created, too.
        (Err(rustix::io::Errno::NOENT), Some(parent)) => {
            files::may_change(parent)?;
            is_trusted(&rustix::fs::stat(parent)?)
        }
        (may, _) => Ok(may?),
    }
}

/// The same for removing it.
pub fn may_opt_in(config_directory: &Path) -> io::Result<()> {
    match opt_out_file(config_directory).symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        _ => Ok(files::may_change(config_directory)?),
    }
}

/// Removes the opt-out file and nothing else.
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
    fn what_may_be_done_is_known_before() {
        let parent = tempfile::tempdir().unwrap();
        let path = |name: &str| parent.path().join(name);
        std::fs::create_dir(path("etc")).unwrap();
        std::fs::write(path("file"), "").unwrap();
        let (kind, missing) = (|may: io::Result<()>| may.unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(may_opt_out(&path("etc")).is_ok() && may_opt_in(&path("etc")).is_ok());
        assert!(may_opt_out(&path("new")).is_ok() && may_opt_in(&path("new")).is_ok());
        assert_eq!(kind(may_opt_out(&path("new/er"))), missing);
        assert_eq!(kind(may_opt_out(&path("file"))), io::ErrorKind::NotADirectory);
        let closed = |closed: bool| {
            let mode = std::fs::Permissions::from_mode(if closed { 0o500 } else { 0o700 });
            std::fs::set_permissions(path("etc"), mode).unwrap();
        };
        closed(true);
        // Root may write everywhere.
        if !rustix::process::geteuid().is_root() {
            let denied = io::ErrorKind::PermissionDenied;
            assert_eq!(kind(may_opt_out(&path("etc"))), denied);
            assert_eq!(kind(may_opt_out(&path("etc/netdata"))), denied);
            assert!(may_opt_in(&path("etc")).is_ok(), "there is nothing to remove");
        }
        closed(false);
        opt_out(&path("etc")).unwrap();
        closed(true);
        assert!(may_opt_out(&path("etc")).is_ok(), "there is nothing to create");
        assert_eq!(may_opt_in(&path("etc")).is_ok(), rustix::process::geteuid().is_root());
        closed(false);
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
