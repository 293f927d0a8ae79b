//! The look on this terminal: colours only if they are wanted, symbols only if they can be shown.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};

use anonymous_statistics::channels::Verdict;
use anonymous_statistics::text::printable;
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;

use crate::present::words;

/// The terminal's abilities and the user's wishes. Colour alone never carries information.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) colour: bool,
    pub(crate) unicode: bool,
}

pub(crate) const LABEL: Style = Style::new().add_modifier(Modifier::BOLD);

/// A stand-in for bytes that no terminal shows.
pub(crate) const CONTROL: Style = Style::new().add_modifier(Modifier::REVERSED);

/// A match of the search, and the current one.
pub(crate) const FOUND: Style = Style::new().add_modifier(Modifier::UNDERLINED.union(Modifier::BOLD));
pub(crate) const FOUND_HERE: Style = Style::new().add_modifier(Modifier::REVERSED.union(Modifier::BOLD));

/// The chosen line or tab, and the line of keys.
pub(crate) const CHOSEN: Style = Style::new().add_modifier(Modifier::REVERSED);

impl Look {
    /// From the environment: `NO_COLOR` (no-color.org), and the locale's character set (locale(7)).
    pub(crate) fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| variable(name).filter(|value| value != OsStr::new(""));
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
        let locale = locale.to_string_lossy().to_ascii_lowercase().replace('-', "");
        // The Linux console has a font of 256 or 512 characters (console_codes(4)), and no way to ask for them.
        let console = set("TERM").is_some_and(|term| term == "linux");
        Self { colour: set("NO_COLOR").is_none(), unicode: locale.contains("utf8") && !console }
    }

    /// Any text, safe for this terminal.
    pub(crate) fn text(self, text: &str) -> Cow<'_, str> {
        let safe = printable(text);
        if self.unicode || safe.is_ascii() {
            return safe;
        }
        Cow::Owned(safe.chars().fold(String::new(), |mut ascii, c| {
            if c.is_ascii() {
                ascii.push(c);
            } else {
                ascii.extend(c.escape_unicode());
            }
            ascii
        }))
    }

    /// A verdict's symbol. Words always accompany it.
    pub(crate) const fn symbol(self, verdict: &Verdict) -> &'static str {
        if !self.unicode {
            return words::symbol(verdict);
        }
        match verdict {
            Verdict::Sends(_) => " ► ",
            Verdict::Off => " ■ ",
            Verdict::CannotTell(_) => " ? ",
            Verdict::NoAgent => " ○ ",
        }
    }

    /// A verdict's style. It sets both text and background: the terminal's theme, light or dark, decides on which of
    /// the sixteen colours its own text is readable, and black is readable on each of these.
    pub(crate) fn verdict(self, verdict: &Verdict) -> Style {
        let style = Style::new().add_modifier(Modifier::BOLD);
        if !self.colour {
            return style.add_modifier(Modifier::REVERSED);
        }
        style.fg(Color::Black).bg(match verdict {
            Verdict::Sends(_) => Color::Yellow,
            Verdict::Off => Color::Green,
            Verdict::CannotTell(_) => Color::Magenta,
            Verdict::NoAgent => Color::Cyan,
        })
    }

    pub(crate) const fn differs(self) -> &'static str {
        if self.unicode { "≠" } else { "#" }
    }

    pub(crate) const fn rule(self) -> &'static str {
        if self.unicode { "─" } else { "-" }
    }

    /// The end of a text that is cut off.
    pub(crate) const fn cut(self) -> &'static str {
        if self.unicode { "…" } else { "~" }
    }

    /// Track and thumb of a scroll bar.
    pub(crate) const fn bar(self) -> (&'static str, &'static str) {
        if self.unicode { ("│", "█") } else { ("|", "#") }
    }

    pub(crate) const fn border(self) -> border::Set<'static> {
        if self.unicode {
            border::PLAIN
        } else {
            border::Set {
                top_left: "+",
                top_right: "+",
                bottom_left: "+",
                bottom_right: "+",
                vertical_left: "|",
                vertical_right: "|",
                horizontal_top: "-",
                horizontal_bottom: "-",
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(variables: &[(&str, &str)]) -> (bool, bool) {
        let look = Look::of(|name| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| OsString::from(value)));
        (look.colour, look.unicode)
    }

    #[test]
    fn the_environment_decides() {
        assert_eq!(look(&[]), (true, false));
        assert_eq!(look(&[("LANG", "en_GB.UTF-8")]), (true, true));
        assert_eq!(look(&[("LANG", "C.utf8"), ("NO_COLOR", "1")]), (false, true));
        assert_eq!(look(&[("LANG", "C.UTF-8"), ("LC_ALL", "C"), ("NO_COLOR", "")]), (true, false));
        assert_eq!(look(&[("LANG", "C.UTF-8"), ("LC_ALL", "")]), (true, true));
        assert_eq!(look(&[("LANG", "C.UTF-8"), ("TERM", "xterm")]), (true, true));
        assert_eq!(look(&[("LANG", "C.UTF-8"), ("TERM", "linux")]), (true, false));
    }

    #[test]
    fn nothing_from_outside_reaches_the_terminal_raw() {
        let plain = Look { colour: false, unicode: false };
        let rich = Look { colour: true, unicode: true };
        assert_eq!(rich.text("a\u{1b}[2Jb\u{9b}é"), "a\\u{1b}[2Jb\\u{9b}é");
        assert_eq!(plain.text("a\u{1b}é"), "a\\u{1b}\\u{e9}");
    }
}
