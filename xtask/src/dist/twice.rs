//! Whether the same commit gives the same bytes: built in two folders, and compared.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use rustix::fs::Mode;
use rustix::process::umask;

use super::release::make;
use crate::run;
use crate::workspace::Workspace;

const TARGET: &str = "x86_64-unknown-linux-musl";

/// Where: paths of another length, one with a blank.
const CHECKOUTS: [&str; 2] = ["a", "another one, with a longer path"];

/// Builds the commit of this checkout twice.
pub(super) fn run(workspace: &Workspace) -> Result<()> {
    // Not below this checkout, whose settings cargo would add to theirs.
    let folder = tempfile::Builder::new().prefix("dist-").tempdir().context("cannot make a temporary folder")?;
    let roots = CHECKOUTS.map(|name| folder.path().join(name));
    // Both before the first build, during which somebody may commit.
    for root in &roots {
        run::run(run::git(&workspace.root).args(["clone", "--quiet", "."]).arg(root))?;
    }
    let mut outcomes = Vec::new();
    for (root, mask) in roots.into_iter().zip([0o022, 0o077]) {
        let checkout = workspace.at(root.clone(), root.join("target"));
        // Nothing else in this process makes files meanwhile.
        let before = umask(Mode::from_raw_mode(mask));
        let made = make(workspace, &checkout, &[TARGET], true);
        umask(before);
        outcomes.push(contents(&made?)?);
        // It takes room.
        fs::remove_dir_all(&root).with_context(|| format!("cannot remove {}", root.display()))?;
    }
    let [first, second] = outcomes.as_slice() else { bail!("not two builds") };
    let differences = different(first, second);
    if !differences.is_empty() {
        bail!("two builds of the same commit differ: {}", differences.join(", "));
    }
    eprintln!("Built in two folders, these {} files have the same bytes:", first.len());
    for name in first.keys() {
        eprintln!("  {name}");
    }
    Ok(())
}

type Contents = BTreeMap<String, Vec<u8>>;

fn contents(folder: &Path) -> Result<Contents> {
    let describe = || format!("cannot read {}", folder.display());
    let mut files = Contents::new();
    for entry in fs::read_dir(folder).with_context(describe)? {
        let entry = entry.with_context(describe)?;
        files.insert(entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).with_context(describe)?);
    }
    if files.is_empty() {
        bail!("nothing was built in {}", folder.display());
    }
    Ok(files)
}

/// The names of files that are not in both, or not the same.
fn different<'c>(first: &'c Contents, second: &'c Contents) -> Vec<&'c str> {
    let mut names: Vec<&str> = first.keys().chain(second.keys()).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| first.get(*name) != second.get(*name));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named() {
        let files = |files: &[(&str, &str)]| -> Contents {
            files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
        };
        let first = files(&[("a", "1"), ("b", "2"), ("c", "3")]);
        assert_eq!(different(&first, &files(&[("a", "1"), ("b", "x"), ("d", "4")])), ["b", "c", "d"]);
        assert!(different(&first, &first).is_empty());
    }

    #[test]
    fn an_empty_folder_is_no_release() {
        assert!(contents(tempfile::tempdir().unwrap().path()).is_err());
    }
}
