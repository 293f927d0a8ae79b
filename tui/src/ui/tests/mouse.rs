//! Clicks and copies.

use crossterm::Command;
use crossterm::clipboard::CopyToClipboard;
use ratatui::layout::Position;

use super::*;
use crate::actions::report::Report;
use crate::ui::pressed::MOST;

fn click(state: &mut State, at: Position) -> Option<Effect> {
    state.update(Message::Click(at))
}

/// The first place of a text on the screen.
fn place(state: &State, wanted: &str) -> Position {
    let shown = text(state);
    let found = shown.lines().zip(0..).find_map(|(line, y)| Some((line.find(wanted)?, line, y)));
    let (at, line, y) = found.unwrap_or_else(|| panic!("no {wanted}:\n{shown}"));
    Position::new(u16::try_from(line.get(..at).unwrap().chars().count()).unwrap(), y)
}

#[test]
fn a_click_on_a_title_opens_its_screen() {
    for size in SIZES {
        for (number, title) in (1..).zip(titles()) {
            let mut state = reached(preview(), "Consent", "", size);
            let at = place(&state, &format!("{number} {title}"));
            assert_eq!(click(&mut state, at), None);
            assert_eq!(text(&state), text(&reached(preview(), title, "", size)), "{size}");
        }
    }
}

#[test]
fn a_click_chooses_a_channel_and_a_second_one_shows_its_fields() {
    for size in SIZES {
        let mut state = reached(preview(), "Overview", "", size);
        let at = place(&state, "dashboard  ");
        click(&mut state, at);
        assert!(text(&state).contains("The channel \"dashboard\""), "{}", text(&state));
        click(&mut state, at);
        assert!(text(&state).contains("[2 Fields]") && text(&state).contains("$session_id"), "{}", text(&state));
    }
    // The list at the left.
    let mut state = reached(preview(), "Fields", "", SIZES[2]);
    let at = place(&state, "► dashboard");
    click(&mut state, at);
    assert!(text(&state).contains("$browser"), "{}", text(&state));
}

#[test]
fn a_click_chooses_a_line_and_a_second_one_opens_its_details() {
    for (title, line) in [("Fields", "system_total_ram"), ("Compare", "fatal_file"), ("History", "META ")] {
        for size in [USUAL, SIZES[2]] {
            let mut state = reached(preview(), title, "", size);
            let at = place(&state, line);
            click(&mut state, at);
            assert!(text(&state).lines().any(|shown| shown.contains("> ") && shown.contains(line)), "{}", text(&state));
            click(&mut state, at);
            assert!(text(&state).contains("Enter back"), "{title}: {}", text(&state));
        }
    }
}

#[test]
fn a_click_never_confirms_anything() {
    for (title, key) in [("Overview", 'o'), ("Overview", 'i'), ("Bytes", 'w'), ("Fields", 'w')] {
        let mut state = reached(opted_out(), title, &key.to_string(), USUAL);
        assert!(state.overlay.is_some());
        let before = text(&state);
        for at in Rect::from(USUAL).positions() {
            assert_eq!(click(&mut state, at), None, "{title} {at}");
        }
        assert_eq!(text(&state), before);
    }
}

#[test]
fn a_click_anywhere_changes_no_file() {
    for title in titles() {
        for size in SIZES {
            let mut state = reached(preview(), title, "", size);
            for at in Rect::new(0, 0, size.width + 3, size.height + 3).positions().step_by(97) {
                let effect = click(&mut state, at);
                assert!(effect.is_none() && state.overlay.is_none(), "{title} {size} {at}: {effect:?}");
                text(&state);
            }
        }
    }
}

#[test]
fn y_copies_what_is_chosen() {
    let copied = |title, keys: &str| {
        let mut state = reached(preview(), title, keys, USUAL);
        let effect = press(&mut state, Key::Char('y'));
        let Some(Effect::Copy(text)) = effect else { panic!("{title}: {effect:?}") };
        assert!(super::text(&state).contains("asked the terminal to copy it"));
        text
    };
    assert_eq!(copied("Overview", ""), "sudo telemetry-preview opt-out");
    assert_eq!(copied("Fields", "/system_kernel_version\r"), "\"6.1.0-18-amd64\"");
    assert!(copied("Compare", "/fatal_line\r").starts_with("fatal_line: "));
    let body: serde_json::Value = serde_json::from_str(&copied("Bytes", "")).unwrap();
    assert_eq!(body["properties"]["action"], "START");
}

/// The copy of a command in a report, and the remark about it.
fn copied(command: &str) -> (Option<String>, Option<&'static str>) {
    let mut state = usual();
    let report = Report { title: "", sentences: Vec::new(), commands: vec![command.to_owned()], consent: false };
    state.update(Message::Done(Box::new(report)));
    let copy = press(&mut state, Key::Char('y')).map(|effect| match effect {
        Effect::Copy(text) => text,
        other => panic!("{other:?}"),
    });
    (copy, state.note)
}

#[test]
fn a_terminal_copies_it_and_shows_nothing() {
    #[derive(Default)]
    struct Copied(Vec<(Vec<u8>, Vec<u8>)>);
    impl vt100::Callbacks for Copied {
        fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, selection: &[u8], data: &[u8]) {
            self.0.push((selection.to_vec(), data.to_vec()));
        }
    }
    let mut sequence = String::new();
    let text = copied("sudo touch /etc/é").0.unwrap();
    CopyToClipboard::to_clipboard_from(text).write_ansi(&mut sequence).unwrap();
    let (rows, columns) = (24.try_into().unwrap(), 80.try_into().unwrap());
    let mut terminal = vt100::Parser::new_with_callbacks(rows, columns, 0, Copied::default());
    terminal.process(sequence.as_bytes());
    assert_eq!(terminal.callbacks().0, [(b"c".to_vec(), b"c3VkbyB0b3VjaCAvZXRjL8Op".to_vec())]);
    assert_eq!(terminal.screen().contents(), "");
}

#[test]
fn a_copied_text_presses_no_keys_where_it_is_pasted() {
    assert_eq!(copied("a\nb\x1b[201~\r").0.unwrap(), "a\\u{a}b\\u{1b}[201~\\u{d}");
}

#[test]
fn all_of_a_text_is_copied_or_nothing() {
    assert!(copied(&"x".repeat(MOST)).0.is_some());
    for long in ["x".repeat(MOST + 1), "\n".repeat(MOST)] {
        assert_eq!(copied(&long), (None, Some("too long to copy; the key w of Bytes saves it")));
    }
    assert_eq!(copied("").0, None, "an empty one would clear the clipboard");
}
