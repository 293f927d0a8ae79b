//! A root of Debian's base system, with the packages of netdata in apt's cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use testkit::said;

pub(crate) struct Root {
    folder: tempfile::TempDir,
    packages: PathBuf,
}

impl Root {
    /// `None`, which is a skip: somebody else than `cargo xtask ci --all` calls the test.
    pub(crate) fn unpack(test: &str) -> Option<Self> {
        let packages = packages(test)?;
        let Some(archive) = std::env::var_os("DEBIAN_ROOT") else {
            testkit::skip(test, "DEBIAN_ROOT names no archive of a root (cargo xtask ci --all makes it)");
            return None;
        };
        if !rustix::process::geteuid().is_root() {
            testkit::skip(test, "only root can change roots");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        testkit::set_mode(folder.path(), 0o755);
        succeed(Command::new("tar").arg("--extract").arg("--file").arg(archive).arg("--directory").arg(folder.path()));
        // Nobody needs its files after a loss of power.
        fs::write(folder.path().join("etc/dpkg/dpkg.cfg.d/unsafe-io"), "force-unsafe-io\n").unwrap();
        Some(Self { folder, packages })
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path.strip_prefix('/').unwrap())
    }

    /// A command in the root, in namespaces of its own with loopback only.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        let setup = r#"ip link set lo up && mount -t proc none "$0/proc" && exec chroot "$0" "$@""#;
        command.args(["--net", "--mount", "--pid", "--fork", "sh", "-c", setup]).arg(self.folder.path()).args(words);
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
