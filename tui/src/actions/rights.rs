//! Missing rights: who has them, and the command for that user.

use std::io;

use anonymous_statistics::agent::folders::Folders;
use anonymous_statistics::inspect::Preview;

use crate::present::commands::{Caller, is_root};

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

/// The command for more rights: `forget`, `history` or `diff` with sudo.
pub(crate) fn with_more_rights(verb: &str, preview: &Preview) -> Vec<String> {
    again_if(Who::can(io::ErrorKind::PermissionDenied, is_root()), verb, &preview.folders)
}

/// Repeating the command helps only another user.
pub(super) fn again_if(who: Who, verb: &str, folders: &Folders) -> Vec<String> {
    (who == Who::Root).then(|| again(verb, folders)).into_iter().collect()
}

/// This program again, with sudo. Since sudo drops most of the environment, the command names the folders from options
/// and variables; root finds the others by itself.
pub(super) fn again(verb: &str, folders: &Folders) -> String {
    Caller { is_root: false, ..Caller::now() }.command(verb, folders)
}
