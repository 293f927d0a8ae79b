//! Pages of text: wrapped by what a terminal shows, and scrolled.

use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Scrollbar, ScrollbarOrientation, ScrollbarState, StatefulWidget, Widget};
use textwrap::{Options, WordSplitter, WrapAlgorithm};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::key::Key;
use super::look::{self, Look};

/// A page under construction.
#[derive(Debug)]
pub(crate) struct Page {
    look: Look,
    width: usize,
    lines: Vec<Line<'static>>,
}

/// Columns at the right that a page leaves for its scroll bar.
const BAR: u16 = 2;

impl Page {
    pub(crate) fn new(look: Look, size: Size) -> Self {
        Self { look, width: usize::from(size.width.saturating_sub(BAR)).max(1), lines: Vec::new() }
    }

    /// Columns for sentences: longer lines are hard to follow.
    fn prose(&self) -> usize {
        self.width.min(100)
    }

    pub(crate) fn into_lines(self) -> Vec<Line<'static>> {
        self.lines
    }

    pub(crate) fn heading(&mut self, text: &str) -> &mut Self {
        let style = self.look.heading();
        let lines = wrap(&self.look.text(text), self.prose());
        self.lines.extend(lines.into_iter().map(|line| Line::styled(line, style)));
        self
    }

    pub(crate) fn blank(&mut self) -> &mut Self {
        self.lines.push(Line::default());
        self
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.indented(0, text)
    }

    /// A paragraph that begins `indent` columns from the left.
    pub(crate) fn indented(&mut self, indent: usize, text: &str) -> &mut Self {
        for line in wrap(&self.look.text(text), self.prose().saturating_sub(indent)) {
            self.lines.push(Line::from(format!("{:indent$}{line}", "")));
        }
        self
    }

    /// A label in a column of its own, and a text beside it.
    pub(crate) fn row(&mut self, label: &str, column: usize, text: &str) -> &mut Self {
        let label = self.look.text(label);
        for (number, line) in wrap(&self.look.text(text), self.prose().saturating_sub(column)).into_iter().enumerate() {
            let front = if number == 0 { &*label } else { "" };
            let front = Span::styled(format!("{front:column$}"), look::LABEL);
            self.lines.push(Line::from(vec![front, Span::raw(line)]));
        }
        self
    }

    /// Text whose every character counts: broken where a line is full, and nowhere else.
    pub(crate) fn exact(&mut self, text: &str) -> &mut Self {
        for line in text.split('\n') {
            let line = self.look.text(line.strip_suffix('\r').unwrap_or(line));
            self.lines.extend(break_anywhere(&line, self.width).into_iter().map(Line::from));
        }
        self
    }
}

/// Wraps between words. Every text gives at least one line.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let options =
        Options::new(width.max(1)).word_splitter(WordSplitter::NoHyphenation).wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::wrap(text, options).into_iter().map(std::borrow::Cow::into_owned).collect()
}

fn break_anywhere(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or_default();
        if used + wide > width {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            line.push(c);
        }
        used += wide;
    }
    lines
}

/// Text cut to a number of columns, with a mark where something is missing.
pub(crate) fn clip(text: &str, width: usize, look: Look) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(look.cut().width());
    let mut used = 0;
    let mut clipped: String = text
        .chars()
        .take_while(|c| {
            used += c.width().unwrap_or_default();
            used <= room
        })
        .collect();
    if width > 0 {
        clipped.push_str(look.cut());
    }
    clipped
}

/// Text filled up or cut to exactly this number of columns.
pub(crate) fn fit(text: &str, width: usize, look: Look) -> String {
    let mut fitted = clip(text, width, look);
    let missing = width.saturating_sub(fitted.width());
    fitted.extend(std::iter::repeat_n(' ', missing));
    fitted
}

/// How far a page is scrolled.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Scroll(usize);

impl Scroll {
    /// Moves, and says whether the key was for it.
    pub(crate) fn on_key(&mut self, key: Key, lines: usize, height: u16) -> bool {
        let height = usize::from(height);
        let last = lines.saturating_sub(height);
        let page = height.saturating_sub(1).max(1);
        let now = self.0.min(last);
        self.0 = match key {
            Key::Up => now.saturating_sub(1),
            Key::Down => now + 1,
            Key::PageUp => now.saturating_sub(page),
            Key::PageDown => now + page,
            Key::Home => 0,
            Key::End => last,
            _ => return false,
        }
        .min(last);
        true
    }

    /// Draws lines from where the page is scrolled to, with a bar where there is more than fits.
    pub(crate) fn draw(self, lines: Vec<Line<'static>>, look: Look, area: Rect, buffer: &mut Buffer) {
        let height = usize::from(area.height);
        let last = lines.len().saturating_sub(height);
        let first = self.0.min(last);
        let shown: Vec<Line<'static>> = lines.into_iter().skip(first).take(height).collect();
        Paragraph::new(shown).render(area, buffer);
        bar(first, last, look, area, buffer);
    }
}

/// A scroll bar at the right edge: where a view stands among `last + 1` places.
pub(crate) fn bar(first: usize, last: usize, look: Look, area: Rect, buffer: &mut Buffer) {
    if last == 0 || area.height < 2 {
        return;
    }
    let (track, thumb) = look.bar();
    let bar = Scrollbar::new(ScrollbarOrientation::VerticalRight)
        .begin_symbol(None)
        .end_symbol(None)
        .track_symbol(Some(track))
        .thumb_symbol(thumb)
        .style(Style::new());
    let mut place = ScrollbarState::new(last + 1).position(first).viewport_content_length(usize::from(area.height));
    bar.render(area, buffer, &mut place);
}

#[cfg(test)]
mod tests {
    use super::*;

    const RICH: Look = Look { colour: true, unicode: true };

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(clip("日本語", 6, RICH), "日本語");
        assert_eq!(clip("日本語", 5, RICH), "日本…");
        assert_eq!(clip("日本語", 4, RICH), "日…");
        assert_eq!(fit("日", 4, RICH), "日  ");
        assert_eq!(clip("abc", 0, RICH), "");
        assert_eq!(break_anywhere("日本語", 4), ["日本", "語"]);
        assert_eq!(break_anywhere("", 4), [""]);
        assert_eq!(clip("e\u{301}e\u{301}e\u{301}", 2, RICH), "e\u{301}…");
    }

    #[test]
    fn scrolling_stays_within_the_page() {
        let mut scroll = Scroll::default();
        for (key, expected) in [
            (Key::Up, 0),
            (Key::Down, 1),
            (Key::PageDown, 10),
            (Key::PageDown, 15),
            (Key::Down, 15),
            (Key::PageUp, 6),
            (Key::End, 15),
            (Key::Home, 0),
        ] {
            assert!(scroll.on_key(key, 25, 10));
            assert_eq!(scroll.0, expected, "{key:?}");
        }
        assert!(!scroll.on_key(Key::Enter, 25, 10));
        // A page that fits does not move.
        scroll.on_key(Key::End, 5, 10);
        assert_eq!(scroll.0, 0);
    }

    #[test]
    fn control_characters_never_reach_a_page() {
        let mut page = Page::new(RICH, Size::new(40, 10));
        page.heading("a\u{1b}b").text("c\u{9b}d").row("e\u{7}", 10, "f\rg").exact("h\u{1b}[2J\r\ni");
        for line in page.into_lines() {
            assert!(!line.to_string().contains(char::is_control), "{line:?}");
        }
    }
}
