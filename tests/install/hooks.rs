//! `install.sh --service-hooks` under every installed shell: which files it writes for which service manager, and what
//! these do there. systemd itself reads its file in `tests/service_hooks`.

use std::fs;
use std::os::unix::fs::symlink;

use testkit::scratch::{Scratch, mode, under_each_shell, under_some_shell};
use testkit::{said, this_test};

const SYSTEMD: &str = "etc/systemd/system/netdata.service.d/anonymous-statistics.conf";
const OPENRC: &str = "etc/rc.conf.d/anonymous-statistics.conf";
const RC_D: &str = "etc/rc.conf.d/netdata/anonymous-statistics";
const HOOKS: [&str; 3] = [SYSTEMD, OPENRC, RC_D];
const CALL: &str = "/usr/local/bin/anonymous-statistics --from-status";

/// A service for hooks.
pub(crate) fn add_unit(scratch: &Scratch) {
    has_service(scratch, SYSTEMD);
}

/// The files of a service, by service manager.
fn has_service(scratch: &Scratch, hook: &str) {
    let files: &[(&str, &str)] = match hook {
        SYSTEMD => &[("usr/local/lib/systemd/system/netdata.service", "[Service]\n")],
        OPENRC => &[("etc/init.d/netdata", "#!/sbin/openrc-run\n")],
        _ => &[("etc/rc.subr", ""), ("usr/local/etc/rc.d/netdata", "#!/bin/sh\n")],
    };
    for (file, text) in files {
        fs::create_dir_all(scratch.path(file).parent().unwrap()).unwrap();
        fs::write(scratch.path(file), text).unwrap();
    }
}

fn with_service(shell: &'static [&'static str], hooks: &[&str]) -> Scratch {
    let scratch = Scratch::with_agent(shell).with_small_programs();
    for hook in hooks {
        has_service(&scratch, hook);
    }
    scratch
}

fn text(scratch: &Scratch, hook: &str) -> String {
    fs::read_to_string(scratch.path(hook)).unwrap_or_default()
}

#[test]
fn each_service_manager_gets_a_file_of_its_own_and_only_where_it_has_the_service() {
    under_each_shell(this_test!(), |shell| {
        for hook in HOOKS {
            let scratch = with_service(shell, &[hook]);
            let before = scratch.tree();
            let out = scratch.installed(&["--yes", "--service-hooks"]);
            assert!(out.contains(hook), "{out}");
            for other in HOOKS {
                assert_eq!(text(&scratch, other).contains(CALL), other == hook, "{hook} {other}");
            }
            assert_eq!(mode(&scratch.path(hook)), 0o644);
            scratch.installed(&["--uninstall"]);
            assert_eq!(scratch.tree(), before, "{hook}");
        }
        // Gentoo installs two of them; only one runs.
        let scratch = with_service(shell, &HOOKS);
        scratch.installed(&["--yes", "--service-hooks"]);
        assert!(HOOKS.iter().all(|hook| text(&scratch, hook).contains(CALL)));
    });
}

#[test]
fn hooks_come_and_go_only_when_asked_for() {
    under_some_shell(this_test!(), |shell| {
        let scratch = with_service(shell, &HOOKS);
        scratch.installed(&["--yes"]);
        let without = scratch.files();
        assert!(HOOKS.iter().all(|hook| !scratch.path(hook).exists()));
        let (out, ..) = scratch.install(&["--service-hooks", "--dry-run"]);
        assert!(HOOKS.iter().all(|hook| out.contains(hook)) && scratch.files() == without, "{out}");
        scratch.installed(&["--service-hooks"]);
        let with = scratch.tree();
        scratch.installed(&[]);
        scratch.installed(&["--service-hooks"]);
        assert_eq!(scratch.tree(), with, "they stay as they are");
        let (out, ..) = scratch.install(&["--no-service-hooks", "--dry-run"]);
        assert!(HOOKS.iter().all(|hook| out.contains(hook)) && scratch.tree() == with, "{out}");
        scratch.installed(&["--no-service-hooks"]);
        let left: Vec<_> = scratch.tree().into_keys().filter(|path| !without.contains_key(path)).collect();
        assert!(!left.iter().any(|path| path.starts_with("etc/rc.conf.d")), "{left:?}");
        assert!(HOOKS.iter().all(|hook| !scratch.path(hook).exists()));
        scratch.installed(&["--no-service-hooks"]);
    });
}

#[test]
fn without_a_service_nothing_is_done() {
    under_some_shell(this_test!(), |shell| {
        let scratch = with_service(shell, &[]);
        // The scripts of other init systems.
        fs::create_dir_all(scratch.path("etc/init.d")).unwrap();
        fs::write(scratch.path("etc/init.d/netdata"), "#!/bin/sh\n### BEGIN INIT INFO\n").unwrap();
        fs::create_dir_all(scratch.path("etc/rc.d")).unwrap();
        fs::write(scratch.path("etc/rc.d/netdata"), "#!/bin/bash\n").unwrap();
        let before = scratch.tree();
        let (out, err, status) = scratch.install(&["--yes", "--service-hooks"]);
        assert_eq!((out.as_str(), status), ("", 1));
        assert!(err.contains("systemd, OpenRC") && err.contains("docs/service-hooks.md"), "{err}");
        assert_eq!(scratch.tree(), before);
    });
}

#[test]
fn what_is_not_ours_is_never_overwritten_or_removed() {
    under_some_shell(this_test!(), |shell| {
        for hook in HOOKS {
            let scratch = with_service(shell, &[hook]);
            let path = scratch.path(hook);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let makes: [&dyn Fn(); 3] =
                [&|| fs::write(&path, "somebody else's\n").unwrap(), &|| symlink("/nowhere", &path).unwrap(), &|| {
                    fs::create_dir(&path).unwrap();
                }];
            for make in makes {
                make();
                let before = scratch.tree();
                let (_, err, status) = scratch.install(&["--yes", "--service-hooks"]);
                assert!(status == 1 && err.contains(hook), "{err}");
                assert_eq!(scratch.tree(), before);
                let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
            }
            // What somebody has changed since stays, and is named.
            scratch.installed(&["--yes", "--service-hooks"]);
            let changed = text(&scratch, hook) + "# mine\n";
            fs::write(&path, &changed).unwrap();
            for option in ["--no-service-hooks", "--uninstall"] {
                let (out, _, status) = scratch.install(&["--yes", option]);
                assert!(status == 0 && (option == "--uninstall" || out.contains("is not what was installed")), "{out}");
                assert_eq!(text(&scratch, hook), changed);
            }
        }
        // rc.conf(5) knows a file or a folder of this name.
        let scratch = with_service(shell, &[RC_D]);
        fs::create_dir_all(scratch.path("etc/rc.conf.d")).unwrap();
        fs::write(scratch.path("etc/rc.conf.d/netdata"), "netdata_enable=YES\n").unwrap();
        let before = scratch.tree();
        let (_, err, status) = scratch.install(&["--yes", "--service-hooks"]);
        assert!(status == 1 && err.contains("etc/rc.conf.d/netdata/netdata, where it counts as before"), "{err}");
        assert_eq!(scratch.tree(), before);
    });
}

#[test]
fn folders_are_passed_on_where_they_are_named() {
    under_some_shell(this_test!(), |shell| {
        let scratch = with_service(shell, &HOOKS);
        fs::create_dir_all(scratch.path("srv/netdata")).unwrap();
        let folders = ["--config-dir", "/srv/netdata", "--lib-dir=/srv/netdata/lib"];
        scratch.installed(&[&["--yes", "--service-hooks", "--prefix", "/opt/ours"], &folders[..]].concat());
        let call =
            "/opt/ours/bin/anonymous-statistics --config-dir /srv/netdata --lib-dir /srv/netdata/lib --from-status";
        for hook in HOOKS {
            assert!(text(&scratch, hook).contains(call), "{}", text(&scratch, hook));
        }
        // What a service manager would read in its own way.
        for path in ["/opt/a b", "/opt/a'b", "/opt/$HOME", "/opt/50%", "/opt/a\\b", "/opt/a\"b", "/opt/a;b"] {
            let (_, err, status) = scratch.install(&["--service-hooks", "--prefix", path]);
            assert!(status == 1 && err.contains("only letters, digits"), "{path}: {err}");
        }
        for wrong in
            [&["--lib-dir", "/x"][..], &["--service-hooks", "--uninstall"], &["--service-hooks", "--no-service-hooks"]]
        {
            assert_eq!(scratch.install(wrong).2, 2, "{wrong:?}");
        }
    });
}

/// Runs a script in the shell under test, where these hooks call a program that notes its call and fails.
fn heard(shell: &'static [&'static str], hook: &str, script: &str) -> String {
    let scratch = with_service(shell, &[hook]);
    scratch.installed(&["--yes", "--service-hooks"]);
    // Whatever the path of the temporary folder is.
    let text = fs::read_to_string(scratch.path(hook)).unwrap();
    fs::write(scratch.path(hook), text.replace("/usr/local/bin/anonymous-statistics", "the-sender")).unwrap();
    scratch.command("the-sender", "#!/bin/sh\necho \"hook $*\"\nexit 7\n");
    let script = script.replace("HOOKS", &format!("/{hook}"));
    let mut words: Vec<String> = shell.iter().map(ToString::to_string).collect();
    words.extend(["-euc".to_owned(), script]);
    let (out, err, status) = said(&scratch.start(&words).output().unwrap());
    assert_eq!((err.as_str(), status), ("", 0), "{out}");
    out
}

/// In the order of openrc-run.sh: its own functions, the configuration, the service's script, and then the action.
#[test]
fn openrc_calls_the_hook_before_the_daemon_and_whatever_the_hook_says() {
    under_each_shell(this_test!(), |shell| {
        let run = |service: &str| {
            let script = format!(
                "start() {{ default_start; }}\ndefault_start() {{ echo daemon; }}\nRC_SVCNAME={service}\n. HOOKS\n\
                 start_pre() {{ echo prepared; }}\nstart_pre\nstart"
            );
            heard(shell, OPENRC, &script)
        };
        assert_eq!(run("netdata"), "prepared\nhook --from-status\ndaemon\n");
        assert_eq!(run("sshd"), "prepared\ndaemon\n");
    });
}

/// In the way of rc.subr(8): what `netdata_prepend` holds goes before the command, and the whole line through eval.
#[test]
fn rc_d_calls_the_hook_before_the_daemon_and_whatever_the_hook_says() {
    under_each_shell(this_test!(), |shell| {
        let run = |own: &str| {
            let script = format!("{own}\n. HOOKS\neval \"env -- $netdata_prepend echo daemon -P 'a b'\"");
            heard(shell, RC_D, &script)
        };
        assert_eq!(run(""), "hook --from-status\ndaemon -P a b\n");
        assert_eq!(run("netdata_prepend='env X=1 nice'"), "hook --from-status\ndaemon -P a b\n");
    });
}
