//! Tests that cannot run on a machine.

use std::io::Write;

/// Says loudly that a test could not run, and writes it down for `cargo xtask`, which counts.
pub fn skip(test: &str, reason: &str) {
    eprintln!("SKIPPED {test}: {reason}");
    if let Some(report) = std::env::var_os("SKIP_REPORT") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(report).unwrap();
        // In one write, beside those of other tests.
        file.write_all(format!("{test}: {reason}\n").as_bytes()).unwrap();
    }
}
