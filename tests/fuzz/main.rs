//! Runs the fuzz targets on the kept inputs, on every toolchain; `fuzz/README.md` describes longer runs.

#![allow(unreachable_pub, reason = "shared with the fuzz targets")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in a test a panic is a failed test")]

mod replies;

use std::collections::BTreeSet;
use std::path::Path;

use anonymous_statistics::fuzz::{TARGETS, Target};

const SERVER_REPLY: Target = ("server_reply", replies::server_reply);

fn hold(name: &str, target: fn(&[u8])) {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    assert!(fuzz.join(format!("fuzz_targets/{name}.rs")).exists(), "{name}: no program");
    let inputs: Vec<_> = std::fs::read_dir(fuzz.join("corpus").join(name)).unwrap().collect();
    assert!(!inputs.is_empty(), "{name}: no inputs");
    for input in inputs {
        let path = input.unwrap().path();
        println!("{}", path.display());
        let bytes = std::fs::read(&path).unwrap();
        target(&bytes);
        // Truncated anywhere, or with one changed byte.
        for at in (0..bytes.len()).step_by(bytes.len() / 64 + 1) {
            target(&bytes[..at]);
            let mut changed = bytes.clone();
            changed[at] ^= 0x80;
            target(&changed);
        }
    }
}

#[test]
fn every_target_of_the_library_has_inputs_and_holds_for_them() {
    let mut names = BTreeSet::new();
    for (name, target) in TARGETS {
        assert!(names.insert(name));
        hold(name, *target);
    }
}

#[test]
fn what_a_server_says_is_understood_or_an_error() {
    hold(SERVER_REPLY.0, SERVER_REPLY.1);
}
