//! The releases of the daemon that report by themselves, and how each reads and writes a status file.
//!
//! Read in the sources of 2.4.0, 2.5.4, 2.6.0, 2.6.3, 2.9.0, 2.10.0, 2.10.4 and 2.11.0; recorded from 2.5.4, 2.9.0 and
//! 2.11.0.

use super::number::Typing;

/// A daemon's version, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// As the daemon writes it: `v2.9.0`.
    pub text: String,
    minor: (u32, u32),
    /// Built between two releases.
    between: bool,
}

impl Release {
    /// `None`: the text is not a version.
    pub fn new(text: &str) -> Option<Self> {
        let number = text.trim_start_matches('v');
        let (number, suffix) = number.split_once(['-', '+', '~']).unwrap_or((number, ""));
        let mut parts = number.split('.');
        let minor = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        // v2.10.0-686-nightly, or v2.9.0-3-g0123abc. Of 2.9.0-1 the end is the packager's.
        let between = suffix.contains('-');
        let text = if between { text.trim_start_matches('v') } else { number };
        Some(Self { text: format!("v{text}"), minor, between })
    }

    /// The version of the status file that it writes; `None`: not known.
    pub fn schema(&self) -> Option<u64> {
        match self.minor {
            _ if self.between => None,
            (2, 4) => Some(27),
            (2, 5..=10) => Some(28),
            (2, 11) => Some(29),
            _ => None,
        }
    }

    pub(super) fn typing(&self) -> Typing {
        match self.minor {
            (..=1, _) | (2, ..=9) => Typing::Strict,
            // Release 2.10 is a branch of its own; what was built later has the next rule.
            (2, 10) if !self.between => Typing::Loose,
            _ => Typing::Checked,
        }
    }

    /// Whether a time that cannot be read is written as 1970; from 2.8 on it is an empty text.
    pub fn writes_1970(&self) -> bool {
        self.minor < (2, 8)
    }

    /// Whether a new session keeps the time zone of the last one; from 2.10 on it looks for it anew, and later.
    pub fn keeps_timezone(&self) -> bool {
        self.minor < (2, 10)
    }

    /// How it hashes a report, to post the same only once in 23 hours.
    pub fn hashing(&self) -> Option<Hashing> {
        match self.minor {
            _ if self.between => None,
            (2, 4..=6) => Some(Hashing { time_as_text: false, function: false }),
            // Of 2.7 it is not known.
            (2, 8..=10) => Some(Hashing { time_as_text: true, function: false }),
            (2, 11) => Some(Hashing { time_as_text: true, function: true }),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hashing {
    /// The time of the installation counts as text, too.
    pub time_as_text: bool,
    /// The function has a place of its own. Before, it was written over the file's name.
    pub function: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (text, written, schema) in [
            ("v2.5.4", "v2.5.4", Some(28)),
            ("2.10.4-2", "v2.10.4", Some(28)),
            ("v2.11.1", "v2.11.1", Some(29)),
            ("v2.10.0-686-nightly", "v2.10.0-686-nightly", None),
            ("2.3.0", "v2.3.0", None),
            ("v3.0.0", "v3.0.0", None),
        ] {
            let release = Release::new(text).unwrap();
            assert_eq!((release.text.as_str(), release.schema()), (written, schema), "{text}");
        }
        assert_eq!(Release::new("unknown"), None);
    }
}
