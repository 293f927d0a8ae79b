//! Where a value of the script's body comes from, and what is known of it.

use std::ffi::OsStr;

use crate::call::{Given, Invocation, Provenance};

/// How far a value is known before the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// As it would be sent, in JSON.
    Known(String),
    /// The last event's, or this program's answer to a question that the daemon asks another program.
    Likely(String),
    /// Not of this machine.
    Example(String),
    /// Only the daemon knows it.
    Daemons,
    /// Made by a command when the script runs.
    Made,
}

impl Value {
    /// Another text of the same standing; `None`: only the script's command makes it.
    fn changed(self, change: impl FnOnce(String) -> Option<String>) -> Self {
        let (text, again): (String, fn(String) -> Self) = match self {
            Self::Known(text) => (text, Self::Known),
            Self::Likely(text) => (text, Self::Likely),
            Self::Example(text) => (text, Self::Example),
            unknown => return unknown,
        };
        change(text).map_or(Self::Made, again)
    }
}

/// Where a value of the body comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    Constant(String),
    Argument(usize),
    Variable(String),
    /// The text of a command, or of several of which one is chosen when the script runs.
    Command(String),
    Filtered(Box<Self>, Vec<Filter>),
    /// Another value where the first is empty.
    OrElse(Box<Self>, String),
}

/// A filter of a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    /// `None`: it is deleted.
    Replace(char, Option<char>),
    CutFrom(char),
}

impl Source {
    pub(super) fn value(&self, call: &Invocation, found: &dyn Fn(&str) -> Option<String>) -> Value {
        let given = |given: Given<&OsStr>| match given {
            Given::Value(value, provenance) => match (value.to_str(), provenance) {
                (None, _) => Value::Daemons,
                (Some(text), Provenance::LastEvent(_)) => Value::Likely(text.to_owned()),
                (Some(text), Provenance::Example) => Value::Example(text.to_owned()),
                (Some(text), _) => Value::Known(text.to_owned()),
            },
            // An event of this sender has not all that the script sends.
            Given::Absent(Provenance::LastEvent(_) | Provenance::Example) | Given::NotKnownHere => Value::Daemons,
            // The shell's value of what is not set.
            Given::Absent(_) => Value::Known(String::new()),
        };
        match self {
            Self::Constant(text) => Value::Known(text.clone()),
            Self::Argument(number) => given(call.argument(*number)),
            Self::Variable(name) => match given(call.variable(name)) {
                Value::Daemons => found(name).map_or(Value::Daemons, Value::Likely),
                known => known,
            },
            Self::Command(_) => Value::Made,
            Self::Filtered(source, filters) => source.value(call, found).changed(|text| {
                // Shells differ in what their echo makes of the first two; the filters work line by line.
                let is_plain = !text.contains(['\\', '\n']) && (!text.starts_with('-') || text == "-");
                is_plain.then(|| filtered(text, filters))
            }),
            Self::OrElse(source, other) => {
                source.value(call, found).changed(|text| Some(if text.is_empty() { other.clone() } else { text }))
            }
        }
    }

    pub(super) fn words(&self) -> String {
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

fn filtered(mut text: String, filters: &[Filter]) -> String {
    for filter in filters {
        match filter {
            Filter::Replace(from, to) => {
                text = text.chars().filter_map(|c| if c == *from { *to } else { Some(c) }).collect();
            }
            Filter::CutFrom(from) => text.truncate(text.find(*from).unwrap_or(text.len())),
        }
    }
    text
}

/// A variable's name.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}
