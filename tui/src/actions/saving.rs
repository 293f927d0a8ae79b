//! Saving the displayed request.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use anonymous_statistics::files;
use anonymous_statistics::request::Assembly;
use anonymous_statistics::text::reason;
use rustix::fs::{AtFlags, CWD, statat};

use crate::actions::report::Report;
use crate::actions::step::Step;
use crate::present::words;

/// The file to create, and its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Save {
    /// The path at the start of this program.
    folder: PathBuf,
    name: String,
    bytes: Vec<u8>,
}

impl Save {
    /// The name contains the event and the start of its random number, so that each request gets its own file.
    pub(crate) fn plan(assembly: &Assembly, folder: &Path) -> Self {
        let number: String = assembly.stamp.uuid.to_string().chars().take(8).collect();
        let name = format!("telemetry-{}-{number}.http", assembly.event.action());
        Self { folder: folder.to_owned(), name, bytes: assembly.request.to_bytes() }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    pub(super) fn step(&self) -> Step {
        let how = format!(" with the {} bytes of the request, for you alone to read", self.bytes.len());
        Step { how, ..Step::with("create", &self.file()) }
    }

    /// Writes into the open folder, wherever its path leads now.
    pub(crate) fn perform(&self, folder: impl AsFd) -> Report {
        let file = words::path(&self.file());
        let created = format!("Created {file} with the {} bytes of the request.", self.bytes.len());
        let moved = " That path leads elsewhere now: the file is in the folder that had it before.";
        let (title, sentence) = match files::write_new(&folder, &self.name, &self.bytes) {
            Ok(()) if self.is_where_the_path_leads(&folder) => ("Saved", created),
            Ok(()) => ("Saved", created + moved),
            Err(error) => ("Not saved", format!("Cannot create {file}: {}. Nothing was overwritten.", reason(&error))),
        };
        Report { consent: false, ..Report::done(title, vec![sentence]) }
    }

    fn is_where_the_path_leads(&self, folder: impl AsFd) -> bool {
        let written = statat(folder, &self.name, AtFlags::SYMLINK_NOFOLLOW);
        let named = statat(CWD, self.file(), AtFlags::SYMLINK_NOFOLLOW);
        matches!((written, named), (Ok(a), Ok(b)) if (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino))
    }
}
