//! The installed manual pages and completions, read by the programs they are made for.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::{program, skip, this_test};

fn share(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("share").join(path)
}

/// A command's output, if the command exists.
fn ask(command: &mut Command) -> Option<(String, String, bool)> {
    let output = command.output().ok()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some((text(&output.stdout), text(&output.stderr), output.status.success()))
}

fn manual_pages() -> Vec<PathBuf> {
    let entries = ["man/man1", "man/man5"].into_iter().flat_map(|folder| std::fs::read_dir(share(folder)).unwrap());
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn the_manual_pages_are_set_without_a_complaint() {
    for page in manual_pages() {
        let name = page.file_stem().unwrap().to_str().unwrap();
        let Some((out, err, done)) = ask(Command::new("groff").args(["-man", "-Tascii", "-ww", "-P-cbou"]).arg(&page))
        else {
            return skip(this_test!(), "needs groff");
        };
        assert!(done && err.is_empty(), "{name}: {err}");
        for part in ["NAME", "DESCRIPTION", "FILES", "EXAMPLES", "SEE ALSO", name] {
            // The schema and the facts of a machine are in no file of the agent.
            let has_none = part == "FILES" && ["system-info", "telemetry-preview-schema"].contains(&name);
            assert!(has_none || out.contains(part), "{name}: no {part} in\n{out}");
        }
        assert!(!out.contains(['`']), "{name}: a raw backtick in\n{out}");
        for option in ["--config-dir", "--call", "--event", "--format"] {
            assert!(!out.contains(&format!("[{option}]")), "{name}: {option} without its value in\n{out}");
        }
        for line in out.lines() {
            assert!(line.chars().count() <= 80, "{name}: too long for a terminal: {line}");
        }
    }
}

#[test]
fn mandoc_finds_no_fault_in_the_manual_pages() {
    for page in manual_pages() {
        let Some((out, err, _)) = ask(Command::new("mandoc").args(["-Tlint", "-W", "warning"]).arg(&page)) else {
            return skip(this_test!(), "needs mandoc");
        };
        // A build knows no date.
        let faults: Vec<&str> = out.lines().filter(|line| !line.contains("missing date")).collect();
        assert!(faults.is_empty() && err.is_empty(), "{faults:?} {err}");
    }
}

/// What is typed in a folder that holds the file `zzz-file` and the folder `zzz-folder`, and what is offered.
const TYPED: [(&str, &[&str]); 20] = [
    ("telemetry-preview opt", &["opt-in", "opt-out"]),
    ("telemetry-preview --pla", &["--plain"]),
    ("telemetry-preview diff --since", &["--since-last"]),
    ("telemetry-preview show --event EX", &["EXIT", "EXPORTING_START"]),
    ("telemetry-preview --event EX", &["EXIT", "EXPORTING_START"]),
    ("telemetry-preview diff --events EX", &["EXIT", "EXPORTING_START"]),
    ("telemetry-preview diff --events START EX", &["EXIT", "EXPORTING_START"]),
    ("telemetry-preview explain distinct", &["distinct_id"]),
    ("telemetry-preview explain agent.restart", &["agent.restarts"]),
    (r"telemetry-preview explain \$browser", &["$browser", "$browser_version"]),
    ("telemetry-preview show --channel cr", &["crash-reports"]),
    ("telemetry-preview check --channel re", &["registry"]),
    ("telemetry-preview show --event zzz", &[]),
    ("telemetry-preview show --daemon-version zzz", &[]),
    ("telemetry-preview explain zzz", &[]),
    ("telemetry-preview show --call zzz-fi", &["zzz-file"]),
    ("telemetry-preview show --config-dir zzz", &["zzz-folder"]),
    ("anonymous-statistics --dry", &["--dry-run"]),
    ("anonymous-statistics EX", &["EXIT", "EXPORTING_START"]),
    ("system-info --format j", &["json"]),
];

/// Asks a shell for the completions of each line; it prints them one a line, and `=` after each line's.
fn completes(test: &str, shell: &str, folder: &str, script: &str) {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("zzz-file"), "").unwrap();
    std::fs::create_dir(place.path().join("zzz-folder")).unwrap();
    let mut command = Command::new(shell);
    // zsh and bash read no settings of the caller's for a script.
    command.args(if shell == "fish" { &["--no-config"][..] } else { &[] }).args(["-c", script]);
    command.current_dir(&place).env("HOME", place.path()).env("XDG_CONFIG_HOME", place.path());
    command.env("FOLDER", share(folder)).env("TYPED", TYPED.map(|(line, _)| line).join("\n"));
    let Some((out, err, _)) = ask(&mut command) else {
        return skip(test, &format!("needs {shell}"));
    };
    let mut answers = out.split("=\n");
    for (line, expected) in TYPED {
        let words = answers.next().unwrap_or_default().lines().map(|word| word.split('\t').next().unwrap());
        let words = words.map(|word| word.trim_end_matches('/').replace('\\', "")).filter(|word| !word.is_empty());
        let expected = expected.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
        assert_eq!(words.collect::<BTreeSet<_>>(), expected, "{shell}: {line}: {err}");
    }
}

#[test]
fn bash_completes_what_is_begun() {
    let script = r#"
        while IFS= read -r line; do
            read -r -a COMP_WORDS <<<"${line//\\/\\\\}"
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            source "$FOLDER/${COMP_WORDS[0]}"
            # Without -o default it offers no files of its own.
            read -r -a definition <<<"$(complete -p "${COMP_WORDS[0]}")"
            [[ ${definition[*]} == "complete -F ${definition[2]} ${COMP_WORDS[0]}" ]] || echo "${definition[*]}"
            "${definition[2]}" "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf '%s\n' "${COMPREPLY[@]}" =
        done <<<"$TYPED""#;
    completes(this_test!(), "bash", "bash-completion/completions", script);
}

#[test]
fn fish_completes_what_is_begun() {
    let script = r"
        for script in $FOLDER/*; source $script; end
        for line in (string split \n -- $TYPED); complete -C $line; echo =; end";
    completes(this_test!(), "fish", "fish/vendor_completions.d", script);
}

/// zsh completes in its line editor only, so it gets a terminal (zpty in zshmodules(1)). What its functions offer goes
/// through `compadd`, which tells.
#[test]
fn zsh_completes_what_is_begun() {
    let script = r#"
        cat >setup <<'SETUP'
            PS1= fpath=($FOLDER $fpath)
            autoload -Uz compinit
            compinit -u -D
            compadd() {
                local -a hits
                # With these it only fills arrays.
                if [[ ${@[1,(i)(-|--)]} != *-[OAD]* ]]; then
                    builtin compadd -O hits "$@"
                    print -rl -- $hits >>offered
                fi
                builtin compadd "$@"
            }
            finish() { print = >>offered; BUFFER=; print FINI''SHED }
            zle -N finish
            bindkey '^G' finish
            bindkey '^I' complete-word
            print REA''DY
SETUP
        zmodload zsh/zpty
        zpty inner zsh -f -i
        zpty -w inner 'source ./setup'
        zpty -r -m inner said '*READY*'
        for line in ${(f)TYPED}; do
            zpty -w -n inner "$line"$'\t\a'
            zpty -r -m inner said '*FINISHED*'
        done
        cat offered"#;
    completes(this_test!(), "zsh", "zsh/site-functions", script);
}

#[test]
fn the_fields_that_are_completed_are_explained() {
    for (name, channel) in [("distinct_id", "all"), ("agent.restarts", "crash-reports"), ("$browser", "dashboard")] {
        let (out, err, done) = ask(Command::new(program("telemetry-preview")).args(["explain", name])).unwrap();
        assert!(done && out.starts_with(name) && out.contains(channel), "{name}: {out}{err}");
    }
}
