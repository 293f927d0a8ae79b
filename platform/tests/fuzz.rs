//! Runs the fuzz targets on the kept inputs, on every toolchain; `fuzz/README.md` describes longer runs.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::fs;
use std::path::Path;

use system_facts::RecordedHost;
use system_facts::internal::fuzz::{TARGETS, any_machine, as_bytes};

#[test]
fn every_target_has_inputs_and_holds_for_them() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    for (name, target) in TARGETS {
        assert!(fuzz.join(format!("fuzz_targets/{name}.rs")).exists(), "{name}: no program");
        let inputs: Vec<_> = fs::read_dir(fuzz.join("corpus").join(name)).unwrap().collect();
        assert!(!inputs.is_empty(), "{name}: no inputs");
        for input in inputs {
            let path = input.unwrap().path();
            println!("{}", path.display());
            let bytes = fs::read(&path).unwrap();
            target(&bytes);
            // Truncated anywhere, or with one changed byte.
            for at in (0..bytes.len()).step_by(bytes.len() / 64 + 1) {
                target(bytes.get(..at).unwrap());
                let mut changed = bytes.clone();
                changed.get_mut(at).into_iter().for_each(|byte| *byte ^= 0x80);
                target(&changed);
            }
        }
    }
    let programs = fs::read_dir(fuzz.join("fuzz_targets"))
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
    assert_eq!(programs.filter(|text| text.contains("system_facts::internal::fuzz::")).count(), TARGETS.len());
}

/// `examples/inputs.rs` writes them for a fuzzer, which then need not guess the known machines.
#[test]
fn recorded_machines_are_inputs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/machines");
    let mut differ = Vec::new();
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for machine in entries.filter(|path| path.is_dir()) {
        let host = RecordedHost::open(&machine).unwrap();
        let bytes = as_bytes(&host);
        any_machine(&bytes);
        let made = system_facts::internal::fuzz::facts(&bytes);
        let facts = system_facts::collect_from(&host);
        if (facts.virtualization.name.state, facts.container.name.state)
            != (made.virtualization.name.state, made.container.name.state)
        {
            differ.push(machine.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    assert_eq!(differ, Vec::<String>::new());
}
