//! `cargo xtask cross`: checks the whole workspace for other systems with clippy, or with `--link` links it.

mod documented;
pub(crate) mod note;
mod target;
mod zig;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use object::{Object, ObjectSymbol};

use target::Target;

use crate::run;
use crate::static_build::{self, add_target};
use crate::workspace::{PREVIEW, PROGRAMS, Program, SYSTEM_INFO, Workspace};
use documented::System;
use zig::Zig;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Link the release programs instead, and list what they take from the system
    #[arg(long)]
    link: bool,
}

const TARGETS: [Target; 3] = [
    Target { triple: "x86_64-unknown-freebsd", zig: "x86_64-freebsd", system: System::FreeBsd },
    Target { triple: "aarch64-apple-darwin", zig: "aarch64-macos", system: System::MacOs },
    Target { triple: "x86_64-apple-darwin", zig: "x86_64-macos", system: System::MacOs },
];

pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    if arguments.link { link(workspace) } else { clippy(workspace) }
}

/// The reason why this machine cannot do it.
pub(crate) fn obstacle() -> Option<&'static str> {
    if run::find("rustup").is_none() {
        return Some("no rustup to add the standard libraries of other systems");
    }
    run::find("python3").is_none().then_some("no python3 to install zig with")
}

/// Everything, with every feature and test, as compiled on those systems. One processor of macOS is enough: differences
/// between processors are compiled for Linux too, and [`link`] builds for both.
pub(crate) fn clippy(workspace: &Workspace) -> Result<()> {
    let zig = Zig::install(workspace)?;
    let mut systems = Vec::new();
    for target in &TARGETS {
        if systems.contains(&target.system) {
            continue;
        }
        systems.push(target.system);
        add_target(target.triple)?;
        let arguments = ["clippy", "--workspace", "--all-targets", "--all-features", "--locked", "--target"];
        let mut command = run::cargo(arguments);
        command.args([target.triple, "--", "-D", "warnings"]);
        run::run(command.envs(zig.compiler(target)?).current_dir(&workspace.root))?;
    }
    Ok(())
}

/// Links the programs for those systems. Symbols come from zig's copies of the systems' own lists, and from libraries
/// with the `documented` ones only: any other symbol is a linker error.
pub(crate) fn link(workspace: &Workspace) -> Result<()> {
    let mut page = String::from(
        "\n| target | program | bytes | libraries | symbols | not of the C library |\n|---|---|---:|---|---:|---|\n",
    );
    for target in &TARGETS {
        add_target(target.triple)?;
        let toolchain = toolchain(workspace, target.triple)?;
        for program in PROGRAMS {
            run::run(static_build::command(workspace, target.triple, &program).envs(toolchain.clone()))?;
            let path = workspace.target.join(target.triple).join("release").join(program.name);
            page.push_str(&row(target, &program, &path)?);
        }
    }
    println!("{page}");
    Ok(())
}

/// The variables by which cargo builds and links programs for another system.
pub(crate) fn toolchain(workspace: &Workspace, triple: &str) -> Result<Vec<(String, String)>> {
    let target = TARGETS.iter().find(|target| target.triple == triple);
    let target = target.with_context(|| format!("zig is not asked for {triple}"))?;
    let zig = Zig::install(workspace)?;
    let stubs = zig.stubs(target)?;
    Ok([zig.compiler(target)?, zig.linker(target, &stubs)?].concat())
}

fn row(target: &Target, program: &Program, path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let imported = Imported::of(&bytes).with_context(|| format!("cannot understand {}", path.display()))?;
    let describe = || format!("{} for {}", program.name, target.triple);
    imported.check(program).with_context(describe)?;
    if target.system == System::FreeBsd {
        note::check(&bytes).with_context(describe)?;
    }
    let beyond: Vec<&str> = imported
        .symbols
        .iter()
        .filter(|symbol| documented::library(target.system, symbol).is_some())
        .map(String::as_str)
        .collect();
    let beyond = if beyond.is_empty() { "none".to_owned() } else { beyond.join(" ") };
    let (size, libraries, count) = (bytes.len(), imported.libraries.join(" "), imported.symbols.len());
    Ok(format!("| {} | {} | {size} | {libraries} | {count} | {beyond} |\n", target.triple, program.name))
}

/// A program's imports from the system.
struct Imported {
    libraries: Vec<String>,
    symbols: Vec<String>,
}

/// Functions that start a process or another program.
const STARTS_A_PROCESS: [&str; 11] = [
    "fork",
    "vfork",
    "rfork",
    "posix_spawn",
    "posix_spawnp",
    "execve",
    "execv",
    "execvp",
    "fexecve",
    "popen",
    "system",
];
/// Functions that reach a network or look up a name.
const NETWORK: [&str; 5] = ["connect", "bind", "getaddrinfo", "gethostbyname", "sendto"];

impl Imported {
    fn of(bytes: &[u8]) -> Result<Self> {
        let file = object::File::parse(bytes)?;
        // Mach-O prefixes C names with an underscore.
        let macho = matches!(file, object::File::MachO32(_) | object::File::MachO64(_));
        let plain = |name: &str| if macho { name.strip_prefix('_').unwrap_or(name) } else { name }.to_owned();
        let undefined = file.dynamic_symbols().chain(file.symbols()).filter(ObjectSymbol::is_undefined);
        let mut symbols: Vec<String> = undefined.filter_map(|symbol| symbol.name().ok().map(&plain)).collect();
        symbols.retain(|name| !name.is_empty());
        symbols.sort_unstable();
        symbols.dedup();
        Ok(Self { libraries: libraries(&file), symbols })
    }

    fn check(&self, program: &Program) -> Result<()> {
        if self.symbols.is_empty() {
            bail!("takes nothing from the system: the file was not understood");
        }
        let has = |names: &[&str]| -> Vec<String> {
            self.symbols.iter().filter(|symbol| names.contains(&symbol.as_str())).cloned().collect()
        };
        let starts = has(&STARTS_A_PROCESS);
        // The preview's terminal library asks tput(1) for a size that the terminal does not tell.
        if program.name != PREVIEW.name && !starts.is_empty() {
            bail!("could start a process: {}", starts.join(" "));
        }
        let network = has(&NETWORK);
        if program.name == SYSTEM_INFO.name && !network.is_empty() {
            bail!("could reach a network: {}", network.join(" "));
        }
        Ok(())
    }
}

/// The libraries for the loader, by file name.
fn libraries(file: &object::File<'_>) -> Vec<String> {
    use object::read::elf::{Dyn, FileHeader};
    use object::read::macho::LoadCommandVariant;
    let mut names = Vec::new();
    match file {
        object::File::MachO64(file) => {
            let endian = object::Endianness::Little;
            let Ok(mut commands) = file.macho_load_commands() else { return names };
            while let Ok(Some(command)) = commands.next() {
                if let Ok(LoadCommandVariant::Dylib(dylib)) = command.variant()
                    && let Ok(name) = command.string(endian, dylib.dylib.name)
                {
                    names.push(String::from_utf8_lossy(name).into_owned());
                }
            }
        }
        object::File::Elf64(file) => {
            let (endian, data) = (file.endian(), file.data());
            let header = file.elf_header();
            let Ok(sections) = header.sections(endian, data) else { return names };
            let Ok(Some((entries, strings))) = sections.dynamic(endian, data) else { return names };
            let strings = sections.strings(endian, data, strings).unwrap_or_default();
            for entry in entries {
                if entry.tag32(endian) == Some(object::elf::DT_NEEDED)
                    && let Ok(name) = entry.string(endian, strings)
                {
                    names.push(String::from_utf8_lossy(name).into_owned());
                }
            }
        }
        _ => {}
    }
    names.iter().map(|name| name.rsplit('/').next().unwrap_or(name).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_test_takes_from_its_system_is_read() {
        let bytes = fs::read(std::env::current_exe().unwrap()).unwrap();
        let imported = Imported::of(&bytes).unwrap();
        assert!(!imported.libraries.is_empty());
        assert!(imported.symbols.iter().any(|symbol| symbol == "getenv"), "{:?}", imported.symbols);
        // xtask starts programs.
        assert!(imported.check(&SYSTEM_INFO).is_err());
    }

    #[test]
    fn a_network_is_for_the_sender() {
        let imported = Imported { libraries: Vec::new(), symbols: vec!["connect".into()] };
        assert!(imported.check(&SYSTEM_INFO).is_err());
        assert!(imported.check(&crate::workspace::SENDER).is_ok());
        let nothing = Imported { libraries: Vec::new(), symbols: Vec::new() };
        assert!(nothing.check(&crate::workspace::SENDER).is_err());
    }
}
