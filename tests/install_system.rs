//! `install.sh` with the real files of Debian's netdata, on full and read-only file systems, and on this machine in a
//! mount namespace, which takes all changes with it.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

use std::path::Path;
use std::process::{Command, Stdio};

use testkit::scratch::{INSTALLER, OPT_OUT, PLUGINS, Scratch, built, run, same_content, under_each_shell};
use testkit::{said, this_test};

const STOCK_PLUGINS: &str = "/usr/lib/netdata/plugins.d";
/// Set inside the namespaces.
const ENCLOSED: &str = "INSTALL_TEST_ENCLOSED";

/// Runs a test's body in new mount and network namespaces: this program restarts itself there.
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

fn has_netdata(test: &str) -> bool {
    let there = Path::new(STOCK_PLUGINS).join("anonymous-statistics.sh").exists();
    if !there {
        testkit::skip(test, "the plugins of netdata are not installed (Debian package netdata)");
    }
    there
}

#[test]
fn with_the_plugins_of_debians_netdata() {
    let test = this_test!();
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

/// At every size of the disk that is too small for the installation.
#[test]
fn on_a_full_disk_all_is_as_it_was() {
    let test = this_test!();
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
    let test = this_test!();
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

/// A group may have write access if its only members are root and the caller, as in Debian's /usr/local and with user
/// private groups.
#[test]
fn a_group_that_may_rename_counts_by_its_members() {
    let test = this_test!();
    if !rustix::process::geteuid().is_root() {
        testkit::skip(test, "only root can give folders to others");
        return;
    }
    enclosed(test, || {
        let memory = tempfile::tempdir().unwrap();
        let [groups, accounts] = ["group", "passwd"].map(|name| {
            let file = memory.path().join(name);
            std::fs::write(&file, "").unwrap();
            mount(&["--bind", file.to_str().unwrap()], &Path::new("/etc").join(name));
            file
        });
        let sh = "/bin/sh";
        let root = format!("root:x:0:0::/root:{sh}\nsync:x:5:0::/bin:{sh}\n");
        let with_joe = |group: u32| format!("{root}joe:x:1234:{group}::/home/joe:{sh}\n");
        under_each_shell(test, |shell| {
            let refused = |owner: u32, group: u32, groups_are: &str, accounts_are: &str, sudo: &[(&str, &str)]| {
                std::fs::write(&groups, groups_are).unwrap();
                std::fs::write(&accounts, accounts_are).unwrap();
                let mut scratch = Scratch::bare(shell).with_small_programs();
                for (name, value) in sudo {
                    scratch = scratch.with(name, value);
                }
                let folder = scratch.path("usr/local");
                std::fs::create_dir_all(&folder).unwrap();
                std::os::unix::fs::chown(&folder, Some(owner), Some(group)).unwrap();
                testkit::set_mode(&folder, 0o2775);
                let (_, err, status) = scratch.install(&[]);
                assert!(status == 0 || err.contains("can rename what is in"), "{err}");
                status != 0
            };
            assert!(!refused(0, 0, "", &root, &[]), "root's own");
            assert!(!refused(0, 50, "staff:x:50:\n", &with_joe(1234), &[]), "nobody's");
            assert!(!refused(0, 50, "staff:x:50:root\n", &with_joe(1234), &[]));
            assert!(refused(0, 50, "staff:x:50:root,joe\n", &with_joe(1234), &[]));
            assert!(refused(0, 50, "staff:x:50:somebody\n", &root, &[]), "somebody of whom nothing is known");
            assert!(refused(0, 1234, "joe:x:1234:\n", &with_joe(1234), &[]), "joe's own");
            assert!(refused(0, 50, "stuff:x:51:\n", &root, &[]), "a group of which nothing is known");
            assert!(refused(1234, 1234, "joe:x:1234:\n", &with_joe(1234), &[]), "joe's folder");
            // Joe became root with sudo.
            let sudo = [("SUDO_UID", "1234")];
            assert!(!refused(1234, 1234, "joe:x:1234:\n", &with_joe(1234), &sudo));
            assert!(!refused(0, 50, "staff:x:50:root,joe\n", &with_joe(1234), &sudo));
            assert!(refused(123, 1234, "joe:x:1234:\n", &with_joe(1234), &sudo));
        });
    });
}

#[cfg(target_os = "linux")]
#[test]
fn somebody_in_an_access_list_counts_where_ls_shows_it() {
    let test = this_test!();
    // Version, then tag, permissions and identifier (include/uapi/linux/posix_acl_xattr.h): account 54321 may write.
    let entries =
        [(0x01, 7, u32::MAX), (0x02, 7, 54_321), (0x04, 5, u32::MAX), (0x10, 7, u32::MAX), (0x20, 5, u32::MAX)];
    let mut list = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, identifier) in entries {
        list.extend(u16::to_le_bytes(tag));
        list.extend(u16::to_le_bytes(permissions));
        list.extend(u32::to_le_bytes(identifier));
    }
    under_each_shell(test, |shell| {
        let scratch = Scratch::with_agent(shell).with_small_programs();
        let flags = rustix::fs::XattrFlags::empty();
        if let Err(error) = rustix::fs::setxattr(scratch.path(PLUGINS), "system.posix_acl_access", &list, flags) {
            return testkit::skip(
                test,
                &format!("the file system of the temporary folder has no access lists ({error})"),
            );
        }
        if !scratch.starts_mv() {
            return testkit::skip(test, "the ls of BusyBox does not show access lists");
        }
        let before = scratch.tree();
        let (out, err, status) = scratch.install(&["--yes"]);
        assert_eq!((out.as_str(), status), ("", 1), "{err}");
        assert!(err.contains("somebody in an access list can rename what is in"), "{err}");
        assert_eq!(scratch.tree(), before);
    });
}

/// Without `--root`: the agent's real folders, dpkg's real diversions, and the installed preview. Each changed folder
/// is covered by a copy in memory.
#[test]
fn on_this_machine_as_its_package_installed_netdata() {
    let test = this_test!();
    if !has_netdata(test) {
        return;
    }
    if !rustix::process::geteuid().is_root() {
        testkit::skip(test, "dpkg-divert works for root only");
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
        assert!(said(&status).0.contains("Sender            installed, v"), "the preview knows it");
        let out = install(&["--disable-telemetry"]);
        assert!(out.contains("Opted out: ") && file.exists(), "{out}");
        install(&["--uninstall"]);
        assert_eq!(diversions(), "");
        assert_eq!(std::fs::read(script("anonymous-statistics.sh")).unwrap(), stock);
        assert!(file.exists() && !Path::new("/usr/local/bin/system-info").exists());
    });
}
