//! Which agent, of which version, and whose.

use std::fs;
use std::os::unix::fs::symlink;

use anonymous_statistics::agent::folders::{CONFIG_DIRECTORIES, PLUGIN_DIRECTORIES};
use testkit::scratch::{OPT_OUT, PLUGINS, Scratch, under_each_shell, under_some_shell};
use testkit::this_test;

use crate::{has_originals, original};

/// Netdata's packages, static installations, FreeBSD and Homebrew; netdata#11689: static installations ignored the place
/// of the opt-out.
#[test]
fn every_kind_of_agent_is_found_and_opted_out_where_it_looks() {
    under_some_shell(this_test!(), |shell| {
        // Of the others, one is this machine's own.
        let kinds = [
            ("/usr/libexec/netdata/plugins.d", "/etc/netdata"),
            ("/opt/netdata/usr/libexec/netdata/plugins.d", "/opt/netdata/etc/netdata"),
            ("/usr/local/libexec/netdata/plugins.d", "/usr/local/etc/netdata"),
            ("/opt/homebrew/libexec/netdata/plugins.d", "/opt/homebrew/etc/netdata"),
            ("/usr/local/lib/netdata/plugins.d", "/usr/local/etc/netdata"),
        ];
        for known in PLUGIN_DIRECTORIES {
            assert!(
                known == "/usr/lib/netdata/plugins.d" || kinds.iter().any(|(plugins, _)| *plugins == known),
                "{known}"
            );
        }
        assert!(CONFIG_DIRECTORIES.iter().all(|known| kinds.iter().any(|(_, config)| config == known)));
        for (plugins, config) in kinds {
            let scratch = Scratch::bare(shell);
            scratch.add_agent(plugins, config);
            let out = scratch.installed(&["--dry-run", "--disable-telemetry"]);
            assert!(out.contains(&format!("would write {plugins}/anonymous-statistics.sh")), "{out}");
            assert!(out.contains(&format!("Would create {config}/.opt-out-from-anonymous-statistics")), "{out}");
            assert_eq!(out.matches("Would create ").count(), 1, "{out}");
        }
    });
}

#[test]
fn of_several_agents_a_person_says_which_and_all_are_opted_out() {
    under_some_shell(this_test!(), |shell| {
        let scratch = Scratch::with_agent(shell);
        let other = "opt/netdata/usr/libexec/netdata/plugins.d";
        scratch.add_agent(&format!("/{other}"), "/opt/netdata/etc/netdata");
        scratch.refused(&["--yes", "--disable-telemetry"], 2, "say which with --plugins-dir");
        scratch.installed(&[
            "--yes",
            "--disable-telemetry",
            "--config-dir",
            "/opt/netdata/etc/netdata",
            "--prefix",
            "/srv",
        ]);
        assert!(scratch.path(&format!("{other}/system-info.sh.original")).exists());
        assert!(
            !original(&scratch, "system-info").exists() && !scratch.path(OPT_OUT).exists(),
            "a named one is the only one"
        );
        scratch.installed(&["--yes", "--disable-telemetry", "--plugins-dir", &format!("/{PLUGINS}")]);
        assert!(has_originals(&scratch) && scratch.path(OPT_OUT).exists());

        // Two names of one folder are one agent.
        let scratch = Scratch::with_agent(shell);
        fs::create_dir_all(scratch.path("opt/netdata/usr")).unwrap();
        symlink("/usr/libexec", scratch.path("opt/netdata/usr/libexec")).unwrap();
        scratch.installed(&["--yes"]);
        assert!(has_originals(&scratch));
    });
}

#[test]
fn it_names_the_agents_version_and_whether_that_calls_the_sender() {
    under_some_shell(this_test!(), |shell| {
        let scratch = Scratch::with_agent(shell);
        let library = scratch.path("var/lib/netdata");
        fs::create_dir_all(&library).unwrap();
        let reports = |version: Option<&str>, arguments: &[&str]| {
            let file = library.join("status-netdata.json");
            match version {
                Some(version) => fs::write(file, format!(r#"{{"agent": {{"version": "{version}"}}}}"#)).unwrap(),
                None => fs::remove_file(file).unwrap(),
            }
            scratch.installed(&[&["--yes"], arguments].concat())
        };
        let offer = "run install.sh again with --service-hooks";
        let out = reports(Some("v2.5.4"), &[]);
        assert!(
            out.contains("The agent is v2.5.4 ") && out.contains("which calls the sender") && !out.contains(offer),
            "{out}"
        );
        for version in ["v2.6.0", "v2.9.1"] {
            let out = reports(Some(version), &[]);
            let nobody = "from version 2.6 on nobody calls the sender";
            assert!(
                out.contains(&format!("The agent is {version} ")) && out.contains(nobody) && out.contains(offer),
                "{out}"
            );
        }
        let unit = scratch.path("etc/systemd/system/netdata.service");
        fs::create_dir_all(unit.parent().unwrap()).unwrap();
        fs::write(unit, "[Service]\n").unwrap();
        let out = reports(Some("v2.9.1"), &["--service-hooks"]);
        assert!(out.contains("The agent's service calls the sender: /etc/systemd/") && !out.contains(offer), "{out}");
        assert!(!reports(Some("v2.9.1"), &[]).contains(offer), "they are there still");
        scratch.installed(&["--no-service-hooks"]);
        let out = reports(None, &[]);
        assert!(
            out.contains("version is not known, so it cannot be told whether it calls the sender")
                && out.contains(offer),
            "{out}"
        );
    });
}

/// The managers' answers; `tests/install_system.rs` asks the real dpkg.
#[test]
fn the_scripts_of_an_agent_that_a_package_manager_owns_stay() {
    under_each_shell(this_test!(), |shell| {
        for (manager, command) in [("dpkg", "dpkg-query"), ("rpm", "rpm")] {
            let scratch = Scratch::with_agent(shell).with_small_programs();
            if manager == "rpm" && !scratch.starts_mv() {
                continue; // It has an rpm of its own.
            }
            if manager == "rpm" {
                fs::remove_dir_all(scratch.path("var/lib/dpkg")).unwrap();
            }
            scratch.command(command, &format!("#!/bin/sh\n[ \"$2\" = /{PLUGINS} ]\n"));
            let before = scratch.tree();
            let out = scratch.installed(&["--yes", "--plugins-dir", &format!("/{PLUGINS}")]);
            assert!(out.contains(&format!("belong to {manager}, and stay")), "{out}");
            assert!(out.contains("package anonymous-statistics"), "{out}");
            let stays: Vec<_> = scratch.tree().into_iter().filter(|(path, _)| path.starts_with(PLUGINS)).collect();
            assert_eq!(
                stays,
                before.clone().into_iter().filter(|(path, _)| path.starts_with(PLUGINS)).collect::<Vec<_>>()
            );
            assert!(scratch.path("usr/local/bin/anonymous-statistics").exists());
            scratch.installed(&["--uninstall"]);
            assert_eq!(scratch.tree(), before);
        }
    });
}
