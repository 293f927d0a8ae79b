//! Commands to copy.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::LazyLock;

use anonymous_statistics::agent::folders::{Dir, DirSource, Folders};
use anonymous_statistics::channels::{Channel, OPT_OUT};
use system_facts::internal::is_unprintable;

/// Who runs this program, and what a shell calls it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller {
    pub(crate) is_root: bool,
    pub(crate) program: &'static str,
}

impl Caller {
    pub(crate) fn now() -> Self {
        static PROGRAM: LazyLock<String> = LazyLock::new(|| match std::env::current_exe() {
            Ok(own) if !own.parent().is_some_and(|folder| FOUND.iter().any(|known| folder == Path::new(known))) => {
                quoted(own.as_os_str())
            }
            _ => NAME.to_owned(),
        });
        Self { is_root: is_root(), program: PROGRAM.as_str() }
    }

    /// Opting out or in. Root needs no sudo.
    pub(crate) fn command(self, verb: &str, folders: &Folders) -> String {
        let sudo = if self.is_root { "" } else { "sudo " };
        let mut command = format!("{sudo}{} {verb}", self.program).trim_end().to_owned();
        for (option, folder) in [(" --config-dir ", &folders.config), (" --lib-dir ", &folders.library)] {
            if let Some(Dir { path: folder, by: DirSource::Option | DirSource::Variable }) = folder {
                command.push_str(option);
                command.push_str(&quoted(folder.as_os_str()));
            }
        }
        command
    }

    /// How to stop a channel: a command if there is one for it, and words.
    pub(crate) fn how_to_stop(self, channel: &Channel, folders: &Folders) -> (Option<String>, &'static str) {
        match channel.how_to_stop.strip_prefix(OPT_OUT) {
            Some(rest) => (Some(self.command("opt-out", folders)), rest.trim_start_matches("; ")),
            None => (None, channel.how_to_stop),
        }
    }
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

const NAME: &str = "telemetry-preview";

/// The folders in which sudo looks for a program wherever it is called (sudoers(5), `secure_path`).
const FOUND: [&str; 3] = ["/usr/bin", "/bin", "/usr/local/bin"];

/// A word for the shell. What a terminal does not show as it is, is written as in C (POSIX.1-2024, 2.2.4): bash, zsh and
/// ksh read that too. Blanks and quotes are then written so as well: such a word is one without quoting.
pub(crate) fn quoted(word: &OsStr) -> String {
    let shown = word.to_str().filter(|text| !text.contains(is_unprintable));
    if let Some(Ok(quoted)) = shown.map(shlex::try_quote) {
        return quoted.into_owned();
    }
    let escaped = |byte: &u8| match byte {
        b'!'..=b'~' if !matches!(byte, b'\'' | b'\\') => char::from(*byte).to_string(),
        byte => format!("\\{byte:03o}"),
    };
    format!("$'{}'", word.as_encoded_bytes().iter().map(escaped).collect::<String>())
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn a_command_can_be_pasted() {
        assert_eq!(quoted(OsStr::new("/etc/netdata")), "/etc/netdata");
        assert_eq!(quoted(OsStr::new("/my folder/it's")), "\"/my folder/it's\"");
        assert_eq!(quoted(OsStr::new("/$(reboot)")), "'/$(reboot)'");
    }

    #[test]
    fn a_command_with_what_no_terminal_shows_can_be_pasted_too() {
        for word in [&b"/a\nb"[..], b"/a\x1b[2J it's \\ \"$x\"", b"/\xff\xfe", "/a\u{202e}é".as_bytes(), b"/\x01"] {
            let word = OsStr::from_bytes(word);
            let command = quoted(word);
            assert!(command.is_ascii() && !command.contains(is_unprintable), "{command}");
            assert!(!command.contains(' '), "the screens break lines at blanks: {command}");
        }
    }
}
