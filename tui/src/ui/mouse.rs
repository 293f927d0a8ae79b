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

/// Decodes the numbers of a report: button, column and row.
pub(crate) fn decode(numbers: &[u16]) -> Option<Mouse> {
    let [button, column, row] = *numbers else { return None };
    let kind = match button {
        0 => Kind::Press,
        64 => Kind::WheelUp,
        65 => Kind::WheelDown,
        // Other buttons; and Shift, Alt, Ctrl and motion, which add 4, 8, 16 and 32.
        _ => return None,
    };
    Some(Mouse { kind, column: column.checked_sub(1)?, row: row.checked_sub(1)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_that_a_terminal_could_send() {
        let places = [0_u16, 1, 2, 80, 223, 224, 9999, 65535];
        for button in 0..300 {
            for x in places {
                for y in places {
                    let kind = match button {
                        0 => Some(Kind::Press),
                        64 => Some(Kind::WheelUp),
                        65 => Some(Kind::WheelDown),
                        _ => None,
                    };
                    let expected = kind.zip(x.checked_sub(1)).zip(y.checked_sub(1));
                    let expected = expected.map(|((kind, column), row)| Mouse { kind, column, row });
                    assert_eq!(decode(&[button, x, y]), expected, "{button};{x};{y}");
                }
            }
        }
        for numbers in [&[][..], &[0], &[0, 1], &[0, 1, 1, 1]] {
            assert_eq!(decode(numbers), None, "{numbers:?}");
        }
    }
}
