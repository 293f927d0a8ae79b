//! Why a source of the decision cannot be seen.

use std::fmt;
use std::path::PathBuf;

use system_facts::Error;
use system_facts::internal::Unseen;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    File(PathBuf, Error),
    /// The agent's option `-c` with a relative path.
    RelativeOption(PathBuf),
    /// `PassEnvironment=` in a unit.
    PassedOn(String),
    /// A part of the process with this id.
    Process(&'static str, u32, Error),
    Processes(Error),
    Unseen(Unseen),
    /// The proxy depends on the destination, and that on the daemon's version.
    Destination,
    /// More processes with the daemon's name than are read.
    More(usize),
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::RelativeOption(path) => write!(f, "-c {}: not an absolute path", path.display()),
            Self::PassedOn(unit) => write!(f, "{unit} passes it on from systemd's own environment"),
            Self::Process(part, id, error) => write!(f, "the {part} of process {id}: {error}"),
            Self::Processes(error) => write!(f, "the running processes: {error}"),
            Self::Unseen(unseen) => unseen.fmt(f),
            Self::Destination => f.write_str("the daemon's version, on which the destination depends"),
            Self::More(number) => write!(f, "{number} more processes are called netdata"),
        }
    }
}
