//! A channel, and the evidence by which it is judged.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rustix::fs::FileType;
use system_facts::Host;

use crate::agent::conf::{InForce, NetdataConf};
use crate::agent::folders::Folders;
use crate::agent::installed_sender::Script;
use crate::agent::own_opt_out::{OwnOptOut, User};
use crate::agent::process::{DaemonEnv, Daemons, EnvSource};
use crate::agent::version::{DPKG, Version};
use crate::channels::crash_reports::{Kept, LastRun, LastSeen};
use crate::channels::judgement::{Effect, Judgement, Step};
use crate::clock::UnixMillis;
use crate::consent::Consent;
use crate::files;
use crate::release::Release;
use crate::text::printable;

/// A way in which an agent can report about its machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Stable between versions, for programs.
    pub name: &'static str,
    pub what: &'static str,
    /// Whether it counts for the verdict about the machine.
    pub is_telemetry: bool,
    /// The host or URL, for people and for a firewall.
    pub destination: String,
    pub judgement: Judgement,
    pub how_to_stop: &'static str,
}

/// Settings of `netdata.conf` that turn channels on or off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// `[global] crash reports`
    pub crash_reports: Option<String>,
    /// `[registry] registry to announce`
    pub registry: Option<String>,
    /// `[web] mode`
    pub web_mode: Option<String>,
    /// `[directories] web`
    pub web_folder: Option<PathBuf>,
}

impl Settings {
    fn of(conf: &InForce) -> Self {
        let get = |section, name| conf.get(section, name).map(str::to_owned);
        Self {
            crash_reports: get("global", "crash reports"),
            registry: get("registry", "registry to announce"),
            web_mode: get("web", "mode"),
            web_folder: get("directories", "web").map(PathBuf::from),
        }
    }
}

/// The agent's own files about its channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// An error says why `netdata.conf` cannot be read.
    pub settings: Result<Settings, String>,
    /// An error says why it cannot be seen whether the agent is claimed.
    pub claimed: Result<bool, String>,
    /// `None`: the config directory is not known.
    pub opt_out: Option<OwnOptOut>,
    /// What the agent's status file says of its last run.
    pub last: LastSeen,
    /// Whether a dashboard is installed; `None`: unknown.
    pub dashboard: Option<bool>,
    /// Sentry's folder, and the dumps in it (see [`Kept`](crate::channels::crash_reports::Kept)).
    pub dumps: Option<(PathBuf, Result<Vec<String>, String>)>,
}

impl Default for Files {
    fn default() -> Self {
        Self {
            settings: Ok(Settings::default()),
            claimed: Ok(false),
            opt_out: None,
            last: LastSeen::Run(LastRun::default()),
            dashboard: Some(true),
            dumps: None,
        }
    }
}

impl Files {
    pub fn look(folders: &Folders, host: &dyn Host, kept: &Kept, version: Option<&Version>, now: UnixMillis) -> Self {
        let conf = folders.conf_in_force(host);
        let settings = conf.as_ref().map(Settings::of);
        let settings = settings.map_err(|(path, error)| format!("{}: {error}", printable(&path.to_string_lossy())));
        let web = settings.as_ref().ok().and_then(|settings| settings.web_folder.clone());
        let web = web.or_else(|| Some(folders.prefix()?.join("usr/share/netdata/web")));
        Self {
            claimed: match folders.library_path() {
                Some(library) => claimed(library),
                // That of a known installation does not exist yet.
                None if folders.prefix().is_some() => Ok(false),
                None => Err(NO_LIBRARY.to_owned()),
            },
            opt_out: folders.config_path().map(OwnOptOut::look),
            last: kept.last(version, now),
            dumps: kept.dumps.clone(),
            dashboard: web.as_deref().and_then(has_pages),
            settings,
        }
    }
}

/// Why nothing of an agent's own files can be seen.
pub(super) const NO_LIBRARY: &str = "it is not known which folder is the agent's library directory";

/// The evidence for all channels.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    pub folders: &'a Folders,
    pub consent: &'a Consent,
    pub daemons: &'a Daemons,
    /// The environment of the daemon.
    pub surroundings: &'a DaemonEnv,
    /// `None`: unknown.
    pub version: Option<&'a Version>,
    pub files: &'a Files,
    /// The program at the daemon's script path.
    pub script: &'a Script,
    /// The account that starts the daemon, and that under which it runs.
    pub starter: User,
    pub runner: User,
}

/// Whether the daemon finds its telemetry disabled: `Ok(true)`. An error says why that cannot be told.
pub(super) type Disabled = Result<bool, String>;

/// When the daemon asks: before or after it changes its account.
#[derive(Debug, Clone, Copy)]
pub(super) enum When {
    AtStart,
    Running,
}

impl Seen<'_> {
    /// Whether the agent may come from Netdata's own packages for Debian and Ubuntu.
    pub(super) fn may_be_netdatas_package(&self) -> bool {
        let listed = self.version.is_some_and(|version| version.from == DPKG);
        listed || (self.folders.prefix().is_some_and(|prefix| prefix == Path::new("/")) && Path::new(DPKG).exists())
    }

    /// The daemon's own question about the opt-out, with its trace: the file in its config directory, and from v2.3 on
    /// `DISABLE_TELEMETRY`. It never reads `DO_NOT_TRACK`.
    pub(super) fn disabled(&self, release: Release, when: When) -> (Disabled, Vec<Step>) {
        let mut trace = Vec::new();
        let by_file = match (&self.files.opt_out, &self.folders.doubt) {
            (_, Some(why)) => Err(format!("it is not known in which folder the daemon looks for the file: {why}")),
            (None, None) => Ok(false),
            (Some(file), None) => match when {
                When::AtStart => file.is_readable_at_start(self.starter, self.runner),
                When::Running => file.is_readable_to(self.runner),
            },
        };
        if let Some(file) = &self.files.opt_out {
            let path = printable(&file.path.to_string_lossy()).into_owned();
            trace.push(match &by_file {
                Ok(true) => Step::new(path, "the daemon can read it", Effect::Off),
                Ok(false) if file.changed.is_some() => Step::new(path, "the daemon cannot read it", Effect::None),
                Ok(false) => Step::new(path, "not found", Effect::None),
                Err(why) => Step::new(path, why.clone(), Effect::Unknown),
            });
        }
        if release < Release::REPORTS {
            return (by_file, trace);
        }
        let by_variable = self.disabled_by_variable();
        trace.push(match &by_variable {
            Ok(true) => Step::new(VARIABLE, "set", Effect::Off),
            Ok(false) if is_set_for(self.surroundings) == Ok(true) => {
                Step::new(VARIABLE, "set for the running daemon, but its unit does not set it", Effect::None)
            }
            Ok(false) => Step::new(VARIABLE, "not set, or empty", Effect::None),
            Err(why) => Step::new(VARIABLE, why.clone(), Effect::Unknown),
        });
        let disabled = match (by_file, by_variable) {
            (Ok(true), _) | (_, Ok(true)) => Ok(true),
            (Err(why), _) | (_, Err(why)) => Err(why),
            (Ok(false), Ok(false)) => Ok(false),
        };
        (disabled, trace)
    }

    /// Whether the variable is set for the daemon, and will be set when its unit starts the next one.
    fn disabled_by_variable(&self) -> Disabled {
        let now = is_set_for(self.surroundings);
        let unit = self.daemons.unit.as_ref().filter(|(_, folders)| folders.may_be(self.folders.config_path()));
        let next = match unit {
            Some((unit, _)) if matches!(self.surroundings.whose, EnvSource::Daemon(_)) => {
                is_set_for(&DaemonEnv::of_unit(unit))
            }
            _ => now.clone(),
        };
        match (now, next) {
            (Ok(false), _) | (_, Ok(false)) => Ok(false),
            (Err(why), _) | (_, Err(why)) => Err(why),
            (Ok(true), Ok(true)) => Ok(true),
        }
    }

}

fn is_set_for(environment: &DaemonEnv) -> Disabled {
    match environment.variable(VARIABLE) {
        Ok(value) => Ok(value.is_some_and(|value| !value.is_empty())),
        Err(why) => Err(format!("{VARIABLE}: {why}")),
    }
}

/// The one variable that the daemon reads.
const VARIABLE: &str = "DISABLE_TELEMETRY";

/// A claimed agent has the Cloud's identifier in its library directory: in a file of its own, or from v2.0 on in the
/// Cloud's configuration.
fn claimed(library: &Path) -> Result<bool, String> {
    const BYTES: usize = 64 * 1024;
    let says = |name: &str, is: fn(&[u8]) -> bool| match files::open_below(library, name.as_ref())
        .and_then(|file| file.read(BYTES))
    {
        Ok(bytes) => Ok(is(&bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        // A link on the way is an error, and leads anywhere.
        Err(error) => Err(format!("{name}: {error}")),
    };
    // Its size tells, and needs no right to read it.
    let own = match files::stat_below(library, "cloud.d/claimed_id".as_ref()) {
        Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => Ok(stat.st_size > 0),
        _ => says("cloud.d/claimed_id", |bytes| !bytes.trim_ascii().is_empty()),
    };
    let conf = says("cloud.d/cloud.conf", |bytes| {
        NetdataConf::parse(bytes).get("global", "claimed_id").is_some_and(|id| !id.is_empty())
    });
    match (own, conf) {
        (Ok(true), _) | (_, Ok(true)) => Ok(true),
        (Err(why), _) | (_, Err(why)) => Err(why),
        (Ok(false), Ok(false)) => Ok(false),
    }
}

/// Whether a folder has a dashboard's first page.
fn has_pages(folder: &Path) -> Option<bool> {
    match folder.join("index.html").symlink_metadata() {
        Ok(_) => Some(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Some(false),
        Err(_) => None,
    }
}
