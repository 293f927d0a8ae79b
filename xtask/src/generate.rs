//! `cargo xtask generate`: the parts of the documentation and of the dashboard's module that a program of this
//! workspace writes.
//!
//! Such a part is between `<!-- generated: NAME -->` and `<!-- end generated: NAME -->`; in JavaScript between
//! `/* generated: NAME */` and `/* end generated: NAME */`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::workspace::{PREVIEW, Workspace};
use crate::{pages, run};

/// A part, and the program that prints it.
struct Region {
    file: &'static str,
    name: &'static str,
    /// In cargo's target folder.
    program: &'static str,
    arguments: &'static [&'static str],
}

/// Every generated part, grouped by file. Markers without a row here, and a row without markers, are errors.
const REGIONS: &[Region] = &[
    Region {
        file: "docs/what-is-sent.md",
        name: "what-is-sent",
        program: "telemetry-preview",
        arguments: &["schema", "--format", "md"],
    },
    Region {
        file: "docs/what-is-sent.md",
        name: "crash-reports",
        program: "telemetry-preview",
        arguments: &["schema", "--channel", "crash-reports", "--format", "md"],
    },
    Region { file: "docs/detection.md", name: "detection", program: "examples/detection", arguments: &[] },
    Region { file: "docs/reliability.md", name: "faults", program: "examples/reliability", arguments: &["faults"] },
    Region { file: "docs/reliability.md", name: "replies", program: "examples/reliability", arguments: &["replies"] },
    Region {
        file: "dashboard/telemetry.js",
        name: "constants",
        program: "examples/dashboard_constants",
        arguments: &[],
    },
    Region {
        file: "docs/channels.md",
        name: "dashboard-fields",
        program: "telemetry-preview",
        arguments: &["schema", "--channel", "dashboard", "--format", "md"],
    },
];

/// The delimiters of a comment.
const MARKDOWN: (&str, &str) = ("<!--", "-->");
const JAVASCRIPT: (&str, &str) = ("/*", "*/");

fn comments(file: &str) -> (&'static str, &'static str) {
    if Path::new(file).extension().is_some_and(|extension| extension == "js") { JAVASCRIPT } else { MARKDOWN }
}

/// Rewrites all regions, or with `check` fails if one is out of date. Returns their number.
pub(crate) fn run(workspace: &Workspace, check: bool) -> Result<usize> {
    let folder = build(workspace)?;
    let mut stale: Vec<String> = Vec::new();
    let mut count = 0;
    for regions in REGIONS.chunk_by(|one, other| one.file == other.file) {
        let Some(Region { file, .. }) = regions.first() else { continue };
        let path = workspace.root.join(file);
        let before = fs::read_to_string(&path).with_context(|| format!("cannot read {file}"))?;
        same_names(&before, comments(file), regions).with_context(|| (*file).to_owned())?;
        let mut after = before.clone();
        for region in regions {
            let mut command = run::program(folder.join(region.program), region.arguments);
            let content = run::text(command.current_dir(&workspace.root))?;
            count += 1;
            after = replace(&after, comments(file), region.name, &content).with_context(|| (*file).to_owned())?;
        }
        if after != before {
            stale.push((*file).to_owned());
            if !check {
                fs::write(&path, after).with_context(|| format!("cannot write {file}"))?;
            }
        }
    }
    let (pages, stale_pages) = pages::run(workspace, check)?;
    count += pages;
    stale.extend(stale_pages);
    pictures(workspace, check)?;
    match (check, stale.is_empty()) {
        (true, false) => bail!("out of date: {}; run: cargo xtask generate", stale.join(", ")),
        (false, false) => println!("rewritten: {}", stale.join(", ")),
        (_, true) => println!("up to date: {count} generated parts"),
    }
    Ok(count)
}

/// Builds the programs like the tests do, so that nothing is built twice. Returns their folder.
fn build(workspace: &Workspace) -> Result<PathBuf> {
    let features = workspace.features();
    let arguments = ["build", "--workspace", "--locked", "--bins", "--examples", "--features", &features];
    run::run(&mut workspace.cargo(arguments))?;
    Ok(workspace.target.join("debug"))
}

/// Tests of the preview compare the documentation's pictures with its screens, and the schema of its JSON, or write them.
fn pictures(workspace: &Workspace, check: bool) -> Result<()> {
    let features = workspace.features();
    let test =
        ["--package", PREVIEW.package, "--lib", "--", "the_pictures_of_the_documentation", "the_schema_of_the_json"];
    let mut command = workspace.cargo(["test", "--locked", "--features", &features]);
    command.args(test).envs((!check).then_some(("DRAW", "1")));
    run::run(&mut command)
}

fn markers((open, close): (&str, &str), name: &str) -> (String, String) {
    (format!("{open} generated: {name} {close}"), format!("{open} end generated: {name} {close}"))
}

/// Replaces the text between the markers of `name` with `content`, between empty lines.
fn replace(text: &str, comments: (&str, &str), name: &str, content: &str) -> Result<String> {
    let (begin, end) = markers(comments, name);
    let (before, rest) = text.split_once(&begin).with_context(|| format!("no {begin}"))?;
    let (_, after) = rest.split_once(&end).with_context(|| format!("no {end} after its beginning"))?;
    if before.contains(&end) || [before, after].iter().any(|part| part.contains(&begin)) || after.contains(&end) {
        bail!("the markers of {name} stand there more than once");
    }
    Ok(format!("{before}{begin}\n\n{}\n\n{end}{after}", content.trim_matches('\n')))
}

/// The markers in a file and the table's rows must be the same set.
fn same_names(text: &str, comments: (&str, &str), regions: &[Region]) -> Result<()> {
    let (begin, end) = (format!("{} generated: ", comments.0), format!(" {}", comments.1));
    let marked: BTreeSet<&str> =
        text.lines().filter_map(|line| line.trim().strip_prefix(&begin)?.strip_suffix(&end)).collect();
    let known: BTreeSet<&str> = regions.iter().map(|region| region.name).collect();
    if let Some(name) = marked.difference(&known).next() {
        bail!("a generated part {name} that xtask/src/generate.rs does not know");
    }
    if let Some(name) = known.difference(&marked).next() {
        bail!("no {}", markers(comments, name).0);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# A\n<!-- generated: list -->\nold\n<!-- end generated: list -->\nrest\n";

    #[test]
    fn only_the_text_between_the_markers_is_replaced() {
        let fresh = replace(PAGE, MARKDOWN, "list", "| a |\n| b |\n").unwrap();
        assert_eq!(fresh, "# A\n<!-- generated: list -->\n\n| a |\n| b |\n\n<!-- end generated: list -->\nrest\n");
        assert_eq!(
            replace(&fresh, MARKDOWN, "list", "| a |\n| b |\n").unwrap(),
            fresh,
            "a second time changes nothing"
        );
    }

    #[test]
    fn in_javascript_the_markers_are_its_comments() {
        let page = "/* generated: list */\nold\n/* end generated: list */\nrest\n";
        let fresh = replace(page, comments("a.js"), "list", "const A = 1;").unwrap();
        assert_eq!(fresh, "/* generated: list */\n\nconst A = 1;\n\n/* end generated: list */\nrest\n");
        let list = Region { file: "a.js", name: "list", program: "", arguments: &[] };
        assert!(same_names(page, JAVASCRIPT, &[list]).is_ok());
    }

    #[test]
    fn missing_or_doubled_markers_are_errors() {
        for text in ["", "<!-- generated: list -->", "<!-- end generated: list --><!-- generated: list -->"] {
            assert!(replace(text, MARKDOWN, "list", "x").is_err(), "{text}");
        }
        assert!(replace(&PAGE.repeat(2), MARKDOWN, "list", "x").is_err());
        assert!(replace(&format!("{PAGE}<!-- end generated: list -->"), MARKDOWN, "list", "x").is_err());
    }

    #[test]
    fn markers_and_table_must_agree() {
        let region = |name| Region { file: "README.md", name, program: "", arguments: &[] };
        assert!(same_names(PAGE, MARKDOWN, &[region("list")]).is_ok());
        assert!(same_names(PAGE, MARKDOWN, &[]).unwrap_err().to_string().contains("list"));
        let unknown = same_names(PAGE, MARKDOWN, &[region("list"), region("other")]);
        assert!(unknown.unwrap_err().to_string().contains("other"));
    }
}
