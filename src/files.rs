//! Access to files that another account may have put there.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Access, AtFlags, Mode, OFlags, Stat};

#[derive(Debug)]
pub struct Opened {
    pub file: std::fs::File,
    pub stat: Stat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// The agent's own files may be links.
    Follow,
    /// A link is an error.
    Refuse,
}

/// Opens a regular file. A FIFO or device is an error, and is not opened unless it is swapped in at that moment (see
/// [`system_facts::internal::open_regular`]).
pub fn open_regular(folder: impl AsFd, path: &Path, links: Links) -> io::Result<Opened> {
    let file = system_facts::internal::open_regular(folder, path, links == Links::Follow)?;
    Ok(Opened { stat: rustix::fs::fstat(&file)?, file: file.into() })
}

/// Opens a regular file below a folder of another account: no link on the way below it is followed. The folder itself
/// may be a link.
pub fn open_below(folder: &Path, path: &Path) -> io::Result<Opened> {
    let (parent, name) = parent_below(folder, path)?;
    open_regular(parent, name.as_ref(), Links::Refuse)
}

/// The metadata of such a file or link, which needs no right to read it.
pub fn stat_below(folder: &Path, path: &Path) -> io::Result<Stat> {
    let (parent, name) = parent_below(folder, path)?;
    Ok(rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?)
}

fn parent_below<'path>(folder: &Path, path: &'path Path) -> io::Result<(OwnedFd, &'path OsStr)> {
    let mut parent = open_folder(rustix::fs::CWD, folder, Links::Follow)?;
    for part in path.parent().into_iter().flatten() {
        parent = open_folder(&parent, part.as_ref(), Links::Refuse)?;
    }
    Ok((parent, path.file_name().unwrap_or_default()))
}

impl Opened {
    /// Reads the file, unless it is larger than `max` bytes.
    pub fn read(self, max: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let limit = u64::try_from(max).unwrap_or(u64::MAX);
        // A file that is too large is not read at all. Those of /proc have no size, and others may grow meanwhile.
        if self.size() <= limit {
            self.file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
            if bytes.len() <= max {
                return Ok(bytes);
            }
        }
        Err(io::Error::other(format!("it is larger than {max} bytes")))
    }

    /// The size in bytes at the time of opening.
    pub fn size(&self) -> u64 {
        u64::try_from(self.stat.st_size).unwrap_or(0)
    }
}

pub fn read(path: &Path, links: Links, max: usize) -> io::Result<Vec<u8>> {
    open_regular(rustix::fs::CWD, path, links)?.read(max)
}

/// Writes a new file that only its owner may read. An existing file is an error and stays as it is; a partial file is
/// deleted.
pub fn write_new(folder: impl AsFd, name: &str, bytes: &[u8]) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mut file = std::fs::File::from(rustix::fs::openat(&folder, name, flags, Mode::RUSR | Mode::WUSR)?);
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        // If deleting fails too, the reported error still says that the file is incomplete.
        let _ = rustix::fs::unlinkat(&folder, name, AtFlags::empty());
    }
    written
}

pub fn open_folder(parent: impl AsFd, path: &Path, links: Links) -> io::Result<OwnedFd> {
    let mut flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    if links == Links::Refuse {
        flags |= OFlags::NOFOLLOW;
    }
    Ok(rustix::fs::openat(parent, path, flags, Mode::empty())?)
}

/// Whether nobody but root, or the caller who owns it, can write. The group's bits include those of an access list
/// (acl(5)).
pub fn is_only_ours(stat: &Stat) -> bool {
    (stat.st_uid == 0 || stat.st_uid == rustix::process::geteuid().as_raw()) && stat.st_mode & 0o022 == 0
}

/// Whether files may be created and deleted in a folder.
pub fn may_change(folder: &Path) -> rustix::io::Result<()> {
    // The dot makes a file in its place an error. The effective user's rights count, as in every other system call.
    let access = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
    rustix::fs::accessat(rustix::fs::CWD, folder.join("."), access, AtFlags::EACCESS)
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
    #[test]
    fn below_a_folder_no_link_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(path("lib/registry")).unwrap();
        std::fs::write(path("lib/registry/id"), "1").unwrap();
        for (target, link) in
            [("lib", "link"), ("registry", "lib/to-folder"), ("id", "lib/registry/to-file"), ("/", "lib/root")]
        {
            std::os::unix::fs::symlink(target, path(link)).unwrap();
        }
        let below = |folder: &str, name: &str| open_below(&path(folder), Path::new(name)).and_then(|file| file.read(5));
        let size = |folder: &str, name: &str| stat_below(&path(folder), Path::new(name)).map(|stat| stat.st_size);
        for folder in ["lib", "link"] {
            assert_eq!(below(folder, "registry/id").unwrap(), b"1", "{folder}");
            assert_eq!(size(folder, "registry/id").unwrap(), 1, "{folder}");
        }
        for name in ["to-folder/id", "root/etc/passwd", "registry/id/x", "registry/missing"] {
            assert!(below("lib", name).is_err() && size("lib", name).is_err(), "{name}");
        }
        for name in ["registry/to-file", "registry", ""] {
            assert!(below("lib", name).is_err(), "{name}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_no_regular_file_is_not_even_opened() {
        use rustix::fs::inotify;
        use std::os::unix::fs::OpenOptionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        assert!(std::process::Command::new("mkfifo").arg(path("fifo")).status().unwrap().success());
        std::os::unix::fs::symlink("fifo", path("link")).unwrap();
        let events = inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC).unwrap();
        inotify::add_watch(&events, path("fifo"), inotify::WatchFlags::OPEN).unwrap();
        let was_opened = || rustix::io::read(&events, &mut [0; 4096]).is_ok();
        for (name, links) in [("fifo", Links::Follow), ("fifo", Links::Refuse), ("link", Links::Follow)] {
            assert!(read(&path(name), links, 5).is_err());
            assert!(!was_opened(), "{name}, {links:?}");
        }
        let nonblock = i32::try_from(OFlags::NONBLOCK.bits()).unwrap();
        std::fs::OpenOptions::new().read(true).custom_flags(nonblock).open(path("fifo")).unwrap();
        assert!(was_opened(), "the watch sees what it is there for");
    }
}
