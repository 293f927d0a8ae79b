//! os-release(5): `KEY=value` lines in a subset of shell syntax.

use std::collections::BTreeMap;

use crate::text::{VALUE_LIMIT, clean_text};

/// The fields that are facts.
#[cfg(feature = "recorded")]
pub(crate) const FIELDS: &[&str] = &[
    "ID",
    "ID_LIKE",
    "NAME",
    "PRETTY_NAME",
    "VERSION",
    "VERSION_ID",
    "VERSION_CODENAME",
    "UBUNTU_CODENAME",
    "VARIANT",
    "VARIANT_ID",
    "BUILD_ID",
];

/// The assignments of a file; the last one of a key counts, and other lines are ignored, as the manual page demands.
#[derive(Debug, Default)]
pub(crate) struct OsRelease(BTreeMap<String, String>);

impl OsRelease {
    pub(crate) fn parse(text: &str) -> Self {
        let mut fields = BTreeMap::new();
        for (key, value) in assignments(text) {
            let mut plain = String::with_capacity(value.len());
            if unquote(value, |_, c| plain.push(c)).is_some() {
                fields.insert(key.to_owned(), clean_text(&plain, VALUE_LIMIT));
            }
        }
        Self(fields)
    }

    /// A field that is not empty.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether a field is there, be it empty.
    fn sets(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Whether the file says which codename the version has, or that it has none: an empty field is an answer, so that Fedora's
    /// `VERSION="41 (Workstation Edition)"` is not searched for one.
    pub(crate) fn says_codename(&self) -> bool {
        self.sets("VERSION_CODENAME") || self.codename().is_some()
    }

    /// The version's codename. Before there was `VERSION_CODENAME`, systems wrote it into `VERSION`, where Fedora has its variant.
    pub(crate) fn codename(&self) -> Option<&str> {
        if self.sets("VERSION_CODENAME") {
            return self.get("VERSION_CODENAME");
        }
        let of_version = || self.get("VERSION").and_then(codename).filter(|word| self.get("VARIANT") != Some(*word));
        self.get("UBUNTU_CODENAME").or_else(of_version)
    }

    /// Whether it has a version.
    pub(crate) fn has_version(&self) -> bool {
        ["VERSION", "VERSION_ID"].iter().any(|key| self.get(key).is_some())
    }

    /// Whether it names an operating system.
    pub(crate) fn identifies(&self) -> bool {
        ["ID", "NAME", "PRETTY_NAME"].iter().any(|key| self.get(key).is_some())
    }
}

/// The assignments, with quotes.
fn assignments(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_name = |key: &str| {
        key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && key.bytes().next().is_some_and(|b| !b.is_ascii_digit())
    };
    // "Lines beginning with '#' are ignored as comments."
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('=')).filter(move |(key, _)| is_name(key)).map(|(key, v)| (key, v.trim()))
}

/// Gives each character that a shell would read, with its position. Single quotes keep everything, double quotes everything but
/// `\` before `"`, `$`, `` ` `` and `\`; outside quotes `\` keeps the next character. `None` for a quote without end.
fn unquote(value: &str, mut keep: impl FnMut(usize, char)) -> Option<()> {
    let mut rest = value.char_indices();
    while let Some((at, c)) = rest.next() {
        match c {
            '\'' => loop {
                match rest.next()? {
                    (_, '\'') => break,
                    (at, inner) => keep(at, inner),
                }
            },
            '"' => loop {
                match rest.next()? {
                    (_, '"') => break,
                    (before, '\\') => match rest.next()? {
                        (at, escaped @ ('"' | '$' | '`' | '\\')) => keep(at, escaped),
                        (at, other) => {
                            keep(before, '\\');
                            keep(at, other);
                        }
                    },
                    (at, inner) => keep(at, inner),
                }
            },
            '\\' => {
                if let Some((at, next)) = rest.next() {
                    keep(at, next);
                }
            }
            // In a shell white space and comments would end the word; readers of this file take the whole line.
            other => keep(at, other),
        }
    }
    Some(())
}

/// The assignments of these fields that count, up to the length of a value.
#[cfg(feature = "recorded")]
pub(crate) fn kept<'t>(fields: &[&str], text: &'t str) -> Vec<&'t str> {
    let mut kept = BTreeMap::new();
    for (key, value) in assignments(text).filter(|(key, _)| fields.contains(key)) {
        let mut ends = Vec::new();
        let unquoted = unquote(value, |at, c| {
            // Leading blanks are no part of the value.
            if !ends.is_empty() || !c.is_whitespace() {
                ends.push((at, at + c.len_utf8()));
            }
        });
        ends.truncate(VALUE_LIMIT);
        if unquoted.is_some() {
            let all = ends.first().zip(ends.last()).and_then(|((first, _), (_, last))| value.get(*first..*last));
            kept.insert(key, [Some(key), all]);
        }
    }
    kept.into_values().flatten().flatten().collect()
}

/// The codename in a `VERSION` like `12 (bookworm)` or `14.04, Trusty Tahr`: words without digits.
pub(crate) fn codename(version: &str) -> Option<&str> {
    let found = match version.split_once('(') {
        Some((_, rest)) => rest.split_once(')')?.0,
        None => version.split_once(',')?.1,
    }
    .trim();
    (!found.is_empty() && !found.contains(|c: char| c.is_ascii_digit())).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_escapes() {
        let file = OsRelease::parse(concat!(
            "# a comment\n",
            "NAME=\"A \\\"quoted\\\" \\$NAME \\n\"\n",
            "ID='single \"kept\" \\n'\n",
            "VERSION=plain\\ words\n",
            "  VERSION_ID=\"9\"'.'1  \n",
            "EMPTY=\"\"\n",
            "not an assignment\n",
            "1BAD=x\n",
            "OPEN=\"never closed\n",
            "PRETTY_NAME=first\nPRETTY_NAME=second\n",
        ));
        assert_eq!(file.get("NAME"), Some("A \"quoted\" $NAME \\n"));
        assert_eq!(file.get("ID"), Some("single \"kept\" \\n"));
        assert_eq!(file.get("VERSION"), Some("plain words"));
        assert_eq!(file.get("VERSION_ID"), Some("9.1"));
        assert_eq!(file.get("EMPTY"), None);
        assert_eq!(file.get("1BAD"), None);
        assert_eq!(file.get("OPEN"), None);
        assert_eq!(file.get("PRETTY_NAME"), Some("second"));
        assert!(file.identifies());
        assert!(!OsRelease::parse("LSB_VERSION=4.0").identifies());
    }

    #[test]
    fn hostile_values_are_cleaned() {
        let file = OsRelease::parse("\u{feff}NAME=\"a\u{1b}[2Jb\"\r\nID=x\u{0}y\r\n");
        assert_eq!(file.get("NAME"), Some("a [2Jb"));
        assert_eq!(file.get("ID"), Some("x y"));
        let long = format!("NAME={}", "x".repeat(100_000));
        assert_eq!(OsRelease::parse(&long).get("NAME").map(str::len), Some(VALUE_LIMIT));
    }

    #[test]
    fn a_field_that_is_there_is_the_answer() {
        for (text, expected) in [
            ("VERSION_CODENAME=\"\"\nVERSION=\"41 (Workstation Edition)\"\n", None),
            ("VERSION_CODENAME=\nUBUNTU_CODENAME=noble\n", None),
            ("VERSION_CODENAME=bookworm\nVERSION=\"12 (other)\"\n", Some("bookworm")),
            ("UBUNTU_CODENAME=xenial\nVERSION=\"18 (Sarah)\"\n", Some("xenial")),
            ("VERSION=\"26 (Workstation Edition)\"\nVARIANT=\"Workstation Edition\"\n", None),
            ("VERSION=\"7 (wheezy)\"\n", Some("wheezy")),
        ] {
            assert_eq!(OsRelease::parse(text).codename(), expected, "{text}");
        }
    }

    #[test]
    fn codenames() {
        assert_eq!(codename("12 (bookworm)"), Some("bookworm"));
        assert_eq!(codename("14.04.3 LTS, Trusty Tahr"), Some("Trusty Tahr"));
        assert_eq!(codename("20.04.1 LTS (Focal Fossa)"), Some("Focal Fossa"));
        assert_eq!(codename("7 (2009)"), None);
        assert_eq!(codename("10"), None);
        assert_eq!(codename("1 ("), None);
    }
}
