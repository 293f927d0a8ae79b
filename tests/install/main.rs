//! `install.sh` under every installed shell, on machines of its own, with the real programs and commands.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

mod accidents;
mod agents;
mod consent;
mod hooks;
mod others;

use std::fs;
use std::path::Path;
use std::process::Command;

use testkit::scratch::{
    PLUGINS, PROGRAMS, SCRIPTS, SOME_PAGES, Scratch, built, mode, run, same_content, under_each_shell,
    under_some_shell, write_script,
};
use testkit::{quoted, said, set_mode, skip, this_test};

pub(crate) const RECORD: &str = "usr/local/share/anonymous-statistics/installed";

/// Replaces the programs by those of another version: the same with a suffix, which does not affect their run.
pub(crate) fn renew(scratch: &mut Scratch) {
    let folder = scratch.beside("newer");
    fs::create_dir(&folder).unwrap();
    for name in PROGRAMS {
        let copy = r#"{ cat "$1" && echo '# newer'; } >"$2" && chmod 755 "$2""#;
        let files = [scratch.programs.join(name), folder.join(name)];
        assert!(run(Command::new("sh").args(["-c", copy, "sh"]).args(files)).success());
    }
    scratch.programs = folder;
}

/// The agent's own scripts, of its next version.
pub(crate) fn upgrade(scratch: &Scratch) {
    for name in SCRIPTS {
        let _ = fs::remove_file(scratch.script(name));
        write_script(&scratch.script(name), "#!/bin/sh\n# of the next version\n");
    }
}

pub(crate) fn original(scratch: &Scratch, name: &str) -> std::path::PathBuf {
    scratch.path(&format!("{PLUGINS}/{name}.sh.original"))
}

pub(crate) fn has_originals(scratch: &Scratch) -> bool {
    SCRIPTS.iter().all(|name| {
        fs::read_to_string(original(scratch, name)).is_ok_and(|text| text.contains(&format!("the agent's own {name}")))
    })
}

#[test]
fn what_is_installed_runs_and_taken_away_again_every_byte_is_as_before() {
    under_each_shell(this_test!(), |shell| {
        let scratch = Scratch::with_agent(shell).with_pages();
        let before = scratch.tree();
        let out = scratch.installed(&["--yes"]);
        for name in PROGRAMS {
            let program = scratch.path(&format!("usr/local/bin/{name}"));
            assert!(same_content(&program, &built().join(name)));
            assert_eq!(mode(&program), 0o755);
        }
        for page in SOME_PAGES {
            let path = scratch.path("usr/local/share").join(page);
            assert!(same_content(&path, &scratch.beside("installer/share").join(page)));
            assert_eq!(mode(&path), 0o644);
        }
        assert!(has_originals(&scratch), "{out}");
        for (name, was) in [("system-info", 0o755), ("anonymous-statistics", 0o750)] {
            assert!(same_content(&scratch.script(name), &built().join(name)));
            assert_eq!(mode(&scratch.script(name)), was, "as the script that it replaces");
        }
        let says = |words: &[&str]| {
            said(&scratch.start(&words.iter().map(ToString::to_string).collect::<Vec<_>>()).output().unwrap()).0
        };
        let facts = says(&[&format!("/{PLUGINS}/system-info.sh")]);
        assert!(facts.contains("NETDATA_SYSTEM_KERNEL_NAME="), "as the daemon reads it");
        assert!(
            says(&["/usr/local/bin/telemetry-preview", "status", "--json"])
                .contains("\"who_would_send\": \"this project's sender, v")
        );
        assert!(out.contains("Next: restart netdata"), "{out}");

        let installed = scratch.tree();
        scratch.installed(&[]);
        assert_eq!(scratch.tree(), installed, "again it is the same, without a question");
        assert_eq!(scratch.installed(&["--dry-run"]), "Nothing was changed.\n");
        let out = scratch.installed(&["--uninstall"]);
        assert_eq!(scratch.tree(), before, "{out}");
        scratch.refused(&["--uninstall"], 1, "nothing is recorded as installed");
    });
}

#[test]
fn another_version_replaces_ours_and_what_is_gone_from_it_goes_with_the_rest() {
    under_some_shell(this_test!(), |shell| {
        let mut scratch = Scratch::with_agent(shell).with_small_programs().with_pages();
        let before = scratch.tree();
        scratch.installed(&["--yes"]);
        renew(&mut scratch);
        fs::remove_file(scratch.beside("installer/share").join(SOME_PAGES[0])).unwrap();
        scratch.installed(&[]);
        for name in SCRIPTS {
            assert!(same_content(&scratch.script(name), &scratch.programs.join(name)));
        }
        assert!(has_originals(&scratch));
        assert_eq!(mode(&scratch.script("anonymous-statistics")), 0o750);
        scratch.installed(&["--uninstall"]);
        assert_eq!(scratch.tree(), before);
    });
}

/// A path means the same file, whatever it is called like and wherever a link leads.
#[test]
fn any_prefix_and_any_plugins_folder_will_do() {
    under_some_shell(this_test!(), |shell| {
        let scratch = Scratch::bare(shell).with_small_programs().with_pages();
        let folders = ["/srv/plugins.d", "/opt/a /srv/plugins.d"];
        for folder in folders {
            scratch.add_agent(folder, "/etc/netdata");
        }
        fs::create_dir_all(scratch.path("srv/real")).unwrap();
        std::os::unix::fs::symlink("/srv/real", scratch.path("srv/link")).unwrap();
        let before = scratch.files();
        for prefix in ["/opt/a b's", "/opt/anonymous-statistics", "/srv/share/a:b/man", "/srv/link/new/"] {
            for folder in folders {
                scratch.installed(&["--yes", "--prefix", prefix, "--plugins-dir", folder]);
                assert!(scratch.path(&format!("{folder}/system-info.sh.original")).exists());
            }
            let real = scratch.path(&prefix.replace("link", "real"));
            let record = fs::read_to_string(real.join("share/anonymous-statistics/installed")).unwrap();
            let count = |kind: &str| record.lines().filter(|line| line.starts_with(kind)).count();
            assert_eq!([count("program "), count("script "), count("page ")], [3, 4, SOME_PAGES.len()], "{record}");
            scratch.installed(&["--uninstall", &format!("--prefix={prefix}")]);
            assert_eq!(scratch.files(), before, "{prefix}");
        }
    });
}

#[test]
fn the_programs_are_found_beside_it_and_in_a_build_and_must_run_here() {
    under_some_shell(this_test!(), |shell| {
        for place in ["", "target/x86_64-unknown-linux-musl/release", "target/release"] {
            let scratch = Scratch::bare(shell).with_small_programs();
            let folder = scratch.path("srv/check out");
            scratch.command("uname", "#!/bin/sh\necho x86_64\n");
            fs::create_dir_all(folder.join(place)).unwrap();
            fs::copy(testkit::scratch::INSTALLER, folder.join("install.sh")).unwrap();
            for name in PROGRAMS {
                std::os::unix::fs::symlink(format!("/programs/{name}"), folder.join(place).join(name)).unwrap();
            }
            let words: Vec<String> = ["sh", "/srv/check out/install.sh"].map(str::to_owned).into();
            let (_, err, status) = said(&scratch.start(&words).output().unwrap());
            assert_eq!((err.as_str(), status), ("", 0), "{place}");
            let program = scratch.path("usr/local/bin/system-info");
            assert!(same_content(&program, &scratch.programs.join("system-info")) && !program.is_symlink());
        }
        let scratch = Scratch::with_agent(shell).with_small_programs();
        let program = scratch.programs.join("telemetry-preview");
        // An executable for a nonexistent machine (e_machine 0xffff).
        let mut foreign = fs::read(built().join("system-info")).unwrap();
        foreign[18..20].copy_from_slice(&[0xff, 0xff]);
        for (content, mode) in [
            (foreign.as_slice(), 0o755),
            (b"#!/bin/sh\necho 'telemetry-preview 1.0'\n", 0o644),
            (b"#!/bin/sh\necho 'another 1.0'\n", 0o755),
        ] {
            fs::write(&program, content).unwrap();
            set_mode(&program, mode);
            scratch.refused(&["--yes"], 1, "/programs/telemetry-preview is missing, or does not run here");
        }
        fs::remove_file(&program).unwrap();
        scratch.refused(&["--yes"], 1, "/programs/telemetry-preview is missing");
    });
}

#[test]
fn a_dry_run_names_each_step_and_changes_nothing() {
    under_each_shell(this_test!(), |shell| {
        let scratch = Scratch::with_agent(shell).with_small_programs();
        let steps = |arguments: &[&str]| {
            let before = scratch.tree();
            let out = scratch.installed(arguments);
            assert_eq!(scratch.tree(), before);
            out.lines().map(|line| line.replace(PLUGINS, "...")).collect::<Vec<_>>()
        };
        let last = "Nothing was changed.";
        assert_eq!(
            steps(&["--dry-run"]),
            [
                "would write /usr/local/bin/system-info",
                "would write /usr/local/bin/anonymous-statistics",
                "would write /usr/local/bin/telemetry-preview",
                "would keep the original as /.../system-info.sh.original",
                "would write /.../system-info.sh",
                "would keep the original as /.../anonymous-statistics.sh.original",
                "would write /.../anonymous-statistics.sh",
                "would write /usr/local/share/anonymous-statistics/installed",
                last
            ]
        );
        scratch.installed(&["--yes"]);
        let out = steps(&["--uninstall", "--dry-run"]);
        let count = |what: &str| out.iter().filter(|line| line.starts_with(what)).count();
        assert_eq!(
            (count("would put the original back"), count("would remove "), out.last().unwrap().as_str()),
            (2, 6, last)
        );
    });
}

#[test]
fn a_wrong_command_line_is_one_clear_line() {
    under_each_shell(this_test!(), |shell| {
        let scratch = Scratch::with_agent(shell).with_small_programs();
        for (arguments, complaint) in [
            (&["--disable-telemetri"][..], "unknown option --disable-telemetri"),
            (&["-y"], "unknown option -y"),
            (&["--no\u{1b}[31m\n"], "unknown option --no?[31m?"),
            (&["here"], "unexpected argument here"),
            (&["--prefix"], "--prefix needs a folder"),
            (&["--prefix="], "--prefix needs a folder"),
            (&["--config-dir", ""], "--config-dir needs a folder"),
            (&["--plugins-dir", "plugins.d"], "--plugins-dir: the path must be absolute"),
            (&["--prefix", "/a/../b"], "--prefix: the path must do without . and .."),
            (&["--prefix", "/a\nb"], "--prefix: a path with control characters"),
            (&["--from", "/no/such/folder"], "--from: there is no folder /no/such/folder"),
            (&["--uninstall", "--disable-telemetry"], "--uninstall and --disable-telemetry do not go together"),
            (&["--service-hooks", "--uninstall"], "--service-hooks goes neither with"),
            (&["--service-hooks", "--no-service-hooks"], "--service-hooks goes neither with"),
            (&["--lib-dir", "/x"], "--lib-dir is only for --service-hooks"),
        ] {
            scratch.refused(arguments, 2, &format!("install.sh: {complaint}"));
        }
        scratch.refused(&["--yes", "--plugins-dir", "/no/such"], 1, "there is no folder /no/such");
        let help = scratch.installed(&["--help"]);
        for option in ["--prefix", "--config-dir", "--plugins-dir", "--disable-telemetry", "--uninstall", "--dry-run"] {
            assert!(help.contains(&format!("  {option}")), "{help}");
        }
        assert!(help.lines().all(|line| line.len() <= 90));
    });
}

/// The output of a session at a terminal (script(1) of util-linux) with this input.
fn at_a_terminal(scratch: &Scratch, arguments: &[&str], typed: &str) -> (String, i32) {
    let line = scratch.words(arguments).iter().map(quoted).collect::<Vec<_>>().join(" ");
    let text = r#"printf "$1" | SHELL=/bin/sh script --quiet --return --command "$2" /dev/null"#;
    let words = ["sh", "-c", text, "sh", typed, &line].map(str::to_owned);
    let (out, _, status) = said(&scratch.start(&words).output().unwrap());
    (out, status)
}

#[test]
fn only_a_yes_replaces_the_agents_scripts() {
    let test = this_test!();
    under_each_shell(test, |shell| {
        let scratch = Scratch::with_agent(shell).with_small_programs().with("DO_NOT_TRACK", "0");
        // sudo passes no variables on; the advice must not need them.
        scratch.refused(&[], 1, "run it again with --yes --disable-telemetry");
    });
    let version = Command::new("script").arg("--version").output();
    if !version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("util-linux")) {
        return skip(test, "in part: script of util-linux is not installed");
    }
    under_each_shell(test, |shell| {
        let scratch = Scratch::with_agent(shell).with_small_programs();
        let before = scratch.tree();
        for typed in ["no\\n", "yess\\n", "\\004"] {
            let (seen, status) = at_a_terminal(&scratch, &["--disable-telemetry"], typed);
            assert_eq!(status, 1, "{typed}: {seen}");
            assert!(seen.contains("plugins.d/system-info.sh") && seen.contains("Type yes to go ahead:"), "{seen}");
            assert_eq!(scratch.tree(), before, "{typed}");
        }
        for (arguments, typed, asks) in [(&["--dry-run"][..], "yes\\n", false), (&[], "yes\\n", true), (&[], "", false)]
        {
            let (seen, status) = at_a_terminal(&scratch, arguments, typed);
            assert_eq!((status, seen.contains("Type yes")), (0, asks), "{seen}");
        }
        assert!(has_originals(&scratch));
    });
}

/// The script's folder may be anything, so only files with our names are pages.
#[test]
fn without_an_agent_only_the_programs_are_installed() {
    under_each_shell(this_test!(), |shell| {
        let scratch = Scratch::bare(shell);
        let before = scratch.tree();
        let share = scratch.beside("installer/share/man/man1");
        fs::create_dir_all(&share).unwrap();
        fs::write(share.join("ls.1"), "another's page\n").unwrap();
        let out = scratch.installed(&[]);
        assert!(out.contains("No Netdata agent was found"), "{out}");
        assert!(out.contains("Next: look with: /usr/local/bin/telemetry-preview status"), "{out}");
        assert_eq!(scratch.files().len(), before.iter().filter(|(_, what)| !what.ends_with("a folder")).count() + 4);
        assert!(Path::new(&scratch.path(RECORD)).exists());
        scratch.installed(&["--uninstall"]);
        assert_eq!(scratch.tree(), before);
    });
}
