//! The agent's environment from systemd: `netdata.service` and its drop-ins.
//!
//! The rules are those of systemd.unit(5), systemd.syntax(7), systemd.exec(5) and systemd-system.conf(5). Variables set
//! at run time (`systemctl set-environment`) are in no file, and not seen.

mod syntax;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use system_facts::{Error, Host};

use crate::agent::systemd::syntax::{assignments, environment_file, words};
use crate::consent::Doubt;

pub const UNIT: &str = "netdata.service";

/// The unit folders by precedence (systemd.unit(5), UNIT FILE LOAD PATH). `/lib` counts on systems that have not merged
/// it with `/usr/lib`.
const FOLDERS: [&str; 9] = [
    "/etc/systemd/system.control",
    "/run/systemd/system.control",
    "/run/systemd/transient",
    "/etc/systemd/system",
    "/run/systemd/system",
    "/run/systemd/generator",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// The folders of the service manager's configuration by precedence (systemd-system.conf(5)).
const MANAGER: [&str; 5] =
    ["/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd", "/lib/systemd"];

/// Bytes of one file, and files of one folder. Real ones have a screenful, and a handful.
const FILE_BYTES: usize = 64 * 1024;
const FILES: usize = 1000;

/// The value of a variable; an error says why it is unknown.
pub type Setting = Result<String, Doubt>;

/// The agent's unit, as far as its files tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    pub path: String,
    /// The command that starts the agent, if known.
    pub command: Vec<OsString>,
    /// The commands before a start and after an end, with the settings that name them.
    pub hooks: Vec<(&'static str, Vec<OsString>)>,
    /// The account of the service (`User=`).
    user: Option<String>,
    /// The same as the files have it, for a drop-in that repeats it.
    pub exec_start: Option<String>,
    /// Whether it has a `/tmp` of its own (systemd.exec(5), `PrivateTmp=`). `None`: not known.
    pub private_tmp: Option<bool>,
    /// The daemon's working folder, if the unit names one (`WorkingDirectory=`).
    pub working_directory: Option<PathBuf>,
    /// The variables that files set.
    variables: BTreeMap<String, Setting>,
    /// Why any other variable is unknown, too.
    unsure: Option<Doubt>,
}

impl Unit {
    /// `None`: there is no unit, or it is masked.
    pub fn find(host: &dyn Host) -> Option<Self> {
        let (path, text) = FOLDERS.iter().find_map(|folder| {
            let path = format!("{folder}/{UNIT}");
            match host.read(&path, FILE_BYTES) {
                Err(Error::NotFound) => None,
                found => Some((path, found)),
            }
        })?;
        // A link to /dev/null, or an empty file: masked.
        let unreadable = match text {
            Ok(text) if text.is_empty() => return None,
            Err(Error::Malformed) => return None,
            Ok(text) => Ok(text),
            Err(error) => Err(Doubt::File(path.clone().into(), error)),
        };
        let mut reader = Reader { host, settings: Vec::new(), unsure: unreadable.as_ref().err().cloned() };
        for folder in MANAGER {
            if reader.file(&format!("{folder}/system.conf"), "Manager") {
                break;
            }
        }
        reader.drop_ins(&MANAGER.map(|folder| format!("{folder}/system.conf.d")), "Manager");
        if let Ok(text) = unreadable {
            reader.text(&text, "Service");
        }
        let folders: Vec<String> =
            FOLDERS.iter().flat_map(|folder| [format!("{folder}/{UNIT}.d"), format!("{folder}/service.d")]).collect();
        reader.drop_ins(&folders, "Service");
        // An agent's unit has one command.
        let command = commands(&reader.settings, "ExecStart").into_iter().next().unwrap_or_default();
        let hooks = ["ExecStartPre", "ExecStopPost"].into_iter();
        let hooks =
            hooks.flat_map(|key| commands(&reader.settings, key).into_iter().map(move |command| (key, command)));
        let hooks = hooks.collect();
        let user = reader.settings.iter().rev().find(|(key, _)| key == "User").map(|(_, value)| value.clone());
        let user = user.filter(|user| !user.is_empty());
        let exec_start = reader.settings.iter().rfind(|(key, _)| key == "ExecStart").map(|(_, value)| value.clone());
        let exec_start = exec_start.filter(|value| !value.is_empty());
        let private_tmp = reader.unsure.is_none().then(|| private_tmp(&reader.settings));
        let working = reader.settings.iter().rfind(|(key, _)| key == "WorkingDirectory");
        let working = working.map(|(_, path)| PathBuf::from(path.trim_start_matches('-')));
        let mut unit = Self {
            path,
            working_directory: working.filter(|path| path.is_absolute()),
            command,
            hooks,
            user,
            exec_start,
            private_tmp,
            variables: BTreeMap::new(),
            unsure: reader.unsure.take(),
        };
        unit.apply(reader.host, &reader.settings);
        Some(unit)
    }

    /// The account that starts the agent; `Ok(None)`: root. An error says why it is unknown.
    pub fn user(&self) -> Result<Option<&str>, &Doubt> {
        self.unsure.as_ref().map_or_else(|| Ok(self.user.as_deref()), Err)
    }

    /// Why the files may set further variables.
    pub fn unsure(&self) -> Option<&Doubt> {
        self.unsure.as_ref()
    }

    /// `Ok(None)`: it is not set.
    pub fn variable(&self, name: &str) -> Result<Option<&str>, Doubt> {
        match (self.variables.get(name), &self.unsure) {
            (Some(Ok(value)), _) => Ok(Some(value)),
            (Some(Err(why)), _) | (None, Some(why)) => Err(why.clone()),
            (None, None) => Ok(None),
        }
    }

    /// systemd.exec(5), by precedence: files, `Environment=`, passed variables, the manager's default. Unsetting comes
    /// last.
    fn apply(&mut self, host: &dyn Host, settings: &[(String, String)]) {
        let of = |key: &'static str| list(settings, key);
        for item in of("DefaultEnvironment") {
            self.set(&item);
        }
        for name in of("PassEnvironment") {
            self.variables.insert(name, Err(Doubt::PassedOn(self.path.clone())));
        }
        for item in of("Environment") {
            self.set(&item);
        }
        for (path, optional) in of("EnvironmentFile").iter().map(|path| match path.strip_prefix('-') {
            Some(path) => (path, true),
            None => (path.as_str(), false),
        }) {
            match host.read(path, FILE_BYTES) {
                Ok(bytes) => {
                    for (name, value) in environment_file(&String::from_utf8_lossy(&bytes)) {
                        self.variables.insert(name, Ok(value));
                    }
                }
                // Without the dash the agent would not start at all.
                Err(Error::NotFound) if optional || !path.contains(['*', '?', '[']) => {}
                Err(error) => {
                    let why = Doubt::File(path.into(), error);
                    self.variables.values_mut().for_each(|setting| *setting = Err(why.clone()));
                    self.unsure = Some(why);
                }
            }
        }
        for item in of("UnsetEnvironment") {
            match item.split_once('=') {
                None => drop(self.variables.insert(item, Ok(String::new()))),
                Some((name, value)) => {
                    if self.variables.get(name).is_some_and(|set| set.as_deref() == Ok(value)) {
                        self.variables.insert(name.to_owned(), Ok(String::new()));
                    }
                }
            }
        }
    }

    fn set(&mut self, item: &str) {
        if let Some((name, value)) = item.split_once('=') {
            self.variables.insert(name.to_owned(), Ok(value.to_owned()));
        }
    }
}

/// The words of each command, without the prefixes of the program (systemd.service(5), COMMAND LINES).
fn commands(settings: &[(String, String)], key: &str) -> Vec<Vec<OsString>> {
    let lines = lists(settings, key);
    let commands = lines.iter().flat_map(|words| words.split(|word| word == ";")).filter(|words| !words.is_empty());
    commands.map(|words| without_marks(words.to_vec())).collect()
}

fn without_marks(mut words: Vec<String>) -> Vec<OsString> {
    if let Some(program) = words.first_mut() {
        let marks = program.len() - program.trim_start_matches(['@', '-', ':', '+', '!', '|']).len();
        if program.drain(..marks).any(|mark| mark == '@') && words.len() > 1 {
            // The next word is only the program's argv[0].
            words.remove(1);
        }
    }
    words.into_iter().map(OsString::from).collect()
}

/// The last assignment counts. `connected` and `disconnected` are two kinds of yes.
fn private_tmp(settings: &[(String, String)]) -> bool {
    let last = settings.iter().rfind(|(key, _)| key == "PrivateTmp").map(|(_, value)| value.to_ascii_lowercase());
    !matches!(last.as_deref(), None | Some("" | "0" | "no" | "n" | "false" | "f" | "off"))
}

/// The items of all assignments to a key; an empty assignment resets the list.
fn list(settings: &[(String, String)], key: &str) -> Vec<String> {
    lists(settings, key).concat()
}

/// The same, by assignment.
fn lists(settings: &[(String, String)], key: &str) -> Vec<Vec<String>> {
    let mut items = Vec::new();
    for (_, value) in settings.iter().filter(|(name, _)| name == key) {
        if value.is_empty() {
            items.clear();
        } else {
            items.push(words(value));
        }
    }
    items
}

struct Reader<'h> {
    host: &'h dyn Host,
    settings: Vec<(String, String)>,
    unsure: Option<Doubt>,
}

impl Reader<'_> {
    /// Whether the file exists, readable or not.
    fn file(&mut self, path: &str, section: &str) -> bool {
        match self.host.read(path, FILE_BYTES) {
            Ok(text) => self.text(&text, section),
            Err(Error::NotFound) => return false,
            // A link to /dev/null masks files of the same name in weaker folders.
            Err(Error::Malformed) => {}
            Err(error) => self.unsure = Some(Doubt::File(path.into(), error)),
        }
        true
    }

    fn text(&mut self, text: &[u8], section: &str) {
        self.settings.extend(assignments(&String::from_utf8_lossy(text), section));
    }

    /// Drop-ins apply in the order of their names across all folders; of equal names the strongest counts.
    fn drop_ins(&mut self, folders: &[String], section: &str) {
        let mut found = BTreeMap::new();
        for folder in folders {
            match self.host.list(folder, FILES) {
                Ok(names) => {
                    for name in names.into_iter().filter(|name| Path::new(name).extension() == Some(OsStr::new("conf")))
                    {
                        let path = format!("{folder}/{name}");
                        found.entry(name).or_insert(path);
                    }
                }
                Err(Error::NotFound) => {}
                Err(error) => self.unsure = Some(Doubt::File(folder.into(), error)),
            }
        }
        for path in found.values() {
            self.file(path, section);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tmp_of_its_own() {
        for (text, private) in [
            ("", false),
            ("PrivateTmp=true", true),
            ("PrivateTmp=disconnected", true),
            ("PrivateTmp=yes\nPrivateTmp=OFF", false),
            ("PrivateTmp=yes\nPrivateTmp=", false),
        ] {
            assert_eq!(private_tmp(&assignments(&format!("[Service]\n{text}"), "Service")), private, "{text}");
        }
    }
}
