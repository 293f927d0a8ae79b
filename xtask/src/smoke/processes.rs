//! The number of processes that a program starts, according to the system's tracer.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::row::Row;
use crate::run;

/// System calls that make a process or replace its program.
const CALLS: [&str; 9] = ["clone", "clone3", "execve", "execveat", "fexecve", "fork", "pdfork", "rfork", "vfork"];

pub(super) fn started(program: &Path) -> Result<Row> {
    let question = "processes that system-info starts";
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("log");
    let (tracer, way): (&str, &[&str]) = match std::env::consts::OS {
        "linux" => ("strace", &["-f", "-qq", "-e", "trace=process", "-o"]),
        // With children (-di), and system calls only (-tc): ktrace(1).
        "freebsd" => ("ktrace", &["-di", "-tc", "-f"]),
        _ => return Ok(Row::not_asked(question, "not checked: no tracer that everybody may use")),
    };
    if run::find(tracer).is_none() {
        return Ok(Row::not_asked(question, format!("not checked: there is no {tracer} here")));
    }
    let output = run::output(run::program(tracer, way).arg(&log).arg(program))?;
    if !output.status.success() {
        return Ok(Row::not_asked(question, format!("not checked: {tracer} may not trace here")));
    }
    let text = if tracer == "ktrace" {
        run::text(run::program("kdump", ["-f"]).arg(&log))?
    } else {
        fs::read_to_string(&log).with_context(|| format!("cannot read {}", log.display()))?
    };
    // An empty log would prove nothing; each complete one has the call that ends the program.
    let complete = if text.contains("exit") { "" } else { ", and the log is not complete" };
    Ok(Row::of(question, format!("{}{complete}", count(&text)), "0"))
}

/// The calls in a log of strace or kdump, without the program's own start and without threads.
fn count(log: &str) -> usize {
    let calls = log.lines().filter(|line| {
        let line = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        // kdump: "system-info CALL  vfork", strace: "vfork()".
        let call = match line.split_once(" CALL ") {
            Some((_, call)) => call.trim_start(),
            None => line,
        };
        let name = call.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
        CALLS.contains(&name) && !line.contains("CLONE_THREAD") && !line.contains(" RET ")
    });
    let starts = log.lines().any(|line| line.contains("execve"));
    calls.count().saturating_sub(usize::from(starts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_counted_in_a_log_of_strace() {
        let quiet = "12 execve(\"/x/system-info\", [\"system-info\"], 0x7ff /* 1 var */) = 0\n12 exit_group(0) = ?\n";
        assert_eq!(count(quiet), 0);
        let thread = "12 clone3({flags=CLONE_VM|CLONE_THREAD, exit_signal=0}, 88) = 13\n";
        assert_eq!(count(&format!("{quiet}{thread}")), 0);
        let child = "12 vfork( <unfinished ...>\n13 execve(\"/bin/uname\", [\"uname\"], 0x7ff) = 0\n";
        assert_eq!(count(&format!("{quiet}{child}")), 2);
        assert_eq!(count("12 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD) = 13\n"), 1);
    }

    #[test]
    fn processes_are_counted_in_a_log_of_kdump() {
        let quiet = "  812 ktrace   CALL  execve(0x7fffffffe5a0,0x7fffffffeaf8,0x7fffffffeb10)\n  \
                       812 system-info RET   execve 0\n  812 system-info CALL  exit(0)\n";
        assert_eq!(count(quiet), 0);
        let child = "  812 system-info CALL  vfork\n  813 system-info RET   vfork 0\n";
        assert_eq!(count(&format!("{quiet}{child}")), 1);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_program_that_starts_another_does_not_pass() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("script");
        // Written by a child, like in setup.rs's tests.
        let write = "printf '#!/bin/sh\\n/bin/uname\\n:\\n' > \"$0\" && chmod 755 \"$0\"";
        run::run(run::program("sh", ["-c", write]).arg(&script)).unwrap();
        let row = started(&script).unwrap();
        assert_ne!(row.result, crate::smoke::row::Verdict::Same, "{row:?}");
    }
}
