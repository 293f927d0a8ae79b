//! What the daemon keeps between its runs, from which it makes its report and decides whether to send it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use system_facts::{Error, Facts, Host};
use uuid::Uuid as Parsed;

use crate::agent::folders::Folders;
use crate::agent::next_call::IDENTITY_FILE;
use crate::agent::own_opt_out::User;
use crate::agent::status_file::{
    self, Choice, Content, FILE, FILE_BYTES, LastStatus, NoStatus, Places, Read, Release, State, Uuid, choose,
};
use crate::agent::version::Version;
use crate::channels::crash_reports::circumstances::{Circumstances, If, ThisMachine};
use crate::channels::crash_reports::dedup::{self, Posted};
use crate::channels::crash_reports::report::{Report, Unknown};
use crate::clock::UnixMillis;
use crate::files;
use crate::text::printable;

/// Why nothing of an agent's own files can be seen. A library directory that does not exist yet may also be another one.
pub(crate) const NO_LIBRARY: &str = "it is not known which folder is the agent's library directory";

/// Where the daemon runs, as far as it decides which files it reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    pub library: Option<PathBuf>,
    pub cache: Option<PathBuf>,
    /// Whether its unit gives it a `/tmp` of its own (`PrivateTmp=`, systemd.exec(5)). `None`: not known.
    pub private_tmp: Option<bool>,
    /// Its working folder at its start; `/` without a unit that names another one.
    pub working: Option<PathBuf>,
    /// The running daemon.
    pub process: Option<u32>,
    /// Its account.
    pub user: User,
    /// The folder of its log files.
    pub logs: Option<PathBuf>,
}

/// The status file that the daemon will read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum StatusFile {
    #[default]
    None,
    /// It is no file, or larger than the daemon reads.
    Unreadable(PathBuf),
    Read(PathBuf, Vec<u8>),
    /// It cannot be seen, or is not shown, for this reason.
    Unseen(String),
}

/// What the daemon keeps between its runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kept {
    pub status: StatusFile,
    /// The reports of the last 23 hours and some before; empty where their file cannot be seen.
    pub posted: Vec<Posted>,
    pub boot_id: Option<Uuid>,
    pub machine: ThisMachine,
    pub is_running: bool,
    /// The folder of the daemon's log files, if it is known.
    pub logs: Option<PathBuf>,
    /// What Sentry keeps to upload at the next start: its folder, and the names of its dumps. An error says why they
    /// cannot be seen.
    pub dumps: Option<(PathBuf, Result<Vec<String>, String>)>,
}

/// Why there is no report to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoReport {
    Unseen(String),
    /// The agent's version is not known.
    Version,
    Rules(Unknown),
}

impl Kept {
    pub fn look(place: &Place, host: &dyn Host, facts: &Facts) -> Self {
        let places = Places::new(
            place.library.as_deref(),
            place.cache.as_deref(),
            place.private_tmp,
            place.process,
            Some(place.working.as_deref().unwrap_or(Path::new("/"))),
        );
        Self {
            status: match newest(&places, FILE, FILE_BYTES, place.user) {
                StatusFile::None if place.library.is_none() => StatusFile::Unseen(NO_LIBRARY.to_owned()),
                found => found,
            },
            posted: match newest(&places, dedup::FILE, dedup::FILE_BYTES, place.user) {
                StatusFile::Read(_, bytes) => dedup::read(&bytes),
                _ => Vec::new(),
            },
            boot_id: text(host, "/proc/sys/kernel/random/boot_id").as_deref().and_then(uuid),
            machine: this_machine(place, host, facts),
            is_running: place.process.is_some(),
            logs: place.logs.clone(),
            dumps: place.cache.as_deref().map(|cache| dumps(&cache.join(".sentry-native"), host)),
        }
    }

    /// What a daemon of this version reads.
    pub fn read(&self, daemon: &Release) -> Result<Read, NoReport> {
        match &self.status {
            StatusFile::None => Ok(Read::nothing(NoStatus::NoFile)),
            StatusFile::Unreadable(_) => Ok(Read::nothing(NoStatus::Unreadable)),
            StatusFile::Read(_, bytes) => Ok(LastStatus::read(bytes, daemon)),
            StatusFile::Unseen(why) => Err(NoReport::Unseen(why.clone())),
        }
    }

    /// The report at the next start of a daemon of this version.
    pub fn report(&self, version: Option<&Version>, case: If) -> Result<Report, NoReport> {
        let daemon = version.and_then(|version| Release::new(&version.text)).ok_or(NoReport::Version)?;
        let circumstances =
            Circumstances { daemon: &daemon, boot_id: self.boot_id, case, machine: self.machine.clone() };
        Report::new(&self.read(&daemon)?, &circumstances).map_err(NoReport::Rules)
    }

    /// The last run, as far as it decides whether the daemon reports.
    pub fn last(&self, version: Option<&Version>, now: UnixMillis) -> LastSeen {
        // The identifiers are read alike by every version; the newest known one reads what none does.
        let newest = || Release::new(&format!("v{}", crate::release::Release::NEWEST_KNOWN));
        let daemon = version.and_then(|version| Release::new(&version.text)).or_else(newest);
        let read = match daemon.ok_or(NoReport::Version).and_then(|daemon| self.read(&daemon)) {
            Ok(read) => read,
            Err(NoReport::Unseen(why)) => return LastSeen::Unseen(why),
            Err(_) => return LastSeen::Unseen("the agent's version is not known".to_owned()),
        };
        let status = match &read {
            Read::Status(status) | Read::None(_, status) => status,
            Read::UnknownVersion(version) => {
                return LastSeen::Unseen(format!("the rules of version {version} of the status file are not known"));
            }
        };
        let report = self.report(version, If::Killed).ok();
        let hash = report.as_ref().and_then(|report| report.hash);
        LastSeen::Run(LastRun {
            has_status: matches!(read, Read::Status(_)),
            has_cloud_id: [status.agent.node_id, status.agent.claim_id].iter().any(|id| *id != Uuid::default()),
            restarts: status.agent.restarts,
            is_crash: report.is_some_and(|report| report.ending.is_crash),
            is_running: self.is_running && status.agent.status == State::Running,
            is_repeated: hash
                .is_some_and(|hash| dedup::posted(&self.posted, hash, now.0.saturating_mul(1000)).is_some()),
            sentry_available: status.agent.sentry_available,
        })
    }
}

/// The newest of a file's places, by the daemon's rule. A place that is not known holds none: the daemon writes to its
/// library directory first.
fn newest(places: &Places, name: &str, max: usize, user: User) -> StatusFile {
    let mut candidates = status_file::look(places, name, max);
    candidates.retain(|candidate| candidate.path.is_some());
    let shown = |candidate: &status_file::Candidate| {
        let path = candidate.path.as_deref().unwrap_or(Path::new(candidate.place));
        printable(&path.to_string_lossy()).into_owned()
    };
    match choose(&candidates, user) {
        Choice::Nothing => StatusFile::None,
        Choice::File(candidate, content) => {
            let path = candidate.path.clone().unwrap_or_default();
            match content {
                Content::Bytes(bytes) => StatusFile::Read(path, bytes.clone()),
                Content::Unreadable => StatusFile::Unreadable(path),
            }
        }
        Choice::Foreign(candidate) => StatusFile::Unseen(format!(
            "{} belongs to another account than root or the daemon's; the daemon would believe it",
            shown(candidate)
        )),
        Choice::Unknown(candidate) => StatusFile::Unseen(match &candidate.found {
            status_file::Found::Unseen(why) | status_file::Found::File { bytes: Err(why), .. } => {
                format!("{}: {why}", shown(candidate))
            }
            _ => shown(candidate),
        }),
    }
}

/// Sentry's folder in the daemon's cache.
fn dumps(folder: &Path, host: &dyn Host) -> (PathBuf, Result<Vec<String>, String>) {
    const NAMES: usize = 1000;
    let listed = folder.to_str().ok_or(Error::Malformed).and_then(|path| host.list(path, NAMES));
    let dumps = match listed {
        Ok(names) => {
            Ok(names.into_iter().filter(|name| Path::new(name).extension() == Some(OsStr::new("dmp"))).collect())
        }
        Err(Error::NotFound) => Ok(Vec::new()),
        Err(error) => Err(error.to_string()),
    };
    (folder.to_owned(), dumps)
}

fn this_machine(place: &Place, host: &dyn Host, facts: &Facts) -> ThisMachine {
    let guid = place.library.as_deref().and_then(|library| {
        let opened = files::open_below(library, IDENTITY_FILE.as_ref()).ok()?;
        let modified = u64::try_from(opened.stat.st_mtime).ok()?.checked_mul(1_000_000)?;
        #[allow(clippy::useless_conversion, reason = "the type differs between systems")]
        let below = u64::try_from(opened.stat.st_mtime_nsec).ok()? / 1000;
        let text = opened.read(64).ok()?;
        Some((uuid(std::str::from_utf8(&text).ok()?)?, modified.checked_add(below)?))
    });
    ThisMachine {
        machine_id: text(host, "/etc/machine-id").as_deref().and_then(uuid),
        guid,
        cpus: facts.cpu.logical_count.known().copied(),
        memory: facts.memory.total_bytes.known().copied(),
        dmi: Some(host.metadata("/sys/class/dmi/id").is_ok()),
        ..ThisMachine::default()
    }
}

fn text(host: &dyn Host, path: &str) -> Option<String> {
    String::from_utf8(host.read(path, 256).ok()?).ok()
}

fn uuid(text: &str) -> Option<Uuid> {
    Parsed::try_parse(text.trim()).ok().map(Parsed::into_bytes)
}

impl Place {
    /// `named`: the cache and log folders in the agent's configuration.
    pub fn of(folders: &Folders, named: [Option<&str>; 2]) -> Self {
        // FreeBSD keeps them outside the prefix of its packages (hier(7)).
        let root = |prefix: PathBuf| if prefix == Path::new("/usr/local") { "/".into() } else { prefix };
        let usual = |below: &str| folders.installation().map(root).map(|prefix: PathBuf| prefix.join(below));
        let [cache, logs] = named.map(|named| named.map(PathBuf::from));
        Self {
            library: folders.library_path().map(Path::to_owned),
            cache: cache.or_else(|| usual("var/cache/netdata")),
            logs: logs.or_else(|| usual("var/log/netdata")),
            ..Self::default()
        }
    }
}

/// What the agent's last status file says, as far as it decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of the daemon's rules")]
pub struct LastRun {
    /// Whether the daemon finds a status of it.
    pub has_status: bool,
    /// Whether it knows the Cloud's identifier of this agent (`node_id`, `claim_id`): it stays there for ever.
    pub has_cloud_id: bool,
    pub restarts: u64,
    /// Whether it counts as a crash (`crash reports = crashes`).
    pub is_crash: bool,
    /// Whether the agent runs, so that the end of this run is not known yet.
    pub is_running: bool,
    /// Whether the same report was posted within 23 hours.
    pub is_repeated: bool,
    pub sentry_available: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LastSeen {
    Run(LastRun),
    /// It cannot be seen, or not be trusted, for this reason.
    Unseen(String),
}

impl LastSeen {
    pub(super) fn has_cloud_id(&self) -> Result<bool, String> {
        match self {
            Self::Run(run) => Ok(run.has_cloud_id),
            Self::Unseen(why) => Err(why.clone()),
        }
    }
}
