//! The program as the daemon and users start it.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]
#![cfg(feature = "cli")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_system-info");

/// Longer than any answer takes, shorter than a wait for a writer.
const SOON: Duration = Duration::from_secs(20);

fn machine(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/machines").join(name);
    folder.to_str().unwrap().to_owned()
}

fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).env_clear().stdin(Stdio::piped()).output().unwrap()
}

fn stdout(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn daemons_lines() -> usize {
    let whereabouts = system_facts::internal::netdata::Whereabouts::default();
    system_facts::internal::netdata::all_lines(&system_facts::collect(), &whereabouts).len()
}

#[test]
fn piped_it_prints_the_daemons_lines() {
    let lines = stdout(&[]);
    assert_eq!(lines.lines().count(), daemons_lines());
    assert!(lines.starts_with("NETDATA_CONTAINER_OS_NAME="), "{lines}");
    assert!(lines.ends_with('\n'));
    for line in lines.lines() {
        let (key, value) = line.split_once('=').unwrap();
        assert!(key.starts_with("NETDATA_") && !value.is_empty() && !value.starts_with(['"', '\'']), "{line}");
    }
    assert_eq!(lines, stdout(&["--format", "env"]));
}

#[test]
fn it_works_as_the_script_in_any_directory() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("system-info.sh");
    std::os::unix::fs::symlink(PROGRAM, &script).unwrap();
    let output = Command::new(&script).env_clear().current_dir("/").stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), daemons_lines());
}

#[test]
fn json_and_table() {
    let docker = machine("docker-cgroup2");
    let document: serde_json::Value = serde_json::from_str(&stdout(&["--machine", &docker, "--json"])).unwrap();
    assert_eq!(document["container"]["name"]["value"], "docker");
    assert_eq!(document["container"]["name"].as_object().unwrap().len(), 2);
    let groups: Vec<&str> = document.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(groups.len(), 9, "{groups:?}");
    let explained: serde_json::Value =
        serde_json::from_str(&stdout(&["--machine", &docker, "--format", "json", "--explain"])).unwrap();
    assert!(explained["container"]["name"]["evidence"].as_array().is_some_and(|evidence| evidence.len() > 3));

    let table = stdout(&["--machine", &docker, "--format", "table"]);
    assert!(table.contains("docker") && table.contains("/proc/self/mountinfo"), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    let explained = stdout(&["--machine", &docker, "--explain"]);
    assert!(explained.contains("# /proc/self/ns/pid: pid:[4026532180]\n"), "{explained}");
    assert_eq!(explained.lines().filter(|line| !line.starts_with('#')).count(), daemons_lines());
}

#[test]
fn privileged_marks_what_rests_on_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("root")).unwrap();
    fs::write(folder.path().join("machine.json"), r#"{"platform": "linux", "pid1_env": {"container": "lxc"}}"#)
        .unwrap();
    let place = folder.path().to_str().unwrap();
    let json = |more: &[&str]| -> serde_json::Value {
        serde_json::from_str(&stdout(&[&["--machine", place, "--json"], more].concat())).unwrap()
    };
    assert_eq!(json(&[])["container"]["name"]["value"], serde_json::Value::Null);
    let privileged = json(&["--privileged"]);
    assert_eq!(privileged["container"]["name"]["value"], "lxc");
    assert_eq!(privileged["container"]["name"]["privileged"], true);
    let table = stdout(&["--machine", place, "--privileged", "--format", "table"]);
    assert!(table.contains("/proc/1/environ*") && table.contains("* not every user"), "{table}");
}

#[test]
fn a_wrong_command_line_is_one_line_and_exit_2() {
    for wrong in [
        &["--no-such-option"][..],
        &["word"],
        &["--format"],
        &["--format", "xml"],
        &["--json", "--format", "env"],
        &["--machine", "/nonexistent\u{1b}[31m"],
        &["--a\nb"],
    ] {
        let output = run(wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(output.stdout.is_empty(), "{wrong:?}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.starts_with("system-info: ") && message.ends_with('\n'), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(!message.trim_end().contains(char::is_control), "{message:?}");
    }
}

#[test]
fn help_and_version() {
    assert!(stdout(&["--help"]).contains("--privileged"));
    assert_eq!(stdout(&["--version"]), concat!("system-info ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let mut child = Command::new(PROGRAM).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn a_full_disk_is_said() {
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else {
        return testkit::skip(testkit::this_test!(), "there is no /dev/full");
    };
    let output = Command::new(PROGRAM).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("system-info: standard output: "));
}

/// The error cannot be reported, but it is no reason to crash.
#[test]
fn where_standard_error_is_full_too_the_exit_status_says_it() {
    let full = || fs::OpenOptions::new().write(true).open("/dev/full");
    if full().is_err() {
        return testkit::skip(testkit::this_test!(), "there is no /dev/full");
    }
    for (arguments, status) in [(&[][..], 1), (&["--json"], 1), (&["--help"], 1), (&["--no-such-option"], 2)] {
        let mut program = Command::new(PROGRAM);
        let output = program.args(arguments).stdout(full().unwrap()).stderr(full().unwrap()).status().unwrap();
        assert_eq!(output.code(), Some(status), "{arguments:?}: {output:?}");
    }
}

#[test]
fn a_recorded_machine_that_is_a_fifo_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new("mkfifo").arg(folder.path().join("machine.json")).status().unwrap();
    assert!(made.success());
    let place = folder.path().to_str().unwrap();
    let mut child =
        Command::new(PROGRAM).args(["--machine", place]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begin = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begin.elapsed() > SOON {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let expected = format!("system-info: --machine {place}: machine.json: not a regular file\n");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), expected);
}
