//! `cargo xtask miri`: the code of other systems is executed, by Rust's interpreter, which also sees undefined behaviour.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::run;
use crate::workspace::Workspace;

/// The interpreter is part of the nightly toolchains only.
const TOOLCHAIN: &str = "nightly-2026-05-20";

/// A processor of its own each: what is left out on one has a chance on the other.
const TARGETS: [&str; 2] = ["x86_64-unknown-freebsd", "aarch64-apple-darwin"];

/// What is interpreted: the parsers and decisions, what each system answers of itself, and made-up machines.
const SELECTION: [&str; 5] = ["--lib", "--test", "everywhere", "--test", "fuzz"];

/// The test targets that are not, and why.
const LEFT_OUT: [(&str, &str); 7] = [
    ("hostile", "makes FIFOs with a program, and recordings are read as any file of the machine"),
    ("live", "is about Linux"),
    ("machines", "recordings are read as any file of the machine, with flags of open(2) that Miri does not know"),
    ("processes", "recordings are read as any file of the machine"),
    ("program", "starts programs"),
    ("recorder", "recordings are read as any file of the machine"),
    ("secrets", "recordings are read as any file of the machine"),
];

/// What keeps this machine from it, if anything.
pub(crate) fn obstacle() -> Option<String> {
    if run::find("rustup").is_none() {
        return Some("no rustup to add Miri with".into());
    }
    let arguments = ["toolchain", "install", TOOLCHAIN, "--no-self-update", "--profile", "minimal"];
    let mut install = run::program("rustup", arguments);
    let error = run::run(install.args(["--component", "miri", "--component", "rust-src"])).err()?;
    Some(format!("no Miri can be had: {error:#}"))
}

/// Runs the platform crate's tests as every target would, and says how many ran.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut lines = Vec::new();
    for target in TARGETS {
        let counts = interpret(workspace, target).with_context(|| format!("Miri for {target}"))?;
        lines.push(format!("{target}: {} tests ran, {} were left out", counts.passed, counts.ignored.len()));
        lines.extend(counts.ignored.iter().map(|line| format!("  {line}")));
    }
    println!("\n{}\nnot run on any of them:", lines.join("\n"));
    for (name, reason) in LEFT_OUT {
        println!("  all tests of {name}: {reason}");
    }
    Ok(())
}

fn interpret(workspace: &Workspace, target: &str) -> Result<Counts> {
    let mut command = run::program("rustup", ["run", TOOLCHAIN, "cargo", "miri", "test", "--locked", "--no-fail-fast"]);
    command.args(["--package", "system-facts", "--all-features", "--target", target]).args(SELECTION);
    // The tests have files of their own, which need the real file system. Nobody's CARGO but the toolchain's own.
    command.env("MIRIFLAGS", "-Zmiri-disable-isolation").env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN");
    command.env("CARGO_TARGET_DIR", folder(&workspace.target)).current_dir(&workspace.root).stderr(Stdio::inherit());
    eprintln!("$ {}", run::shown(&command));
    let output = run::output(&mut command)?;
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    if !output.status.success() {
        bail!("{}: {}", output.status, run::shown(&command));
    }
    let counts = Counts::of(&text);
    if counts.passed == 0 {
        bail!("no test ran");
    }
    Ok(counts)
}

/// Another compiler's files, apart from those of every day.
fn folder(target: &Path) -> std::path::PathBuf {
    target.join("miri")
}

#[derive(Debug, PartialEq, Eq)]
struct Counts {
    passed: usize,
    /// Each with its reason.
    ignored: Vec<String>,
}

impl Counts {
    /// From the lines that libtest prints.
    fn of(text: &str) -> Self {
        let results = text.lines().filter_map(|line| line.strip_prefix("test ")?.split_once(" ... "));
        let (mut passed, mut ignored) = (0, Vec::new());
        for (name, result) in results {
            match result.strip_prefix("ignored") {
                Some(reason) => ignored.push(format!("{name}: {}", reason.trim_start_matches(", "))),
                None => passed += usize::from(result == "ok"),
            }
        }
        Self { passed, ignored }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ran_and_what_did_not_is_counted() {
        let text = "\nrunning 3 tests\ntest a ... ok\ntest b::c ... ignored, no kenv\ntest d ... FAILED\n\n\
                    test result: FAILED. 1 passed; 1 failed; 1 ignored\n";
        assert_eq!(Counts::of(text), Counts { passed: 1, ignored: vec!["b::c: no kenv".into()] });
    }

    #[test]
    fn every_test_of_the_crate_is_chosen_or_left_out() {
        for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../platform/tests")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            assert!(SELECTION.contains(&name) != LEFT_OUT.iter().any(|(left_out, _)| *left_out == name), "{name}");
        }
    }
}
