//! `cargo xtask peers`: other libraries' and tools' answers to the same questions, and the time of one call.
//!
//! A separate package, `tests/peers`, asks them. It only reports.

use std::path::Path;

use anyhow::Result;

use crate::run;
use crate::workspace::{SYSTEM_INFO, Workspace};

/// Compares the program in `folder`.
pub(crate) fn run(workspace: &Workspace, folder: &Path) -> Result<()> {
    let target = workspace.target.join("peers");
    let mut build = run::cargo(["build", "--release", "--locked", "--manifest-path"]);
    build.arg(workspace.root.join("tests/peers/Cargo.toml")).arg("--target-dir").arg(&target);
    run::run(&mut build)?;
    run::run(&mut run::program(target.join("release/peers"), [folder.join(SYSTEM_INFO.name)]))
}
