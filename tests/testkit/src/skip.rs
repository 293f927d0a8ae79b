//! Tests that cannot run on a machine.

use std::io::Write;
use std::path::{Path, PathBuf};

use anonymous_statistics::agent::folders::CONFIG_DIRECTORIES;

use crate::OPT_OUT;

/// The name of the enclosing test, for [`skip`].
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

/// Reports loudly that a test could not run, and records it for the count of `cargo xtask`.
pub fn skip(test: &str, reason: &str) {
    eprintln!("SKIPPED {test}: {reason}");
    if let Some(report) = std::env::var_os("SKIP_REPORT") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(report).unwrap();
        // In one write, since other tests append too.
        file.write_all(format!("{test}: {reason}\n").as_bytes()).unwrap();
    }
}

/// A file that opts this machine out, as in Debian's netdata package: nothing here can send then, unless an empty
/// folder covers it.
pub fn opt_out_file_here() -> Option<PathBuf> {
    let mut files = CONFIG_DIRECTORIES.iter().map(|folder| Path::new(folder).join(OPT_OUT));
    files.find(|file| file.symlink_metadata().is_ok())
}

/// Whether this machine is opted out, which is a skip.
pub fn opted_out_here(test: &str) -> bool {
    let found = opt_out_file_here();
    if let Some(file) = &found {
        let file = file.display();
        skip(test, &format!("this machine has opted out ({file}); cargo xtask test gives the tests empty folders"));
    }
    found.is_some()
}
