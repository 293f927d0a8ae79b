//! Foreign text, made safe for a terminal.

use std::borrow::Cow;
use std::io::{self, IsTerminal};

use strsim::osa_distance;
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

/// The name that somebody may have meant: one that holds the word, or else the one with the fewest slips of the fingers,
/// if there is at most one in every three letters.
pub fn nearest<'n>(word: &str, names: impl Iterator<Item = &'n str> + Clone) -> Option<&'n str> {
    // No name is longer, and the time grows with the length.
    if !(3..=64).contains(&word.len()) {
        return None;
    }
    let word = word.to_lowercase();
    let alike = names.clone().find(|name| name.to_lowercase().contains(&word));
    let slips = |name: &'n str| (osa_distance(&word, &name.to_lowercase()), name);
    alike.or_else(|| names.map(slips).min().filter(|(slips, _)| slips * 3 <= word.len()).map(|(_, name)| name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_fingers_is_recognised() {
        let known = ["show", "status", "opt-in", "opt-out", "distinct_id", "START"];
        for (word, meant) in [
            ("shwo", Some("show")),
            ("sho", Some("show")),
            ("statsu", Some("status")),
            ("OPT-OUT", Some("opt-out")),
            ("out", Some("opt-out")),
            ("opt-on", Some("opt-in")),
            ("distinctid", Some("distinct_id")),
            ("strat", Some("START")),
            ("history", None),
            ("nonsense", None),
            ("x", None),
            ("", None),
            ("\u{1b}", None),
        ] {
            assert_eq!(nearest(word, known.into_iter()), meant, "{word}");
        }
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
