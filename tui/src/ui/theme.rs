//! The look on this terminal: colours only if they are wanted, symbols only if they can be shown.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};

use anonymous_statistics::channels::{Channel, State};
use anonymous_statistics::text::printable;
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::{self, border};
use ratatui::text::{Line, Span};

use crate::present::palette::Role;
use crate::present::request::Class;
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
pub(crate) const CHOSEN: Style = Style::new().fg(Color::Reset).add_modifier(Modifier::REVERSED);

impl Look {
    /// From the environment: the locale's character set (locale(7)).
    pub(crate) fn of(colour: bool, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| variable(name).filter(|value| value != OsStr::new(""));
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
        let locale = locale.to_string_lossy().to_ascii_lowercase().replace('-', "");
        // The Linux console has a font of 256 or 512 characters (console_codes(4)), and no way to ask for them.
        let console = set("TERM").is_some_and(|term| term == "linux");
        Self { colour, unicode: locale.contains("utf8") && !console }
    }

    /// Any text, safe for this terminal.
    pub(crate) fn text(self, text: &str) -> Cow<'_, str> {
        let safe = printable(text);
        if self.unicode || safe.is_ascii() {
            return safe;
        }
        let ascii = |c: char| if c.is_ascii() { c.to_string() } else { c.escape_unicode().to_string() };
        Cow::Owned(safe.chars().map(ascii).collect())
    }

    /// The symbol of a channel's state, beside its word.
    pub(crate) const fn state(self, state: State) -> &'static str {
        match state {
            _ if !self.unicode => words::symbol(state),
            State::On | State::OnLater => "►",
            State::Off => "■",
            State::NotThere => "○",
            State::Unknown => "?",
        }
    }

    /// A channel in a list: the symbol of its state, its name in a column, a text about the state, and another.
    pub(crate) fn channel(self, channel: &Channel, is_chosen: bool, name: usize, about: [String; 2]) -> Line<'static> {
        let state = channel.judgement.state;
        // Reversed colours would be patches in the chosen line.
        let is_coloured = channel.is_telemetry && !is_chosen;
        let style = if is_coloured { self.role(Role::State(state)) } else { Style::new() };
        let [state_in_words, other] = about;
        let line = Line::from(vec![
            Span::raw(if is_chosen { "> " } else { "  " }),
            Span::styled(format!("{} ", self.state(state)), style),
            Span::styled(format!("{:name$}", channel.name), if is_chosen { LABEL } else { Style::new() }),
            Span::styled(state_in_words, style),
            Span::raw(other),
        ]);
        if is_chosen { line.style(CHOSEN) } else { line }
    }

    /// A piece of text with a meaning.
    pub(crate) fn role(self, role: Role) -> Style {
        if self.colour { Style::new().fg(Color::Indexed(role.sgr() - 30)) } else { Style::new() }
    }

    pub(crate) fn perhaps(self, role: Option<Role>) -> Style {
        role.map_or_else(Style::new, |role| self.role(role))
    }

    /// A character of the bar of a request's fields.
    pub(crate) const fn share(self, class: Class) -> &'static str {
        match (class, self.unicode) {
            (Class::Identifier, true) => "█",
            (Class::FreeText, true) => "▚",
            (Class::Exact, true) => "▓",
            (Class::Coarse, true) => "▒",
            (Class::Constant, true) => "░",
            (class, false) => class.mark(),
        }
    }

    /// The levels of a chart, from nothing to the most.
    pub(crate) const fn levels(self) -> symbols::bar::Set<'static> {
        if self.unicode {
            return symbols::bar::NINE_LEVELS;
        }
        symbols::bar::Set {
            full: "@",
            seven_eighths: "@",
            three_quarters: "@",
            five_eighths: "n",
            half: "n",
            three_eighths: "n",
            one_quarter: "_",
            one_eighth: "_",
            empty: " ",
        }
    }

    pub(crate) const fn differs(self) -> &'static str {
        if self.unicode { "≠" } else { "%" }
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
        if self.unicode { ("│", "┃") } else { (" ", "|") }
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
    use crate::present::last_event::MARK;

    #[test]
    fn the_locale_decides_on_symbols() {
        for (variables, unicode) in [
            (&[][..], false),
            (&[("LANG", "en_GB.UTF-8")], true),
            (&[("LANG", "C.utf8")], true),
            (&[("LANG", "C.UTF-8"), ("LC_ALL", "C")], false),
            (&[("LANG", "C.UTF-8"), ("LC_ALL", "")], true),
            (&[("LANG", "C.UTF-8"), ("TERM", "xterm")], true),
            (&[("LANG", "C.UTF-8"), ("TERM", "linux")], false),
        ] {
            let look = Look::of(true, |name| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
            });
            assert_eq!(look, Look { colour: true, unicode }, "{variables:?}");
        }
    }

    #[test]
    fn in_ascii_too_each_mark_means_one_thing() {
        let plain = Look { colour: false, unicode: false };
        let states = [State::On, State::Off, State::NotThere].map(|state| plain.state(state));
        let shares = Class::ALL.map(|class| plain.share(class));
        let bars = plain.levels();
        let others = [
            plain.bar().1,
            plain.differs(),
            MARK,
            ">",
            "?",
            plain.rule(),
            plain.cut(),
            bars.full,
            bars.half,
            bars.one_eighth,
        ];
        let mut marks = [&states[..], &shares, &others].concat();
        let count = marks.len();
        marks.sort_unstable();
        marks.dedup();
        assert_eq!(marks.len(), count, "{marks:?}");
    }

    #[test]
    fn nothing_from_outside_reaches_the_terminal_raw() {
        let plain = Look { colour: false, unicode: false };
        let rich = Look { colour: true, unicode: true };
        assert_eq!(rich.text("a\u{1b}[2Jb\u{9b}é"), "a\\u{1b}[2Jb\\u{9b}é");
        assert_eq!(plain.text("a\u{1b}é"), "a\\u{1b}\\u{e9}");
    }
}
