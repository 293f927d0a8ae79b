//! The commands for an independent check in `docs/consent.md`, unchanged.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

use std::path::Path;
use std::process::{Command, Stdio};

use testkit::{find, opted_out_here, program, said, search_path, sender, skip, strace, this_test};

fn documented(name: &str) -> String {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/consent.md")).unwrap();
    let (_, rest) = page.split_once(&format!("<!-- tested: {name} -->")).unwrap();
    let (part, _) = rest.split_once(&format!("<!-- end tested: {name} -->")).unwrap();
    part.split_once("```sh\n").unwrap().1.split_once("```").unwrap().0.to_owned()
}

/// Output, errors and exit status.
fn run(commands: &str, folder: &Path) -> (String, String, i32) {
    let mut search = vec![Path::new(sender()).parent().unwrap().to_owned()];
    search.extend(std::env::split_paths(&search_path()));
    let output = Command::new("sh")
        .args(["-euc", commands])
        .env_clear()
        .env("PATH", std::env::join_paths(search).unwrap())
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    said(&output)
}

#[test]
fn one_documented_command_says_that_nothing_can_leave() {
    let test = this_test!();
    if strace(test).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let command = documented("no-socket");
    let silent = (VERDICT.to_owned(), String::new(), 0);
    assert_eq!(run(&command, folder.path()), silent);
    let sender = "anonymous-statistics START - -";
    let preview = program("telemetry-preview");
    let shows = command.replace(sender, &format!("{} show > shown", preview.display()));
    assert_eq!(run(&shows, folder.path()), silent);
    // The command notices a socket, and a program that is not there.
    if find("nc").is_none() {
        return skip(test, "the part with a socket needs nc");
    }
    for (other, shown) in [("sh -c 'nc -z -w 1 127.0.0.1 9 || true'", "socket("), ("nonexistent", "")] {
        let (out, _, status) = run(&command.replace(sender, other), folder.path());
        assert!(out.contains(shown) && !out.contains(VERDICT) && status != 0, "{other}: {status} {out}");
    }
}

const VERDICT: &str = "no socket: nothing can leave\n";

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
    let folder = tempfile::tempdir().unwrap();
    let (out, err, status) = run(&documented("independent-check"), folder.path());
    assert_eq!((out.trim_start_matches("200").trim(), status), ("the same bytes", 0), "{err}");
    assert!(program("telemetry-preview").is_file());
    assert!(std::fs::metadata(folder.path().join("check/received")).unwrap().len() > 500);
}
