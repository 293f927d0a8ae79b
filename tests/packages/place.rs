//! Who stands where the daemon looks for its scripts.

use std::fs;
use std::path::{Path, PathBuf};

/// The folders with the agent's scripts, in Debian's packages and in Netdata's own.
pub(crate) const DEBIANS: &str = "/usr/lib/netdata/plugins.d";
pub(crate) const NETDATAS: &str = "/usr/libexec/netdata/plugins.d";

/// The programs that take the place of scripts.
pub(crate) const NAMES: [&str; 2] = ["anonymous-statistics", "system-info"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Links to our programs, beside what is kept of Netdata's.
    Ours,
    Netdatas,
    Nobodys,
}

/// Who stands in this folder of a root. Netdata's scripts must be byte for byte there, or kept: `script` has their
/// texts.
pub(crate) fn look(root: &Path, folder: &str, script: &dyn Fn(&str) -> Vec<u8>) -> Place {
    let places = NAMES.map(|name| {
        let path = below(root, folder).join(format!("{name}.sh"));
        let kept = path.with_extension("sh.original");
        let exists = |path: &Path| path.symlink_metadata().is_ok();
        assert!(exists(&path) || !exists(&kept), "nobody is at {}", path.display());
        match (exists(&path), exists(&kept)) {
            (false, _) => Place::Nobodys,
            (true, false) => {
                assert!(path.symlink_metadata().unwrap().is_file(), "{}", path.display());
                assert!(fs::read(&path).unwrap() == script(name), "{} is not Netdata's", path.display());
                Place::Netdatas
            }
            (true, true) => {
                assert_eq!(fs::read_link(&path).unwrap(), Path::new("../../../bin").join(name));
                assert!(root.join("usr/bin").join(name).is_file(), "{name}");
                assert!(fs::read(&kept).unwrap() == script(name), "{} is not Netdata's", kept.display());
                Place::Ours
            }
        }
    });
    assert_eq!(places[0], places[1], "both scripts have the same fate");
    places[0]
}

/// An absolute path, in a root.
pub(crate) fn below(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}
