//! Reruns the tests like someone else's: as an ordinary user with Debian's search path and no `HOME`, with long paths
//! that contain a blank for the checkout and the temporary folder.
//!
//! Everything is built into the same target folder, which has the dependencies already. Only a newcomer's own `cargo`
//! is not tried: root's is often inaccessible to others.

use std::env;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rustix::process::geteuid;

use crate::run;
use crate::test::{self, Outcome};
use crate::workspace::Workspace;

/// The minimal length of the checkout's path, in characters.
const LENGTH: usize = 100;

/// Test targets that only call functions, and depend on neither the user, the checkout's path nor the search path. They
/// run in everybody's tests.
const ELSEWHERE: [&str; 8] = ["fuzz", "properties", "shapes", "personal", "canaries", "hostile", "secrets", "machines"];

/// Becomes the user nobody, with an ordinary user's environment.
const BECOME: [&str; 8] = [
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    "env",
    "--unset=HOME",
    "PATH=/usr/local/bin:/usr/bin:/bin",
    "USER=nobody",
];

/// The obstacle on this machine.
pub(crate) fn obstacle(workspace: &Workspace) -> Option<String> {
    if run::find("git").is_none() {
        return Some("git, which knows what belongs to a checkout, is not installed".into());
    }
    if geteuid().is_root() {
        let reaches = run::program(BECOME[0], &BECOME[1..]).args(["test", "-x"]).arg(&workspace.target).status();
        if !reaches.is_ok_and(|status| status.success()) {
            return Some(format!("no other user can be made to look into {} (setpriv)", workspace.target.display()));
        }
    }
    None
}

pub(crate) fn run(workspace: &Workspace) -> Result<Outcome> {
    let root = checkout(workspace)?;
    // The same folder by a long path: the programs' paths contain a blank, too.
    let target = root.join("target");
    symlink(&workspace.target, &target).with_context(|| format!("cannot create {}", target.display()))?;
    let temporary = root.join("tmp");
    let describe = || format!("cannot create {}", temporary.display());
    fs::create_dir(&temporary).with_context(describe)?;
    fs::set_permissions(&temporary, fs::Permissions::from_mode(0o1777)).with_context(describe)?;
    let newcomer = workspace.at(root, target);

    // Without documentation tests: rustdoc builds them in a folder closed to others.
    let mut selection = newcomer.selection(newcomer.tests().filter(|name| !ELSEWHERE.contains(name)));
    test::build(&newcomer, &selection)?;
    let runner = format!("target.'cfg(unix)'.runner={BECOME:?}");
    if geteuid().is_root() {
        selection.extend(["--config".into(), runner]);
    }
    // The packages' folder, which cannot be found without HOME; a newcomer's access to it is another question.
    let home = env::home_dir().unwrap_or_default().join(".cargo");
    let cargo_home = env::var_os("CARGO_HOME").unwrap_or_else(|| home.into_os_string());
    let environment = [("TMPDIR", temporary.as_os_str()), ("CARGO_HOME", &cargo_home)];
    let mut outcome = test::cargo_test(&newcomer, &selection, &environment)?;
    for line in &mut outcome.skips {
        line.insert_str(0, "as a newcomer: ");
    }
    Ok(outcome)
}

/// A copy of git's files and the untracked ones, inside the target folder: always at the same path and with the files'
/// times, so that only changes are rebuilt.
fn checkout(workspace: &Workspace) -> Result<PathBuf> {
    let root = long(&workspace.own_folder()?);
    let describe = || format!("cannot make {}", root.display());
    if root.exists() {
        fs::remove_dir_all(&root).with_context(describe)?;
    }
    fs::create_dir(&root).with_context(describe)?;
    let mut git = run::program("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listed = run::text(git.current_dir(&workspace.root))?;
    let files = listed.split_terminator('\0').filter(|file| workspace.root.join(file).symlink_metadata().is_ok());
    let mut copy = run::program("cp", ["--archive", "--parents", "--target-directory"]);
    let copied = run::output(copy.arg(&root).arg("--").args(files).current_dir(&workspace.root))?;
    if !copied.status.success() {
        bail!("cannot copy the checkout: {}", String::from_utf8_lossy(&copied.stderr).trim_end());
    }
    run::run(run::program("chmod", ["--recursive", "a+rX"]).arg(&root))?;
    Ok(root)
}

/// A folder in this one, with a blank in its path and of the required length.
fn long(folder: &Path) -> PathBuf {
    let missing = LENGTH.saturating_sub(folder.to_string_lossy().chars().count() + 1);
    folder.join(format!("{:x<missing$}", "a checkout "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_as_long_as_it_should_be() {
        for folder in ["/w/target/xtask", "/häuser/target/xtask"] {
            let path = long(Path::new(folder)).display().to_string();
            assert!(path.chars().count() == LENGTH && path.contains(' '), "{path}");
        }
        assert_eq!(long(Path::new(&"/a".repeat(60))).file_name(), Some("a checkout ".as_ref()));
    }
}
