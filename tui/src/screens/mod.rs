//! The screens. A new one is a file here and a line in [`all`].

mod consent;
mod dashboard;
mod events;
mod fields;
mod history;
mod request;
mod summary;

use std::fmt::Debug;
use std::path::Path;

use anonymous_statistics::inspect::Preview;
use anonymous_statistics::inspect::comparison::Column;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use crate::ui::dialog::Overlay;
use crate::ui::keys::Key;
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

/// A key that only one screen knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnKey {
    pub(crate) key: &'static str,
    /// What it does, in a word for the line of keys.
    pub(crate) word: &'static str,
    /// What it does, for the help.
    pub(crate) does: &'static str,
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

/// All screens, in the order of their numbers.
pub(crate) fn all() -> Vec<Box<dyn Screen>> {
    vec![
        Box::new(summary::Summary::default()),
        Box::new(fields::Fields::default()),
        Box::new(request::Request::default()),
        Box::new(events::Events::default()),
        Box::new(consent::Consent::default()),
        Box::new(history::History::default()),
        Box::new(dashboard::Dashboard::default()),
    ]
}
