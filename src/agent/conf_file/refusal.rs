//! Why a `netdata.conf` is left as it is.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::text::printable;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A link, and its target.
    Link(PathBuf, PathBuf),
    HardLinks(PathBuf),
    /// Another account can write the file or the folder.
    Others(PathBuf),
    /// The file is mounted by itself.
    Mounted(PathBuf),
    /// The file is no longer the one for which the change was planned.
    Changed(PathBuf),
    /// A line that is too long to be edited.
    Line(PathBuf),
    /// The daemon's option `-c` names it, and it does not exist, or only the daemon knows where.
    Option(PathBuf),
    /// A running process alone names the file, which is no `netdata.conf` by its name.
    Process(PathBuf),
    /// The daemon's option `-W set`, which wins over the file.
    CommandLine,
    /// The owner, the access list or a label would be lost.
    Access(PathBuf, io::ErrorKind, String),
    System(PathBuf, io::ErrorKind, String),
}

impl Refusal {
    pub(in crate::agent) fn system(path: &Path, error: impl Into<io::Error>) -> Self {
        let error = error.into();
        Self::System(path.to_owned(), error.kind(), crate::text::reason(&error))
    }

    /// The system's error; [`io::ErrorKind::Other`] for a reason that more rights do not remove.
    pub fn kind(&self) -> io::ErrorKind {
        match self {
            Self::System(_, kind, _) | Self::Access(_, kind, _) => *kind,
            _ => io::ErrorKind::Other,
        }
    }

    /// The target of the link that is in the way.
    pub fn target(&self) -> Option<&Path> {
        if let Self::Link(_, target) = self { Some(target) } else { None }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |path: &Path| printable(&path.to_string_lossy()).into_owned();
        match self {
            Self::Link(path, target) => write!(f, "{}: it is a link to {}", shown(path), shown(target)),
            Self::HardLinks(path) => write!(f, "{}: it has more than one name (hard links)", shown(path)),
            Self::Others(path) => write!(f, "{}: an account other than root can write it", shown(path)),
            Self::Mounted(path) => write!(f, "{}: it is mounted by itself, so that it cannot be replaced", shown(path)),
            Self::Changed(path) => write!(f, "{}: it was changed meanwhile; look again", shown(path)),
            Self::Line(path) => write!(f, "{}: a line is too long to be edited safely", shown(path)),
            Self::Option(path) => {
                write!(f, "{}: the daemon is started with this file (-c), and it is not found", shown(path))
            }
            Self::Process(path) => {
                write!(f, "{}: only a running process names this file (-c), and no unit", shown(path))
            }
            Self::CommandLine => f.write_str("\"crash reports\": the daemon's command line sets it (-W set)"),
            Self::Access(path, _, what) => write!(f, "{}: cannot keep {}", shown(path), printable(what)),
            Self::System(path, _, error) => write!(f, "{}: {}", shown(path), printable(error)),
        }
    }
}

impl std::error::Error for Refusal {}
