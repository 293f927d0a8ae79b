//! A text for people, as a stream shows it: its colours, and the width of its lines.

use textwrap::core::display_width;
use textwrap::{Options, WordSplitter, fill};
use unicode_truncate::UnicodeTruncateStr;

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
    /// The columns and lines of a terminal. `None`: not a terminal, so nothing is wrapped.
    pub(crate) size: Option<(usize, usize)>,
}

impl Paper {
    pub(crate) fn print(self, text: &str) -> String {
        let text = if self.colour { text.to_owned() } else { uncoloured(text) };
        let lines: Vec<&str> = text.lines().collect();
        let mut printed = String::with_capacity(text.len());
        let alike = |line: &&str, next: &&str| is_command(line) || is_command(next) || column(line) == column(next);
        for table in lines.chunk_by(alike) {
            // A second column that is far to the right, and does not fit, is below the first one in all its lines.
            let is_narrow = |width| {
                table.iter().any(|line| column(line).is_some_and(|column| column > width / 2))
                    && table.iter().any(|line| !line.starts_with(WHOLE) && display_width(line) > width)
            };
            for line in table {
                printed += &match self.size {
                    Some((width, _)) if !line.starts_with(WHOLE) && !is_command(line) => {
                        if is_narrow(width) && column(line).is_some() {
                            below(line, width)
                        } else {
                            wrapped(line, width)
                        }
                    }
                    _ => line.trim_start_matches(WHOLE).to_owned(),
                };
                printed.push('\n');
            }
        }
        printed
    }
}

/// Whether a line has a command and nothing else, as in the examples of a help.
fn is_command(line: &str) -> bool {
    let body = line.trim_start_matches(' ');
    body.len() < line.len()
        && ["telemetry-preview ", "sudo "].iter().any(|word| body.starts_with(word))
        && !body.contains("  ")
}

/// The text without colours and marks.
pub(crate) fn plain(text: &str) -> String {
    uncoloured(text).replace(WHOLE, "")
}

fn uncoloured(text: &str) -> String {
    let mut parts = text.split(SGR);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or(part, |(_code, rest)| rest))
}

fn wrapped(line: &str, width: usize) -> String {
    if display_width(line) <= width {
        return line.to_owned();
    }
    let hang = hang(line, width);
    let room = width.saturating_sub(hang).max(1);
    let words = line.split(' ').map(|word| {
        // A path or an address may be longer than any line; its ends say most. A value is never shortened.
        let is_place = word.contains(['/', '.']) && !word.contains('"');
        if display_width(word) > room && is_place { shortened(word, room, "…") } else { word.to_owned() }
    });
    let line = words.collect::<Vec<_>>().join(" ");
    let indent = " ".repeat(hang);
    fill(&line, Options::new(width).subsequent_indent(&indent).word_splitter(WordSplitter::NoHyphenation))
}

/// Where the further lines begin: below the text after a label, else a little to the right of the first.
fn hang(line: &str, width: usize) -> usize {
    let leading = leading(line);
    match column(line) {
        Some(column) if column <= width / 2 => column,
        _ if leading == 0 => 0,
        _ => (leading + 4).min(width / 2),
    }
}

/// The label on a line of its own, and the rest below it.
fn below(line: &str, width: usize) -> String {
    let (label, rest) = line.trim_start_matches(' ').split_once("  ").unwrap_or(("", line));
    let rest = wrapped(&format!("      {}", rest.trim_start_matches(' ')), width);
    if label.is_empty() { rest } else { format!("{}\n{rest}", wrapped(&format!("  {label}"), width)) }
}

/// The second column, of a label's text or of what continues it.
fn column(line: &str) -> Option<usize> {
    let line = plain(line);
    let leading = leading(&line);
    let Some((label, rest)) = line.trim_start_matches(' ').split_once("  ") else {
        return (leading > 8).then_some(leading);
    };
    Some(leading + display_width(label) + 2 + self::leading(rest))
}

fn leading(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// A text without its middle, of at most this many columns; a mark of one column is at the cut. Its end says most.
pub(crate) fn shortened(text: &str, columns: usize, mark: &str) -> String {
    if display_width(text) <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(1);
    let ((begin, _), (end, _)) = (text.unicode_truncate(room / 3), text.unicode_truncate_start(room - room / 3));
    format!("{begin}{mark}{end}")
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
    fn a_column_that_is_too_far_to_the_right_goes_below_in_all_lines() {
        let table = "  show a                    look\n  show bbbb cccc            see it all\n";
        assert_eq!(
            Paper { colour: false, size: Some((30, 24)) }.print(table),
            "  show a\n      look\n  show bbbb cccc\n      see it all\n"
        );
        assert_eq!(Paper { colour: false, size: Some((40, 24)) }.print(table), table, "it fits");
        let example = "  telemetry-preview show --event FATAL\n                    a failure\n";
        assert_eq!(narrow(example), "  telemetry-preview show --event FATAL\n      a failure\n");
    }

    #[test]
    fn commands_stay_whole_and_words_are_not_split_at_hyphens() {
        let command = "sudo telemetry-preview opt-out --config-dir /etc/netdata";
        assert_eq!(narrow(&format!("{WHOLE}  {command}")), format!("  {command}\n"));
        assert_eq!(narrow("remove the opt-out-file"), "remove the\nopt-out-file\n");
    }

    #[test]
    fn a_path_that_fits_no_line_keeps_both_ends() {
        assert_eq!(narrow("in /opt/netdata/etc/netdata/x.toml now"), "in\n/opt/n…etdata/x.toml\nnow\n");
        assert_eq!(shortened("日本語の名前", 7, "…"), "日…名前");
        assert_eq!(shortened("short", 5, "~"), "short");
    }
}
