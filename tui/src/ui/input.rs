//! Decodes the bytes from a terminal into keys, the mouse's reports and pasted text.
//!
//! A terminal also sends bytes that nobody typed: answers to questions from a previous program, and brackets around
//! pasted text. Both are ECMA-48 sequences with a beginning and an end, and this parser follows that grammar. A list of
//! known sequences would turn the rest of an unknown one into keys, as crossterm's does, which also reads for ever from
//! a terminal that is gone. C1 controls in one byte are not supported: no terminal sends them unless told to.

use std::time::Duration;

use crate::ui::keys::Key;
use crate::ui::mouse;
use crate::ui::state::Message;

const CTRL_C: u8 = 0x03;
const BEL: u8 = 0x07;
const ESC: u8 = 0x1b;

/// The parameter that begins pasted text, and the sequence that ends it.
const PASTE: &[u8] = b"200";
const PASTE_END: &[u8] = b"\x1b[201~";

/// The bytes of pasted text that are kept. A search is shorter.
const PASTED: usize = 4096;

/// A control sequence with more bytes of parameters has no meaning here.
const PARAMETERS: usize = 16;

/// Esc sends the byte that begins sequences. Without another byte within this time it is the key; ssh and tmux deliver
/// the bytes of one sequence faster.
const ESC_ALONE: Duration = Duration::from_millis(50);

/// Any other incomplete sequence is dropped after this time: Alt-] begins like an answer.
const GIVEN_UP: Duration = Duration::from_secs(1);

/// The incomplete input.
#[derive(Debug, Default)]
enum Begun {
    #[default]
    Nothing,
    /// A character of several bytes.
    Character(Vec<u8>),
    /// ESC: the key, or the beginning of a sequence.
    Escape,
    /// ESC O (SS3): a key follows.
    SingleShift,
    /// ESC [ and parameters (CSI).
    Control(Vec<u8>),
    /// Bytes to skip, which belong to the previous sequence.
    Rest(u8),
    /// A string, such as an answer (OSC, DCS, SOS, PM, APC).
    Text,
    /// ESC in a string: its end follows.
    TextEscape,
    /// Pasted text, and the number of bytes of its end that were read.
    Paste(Vec<u8>, usize),
}

/// A decoder for bytes in pieces of any size.
#[derive(Debug, Default)]
pub(crate) struct Input {
    begun: Begun,
    found: Vec<Message>,
}

impl Input {
    /// Decodes the bytes of one read.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Vec<Message> {
        if bytes == [CTRL_C] {
            // An incomplete sequence must not swallow the last key that quits.
            self.begun = Begun::Nothing;
        }
        for byte in bytes {
            self.begun = match std::mem::take(&mut self.begun) {
                Begun::Nothing => self.first(*byte),
                // The byte after ESC at a string's end yields no key either.
                Begun::Escape | Begun::TextEscape => self.escaped(*byte),
                Begun::Text => self.text(*byte),
                Begun::Paste(text, end) => self.pasted(text, end, *byte),
                // The others contain no control characters.
                _ if *byte < b' ' => self.first(*byte),
                Begun::Character(bytes) => self.character(bytes, *byte),
                Begun::SingleShift => self.key(named(*byte)),
                Begun::Control(parameters) => self.control(parameters, *byte),
                Begun::Rest(0 | 1) => Begun::Nothing,
                Begun::Rest(more) => Begun::Rest(more - 1),
            };
        }
        std::mem::take(&mut self.found)
    }

    /// The time to wait for more bytes before [`quiet`](Self::quiet); `None`: for ever.
    pub(crate) fn patience(&self) -> Option<Duration> {
        match self.begun {
            Begun::Nothing | Begun::Paste(..) => None,
            Begun::Escape => Some(ESC_ALONE),
            _ => Some(GIVEN_UP),
        }
    }

    /// That time passed without more bytes.
    pub(crate) fn quiet(&mut self) -> Option<Message> {
        match std::mem::take(&mut self.begun) {
            Begun::Escape => Some(Message::Key(Key::Escape)),
            _ => None,
        }
    }

    fn key(&mut self, key: Option<Key>) -> Begun {
        self.found.extend(key.map(Message::Key));
        Begun::Nothing
    }

    fn first(&mut self, byte: u8) -> Begun {
        match byte {
            ESC => Begun::Escape,
            0x80.. => self.character(Vec::new(), byte),
            byte => self.key(typed(byte)),
        }
    }

    fn character(&mut self, mut bytes: Vec<u8>, byte: u8) -> Begun {
        if byte < 0x80 {
            return self.first(byte);
        }
        bytes.push(byte);
        match std::str::from_utf8(&bytes) {
            Ok(text) => self.key(text.chars().next().filter(|c| !c.is_control()).map(Key::Char)),
            Err(error) if error.error_len().is_none() => Begun::Character(bytes),
            Err(_) => Begun::Nothing,
        }
    }

    /// The byte after ESC. One that begins no sequence is a key with Alt, which has no meaning here.
    fn escaped(&mut self, byte: u8) -> Begun {
        match byte {
            b'O' => Begun::SingleShift,
            b'[' => Begun::Control(Vec::new()),
            b']' | b'P' | b'X' | b'^' | b'_' => Begun::Text,
            ESC => {
                self.key(Some(Key::Escape));
                Begun::Escape
            }
            CTRL_C => self.first(byte),
            _ => Begun::Nothing,
        }
    }

    fn control(&mut self, mut parameters: Vec<u8>, byte: u8) -> Begun {
        match byte {
            0x20..=0x3f => {
                if parameters.len() <= PARAMETERS {
                    parameters.push(byte);
                }
                Begun::Control(parameters)
            }
            // Function keys of the Linux console, and a mouse's report in bytes (console_codes(4)).
            b'[' if parameters.is_empty() => Begun::Rest(1),
            b'M' if parameters.is_empty() => Begun::Rest(3),
            b'~' if parameters == PASTE => Begun::Paste(Vec::new(), 0),
            0x40..=0x7e => {
                self.found.extend(in_sequence(&parameters, byte));
                Begun::Nothing
            }
            _ => self.first(byte),
        }
    }

    fn text(&mut self, byte: u8) -> Begun {
        match byte {
            ESC => Begun::TextEscape,
            BEL => Begun::Nothing,
            CTRL_C => self.first(byte),
            _ => Begun::Text,
        }
    }

    fn pasted(&mut self, mut text: Vec<u8>, mut end: usize, byte: u8) -> Begun {
        if PASTE_END.get(end) == Some(&byte) {
            end += 1;
        } else {
            // ESC begins the end and occurs nowhere else in it.
            end = usize::from(byte == ESC);
        }
        if text.len() < PASTED {
            text.push(byte);
        }
        if end < PASTE_END.len() {
            return Begun::Paste(text, end);
        }
        let text = text.strip_suffix(PASTE_END).unwrap_or(&text);
        self.found.push(Message::Pasted(String::from_utf8_lossy(text).into_owned()));
        Begun::Nothing
    }
}

fn typed(byte: u8) -> Option<Key> {
    Some(match byte {
        0x02 => Key::PageUp,
        CTRL_C => Key::Interrupt,
        0x06 => Key::PageDown,
        0x0c => Key::Redraw,
        0x1a => Key::Suspend,
        // Old terminals send the first one.
        0x08 | 0x7f => Key::Backspace,
        b'\t' => Key::Next,
        b'\r' => Key::Enter,
        b' '..=b'~' => Key::Char(char::from(byte)),
        _ => return None,
    })
}

/// The key of a letter after SS3, or at the end of a control sequence.
const fn named(last: u8) -> Option<Key> {
    Some(match last {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'H' => Key::Home,
        b'F' => Key::End,
        _ => return None,
    })
}

fn in_sequence(parameters: &[u8], last: u8) -> Option<Message> {
    match (parameters, last) {
        // The rest was not kept.
        _ if parameters.len() > PARAMETERS => None,
        ([b'<', report @ ..], b'M') => mouse::decode(report).map(Message::Mouse),
        _ => key_in_sequence(parameters, last).map(Message::Key),
    }
}

/// The key of a control sequence, from xterm, rxvt or the Linux console. The second parameter, for Shift and other
/// modifiers, is ignored.
fn key_in_sequence(parameters: &[u8], last: u8) -> Option<Key> {
    // Answers have other parameters.
    let numbers = parameters.iter().all(|byte| matches!(byte, b'0'..=b';'));
    match (last, parameters.split(|byte| *byte == b';').next()) {
        _ if !numbers => None,
        (b'~', Some(b"1" | b"7")) => Some(Key::Home),
        (b'~', Some(b"4" | b"8")) => Some(Key::End),
        (b'~', Some(b"5")) => Some(Key::PageUp),
        (b'~', Some(b"6")) => Some(Key::PageDown),
        (b'Z', _) => Some(Key::Previous),
        _ => named(last),
    }
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
            Message::Mouse(mouse) => format!("{:?} {} {}", mouse.kind, mouse.column, mouse.row),
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
            "\x1b[1;1;1;1;1;1;1;1;1;1;1A",
        ] {
            is(bytes, &[]);
        }
        is("\x1b\x1b[A", &["Escape", "Up"]);
    }

    #[test]
    fn the_mouse_presses_and_turns_its_wheel() {
        for (report, said) in [
            ("\x1b[<0;1;1M", "Press 0 0"),
            ("\x1b[<0;80;24M", "Press 79 23"),
            ("\x1b[<64;300;5M", "WheelUp 299 4"),
            ("\x1b[<65;65535;65535M", "WheelDown 65534 65534"),
        ] {
            is(report, &[said]);
            is(&report.repeat(2), &[said, said]);
        }
        // Other buttons, releases, Shift, motion, nonsense, and reports that are too long or of another form.
        for report in ["<1;1;1M", "<0;1;1m", "<4;1;1M", "<68;1;1M", "<32;1;1M", "<0;0;1M", "<0;1M", "<M", "<0;1;1A"] {
            is(&format!("\x1b[{report}"), &[]);
        }
        for report in ["<0;1;65536M", "<0;1;1;1M", "<0;1;1 M", "<0;00001;00000001M", "?0;1;1M", "0;1;1M", "M\u{7f}qj"] {
            is(&format!("\x1b[{report}"), &[]);
        }
        is("\x1b[200~\x1b[<0;1;1M\x1b[201~", &["pasted \"\\u{1b}[<0;1;1M\""]);
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
        is("\x1b[200~hello\rq\x1a\x1b[A\x1b[201~", &["pasted \"hello\\rq\\u{1a}\\u{1b}[A\""]);
        assert_eq!(come_to([&b"\x1b[200~a\x03b"[..], b"\x1b[201~"]), ["pasted \"a\\u{3}b\""]);
        is("\x1b[200~\x1b[201~", &["pasted \"\""]);
        is("\x1b[200~\x1b\x1b[201\x1b[201~", &["pasted \"\\u{1b}\\u{1b}[201\""]);
        is("\x1b[200~日\x1b[201~", &["pasted \"日\""]);
        // The kept text is limited, the time is not.
        let mut input = Input::default();
        assert!(input.take(b"\x1b[200~").is_empty() && input.patience().is_none());
        for _ in 0..1000 {
            assert!(input.take(&[b'q'; 1000]).is_empty());
        }
        let pasted = input.take(b"\x1b[201~j");
        assert!(matches!(&pasted[..], [Message::Pasted(text), Message::Key(_)] if text.len() == PASTED), "{pasted:?}");
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
