//! The agent's version from its files, and the events for which a daemon of that version calls a script.

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::agent::binary;
use crate::agent::folders::Folders;
use crate::destination::NO_SCRIPT_FROM;
use crate::fields::Action;
use crate::files::{self, Links};
use crate::release::Release;
use crate::text::printable;

/// The state file of later agents (2.x), in the library directory.
pub(crate) const STATUS_FILE: &str = "status-netdata.json";

/// Bytes that are read of a list of installed packages. A desktop's has about 10 MiB.
const LIST_BYTES: usize = 64 * 1024 * 1024;

/// The list of installed packages of dpkg(1).
pub const DPKG: &str = "/var/lib/dpkg/status";

/// A list of installed packages: paragraphs, with these prefixes of the lines for name and version.
struct PackageList {
    path: &'static str,
    name: &'static str,
    version: &'static str,
}

const PACKAGE_LISTS: [PackageList; 2] = [
    // deb-control(5), dpkg(1)
    PackageList { path: DPKG, name: "Package: ", version: "Version: " },
    // apk(8), the list of installed packages
    PackageList { path: "/lib/apk/db/installed", name: "P:", version: "V:" },
];

/// The packages with the daemon.
const PACKAGES: [&str; 2] = ["netdata-core", "netdata"];

/// A version and its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub text: String,
    pub from: String,
}

/// The events for which a daemon calls a telemetry script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// All (up to v2.2).
    All,
    /// At its start, every six hours, and when an exporting connector starts (v2.3 to v2.5).
    AtStart,
    /// None (from v2.6 on).
    Never,
}

impl Version {
    /// `None`: the text is not a version.
    pub fn new(text: &str, from: impl Into<String>) -> Option<Self> {
        Release::of(text).is_some().then(|| Self { text: text.to_owned(), from: from.into() })
    }

    /// Reads the version of the agent with these folders: of its program, as it starts next. A status file that was
    /// written after the program was installed is of it; so is a list of packages, in a distribution's folders.
    pub fn installed(folders: &Folders) -> Option<Self> {
        let program = folders.program(Path::exists);
        let changed = |path: &Path| path.metadata().ok().map(|metadata| (metadata.ctime(), metadata.mtime()));
        let installed = program.as_deref().and_then(changed).map(|(ctime, mtime)| ctime.max(mtime));
        let status = folders.library_path().map(|library| library.join(STATUS_FILE));
        let written = status.as_deref().and_then(changed).map(|(_, mtime)| mtime);
        let of_status = || folders.library_path().and_then(of_status_file);
        if written >= installed
            && let Some(version) = of_status()
        {
            return Some(version);
        }
        let packaged = folders.prefix().is_some_and(|prefix| prefix == Path::new("/"));
        let listed = || if packaged { PACKAGE_LISTS.iter().find_map(of_package_list) } else { None };
        let of_program =
            || program.as_deref().and_then(|path| Self::new(&binary::version_of(path)?, path.to_string_lossy()));
        // An upgraded program that does not tell its version is not what the status file says.
        listed().or_else(of_program).or_else(|| if program.is_none() { of_status() } else { None })
    }

    /// Every version has one.
    pub fn release(&self) -> Release {
        Release::of(&self.text).unwrap_or(Release::NEWEST_KNOWN)
    }

    pub fn calls(&self) -> Calls {
        Calls::of(self.release())
    }
}

impl Calls {
    pub fn of(release: Release) -> Self {
        if release >= NO_SCRIPT_FROM {
            Self::Never
        } else if release >= Release::REPORTS {
            Self::AtStart
        } else {
            Self::All
        }
    }

    pub fn includes(self, action: &str) -> bool {
        match self {
            Self::All => true,
            Self::AtStart => Action::named(action).is_some_and(|action| action.called_beside_reports),
            Self::Never => false,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (from {})", self.text, printable(&self.from))
    }
}

fn of_status_file(library: &Path) -> Option<Version> {
    // With a stack trace of the last crash it has a few KiB.
    let bytes = files::open_below(library, STATUS_FILE.as_ref()).and_then(|file| file.read(1024 * 1024)).ok()?;
    let json: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    Version::new(json.pointer("/agent/version")?.as_str()?, library.join(STATUS_FILE).to_string_lossy())
}

fn of_package_list(list: &PackageList) -> Option<Version> {
    let bytes = files::read(&PathBuf::from(list.path), Links::Follow, LIST_BYTES).ok()?;
    Version::new(&version_in(&bytes, list)?, list.path)
}

fn version_in(bytes: &[u8], list: &PackageList) -> Option<String> {
    let mut package: &[u8] = b"";
    let mut removed = false;
    for line in bytes.split(|byte| *byte == b'\n') {
        if let Some(name) = line.strip_prefix(list.name.as_bytes()) {
            (package, removed) = (name, false);
        } else if line == b"Status: deinstall ok config-files" {
            removed = true;
        } else if let Some(version) = line.strip_prefix(list.version.as_bytes())
            && !removed
            && PACKAGES.iter().any(|known| known.as_bytes() == package)
        {
            let version = std::str::from_utf8(version).ok()?;
            // deb-version(7): the epoch before the colon is the packager's.
            return Some(version.split_once(':').map_or(version, |(_, rest)| rest).to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::folders::DirOverrides;
    use crate::fields::ACTIONS;

    #[test]
    fn which_daemons_call() {
        for (text, calls) in [
            ("v1.21.0", Calls::All),
            ("1.37.1-2", Calls::All),
            ("v2.2.6", Calls::All),
            ("v2.3.0-1-nightly", Calls::AtStart),
            ("v2.5.4", Calls::AtStart),
            ("v2.6.0", Calls::Never),
            ("3.0", Calls::Never),
        ] {
            assert_eq!(Version::new(text, "").unwrap().calls(), calls, "{text}");
        }
        for bad in ["", "v", "unknown", "1", "v1.\u{1b}", "1.2 3"] {
            assert_eq!(Version::new(bad, ""), None, "{bad}");
        }
        let called: Vec<&str> =
            ACTIONS.iter().map(|action| action.name).filter(|action| Calls::AtStart.includes(action)).collect();
        assert_eq!(called, ["START", "CRASH", "INCOMPLETE_SHUTDOWN", "META_START", "META", "EXPORTING_START"]);
        assert!(!Calls::Never.includes("START") && Calls::All.includes("EXIT"));
    }

    #[test]
    fn lists_of_packages() {
        let [dpkg, apk] = &PACKAGE_LISTS;
        let text =
            b"Package: netdata\nStatus: deinstall ok config-files\nVersion: 1.1.1\n\nPackage: a\nVersion: 9.9\n\n\
            Package: netdata-core\nStatus: install ok installed\nVersion: 1:1.37.1-2\n";
        assert_eq!(version_in(text, dpkg).as_deref(), Some("1.37.1-2"));
        assert_eq!(version_in(b"P:x\nV:1.0\n\nP:netdata\nV:1.47.5-r0\n", apk).as_deref(), Some("1.47.5-r0"));
        assert_eq!(version_in(b"", dpkg), None);
    }

    #[test]
    fn the_status_file_of_later_agents() {
        let library = tempfile::tempdir().unwrap();
        let path = library.path().join(STATUS_FILE);
        std::fs::write(&path, r#"{"agent": {"version": "v2.6.1"}}"#).unwrap();
        let named = DirOverrides::by_options(None, Some(library.path()));
        let version = Version::installed(&Folders::find(&[named], |_| false)).unwrap();
        assert_eq!((version.text.as_str(), version.from), ("v2.6.1", path.display().to_string()));
    }
}
