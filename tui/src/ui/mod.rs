//! The user interface around the screens.
//!
//! A key or an answer is a [`Message`](state::Message). [`State::update`](state::State::update) changes the state and
//! may return an [`Effect`](state::Effect), which only `effects` performs (and `terminal`, if it concerns the terminal
//! itself). Drawing only reads the state. A screen is one file in `screens/` and one line in its list.

pub(crate) mod dialog;
mod draw;
mod effects;
mod input;
pub(crate) mod keys;
mod pressed;
pub(crate) mod screen;
mod state;
mod terminal;
#[cfg(test)]
mod tests;
pub(crate) mod theme;
pub(crate) mod widgets;

pub(crate) use draw::{SMALLEST, fits};
pub(crate) use screen::Screen;
pub(crate) use terminal::{run, size_of_terminal};
