//! The static programs need nothing but a kernel: they answer in a root folder with nothing else, without /proc, a C
//! library or a network.
//!
//! `STATIC_PROGRAMS` is the folder of a static build. If it is for another processor, `EMULATOR` is qemu-user(1)'s
//! program for it, which is copied into the root folder with its libraries. `cargo xtask ci` sets both.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use testkit::{GUID, find, needs_static_program, said, search_path};

const PROGRAMS: [&str; 3] = ["system-info", "anonymous-statistics", "telemetry-preview"];

struct Root {
    folder: tempfile::TempDir,
    emulator: Option<PathBuf>,
}

impl Root {
    fn new(test: &str) -> Option<Self> {
        let root = Self {
            folder: tempfile::tempdir().unwrap(),
            emulator: std::env::var_os("EMULATOR").map(|name| find(&name.into_string().unwrap()).unwrap()),
        };
        for name in PROGRAMS {
            fs::copy(needs_static_program(test, name)?, root.folder.path().join(name)).unwrap();
        }
        for file in root.emulator.iter().flat_map(|emulator| with_libraries(emulator)) {
            let copy = root.folder.path().join(file.strip_prefix("/").unwrap());
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(file, copy).unwrap();
        }
        Some(root)
    }

    /// The programs' processor.
    fn architecture(&self) -> &str {
        let name = self.emulator.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
        name.map_or(std::env::consts::ARCH, |name| name.strip_prefix("qemu-").unwrap())
    }

    /// unshare(1), which becomes a program in the root folder.
    fn enter(&self, environment: &[(&str, &str)]) -> Command {
        let mut command = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        command.arg("--net").arg("--root").arg(self.folder.path()).arg("--").args(&self.emulator);
        command.env_clear().env("PATH", search_path()).envs(environment.iter().copied());
        command
    }

    /// A program's output. It must leave nothing behind.
    fn run(&self, program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> (String, String, i32) {
        let before = files(self.folder.path());
        let output = self.enter(environment).arg(format!("/{program}")).args(arguments).output().unwrap();
        assert_eq!(files(self.folder.path()), before, "{program} {arguments:?}");
        said(&output)
    }
}

/// A program and its loader's libraries: ldd(1) prints none for a static one.
fn with_libraries(program: &Path) -> Vec<PathBuf> {
    let output = Command::new("ldd").arg(program).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let libraries = text.split_whitespace().filter(|word| word.starts_with('/') && Path::new(word).is_file());
    std::iter::once(program.to_owned()).chain(libraries.map(PathBuf::from)).collect()
}

fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        }
        found.insert(path);
    }
    found
}

#[test]
fn system_info_says_what_a_kernel_and_a_processor_say() {
    let Some(root) = Root::new("system_info_says_what_a_kernel_and_a_processor_say") else { return };
    let (out, error, status) = root.run("system-info", &["--json"], &[]);
    assert_eq!((error.as_str(), status), ("", 0));
    let facts: Value = serde_json::from_str(&out).unwrap();
    let kernel = rustix::system::uname();
    for (group, name, value) in [
        ("os", "family", "linux"),
        ("kernel", "name", "Linux"),
        ("kernel", "release", kernel.release().to_str().unwrap()),
        ("kernel", "architecture", root.architecture()),
    ] {
        assert_eq!(facts[group][name]["value"], value, "{group}.{name}");
    }
    for (group, name) in [
        ("os", "id"),
        ("cpu", "logical_count"),
        ("memory", "total_bytes"),
        ("disk", "total_bytes"),
        ("container", "name"),
    ] {
        assert_eq!(facts[group][name], serde_json::json!({"value": null, "source": null}), "{group}.{name}");
    }
    // CPUID needs no file.
    if root.architecture() == "x86_64" {
        assert_ne!(facts["virtualization"]["name"]["value"], Value::Null);
        assert_eq!(facts["virtualization"]["name"]["source"], "cpuid");
    }
}

#[test]
fn the_daemon_gets_all_its_lines() {
    let Some(root) = Root::new("the_daemon_gets_all_its_lines") else { return };
    let (out, error, status) = root.run("system-info", &[], &[]);
    assert_eq!((error.as_str(), status), ("", 0));
    let facts = system_facts::collect();
    let expected =
        system_facts::internal::netdata::all_lines(&facts, &system_facts::internal::netdata::Whereabouts::default())
            .len();
    assert_eq!(out.lines().count(), expected);
    for line in [
        "NETDATA_SYSTEM_KERNEL_NAME=Linux",
        "NETDATA_SYSTEM_TOTAL_RAM=unknown",
        "NETDATA_HOST_OS_ID=unknown",
        "NETDATA_SYSTEM_DEFAULT_INTERFACE_NAME=unknown",
        "NETDATA_SYSTEM_DEFAULT_INTERFACE_DETECTION=none",
    ] {
        assert!(out.lines().any(|known| known == line), "{line}\n{out}");
    }
}

#[test]
fn an_opted_out_sender_is_silent() {
    let Some(root) = Root::new("an_opted_out_sender_is_silent") else { return };
    let environment = [("DISABLE_TELEMETRY", "1"), ("NETDATA_REGISTRY_UNIQUE_ID", GUID)];
    assert_eq!(root.run("anonymous-statistics", &["START", "-", "-"], &environment), (String::new(), String::new(), 0));
}

#[test]
fn a_dry_run_shows_the_request_or_says_what_is_missing() {
    let Some(root) = Root::new("a_dry_run_shows_the_request_or_says_what_is_missing") else { return };
    let call = ["--dry-run", "START", "-", "-"];
    let (identifier, version) = (("NETDATA_REGISTRY_UNIQUE_ID", GUID), ("NETDATA_VERSION", "v1.37.1"));
    let (out, _, status) = root.run("anonymous-statistics", &call, &[identifier, version]);
    assert_eq!(status, 0);
    assert!(out.contains(&format!(r#""distinct_id":"{GUID}""#)), "{out}");
    let (out, error, status) = root.run("anonymous-statistics", &call, &[identifier]);
    assert_eq!((out.as_str(), status), ("", 2));
    assert!(error.contains("does not say which version"), "{error}");
    let (out, error, status) = root.run("anonymous-statistics", &call, &[version]);
    assert_eq!((out.as_str(), status), ("", 2));
    assert!(error.contains("NETDATA_REGISTRY_UNIQUE_ID is not a GUID"), "{error}");
}

#[test]
fn the_preview_shows_text() {
    let Some(root) = Root::new("the_preview_shows_text") else { return };
    let (out, _, status) = root.run("telemetry-preview", &["status"], &[]);
    assert_eq!(status, 0);
    // Without /proc a running daemon is invisible, and this shell's variables are not the daemon's.
    assert!(
        out.contains("This project's sender: unknown") && out.contains("the running processes: not found"),
        "{out}"
    );
    let (_, _, status) = root.run("telemetry-preview", &["check", "--expect", "off"], &[("DO_NOT_TRACK", "1")]);
    assert_eq!(status, 3);
    let (out, _, status) = root.run("telemetry-preview", &["show"], &[]);
    assert_eq!(status, 0);
    assert!(out.contains("distinct_id") && out.contains(root.architecture()), "{out}");
}
