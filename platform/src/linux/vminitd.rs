//! The kernel of Apple's containers. Each has a machine of its own, whose first process is `vminitd`
//! (apple/containerization `Sources/Containerization/Kernel+Commandline.swift`).

use crate::ask::{Ask, LINE_FILE_LIMIT};
use crate::source::Source;

const WORD: &str = "init=/sbin/vminitd";

/// Whether the kernel was told to start it.
pub(crate) fn starts_vminitd(ask: &mut Ask<'_, '_>) -> bool {
    let Some(words) = ask.text(Source::CMDLINE.name(), LINE_FILE_LIMIT) else { return false };
    let found = words.text.split_ascii_whitespace().any(|word| word == WORD);
    if found {
        ask.saw(Source::CMDLINE.name(), WORD);
    }
    found
}
