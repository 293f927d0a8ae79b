//! `cargo xtask enclosed` on this kernel.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "the helper is part of a test, which clippy does not see")]

use std::process::{Command, Output};

/// Runs a shell script behind `cargo xtask enclosed`, in namespaces of a user other than root.
fn inside(script: &str) -> Option<String> {
    let user = ["--user", "--map-user=1000", "--map-group=1000", "--keep-caps", "--net", "--mount", "--"];
    let run = |program: &[&str]| -> Option<Output> { Command::new("unshare").args(user).args(program).output().ok() };
    if !run(&["true"]).is_some_and(|output| output.status.success()) {
        testkit::skip("xtask enclosed", "no user, network and mount namespaces can be made here");
        return None;
    }
    let output = run(&[env!("CARGO_BIN_EXE_xtask"), "enclosed", "--", "sh", "-c", script]).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn only_the_loopback_interface_is_there_and_it_is_up() {
    let Some(devices) = inside("cat /proc/net/dev; echo addresses; cat /proc/net/fib_trie") else { return };
    let (devices, addresses) = devices.split_once("addresses\n").unwrap();
    let up: Vec<&str> = devices.lines().skip(2).filter_map(|line| Some(line.split_once(':')?.0.trim())).collect();
    // Kernels with built-in tunnels add idle devices to every namespace.
    assert!(up.contains(&"lo") && !up.iter().any(|name| name.starts_with('e') || name.starts_with('w')), "{up:?}");
    assert!(addresses.contains("127.0.0.1"), "the interface has its address only when it is up");
}

#[test]
fn no_right_is_left_to_a_user_who_had_none() {
    let Some(status) = inside("grep Cap /proc/self/status") else { return };
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        let line = status.lines().find(|line| line.starts_with(set)).unwrap();
        assert_eq!(line.split_whitespace().nth(1), Some("0000000000000000"), "{line}");
    }
}

#[test]
fn the_usual_folders_are_empty() {
    for folder in ["/etc/netdata", "/opt/netdata/etc/netdata", "/usr/local/etc/netdata", "/var/lib/netdata"] {
        let Some(listed) = inside(&format!("! test -d {folder} || ls -A {folder}")) else { return };
        assert_eq!(listed, "", "{folder}");
    }
}
