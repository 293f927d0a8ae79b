//! `--verify`, for users who trust nothing.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

use std::process::{Command, Stdio};

use testkit::{Home, said, sender, this_test};

/// It connects only to its own socket, keeps nothing, and runs when opted out too.
#[test]
fn verify_compares_every_byte_and_reaches_nobody() {
    let home = Home::new();
    let call = home.start();
    let file = home.path().join("call.json");
    call.record(&file);
    let before = home.tree();
    for (opted_out, arguments) in [
        (false, vec!["--verify"]),
        (true, vec!["--verify"]),
        (true, vec!["--verify", "--call", file.to_str().unwrap()]),
    ] {
        let mut command = call.command();
        if opted_out {
            command.env("DO_NOT_TRACK", "1");
        }
        let whole = arguments.len() > 1;
        if !whole {
            command.env_remove("NETDATA_REGISTRY_UNIQUE_ID");
        }
        let mut command = replace_arguments(&command, &arguments);
        let (out, err, status) = said(&command.output().unwrap());
        assert_eq!((err.as_str(), status), ("", 0), "{out}");
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines[0], "POST https://posthog.netdata.cloud/capture/");
        let (prepared, sent) = (lines[1].strip_prefix("prepared").unwrap(), lines[2].strip_prefix("sent").unwrap());
        assert_eq!(prepared.trim(), sent.trim());
        assert!(prepared.contains(" bytes, SHA-256 "), "{out}");
        assert!(lines.contains(&"identical"), "{out}");
        assert_eq!(out.contains("values only the daemon knows"), !whole, "{out}");
    }
    let mut after = home.tree();
    after.retain(|path| path != &file);
    assert_eq!(after, before.into_iter().filter(|path| path != &file).collect::<Vec<_>>());
}

#[test]
fn verify_opens_sockets_of_its_own_only() {
    let Some(strace) = testkit::strace(this_test!()) else { return };
    let home = Home::new();
    let log = home.path().join("log");
    let mut command = testkit::command(strace);
    command.args(["-f", "-e", "trace=%network", "-o"]).arg(&log).arg(sender()).arg("--verify");
    command
        .env_clear()
        .env("NETDATA_USER_CONFIG_DIR", home.config())
        .env("https_proxy", "http://proxy.example.org:3128");
    assert!(command.stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap().success());
    let log = std::fs::read_to_string(log).unwrap();
    let connects: Vec<&str> = log.lines().filter(|line| line.contains("connect(")).collect();
    assert_eq!(connects.len(), 1, "{log}");
    assert!(connects[0].contains("inet_addr(\"127.0.0.1\")"), "{log}");
    assert!(!log.contains("SOCK_DGRAM") && !log.contains("AF_UNIX"), "a name was looked up: {log}");
}

fn replace_arguments(from: &Command, arguments: &[&str]) -> Command {
    let mut command = Command::new(from.get_program());
    command.args(arguments).env_clear().current_dir("/").stdin(Stdio::null());
    for (name, value) in from.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command
}
