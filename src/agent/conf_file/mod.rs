//! Changing the daemon's `netdata.conf`, for everything that may not get lost: its content, owner, mode, access list and
//! label, and the trust in it.
//!
//! The daemon may run as root, and then this file decides what root does. So nothing is changed that another account could
//! change meanwhile, and nothing is written through a link.

pub(super) mod place;
mod refusal;
#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode};

pub use crate::agent::conf_file::refusal::Refusal;

use place::{Like, NEW_MODE, Place};

use crate::agent::conf::BYTES;
use crate::agent::conf_edit;
use crate::files::{self, Links, Opened};

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
