//! A text for people, as a stream shows it: its colours, and the width of its lines.

use std::borrow::Cow;

use textwrap::core::display_width;
use textwrap::{Options, WordSplitter, fill};

/// Begins a line that is never wrapped: a command to copy, or bytes. Foreign text holds none ([`printable`]).
///
/// [`printable`]: anonymous_statistics::text::printable
pub(crate) const WHOLE: char = '\u{2}';

/// Begins and ends a colour (ECMA-48, SGR).
const SGR: &str = "\u{1b}[";

/// How a stream shows text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Paper {
    pub(crate) colour: bool,
    /// The columns and lines of a terminal. `None`: it is none, and nothing is wrapped.
    pub(crate) size: Option<(usize, usize)>,
}

impl Paper {
    pub(crate) fn print(self, text: &str) -> String {
        let mut printed = String::with_capacity(text.len());
        for line in text.lines() {
            let shown = if self.colour { Cow::Borrowed(line) } else { plain(line) };
            match self.size {
                Some((width, _)) if !line.starts_with(WHOLE) => printed.push_str(&wrapped(&shown, width)),
                _ => printed.push_str(shown.trim_start_matches(WHOLE)),
            }
            printed.push('\n');
        }
        printed
    }
}

/// The text without colours and marks.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains([WHOLE, '\u{1b}']) {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split(SGR);
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| part.split_once('m').map_or(part, |(_code, rest)| rest));
    Cow::Owned(rest.fold(first, |text, part| text + part).replace(WHOLE, ""))
}

fn wrapped(line: &str, width: usize) -> Cow<'_, str> {
    if display_width(line) <= width {
        return Cow::Borrowed(line);
    }
    let hang = hang(&plain(line), width);
    let room = width.saturating_sub(hang).max(1);
    let words = line.split(' ').map(|word| {
        // A path may be longer than any line; its ends say most.
        if display_width(word) > room && word.starts_with('/') { shortened(word, room) } else { word.to_owned() }
    });
    let line = words.collect::<Vec<_>>().join(" ");
    let indent = " ".repeat(hang);
    Cow::Owned(fill(&line, Options::new(width).subsequent_indent(&indent).word_splitter(WordSplitter::NoHyphenation)))
}

/// Where the further lines begin: below the text after a label, else a little to the right of the first.
fn hang(line: &str, width: usize) -> usize {
    let leading = line.len() - line.trim_start_matches(' ').len();
    let body = line.trim_start_matches(' ');
    let column = body.split_once("  ").map(|(label, rest)| {
        let gap = 2 + rest.len() - rest.trim_start_matches(' ').len();
        leading + display_width(label) + gap
    });
    match column {
        Some(column) if column <= width / 2 => column,
        _ if leading == 0 => 0,
        _ => (leading + 4).min(width / 2),
    }
}

/// A text without its middle, of at most this many columns. `…` is one.
pub(crate) fn shortened(text: &str, columns: usize) -> String {
    if display_width(text) <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(1);
    let fitting = |chars: &mut dyn Iterator<Item = char>, room: usize| {
        let mut kept = String::new();
        for c in chars {
            kept.push(c);
            if display_width(&kept) > room {
                kept.pop();
                break;
            }
        }
        kept
    };
    let begin = fitting(&mut text.chars(), room / 2);
    let end: String = fitting(&mut text.chars().rev(), room - room / 2).chars().rev().collect();
    format!("{begin}…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "\u{1b}[36mname\u{1b}[39m";

    fn narrow(text: &str) -> String {
        Paper { colour: false, size: Some((20, 24)) }.print(text)
    }

    #[test]
    fn colours_are_shown_only_where_they_are_wanted() {
        let text = format!("{NAME} = 1");
        assert_eq!(Paper { colour: true, size: None }.print(&text), format!("{text}\n"));
        assert_eq!(Paper::default().print(&text), "name = 1\n");
        assert_eq!(plain("\u{2}touch x"), "touch x");
    }

    #[test]
    fn nothing_is_wrapped_without_a_terminal() {
        let long = "word ".repeat(100) + "end";
        assert_eq!(Paper::default().print(&long), format!("{long}\n"));
    }

    #[test]
    fn lines_hang_below_their_text() {
        assert_eq!(narrow("one two three four five six"), "one two three four\nfive six\n");
        assert_eq!(narrow("to    one two three four"), "to    one two three\n      four\n");
        assert_eq!(narrow("  name = a long value"), "  name = a long\n      value\n");
        // A colour takes no room.
        assert_eq!(
            Paper { colour: true, size: Some((20, 24)) }.print(&format!("  {NAME} = 1234567890")).lines().count(),
            1
        );
    }

    #[test]
    fn commands_stay_whole_and_words_are_not_split_at_hyphens() {
        let command = "sudo telemetry-preview opt-out --config-dir /etc/netdata";
        assert_eq!(narrow(&format!("{WHOLE}  {command}")), format!("  {command}\n"));
        assert_eq!(narrow("remove the opt-out-file"), "remove the\nopt-out-file\n");
    }

    #[test]
    fn a_path_that_fits_no_line_keeps_both_ends() {
        assert_eq!(narrow("in /opt/netdata/etc/netdata/x.toml now"), "in\n/opt/netd…ata/x.toml\nnow\n");
        assert_eq!(shortened("日本語の名前", 7), "日…前");
        assert_eq!(shortened("short", 5), "short");
    }
}
