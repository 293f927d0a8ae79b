//! The interface of a screen.

use std::fmt::Debug;
use std::path::Path;

use anonymous_statistics::inspect::Preview;
use anonymous_statistics::inspect::comparison::Column;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::ui::dialog::Overlay;
use crate::ui::keys::{Key, OwnKey};
use crate::ui::theme::Look;

#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) preview: &'a Preview,
    /// The events of all actions; empty until they are compared.
    pub(crate) columns: &'a [Column],
    pub(crate) look: Look,
    pub(crate) size: Size,
    /// Empty without a search.
    pub(crate) search: &'a str,
    pub(crate) folder: &'a Path,
}

#[derive(Debug)]
pub(crate) enum Handled {
    No,
    Yes,
    /// The key opens a dialog.
    Dialog(Box<Overlay>),
}

impl From<bool> for Handled {
    fn from(taken: bool) -> Self {
        if taken { Self::Yes } else { Self::No }
    }
}

/// One screen: its content, and the position in it.
pub(crate) trait Screen: Debug {
    fn title(&self) -> &'static str;

    /// The keys of this screen only, as far as they have an effect now.
    fn keys(&self, _view: View<'_>) -> &'static [OwnKey] {
        &[]
    }

    fn on_key(&mut self, key: Key, view: View<'_>) -> Handled;

    /// The number of matches of the search.
    fn matches(&self, view: View<'_>) -> usize;

    fn draw(&self, view: View<'_>, area: Rect, buffer: &mut Buffer);
}
