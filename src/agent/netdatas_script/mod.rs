//! What Netdata's own telemetry script would send, read from its text. Nothing of it is ever run.
//!
//! The reader knows exactly the constructs of the scripts of v1.30 to v2.11: assignments from arguments, a here-document
//! with the body, and one call of curl, or of wget where there is no curl. A script with anything else is not understood,
//! and nothing is claimed about it.

mod body;
mod shell;
mod source;
#[cfg(test)]
mod tests;

use std::iter::Peekable;

use crate::agent::netdatas_script::body::Body;
use crate::agent::netdatas_script::shell::{Token, tokens};
use crate::agent::netdatas_script::source::{Filter, Source, is_name};
use crate::call::Invocation;
use crate::endpoint::Endpoint;

pub use body::{Filled, Row};
pub use source::Value;

/// Bytes of a script. Netdata's largest has 9 KB.
pub const SCRIPT_BYTES: usize = 64 * 1024;

/// The variable with the body.
const BODY: &str = "REQ_BODY";
/// Its value among curl's options.
const DATA: &str = "${REQ_BODY}";

/// The variable with the program that makes a digest of the machine's identifier.
const DIGESTER: &str = "MD5_PATH";

/// The variables that the script sets, beside those with the daemon's prefix.
const OWN_NAMES: [&str; 6] = ["ACTION", "ACTION_RESULT", "ACTION_DATA", "KERNEL_NAME", DIGESTER, "SYSTEM_DISTINCT_ID"];

/// The first line that is not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotUnderstood {
    pub line: usize,
}

/// A script that is understood completely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetdatasScript {
    pub url: String,
    /// Those that the script names; curl adds its own.
    pub headers: Vec<String>,
    /// Whether wget, where there is no curl, accepts any certificate.
    pub wget_trusts_everyone: bool,
    body: Body,
}

impl NetdatasScript {
    pub fn read(text: &str) -> Result<Self, NotUnderstood> {
        // A control character stands for a value below.
        if let Some(line) = text.lines().position(|line| line.contains(|c: char| c.is_control() && c != '\t')) {
            return Err(NotUnderstood { line: line + 1 });
        }
        let lines = text.lines().enumerate().peekable();
        let mut reader = Reader { lines, at: 0, known: Vec::new(), body: None, sent: None };
        reader.read().ok_or(NotUnderstood { line: reader.at })
    }

    /// The body of a call. `found` is this machine's answer to one of the daemon's variables.
    pub fn fill(&self, call: &Invocation, found: impl Fn(&str) -> Option<String>) -> Filled {
        self.body.fill(call, &found)
    }
}

struct Reader<'a> {
    lines: Peekable<std::iter::Enumerate<std::str::Lines<'a>>>,
    /// The number of the line that is being read.
    at: usize,
    /// The variables that the script has set so far, the last one at the end.
    known: Vec<(String, Source)>,
    body: Option<Body>,
    sent: Option<NetdatasScript>,
}

impl<'a> Reader<'a> {
    fn physical(&mut self) -> Option<&'a str> {
        let (number, line) = self.lines.next()?;
        self.at = number + 1;
        Some(line)
    }

    /// The next line with a command, joined with its continuations.
    fn line(&mut self) -> Option<String> {
        let mut whole = String::new();
        loop {
            let line = self.physical()?.trim();
            if whole.is_empty() && (line.is_empty() || line.starts_with('#')) {
                continue;
            }
            let (part, goes_on) = match line.strip_suffix('\\') {
                Some(part) => (part, true),
                None => (line, line.ends_with("||") || line.ends_with("&&")),
            };
            whole.push_str(part);
            if !goes_on {
                return Some(whole);
            }
            whole.push(' ');
        }
    }

    /// `None`: the current line is not understood.
    fn read(&mut self) -> Option<NetdatasScript> {
        while self.lines.peek().is_some() {
            let Some(line) = self.line() else { break };
            // The request is the last that it does.
            if self.sent.is_some() {
                return None;
            }
            if let Some(condition) = line.strip_prefix("if ") {
                self.block(condition)?;
            } else if let Some(rest) = line.strip_prefix("[ -z \"$") {
                self.default(rest)?;
            } else {
                self.assign(&line)?;
            }
        }
        self.sent.take()
    }

    /// `X" ] && X="CONSTANT"`
    fn default(&mut self, rest: &str) -> Option<()> {
        let (name, assignment) = rest.split_once("\" ] && ")?;
        let (same, value) = assignment.split_once('=')?;
        let value = constant(value).filter(|_| name == same && is_name(name))?;
        let before = Box::new(self.source(name));
        self.set(name, Source::OrElse(before, value.to_owned()))
    }

    fn assign(&mut self, line: &str) -> Option<()> {
        let (name, value) = line.split_once('=')?;
        if value == "\"$(cat << EOF" && name == BODY {
            let (body, end) = (self.here_document()?, self.physical()?);
            self.body = Some(Body::read(&body, |name| self.source(name)).filter(|_| end == ")\"")?);
            return Some(());
        }
        let source = self.value(value)?;
        self.set(name, source)
    }

    fn set(&mut self, name: &str, source: Source) -> Option<()> {
        // Others decide what the script's commands do: PATH, IFS, the variables of a proxy.
        if !(name.starts_with("NETDATA_") && is_name(name) || OWN_NAMES.contains(&name)) {
            return None;
        }
        self.known.push((name.to_owned(), source));
        Some(())
    }

    fn here_document(&mut self) -> Option<String> {
        let mut lines = Vec::new();
        loop {
            match self.physical()? {
                // The shell removes the newline at the end of `$( )`.
                "EOF" => return Some(lines.join("\n")),
                line => lines.push(line),
            }
        }
    }

    /// The value of a name at this point of the script.
    fn source(&self, name: &str) -> Source {
        if let Ok(number) = name.parse() {
            return Source::Argument(number);
        }
        let last = self.known.iter().rev().find(|(known, _)| known == name);
        last.map_or_else(|| Source::Variable(name.to_owned()), |(_, source)| source.clone())
    }

    fn value(&self, text: &str) -> Option<Source> {
        if let Some(text) = constant(text) {
            return Some(Source::Constant(text.to_owned()));
        }
        if let Some(name) = used(text) {
            return Some(self.source(name));
        }
        let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
        if let Some(pipeline) = bare.strip_prefix("$(echo ").and_then(|text| text.strip_suffix(')')) {
            return self.pipeline(pipeline);
        }
        let runs_its_own = !bare.contains(DIGESTER) || matches!(self.source(DIGESTER), Source::Command(_));
        (runs_its_own && shell::is_harmless_command(bare)).then(|| Source::Command(bare.to_owned()))
    }

    /// `"${X}" | tr A B | sed 's/A.*//g'`
    fn pipeline(&self, text: &str) -> Option<Source> {
        let (first, rest) = text.split_once(" | ")?;
        let before = self.source(used(first)?);
        let mut filters = Vec::new();
        for command in tokens(rest)?.split(|token| *token == Token::Pipe) {
            let words: Vec<&str> = command.iter().map(Token::word).collect::<Option<_>>()?;
            let single = |text: &str| {
                let mut chars = text.chars();
                chars.next().filter(|_| chars.next().is_none())
            };
            filters.push(match words.as_slice() {
                ["tr", "-d", one] => Filter::Replace(single(one)?, None),
                ["tr", from, to] => Filter::Replace(single(from)?, Some(single(to)?)),
                ["sed", program] => {
                    let from = program.strip_prefix("s/")?.strip_suffix(".*//g")?;
                    Filter::CutFrom(single(from).filter(|c| c.is_ascii_alphanumeric() || *c == '-')?)
                }
                _ => return None,
            });
        }
        Some(Source::Filtered(Box::new(before), filters))
    }

    /// An `if`: it exits, or assigns one variable, or sends. Each branch is one command.
    fn block(&mut self, condition: &str) -> Option<()> {
        let asks = |text: &str| text.strip_suffix("; then").is_some_and(shell::is_condition).then_some(());
        asks(condition)?;
        let (mut branches, mut commands) = (1, Vec::new());
        loop {
            let line = self.line()?;
            match line.strip_prefix("elif ") {
                Some(condition) => asks(condition)?,
                None if line == "else" || line == "fi" => {}
                None => {
                    commands.push(line);
                    continue;
                }
            }
            if commands.len() != branches {
                return None;
            }
            if line == "fi" {
                break;
            }
            branches += 1;
        }
        match commands.as_slice() {
            [exit] if exit == "exit 0" => return Some(()),
            [curl, wget] if curl.starts_with("curl ") => return self.send(curl, wget),
            _ => {}
        }
        let (name, _) = commands.first()?.split_once('=')?;
        let mut texts = String::new();
        for command in &commands {
            let (_, text) = command.split_once('=').filter(|(other, _)| *other == name)?;
            self.value(text)?;
            texts.push_str(if texts.is_empty() { "" } else { " or " });
            texts.push_str(text.trim_matches('"'));
        }
        self.set(name, Source::Command(texts))
    }

    /// The request, the same with either program.
    fn send(&mut self, curl: &str, wget: &str) -> Option<()> {
        let (body, curl, wget) = (self.body.take()?, Options::of(curl)?, Options::of(wget)?);
        let same = curl.url == wget.url && curl.headers == wget.headers;
        let wget_trusts_everyone = wget.trusts_everyone;
        self.sent = same.then_some(NetdatasScript { url: curl.url, headers: curl.headers, wget_trusts_everyone, body });
        same.then_some(())
    }
}

/// What follows an option.
enum Takes {
    Nothing,
    /// Nothing, and no certificate is checked.
    Trust,
    Header,
    One(&'static str),
    Required(&'static str),
}

/// The options of the two programs.
const OPTIONS: [(&str, &str, Takes); 15] = [
    ("curl", "--silent", Takes::Nothing),
    ("curl", "-o", Takes::One("/dev/null")),
    ("curl", "--write-out", Takes::One("%{http_code}")),
    ("curl", "--max-time", Takes::One("2")),
    ("curl", "--header", Takes::Header),
    ("curl", "-X", Takes::Required("POST")),
    ("curl", "-d", Takes::Required(DATA)),
    ("wget", "-q", Takes::Nothing),
    ("wget", "-O", Takes::One("-")),
    ("wget", "--server-response", Takes::Nothing),
    ("wget", "--timeout=1", Takes::Nothing),
    ("wget", "--no-check-certificate", Takes::Trust),
    ("wget", "--header", Takes::Header),
    ("wget", "--method", Takes::Required("POST")),
    ("wget", "--body-data", Takes::Required(DATA)),
];

/// The command line of curl or wget.
struct Options {
    url: String,
    headers: Vec<String>,
    trusts_everyone: bool,
}

impl Options {
    fn of(line: &str) -> Option<Self> {
        let tokens = tokens(line)?;
        let end = tokens.iter().position(|token| !matches!(token, Token::Word(_))).unwrap_or(tokens.len());
        let (words, output) = tokens.split_at_checked(end)?;
        let mut words = words.iter().filter_map(Token::word);
        let program = words.next()?;
        let (mut urls, mut headers, mut required, mut trusts_everyone) = (Vec::new(), Vec::new(), 0, false);
        while let Some(word) = words.next() {
            let option = OPTIONS.iter().find(|(of, name, _)| *of == program && *name == word);
            match option.map(|(_, _, value)| value) {
                Some(Takes::Nothing) => {}
                Some(Takes::Trust) => trusts_everyone = true,
                Some(Takes::Header) => headers.push(words.next().filter(|header| is_header(header))?.to_owned()),
                Some(Takes::One(value)) => drop(words.next().filter(|word| word == value)?),
                Some(Takes::Required(value)) => {
                    words.next().filter(|word| word == value)?;
                    required += 1;
                }
                None => urls.push(Some(word).filter(|url| is_one_server(url))?.to_owned()),
            }
        }
        // The method and the body.
        let url = urls.pop().filter(|_| urls.is_empty() && required == 2 && shell::only_drops_or_prints(output))?;
        Some(Self { url, headers, trusts_everyone })
    }
}

/// Neither a file with headers nor a variable.
fn is_header(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.contains(": ") && !text.contains('$')
}

/// curl makes several URLs of brackets and braces.
fn is_one_server(url: &str) -> bool {
    url.starts_with("https://") && Endpoint::parse(url).is_ok() && !url.contains(['$', '{', '}', '[', ']'])
}

/// The text in quotes that the shell does not change.
fn constant(text: &str) -> Option<&str> {
    let text = text.strip_prefix('"')?.strip_suffix('"')?;
    (!text.contains(['$', '`', '\\', '"'])).then_some(text)
}

/// The name in `"${NAME}"`.
fn used(text: &str) -> Option<&str> {
    let name = text.strip_prefix("\"${")?.strip_suffix("}\"")?;
    let is_number = !name.is_empty() && name.len() < 3 && name.bytes().all(|b| b.is_ascii_digit());
    (is_number || is_name(name)).then_some(name)
}
