//! With apt, beside Debian's netdata, and beside packages as Netdata builds them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::this_test;

use crate::place::{self, DEBIANS, NAMES, NETDATAS, Place, below};
use crate::root::{Root, find, succeed};

const APT: [&str; 6] = ["apt-get", "--quiet", "--quiet", "--yes", "--no-install-recommends", "--allow-downgrades"];
const OPT_OUT: &str = "/etc/netdata/.opt-out-from-anonymous-statistics";
/// Debian's package with the two scripts.
const WITH_SCRIPTS: &str = "netdata-plugins-bash";
/// apt's cache, with Debian's packages of an agent.
const CACHE: &str = "/var/cache/apt/archives";
const ARCHIVES: [&str; 4] = ["netdata", "netdata-core", WITH_SCRIPTS, "netdata-web"];

/// The version of a package with the agent's scripts, which decides what is in them.
#[derive(Clone, Copy, PartialEq)]
enum Agent {
    /// Debian's own package.
    Debians,
    /// The same with another version and other scripts.
    Changed(&'static str),
    /// As from v2.6 on.
    WithoutScripts(&'static str),
}

impl Agent {
    fn script(self, stock: &Path, name: &str) -> Vec<u8> {
        let mut text = fs::read(stock.join(format!("{name}.sh"))).unwrap();
        if let Self::Changed(version) = self {
            text.extend_from_slice(format!("# {version}\n").as_bytes());
        }
        text
    }
}

/// A root with our three packages at hand.
struct Machine {
    root: Root,
    /// Debian's package with the scripts, unpacked.
    stock: PathBuf,
    work: tempfile::TempDir,
    ours: Vec<String>,
}

impl Machine {
    fn new(test: &str) -> Option<Self> {
        let root = Root::unpack("apt", test)?;
        let work = tempfile::tempdir().unwrap();
        let stock = work.path().join("stock");
        let package = find(&root.path(CACHE), WITH_SCRIPTS, ".deb");
        succeed(Command::new("dpkg-deb").arg("--raw-extract").arg(package).arg(&stock));
        let ours = ["telemetry-preview", "system-info", "anonymous-statistics"];
        let ours = ours.map(|name| root.bring(&root.ours(name, &format!("_{}.deb", architecture())))).into();
        Some(Self { root, stock, work, ours })
    }

    fn apt(&self, action: &str, words: &[&str]) -> String {
        self.root.run(&[&APT[..], &[action], words].concat())
    }

    /// All three.
    fn install_ours(&self) -> String {
        self.apt("install", &self.ours.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Debian's, with everything that it depends on.
    fn install_netdata(&self) {
        self.apt("install", &ARCHIVES.map(|name| self.archive(name)).each_ref().map(String::as_str));
    }

    fn archive(&self, name: &str) -> String {
        let package = find(&self.root.path(CACHE), name, ".deb");
        format!("{CACHE}/{}", package.file_name().unwrap().to_str().unwrap())
    }

    /// A package with another version, and whatever else a test changes.
    fn repack(&self, package: &Path, version: &str, change: impl Fn(&Path)) -> String {
        let folder = tempfile::tempdir_in(self.work.path()).unwrap();
        let tree = folder.path().join("tree");
        succeed(Command::new("dpkg-deb").arg("--raw-extract").arg(package).arg(&tree));
        let control = tree.join("DEBIAN/control");
        let text = fs::read_to_string(&control).unwrap();
        let changed: Vec<String> = text
            .lines()
            .map(|line| if line.starts_with("Version:") { format!("Version: {version}") } else { line.to_owned() })
            .collect();
        fs::write(&control, changed.join("\n") + "\n").unwrap();
        change(&tree);
        // dpkg makes it anew from what it installs.
        let _ = fs::remove_file(tree.join("DEBIAN/md5sums"));
        let name = package.file_stem().unwrap().to_str().unwrap().split('_').next().unwrap();
        let file = folder.path().join(format!("{name}_{version}.deb"));
        succeed(Command::new("dpkg-deb").args(["--root-owner-group", "-Znone", "--build"]).arg(&tree).arg(&file));
        self.root.bring(&file)
    }

    /// The package of this agent's scripts, to be installed.
    fn agent(&self, agent: Agent) -> String {
        let package = self.root.path(&self.archive(WITH_SCRIPTS));
        let scripts = |tree: &Path| NAMES.map(|name| below(tree, DEBIANS).join(format!("{name}.sh")));
        match agent {
            Agent::Debians => self.archive(WITH_SCRIPTS),
            Agent::Changed(version) => self.repack(&package, version, |tree| {
                for (name, script) in NAMES.iter().zip(scripts(tree)) {
                    fs::write(script, agent.script(&below(&self.stock, DEBIANS), name)).unwrap();
                }
            }),
            Agent::WithoutScripts(version) => self.repack(&package, version, |tree| {
                for script in scripts(tree) {
                    fs::remove_file(script).unwrap();
                }
            }),
        }
    }

    /// Who stands in the place of the scripts that this agent has. What dpkg installed is whole in any case.
    fn place(&self, agent: Agent) -> Place {
        self.place_in(DEBIANS, agent)
    }

    fn place_in(&self, folder: &str, agent: Agent) -> Place {
        assert_eq!(self.root.run(&["dpkg", "--audit"]), "");
        assert_eq!(self.root.run(&["dpkg", "--verify"]), "");
        let place = place::look(self.root.folder(), folder, &|name| agent.script(&below(&self.stock, DEBIANS), name));
        let diversions = self.root.run(&["dpkg-divert", "--list", "*.sh"]);
        let installed = self.root.exists("/usr/bin/anonymous-statistics");
        let wanted = match (installed, place) {
            (false, _) => 0,
            // The sender's place is kept for it in both folders.
            (true, Place::Nobodys) => 2,
            (true, _) => 3,
        };
        assert_eq!(diversions.matches("by anonymous-statistics").count(), wanted, "{diversions}");
        place
    }
}

fn architecture() -> &'static str {
    if std::env::consts::ARCH == "aarch64" { "arm64" } else { "amd64" }
}

#[test]
fn beside_debians_netdata() {
    let Some(machine) = Machine::new(this_test!()) else { return };
    let debians = Agent::Debians;
    machine.install_netdata();
    assert_eq!(machine.place(debians), Place::Netdatas);
    let said = machine.install_ours();
    assert!(said.contains("anonymous-statistics takes the place of /usr/lib/netdata"), "{said}");
    assert_eq!(machine.place(debians), Place::Ours);

    // Up and down again, ours and the agent's.
    let newer =
        machine.repack(&machine.root.ours("anonymous-statistics", &format!("_{}.deb", architecture())), "99-1", |_| {});
    machine.apt("install", &[&newer]);
    assert_eq!(machine.place(debians), Place::Ours);
    machine.install_ours();
    assert_eq!(machine.place(debians), Place::Ours);
    let changed = Agent::Changed("1.38-1");
    let without = Agent::WithoutScripts("2.6-1");
    for (agent, place) in [
        (changed, Place::Ours),
        (debians, Place::Ours),
        (without, Place::Nobodys),
        (changed, Place::Ours),
        (without, Place::Nobodys),
        (debians, Place::Ours),
    ] {
        machine.apt("install", &[&machine.agent(agent)]);
        assert_eq!(machine.place(agent), place);
    }

    // Each leaves and comes back.
    for action in ["remove", "purge"] {
        machine.apt(action, &["anonymous-statistics"]);
        assert_eq!(machine.place(debians), Place::Netdatas);
        machine.install_ours();
        assert_eq!(machine.place(debians), Place::Ours);
        machine.apt(action, &["netdata-core", WITH_SCRIPTS]);
        assert_eq!(machine.place(debians), Place::Nobodys);
        machine.install_netdata();
        assert_eq!(machine.place(debians), Place::Ours);
    }
    machine.apt("install", &["--reinstall", &machine.archive(WITH_SCRIPTS)]);
    assert_eq!(machine.place(debians), Place::Ours);
    machine.apt("purge", &["netdata-core", WITH_SCRIPTS, "anonymous-statistics"]);
    assert_eq!(machine.place(debians), Place::Nobodys);
    assert!(!machine.root.exists("/usr/lib/netdata"));
}

#[test]
fn before_netdata_and_without_it() {
    let Some(machine) = Machine::new(this_test!()) else { return };
    machine.install_ours();
    assert_eq!(machine.place(Agent::Debians), Place::Nobodys);
    // No folder that would look like an agent.
    let status = machine.root.output(&["telemetry-preview", "check", "--expect", "off", "--require-agent"]);
    assert_eq!(status.status.code(), Some(1), "{status:?}");
    assert!(!machine.root.exists("/usr/lib/netdata") && !machine.root.exists("/usr/libexec/netdata"));
    machine.install_netdata();
    assert_eq!(machine.place(Agent::Debians), Place::Ours);
    machine.apt("purge", &["netdata-core", WITH_SCRIPTS]);
    assert_eq!(machine.place(Agent::Debians), Place::Nobodys);
    assert!(!machine.root.exists("/usr/lib/netdata"), "nothing is left of the agent because of us");
    machine.apt("purge", &["anonymous-statistics", "system-info", "telemetry-preview"]);
    assert_eq!(machine.place(Agent::Debians), Place::Nobodys);
}

/// The daemon of a package may start before dpkg calls our trigger. It must not find Netdata's sender then.
#[test]
fn an_agent_that_starts_while_it_is_installed_finds_no_script_of_netdatas() {
    let Some(machine) = Machine::new(this_test!()) else { return };
    machine.install_ours();
    let package = machine.root.path(&machine.archive(WITH_SCRIPTS));
    let package = machine.repack(&package, "1.37.1-3", |tree| {
        let script = tree.join("DEBIAN/postinst");
        fs::write(&script, format!("#!/bin/sh\nls {DEBIANS} | grep -E '(info|statistics).sh' > /found\n")).unwrap();
        testkit::set_mode(&script, 0o755);
    });
    machine.apt("install", &[&package, &machine.archive("netdata-core")]);
    let found = fs::read_to_string(machine.root.path("/found")).unwrap();
    assert_eq!(found, "anonymous-statistics.sh.original\nsystem-info.sh\n");
    assert_eq!(machine.place(Agent::Debians), Place::Ours);
}

/// A package whose scripts are where Netdata's own packages have them.
#[test]
fn beside_a_package_as_netdata_builds_it() {
    let Some(machine) = Machine::new(this_test!()) else { return };
    machine.install_ours();
    let package = |version: &'static str| {
        let folder = machine.work.path().join(version);
        let plugins = below(&folder, NETDATAS);
        fs::create_dir_all(&plugins).unwrap();
        fs::create_dir_all(folder.join("DEBIAN")).unwrap();
        for name in NAMES {
            let text = Agent::Changed(version).script(&below(&machine.stock, DEBIANS), name);
            fs::write(plugins.join(format!("{name}.sh")), text).unwrap();
        }
        let control = format!(
            "Package: netdata\nVersion: {version}\nArchitecture: all\nMaintainer: a <a@b.invalid>\n\
             Description: an agent\n"
        );
        fs::write(folder.join("DEBIAN/control"), control).unwrap();
        let file = machine.work.path().join(format!("netdata_{version}_all.deb"));
        succeed(Command::new("dpkg-deb").args(["--root-owner-group", "-Znone", "--build"]).arg(&folder).arg(&file));
        machine.root.bring(&file)
    };
    for version in ["2.4.0", "2.5.0", "2.4.0"] {
        machine.apt("install", &[&package(version)]);
        assert_eq!(machine.place_in(NETDATAS, Agent::Changed(version)), Place::Ours);
        assert!(!machine.root.exists(DEBIANS));
    }
    machine.apt("remove", &["anonymous-statistics"]);
    assert_eq!(machine.place_in(NETDATAS, Agent::Changed("2.4.0")), Place::Netdatas);
    machine.install_ours();
    assert_eq!(machine.place_in(NETDATAS, Agent::Changed("2.4.0")), Place::Ours);
    machine.apt("remove", &["netdata"]);
    assert_eq!(machine.place_in(NETDATAS, Agent::Debians), Place::Nobodys);
    assert!(!machine.root.exists("/usr/libexec/netdata"));
}

#[test]
fn a_no_stays_and_only_a_purge_deletes_events() {
    let Some(machine) = Machine::new(this_test!()) else { return };
    let root = &machine.root;
    // Before there is a sender, or an agent.
    let preview = root.bring(&root.ours("telemetry-preview", &format!("_{}.deb", architecture())));
    machine.apt("install", &[&preview]);
    root.run(&["telemetry-preview", "opt-out", "--yes"]);
    assert!(root.exists(OPT_OUT));
    machine.install_ours();
    machine.install_netdata();
    let off = || {
        root.run(&["telemetry-preview", "check", "--expect", "off"]);
        assert!(root.exists(OPT_OUT));
    };
    off();
    machine.apt("purge", &["anonymous-statistics"]);
    off();

    // In; then out again beside the sender.
    let in_again = root.run(&["telemetry-preview", "opt-in", "--yes"]);
    assert!(!root.exists(OPT_OUT), "{in_again}");
    machine.install_ours();
    assert!(!root.exists(OPT_OUT), "a package opts nobody in or out");
    let configuration = "/etc/netdata/anonymous-statistics.toml";
    root.write(configuration, "url = \"http://127.0.0.1:9/\"\n");
    let event = "/var/lib/netdata/anonymous-statistics/waiting/event";
    root.write(event, "kept");
    root.run(&["telemetry-preview", "opt-out", "--yes"]);
    root.write(event, "kept");
    machine.install_ours();
    machine.apt("remove", &["anonymous-statistics"]);
    assert!(root.exists(event), "a removed package may come back");
    off();
    machine.apt("purge", &["anonymous-statistics"]);
    assert!(!root.exists("/var/lib/netdata/anonymous-statistics"));
    assert!(root.exists(configuration), "what a person wrote is that person's");
    off();
}

/// As its user, and with its arguments.
#[test]
fn the_daemon_calls_ours_at_its_own_path() {
    let Some(machine) = Machine::new(this_test!()) else { return };
    let root = &machine.root;
    machine.install_ours();
    machine.install_netdata();
    let sender = format!("{DEBIANS}/anonymous-statistics.sh");
    let daemon = ["setpriv", "--reuid=netdata", "--regid=netdata", "--clear-groups"];
    let identifier = format!("NETDATA_REGISTRY_UNIQUE_ID={}", testkit::GUID);
    let environment = ["env", "NETDATA_VERSION=v1.37.1", &identifier, "NETDATA_LIB_DIR=/var/lib/netdata"];
    let call =
        |options: &[&str]| root.run(&[&daemon[..], &environment, &[&*sender], options, &["START", "-", "-"]].concat());
    // Debian's package has an opt-out file.
    assert!(root.exists(OPT_OUT));
    assert_eq!(call(&[]), "");
    assert!(!root.exists("/var/lib/netdata/anonymous-statistics"), "it left nothing");
    fs::remove_file(root.path(OPT_OUT)).unwrap();
    let shown = call(&["--dry-run"]);
    assert!(shown.contains(r#""event":"START -""#), "{shown}");
    assert!(!root.exists("/var/lib/netdata/anonymous-statistics"), "it only showed");
    let facts = root.run(&[&daemon[..], &[&*format!("{DEBIANS}/system-info.sh")]].concat());
    assert!(facts.contains("NETDATA_HOST_OS_NAME=") || facts.contains("NETDATA_SYSTEM_KERNEL_NAME=Linux"), "{facts}");
    let status = root.output(&["telemetry-preview", "status"]);
    let status = String::from_utf8(status.stdout).unwrap();
    assert!(status.contains("Sender            this project's sender, v"), "{status}");
}

#[test]
fn beside_install_sh() {
    let Some(machine) = Machine::new(this_test!()) else { return };
    let Some(programs) = testkit::needs_static_program(this_test!(), "") else { return };
    let root = &machine.root;
    fs::create_dir(root.path("/release")).unwrap();
    for file in ["anonymous-statistics", "system-info", "telemetry-preview"].map(|name| programs.join(name)) {
        fs::copy(&file, root.path("/release").join(file.file_name().unwrap())).unwrap();
    }
    fs::copy(testkit::scratch::INSTALLER, root.path("/release/install.sh")).unwrap();
    let install = |words: &[&str]| root.run(&[&["sh", "/release/install.sh"], words].concat());

    // Of an agent without a package it has taken the scripts' place: that is refused before anything is changed.
    for name in NAMES {
        let text = Agent::Debians.script(&below(&machine.stock, DEBIANS), name);
        root.write(&format!("{NETDATAS}/{name}.sh"), std::str::from_utf8(&text).unwrap());
    }
    install(&["--yes"]);
    let sender = root.path(&format!("{NETDATAS}/anonymous-statistics.sh"));
    assert!(fs::read(&sender).unwrap().starts_with(b"\x7fELF"));
    let ours = machine.ours.iter().map(String::as_str).collect::<Vec<_>>();
    let said = root.refused(&[&APT[..], &["install"], &ours].concat());
    assert!(said.contains("was replaced already") && said.contains("sh install.sh --uninstall"), "{said}");
    assert_eq!(root.run(&["dpkg-divert", "--list", "*.sh"]), "");
    assert!(fs::read(&sender).unwrap().starts_with(b"\x7fELF"));
    install(&["--uninstall"]);
    machine.install_ours();
    assert_eq!(machine.place_in(NETDATAS, Agent::Debians), Place::Ours);
    machine.apt("remove", &["anonymous-statistics"]);
    assert_eq!(machine.place_in(NETDATAS, Agent::Debians), Place::Netdatas);
    fs::remove_dir_all(root.path("/usr/libexec/netdata")).unwrap();

    // An agent with a package is left to ours, in either order.
    machine.install_netdata();
    install(&["--yes"]);
    assert_eq!(machine.place(Agent::Debians), Place::Netdatas);
    machine.install_ours();
    assert_eq!(machine.place(Agent::Debians), Place::Ours);
    install(&["--yes"]);
    install(&["--uninstall"]);
    assert_eq!(machine.place(Agent::Debians), Place::Ours);
}
