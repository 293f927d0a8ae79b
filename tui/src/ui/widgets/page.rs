//! Pages of text, wrapped by the width of characters.

use ratatui::layout::Size;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::ui::theme::{self, Look};
use crate::ui::widgets::text::{break_anywhere, shorten, wrap, wrap_words};

#[derive(Debug)]
pub(crate) struct Row {
    pub(super) line: Line<'static>,
    pub(super) joint: Joint,
}

/// The transition from the previous line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joint {
    /// None: a text begins.
    None,
    /// The text was wrapped between words, and this line may be indented.
    Blank,
    /// The text was broken here, and every character counts.
    Cut,
}

impl Row {
    pub(crate) fn new(line: impl Into<Line<'static>>) -> Self {
        Self { line: line.into(), joint: Joint::None }
    }

    #[cfg(test)]
    pub(crate) fn text(&self) -> String {
        self.line.to_string()
    }
}

#[derive(Debug)]
pub(crate) struct Page {
    look: Look,
    width: usize,
    rows: Vec<Row>,
}

/// Columns for the scroll bar at the right.
const BAR: u16 = 2;

impl Page {
    pub(crate) fn new(look: Look, size: Size) -> Self {
        Self { look, width: usize::from(size.width.saturating_sub(BAR)).max(1), rows: Vec::new() }
    }

    /// Wraps between words. A path that is longer than a line is shortened in the middle.
    fn wrapped(&self, text: &str, width: usize) -> Vec<String> {
        let text = self.look.text(text);
        let is_long = |word: &str| word.width() > width && word.trim_start_matches('(').starts_with('/');
        let fitting = |word| if is_long(word) { shorten(word, width, self.look) } else { word.to_owned() };
        wrap(&text.split(' ').map(fitting).collect::<Vec<_>>().join(" "), width)
    }

    /// Columns for sentences; longer lines are hard to read.
    fn prose(&self) -> usize {
        self.width.min(100)
    }

    /// Both pages side by side, each in its own width.
    pub(crate) fn beside(self, right: Self) -> Vec<Row> {
        let column = self.width + usize::from(BAR);
        let count = self.rows.len().max(right.rows.len());
        let mut both = [self.rows, right.rows].map(Vec::into_iter);
        let styled = |line: Line<'static>| {
            line.spans.into_iter().map(move |span| Span::styled(span.content, line.style.patch(span.style)))
        };
        let row = |_| {
            let [left, right] = both.each_mut().map(|rows| rows.next().map(|row| row.line).unwrap_or_default());
            let gap = Span::raw(" ".repeat(column.saturating_sub(left.width())));
            Row::new(styled(left).chain([gap]).chain(styled(right)).collect::<Line<'_>>())
        };
        (0..count).map(row).collect()
    }

    pub(crate) fn into_rows(self) -> Vec<Row> {
        self.rows
    }

    fn push(&mut self, lines: impl IntoIterator<Item = Line<'static>>, joint: Joint) {
        let rows = lines.into_iter().enumerate();
        self.rows.extend(rows.map(|(number, line)| Row { line, joint: if number == 0 { Joint::None } else { joint } }));
    }

    pub(crate) fn heading(&mut self, text: &str) -> &mut Self {
        let lines = self.wrapped(text, self.prose());
        self.push(lines.into_iter().map(|line| Line::styled(line, theme::LABEL)), Joint::Blank);
        self
    }

    pub(crate) fn label(&mut self, text: &str) -> &mut Self {
        self.rows.push(Row::new(Line::styled(self.look.text(text).trim_end().to_owned(), theme::LABEL)));
        self
    }

    pub(crate) fn blank(&mut self) -> &mut Self {
        self.rows.push(Row::new(""));
        self
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.indented(0, text)
    }

    pub(crate) fn indented(&mut self, indent: usize, text: &str) -> &mut Self {
        let lines = self.wrapped(text, self.prose().saturating_sub(indent));
        self.push(lines.into_iter().map(|line| Line::from(format!("{:indent$}{line}", ""))), Joint::Blank);
        self
    }

    /// A label in its own column, with a text beside it.
    pub(crate) fn row(&mut self, label: &str, column: usize, text: &str) -> &mut Self {
        self.styled_row(label, column, text, Style::new())
    }

    /// The same with a style for the text.
    pub(crate) fn styled_row(&mut self, label: &str, column: usize, text: &str, style: Style) -> &mut Self {
        let label = self.look.text(label).into_owned();
        let lines = self.wrapped(text, self.prose().saturating_sub(column)).into_iter().enumerate();
        let lines = lines.map(|(number, line)| {
            let front = if number == 0 { &*label } else { "" };
            Line::from(vec![Span::styled(format!("{front:column$}"), theme::LABEL), Span::styled(line, style)])
        });
        self.push(lines, Joint::Blank);
        self
    }

    /// A ready line.
    pub(crate) fn line(&mut self, line: impl Into<Line<'static>>) -> &mut Self {
        self.rows.push(Row::new(line));
        self
    }

    /// A path on a line of its own, shortened in the middle where it is too long: its end says most.
    pub(crate) fn path(&mut self, indent: usize, path: &str) -> &mut Self {
        let short = shorten(&self.look.text(path), self.width.saturating_sub(indent), self.look);
        self.line(format!("{:indent$}{short}", ""))
    }

    /// A command to copy, on lines of its own. The shell joins its lines again: it is broken only between words, and
    /// within a word only where that is longer than a line.
    pub(crate) fn command(&mut self, command: &str) -> &mut Self {
        const INDENT: &str = "  ";
        let room = self.width.saturating_sub(2 * INDENT.len());
        let mut lines = wrap_words(&self.look.text(command), room).into_iter().peekable();
        while let Some(line) = lines.next() {
            let mut pieces = break_anywhere(&line, room).into_iter().peekable();
            let mut indent = INDENT;
            while let Some(piece) = pieces.next() {
                let end = match (pieces.peek(), lines.peek()) {
                    (Some(_), _) => "\\",
                    (None, Some(_)) => " \\",
                    (None, None) => "",
                };
                self.line(format!("{indent}{piece}{end}"));
                indent = "";
            }
        }
        self
    }

    /// A line on the wire, with a visible form of its end.
    pub(crate) fn wire_line(&mut self, text: &str, end: &'static str) -> &mut Self {
        self.exact(text);
        let used = self.rows.last().map_or(0, |row| row.line.width());
        let mark = Span::styled(end, theme::CONTROL);
        match self.rows.last_mut() {
            Some(row) if used + mark.width() <= self.width => row.line.push_span(mark),
            _ => self.rows.push(Row { line: Line::from(mark), joint: Joint::Cut }),
        }
        self
    }

    /// Text in which every character counts: it is broken only at full lines.
    pub(crate) fn exact(&mut self, text: &str) -> &mut Self {
        for line in text.split('\n') {
            let line = self.look.text(line.strip_suffix('\r').unwrap_or(line));
            self.push(break_anywhere(&line, self.width).into_iter().map(Line::from), Joint::Cut);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RICH: Look = Look { colour: true, unicode: true };

    #[test]
    fn a_command_on_several_lines_is_the_same_for_a_shell() {
        let command = "sudo telemetry-preview opt-out --config-dir '/my folder' --lib-dir /a/path/longer/than/any/line";
        for width in [20, 30, 60, 200] {
            let mut page = Page::new(RICH, Size::new(width, 10));
            page.command(command);
            let shown: Vec<String> = page.into_rows().iter().map(Row::text).collect();
            assert!(shown.iter().all(|line| line.width() <= usize::from(width)), "{shown:?}");
            let pasted = shown.join("\n").replace("\\\n", "");
            assert_eq!(shlex::split(&pasted), shlex::split(command), "{shown:?}");
        }
    }

    #[test]
    fn control_characters_never_reach_a_page() {
        let mut page = Page::new(RICH, Size::new(40, 10));
        page.heading("a\u{1b}b").text("c\u{9b}d").row("e\u{7}", 10, "f\rg").exact("h\u{1b}[2J\r\ni");
        for row in page.into_rows() {
            assert!(!row.text().contains(char::is_control), "{row:?}");
        }
    }
}
