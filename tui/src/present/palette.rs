//! The colours, one meaning each, for the text and the screens. A word or a symbol always says the same.

use std::ffi::{OsStr, OsString};

use anonymous_statistics::channels::State;

use crate::cli::ColorChoice;

/// What a piece of text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A value that tells this installation from all others.
    Identifier,
    /// A value that few machines share.
    Exact,
    /// A value that is not known here.
    Unknown,
    /// The name of a field or of an option.
    Name,
    /// What differs.
    Difference,
    /// That of a channel, or of all together.
    State(State),
}

impl Role {
    /// The foreground, one of the terminal's own sixteen colours, as ECMA-48 numbers it (8.3.117). The terminal's theme
    /// keeps them readable on its background.
    pub(crate) const fn sgr(self) -> u8 {
        match self {
            Self::Identifier => 31,
            Self::State(State::Off) => 32,
            Self::Exact | Self::State(State::On | State::OnLater) => 33,
            Self::Unknown => 34,
            Self::Difference | Self::State(State::Unknown) => 35,
            Self::Name | Self::State(State::NotThere) => 36,
        }
    }

    /// A piece of a text in this colour, for [`crate::output::text`].
    pub(crate) fn paint(self, text: &str) -> String {
        format!("\u{1b}[{}m{text}\u{1b}[39m", self.sgr())
    }
}

/// A heading, in bold.
pub(crate) fn heading(text: &str) -> String {
    format!("\u{1b}[1m{text}\u{1b}[22m")
}

/// Whether there are colours: what the caller says, else on a terminal that has some, unless `NO_COLOR` is set
/// (no-color.org).
pub(crate) fn is_wanted(choice: ColorChoice, terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let set = |name: &str| variable(name).filter(|value| value != OsStr::new(""));
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => terminal && set("NO_COLOR").is_none() && set("TERM").is_some_and(|term| term != "dumb"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_decides_then_the_environment() {
        let wanted = |choice, terminal, variables: &[(&str, &str)]| {
            is_wanted(choice, terminal, |name| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
            })
        };
        let xterm = ("TERM", "xterm");
        assert!(wanted(ColorChoice::Always, false, &[("NO_COLOR", "1")]));
        assert!(!wanted(ColorChoice::Never, true, &[xterm]));
        assert!(wanted(ColorChoice::Auto, true, &[xterm]));
        assert!(wanted(ColorChoice::Auto, true, &[xterm, ("NO_COLOR", "")]));
        for (terminal, variables) in
            [(false, &[xterm][..]), (true, &[xterm, ("NO_COLOR", "1")]), (true, &[]), (true, &[("TERM", "dumb")])]
        {
            assert!(!wanted(ColorChoice::Auto, terminal, variables), "{terminal} {variables:?}");
        }
    }
}
