//! Numbers as the daemon's C code converts them.

use super::json::Value;

/// The C type in which the daemon keeps a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    U8,
    U32,
    I32,
    U64,
    I64,
}

impl Width {
    /// The value as it is kept, extended to 64 bits with its sign.
    #[expect(clippy::cast_possible_truncation, reason = "a C assignment drops the upper bits, too")]
    fn keep(self, wide: u64) -> u64 {
        match self {
            Self::U8 => u64::from(wide as u8),
            Self::U32 => u64::from(wide as u32),
            Self::I32 => i64::from((wide as u32).cast_signed()).cast_unsigned(),
            Self::U64 | Self::I64 => wide,
        }
    }
}

/// A fraction without a check of its range, as x86-64 converts it: the bits that its instructions leave behind. The
/// packages for other processors differ where the number does not fit.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked before")]
pub(super) fn cast(number: f64, width: Width) -> u64 {
    const INDEFINITE: u64 = 1 << 63;
    let half = 9_223_372_036_854_775_808.0;
    let signed = |number: f64| {
        if number >= -half && number < half { (number as i64).cast_unsigned() } else { INDEFINITE }
    };
    let wide = match width {
        Width::U8 | Width::I32 if !(number > -2_147_483_649.0 && number < 2_147_483_648.0) => 1 << 31,
        Width::U64 if number >= half => signed(number - half) ^ INDEFINITE,
        _ => signed(number),
    };
    width.keep(wide)
}

/// The conversion of a value to a whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Typing {
    /// Up to 2.9: only numbers are.
    Strict,
    /// 2.10: texts and booleans, too.
    Loose,
    /// From 2.11 on: and the range of a fraction is checked.
    Checked,
}

/// The daemon stops reading the file here; what it has read before stays.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stop;

/// Zero for a value that does not count.
pub(super) fn whole(value: &Value, signed: bool, width: Width, typing: Typing) -> Result<u64, Stop> {
    let wide = match value {
        Value::Int(number) if signed => number.cast_unsigned(),
        Value::Int(number) => u64::try_from(*number).unwrap_or(0),
        Value::Large(_) if signed => i64::MAX.cast_unsigned(),
        Value::Large(number) => *number,
        Value::Double(number) => {
            let half = 9_223_372_036_854_775_808.0;
            let (from, to) = if signed { (-half, half) } else { (0.0, half * 2.0) };
            if typing < Typing::Checked {
                return Ok(cast(*number, width));
            }
            if !(from..to).contains(number) {
                return Err(Stop);
            }
            cast(*number, if signed { Width::I64 } else { Width::U64 })
        }
        Value::Bool(_) | Value::Text(_) | Value::Array(_) | Value::Object(_) if typing == Typing::Strict => {
            return Err(Stop);
        }
        Value::Bool(on) => u64::from(*on),
        Value::Text(text) => of_text(text, signed).ok_or(Stop)?,
        Value::Null | Value::Array(_) | Value::Object(_) => 0,
    };
    Ok(width.keep(wide))
}

fn skip_space(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !matches!(byte, b' ' | b'\t'..=b'\r')).unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

/// Whether there is a minus, and what follows the sign.
fn sign(text: &[u8]) -> (bool, &[u8]) {
    let text = skip_space(text);
    let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+"));
    (text.first() == Some(&b'-'), digits.unwrap_or(text))
}

/// As in strtoll(3) and strtoull(3), of a whole text. The latter takes a minus after a blank and wraps around.
fn of_text(text: &[u8], signed: bool) -> Option<u64> {
    if !signed && text.first() == Some(&b'-') {
        return None;
    }
    let (negative, digits) = sign(text);
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let magnitude: u64 = str::from_utf8(digits).ok()?.parse().ok()?;
    let most = if signed { i64::MAX.cast_unsigned() + u64::from(negative) } else { u64::MAX };
    (magnitude <= most).then(|| if negative { magnitude.wrapping_neg() } else { magnitude })
}

/// The daemon's own reading of an `int` at the beginning of a text: zero if there is none.
pub(super) fn leading_integer(text: &[u8]) -> i32 {
    let (negative, digits) = sign(text);
    let number = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0u32, |number, digit| number.wrapping_mul(10).wrapping_add(u32::from(digit - b'0')));
    let number = number.cast_signed();
    if negative { number.wrapping_neg() } else { number }
}

/// An address: hexadecimal after `0x`, base 64 after `#`, else decimal. It ends at the first other byte.
pub(super) fn address(text: &[u8]) -> u64 {
    let (digits, base) = match text {
        [b'0', b'x', rest @ ..] => (skip_space(rest), 16),
        [b'#', rest @ ..] => (skip_space(rest), 64),
        rest => (skip_space(rest), 10),
    };
    let value = |byte: u8| match base {
        64 => match byte {
            b'A'..=b'Z' => Some(byte - b'A'),
            b'a'..=b'z' => Some(byte - b'a' + 26),
            b'0'..=b'9' => Some(byte - b'0' + 52),
            b'+' => Some(62),
            b'/' => Some(63),
            _ => None,
        },
        _ => char::from(byte).to_digit(base).and_then(|digit| u8::try_from(digit).ok()),
    };
    digits
        .iter()
        .map_while(|byte| value(*byte))
        .fold(0u64, |number, digit| number.wrapping_mul(u64::from(base)).wrapping_add(u64::from(digit)))
}

/// A number where a text belongs, as daemons from 2.10 on write it. `None`: infinite, or no number.
pub(super) fn as_text(number: f64) -> Option<String> {
    if !number.is_finite() {
        return None;
    }
    let sign = if number < 0.0 { "-" } else { "" };
    let mut number = number.abs();
    let (mut precision, mut digits, mut exponent) = (10_000_000u64, 7, String::new());
    if number >= 1_844_674_407_370_955_161.0 {
        let power = number.log10().floor();
        number /= 10f64.powf(power);
        (precision, digits, exponent) = (1_000_000_000_000_000_000, 18, format!("e+{power}"));
    }
    let mut whole = cast(number.trunc(), Width::U64);
    #[expect(clippy::cast_precision_loss, reason = "a power of ten below 2^60")]
    let mut fraction = cast((number.fract() * precision as f64).round_ties_even(), Width::I64);
    if fraction >= precision {
        whole += 1;
        fraction -= precision;
    }
    let fraction = if fraction == 0 { String::new() } else { format!(".{fraction:0digits$}") };
    Some(format!("{sign}{whole}{}{exponent}", fraction.trim_end_matches('0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: &Value, width: Width, typing: Typing) -> Option<i64> {
        whole(value, false, width, typing).ok().map(u64::cast_signed)
    }

    #[test]
    fn what_stops_the_daemon() {
        let text = |text: &str| Value::Text(text.as_bytes().to_vec());
        for (value, strict, loose, checked) in [
            (Value::Double(7.9), Some(7), Some(7), Some(7)),
            (Value::Double(-7.9), Some(-7), Some(-7), None),
            (Value::Double(f64::NAN), Some(i64::MIN), Some(i64::MIN), None),
            (Value::Int(-3), Some(0), Some(0), Some(0)),
            (text("12"), None, Some(12), Some(12)),
            (text(" +12"), None, Some(12), Some(12)),
            (text(" -1"), None, Some(-1), Some(-1)),
            (text("-1"), None, None, None),
            (text("12x"), None, None, None),
            (text(""), None, None, None),
            (text("18446744073709551616"), None, None, None),
            (Value::Bool(true), None, Some(1), Some(1)),
            (Value::Array(Vec::new()), None, Some(0), Some(0)),
        ] {
            let by = |typing| number(&value, Width::U64, typing);
            let found = [by(Typing::Strict), by(Typing::Loose), by(Typing::Checked)];
            assert_eq!(found, [strict, loose, checked], "{value:?}");
        }
        assert_eq!(number(&Value::Int(259), Width::U8, Typing::Strict), Some(3));
        assert_eq!(number(&Value::Int(1 << 31), Width::I32, Typing::Strict), Some(-1 << 31));
        assert_eq!(whole(&text("-5"), true, Width::I64, Typing::Checked), Ok((-5i64).cast_unsigned()));
    }

    #[test]
    fn numbers_as_texts() {
        for (number, text) in [(1.5, "1.5"), (-0.25, "-0.25"), (2.0, "2"), (0.999_999_99, "1"), (1e30, "1e+30")] {
            assert_eq!(as_text(number).as_deref(), Some(text));
        }
        assert_eq!(as_text(f64::NAN), None);
    }

    #[test]
    fn addresses() {
        for (text, number) in [("0x1F", 31), ("0xg", 0), ("#B", 1), ("#BA", 64), (" 12x", 12), ("", 0)] {
            assert_eq!(address(text.as_bytes()), number, "{text}");
        }
    }
}
