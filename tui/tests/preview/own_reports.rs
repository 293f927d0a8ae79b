//! Opting out of the reports that newer daemons make by themselves, in their `netdata.conf`.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use testkit::this_test;

use crate::agents::{on_a_machine, part};
use crate::common::{Agent, GUID, OPT_OUT};

const CONF: &str = "[global]\n    hostname = a\n    crash reports = all\n\n[web]\n    mode = none\n";

/// An agent that reports by itself, and is known to Netdata Cloud.
fn claimed() -> Agent {
    let agent = Agent::new();
    agent.set_version("v2.9.0");
    fs::create_dir(agent.path("lib/cloud.d")).unwrap();
    fs::write(agent.path("lib/cloud.d/claimed_id"), GUID).unwrap();
    fs::write(agent.path("etc/netdata.conf"), CONF).unwrap();
    for (name, mode) in [("etc", 0o755), ("etc/netdata.conf", 0o640)] {
        fs::set_permissions(agent.path(name), Permissions::from_mode(mode)).unwrap();
    }
    agent
}

fn conf(agent: &Agent) -> String {
    fs::read_to_string(agent.path("etc/netdata.conf")).unwrap()
}

#[test]
fn where_the_file_is_not_enough_the_setting_is_changed_too_and_opting_in_undoes_both() {
    let agent = claimed();
    let before = agent.tree();
    let diff = "-    crash reports = all\n  +    crash reports = off\n";
    let dry = agent.run(&["opt-out", "--dry-run"]);
    assert_eq!((dry.code, agent.tree()), (Some(0), before.clone()), "{dry:?}");
    assert!(dry.out.contains(OPT_OUT) && dry.out.contains(diff) && dry.out.contains("before-opt-out"), "{}", dry.out);

    let asked = agent.run(&["opt-out"]);
    assert_eq!((asked.code, agent.tree()), (Some(2), before.clone()), "{asked:?}");
    assert!(asked.out.contains(diff) && asked.err.contains("netdata.conf") && asked.err.contains("--yes"), "{asked:?}");

    let ran = agent.run(&["opt-out", "--yes"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(agent.path("etc").join(OPT_OUT).exists() && conf(&agent).contains("\n    crash reports = off\n"));
    assert_eq!(fs::read_to_string(agent.path("etc/netdata.conf.before-opt-out")).unwrap(), CONF);
    for said in ["Created ", "crash reports = off. The file as it was is ", "[x] OFF"] {
        assert!(ran.out.contains(said), "{said}: {}", ran.out);
    }
    let done = agent.tree();
    let again = agent.run(&["opt-out"]);
    assert_eq!((again.code, agent.tree()), (Some(0), done), "there is nothing to ask for: {again:?}");

    let ran = agent.run(&["opt-in", "--yes"]);
    assert_eq!((ran.code, agent.tree()), (Some(0), before), "{ran:?}");
    assert!(ran.out.contains("Changed ") && ran.out.contains(" back."), "{}", ran.out);
}

#[test]
fn each_half_can_be_had_alone() {
    let agent = claimed();
    assert_eq!(agent.run(&["opt-out", "--file-only"]).code, Some(0));
    assert!(agent.path("etc").join(OPT_OUT).exists());
    assert_eq!(conf(&agent), CONF);

    let agent = claimed();
    let ran = agent.run(&["opt-out", "--channel", "crash-reports", "--yes"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(!agent.path("etc").join(OPT_OUT).exists() && conf(&agent).contains(" = off\n"), "{}", conf(&agent));
    let again = agent.run(&["opt-out", "--channel", "crash-reports"]);
    assert!(again.code == Some(0) && again.out.contains("There is nothing to change"), "{again:?}");
    assert_eq!(agent.run(&["opt-in", "--yes"]).code, Some(0));
    assert_eq!(conf(&agent), CONF);
    assert_eq!(agent.run(&["opt-out", "--file-only", "--channel", "crash-reports"]).code, Some(2));
}

#[test]
fn where_the_file_is_enough_the_setting_stays() {
    let agent = claimed();
    fs::remove_file(agent.path("lib/cloud.d/claimed_id")).unwrap();
    for conf in ["[web]\n", "[global]\ncrash reports =\n", "[global]\ncrash reports = no\n"] {
        fs::write(agent.path("etc/netdata.conf"), conf).unwrap();
        assert_eq!(agent.run(&["opt-out"]).code, Some(0), "{conf}");
        assert_eq!(fs::read_to_string(agent.path("etc/netdata.conf")).unwrap(), conf);
    }
}

#[test]
fn what_somebody_else_set_stays_after_opting_in() {
    let agent = claimed();
    fs::write(agent.path("etc/netdata.conf"), "[global]\ncrash reports = off\n").unwrap();
    fs::write(agent.path("etc").join(OPT_OUT), "").unwrap();
    assert_eq!(agent.run(&["opt-in", "--yes"]).code, Some(0));
    assert_eq!(conf(&agent), "[global]\ncrash reports = off\n");
}

#[test]
fn where_the_file_cannot_be_changed_there_are_lines_to_copy() {
    for (target, says) in [
        ("../elsewhere", "netdata/netdata -W set global \"crash reports\" off"),
        ("/nix/store/x-netdata.conf", "services.netdata.config.global.\"crash reports\" = \"off\";"),
    ] {
        let agent = claimed();
        fs::rename(agent.path("etc/netdata.conf"), agent.path("elsewhere")).unwrap();
        symlink(target, agent.path("etc/netdata.conf")).unwrap();
        let dry = agent.run(&["opt-out", "--dry-run"]);
        assert!(dry.code == Some(77) && dry.err.contains(says), "{dry:?}");
        let ran = agent.run(&["opt-out"]);
        assert_eq!(ran.code, Some(77), "{ran:?}");
        assert!(ran.err.contains(&format!("netdata.conf: it is a link to {target}")), "{}", ran.err);
        assert!(ran.err.contains(says) && ran.err.contains("DISABLE_TELEMETRY"), "{}", ran.err);
        assert!(agent.path("etc").join(OPT_OUT).exists(), "the rest is done all the same");
        assert_eq!(fs::read_to_string(agent.path("elsewhere")).unwrap(), CONF);
    }
}

/// Each agent of a machine with its own file, its stock file, and its command line.
#[test]
fn the_file_that_the_daemon_reads_is_changed_and_no_other() {
    let script = r#"
        mkdir -p /etc/netdata /var/lib/netdata/cloud.d /usr/lib/netdata/conf.d /run/systemd/system
        echo 0f2b7e3a-5a4c-4c67-8f0e-6f1d2c3b4a59 >/var/lib/netdata/cloud.d/claimed_id
        echo '{"agent": {"version": "v2.9.0"}}' >/var/lib/netdata/status-netdata.json
        printf '[db]\nmode = ram\n' >/usr/lib/netdata/conf.d/netdata.conf
        unit() { printf '[Service]\nExecStart=%s\n' "$1" >/run/systemd/system/netdata.service; }
        echo "== stock"; says preview opt-out --yes; cat /etc/netdata/netdata.conf
        echo "== back"; says preview opt-in --yes; ls /etc/netdata
        printf '[global]\nhostname = a\n' >/srv/a.conf; unit '-/usr/sbin/netdata -D -c /srv/a.conf'
        echo "== option"; says preview opt-out --yes; cat /srv/a.conf; ls /etc/netdata; says preview opt-in --yes
        rm /srv/a.conf; unit '/usr/sbin/netdata -D -W set global "crash reports" all'
        echo "== command"; says preview opt-out --yes; ls /etc/netdata
        unit '/usr/sbin/netdata -D -W set global "crash reports" off'
        echo "== off"; says preview opt-out; ls /etc/netdata
        for file in a.conf /srv/none.conf; do
            unit "/usr/sbin/netdata -D -c $file"; echo "== $file"; says preview opt-out --yes; ls /etc/netdata /srv
        done
        rm /run/systemd/system/netdata.service; printf '[global]\n' >/etc/netdata/netdata.conf
        mount --bind /etc/netdata/netdata.conf /etc/netdata/netdata.conf
        echo "== mounted"; says preview opt-out --yes; cat /etc/netdata/netdata.conf
        umount /etc/netdata/netdata.conf; mount --bind /etc/netdata /etc/netdata; mount -o remount,bind,ro /etc/netdata
        echo "== read-only"; says preview opt-out --yes --channel crash-reports
    "#;
    let Some(ran) = on_a_machine(this_test!(), script) else { return };
    let stock = part(&ran, "stock");
    assert!(stock.contains("status 0\n[db]\nmode = ram\n[global]\n    crash reports = off\n# "), "{stock}");
    assert!(stock.contains("with crash reports = off"), "{stock}");
    let back = part(&ran, "back");
    assert!(back.ends_with("status 0\n"), "the new file is gone: {back}");
    let option = part(&ran, "option");
    assert!(option.contains("status 0\n[global]\n    crash reports = off\n# "), "{option}");
    assert!(!option.lines().any(|line| line == "netdata.conf"), "it would not be read: {option}");
    let command = part(&ran, "command");
    assert!(command.contains("the daemon's command line sets it") && command.ends_with("status 77\n"), "{command}");
    let drop_in = "ExecStart=\n  ExecStart=/usr/sbin/netdata -D -W set global \"crash reports\" all -W set global \"crash reports\" off\n";
    assert!(command.contains(drop_in), "{command}");
    assert!(part(&ran, "off").ends_with("status 0\n"), "{}", ran.out);
    for file in ["a.conf", "/srv/none.conf"] {
        let named = part(&ran, file);
        assert!(named.contains(&format!("{file}: the daemon is started with this file (-c)")), "{named}");
        assert!(named.contains("status 77\n") && !named.contains("\nnone.conf"), "{named}");
    }
    let mounted = part(&ran, "mounted");
    assert!(mounted.contains("mounted by itself") && mounted.ends_with("status 77\n[global]\n"), "{mounted}");
    assert!(mounted.contains("child.configs.netdata.data"), "{mounted}");
    let read_only = part(&ran, "read-only");
    assert!(read_only.contains("Read-only file system") && read_only.ends_with("status 77\n"), "{read_only}");
}
