//! Opted out is silent: checks every system call of the sender (strace), for every way to opt out, every action and
//! every number of arguments from daemons.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;

use anonymous_statistics::agent::folders::CONFIG_DIRECTORIES;
use anonymous_statistics::fields::ACTIONS;
use testkit::{Call, Home, Receiver, Reply, full, in_strace, said, this_test};

/// strace's output: every call that can reach another machine, another process or a file by name, by strace's classes
/// and what they lack; and the calls these tests ask about. No file is open for writing, so every write goes to a
/// stream that the test reads, or between the two processes.
const REACHES: &str = "trace=%network,%ipc,%file,\
    ?io_uring_setup,?mq_open,?open_by_handle_at,?pidfd_getfd,?process_vm_writev,?ptrace,?bpf,?add_key,\
    ?clone,?clone3,?fork,?vfork,fsync";

/// System calls with a path. Each is allowed for the files below only.
const BY_PATH: [&str; 10] =
    ["access", "faccessat2", "open", "openat", "stat", "lstat", "statx", "newfstatat", "readlink", "readlinkat"];

/// A second process, and syncing a deletion.
const HARMLESS: [&str; 5] = ["clone", "clone3", "fork", "vfork", "fsync"];

/// The files of the loader and the C library before `main`.
const LOADER: [&str; 7] =
    ["/etc/ld.so.cache", "/etc/ld.so.preload", "/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/", "/proc/self/maps"];

/// The mounts, and the number of threads: on some file systems a second process looks for the opt-out file.
const SELF: [&str; 2] = ["/proc/self/mountinfo", "/proc/self/task"];

/// A line of strace: the call's name, and its path, if any.
fn parse(line: &str) -> Option<(&str, Option<&str>)> {
    let call = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
    let (name, rest) = call.split_once('(')?;
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    plain.then(|| (name, rest.split('"').nth(1)))
}

/// Whether the path is one of these places or above one: its links are checked.
fn leads_to(path: &str, own: &str, lib: &str, consent: &[String]) -> bool {
    let state = format!("{lib}/anonymous-statistics");
    let mut places = consent.iter().map(String::as_str).chain([own, &state]);
    places.any(|place| place == path || place.strip_prefix(path).is_some_and(|rest| rest.starts_with('/')))
}

/// Whether the file systems of the decision's places answer without a server. In a container this is usually unknown
/// from inside, and a second process looks.
fn answers_by_itself(test: &str) -> bool {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let foreign: Vec<&str> =
        mounts.lines().filter(|line| [" / / ", " /tmp ", " /etc "].iter().any(|at| line.contains(at))).collect();
    let local = foreign.iter().all(|line| {
        line.split(" - ").nth(1).is_some_and(|kind| {
            ["ext", "xfs", "btrfs", "f2fs", "zfs", "tmpfs"].iter().any(|known| kind.starts_with(known))
        })
    });
    if !local {
        testkit::skip(test, "this machine's own file systems are not of the kinds that are known to answer");
    }
    local
}

struct Traced {
    lines: Vec<String>,
    said: (String, String, i32),
}

fn trace(strace: &[String], call: &Call, home: &Home) -> Traced {
    let log = home.path().join("strace");
    let output = testkit::command(strace)
        .args(["-f", "-s", "4096", "-e", REACHES, "-o"])
        .arg(&log)
        .arg(testkit::sender())
        .args(&call.arguments)
        .env_clear()
        .envs(&call.environment)
        .current_dir("/")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let lines = std::fs::read_to_string(&log).unwrap().lines().map(str::to_owned).collect();
    std::fs::remove_file(log).unwrap();
    Traced { lines, said: said(&output) }
}

/// Checks every system call, and returns the names of deleted files.
fn check(traced: &Traced, home: &Home, what: &str) -> BTreeSet<String> {
    assert_eq!(traced.said, (String::new(), String::new(), 0), "{what}");
    let lib = in_strace(&home.lib());
    let consent = CONFIG_DIRECTORIES.map(|folder| format!("{folder}/.opt-out-from-anonymous-statistics"));
    let own = in_strace(&home.opt_out_file());
    let mut deleted = BTreeSet::new();
    // The first line is the program's own start.
    for line in traced.lines.iter().skip(1) {
        let Some((name, path)) = parse(line) else { continue };
        if name == "unlinkat" {
            if line.ends_with("= 0") {
                deleted.insert(path.unwrap().to_owned());
            }
            continue;
        }
        if BY_PATH.contains(&name) {
            let path = path.unwrap_or_default();
            let relative = ["anonymous-statistics", "waiting", "runs", ".", ""].contains(&path);
            let allowed = relative
                || path == own
                || path == lib
                || SELF.contains(&path)
                || consent.iter().any(|file| file == path)
                || (name.starts_with("readlink") && leads_to(path, &own, &lib, &consent))
                || LOADER.iter().any(|start| path.starts_with(start));
            assert!(allowed, "{what}: {line}");
            let creates = ["O_CREAT", "O_WRONLY", "O_RDWR", "O_TRUNC"].iter().any(|flag| line.contains(flag));
            assert!(!creates, "{what}: {line}");
            continue;
        }
        assert!(HARMLESS.contains(&name), "{what}: {line}");
    }
    deleted
}

/// Every way to opt out: its name, its change to a home, and its variable.
type Way = (&'static str, fn(&Path), Option<(&'static str, &'static str)>);

const WAYS: [Way; 9] = [
    ("an empty file", |file| std::fs::write(file, "").unwrap(), None),
    (
        "an unreadable file",
        |file| {
            std::fs::write(file, "x").unwrap();
            testkit::set_mode(file, 0);
        },
        None,
    ),
    ("a dangling link", |file| std::os::unix::fs::symlink("/nonexistent", file).unwrap(), None),
    ("a folder", |file| std::fs::create_dir(file).unwrap(), None),
    ("DISABLE_TELEMETRY=1", |_| (), Some(("DISABLE_TELEMETRY", "1"))),
    ("DISABLE_TELEMETRY=0", |_| (), Some(("DISABLE_TELEMETRY", "0"))),
    ("DISABLE_TELEMETRY=' '", |_| (), Some(("DISABLE_TELEMETRY", " "))),
    ("DO_NOT_TRACK=1", |_| (), Some(("DO_NOT_TRACK", "1"))),
    ("DO_NOT_TRACK=false", |_| (), Some(("DO_NOT_TRACK", "false"))),
];

/// netdata#12736, #9133: some machines must not send a single packet.
#[test]
fn opted_out_no_system_call_reaches_anything() {
    let Some(strace) = testkit::strace(this_test!()) else { return };
    for (way, prepare, variable) in WAYS {
        let home = Home::new();
        prepare(&home.opt_out_file());
        let before = home.tree();
        for action in ACTIONS {
            for count in [3, 42, 44] {
                let mut arguments = full([action.name, "-", "-"]);
                arguments.resize(count, "null");
                let mut call = home.call(&arguments);
                if let Some((name, value)) = variable {
                    call = call.with(name, value);
                }
                let what = format!("{way}, {}, {count} arguments", action.name);
                assert!(check(&trace(strace, &call, &home), &home, &what).is_empty(), "{what}");
            }
        }
        assert_eq!(home.tree(), before, "{way}");
    }
}

/// Most machines that call this program are opted out: with any other mounts, it costs them neither a second process
/// nor a thread.
#[test]
fn opted_out_there_is_one_process_with_one_thread() {
    let test = this_test!();
    let Some(strace) = testkit::strace(test) else { return };
    if !answers_by_itself(test) {
        return;
    }
    for (way, prepare, variable) in WAYS {
        let home = Home::new();
        prepare(&home.opt_out_file());
        for folder in ["anonymous-statistics", "anonymous-statistics/waiting"] {
            std::fs::create_dir(home.lib().join(folder)).unwrap();
            testkit::set_mode(&home.lib().join(folder), 0o700);
        }
        let call = home.start();
        let call = if let Some((name, value)) = variable { call.with(name, value) } else { call };
        let lines = trace(strace, &call, &home).lines;
        let more =
            |line: &&String| parse(line).is_some_and(|(name, _)| ["clone", "clone3", "fork", "vfork"].contains(&name));
        assert_eq!(lines.iter().find(more), None, "{way}");
    }
}

#[test]
fn opted_out_the_only_thing_done_is_to_delete_what_waits() {
    let test = this_test!();
    let Some(strace) = testkit::strace(test) else { return };
    if testkit::opted_out_here(test) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(503, ""));
    let home = Home::sending_to(&receiver);
    home.start().run();
    let waiting = home.events("waiting");
    assert_eq!(waiting.len(), 1);
    std::fs::write(home.opt_out_file(), "").unwrap();
    let waits_for_disk = |traced: &Traced| traced.lines.iter().any(|line| line.contains("fsync("));
    let traced = trace(strace, &home.start(), &home);
    assert_eq!(check(&traced, &home, "an event waits"), waiting.into_iter().collect());
    assert!(waits_for_disk(&traced), "the deletion lasts");
    // The record of the service's hooks.
    std::fs::write(home.lib().join("anonymous-statistics/runs"), "").unwrap();
    let traced = trace(strace, &home.start(), &home);
    assert_eq!(check(&traced, &home, "there is a record of runs"), BTreeSet::from(["runs".to_owned()]));
    let traced = trace(strace, &home.start(), &home);
    assert_eq!(check(&traced, &home, "nothing waits"), BTreeSet::new());
    assert!(!waits_for_disk(&traced), "nothing was deleted");
    assert_eq!(receiver.connections(), 1);
}

/// The check itself must be able to fail.
#[test]
fn a_call_that_is_allowed_to_send_does_not_pass_for_silent() {
    let test = this_test!();
    let Some(strace) = testkit::strace(test) else { return };
    if testkit::opted_out_here(test) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = Home::sending_to(&receiver);
    let traced = trace(strace, &home.start(), &home);
    assert!(std::panic::catch_unwind(|| check(&traced, &home, "allowed")).is_err());
    let silent = Traced { lines: traced.lines, said: (String::new(), String::new(), 0) };
    assert!(std::panic::catch_unwind(|| check(&silent, &home, "allowed")).is_err());
}
