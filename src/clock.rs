//! Time, as the events write it.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixMillis(pub u64);

impl UnixMillis {
    /// A clock before 1970 counts as 1970.
    pub fn now() -> Self {
        Self::of(SystemTime::now()).unwrap_or(Self(0))
    }

    /// `None`: the time is before 1970.
    pub fn of(time: SystemTime) -> Option<Self> {
        let since = time.duration_since(UNIX_EPOCH).ok()?;
        Some(Self(u64::try_from(since.as_millis()).unwrap_or(u64::MAX)))
    }

    /// The time since an earlier moment; zero if that is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    #[must_use]
    pub fn after(self, time: Duration) -> Self {
        self + u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
    }
}

impl Add<u64> for UnixMillis {
    type Output = Self;

    fn add(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

impl Sub<u64> for UnixMillis {
    type Output = Self;

    fn sub(self, ms: u64) -> Self {
        Self(self.0.saturating_sub(ms))
    }
}

/// ISO 8601 with milliseconds, always 24 characters: `2026-01-01T00:00:00.000Z`. Years after 9999 are written as the
/// end of 9999, so that the length of a body does not depend on the clock.
impl fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LAST: u64 = 253_402_300_799_999;
        let ms = self.0.min(LAST);
        let (days, of_day) = (ms / 86_400_000, ms % 86_400_000);
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1000 % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1000)
    }
}

/// Time since the machine was started, asleep or not. Nobody can set this clock. (A time namespace may shift it,
/// `time_namespaces(7)`; an age is then wrong by the difference.)
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootTime {
    /// The identifier of this boot.
    boot: String,
    ms: u64,
}

impl BootTime {
    /// `None` where the system does not identify its boots.
    pub fn now() -> Option<Self> {
        #[cfg(target_os = "linux")]
        {
            let boot = boot_id()?;
            let time = Duration::try_from(rustix::time::clock_gettime(rustix::time::ClockId::Boottime)).ok()?;
            Some(Self { boot, ms: u64::try_from(time.as_millis()).ok()? })
        }
        #[cfg(not(target_os = "linux"))]
        None
    }

    /// An earlier moment; `None` if it was before the boot.
    pub fn before(self, time: Duration) -> Option<Self> {
        Some(Self { ms: self.ms.checked_sub(u64::try_from(time.as_millis()).ok()?)?, ..self })
    }

    /// The time since another moment; `None` after a reboot.
    pub fn since(&self, other: &Self) -> Option<Duration> {
        (self.boot == other.boot).then(|| Duration::from_millis(self.ms.saturating_sub(other.ms)))
    }
}

/// The identifier of this boot. `None` where the system does not identify its boots.
pub fn boot_id() -> Option<String> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let path = std::path::Path::new("/proc/sys/kernel/random/boot_id");
    let text = crate::files::read(path, crate::files::Links::Follow, 64).ok()?;
    Some(String::from_utf8(text).ok()?.trim().to_owned())
}

/// Year, month and day in the proleptic Gregorian calendar. Years begin in March here, so that the leap day is the last
/// day of a year and every 400 years have 146,097 days.
pub(crate) fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_one_start_can_be_compared() {
        let at = |boot: &str, ms| BootTime { boot: boot.to_owned(), ms };
        assert_eq!(at("a", 5).since(&at("a", 3)), Some(Duration::from_millis(2)));
        assert_eq!(at("a", 3).since(&at("a", 5)), Some(Duration::ZERO));
        assert_eq!(at("a", 5).since(&at("b", 3)), None);
        assert_eq!(at("a", 5).before(Duration::from_millis(3)), Some(at("a", 2)));
        assert_eq!(at("a", 5).before(Duration::from_millis(6)), None);
        if cfg!(target_os = "linux") {
            let now = BootTime::now().unwrap();
            assert!(
                now.boot.len() == 36
                    && BootTime::now().unwrap().since(&now).is_some_and(|time| time < Duration::from_mins(1))
            );
        }
    }

    #[test]
    fn known_moments() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (u64::MAX, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(UnixMillis(ms).to_string(), text);
        }
    }
}
