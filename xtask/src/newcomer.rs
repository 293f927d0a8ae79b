//! The tests once more, as somebody else runs them: an ordinary user with Debian's search path and no `HOME`, in a checkout and
//! with a folder for temporary files whose paths are long and have a blank in them.
//!
//! Everything is built into the same target folder, where the crates of others are. Only a newcomer's own `cargo` is not
//! tried: where root has it, others seldom reach it.

use std::env;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rustix::process::geteuid;

use crate::run;
use crate::test::{self, Outcome};
use crate::workspace::Workspace;

/// How many characters the checkout's path has, at least.
const LENGTH: usize = 100;

/// Test targets to which neither the user, nor the checkout's place, nor the search path makes a difference: they ask functions
/// for answers. Everybody's run has them.
const ELSEWHERE: [&str; 8] = ["fuzz", "properties", "shapes", "personal", "canaries", "hostile", "secrets", "machines"];

/// Becomes the user nobody, who has what an ordinary user has.
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

/// What is missing on this machine.
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
    // The same folder by a path as long: the programs, too, are where no blank was expected.
    let target = root.join("target");
    symlink(&workspace.target, &target).with_context(|| format!("cannot create {}", target.display()))?;
    let temporary = root.join("tmp");
    let describe = || format!("cannot create {}", temporary.display());
    fs::create_dir(&temporary).with_context(describe)?;
    fs::set_permissions(&temporary, fs::Permissions::from_mode(0o1777)).with_context(describe)?;
    let newcomer = workspace.at(root, target);

    // No tests of the documentation: what rustdoc builds lies in a folder that is closed to others.
    let features = newcomer.features();
    let mut selection = vec!["--workspace", "--lib", "--bins", "--features", &features];
    selection.extend(newcomer.tests().filter(|name| !ELSEWHERE.contains(name)).flat_map(|name| ["--test", name]));
    test::build(&newcomer, &selection)?;
    let runner = format!("target.'cfg(unix)'.runner={BECOME:?}");
    if geteuid().is_root() {
        selection.extend(["--config", &runner]);
    }
    // Where the packages are, which without HOME nobody finds; whether a newcomer may look there is another question.
    let home = env::home_dir().unwrap_or_default().join(".cargo");
    let cargo_home = env::var_os("CARGO_HOME").unwrap_or_else(|| home.into_os_string());
    let environment = [("TMPDIR", temporary.as_os_str()), ("CARGO_HOME", &cargo_home)];
    let mut outcome = test::cargo_test(&newcomer, &selection, &environment)?;
    for line in &mut outcome.skips {
        line.insert_str(0, "as a newcomer: ");
    }
    Ok(outcome)
}

/// A copy of what git knows, and of what is new, inside the target folder: always in the same place, with the times of the
/// files, so that only what has changed is built again.
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

/// A folder in this one whose path has a blank, and as many characters as it should.
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
