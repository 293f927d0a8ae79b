//! JSON as the daemon reads it: with json-c (`json_tokener.c`, versions 0.16 to 0.18), which is not strict.
//!
//! Comments, single quotes, a comma before the end, `NaN`, words in any case, leading zeros, raw control characters and
//! whatever follows the value are accepted. Strings are bytes. Of a key that occurs twice the last value counts.

/// Values inside values. json-c gives up at its default, 32 levels.
const DEPTH: usize = 31;

const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    /// Above the range of `Int`.
    Large(u64),
    Double(f64),
    /// Up to the first NUL: the daemon handles C strings.
    Text(Vec<u8>),
    Array(Vec<Value>),
    Object(Vec<(Vec<u8>, Value)>),
}

impl Value {
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader { bytes, at: 0 };
        let value = reader.value(0)?;
        // What follows may be anything but an unfinished comment.
        match reader.blanks() {
            Blanks::Unfinished => None,
            Blanks::Done | Blanks::Nul => Some(value),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().rfind(|(name, _)| name == key.as_bytes()).map(|(_, value)| value)
    }
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
}

/// The end of blanks and comments.
#[derive(PartialEq)]
enum Blanks {
    Done,
    /// At a NUL inside a comment, where json-c stops.
    Nul,
    /// In a comment that does not end, or at a slash that begins none.
    Unfinished,
}

impl Reader<'_> {
    /// NUL at the end: outside a string neither of them is ever valid.
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.at).copied();
        self.at += 1;
        byte
    }

    fn takes(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        self.at += usize::from(found);
        found
    }

    fn blanks(&mut self) -> Blanks {
        loop {
            while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
                self.at += 1;
            }
            if !self.takes(b'/') {
                return Blanks::Done;
            }
            let ended = match self.next() {
                // The byte after a star is the end or nothing: `**/` ends no comment.
                Some(b'*') => loop {
                    match self.next() {
                        Some(b'*') => match self.next() {
                            Some(b'/') => break Blanks::Done,
                            Some(0) => break Blanks::Nul,
                            Some(_) => {}
                            None => break Blanks::Unfinished,
                        },
                        Some(0) => break Blanks::Nul,
                        Some(_) => {}
                        None => break Blanks::Unfinished,
                    }
                },
                Some(b'/') => loop {
                    match self.next() {
                        Some(b'\n') => break Blanks::Done,
                        Some(0) => break Blanks::Nul,
                        Some(_) => {}
                        None => break Blanks::Unfinished,
                    }
                },
                _ => Blanks::Unfinished,
            };
            if ended != Blanks::Done {
                return ended;
            }
        }
    }

    fn skip(&mut self) -> Option<()> {
        (self.blanks() == Blanks::Done).then_some(())
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEPTH {
            return None;
        }
        self.skip()?;
        match self.peek() {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            quote @ (b'"' | b'\'') => self.text(quote).map(Value::Text),
            b'I' | b'i' => self.word("Infinity").then_some(Value::Double(f64::INFINITY)),
            b'N' | b'n' if self.word("null") => Some(Value::Null),
            b'N' | b'n' => self.word("NaN").then_some(Value::Double(f64::NAN)),
            b'T' | b't' => self.word("true").then_some(Value::Bool(true)),
            b'F' | b'f' => self.word("false").then_some(Value::Bool(false)),
            b'-' | b'0'..=b'9' => self.number(depth),
            _ => None,
        }
    }

    fn word(&mut self, word: &str) -> bool {
        let found = self.bytes.get(self.at..self.at + word.len());
        let found = found.is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()));
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        let mut members = Vec::new();
        self.at += 1;
        loop {
            self.skip()?;
            match self.peek() {
                b'}' => break,
                quote @ (b'"' | b'\'') => {
                    let key = self.text(quote)?;
                    self.skip()?;
                    if !self.takes(b':') {
                        return None;
                    }
                    members.push((key, self.value(depth + 1)?));
                }
                _ => return None,
            }
            self.skip()?;
            if !self.takes(b',') {
                break;
            }
        }
        self.takes(b'}').then_some(Value::Object(members))
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        let mut items = Vec::new();
        self.at += 1;
        loop {
            self.skip()?;
            if self.peek() == b']' {
                break;
            }
            items.push(self.value(depth + 1)?);
            self.skip()?;
            if !self.takes(b',') {
                break;
            }
        }
        self.takes(b']').then_some(Value::Array(items))
    }

    fn text(&mut self, quote: u8) -> Option<Vec<u8>> {
        let mut text = Vec::new();
        self.at += 1;
        loop {
            match self.next()? {
                0 => return None,
                byte if byte == quote => break,
                b'\\' => self.escape(&mut text)?,
                byte => text.push(byte),
            }
        }
        let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
        text.truncate(end);
        Some(text)
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Option<()> {
        let byte = match self.next()? {
            byte @ (b'"' | b'\\' | b'/') => byte,
            b'b' => 8,
            b't' => b'\t',
            b'n' => b'\n',
            b'f' => 12,
            b'r' => b'\r',
            b'u' => return self.unicode(text),
            _ => return None,
        };
        text.push(byte);
        Some(())
    }

    /// After `\u`. A surrogate without its other half becomes U+FFFD.
    fn unicode(&mut self, text: &mut Vec<u8>) -> Option<()> {
        let mut unit = self.hex()?;
        while (0xd800..0xdc00).contains(&unit) {
            if self.bytes.get(self.at..self.at + 2) != Some(b"\\u") {
                // Another escape sequence, or none: read as usual.
                text.extend_from_slice(REPLACEMENT);
                return Some(());
            }
            self.at += 2;
            let low = self.hex()?;
            if (0xdc00..0xe000).contains(&low) {
                unit = 0x1_0000 + ((unit & 0x3ff) << 10) + (low & 0x3ff);
            } else {
                text.extend_from_slice(REPLACEMENT);
                unit = low;
            }
        }
        let c = char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER);
        text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        Some(())
    }

    fn hex(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |unit, _| Some(unit << 4 | char::from(self.next()?).to_digit(16)?))
    }

    fn number(&mut self, depth: usize) -> Option<Value> {
        let start = self.at;
        let (mut fraction, mut exponent, mut plus, mut minus) = (false, false, false, true);
        loop {
            match self.peek() {
                b'0'..=b'9' => (plus, minus) = (false, false),
                b'-' if minus => (plus, minus) = (false, false),
                b'+' if plus => (plus, minus) = (false, false),
                b'.' if !fraction => (fraction, plus, minus) = (true, true, true),
                b'e' | b'E' if !exponent => (fraction, exponent, plus, minus) = (true, true, true, true),
                _ => break,
            }
            self.at += 1;
        }
        let text = str::from_utf8(self.bytes.get(start..self.at)?).ok()?;
        let after = self.peek();
        if text == "-" && matches!(after, b'I' | b'i') {
            return self.word("Infinity").then_some(Value::Double(f64::NEG_INFINITY));
        }
        if depth > 0 && !matches!(after, b',' | b']' | b'}' | b'/' | b'I' | b'i' | b' ' | b'\t' | b'\n' | b'\r') {
            return None;
        }
        if fraction {
            // `12e+` is 12.
            let text = text.trim_end_matches(['e', 'E', '-', '+']);
            return text.parse().ok().map(Value::Double);
        }
        // A number that is too large or too small becomes the last one of its range.
        if let Some(digits) = text.strip_prefix('-') {
            let plain = !digits.is_empty();
            return plain.then(|| Value::Int(text.parse().unwrap_or(i64::MIN)));
        }
        let number: u64 = text.parse().unwrap_or(u64::MAX);
        Some(i64::try_from(number).map_or(Value::Large(number), Value::Int))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::Text(text.as_bytes().to_vec())
    }

    #[test]
    fn what_is_accepted() {
        for (json, value) in [
            ("'a' trailing", text("a")),
            (" /* * **x*/ // y\n\"a\tb\u{7f}\"", text("a\tb\u{7f}")),
            (
                r#""\ud83d\ude00 \ud800x \ud800\n \udc00 \ud800\u0041""#,
                text("\u{1f600} \u{fffd}x \u{fffd}\n \u{fffd} \u{fffd}A"),
            ),
            (r#""a\u0000b""#, text("a")),
            ("[1,]", Value::Array(vec![Value::Int(1)])),
            ("NULL", Value::Null),
            (
                "[007, -0, 1., 12e+, -Infinity, TRUE]",
                Value::Array(vec![
                    Value::Int(7),
                    Value::Int(0),
                    Value::Double(1.0),
                    Value::Double(12.0),
                    Value::Double(f64::NEG_INFINITY),
                    Value::Bool(true),
                ]),
            ),
            (
                "[18446744073709551616, -9223372036854775809, 9223372036854775808]",
                Value::Array(vec![Value::Large(u64::MAX), Value::Int(i64::MIN), Value::Large(1 << 63)]),
            ),
            ("{} // end\n", Value::Object(Vec::new())),
            ("{} /* \0", Value::Object(Vec::new())),
        ] {
            assert_eq!(Value::parse(json.as_bytes()), Some(value), "{json}");
        }
        let twice = Value::parse(b"{'a': 1, 'b': 2, 'a': 3,}").unwrap();
        assert_eq!(twice.get("a"), Some(&Value::Int(3)));
        assert!(
            matches!(Value::parse(b"[NaN]"), Some(Value::Array(items)) if matches!(items[..], [Value::Double(n)] if n.is_nan()))
        );
        assert_eq!(Value::parse(b"\"\xff\xfe\""), Some(Value::Text(vec![0xff, 0xfe])));
    }

    #[test]
    fn what_is_not() {
        for json in [
            "",
            "{",
            "\u{feff}{}",
            "[1 2]",
            "{a: 1}",
            "{,}",
            "[,]",
            "[1.-5]",
            "[-]",
            "[1x]",
            "\"a\0b\"",
            "\"\\x\"",
            "{} /",
            "{} /* x",
            "{} // x",
            "/* a **/ 1",
            "[1.2.3]",
            "nul",
            "\"\\ud800\\U0041\"",
            "\"\\u12\"",
        ] {
            assert_eq!(Value::parse(json.as_bytes()), None, "{json}");
        }
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(Value::parse(nested(32).as_bytes()).is_some() && Value::parse(nested(33).as_bytes()).is_none());
    }
}
