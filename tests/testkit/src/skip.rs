//! Tests that cannot run on a machine.

use std::io::Write;
use std::path::Path;

/// Says loudly that a test could not run, and writes it down for `cargo xtask`, which counts.
pub fn skip(test: &str, reason: &str) {
    eprintln!("SKIPPED {test}: {reason}");
    if let Some(report) = std::env::var_os("SKIP_REPORT") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(report).unwrap();
        // In one write, beside those of other tests.
        file.write_all(format!("{test}: {reason}\n").as_bytes()).unwrap();
    }
}

/// Whether the machine itself has opted out, as Debian's package of netdata does: then no test can send from here, unless
/// it runs where those folders are empty. Reports it as a skip.
pub fn opted_out_here(test: &str) -> bool {
    let places = anonymous_statistics::folders::CONFIG_DIRECTORIES.map(Path::new);
    let found = places
        .iter()
        .map(|place| place.join(".opt-out-from-anonymous-statistics"))
        .find(|file| file.symlink_metadata().is_ok());
    if let Some(file) = &found {
        skip(
            test,
            &format!("this machine has opted out ({}); cargo xtask test gives the tests empty folders", file.display()),
        );
    }
    found.is_some()
}
