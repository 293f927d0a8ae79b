//! `cargo xtask dist`: everything for a release page. The same commit gives the same bytes in any folder.

mod archive;
mod commit;
mod folders;
mod graph;
mod licenses;
mod release;
mod sbom;
mod targets;
mod twice;

use anyhow::Result;

use crate::workspace::Workspace;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Build only for this target, or these [default: all that this system can build for, and the source]
    #[arg(long, value_name = "TARGET")]
    target: Vec<String>,
    /// Also pack the source, and the Ansible role
    #[arg(long)]
    source: bool,
    /// Instead, build for the first of them in two folders, and fail unless every file has the same bytes
    #[arg(long, conflicts_with_all = ["target", "source"])]
    twice: bool,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    if arguments.twice {
        return twice(workspace);
    }
    let targets = targets::chosen(&arguments.target)?;
    let folder = release::make(workspace, workspace, &targets, arguments.source || arguments.target.is_empty())?;
    print!("{}", release::checksums(&folder)?);
    println!("{}", folder.display());
    Ok(())
}

/// Whether two builds of the same commit have the same bytes.
pub(crate) fn twice(workspace: &Workspace) -> Result<()> {
    twice::run(workspace)
}
