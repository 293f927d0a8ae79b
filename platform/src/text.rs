//! Values from a machine become text of ours: valid UTF-8, one line, no control bytes, of bounded length.

/// Longest value that is kept of anything a machine says, in characters.
pub(crate) const VALUE_LIMIT: usize = 256;

/// Longest excerpt that evidence keeps, in characters.
pub(crate) const EXCERPT_LIMIT: usize = 96;

/// Cleans bytes of a machine: what is not UTF-8 becomes U+FFFD, what could change how a terminal or a log shows the
/// rest becomes a space, outer white space goes, and the length is capped.
pub(crate) fn clean(bytes: &[u8], limit: usize) -> String {
    clean_text(&String::from_utf8_lossy(bytes), limit)
}

pub(crate) fn clean_text(text: &str, limit: usize) -> String {
    // What most machines say, and then nothing is to be replaced.
    if text.len() <= limit && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.trim_ascii().to_owned();
    }
    let shown: String = text.trim().chars().take(limit).map(|c| if changes_display(c) { ' ' } else { c }).collect();
    shown.trim().to_owned()
}

/// Control characters, line and paragraph separators, and the characters that reorder what a terminal shows
/// (Unicode Standard Annex 9, explicit directional formatting).
fn changes_display(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The number at the beginning of a text.
pub(crate) fn leading_number(text: &str) -> Option<u64> {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

/// The CPUs in a list like `0-3,8,10-11` (CPU mask lists, Documentation/admin-guide/cputopology.rst).
pub(crate) fn cpu_list_count(cpus: &str) -> Option<u64> {
    let mut count = 0_u64;
    for range in cpus.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u64, u64) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        count = count.checked_add(last.checked_sub(first)?.checked_add(1)?)?;
    }
    Some(count)
}

/// A decimal number of mega-something in units, `2593.906` → 2593906000, without a detour through floating point.
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
        assert_eq!(clean_text("x\u{202e}y\u{2028}z\u{85}w", VALUE_LIMIT), "x y z w");
        assert_eq!(clean(&vec![b'a'; 10_000], VALUE_LIMIT).len(), VALUE_LIMIT);
    }

    #[test]
    fn cpu_lists_are_counted() {
        assert_eq!(cpu_list_count("0-3,8,10-11\n"), Some(7));
        assert_eq!(cpu_list_count("0"), Some(1));
        for wrong in ["", "3-1", "a", "0-18446744073709551615", "1,,2"] {
            assert_eq!(cpu_list_count(wrong), None, "{wrong}");
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
