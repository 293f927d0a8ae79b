//! A list with a chosen line, and its details in full screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Widget};

use crate::ui::keys::Key;
use crate::ui::keys::OwnKey;
use crate::ui::screen::View;
use crate::ui::theme::Look;
use crate::ui::widgets::page::{Row, Scroll, bar};

/// The key to close the full-screen details.
pub(crate) const OPEN: [OwnKey; 1] = [OwnKey { key: "Enter", word: "back", does: "back to the list; also Esc" }];

/// The details of a list. The chosen line is the screen's state: some screens remember a name, not a number.
#[derive(Debug, Default)]
pub(crate) struct List {
    /// Whether the details are open in full screen.
    open: bool,
    scroll: Scroll,
}

impl List {
    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// Handles a key while line `now` of `count` is chosen. Returns the new choice, or `None` if the key is not for a
    /// list. `page` is the number of visible lines, and `details` are those of the chosen line.
    pub(crate) fn on_key(
        &mut self,
        key: Key,
        (now, count): (usize, usize),
        page: u16,
        view: View<'_>,
        details: &dyn Fn() -> Vec<Row>,
    ) -> Option<usize> {
        let last = count.saturating_sub(1);
        if self.open {
            if matches!(key, Key::Enter | Key::Escape) || count == 0 {
                self.open = false;
                return Some(now);
            }
            return self.scroll.on_key(key, &details(), view.size.height, view.search).then_some(now);
        }
        let page = usize::from(page).saturating_sub(1).max(1);
        let next = match key {
            Key::Up => now.saturating_sub(1),
            Key::Down => now + 1,
            Key::PageUp => now.saturating_sub(page),
            Key::PageDown => now + page,
            Key::Home | Key::FirstMatch => 0,
            Key::End => last,
            // Every line of the list matches.
            Key::NextMatch => (now + 1) % count.max(1),
            Key::PreviousMatch => (now + last) % count.max(1),
            Key::Enter => {
                self.open = count > 0;
                self.scroll = Scroll::default();
                now
            }
            _ => return None,
        };
        Some(next.min(last))
    }

    pub(crate) fn draw_open(&self, details: Vec<Row>, view: View<'_>, area: Rect, buffer: &mut Buffer) {
        self.scroll.draw(details, view.look, view.search, area, buffer);
    }
}

/// Draws a list's lines, with the chosen one in the middle.
pub(crate) fn draw(lines: Vec<Line<'static>>, chosen: usize, look: Look, area: Rect, buffer: &mut Buffer) {
    let height = usize::from(area.height);
    let last = lines.len().saturating_sub(height);
    let first = chosen.saturating_sub(height / 2).min(last);
    Paragraph::new(lines.into_iter().skip(first).take(height).collect::<Vec<_>>()).render(area, buffer);
    bar(first, last, look, area, buffer);
}

/// Divides the area into a list of this height, a rule, and the details below.
pub(crate) fn above_details(area: Rect, list: u16, look: Look, buffer: &mut Buffer) -> (Rect, Rect) {
    let row = |y: u16, height: u16| Rect { y: area.y + y.min(area.height), height, ..area };
    for position in row(list, 1.min(area.height.saturating_sub(list))).positions() {
        buffer[position].set_symbol(look.rule());
    }
    (row(0, list.min(area.height)), row(list + 1, area.height.saturating_sub(list + 1)))
}
