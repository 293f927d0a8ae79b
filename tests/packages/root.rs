//! A root of Debian's base system, with the packages of netdata in apt's cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use testkit::{enclosure, said};

use crate::place::below;

/// Set inside: the file that says that the test ran there.
const RAN: &str = "PACKAGES_TEST_RAN";

pub(crate) struct Root {
    folder: tempfile::TempDir,
    packages: PathBuf,
}

impl Drop for Root {
    fn drop(&mut self) {
        for place in [self.folder.path().join("proc"), self.folder.path().to_owned()] {
            let _ = Command::new("umount").arg(place).status();
        }
    }
}

impl Root {
    /// `None`: the test is skipped, or has passed in namespaces of its own, which have no network but loopback.
    pub(crate) fn unpack(module: &str, test: &str) -> Option<Self> {
        let packages = packages(test)?;
        let Some(archive) = std::env::var_os("DEBIAN_ROOT") else {
            testkit::skip(test, "DEBIAN_ROOT names no archive of a root (cargo xtask ci --all makes it)");
            return None;
        };
        if !rustix::process::geteuid().is_root() {
            testkit::skip(test, "only root can change roots");
            return None;
        }
        let Some(ran) = std::env::var_os(RAN) else {
            let ran = tempfile::NamedTempFile::new().unwrap();
            let export = format!("export {RAN}={}", testkit::quoted(ran.path()));
            let name = format!("{module}::{test}");
            let status = enclosure::enclose(&[&name, "--exact", "--nocapture"], &[], &export);
            assert!(status.success(), "{test} failed inside its namespaces: {status}");
            assert!(ran.as_file().metadata().unwrap().len() > 0, "{name} is no test");
            return None;
        };
        fs::write(ran, "ran").unwrap();
        let folder = tempfile::tempdir().unwrap();
        // In memory, where nobody waits for a disk. It goes with the namespace.
        succeed(Command::new("mount").args(["-t", "tmpfs", "-o", "mode=755", "none"]).arg(folder.path()));
        succeed(Command::new("tar").arg("--extract").arg("--file").arg(archive).arg("--directory").arg(folder.path()));
        succeed(Command::new("mount").args(["-t", "proc", "none"]).arg(folder.path().join("proc")));
        Some(Self { folder, packages })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        below(self.folder.path(), path)
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("chroot");
        command.arg(self.folder.path()).args(words);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    }

    pub(crate) fn output(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Standard output of a command that must succeed.
    pub(crate) fn run(&self, words: &[&str]) -> String {
        succeed(&mut self.command(words))
    }

    /// Standard error of a command that must fail.
    pub(crate) fn refused(&self, words: &[&str]) -> String {
        let output = self.output(words);
        assert!(!output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// Puts a copy of a package into the root.
    pub(crate) fn bring(&self, package: &Path) -> String {
        let path = format!("/{}", package.file_name().unwrap().to_str().unwrap());
        fs::copy(package, self.path(&path)).unwrap();
        path
    }

    /// The built package of this name, whose file's name ends so.
    pub(crate) fn ours(&self, name: &str, ending: &str) -> PathBuf {
        find(&self.packages, name, ending)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        fs::write(self.path(path), text).unwrap();
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }
}

/// The folder of the built packages.
pub(crate) fn packages(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("PACKAGES").map(PathBuf::from);
    if folder.is_none() {
        testkit::skip(test, "PACKAGES names no folder with packages (cargo xtask packages)");
    }
    folder
}

pub(crate) fn find(folder: &Path, name: &str, ending: &str) -> PathBuf {
    let fits = |path: &PathBuf| {
        let file = path.file_name().unwrap().to_str().unwrap();
        let version = file.strip_prefix(name).and_then(|rest| rest.strip_prefix(['_', '-']));
        version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit())) && file.ends_with(ending)
    };
    let mut found = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(fits);
    let path = found.next().unwrap();
    assert!(found.next().is_none(), "{} has several packages {name}", folder.display());
    path
}

pub(crate) fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    said(&output).0
}
