//! A screen of scrolled text. If it is too long for a wide terminal, it has two columns.

use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::ui::keys::Key;
use crate::ui::screen::{Handled, Screen, View};
use crate::ui::widgets::page::{self, Row, Scroll};

/// From this width on there is room for two columns.
const WIDE: u16 = 130;
/// Columns between them.
const GAP: u16 = 2;

type Rows = fn(View<'_>) -> Vec<Row>;

#[derive(Debug)]
pub(crate) struct Text {
    title: &'static str,
    rows: Rows,
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
    pub(crate) fn new(title: &'static str, rows: Rows) -> Self {
        Self { title, rows, scroll: Scroll::default() }
    }
}

impl Screen for Text {
    fn title(&self) -> &'static str {
        self.title
    }

    fn on_key(&mut self, key: Key, view: View<'_>) -> Handled {
        let (rows, columns) = laid_out(view, self.rows);
        self.scroll.on_key(key, &rows, view.size.height * columns, view.search).into()
    }

    fn matches(&self, view: View<'_>) -> usize {
        page::count(&laid_out(view, self.rows).0, view.search)
    }

    fn draw(&self, view: View<'_>, area: Rect, buffer: &mut Buffer) {
        let (rows, columns) = laid_out(view, self.rows);
        let width = (area.width - GAP * (columns - 1)) / columns;
        let areas: Vec<Rect> =
            (0..columns).map(|number| Rect { x: area.x + number * (width + GAP), width, ..area }).collect();
        self.scroll.draw_beside(rows, view.look, view.search, &areas, buffer);
    }
}
