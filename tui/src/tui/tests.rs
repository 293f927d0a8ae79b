//! The screens as a person meets them: every key on every screen, and how they look.

use anonymous_statistics::consent::{Decision, Finding};
use anonymous_statistics::invocation::Invocation;
use anonymous_statistics::preview::{Outlook, Preview};
use anonymous_statistics::script::Program;
use ratatui::layout::Size;

use super::key::Key;
use super::look::Look;
use super::overlay::Overlay;
use super::picture::Picture;
use super::state::{Effect, Message, State};
use crate::example;

const RICH: Look = Look { colour: true, unicode: true };
const PLAIN: Look = Look { colour: false, unicode: false };
const SIZES: [(u16, u16); 3] = [(60, 16), (80, 24), (160, 50)];
const SCREENS: [&str; 4] = ["Summary", "Fields", "Request", "Consent"];

fn state(preview: Preview, look: Look, (width, height): (u16, u16)) -> State {
    let mut state = State::new(preview.action.clone(), false, look, Size::new(width, height));
    assert_eq!(state.update(Message::Looked(Box::new(preview))), None);
    state
}

fn usual() -> State {
    state(example::preview().unwrap(), RICH, (80, 24))
}

fn at(screen: &str) -> State {
    let mut state = usual();
    assert!(state.open(screen));
    state
}

fn press(state: &mut State, key: Key) -> Option<Effect> {
    state.update(Message::Key(key))
}

fn text(state: &State) -> String {
    Picture::of(state).text()
}

/// A machine on which nothing is known but what can be seen without the daemon.
fn without_history() -> Preview {
    example::with(&Invocation::expected("START"), Program::None).unwrap()
}

#[test]
fn the_screens_are_the_ones_that_are_tested() {
    let titles: Vec<&str> = usual().screens.iter().map(|screen| screen.title()).collect();
    assert_eq!(titles, SCREENS);
}

#[test]
fn every_screen_at_every_size() {
    for (width, height) in SIZES {
        for screen in SCREENS {
            let mut state = state(example::preview().unwrap(), RICH, (width, height));
            assert!(state.open(screen));
            insta::assert_snapshot!(format!("{screen}-{width}x{height}"), text(&state));
        }
    }
}

#[test]
fn what_lies_over_a_screen() {
    for (width, height) in SIZES {
        for (name, key) in [("help", Key::Char('?')), ("opt-out", Key::Char('o'))] {
            let mut state = state(example::preview().unwrap(), RICH, (width, height));
            press(&mut state, key);
            insta::assert_snapshot!(format!("{name}-{width}x{height}"), text(&state));
        }
    }
}

#[test]
fn fields_that_only_the_daemon_knows_are_left_open() {
    for screen in ["Summary", "Fields", "Request"] {
        let mut state = state(without_history(), RICH, (80, 24));
        assert!(state.open(screen));
        insta::assert_snapshot!(format!("open-{screen}"), text(&state));
    }
}

#[test]
fn the_details_of_a_field_have_a_screen_of_their_own() {
    let mut state = at("Fields");
    for _ in 0..33 {
        press(&mut state, Key::Down);
    }
    press(&mut state, Key::Enter);
    insta::assert_snapshot!("details", text(&state));
    assert_eq!(press(&mut state, Key::Escape), None, "Esc leaves the details first");
    assert_eq!(press(&mut state, Key::Escape), Some(Effect::Quit));
}

#[test]
fn the_request_can_be_read_with_line_breaks() {
    let mut state = at("Request");
    press(&mut state, Key::Char('p'));
    insta::assert_snapshot!("pretty", text(&state));
    press(&mut state, Key::Char('p'));
    assert_eq!(text(&state), text(&at("Request")));
}

#[test]
fn every_outlook_is_said_in_words_and_by_a_symbol() {
    let exists = || example::consent(&[Finding::Exists("a file")]);
    let blind = || example::consent(&[Finding::CannotLook("Permission denied (os error 13)".to_owned())]);
    let make = |change: &dyn Fn(&mut Preview)| {
        let mut preview = example::preview().unwrap();
        change(&mut preview);
        preview
    };
    let of = |program: Program| make(&|preview| preview.script.program = program.clone());
    let cases = [
        (example::preview().unwrap(), Outlook::WillSend, "[>] WILL SEND"),
        (of(Program::Another), Outlook::AnotherSends, "[~] NOT THIS: another program"),
        (of(Program::None), Outlook::WouldSend, "[o] WOULD SEND, if this sender were installed"),
        (make(&|preview| preview.consent = exists()), Outlook::OptedOut, "[x] OPTED OUT: /etc/netdata/"),
        (make(&|preview| preview.consent = blind()), Outlook::CannotTell, "[?] CANNOT TELL from this account:"),
    ];
    for (preview, outlook, words) in cases {
        assert_eq!(preview.outlook(), outlook);
        assert_eq!(preview.consent.decision() == Decision::OptedOut, words.contains("OPTED OUT"), "{words}");
        for screen in SCREENS {
            let mut state = state(preview.clone(), PLAIN, (80, 24));
            state.open(screen);
            let text = text(&state);
            for always in [words, "to posthog.netdata.cloud: 86 fields", "sender: ", "opens no network socket"] {
                assert!(text.contains(always), "{screen} does not say {always:?}:\n{text}");
            }
        }
    }
}

#[test]
fn no_request_is_a_screen_too() {
    let mut call = Invocation::complete(
        ["START".into()],
        [("NETDATA_REGISTRY_UNIQUE_ID".into(), "00000000-0000-0000-0000-000000000000".into())],
        &anonymous_statistics::invocation::Provenance::CallFile,
    );
    call.know_count(42);
    for screen in SCREENS {
        let mut state = state(example::with(&call, Program::None).unwrap(), RICH, (80, 24));
        state.open(screen);
        assert!(text(&state).contains("WILL NOT SEND: NETDATA_REGISTRY_UNIQUE_ID is not a GUID"), "{}", text(&state));
        for key in ALL_KEYS {
            press(&mut state, key);
            text(&state);
        }
    }
}

const ALL_KEYS: [Key; 35] = [
    Key::Up,
    Key::Down,
    Key::Left,
    Key::Right,
    Key::Home,
    Key::End,
    Key::PageUp,
    Key::PageDown,
    Key::Next,
    Key::Previous,
    Key::Enter,
    Key::Escape,
    Key::Interrupt,
    Key::Char('0'),
    Key::Char('1'),
    Key::Char('2'),
    Key::Char('3'),
    Key::Char('4'),
    Key::Char('5'),
    Key::Char('9'),
    Key::Char('?'),
    Key::Char('/'),
    Key::Char('e'),
    Key::Char('i'),
    Key::Char('n'),
    Key::Char('o'),
    Key::Char('p'),
    Key::Char('q'),
    Key::Char('r'),
    Key::Char('y'),
    Key::Char('Q'),
    Key::Char('O'),
    Key::Char('é'),
    Key::Char('日'),
    Key::Char('\u{1b}'),
];

#[test]
fn every_key_on_every_screen() {
    for (number, screen) in SCREENS.into_iter().enumerate() {
        for key in ALL_KEYS {
            let mut state = at(screen);
            let effect = press(&mut state, key);
            let (expected, current) = match key {
                Key::Escape | Key::Interrupt | Key::Char('q') => (Some(Effect::Quit), number),
                Key::Char('r') => (Some(Effect::Look("START".to_owned())), number),
                Key::Char('e') => (Some(Effect::Look("EXIT".to_owned())), number),
                Key::Next | Key::Right => (None, (number + 1) % 4),
                Key::Previous | Key::Left => (None, (number + 3) % 4),
                Key::Char(digit @ '1'..='4') => (None, usize::from(digit as u8 - b'1')),
                _ => (None, number),
            };
            assert_eq!((effect, state.current), (expected, current), "{key:?} on {screen}");
            let overlay = match key {
                Key::Char('?') => matches!(state.overlay, Some(Overlay::Help(_))),
                Key::Char('o') => matches!(state.overlay, Some(Overlay::Confirm(_))),
                _ => state.overlay.is_none(),
            };
            assert!(overlay, "{key:?} on {screen}: {:?}", state.overlay);
        }
    }
}

#[test]
fn scrolling_keys_move_and_come_back() {
    for screen in SCREENS {
        for (there, back) in [(Key::Down, Key::Up), (Key::PageDown, Key::PageUp), (Key::End, Key::Home)] {
            let mut state = at(screen);
            let before = text(&state);
            press(&mut state, there);
            assert_ne!(text(&state), before, "{there:?} on {screen}");
            press(&mut state, back);
            assert_eq!(text(&state), before, "{back:?} on {screen}");
        }
    }
}

#[test]
fn opting_out_takes_o_and_enter_and_nothing_less() {
    for key in ALL_KEYS {
        let mut state = usual();
        press(&mut state, Key::Char('o'));
        assert!(text(&state).contains("/etc/netdata/.opt-out-from-anonymous-statistics"), "the dialog names the file");
        let effect = press(&mut state, key);
        match key {
            Key::Enter => assert!(matches!(effect, Some(Effect::OptOut(_)))),
            Key::Interrupt | Key::Char('q') => assert_eq!(effect, Some(Effect::Quit)),
            Key::Escape | Key::Char('n') => {
                assert_eq!(effect, None);
                assert!(state.overlay.is_none());
            }
            _ => {
                assert_eq!(effect, None, "{key:?}");
                assert!(matches!(state.overlay, Some(Overlay::Confirm(_))), "{key:?}");
            }
        }
    }
}

#[test]
fn a_confirmed_opt_out_is_not_dropped_by_a_key_typed_ahead() {
    let mut state = usual();
    press(&mut state, Key::Char('o'));
    press(&mut state, Key::Enter);
    for key in ALL_KEYS.into_iter().filter(|key| *key != Key::Interrupt) {
        assert_eq!(press(&mut state, key), None, "{key:?}");
        assert!(matches!(state.overlay, Some(Overlay::Working)), "{key:?}");
    }
    assert_eq!(press(&mut state, Key::Interrupt), Some(Effect::Quit));
}

#[test]
fn after_opting_out_the_disk_is_read_again_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut preview = example::preview().unwrap();
    preview.folders.config = Some((folder.path().to_owned(), anonymous_statistics::folders::FoundBy::Option));
    preview.folders.library = None;
    let mut state = state(preview, RICH, (80, 24));
    press(&mut state, Key::Char('o'));
    let Some(Effect::OptOut(plan)) = press(&mut state, Key::Enter) else { panic!("no opting out") };
    let look = state.update(Message::OptedOut(Box::new(plan.perform())));
    assert_eq!(look, Some(Effect::Look("START".to_owned())));
    assert!(folder.path().join(".opt-out-from-anonymous-statistics").exists());
    let mut after = example::preview().unwrap();
    after.consent = example::consent(&[Finding::Exists("a file")]);
    state.update(Message::Looked(Box::new(after)));
    let shown = text(&state);
    for part in ["Created ", "Restart netdata", "The disk says now: OPTED OUT"] {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
    press(&mut state, Key::Enter);
    assert!(state.overlay.is_none() && state.blocked.is_empty());
}

#[test]
fn without_permission_there_is_a_command_to_copy() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let mut preview = example::preview().unwrap();
    preview.folders.config = Some((folder.path().join("file/netdata"), anonymous_statistics::folders::FoundBy::Option));
    let mut state = state(preview, RICH, (160, 50));
    press(&mut state, Key::Char('o'));
    let Some(Effect::OptOut(plan)) = press(&mut state, Key::Enter) else { panic!("no opting out") };
    state.update(Message::OptedOut(Box::new(plan.perform())));
    let shown = text(&state);
    assert!(shown.contains("cannot create") && shown.contains("sudo mkdir -p"), "{shown}");
    assert_eq!(state.blocked.len(), 2);
    state.update(Message::Looked(Box::new(example::preview().unwrap())));
    assert_eq!(press(&mut state, Key::Char('r')), Some(Effect::Look("START".to_owned())), "r looks again");
    assert!(state.overlay.is_some(), "and the commands stay");
}

#[test]
fn one_look_at_a_time() {
    let mut state = usual();
    assert!(press(&mut state, Key::Char('r')).is_some());
    assert_eq!(press(&mut state, Key::Char('r')), None);
    assert_eq!(press(&mut state, Key::Char('e')), None);
    let mut early = State::new("START".to_owned(), false, RICH, Size::new(80, 24));
    for key in ALL_KEYS {
        let effect = press(&mut early, key);
        assert!(matches!(effect, None | Some(Effect::Quit)), "{key:?} before the first look is done");
        text(&early);
    }
}

#[test]
fn all_events_come_round() {
    let mut state = usual();
    let mut seen = Vec::new();
    for _ in anonymous_statistics::schema::ACTIONS {
        let Some(Effect::Look(action)) = press(&mut state, Key::Char('e')) else { panic!("no look") };
        let preview = example::with(&example::last_call(&action, "-", "-"), Program::None).unwrap();
        state.update(Message::Looked(Box::new(preview)));
        assert!(text(&state).contains(&format!("event: {action}")), "{}", text(&state));
        seen.push(action);
    }
    assert_eq!(seen.last().map(String::as_str), Some("START"));
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), anonymous_statistics::schema::ACTIONS.len());
}

#[test]
fn a_recorded_call_brings_its_own_event() {
    let mut state = State::new("EXIT".to_owned(), true, RICH, Size::new(80, 24));
    state.update(Message::Looked(Box::new(example::preview().unwrap())));
    assert_eq!(press(&mut state, Key::Char('e')), None);
    assert!(text(&state).contains("the recorded call decides"));
}

#[test]
fn too_small_says_so_and_only_leaves() {
    let mut state = usual();
    state.update(Message::Resized(Size::new(59, 24)));
    assert!(text(&state).contains("60x16 are needed"));
    for key in ALL_KEYS {
        let leaves = matches!(key, Key::Escape | Key::Interrupt | Key::Char('q'));
        assert_eq!(press(&mut state, key), leaves.then_some(Effect::Quit), "{key:?}");
    }
    for size in [(1, 1), (0, 0), (60, 3), (400, 2)] {
        state.update(Message::Resized(Size::new(size.0, size.1)));
        text(&state);
    }
    state.update(Message::Resized(Size::new(80, 24)));
    assert_eq!(text(&state), text(&usual()));
}

#[test]
fn many_keys_at_many_sizes_change_nothing_outside() {
    // xorshift: the same keys every time.
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % below as u64).unwrap()
    };
    let mut state = usual();
    for round in 0..3_000 {
        if round % 50 == 0 {
            let size = Size::new(u16::try_from(next(200)).unwrap(), u16::try_from(next(60)).unwrap());
            state.update(Message::Resized(size));
        }
        let confirmed = matches!(state.overlay, Some(Overlay::Confirm(_)));
        match press(&mut state, ALL_KEYS[next(ALL_KEYS.len())]) {
            Some(Effect::Look(_)) => {
                let preview = if next(2) == 0 { without_history() } else { example::preview().unwrap() };
                state.update(Message::Looked(Box::new(preview)));
            }
            Some(Effect::OptOut(_)) => {
                assert!(confirmed, "opted out without a dialog");
                state = usual();
            }
            Some(Effect::Quit) | None => {}
        }
        if round % 20 == 0 {
            text(&state);
        }
    }
}

#[test]
fn a_plain_terminal_gets_no_colour_and_only_ascii() {
    for screen in SCREENS {
        for key in [None, Some(Key::Char('?')), Some(Key::Char('o'))] {
            let mut state = state(example::preview().unwrap(), PLAIN, (80, 24));
            state.open(screen);
            key.map(|key| press(&mut state, key));
            let picture = Picture::of(&state);
            assert!(picture.text().is_ascii(), "{}", picture.text());
            assert!(!picture.has_colour());
        }
    }
    assert!(Picture::of(&usual()).has_colour());
}

#[test]
fn hostile_values_are_written_as_escapes() {
    let hostile = "\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}";
    let mut preview = example::preview().unwrap();
    preview.consent = anonymous_statistics::consent::Consent::decide(
        [std::path::Path::new(&format!("/etc/{hostile}"))],
        |_| Ok(Some(hostile.into())),
        |_| Finding::CannotLook(hostile.to_owned()),
    );
    preview.folders.config = Some((format!("/{hostile}").into(), anonymous_statistics::folders::FoundBy::Option));
    preview.trust_store = Ok(Some(hostile.into()));
    preview.script = anonymous_statistics::script::Script {
        path: Some(format!("/{hostile}").into()),
        program: Program::CannotTell(hostile.to_owned()),
    };
    preview.action = hostile.to_owned();
    for look in [RICH, PLAIN] {
        for screen in SCREENS {
            let mut state = state(preview.clone(), look, (160, 50));
            state.open(screen);
            press(&mut state, Key::Char('o'));
            let shown = text(&state);
            assert!(shown.contains("\\u{1b}"), "{shown}");
            assert!(!shown.contains(|c: char| c != '\n' && (c.is_control() || c == '\u{202e}')), "{shown:?}");
        }
    }
}
