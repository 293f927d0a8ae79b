//! The installed manual pages and completions, read by the programs they are made for.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::{skip, this_test};

const PROGRAMS: [&str; 3] = ["system-info", "anonymous-statistics", "telemetry-preview"];

fn share(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("share").join(path)
}

/// A command's output, if the command exists.
fn ask(command: &mut Command) -> Option<(String, String, bool)> {
    let output = command.output().ok()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some((text(&output.stdout), text(&output.stderr), output.status.success()))
}

#[test]
fn the_manual_pages_are_set_without_a_complaint() {
    for program in PROGRAMS {
        let page = share(&format!("man/man1/{program}.1"));
        let Some((out, err, done)) = ask(Command::new("groff").args(["-man", "-Tascii", "-ww", "-P-cbou"]).arg(page))
        else {
            return skip(this_test!(), "needs groff");
        };
        assert!(done && err.is_empty(), "{program}: {err}");
        for part in ["NAME", "SYNOPSIS", "OPTIONS", program] {
            assert!(out.contains(part), "{program}: no {part} in\n{out}");
        }
    }
}

#[test]
fn bash_completes_what_is_begun() {
    for (line, expected) in [
        (&["telemetry-preview", "opt"][..], "opt-in opt-out"),
        (&["telemetry-preview", "--pl"], "--plain --plugins-dir"),
        (&["telemetry-preview", "diff", "--since"], "--since-last"),
        (&["anonymous-statistics", "--dry"], "--dry-run"),
        (&["system-info", "--priv"], "--privileged"),
    ] {
        let ask_bash = r#"source "$1"; shift; function=$(complete -p "$1" | sed 's/.*-F \([^ ]*\) .*/\1/'); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
            "$function" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' '"#;
        let mut command = Command::new("bash");
        command
            .args(["-c", ask_bash, "bash"])
            .arg(share(&format!("bash-completion/completions/{}", line[0])))
            .args(line);
        let Some((out, err, _)) = ask(&mut command) else {
            return skip(this_test!(), "needs bash");
        };
        assert_eq!(out.trim(), expected, "{line:?}: {err}");
    }
}

#[test]
fn zsh_and_fish_accept_their_scripts() {
    let test = this_test!();
    for (shell, file) in [("zsh", "zsh/site-functions/_NAME"), ("fish", "fish/vendor_completions.d/NAME.fish")] {
        for program in PROGRAMS {
            let script = share(&file.replace("NAME", program));
            let Some((_, err, done)) = ask(Command::new(shell).arg("-n").arg(&script)) else {
                skip(test, &format!("needs {shell}"));
                break;
            };
            assert!(done && err.is_empty(), "{}: {err}", script.display());
        }
    }
}
