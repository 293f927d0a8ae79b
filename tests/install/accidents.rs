//! Nothing stays half done: not after a failure or a signal, and after a kill -9 not beyond the next run.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use testkit::scratch::{PLUGINS, Scratch, under_each_shell, under_some_shell};
use testkit::{find, quoted, said, this_test};

use crate::hooks::add_unit;
use crate::{RECORD, renew, upgrade};

/// Acts at one call of these commands, and passes all others on.
fn at_call(scratch: &Scratch, commands: &[&str], call: u32, what: &str) {
    fs::write(scratch.beside("commands/count"), "0\n").unwrap();
    for name in commands {
        let text = "#!/bin/sh\n\
                    read count </commands/count\n\
                    echo $((count + 1)) >/commands/count\n\
                    if [ $count -eq {call} ]; then {what}; fi\n\
                    exec {real} \"$@\"\n";
        let text = text.replace("{call}", &call.to_string()).replace("{what}", what);
        scratch.command(name, &text.replace("{real}", &quoted(find(name).unwrap())));
    }
}

fn agent(shell: &'static [&'static str]) -> Scratch {
    let scratch = Scratch::with_agent(shell).with_small_programs();
    add_unit(&scratch);
    scratch
}

#[test]
fn whatever_fails_or_is_interrupted_all_is_as_it_was() {
    under_some_shell(this_test!(), |shell| {
        if !agent(shell).starts_mv() {
            return; // Its commands are builtins that cannot be replaced.
        }
        // A failure, and a signal after the work.
        let accidents = [
            ("exit 1", 1, &["mkdir", "cp", "chmod", "ln", "mv"][..]),
            ("{real} \"$@\"; kill -TERM $PPID; exit 0", 143, &["mv"]),
        ];
        for (what, expected, commands) in accidents {
            let mut scratch = agent(shell);
            // A first installation, another version after an upgrade of the agent, and the removal.
            let steps = [&["--yes", "--service-hooks"][..], &["--yes", "--no-service-hooks"], &["--uninstall"]];
            for (step, arguments) in steps.into_iter().enumerate() {
                if step == 1 {
                    renew(&mut scratch);
                    upgrade(&scratch);
                }
                let before = scratch.tree();
                let mut failed = 0;
                for call in 0.. {
                    at_call(&scratch, commands, call, what);
                    let (out, err, status) = scratch.install(arguments);
                    scratch.without_commands();
                    if status == 0 {
                        break;
                    }
                    failed += 1;
                    assert_eq!(status, expected, "{out}{err}");
                    if !err.contains("undone") && scratch.tree() != before {
                        // Past the point at which all is done: only old files were left to be removed.
                        assert!(call > 5, "{what} at {call} of {arguments:?}: {err}");
                        break;
                    }
                    assert_eq!(scratch.tree(), before, "{what} at {call} of {arguments:?}: {err}");
                }
                assert!(failed > 7, "{failed} calls in step {step}");
                let _ = scratch.install(arguments);
            }
        }
    });
}

/// No original is lost, and the next run ends or undoes what was begun.
#[test]
fn killed_at_any_step_the_next_run_puts_it_right() {
    under_some_shell(this_test!(), |shell| {
        if !agent(shell).starts_mv() {
            return; // Its commands are builtins that cannot be replaced.
        }
        let install = ["--yes", "--service-hooks"];
        let reference = agent(shell);
        // Without the record: a folder that was made before there was a journal counts as somebody's.
        let files = |scratch: &Scratch| {
            let mut files = scratch.files();
            files.remove(Path::new(RECORD));
            files
        };
        let before = files(&reference);
        reference.installed(&install);
        let installed = files(&reference);
        for (first, start) in [(&install[..], &before), (&["--uninstall"][..], &installed)] {
            let (mut killed, mut undone) = (0, 0);
            for call in 0.. {
                let scratch = agent(shell);
                if start.len() > before.len() {
                    scratch.installed(&install);
                }
                at_call(&scratch, &["ln", "mv", "rm"], call, "{real} \"$@\"; kill -KILL $PPID; exit 0");
                let output = scratch.start(&scratch.words(first)).output().unwrap();
                scratch.without_commands();
                if output.status.success() {
                    break;
                }
                assert!(output.status.code() == Some(137) || output.status.signal().is_some(), "{output:?}");
                killed += 1;
                // Alternately: install, or remove the remains.
                let (out, expected) = if call % 2 == 0 {
                    (scratch.installed(&install), &installed)
                } else {
                    let (out, err, status) = scratch.install(&["--uninstall"]);
                    assert!(status == 0 || err.contains("nothing is recorded"), "killed at {call}: {err}");
                    (out, &before)
                };
                undone += u32::from(out.contains("A run was killed; what it had begun is put right."));
                assert_eq!(&files(&scratch), expected, "killed at {call}: {out}");
            }
            assert!(killed > 10 && undone > 5, "{killed} {undone}");
        }
    });
}

/// What came after the kill is somebody else's.
#[test]
fn after_a_kill_and_an_upgrade_of_the_agent_the_upgrade_stays() {
    under_some_shell(this_test!(), |shell| {
        if !agent(shell).starts_mv() {
            return; // Its commands are builtins that cannot be replaced.
        }
        let scratch = agent(shell);
        for call in 0.. {
            at_call(&scratch, &["mv"], call, "{real} \"$@\"; kill -KILL $PPID; exit 0");
            let output = scratch.start(&scratch.words(&["--yes"])).output().unwrap();
            scratch.without_commands();
            assert!(!output.status.success(), "no renaming keeps an old script");
            if scratch.path(&format!("{PLUGINS}/.anonymous-statistics.sh.old")).exists() {
                break;
            }
            scratch.install(&["--uninstall"]);
        }
        upgrade(&scratch);
        scratch.refused(&["--dry-run"], 1, "a run was killed");
        scratch.install(&["--uninstall"]);
        let script = fs::read_to_string(scratch.script("anonymous-statistics")).unwrap();
        assert_eq!(script, "#!/bin/sh\n# of the next version\n");
    });
}

#[test]
fn two_runs_at_once_do_not_disturb_each_other() {
    under_each_shell(this_test!(), |shell| {
        let scratch = agent(shell);
        let state = scratch.path("usr/local/share/anonymous-statistics");
        fs::create_dir_all(&state).unwrap();
        // Process 1 is always there.
        fs::write(state.join("journal"), "process 1\n").unwrap();
        scratch.refused(&["--yes"], 1, "process 1 is at work here");
    });
}

#[test]
fn a_file_that_cannot_be_written_to_its_end_changes_nothing() {
    under_each_shell(this_test!(), |shell| {
        let scratch = Scratch::with_agent(shell);
        let before = scratch.tree();
        // Files up to half a megabyte.
        let mut words = ["sh", "-c", r#"ulimit -f 1024; exec "$@""#, "sh"].map(str::to_owned).to_vec();
        words.extend(scratch.words(&["--yes"]));
        let (_, err, status) = said(&scratch.start(&words).output().unwrap());
        assert!(
            status == 1 && err.contains("cannot write") && err.contains("what was begun is undone"),
            "{status} {err}"
        );
        assert_eq!(scratch.tree(), before);
    });
}
