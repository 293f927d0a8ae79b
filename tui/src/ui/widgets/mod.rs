//! The widgets of the screens.

pub(crate) mod chooser;
pub(crate) mod page;
pub(crate) mod scroll;
pub(crate) mod text;

use ratatui::layout::{Rect, Size};

use crate::ui::theme::Look;

/// What a widget has to know of its surroundings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window<'a> {
    pub(crate) look: Look,
    pub(crate) size: Size,
    /// Empty without a search.
    pub(crate) search: &'a str,
}

/// Divides an area into rows above and the rest. ratatui's solver is for more than a cut.
pub(crate) fn above(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    (Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area })
}

/// The same at the left.
pub(crate) fn left(area: Rect, columns: u16) -> (Rect, Rect) {
    let columns = columns.min(area.width);
    (Rect { width: columns, ..area }, Rect { x: area.x + columns, width: area.width - columns, ..area })
}
