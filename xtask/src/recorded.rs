//! `system-info`'s number of right answers over the recorded machines, which must not fall.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::run;
use crate::run::Verdict;
use crate::workspace::{SYSTEM_INFO, Workspace};

const SCORES: &str = "tests/corpora-score.toml";
/// The rows of that file, and which machines the checker takes for each: those of one platform in its own archive, and
/// all of another archive.
const SCORED: [(&str, [&str; 2]); 4] = [
    ("linux", ["--platform", "linux"]),
    ("freebsd", ["--platform", "freebsd"]),
    ("macos", ["--platform", "macos"]),
    ("reports", ["--archive", "../shared/reports/machines.tar.xz"]),
];

/// Scores the program in `folder`. The recorded machines are not part of this project: without them there is nothing to
/// do.
pub(crate) fn run(workspace: &Workspace, folder: &Path) -> Result<Verdict> {
    let checker = workspace.root.join("../shared/corpora/check");
    if !checker.is_file() {
        return Ok(Verdict::Skipped("no recorded machines beside this checkout".into()));
    }
    let text = fs::read_to_string(workspace.root.join(SCORES)).with_context(|| format!("cannot read {SCORES}"))?;
    let kept: BTreeMap<String, f64> = toml::from_str(&text).with_context(|| SCORES.to_owned())?;
    for (row, machines) in SCORED {
        let mut command = run::program(&checker, [&folder.join(SYSTEM_INFO.name)]);
        command
            .arg("--privileged")
            .args(machines)
            .current_dir(&workspace.root)
            .env("XDG_CACHE_HOME", workspace.own_folder()?.join("cache"));
        eprintln!("$ {}", run::shown(&command));
        let printed = run::text(&mut command)?;
        print!("{printed}");
        let reached = share(&printed).context("the checker printed no score")?;
        println!("{}", judge(row, reached, kept.get(row).copied())?);
    }
    Ok(Verdict::Passed)
}

/// The percentage in the checker's row for all answers.
fn share(printed: &str) -> Option<f64> {
    let row = printed.lines().find(|line| line.starts_with("all "))?;
    row.strip_suffix('%')?.split_whitespace().next_back()?.parse().ok()
}

/// The report on a score compared with the kept one, or the error that it fell.
fn judge(row: &str, reached: f64, kept: Option<f64>) -> Result<String> {
    let kept = kept.unwrap_or(0.0);
    if reached < kept {
        bail!("{row}: {reached:.2} % right, and {kept:.2} % was reached before ({SCORES})");
    }
    if reached > kept {
        return Ok(format!(
            "{row}: {reached:.2} % right, more than before. Keep it: write {row} = {reached:.2} into {SCORES}"
        ));
    }
    Ok(format!("{row}: {reached:.2} % right, as before"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "corpus  live    10 /    10  100.00 %\nkey     arch   1 /  2   50.00 %\n\
        all     all                       1985 /  2334   85.05 %\nwrong  all 1 %\n";

    #[test]
    fn the_row_for_all_answers_is_the_score() {
        assert_eq!(share(PRINTED), Some(85.05));
        assert_eq!(share("corpus  live  10 / 10  100.00 %\n"), None);
        assert_eq!(share("all all\n"), None);
    }

    #[test]
    fn a_score_must_not_fall() {
        assert!(judge("linux", 85.04, Some(85.05)).unwrap_err().to_string().contains("85.05"));
        assert!(judge("linux", 85.05, Some(85.05)).unwrap().contains("as before"));
        assert!(judge("linux", 85.06, Some(85.05)).unwrap().contains("linux = 85.06"));
        assert!(judge("linux", 0.5, None).unwrap().contains("linux = 0.50"));
    }

    #[test]
    fn the_kept_scores_can_be_read() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(SCORES);
        let scores: BTreeMap<String, f64> = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let known = |key: &String| SCORED.iter().any(|(row, _)| row == key);
        assert!(scores.keys().all(known), "{scores:?}");
        assert!(scores.values().all(|score| (0.0..=100.0).contains(score)), "{scores:?}");
    }
}
