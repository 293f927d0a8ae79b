//! Namespaces for a test program, which restarts itself in them.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};

use anonymous_statistics::agent::folders::CONFIG_DIRECTORIES;

use crate::set_mode;

/// Set inside: the folder of the files mounted over those of `/etc`.
const FOLDER: &str = "ENCLOSED_FILES";
/// Set inside: `root` if root made the namespaces, otherwise another word.
const MADE_BY: &str = "ENCLOSED_BY";

/// For unshare(1). Somebody else may not mount another `/proc`.
const PROCESSES: &[&str] = &["--pid", "--fork", "--kill-child", "--mount-proc"];

/// Inside, the folder of the files mounted over those of `/etc`; a write to one is visible in the other.
pub fn inside() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// Whether real root made the namespaces.
pub fn by_root() -> bool {
    std::env::var_os(MADE_BY).is_some_and(|who| who == "root")
}

/// Restarts this program in mount and network namespaces with loopback only, without an opt-out file, and with these
/// texts for files of `/etc`; for root also in a process namespace, which hides the daemons of other tests. A shell runs
/// `more` before.
pub fn enclose(arguments: &[impl AsRef<OsStr>], files: &[(&str, &str)], more: &str) -> ExitStatus {
    let folder = tempfile::tempdir().unwrap();
    set_mode(folder.path(), 0o755);
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    let setup = format!(
        "ip link set lo up || exit 90\n\
         for folder in {}; do if [ -d $folder ]; then mount -t tmpfs -o mode=755 none $folder || exit 91; fi; done\n\
         for file in {}; do mount --bind \"${FOLDER}/$file\" /etc/$file || exit 92; done\n\
         {more}\nexec \"$@\"",
        CONFIG_DIRECTORIES.join(" "),
        names.join(" ")
    );
    let root = rustix::process::geteuid().is_root();
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--net"]);
    unshare.args(if root { PROCESSES } else { &["--user", "--map-root-user"] });
    unshare.args(["sh", "-c", &setup, "sh"]).arg(std::env::current_exe().unwrap()).args(arguments);
    unshare.env(FOLDER, folder.path()).env(MADE_BY, if root { "root" } else { "somebody" }).status().unwrap()
}

/// The same for one test.
pub fn enclose_test(test: &str, files: &[(&str, &str)]) {
    let status = enclose(&[test, "--exact", "--nocapture"], files, "");
    assert!(status.success(), "{test} failed inside its namespaces: {status}");
}
