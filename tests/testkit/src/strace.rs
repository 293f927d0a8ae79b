//! strace: words that start it so that it sees everything, and what its logs hold.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Stdio;
use std::sync::LazyLock;

use crate::{command, find, sender, skip};

/// The words that start strace so that it sees all that the sender does; where there are none, that is a skip.
///
/// The sender makes itself not dumpable. Then its memory, where file names and addresses are, is open to those only who have
/// `CAP_SYS_PTRACE` over it (ptrace(2), "Ptrace access mode checking"): root, and anyone in a user namespace of their own.
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

/// A path as strace prints it: bytes that are not ASCII in octal.
pub fn in_strace(path: &Path) -> String {
    let bytes = path.to_str().unwrap().bytes();
    bytes.map(|byte| if byte.is_ascii() { char::from(byte).to_string() } else { format!("\\{byte:o}") }).collect()
}

/// A system call: its name, and which of the calls with this name of its process it is.
pub type Point = (String, usize);

/// Every system call in a log of strace at which a program can be ended, or told of an error.
pub fn points(log: &Path) -> Vec<Point> {
    let text = std::fs::read_to_string(log).unwrap();
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut points = BTreeSet::new();
    for line in text.lines() {
        let Some((process, rest)) = line.split_once(' ') else { continue };
        let Some((name, _)) = rest.trim_start().split_once('(') else { continue };
        let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        // strace follows the program from its start on, which itself cannot be ended.
        if !plain || name == "execve" {
            continue;
        }
        let count = counts.entry((process, name)).or_default();
        *count += 1;
        // strace counts for each process: the one that gets there first is ended.
        points.insert((name.to_owned(), *count));
    }
    points.into_iter().collect()
}
