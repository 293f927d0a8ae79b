//! The time zone of whoever asks.

/// By how many seconds the local time is ahead of UTC at this time, in seconds since 1970: as `TZ` says, else
/// `/etc/localtime` (tzset(3)). `None`: the C library has no such date.
#[allow(unsafe_code, reason = "the rules of the zones are the C library's, and std has none")]
#[allow(clippy::useless_conversion, reason = "the C library's numbers have 32 bits on some machines")]
pub fn utc_offset(time: i64) -> Option<i64> {
    let time = time.try_into().ok()?;
    // SAFETY: numbers and a pointer, all of which may be zero.
    let mut local: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both point to values that live until it returns. It reads the environment, which nothing here changes.
    let answer = unsafe { libc::localtime_r(&raw const time, &raw mut local) };
    (!answer.is_null()).then(|| i64::from(local.tm_gmtoff))
}
