//! Tests that could not run on this machine. Each appends a line `test name: reason` to the file in the variable
//! `SKIP_REPORT`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub(crate) const VARIABLE: &str = "SKIP_REPORT";

/// An empty report for one run, writable for every user.
pub(crate) fn fresh(folder: &Path) -> Result<PathBuf> {
    let path = folder.join("skipped.txt");
    let describe = || format!("cannot write {}", path.display());
    fs::write(&path, "").with_context(describe)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).with_context(describe)?;
    Ok(path)
}

pub(crate) fn read(path: &Path) -> Result<Vec<String>> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(lines(&String::from_utf8_lossy(&bytes)))
}

/// One entry per line, sorted, because tests run concurrently.
fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    lines.sort();
    lines.dedup();
    lines
}

/// Removes the reports of single tests from a list, and returns the tests' names.
pub(crate) fn take_tests(skips: &mut Vec<String>) -> Vec<String> {
    let name = |line: &str| line.split_once(':').map(|(name, _)| name.to_owned()).filter(|name| !name.contains(' '));
    let names = skips.iter().filter_map(|line| name(line)).collect();
    skips.retain(|line| name(line).is_none());
    names
}

pub(crate) fn summary(skips: &[String]) -> String {
    let mut lines = vec![format!("skipped: {}", skips.len())];
    lines.extend(skips.iter().map(|line| format!("  {line}")));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tests_report_is_counted_and_listed() {
        let skips = lines("b: no tmux\n\n a: needs strace \nb: no tmux\n");
        assert_eq!(summary(&skips), "skipped: 2\n  a: needs strace\n  b: no tmux");
        assert_eq!(summary(&[]), "skipped: 0");
    }

    #[test]
    fn single_tests_are_told_from_the_rest() {
        let mut skips = vec!["a: no tmux".to_owned(), "tests without a network: no namespaces (b: c)".to_owned()];
        assert_eq!(take_tests(&mut skips), ["a"]);
        assert_eq!(skips, ["tests without a network: no namespaces (b: c)"]);
    }

    #[test]
    fn a_report_starts_empty_and_survives_bytes_that_are_no_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = fresh(folder.path()).unwrap();
        assert!(read(&path).unwrap().is_empty());
        fs::write(&path, b"a: \xff\n").unwrap();
        assert_eq!(read(&path).unwrap(), ["a: \u{fffd}"]);
        assert!(read(&fresh(folder.path()).unwrap()).unwrap().is_empty());
    }
}
