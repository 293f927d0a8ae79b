//! Tests that cannot run on a machine.

use std::io::Write;
use std::path::{Path, PathBuf};

use anonymous_statistics::agent::folders::CONFIG_DIRECTORIES;

use crate::OPT_OUT;

/// The name of the test that this is in, for [`skip`].
#[macro_export]
macro_rules! this_test {
    () => {{
        fn here() {}
        $crate::around(std::any::type_name_of_val(&here))
    }};
}

/// The function around another one.
#[doc(hidden)]
pub fn around(path: &'static str) -> &'static str {
    path.rsplit("::").skip(1).find(|part| !part.starts_with('{')).unwrap()
}

/// Says loudly that a test could not run, and writes it down for `cargo xtask`, which counts.
pub fn skip(test: &str, reason: &str) {
    eprintln!("SKIPPED {test}: {reason}");
    if let Some(report) = std::env::var_os("SKIP_REPORT") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(report).unwrap();
        // In one write, beside those of other tests.
        file.write_all(format!("{test}: {reason}\n").as_bytes()).unwrap();
    }
}

/// A file by which the machine itself has opted out, as Debian's package of netdata does: then nothing can send from here,
/// unless it runs where those folders are empty.
pub fn opt_out_file_here() -> Option<PathBuf> {
    let mut files = CONFIG_DIRECTORIES.iter().map(|folder| Path::new(folder).join(OPT_OUT));
    files.find(|file| file.symlink_metadata().is_ok())
}

/// Whether the machine itself has opted out. Reports it as a skip.
pub fn opted_out_here(test: &str) -> bool {
    let found = opt_out_file_here();
    if let Some(file) = &found {
        let file = file.display();
        skip(test, &format!("this machine has opted out ({file}); cargo xtask test gives the tests empty folders"));
    }
    found.is_some()
}
