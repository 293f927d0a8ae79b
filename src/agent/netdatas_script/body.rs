//! The body in the script's here-document, and what of it is known.

use std::ops::Range;

use crate::agent::netdatas_script::{Filter, Source};
use crate::call::{Given, Invocation};

/// Stands for a value in the text of a body.
const PLACE: char = '\u{1}';

/// The deepest object of a body.
const DEPTH: usize = 4;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Body {
    /// With `PLACE` for each value.
    text: String,
    sources: Vec<Source>,
    slots: Vec<Slot>,
}

/// The value of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Slot {
    path: String,
    /// In the text.
    range: Range<usize>,
}

/// How far a value is known before the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// As it would be sent, in JSON.
    Known(String),
    /// This program's answer; the daemon asks another program.
    Likely(String),
    /// Only the daemon knows it.
    Daemons,
    /// Made by a command when the script runs.
    Made,
}

/// A value of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The keys to it, with dots.
    pub path: String,
    pub from: String,
    pub value: Value,
}

/// The body of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    pub rows: Vec<Row>,
    /// With `null` for every value that is not known. Where all are, these are the script's bytes.
    pub bytes: Vec<u8>,
}

impl Filled {
    pub fn is_exact(&self) -> bool {
        self.rows.iter().all(|row| matches!(row.value, Value::Known(_)))
    }
}

impl Body {
    /// `None`: it is no object of values.
    pub(super) fn read(document: &str, source: impl Fn(&str) -> Source) -> Option<Self> {
        let (mut text, mut sources, mut rest) = (String::new(), Vec::new(), document);
        while let Some(at) = rest.find(['$', '\\', '`']) {
            let (before, special) = rest.split_at_checked(at)?;
            text.push_str(before);
            rest = if let Some(after) = special.strip_prefix("\\$") {
                text.push('$');
                after
            } else {
                let (name, after) = special.strip_prefix("${")?.split_once('}')?;
                if !super::is_name(name) {
                    return None;
                }
                sources.push(source(name));
                text.push(PLACE);
                after
            };
        }
        text.push_str(rest);
        let mut slots = Vec::new();
        let end = object(&text, 0, "", DEPTH, &mut slots)?;
        let all: usize =
            slots.iter().map(|slot| text.get(slot.range.clone()).unwrap_or_default().matches(PLACE).count()).sum();
        (end == text.len() && sources.len() == all).then_some(Self { text, sources, slots })
    }

    pub(super) fn fill(&self, call: &Invocation, found: &dyn Fn(&str) -> Option<String>) -> Filled {
        let mut sources = self.sources.iter();
        let (mut rows, mut bytes, mut done) = (Vec::new(), Vec::new(), 0);
        for Slot { path, range } in &self.slots {
            let (mut text, mut from, mut open, mut likely) = (String::new(), Vec::new(), None, false);
            for c in self.text.get(range.clone()).unwrap_or_default().chars() {
                let Some(source) = (if c == PLACE { sources.next() } else { None }) else {
                    text.push(c);
                    continue;
                };
                match source.value(call, found) {
                    Value::Known(value) => text.push_str(&value),
                    Value::Likely(value) => {
                        likely = true;
                        text.push_str(&value);
                    }
                    unknown => open = Some(unknown),
                }
                from.push(source.words());
            }
            let value = match open {
                Some(open) => open,
                None if likely => Value::Likely(text),
                None => Value::Known(text),
            };
            bytes.extend_from_slice(self.text.get(done..range.start).unwrap_or_default().as_bytes());
            bytes.extend_from_slice(if let Value::Known(text) = &value { text.as_bytes() } else { b"null" });
            done = range.end;
            let from = if from.is_empty() { "always the same".to_owned() } else { from.join(" and ") };
            rows.push(Row { path: path.clone(), from, value });
        }
        bytes.extend_from_slice(self.text.get(done..).unwrap_or_default().as_bytes());
        Filled { rows, bytes }
    }
}

/// Reads an object from a position, and returns the position after it.
fn object(text: &str, at: usize, path: &str, depth: usize, slots: &mut Vec<Slot>) -> Option<usize> {
    let blanks = |at: usize| Some(text.len() - text.get(at..)?.trim_start().len());
    let after = |at: usize, c: char| text.get(at..)?.starts_with(c).then_some(at + c.len_utf8());
    let mut at = after(blanks(at)?, '{').filter(|_| depth > 0)?;
    loop {
        let begin = after(blanks(at)?, '"')?;
        let end = begin + text.get(begin..)?.find('"')?;
        let key = text.get(begin..end)?;
        let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        let begin = blanks(after(blanks(end + 1)?, ':')?)?;
        let value = text.get(begin..)?;
        let end = if value.starts_with('{') {
            object(text, begin, &path, depth - 1, slots)?
        } else {
            let length = match value.chars().next()? {
                '"' => value.get(1..)?.find('"')? + 2,
                '[' => {
                    value.find(']').filter(|end| {
                        value.get(1..*end).is_some_and(|inside| inside.trim().trim_matches(PLACE).is_empty())
                    })? + 1
                }
                _ => value.find([',', '}', '\n', ' '])?,
            };
            let is_plain = |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
            value.get(..length).filter(|text| text.contains(PLACE) || is_plain(text))?;
            slots.push(Slot { path, range: begin..begin + length });
            begin + length
        };
        at = blanks(end)?;
        match text.get(at..)?.chars().next()? {
            ',' => at += 1,
            '}' => return Some(at + 1),
            _ => return None,
        }
    }
}

impl Source {
    fn value(&self, call: &Invocation, found: &dyn Fn(&str) -> Option<String>) -> Value {
        let given = |given: Given<&std::ffi::OsStr>| match given {
            Given::Value(value, _) => value.to_str().map_or(Value::Daemons, |text| Value::Known(text.to_owned())),
            // The shell's value of what is not set.
            Given::Absent(_) => Value::Known(String::new()),
            Given::NotKnownHere => Value::Daemons,
        };
        match self {
            Self::Constant(text) => Value::Known(text.clone()),
            Self::Argument(number) => given(call.argument(*number)),
            Self::Variable(name) => match given(call.variable(name)) {
                Value::Daemons => found(name).map_or(Value::Daemons, Value::Likely),
                known => known,
            },
            Self::Command(_) => Value::Made,
            Self::Filtered(source, filters) => match source.value(call, found) {
                // Shells differ in what their echo makes of these.
                Value::Known(text) | Value::Likely(text)
                    if text.contains('\\') || text.starts_with('-') && text != "-" =>
                {
                    Value::Made
                }
                Value::Known(text) => Value::Known(filtered(&text, filters)),
                Value::Likely(text) => Value::Likely(filtered(&text, filters)),
                unknown => unknown,
            },
            Self::OrElse(source, other) => match source.value(call, found) {
                Value::Known(text) if text.is_empty() => Value::Known(other.clone()),
                value => value,
            },
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Constant(_) => "the script".to_owned(),
            Self::Argument(number) => format!("the daemon's argument {number}"),
            Self::Variable(name) => format!("the daemon's variable {name}"),
            Self::Command(text) => format!("a command of the script: {text}"),
            Self::Filtered(source, _) => format!("{}, changed by the script", source.words()),
            Self::OrElse(source, other) => format!("{}, or {other} where that is empty", source.words()),
        }
    }
}

/// The output of a pipeline, of which the shell removes newlines at the end.
fn filtered(text: &str, filters: &[Filter]) -> String {
    let filtered = filters.iter().fold(text.to_owned(), |text, filter| match filter {
        Filter::Replace(from, to) => text.replace(*from, &to.to_string()),
        Filter::Delete(one) => text.replace(*one, ""),
        Filter::CutFrom(from) => {
            let lines: Vec<&str> = text.split('\n').map(|line| line.split(*from).next().unwrap_or_default()).collect();
            lines.join("\n")
        }
    });
    filtered.trim_end_matches('\n').to_owned()
}
