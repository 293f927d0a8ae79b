//! The Ansible role, by `ansible-playbook` (`ANSIBLE_PLAYBOOK`) in mount and network namespaces, whose folders take all
//! changes with them.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::scratch::{INSTALLER, OPT_OUT, PROGRAMS, built, mode, run, write_script};
use testkit::{enclosure, said, skip, this_test};

const PLUGINS: &str = "/srv/netdata/libexec/netdata/plugins.d";
const CONFIG: &str = "/srv/netdata/etc/netdata";
const UNITS: &str = "/etc/systemd/system";

/// An agent's folders, and an archive as of a release.
struct World {
    folder: tempfile::TempDir,
    playbook: PathBuf,
}

impl World {
    fn make(playbook: PathBuf) -> Self {
        for place in ["/srv", UNITS] {
            assert!(run(Command::new("mount").args(["-t", "tmpfs", "-o", "mode=755", "none", place])).success());
        }
        fs::create_dir_all(CONFIG).unwrap();
        fs::create_dir_all(PLUGINS).unwrap();
        for name in ["system-info", "anonymous-statistics"] {
            write_script(&Path::new(PLUGINS).join(format!("{name}.sh")), "#!/bin/sh\n# the agent's own\n");
        }
        fs::write(Path::new(UNITS).join("netdata.service"), "[Service]\n").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("anonymous-statistics-0");
        fs::create_dir(&inner).unwrap();
        for name in PROGRAMS {
            assert!(run(Command::new("cp").arg(built().join(name)).arg(&inner)).success());
        }
        let share = Path::new(INSTALLER).with_file_name("share");
        assert!(run(Command::new("cp").arg("-r").arg(INSTALLER).arg(share).arg(&inner)).success());
        let pack = ["-czf", "archive.tar.gz", "anonymous-statistics-0"];
        assert!(run(Command::new("tar").current_dir(folder.path()).args(pack)).success());
        Self { folder, playbook }
    }

    /// Runs the role with these variables, as YAML; the number of changes, and all that was said.
    fn play(&self, check: bool, variables: &str) -> Result<(u32, String), String> {
        let playbook = self.folder.path().join("playbook.yml");
        let role = Path::new(INSTALLER).with_file_name("packaging/ansible/telemetry");
        let common = format!(
            "telemetry_config_dir: {CONFIG}, telemetry_plugins_dir: {PLUGINS}, telemetry_prefix: /srv/ours, archive: {}",
            self.folder.path().join("archive.tar.gz").display()
        );
        let text = format!(
            "- hosts: localhost\n  gather_facts: false\n  roles:\n    - role: {}\n      vars: {{ {common}, {variables} }}\n",
            role.display()
        );
        fs::write(&playbook, text).unwrap();
        let mut command = Command::new(&self.playbook);
        command.args(["--connection=local", "--inventory=localhost,"]).arg(playbook);
        command.args(if check { &["--check"][..] } else { &[] });
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C.UTF-8");
        command.env("HOME", self.folder.path()).env("ANSIBLE_NOCOLOR", "1");
        let (out, err, status) = said(&command.output().unwrap());
        if status != 0 {
            return Err(out + &err);
        }
        let changed = out.split("changed=").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        Ok((changed, out))
    }

    fn changes(&self, variables: &str) -> u32 {
        self.play(false, variables).unwrap().0
    }
}

/// Every file, with its permissions and content.
fn tree() -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut open = vec![PathBuf::from("/srv"), PathBuf::from(UNITS)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path.clone());
            } else {
                found.insert(path.clone(), (mode(&path), fs::read(&path).unwrap()));
            }
        }
    }
    found
}

#[test]
fn the_role_does_what_is_asked_once_and_undoes_it() {
    let test = this_test!();
    let Some(playbook) = std::env::var_os("ANSIBLE_PLAYBOOK").map(PathBuf::from) else {
        return skip(test, "ANSIBLE_PLAYBOOK is not set (cargo xtask ci --all installs it)");
    };
    if !rustix::process::geteuid().is_root() {
        return skip(test, "the role is for root");
    }
    if enclosure::inside().is_none() {
        return enclosure::enclose_test(test, &[]);
    }
    let world = World::make(playbook);
    let opt_out = Path::new(CONFIG).join(Path::new(OPT_OUT).file_name().unwrap());
    let sender = Path::new(PLUGINS).join("anonymous-statistics.sh");
    let toml = Path::new(CONFIG).join("anonymous-statistics.toml");
    let conf = Path::new(CONFIG).join("netdata.conf");
    let before = tree();

    assert_eq!(world.changes("telemetry_state: present"), 0, "without variables it changes nothing");
    assert_eq!(tree(), before);

    // The file cannot be created: nothing is installed.
    let elsewhere =
        "telemetry_opted_out: true, telemetry_archive: '{{ archive }}', telemetry_config_dir: /srv/none/etc";
    let said = world.play(false, elsewhere).unwrap_err();
    assert!(said.contains("Create the opt-out file"), "{said}");
    assert_eq!(tree(), before);

    let all = "telemetry_opted_out: true, telemetry_archive: '{{ archive }}', telemetry_service_hooks: true, \
               telemetry_posthog_url: 'https://posthog.example.org/capture/', telemetry_posthog_api_key: 'a\"b', \
               telemetry_posthog_mode: '0640'";
    let (changed, out) = world.play(true, all).unwrap();
    assert!(changed >= 3 && out.contains("Ask what is to be done"), "{out}");
    assert_eq!(tree(), before, "--check changes nothing");

    fs::write(&toml, "history = 7\nurl = \"http://127.0.0.1:1/\"\n").unwrap();
    let (changed, out) = world.play(false, all).unwrap();
    assert!(changed >= 4, "{out}");
    assert!(!out.contains("a\\\"b"), "the key is in no log: {out}");
    assert!(fs::read_to_string(&conf).unwrap().contains("crash reports = off"));
    assert!(opt_out.exists() && sender.with_extension("sh.original").exists());
    let version = Command::new(&sender).arg("--version").output().unwrap();
    assert!(version.stdout.starts_with(b"anonymous-statistics "));
    let configured = "api_key = \"a\\\"b\"\nhistory = 7\nurl = \"https://posthog.example.org/capture/\"\n";
    assert_eq!((fs::read_to_string(&toml).unwrap().as_str(), mode(&toml)), (configured, 0o640));
    let hooks = fs::read_to_string(Path::new(UNITS).join("netdata.service.d/anonymous-statistics.conf")).unwrap();
    assert!(
        hooks.contains(&format!("/srv/ours/bin/anonymous-statistics --config-dir {CONFIG} --from-status")),
        "{hooks}"
    );

    let installed = tree();
    for check in [false, true] {
        let (changed, out) = world.play(check, all).unwrap();
        assert_eq!((changed, tree() == installed), (0, true), "again it changes nothing: {out}");
    }

    let absent = "telemetry_state: absent, telemetry_archive: '{{ archive }}'";
    let (changed, out) = world.play(true, absent).unwrap();
    assert!(changed == 1 && tree() == installed, "{out}");
    assert_eq!(world.changes(absent), 1);
    let mut after = tree();
    let stay = [&opt_out, &toml, &conf].map(|file| after.remove(file).is_some());
    assert_eq!(stay, [true; 3], "consent and configuration stay");
    assert_eq!(after, before);
    assert_eq!(world.changes(absent), 0);

    let preview = "telemetry_preview_only: true, telemetry_opted_out: false, telemetry_archive: '{{ archive }}', \
                   telemetry_prefix: /srv/netdata";
    fs::create_dir_all("/srv/netdata/bin").unwrap();
    assert!(world.changes(preview) >= 2);
    assert!(!opt_out.exists() && !conf.exists() && Path::new("/srv/netdata/bin/telemetry-preview").exists());
    assert!(!Path::new("/srv/netdata/bin/anonymous-statistics").exists());
    assert_eq!(world.changes(preview), 0);
}
