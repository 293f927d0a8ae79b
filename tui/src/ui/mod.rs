//! The screens.
//!
//! A key or an answer is a [`Message`](state::Message); [`State::update`](state::State::update) changes the state and says
//! which [`Effect`](state::Effect) is wanted; `effects` alone performs them (and `terminal` those on the terminal itself);
//! drawing only reads the state. A screen is one file in `screens/` and one line in its list.

pub(crate) mod dialog;
mod draw;
mod effects;
mod frame;
mod input;
pub(crate) mod keys;
#[cfg(any(debug_assertions, test))]
mod picture;
pub(crate) mod screen;
mod state;
mod terminal;
#[cfg(test)]
mod tests;
pub(crate) mod theme;
pub(crate) mod widgets;

#[cfg(any(debug_assertions, test))]
use anonymous_statistics::inspect::Preview;
use ratatui::layout::Size;

pub(crate) use frame::{SMALLEST, fits};
pub(crate) use screen::Screen;
pub(crate) use terminal::{run, size_of_terminal};
#[cfg(any(debug_assertions, test))]
pub(crate) use {picture::Picture, theme::Look};

/// Draws one screen of a preview, for the documentation, which no release has to do. `None`: there is no such screen.
#[cfg(any(debug_assertions, test))]
pub(crate) fn picture(preview: Preview, screen: &str, size: Size, look: Look) -> Option<Picture> {
    let mut state =
        state::State::new(crate::screens::all(), preview.action.clone(), false, "/home/admin".into(), look, size);
    state.update(state::Message::Looked(Box::new(preview)));
    state.update(state::Message::Compared(crate::example::columns()?));
    state.open(screen).then(|| Picture::of(&state))
}
