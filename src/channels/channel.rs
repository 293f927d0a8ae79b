//! A channel, and what is looked at to judge one.

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

/// How far the opt-out reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It stops the channel.
    Stops,
    /// It stops a part of it, or some time later.
    Partly,
    /// It does not.
    Not,
}

impl Reach {
    /// In a few words.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Stops => "stopped by the opt-out",
            Self::Partly => "partly stopped by the opt-out",
            Self::Not => "not stopped by the opt-out",
        }
    }
}

/// A way in which an agent can tell somebody about its machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// A word for programs. It does not change between versions.
    pub name: &'static str,
    /// What it is.
    pub what: &'static str,
    /// How far the opt-out reaches.
    pub reach: Reach,
    /// What is known of it on this machine.
    pub state: String,
    /// How to turn it off.
    pub how_to_stop: &'static str,
}

/// What the agent's own files say about its channels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    /// Its configuration; `None`: it cannot be read.
    pub conf: Option<NetdataConf>,
    /// Whether it is claimed; `None`: that cannot be seen.
    pub claimed: Option<bool>,
    /// When the opt-out file in its config directory was made.
    pub opted_out: Option<UnixMillis>,
}

impl Files {
    /// Reads them.
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

/// What the channels are judged by.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The agent's folders.
    pub folders: &'a Folders,
    /// The decision about consent.
    pub consent: &'a Consent,
    /// What runs here.
    pub daemons: &'a Daemons,
    /// The agent's version, where something says it.
    pub version: Option<&'a Version>,
    /// What the agent's own files say.
    pub files: &'a Files,
}

/// What a channel says of itself where the agent's configuration decides.
pub(super) const UNREADABLE: &str = "cannot be told: netdata.conf cannot be read from this account";

/// When a file was made or last changed.
fn created(path: &Path) -> Option<UnixMillis> {
    UnixMillis::of(path.symlink_metadata().ok()?.modified().ok()?)
}

/// Whether the agent is claimed: then its library directory holds the identifier that the Cloud gave.
fn claimed(library: &Path) -> Option<bool> {
    match files::stat_below(library, "cloud.d/claimed_id".as_ref()) {
        Ok(stat) => (FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile).then_some(stat.st_size > 0),
        Err(error) => (error.kind() == std::io::ErrorKind::NotFound).then_some(false),
    }
}
