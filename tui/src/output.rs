//! The program's output and exit status. The help text lists the numbers.

mod paper;

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::sync::{Once, OnceLock};

use anonymous_statistics::text::{ESCAPED, escaped_for, printable, reason};
use system_facts::internal::printable_json;

use crate::output::paper::Paper;
pub(crate) use crate::output::paper::{WHOLE, plain, shortened};

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) line: String,
    /// What was done before, and advice.
    pub(crate) said: Vec<String>,
    pub(crate) instead: Vec<String>,
    pub(crate) elsewhere: Vec<String>,
}

impl Failure {
    pub(crate) fn new(code: u8, line: impl Into<String>) -> Self {
        Self { code, line: line.into(), said: Vec::new(), instead: Vec::new(), elsewhere: Vec::new() }
    }

    /// Adds commands that would succeed.
    pub(crate) fn instead(mut self, commands: Vec<String>) -> Self {
        self.instead = commands;
        self
    }

    /// Adds what was done before, or advice.
    pub(crate) fn said(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.said.extend(lines);
        self
    }

    /// The same with what was done before.
    pub(crate) fn after(self, done: Vec<String>) -> Self {
        Self { said: [done, self.said].concat(), ..self }
    }

    /// Adds lines about other places.
    pub(crate) fn elsewhere(mut self, lines: Vec<String>) -> Self {
        self.elsewhere = lines;
        self
    }

    pub(crate) fn report(self) -> ExitCode {
        hint(&format!("telemetry-preview: {}", self.line));
        commands(&self.instead);
        for line in self.said.iter().chain(&self.elsewhere) {
            to_stderr(&format!("{WHOLE}{}\n", printable(line)));
        }
        ExitCode::from(self.code)
    }
}

/// Whether standard output gets colours. Nothing has been written yet.
static COLOUR: OnceLock<bool> = OnceLock::new();

pub(crate) fn set_colour(wanted: bool) {
    let _ = COLOUR.set(wanted);
}

/// The columns and lines of a terminal; a terminal that does not say has as many as the oldest (`console_codes(4)`).
fn size(stream: impl AsFd + IsTerminal) -> Option<(usize, usize)> {
    let or = |said: u16, usual| if said == 0 { usual } else { usize::from(said) };
    let said = stream.is_terminal().then(|| rustix::termios::tcgetwinsize(stream))?;
    Some(said.map_or((80, 24), |said| (or(said.ws_col, 80), or(said.ws_row, 24))))
}

/// Writes a text for people. It may hold colours, lines that stay whole, and paragraphs of any length.
pub(crate) fn text(text: impl AsRef<str>) -> Result<(), Failure> {
    on_paper(text.as_ref(), size(io::stdout()))
}

/// The same for a help, which has short lines in a pipe too.
pub(crate) fn help(text: &str) -> Result<(), Failure> {
    on_paper(text, size(io::stdout()).or(Some((100, usize::MAX))))
}

fn on_paper(text: &str, size: Option<(usize, usize)>) -> Result<(), Failure> {
    static ONCE: Once = Once::new();
    let paper = Paper { colour: COLOUR.get().copied().unwrap_or_default(), size };
    let printed = paper.print(text);
    answer(&printed)?;
    // This program starts no pager: it promises to start nothing.
    if let Some((_, lines)) = paper.size.filter(|(_, lines)| printed.lines().count() >= *lines) {
        let colours = if paper.colour { "--color always " } else { "" };
        ONCE.call_once(|| {
            hint(&format!(
                "More than the {lines} lines of this terminal: add {colours}| less -R to see it page by page"
            ));
        });
    }
    Ok(())
}

/// Writes the answer as it is. A reader that closes the pipe early is no error.
pub(crate) fn answer(bytes: impl AsRef<[u8]>) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes.as_ref()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(NOT_DONE, format!("cannot write to standard output: {}", reason(&error))))
        }
        _ => Ok(()),
    }
}

pub(crate) fn lines(lines: &[String]) -> Result<(), Failure> {
    text(lines.join("\n"))
}

/// A JSON object whose members keep their order.
macro_rules! object {
    ($($(#[$with:meta])* $name:ident: $value:expr),+ $(,)?) => {{
        #[allow(non_camel_case_types, clippy::too_many_arguments)] // The type of each member has its name.
        fn object<$($name: serde::Serialize),+>($($name: $name),+) -> impl serde::Serialize {
            #[derive(serde::Serialize)]
            struct Object<$($name),+> { $($(#[$with])* $name: $name),+ }
            Object { $($name),+ }
        }
        object($($value),+)
    }};
}
pub(crate) use object;

pub(crate) fn json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::new(NOT_DONE, format!("cannot write the answer as JSON: {error}")))?;
    answer(printable_json(&text).into_owned() + "\n")
}

/// Writes bytes unchanged, but escapes them for a terminal: a waiting event may come from anybody.
pub(crate) fn raw(bytes: &[u8]) -> Result<(), Failure> {
    let Some(shown) = escaped_for(&io::stdout(), bytes) else { return answer(bytes) };
    answer(shown + "\n")?;
    hint(ESCAPED);
    Ok(())
}

/// Writes to standard error, beside the answer.
pub(crate) fn hint(line: &str) {
    to_stderr(&format!("{}\n", printable(line)));
}

/// Writes commands to copy to standard error, each on a line of its own.
pub(crate) fn commands(commands: &[String]) {
    for (number, command) in commands.iter().enumerate() {
        let label = if number == 0 { "Run:" } else { "or:" };
        to_stderr(&format!("{label}\n{WHOLE}  {}\n", printable(command)));
    }
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
pub(crate) fn to_stderr(text: &str) {
    let printed = Paper { colour: false, size: size(io::stderr()) }.print(text);
    let _ = io::stderr().write_all(printed.as_bytes());
}
