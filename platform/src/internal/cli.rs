//! Output of the command line programs of this workspace.

use std::io::{self, ErrorKind, Write};

use crate::text::{VALUE_LIMIT, clean_text};

/// A message without control bytes, however hostile the paths and arguments in it are.
pub fn safe(text: &str) -> String {
    clean_text(text, VALUE_LIMIT)
}

/// Writes to standard output. A closed pipe is no error.
///
/// # Errors
/// Any other failure to write, such as a full disk.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}
