//! The release that a daemon's version names.

use std::fmt;

/// Bytes of a version.
const VERSION: usize = 64;

/// Major and minor number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release(pub u32, pub u32);

impl Release {
    /// The first daemon with reports of its own, which also reads `DISABLE_TELEMETRY`.
    pub const REPORTS: Self = Self(2, 3);
    /// The newest whose rules are known.
    pub const NEWEST_KNOWN: Self = Self(2, 11);
    /// One of each group with the same rules, in order.
    pub const ERAS: [Self; 7] =
        [Self(1, 29), Self(1, 34), Self(1, 38), Self(2, 2), Self(2, 5), Self(2, 6), Self::NEWEST_KNOWN];

    /// Of `v1.37.1-2` or `2.6.0-12-nightly`. `None`: the text is not a version.
    pub fn of(version: &str) -> Option<Self> {
        let plain = version.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+' | b'~'));
        if !plain || version.len() > VERSION {
            return None;
        }
        let digits = version.trim_start_matches('v');
        let (major, rest) = digits.split_once('.').filter(|_| digits.starts_with(|c: char| c.is_ascii_digit()))?;
        let minor = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        Some(Self(major.parse().ok()?, minor.parse().ok()?))
    }

    /// The first and the last release whose program a daemon of this version may be: a build between two releases
    /// (`v1.39.0-87-nightly`, `v1.39.0-87-g0123abc`) has the number of the earlier one, and may already do what the
    /// later one does.
    pub fn range(version: &str) -> Option<(Self, Self)> {
        let release = Self::of(version)?;
        let commits = version.split_once('-').and_then(|(_, rest)| rest.split_once('-'));
        let is_between = commits.is_some_and(|(number, _)| number.parse::<u32>().is_ok());
        Some((release, if is_between { Self(release.0, release.1.saturating_add(1)) } else { release }))
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_between_two_releases_may_be_either() {
        for (version, first, last) in [
            ("v1.37.1", (1, 37), (1, 37)),
            ("1.37.1-2", (1, 37), (1, 37)),
            ("1.47.5-r0", (1, 47), (1, 47)),
            ("v1.39.0-87-nightly", (1, 39), (1, 40)),
            ("v2.5.0-12-g0123abc", (2, 5), (2, 6)),
            ("3.0", (3, 0), (3, 0)),
        ] {
            let range = (Release(first.0, first.1), Release(last.0, last.1));
            assert_eq!(Release::range(version), Some(range), "{version}");
        }
        for bad in ["", "v", "unknown", "1", "v1.\u{1b}", "1.2 3", "+1.2", "-1-2"] {
            assert_eq!(Release::range(bad), None, "{bad}");
        }
    }
}
