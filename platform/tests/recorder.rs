//! A recording gives the answers of its machine.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]
#![cfg(feature = "cli")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use system_facts::internal::netdata::Whereabouts;
use system_facts::{CommonEvidence, Error, Facts, Host, LiveHost, Outcome, RecordedHost, Recorder, collect_from};

const PROGRAM: &str = env!("CARGO_BIN_EXE_system-info");

fn machines() -> Vec<PathBuf> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/machines");
    fs::read_dir(all).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
}

fn collect(host: &dyn Host, privileged: bool) -> Facts {
    if privileged { collect_from(host) } else { collect_from(&CommonEvidence::new(host)) }
}

/// Records, and compares the recording with the host: every value and source, and all evidence but the redacted.
fn records_faithfully(host: &dyn Host, privileged: bool, name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let recorder = Recorder::new(host);
    let was = collect(&recorder, privileged);
    let redacted: BTreeSet<String> = recorder
        .write(folder.path(), "recorded: by a test")
        .unwrap()
        .into_iter()
        .map(|redaction| redaction.place)
        .collect();
    let written = RecordedHost::open(folder.path()).unwrap();
    let watched = Recorder::new(&written);
    let is = collect(&watched, privileged);
    assert_eq!(watched.unanswered(), recorder.unanswered(), "{name}: asked the recording what was not asked before");
    let (was, is) = (was.leaves(), is.leaves());
    assert_eq!(was.len(), is.len());
    for (was, is) in was.iter().zip(&is) {
        assert_eq!((was.value, was.source), (is.value, is.source), "{name}: {}.{}", was.group, was.name);
        assert_eq!(was.evidence.len(), is.evidence.len(), "{name}: {was:?} {is:?}");
        for (was, is) in was.evidence.iter().zip(is.evidence) {
            let path = was.asked.split(": ").next().unwrap();
            if !redacted.contains(path) {
                assert_eq!(was, is, "{name}");
            }
        }
    }
}

#[test]
fn this_machine_is_recorded_faithfully() {
    for privileged in [false, true] {
        records_faithfully(&LiveHost::new(), privileged, "live");
    }
}

#[test]
fn every_machine_of_the_tests_is_recorded_faithfully() {
    for folder in machines() {
        let host = RecordedHost::open(&folder).unwrap();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        for privileged in [false, true] {
            records_faithfully(&host, privileged, &name);
        }
    }
}

/// Where a machine is on the network is the daemon's alone: no recording asks, whoever is asked through it.
#[test]
fn no_recording_says_where_the_machine_is() {
    let tells = |folder: &PathBuf| folder.join("root/proc/net").exists() || folder.join("root/run/cloud-init").exists();
    for folder in machines().into_iter().filter(tells) {
        let host = RecordedHost::open(&folder).unwrap();
        let recorder = Recorder::new(&host);
        let facts = collect_from(&recorder);
        let whereabouts = Whereabouts::ask(&recorder, &facts);
        assert_eq!((whereabouts.interface.route, whereabouts.instance.region.known()), (None, None), "{folder:?}");
        assert!(recorder.read("/proc/net/arp", 100).is_err() && recorder.list("/sys/class/net", 9).is_err());
        let paths = recorder.asked();
        assert!(
            !paths.iter().any(|path| path.contains("/net") || path.contains("cloud-init")),
            "{folder:?}: {paths:?}"
        );

        let copy = tempfile::tempdir().unwrap();
        recorder.write(copy.path(), "recorded: by a test").unwrap();
        assert!(!copy.path().join("root/proc/net").exists() && !copy.path().join("root/sys/class/net").exists());
        let json = fs::read_to_string(copy.path().join("machine.json")).unwrap();
        for secret in ["/net", "cloud-init", "ens3", "192.0.2", "2001:db8"] {
            assert!(!json.contains(secret), "{secret}: {json}");
        }
    }
}

/// The interface and its address are in the daemon's lines, and in no format that people show around.
#[test]
fn only_the_daemons_lines_say_where_the_machine_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/machines/default-route");
    let run = |format: &[&str]| {
        let output = run(&[&["--machine", folder.to_str().unwrap()], format].concat());
        String::from_utf8(output.stdout).unwrap()
    };
    let of_the_daemon = run(&[]);
    let last: Vec<&str> = of_the_daemon.lines().rev().take(3).collect();
    assert_eq!(
        last,
        [
            "NETDATA_SYSTEM_DEFAULT_INTERFACE_DETECTION=procfs",
            "NETDATA_SYSTEM_DEFAULT_INTERFACE_IP=192.0.2.7",
            "NETDATA_SYSTEM_DEFAULT_INTERFACE_NAME=ens3",
        ]
    );
    for format in
        [&["--json"][..], &["--json", "--explain"], &["--format", "table"], &["--format", "table", "--explain"]]
    {
        let shown = run(format);
        assert!(!shown.is_empty());
        for secret in ["ens3", "192.0.2.7", "/proc/net"] {
            assert!(!shown.contains(secret), "{format:?}: {shown}");
        }
    }
}

/// A recording of common evidence lacks the answers for root.
#[test]
fn what_was_never_asked_is_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let machine = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/machines/plain-hardware");
    let recorder = Recorder::new(RecordedHost::open(&machine).unwrap());
    collect(&recorder, false);
    recorder.write(folder.path(), "recorded: by a test").unwrap();
    let written = RecordedHost::open(folder.path()).unwrap();
    assert_eq!(written.read("/proc/1/environ", 100), Err(Error::Unanswered));
    let watched = Recorder::new(&written);
    let facts = collect(&watched, true);
    assert!(watched.unanswered().contains("/proc/1/environ"), "{:?}", watched.unanswered());
    let failed = facts.container.name.evidence.iter().find(|asked| asked.asked == "/proc/1/environ").unwrap();
    assert_eq!(failed.outcome, Outcome::Failed(Error::Unanswered));
}

/// Of process 1's environment only the collector's variables are kept, and of an address only that it is set.
#[test]
fn secrets_of_the_first_process_are_not_recorded() {
    let folder = tempfile::tempdir().unwrap();
    let machine = folder.path().join("machine");
    fs::create_dir_all(machine.join("root/proc/1")).unwrap();
    fs::write(machine.join("machine.json"), r#"{"platform": "linux", "uname": {"nodename": "secrethost"}}"#).unwrap();
    fs::write(
        machine.join("root/proc/1/environ"),
        "PASSWORD=secretword\0container=lxc\0KUBERNETES_SERVICE_HOST=10.9.8.7\0",
    )
    .unwrap();
    let host = RecordedHost::open(&machine).unwrap();
    records_faithfully(&host, true, "secrets");
    let recorder = Recorder::new(&host);
    collect(&recorder, true);
    let copy = folder.path().join("copy");
    recorder.write(&copy, "recorded: by a test").unwrap();
    let json = fs::read_to_string(copy.join("machine.json")).unwrap();
    assert!(json.contains(r#""container": "lxc""#), "{json}");
    for secret in ["secretword", "PASSWORD", "10.9.8.7", "secrethost"] {
        assert!(!json.contains(secret), "{secret}: {json}");
    }
    assert!(!copy.join("root/proc/1/environ").exists());
}

fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().unwrap()
}

fn json(arguments: &[&str]) -> serde_json::Value {
    let output = run(&[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_program_records_and_reads_its_recording() {
    for privileged in [&[][..], &["--privileged"]] {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("new/folder");
        let place = place.to_str().unwrap();
        let output = run(&[privileged, &["--record", place]].concat());
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("uname: the host name\n"), "{text}");
        // A frequency may have changed meanwhile, and so may the size of a ZFS file system, which depends on its pool's
        // free space.
        let mut live = json(privileged);
        let mut recorded = json(&[privileged, &["--machine", place]].concat());
        for document in [&mut live, &mut recorded] {
            document["cpu"]["frequency_hz"]["value"].take();
            if cfg!(target_os = "freebsd") {
                document["disk"]["total_bytes"]["value"].take();
            }
        }
        assert_eq!(live, recorded);
        // A second recording in the same folder is refused and changes nothing.
        let output = run(&["--record", place]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(message, format!("system-info: --record {place}: there is something in it already\n"));
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file\u{1b}[31m");
    fs::write(&file, "").unwrap();
    let output = run(&["--record", file.join("below").to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.starts_with("system-info: --record ") && message.lines().count() == 1, "{message}");
    assert!(!message.trim_end().contains(char::is_control), "{message:?}");
    assert_eq!(run(&["--record", "x", "--json"]).status.code(), Some(2));
}
