//! The optional configuration file, `anonymous-statistics.toml` in the config directory.

pub mod edit;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::destination::{Destination, Named, NoDestination, Unusable};
use crate::endpoint::{Endpoint, EndpointError};
use crate::fields::personal::HostNames;
use crate::fields::shape::Shape;
use crate::fields::withholding::NotWithheld;
use crate::fields::{Action, Selection, Withheld, action};
use crate::files::{self, Links};
use crate::text::printable;

/// The shortest deadline. Below it no TLS handshake over a real network would finish, so every event would be lost
/// while the configuration looks valid.
pub const DEADLINE_MIN: Duration = Duration::from_millis(50);

/// Bytes of the file. A real one has five lines.
pub const CONFIG_BYTES: usize = 64 * 1024;

/// Delivered requests that are kept for people to read (`history`; 0 keeps none).
pub const HISTORY_ENTRIES: usize = 20;

/// Why events that only an organisation of its own wants go nowhere.
pub const NO_OWN: &str = "anonymous-statistics.toml names no url and api_key of your own";

pub const FILE: &str = "anonymous-statistics.toml";

/// In place of a value.
pub const WITHHELD: &str = "withheld by anonymous-statistics.toml";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    named: Named,
    /// Shortens the usual deadline.
    pub deadline: Option<Duration>,
    pub fields: Selection,
    pub withheld: Withheld,
    /// Answered requests that are kept.
    pub history: usize,
    /// `None`: there is no file, and all values are the defaults.
    pub file: Option<PathBuf>,
}

/// Why the configuration cannot be used. Nothing is sent in that case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    path: PathBuf,
    problem: Problem,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Problem {
    Unreadable { why: String, denied: bool },
    Owner,
    Writable,
    NotUtf8,
    Syntax { line: Option<usize>, what: String },
    Url(EndpointError),
    ApiKey,
    Destination(Unusable),
    Deadline,
    History,
    Withhold(NotWithheld),
    Edit,
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        Self::Unreadable {
            why: crate::text::reason(&error),
            denied: error.kind() == std::io::ErrorKind::PermissionDenied,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { why, .. } => write!(f, "cannot be used: {why}"),
            Self::Owner => f.write_str("must be owned by root or by the user who runs this program"),
            Self::Writable => f.write_str("must not be writable by group or others (chmod go-w)"),
            Self::NotUtf8 => f.write_str("is not UTF-8 text"),
            Self::Syntax { line: Some(line), what } => write!(f, "cannot be understood in line {line}: {what}"),
            Self::Syntax { line: None, what } => write!(f, "cannot be understood: {what}"),
            Self::Url(error) => write!(f, "has an unusable url: {error}"),
            Self::ApiKey => write!(f, "has an unusable api_key: {KEY_FORM}"),
            Self::Destination(unusable) => unusable.fmt(f),
            Self::Deadline => {
                let (shortest, longest) = (DEADLINE_MIN.as_millis(), action::LONG.as_millis());
                write!(f, "has an unusable deadline_ms: it must be {shortest} to {longest}")
            }
            Self::Withhold(why) => write!(f, "has an unusable withhold: {why}"),
            Self::Edit => f.write_str("cannot be edited safely: change it by hand"),
            Self::History => write!(f, "has an unusable history: it must be 0 to {HISTORY_ENTRIES}"),
        }
    }
}

impl ConfigError {
    /// Whether the daemon's account may be able to use the file although this one cannot: it may not read it, or it belongs
    /// to another account.
    pub fn depends_on_the_account(&self) -> bool {
        matches!(self.problem, Problem::Owner | Problem::Unreadable { denied: true, .. })
    }

    /// The file and its fault, in one line whatever the file holds.
    pub fn what(&self) -> String {
        format!("{} {}", printable(&self.path.to_string_lossy()), printable(&self.problem.to_string()))
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; nothing is sent until it is corrected or removed", self.what())
    }
}

impl std::error::Error for ConfigError {}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    url: Option<String>,
    api_key: Option<String>,
    deadline_ms: Option<u64>,
    fields: Option<Selection>,
    history: Option<usize>,
    #[serde(default)]
    withhold: Vec<String>,
}

impl Config {
    /// The defaults, if there is no directory or no file in it.
    pub fn load(directory: Option<&Path>) -> Result<Self, ConfigError> {
        let path = directory.map(|directory| directory.join(FILE));
        let config = path.as_deref().map_or_else(|| Self::from_raw(Raw::default(), None), Self::read);
        config.map_err(|problem| ConfigError { path: path.unwrap_or_else(|| FILE.into()), problem })
    }

    fn read(path: &Path) -> Result<Self, Problem> {
        let opened = match files::open_regular(rustix::fs::CWD, path, Links::Refuse) {
            Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                return Self::from_raw(Raw::default(), None);
            }
            opened => opened?,
        };
        let owner = opened.stat.st_uid;
        if owner != 0 && owner != rustix::process::geteuid().as_raw() {
            return Err(Problem::Owner);
        }
        if opened.stat.st_mode & 0o022 != 0 {
            return Err(Problem::Writable);
        }
        Self::of(&opened.read(CONFIG_BYTES)?, Some(path))
    }

    fn of(bytes: &[u8], file: Option<&Path>) -> Result<Self, Problem> {
        let text = std::str::from_utf8(bytes).map_err(|_error| Problem::NotUtf8)?;
        Self::from_raw(toml(text)?, file)
    }

    #[cfg(feature = "fuzz")]
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, ConfigError> {
        Self::of(bytes, None).map_err(|problem| ConfigError { path: FILE.into(), problem })
    }

    fn from_raw(raw: Raw, file: Option<&Path>) -> Result<Self, Problem> {
        let url = raw.url.as_deref().map(Endpoint::parse).transpose().map_err(Problem::Url)?;
        if raw.api_key.as_ref().is_some_and(|key| !is_key(key)) {
            return Err(Problem::ApiKey);
        }
        let named = Named::new(url, raw.api_key).map_err(Problem::Destination)?;
        let deadline = raw.deadline_ms.map(Duration::from_millis);
        if deadline.is_some_and(|deadline| !(DEADLINE_MIN..=action::LONG).contains(&deadline)) {
            return Err(Problem::Deadline);
        }
        let history = raw.history.unwrap_or(HISTORY_ENTRIES);
        if history > HISTORY_ENTRIES {
            return Err(Problem::History);
        }
        let withheld = Withheld::parse(&raw.withhold).map_err(Problem::Withhold)?;
        let (fields, file) = (raw.fields.unwrap_or_default(), file.map(Path::to_owned));
        Ok(Self { named, deadline, fields, withheld, history, file })
    }

    /// The destination of an event of a daemon of this version. `None`: the daemon does not say its version.
    pub fn destination(&self, version: Option<&str>) -> Result<Destination, NoDestination> {
        self.named.of(version)
    }

    /// The destination, if it is the same for every daemon.
    pub fn own_destination(&self) -> Option<Destination> {
        self.named.own()
    }

    /// The destination, if url and key are the organisation's own.
    pub fn wholly_own_destination(&self) -> Option<Destination> {
        self.named.wholly_own()
    }

    /// The total time of a call.
    pub fn deadline(&self, action: &str) -> Duration {
        let usual = Action::deadline_of(action);
        self.deadline.map_or(usual, |shorter| shorter.min(usual))
    }
}

const KEY_FORM: &str = "it must be letters, digits, _ and -, at most 64";

fn is_key(text: &str) -> bool {
    Shape::Key.check_text(text, &HostNames::default()).is_ok()
}

fn toml<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    ::toml::from_str(text).map_err(|error| {
        let line_of = |at| text.as_bytes().iter().take(at).filter(|b| **b == b'\n').count() + 1;
        let line = error.span().map(|span| line_of(span.start));
        Problem::Syntax { line, what: error.message().lines().next().unwrap_or_default().to_owned() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    fn load(text: &str) -> Result<Config, Problem> {
        Config::of(text.as_bytes(), None)
    }

    #[test]
    fn without_a_file_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        for directory in [None, Some(folder.path()), Some(Path::new("/nonexistent"))] {
            let config = Config::load(directory).unwrap();
            assert_eq!((config.history, config.file.is_none()), (20, true));
            assert_eq!((config.own_destination(), config.destination(None).is_err()), (None, true));
            assert_eq!(config.destination(Some("v1.37.1")).ok(), Destination::of_version("v1.37.1"));
        }
    }

    #[test]
    fn every_key() {
        let config = load(
            "url = 'http://127.0.0.1:9/c/'\napi_key = 'k'\ndeadline_ms = 500\nfields = 'documented'\nhistory = 0\nwithhold = ['alarms_normal']\n",
        )
        .unwrap();
        let destination = config.destination(None).unwrap();
        assert_eq!(
            (destination.endpoint.to_string().as_str(), destination.api_key.as_deref()),
            ("http://127.0.0.1:9/c/", Some("k"))
        );
        assert_eq!((config.fields, config.history), (Selection::Documented, 0));
        assert_eq!(config.withheld.names().collect::<Vec<_>>(), ["alarms_normal"]);
        assert_eq!(config.deadline("START"), Duration::from_millis(500));
        assert_eq!(load("deadline_ms = 1500").unwrap().deadline("EXIT"), Duration::from_secs(1));
        assert_eq!(load("").unwrap().deadline("START"), Duration::from_secs(2));
    }

    #[test]
    fn what_is_wrong_is_said_in_one_line() {
        for bad in [
            "url = 'http://example.org/'",
            "url = 1",
            "api_key = 'a b'",
            "api_key = 'k'",
            "url = 'https://example.org/'",
            "url = 'https://posthog.netdata.cloud/capture/'\napi_key = 'k'",
            "deadline_ms = 3000",
            "deadline_ms = 1",
            "fields = 'some'",
            "history = 21",
            "history = -1",
            "withhold = 'alarms_normal'",
            "withhold = ['$ip']",
            "withhold = ['alarms_normal', 'alarms_normal']",
            "withhold = ['a_field_of_tomorrow']",
            "withhold = ['\\n\\u001b[2J']",
            "unknown = 1",
            "url",
            "\u{1b}[2J",
        ] {
            let error = ConfigError { path: "/x".into(), problem: load(bad).unwrap_err() }.to_string();
            assert!(!error.contains(['\n', '\u{1b}']), "{error}");
        }
    }

    #[test]
    fn a_file_that_somebody_else_could_write_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        std::fs::write(&path, "history = 1").unwrap();
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        mode(0o644);
        assert_eq!(Config::load(Some(folder.path())).unwrap().history, 1);
        for bits in [0o664, 0o646] {
            mode(bits);
            assert!(!Config::load(Some(folder.path())).unwrap_err().depends_on_the_account());
        }
        // Only root can change a file's owner, and root can read any file.
        let other = std::fs::metadata(&path).unwrap().uid() + 1;
        if std::os::unix::fs::chown(&path, Some(other), None).is_err() {
            mode(0);
        }
        assert!(Config::load(Some(folder.path())).unwrap_err().depends_on_the_account());
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/nonexistent", &path).unwrap();
        assert!(Config::load(Some(folder.path())).is_err());
    }
}
