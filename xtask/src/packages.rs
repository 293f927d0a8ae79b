//! `cargo xtask packages`: the .deb and .rpm packages of the static programs.

mod deb;
pub(crate) mod root;
mod rpm;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::run;
use crate::static_build;
use crate::workspace::{PROGRAMS, Workspace};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// For this processor: x86_64 or aarch64
    #[arg(long, default_value = env::consts::ARCH)]
    arch: String,
}

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let programs = static_build::run_for(workspace, &arguments.arch)?;
    for package in build(workspace, &arguments.arch, &programs, &folder(workspace))? {
        println!("{}", package.display());
    }
    Ok(())
}

/// Where packages go, beside the other files of a release.
pub(crate) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("dist")
}

/// Packs the programs of this folder, built for this processor, into the other one, with the licences of others that are in its
/// folder `licenses`. The same files from the same commit give the same bytes.
pub(crate) fn build(workspace: &Workspace, arch: &str, programs: &Path, out: &Path) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;
    let work = emptied(workspace.target.join("packages"))?;
    let staged = stage(&work, arch, programs)?;
    let made = Made { workspace, arch, version: workspace.version(), time: time(workspace)?, work, staged, out };
    let mut packages = deb::build(&made)?;
    packages.extend(rpm::build(&made)?);
    Ok(packages)
}

/// What both kinds are made from.
struct Made<'a> {
    workspace: &'a Workspace,
    arch: &'a str,
    version: &'a str,
    /// That every file gets, in seconds since 1970.
    time: String,
    work: PathBuf,
    /// The programs and licences, in a target folder of its own: cargo-deb knows no other place.
    staged: PathBuf,
    out: &'a Path,
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

/// `SOURCE_DATE_EPOCH`, or the commit's time.
fn time(workspace: &Workspace) -> Result<String> {
    if let Ok(time) = env::var("SOURCE_DATE_EPOCH") {
        return Ok(time);
    }
    let mut log = run::program("git", ["log", "-1", "--format=%ct"]);
    let time =
        run::text(log.current_dir(&workspace.root)).context("outside a git repository, set SOURCE_DATE_EPOCH")?;
    Ok(time.trim().to_owned())
}

/// An empty folder of this name.
fn emptied(folder: PathBuf) -> Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}
