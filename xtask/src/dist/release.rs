//! Builds and packs the files of a release.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::archive::{self, Entry, Files, Kind};
use super::graph::Graph;
use super::{commit, folders, licenses, sbom, targets};
use crate::workspace::{PROGRAMS, Program, Workspace};
use crate::{cross, packages, run, setup, static_build};

const CHECKSUMS: &str = "SHA256SUMS";
/// Our targets for Linux, which have packages too, end like this.
const LINUX: &str = "-unknown-linux-musl";

/// Fills `target/dist` of a checkout, with the tools of this workspace.
pub(super) fn make(tools: &Workspace, checkout: &Workspace, targets: &[&'static str], source: bool) -> Result<PathBuf> {
    commit::must_be_clean(checkout)?;
    let time = checkout.commit_time()?;
    // What is missing on this machine is told before the first build.
    if targets.iter().any(|target| target.ends_with(LINUX)) {
        packages::must_be_possible()?;
    }
    let toolchains = targets.iter().map(|target| targets::toolchain(tools, target)).collect::<Result<Vec<_>>>()?;
    let folder = checkout.target.join("dist");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let name = format!("{}-{}", PROJECT, checkout.version());
    if source {
        pack(&folder, &name, &commit::source(checkout)?, time)?;
        pack(&folder, &format!("{name}-ansible-role"), &commit::role(checkout)?, time)?;
    }
    for (target, toolchain) in targets.iter().zip(&toolchains) {
        let files = release(tools, checkout, target, toolchain)?;
        for program in PROGRAMS {
            let list = files.get(&parts_list(&program)).context("no list of parts")?;
            write(&folder.join(format!("{}-{}-{target}.cdx.json", program.name, checkout.version())), &list.bytes)?;
        }
        pack(&folder, &format!("{name}-{target}"), &files, time)?;
        if let Some(arch) = target.strip_suffix(LINUX) {
            packages::build(tools, checkout, arch, &staged(checkout, target, &files)?, &folder)?;
        }
    }
    write(&folder.join(CHECKSUMS), checksums(&folder)?.as_bytes())?;
    Ok(folder)
}

/// What the archives and the source are called.
const PROJECT: &str = "anonymous-statistics";

/// An archive with one folder of the same name.
fn pack(folder: &Path, name: &str, files: &Files, time: u64) -> Result<()> {
    write(&folder.join(format!("{name}.tar.gz")), &archive::gzip(&archive::tar(name, files, time)?)?)
}

/// The files of a target's archive in a folder of their own, for packages.
fn staged(checkout: &Workspace, target: &str, files: &Files) -> Result<PathBuf> {
    let folder = checkout.own_folder()?.join("staged").join(target);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    archive::unpacked(&folder, files)?;
    Ok(folder)
}

/// All files for one target: the programs, each with the list of its parts, and what belongs to them.
fn release(tools: &Workspace, checkout: &Workspace, target: &str, toolchain: &[(String, String)]) -> Result<Files> {
    // Beside the builds for tests, whose flags are others.
    let builds = checkout.at(checkout.root.clone(), checkout.own_folder()?.join("dist"));
    let rust = run::text(&mut run::program("rustc", ["--version"]))?;
    let rust = rust.split(' ').nth(1).context("rustc tells no version")?;
    let mut files = commit::companions(checkout)?;
    let mut graphs = Vec::new();
    for program in PROGRAMS {
        let graph = Graph::of(&builds, &program, target)?;
        let bytes = build(tools, &builds, &program, target, toolchain, &graph)?;
        let parts = sbom::cyclonedx(&graph, program.name, target, &checksum(&bytes), rust);
        let parts = (serde_json::to_string_pretty(&parts)? + "\n").into_bytes();
        for (name, bytes) in [(program.name, &bytes), ("its list of parts", &parts)] {
            folders::check(name, bytes, &folders::private(checkout))?;
        }
        files.insert(parts_list(&program), Entry { kind: Kind::File, bytes: parts });
        files.insert(program.name.to_owned(), Entry { kind: Kind::Program, bytes });
        graphs.push(graph);
    }
    let others = licenses::page(&graphs, &folders::registries()?)?.into_bytes();
    files.insert("licenses/dependencies.txt".into(), Entry { kind: Kind::File, bytes: others });
    let rust = read(&folders::sysroot()?.join("share/doc/rust/COPYRIGHT-library.html"))?;
    files.insert("licenses/rust.html".into(), Entry { kind: Kind::File, bytes: rust });
    Ok(files)
}

fn parts_list(program: &Program) -> String {
    format!("sbom/{}.cdx.json", program.name)
}

/// Builds a program on its own, with the list of its parts inside.
fn build(
    tools: &Workspace,
    checkout: &Workspace,
    program: &Program,
    target: &str,
    toolchain: &[(String, String)],
    graph: &Graph,
) -> Result<Vec<u8>> {
    let precursor = checkout.target.join(format!("{}-{target}.cargo-sbom.json", program.name));
    write(&precursor, graph.precursor().to_string().as_bytes())?;

    let mut command = static_build::command(checkout, target, program);
    command.envs(toolchain.iter().cloned());
    // Joined with those of .cargo/config.toml, which these variables would replace.
    command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    let flags = serde_json::to_string(&folders::remapped(checkout)?)?;
    command.arg("--config").arg(format!("target.{target}.rustflags={flags}"));
    // As cargo-auditable does it, but by its name alone: cargo lets the wrapper's path change the program. It takes the
    // file below in place of what cargo metadata says.
    let program_of_tool = setup::cargo_tool(tools, &setup::CARGO_AUDITABLE)?;
    let folder = program_of_tool.parent().unwrap_or(Path::new("/"));
    let path = env::var_os("PATH").unwrap_or_default();
    command.env("PATH", env::join_paths([folder.to_owned()].into_iter().chain(env::split_paths(&path)))?);
    command.env("RUSTC_WORKSPACE_WRAPPER", "cargo-auditable").env("CARGO_AUDITABLE_ORIG_ARGS", "{}");
    command.env("CARGO_SBOM_PATH", &precursor);
    run::run(&mut command)?;

    let folder = checkout.target.join(target).join("release");
    if target.ends_with(LINUX) {
        static_build::check(&folder, program)?;
    }
    let bytes = read(&folder.join(program.name))?;
    if target.ends_with("-freebsd") {
        cross::note::check(&bytes).with_context(|| format!("{} for {target}", program.name))?;
    }
    graph.check_embedded(&bytes).with_context(|| format!("{} for {target}", program.name))?;
    Ok(bytes)
}

fn checksum(bytes: &[u8]) -> String {
    hmac_sha256::Hash::hash(bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What `sha256sum` would print for a folder's files, but for that of the sums.
pub(super) fn checksums(folder: &Path) -> Result<String> {
    let describe = || format!("cannot read {}", folder.display());
    let mut lines = Vec::new();
    for entry in fs::read_dir(folder).with_context(describe)? {
        let entry = entry.with_context(describe)?;
        if entry.file_name() != CHECKSUMS {
            lines.push((entry.file_name(), checksum(&read(&entry.path())?)));
        }
    }
    lines.sort();
    Ok(lines.iter().fold(String::new(), |text, (name, sum)| text + sum + "  " + &name.to_string_lossy() + "\n"))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let describe = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(describe)?;
    }
    fs::write(path, bytes).with_context(describe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_its_checksum() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b", "a", CHECKSUMS] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        // sha256sum's answers.
        let expected = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb  a\n\
            3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d  b\n";
        assert_eq!(checksums(folder.path()).unwrap(), expected);
    }
}
