//! strace: the command that sees everything, and the contents of its logs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::sync::LazyLock;

use crate::{command, find, sender, skip};

/// The command for a strace that sees everything the sender does; without one, a skip.
///
/// The sender makes itself not dumpable. Then its memory, with file names and addresses, is readable only with
/// `CAP_SYS_PTRACE` over it (ptrace(2), "Ptrace access mode checking"): for root, and for anyone in their own user
/// namespace.
pub fn strace(test: &str) -> Option<&'static [String]> {
    const IN_A_NAMESPACE: [&str; 5] = ["unshare", "--user", "--map-current-user", "--keep-caps", "--"];
    static WORDS: LazyLock<Option<Vec<String>>> = LazyLock::new(|| {
        let sees = |words: &[String]| {
            let folder = tempfile::tempdir().unwrap();
            let log = folder.path().join("log");
            let mut command = command(words);
            command.arg("-o").arg(&log).arg(sender()).args(["--config-dir", "/nonexistent", "--dry-run", "START"]);
            let ran = command.env_clear().stdin(Stdio::null()).output().is_ok();
            ran && std::fs::read_to_string(log).is_ok_and(|log| log.contains("\"/nonexistent/"))
        };
        let words = |before: &[&str]| -> Option<Vec<String>> {
            let mut words: Vec<String> = before.iter().map(ToString::to_string).collect();
            if let Some(first) = words.first_mut() {
                *first = find(first)?.into_os_string().into_string().ok()?;
            }
            words.push(find("strace")?.into_os_string().into_string().ok()?);
            Some(words)
        };
        [&[][..], &IN_A_NAMESPACE].into_iter().filter_map(words).find(|words| sees(words))
    });
    if WORDS.is_none() {
        skip(test, "strace is not installed, or cannot see here what the sender does");
    }
    WORDS.as_deref()
}

/// A path in strace's output: non-ASCII bytes in octal.
pub fn in_strace(path: &Path) -> String {
    let bytes = path.to_str().unwrap().bytes();
    bytes.map(|byte| if byte.is_ascii() { char::from(byte).to_string() } else { format!("\\{byte:o}") }).collect()
}

/// A system call: its name, and its number among the process's calls of that name.
pub type Point = (String, usize);

/// Every system call in a log at which a program can be killed or given an error.
pub fn points(log: &Path) -> Vec<Point> {
    let text = std::fs::read_to_string(log).unwrap();
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut points = BTreeSet::new();
    for line in text.lines() {
        let Some((process, rest)) = line.split_once(' ') else { continue };
        let Some((name, _)) = rest.trim_start().split_once('(') else { continue };
        let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        // The first execve precedes strace's control and cannot be interrupted.
        if !plain || name == "execve" {
            continue;
        }
        let count = counts.entry((process, name)).or_default();
        *count += 1;
        // strace counts per process: the first to reach the number is hit.
        points.insert((name.to_owned(), *count));
    }
    points.into_iter().collect()
}
