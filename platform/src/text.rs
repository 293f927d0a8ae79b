//! Values from a machine become valid UTF-8 on one line, of bounded length, without unprintable characters.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write as _;

/// Longest value, in characters.
pub(crate) const VALUE_LIMIT: usize = 256;

/// Longest excerpt in evidence, in characters.
pub(crate) const EXCERPT_LIMIT: usize = 96;

/// Whether a terminal may obey a character instead of drawing it, or draws nothing for it: text with such characters can read
/// as something else.
///
/// Control characters (C0, DEL, C1), the two separators of lines and paragraphs, the marks of annotations (U+FFF9 to U+FFFB),
/// and all of Unicode's `Default_Ignorable_Code_Point` (DerivedCoreProperties.txt): bidirectional controls (UAX #9),
/// zero-width characters, the soft hyphen, the byte order mark, variation selectors and tags. The last two can carry hidden
/// texts, which is worse than an emoji without its selector.
///
/// ```
/// use system_facts::internal::is_unprintable;
///
/// assert!("\u{1b}\u{9b}\n\u{ad}\u{200b}\u{202e}\u{fe0f}\u{e0041}".chars().all(is_unprintable));
/// assert!(!"Schrödinger’s Cat 🐈".contains(is_unprintable));
/// ```
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// JSON for a terminal: the same values, with every [unprintable](is_unprintable) character as `\uXXXX`.
///
/// JSON itself escapes C0 controls only (RFC 8259, section 7). Its own line ends stay, as no string contains them.
///
/// ```
/// let json = "{\n  \"a\": \"\u{9b}2J\u{e0041}\"\n}";
/// assert_eq!(system_facts::internal::printable_json(json), "{\n  \"a\": \"\\u009b2J\\udb40\\udc41\"\n}");
/// ```
pub fn printable_json(json: &str) -> Cow<'_, str> {
    let is_unsafe = |c: char| c != '\n' && is_unprintable(c);
    if !json.contains(is_unsafe) {
        return Cow::Borrowed(json);
    }
    let mut safe = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if is_unsafe(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// A value on one line: U+FFFD for invalid UTF-8, a space for each control character, nothing for each invisible character
/// and for outer white space, and at most `limit` characters.
pub(crate) fn clean(bytes: &[u8], limit: usize) -> String {
    clean_text(&String::from_utf8_lossy(bytes), limit)
}

pub(crate) fn clean_text(text: &str, limit: usize) -> String {
    // Almost every value is short ASCII and needs no replacement.
    if text.len() <= limit && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.trim_ascii().to_owned();
    }
    let cleaned = |c: char| match c {
        // A space would split one word into two.
        c if vanishes(c) => None,
        c if is_unprintable(c) => Some(' '),
        c => Some(c),
    };
    let shown: String = text.trim().chars().filter_map(cleaned).take(limit).collect();
    shown.trim().to_owned()
}

/// Whether cleaning removes a character. Other unprintable characters become spaces.
fn vanishes(c: char) -> bool {
    is_unprintable(c) && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// Whether a character separates words in a cleaned value.
#[cfg(feature = "recorded")]
pub(crate) fn parts_words(c: char) -> bool {
    c.is_whitespace() || (is_unprintable(c) && !vanishes(c))
}

/// The part of a text that becomes the value of [`clean_text`], not cleaned.
pub(crate) fn beginning(text: &str) -> &str {
    first_characters(text.trim(), VALUE_LIMIT).trim_matches(|c: char| c.is_whitespace() || is_unprintable(c))
}

/// The start of a text, as long as a cleaned value of this many characters needs it.
pub(crate) fn first_characters(text: &str, count: usize) -> &str {
    let end = text.char_indices().filter(|(_, c)| !vanishes(*c)).nth(count);
    end.and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// The digits of the number that [`leading_number`] finds, and a `-` before them.
#[cfg(feature = "recorded")]
pub(crate) fn digits(text: &str) -> Option<&str> {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || is_unprintable(c));
    let text = text.strip_prefix('-').unwrap_or(text);
    let end = text.find(|c: char| !c.is_ascii_digit() && !vanishes(c)).unwrap_or(text.len());
    text.get(..end).filter(|digits| clean_text(digits, VALUE_LIMIT).parse::<u64>().is_ok())
}

/// The same as `text.split(' ')` for any ASCII character, in less time: the standard library looks for a character of any length,
/// and begins anew at each part.
pub(crate) fn parts(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut words = text.as_bytes().chunks(8);
    // Where the next word begins, and the separators of the one before that were not met yet.
    let (mut next, mut found) = (0, 0);
    let mut start = Some(0);
    std::iter::from_fn(move || {
        let from = start.take()?;
        while found == 0 {
            let Some(word) = words.next() else { return text.get(from..) };
            let word = word.first_chunk().copied().unwrap_or_else(|| padded(word, !separator));
            found = equal_bytes(word, separator);
            next += 8;
        }
        let end = next - 8 + found.trailing_zeros() as usize / 8;
        found &= found - 1;
        start = Some(end + 1);
        text.get(from..end)
    })
}

/// The bytes that are a certain one, as the high bits of a word's bytes. A sum within seven bits has no carry for the byte above, and
/// sets the high bit unless the byte is zero.
fn equal_bytes(word: [u8; 8], wanted: u8) -> u64 {
    const SEVEN: u64 = u64::from_ne_bytes([0x7f; 8]);
    let difference = u64::from_le_bytes(word) ^ u64::from_ne_bytes([wanted; 8]);
    !(((difference & SEVEN) + SEVEN) | difference | SEVEN)
}

/// The last bytes, filled up with others.
fn padded(bytes: &[u8], filling: u8) -> [u8; 8] {
    let mut word = [filling; 8];
    if let Some(start) = word.get_mut(..bytes.len()) {
        start.copy_from_slice(bytes);
    }
    word
}

/// The same as `a.cmp(b)`, in less time where the first eight bytes differ: memcmp(3) of some C libraries goes byte by byte.
pub(crate) fn order(a: &str, b: &str) -> Ordering {
    let start = |text: &str| text.as_bytes().first_chunk().map(|bytes| u64::from_be_bytes(*bytes));
    match (start(a), start(b)) {
        (Some(first), Some(second)) if first != second => first.cmp(&second),
        _ => a.cmp(b),
    }
}

/// The same as `text.starts_with(prefix)` for any prefix but the empty one, in less time where the first bytes differ.
pub(crate) fn begins(text: &str, prefix: &str) -> bool {
    text.as_bytes().first() == prefix.as_bytes().first() && text.starts_with(prefix)
}

/// The number that a text begins with.
pub(crate) fn leading_number(text: &str) -> Option<u64> {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

/// A decimal number times a million, without floating point: `2593.906` → 2593906000.
pub(crate) fn mega(text: &str) -> Option<u64> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let whole: u64 = whole.parse().ok()?;
    let mut micro = 0_u64;
    let mut digits = fraction.bytes();
    for _ in 0..6 {
        let digit = digits.next().unwrap_or(b'0');
        micro = micro * 10 + u64::from(char::from(digit).to_digit(10)?);
    }
    whole.checked_mul(1_000_000)?.checked_add(micro)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_bytes_are_cleaned() {
        assert_eq!(clean(b"  Dell Inc.\n", VALUE_LIMIT), "Dell Inc.");
        assert_eq!(clean(b"a\x1b[31mb\x00c\xff", VALUE_LIMIT), "a [31mb c\u{fffd}");
        assert_eq!(clean_text("x\u{202e}y\u{2028}z\u{85}w", VALUE_LIMIT), "xy z w");
        assert_eq!(clean_text("10.0.0\u{200b}.5\u{e0041}", VALUE_LIMIT), "10.0.0.5");
        assert_eq!(clean(&vec![b'a'; 10_000], VALUE_LIMIT).len(), VALUE_LIMIT);
    }

    #[test]
    fn what_is_drawn_is_printable_and_what_is_not_is_not() {
        let drawn =
            [' '..='~', '\u{a1}'..='\u{ac}', '\u{ae}'..='\u{2ff}', '\u{400}'..='\u{52f}', '\u{4e00}'..='\u{9fff}'];
        for c in drawn.into_iter().flatten().chain("’„“–…€™\u{301}🐧".chars()) {
            assert!(!is_unprintable(c), "{c:?}");
        }
        let controls = ['\0'..='\u{1f}', '\u{7f}'..='\u{9f}'];
        let unseen =
            ['\u{200b}'..='\u{200f}', '\u{2028}'..='\u{202e}', '\u{2060}'..='\u{2069}', '\u{fe00}'..='\u{fe0f}'];
        let tags = ['\u{e0000}'..='\u{e007f}', '\u{e0100}'..='\u{e01ef}'];
        for c in controls.into_iter().chain(unseen).chain(tags).flatten().chain("\u{ad}\u{61c}\u{feff}".chars()) {
            assert!(is_unprintable(c), "{c:?}");
            assert!(!clean_text(&format!("a{c}b"), VALUE_LIMIT).contains(is_unprintable), "{c:?}");
        }
    }

    #[test]
    fn json_keeps_its_values_and_its_lines() {
        assert!(matches!(printable_json("{\n  \"a\": \"€ \\n\"\n}"), Cow::Borrowed(_)));
        assert_eq!(printable_json("\"\u{7f}\u{9b}\u{202e}\u{e007f}\""), "\"\\u007f\\u009b\\u202e\\udb40\\udc7f\"");
    }

    #[test]
    fn parts_are_those_of_the_standard_library() {
        for text in
            ["", " ", "a", "a b", " a  b ", "ä ö", "\u{2028} \u{a0}x", "! \u{1}! ", "eight by te!! \u{a0}\u{120}   "]
        {
            // At every place of a word.
            for text in (0..9).map(|before| "x".repeat(before) + text) {
                assert!(parts(&text, b' ').eq(text.split(' ')), "{text:?}");
            }
        }
    }

    #[test]
    fn order_and_beginnings_are_those_of_the_standard_library() {
        let texts = ["", "nvme1", "nvme1n1", "nvme10n1", "nvme100n1", "nvme1000n1", "ääääx", "ääääy", "zzzzzzzz", "z"];
        for (a, b) in texts.iter().flat_map(|a| texts.iter().map(move |b| (a, b))) {
            assert_eq!(order(a, b), a.cmp(b), "{a} {b}");
            assert!(b.is_empty() || begins(a, b) == a.starts_with(b), "{a} {b}");
        }
    }

    #[test]
    fn megahertz_become_hertz() {
        assert_eq!(mega("2593.906"), Some(2_593_906_000));
        assert_eq!(mega("3550.000000"), Some(3_550_000_000));
        assert_eq!(mega(" 5000"), Some(5_000_000_000));
        assert_eq!(mega("2.x"), None);
        assert_eq!(mega("000. 0200"), None);
        assert_eq!(mega("99999999999999999"), None);
    }

    #[test]
    fn numbers_at_the_beginning() {
        assert_eq!(leading_number("  24 kB"), Some(24));
        assert_eq!(leading_number("kB"), None);
    }
}
