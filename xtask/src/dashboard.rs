//! `cargo xtask dashboard`: the dashboard's module, and the agent's own dashboard, in a real browser with the real
//! daemon.
//!
//! The tests are a Node.js program in `tests/dashboard`. Its packages are installed below `target/` from its lock file,
//! and it runs with loopback as the only network.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::enclosure::Enclosure;
use crate::run;
use crate::workspace::Workspace;

const TESTS: &str = "tests/dashboard";
/// npm's input.
const PACKAGE_FILES: [&str; 2] = ["package.json", "package-lock.json"];
/// The tests' programs that are not npm packages, with Debian's names.
const PROGRAMS: [(&str, &str); 5] = [
    ("/usr/bin/chromium", "chromium"),
    ("/usr/sbin/nginx", "nginx-light"),
    ("/usr/sbin/netdata", "netdata"),
    ("/usr/share/netdata/web/index.html", "netdata"),
    ("/usr/bin/openssl", "openssl"),
];
/// Far more than all tests take, even on a busy machine.
const TIMEOUT_SECONDS: &str = "900";

/// The reason why the tests cannot run on this machine.
pub(crate) fn obstacle(workspace: &Workspace) -> Result<Option<String>> {
    if !cfg!(target_os = "linux") {
        return Ok(Some("Debian's netdata runs on Linux only".to_owned()));
    }
    for program in ["node", "npm"] {
        if run::find(program).is_none() {
            return Ok(Some(format!("{program} is not installed")));
        }
    }
    let missing = PROGRAMS.iter().find(|(file, _)| !Path::new(file).exists());
    if let Some((file, package)) = missing {
        return Ok(Some(format!("there is no {file} (Debian package {package})")));
    }
    let enclosure = Enclosure::find(workspace)?;
    Ok(enclosure.missing().map(|reason| format!("a browser needs a network of its own: {reason}")))
}

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    if let Some(reason) = obstacle(workspace)? {
        bail!(reason);
    }
    let features = workspace.features();
    run::run(run::cargo(["build", "--workspace", "--locked", "--features", &features]).current_dir(&workspace.root))?;
    let modules = install(workspace)?;
    types(workspace, &modules)?;

    let temporary = tempfile::Builder::new().prefix("dashboard-").tempdir_in(workspace.own_folder()?)?;
    // The daemon changes its user.
    fs::set_permissions(temporary.path(), fs::Permissions::from_mode(0o755))?;
    // Debian 12's node 18 has no time limit of its own.
    let mut inner = run::program("timeout", ["--kill-after=10", TIMEOUT_SECONDS, "node", "--test"]);
    // A browser and a daemon each keep a processor busy.
    inner.args(["--test-concurrency=2", "--test-reporter=spec"]);
    inner.args(test_files(&workspace.root.join(TESTS))?);
    let enclosure = Enclosure::find(workspace)?;
    enclosure.announce();
    let mut command = enclosure.command(&inner);
    command.current_dir(&workspace.root).env("TMPDIR", temporary.path());
    command.env("DASHBOARD_MODULES", &modules).env("DASHBOARD_PROGRAMS", workspace.target.join("debug"));
    run::run(&mut command)
}

/// The folder with the exact packages of the lock file.
fn install(workspace: &Workspace) -> Result<PathBuf> {
    let (from, to) = (workspace.root.join(TESTS), workspace.target.join("dashboard"));
    // npm writes it last.
    let complete = to.join("node_modules/.package-lock.json").is_file();
    let same = |name: &str| fs::read(from.join(name)).ok() == fs::read(to.join(name)).ok();
    if complete && PACKAGE_FILES.iter().all(|name| same(name)) {
        return Ok(to);
    }
    fs::create_dir_all(&to).with_context(|| format!("cannot create {}", to.display()))?;
    for name in PACKAGE_FILES {
        fs::copy(from.join(name), to.join(name)).with_context(|| format!("cannot copy {name}"))?;
    }
    run::run(run::program("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&to))?;
    Ok(to)
}

/// Checks the type declarations with a TypeScript dashboard that uses them and those of the real client.
fn types(workspace: &Workspace, modules: &Path) -> Result<()> {
    let folder = modules.join("types");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for file in ["dashboard/telemetry.js", "dashboard/telemetry.d.ts", "tests/dashboard/types.mts"] {
        let file = workspace.root.join(file);
        let name = file.file_name().context("a file has a name")?;
        fs::copy(&file, folder.join(name)).with_context(|| format!("cannot copy {}", file.display()))?;
    }
    let mut command = run::program("node", [modules.join("node_modules/typescript/bin/tsc")]);
    command.args(["--noEmit", "--strict", "--module", "esnext", "--moduleResolution", "bundler"]);
    command.args(["--target", "es2022", "--lib", "es2022,dom", "--skipLibCheck", "types.mts"]);
    run::run(command.current_dir(folder))
}

fn test_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let describe = || format!("cannot read {}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(describe)? {
        let path = entry.with_context(describe)?.path();
        if path.to_string_lossy().ends_with(".test.mjs") {
            files.push(path);
        }
    }
    if files.is_empty() {
        bail!("there are no tests in {}", folder.display());
    }
    // The longest starts first.
    files.sort_by_key(|path| std::cmp::Reverse(fs::metadata(path).map_or(0, |metadata| metadata.len())));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_names_no_registry() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(TESTS);
        let lock = fs::read_to_string(folder.join("package-lock.json")).unwrap();
        assert!(lock.contains("\"integrity\"") && !lock.contains("\"resolved\""));
        let settings = fs::read_to_string(folder.join(".npmrc")).unwrap();
        assert!(settings.contains("omit-lockfile-registry-resolved=true"), "so that it stays so");
    }
}
