//! How the program ends: what it writes, and its exit status. The help text lists the numbers.

use std::io::{self, Write};
use std::process::ExitCode;

use anonymous_statistics::text::{ESCAPED, escaped_for, printable};
use system_facts::printable_json;

/// You did not confirm, or standard output cannot be written to.
pub(crate) const NOT_DONE: u8 = 1;
/// `diff`, and something differs.
pub(crate) const DIFFERS: u8 = 1;
/// Wrong usage, or there is no request to show.
pub(crate) const USAGE: u8 = 2;
/// `--strict`, and a value is not known here.
pub(crate) const NOT_EXACT: u8 = 3;
/// `check`, and it cannot be told from this account.
pub(crate) const CANNOT_TELL: u8 = 3;
/// A file could not be created or deleted (`EX_NOPERM` of sysexits.h).
pub(crate) const NO_PERMISSION: u8 = 77;

/// Why the program did not do what was asked: one line, and what could be run instead.
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

    /// The same, with another exit status.
    pub(crate) fn with_code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }

    /// The same, with commands that would do it.
    pub(crate) fn instead(mut self, commands: Vec<String>) -> Self {
        self.instead = commands;
        self
    }

    /// The same, with lines about other places where it may be done.
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

/// Writes the answer. A reader that has seen enough and went away is no error.
pub(crate) fn answer(bytes: impl AsRef<[u8]>) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes.as_ref()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(NOT_DONE, format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes the answer line by line.
pub(crate) fn lines(lines: &[String]) -> Result<(), Failure> {
    answer(lines.join("\n") + "\n")
}

/// Writes one JSON object and a newline.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::new(NOT_DONE, format!("cannot write the answer as JSON: {error}")))?;
    answer(printable_json(&text).into_owned() + "\n")
}

/// Writes bytes as they are, but never to a terminal what it would obey: anybody may have written what waits to be sent.
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

/// Says something beside the answer.
pub(crate) fn hint(line: &str) {
    to_stderr(&format!("{}\n", printable(line)));
}

/// If standard error cannot be written to, there is nobody left to tell.
fn to_stderr(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// What clap says: help and version on standard output, a mistake as one line and a hint.
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
    // A list of what is missing stands on lines of its own.
    let missing: Vec<&str> = text.lines().skip(1).take_while(|line| line.starts_with("  ")).map(str::trim).collect();
    let missing = if missing.is_empty() { String::new() } else { format!(" {}", missing.join(" ")) };
    Failure::new(USAGE, format!("{line}{missing} (--help lists what there is)")).report()
}
