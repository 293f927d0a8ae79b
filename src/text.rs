//! Text from outside, as it may be shown on a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::IsTerminal;

use system_facts::is_unprintable;

/// Makes text safe for a terminal: what is not drawn ([`is_unprintable`]) is written as an escape (`\u{1b}`); everything else
/// stays.
///
/// A value in `/etc/os-release`, in a history entry or in an argument may hold escape sequences. A terminal would obey
/// them.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unprintable(c) {
            // Writing to a String cannot fail.
            let _ = write!(safe, "{}", c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// What is to be written to a stream in place of bytes, which anybody may have made. `None`: the bytes themselves, because the
/// stream is no terminal, or because they hold nothing that one would obey.
pub fn escaped_for(stream: &impl IsTerminal, bytes: &[u8]) -> Option<String> {
    stream.is_terminal().then(|| escaped(bytes)).flatten()
}

/// What a person is told where [`escaped_for`] has changed something.
pub const ESCAPED: &str =
    "What a terminal would obey or not draw is written as escapes here. The bytes as they are: > FILE";

/// [`printable`] line by line, with `\xff` for a byte that is not UTF-8. The ends of lines stay.
fn escaped(bytes: &[u8]) -> Option<String> {
    let mut safe = String::with_capacity(bytes.len() + 64);
    for chunk in bytes.utf8_chunks() {
        for line in chunk.valid().split_inclusive('\n') {
            let text = line.strip_suffix('\n').unwrap_or(line);
            // Headers end in CR LF (RFC 9112, section 2.2); anywhere else a CR goes back over what is already written.
            let text = if text.len() < line.len() { text.strip_suffix('\r').unwrap_or(text) } else { text };
            safe.push_str(&printable(text));
            safe.push_str(line.get(text.len()..).unwrap_or_default());
        }
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(safe, "\\x{byte:02x}");
        }
    }
    (safe.as_bytes() != bytes).then_some(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_never_sees_a_control_character() {
        assert_eq!(printable("plain £ text"), "plain £ text");
        assert_eq!(printable("a\u{1b}[31mb\u{9b}c\n\u{202e}d"), "a\\u{1b}[31mb\\u{9b}c\\u{a}\\u{202e}d");
        assert_eq!(printable("a\u{200b}b\u{e0041}"), "a\\u{200b}b\\u{e0041}");
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
