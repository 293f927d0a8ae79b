//! Foreign text, made safe for a terminal.

use std::borrow::Cow;
use std::io::{self, IsTerminal};

use system_facts::internal::is_unprintable;

/// Escapes invisible and control characters ([`is_unprintable`]) as `\u{1b}`.
///
/// A value in `/etc/os-release`, a history entry or an argument may hold escape sequences that a terminal would obey.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unprintable(c) {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// What went wrong, in words. The system's number of the error (`(os error 13)`) tells a person no more.
pub fn reason(error: &io::Error) -> String {
    let said = error.to_string();
    let number = error.raw_os_error().map(|number| format!(" (os error {number})"));
    number.and_then(|number| said.strip_suffix(&number).map(str::to_owned)).unwrap_or(said)
}

/// The bytes with escapes, for a stream that is a terminal. `None`: write the bytes unchanged.
pub fn escaped_for(stream: &impl IsTerminal, bytes: &[u8]) -> Option<String> {
    if stream.is_terminal() { escaped(bytes) } else { None }
}

/// The note for a person where [`escaped_for`] returned text.
pub const ESCAPED: &str =
    "What a terminal would obey or not draw is written as escapes here. The bytes as they are: > FILE";

/// [`printable`] line by line, with `\xff` for a byte that is not UTF-8. Line ends stay.
fn escaped(bytes: &[u8]) -> Option<String> {
    let mut safe = String::with_capacity(bytes.len() + 64);
    for chunk in bytes.utf8_chunks() {
        for line in chunk.valid().split_inclusive('\n') {
            let text = line.strip_suffix('\n').unwrap_or(line);
            // Headers end in CR LF (RFC 9112, section 2.2); elsewhere a CR would overwrite the line.
            let text = if text.len() < line.len() { text.strip_suffix('\r').unwrap_or(text) } else { text };
            safe.push_str(&printable(text));
            safe.push_str(line.get(text.len()..).unwrap_or_default());
        }
        safe.extend(chunk.invalid().escape_ascii().map(char::from));
    }
    (safe.as_bytes() != bytes).then_some(safe)
}

/// The name that somebody may have meant: one that holds the word, or else the one with the fewest other letters, if
/// that is at most every third.
pub fn nearest<'n>(word: &str, names: impl Iterator<Item = &'n str> + Clone) -> Option<&'n str> {
    // No name is longer, and the time grows with the length.
    if !(3..=64).contains(&word.len()) {
        return None;
    }
    let word = word.to_ascii_lowercase();
    let alike = names.clone().find(|name| name.contains(&word));
    let fewest = || names.map(|name| (distance(&word, name), name)).min();
    alike.or_else(|| fewest().filter(|(distance, _)| distance * 3 <= word.len()).map(|(_, name)| name))
}

/// Letters to insert, delete or replace, to make one word the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (number, a) in one.bytes().enumerate() {
        let mut before = number;
        let mut left = number + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (above, b) in row.iter_mut().skip(1).zip(other.bytes()) {
            left = (before + usize::from(a != b)).min(left + 1).min(*above + 1);
            before = std::mem::replace(above, left);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_near_its_misspellings() {
        for (one, other, far) in
            [("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("kitten", "sitting", 3), ("show", "shwo", 2)]
        {
            assert_eq!((distance(one, other), distance(other, one)), (far, far), "{one} {other}");
        }
        let near = |word| nearest(word, ["status", "opt-in", "opt-out"].into_iter());
        let words = ["statsu", "OPT-OUT", "out", "opt-on", "history", "", "\u{1b}"];
        assert_eq!(
            words.map(near),
            [Some("status"), Some("opt-out"), Some("opt-out"), Some("opt-in"), None, None, None]
        );
    }

    #[test]
    fn a_terminal_never_sees_a_control_character() {
        assert_eq!(printable("plain £ text"), "plain £ text");
        assert_eq!(printable("a\u{1b}[31mb\u{9b}c\n\u{202e}d"), "a\\u{1b}[31mb\\u{9b}c\\u{a}\\u{202e}d");
        assert_eq!(printable("a\u{200b}b\u{e0041}"), "a\\u{200b}b\\u{e0041}");
    }

    #[test]
    fn a_reason_has_no_number() {
        let denied = io::Error::from_raw_os_error(13);
        assert!(!reason(&denied).contains("os error") && denied.to_string().starts_with(&reason(&denied)));
        assert_eq!(reason(&io::Error::other("it is a link (os error 13)")), "it is a link (os error 13)");
    }

    #[test]
    fn bytes_keep_their_lines_on_a_terminal() {
        assert_eq!(escaped("POST / HTTP/1.1\r\n\r\n{\n\"£\"}".as_bytes()), None);
        for (bytes, shown) in [
            (&b"a\x1b]0;x\x07\r\nb"[..], "a\\u{1b}]0;x\\u{7}\r\nb"),
            (b"a\rb\r\r\nc\r", "a\\u{d}b\\u{d}\r\nc\\u{d}"),
            (b"\xffa\x9b2J\xc2\x9b\n", "\\xffa\\x9b2J\\u{9b}\n"),
            ("\u{202e}\u{ad}".as_bytes(), "\\u{202e}\\u{ad}"),
        ] {
            assert_eq!(escaped(bytes).as_deref(), Some(shown));
        }
    }
}
