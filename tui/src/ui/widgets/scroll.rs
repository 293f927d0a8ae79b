//! The part of a page that is on the screen, and what is found in it.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::widgets::{Paragraph, Scrollbar, ScrollbarOrientation, ScrollbarState, StatefulWidget, Widget};
use unicode_width::UnicodeWidthChar;

use crate::ui::keys::Key;
use crate::ui::theme::{self, Look};
use crate::ui::widgets::page::{Joint, Row};

/// A match: its first row, and all its characters by row and column.
#[derive(Debug, PartialEq, Eq)]
struct Match {
    row: usize,
    cells: Vec<(usize, usize)>,
}

/// Finds a text regardless of case and across wrapped lines.
fn find(rows: &[Row], wanted: &str) -> Vec<Match> {
    let wanted: Vec<char> = wanted.chars().flat_map(char::to_lowercase).collect();
    let mut found = Vec::new();
    if wanted.is_empty() {
        return found;
    }
    // The characters of one text, each with its row and column. A line's end between words counts as a blank.
    let mut text: Vec<(char, usize, usize)> = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        if row.joint == Joint::None {
            search(&text, &wanted, &mut found);
            text.clear();
        }
        let line = row.line.to_string();
        let indent = if row.joint == Joint::Blank { line.len() - line.trim_start().len() } else { 0 };
        if row.joint == Joint::Blank {
            text.push((' ', number, usize::MAX));
        }
        // A combining mark is in the column of the character before it.
        let (mut next, mut column) = (0, 0);
        for (at, c) in line.char_indices() {
            let wide = c.width().unwrap_or_default();
            if wide > 0 {
                (column, next) = (next, next + wide);
            }
            if at >= indent {
                text.extend(c.to_lowercase().map(|c| (c, number, column)));
            }
        }
    }
    search(&text, &wanted, &mut found);
    found
}

pub(crate) fn count(rows: &[Row], wanted: &str) -> usize {
    find(rows, wanted).len()
}

fn search(text: &[(char, usize, usize)], wanted: &[char], found: &mut Vec<Match>) {
    let mut at = 0;
    while let Some(window) = text.get(at..at + wanted.len()) {
        if window.iter().map(|(c, ..)| c).eq(wanted) {
            let cells = window.iter().filter(|(.., column)| *column != usize::MAX);
            let cells: Vec<_> = cells.map(|(_, row, column)| (*row, *column)).collect();
            if let Some((row, _)) = cells.first() {
                found.push(Match { row: *row, cells });
            }
            at += wanted.len();
        } else {
            at += 1;
        }
    }
}

/// The viewport: the first visible line, and the current match.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Scroll {
    first: usize,
    /// The number of the current match.
    at: Option<usize>,
}

impl Scroll {
    /// The same position, counted from the first line of the text.
    pub(crate) fn in_text(self, at: Position) -> Position {
        Position { y: at.y.saturating_add(u16::try_from(self.first).unwrap_or(u16::MAX)), ..at }
    }

    /// Scrolls, and returns whether the key was for that.
    pub(crate) fn on_key(&mut self, key: Key, rows: &[Row], height: u16, wanted: &str) -> bool {
        let height = usize::from(height);
        let last = rows.len().saturating_sub(height);
        let page = height.saturating_sub(1).max(1);
        let now = self.first.min(last);
        self.first = match key {
            Key::Up => now.saturating_sub(1),
            Key::Down => now + 1,
            Key::PageUp => now.saturating_sub(page),
            Key::PageDown => now + page,
            Key::Home => 0,
            Key::End => last,
            Key::FirstMatch | Key::NextMatch | Key::PreviousMatch => {
                let found = find(rows, wanted);
                self.at = step(key, self.at, now, &found);
                // A match is shown with some lines before it: on the first screenful with all of them.
                match self.at.and_then(|at| found.get(at)) {
                    Some(found) if found.row < height && !(now..now + height).contains(&found.row) => 0,
                    Some(found) if !(now..now + height).contains(&found.row) => found.row.saturating_sub(height / 3),
                    _ => now,
                }
            }
            _ => return false,
        }
        .min(last);
        true
    }

    /// Draws the visible rows with the matches marked, and a scroll bar if there are more.
    pub(crate) fn draw(self, rows: Vec<Row>, look: Look, wanted: &str, area: Rect, buffer: &mut Buffer) {
        let last = rows.len().saturating_sub(area.height.into());
        let first = self.first.min(last);
        let found = find(&rows, wanted);
        let lines = rows.into_iter().skip(first).take(area.height.into()).map(|row| row.line);
        Paragraph::new(lines.collect::<Vec<_>>()).render(area, buffer);
        for (number, found) in found.iter().enumerate() {
            let style = if self.at == Some(number) { theme::FOUND_HERE } else { theme::FOUND };
            for (row, column) in found.cells.iter().filter(|(row, _)| *row >= first) {
                if let (Ok(x), Ok(y)) = (u16::try_from(*column), u16::try_from(row - first))
                    && x < area.width
                    && y < area.height
                    && let Some(cell) = buffer.cell_mut((area.x + x, area.y + y))
                {
                    cell.set_style(style);
                }
            }
        }
        bar(first, last, look, area, buffer);
    }
}

/// The match for a key: the first one from the top of the viewport, the next or the previous one. The first follows the
/// last.
fn step(key: Key, at: Option<usize>, top: usize, found: &[Match]) -> Option<usize> {
    let count = found.len();
    if count == 0 {
        return None;
    }
    let here = || found.iter().position(|found| found.row >= top).unwrap_or(0);
    Some(match (key, at) {
        (Key::NextMatch, Some(at)) => (at + 1) % count,
        (Key::PreviousMatch, Some(at)) => (at.min(count) + count - 1) % count,
        (Key::PreviousMatch, None) => (here() + count - 1) % count,
        _ => here(),
    })
}

/// A scroll bar at the right edge: position `first` of 0 to `last`.
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
    use crate::ui::widgets::page::Page;
    use ratatui::layout::Size;

    fn rows(lines: &[&str]) -> Vec<Row> {
        lines.iter().map(|line| Row::new((*line).to_owned())).collect()
    }

    #[test]
    fn scrolling_stays_within_the_page() {
        let mut scroll = Scroll::default();
        let page = rows(&["x"; 25]);
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
            assert!(scroll.on_key(key, &page, 10, ""));
            assert_eq!(scroll.first, expected, "{key:?}");
        }
        assert!(!scroll.on_key(Key::Enter, &page, 10, ""));
        // A page that fits does not scroll.
        scroll.on_key(Key::End, &page[..5], 10, "");
        assert_eq!(scroll.first, 0);
    }

    #[test]
    fn what_is_found_is_found_across_wrapped_lines_and_in_any_case() {
        let mut page = Page::new(Look { colour: true, unicode: true }, Size::new(14, 10));
        page.row("Why", 4, "one two three").exact("abcdefghijklmnop").text("日本語 Kernel");
        let page = page.into_rows();
        let lines: Vec<String> = page.iter().map(Row::text).collect();
        assert_eq!(lines, ["Why one two", "    three", "abcdefghijkl", "mnop", "日本語", "Kernel"]);
        let places = |wanted: &str| find(&page, wanted).into_iter().map(|found| found.row).collect::<Vec<_>>();
        assert_eq!(places("TWO THREE"), [0]);
        assert_eq!(places("klmn"), [2]);
        assert_eq!(places("語 kernel"), [4]);
        assert_eq!(places("e"), [0, 1, 1, 2, 5, 5]);
        assert_eq!(places("nowhere"), [0; 0]);
        assert_eq!(places(""), [0; 0]);
        assert_eq!(find(&page, "lm")[0].cells, [(2, 11), (3, 0)]);
        assert_eq!(find(&page, "本")[0].cells, [(4, 2)], "columns, not characters");
    }

    #[test]
    fn matches_come_round() {
        let page = rows(&["a", "-", "-", "-", "-", "a", "-", "-", "a", "-"]);
        let mut scroll = Scroll::default();
        for (key, at, first) in [
            (Key::FirstMatch, 0, 0),
            (Key::NextMatch, 1, 4),
            (Key::NextMatch, 2, 7),
            (Key::NextMatch, 0, 0),
            (Key::PreviousMatch, 2, 7),
            (Key::PreviousMatch, 1, 4),
        ] {
            assert!(scroll.on_key(key, &page, 3, "a"));
            assert_eq!((scroll.at, scroll.first), (Some(at), first), "{key:?}");
        }
        scroll.on_key(Key::NextMatch, &page, 3, "b");
        assert_eq!((scroll.at, scroll.first), (None, 4));
    }
}
