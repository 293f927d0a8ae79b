//! The daemon's command line, as far as it concerns its configuration.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The daemon's options with an argument, for getopt(3).
const WITH_ARGUMENT: &[u8] = b"cPipstuW";

/// `-W set SECTION NAME VALUE`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Setting {
    section: OsString,
    name: OsString,
    value: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// The file of `-c`, which may be relative to a folder that only the daemon knows.
    pub conf: Option<PathBuf>,
    settings: Vec<Setting>,
}

impl CommandLine {
    /// Reads it as getopt(3) does. The first word is the program.
    pub fn read(words: &[OsString]) -> Self {
        let mut found = Self::default();
        let mut words = words.iter().skip(1);
        while let Some(word) = words.next() {
            let Some(mut letters) = word.as_bytes().strip_prefix(b"-").filter(|letters| !letters.is_empty()) else {
                continue;
            };
            if letters == b"-" {
                break;
            }
            while let Some((letter, rest)) = letters.split_first() {
                letters = rest;
                if !WITH_ARGUMENT.contains(letter) {
                    continue;
                }
                let argument = if rest.is_empty() { words.next().map(OsString::as_os_str) } else { None };
                let argument = argument.unwrap_or(OsStr::from_bytes(rest));
                if *letter == b'c' {
                    // A second one is an error of the daemon.
                    found.conf.get_or_insert_with(|| argument.into());
                } else if *letter == b'W' {
                    found.advanced(argument, &mut words);
                }
                break;
            }
        }
        found
    }

    fn advanced<'w>(&mut self, option: &OsStr, words: &mut impl Iterator<Item = &'w OsString>) {
        let is_other = match option.as_bytes() {
            b"set" => false,
            b"set2" => words.next().is_some_and(|file| file == "cloud"),
            _ => return,
        };
        if let (Some(section), Some(name), Some(value)) = (words.next(), words.next(), words.next())
            && !is_other
        {
            let value = value.to_string_lossy().into_owned();
            self.settings.push(Setting { section: section.clone(), name: name.clone(), value });
        }
    }

    /// The value that is set; the last one counts. Blanks belong to it.
    pub fn setting(&self, section: &str, name: &str) -> Option<&str> {
        let of = |setting: &&Setting| setting.section == section && setting.name == name;
        self.settings.iter().rev().find(of).map(|setting| setting.value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_those_of_getopt() {
        for (line, conf, value) in [
            ("-D", None, None),
            ("-D -c /a", Some("/a"), None),
            ("-Dc /a -c /b", Some("/a"), None),
            ("-c/a", Some("/a"), None),
            ("-c a", Some("a"), None),
            ("-P -c /a", None, None),
            ("-- -c /a", None, None),
            ("word -c /a", Some("/a"), None),
            ("-c", Some(""), None),
            ("-W set global crash_reports off -c /a", Some("/a"), Some("off")),
            ("-Wset global crash_reports all -W set global crash_reports off", None, Some("off")),
            ("-W set2 netdata global crash_reports off", None, Some("off")),
            ("-W set2 cloud global crash_reports off", None, None),
            ("-W set global crash_reports", None, None),
            ("-W set web crash_reports off -W keepopenfds", None, None),
            ("-u -W set global crash_reports off", None, None),
        ] {
            let words: Vec<OsString> =
                ["netdata"].into_iter().chain(line.split(' ')).map(|word| word.replace('_', " ").into()).collect();
            let read = CommandLine::read(&words);
            assert_eq!(read.conf, conf.map(PathBuf::from), "{line}");
            assert_eq!(read.setting("global", "crash reports"), value, "{line}");
        }
    }
}
