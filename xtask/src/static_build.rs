//! `cargo xtask static`: the release build for Linux, one file for every distribution.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use object::Endianness;
use object::elf::{FileHeader64, PT_INTERP};
use object::read::elf::{FileHeader, ProgramHeader};

use crate::run;
use crate::workspace::{PROGRAMS, Program, Workspace};

/// Builds the three programs for this machine's processor and returns their folder.
pub(crate) fn run(workspace: &Workspace) -> Result<PathBuf> {
    run_for(workspace, env::consts::ARCH)
}

/// The same for any processor with a musl target of rustup and a cross compiler of Debian.
pub(crate) fn run_for(workspace: &Workspace, arch: &str) -> Result<PathBuf> {
    if !cfg!(target_os = "linux") {
        bail!("the static build is for Linux; elsewhere use: cargo build --release --workspace");
    }
    let target = target(arch);
    add_target(&target)?;
    let compiler = compiler(&target, arch)?;
    for program in PROGRAMS {
        run::run(command(workspace, &target, &program).envs(compiler.clone()))?;
    }
    let folder = workspace.target.join(&target).join("release");
    for program in PROGRAMS {
        check(&folder, &program)?;
    }
    Ok(folder)
}

/// How cargo builds a program as it is released, for any system.
pub(crate) fn command(workspace: &Workspace, target: &str, program: &Program) -> Command {
    let mut command = workspace.cargo(["build", "--release", "--locked", "--target", target]);
    command.args(program.selection());
    command.envs(program.optimise.map(|level| ("CARGO_PROFILE_RELEASE_OPT_LEVEL", level)));
    command
}

/// Rust's target for static programs on a processor.
pub(crate) fn target(arch: &str) -> String {
    format!("{arch}-unknown-linux-musl")
}

pub(crate) fn add_target(target: &str) -> Result<()> {
    let libraries = PathBuf::from(run::text(&mut run::program("rustc", ["--print", "sysroot"]))?.trim())
        .join("lib/rustlib")
        .join(target);
    if libraries.is_dir() {
        return Ok(());
    }
    if run::find("rustup").is_none() {
        bail!("Rust's standard library for {target} is missing: install it (with rustup: rustup target add {target})");
    }
    run::run(&mut run::program("rustup", ["target", "add", target]))
}

/// The C compiler for ring, if the cc crate would find none. Ring's C code needs no C library, so one for glibc will
/// do, but without fortified functions, which only glibc has. For another processor it also links, since the host's
/// linker cannot.
pub(crate) fn compiler(target: &str, arch: &str) -> Result<Vec<(String, String)>> {
    let underscored = target.replace('-', "_");
    let variable = format!("CC_{underscored}");
    let native = arch == env::consts::ARCH;
    let given = [&variable, "TARGET_CC", "CC"].iter().any(|name| env::var_os(name).is_some());
    let musl = [&format!("{arch}-linux-musl-gcc"), "musl-gcc"].iter().any(|name| run::find(name).is_some());
    if native && (given || musl) {
        return Ok(Vec::new());
    }
    let compiler = if native { "cc".to_owned() } else { format!("{arch}-linux-gnu-gcc") };
    if run::find(&compiler).is_none() {
        let packages = if native { "musl-tools".to_owned() } else { format!("gcc-{arch}-linux-gnu") };
        bail!("no C compiler {compiler}: install it (Debian: apt-get install {packages})");
    }
    let linker = format!("CARGO_TARGET_{}_LINKER", underscored.to_uppercase());
    let mut variables =
        vec![(variable, compiler.clone()), (format!("CFLAGS_{underscored}"), "-U_FORTIFY_SOURCE".into())];
    variables.extend((!native).then_some((linker, compiler)));
    Ok(variables)
}

/// A program with a dynamic loader is an error; one over its size budget is only reported.
pub(crate) fn check(folder: &Path, program: &Program) -> Result<()> {
    let path = folder.join(program.name);
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    if asks_for_loader(&bytes).with_context(|| format!("{} is no 64-bit ELF file", path.display()))? {
        bail!("{} is not static: it asks for a dynamic loader", path.display());
    }
    let size = bytes.len() as u64;
    let verdict = if size > program.size_budget { "OVER its budget of" } else { "within its budget of" };
    eprintln!("{}: static, {size} bytes, {verdict} {} bytes", program.name, program.size_budget);
    Ok(())
}

/// Whether an ELF file has a program header of type `PT_INTERP` (elf(5)).
fn asks_for_loader(file: &[u8]) -> object::Result<bool> {
    let header = FileHeader64::<Endianness>::parse(file)?;
    let endian = header.endian()?;
    Ok(header.program_headers(endian, file)?.iter().any(|program| program.p_type(endian) == PT_INTERP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_files_are_not_called_static() {
        let file = fs::read(env::current_exe().unwrap()).unwrap();
        for bytes in [&b"#!/bin/sh\n"[..], &file[..100]] {
            assert!(asks_for_loader(bytes).is_err());
        }
    }

    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn this_test_is_itself_dynamic() {
        assert!(asks_for_loader(&fs::read(env::current_exe().unwrap()).unwrap()).unwrap());
    }
}
