//! The shape that a value must have to be sent. What does not fit is left out, never mended and never pasted.

#[cfg(test)]
mod tests;

use serde::Serialize;
use serde_json::Value as Json;

use crate::call::fatal::Fatal;
use crate::fields::personal::{HostNames, Personal, find_personal};
use crate::text;

/// A value as it goes into a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// JSON `null`: the daemon said that it does not know.
    Null,
    /// A truth value.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Text.
    Text(String),
    /// Names of fields.
    Names(Vec<&'static str>),
    /// The collectors that run.
    Collectors(Vec<Collector>),
}

/// One collector of the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Collector {
    /// The plugin's name.
    pub plugin: String,
    /// The module's name; empty for plugins without modules.
    pub module: String,
}

/// Why a value was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    /// It is longer than the shape allows.
    TooLong,
    /// It is not of the shape's kind.
    NotOfShape,
    /// It is not valid JSON or not valid UTF-8.
    Malformed,
    /// It may say whose machine this is.
    Personal(Personal),
}

impl Misfit {
    /// The reason in words, for a person.
    pub fn describe(self) -> String {
        match self {
            Self::TooLong => "too long".to_owned(),
            Self::NotOfShape => "not of the expected form".to_owned(),
            Self::Malformed => "malformed".to_owned(),
            Self::Personal(kind) => format!("it holds {}", kind.describe()),
        }
    }
}

/// The forms that values can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Exactly this text.
    Constant(&'static str),
    /// Exactly this truth value.
    ConstantBoolean(bool),
    /// `true` or `false`.
    Boolean,
    /// The words `true` or `false`, as text: the agent's own scripts send it so.
    BooleanWord,
    /// A whole number in a range, both ends included.
    Integer {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// Decimal digits or `unknown`, as text: the agent's own scripts send it so.
    Digits,
    /// A version: a digit, or `v` and a digit, then letters, digits and `.+_~-`.
    Version,
    /// A version of a kernel: digits and dots first, the rest free text without blanks.
    KernelRelease,
    /// A GUID that is not all zeros.
    Guid,
    /// The key under which a PostHog server files events: letters, digits, `_` and `-`.
    Key,
    /// The name of an action: letters, digits and `_`, at most 32.
    Action,
    /// Letters, digits, space and `._:+,-`, at most 64.
    Word,
    /// Where a program failed, `line@file:function/errno` as [`Fatal`] writes it, or a word.
    FailurePoint,
    /// Words between bars.
    Words,
    /// A word of a program's own vocabulary: one of the sources that `system-facts` names.
    Source,
    /// Text from outside of at most this many characters.
    FreeText(usize),
    /// Words between bars, from outside.
    FreeWords,
    /// A list of `{plugin, module}`, from outside.
    Collectors,
    /// Names of fields of the schema.
    FieldNames,
    /// A random UUID.
    Uuid,
    /// A moment in UTC (ISO 8601).
    Timestamp,
}

/// Characters of a word.
const WORD: usize = 64;
/// Characters of a list of words.
const WORDS: usize = 4096;
/// Characters of a version.
const VERSION: usize = 64;

impl Shape {
    /// The shape in words, for a person.
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

    /// Whether values come as free text from outside and are therefore searched for personal data.
    pub const fn is_free_text(self) -> bool {
        matches!(self, Self::FreeText(_) | Self::FreeWords | Self::Collectors | Self::KernelRelease)
    }

    /// Checks a JSON fragment, the form in which the daemon gives its arguments from the fourth on.
    ///
    /// The list of collectors comes without its brackets.
    pub fn check_fragment(self, fragment: &str, hosts: &HostNames) -> Result<Value, Misfit> {
        let parse = |text: &str| serde_json::from_str::<Json>(text).map_err(|_error| Misfit::Malformed);
        let json = match self {
            Self::Collectors if fragment.trim() != "null" => parse(&format!("[{fragment}]"))?,
            _ => parse(fragment)?,
        };
        match (self, json) {
            (_, Json::Null) => Ok(Value::Null),
            (Self::Boolean, Json::Bool(value)) => Ok(Value::Boolean(value)),
            (Self::Integer { min, max }, Json::Number(number)) => {
                let number = number.as_i64().filter(|n| (min..=max).contains(n)).ok_or(Misfit::NotOfShape)?;
                Ok(Value::Integer(number))
            }
            (Self::Collectors, Json::Array(items)) => {
                items.into_iter().map(|item| collector(item, hosts)).collect::<Result<_, _>>().map(Value::Collectors)
            }
            (Self::Boolean | Self::Integer { .. } | Self::Collectors, _) => Err(Misfit::NotOfShape),
            (_, Json::String(text)) => self.check_text(&text, hosts),
            _ => Err(Misfit::NotOfShape),
        }
    }

    /// Checks plain text: a variable, a fact, or one of the daemon's first three arguments.
    pub fn check_text(self, text: &str, hosts: &HostNames) -> Result<Value, Misfit> {
        let fits = match self {
            Self::Constant(constant) => text == constant,
            Self::ConstantBoolean(value) => {
                return (text == if value { "true" } else { "false" })
                    .then_some(Value::Boolean(value))
                    .ok_or(Misfit::NotOfShape);
            }
            Self::Boolean => {
                return match text {
                    "true" => Ok(Value::Boolean(true)),
                    "false" => Ok(Value::Boolean(false)),
                    _ => Err(Misfit::NotOfShape),
                };
            }
            Self::BooleanWord => matches!(text, "true" | "false"),
            Self::Integer { min, max } => {
                let number = text.parse().ok().filter(|n| (min..=max).contains(n)).ok_or(Misfit::NotOfShape)?;
                return Ok(Value::Integer(number));
            }
            Self::Digits => {
                text == "unknown" || (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
            }
            Self::Version => {
                if !is_version(text) {
                    return Err(Misfit::NotOfShape);
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
                // Whole, it would be taken for a mail address.
                let fatal = Fatal::parse(None, Some(text)).keep(|part| find_personal(part, hosts).is_none());
                if fatal.data().as_deref() != Some(text) {
                    word(text, hosts)?;
                }
                true
            }
            Self::Words => {
                if text.chars().count() > WORDS {
                    return Err(Misfit::TooLong);
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
        if fits { Ok(Value::Text(text.to_owned())) } else { Err(Misfit::NotOfShape) }
    }
}

/// Whether a text is the name of an action.
pub fn is_action(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether a text is a GUID (8-4-4-4-12 hexadecimal digits) that is not all zeros.
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

/// The words in which `system-facts` names its sources, and the two that stand for none.
fn is_source(text: &str) -> bool {
    matches!(text, "unknown" | "none") || system_facts::Source::from_name(text).is_some()
}

fn word(text: &str, hosts: &HostNames) -> Result<(), Misfit> {
    if text.chars().count() > WORD {
        Err(Misfit::TooLong)
    } else if text.chars().all(|c| c.is_ascii_alphanumeric() || " ._:+,-".contains(c)) {
        names_no_one(text, hosts).map(drop)
    } else {
        Err(Misfit::NotOfShape)
    }
}

/// Refuses what may say whose machine this is.
fn names_no_one(text: &str, hosts: &HostNames) -> Result<Value, Misfit> {
    match find_personal(text, hosts) {
        Some(kind) => Err(Misfit::Personal(kind)),
        None => Ok(Value::Text(text.to_owned())),
    }
}

fn free_text(text: &str, max: usize, hosts: &HostNames) -> Result<Value, Misfit> {
    if text.chars().count() > max {
        return Err(Misfit::TooLong);
    }
    if text::printable(text) != text {
        return Err(Misfit::NotOfShape);
    }
    names_no_one(text, hosts)
}

fn kernel_release(text: &str, hosts: &HostNames) -> Result<Value, Misfit> {
    if text == "unknown" {
        return Ok(Value::Text(text.to_owned()));
    }
    if text.chars().count() > 2 * WORD {
        return Err(Misfit::TooLong);
    }
    let chosen = without_versions(text).ok_or(Misfit::NotOfShape)?;
    if text.contains(|c: char| c.is_whitespace() || c == '/') {
        return Err(Misfit::NotOfShape);
    }
    free_text(&chosen, 2 * WORD, hosts).map(|_checked| Value::Text(text.to_owned()))
}

/// How the tags of distributions begin that write a build with four parts behind the version, before a number: Oracle's
/// `6.12.0-102.36.5.2.el10uek.x86_64`, that of `openEuler` (`5.10.0-60.18.0.50.oe2203.x86_64`), and Huawei's two
/// (`4.18.0-147.5.1.6.h541.eulerosv2r9.x86_64`, `5.10.0-182.0.0.95.r1941_123.hce2.x86_64`).
const BUILDERS: [&str; 4] = ["el", "oe", "eulerosv", "hce"];

/// A kernel's release without the dots of its numbers, which read like addresses. `None`: it does not begin with a kernel's version.
///
/// The version may have four parts (`5.15.90.1-microsoft-standard-WSL2`, `2.6.32.9`). The kernel's own build puts it first
/// (Makefile, KERNELRELEASE), so the leading digits and dots are the version; what follows is text that somebody chose. No
/// kernel with four parts has a first one of two digits, and most addresses of private networks do; and none has a fifth
/// part, before which there would be room for any address.
pub(crate) fn without_versions(release: &str) -> Option<String> {
    let (version, rest) = leading_number(release);
    let parts: Vec<&str> = version.split('.').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [first, _, _, _] => first.len() == 1,
        parts => (1..=3).contains(&parts.len()),
    }
    .then_some(())?;
    let (build, tags) = leading_number(rest.strip_prefix('-').unwrap_or_default());
    let is_tag = |word: &str, builder: &str| {
        word.strip_prefix(builder).is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
    };
    let has_tag = tags.split('.').any(|word| BUILDERS.iter().any(|builder| is_tag(word, builder)));
    let version = version.replace('.', "");
    Some(if has_tag { format!("{version}-{}.{tags}", build.replace('.', "")) } else { version + rest })
}

/// The digits and dots at the beginning, and the rest.
fn leading_number(text: &str) -> (&str, &str) {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    (text.strip_suffix(rest).unwrap_or_default(), rest)
}

fn collector(item: Json, hosts: &HostNames) -> Result<Collector, Misfit> {
    let Json::Object(mut object) = item else { return Err(Misfit::NotOfShape) };
    let mut name = |key: &str| match object.remove(key) {
        Some(Json::String(text)) if is_kernel_interface(&text) => {
            names_no_one(&text.replace('/', " "), hosts).map(|_checked| text)
        }
        Some(Json::String(text)) => free_text(&text, WORD, hosts).map(|_text| text),
        _ => Err(Misfit::NotOfShape),
    };
    let collector = Collector { plugin: name("plugin")?, module: name("module")? };
    if object.is_empty() { Ok(collector) } else { Err(Misfit::NotOfShape) }
}

/// The agent names some modules after the file that they read, such as `/proc/net/snmp6`. The kernel's files have the same
/// names on every machine as long as no part of one is a number, a device or a process.
fn is_kernel_interface(text: &str) -> bool {
    let path = text.strip_prefix("/proc/").or_else(|| text.strip_prefix("/sys/"));
    let is_name = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b))
    };
    text.len() <= WORD && (path.is_some_and(|path| path.split('/').all(is_name)) || text == "/run/reboot_required")
}
