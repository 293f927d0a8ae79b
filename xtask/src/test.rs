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

/// Builds everything, then runs all tests of the workspace but the system tests.
pub(crate) fn run(workspace: &Workspace) -> Result<Outcome> {
    let selection = workspace.selection(workspace.tests());
    build(workspace, &selection)?;
    let mut outcome = cargo_test(workspace, &selection, &[])?;
    // Of selected targets, cargo does not run the documentation's.
    let documented = ["--workspace", "--features", &workspace.features(), "--doc"].map(str::to_owned);
    let documented = cargo_test(workspace, &documented, &[])?;
    outcome.passed &= documented.passed;
    Ok(outcome)
}

/// Builds everything these tests run.
pub(crate) fn build(workspace: &Workspace, selection: &[String]) -> Result<()> {
    // The end-to-end tests start all three programs, but for a test cargo builds only those of its own package.
    let features = workspace.features();
    run::run(&mut workspace.cargo(["build", "--workspace", "--locked", "--features", &features]))?;
    run::run(workspace.cargo(["test", "--locked", "--no-run"]).args(selection))
}

/// Reruns the tests of `run` with one of these texts in their names.
pub(crate) fn again(workspace: &Workspace, names: &[String]) -> Result<Outcome> {
    let mut selection = workspace.selection(workspace.tests());
    selection.push("--".into());
    selection.extend_from_slice(names);
    cargo_test(workspace, &selection, &[])
}

/// Runs built tests: without a network if the kernel allows it, and with a temporary folder inside target/.
pub(crate) fn cargo_test(
    workspace: &Workspace,
    selection: &[String],
    environment: &[(&str, &OsStr)],
) -> Result<Outcome> {
    let folder = workspace.own_folder()?;
    // Like /tmp: tests may become another user.
    let open = std::fs::Permissions::from_mode(0o1777);
    let temporary = tempfile::Builder::new().prefix("tmp-").permissions(open).tempdir_in(&folder)?;
    let report = skips::fresh(&folder)?;

    let enclosure = Enclosure::find(workspace)?;
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
