//! What `cargo xtask ci` installs on a machine that may be changed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::run;
use crate::workspace::Workspace;

/// Debian's packages for the system tests, the static build and the benchmarks.
const PACKAGES: [&str; 14] = [
    "ca-certificates",
    "curl",
    "hyperfine",
    "iproute2",
    "musl-tools",
    "netdata",
    "nginx-light",
    "openssl",
    "python3",
    "strace",
    "time",
    "tmux",
    "util-linux",
    "xz-utils",
];

/// Installs what dpkg does not know as installed.
pub(crate) fn packages() -> Result<()> {
    if run::find("dpkg-query").is_none() || run::find("apt-get").is_none() {
        bail!("this is no Debian machine: install by hand what these packages hold: {}", PACKAGES.join(" "));
    }
    // It exits 1 as soon as one package is unknown, and still prints the others.
    let known =
        run::output(run::program("dpkg-query", ["-W", "-f", "${Package} ${db:Status-Status}\n"]).args(PACKAGES))?;
    let missing = missing(&String::from_utf8_lossy(&known.stdout));
    if missing.is_empty() {
        eprintln!("All {} Debian packages are installed.", PACKAGES.len());
        return Ok(());
    }
    let _guard = NoServices::set()?;
    run::run(run::program("apt-get", ["update", "--quiet", "--quiet"]).env("DEBIAN_FRONTEND", "noninteractive"))?;
    let mut command = run::program("apt-get", ["install", "--yes", "--quiet", "--quiet", "--no-install-recommends"]);
    run::run(command.args(missing).env("DEBIAN_FRONTEND", "noninteractive"))
}

fn missing(known: &str) -> Vec<&'static str> {
    let installed: Vec<&str> = known.lines().filter_map(|line| line.strip_suffix(" installed")).collect();
    PACKAGES.into_iter().filter(|package| !installed.contains(package)).collect()
}

/// While it lives, no package starts its service at installation (Debian policy 9.3.3, invoke-rc.d(8)).
struct NoServices {
    ours: Option<PathBuf>,
}

impl NoServices {
    fn set() -> Result<Self> {
        Self::set_at(Path::new("/usr/sbin/policy-rc.d"))
    }

    /// A policy that is there already is left alone: it is the machine owner's, and build machines have one that says the same.
    fn set_at(path: &Path) -> Result<Self> {
        if path.exists() {
            eprintln!("{} is there already and stays as it is.", path.display());
            return Ok(Self { ours: None });
        }
        let describe = || format!("cannot write {}", path.display());
        fs::write(
            path,
            "#!/bin/sh\n# written by cargo xtask ci, removed when it has installed its packages\nexit 101\n",
        )
        .with_context(describe)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).with_context(describe)?;
        Ok(Self { ours: Some(path.to_owned()) })
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if let Some(path) = &self.ours
            && let Err(error) = fs::remove_file(path)
        {
            eprintln!("WARNING: cannot remove {}: {error}", path.display());
        }
    }
}

/// rustfmt and clippy, which a minimal toolchain does not have.
pub(crate) fn components() -> Result<()> {
    for (program, component) in [("cargo-fmt", "rustfmt"), ("cargo-clippy", "clippy")] {
        // rustup's own stand-ins are on the path even without the component, so the program is asked.
        if run::output(run::program(program, ["--version"]).env_remove("RUSTUP_AUTO_INSTALL"))
            .is_ok_and(|output| output.status.success())
        {
            continue;
        }
        if run::find("rustup").is_none() {
            bail!("{program} is missing: install it");
        }
        run::run(&mut run::program("rustup", ["component", "add", component]))?;
    }
    Ok(())
}

const CARGO_DENY: &str = "0.20.2";

/// cargo-deny of the pinned version, built into target/tools where it is not there yet.
pub(crate) fn cargo_deny(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target.join("tools");
    let program = folder.join("bin/cargo-deny");
    let version = run::text(&mut run::program(&program, ["--version"])).unwrap_or_default();
    if version.trim() != format!("cargo-deny {CARGO_DENY}") {
        // An unoptimised build checks our few crates as fast, and is there in a tenth of the time.
        let mut command =
            run::cargo(["install", "cargo-deny", "--version", CARGO_DENY, "--locked", "--debug", "--force"]);
        command
            .args(["--config", "profile.dev.debug=0", "--root"])
            .arg(&folder)
            .arg("--target-dir")
            .arg(folder.join("build"));
        run::run(&mut command)?;
        let build = folder.join("build");
        fs::remove_dir_all(&build).with_context(|| format!("cannot remove {}", build.display()))?;
    }
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_that_are_known_but_not_installed_are_missing() {
        let mut known = PACKAGES.map(|package| format!("{package} installed\n")).concat();
        assert!(missing(&known).is_empty());
        known = known.replace("tmux installed", "tmux config-files").replace("curl installed\n", "");
        assert_eq!(missing(&known), ["curl", "tmux"]);
    }

    #[test]
    fn the_policy_against_services_is_there_only_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy-rc.d");
        let guard = NoServices::set_at(&path).unwrap();
        assert_eq!(run::output(&mut run::program(&path, ["netdata", "start"])).unwrap().status.code(), Some(101));
        drop(guard);
        assert!(!path.exists());
        fs::write(&path, "theirs").unwrap();
        drop(NoServices::set_at(&path).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
    }
}
