//! `install.sh` on full and read-only file systems, with access lists, and beside this machine's own netdata of Debian's
//! package, in a mount namespace, which takes all changes with it.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

use std::path::Path;
use std::process::{Command, Stdio};

use testkit::scratch::{INSTALLER, OPT_OUT, PLUGINS, Scratch, built, run, under_each_shell, under_some_shell};
use testkit::{said, this_test};

const STOCK_PLUGINS: &str = "/usr/lib/netdata/plugins.d";
/// Set inside the namespaces.
const ENCLOSED: &str = "INSTALL_TEST_ENCLOSED";

/// Runs a test's body in namespaces of its own: this program restarts itself there.
fn enclosed(test: &str, body: impl FnOnce()) {
    if std::env::var_os(ENCLOSED).is_some() {
        return body();
    }
    let mut unshare = Command::new("unshare");
    // Without the machine's processes: one of them may be an agent.
    unshare.args(["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]);
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

/// At every size of the disk that is too small for the installation.
#[test]
fn on_a_full_disk_all_is_as_it_was() {
    let test = this_test!();
    enclosed(test, || {
        under_some_shell(test, |shell| {
            let mut failed = 0;
            for kilobytes in (100..).step_by(4_000) {
                let scratch = Scratch::bare(shell);
                let disk = scratch.path("usr/local");
                std::fs::create_dir_all(&disk).unwrap();
                mount(&["-t", "tmpfs", "-o", &format!("size={kilobytes}k,mode=755"), "none"], &disk);
                scratch.add_agent("/usr/local/libexec/netdata/plugins.d", "/etc/netdata");
                let before = scratch.tree();
                let (_, err, status) = scratch.install(&["--yes", "--disable-telemetry", "--config-dir=/etc/netdata"]);
                let mut after = scratch.tree();
                assert!(run(Command::new("umount").arg(&disk)).success());
                if status == 0 {
                    break;
                }
                failed += 1;
                assert_eq!(status, 1, "{err}");
                assert!(after.remove(Path::new(OPT_OUT)).is_some(), "it stays opted out");
                assert_eq!(after, before, "{kilobytes} kB: {err}");
            }
            assert!(failed > 4, "{failed}");
        });
    });
}

#[test]
fn with_a_read_only_plugins_folder_nothing_is_changed() {
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
            // For root, the test of BusyBox's shell asks only the mode.
            assert!(err.contains("cannot write ") && err.contains("plugins.d"), "{err}");
            let after = scratch.tree();
            assert!(run(Command::new("umount").arg(&plugins)).success());
            assert_eq!(after, before);
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

/// The agent's real folders, and dpkg's real answer. Each changed folder is covered by a copy in memory.
#[test]
fn on_this_machine_the_scripts_of_debians_netdata_are_left_to_its_package() {
    let test = this_test!();
    if !has_netdata(test) {
        return;
    }
    enclosed(test, || {
        let memory = tempfile::tempdir().unwrap();
        mount(&["-t", "tmpfs", "none"], memory.path());
        for (number, folder) in ["/etc/netdata", STOCK_PLUGINS, "/usr/local"].iter().enumerate() {
            let copy = memory.path().join(number.to_string());
            assert!(run(Command::new("cp").arg("-a").arg(folder).arg(&copy)).success());
            mount(&["--bind", copy.to_str().unwrap()], Path::new(folder));
        }
        let file = Path::new("/").join(OPT_OUT);
        let _ = std::fs::remove_file(&file);
        let script = Path::new(STOCK_PLUGINS).join("anonymous-statistics.sh");
        let stock = std::fs::read(&script).unwrap();
        let programs = built();
        let install = |arguments: &[&str]| {
            let mut command = Command::new("sh");
            command.arg(INSTALLER).arg("--from").arg(&*programs).args(arguments).stdin(Stdio::null());
            let (out, err, status) = said(&command.output().unwrap());
            assert_eq!((err.as_str(), status), ("", 0), "{out}");
            out
        };
        let out = install(&["--disable-telemetry"]);
        assert!(out.contains("belong to dpkg, and stay") && file.exists(), "{out}");
        assert_eq!(std::fs::read(&script).unwrap(), stock);
        let status = Command::new("/usr/local/bin/telemetry-preview").arg("status").output().unwrap();
        assert!(said(&status).0.contains("Netdata's own script"), "the preview knows it");
        install(&["--uninstall"]);
        assert!(file.exists() && !Path::new("/usr/local/bin/system-info").exists());
    });
}
