//! A channel, and the evidence by which it is judged.

use std::path::Path;

use rustix::fs::FileType;
use system_facts::Host;

use crate::agent::conf::NetdataConf;
use crate::agent::folders::Folders;
use crate::agent::process::Daemons;
use crate::agent::version::Version;
use crate::clock::UnixMillis;
use crate::consent::Consent;
use crate::consent::opt_out_file::opt_out_file;
use crate::files;

/// The effect of the opt-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptOutEffect {
    Stops,
    /// It stops a part of the channel, or stops it later.
    Partly,
    Not,
}

impl OptOutEffect {
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Stops => "stopped by the opt-out",
            Self::Partly => "partly stopped by the opt-out",
            Self::Not => "not stopped by the opt-out",
        }
    }
}

/// A way in which an agent can report about its machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Stable between versions, for programs.
    pub name: &'static str,
    pub what: &'static str,
    /// The effect of the opt-out.
    pub reach: OptOutEffect,
    pub state: String,
    pub how_to_stop: &'static str,
}

/// The agent's own files about its channels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    /// `None`: it cannot be read.
    pub conf: Option<NetdataConf>,
    /// `None`: it cannot be seen whether the agent is claimed.
    pub claimed: Option<bool>,
    /// The time of the opt-out file in its config directory.
    pub opted_out: Option<UnixMillis>,
}

impl Files {
    pub fn look(folders: &Folders, host: &dyn Host) -> Self {
        let config = folders.config_path();
        let conf = match &folders.conf {
            None => Some(NetdataConf::default()),
            Some(path) => path.to_str().and_then(|path| NetdataConf::read(host, path).ok()),
        };
        let library = folders.library_path();
        Self {
            conf,
            claimed: library.map_or(Some(false), claimed),
            opted_out: config.and_then(|directory| created(&opt_out_file(directory))),
        }
    }
}

/// The evidence for all channels.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    pub folders: &'a Folders,
    pub consent: &'a Consent,
    pub daemons: &'a Daemons,
    /// `None`: unknown.
    pub version: Option<&'a Version>,
    pub files: &'a Files,
}

/// The state of a channel that depends on the agent's configuration.
pub(super) const UNREADABLE: &str = "cannot be told: netdata.conf cannot be read from this account";

/// The last change of a file.
fn created(path: &Path) -> Option<UnixMillis> {
    UnixMillis::of(path.symlink_metadata().ok()?.modified().ok()?)
}

/// A claimed agent has the Cloud's identifier in its library directory.
fn claimed(library: &Path) -> Option<bool> {
    match files::stat_below(library, "cloud.d/claimed_id".as_ref()) {
        Ok(stat) => (FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile).then_some(stat.st_size > 0),
        Err(error) => (error.kind() == std::io::ErrorKind::NotFound).then_some(false),
    }
}
