//! `install.sh` under every installed shell, on scratch roots, with the real programs and commands.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anonymous_statistics::agent::folders::{CONFIG_DIRECTORIES, LIBRARY_DIRECTORIES, PLUGIN_DIRECTORIES};
use testkit::scratch::{
    INSTALLER, OPT_OUT, PLUGINS, PROGRAMS, SCRIPTS, SOME_PAGES, Scratch, built, mode, run, same_content,
    under_each_shell, under_some_shell, write_script,
};
use testkit::{find, quoted, said, search_path, set_mode, skip, this_test};

/// Programs of another version: the real ones with a suffix, which does not affect their run.
fn newer_programs(scratch: &Scratch) -> String {
    let folder = scratch.beside("newer");
    fs::create_dir(&folder).unwrap();
    for name in PROGRAMS {
        let copy = r#"{ cat "$1" && echo '# newer'; } >"$2" && chmod 755 "$2""#;
        assert!(
            run(Command::new("sh").args(["-c", copy, "sh"]).arg(scratch.programs.join(name)).arg(folder.join(name)))
                .success()
        );
    }
    folder.display().to_string()
}

fn has_originals(scratch: &Scratch) -> bool {
    SCRIPTS.iter().all(|name| {
        let kept = fs::read_to_string(scratch.path(&format!("{PLUGINS}/{name}.sh.original")));
        kept.is_ok_and(|text| text == format!("#!/bin/sh\n# the agent's own {name}\n"))
    })
}

#[test]
fn what_is_installed_runs_and_taken_away_again_every_byte_is_as_before() {
    under_each_shell("what_is_installed_runs_and_taken_away_again_every_byte_is_as_before", |shell| {
        let scratch = Scratch::with_agent(shell);
        let before = scratch.tree();
        let out = scratch.installed(&["--yes"]);
        for name in PROGRAMS {
            let program = scratch.path(&format!("usr/local/bin/{name}"));
            assert!(same_content(&program, &built().join(name)));
            assert_eq!(mode(&program), 0o755);
        }
        assert!(has_originals(&scratch), "{out}");
        for (name, was) in [("system-info", 0o755), ("anonymous-statistics", 0o750)] {
            assert!(same_content(&scratch.script(name), &built().join(name)));
            assert_eq!(mode(&scratch.script(name)), was, "as the script that it replaces");
        }
        let lines = Command::new(scratch.script("system-info")).output().unwrap();
        assert!(
            String::from_utf8_lossy(&lines.stdout).contains("NETDATA_SYSTEM_KERNEL_NAME="),
            "as the daemon reads it"
        );
        let version = Command::new(scratch.script("anonymous-statistics")).arg("--version").output().unwrap();
        assert!(version.stdout.starts_with(b"anonymous-statistics "));
        assert!(out.contains("Telemetry is on") && out.contains("Next: restart netdata"), "{out}");
        assert!(!scratch.path(OPT_OUT).exists());

        let out = scratch.installed(&["--uninstall"]);
        assert_eq!(scratch.tree(), before, "{out}");
        let (out, err, status) = scratch.install(&["--uninstall"]);
        assert_eq!((out.as_str(), status), ("", 1));
        assert!(err.contains("nothing is recorded as installed"), "{err}");
    });
}

#[test]
fn without_an_agent_only_the_programs_are_installed() {
    under_each_shell("without_an_agent_only_the_programs_are_installed", |shell| {
        let scratch = Scratch::bare(shell);
        let out = scratch.installed(&["--prefix", "/opt/a b's"]);
        assert!(out.contains("No Netdata agent was found"), "{out}");
        assert!(!out.contains("Telemetry is on"), "nobody sends: {out}");
        assert!(out.lines().any(|line| line.ends_with(r"--prefix '/opt/a b'\''s' --disable-telemetry")), "{out}");
        assert_eq!(scratch.files().len(), 4, "three programs and the record");
        assert!(scratch.path("opt/a b's/bin/telemetry-preview").exists());
        scratch.installed(&["--uninstall", "--prefix=/opt/a b's"]);
        assert_eq!(scratch.tree().len(), 0);
    });
}

#[test]
fn installed_again_it_is_the_same_and_the_originals_stay_the_agents_own() {
    under_each_shell("installed_again_it_is_the_same_and_the_originals_stay_the_agents_own", |shell| {
        let scratch = Scratch::with_agent(shell);
        let before = scratch.tree();
        scratch.installed(&["--yes"]);
        let once = scratch.tree();
        scratch.installed(&[]);
        assert_eq!(scratch.tree(), once, "without a question: nothing of the agent's is replaced");

        let newer = newer_programs(&scratch);
        scratch.installed(&["--from", &newer]);
        assert!(same_content(&scratch.script("system-info"), &Path::new(&newer).join("system-info")));
        assert!(has_originals(&scratch));
        assert_eq!(mode(&scratch.script("anonymous-statistics")), 0o750);
        scratch.installed(&["--uninstall"]);
        assert_eq!(scratch.tree(), before);
    });
}

/// The sender's rule, in every form.
#[test]
fn any_value_of_a_variable_disables_telemetry_as_the_option_does() {
    under_each_shell("any_value_of_a_variable_disables_telemetry_as_the_option_does", |shell| {
        let is_out = |scratch: &Scratch, arguments: &[&str]| {
            let mut words =
                vec!["sh".to_owned(), "-c".to_owned(), r#"umask 077; exec "$@""#.to_owned(), "sh".to_owned()];
            words.extend(scratch.words(arguments));
            let (out, err, status) = said(&scratch.start(&words).output().unwrap());
            assert_eq!((err.as_str(), status), ("", 0));
            let file = scratch.path(OPT_OUT);
            if file.exists() {
                assert_eq!((fs::read(&file).unwrap().len(), mode(&file)), (0, 0o644));
                assert_eq!(mode(&scratch.path("usr/local/bin")), 0o755);
            }
            assert_eq!(out.contains("Opted out: "), file.exists(), "{out}");
            assert_eq!(out.contains("Telemetry is on"), !file.exists(), "{out}");
            file.exists()
        };
        let agent = || Scratch::with_agent(shell).with_small_programs();
        for name in ["DISABLE_TELEMETRY", "DO_NOT_TRACK"] {
            for value in ["1", "0", "true", "false", "no", " ", "!", "-n", "("] {
                assert!(is_out(&agent().with(name, value), &["--yes"]), "{name}={value}");
            }
            assert!(!is_out(&agent().with(name, ""), &["--yes"]), "{name} is empty");
        }
        // A variable of Netdata's installers, which only check that it is set.
        for value in ["1", "0", ""] {
            assert!(is_out(&agent().with("NETDATA_DISABLE_TELEMETRY", value), &["--yes"]), "{value:?}");
        }
        assert!(is_out(&agent(), &["--yes", "--disable-telemetry"]));
        assert!(!is_out(&agent(), &["--yes"]));
    });
}

#[test]
fn what_stands_in_the_opt_out_files_place_opts_out_as_it_is() {
    under_each_shell("what_stands_in_the_opt_out_files_place_opts_out_as_it_is", |shell| {
        type Make = fn(&Path);
        let makes: [Make; 4] = [
            |path| symlink("nowhere", path).unwrap(),
            |path| fs::create_dir(path).unwrap(),
            |path| symlink("netdata.conf", path).unwrap(),
            |path| {
                fs::write(path, "why\n").unwrap();
                set_mode(path, 0o600);
            },
        ];
        for make in makes {
            let scratch = Scratch::with_agent(shell);
            fs::write(scratch.path("etc/netdata/netdata.conf"), "[global]\n").unwrap();
            make(&scratch.path(OPT_OUT));
            let before: Vec<_> = scratch.tree().into_iter().filter(|(path, _)| path.starts_with("etc")).collect();
            let out = scratch.installed(&["--yes", "--disable-telemetry"]);
            let after: Vec<_> = scratch.tree().into_iter().filter(|(path, _)| path.starts_with("etc")).collect();
            assert_eq!(before, after);
            assert!(out.contains("Opted out: "), "{out}");
        }
    });
}

/// An installer of Netdata's applied its option after the agent's first start.
///
/// netdata#6129: the first event left before the option took effect.
#[test]
fn the_opt_out_file_stands_before_the_daemon_could_call_the_sender() {
    under_each_shell("the_opt_out_file_stands_before_the_daemon_could_call_the_sender", |shell| {
        // Watches each rename; a shell with a builtin mv is traced in the next test.
        let scratch = Scratch::with_agent(shell);
        let (log, file) = (scratch.beside("log"), scratch.path(OPT_OUT));
        let look =
            "#!/bin/sh\nif [ -e {file} ]; then echo \"out: $*\"; else echo \"in: $*\"; fi >>{log}\nexec {mv} \"$@\"\n"
                .replace("{file}", &quoted(&file))
                .replace("{log}", &quoted(&log))
                .replace("{mv}", &quoted(find("mv").unwrap()));
        scratch.command("mv", &look);
        scratch.installed(&["--yes", "--disable-telemetry"]);
        if scratch.starts_mv() {
            let log = fs::read_to_string(log).unwrap();
            assert!(log.lines().any(|line| line.ends_with("anonymous-statistics.sh")), "{log}");
            assert!(log.lines().all(|line| line.starts_with("out: ")), "{log}");
        }

        // A later failure keeps the file: here that of the first copy.
        let scratch = Scratch::with_agent(shell);
        let before = scratch.tree();
        let (_, err, status) = install_with_small_files(&scratch, &["--yes", "--disable-telemetry"]);
        assert_eq!(status, 1, "{err}");
        assert!(err.contains("cannot write"), "{err}");
        let mut after = scratch.tree();
        assert!(after.remove(Path::new(OPT_OUT)).is_some());
        assert_eq!(after, before);
    });
}

/// From the kernel's view: the file is new (`O_EXCL`, which follows no link), and the sender gets its name only
/// afterwards.
#[test]
fn the_opt_out_file_is_opened_as_new_and_before_the_senders_renaming() {
    let test = this_test!();
    let Some(strace) = testkit::strace(test) else { return };
    under_each_shell(test, |shell| {
        let scratch = Scratch::with_agent(shell).with_small_programs();
        let log = scratch.beside("calls");
        let calls = "trace=open,openat,rename,renameat,renameat2";
        let mut words = strace.to_vec();
        words.extend(["-f", "-e", calls, "-o", log.to_str().unwrap()].map(str::to_owned));
        words.extend(scratch.words(&["--yes", "--disable-telemetry"]));
        let (_, err, status) = said(&scratch.start(&words).output().unwrap());
        assert_eq!(status, 0, "{err}");
        let log = fs::read_to_string(log).unwrap();
        let position = |what: &dyn Fn(&str) -> bool| log.lines().position(what).unwrap();
        let created = position(&|line| line.contains(OPT_OUT) && line.contains("O_EXCL") && !line.contains("= -1"));
        let placed = position(&|line| {
            line.contains("rename") && line.contains("anonymous-statistics.sh\"") && line.contains(".new\"")
        });
        assert!(created < placed, "{log}");
        assert!(
            !log.lines().any(|line| line.contains(OPT_OUT) && line.contains("O_CREAT") && !line.contains("O_EXCL"))
        );
    });
}

/// Limits files to half a megabyte: a program can be begun but not finished.
fn install_with_small_files(scratch: &Scratch, arguments: &[&str]) -> (String, String, i32) {
    let mut words = vec!["sh".to_owned(), "-c".to_owned(), r#"ulimit -f 1024; exec "$@""#.to_owned(), "sh".to_owned()];
    words.extend(scratch.words(arguments));
    said(&scratch.start(&words).output().unwrap())
}

/// Each kind of installation is opted out in its own config directory.
///
/// netdata#11689: static installations ignored the place of the option.
#[test]
fn every_kind_of_agent_is_opted_out_where_it_looks() {
    under_each_shell("every_kind_of_agent_is_opted_out_where_it_looks", |shell| {
        let kinds = [
            ("/usr/libexec/netdata/plugins.d", "/etc/netdata"),
            ("/usr/lib/netdata/plugins.d", "/etc/netdata"),
            ("/opt/netdata/usr/libexec/netdata/plugins.d", "/opt/netdata/etc/netdata"),
            ("/usr/local/libexec/netdata/plugins.d", "/usr/local/etc/netdata"),
            ("/opt/homebrew/libexec/netdata/plugins.d", "/opt/homebrew/etc/netdata"),
            ("/usr/local/lib/netdata/plugins.d", "/usr/local/etc/netdata"),
        ];
        assert_eq!(kinds.map(|(plugins, _)| plugins), PLUGIN_DIRECTORIES);
        for (plugins, config) in kinds {
            for config_exists in [true, false] {
                let scratch = Scratch::bare(shell).with_small_programs();
                scratch.add_agent(plugins, config);
                if !config_exists {
                    fs::remove_dir(scratch.path(config)).unwrap();
                }
                scratch.installed(&["--yes", "--disable-telemetry"]);
                let outs: Vec<_> = scratch
                    .files()
                    .into_keys()
                    .filter(|path| path.ends_with(Path::new(OPT_OUT).file_name().unwrap()))
                    .collect();
                assert_eq!(
                    outs,
                    [Path::new(config.trim_start_matches('/')).join(Path::new(OPT_OUT).file_name().unwrap())]
                );
                assert!(same_content(
                    &scratch.path(&format!("{plugins}/system-info.sh")),
                    &scratch.programs.join("system-info")
                ));
            }
        }
        // With several, it is unknown which one a daemon reads.
        let scratch = Scratch::bare(shell).with_small_programs();
        for config in CONFIG_DIRECTORIES {
            fs::create_dir_all(scratch.path(config)).unwrap();
        }
        scratch.installed(&["--disable-telemetry"]);
        for config in CONFIG_DIRECTORIES {
            assert!(scratch.path(config).join(Path::new(OPT_OUT).file_name().unwrap()).exists(), "{config}");
        }
        // A given one is the only one.
        let scratch = Scratch::with_agent(shell).with_small_programs();
        let out = scratch.installed(&["--yes", "--disable-telemetry", "--config-dir", "/srv/netdata/etc/"]);
        assert!(scratch.path("srv/netdata/etc").join(Path::new(OPT_OUT).file_name().unwrap()).exists());
        assert!(!scratch.path(OPT_OUT).exists());
        assert!(out.contains("Opted out: "), "{out}");
        assert!(
            scratch
                .installed(&["--uninstall"])
                .contains("srv/netdata/etc/.opt-out-from-anonymous-statistics still opts out")
        );
    });
}

#[test]
fn the_folders_are_those_of_the_programs() {
    let text = fs::read_to_string(INSTALLER).unwrap();
    let list = |name: &str| {
        let (_, rest) = text.split_once(&format!("\n{name}='")).unwrap();
        rest.split_once('\'').unwrap().0.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(list("plugin_folders"), PLUGIN_DIRECTORIES);
    assert_eq!(list("config_folders"), CONFIG_DIRECTORIES);
    assert_eq!(list("library_folders"), LIBRARY_DIRECTORIES);
}

#[test]
fn where_the_opt_out_file_cannot_be_created_nothing_is_installed() {
    under_each_shell("where_the_opt_out_file_cannot_be_created_nothing_is_installed", |shell| {
        let scratch = Scratch::with_agent(shell);
        fs::write(scratch.path("etc/a-file"), "").unwrap();
        symlink("nowhere", scratch.path("etc/a-link")).unwrap();
        let before = scratch.tree();
        for config in ["/etc/a-file/netdata", "/etc/a-file", "/etc/a-link"] {
            let (out, err, status) = scratch.install(&["--yes", "--disable-telemetry", "--config-dir", config]);
            assert_eq!((out.as_str(), status), ("", 1), "{err}");
            assert_eq!(scratch.tree(), before, "{config}");
        }
    });
}

#[test]
fn without_rights_nothing_is_changed() {
    if rustix::process::geteuid().is_root() {
        skip(
            "without_rights_nothing_is_changed",
            "root may write everywhere (tests/install_system.rs has a read-only folder)",
        );
        return;
    }
    under_each_shell("without_rights_nothing_is_changed", |shell| {
        let scratch = Scratch::with_agent(shell);
        let before = scratch.tree();
        set_mode(&scratch.path(PLUGINS), 0o555);
        let (out, err, status) = scratch.install(&["--yes", "--disable-telemetry"]);
        assert_eq!((out.as_str(), status), ("", 1));
        assert!(err.contains("cannot write in") && err.contains("try: sudo sh "), "{err}");
        set_mode(&scratch.path(PLUGINS), 0o755);
        assert_eq!(scratch.tree(), before);
    });
}

#[test]
fn without_a_terminal_it_refuses_and_says_what_to_run() {
    under_each_shell("without_a_terminal_it_refuses_and_says_what_to_run", |shell| {
        let scratch = Scratch::with_agent(shell).with("DO_NOT_TRACK", "0");
        let before = scratch.tree();
        let (out, err, status) = scratch.install(&["--prefix", "/opt/it's here"]);
        assert_eq!((out.as_str(), status), ("", 1));
        assert_eq!(scratch.tree(), before);
        let command = err.lines().last().unwrap().split_once("run: ").unwrap().1;
        assert!(command.ends_with(r"--prefix '/opt/it'\''s here' --disable-telemetry --yes"), "{command}");
        // sudo passes no variables on; the command must not need them.
        let words = ["sh", "-c", command].map(str::to_owned);
        assert!(Scratch::bare(shell).start(&words).status().unwrap().success());
        assert!(scratch.path("opt/it's here/bin/system-info").exists() && scratch.path(OPT_OUT).exists());
    });
}

/// The output of a session at a terminal (script(1) of util-linux) with this input.
fn at_a_terminal(scratch: &Scratch, arguments: &[&str], typed: &str) -> (String, i32) {
    let line = scratch.words(arguments).iter().map(quoted).collect::<Vec<_>>().join(" ");
    let text = r#"printf "$1" | script --quiet --return --command "$2" /dev/null"#;
    let words = ["sh", "-c", text, "sh", typed, &line].map(str::to_owned);
    let mut command = scratch.start(&words);
    // script(1) starts its own shell.
    let output = command.env("SHELL", "/bin/sh").output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

#[test]
fn only_a_yes_at_the_terminal_replaces_the_agents_scripts() {
    let test = this_test!();
    let version = Command::new("script").arg("--version").output();
    if !version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("util-linux")) {
        return skip(test, "script of util-linux is not installed");
    }
    under_each_shell(test, |shell| {
        let scratch = Scratch::with_agent(shell);
        let before = scratch.tree();
        for typed in ["no\\n", "yess\\n", "\\004"] {
            let (seen, status) = at_a_terminal(&scratch, &["--disable-telemetry"], typed);
            assert_eq!(status, 1, "{typed}: {seen}");
            assert!(seen.contains("plugins.d/system-info.sh") && seen.contains("Type yes to go ahead:"), "{seen}");
            assert_eq!(scratch.tree(), before, "{typed}");
        }
        let (seen, status) = at_a_terminal(&scratch, &["--dry-run"], "yes\\n");
        assert_eq!(status, 0, "{seen}");
        assert!(!seen.contains("Type yes"), "{seen}");
        assert_eq!(scratch.tree(), before);
        let (seen, status) = at_a_terminal(&scratch, &[], "yes\\n");
        assert_eq!(status, 0, "{seen}");
        assert!(has_originals(&scratch));
        let (seen, status) = at_a_terminal(&scratch, &[], "");
        assert_eq!(status, 0, "{seen}");
        assert!(!seen.contains("Type yes"), "the agent's scripts are kept already: {seen}");
    });
}

#[test]
fn a_dry_run_names_each_step_and_changes_nothing() {
    under_each_shell("a_dry_run_names_each_step_and_changes_nothing", |shell| {
        let scratch = Scratch::with_agent(shell);
        let before = scratch.tree();
        let out = scratch.installed(&["--dry-run", "--disable-telemetry"]);
        assert_eq!(scratch.tree(), before);
        let steps: Vec<_> = out.lines().map(|line| line.replace(&scratch.root().display().to_string(), "")).collect();
        let plugins = "/usr/lib/netdata/plugins.d";
        assert_eq!(
            steps,
            [
                "would ask whether to replace",
                &format!("    {plugins}/system-info.sh"),
                &format!("    {plugins}/anonymous-statistics.sh"),
                "would create /etc/netdata/.opt-out-from-anonymous-statistics",
                "would put system-info at /usr/local/bin/system-info",
                "would put anonymous-statistics at /usr/local/bin/anonymous-statistics",
                "would put telemetry-preview at /usr/local/bin/telemetry-preview",
                &format!("would keep {plugins}/system-info.sh as {plugins}/system-info.sh.original"),
                &format!("would put system-info at {plugins}/system-info.sh"),
                &format!("would keep {plugins}/anonymous-statistics.sh as {plugins}/anonymous-statistics.sh.original"),
                &format!("would put anonymous-statistics at {plugins}/anonymous-statistics.sh"),
                "would write /usr/local/share/anonymous-statistics/installed",
                "Nothing was changed.",
            ]
        );
        scratch.installed(&["--yes"]);
        let installed = scratch.tree();
        let out = scratch.installed(&["--uninstall", "--dry-run"]);
        assert_eq!(scratch.tree(), installed);
        assert_eq!(out.lines().filter(|line| line.starts_with("would remove ")).count(), 6, "{out}");
        assert_eq!(out.lines().filter(|line| line.ends_with(".original back")).count(), 2, "{out}");
    });
}

#[test]
fn a_wrong_command_line_is_one_clear_line() {
    under_each_shell("a_wrong_command_line_is_one_clear_line", |shell| {
        let scratch = Scratch::with_agent(shell);
        let before = scratch.tree();
        for (arguments, complaint) in [
            (&["--disable-telemetri"][..], "unknown option --disable-telemetri"),
            (&["-y"], "unknown option -y"),
            (&["--yes=1"], "unknown option --yes=1"),
            (&["--no\u{1b}[31m\n"], "unknown option --no?[31m?"),
            (&["here"], "unexpected argument here"),
            (&["--", "--yes"], "unexpected argument --yes"),
            (&["--prefix"], "--prefix needs a folder"),
            (&["--prefix="], "--prefix needs a folder"),
            (&["--config-dir", ""], "--config-dir needs a folder"),
            (&["--plugins-dir", "plugins.d"], "--plugins-dir: the path must be absolute"),
            (&["--prefix", "/a\nb"], "--prefix: a path with control characters"),
            (&["--root", "/no/such/folder"], "--root: there is no folder /no/such/folder"),
            (&["--from", "/no/such/folder"], "--from: there is no folder /no/such/folder"),
            (&["--uninstall", "--disable-telemetry"], "--uninstall and --disable-telemetry do not go together"),
        ] {
            let (out, err, status) = scratch.install(arguments);
            assert_eq!((out.as_str(), status), ("", 2), "{arguments:?}: {err}");
            assert!(err.starts_with(&format!("install.sh: {complaint}")), "{arguments:?}: {err}");
            assert_eq!(err.lines().count(), 1, "{err}");
        }
        let (_, err, status) = scratch.install(&["--yes", "--plugins-dir", "/no/such"]);
        assert_eq!((status, err.contains("there is no folder")), (1, true), "{err}");
        assert_eq!(scratch.tree(), before);

        let help = scratch.installed(&["--help"]);
        for option in ["--prefix", "--config-dir", "--plugins-dir", "--disable-telemetry", "--uninstall", "--dry-run"] {
            assert!(help.contains(&format!("  {option}")), "{help}");
        }
        assert!(help.lines().all(|line| line.len() <= 90));
        scratch.installed(&["--yes", "--"]);
    });
}

#[test]
fn two_plugins_folders_are_a_question_and_two_names_of_one_are_none() {
    under_each_shell("two_plugins_folders_are_a_question_and_two_names_of_one_are_none", |shell| {
        let scratch = Scratch::with_agent(shell);
        scratch.add_agent("/opt/netdata/usr/libexec/netdata/plugins.d", "/opt/netdata/etc/netdata");
        let (_, err, status) = scratch.install(&["--yes"]);
        assert_eq!(status, 2);
        assert!(err.contains("there are two plugins folders") && err.contains("--plugins-dir"), "{err}");
        scratch.installed(&["--yes", "--plugins-dir", &format!("/{PLUGINS}")]);
        assert!(!scratch.path("opt/netdata/usr/libexec/netdata/plugins.d/system-info.sh.original").exists());

        let scratch = Scratch::with_agent(shell);
        symlink("lib", scratch.path("usr/libexec")).unwrap();
        scratch.installed(&["--yes"]);
        assert!(has_originals(&scratch));
    });
}

#[test]
fn programs_that_do_not_run_here_replace_nothing() {
    under_each_shell("programs_that_do_not_run_here_replace_nothing", |shell| {
        let scratch = Scratch::with_agent(shell);
        let before = scratch.tree();
        let folder = scratch.beside("programs");
        fs::create_dir(&folder).unwrap();
        let refused = |complaint: &str| {
            let (out, err, status) = scratch.install_here(&["--yes", "--from", folder.to_str().unwrap()]);
            assert_eq!((out.as_str(), status), ("", 1), "{err}");
            assert!(err.contains(complaint), "{err}");
            assert_eq!(scratch.tree(), before);
        };
        refused("no programs in");
        let program = folder.join("anonymous-statistics");
        for name in PROGRAMS {
            symlink(built().join(name), folder.join(name)).unwrap();
        }
        fs::remove_file(folder.join("telemetry-preview")).unwrap();
        refused("telemetry-preview is missing");
        symlink(built().join("telemetry-preview"), folder.join("telemetry-preview")).unwrap();

        // An executable for a nonexistent machine (e_machine 0xffff).
        let mut foreign = fs::read(&program).unwrap();
        foreign[18..20].copy_from_slice(&[0xff, 0xff]);
        fs::remove_file(&program).unwrap();
        fs::write(&program, foreign).unwrap();
        set_mode(&program, 0o755);
        refused("does not run here");
        set_mode(&program, 0o644);
        refused("may not be executed");
        fs::remove_file(&program).unwrap();
        write_script(&program, "#!/bin/sh\necho 'something else 1.0'\n");
        refused("does not run here");
    });
}

#[test]
fn the_programs_are_found_beside_it_and_in_a_build() {
    under_each_shell("the_programs_are_found_beside_it_and_in_a_build", |shell| {
        for place in ["", "target/x86_64-unknown-linux-musl/release", "target/release"] {
            let mut scratch = Scratch::with_agent(shell);
            let checkout = scratch.beside("check out");
            // A build for another machine does not count.
            for folder in [checkout.join(place), checkout.join("target/other/release")] {
                fs::create_dir_all(&folder).unwrap();
            }
            write_script(&checkout.join("target/other/release/anonymous-statistics"), "#!/bin/sh\nexit 1\n");
            for name in PROGRAMS {
                symlink(built().join(name), checkout.join(place).join(name)).unwrap();
            }
            fs::copy(INSTALLER, checkout.join("install.sh")).unwrap();
            (scratch.installer, scratch.programs) = (checkout.join("install.sh"), PathBuf::new());
            let (_, err, status) = scratch.install_here(&["--yes"]);
            assert_eq!((err.as_str(), status), ("", 0), "{place}");
            let program = scratch.path("usr/local/bin/system-info");
            assert!(same_content(&program, &built().join("system-info")));
            assert!(!program.is_symlink());

            // For an image, the right build cannot be determined by running it.
            let (out, err, status) = scratch.install(&["--yes"]);
            assert_eq!(status == 0, place.is_empty(), "{place}: {out}");
            assert_eq!(err.contains("say --from DIR"), !place.is_empty(), "{place}: {err}");
        }
    });
}

/// An image may be of another machine, or from anybody: root runs nothing in it.
#[test]
fn nothing_that_lies_in_the_root_is_run() {
    under_each_shell("nothing_that_lies_in_the_root_is_run", |shell| {
        let scratch = Scratch::with_agent(shell).with_small_programs();
        let was_run = scratch.beside("was-run");
        let trap = |name: &str| {
            let marks = fs::read_to_string(scratch.programs.join(name)).unwrap();
            format!("{marks}\necho \"$0\" >>{}\n", quoted(&was_run))
        };
        let folder = scratch.path("opt/programs");
        fs::create_dir_all(&folder).unwrap();
        for name in PROGRAMS {
            write_script(&folder.join(name), &trap(name));
        }
        let from = folder.to_str().unwrap();
        for arguments in [&["--yes", "--from", from][..], &["--from", from], &["--uninstall"]] {
            scratch.installed(arguments);
            assert!(!was_run.exists(), "{arguments:?}: {}", fs::read_to_string(&was_run).unwrap());
        }
        // The programs are recognized by their content.
        write_script(&folder.join("telemetry-preview"), "#!/bin/sh\necho 'telemetry-preview 1.0'\n");
        let (_, err, status) = scratch.install(&["--yes", "--from", from]);
        assert_eq!((status, err.contains("telemetry-preview is no program of this project")), (1, true), "{err}");
    });
}

#[test]
fn a_link_that_leads_out_of_the_root_is_not_followed() {
    under_each_shell("a_link_that_leads_out_of_the_root_is_not_followed", |shell| {
        for link in ["usr/local/bin", PLUGINS, "etc/netdata"] {
            let scratch = Scratch::with_agent(shell).with_small_programs();
            let (outside, link) = (scratch.beside("outside"), scratch.path(link));
            let _ = fs::remove_dir_all(&link);
            fs::create_dir(&outside).unwrap();
            fs::create_dir_all(link.parent().unwrap()).unwrap();
            symlink(&outside, &link).unwrap();
            let before = scratch.tree();
            let (out, err, status) = scratch.install(&["--yes", "--disable-telemetry"]);
            assert_eq!((out.as_str(), status), ("", 1), "{err}");
            assert!(err.contains(&format!("leads to {}, which is not in ", outside.display())), "{err}");
            assert_eq!(scratch.tree(), before);
            assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
        }
    });
}

#[test]
fn the_programs_of_others_are_not_replaced() {
    under_each_shell("the_programs_of_others_are_not_replaced", |shell| {
        let scratch = Scratch::with_agent(shell);
        fs::create_dir_all(scratch.path("usr/local/bin")).unwrap();
        let theirs = scratch.path("usr/local/bin/system-info");
        for make in [
            |path: &Path| fs::write(path, "#!/bin/sh\n").unwrap(),
            |path: &Path| fs::create_dir(path).unwrap(),
            |path: &Path| symlink("nowhere", path).unwrap(),
        ] {
            make(&theirs);
            let before = scratch.tree();
            let (_, err, status) = scratch.install(&["--yes"]);
            assert_eq!(status, 1);
            assert!(err.contains("is another program"), "{err}");
            assert_eq!(scratch.tree(), before);
            if fs::remove_file(&theirs).is_err() {
                fs::remove_dir(&theirs).unwrap();
            }
        }
        // Nor is an unknown original.
        fs::write(scratch.path(&format!("{PLUGINS}/system-info.sh.original")), "whose?\n").unwrap();
        let before = scratch.tree();
        let (_, err, status) = scratch.install(&["--yes"]);
        assert_eq!((status, err.contains("is kept or diverted already")), (1, true), "{err}");
        assert_eq!(scratch.tree(), before);
    });
}

/// Only the last part of a path identifies a file.
#[test]
fn a_prefix_may_be_called_like_a_program_or_a_folder_of_pages() {
    under_each_shell("a_prefix_may_be_called_like_a_program_or_a_folder_of_pages", |shell| {
        for prefix in ["/opt/anonymous-statistics", "/opt/system-info", "/srv/share/x", "/srv/share/a:b/man"] {
            let scratch = Scratch::with_agent(shell).with_small_programs().with_some_pages();
            let before = scratch.files();
            scratch.installed(&["--yes", "--prefix", prefix]);
            let once = scratch.tree();
            scratch.installed(&["--prefix", prefix]);
            assert_eq!(scratch.tree(), once, "{prefix}");
            let record = fs::read_to_string(scratch.path(prefix).join("share/anonymous-statistics/installed")).unwrap();
            let count = |kind: &str| record.lines().filter(|line| line.starts_with(kind)).count();
            assert_eq!([count("program "), count("script "), count("page ")], [3, 2, SOME_PAGES.len()], "{record}");

            let program = scratch.path(prefix).join("bin/system-info");
            let ours = fs::read(&program).unwrap();
            fs::copy(scratch.programs.join("telemetry-preview"), &program).unwrap();
            let (_, err, status) = scratch.install(&["--prefix", prefix]);
            assert_eq!((status, err.contains("is another program")), (1, true), "{prefix}: {err}");
            fs::write(&program, ours).unwrap();
            scratch.installed(&["--uninstall", "--prefix", prefix]);
            assert_eq!(scratch.files(), before, "{prefix}");
        }
    });
}

#[test]
fn of_two_folders_one_may_be_called_like_the_end_of_the_other() {
    under_each_shell("of_two_folders_one_may_be_called_like_the_end_of_the_other", |shell| {
        let scratch = Scratch::bare(shell).with_small_programs();
        let folders = ["/srv/plugins.d", "/opt/a /srv/plugins.d"];
        for folder in folders {
            scratch.add_agent(folder, "/etc/netdata");
        }
        let before = scratch.files();
        for folder in folders {
            scratch.installed(&["--yes", "--plugins-dir", folder]);
        }
        scratch.installed(&["--uninstall"]);
        assert_eq!(scratch.files(), before);
    });
}

/// This project's programs, copied by hand, are replaced without a question and never become originals.
#[test]
fn our_own_program_is_never_kept_as_an_original() {
    under_each_shell("our_own_program_is_never_kept_as_an_original", |shell| {
        let scratch = Scratch::with_agent(shell);
        let newer = newer_programs(&scratch);
        for name in SCRIPTS {
            fs::copy(Path::new(&newer).join(name), scratch.script(name)).unwrap();
        }
        scratch.installed(&[]);
        assert!(same_content(&scratch.script("system-info"), &built().join("system-info")));
        assert!(!scratch.files().keys().any(|path| path.to_str().unwrap().ends_with(".original")));
        scratch.installed(&["--uninstall"]);
        assert!(!scratch.script("system-info").exists(), "there is nothing to put back");
    });
}

#[test]
fn what_an_upgrade_put_there_is_the_new_original() {
    under_each_shell("what_an_upgrade_put_there_is_the_new_original", |shell| {
        let scratch = Scratch::with_agent(shell);
        scratch.installed(&["--yes"]);
        let upgrade = || {
            for name in SCRIPTS {
                fs::remove_file(scratch.script(name)).unwrap();
                write_script(&scratch.script(name), "#!/bin/sh\n# of the next version\n");
            }
        };
        upgrade();
        let (_, err, status) = scratch.install(&[]);
        assert_eq!((status, err.contains("no terminal")), (1, true), "it asks again: {err}");
        scratch.installed(&["--yes"]);
        assert!(same_content(&scratch.script("system-info"), &built().join("system-info")));
        upgrade();
        let out = scratch.installed(&["--uninstall"]);
        assert_eq!(fs::read_to_string(scratch.script("system-info")).unwrap(), "#!/bin/sh\n# of the next version\n");
        assert!(out.contains("plugins.d/system-info.sh is not what was installed"), "{out}");
        assert!(out.contains("plugins.d/system-info.sh.original is not what was installed"), "{out}");
        assert!(scratch.path(&format!("{PLUGINS}/system-info.sh.original")).exists());
    });
}

#[test]
fn taking_away_leaves_what_is_not_ours_and_says_so() {
    under_each_shell("taking_away_leaves_what_is_not_ours_and_says_so", |shell| {
        let scratch = Scratch::with_agent(shell).with("DO_NOT_TRACK", "1");
        scratch.installed(&["--yes"]);
        let theirs = scratch.path("usr/local/bin/telemetry-preview");
        fs::remove_file(&theirs).unwrap();
        fs::write(&theirs, "of a package\n").unwrap();
        fs::remove_file(scratch.path("usr/local/bin/system-info")).unwrap();
        fs::create_dir_all(scratch.path("var/lib/netdata/anonymous-statistics/waiting")).unwrap();
        let out = scratch.installed(&["--uninstall"]);
        assert_eq!(fs::read_to_string(&theirs).unwrap(), "of a package\n");
        assert!(out.contains("usr/local/bin/telemetry-preview is not what was installed"), "{out}");
        assert!(out.contains(".opt-out-from-anonymous-statistics still opts out"), "{out}");
        assert!(out.contains("sudo rm -r") && out.contains("var/lib/netdata/anonymous-statistics"), "{out}");
        assert!(scratch.path(OPT_OUT).exists());
        assert!(scratch.path("var/lib/netdata/anonymous-statistics/waiting").exists());
        assert!(!scratch.path("usr/local/bin/anonymous-statistics").exists());
    });
}

/// Acts at one call of a command, and passes all others on.
fn at_call(scratch: &Scratch, name: &str, call: u32, what: &str) {
    let count = scratch.beside("count");
    let _ = fs::remove_file(&count);
    let text =
        "#!/bin/sh\necho x >>{count}\nif [ $(wc -l <{count}) -eq {call} ]; then\n{what}\nfi\nexec {real} \"$@\"\n"
            .replace("{count}", &quoted(&count))
            .replace("{call}", &call.to_string())
            .replace("{what}", what)
            .replace("{real}", &quoted(find(name).unwrap()));
    scratch.command(name, &text);
}

/// A service for hooks.
fn add_unit(scratch: &Scratch) {
    let folder = scratch.path("usr/lib/systemd/system");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("netdata.service"), "[Service]\n").unwrap();
}

/// A rename fails, or it succeeds and a signal follows.
const ACCIDENTS: [(&str, i32); 2] = [("exit 1", 1), ("{real} \"$@\"; kill -TERM $PPID; exit 0", 143)];

fn accident(what: &str) -> String {
    what.replace("{real}", &quoted(find("mv").unwrap()))
}

#[test]
fn whichever_renaming_fails_or_is_interrupted_all_is_as_it_was() {
    under_some_shell("whichever_renaming_fails_or_is_interrupted_all_is_as_it_was", |shell| {
        let scratch = Scratch::with_agent(shell).with_small_programs();
        if !scratch.starts_mv() {
            return; // Its mv is a builtin that cannot be replaced; dpkg-divert is interrupted below.
        }
        add_unit(&scratch);
        let newer = newer_programs(&scratch);
        for (what, expected) in ACCIDENTS {
            // A first installation, an upgrade, a reinstallation after the agent's upgrade, and the removal.
            let steps = [
                &["--yes", "--service-hooks"][..],
                &["--from", &newer],
                &["--yes", "--no-service-hooks"],
                &["--uninstall"],
            ];
            for (step, arguments) in steps.into_iter().enumerate() {
                if step == 2 {
                    for name in SCRIPTS {
                        fs::remove_file(scratch.script(name)).unwrap();
                        write_script(&scratch.script(name), "#!/bin/sh\n# of the next version\n");
                    }
                }
                let before = scratch.tree();
                let mut calls = 0;
                loop {
                    calls += 1;
                    at_call(&scratch, "mv", calls, &accident(what));
                    let (out, err, status) = scratch.install(arguments);
                    if status == 0 {
                        break;
                    }
                    assert_eq!((out.as_str(), status), ("", expected), "{err}");
                    assert!(err.contains("what was begun is undone"), "{what} at {calls}: {err}");
                    assert_eq!(scratch.tree(), before, "{what} at {calls} of {arguments:?}");
                }
                assert!(calls > 7, "{calls} renamings in step {step}");
                scratch.without_command("mv");
            }
        }
    });
}

/// The checkout's pages, relative to `share/`.
fn pages() -> Vec<PathBuf> {
    let share = Path::new(INSTALLER).with_file_name("share");
    let (mut found, mut open) = (Vec::new(), vec![share.clone()]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path.strip_prefix(&share).unwrap().to_owned()) }
        }
    }
    found
}

#[test]
fn manual_pages_and_completions_come_with_the_programs_and_go_with_them() {
    let pages = pages();
    under_each_shell("manual_pages_and_completions_come_with_the_programs_and_go_with_them", |shell| {
        let scratch = Scratch::with_agent(shell).with_small_programs().with_pages();
        let before = scratch.tree();
        let out = scratch.installed(&["--yes", "--prefix", "/opt/a b's"]);
        assert!(out.contains("Manual pages, and completions for bash, zsh and fish, are in "), "{out}");
        let place = |page: &PathBuf| scratch.path("opt/a b's/share").join(page);
        for page in &pages {
            assert!(same_content(&place(page), &Path::new(INSTALLER).with_file_name("share").join(page)));
            assert_eq!(mode(&place(page)), 0o644, "{}", page.display());
        }
        let once = scratch.tree();
        scratch.installed(&["--prefix", "/opt/a b's"]);
        assert_eq!(scratch.tree(), once, "installed again it is the same");
        // A changed page stays and is reported.
        fs::write(place(&pages[0]), "changed\n").unwrap();
        let out = scratch.installed(&["--uninstall", "--prefix", "/opt/a b's"]);
        assert!(out.contains(&format!("Left: {} is not what was installed.", place(&pages[0]).display())), "{out}");
        fs::remove_file(place(&pages[0])).unwrap();
        assert_eq!(scratch.files(), before.into_iter().filter(|(_, what)| !what.ends_with("a folder")).collect());

        // Another program's page is not replaced.
        let scratch = Scratch::bare(shell).with_small_programs().with_pages();
        let foreign = scratch.path("usr/local/share/man/man1/system-info.1");
        fs::create_dir_all(foreign.parent().unwrap()).unwrap();
        fs::write(&foreign, ".TH of another program\n").unwrap();
        let before = scratch.tree();
        let (_, err, status) = scratch.install(&[]);
        assert_eq!(status, 1);
        assert!(err.contains("man1/system-info.1 is of another program"), "{err}");
        assert_eq!(scratch.tree(), before);
    });
}

#[test]
fn interrupted_between_the_pages_all_is_as_it_was() {
    let scratch = Scratch::bare(&["sh"]).with_small_programs().with_some_pages();
    let (what, expected) = ACCIDENTS[1];
    for arguments in [&[][..], &["--uninstall"]] {
        let before = scratch.tree();
        let mut calls = 0;
        loop {
            calls += 1;
            at_call(&scratch, "mv", calls, &accident(what));
            let (_, err, status) = scratch.install(arguments);
            if status == 0 {
                break;
            }
            assert_eq!(status, expected, "{err}");
            assert_eq!(scratch.tree(), before, "at {calls} of {arguments:?}");
        }
        assert!(usize::try_from(calls).unwrap() > SOME_PAGES.len(), "{calls} renamings");
        scratch.without_command("mv");
    }
}

/// The names of staging folders, in the tree's order.
fn stages(scratch: &Scratch) -> Vec<String> {
    let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    scratch.tree().into_keys().map(name).filter(|name| name.starts_with(".anonymous-statistics.")).collect()
}

/// With a predictable staging folder, somebody could put a link there before root creates it.
#[test]
fn a_folder_that_somebody_prepared_is_not_written_into() {
    under_each_shell("a_folder_that_somebody_prepared_is_not_written_into", |shell| {
        let scratch = Scratch::with_agent(shell).with_small_programs();
        let (victim, bin) = (scratch.beside("victim"), scratch.path("usr/local/bin"));
        fs::write(&victim, "precious\n").unwrap();
        fs::create_dir_all(&bin).unwrap();
        // The exec keeps the process id.
        let prepare = r#"
            for target in "$1/system-info" "$2/system-info.sh"; do
                stage=${target%/*}/.anonymous-statistics.$$
                mkdir "$stage" && ln -s "$3" "$stage/${target##*/}.new"
            done
            shift 3
            exec "$@""#;
        let mut words = ["sh", "-c", prepare, "sh"].map(str::to_owned).to_vec();
        words.extend([&bin, &scratch.path(PLUGINS), &victim].map(|path| path.display().to_string()));
        words.extend(scratch.words(&["--yes"]));
        let (_, err, status) = said(&scratch.start(&words).output().unwrap());
        assert_eq!((err.as_str(), status), ("", 0));
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious\n");
        assert!(!scratch.script("system-info").is_symlink());
        assert!(has_originals(&scratch));
    });
}

#[test]
fn folders_of_unfinished_files_have_new_names_each_time_and_the_next_run_removes_them() {
    under_each_shell("folders_of_unfinished_files_have_new_names_each_time_and_the_next_run_removes_them", |shell| {
        if !Scratch::bare(shell).starts_mv() {
            return;
        }
        let scratch = Scratch::with_agent(shell).with_small_programs();
        let mut seen = BTreeSet::new();
        for arguments in [&["--yes"][..], &["--yes"], &["--uninstall"]] {
            at_call(&scratch, "mv", 3, "kill -KILL $PPID; exit 0");
            assert!(!scratch.start(&scratch.words(arguments)).output().unwrap().status.success());
            scratch.without_command("mv");
            let left: BTreeSet<_> = stages(&scratch).into_iter().collect();
            assert_eq!(left.len(), 1, "one name for all folders of a run: {left:?}");
            let random = left.first().unwrap().rsplit_once('.').unwrap().1.to_owned();
            assert!(random.len() == 32 && seen.insert(random), "{left:?} after {seen:?}");
            scratch.installed(arguments);
            assert_eq!(stages(&scratch), [""; 0], "{arguments:?}");
        }
    });
}

/// Similar names that are not of a killed run stay, and so does everything behind a link.
#[test]
fn only_what_a_killed_run_left_is_removed() {
    under_each_shell("only_what_a_killed_run_left_is_removed", |shell| {
        let scratch = Scratch::with_agent(shell).with_small_programs();
        let (bin, outside) = (scratch.path("usr/local/bin"), scratch.beside("outside"));
        for folder in [&bin, &outside] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(outside.join("file"), "precious\n").unwrap();
        // No process has this number (PID_MAX_LIMIT in include/linux/threads.h).
        let gone = |letter: &str| bin.join(format!(".anonymous-statistics.999999999.{}", letter.repeat(32)));
        let left = gone("a");
        fs::create_dir(&left).unwrap();
        fs::write(left.join("system-info.new"), "half a program").unwrap();
        symlink(outside.join("file"), left.join("system-info.before")).unwrap();
        symlink(&outside, left.join("folder")).unwrap();
        let with_file = |folder: PathBuf| {
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("file"), "precious\n").unwrap();
            folder
        };
        let mut stay = vec![gone("b"), gone("c")];
        symlink(&outside, &stay[0]).unwrap();
        fs::write(&stay[1], "a file\n").unwrap();
        let running = format!("{}.{}", std::process::id(), "d".repeat(32));
        for name in ["backup", "2024", "1.notes", "99999999x.aa", &running] {
            stay.push(with_file(bin.join(format!(".anonymous-statistics.{name}"))));
        }
        if rustix::process::geteuid().is_root() {
            stay.push(with_file(gone("e")));
            chown(stay.last().unwrap(), Some(SOMEBODY), None).unwrap();
        }
        scratch.installed(&["--yes"]);
        assert!(!left.exists());
        for path in stay {
            assert!(path.symlink_metadata().is_ok(), "{} is not ours", path.display());
            assert!(!path.is_dir() || path.join("file").exists(), "{}", path.display());
        }
        assert!(outside.join("file").exists());
    });
}

/// An account and a group other than root's and the caller's.
const SOMEBODY: u32 = 54_321;

#[test]
fn where_others_can_rename_nothing_is_put() {
    let test = this_test!();
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        skip(test, "in part: only root can give folders to others");
    }
    under_each_shell(test, |shell| {
        type Make = fn(&Path);
        let everybodys: [(Make, &str); 2] =
            [(|path| set_mode(path, 0o757), "everybody"), (|path| set_mode(path, 0o1777), "everybody")];
        let somebodys: [(Make, &str); 2] = [
            (|path| chown(path, Some(SOMEBODY), None).unwrap(), "account 54321"),
            (
                |path| {
                    chown(path, None, Some(SOMEBODY)).unwrap();
                    set_mode(path, 0o775);
                },
                "group 54321",
            ),
        ];
        let somebodys = if is_root { &somebodys[..] } else { &[] };
        for (make, who) in everybodys.iter().chain(somebodys) {
            for place in ["usr/local/bin", "usr/local/share/man", PLUGINS, "usr"] {
                let scratch = Scratch::with_agent(shell).with_small_programs().with_some_pages();
                let folder = scratch.path(place);
                fs::create_dir_all(&folder).unwrap();
                make(&folder);
                // A sticky folder is safe above the target's folder.
                let is_fine = mode(&folder) == 0o1777 && ["usr", "usr/local/share/man"].contains(&place);
                let before = scratch.tree();
                for arguments in [&["--yes", "--disable-telemetry"][..], &["--dry-run"]] {
                    let (out, err, status) = scratch.install(arguments);
                    if is_fine {
                        assert_eq!((err.as_str(), status), ("", 0), "{place}");
                        continue;
                    }
                    assert_eq!((out.as_str(), status), ("", 1), "{err}");
                    let complaint = format!("{who} can rename what is in {}", folder.display());
                    assert!(err.contains(&complaint), "{complaint}: {err}");
                    assert_eq!(scratch.tree(), before, "{place}, {who}");
                }
                if is_fine {
                    scratch.installed(&["--uninstall"]);
                }
            }
        }
        // Nor is anything removed there.
        let scratch = Scratch::with_agent(shell).with_small_programs();
        scratch.installed(&["--yes"]);
        set_mode(&scratch.path(PLUGINS), 0o757);
        let before = scratch.tree();
        let (_, err, status) = scratch.install(&["--uninstall"]);
        assert_eq!((status, err.contains("everybody can rename")), (1, true), "{err}");
        assert_eq!(scratch.tree(), before);
    });
}

/// A kill -9 cannot be handled, but the next run repairs its effects, and no original is lost.
#[test]
fn killed_at_any_renaming_the_next_run_puts_it_right() {
    under_some_shell("killed_at_any_renaming_the_next_run_puts_it_right", |shell| {
        if !Scratch::bare(shell).starts_mv() {
            return;
        }
        let agents = Scratch::with_agent(shell);
        let kill = accident("{real} \"$@\"; kill -KILL $PPID; exit 0");
        let with_hooks = ["--yes", "--service-hooks"];
        for first in [with_hooks, ["--yes", "--uninstall"]] {
            let mut killed = 0;
            for call in 1.. {
                let scratch = Scratch::with_agent(shell).with_small_programs();
                add_unit(&scratch);
                let before = scratch.files();
                if first.contains(&"--uninstall") {
                    scratch.installed(&with_hooks);
                }
                at_call(&scratch, "mv", call, &kill);
                let output = scratch.start(&scratch.words(&first)).output().unwrap();
                scratch.without_command("mv");
                if output.status.success() {
                    break;
                }
                killed += 1;
                // Alternately: install again, or remove the remains.
                if call % 2 == 0 {
                    scratch.installed(&with_hooks);
                    assert!(has_originals(&scratch), "killed at {call}");
                }
                let (_, err, status) = scratch.install(&["--uninstall"]);
                if status != 0 {
                    assert!(err.contains("nothing is recorded"), "{err}");
                    let stands = |name| same_content(&scratch.script(name), &agents.script(name));
                    assert!(SCRIPTS.into_iter().all(stands), "killed at {call}: what is not recorded was not begun");
                }
                scratch.installed(&with_hooks);
                scratch.installed(&["--uninstall"]);
                assert_eq!(scratch.files(), before, "killed at {call}");
            }
            assert!(killed > 7, "{killed}");
        }
    });
}

#[test]
fn a_file_that_cannot_be_written_to_its_end_changes_nothing() {
    under_each_shell("a_file_that_cannot_be_written_to_its_end_changes_nothing", |shell| {
        let scratch = Scratch::with_agent(shell);
        let before = scratch.tree();
        let (out, err, status) = install_with_small_files(&scratch, &["--yes"]);
        assert_eq!((out.as_str(), status), ("", 1), "{err}");
        assert!(err.contains("cannot write") && err.contains("what was begun is undone"), "{err}");
        assert_eq!(scratch.tree(), before);
    });
}

/// Without a root, in folders of the test: the installed preview is asked.
#[test]
fn without_a_root_the_installed_preview_says_whether_telemetry_is_on() {
    let test = this_test!();
    if testkit::opted_out_here(test) {
        return;
    }
    under_each_shell(test, |shell| {
        let scratch = Scratch::with_agent(shell);
        let installed = |arguments: &[&str]| {
            let (out, err, status) = scratch.install_here(arguments);
            assert_eq!((err.as_str(), status), ("", 0), "{out}");
            out
        };
        let before = scratch.tree();
        let out = installed(&["--yes"]);
        assert!(out.contains("Telemetry is on"), "{out}");
        assert!(has_originals(&scratch));
        let disabled = installed(&["--disable-telemetry"]);
        assert!(disabled.contains(&format!("Opted out: there is {}", scratch.path(OPT_OUT).display())), "{disabled}");

        // Opted out, the sender under the daemon's name is silent and succeeds.
        let called = Command::new(scratch.script("anonymous-statistics"))
            .args(["START", "-", "-"])
            .env_clear()
            .env("NETDATA_USER_CONFIG_DIR", scratch.path("etc/netdata"))
            .output()
            .unwrap();
        assert_eq!(said(&called), (String::new(), String::new(), 0));
        installed(&["--uninstall"]);
        fs::remove_file(scratch.path(OPT_OUT)).unwrap();
        assert_eq!(scratch.tree(), before);
    });
}

/// A root with a small dpkg package of the agent's two scripts.
struct Debian {
    scratch: Scratch,
}

impl Debian {
    /// Whether a package can be built and installed here.
    fn is_possible(test: &str) -> bool {
        let missing = ["dpkg", "dpkg-deb", "dpkg-divert", "dpkg-query"].into_iter().find(|name| find(name).is_none());
        if let Some(missing) = missing {
            skip(test, &format!("{missing} is not installed"));
        } else if !rustix::process::geteuid().is_root() && find("fakeroot").is_none() {
            skip(test, "dpkg installs for root only, and fakeroot is not installed");
        } else {
            return true;
        }
        false
    }

    fn new(shell: &'static [&'static str]) -> Self {
        Self::of(Scratch::bare(shell))
    }

    fn of(scratch: Scratch) -> Self {
        for folder in ["var/lib/dpkg/info", "var/lib/dpkg/updates", "etc/netdata"] {
            fs::create_dir_all(scratch.path(folder)).unwrap();
        }
        fs::write(scratch.path("var/lib/dpkg/status"), "").unwrap();
        let debian = Self { scratch };
        debian.upgrade(1);
        debian
    }

    fn text(version: u32) -> String {
        format!("#!/bin/sh\n# of version {version}\n")
    }

    /// Builds this version of the package and installs it with dpkg.
    fn upgrade(&self, version: u32) {
        let package = self.scratch.beside(&format!("agent-{version}"));
        fs::create_dir_all(package.join(PLUGINS)).unwrap();
        fs::create_dir(package.join("DEBIAN")).unwrap();
        set_mode(&package.join("DEBIAN"), 0o755);
        let control = format!(
            "Package: small-agent\nVersion: {version}\nArchitecture: all\nMaintainer: Test <test@example.org>\nDescription: test\n"
        );
        fs::write(package.join("DEBIAN/control"), control).unwrap();
        for name in SCRIPTS {
            let script = package.join(PLUGINS).join(format!("{name}.sh"));
            fs::write(&script, Self::text(version)).unwrap();
            set_mode(&script, 0o755);
        }
        let archive = self.scratch.beside(&format!("agent-{version}.deb"));
        let mut build = Command::new("dpkg-deb");
        build.args(["--root-owner-group", "--build"]).arg(&package).arg(&archive).stdout(std::process::Stdio::null());
        assert!(run(&mut build).success());
        self.dpkg(&["--install", archive.to_str().unwrap()]);
    }

    fn dpkg(&self, arguments: &[&str]) {
        let mut words = vec!["dpkg".to_owned()];
        if !rustix::process::geteuid().is_root() {
            words.insert(0, "fakeroot".to_owned());
        }
        let mut command = testkit::command(&words);
        command.env("PATH", search_path());
        command.arg(format!("--root={}", self.scratch.root().display())).arg("--log=/dev/null");
        let output = command.arg("--force-script-chrootless").args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn diversions(&self) -> Vec<String> {
        let root = format!("--root={}", self.scratch.root().display());
        let output = Command::new("dpkg-divert").args([&root, "--list"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    fn original(&self, name: &str) -> std::path::PathBuf {
        self.scratch.path(&format!("{PLUGINS}/{name}.sh.original"))
    }

    /// Checks for our programs at the scripts' paths, and this version's scripts beside them.
    fn assert_ours_over(&self, version: u32) {
        for name in SCRIPTS {
            assert!(same_content(&self.scratch.script(name), &self.scratch.programs.join(name)));
            assert_eq!(fs::read_to_string(self.original(name)).unwrap(), Self::text(version));
        }
        assert_eq!(self.diversions().len(), 2, "{:?}", self.diversions());
    }

    fn assert_theirs(&self, version: u32) {
        for name in SCRIPTS {
            assert_eq!(fs::read_to_string(self.scratch.script(name)).unwrap(), Self::text(version));
            assert_eq!(mode(&self.scratch.script(name)), 0o755);
            assert!(!self.original(name).exists());
        }
        assert_eq!(self.diversions(), [""; 0]);
    }
}

#[test]
fn an_upgrade_of_the_package_does_not_put_its_scripts_over_ours() {
    let test = this_test!();
    if !Debian::is_possible(test) {
        return;
    }
    under_each_shell(test, |shell| {
        let debian = Debian::new(shell);
        let out = debian.scratch.installed(&["--yes"]);
        assert!(out.contains("dpkg knows"), "{out}");
        debian.assert_ours_over(1);
        debian.scratch.installed(&[]);
        debian.assert_ours_over(1);
        debian.upgrade(2);
        debian.assert_ours_over(2);
        debian.scratch.installed(&[]);
        debian.assert_ours_over(2);
        let dry = debian.scratch.installed(&["--uninstall", "--dry-run"]);
        assert!(dry.contains("back (dpkg-divert)"), "{dry}");
        debian.assert_ours_over(2);
        debian.scratch.installed(&["--uninstall"]);
        debian.assert_theirs(2);
        debian.upgrade(3);
        debian.assert_theirs(3);

        // After a purge, the package has nothing to restore.
        debian.scratch.installed(&["--yes"]);
        debian.dpkg(&["--purge", "small-agent"]);
        assert!(same_content(&debian.scratch.script("system-info"), &built().join("system-info")));
        debian.scratch.installed(&["--uninstall"]);
        assert!(!debian.scratch.script("system-info").exists());
        assert_eq!(debian.diversions(), [""; 0]);
    });
}

#[test]
fn whenever_dpkg_divert_fails_or_is_interrupted_all_is_as_it_was() {
    let test = this_test!();
    if !Debian::is_possible(test) {
        return;
    }
    under_some_shell(test, |shell| {
        let debian = Debian::of(Scratch::bare(shell).with_small_programs());
        let scratch = &debian.scratch;
        for (arguments, standing) in [(&["--yes"][..], false), (&["--uninstall"], true)] {
            for what in ["exit 2", "kill -TERM $PPID"] {
                let mut failed = 0;
                for call in 1.. {
                    let before = scratch.files();
                    at_call(scratch, "dpkg-divert", call, what);
                    let (out, err, status) = scratch.install(arguments);
                    scratch.without_command("dpkg-divert");
                    if status == 0 {
                        break;
                    }
                    failed += 1;
                    assert_eq!(out, "", "{err}");
                    // dpkg keeps a backup of its list.
                    let lists = |files: &mut std::collections::BTreeMap<_, _>| {
                        files.retain(|path: &std::path::PathBuf, _| !path.starts_with("var/lib/dpkg"));
                    };
                    let (mut before, mut after) = (before, scratch.files());
                    lists(&mut before);
                    lists(&mut after);
                    assert_eq!(after, before, "{what} at {call} of {arguments:?}: {err}");
                    if standing {
                        debian.assert_ours_over(1);
                    } else {
                        debian.assert_theirs(1);
                    }
                }
                assert!(failed >= 4, "{failed}");
                // Back to the initial state.
                scratch.installed(if standing { &["--yes"] } else { &["--uninstall"] });
            }
            if !standing {
                scratch.installed(&["--yes"]);
            }
        }
    });
}

/// Copied by hand over the package's script, as this project's page once said: there is no original to keep, but the
/// package's next version must not replace ours.
#[test]
fn what_was_put_by_hand_over_a_packages_script_is_diverted_too() {
    let test = this_test!();
    if !Debian::is_possible(test) {
        return;
    }
    under_each_shell(test, |shell| {
        let debian = Debian::new(shell);
        for name in SCRIPTS {
            fs::copy(built().join(name), debian.scratch.script(name)).unwrap();
        }
        debian.scratch.installed(&[]);
        assert!(!debian.original("system-info").exists());
        debian.upgrade(2);
        debian.assert_ours_over(2);

        // A third party's file there is neither ours nor the package's.
        fs::remove_file(debian.scratch.script("system-info")).unwrap();
        fs::write(debian.scratch.script("system-info"), "#!/bin/sh\n# mine\n").unwrap();
        let before = debian.scratch.tree();
        let (_, err, status) = debian.scratch.install(&["--yes"]);
        assert_eq!((status, err.contains("move one of them away")), (1, true), "{err}");
        assert_eq!(debian.scratch.tree(), before);
    });
}
