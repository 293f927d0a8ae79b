//! Wall and processor time by hyperfine, system calls and processes by strace, memory by GNU time.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::table::{Figures, Row};
use crate::run;

/// Every command has its turn in each round, so that a slow minute of the machine affects all.
const ROUNDS: usize = 6;
const RUNS_IN_A_ROUND: usize = 20;
const TIME: &str = "/usr/bin/time";

/// A measured command.
pub(super) struct Subject {
    pub(super) row: Row,
    command: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Subject {
    pub(super) fn new(row: Row, command: &[&str], environment: &[(String, String)]) -> Self {
        let command = command.iter().map(|&word| word.to_owned()).collect();
        Self { row, command, environment: environment.to_vec() }
    }

    /// Its output, with any exit status.
    pub(super) fn answer(&self) -> Result<String> {
        let output = run::output(&mut self.behind(&[]))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The command as the last arguments of another program.
    fn behind(&self, wrapper: &[&str]) -> Command {
        let words: Vec<&str> = wrapper.iter().copied().chain(self.command.iter().map(String::as_str)).collect();
        let (program, arguments) = words.split_first().map_or(("", &[][..]), |(first, rest)| (*first, rest));
        let mut command = run::program(program, arguments);
        command.env_clear().envs(self.environment.iter().cloned());
        command
    }

    /// The command line for hyperfine, which splits it like a shell.
    fn quoted(&self) -> String {
        let words = self.command.iter().map(|word| format!("'{}'", word.replace('\'', r"'\''")));
        words.collect::<Vec<_>>().join(" ")
    }
}

pub(super) fn memory_can_be_read() -> bool {
    Path::new(TIME).is_file()
}

/// Measures every subject. In a round, each has one call of hyperfine.
pub(super) fn all(subjects: &[Subject], scratch: &Path) -> Result<Vec<(Row, Figures)>> {
    let mut timings: Vec<Vec<Timing>> = subjects.iter().map(|_| Vec::new()).collect();
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        for (subject, timings) in subjects.iter().zip(&mut timings) {
            timings.push(time(subject, scratch)?);
        }
    }
    subjects
        .iter()
        .zip(timings)
        .map(|(subject, timings)| Ok((subject.row, figures(subject, &timings, scratch)?)))
        .collect()
}

#[derive(Deserialize)]
struct Exported {
    results: [Timing; 1],
}

/// hyperfine's results for one command, in seconds: mean processor times, and the wall time of each run.
#[derive(Deserialize)]
struct Timing {
    user: f64,
    system: f64,
    times: Vec<f64>,
}

fn time(subject: &Subject, scratch: &Path) -> Result<Timing> {
    let export = scratch.join("hyperfine.json");
    let mut command =
        run::program("hyperfine", ["-N", "--style", "none", "--warmup", "3", "--ignore-failure", "--runs"]);
    command.arg(RUNS_IN_A_ROUND.to_string()).arg("--export-json").arg(&export).arg(subject.quoted());
    command.env_clear().envs(subject.environment.iter().cloned());
    run::text(&mut command)?;
    let exported: Exported =
        serde_json::from_slice(&fs::read(&export)?).context("cannot read what hyperfine exports")?;
    let [timing] = exported.results;
    Ok(timing)
}

fn figures(subject: &Subject, timings: &[Timing], scratch: &Path) -> Result<Figures> {
    let mut times: Vec<f64> = timings.iter().flat_map(|timing| timing.times.iter().copied()).collect();
    let mut processor: Vec<f64> = timings.iter().map(|timing| timing.user + timing.system).collect();
    Ok(Figures {
        wall: median(&mut times).context("hyperfine exported no times")?,
        processor: median(&mut processor).context("hyperfine exported no times")?,
        calls: calls(&traced(subject, &["-c"], scratch)?).context("strace printed no total")?,
        processes: processes(&traced(subject, &["-qq", "-e", "trace=clone,clone3,fork,vfork"], scratch)?),
        memory: memory(subject, scratch)?,
    })
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let above = values.get(values.len() / 2)?;
    let below = values.get((values.len() - 1) / 2)?;
    Some(f64::midpoint(*below, *above))
}

/// strace's output for the subject and its children.
fn traced(subject: &Subject, options: &[&str], scratch: &Path) -> Result<String> {
    let file = scratch.join("strace.txt");
    let path = file.to_string_lossy();
    run::output(&mut subject.behind(&[&["strace", "-f", "-o", &path], options, &["--"]].concat()))?;
    fs::read_to_string(&file).context("strace wrote nothing")
}

/// The number of calls in the last line of `strace -c`: per cent, seconds, microseconds, calls, perhaps errors,
/// "total".
fn calls(table: &str) -> Option<u64> {
    let total = table.lines().rev().find(|line| line.ends_with(" total"))?;
    total.split_whitespace().nth(3)?.parse().ok()
}

/// Successful calls that started a process. Threads do not count, nor does the second half of an interrupted line,
/// which has no bracket after the call's name.
fn processes(trace: &str) -> u64 {
    let starts = |line: &&str| ["clone(", "clone3(", "fork(", "vfork("].iter().any(|call| line.contains(call));
    let counted =
        trace.lines().filter(starts).filter(|line| !line.contains("CLONE_THREAD") && !line.contains(" = -1 "));
    counted.count() as u64
}

/// The largest resident set, in bytes (wait4(2) counts in KiB).
fn memory(subject: &Subject, scratch: &Path) -> Result<Option<u64>> {
    if !memory_can_be_read() {
        return Ok(None);
    }
    let file = scratch.join("time.txt");
    let path = file.to_string_lossy();
    run::output(&mut subject.behind(&[TIME, "-f", "%M", "-o", &path, "--"]))?;
    // If the command failed, a line about that precedes the number.
    let text = fs::read_to_string(&file).context("time wrote nothing")?;
    let kibibytes: u64 = text.lines().last().context("time wrote nothing")?.trim().parse()?;
    Ok(Some(kibibytes * 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_of_strace_is_read_with_and_without_errors() {
        let head = "% time     seconds  usecs/call     calls    errors syscall\n 50.00    0.000100          10        10         1 openat\n";
        assert_eq!(calls(&format!("{head}100.00    0.000212           3        57         4 total\n")), Some(57));
        assert_eq!(calls(&format!("{head}100.00    0.000000           0         6           total\n")), Some(6));
        assert_eq!(calls(head), None);
    }

    #[test]
    fn processes_are_counted_once_and_threads_are_not() {
        let trace = "10 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD) = 11\n\
            10 clone3({flags=CLONE_VM|CLONE_THREAD, stack=0x1}, 88) = 12\n\
            11 vfork( <unfinished ...>\n13 <... vfork resumed>) = 14\n\
            11 fork() = -1 EAGAIN (Resource temporarily unavailable)\n";
        assert_eq!(processes(trace), 2);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut [4.0, 1.0]), Some(2.5));
        assert_eq!(median(&mut []), None);
    }

    #[test]
    fn a_command_reaches_hyperfine_in_one_piece() {
        let subject = Subject::new(Row::Empty, &["/a b/it's", "-"], &[]);
        assert_eq!(subject.quoted(), r"'/a b/it'\''s' '-'");
    }
}
