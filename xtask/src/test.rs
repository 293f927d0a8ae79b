//! `cargo xtask test`: the test command of the README.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use anyhow::Result;

use crate::enclosure::Enclosure;
use crate::workspace::Workspace;
use crate::{run, skips};

/// The README's promise for the time after the build.
const PROMISED_SECONDS: u64 = 300;

pub(crate) struct Outcome {
    pub(crate) passed: bool,
    pub(crate) skips: Vec<String>,
}

impl Outcome {
    pub(crate) fn print_skips(&self) {
        println!("{}", skips::summary(&self.skips));
    }
}

/// Builds everything, then runs the tests of the whole workspace but the system tests.
pub(crate) fn run(workspace: &Workspace) -> Result<Outcome> {
    let features = workspace.features();
    let selection = ["--workspace", "--features", &features];
    build(workspace, &selection)?;
    cargo_test(workspace, &selection, &[])
}

/// Everything that these tests run.
pub(crate) fn build(workspace: &Workspace, selection: &[&str]) -> Result<()> {
    // The end-to-end tests start all three programs, and cargo builds only those of a test's own package for it.
    let features = workspace.features();
    run::run(&mut workspace.cargo(["build", "--workspace", "--locked", "--features", &features]))?;
    run::run(workspace.cargo(["test", "--locked", "--no-run"]).args(selection))
}

/// Runs those tests of `run` once more whose names hold one of these.
pub(crate) fn again(workspace: &Workspace, names: &[String]) -> Result<Outcome> {
    let features = workspace.features();
    let mut selection = vec!["--workspace", "--features", &features, "--"];
    selection.extend(names.iter().map(String::as_str));
    cargo_test(workspace, &selection, &[])
}

/// Runs tests that are built: where the kernel allows it without a network, with a folder for temporary files inside target/.
pub(crate) fn cargo_test(workspace: &Workspace, selection: &[&str], environment: &[(&str, &OsStr)]) -> Result<Outcome> {
    let folder = workspace.own_folder()?;
    // As /tmp is: tests may become another user.
    let open = std::fs::Permissions::from_mode(0o1777);
    let temporary = tempfile::Builder::new().prefix("tmp-").permissions(open).tempdir_in(&folder)?;
    let report = skips::fresh(&folder)?;

    let enclosure = Enclosure::find(workspace);
    enclosure.announce();
    let mut command = enclosure.command(&workspace.cargo(["test", "--locked", "--offline", "--no-fail-fast"]));
    command.args(selection).current_dir(&workspace.root);
    command.env("TMPDIR", temporary.path()).env(skips::VARIABLE, &report).envs(environment.iter().copied());

    let begin = Instant::now();
    let status = run::status(&mut command)?;
    let seconds = begin.elapsed().as_secs();
    if seconds > PROMISED_SECONDS {
        eprintln!("note: the tests took {seconds} s; the README promises at most {PROMISED_SECONDS} s after the build");
    }
    let mut skips = skips::read(&report)?;
    skips.extend(enclosure.missing().map(|reason| format!("tests without a network: no namespaces ({reason})")));
    Ok(Outcome { passed: status.success(), skips })
}
