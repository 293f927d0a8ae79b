//! What this machine can build for others to run.

use std::env;

use anyhow::{Result, bail};

use crate::workspace::Workspace;
use crate::{cross, static_build};

const LINUX: [&str; 2] = ["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"];
const FREEBSD: &str = "x86_64-unknown-freebsd";
const MACOS: [&str; 2] = ["aarch64-apple-darwin", "x86_64-apple-darwin"];

/// All that an operating system can build. Linux links for macOS only as a check: the programs would ask for a newer
/// macOS than those that a Mac builds, and CI tests the latter.
fn of(system: &str) -> Vec<&'static str> {
    match system {
        "linux" => [&LINUX[..], &[FREEBSD]].concat(),
        "macos" => MACOS.to_vec(),
        "freebsd" => vec![FREEBSD],
        _ => Vec::new(),
    }
}

/// The wanted targets, or all.
pub(super) fn chosen(wanted: &[String]) -> Result<Vec<&'static str>> {
    chosen_on(env::consts::OS, wanted)
}

fn chosen_on(system: &str, wanted: &[String]) -> Result<Vec<&'static str>> {
    let possible = of(system);
    if let Some(target) = wanted.iter().find(|target| !possible.contains(&target.as_str())) {
        let native = ["macos", "freebsd", "linux"].into_iter().find(|other| of(other).contains(&target.as_str()));
        match native {
            Some(native) => bail!("{target} is not built on {system} but on {native} (docs/platforms.md)"),
            None => bail!("{target} is no target of a release: {}", possible.join(" ")),
        }
    }
    Ok(possible.into_iter().filter(|target| wanted.is_empty() || wanted.iter().any(|other| other == target)).collect())
}

/// The variables by which cargo finds compiler and linker for a target; none if the system's own will do. `tools` is
/// the workspace with the folder for tools.
pub(super) fn toolchain(tools: &Workspace, target: &str) -> Result<Vec<(String, String)>> {
    static_build::add_target(target)?;
    match target.strip_suffix("-unknown-linux-musl") {
        Some(arch) => static_build::compiler(target, arch),
        None if env::consts::OS == "linux" => cross::toolchain(tools, target),
        None => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_of_another_system_is_refused_with_the_place_to_build_it() {
        let wanted = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(chosen_on("linux", &[]).unwrap().len(), 3);
        assert_eq!(chosen_on("macos", &wanted(&["x86_64-apple-darwin"])).unwrap(), ["x86_64-apple-darwin"]);
        // Each once, in our order.
        let twice = wanted(&[FREEBSD, LINUX[0], FREEBSD]);
        assert_eq!(chosen_on("linux", &twice).unwrap(), [LINUX[0], FREEBSD]);
        let error = |names: &[&str]| chosen_on("linux", &wanted(names)).unwrap_err().to_string();
        assert!(error(&["aarch64-apple-darwin"]).contains("on macos"));
        assert!(error(&["x86_64-pc-windows-msvc"]).contains("no target of a release"));
    }
}
