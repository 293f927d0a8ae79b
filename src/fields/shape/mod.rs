//! The form of each value. A value of another form is left out, never repaired.

#[cfg(test)]
mod tests;

use serde::Serialize;
use serde_json::Value as Json;

use crate::call::fatal::Fatal;
use crate::fields::personal::{HostNames, Personal, find_personal};
use crate::text;

/// A value in a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// JSON `null`: the daemon does not know it either.
    Null,
    Boolean(bool),
    Integer(i64),
    Text(String),
    Names(Vec<String>),
    Collectors(Collectors),
}

/// The elements that fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Collectors {
    pub fitting: Vec<Collector>,
    /// The number of those that were left out.
    #[serde(skip)]
    pub refused: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Collector {
    pub plugin: String,
    /// Empty for plugins without modules.
    pub module: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    TooLong,
    WrongShape,
    /// Invalid JSON or UTF-8.
    Malformed,
    Personal(Personal),
}

impl Rejection {
    pub fn describe(self) -> String {
        match self {
            Self::TooLong => "too long".to_owned(),
            Self::WrongShape => "not of the expected form".to_owned(),
            Self::Malformed => "malformed".to_owned(),
            Self::Personal(kind) => format!("it holds {}", kind.describe()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Constant(&'static str),
    ConstantBoolean(bool),
    Boolean,
    /// `true` or `false` as text, as the agent's own scripts send it.
    BooleanWord,
    /// A whole number in a range, including both ends.
    Integer {
        min: i64,
        max: i64,
    },
    /// Decimal digits or `unknown` as text, as the agent's own scripts send it.
    Digits,
    /// A version: a digit, or `v` and a digit, then letters, digits and `.+_~-`.
    Version,
    /// A version of a kernel: digits and dots first, the rest free text without blanks.
    KernelRelease,
    /// Not all zeros.
    Guid,
    /// A PostHog project's key: letters, digits, `_` and `-`.
    Key,
    /// The name of an action: letters, digits and `_`, at most 32.
    Action,
    /// Letters, digits, space and `._:+,-`, at most 64.
    Word,
    /// `line@file:function/errno` as [`Fatal`] writes it, or a word.
    FailurePoint,
    /// Words between bars.
    Words,
    /// A source that `system-facts` names.
    Source,
    /// Foreign text of at most this many characters.
    FreeText(usize),
    /// Foreign words between bars.
    FreeWords,
    /// A foreign list of `{plugin, module}`.
    Collectors,
    FieldNames,
    Uuid,
    Timestamp,
}

const WORD: usize = 64;
const WORDS: usize = 4096;
const VERSION: usize = 64;

impl Shape {
    pub fn describe(self) -> String {
        match self {
            Self::Constant(text) => format!("always {text}"),
            Self::ConstantBoolean(value) => format!("always {value}"),
            Self::Boolean => "true or false".to_owned(),
            Self::BooleanWord => "the word true or false".to_owned(),
            Self::Integer { min: 0, max: i64::MAX } => "a whole number".to_owned(),
            Self::Integer { min, max } => format!("a whole number, {min} to {max}"),
            Self::Digits => "a whole number as text, or unknown".to_owned(),
            Self::Version => "a version number".to_owned(),
            Self::KernelRelease => "a kernel version".to_owned(),
            Self::Guid => "a GUID".to_owned(),
            Self::Key => "a public key".to_owned(),
            Self::Action => "letters, digits and _, at most 32".to_owned(),
            Self::Word => format!("a word of at most {WORD} characters"),
            Self::FailurePoint => "line, source file, function and errno, or a word".to_owned(),
            Self::Words => "words separated by bars".to_owned(),
            Self::Source => "one of this program's own words".to_owned(),
            Self::FreeText(max) => format!("text of at most {max} characters, checked for personal data"),
            Self::FreeWords => "words separated by bars, checked for personal data".to_owned(),
            Self::Collectors => "a list of plugin and module names, checked for personal data".to_owned(),
            Self::FieldNames => "names of fields".to_owned(),
            Self::Uuid => "a random UUID".to_owned(),
            Self::Timestamp => "a time in UTC".to_owned(),
        }
    }

    /// Whether values are foreign text, and therefore searched for personal data.
    pub const fn is_free_text(self) -> bool {
        matches!(self, Self::FreeText(_) | Self::FreeWords | Self::Collectors | Self::KernelRelease)
    }

    /// Checks a JSON fragment, the form of the daemon's arguments from the fourth on.
    ///
    /// The list of collectors has no brackets.
    pub fn check_fragment(self, fragment: &str, hosts: &HostNames) -> Result<Value, Rejection> {
        let parse = |text: &str| serde_json::from_str::<Json>(text).map_err(|_error| Rejection::Malformed);
        let json = match self {
            Self::Collectors if fragment.trim() != "null" => parse(&format!("[{fragment}]"))?,
            _ => parse(fragment)?,
        };
        match (self, json) {
            (_, Json::Null) => Ok(Value::Null),
            (Self::Boolean, Json::Bool(value)) => Ok(Value::Boolean(value)),
            (Self::Integer { min, max }, Json::Number(number)) => {
                let number = number.as_i64().filter(|n| (min..=max).contains(n)).ok_or(Rejection::WrongShape)?;
                Ok(Value::Integer(number))
            }
            (Self::Collectors, Json::Array(items)) => {
                let (mut kept, mut refusal) = (Collectors { fitting: Vec::new(), refused: 0 }, None);
                for item in items {
                    match collector(item, hosts) {
                        Ok(collector) => kept.fitting.push(collector),
                        Err(misfit) => (kept.refused, refusal) = (kept.refused + 1, Some(misfit)),
                    }
                }
                match refusal {
                    Some(misfit) if kept.fitting.is_empty() => Err(misfit),
                    _ => Ok(Value::Collectors(kept)),
                }
            }
            (Self::Boolean | Self::Integer { .. } | Self::Collectors, _) => Err(Rejection::WrongShape),
            (_, Json::String(text)) => self.check_text(&text, hosts),
            _ => Err(Rejection::WrongShape),
        }
    }

    /// Checks plain text: a variable, a fact, or one of the daemon's first three arguments.
    pub fn check_text(self, text: &str, hosts: &HostNames) -> Result<Value, Rejection> {
        let fits = match self {
            Self::Constant(constant) => text == constant,
            Self::Boolean | Self::ConstantBoolean(_) => {
                let value = text.parse::<bool>().map_err(|_error| Rejection::WrongShape)?;
                let is_other = self == Self::ConstantBoolean(!value);
                return if is_other { Err(Rejection::WrongShape) } else { Ok(Value::Boolean(value)) };
            }
            Self::BooleanWord => matches!(text, "true" | "false"),
            Self::Integer { min, max } => {
                let number = text.parse().ok().filter(|n| (min..=max).contains(n)).ok_or(Rejection::WrongShape)?;
                return Ok(Value::Integer(number));
            }
            Self::Digits => {
                text == "unknown" || (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
            }
            Self::Version => {
                if !is_version(text) {
                    return Err(Rejection::WrongShape);
                }
                return names_no_one(text, hosts);
            }
            Self::KernelRelease => return kernel_release(text, hosts),
            Self::Guid | Self::Uuid => is_guid(text),
            Self::Key => {
                (1..=WORD).contains(&text.len())
                    && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
            }
            Self::Action => is_action(text),
            Self::Word => return word(text, hosts).map(|()| Value::Text(text.to_owned())),
            Self::FailurePoint => {
                // As a whole it would look like a mail address.
                let fatal = Fatal::parse(None, Some(text)).keep(|part| find_personal(part, hosts).is_none());
                if fatal.data().as_deref() != Some(text) {
                    word(text, hosts)?;
                }
                true
            }
            Self::Words => {
                if text.chars().count() > WORDS {
                    return Err(Rejection::TooLong);
                }
                text.split('|').try_for_each(|text| word(text, hosts))?;
                return names_no_one(text, hosts);
            }
            Self::Source => is_source(text),
            Self::FreeText(max) => return free_text(text, max, hosts),
            Self::FreeWords => return free_text(text, WORDS, hosts),
            Self::Timestamp => text.len() == "2026-01-01T00:00:00.000Z".len() && text.ends_with('Z'),
            Self::Collectors | Self::FieldNames => false,
        };
        if fits { Ok(Value::Text(text.to_owned())) } else { Err(Rejection::WrongShape) }
    }
}

pub fn is_action(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// 8-4-4-4-12 hexadecimal digits, not all zeros.
pub fn is_guid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.len() == 5
        && groups.iter().zip([8, 4, 4, 4, 12]).all(|(g, n)| g.len() == n && g.bytes().all(|b| b.is_ascii_hexdigit()))
        && text.bytes().any(|b| !matches!(b, b'0' | b'-'))
}

fn is_version(text: &str) -> bool {
    let digits = text.strip_prefix('v').unwrap_or(text);
    text.len() <= VERSION
        && digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_alphanumeric() || b".+_~-".contains(&b))
}

/// The sources of `system-facts`, and the two words for none.
fn is_source(text: &str) -> bool {
    matches!(text, "unknown" | "none") || system_facts::Source::from_name(text).is_some()
}

fn word(text: &str, hosts: &HostNames) -> Result<(), Rejection> {
    if text.chars().count() > WORD {
        Err(Rejection::TooLong)
    } else if text.chars().all(|c| c.is_ascii_alphanumeric() || " ._:+,-".contains(c)) {
        names_no_one(text, hosts).map(drop)
    } else {
        Err(Rejection::WrongShape)
    }
}

/// Refuses personal data.
fn names_no_one(text: &str, hosts: &HostNames) -> Result<Value, Rejection> {
    match find_personal(text, hosts) {
        Some(kind) => Err(Rejection::Personal(kind)),
        None => Ok(Value::Text(text.to_owned())),
    }
}

fn free_text(text: &str, max: usize, hosts: &HostNames) -> Result<Value, Rejection> {
    if text.chars().count() > max {
        return Err(Rejection::TooLong);
    }
    if text::printable(text) != text {
        return Err(Rejection::WrongShape);
    }
    names_no_one(text, hosts)
}

fn kernel_release(text: &str, hosts: &HostNames) -> Result<Value, Rejection> {
    if text == "unknown" {
        return Ok(Value::Text(text.to_owned()));
    }
    if text.chars().count() > 2 * WORD {
        return Err(Rejection::TooLong);
    }
    let chosen = without_versions(text).ok_or(Rejection::WrongShape)?;
    if text.contains(|c: char| c.is_whitespace() || c == '/') {
        return Err(Rejection::WrongShape);
    }
    free_text(&chosen, 2 * WORD, hosts).map(|_checked| Value::Text(text.to_owned()))
}

/// The tags, each followed by a number, of distributions that put a build number of four parts after the version:
/// Oracle's `6.12.0-102.36.5.2.el10uek.x86_64`, openEuler's `5.10.0-60.18.0.50.oe2203.x86_64`, and Huawei's two
/// (`4.18.0-147.5.1.6.h541.eulerosv2r9.x86_64`, `5.10.0-182.0.0.95.r1941_123.hce2.x86_64`).
const BUILDERS: [&str; 4] = ["el", "oe", "eulerosv", "hce"];

/// A kernel's release without the dots in its numbers, which look like addresses. `None`: it does not begin with a
/// kernel's version.
///
/// The version may have four parts (`5.15.90.1-microsoft-standard-WSL2`, `2.6.32.9`). The kernel's build puts it first
/// (Makefile, KERNELRELEASE), so the leading digits and dots are the version; the rest is free text. No kernel with
/// four parts has a first part of two digits, as most private addresses do, and none has a fifth part, which would
/// leave room for an address.
pub(crate) fn without_versions(release: &str) -> Option<String> {
    let (version, rest) = leading_number(release);
    let parts: Vec<&str> = version.split('.').filter(|part| !part.is_empty()).collect();
    let is_version = match parts.as_slice() {
        [first, _, _, _] => first.len() == 1,
        parts => (1..=3).contains(&parts.len()),
    };
    if !is_version {
        return None;
    }
    let (build, tags) = leading_number(rest.strip_prefix('-').unwrap_or_default());
    let is_tag = |word: &str, builder: &str| {
        word.strip_prefix(builder).is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
    };
    let has_tag = tags.split('.').any(|word| BUILDERS.iter().any(|builder| is_tag(word, builder)));
    let version = version.replace('.', "");
    Some(if has_tag { format!("{version}-{}.{tags}", build.replace('.', "")) } else { version + rest })
}

/// Splits off the leading digits and dots.
fn leading_number(text: &str) -> (&str, &str) {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    (text.strip_suffix(rest).unwrap_or_default(), rest)
}

fn collector(item: Json, hosts: &HostNames) -> Result<Collector, Rejection> {
    let Json::Object(mut object) = item else { return Err(Rejection::WrongShape) };
    let mut name = |key: &str| match object.remove(key) {
        Some(Json::String(text)) if is_kernel_interface(&text) => {
            names_no_one(&text.replace('/', " "), hosts).map(|_checked| text)
        }
        Some(Json::String(text)) => free_text(&text, WORD, hosts).map(|_text| text),
        _ => Err(Rejection::WrongShape),
    };
    let collector = Collector { plugin: name("plugin")?, module: name("module")? };
    if object.is_empty() { Ok(collector) } else { Err(Rejection::WrongShape) }
}

/// The agent names some modules after a file, such as `/proc/net/snmp6`. The kernel's files have the same names on
/// every machine if no part is a number, a device or a process.
fn is_kernel_interface(text: &str) -> bool {
    let path = text.strip_prefix("/proc/").or_else(|| text.strip_prefix("/sys/"));
    let is_name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b))
    };
    text.len() <= WORD && (path.is_some_and(|path| path.split('/').all(is_name)) || text == "/run/reboot_required")
}
