//! `cargo xtask smoke`: compares the release programs on this machine with the system's own commands.
//!
//! Other tests use recorded machines; this uses a real one with Linux, macOS or FreeBSD. It may start processes; the
//! programs may not.

mod comparisons;
mod events;
mod processes;
mod row;

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use row::{Row, Verdict, different};

use crate::enclosure::Enclosure;
use crate::run;
use crate::workspace::{PROGRAMS, SYSTEM_INFO, Workspace};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The folder of the three release programs; without it they are built
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct Inside {
    #[arg(long)]
    programs: PathBuf,
}

const RUNS: usize = 20;

/// Builds the programs if no folder is given, asks them, and prints the table. A difference is an error.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let folder = match &arguments.programs {
        Some(folder) => folder.canonicalize().with_context(|| format!("cannot find {}", folder.display()))?,
        None => build(workspace)?,
    };
    check(workspace, &folder)
}

/// The same for built programs.
pub(crate) fn check(workspace: &Workspace, folder: &Path) -> Result<()> {
    let program = folder.join(SYSTEM_INFO.name);
    let document = document(&[], &program)?;
    let mut rows = comparisons::rows(&document, comparisons::of(env::consts::OS))?;
    rows.push(as_another_user(&program, &document)?);
    rows.push(processes::started(&program)?);
    rows.extend(events(workspace, folder)?);
    print!("{}", table(&rows));
    println!("\nsystem-info: {:.1} ms, the median of {RUNS} runs, from start to end of the process", time(&program)?);
    let different = rows.iter().filter(|row| row.result == Verdict::Different).count();
    if different > 0 {
        bail!("{different} of {} answers are not what they should be", rows.len());
    }
    Ok(())
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    for program in PROGRAMS {
        let mut command = run::cargo(["build", "--release", "--locked"]);
        command.args(program.selection());
        run::run(command.current_dir(&workspace.root))?;
    }
    Ok(workspace.target.join("release"))
}

/// The output of `system-info --json`, started by `prefix` (sudo, su).
fn document(prefix: &[&str], program: &Path) -> Result<Value> {
    // env(1) becomes its arguments, with or without a prefix.
    let printed = run::text(run::program("env", prefix).arg(program).arg("--json").stdin(Stdio::null()))?;
    serde_json::from_str(&printed).context("system-info prints no JSON")
}

/// Ways to another user without a password: from root, and to root.
const AWAY_FROM_ROOT: [&[&str]; 3] = [
    &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"],
    &["sudo", "-n", "-u", "nobody"],
    &["su", "-m", "nobody", "-c", "exec \"$0\" \"$@\""],
];
const TO_ROOT: [&[&str]; 1] = [&["sudo", "-n"]];

fn as_another_user(program: &Path, document: &Value) -> Result<Row> {
    let question = "answers as root and as an ordinary user that differ";
    let is_root = |way: &[&str]| {
        let output = run::output(run::program("env", way).args(["id", "-u"]).stdin(Stdio::null())).ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim() == "0")
    };
    let root = is_root(&[]).context("cannot start id")?;
    let ways: &[&[&str]] = if root { &AWAY_FROM_ROOT } else { &TO_ROOT };
    let Some(way) = ways.iter().find(|way| is_root(way) == Some(!root)) else {
        return Ok(Row::not_asked(question, "no way to become somebody else without a password"));
    };
    // The build's folder may be closed to others.
    let folder = tempfile::tempdir()?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    let copy = folder.path().join(SYSTEM_INFO.name);
    fs::copy(program, &copy).with_context(|| format!("cannot copy {}", program.display()))?;
    Ok(Row::of(question, different(document, &self::document(way, &copy)?), ""))
}

/// The sender and the preview; if namespaces are possible, in an [`Enclosure`] like the tests.
fn events(workspace: &Workspace, folder: &Path) -> Result<Vec<Row>> {
    let enclosure = Enclosure::find(workspace)?;
    if enclosure.missing().is_some() {
        return events::rows(folder);
    }
    let mut command = run::program(&workspace.xtask, ["smoke-inside", "--programs"]);
    let printed = run::text(&mut enclosure.command(command.arg(folder)))?;
    serde_json::from_str(&printed).context("the part inside the namespaces prints no rows")
}

/// The part in an enclosure.
pub(crate) fn inside(arguments: &Inside) -> Result<()> {
    println!("{}", serde_json::to_string(&events::rows(&arguments.programs)?)?);
    Ok(())
}

fn time(program: &Path) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..RUNS {
        let begin = Instant::now();
        run::text(&mut run::program(program, ["--json"]))?;
        times.push(begin.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    times.get(RUNS / 2).copied().context("there were no runs")
}

fn table(rows: &[Row]) -> String {
    let mut page = String::from("\n| question | here | expected | result |\n|---|---|---|---|\n");
    for row in rows {
        let result = match &row.result {
            Verdict::Same => "same".to_owned(),
            Verdict::Different => "DIFFERENT".to_owned(),
            Verdict::NotAsked(reason) => format!("not asked: {reason}"),
        };
        let cells = [&row.question, &row.ours, &row.expected, &result].map(|cell| cell.replace('|', "\\|"));
        // Writing into a string cannot fail.
        let _ = writeln!(page, "| {} |", cells.join(" | "));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_difference_is_seen_in_the_table() {
        let rows = [Row::of("a", "1", "1"), Row::of("b | c", "1", "2"), Row::not_asked("d", "no way")];
        assert_eq!(
            table(&rows),
            "\n| question | here | expected | result |\n|---|---|---|---|\n\
             | a | 1 | 1 | same |\n| b \\| c | 1 | 2 | DIFFERENT |\n| d |  |  | not asked: no way |\n"
        );
    }

    #[test]
    fn facts_that_differ_are_named() {
        let one = json!({"os": {"id": {"value": "a"}}, "host_os": null, "cpu": {"frequency_hz": {"value": 1}}});
        let other =
            json!({"os": {"id": {"value": "b"}, "name": {"value": "c"}}, "cpu": {"frequency_hz": {"value": 2}}});
        assert_eq!(different(&one, &one), "");
        assert_eq!(different(&one, &other), "os.id os.name");
        assert_eq!(different(&other, &one), "os.id os.name");
    }
}
