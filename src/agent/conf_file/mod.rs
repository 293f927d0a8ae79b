//! Changing the daemon's `netdata.conf`, for everything that may not get lost: its content, owner, mode, access list and
//! label, and the trust in it.
//!
//! The daemon may run as root, and then this file decides what root does. So nothing is changed that another account could
//! change meanwhile, and nothing is written through a link.

mod refusal;
#[cfg(test)]
mod tests;

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Gid, Mode, OFlags, Stat, Uid};
use rustix::io::Errno;

pub use crate::agent::conf_file::refusal::Refusal;

use crate::agent::conf::BYTES;
use crate::agent::conf_edit;
use crate::files::{self, Links, Opened};

/// The mode of a file that did not exist, as far as the stock file has it: the daemon's user can read it.
const NEW_MODE: Mode = Mode::RUSR.union(Mode::WUSR).union(Mode::RGRP).union(Mode::ROTH);

/// A planned change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    path: PathBuf,
    before: Before,
    text: Vec<u8>,
    /// `None`: the file is removed.
    after: Option<Vec<u8>>,
    /// Whether the text is kept in a file of its own, or such a file has done its service.
    backup: Backup,
}

/// The origin of the text before.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Before {
    Own,
    Stock(PathBuf, Mode),
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Backup {
    Keep,
    Remove,
}

/// Plans to turn the daemon's own reports off. `None`: the file does it already. `stock` is read where the file does not
/// exist: the new one would replace it whole.
pub fn turn_off(path: &Path, stock: Option<&Path>) -> Result<Option<Change>, Refusal> {
    let place = match Place::open(path) {
        // The folder will be created with the opt-out file.
        Err(Refusal::System(_, io::ErrorKind::NotFound, _)) => None,
        place => Some(place?),
    };
    let own = place.map(|place| place.file()).transpose()?.flatten();
    let (before, text) = match own {
        Some(file) => (Before::Own, read(path, file)?),
        None => match stock {
            Some(stock) => {
                let (text, mode) = read_stock(stock)?;
                (Before::Stock(stock.to_owned(), mode), text)
            }
            None => (Before::Nothing, Vec::new()),
        },
    };
    let after = conf_edit::turn_off(&text, before != Before::Own).map_err(|_unsafe| Refusal::Line(path.to_owned()))?;
    let change = |after| Change { path: path.to_owned(), before, text, after: Some(after), backup: Backup::Keep };
    Ok(after.map(change))
}

/// Plans to undo [`turn_off`]. `None`: that was not done here.
pub fn turn_on(path: &Path, stock: Option<&Path>) -> Result<Option<Change>, Refusal> {
    let missing = |refusal: &Refusal| matches!(refusal.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
    let text = match files::open_regular(CWD, path, Links::Follow) {
        Ok(file) => read(path, file)?,
        Err(error) => {
            let refusal = Refusal::system(path, error);
            return if missing(&refusal) { Ok(None) } else { Err(refusal) };
        }
    };
    let Some(undone) = conf_edit::undo(&text) else { return Ok(None) };
    Place::open(path)?.file()?;
    let stock = stock.map(read_stock).transpose()?.map(|(text, _)| text).unwrap_or_default();
    let after = (!undone.was_new || undone.bytes != stock).then_some(undone.bytes);
    Ok(Some(Change { path: path.to_owned(), before: Before::Own, text, after, backup: Backup::Remove }))
}

impl Change {
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The stock file with whose content a new file begins.
    pub fn stock(&self) -> Option<&Path> {
        if let Before::Stock(path, _) = &self.before { Some(path) } else { None }
    }

    pub fn creates_file(&self) -> bool {
        self.before != Before::Own
    }

    pub fn removes_file(&self) -> bool {
        self.after.is_none()
    }

    /// The path of the copy that stays beside the changed file.
    pub fn backup(&self) -> Option<PathBuf> {
        (self.before == Before::Own && self.backup == Backup::Keep)
            .then(|| self.path.with_file_name(self.backup_name()))
    }

    fn backup_name(&self) -> OsString {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(".before-opt-out");
        name
    }

    /// The changed lines, safe for a terminal.
    pub fn diff(&self) -> String {
        let nothing = Path::new("/dev/null");
        let (before, after): (&[u8], &[u8]) = match (&self.before, &self.after) {
            (Before::Nothing, after) => (b"", after.as_deref().unwrap_or_default()),
            (_, None) => (&self.text, b""),
            (_, Some(after)) => (&self.text, after),
        };
        let old = match &self.before {
            Before::Own => &self.path,
            Before::Stock(stock, _) => stock,
            Before::Nothing => nothing,
        };
        conf_edit::diff([old, if self.removes_file() { nothing } else { &self.path }], before, after)
    }

    /// Makes the change, unless something else changed the file meanwhile.
    pub fn perform(&self) -> Result<(), Refusal> {
        let place = Place::open(&self.path)?;
        let own = place.file()?;
        let is_as_planned = match (&own, &self.before) {
            (None, Before::Stock(stock, mode)) => read_stock(stock)? == (self.text.clone(), *mode),
            (None, Before::Nothing) => true,
            (Some(_), Before::Own) => read(&self.path, place.file()?.ok_or_else(|| self.changed())?)? == self.text,
            _ => false,
        };
        if !is_as_planned {
            return Err(self.changed());
        }
        let like = match (&own, &self.before) {
            (Some(own), _) => Like::File(own),
            (None, Before::Stock(_, mode)) => Like::New(*mode),
            (None, _) => Like::New(NEW_MODE),
        };
        let backup = self.backup_name();
        match &self.after {
            Some(after) => {
                if own.is_some() && self.backup == Backup::Keep {
                    place.replace(&backup, &self.text, like)?;
                }
                place.replace(&place.name, after, like)?;
            }
            None => place.remove(&place.name)?,
        }
        if self.backup == Backup::Remove {
            // A copy with other content is that of somebody else's change.
            let copy =
                files::open_regular(&place.folder, backup.as_ref(), Links::Refuse).and_then(|file| file.read(BYTES));
            if copy.is_ok_and(|copy| Some(copy) == self.after) {
                place.remove(&backup)?;
            }
        }
        rustix::fs::fsync(&place.folder).map_err(|errno| Refusal::system(&self.path, errno))
    }

    fn changed(&self) -> Refusal {
        Refusal::Changed(self.path.clone())
    }
}

fn read(path: &Path, file: Opened) -> Result<Vec<u8>, Refusal> {
    file.read(BYTES).map_err(|error| Refusal::system(path, error))
}

/// The packages may install it as a link. Nobody can read the new file who could not read this one.
fn read_stock(path: &Path) -> Result<(Vec<u8>, Mode), Refusal> {
    let file = files::open_regular(CWD, path, Links::Follow).map_err(|error| Refusal::system(path, error))?;
    let mode = NEW_MODE & Mode::from_raw_mode(file.stat.st_mode);
    Ok((read(path, file)?, mode))
}

/// What decides about the owner and the mode of written content.
#[derive(Clone, Copy)]
enum Like<'file> {
    File(&'file Opened),
    New(Mode),
}

/// A file's open folder, in which nobody but root and the caller can change anything.
struct Place<'path> {
    folder: OwnedFd,
    folder_stat: Stat,
    name: OsString,
    path: &'path Path,
}

impl<'path> Place<'path> {
    fn open(path: &'path Path) -> Result<Self, Refusal> {
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
    fn file(&self) -> Result<Option<Opened>, Refusal> {
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
    fn replace(&self, name: &OsStr, bytes: &[u8], like: Like<'_>) -> Result<(), Refusal> {
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
                system_facts::copy_access(&like.file, &file)
                    .map_err(|error| Refusal::Access(self.path.to_owned(), error.kind(), error.to_string()))?;
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
            Refusal::Access(self.path.to_owned(), error.kind(), format!("its owner and group: {error}"))
        })
    }

    fn remove(&self, name: &OsStr) -> Result<(), Refusal> {
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

/// Whether only root, or the caller who owns it, can write. The group's bits include those of an access list (acl(5)).
fn is_trusted(path: &Path, stat: &Stat) -> Result<(), Refusal> {
    let others_write = stat.st_mode & 0o022 != 0;
    if (stat.st_uid == 0 || stat.st_uid == rustix::process::geteuid().as_raw()) && !others_write {
        return Ok(());
    }
    Err(Refusal::Others(path.to_owned()))
}
