//! The body in the script's here-document, and what of it is known.

use std::ops::Range;

use crate::agent::netdatas_script::source::{Source, Value, is_name};
use crate::call::Invocation;

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
    /// With `null` for every value that is not known, so that they can be told from the script's; with examples these
    /// are no machine's bytes, and have every value that there is.
    pub bytes: Vec<u8>,
}

impl Filled {
    pub fn is_exact(&self) -> bool {
        self.rows.iter().all(|row| matches!(row.value, Value::Known(_)))
    }

    pub fn examples(&self) -> usize {
        self.rows.iter().filter(|row| matches!(row.value, Value::Example(_))).count()
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
                if !is_name(name) {
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
        let mut rows = Vec::new();
        for Slot { path, range } in &self.slots {
            let (mut text, mut from, mut open) = (String::new(), Vec::new(), None);
            let (mut likely, mut example) = (false, false);
            for c in self.text.get(range.clone()).unwrap_or_default().chars() {
                let Some(source) = (if c == PLACE { sources.next() } else { None }) else {
                    text.push(c);
                    continue;
                };
                let value = source.value(call, found);
                likely |= matches!(value, Value::Likely(_));
                example |= matches!(value, Value::Example(_));
                match value {
                    Value::Known(value) | Value::Likely(value) | Value::Example(value) => text.push_str(&value),
                    unknown => open = Some(unknown),
                }
                from.push(source.words());
            }
            let value = match open {
                Some(open) => open,
                None if example => Value::Example(text),
                None if likely => Value::Likely(text),
                None => Value::Known(text),
            };
            let from = if from.is_empty() { "always the same".to_owned() } else { from.join(" and ") };
            rows.push(Row { path: path.clone(), from, value });
        }
        let mut filled = Filled { rows, bytes: Vec::new() };
        let (is_example, mut done) = (filled.examples() > 0, 0);
        for (row, Slot { range, .. }) in filled.rows.iter().zip(&self.slots) {
            let value = match &row.value {
                Value::Known(text) => text,
                Value::Likely(text) | Value::Example(text) if is_example => text,
                _ => "null",
            };
            filled.bytes.extend_from_slice(self.text.get(done..range.start).unwrap_or_default().as_bytes());
            filled.bytes.extend_from_slice(value.as_bytes());
            done = range.end;
        }
        filled.bytes.extend_from_slice(self.text.get(done..).unwrap_or_default().as_bytes());
        filled
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
