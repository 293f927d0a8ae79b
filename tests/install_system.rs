//! `install.sh` with the real files of Debian's netdata, on file systems that are full or read-only, and on the machine itself
//! as it stands in a mount namespace of its own: what it changes is gone with the namespace.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

#[path = "support/scratch.rs"]
mod scratch;
mod support;

use std::path::Path;
use std::process::{Command, Stdio};

use scratch::{INSTALLER, OPT_OUT, PLUGINS, Scratch, built, run, same_content, under_each_shell};
use support::said;

const STOCK_PLUGINS: &str = "/usr/lib/netdata/plugins.d";
/// Set inside the namespaces.
const ENCLOSED: &str = "INSTALL_TEST_ENCLOSED";

/// Runs a test's body in a mount and a network namespace: this program starts itself again there.
fn enclosed(test: &str, body: impl FnOnce()) {
    if std::env::var_os(ENCLOSED).is_some() {
        return body();
    }
    let mut unshare = Command::new("unshare");
    unshare.args(["--mount", "--net"]);
    if !rustix::process::geteuid().is_root() {
        unshare.args(["--user", "--map-root-user"]);
    }
    let program = std::env::current_exe().unwrap();
    let status = unshare.arg(program).args([test, "--exact", "--nocapture"]).env(ENCLOSED, "yes").status().unwrap();
    assert!(status.success(), "{test} failed inside its namespaces: {status}");
}

fn mount(arguments: &[&str], place: &Path) {
    assert!(run(Command::new("mount").args(arguments).arg(place)).success(), "mount {arguments:?} {}", place.display());
}

/// Whether Debian's netdata is installed.
fn has_netdata(test: &str) -> bool {
    let there = Path::new(STOCK_PLUGINS).join("anonymous-statistics.sh").exists();
    if !there {
        support::skip(test, "the plugins of netdata are not installed (Debian package netdata)");
    }
    there
}

#[test]
fn with_the_plugins_of_debians_netdata() {
    let test = "with_the_plugins_of_debians_netdata";
    if !has_netdata(test) {
        return;
    }
    under_each_shell(test, |shell| {
        let scratch = Scratch::bare(shell).with("DO_NOT_TRACK", "false");
        std::fs::create_dir_all(scratch.path(PLUGINS).parent().unwrap()).unwrap();
        assert!(run(Command::new("cp").args(["-a", STOCK_PLUGINS]).arg(scratch.path(PLUGINS))).success());
        let before = scratch.files();
        scratch.installed(&["--yes"]);
        assert!(scratch.path(OPT_OUT).exists());

        let lines = |program: &Path| {
            let output = Command::new(program).env_clear().env("PATH", "/usr/bin:/bin").output().unwrap();
            let (out, _, status) = said(&output);
            assert_eq!(status, 0);
            out.lines()
                .map(|line| line.split('=').next().unwrap().to_owned())
                .collect::<std::collections::BTreeSet<_>>()
        };
        let theirs = lines(&scratch.path(&format!("{PLUGINS}/system-info.sh.original")));
        let ours = lines(&scratch.script("system-info"));
        assert!(theirs.len() > 20 && theirs.is_subset(&ours), "{:?}", theirs.difference(&ours));

        let config = scratch.path("etc/netdata");
        let output = Command::new("strace")
            .args(["-f", "-e", "trace=%network", "-o"])
            .arg(scratch.beside("calls"))
            .arg(scratch.script("anonymous-statistics"))
            .args(["START", "-", "-"])
            .env_clear()
            .env("NETDATA_USER_CONFIG_DIR", &config)
            .output()
            .unwrap();
        assert_eq!(said(&output), (String::new(), String::new(), 0));
        let calls = std::fs::read_to_string(scratch.beside("calls")).unwrap();
        assert!(calls.contains("exited with 0") && !calls.contains("socket("), "{calls}");

        scratch.installed(&["--uninstall"]);
        std::fs::remove_file(scratch.path(OPT_OUT)).unwrap();
        assert_eq!(scratch.files(), before);
    });
}

/// At every size of the disk at which it ends before the installation does.
#[test]
fn on_a_full_disk_all_is_as_it_was() {
    let test = "on_a_full_disk_all_is_as_it_was";
    enclosed(test, || {
        under_each_shell(test, |shell| {
            let mut failed = 0;
            for kilobytes in (100..).step_by(4_000) {
                let scratch = Scratch::bare(shell);
                mount(&["-t", "tmpfs", "-o", &format!("size={kilobytes}k,mode=755"), "none"], &scratch.root());
                scratch.add_agent(&format!("/{PLUGINS}"), "/etc/netdata");
                let before = scratch.tree();
                let (out, err, status) = scratch.install(&["--yes", "--disable-telemetry"]);
                let mut after = scratch.tree();
                assert!(run(Command::new("umount").arg(scratch.root())).success());
                if status == 0 {
                    break;
                }
                failed += 1;
                assert_eq!((out.as_str(), status), ("", 1), "{err}");
                assert!(after.remove(Path::new(OPT_OUT)).is_some(), "it stays opted out");
                assert_eq!(after, before, "{kilobytes} kB: {err}");
            }
            assert!(failed > 4, "{failed}");
        });
    });
}

#[test]
fn a_read_only_plugins_folder_is_noticed_before_anything_is_changed() {
    let test = "a_read_only_plugins_folder_is_noticed_before_anything_is_changed";
    enclosed(test, || {
        under_each_shell(test, |shell| {
            let scratch = Scratch::with_agent(shell);
            let plugins = scratch.path(PLUGINS);
            mount(&["--bind", plugins.to_str().unwrap()], &plugins);
            mount(&["-o", "remount,bind,ro"], &plugins);
            let before = scratch.tree();
            let (out, err, status) = scratch.install(&["--yes"]);
            assert_eq!((out.as_str(), status), ("", 1));
            assert!(err.contains("cannot write in") && err.contains("plugins.d"), "{err}");
            let after = scratch.tree();
            assert!(run(Command::new("umount").arg(&plugins)).success());
            assert_eq!(after, before);
        });
    });
}

/// Without `--root`: the agent's own folders, dpkg's own list of diversions, and the installed preview's own answer. Each
/// folder that is changed has a copy in memory laid over it.
#[test]
fn on_this_machine_as_its_package_installed_netdata() {
    let test = "on_this_machine_as_its_package_installed_netdata";
    if !has_netdata(test) {
        return;
    }
    if !rustix::process::geteuid().is_root() {
        support::skip(test, "dpkg-divert works for root only");
        return;
    }
    enclosed(test, || {
        let memory = tempfile::tempdir().unwrap();
        mount(&["-t", "tmpfs", "none"], memory.path());
        for (number, folder) in ["/etc/netdata", STOCK_PLUGINS, "/var/lib/dpkg", "/usr/local"].iter().enumerate() {
            let copy = memory.path().join(number.to_string());
            assert!(run(Command::new("cp").arg("-a").arg(folder).arg(&copy)).success());
            mount(&["--bind", copy.to_str().unwrap()], Path::new(folder));
        }
        let file = Path::new("/").join(OPT_OUT);
        let _ = std::fs::remove_file(&file);
        let script = |name: &str| Path::new(STOCK_PLUGINS).join(name);
        let stock = std::fs::read(script("anonymous-statistics.sh")).unwrap();
        let built = built();
        let install = |arguments: &[&str]| {
            let mut command = Command::new("sh");
            command.arg(INSTALLER).arg("--from").arg(&*built).args(arguments).stdin(Stdio::null());
            let (out, err, status) = said(&command.output().unwrap());
            assert_eq!((err.as_str(), status), ("", 0), "{out}");
            out
        };
        let diversions = || said(&Command::new("dpkg-divert").args(["--list", "*.sh"]).output().unwrap()).0;

        let out = install(&["--yes"]);
        assert!(out.contains("Telemetry is on") && out.contains("dpkg knows"), "{out}");
        assert_eq!(diversions().matches("local diversion of /usr/lib/netdata/plugins.d/").count(), 2);
        assert!(same_content(&script("anonymous-statistics.sh"), &built.join("anonymous-statistics")));
        let status = Command::new("/usr/local/bin/telemetry-preview").arg("status").output().unwrap();
        assert!(said(&status).0.contains("Who would send    this sender, version "), "the preview knows it");
        let out = install(&["--disable-telemetry"]);
        assert!(out.contains("Opted out: ") && file.exists(), "{out}");
        install(&["--uninstall"]);
        assert_eq!(diversions(), "");
        assert_eq!(std::fs::read(script("anonymous-statistics.sh")).unwrap(), stock);
        assert!(file.exists() && !Path::new("/usr/local/bin/system-info").exists());
    });
}
