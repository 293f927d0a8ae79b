//! Running previews, other events, other sizes.

use anonymous_statistics::fields::ACTIONS;
use anonymous_statistics::inspect::Stage;

use super::keys::keys;
use super::*;

#[test]
fn one_look_at_a_time_and_a_change_during_it_asks_for_another() {
    let mut state = usual();
    assert!(press(&mut state, Key::Char('r')).is_some());
    for key in ['r', 'e'] {
        assert_eq!(press(&mut state, Key::Char(key)), None);
        assert_eq!(state.note, Some("still looking at this machine"));
    }
    assert_eq!(state.update(Message::Changed), None);
    state.update(Message::Looked(Box::new(preview())));
    let again = state.update(Message::Compared(example::columns()));
    assert_eq!(again, Some(look("START")));
    looked(&mut state, preview());
    assert_eq!(state.update(Message::Changed), Some(look("START")), "a change alone is enough");
}

#[test]
fn before_the_first_look_is_done_one_can_only_leave() {
    for key in keys() {
        let effect = press(&mut fresh("START", false, RICH, USUAL), key);
        let harmless = matches!(effect, None | Some(Effect::Quit | Effect::Suspend | Effect::Redraw));
        assert!(harmless, "{key:?} before the first look is done");
    }
}

#[test]
fn a_look_that_takes_its_time_says_at_what_it_is() {
    let mut state = fresh("START", false, RICH, USUAL);
    state.update(Message::Began(Stage::Consent));
    assert!(text(&state).contains(" looking for opt-out files ..."), "{}", text(&state));
    for _ in 0..3 {
        state.update(Message::Waited);
    }
    assert!(text(&state).contains(" q quit   3 s: looking for opt-out files; a file system may hang"));
    looked(&mut state, preview());
    assert!(!text(&state).contains("may hang"));
}

#[test]
fn all_events_come_round() {
    let mut state = usual();
    let mut seen = Vec::new();
    for _ in ACTIONS {
        let Some(Effect::Look { action, .. }) = press(&mut state, Key::Char('e')) else { panic!("no look") };
        looked(&mut state, example::with(&example::last_call(&action), Program::Missing));
        assert!(shows(&state, &format!("event {action}")), "{}", text(&state));
        seen.push(action);
    }
    seen.rotate_right(1);
    assert_eq!(seen, ACTIONS.iter().map(|action| action.name).collect::<Vec<_>>(), "after the last comes START");
}

#[test]
fn a_recorded_call_brings_its_own_event() {
    let mut state = fresh("EXIT", true, RICH, USUAL);
    looked(&mut state, preview());
    assert_eq!(press(&mut state, Key::Char('e')), None);
    assert!(text(&state).contains("the recorded call decides"));
}

#[test]
fn too_small_says_so_and_only_leaves() {
    let mut state = usual();
    state.update(Message::Resized(Size::new(59, 24)));
    assert!(text(&state).contains("60x16 needed"));
    for key in keys() {
        let effect = press(&mut state, key);
        let leaves = matches!(key, Key::Interrupt | Key::Char('q'));
        assert_eq!(effect == Some(Effect::Quit), leaves, "{key:?}");
        assert!(matches!(effect, None | Some(Effect::Quit | Effect::Suspend | Effect::Redraw)), "{key:?}");
    }
    for size in [(1, 1), (0, 0), (60, 3), (400, 2)] {
        state.update(Message::Resized(size.into()));
        text(&state);
    }
    state.update(Message::Resized(USUAL));
    assert_eq!(text(&state), text(&usual()), "no key has done anything meanwhile");
}

#[test]
fn the_room_decides_and_not_the_size_that_was_heard_of() {
    for title in titles() {
        for keys in ["j", "\r", "?", "o", "w", "/e"] {
            let mut state = reached(preview(), title, keys, USUAL);
            for real in SIZES.into_iter().rev().chain([Size::new(20, 5)]) {
                let before = drawn_in(&state, real);
                state.update(Message::Resized(real));
                assert_eq!(drawn(&state), before, "{title}, {keys:?}");
            }
        }
    }
}
