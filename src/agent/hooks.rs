//! The hooks of the agent's service that call this sender: from v2.6 on the daemon calls nobody.

use std::path::{Path, PathBuf};

use system_facts::{Error, Host};

use crate::agent::installed_sender::Program;
use crate::agent::systemd::{UNIT, Unit};
use crate::outbox;
use crate::text::printable;

/// The option by which a hook calls the sender.
pub const OPTION: &str = "--from-status";

const SENDER: &str = "anonymous-statistics";

/// Settings of the agent's service that a shell reads (openrc-run(8), rc.conf(5)); the first two are those of install.sh.
const SHELL_FILES: [&str; 4] = [
    "/etc/rc.conf.d/anonymous-statistics.conf",
    "/etc/rc.conf.d/netdata/anonymous-statistics",
    "/etc/conf.d/netdata",
    "/etc/rc.conf.d/netdata",
];

/// Bytes of such a file. Real ones have a screenful.
const FILE_BYTES: usize = 64 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// The setting, and its file.
    pub place: String,
    pub path: PathBuf,
    /// The program at this path.
    pub program: Program,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hooks {
    pub found: Vec<Hook>,
    /// Why there may be others.
    pub doubt: Option<String>,
    /// Whether the sender's record shows a call by a hook, which may be in a place that is not read here.
    pub have_called: bool,
}

impl Hooks {
    /// `unit`: the agent's.
    pub fn look(host: &dyn Host, unit: Option<&Unit>, library: Option<&Path>) -> Self {
        let mut doubt = unit.and_then(Unit::unsure).map(ToString::to_string);
        let mut commands: Vec<(String, Vec<String>)> = Vec::new();
        for (setting, command) in unit.map_or(&[][..], |unit| &unit.hooks) {
            let words = command.iter().map(|word| word.to_string_lossy().into_owned()).collect();
            commands.push((format!("{setting}= of {UNIT}"), words));
        }
        for file in SHELL_FILES {
            match host.read(file, FILE_BYTES) {
                Ok(text) => {
                    let text = String::from_utf8_lossy(&text);
                    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
                    commands.extend(lines.map(|line| (file.to_owned(), shell_words(line))));
                }
                // rc.conf.d/netdata may be a folder.
                Err(Error::NotFound | Error::Malformed) => {}
                Err(error) => doubt = Some(format!("{file}: {error}")),
            }
        }
        let found = commands.into_iter().filter_map(|(place, words)| {
            let path = called(&words)?.to_owned();
            Some(Hook { place, program: Program::at(&path), path })
        });
        Self { found: found.collect(), doubt, have_called: library.is_some_and(outbox::has_record) }
    }
}

/// Enough of a shell's rules to see a path and an option: what is quoted or combined is split, too.
fn shell_words(line: &str) -> Vec<String> {
    let ends = |c: char| c.is_whitespace() || "'\";|&(){}".contains(c);
    line.split(ends).filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect()
}

/// The sender's path in a command that calls it as a hook.
fn called(words: &[String]) -> Option<&Path> {
    let option = words.iter().position(|word| word == OPTION)?;
    let before = words.get(..option)?.iter().map(Path::new);
    before.rev().find(|path| path.is_absolute() && path.file_name().is_some_and(|name| name == SENDER))
}

impl Hook {
    /// Where it is, and what it calls.
    pub fn describe(&self) -> String {
        let path = self.path.to_string_lossy();
        let path = printable(&path);
        match &self.program {
            Program::ThisSender(version) => format!("calls {path}, this sender, version {version}"),
            Program::Missing => format!("calls {path}, which is not there"),
            Program::Netdatas | Program::Another => format!("calls {path}, another program"),
            Program::CannotTell(why) => format!("calls {path}: {}", printable(why)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_by_a_hook() {
        for (line, path) in [
            ("/usr/bin/anonymous-statistics --from-status", Some("/usr/bin/anonymous-statistics")),
            ("/opt/a/anonymous-statistics --lib-dir /x --from-status", Some("/opt/a/anonymous-statistics")),
            ("su nobody -c '/usr/bin/anonymous-statistics --from-status'||:", Some("/usr/bin/anonymous-statistics")),
            ("anonymous-statistics --from-status", None),
            ("/usr/bin/anonymous-statistics START", None),
            ("/usr/bin/other --from-status", None),
            ("--from-status /usr/bin/anonymous-statistics", None),
        ] {
            let words = shell_words(line);
            assert_eq!(called(&words), path.map(Path::new), "{line}");
        }
    }
}
