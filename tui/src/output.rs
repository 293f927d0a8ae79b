//! The program's output and exit status. The help text lists the numbers.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::process::ExitCode;

use anonymous_statistics::text::{ESCAPED, escaped_for, printable};
use system_facts::printable_json;

/// The caller did not confirm, or standard output is not writable.
pub(crate) const NOT_DONE: u8 = 1;
/// `diff` found a difference.
pub(crate) const DIFFERS: u8 = 1;
/// Wrong usage, or there is no request to show.
pub(crate) const USAGE: u8 = 2;
/// `--strict`, and a value is unknown here.
pub(crate) const NOT_EXACT: u8 = 3;
/// `check` cannot tell from this account.
pub(crate) const CANNOT_TELL: u8 = 3;
/// A file could not be created or deleted (`EX_NOPERM` of sysexits.h).
pub(crate) const NO_PERMISSION: u8 = 77;

/// A failure in one line, with alternatives to run.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    line: String,
    instead: Vec<String>,
    elsewhere: Vec<String>,
}

impl Failure {
    pub(crate) fn new(code: u8, line: impl Into<String>) -> Self {
        Self { code, line: line.into(), instead: Vec::new(), elsewhere: Vec::new() }
    }

    pub(crate) fn with_code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }

    /// Adds commands that would succeed.
    pub(crate) fn instead(mut self, commands: Vec<String>) -> Self {
        self.instead = commands;
        self
    }

    /// Adds lines about other places.
    pub(crate) fn elsewhere(mut self, lines: Vec<String>) -> Self {
        self.elsewhere = lines;
        self
    }

    pub(crate) fn report(self) -> ExitCode {
        let mut text = format!("telemetry-preview: {}\n", printable(&self.line));
        for (number, command) in self.instead.iter().enumerate() {
            text.push_str(if number == 0 { "Run:  " } else { "  or: " });
            text.push_str(&printable(command));
            text.push('\n');
        }
        for line in &self.elsewhere {
            text.push_str(&printable(line));
            text.push('\n');
        }
        to_stderr(&text);
        ExitCode::from(self.code)
    }
}

/// Writes the answer. A reader that closes the pipe early is no error.
pub(crate) fn answer(bytes: impl AsRef<[u8]>) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes.as_ref()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(NOT_DONE, format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

pub(crate) fn lines(lines: &[String]) -> Result<(), Failure> {
    answer(lines.join("\n") + "\n")
}

pub(crate) fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::new(NOT_DONE, format!("cannot write the answer as JSON: {error}")))?;
    answer(printable_json(&text).into_owned() + "\n")
}

/// Writes bytes unchanged, but escapes them for a terminal: a waiting event may come from anybody.
pub(crate) fn raw(bytes: &[u8]) -> Result<(), Failure> {
    match escaped_for(&io::stdout(), bytes) {
        None => answer(bytes),
        Some(shown) => {
            answer(shown + "\n")?;
            hint(ESCAPED);
            Ok(())
        }
    }
}

/// Writes to standard error, beside the answer.
pub(crate) fn hint(line: &str) {
    to_stderr(&format!("{}\n", printable(line)));
}

/// Asks for a typed word, so that nothing happens by accident.
pub(crate) fn confirm(verb: &str, question: &str) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        let what = format!("{verb} asks first, and standard input is no terminal; add --yes to go ahead. {question}");
        return Err(Failure::new(USAGE, what));
    }
    hint(&format!("{question} Type yes to go ahead:"));
    let mut line = String::new();
    // An endless line is a refusal, too.
    let read = io::stdin().lock().take(64).read_line(&mut line);
    if read.is_ok() && line.trim() == "yes" {
        Ok(())
    } else {
        Err(Failure::new(NOT_DONE, "not confirmed; nothing was changed"))
    }
}

/// If standard error is not writable, there is nobody left to tell.
fn to_stderr(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// clap's output: help and version on standard output, a mistake as one line and a hint.
pub(crate) fn clap(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        return match answer(error.to_string()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => failure.report(),
        };
    }
    let text = error.to_string();
    if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        to_stderr(&text);
        return ExitCode::from(USAGE);
    }
    let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    // clap lists missing arguments on lines of their own.
    let missing: Vec<&str> = text.lines().skip(1).take_while(|line| line.starts_with("  ")).map(str::trim).collect();
    let missing = if missing.is_empty() { String::new() } else { format!(" {}", missing.join(" ")) };
    Failure::new(USAGE, format!("{line}{missing} (--help lists what there is)")).report()
}
