//! The mouse: what a terminal reports of it, and the modes that make it report (xterm's ctlseqs, "Mouse Tracking").
//!
//! Only what a person does on purpose counts: a press of the left button, and the wheel. With Shift a terminal keeps
//! the mouse for itself, to select text.

/// Presses, releases and the wheel (1000), in decimal numbers (1006): the older form cannot say columns above 223.
pub(crate) const ON: &str = "\x1b[?1000h\x1b[?1006h";
pub(crate) const OFF: &str = "\x1b[?1006l\x1b[?1000l";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Press,
    WheelUp,
    WheelDown,
}

/// A report. The first column and the first row are 0; either may lie outside the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mouse {
    pub(crate) kind: Kind,
    pub(crate) column: u16,
    pub(crate) row: u16,
}

/// Decodes `button;column;row`, which follow `ESC [ <` and precede `M`.
pub(crate) fn decode(parameters: &[u8]) -> Option<Mouse> {
    let mut numbers = parameters.split(|byte| *byte == b';').map(number);
    let (button, column, row) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let kind = match button {
        0 => Kind::Press,
        64 => Kind::WheelUp,
        65 => Kind::WheelDown,
        // Other buttons; and Shift, Alt, Ctrl and motion, which add 4, 8, 16 and 32.
        _ => return None,
    };
    let mouse = Mouse { kind, column: column.checked_sub(1)?, row: row.checked_sub(1)? };
    numbers.next().is_none().then_some(mouse)
}

/// Digits only: Rust's own parser takes a sign.
fn number(digits: &[u8]) -> Option<u16> {
    let digits = std::str::from_utf8(digits).ok()?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_that_a_terminal_could_send() {
        let places = [0, 1, 2, 80, 223, 224, 9999, 65535, 65536, 4_294_967_297_u64];
        for button in (0..300).chain([65536, 65600]) {
            for x in places {
                for y in places {
                    let kind = match button {
                        0 => Some(Kind::Press),
                        64 => Some(Kind::WheelUp),
                        65 => Some(Kind::WheelDown),
                        _ => None,
                    };
                    let place = |from_one: u64| u16::try_from(from_one).ok()?.checked_sub(1);
                    let expected = kind.zip(place(x)).zip(place(y));
                    let expected = expected.map(|((kind, column), row)| Mouse { kind, column, row });
                    assert_eq!(decode(format!("{button};{x};{y}").as_bytes()), expected, "{button};{x};{y}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_report_is_nothing() {
        for text in
            ["", ";;", "0", "0;1", "0;1;", ";1;1", "0;;1", "0;1;1;", "0;1;1;1", "+0;1;1", "0;+1;1", "0;-1;1", "0;1 ;1"]
        {
            assert_eq!(decode(text.as_bytes()), None, "{text:?}");
        }
        for text in ["0:1:1", "0;1;?", "a;1;1", "0;1;\u{661}", "0;1;99999999999999999999999999999999999999999"] {
            assert_eq!(decode(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(decode(b"0;\xff;1"), None);
    }
}
