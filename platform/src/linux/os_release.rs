//! os-release(5): `KEY=value` lines in a subset of what a shell would accept.

use std::collections::BTreeMap;

use crate::text::{VALUE_LIMIT, clean_text};

/// The assignments of a file, later ones winning; a line that is none is passed over, as the manual page asks of
/// readers.
#[derive(Debug, Default)]
pub(crate) struct OsRelease(BTreeMap<String, String>);

impl OsRelease {
    pub(crate) fn parse(text: &str) -> Self {
        let mut fields = BTreeMap::new();
        for line in text.trim_start_matches('\u{feff}').lines() {
            let line = line.trim();
            // "Lines beginning with '#' are ignored as comments."
            if line.starts_with('#') {
                continue;
            }
            let Some((key, value)) = line.split_once('=') else { continue };
            let is_name = |key: &str| {
                key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                    && key.bytes().next().is_some_and(|b| !b.is_ascii_digit())
            };
            if is_name(key)
                && let Some(value) = unquote(value)
            {
                fields.insert(key.to_owned(), clean_text(&value, VALUE_LIMIT));
            }
        }
        Self(fields)
    }

    /// A field that says something. An empty one says nothing.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether it says which version.
    pub(crate) fn has_version(&self) -> bool {
        ["VERSION", "VERSION_ID"].iter().any(|key| self.get(key).is_some())
    }

    /// Whether it names an operating system at all.
    pub(crate) fn identifies(&self) -> bool {
        ["ID", "NAME", "PRETTY_NAME"].iter().any(|key| self.get(key).is_some())
    }
}

/// A value as a shell reads it: single quotes keep everything, double quotes keep all but `\` before `"`, `$`, `` ` ``
/// and `\`, and outside quotes `\` keeps the next character. `None` where a quote is not closed.
fn unquote(value: &str) -> Option<String> {
    let mut plain = String::with_capacity(value.len());
    let mut rest = value.trim().chars();
    while let Some(c) = rest.next() {
        match c {
            '\'' => loop {
                match rest.next()? {
                    '\'' => break,
                    inner => plain.push(inner),
                }
            },
            '"' => loop {
                match rest.next()? {
                    '"' => break,
                    '\\' => match rest.next()? {
                        escaped @ ('"' | '$' | '`' | '\\') => plain.push(escaped),
                        other => plain.extend(['\\', other]),
                    },
                    inner => plain.push(inner),
                }
            },
            '\\' => plain.extend(rest.next()),
            // A comment ends an unquoted word in a shell; so does white space, but readers take the whole line.
            other => plain.push(other),
        }
    }
    Some(plain)
}

/// The codename in a `VERSION` that has it, `12 (bookworm)` or `14.04, Trusty Tahr`: words without digits.
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
    #[cfg_attr(miri, ignore = "a long value takes minutes, and no system reads it otherwise")]
    fn hostile_values_are_cleaned() {
        let file = OsRelease::parse("\u{feff}NAME=\"a\u{1b}[2Jb\"\r\nID=x\u{0}y\r\n");
        assert_eq!(file.get("NAME"), Some("a [2Jb"));
        assert_eq!(file.get("ID"), Some("x y"));
        let long = format!("NAME={}", "x".repeat(100_000));
        assert_eq!(OsRelease::parse(&long).get("NAME").map(str::len), Some(VALUE_LIMIT));
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
