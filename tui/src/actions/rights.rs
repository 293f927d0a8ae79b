//! Missing rights: who has them, and the command for that user.

use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;

use anonymous_statistics::agent::folders::{Dir, DirSource, Folders};
use anonymous_statistics::inspect::Preview;
use system_facts::internal::is_unprintable;

/// Who could do what failed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// Root, through sudo.
    Root,
    /// Root, which is the caller already: the cause must be removed first.
    Asker,
    /// Nobody: root is refused as well.
    Nobody,
}

impl Who {
    pub(super) fn can(refused: io::ErrorKind, root: bool) -> Self {
        match (refused, root) {
            (io::ErrorKind::ReadOnlyFilesystem, _) | (io::ErrorKind::PermissionDenied, true) => Self::Nobody,
            (_, true) => Self::Asker,
            (_, false) => Self::Root,
        }
    }

    pub(super) fn advice(self) -> Option<&'static str> {
        (self == Self::Nobody).then_some("More rights would not help: root is refused as well.")
    }
}

pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The command for more rights: `forget`, `history` or `diff` with sudo.
pub(crate) fn with_more_rights(verb: &str, preview: &Preview) -> Vec<String> {
    let who = if is_root() { Who::Asker } else { Who::Root };
    again_if(who, verb, &preview.folders)
}

/// Repeating the command helps only another user.
pub(super) fn again_if(who: Who, verb: &str, folders: &Folders) -> Vec<String> {
    (who == Who::Root).then(|| again(verb, folders)).into_iter().collect()
}

/// This program again, with sudo. Since sudo drops most of the environment, the command names the folders from options
/// and variables; root finds the others by itself.
pub(super) fn again(verb: &str, folders: &Folders) -> String {
    let program = std::env::current_exe().unwrap_or_else(|_unknown| PathBuf::from(NAME));
    with_folders(format!("sudo {} {verb}", quoted(program.as_os_str())).trim_end().to_owned(), folders)
}

/// The command that opts out, by this program's name.
pub(crate) fn opt_out_command(folders: &Folders) -> String {
    with_folders(format!("sudo {NAME} opt-out"), folders)
}

const NAME: &str = "telemetry-preview";

fn with_folders(mut command: String, folders: &Folders) -> String {
    for (option, folder) in [(" --config-dir ", &folders.config), (" --lib-dir ", &folders.library)] {
        if let Some(Dir { path: folder, by: DirSource::Option | DirSource::Variable }) = folder {
            command.push_str(option);
            command.push_str(&quoted(folder.as_os_str()));
        }
    }
    command
}

/// A word for the shell. What a terminal does not show as it is, is written as in C (POSIX.1-2024, 2.2.4): bash, zsh and
/// ksh read that too. Blanks and quotes are then written so as well: such a word is one without quoting.
pub(super) fn quoted(word: &OsStr) -> String {
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
    use std::process::Command;

    use testkit::{skip, this_test};

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
            let Ok(shell) = Command::new("bash").arg("-c").arg(format!("printf %s {command}")).output() else {
                return skip(this_test!(), "there is no bash");
            };
            assert_eq!(shell.stdout, word.as_bytes(), "{command}");
        }
    }
}
