//! The commands for an independent check in `docs/consent.md`, unchanged.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

use std::path::Path;
use std::process::{Command, Stdio};

use testkit::{opted_out_here, program, said, search_path, sender, skip, this_test};

#[test]
fn the_independent_check_of_the_documentation_holds() {
    let test = this_test!();
    if opted_out_here(test) {
        return;
    }
    let help = Command::new("nc").arg("-h").output();
    if !help.is_ok_and(|output| String::from_utf8_lossy(&output.stderr).contains("OpenBSD netcat")) {
        return skip(test, "nc of OpenBSD is not installed");
    }
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/consent.md")).unwrap();
    let (_, rest) = page.split_once("<!-- tested: independent-check -->").unwrap();
    let (part, _) = rest.split_once("<!-- end tested: independent-check -->").unwrap();
    let commands = part.split_once("```sh\n").unwrap().1.split_once("```").unwrap().0;
    let folder = tempfile::tempdir().unwrap();
    let mut search = vec![Path::new(sender()).parent().unwrap().to_owned()];
    search.extend(std::env::split_paths(&search_path()));
    let output = Command::new("sh")
        .args(["-euc", commands])
        .env_clear()
        .env("PATH", std::env::join_paths(search).unwrap())
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (out, err, status) = said(&output);
    assert_eq!((out.trim_start_matches("200").trim(), status), ("the same bytes", 0), "{err}");
    assert!(program("telemetry-preview").is_file());
    assert!(std::fs::metadata(folder.path().join("check/received")).unwrap().len() > 500);
}
