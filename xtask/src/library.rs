//! `cargo xtask library`: whether `system-facts` could go to crates.io.

use anyhow::{Context, Result};

use crate::run::{self, Verdict};
use crate::setup;
use crate::workspace::{SYSTEM_INFO, Workspace};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Also compare the public API with that of this revision: fails if the version promises too much
    #[arg(long, value_name = "REVISION")]
    since: Option<String>,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    package(workspace)?;
    arguments.since.as_deref().map_or(Ok(()), |revision| compatible(workspace, revision))
}

/// Builds the library from its own archive, as a stranger has it, and again with everything in it.
pub(crate) fn package(workspace: &Workspace) -> Result<()> {
    for features in [&[][..], &["--all-features"]] {
        // Whoever changes it has changes without a commit.
        let mut command = workspace.cargo(["package", "--locked", "--allow-dirty", "--package", SYSTEM_INFO.package]);
        run::run(command.args(features))?;
    }
    Ok(())
}

/// The check of ci, against the last release. Nothing is promised before the first one.
pub(crate) fn compatible_with_last_release(workspace: &Workspace) -> Result<Verdict> {
    let describe = ["describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"];
    let tag = run::output(run::program("git", describe).current_dir(&workspace.root))?;
    if !tag.status.success() {
        return Ok(Verdict::Skipped("there is no release to compare with (git describe)".into()));
    }
    let tag = String::from_utf8(tag.stdout).context("the tag's name is not UTF-8")?;
    compatible(workspace, tag.trim()).map(|()| Verdict::Passed)
}

fn compatible(workspace: &Workspace, revision: &str) -> Result<()> {
    let program = setup::cargo_tool(workspace, &setup::CARGO_SEMVER_CHECKS)?;
    let mut command = run::program(program, ["semver-checks", "--package", SYSTEM_INFO.package, "--baseline-rev"]);
    command.arg(revision).env("CARGO_TARGET_DIR", workspace.target.join("semver"));
    run::run(command.current_dir(&workspace.root))
}
