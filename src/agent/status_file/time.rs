//! Times as the daemon reads and writes them: RFC 3339, microseconds since 1970.

use std::fmt::Write as _;

use crate::clock::civil;

/// The daemon copies a time into a buffer of this size before it reads it.
const BYTES: usize = 35;

/// Whatever follows the time does not count. `None`: it is no time.
pub(super) fn read(text: &[u8]) -> Option<u64> {
    let mut rest = Rest(text.get(..BYTES).unwrap_or(text));
    let year = rest.number(0, 9999, 4)?;
    let month = rest.then(b'-')?.number(1, 12, 2)?;
    let day = rest.then(b'-')?.number(1, 31, 2)?;
    let hour = rest.then(b'T')?.number(0, 23, 2)?;
    let minute = rest.then(b':')?.number(0, 59, 2)?;
    // strptime(3): 60 may be a leap second, and the C library accepts one more.
    let second = rest.then(b':')?.number(0, 61, 2)?;
    let mut micros = 0;
    if rest.then(b'.').is_some() {
        let digits = rest.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=9).contains(&digits) {
            return None;
        }
        for at in 0..6 {
            let digit = rest.0.get(at).filter(|_| at < digits).map_or(0, |digit| u64::from(digit - b'0'));
            micros = micros * 10 + digit;
        }
        rest.0 = rest.0.get(digits..)?;
    }
    let offset = match rest.0 {
        [b'Z', ..] => 0,
        [sign @ (b'+' | b'-'), a, b, b':', c, d, ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_digit()) => {
            let two = |tens: u8, ones: u8| i64::from(tens - b'0') * 10 + i64::from(ones - b'0');
            let seconds = two(*a, *b) * 3600 + two(*c, *d) * 60;
            if *sign == b'+' { seconds } else { -seconds }
        }
        _ => return None,
    };
    // timegm(3) also takes the 31st of a short month.
    let seconds = (days(year, month) + day - 1) * 86_400 + hour * 3600 + minute * 60 + second - offset;
    Some(seconds.cast_unsigned().wrapping_mul(1_000_000).wrapping_add(micros))
}

/// Two digits of the second are written, and none if it is whole.
pub fn write(micros: u64) -> String {
    let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
    let (year, month, day) = civil(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let year = year.min(9999);
    let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
    if micros > 0 {
        // Writing to a String cannot fail.
        let _ = write!(text, ".{:02}", micros / 10_000);
    }
    text + "Z"
}

/// Days from 1970 to the first of a month.
fn days(year: i64, month: i64) -> i64 {
    // Years begin in March, so that the leap day is the last day of a year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (month * 153 + 2) / 5 - 719_468
}

struct Rest<'t>(&'t [u8]);

impl Rest<'_> {
    fn then(&mut self, byte: u8) -> Option<&mut Self> {
        self.0 = self.0.strip_prefix(&[byte])?;
        Some(self)
    }

    /// As in strptime(3): blanks may stand before the number.
    fn number(&mut self, from: i64, to: i64, digits: usize) -> Option<i64> {
        while let [b' ' | b'\t'..=b'\r', rest @ ..] = self.0 {
            self.0 = rest;
        }
        let mut value = None;
        for _ in 0..digits {
            let [digit @ b'0'..=b'9', rest @ ..] = self.0 else { break };
            value = Some(value.unwrap_or(0) * 10 + i64::from(digit - b'0'));
            self.0 = rest;
            if value.is_some_and(|value| value * 10 > to) {
                break;
            }
        }
        value.filter(|value| (from..=to).contains(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_and_written_again() {
        for (text, written) in [
            ("2026-11-27T09:36:51.99Z", Some("2026-11-27T09:36:51.99Z")),
            ("2026-11-27T09:36:19.00Z", Some("2026-11-27T09:36:19Z")),
            ("2026-11-27T09:36:19.009999999Z", Some("2026-11-27T09:36:19.00Z")),
            ("2024-02-29T23:30:00-01:00 and more", Some("2024-03-01T00:30:00Z")),
            ("2026-02-31T00:00:60+05:30", Some("2026-03-02T18:31:00Z")),
            (" 26- 1-9T1:2:3Z", Some("0026-01-09T01:02:03Z")),
            ("2026-13-01T00:00:00Z", None),
            ("2026-11-27T09:36:51", None),
            ("2026-11-27T09:36:51.Z", None),
            ("2026-11-27T09:36:51.1234567890Z", None),
            ("2026-11-27 09:36:51Z", None),
            ("", None),
        ] {
            let read = read(text.as_bytes());
            // A year before 1970 is a large number of microseconds, and written as year 9999 or later.
            let before_1970 = written.is_some_and(|text| text.starts_with("00"));
            assert_eq!(read.map(write).filter(|_| !before_1970).as_deref(), written.filter(|_| !before_1970), "{text}");
            assert_eq!(read.is_some(), written.is_some(), "{text}");
        }
        assert_eq!(write(0), "1970-01-01T00:00:00Z");
    }
}
