//! The version in the daemon's program, which is read and never started.

use std::path::Path;

use memchr::memmem;

use crate::agent::pieces;
use crate::files::{self, Links};

/// Bytes of the program. A static build has some 100 MB.
const PROGRAM_BYTES: u64 = 256 * 1024 * 1024;

/// The longest version: `v2.10.0-123-gdeadbeef0`.
const LONGEST: usize = 40;

/// The program holds its version as a text of its own, between two zero bytes. `None`: it has none, or several.
pub(super) fn version_of(program: &Path) -> Option<String> {
    let opened = files::open_regular(rustix::fs::CWD, program, Links::Follow).ok()?;
    let mut versions: Vec<String> = Vec::new();
    let all = pieces::search(opened, PROGRAM_BYTES, |piece| -> Option<()> {
        for text in memmem::find_iter(piece, b"\0v").filter_map(|at| text_at(piece.get(at + 1..)?)) {
            if !versions.iter().any(|known| known == text) {
                versions.push(text.to_owned());
            }
        }
        None
    });
    match (all, versions.as_slice()) {
        (Ok(_), [version]) => Some(version.clone()),
        _ => None,
    }
}

/// `v`, three numbers, and perhaps the commits after them: `v2.9.0`, `v2.9.0-12-nightly`.
fn text_at(bytes: &[u8]) -> Option<&str> {
    let end = bytes.iter().take(LONGEST).position(|byte| *byte == 0)?;
    let text = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let (numbers, rest) = text.strip_prefix('v')?.split_once('-').unwrap_or((text.strip_prefix('v')?, "0"));
    let is_number = |text: &str| (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let three = numbers.split('.').count() == 3 && numbers.split('.').all(is_number);
    let commits = rest.split('-').next().is_some_and(is_number)
        && rest.split('-').skip(1).all(|part| part.bytes().all(|b| b.is_ascii_alphanumeric()) && !part.is_empty());
    (three && commits).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_version_between_zero_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("netdata");
        let version = |program: &[u8]| {
            std::fs::write(&path, program).unwrap();
            version_of(&path)
        };
        assert_eq!(version(b"\x7fELF\0v2.9.0\0x").as_deref(), Some("v2.9.0"));
        assert_eq!(version(b"\0v2.9.0-12-nightly\0\0v2.9.0-12-nightly\0").as_deref(), Some("v2.9.0-12-nightly"));
        for other in [
            &b"v2.9.0\0"[..],
            b"\0v2.9.0 and more\0",
            b"\0v2.9\0",
            b"\0v2.9.0",
            b"\0vector\0",
            b"\0v1.2.3\0v2.9.0\0",
            b"\0v2.9.0-\0",
            b"\0v2.9.0-x-y\0",
        ] {
            assert_eq!(version(other), None, "{}", other.escape_ascii());
        }
        // At any position.
        for before in [pieces::PIECE - 3, pieces::PIECE - 1, pieces::PIECE, 3 * pieces::PIECE - 4] {
            let program = [&vec![b'x'; before], &b"\0v2.9.0\0"[..], &vec![b'x'; before]].concat();
            assert_eq!(version(&program).as_deref(), Some("v2.9.0"), "{before}");
        }
    }
}
