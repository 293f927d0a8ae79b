//! The same screens with and without colours and symbols, by the terminal's abilities and the user's wishes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anonymous_statistics::agent::installed_sender::Script;
use anonymous_statistics::consent::Consent;
use ratatui::buffer::Cell;
use ratatui::layout::Position;
use ratatui::style::{Color, Modifier};

use super::screens::outlooks;
use super::*;

#[test]
fn without_colours_the_screens_say_the_same() {
    for title in titles() {
        for (unicode, (preview, ..)) in outlooks().into_iter().flat_map(|made| [(true, made.clone()), (false, made)]) {
            let draw = |colour| drawn(&on(title, state(preview.clone(), Look { colour, unicode }, USUAL)));
            let (coloured, bare) = (draw(true), draw(false));
            assert_eq!(text_in(&coloured, coloured.area), text_in(&bare, bare.area));
            let is_plain = |cell: &Cell| (cell.fg, cell.bg) == (Color::Reset, Color::Reset);
            assert!(bare.content.iter().all(is_plain) && !coloured.content.iter().all(is_plain));
            for (coloured, bare) in coloured.content.iter().zip(&bare.content) {
                assert_eq!(bare.modifier, coloured.modifier);
                // The terminal's theme, light or dark, makes its own colours readable on its own background.
                assert!(coloured.bg == Color::Reset && (matches!(coloured.fg, Color::Reset | Color::Indexed(1..=6))));
                assert!(!coloured.modifier.contains(Modifier::DIM), "the Linux console shows it as a colour");
            }
        }
    }
}

/// A mark that is before a field or a channel.
const MARKS: [&str; 9] = ["#", "!", "=", "?", "≠", "►", "■", "█", "▓"];

#[test]
fn a_colour_comes_with_a_mark_that_says_the_same() {
    let mut seen: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (title, keys) in [("Overview", ""), ("Fields", ""), ("Fields", "s"), ("Compare", "d"), ("History", "\r")] {
        for preview in [preview(), without_history(), opted_out()] {
            let buffer = drawn(&reached(preview, title, keys, USUAL));
            for cell in &buffer.content {
                if let Some(mark) = MARKS.iter().find(|mark| **mark == cell.symbol() && cell.fg != Color::Reset) {
                    seen.entry(mark).or_default().insert(format!("{:?}", cell.fg));
                }
            }
        }
    }
    // A question mark is what cannot be told of a channel, or of a value.
    let several: Vec<_> = seen.iter().filter(|(_, colours)| colours.len() > 1).collect();
    assert!(several.is_empty(), "{several:?}");
    assert!(seen.len() > 5, "{seen:?}");
}

#[test]
fn what_is_chosen_is_reversed_and_marked_by_a_character() {
    for (colour, unicode) in [(true, true), (true, false), (false, true), (false, false)] {
        let state = on("Fields", state(preview(), Look { colour, unicode }, USUAL));
        let buffer = drawn(&state);
        let areas = state.areas(state.size);
        let reversed = |area: Rect| {
            let is_reversed = |at: &Position| buffer[*at].modifier.contains(Modifier::REVERSED);
            area.positions().filter(is_reversed).map(|at| buffer[at].symbol()).collect::<String>()
        };
        assert_eq!(reversed(areas.tabs), "[2 Fields]");
        let shown = text_in(&buffer, areas.body);
        let marked: Vec<&str> = shown.lines().filter(|line| line.starts_with('>')).collect();
        assert_eq!(marked.len(), 1, "{shown}");
        assert!(
            marked[0].starts_with(reversed(areas.body).trim_end()) && marked[0].len() < reversed(areas.body).len() + 8
        );
        assert_eq!(reversed(areas.foot).len(), usize::from(areas.foot.width));
    }
}

#[test]
fn a_plain_terminal_gets_only_ascii() {
    for title in titles() {
        for over in ["", "?", "o", "i", "w", "\r", "/e"] {
            let mut state = on(title, state(opted_out(), PLAIN, USUAL));
            typed(&mut state, over);
            let shown = text(&state);
            assert!(shown.is_ascii(), "{over:?} on {title}:\n{shown}");
        }
    }
}

#[test]
fn hostile_values_are_written_as_escapes() {
    let hostile = "\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}\u{200b}\u{ad}\u{fe0f}\u{e0041}";
    let mut preview = preview();
    let folder = Path::new("/etc").join(hostile);
    let cannot_look = |_: &Path| Finding::CannotLook(hostile.to_owned());
    preview.consent = Consent::decide([&*folder], |_| Ok(Some(hostile.into())), cannot_look);
    move_to(&mut preview, folder.clone());
    preview.trust_store = Ok(Some(hostile.into()));
    preview.script = Script { path: Some(folder), program: Program::CannotTell(hostile.to_owned()) };
    preview.action = hostile.to_owned();
    for look in [RICH, PLAIN] {
        for title in titles() {
            let mut state = on(title, state(preview.clone(), look, SIZES[3]));
            press(&mut state, Key::Char('o'));
            let shown = text(&state);
            assert!(shown.contains("\\u{1b}"), "{shown}");
            assert!(!shown.contains(|c: char| c != '\n' && system_facts::internal::is_unprintable(c)), "{shown:?}");
        }
    }
}
