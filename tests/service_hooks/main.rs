//! The hooks that `install.sh --service-hooks` writes, called by systemd itself in a container that it boots. The daemon
//! is a stand-in, which leaves what real daemons left (`tests/from_status/recorded.jsonl`). Each start and each end is
//! one event.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

mod machine;
#[path = "../from_status/recorded.rs"]
mod recorded;

use std::collections::BTreeMap;
use std::os::unix::fs::chown;

use machine::{Machine, until};
use testkit::scratch::{INSTALLER, PROGRAMS, built};
use testkit::{GUID, Receiver, Reply, enclosure, opted_out_here, parts, skip, this_test};

const KEY: &str = "of-an-organisation";
const NETDATA: u32 = 990;
const PREFIX: &str = "--prefix=/opt/statistics";
const SENDER: &str = "/opt/statistics/bin/anonymous-statistics";
const HOOKS: &str = "etc/systemd/system/netdata.service.d/anonymous-statistics.conf";
const CONFIGURATION: &str = "etc/netdata/anonymous-statistics.toml";
/// Of the service.
const GROUP: &str = "system.slice/netdata.service";
const MEMORY: &str = "64M";

/// Root with the rights that Netdata's own unit leaves it. With its `ProtectControlGroups=` systemd would mount a proc that
/// shows this machine's boot in place of the container's.
const AS_ROOT: &str = "User=root
Group=netdata
CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_CHOWN CAP_SETGID CAP_SETUID CAP_SYS_PTRACE
ProtectSystem=full
ProtectHome=read-only
";
/// Debian's: the daemon is netdata, its hooks are root with next to no rights, and hardly anything can be written.
const AS_DEBIANS: &str = "User=netdata
Group=netdata
PermissionsStartOnly=true
CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_SYS_PTRACE CAP_SETGID CAP_SETUID CAP_NET_RAW CAP_AUDIT_WRITE
PrivateTmp=true
ProtectHome=read-only
ProtectSystem=full
ReadOnlyPaths=/
ReadWritePaths=/dev /proc/self /var/lib/netdata /run
";
/// The daemon and its hooks are netdata, as strictly as it goes.
const AS_NETDATA: &str = "User=netdata
Group=netdata
NoNewPrivileges=true
CapabilityBoundingSet=
PrivateTmp=true
ProtectHome=true
ProtectSystem=strict
ReadWritePaths=/var/lib/netdata /run
";

/// A service, and the events that were expected of it so far.
struct World {
    machine: Machine,
    receiver: Receiver,
    expected: Vec<&'static str>,
}

impl World {
    fn build(folder: &std::path::Path, unit: &str) -> Result<Self, String> {
        let receiver = Receiver::start(Reply::Status(200, ""));
        let machine = Machine::build(folder)?;
        for name in ["stopped", "segv", "killed", "fatal"] {
            machine.write(&format!("stand-in/{name}.json"), &recorded::status_file(name, "@RUN@", "@BOOT@"));
        }
        machine.script("stand-in/netdata", include_str!("stand-in.sh"));
        machine.write(
            "etc/systemd/system/netdata.service",
            &format!(
                "[Unit]\nDefaultDependencies=no\nConflicts=shutdown.target\nBefore=shutdown.target\nStartLimitIntervalSec=0\n\
                 [Service]\n{unit}ExecStart=/stand-in/netdata\nKillMode=mixed\nStandardError=append:/said\nMemoryMax={MEMORY}\nMemorySwapMax=0\n"
            ),
        );
        machine.write(CONFIGURATION, &format!("url = \"{}\"\napi_key = \"{KEY}\"\n", receiver.url()));
        machine.write("var/lib/netdata/registry/netdata.public.unique.id", GUID);
        // It has run before, so its version is known.
        let before = recorded::status_file("stopped", &"1".repeat(32), recorded::BOOT);
        machine.write("var/lib/netdata/status-netdata.json", &before);
        for path in ["", "/registry", "/registry/netdata.public.unique.id", "/status-netdata.json"] {
            chown(machine.path(&format!("var/lib/netdata{path}")), Some(NETDATA), Some(NETDATA)).unwrap();
        }
        std::fs::create_dir(machine.path("project")).unwrap();
        std::fs::copy(INSTALLER, machine.path("project/install.sh")).unwrap();
        let built = built();
        for name in PROGRAMS {
            std::fs::copy(built.join(name), machine.path(&format!("project/{name}"))).unwrap();
        }
        Ok(Self { machine, receiver, expected: Vec::new() })
    }

    fn systemctl(&self, words: &[&str]) {
        self.machine.run(&[&["systemctl"], words].concat());
    }

    fn start(&mut self) {
        self.systemctl(&["start", "netdata"]);
        self.runs();
        self.comes(&["START -"]);
    }

    /// Until the stand-in has written its first status.
    fn runs(&self) {
        let pid = self.machine.run(&["systemctl", "show", "--property=MainPID", "netdata"]);
        let pid = pid.trim().trim_start_matches("MainPID=");
        until("the stand-in runs", || {
            let status = std::fs::read_to_string(self.machine.path("var/lib/netdata/status-netdata.json"));
            status.unwrap_or_default().contains(&format!("\"pid\":{pid},"))
        });
    }

    fn kill(&self, signal: &str) {
        self.systemctl(&["kill", "--kill-whom=main", &format!("--signal={signal}"), "netdata"]);
    }

    fn ended(&mut self, result: &str, events: &[&'static str]) {
        until(&format!("the service ends with {result}"), || {
            let show = ["systemctl", "show", "--property=ActiveState,Result", "netdata"];
            let state = self.machine.run(&show);
            let over = ["ActiveState=failed", "ActiveState=inactive"].iter().any(|word| state.contains(word));
            assert!(!over || state.contains(&format!("Result={result}\n")), "{state}");
            over
        });
        self.comes(events);
    }

    /// These events follow, and no others. One that a busy machine did not deliver in time waits for the next start.
    fn comes(&mut self, events: &[&'static str]) {
        self.expected.extend(events);
        let mut expected = self.expected.clone();
        expected.sort_unstable();
        let found = self.events();
        let said = std::fs::read_to_string(self.machine.path("said")).unwrap_or_default();
        assert_eq!(found, expected, "{said}");
    }

    /// All that arrived or waits, each number once.
    fn events(&self) -> Vec<String> {
        let mut all = BTreeMap::new();
        for request in self.receiver.requests() {
            let (_, body) = parts(&request);
            assert_eq!(body["api_key"], KEY);
            let [number, event] = ["uuid", "event"].map(|name| body[name].as_str().unwrap().to_owned());
            assert_eq!(all.insert(number.clone(), event), None, "{number} came twice");
        }
        for (_, text) in self.machine.stored() {
            let Some((_, body)) = text.split_once("{\"api_key\"") else { continue };
            let Ok(body) = serde_json::from_str::<serde_json::Value>(&format!("{{\"api_key\"{body}")) else { continue };
            let [number, event] = ["uuid", "event"].map(|name| body[name].as_str().unwrap().to_owned());
            all.insert(number, event);
        }
        let mut events: Vec<String> = all.into_values().collect();
        events.sort_unstable();
        events
    }
}

/// A booted machine with the service, in the namespaces of this test.
fn with_service(test: &str, unit: &str, body: impl FnOnce(World)) {
    if !rustix::process::geteuid().is_root() {
        return skip(test, "only root can boot a container");
    }
    if enclosure::inside().is_none() {
        let memory = "mount -t tmpfs -o mode=755 none /run || exit 93";
        let status = enclosure::enclose(&[test, "--exact", "--nocapture"], &[], memory);
        assert!(status.success(), "{test} failed inside its namespaces: {status}");
        return;
    }
    if opted_out_here(test) {
        return;
    }
    let folder = tempfile::Builder::new().tempdir_in("/run").unwrap();
    let mut world = match World::build(folder.path(), unit) {
        Ok(world) => world,
        Err(why) => return skip(test, &why),
    };
    match world.machine.boot() {
        Ok(()) => body(world),
        Err(why) => skip(test, &why),
    }
}

fn each_run_is_told_once(test: &str, unit: &str) {
    with_service(test, unit, |mut world| {
        world.installs();
        world.stops_and_crashes();
        world.runs_out_of_memory(test);
        world.restarts();
        world.hooks_at_the_same_moment();
        world.loses_power();
        world.removes();
    });
}

/// The commands of `docs/service-hooks.md`, but for the server, its key and the prefix.
#[test]
fn nothing_to_netdata_and_events_to_us() {
    with_service(this_test!(), AS_DEBIANS, |mut world| {
        let machine = &world.machine;
        std::fs::remove_file(machine.path(CONFIGURATION)).unwrap();
        machine.write("etc/netdata/netdata.conf", "[global]\n    update every = 2\n");
        machine.script("opt/statistics/bin/sudo", "#!/bin/sh\nexec \"$@\"\n");
        world.systemctl(&["start", "netdata"]);
        world.runs();
        let page = include_str!("../../docs/service-hooks.md");
        let (_, rest) = page.split_once("<!-- tested: nothing-to-netdata -->\n\n```sh\n").unwrap();
        let commands = rest.split_once("```").unwrap().0;
        let changed = [
            ("https://posthog.example.org/capture/", world.receiver.url()),
            ("--api-key KEY", format!("--api-key {KEY}")),
            ("sh install.sh", format!("sh install.sh {PREFIX}")),
        ];
        let commands = changed.iter().fold(commands.to_owned(), |commands, (of_the_page, ours)| {
            assert!(commands.contains(of_the_page), "{commands}");
            commands.replace(of_the_page, ours)
        });
        let script = format!("cd /project; PATH=/opt/statistics/bin:$PATH\n{commands}");
        let machine = &world.machine;
        let out = machine.run(&["sh", "-euc", &script]);
        let conf = std::fs::read_to_string(machine.path("etc/netdata/netdata.conf")).unwrap();
        assert!(conf.contains("crash reports = off") && conf.contains("update every = 2"), "{conf}");
        assert!(!machine.path(testkit::scratch::OPT_OUT).exists());
        assert!(out.contains("hooks          on: ") && out.contains("crash-reports  off: "), "{out}");
        world.runs();
        world.comes(&["EXIT OK", "START -"]);
        world.kill("KILL");
        world.ended("signal", &["CRASH killed hard"]);
    });
}

impl World {
    /// Systemd is told, too.
    fn installs(&mut self) {
        self.machine.run(&["sh", "/project/install.sh", PREFIX, "--service-hooks"]);
        let delta = self.machine.run(&["systemd-delta", "--no-pager", "--type=extended", "/etc/systemd/system"]);
        assert!(delta.contains("netdata.service.d/anonymous-statistics.conf"), "{delta}");
        let known = ["systemctl", "show", "--property=ExecStartPre,ExecStopPost,NeedDaemonReload", "netdata"];
        let known = self.machine.run(&known);
        assert_eq!(known.matches("--from-status ; ignore_errors=yes").count(), 2, "{known}");
        assert!(known.contains("NeedDaemonReload=no"), "{known}");
    }

    fn stops_and_crashes(&mut self) {
        self.start();
        self.systemctl(&["stop", "netdata"]);
        self.ended("success", &["EXIT OK"]);
        // Long after a stop nothing is new.
        self.systemctl(&["stop", "netdata"]);
        self.comes(&[]);
        for (signal, event) in [("SEGV", "CRASH deadly signal"), ("KILL", "CRASH killed hard")] {
            self.start();
            self.kill(signal);
            let result = if self.is_dumped() { "core-dump" } else { "signal" };
            self.ended(result, &[event]);
        }
        self.machine.write("stand-in/fails", "");
        self.machine.try_run(&["systemctl", "start", "netdata"]);
        self.ended("exit-code", &["START -", "FATAL netdata:"]);
        std::fs::remove_file(self.machine.path("stand-in/fails")).unwrap();
    }

    /// Whether the last end left a core dump: not every kernel's pattern allows one here.
    fn is_dumped(&self) -> bool {
        until("systemd sees the end", || {
            let code = self.machine.run(&["systemctl", "show", "--property=ExecMainCode", "netdata"]);
            code != "ExecMainCode=0\n"
        });
        // CLD_DUMPED (waitid(2)).
        self.machine.run(&["systemctl", "show", "--property=ExecMainCode", "netdata"]) == "ExecMainCode=3\n"
    }

    fn runs_out_of_memory(&mut self, test: &str) {
        self.start();
        let limit = std::fs::read_to_string(self.machine.in_group(GROUP, "memory.max"));
        if limit.is_ok_and(|limit| limit.trim() == (64 << 20).to_string()) {
            self.kill("USR1");
        } else {
            skip(test, "no memory controller of version 2: systemd-oomd's mark stands in for the kernel's kill");
            let flags = rustix::fs::XattrFlags::empty();
            for mark in ["user.oomd_ooms", "user.oomd_kills"] {
                rustix::fs::setxattr(self.machine.in_group(GROUP, ""), mark, b"1", flags).unwrap();
            }
            self.kill("KILL");
        }
        self.ended("oom-kill", &["CRASH out of memory"]);
    }

    fn restarts(&mut self) {
        self.start();
        for _ in 0..5 {
            self.systemctl(&["restart", "netdata"]);
            self.runs();
            self.comes(&["EXIT OK", "START -"]);
        }
        // Another start does not end the one that runs.
        self.systemctl(&["start", "netdata"]);
        self.machine.run(&[SENDER, "--from-status"]);
        self.comes(&[]);
        self.systemctl(&["stop", "netdata"]);
        self.ended("success", &["EXIT OK"]);
    }

    fn hooks_at_the_same_moment(&mut self) {
        let hook = format!("-/bin/sh -c 'for each in 1 2 3; do {SENDER} --from-status & done; wait'");
        let file = "etc/systemd/system/netdata.service.d/at-once.conf";
        self.machine.write(file, &format!("[Service]\nExecStartPre={hook}\nExecStopPost={hook}\n"));
        self.systemctl(&["daemon-reload"]);
        self.start();
        self.kill("KILL");
        self.ended("signal", &["CRASH killed hard"]);
        std::fs::remove_file(self.machine.path(file)).unwrap();
        self.systemctl(&["daemon-reload"]);
    }

    fn loses_power(&mut self) {
        self.start();
        self.machine.power_off();
        self.comes(&[]);
        self.machine.boot().unwrap();
        self.expected.push("CRASH abnormal power off");
        self.start();
        // An orderly one stops the service.
        self.machine.try_run(&["systemctl", "poweroff"]);
        self.machine.is_off();
        self.comes(&["EXIT OK"]);
        self.machine.boot().unwrap();
        self.start();
        self.systemctl(&["stop", "netdata"]);
        self.ended("success", &["EXIT OK"]);
    }

    /// And once more nothing is told.
    fn removes(&mut self) {
        self.machine.run(&["sh", "/project/install.sh", PREFIX, "--no-service-hooks"]);
        assert!(!self.machine.path(HOOKS).parent().unwrap().exists());
        self.systemctl(&["start", "netdata"]);
        self.runs();
        self.systemctl(&["stop", "netdata"]);
        self.comes(&[]);
        let owner = |path: &str| {
            let metadata = self.machine.path(path).symlink_metadata().unwrap();
            std::os::unix::fs::MetadataExt::uid(&metadata)
        };
        assert_eq!(owner("var/lib/netdata/anonymous-statistics/runs"), NETDATA);
    }
}

#[test]
fn a_service_that_runs_as_root() {
    each_run_is_told_once(this_test!(), AS_ROOT);
}

#[test]
fn a_service_as_debians_whose_hooks_are_root_with_few_rights() {
    each_run_is_told_once(this_test!(), AS_DEBIANS);
}

#[test]
fn a_service_that_runs_as_netdata_with_its_hooks() {
    each_run_is_told_once(this_test!(), AS_NETDATA);
}
