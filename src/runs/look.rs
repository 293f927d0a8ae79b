//! What a call finds on this machine: the only part that is not pure.

use std::io;
use std::path::Path;

use crate::agent::folders::Folders;
use crate::agent::next_call;
use crate::agent::status_file::{self, FILE, FILE_BYTES, LastStatus, Read, Uuid};
use crate::agent::version::Version;
use crate::clock;
use crate::files;
use crate::release::Release;
use crate::runs::decide::Seen;
use crate::runs::hook::Hook;
use crate::runs::nothing::Nothing;

/// What was found in the library directory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    pub status: Option<Box<LastStatus>>,
    boot: Option<Uuid>,
    still_runs: bool,
    installed: Option<String>,
    identity: Option<String>,
}

impl Found {
    /// Looks only into the library directory: others may write to the further places in which the daemon would look.
    pub fn look(folders: &Folders, library: &Path) -> Result<Self, Nothing> {
        let status = match bytes(library).map_err(|error| unseen(library, &error))? {
            None => None,
            Some(bytes) => read(&bytes)?,
        };
        let boot = clock::boot_id().and_then(|text| uuid::Uuid::try_parse(&text).ok()).map(uuid::Uuid::into_bytes);
        let identity = next_call::identity(library).map(|(guid, _)| guid).or_else(|| {
            let id = status.as_ref().map(|status| uuid::Uuid::from_bytes(status.agent.id));
            id.filter(|id| !id.is_nil()).map(|id| id.to_string())
        });
        Ok(Self {
            still_runs: status.as_ref().is_some_and(|status| still_runs(status, boot)),
            installed: Version::installed(folders).map(|version| version.text),
            status,
            boot,
            identity,
        })
    }

    pub fn seen(&self, hook: Hook) -> Seen<'_> {
        Seen {
            hook,
            status: self.status.as_deref(),
            boot: self.boot,
            still_runs: self.still_runs,
            installed: self.installed.as_deref(),
            identity: self.identity.as_deref(),
        }
    }

    pub fn identity(&self) -> &str {
        self.identity.as_deref().unwrap_or_default()
    }
}

fn unseen(library: &Path, error: &io::Error) -> Nothing {
    Nothing::Unseen(format!("{}: {error}", library.join(FILE).display()))
}

/// The file of the library directory's owner or of root, which nobody else may write. `None`: the file is missing.
fn bytes(library: &Path) -> io::Result<Option<Vec<u8>>> {
    let opened = match files::open_below(library, FILE.as_ref()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let owner = rustix::fs::stat(library)?.st_uid;
    if opened.stat.st_uid != 0 && opened.stat.st_uid != owner {
        return Err(io::Error::other("it belongs to another account than the library directory"));
    }
    // The daemon creates it with 0664.
    if opened.stat.st_mode & 0o002 != 0 {
        return Err(io::Error::other("every account may write it"));
    }
    // The daemon takes an empty one for none.
    opened.read(FILE_BYTES).map(|bytes| Some(bytes).filter(|bytes| !bytes.is_empty()))
}

/// `None`: the daemon would find no last status in it.
fn read(bytes: &[u8]) -> Result<Option<Box<LastStatus>>, Nothing> {
    // What differs between versions is only how wrong types are read.
    let newest = status_file::Release::new(&format!("v{}", Release::NEWEST_KNOWN));
    match newest.map(|newest| LastStatus::read(bytes, &newest)) {
        Some(Read::Status(status)) => Ok(Some(status)),
        Some(Read::UnknownVersion(version)) => Err(Nothing::UnknownFile(version)),
        Some(Read::None(..)) | None => Ok(None),
    }
}

/// Whether the process that wrote the status is there, and still this program. Only Linux shows that in a file;
/// elsewhere a hook before the start is believed.
fn still_runs(status: &LastStatus, boot: Option<Uuid>) -> bool {
    const NAME: &[u8] = b"netdata";
    let of_this_boot = boot.is_some_and(|boot| status_file::ending::is_same_boot(&boot, &status.host.boot_id));
    let comm = || {
        let path = format!("/proc/{}/comm", status.agent.pid);
        files::read(Path::new(&path), files::Links::Follow, 64).is_ok_and(|name| name.trim_ascii_end() == NAME)
    };
    of_this_boot && status.agent.pid > 0 && comm()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::folders::DirOverrides;

    fn found(library: &Path) -> Result<Found, Nothing> {
        let named = DirOverrides::by_options(None, Some(library));
        Found::look(&Folders::find(&[named], |_| false), library)
    }

    #[test]
    fn only_a_file_that_can_be_trusted_counts() {
        use std::os::unix::fs::PermissionsExt;
        let library = tempfile::tempdir().unwrap();
        let path = library.path().join(FILE);
        assert_eq!(found(library.path()).unwrap().status, None);
        let text = r#"{"version": 28, "agent": {"id": "5c1d2a34-0b7e-4f6a-9d21-7a3e9b8c4d10", "status": "running",
            "version": "v2.9.0"}}"#;
        let write = |text: &str, mode| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        write(text, 0o664);
        let good = found(library.path()).unwrap();
        assert_eq!((good.status.is_some(), good.installed.as_deref()), (true, Some("v2.9.0")));
        assert_eq!(good.identity(), "5c1d2a34-0b7e-4f6a-9d21-7a3e9b8c4d10");
        write(text, 0o666);
        assert!(matches!(found(library.path()), Err(Nothing::Unseen(_))));
        write("", 0o664);
        assert_eq!(found(library.path()).unwrap().status, None);
        write(&"x".repeat(FILE_BYTES + 1), 0o664);
        assert!(matches!(found(library.path()), Err(Nothing::Unseen(_))));
        write(r#"{"version": 99, "agent": {}}"#, 0o664);
        assert_eq!(found(library.path()), Err(Nothing::UnknownFile(99)));
        write(text, 0o664);
        let elsewhere = library.path().join("elsewhere");
        std::fs::rename(&path, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        assert!(matches!(found(library.path()), Err(Nothing::Unseen(_))));
    }
}
