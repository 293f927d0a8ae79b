//! The agent's own configuration, `netdata.conf`, read as the daemon reads it (`inicfg_load` of Netdata).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use system_facts::{Error, Host};

use crate::agent::command_line::CommandLine;

pub const FILE: &str = "netdata.conf";

/// Bytes that are read. A file with all defaults has about 100 KiB.
pub(crate) const BYTES: usize = 1024 * 1024;

/// The daemon takes at most this many bytes for one line; the rest of a longer line is the next one.
const LINE_BYTES: usize = 8191;

/// What a line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    Section(&'a [u8]),
    Setting(&'a [u8], &'a [u8]),
    /// A comment, a blank line, or one that the daemon ignores.
    Other,
}

/// A line as the daemon takes it.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(feature = "inspect"), expect(dead_code, reason = "only an edit needs the places"))]
pub(crate) struct Line<'a> {
    pub(crate) start: usize,
    /// With the line's end.
    pub(crate) bytes: &'a [u8],
    pub(crate) part: Part<'a>,
}

/// The lines of a file, in order.
pub(crate) fn lines(mut rest: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let length = rest.iter().take(LINE_BYTES).position(|byte| *byte == b'\n').map_or(LINE_BYTES, |end| end + 1);
        let (bytes, others) = rest.split_at(length.min(rest.len()));
        rest = others;
        let line = Line { start, bytes, part: part(bytes) };
        start += bytes.len();
        (!bytes.is_empty()).then_some(line)
    })
}

/// Quotes and comments behind a value belong to it, blanks inside the brackets to the section's name.
fn part(line: &[u8]) -> Part<'_> {
    // To the daemon, a line is a string of C.
    let text = trimmed(line.split(|byte| *byte == 0).next().unwrap_or_default());
    if text.first() == Some(&b'#') {
        return Part::Other;
    }
    if let Some(name) = text.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")) {
        return Part::Section(name);
    }
    let mut parts = text.splitn(2, |byte| *byte == b'=').map(trimmed);
    match (parts.next(), parts.next()) {
        (Some(name), Some(value)) if !name.is_empty() => Part::Setting(name, value),
        _ => Part::Other,
    }
}

/// Without blanks at both ends, as isspace(3) knows them.
fn trimmed(text: &[u8]) -> &[u8] {
    // `trim_ascii` leaves the vertical tab.
    let is_blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0x0b;
    let from = text.iter().position(|byte| !is_blank(byte)).unwrap_or(text.len());
    let to = text.iter().rposition(|byte| !is_blank(byte)).map_or(from, |last| last + 1);
    text.get(from..to).unwrap_or_default()
}

/// The settings of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetdataConf {
    /// One line each for a section's name and a setting, without anything that does not count.
    text: String,
}

impl NetdataConf {
    pub fn parse(bytes: &[u8]) -> Self {
        let mut text = String::new();
        for line in lines(bytes) {
            let mut add = |parts: [&[u8]; 4]| text.extend(parts.map(String::from_utf8_lossy));
            match line.part {
                Part::Section(name) => add([b"[", name, b"]", b"\n"]),
                Part::Setting(name, value) => add([name, b"=", value, b"\n"]),
                Part::Other => {}
            }
        }
        Self { text }
    }

    /// A missing file means the agent's defaults.
    pub fn read(host: &dyn Host, path: &str) -> Result<Self, Error> {
        Ok(Self::existing(host, path)?.unwrap_or_default())
    }

    fn existing(host: &dyn Host, path: &str) -> Result<Option<Self>, Error> {
        match host.read(path, BYTES) {
            Ok(bytes) => Ok(Some(Self::parse(&bytes))),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// `None`: it is not set. An empty value is one. The last assignment counts, and case does.
    pub fn get(&self, section: &str, name: &str) -> Option<&str> {
        let mut inside = false;
        let mut found = None;
        for line in self.text.split('\n') {
            if let Some(title) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                inside = title == section;
            } else if let (true, Some((key, value))) = (inside, line.split_once('='))
                && key == name
            {
                found = Some(value);
            }
        }
        found
    }
}

impl From<String> for NetdataConf {
    fn from(text: String) -> Self {
        Self::parse(text.as_bytes())
    }
}

/// The origin of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingSource<'a> {
    /// The daemon's option `-W set`.
    CommandLine,
    File(&'a Path),
}

/// A daemon's whole configuration: the one file that it reads, and its command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InForce {
    /// `None`: no file exists.
    pub path: Option<PathBuf>,
    file: NetdataConf,
    command: Option<Arc<CommandLine>>,
}

impl InForce {
    /// The file of `-c` or else the user's, and the stock file, which counts where the user has none.
    pub(crate) fn read(
        user: Option<&PathBuf>,
        stock: Option<&PathBuf>,
        command: Option<Arc<CommandLine>>,
        host: &dyn Host,
    ) -> Result<Self, (PathBuf, Error)> {
        for path in user.into_iter().chain(stock) {
            let read = path.to_str().ok_or(Error::Malformed).and_then(|path| NetdataConf::existing(host, path));
            if let Some(file) = read.map_err(|error| (path.clone(), error))? {
                return Ok(Self { path: Some(path.clone()), file, command });
            }
        }
        Ok(Self { path: None, file: NetdataConf::default(), command })
    }

    /// The setting that counts. The command line wins over a file in its usual place, and a file that the command line
    /// names (`-c`) over the command line's settings, in whichever order they are.
    pub fn setting(&self, section: &str, name: &str) -> Option<(&str, SettingSource<'_>)> {
        let command = self.command.as_deref();
        let set = command.and_then(|command| command.setting(section, name));
        let set = set.map(|value| (value, SettingSource::CommandLine));
        let path = self.path.as_deref().unwrap_or(Path::new(""));
        let file = self.file.get(section, name).map(|value| (value, SettingSource::File(path)));
        if command.is_some_and(|command| command.conf.is_some()) { file.or(set) } else { set.or(file) }
    }

    pub fn get(&self, section: &str, name: &str) -> Option<&str> {
        self.setting(section, name).map(|(value, _)| value)
    }

    /// The config, library and plugins directories, by their current names or those before v1.33.
    pub fn directories(&self) -> [Option<&str>; 3] {
        // There may be several folders, quoted or between blanks; the first has the agent's own plugins.
        let plugins = self.directory("plugins", "plugins directory");
        let plugins = plugins.and_then(first_word);
        [self.directory("config", "config directory"), self.directory("lib", "lib directory"), plugins]
    }

    /// A directory by its current name, or by that before v1.33.
    pub fn directory(&self, name: &str, old: &str) -> Option<&str> {
        self.get("directories", name).or_else(|| self.get("global", old))
    }
}

/// Up to a blank, or what is between quotes.
fn first_word(text: &str) -> Option<&str> {
    let text = text.trim_start();
    match text.strip_prefix(['"', '\'']) {
        Some(rest) => rest.split(['"', '\'']).next(),
        None => text.split_ascii_whitespace().next(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_first_of_several_folders() {
        for (text, first) in
            [("/a", "/a"), ("/a /b", "/a"), ("\"/a b\" \"/c\"", "/a b"), ("'/a b' '/c'", "/a b"), ("  /a\t/b", "/a")]
        {
            assert_eq!(first_word(text), Some(first), "{text}");
        }
        assert_eq!(first_word(""), None);
    }

    use super::*;

    #[test]
    fn settings_of_a_section() {
        let text = "# lib = /no\n[global]\n  crash reports = off\n[directories]\n\tlib = /a\n# lib = /b\n lib=/c \n[web]\nlib = /d\n";
        let conf = NetdataConf::from(text.to_owned());
        assert_eq!(conf.get("directories", "lib"), Some("/c"));
        assert_eq!(conf.get("global", "crash reports"), Some("off"));
        assert_eq!(conf.get("directories", "config"), None);
        assert_eq!(conf.get("no such", "lib"), None);
    }

    /// Each row was seen with a real daemon, or follows from how it takes a line.
    #[test]
    fn a_value_is_the_daemons() {
        let long = |end: &str| format!("[global]\n#{}\n{end}", "x".repeat(LINE_BYTES - 1));
        for (text, value) in [
            ("[global]\ncrash reports=off\n", Some("off")),
            ("[global]\ncrash reports = all   \n", Some("all")),
            ("[global]\r\n\x0b\x0c crash reports\t=\toff \r\n", Some("off")),
            ("[global]\ncrash reports = OFF", Some("OFF")),
            ("[global]\ncrash reports = \"off\"\n", Some("\"off\"")),
            ("[global]\ncrash reports = crashes # note\n", Some("crashes # note")),
            ("[global]\ncrash reports = a = b\n", Some("a = b")),
            ("[global]\ncrash reports =\n", Some("")),
            ("[global]\ncrash reports =\ncrash reports = all\n[web]\n[global]\ncrash reports = off\n", Some("off")),
            ("[global]\ncrash reports = off\ncrash reports\n#crash reports = all\n", Some("off")),
            ("[global]\ncrash reports\n", None),
            ("[global]\nCrash Reports = off\n", None),
            ("[global]\ncrash  reports = off\n", None),
            ("[global]\n= off\n", None),
            ("[ global ]\ncrash reports = off\n", None),
            ("[GLOBAL]\ncrash reports = off\n", None),
            ("[global] # note\ncrash reports = off\n", None),
            ("[global]\n[web\ncrash reports = off\n", Some("off")),
            ("crash reports = off\n[global]\n", None),
            ("[global]\ncrash reports = off\0ly\n", Some("off")),
            // Only a line feed ends a line, or its length.
            ("[global]\rcrash reports = off\n", None),
            ("\u{a0}[global]\ncrash reports = off\n", None),
            ("[global]\ncrash reports = off\u{a0}\n", Some("off\u{a0}")),
            (&long("crash reports = off"), Some("off")),
            (&long("").replace("x\n", "xcrash reports = off\n"), Some("off")),
        ] {
            assert_eq!(NetdataConf::parse(text.as_bytes()).get("global", "crash reports"), value, "{text:?}");
        }
        let bytes = NetdataConf::parse(b"[glo\xffbal]\n[global]\ncrash reports = \xff\n");
        assert_eq!(bytes.get("global", "crash reports"), Some("\u{fffd}"));
    }
}
