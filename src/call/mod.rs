//! The daemon's call: arguments and environment, each value with its provenance.

pub mod fatal;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::clock::UnixMillis;
use crate::files::{self, Links};

/// Arguments of a call: 3 up to v1.28, 42 in v1.37, 43 or 44 in later versions. Further ones are ignored.
const ARGUMENTS_MAX: usize = 44;

/// Bytes of a recorded call (`--call FILE`): 44 arguments of the largest size, the environment, and the JSON around
/// them.
const CALL_BYTES: usize = 1024 * 1024;

/// The source of a value that only the daemon knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provenance {
    /// This call.
    Daemon,
    /// A recorded call (`--call FILE`).
    CallFile,
    /// The newest kept event of the same action, and its time.
    LastEvent(UnixMillis),
    /// A file of the agent.
    File(PathBuf),
    /// An example of a daemon's value.
    Example,
    /// Fixed in every test event.
    Test,
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Daemon => f.write_str("said by the daemon"),
            Self::CallFile => f.write_str("the recorded call"),
            Self::LastEvent(time) => write!(f, "the last event of this kind, {time}"),
            Self::Example => f.write_str("an example, not of this machine"),
            Self::Test => f.write_str("the same in every test event"),
            Self::File(path) => write!(f, "{}", crate::text::printable(&path.to_string_lossy())),
        }
    }
}

/// A value that only the daemon knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given<T> {
    Value(T, Provenance),
    /// The daemon does not give it in this kind of call; the source of that knowledge.
    Absent(Provenance),
    /// Not known before the daemon calls.
    NotKnownHere,
}

/// A call of the daemon, or the part of a future call that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    arguments: BTreeMap<usize, (OsString, Provenance)>,
    environment: BTreeMap<OsString, (OsString, Provenance)>,
    /// The number of arguments, if known, and the source of that.
    count: Option<(usize, Provenance)>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordedCall {
    argv: Vec<String>,
    env: BTreeMap<String, String>,
}

/// The two forms of `--call FILE`: one call, or a list of calls with any other keys beside it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Recorded {
    One(RecordedCall),
    Several { calls: Vec<RecordedCall> },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    Unreadable(String),
    NotJson(String),
    NoCall,
    NoCallFor(String),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => write!(f, "it cannot be read: {error}"),
            Self::NotJson(error) => write!(f, "it is not JSON: {error}"),
            Self::NoCall => f.write_str(
                r#"it holds no call: it must be {"argv": ["START", ...], "env": {"NAME": "value", ...}}, or a list of such calls"#,
            ),
            Self::NoCallFor(action) => write!(f, "it holds no call for {action}"),
        }
    }
}

impl std::error::Error for CallError {}

impl Invocation {
    /// A complete call: the daemon gives nothing else.
    pub fn complete(
        arguments: impl IntoIterator<Item = OsString>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        provenance: &Provenance,
    ) -> Self {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        let count = arguments.len().min(ARGUMENTS_MAX);
        let known = |value| (value, provenance.clone());
        let mut call = Self { arguments: BTreeMap::new(), environment: BTreeMap::new(), count: None };
        call.arguments.extend((1..=count).zip(arguments.into_iter().map(known)));
        call.environment.extend(environment.into_iter().map(|(name, value)| (name, known(value))));
        call.know_count(count, provenance.clone());
        call
    }

    /// Reads the file of `--call FILE`.
    pub fn from_file(path: &Path, action: Option<&str>) -> Result<Self, CallError> {
        let bytes = files::read(path, Links::Follow, CALL_BYTES);
        Self::from_recorded(&bytes.map_err(|error| CallError::Unreadable(crate::text::reason(&error)))?, action)
    }

    /// Parses a recorded call, `{"argv": [...], "env": {...}}`, or takes the first one for an action from a list of them,
    /// `{"calls": [...]}`. A single call must be for that action, too.
    pub fn from_recorded(json: &[u8], action: Option<&str>) -> Result<Self, CallError> {
        let calls = match serde_json::from_slice(json) {
            Ok(Recorded::One(call)) => vec![call],
            Ok(Recorded::Several { calls }) => calls,
            Err(error) if error.is_data() => return Err(CallError::NoCall),
            Err(error) => return Err(CallError::NotJson(error.to_string())),
        };
        let is_wanted =
            |call: &RecordedCall| action.is_none_or(|action| call.argv.first().is_some_and(|first| first == action));
        let missing = || action.map_or(CallError::NoCall, |action| CallError::NoCallFor(action.to_owned()));
        let call = calls.into_iter().find(is_wanted).ok_or_else(missing)?;
        let environment = call.env.into_iter().map(|(name, value)| (name.into(), value.into()));
        Ok(Self::complete(call.argv.into_iter().map(OsString::from), environment, &Provenance::CallFile))
    }

    /// A future call, of which only the action is known.
    pub fn expected(action: &str) -> Self {
        // The person who asks chooses the action; the daemon gives it by definition.
        let mut call = Self { arguments: BTreeMap::new(), environment: BTreeMap::new(), count: None };
        call.know_argument(1, action, Provenance::Daemon);
        call
    }

    /// Adds an argument, unless it is known already.
    pub fn know_argument(&mut self, number: usize, value: impl Into<OsString>, provenance: Provenance) {
        self.arguments.entry(number).or_insert_with(|| (value.into(), provenance));
    }

    /// Adds a variable, unless it is known already.
    pub fn know_variable(&mut self, name: &str, value: impl Into<OsString>, provenance: Provenance) {
        self.environment.entry(name.into()).or_insert_with(|| (value.into(), provenance));
    }

    /// States the number of arguments: the daemon gives no others.
    pub fn know_count(&mut self, count: usize, provenance: Provenance) {
        self.count.get_or_insert((count.min(ARGUMENTS_MAX), provenance));
    }

    /// The action is number 1.
    pub fn argument(&self, number: usize) -> Given<&OsStr> {
        self.given(self.arguments.get(&number))
    }

    fn given<'a>(&'a self, known: Option<&'a (OsString, Provenance)>) -> Given<&'a OsStr> {
        match (known, &self.count) {
            (Some((value, provenance)), _) => Given::Value(value, provenance.clone()),
            (None, Some((_, provenance))) => Given::Absent(provenance.clone()),
            (None, None) => Given::NotKnownHere,
        }
    }

    pub fn count(&self) -> Option<usize> {
        self.count.as_ref().map(|(count, _)| *count)
    }

    pub fn variable(&self, name: &str) -> Given<&OsStr> {
        self.given(self.environment.get(OsStr::new(name)))
    }

    pub fn known_variable(&self, name: &str) -> Option<&OsStr> {
        self.environment.get(OsStr::new(name)).map(|(value, _)| value.as_os_str())
    }

    pub fn variables(&self) -> impl Iterator<Item = (&OsStr, &OsStr)> {
        self.environment.iter().map(|(name, (value, _))| (name.as_os_str(), value.as_os_str()))
    }

    /// The action, if it is UTF-8.
    pub fn action(&self) -> Option<&str> {
        self.arguments.get(&1).and_then(|(value, _)| value.to_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complete_call_leaves_nothing_open() {
        let call = Invocation::complete(["START".into(), "-".into()], [("A".into(), "b".into())], &Provenance::Daemon);
        assert_eq!(call.argument(1), Given::Value(OsStr::new("START"), Provenance::Daemon));
        assert_eq!(call.argument(3), Given::Absent(Provenance::Daemon));
        assert_eq!(call.variable("B"), Given::Absent(Provenance::Daemon));
        assert_eq!(call.known_variable("A"), Some(OsStr::new("b")));
    }

    #[test]
    fn more_arguments_than_known_are_not_looked_at() {
        let call = Invocation::complete((1..=60).map(|i| OsString::from(i.to_string())), [], &Provenance::Daemon);
        assert_eq!(call.count(), Some(44));
        assert_eq!(call.argument(45), Given::Absent(Provenance::Daemon));
    }

    #[test]
    fn an_expected_call_leaves_everything_open_but_its_action() {
        let mut call = Invocation::expected("EXIT");
        assert_eq!(call.action(), Some("EXIT"));
        assert_eq!(call.argument(2), Given::NotKnownHere);
        assert_eq!(call.variable("NETDATA_VERSION"), Given::NotKnownHere);
        call.know_variable("NETDATA_VERSION", "v1", Provenance::LastEvent(UnixMillis(0)));
        call.know_variable("NETDATA_VERSION", "v2", Provenance::Daemon);
        assert_eq!(
            call.variable("NETDATA_VERSION"),
            Given::Value(OsStr::new("v1"), Provenance::LastEvent(UnixMillis(0)))
        );
    }

    #[test]
    fn a_recorded_call_is_read_strictly() {
        let read = |text: &str, action| Invocation::from_recorded(text.as_bytes(), action);
        let one = r#"{"argv": ["START", "-", "-"], "env": {"A": "b"}}"#;
        assert!(read(one, None).is_ok() && read(one, Some("START")).is_ok());
        assert_eq!(read(one, Some("EXIT")), Err(CallError::NoCallFor("EXIT".to_owned())));
        for bad in [
            "",
            "[]",
            r#"{"argv": ["START"]}"#,
            r#"{"argv": [1], "env": {}}"#,
            r#"{"argv": [], "env": {}, "x": 1}"#,
            r#"{"calls": []}"#,
        ] {
            assert!(read(bad, None).is_err(), "{bad}");
        }
    }

    #[test]
    fn of_several_recorded_calls_the_action_chooses() {
        let several =
            br#"{"recorded_from": "x", "calls": [{"argv": ["START"], "env": {}}, {"argv": ["EXIT"], "env": {}}]}"#;
        let action = |wanted| Invocation::from_recorded(several, wanted).unwrap().action().unwrap().to_owned();
        assert_eq!((action(None), action(Some("EXIT"))), ("START".to_owned(), "EXIT".to_owned()));
        assert!(Invocation::from_recorded(several, Some("FATAL")).is_err());
    }
}
