//! Reading files that somebody else may have put there.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};

/// A regular file, open, with what is known of it.
#[derive(Debug)]
pub struct Opened {
    /// Its content can be read from here.
    pub file: std::fs::File,
    /// Owner, mode and size.
    pub stat: Stat,
}

/// Whether a link at the end of a path is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// It is: the agent's own files may be links.
    Follow,
    /// It is an error: the place must be the file itself.
    Refuse,
}

/// Opens a regular file. A FIFO or a device in its place is an error at once and never waits.
pub fn open_regular(folder: impl AsFd, path: &Path, links: Links) -> io::Result<Opened> {
    let mut flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    if links == Links::Refuse {
        flags |= OFlags::NOFOLLOW;
    }
    let file = match rustix::fs::openat(folder, path, flags, Mode::empty()) {
        Ok(file) => file,
        // FreeBSD says EMLINK (its open(2)).
        Err(rustix::io::Errno::LOOP | rustix::io::Errno::MLINK) if links == Links::Refuse => {
            return Err(io::Error::other("it is a link"));
        }
        Err(error) => return Err(error.into()),
    };
    let stat = rustix::fs::fstat(&file)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(io::Error::other("it is not a regular file"));
    }
    Ok(Opened { file: file.into(), stat })
}

impl Opened {
    /// Reads all of it, unless it is larger than `max` bytes.
    pub fn read(self, max: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
        self.file.take(limit).read_to_end(&mut bytes)?;
        if bytes.len() > max { Err(io::Error::other(format!("it is larger than {max} bytes"))) } else { Ok(bytes) }
    }
}

/// Reads a regular file of at most `max` bytes.
pub fn read(path: &Path, links: Links, max: usize) -> io::Result<Vec<u8>> {
    open_regular(rustix::fs::CWD, path, links)?.read(max)
}

/// Writes a new file in a folder, which only its owner may read. What stands at its place already is an error and stays as
/// it is; what could not be written whole is taken away again.
pub fn write_new(folder: impl AsFd, name: &str, bytes: &[u8]) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mut file = std::fs::File::from(rustix::fs::openat(&folder, name, flags, Mode::RUSR | Mode::WUSR)?);
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        // If it cannot be deleted either, the error that is reported says that the file is not whole.
        let _ = rustix::fs::unlinkat(&folder, name, AtFlags::empty());
    }
    written
}

/// Opens a folder.
pub fn open_folder(parent: impl AsFd, path: &Path, links: Links) -> io::Result<OwnedFd> {
    let mut flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    if links == Links::Refuse {
        flags |= OFlags::NOFOLLOW;
    }
    Ok(rustix::fs::openat(parent, path, flags, Mode::empty())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_is_private_and_nothing_is_overwritten() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let open = open_folder(rustix::fs::CWD, folder.path(), Links::Follow).unwrap();
        write_new(&open, "new", b"bytes").unwrap();
        assert_eq!(std::fs::read(path("new")).unwrap(), b"bytes");
        assert_eq!(std::fs::metadata(path("new")).unwrap().permissions().mode() & 0o777, 0o600);
        std::os::unix::fs::symlink("nowhere", path("link")).unwrap();
        for name in ["new", "link", ".", "missing/new"] {
            assert!(write_new(&open, name, b"other").is_err(), "{name}");
        }
        assert_eq!(std::fs::read(path("new")).unwrap(), b"bytes");
        assert!(!path("nowhere").exists());
    }

    #[test]
    fn only_regular_files_of_bearable_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("file"), "12345").unwrap();
        std::os::unix::fs::symlink("file", path("link")).unwrap();
        // macOS has no mknodat(2).
        assert!(std::process::Command::new("mkfifo").arg(path("fifo")).status().unwrap().success());
        assert_eq!(read(&path("file"), Links::Refuse, 5).unwrap(), b"12345");
        assert_eq!(read(&path("link"), Links::Follow, 5).unwrap(), b"12345");
        for (name, links, max) in [
            ("file", Links::Refuse, 4),
            ("link", Links::Refuse, 5),
            ("fifo", Links::Follow, 5),
            (".", Links::Follow, 5),
        ] {
            assert!(read(&path(name), links, max).is_err(), "{name}");
        }
        assert!(open_folder(rustix::fs::CWD, folder.path(), Links::Refuse).is_ok());
        std::os::unix::fs::symlink(".", path("folder-link")).unwrap();
        assert!(open_folder(rustix::fs::CWD, &path("folder-link"), Links::Refuse).is_err());
    }
}
