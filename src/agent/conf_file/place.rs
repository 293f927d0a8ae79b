//! Replacing a configuration file, so that whoever opens it gets the old or the new one.
//!
//! Nothing is replaced that another account could change meanwhile, and nothing is written through a link.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Gid, Mode, OFlags, Stat, Uid};
use rustix::io::Errno;

use crate::agent::conf_file::refusal::Refusal;
use crate::files::{self, Links, Opened};

/// The mode of a file that did not exist: the daemon's user can read it.
pub(in crate::agent) const NEW_MODE: Mode = Mode::RUSR.union(Mode::WUSR).union(Mode::RGRP).union(Mode::ROTH);

/// What decides about the owner and the mode of written content.
#[derive(Clone, Copy)]
pub(in crate::agent) enum Like<'file> {
    File(&'file Opened),
    New(Mode),
}

/// A file's open folder, in which nobody but root and the caller can change anything.
pub(in crate::agent) struct Place<'path> {
    pub(in crate::agent) folder: OwnedFd,
    folder_stat: Stat,
    pub(in crate::agent) name: OsString,
    path: &'path Path,
}

impl<'path> Place<'path> {
    pub(in crate::agent) fn open(path: &'path Path) -> Result<Self, Refusal> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(Refusal::system(path, io::ErrorKind::InvalidInput));
        };
        if let Ok(target) = std::fs::read_link(parent) {
            return Err(Refusal::Link(parent.to_owned(), target));
        }
        let opened = files::open_folder(CWD, parent, Links::Refuse);
        let folder = opened.map_err(|error| Refusal::system(parent, error))?;
        let folder_stat = rustix::fs::fstat(&folder).map_err(|errno| Refusal::system(parent, errno))?;
        is_trusted(parent, &folder_stat)?;
        for above in parent.ancestors().skip(1) {
            let stat = rustix::fs::stat(above).map_err(|errno| Refusal::system(above, errno))?;
            // In a sticky folder such as /tmp only owners rename (unlink(2)).
            if stat.st_mode & 0o1000 == 0 {
                is_trusted(above, &stat)?;
            }
        }
        files::may_change(parent).map_err(|errno| Refusal::system(parent, errno))?;
        Ok(Self { folder, folder_stat, name: name.to_owned(), path })
    }

    /// The file, if it may be replaced. `None`: it does not exist.
    pub(in crate::agent) fn file(&self) -> Result<Option<Opened>, Refusal> {
        if let Ok(target) = rustix::fs::readlinkat(&self.folder, &self.name, Vec::new()) {
            return Err(Refusal::Link(self.path.to_owned(), OsString::from_vec(target.into_bytes()).into()));
        }
        let file = match files::open_regular(&self.folder, self.name.as_ref(), Links::Refuse) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Refusal::system(self.path, error)),
        };
        if file.stat.st_dev != self.folder_stat.st_dev || self.is_mount(&file) {
            return Err(Refusal::Mounted(self.path.to_owned()));
        }
        if file.stat.st_nlink > 1 {
            return Err(Refusal::HardLinks(self.path.to_owned()));
        }
        is_trusted(self.path, &file.stat)?;
        Ok(Some(file))
    }

    /// Whether the file is mounted by itself, as containers do. Before Linux 5.8 only renaming reveals it (statx(2)).
    #[cfg(target_os = "linux")]
    #[expect(clippy::unused_self, reason = "needed on no other system")]
    fn is_mount(&self, file: &Opened) -> bool {
        use rustix::fs::{StatxAttributes, StatxFlags, statx};
        statx(&file.file, "", AtFlags::EMPTY_PATH, StatxFlags::empty())
            .is_ok_and(|stat| stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
    }

    #[cfg(not(target_os = "linux"))]
    #[expect(clippy::unused_self, reason = "only Linux mounts single files")]
    fn is_mount(&self, _file: &Opened) -> bool {
        false
    }

    /// Puts new content in place of a file, or creates it: whoever opens the file gets the one or the other.
    pub(in crate::agent) fn replace(&self, name: &OsStr, bytes: &[u8], like: Like<'_>) -> Result<(), Refusal> {
        let temporary = self.temporary()?;
        let written = self.write(&temporary, bytes, like).and_then(|()| {
            let renamed = rustix::fs::renameat(&self.folder, &temporary, &self.folder, name);
            renamed.map_err(|errno| match errno {
                // rename(2): the file is a mount point, or on another mount.
                Errno::BUSY | Errno::XDEV => Refusal::Mounted(self.path.to_owned()),
                errno => self.failed(errno),
            })
        });
        if written.is_err() {
            // The first error matters.
            let _ = rustix::fs::unlinkat(&self.folder, &temporary, AtFlags::empty());
        }
        written
    }

    /// Nobody may read the content before the file is as closed as the other one.
    fn write(&self, name: &OsStr, bytes: &[u8], like: Like<'_>) -> Result<(), Refusal> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let owner_only = Mode::RUSR | Mode::WUSR;
        let opened = rustix::fs::openat(&self.folder, name, flags, owner_only).map_err(|errno| self.failed(errno))?;
        let mut file = std::fs::File::from(opened);
        let mode = match like {
            Like::File(like) => {
                self.keep_owner(&file, &like.stat)?;
                system_facts::internal::copy_access(&like.file, &file).map_err(|error| {
                    Refusal::Access(self.path.to_owned(), error.kind(), crate::text::reason(&error))
                })?;
                Mode::from_raw_mode(like.stat.st_mode & 0o7777)
            }
            Like::New(mode) => mode,
        };
        let finished = rustix::fs::fchmod(&file, mode).map_err(io::Error::from);
        finished.and_then(|()| file.write_all(bytes)).and_then(|()| file.sync_all()).map_err(|error| self.failed(error))
    }

    fn keep_owner(&self, file: impl AsFd, like: &Stat) -> Result<(), Refusal> {
        let new = rustix::fs::fstat(&file).map_err(|errno| self.failed(errno))?;
        if (new.st_uid, new.st_gid) == (like.st_uid, like.st_gid) {
            return Ok(());
        }
        let owner = (Some(Uid::from_raw(like.st_uid)), Some(Gid::from_raw(like.st_gid)));
        rustix::fs::fchown(&file, owner.0, owner.1).map_err(|errno| {
            let error = io::Error::from(errno);
            Refusal::Access(
                self.path.to_owned(),
                error.kind(),
                format!("its owner and group: {}", crate::text::reason(&error)),
            )
        })
    }

    pub(in crate::agent) fn remove(&self, name: &OsStr) -> Result<(), Refusal> {
        rustix::fs::unlinkat(&self.folder, name, AtFlags::empty()).map_err(|errno| self.failed(errno))
    }

    /// A name that nothing else has.
    fn temporary(&self) -> Result<OsString, Refusal> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).map_err(|error| self.failed(io::Error::other(error.to_string())))?;
        let mut name = OsString::from(".");
        name.push(&self.name);
        name.push(format!(".telemetry-preview-{:016x}", u64::from_ne_bytes(bytes)));
        Ok(name)
    }

    fn failed(&self, error: impl Into<io::Error>) -> Refusal {
        Refusal::system(self.path, error)
    }
}

fn is_trusted(path: &Path, stat: &Stat) -> Result<(), Refusal> {
    if files::is_only_ours(stat) { Ok(()) } else { Err(Refusal::Others(path.to_owned())) }
}
