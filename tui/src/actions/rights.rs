//! Who may do what was refused here, and the command that does it as that user.

use std::ffi::OsStr;
use std::io;
use std::path::PathBuf;

use anonymous_statistics::agent::folders::{Dir, DirSource, Folders};
use anonymous_statistics::inspect::Preview;
use anonymous_statistics::text::printable;

/// Who can do what failed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// Root, as whom sudo runs a command.
    Root,
    /// Root, and that is who asks: something else has to be done first.
    Asker,
    /// Nobody: to root the same is refused.
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

    /// What there is to say to that.
    pub(super) fn advice(self) -> Option<&'static str> {
        (self == Self::Nobody).then_some("More rights would not help: root is refused as well.")
    }
}

pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// What deletes or reads what is kept where rights are missing: `forget`, `history` or `diff` with more of them.
pub(crate) fn with_more_rights(verb: &str, preview: &Preview) -> Vec<String> {
    let who = if is_root() { Who::Asker } else { Who::Root };
    again_if(who, verb, &preview.folders)
}

/// To do the same again helps only as somebody else.
pub(super) fn again_if(who: Who, verb: &str, folders: &Folders) -> Vec<String> {
    (who == Who::Root).then(|| again(verb, folders)).into_iter().collect()
}

/// This program once more, with sudo. That drops most of the environment, so what it named stands in the command; what was
/// found, root finds too.
pub(super) fn again(verb: &str, folders: &Folders) -> String {
    let program = std::env::current_exe().unwrap_or_else(|_unknown| PathBuf::from("telemetry-preview"));
    let mut command = format!("sudo {} {verb}", quoted(program.as_os_str()));
    for (option, folder) in [(" --config-dir ", &folders.config), (" --lib-dir ", &folders.library)] {
        if let Some(Dir { path: folder, by: DirSource::Option | DirSource::Variable }) = folder {
            command.push_str(option);
            command.push_str(&quoted(folder.as_os_str()));
        }
    }
    command
}

/// A word for a shell.
pub(super) fn quoted(word: &OsStr) -> String {
    match shlex::bytes::try_quote(word.as_encoded_bytes()) {
        Ok(quoted) => String::from_utf8_lossy(&quoted).into_owned(),
        // Only a NUL cannot be quoted, and no path holds one.
        Err(_nul) => printable(&word.to_string_lossy()).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_pasted() {
        assert_eq!(quoted(OsStr::new("/etc/netdata")), "/etc/netdata");
        assert_eq!(quoted(OsStr::new("/my folder/it's")), "\"/my folder/it's\"");
        assert_eq!(quoted(OsStr::new("/$(reboot)")), "'/$(reboot)'");
    }
}
