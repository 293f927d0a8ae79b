//! Saving the request that is shown.

use std::path::{Path, PathBuf};

use anonymous_statistics::assemble::Assembly;
use anonymous_statistics::files;

use crate::report::Report;
use crate::words;

/// The file that will be created, and the bytes that it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Save {
    file: PathBuf,
    bytes: Vec<u8>,
}

impl Save {
    /// The name holds the event and the beginning of its random number, so that each request has a file of its own.
    pub(crate) fn plan(assembly: &Assembly, folder: &Path) -> Self {
        let number: String = assembly.stamp.uuid.chars().take(8).collect();
        let file = folder.join(format!("telemetry-{}-{number}.http", assembly.event.action()));
        Self { file, bytes: assembly.request.to_bytes() }
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn perform(self) -> Report {
        let file = words::path(&self.file);
        let (title, sentence) = match files::write_new(&self.file, &self.bytes) {
            Ok(()) => ("Saved", format!("Created {file} with the {} bytes of the request.", self.bytes.len())),
            Err(error) => ("Not saved", format!("Cannot create {file}: {error}. Nothing was overwritten.")),
        };
        Report { title, sentences: vec![sentence], commands: Vec::new(), consent: false }
    }
}
