//! A scrolled text. If it is too long for a wide terminal, it has two columns.

use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::ui::keys::Key;
use crate::ui::screen::View;
use crate::ui::widgets::page::{self, Row, Scroll};

/// From this width on there is room for two columns.
const WIDE: u16 = 130;
/// Columns between them.
const GAP: u16 = 2;

type Rows = fn(View<'_>) -> Vec<Row>;

#[derive(Debug, Default)]
pub(crate) struct Text {
    scroll: Scroll,
}

/// The lines of a text, and the number of columns.
fn laid_out(view: View<'_>, rows: Rows) -> (Vec<Row>, u16) {
    let Size { width, height } = view.size;
    let one = rows(view);
    if width < WIDE || one.len() <= usize::from(height) {
        return (one, 1);
    }
    (rows(View { size: Size::new((width - GAP) / 2, height), ..view }), 2)
}

impl Text {
    /// Handles a key, and returns whether it was for a text.
    pub(crate) fn on_key(&mut self, key: Key, view: View<'_>, rows: Rows) -> bool {
        let (rows, columns) = laid_out(view, rows);
        self.scroll.on_key(key, &rows, view.size.height * columns, view.search)
    }

    pub(crate) fn matches(view: View<'_>, rows: Rows) -> usize {
        page::count(&laid_out(view, rows).0, view.search)
    }

    pub(crate) fn draw(&self, view: View<'_>, rows: Rows, area: Rect, buffer: &mut Buffer) {
        let (rows, columns) = laid_out(view, rows);
        let width = (area.width - GAP * (columns - 1)) / columns;
        let areas: Vec<Rect> =
            (0..columns).map(|number| Rect { x: area.x + number * (width + GAP), width, ..area }).collect();
        self.scroll.draw_beside(rows, view.look, view.search, &areas, buffer);
    }
}
