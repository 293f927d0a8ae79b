//! A channel, and the evidence by which it is judged.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::FileType;
use system_facts::Host;

use crate::agent::conf::{InForce, NetdataConf};
use crate::agent::folders::Folders;
use crate::agent::installed_sender::Script;
use crate::agent::own_opt_out::{OwnOptOut, User};
use crate::agent::process::{Daemon, DaemonEnv, Daemons};
use crate::agent::version::{DPKG, Version};
use crate::channels::crash_reports::last::{Kept, LastRun, LastSeen, NO_LIBRARY};
use crate::channels::judgement::{Effect, Judgement, State, Step};
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

/// Stops a channel; words may follow.
pub const OPT_OUT: &str = "telemetry-preview opt-out";

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
    /// The last change of `netdata.conf`.
    pub changed: Option<UnixMillis>,
}

impl Settings {
    fn of(conf: &InForce) -> Self {
        let get = |section, name| conf.get(section, name).map(str::to_owned);
        Self {
            crash_reports: get("global", "crash reports"),
            registry: get("registry", "registry to announce"),
            web_mode: get("web", "mode"),
            web_folder: conf.directory("web", "web files directory").map(PathBuf::from),
            changed: conf
                .path
                .as_deref()
                .and_then(|path| path.metadata().ok()?.modified().ok())
                .and_then(UnixMillis::of),
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
    /// Why it may be claimed soon.
    pub to_be_claimed: Option<&'static str>,
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
            to_be_claimed: None,
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
        let usual = folders.installation().map(|prefix| WEB.map(|below| prefix.join(below))).into_iter().flatten();
        let dashboard =
            web.map_or_else(|| usual.collect(), |web| vec![web]).iter().find_map(|folder| has_pages(folder));
        Self {
            claimed: match folders.library_path() {
                Some(library) => claimed(library),
                None => Err(NO_LIBRARY.to_owned()),
            },
            opt_out: folders.config_path().map(OwnOptOut::look),
            last: kept.last(version, now),
            dumps: kept.dumps.clone(),
            dashboard,
            to_be_claimed: to_be_claimed(folders, host),
            settings,
        }
    }
}

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

/// Why nobody knows who sends events.
pub(super) const NO_PLUGINS: &str = "it is not known which folder has the agent's plugins";

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
        let by_variable = match self.surroundings.variable(VARIABLE) {
            Ok(value) => Ok(value.is_some_and(|value| !value.is_empty())),
            Err(why) => Err(format!("{VARIABLE}: {why}")),
        };
        trace.push(match &by_variable {
            Ok(true) => Step::new(VARIABLE, "set", Effect::Off),
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
}

impl Seen<'_> {
    /// The judgement of a channel that the daemon turns off only at its start, where it will do so at the next one:
    /// whether a running daemon was started after this change.
    pub(super) fn off_since_start(&self, changed: Option<UnixMillis>) -> Judgement {
        // A daemon of another configuration looks for another file.
        let is_of_it = |daemon: &&Daemon| !daemon.contained && daemon.folders.may_be(self.folders.config_path());
        let running = self.daemons.running.iter().filter(is_of_it);
        let before: Vec<_> = running.map(|daemon| was_before(daemon.started, changed)).collect();
        if before.is_empty() {
            Judgement::new(State::Off, "from the agent's next start on, which finds the opt-out")
        } else if before.contains(&Some(true)) {
            Judgement::new(State::On, "the daemon was started before the opt-out: restart netdata to turn it off")
        } else if before.contains(&None) {
            Judgement::new(
                State::Unknown,
                "it is not known whether the daemon was started before the opt-out; after a restart of netdata it is off",
            )
        } else {
            Judgement::new(State::Off, "the daemon was started after the opt-out")
        }
    }

    /// The time from which the daemon finds its telemetry disabled; a variable is there from its start.
    pub(super) fn opted_out_since(&self) -> Option<UnixMillis> {
        let by_variable = matches!(self.surroundings.variable(VARIABLE), Ok(Some(value)) if !value.is_empty());
        if by_variable { Some(UnixMillis(0)) } else { self.files.opt_out.as_ref().and_then(|file| file.changed) }
    }
}

/// Whether a process started before a change. The boot time, from which the start of a process is counted, has a
/// precision of one second (`btime`, `proc_stat(5)`): the process may be younger by that much.
fn was_before(started: Option<UnixMillis>, changed: Option<UnixMillis>) -> Option<bool> {
    const PRECISION: Duration = Duration::from_secs(1);
    let (started, changed) = started.zip(changed)?;
    if started >= changed { Some(false) } else { (started.after(PRECISION) <= changed).then_some(true) }
}

/// The one variable that the daemon reads.
pub(super) const VARIABLE: &str = "DISABLE_TELEMETRY";

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
        Err(error) => Err(format!("{name}: {}", crate::text::reason(&error))),
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

/// The dashboard's folder below the prefix of an installation.
const WEB: [&str; 2] = ["usr/share/netdata/web", "share/netdata/web"];

/// Whether a folder has a dashboard's first page, of any version. `None`: there is no such folder, or it cannot be read.
fn has_pages(folder: &Path) -> Option<bool> {
    let names = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let mut places = names.filter(|path| path.is_dir()).chain([folder.to_owned()]);
    Some(places.any(|place| place.join("index.html").symlink_metadata().is_ok()))
}

/// Why an agent that the Cloud does not know yet may be known to it after its next start.
fn to_be_claimed(folders: &Folders, host: &dyn Host) -> Option<&'static str> {
    let config = folders.config_path()?;
    let set = |file: &str, section: &str, name: &str, is: fn(&str) -> bool| {
        let path = config.join(file);
        let conf = path.to_str().and_then(|path| NetdataConf::read(host, path).ok());
        conf.is_some_and(|conf| conf.get(section, name).is_some_and(is))
    };
    if set("claim.conf", "global", "token", |token| !token.is_empty()) {
        Some("claim.conf has a token: the agent claims itself at its next start, and keeps the Cloud's identifier")
    } else if set("stream.conf", "stream", "enabled", |on| matches!(on, "yes" | "true" | "on" | "auto" | "on demand")) {
        Some("the agent streams to a parent, which gives it an identifier of the Cloud if it is connected itself")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_a_second_nobody_knows_which_was_first() {
        for (started, created, before) in [
            (Some(5000), Some(6000), Some(true)),
            (Some(5000), Some(5999), None),
            (Some(5000), Some(5001), None),
            (Some(5000), Some(5000), Some(false)),
            (Some(5000), Some(1), Some(false)),
            (None, Some(1), None),
            (Some(1), None, None),
        ] {
            assert_eq!(was_before(started.map(UnixMillis), created.map(UnixMillis)), before, "{started:?} {created:?}");
        }
    }
}
