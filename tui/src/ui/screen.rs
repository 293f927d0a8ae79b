//! What a screen is.

use std::fmt::Debug;
use std::path::Path;

use anonymous_statistics::inspect::Preview;
use anonymous_statistics::inspect::comparison::Column;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::ui::dialog::Overlay;
use crate::ui::keys::{Key, OwnKey};
use crate::ui::theme::Look;

/// What a screen can see.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) preview: &'a Preview,
    /// The events of all actions; none until they were laid beside each other.
    pub(crate) columns: &'a [Column],
    pub(crate) look: Look,
    /// The room that the screen has.
    pub(crate) size: Size,
    /// What is searched for; empty: nothing.
    pub(crate) search: &'a str,
    /// Where files are saved.
    pub(crate) folder: &'a Path,
}

/// Whether a key was for a screen.
#[derive(Debug)]
pub(crate) enum Handled {
    No,
    Yes,
    /// It was, and asks for a dialog.
    Dialog(Box<Overlay>),
}

impl From<bool> for Handled {
    fn from(taken: bool) -> Self {
        if taken { Self::Yes } else { Self::No }
    }
}

/// One screen: what it shows, and where in it a person is.
pub(crate) trait Screen: Debug {
    /// Its name in the row of tabs.
    fn title(&self) -> &'static str;

    /// The keys that only this screen knows, as far as they do something now.
    fn keys(&self, _view: View<'_>) -> &'static [OwnKey] {
        &[]
    }

    /// Reacts to a key and says whether the key was for this screen.
    fn on_key(&mut self, key: Key, view: View<'_>) -> Handled;

    /// In how many places stands what is searched for.
    fn matches(&self, view: View<'_>) -> usize;

    fn draw(&self, view: View<'_>, area: Rect, buffer: &mut Buffer);
}
