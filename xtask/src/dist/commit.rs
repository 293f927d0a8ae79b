//! What is released: a commit.

use std::env;

use anyhow::{Context, Result, bail};

use super::archive::{Entry, FILE, Files, PROGRAM};
use crate::run;
use crate::workspace::Workspace;

/// The files of the project that go with the programs; a folder's, without those in folders below unless it is
/// `share`.
const COMPANIONS: [&str; 8] = [
    "install.sh",
    "README.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    ":(glob)docs/*",
    "share",
];

/// When the commit was made, for every file of a release. `SOURCE_DATE_EPOCH` may say another time
/// (reproducible-builds.org).
pub(super) fn time(checkout: &Workspace) -> Result<u64> {
    let told = match env::var("SOURCE_DATE_EPOCH") {
        Ok(told) => told,
        Err(_) => git(checkout, &["log", "-1", "--format=%ct"])?,
    };
    told.trim().parse().with_context(|| format!("not a number of seconds: {told:?}"))
}

/// Fails if there is a file that the commit does not have, or has otherwise.
pub(super) fn must_be_clean(checkout: &Workspace) -> Result<()> {
    let changes = git(checkout, &["status", "--porcelain"])?;
    if !changes.is_empty() {
        bail!(
            "a release is made of a commit, and these files differ from it or are not in it:\n{}",
            changes.trim_end()
        );
    }
    Ok(())
}

/// The whole of it, as git itself packs it.
pub(super) fn source(checkout: &Workspace, folder: &str, time: u64) -> Result<Vec<u8>> {
    let (prefix, time) = (format!("--prefix={folder}/"), format!("--mtime=@{time}"));
    // The user's own settings have no say in it.
    let settings = ["-c", "tar.umask=0022", "-c", "core.autocrlf=false", "-c", "core.attributesFile=/dev/null"];
    let mut command = run::program("git", settings);
    command.args(["archive", "--format=tar", &prefix, &time, "HEAD"]).current_dir(&checkout.root);
    let output = run::output(&mut command)?;
    if !output.status.success() {
        bail!("{}: {}", run::shown(&command), String::from_utf8_lossy(&output.stderr).trim_end());
    }
    Ok(output.stdout)
}

/// What an archive has beside the programs.
pub(super) fn companions(checkout: &Workspace) -> Result<Files> {
    let listed = git(checkout, &[&["ls-files", "--stage", "-z", "--"], &COMPANIONS[..]].concat())?;
    let mut files = Files::new();
    // Mode, object and stage, then a tab and the name.
    for line in listed.split_terminator('\0') {
        let (about, name) = line.split_once('\t').with_context(|| format!("git ls-files prints {line:?}"))?;
        let path = checkout.root.join(name);
        let bytes = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mode = if about.starts_with("100755") { PROGRAM } else { FILE };
        files.insert(name.to_owned(), Entry { mode, bytes });
    }
    Ok(files)
}

fn git(checkout: &Workspace, arguments: &[&str]) -> Result<String> {
    run::text(run::program("git", arguments).current_dir(&checkout.root))
}
