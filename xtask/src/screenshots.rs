//! `cargo xtask screenshots`: the moving picture of README, from the real previewer on a real terminal.
//!
//! The agent is made up, and everything happens in namespaces where loopback is the only network and empty folders cover
//! those of this machine's own agent.

#[cfg(target_os = "linux")]
mod play;
#[cfg(target_os = "linux")]
mod scenario;
#[cfg(target_os = "linux")]
mod stage;
#[cfg(target_os = "linux")]
mod terminal;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::enclosure::{self, Enclosure};
use crate::run;
use crate::workspace::{PREVIEW, Workspace};

const PICTURE: &str = "docs/first-look.svg";

/// Bytes. A page that people open to read its first lines should not wait for its picture.
const LIMIT: usize = 150_000;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Takes the debug build, which is there sooner
    #[arg(long)]
    debug: bool,
}

#[derive(clap::Args)]
pub(crate) struct Inside {
    /// The previewer's file
    #[arg(long)]
    program: PathBuf,
    /// The namespaces that must have been left
    #[arg(long)]
    left: Vec<String>,
}

/// Builds, plays, and writes the picture. Status 2: it cannot be played on this machine.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<ExitCode> {
    let enclosure = Enclosure::find(workspace)?;
    let obstacle = match enclosure.missing() {
        Some(reason) => Some(format!("no network and mount namespaces can be made here: {reason}")),
        None if !rustix::process::geteuid().is_root() => Some("folders can be covered by root only".to_owned()),
        None => None,
    };
    if let Some(reason) = obstacle {
        eprintln!("The picture cannot be made on this machine: {reason}");
        return Ok(ExitCode::from(2));
    }
    let (profile, folder) = if arguments.debug { (None, "debug") } else { (Some("--release"), "release") };
    let mut build = workspace.cargo(["build", "--locked"]);
    run::run(build.args(profile).args(PREVIEW.selection()))?;
    let mut play = run::program(&workspace.xtask, ["screenshots-inside", "--program"]);
    play.arg(workspace.target.join(folder).join(PREVIEW.name)).args(enclosure::to_leave()?);
    let picture = run::text(&mut enclosure.command(&play))?;
    if picture.len() > LIMIT {
        bail!("the picture has {} bytes, more than {LIMIT}; shorten the scenario", picture.len());
    }
    fs::write(workspace.root.join(PICTURE), &picture).with_context(|| format!("cannot write {PICTURE}"))?;
    println!("{PICTURE}: {} bytes", picture.len());
    Ok(ExitCode::SUCCESS)
}

/// Prints the picture.
pub(crate) fn inside(arguments: &Inside) -> Result<()> {
    enclosure::must_have_left(&arguments.left)?;
    print!("{}", picture(&arguments.program)?);
    Ok(())
}

#[cfg(target_os = "linux")]
use play::picture;

#[cfg(not(target_os = "linux"))]
fn picture(_program: &std::path::Path) -> Result<String> {
    bail!("namespaces exist on Linux only")
}
