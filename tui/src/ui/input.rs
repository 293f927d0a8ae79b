//! Decodes the bytes from a terminal into keys, the mouse's reports and pasted text.
//!
//! A terminal also sends bytes that nobody typed: answers to questions from a previous program, and brackets around
//! pasted text. Both are ECMA-48 sequences with a beginning and an end, and vte follows that grammar. A list of known
//! sequences would turn the rest of an unknown one into keys, as crossterm's does, which also reads for ever from a
//! terminal that is gone.

use std::time::Duration;

use ratatui::layout::Position;
use vte::{Params, Parser, Perform};

use crate::ui::keys::Key;
use crate::ui::state::Message;

const CTRL_C: u8 = 0x03;
const ESC: u8 = 0x1b;

/// The bytes of pasted text that are kept. A search is shorter.
const PASTED: usize = 4096;

/// Esc sends the byte that begins sequences. Without another byte within this time it is the key; ssh and tmux deliver
/// the bytes of one sequence faster.
const ESC_ALONE: Duration = Duration::from_millis(50);

/// Any other incomplete sequence is dropped after this time: Alt-] begins like an answer.
const GIVEN_UP: Duration = Duration::from_secs(1);

/// A decoder for bytes in pieces of any size.
#[derive(Default)]
pub(crate) struct Input {
    parser: Parser,
    heard: Heard,
    begun: Begun,
}

/// The incomplete input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Begun {
    #[default]
    Nothing,
    /// ESC: the key, or the beginning of a sequence.
    Escape,
    Sequence,
}

impl Input {
    /// Decodes the bytes of one read.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Vec<Message> {
        for byte in bytes {
            let pasting = self.heard.pasted.is_some();
            match (*byte, self.begun) {
                // An incomplete sequence must not swallow the last key that quits.
                (CTRL_C, _) if !pasting || bytes.len() == 1 => self.give_up(),
                (ESC, Begun::Escape) if !pasting => self.heard.found.push(Message::Key(Key::Escape)),
                (ESC | b' '..=b'~', _) => {}
                // With Alt, which has no meaning here.
                (_, Begun::Escape) => {
                    self.give_up();
                    continue;
                }
                _ => {}
            }
            self.heard.is_complete = false;
            self.parser.advance(&mut self.heard, &[*byte]);
            self.begun = match (*byte, self.begun) {
                // ESC also ends a string, and is no key there.
                (ESC, Begun::Nothing | Begun::Escape) => Begun::Escape,
                (ESC, Begun::Sequence) => Begun::Sequence,
                _ if self.heard.is_complete => Begun::Nothing,
                _ => Begun::Sequence,
            };
        }
        std::mem::take(&mut self.heard.found)
    }

    /// The time to wait for more bytes before [`quiet`](Self::quiet); `None`: for ever.
    pub(crate) fn patience(&self) -> Option<Duration> {
        match self.begun {
            _ if self.heard.pasted.is_some() => None,
            Begun::Nothing => None,
            Begun::Escape => Some(ESC_ALONE),
            Begun::Sequence => Some(GIVEN_UP),
        }
    }

    /// That time passed without more bytes.
    pub(crate) fn quiet(&mut self) -> Option<Message> {
        let begun = self.begun;
        self.give_up();
        (begun == Begun::Escape).then_some(Message::Key(Key::Escape))
    }

    fn give_up(&mut self) {
        let found = std::mem::take(&mut self.heard.found);
        *self = Self { heard: Heard { found, ..Heard::default() }, ..Self::default() };
    }
}

/// What the parser says, in the meaning that it has here.
#[derive(Debug, Default)]
struct Heard {
    found: Vec<Message>,
    /// Whether the last byte ended something.
    is_complete: bool,
    /// ESC O (SS3) came before: a key follows.
    is_shifted: bool,
    /// Characters to skip, which belong to the previous sequence.
    rest: u8,
    /// The text between the brackets of a paste.
    pasted: Option<String>,
}

impl Heard {
    /// Whether it is pasted text.
    fn keep(&mut self, c: char) -> bool {
        let Some(text) = &mut self.pasted else { return false };
        if text.len() < PASTED {
            text.push(c);
        }
        true
    }
}

impl Perform for Heard {
    fn print(&mut self, c: char) {
        self.is_complete = true;
        if self.keep(c) {
            return;
        }
        if self.rest > 0 {
            self.rest -= 1;
            self.is_complete = self.rest == 0;
            return;
        }
        let key = match c {
            _ if std::mem::take(&mut self.is_shifted) => named(c),
            '\u{7f}' => Some(Key::Backspace),
            // Bytes that are not UTF-8, and controls that it spells in two bytes.
            c if c == char::REPLACEMENT_CHARACTER || c.is_control() => None,
            c => Some(Key::Char(c)),
        };
        self.found.extend(key.map(Message::Key));
    }

    fn execute(&mut self, byte: u8) {
        self.is_complete = true;
        if self.keep(char::from(byte)) {
            return;
        }
        (self.is_shifted, self.rest) = (false, 0);
        let key = match byte {
            0x02 => Key::PageUp,
            CTRL_C => Key::Interrupt,
            0x06 => Key::PageDown,
            // Old terminals send it.
            0x08 => Key::Backspace,
            b'\t' => Key::Next,
            0x0c => Key::Redraw,
            b'\r' => Key::Enter,
            0x1a => Key::Suspend,
            _ => return,
        };
        self.found.push(Message::Key(key));
    }

    fn csi_dispatch(&mut self, parameters: &Params, intermediates: &[u8], too_many: bool, last: char) {
        self.is_complete = true;
        let parameters: Vec<u16> = parameters.iter().flatten().copied().collect();
        let message = match (intermediates, last, &*parameters) {
            _ if too_many => None,
            ([], '~', [200]) => {
                self.pasted = Some(String::new());
                None
            }
            ([], '~', [201]) => self.pasted.take().map(Message::Pasted),
            _ if self.pasted.is_some() => None,
            // Function keys of the Linux console, and a mouse's report in bytes (console_codes(4)).
            ([], '[' | 'M', [0]) => {
                self.rest = if last == '[' { 1 } else { 3 };
                self.is_complete = false;
                None
            }
            // The mouse (xterm's ctlseqs, "Mouse Tracking"). Only what a person does on purpose counts: a press of the left
            // button, and the wheel. Shift, Alt, Ctrl and motion would add 4, 8, 16 and 32 to the button.
            (b"<", 'M', &[0, x @ 1..=u16::MAX, y @ 1..=u16::MAX]) => Some(Message::Click(Position::new(x - 1, y - 1))),
            (b"<", 'M', [64, 1..=u16::MAX, 1..=u16::MAX]) => Some(Message::Key(Key::Up)),
            (b"<", 'M', [65, 1..=u16::MAX, 1..=u16::MAX]) => Some(Message::Key(Key::Down)),
            // From xterm, rxvt or the Linux console. The second parameter, for Shift and other modifiers, is ignored.
            ([], '~', [1 | 7, ..]) => Some(Message::Key(Key::Home)),
            ([], '~', [4 | 8, ..]) => Some(Message::Key(Key::End)),
            ([], '~', [5, ..]) => Some(Message::Key(Key::PageUp)),
            ([], '~', [6, ..]) => Some(Message::Key(Key::PageDown)),
            ([], 'Z', _) => Some(Message::Key(Key::Previous)),
            ([], last, _) => named(last).map(Message::Key),
            // Answers.
            _ => None,
        };
        self.found.extend(message);
    }

    /// A byte that begins no sequence is a key with Alt, which has no meaning here.
    fn esc_dispatch(&mut self, _intermediates: &[u8], _too_many: bool, byte: u8) {
        self.is_shifted = byte == b'O' && self.pasted.is_none();
        self.is_complete = !self.is_shifted;
    }

    fn osc_dispatch(&mut self, _parameters: &[&[u8]], _bell: bool) {
        self.is_complete = true;
    }
}

/// The key of a letter after SS3, or at the end of a control sequence.
const fn named(last: char) -> Option<Key> {
    Some(match last {
        'A' => Key::Up,
        'B' => Key::Down,
        'C' => Key::Right,
        'D' => Key::Left,
        'H' => Key::Home,
        'F' => Key::End,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The decoded messages, with nothing after the last piece.
    fn come_to<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let mut input = Input::default();
        let mut found: Vec<Message> = pieces.into_iter().flat_map(|piece| input.take(piece)).collect();
        found.extend(input.patience().and_then(|_| input.quiet()));
        let word = |message| match message {
            Message::Key(key) => format!("{key:?}"),
            Message::Pasted(text) => format!("pasted {text:?}"),
            Message::Click(at) => format!("Click {} {}", at.x, at.y),
            other => panic!("{other:?}"),
        };
        found.into_iter().map(word).collect()
    }

    /// Decodes a sequence whole, in pieces of any size, and before another key.
    fn is(bytes: &str, expected: &[&str]) {
        let bytes = [bytes.as_bytes(), b"j"].concat();
        let expected: Vec<&str> = expected.iter().copied().chain(["Char('j')"]).collect();
        for size in 1..=bytes.len() {
            assert_eq!(come_to(bytes.chunks(size)), expected, "{:?}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn the_keys_of_every_terminal() {
        for (bytes, key) in [
            ("\x1b[A", "Up"),
            ("\x1bOA", "Up"),
            ("\x1b[1;5A", "Up"),
            ("\x1b[B", "Down"),
            ("\x1b[C", "Right"),
            ("\x1b[D", "Left"),
            ("\x1b[H", "Home"),
            ("\x1b[1~", "Home"),
            ("\x1b[7~", "Home"),
            ("\x1bOF", "End"),
            ("\x1b[4~", "End"),
            ("\x1b[8;2~", "End"),
            ("\x1b[5~", "PageUp"),
            ("\x1b[6~", "PageDown"),
            ("\x1b[Z", "Previous"),
            ("\t", "Next"),
            ("\r", "Enter"),
            ("\x7f", "Backspace"),
            ("\x08", "Backspace"),
            ("\x03", "Interrupt"),
            ("\x1a", "Suspend"),
            ("\x0c", "Redraw"),
            ("\x06", "PageDown"),
            ("\x02", "PageUp"),
            ("q", "Char('q')"),
            (" ", "Char(' ')"),
            ("é", "Char('é')"),
            ("日", "Char('日')"),
            ("\u{1f600}", "Char('😀')"),
        ] {
            is(bytes, &[key]);
        }
    }

    #[test]
    fn what_is_no_key_here_is_nothing() {
        for bytes in [
            "",
            "\0",
            "\n",
            "\x1d",
            "\u{9b}",
            "\x1bq",
            "\x1b\r",
            "\x1b[15~",
            "\x1b[24;5~",
            "\x1bOP",
            "\x1b[[A",
            "\x1b[I",
            "\x1b[M qo",
            "\x1b[27;5;99~",
            "\x1b\x7f",
            "\x1b\u{e9}",
        ] {
            is(bytes, &[]);
        }
        is("\x1b\x1b[A", &["Escape", "Up"]);
    }

    #[test]
    fn the_mouse_presses_and_turns_its_wheel() {
        for (report, said) in [
            ("\x1b[<0;1;1M", "Click 0 0"),
            ("\x1b[<0;80;24M", "Click 79 23"),
            ("\x1b[<0;65535;65535M", "Click 65534 65534"),
            ("\x1b[<64;300;5M", "Up"),
            ("\x1b[<65;65535;65535M", "Down"),
        ] {
            is(report, &[said]);
            is(&report.repeat(2), &[said, said]);
        }
        // Other buttons, releases, Shift, motion, nonsense, and reports that are too long or of another form.
        for report in ["<1;1;1M", "<0;1;1m", "<4;1;1M", "<68;1;1M", "<32;1;1M", "<0;0;1M", "<0;1M", "<M", "<0;1;1A"] {
            is(&format!("\x1b[{report}"), &[]);
        }
        for report in ["<0;1;1;1M", "<0;1;1 M", "?0;1;1M", "0;1;1M", "M\u{7f}qj"] {
            is(&format!("\x1b[{report}"), &[]);
        }
        is("\x1b[200~\x1b[<0;1;1M\x1b[201~", &["pasted \"\""]);
    }

    #[test]
    fn every_number_that_a_terminal_could_send_of_the_mouse() {
        let places = [0_u16, 1, 2, 80, 223, 224, 9999, 65535];
        for button in 0..300 {
            for x in places {
                for y in places {
                    let expected = match (button, x.checked_sub(1).zip(y.checked_sub(1))) {
                        (0, Some((x, y))) => vec![format!("Click {x} {y}")],
                        (64, Some(_)) => vec!["Up".to_owned()],
                        (65, Some(_)) => vec!["Down".to_owned()],
                        _ => Vec::new(),
                    };
                    let report = format!("\x1b[<{button};{x};{y}M");
                    assert_eq!(come_to([report.as_bytes()]), expected, "{report:?}");
                }
            }
        }
    }

    #[test]
    fn answers_are_no_keys() {
        for answer in [
            "\x1b]11;rgb:1c1c/1c1c/1c1c\x1b\\",
            "\x1b]11;rgb:1c1c/1c1c/1c1c\x07",
            "\x1b]52;c;b3FvcQ==\x07",
            "\x1b[?64;1;2;6c",
            "\x1b[>41;354;0c",
            "\x1bP>|XTerm(354)\x1b\\",
            "\x1bP1+r544e=787465726d\x1b\\",
            "\x1bP!|7E565445\x1b\\",
            "\x1b_Gi=31;OK\x1b\\",
            "\x1b[?2026;2$y",
            "\x1b[?0u",
            "\x1b[24;80R",
            "\x1b[8;24;80t",
            "\x1b[?1;2A",
        ] {
            is(answer, &[]);
            is(&answer.repeat(3), &[]);
        }
    }

    #[test]
    fn esc_is_a_key_where_nothing_follows() {
        assert_eq!(come_to([&b"\x1b"[..]]), ["Escape"]);
        assert_eq!(come_to([&b"\x1b\x1b"[..]]), ["Escape", "Escape"]);
        assert_eq!(come_to([&b"j\x1b"[..]]), ["Char('j')", "Escape"]);
        // Inside an answer it is no key, wherever the answer stops.
        for begun in ["\x1b]11;rgb", "\x1b]11;rgb\x1b", "\x1b[", "\x1b[?1", "\x1bO", "\x1bP", "\u{e9}\x1b[20"] {
            assert!(!come_to([begun.as_bytes()]).contains(&"Escape".to_owned()), "{begun:?}");
        }
    }

    #[test]
    fn nothing_takes_the_keyboard_away() {
        for begun in
            ["\x1b", "\x1b]11;rgb", "\x1bP", "\x1b[", "\x1b[M", "\x1b[<0;1", "\x1bO", "\x1b[200~text", "\u{e9}"]
        {
            let found = come_to([begun.as_bytes(), b"\x03", b"j"]);
            assert_eq!(found.get(found.len() - 2..).unwrap(), ["Interrupt", "Char('j')"], "{begun:?}");
        }
        // Alt-], and a key a second later.
        let mut input = Input::default();
        assert!(input.take(b"\x1b]").is_empty() && input.patience() == Some(GIVEN_UP) && input.quiet().is_none());
        assert_eq!(input.take(b"q").len(), 1);
    }

    #[test]
    fn pasted_text_is_text() {
        is("\x1b[200~hello\rq\x1a\x1b[A\x1b[201~", &["pasted \"hello\\rq\\u{1a}\""]);
        assert_eq!(come_to([&b"\x1b[200~a\x03b"[..], b"\x1b[201~"]), ["pasted \"a\\u{3}b\""]);
        is("\x1b[200~\x1b[201~", &["pasted \"\""]);
        is("\x1b[200~\x1b\x1b[201\x1b]\x1b[201~", &["pasted \"\""]);
        is("\x1b[200~日\x1b[201~", &["pasted \"日\""]);
        // The kept text is limited, the time is not.
        let mut input = Input::default();
        assert!(input.take(b"\x1b[200~").is_empty() && input.patience().is_none());
        for _ in 0..1000 {
            assert!(input.take(&[b'q'; 1000]).is_empty());
        }
        let pasted = input.take(b"\x1b[201~j");
        assert!(
            matches!(&pasted[..], [Message::Pasted(text), Message::Key(_)] if (PASTED..PASTED + 4).contains(&text.len())),
            "{pasted:?}"
        );
    }

    #[test]
    fn bytes_at_random_come_to_the_same_in_whatever_pieces() {
        const BYTES: &[u8] = b"\x1b\x1b\x1b[[]PO_\\~200201;;?<64MAZj\x07\r\x7f\xc3\xa9\x9b\xff\xe6";
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        let mut below = |limit: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            usize::try_from(random % u64::try_from(limit).unwrap()).unwrap()
        };
        for _ in 0..10_000 {
            let bytes: Vec<u8> = (0..below(30)).map(|_| BYTES[below(BYTES.len())]).collect();
            let size = 1 + below(5);
            assert_eq!(come_to([&bytes[..]]), come_to(bytes.chunks(size)), "{bytes:?}");
        }
    }
}
