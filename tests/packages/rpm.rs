//! With rpm, beside made-up packages of netdata: there is no system with rpm here.

use std::fs;
use std::process::Command;

use testkit::this_test;

use crate::place::{self, NAMES, NETDATAS, Place};
use crate::root::{Root, succeed};

/// A netdata whose scriptlets write down what the daemon would find that they start.
fn spec(version: &str) -> String {
    let (install, files) = if has_scripts(version) {
        let write = |name| {
            let text = String::from_utf8(script(version, name)).unwrap();
            format!("printf '{}' > %{{buildroot}}{NETDATAS}/{name}.sh\n", text.escape_default())
        };
        (NAMES.map(write).concat(), NAMES.map(|name| format!("%attr(755,root,root) {NETDATAS}/{name}.sh\n")).concat())
    } else {
        (String::new(), String::new())
    };
    format!(
        "Name: netdata\nVersion: {version}\nRelease: 1\nSummary: an agent\nLicense: GPL\nBuildArch: noarch\n\
         %description\nan agent\n\
         %install\nmkdir -p %{{buildroot}}{NETDATAS}\ntouch %{{buildroot}}{NETDATAS}/apps.plugin\n{install}\
         %files\n%dir /usr/libexec/netdata\n%dir {NETDATAS}\n{NETDATAS}/apps.plugin\n{files}\
         %post\nreadlink {NETDATAS}/anonymous-statistics.sh > /found || :\n"
    )
}

fn script(version: &str, name: &str) -> Vec<u8> {
    format!("#!/bin/sh\n# {name} of {version}\n").into_bytes()
}

fn has_scripts(version: &str) -> bool {
    !version.starts_with("2.6")
}

struct Machine {
    root: Root,
    work: tempfile::TempDir,
}

impl Machine {
    fn new(test: &str) -> Option<Self> {
        Some(Self { root: Root::unpack("rpm", test)?, work: tempfile::tempdir().unwrap() })
    }

    /// Standard output and standard error, and whether it succeeded.
    fn rpm(&self, words: &[&str]) -> (String, bool) {
        let mut rpm = Command::new("rpm");
        rpm.args(["--force-debian", "--nodeps", "--root"]).arg(self.root.folder()).args(words);
        let output = rpm.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (String::from_utf8(text).unwrap(), output.status.success())
    }

    fn done(&self, words: &[&str]) {
        let (said, done) = self.rpm(words);
        assert!(done && said.is_empty(), "{words:?}: {said}");
    }

    fn ours(&self) -> String {
        let arch = std::env::consts::ARCH;
        self.root.ours("anonymous-statistics", &format!(".{arch}.rpm")).to_str().unwrap().to_owned()
    }

    /// All three, which need each other.
    fn install_ours(&self) {
        let arch = std::env::consts::ARCH;
        let facts = self.root.ours("system-info", &format!(".{arch}.rpm"));
        self.done(&["--install", "--replacepkgs", facts.to_str().unwrap(), &self.ours()]);
    }

    fn agent(&self, version: &str) -> String {
        let file = self.work.path().join(format!("{version}.spec"));
        fs::write(&file, spec(version)).unwrap();
        let folder = self.work.path().to_str().unwrap();
        let mut build = Command::new("rpmbuild");
        build.args([
            "-bb",
            "--quiet",
            "--define",
            &format!("_topdir {folder}"),
            "--define",
            &format!("_rpmdir {folder}"),
        ]);
        succeed(build.arg(file));
        format!("{folder}/noarch/netdata-{version}-1.noarch.rpm")
    }

    fn place(&self, version: &str) -> Place {
        place::look(self.root.folder(), NETDATAS, &|name| script(version, name))
    }

    /// What the daemon finds that the agent's scriptlet starts.
    fn found(&self) -> String {
        fs::read_to_string(self.root.path("/found")).unwrap()
    }
}

const LINK: &str = "../../../bin/anonymous-statistics\n";

#[test]
fn after_netdata_and_through_its_upgrades() {
    let Some(machine) = Machine::new(this_test!()) else { return };
    machine.done(&["--install", &machine.agent("2.4.0")]);
    assert_eq!(machine.place("2.4.0"), Place::Netdatas);
    machine.install_ours();
    assert_eq!(machine.place("2.4.0"), Place::Ours);
    for version in ["2.5.0", "2.4.0", "2.5.0"] {
        machine.done(&["--upgrade", "--oldpackage", &machine.agent(version)]);
        assert_eq!(machine.place(version), Place::Ours);
        assert_eq!(machine.found(), LINK, "the daemon never meets Netdata's");
    }
    machine.done(&["--upgrade", &machine.agent("2.6.0")]);
    assert_eq!(machine.place("2.6.0"), Place::Nobodys);
    machine.done(&["--upgrade", "--oldpackage", &machine.agent("2.5.0")]);
    assert_eq!(machine.place("2.5.0"), Place::Ours);
    // Ours anew over itself.
    machine.done(&["--upgrade", "--replacepkgs", &machine.ours()]);
    assert_eq!(machine.place("2.5.0"), Place::Ours);
    machine.done(&["--erase", "anonymous-statistics"]);
    assert_eq!(machine.place("2.5.0"), Place::Netdatas);
    machine.done(&["--verify", "netdata"]);
}

#[test]
fn before_netdata_and_without_it() {
    let Some(machine) = Machine::new(this_test!()) else { return };
    machine.install_ours();
    assert!(!machine.root.exists("/usr/libexec/netdata"));
    machine.done(&["--install", &machine.agent("2.5.0")]);
    assert_eq!(machine.place("2.5.0"), Place::Ours);
    assert_eq!(machine.found(), LINK, "the daemon never meets Netdata's");
    machine.done(&["--erase", "netdata"]);
    assert_eq!(machine.place("2.5.0"), Place::Nobodys);
    assert!(!machine.root.exists("/usr/libexec/netdata"), "nothing is left of the agent because of us");
    machine.done(&["--erase", "anonymous-statistics"]);
}

#[test]
fn where_install_sh_was_first_nothing_is_changed() {
    let Some(machine) = Machine::new(this_test!()) else { return };
    machine.done(&["--install", &machine.agent("2.5.0")]);
    let path = format!("{NETDATAS}/anonymous-statistics.sh");
    let kept = format!("{path}.original");
    fs::rename(machine.root.path(&path), machine.root.path(&kept)).unwrap();
    machine.root.write(&path, "\u{7f}ELF");
    let (said, done) = machine.rpm(&["--install", &machine.ours()]);
    assert!(!done && said.contains("was replaced already") && said.contains("sh install.sh --uninstall"), "{said}");
    assert!(!machine.root.exists("/usr/bin/anonymous-statistics"));
    assert_eq!(fs::read(machine.root.path(&kept)).unwrap(), script("2.5.0", "anonymous-statistics"));
}
