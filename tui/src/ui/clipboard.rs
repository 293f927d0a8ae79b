//! Copies text through the terminal, which also works over ssh (xterm's ctlseqs, OSC 52 "Manipulate Selection Data").

use anonymous_statistics::text::printable;

/// The bytes of the longest text that is copied.
pub(crate) const MOST: usize = 8 * 1024;

/// The sequence that asks the terminal to copy a text. `None` for an empty or too long text: part of a command is
/// another command.
///
/// It copies what the screen shows, [`printable`]: a line break in a value from outside would press Enter in the shell
/// into which a person pastes it.
pub(crate) fn sequence(text: &str) -> Option<String> {
    let text = printable(text);
    (1..=MOST).contains(&text.len()).then(|| format!("\x1b]52;c;{}\x07", base64(text.as_bytes())))
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits = three.iter().chain(&[0; 2]).take(3).fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        let digits = [18, 12, 6, 0].map(|shift| DIGITS.get(bits >> shift & 63).map_or('=', |digit| char::from(*digit)));
        text.extend(digits.iter().take(three.len() + 1));
        text.extend(std::iter::repeat_n('=', 3 - three.len()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_of_rfc_4648() {
        for (text, digits) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), digits);
        }
        assert_eq!(base64(&[0xfb, 0xef, 0xff, 0xff]), "++///w==");
    }

    #[test]
    fn a_terminal_copies_it_and_shows_nothing() {
        #[derive(Default)]
        struct Copied(Vec<(Vec<u8>, Vec<u8>)>);
        impl vt100::Callbacks for Copied {
            fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, selection: &[u8], data: &[u8]) {
                self.0.push((selection.to_vec(), data.to_vec()));
            }
        }
        let (rows, columns) = (24.try_into().unwrap(), 80.try_into().unwrap());
        let mut terminal = vt100::Parser::new_with_callbacks(rows, columns, 0, Copied::default());
        terminal.process(sequence("sudo touch /etc/é").unwrap().as_bytes());
        assert_eq!(terminal.callbacks().0, [(b"c".to_vec(), b"c3VkbyB0b3VjaCAvZXRjL8Op".to_vec())]);
        assert_eq!(terminal.screen().contents(), "");
    }

    #[test]
    fn a_copied_text_presses_no_keys_where_it_is_pasted() {
        assert_eq!(sequence("a\nb\x1b[201~\r"), sequence("a\\u{a}b\\u{1b}[201~\\u{d}"));
    }

    #[test]
    fn all_of_a_text_is_copied_or_nothing() {
        assert!(sequence(&"x".repeat(MOST)).is_some());
        assert_eq!(sequence(&"x".repeat(MOST + 1)), None);
        assert_eq!(sequence(&"\n".repeat(MOST)), None);
        // An empty one would clear the clipboard.
        assert_eq!(sequence(""), None);
    }
}
