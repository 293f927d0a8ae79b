//! Unit files and files of variables, as text.

use std::iter::Peekable;
use std::str::Chars;

/// The assignments of a section, in order (systemd.syntax(7)).
pub(super) fn assignments(text: &str, section: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut inside = false;
    let mut line = String::new();
    for part in text.lines() {
        let trimmed = part.trim();
        // Comments between continued lines are skipped.
        if trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(begin) = trimmed.strip_suffix('\\') {
            line.push_str(begin);
            line.push(' ');
            continue;
        }
        line.push_str(trimmed);
        let whole = std::mem::take(&mut line);
        let whole = whole.trim();
        if let Some(name) = whole.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            inside = name == section;
        } else if let (true, Some((key, value))) = (inside, whole.split_once('=')) {
            found.push((key.trim().to_owned(), value.trim().to_owned()));
        }
    }
    found
}

/// Splits at blanks outside quotes and decodes C escapes (systemd.syntax(7), QUOTING). `%%` is a percent sign; other
/// specifiers stay as they are.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let read = match (c, quote) {
            (c, Some(open)) if c == open => {
                quote = None;
                continue;
            }
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
                continue;
            }
            (c, None) if c.is_ascii_whitespace() => {
                found.extend(word.take());
                continue;
            }
            ('\\', _) => escape(&mut chars),
            ('%', _) if chars.peek() == Some(&'%') => {
                chars.next();
                '%'
            }
            (c, _) => c,
        };
        word.get_or_insert_default().push(read);
    }
    found.extend(word);
    found
}

/// Decodes the characters after a backslash.
fn escape(chars: &mut Peekable<Chars<'_>>) -> char {
    let (value, digits, radix) = match chars.next() {
        Some('a') => return '\u{7}',
        Some('b') => return '\u{8}',
        Some('f') => return '\u{c}',
        Some('n') => return '\n',
        Some('r') => return '\r',
        Some('t') => return '\t',
        Some('v') => return '\u{b}',
        Some('s') => return ' ',
        Some('x') => (0, 2, 16),
        Some('u') => (0, 4, 16),
        Some('U') => (0, 8, 16),
        Some(c) => match c.to_digit(8) {
            Some(first) => (first, 2, 8),
            None => return c,
        },
        None => return '\\',
    };
    let mut value: u32 = value;
    for _ in 0..digits {
        let Some(digit) = chars.peek().and_then(|c| c.to_digit(radix)) else { break };
        value = value * radix + digit;
        chars.next();
    }
    char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// The variables of an `EnvironmentFile=`: one `NAME=value` a line, with quotes as in a shell (systemd.exec(5)).
pub(super) fn environment_file(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut line = String::new();
    for part in text.lines() {
        if line.is_empty() && part.trim_start().starts_with(['#', ';']) {
            continue;
        }
        if let Some(begin) = part.strip_suffix('\\') {
            line.push_str(begin);
            continue;
        }
        line.push_str(part);
        let whole = std::mem::take(&mut line);
        if let Some((name, value)) = whole.split_once('=') {
            found.push((name.trim().to_owned(), unquoted(value.trim())));
        }
    }
    found
}

/// Removes quotes. Only blanks at the ends, outside quotes, do not count.
fn unquoted(text: &str) -> String {
    let mut value = String::new();
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            ('\\', None | Some('"')) => value.extend(chars.next()),
            (c, _) => value.push(c),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_escapes() {
        for (text, expected) in [
            ("A=1 B=2", &["A=1", "B=2"][..]),
            ("\"A=one two\" 'B=it\"s'", &["A=one two", "B=it\"s"]),
            ("A=\"x y\"z", &["A=x yz"]),
            (r"A=\x41\101\s\u00e9 \q", &["A=AA \u{e9}", "q"]),
            ("A=100%% B=%h", &["A=100%", "B=%h"]),
            ("\"\" x", &["", "x"]),
            ("a\\", &["a\\"]),
            (r"\U99999999", &["\u{fffd}"]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn sections_comments_and_continued_lines() {
        let text = "[Unit]\nEnvironment=NO=1\n[Service]\n# Environment=NO=2\nEnvironment = A=1 \\\n; between\n  B=2\n\
                    [Install]\nEnvironment=NO=3\n";
        assert_eq!(assignments(text, "Service"), [("Environment".to_owned(), "A=1  B=2".to_owned())]);
    }

    #[test]
    fn files_of_variables() {
        let text = "# a comment\nA=1\n B = \"two \\\"words\" \nC='x'y\nD=a\\\nb\nnothing\nE=\n";
        let found = environment_file(text);
        let expected = [("A", "1"), ("B", "two \"words"), ("C", "xy"), ("D", "ab"), ("E", "")];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
