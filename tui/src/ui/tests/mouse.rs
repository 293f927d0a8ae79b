//! Clicks and copies.

use ratatui::layout::Position;

use super::*;

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
