//! The sender's configuration file in the agent's folder: a planned change of it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::agent::conf_edit;
use crate::agent::conf_file::Refusal;
use crate::agent::conf_file::place::{Like, NEW_MODE, Place};
use crate::agent::own_opt_out::User;
use crate::config::edit::Edit;
use crate::config::{CONFIG_BYTES, Config, ConfigError, FILE};
use crate::files::Opened;
use crate::text::printable;

const OTHERS_READ: rustix::fs::RawMode = 0o004;

/// Why the file stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Barred {
    File(Refusal),
    /// What the file would hold is unusable.
    Config(ConfigError),
    /// The daemon, which runs under this account, would not use a file of the caller's.
    Account(PathBuf, u32),
}

impl Barred {
    /// As of [`Refusal::kind`]. Root's file is everybody's.
    pub fn kind(&self) -> io::ErrorKind {
        match self {
            Self::File(refusal) => refusal.kind(),
            Self::Config(_) => io::ErrorKind::Other,
            Self::Account(..) => io::ErrorKind::PermissionDenied,
        }
    }
}

impl fmt::Display for Barred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(refusal) => refusal.fmt(f),
            Self::Config(error) => error.fmt(f),
            Self::Account(path, user) => {
                let path = path.to_string_lossy();
                let path = printable(&path);
                write!(f, "{path}: the daemon runs as user {user}, and would not use a file of yours")
            }
        }
    }
}

impl std::error::Error for Barred {}

impl From<Refusal> for Barred {
    fn from(refusal: Refusal) -> Self {
        Self::File(refusal)
    }
}

/// A planned change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    path: PathBuf,
    /// `None`: there is no file.
    before: Option<Vec<u8>>,
    after: String,
    config: Config,
    /// Whether not every account may read the file.
    closed: bool,
}

impl Change {
    /// `daemon`: the account under which it runs.
    pub fn plan(config_directory: &Path, edit: Edit<'_>, daemon: User) -> Result<Self, Barred> {
        let path = config_directory.join(FILE);
        let place = Place::open(&path)?;
        let file = place.file()?;
        let owner = file.as_ref().map_or_else(|| rustix::process::geteuid().as_raw(), |file| file.stat.st_uid);
        if let Some(user) = daemon.filter(|user| owner != 0 && *user != owner) {
            return Err(Barred::Account(path, user));
        }
        let closed = file.as_ref().is_some_and(|file| file.stat.st_mode & OTHERS_READ == 0);
        let before = file.map(|file| read(&path, file)).transpose()?;
        let (after, config) = edit.apply(&path, before.as_deref().unwrap_or_default()).map_err(Barred::Config)?;
        Ok(Self { path, before, after, config, closed })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn creates_file(&self) -> bool {
        self.before.is_none()
    }

    /// Whether the file says that already.
    pub fn is_nothing(&self) -> bool {
        self.before.as_deref() == Some(self.after.as_bytes())
    }

    /// What the sender will read.
    pub fn config(&self) -> &Config {
        &self.config
    }

    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// The changed lines, safe for a terminal.
    pub fn diff(&self) -> String {
        let old = if self.creates_file() { Path::new("/dev/null") } else { &self.path };
        conf_edit::diff([old, &self.path], self.before.as_deref().unwrap_or_default(), self.after.as_bytes())
    }

    /// Makes the change, unless something else changed the file meanwhile. Its owner, mode, access list and label stay.
    pub fn perform(&self) -> Result<(), Refusal> {
        let place = Place::open(&self.path)?;
        let file = place.file()?;
        let now = place.file()?.map(|file| read(&self.path, file)).transpose()?;
        if now != self.before {
            return Err(Refusal::Changed(self.path.clone()));
        }
        place.replace(&place.name, self.after.as_bytes(), file.as_ref().map_or(Like::New(NEW_MODE), Like::File))?;
        rustix::fs::fsync(&place.folder).map_err(|errno| Refusal::system(&self.path, errno))
    }
}

fn read(path: &Path, file: Opened) -> Result<Vec<u8>, Refusal> {
    file.read(CONFIG_BYTES).map_err(|error| Refusal::system(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::edit::own;
    use crate::destination::Destination;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    fn destination() -> Destination {
        own("https://posthog.example.org/capture/", "own").unwrap()
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        folder
    }

    fn me() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    #[test]
    fn a_new_file_is_what_the_sender_reads() {
        let folder = folder();
        let change = Change::plan(folder.path(), Edit::Server(&destination()), Some(me())).unwrap();
        assert!(change.creates_file() && !change.is_nothing() && !change.is_closed());
        assert!(change.diff().contains("+url = \"https://posthog.example.org/capture/\"\n"), "{}", change.diff());
        change.perform().unwrap();
        assert_eq!(fs::metadata(change.path()).unwrap().mode() & 0o7777, 0o644, "whatever the umask");
        let read = Config::load(Some(folder.path())).unwrap();
        assert_eq!(read, *change.config());
        assert_eq!(read.wholly_own_destination(), Some(destination()));
        assert!(Change::plan(folder.path(), Edit::Server(&destination()), Some(me())).unwrap().is_nothing());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else stays");
    }

    #[test]
    fn mode_and_settings_stay() {
        let folder = folder();
        let path = folder.path().join(FILE);
        fs::write(&path, "# mine\nhistory = 0\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let change = Change::plan(folder.path(), Edit::Server(&destination()), Some(me())).unwrap();
        assert!(change.is_closed());
        change.perform().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o640);
        assert!(fs::read_to_string(&path).unwrap().starts_with("# mine\nhistory = 0\nurl = "));
    }

    #[test]
    fn what_changed_after_the_plan_is_left_alone() {
        let folder = folder();
        let path = folder.path().join(FILE);
        let change = Change::plan(folder.path(), Edit::Server(&destination()), Some(me())).unwrap();
        fs::write(&path, "history = 0\n").unwrap();
        assert_eq!(change.perform(), Err(Refusal::Changed(path.clone())));
        let change = Change::plan(folder.path(), Edit::Server(&destination()), Some(me())).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(change.perform(), Err(Refusal::Changed(path)));
    }

    #[test]
    fn a_daemon_of_another_account_would_not_use_it() {
        let folder = folder();
        let other = Some(me() + 1);
        let planned = Change::plan(folder.path(), Edit::Server(&destination()), other);
        // It uses root's.
        assert_eq!(planned.is_ok(), me() == 0, "{planned:?}");
        assert!(Change::plan(folder.path(), Edit::Server(&destination()), None).is_ok());
    }

    #[test]
    fn foreign_files_and_folders_are_refused() {
        let refused = |prepare: &dyn Fn(&Path)| {
            let folder = folder();
            prepare(folder.path());
            Change::plan(folder.path(), Edit::Server(&destination()), Some(me())).unwrap_err().to_string()
        };
        let file = |folder: &Path, text: &str, mode| {
            fs::write(folder.join(FILE), text).unwrap();
            fs::set_permissions(folder.join(FILE), Permissions::from_mode(mode)).unwrap();
        };
        let link = refused(&|folder| symlink("/nonexistent", folder.join(FILE)).unwrap());
        assert!(link.contains("link to /nonexistent"), "{link}");
        for mode in [0o666, 0o664] {
            let writable = refused(&|folder| file(folder, "", mode));
            assert!(writable.contains("can write it"), "{writable}");
        }
        for mode in [0o777, 0o1777, 0o775] {
            let open = refused(&|folder| fs::set_permissions(folder, Permissions::from_mode(mode)).unwrap());
            assert!(open.contains("can write it"), "{open}");
        }
        assert!(refused(&|folder| fs::create_dir(folder.join(FILE)).unwrap()).contains("regular"));
        assert!(refused(&|folder| file(folder, "history = 99\n", 0o644)).contains("unusable history"));
        let missing = Change::plan(Path::new("/nonexistent"), Edit::Server(&destination()), Some(me())).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        if me() == 0 {
            let foreign = refused(&|folder| {
                file(folder, "", 0o644);
                std::os::unix::fs::chown(folder.join(FILE), Some(1234), None).unwrap();
            });
            assert!(foreign.contains("can write it"), "{foreign}");
        }
    }
}
