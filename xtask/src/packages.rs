//! `cargo xtask packages`: the .deb and .rpm packages of the static programs.

mod deb;
mod made;
pub(crate) mod root;
mod rpm;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use made::Made;

use crate::run;
use crate::static_build;
use crate::workspace::{PROGRAMS, Workspace};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The programs' processor
    #[arg(long, default_value = env::consts::ARCH, value_parser = ["x86_64", "aarch64"])]
    arch: String,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    must_be_possible()?;
    let programs = static_build::run_for(workspace, &arguments.arch)?;
    for package in build(workspace, workspace, &arguments.arch, &programs, &folder(workspace))? {
        println!("{}", package.display());
    }
    Ok(())
}

/// Fails where a program of the machine is missing.
pub(crate) fn must_be_possible() -> Result<()> {
    match ["rpmbuild", "gzip"].into_iter().find(|program| run::find(program).is_none()) {
        Some(program) => bail!("no {program}: install it (Debian: apt-get install rpm gzip)"),
        None => Ok(()),
    }
}

/// Where packages go, beside the other files of a release.
pub(crate) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("dist")
}

/// Packs the programs of this folder, built for this processor, into the other one, with the licences of others in its
/// folder `licenses`. The same files from the same commit give the same bytes. `tools` is the workspace with the folder
/// for tools.
pub(crate) fn build(
    tools: &Workspace,
    checkout: &Workspace,
    arch: &str,
    programs: &Path,
    out: &Path,
) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;
    let work = emptied(checkout.target.join("packages"))?;
    let staged = stage(&work, arch, programs)?;
    let made = Made {
        tools,
        checkout,
        arch,
        version: checkout.version(),
        time: checkout.commit_time()?.to_string(),
        work,
        staged,
        out,
    };
    let mut packages = deb::build(&made)?;
    packages.extend(rpm::build(&made)?);
    Ok(packages)
}

fn stage(work: &Path, arch: &str, programs: &Path) -> Result<PathBuf> {
    let staged = work.join(static_build::target(arch)).join("release");
    let licenses = staged.join("licenses");
    fs::create_dir_all(&licenses).with_context(|| format!("cannot create {}", licenses.display()))?;
    for program in PROGRAMS {
        copy(&programs.join(program.name), &staged)?;
    }
    let given = programs.join("licenses");
    if given.is_dir() {
        for entry in fs::read_dir(&given).with_context(|| format!("cannot read {}", given.display()))? {
            copy(&entry?.path(), &licenses)?;
        }
    } else {
        let text = "This package is for tests: it lacks the licences of others. Those of a release have them.\n";
        fs::write(licenses.join("missing.txt"), text).context("cannot write missing.txt")?;
    }
    Ok(staged)
}

fn copy(file: &Path, folder: &Path) -> Result<()> {
    let name = file.file_name().unwrap_or_default();
    fs::copy(file, folder.join(name)).with_context(|| format!("cannot copy {}", file.display()))?;
    Ok(())
}

/// An empty folder of this name.
fn emptied(folder: PathBuf) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}
