//! Text as a person reads it.

use std::borrow::Cow;

use system_facts::internal::is_unprintable;

/// Signs spelled out to evade programs.
const SPELLED: [(&str, &str); 6] =
    [(" dot ", "."), ("(dot)", "."), ("[dot]", "."), ("[.]", "."), ("(at)", "@"), ("[at]", "@")];

/// The text without invisible characters, and with ASCII in place of look-alikes.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    let mut plain = Cow::Borrowed(text);
    if !text.bytes().all(|b| matches!(b, b' '..=b'~')) {
        plain = Cow::Owned(text.chars().filter_map(plain_character).collect());
    }
    for (spelled, meant) in SPELLED {
        if plain.contains(spelled) {
            plain = Cow::Owned(plain.replace(spelled, meant));
        }
    }
    plain
}

/// The zeros of other scripts in Unicode's basic plane; their other digits follow.
const ZEROS: [u16; 35] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
    0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0,
    0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0,
];

/// The part of Unicode's compatibility mapping (UAX #15, NFKC) that could disguise personal data. Limit: letters of
/// other scripts that merely look like Latin ones are not mapped.
fn plain_character(c: char) -> Option<char> {
    let code = u32::from(c);
    let ascii = |first: char, distance: u32| char::from_u32(u32::from(first) + distance);
    match c {
        // The full-width forms of ASCII.
        '\u{ff01}'..='\u{ff5e}' => ascii('!', code - 0xff01),
        // Mathematical alphabets, of capitals and small letters each, and digits.
        '\u{1d400}'..='\u{1d6a3}' => match (code - 0x1d400) % 52 {
            capital @ 0..26 => ascii('A', capital),
            small => ascii('a', small - 26),
        },
        '\u{1d7ce}'..='\u{1d7ff}' => ascii('0', (code - 0x1d7ce) % 10),
        '\u{2024}' | '\u{3002}' | '\u{fe52}' | '\u{ff61}' => Some('.'),
        '\u{2236}' | '\u{fe55}' => Some(':'),
        '\u{2044}' | '\u{2215}' => Some('/'),
        '\u{fe68}' => Some('\\'),
        '\u{fe6b}' => Some('@'),
        // Combining accents.
        '\u{300}'..='\u{36f}' => None,
        c if c.is_whitespace() => Some(' '),
        c if is_unprintable(c) => None,
        // The digit's value matters only for host names; for other numbers any digit will do.
        c if c.is_numeric() && !c.is_ascii() => {
            let digit = ZEROS.iter().find_map(|zero| code.checked_sub(u32::from(*zero)).filter(|digit| *digit < 10));
            ascii('0', digit.unwrap_or(0))
        }
        c => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zeros_are_zeros() {
        for zero in ZEROS {
            let digits: Vec<char> = (0..10).filter_map(|digit| char::from_u32(u32::from(zero) + digit)).collect();
            assert!(digits.iter().all(|c| c.is_numeric()), "{zero:x}");
            assert_eq!(digits.into_iter().filter_map(plain_character).collect::<String>(), "0123456789", "{zero:x}");
        }
    }
}
