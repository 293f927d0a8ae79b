//! The screens as a person meets them: every key on every screen, and how they look.

mod random;

use anonymous_statistics::agent::folders::{Dir, FoundBy};
use anonymous_statistics::agent::installed_sender::Program;
use anonymous_statistics::agent::version::Version;
use anonymous_statistics::call::Invocation;
use anonymous_statistics::channels::events::Outlook;
use anonymous_statistics::consent::{Consent, Decision, Finding};
use anonymous_statistics::fields::ACTIONS;
use anonymous_statistics::inspect::{Preview, Stage, Target};
use anonymous_statistics::outbox::Unread;
use anonymous_statistics::outbox::history::History;
use ratatui::layout::Size;
use ratatui::style::{Color, Modifier};

use crate::actions::opting::Barred;
use crate::actions::report::Report;
use crate::example;
use crate::ui::dialog::{OPT_IN_WORD, Overlay};
use crate::ui::keys::Key;
use crate::ui::picture::Picture;
use crate::ui::state::{Effect, Message, Search, State};
use crate::ui::theme::Look;

const RICH: Look = Look { colour: true, unicode: true };
const PLAIN: Look = Look { colour: false, unicode: false };
const SIZES: [(u16, u16); 3] = [(60, 16), (80, 24), (160, 50)];
const SCREENS: [&str; 7] = ["Summary", "Fields", "Request", "Events", "Consent", "History", "Dashboard"];

fn fresh(action: &str, recorded: bool, look: Look, (width, height): (u16, u16)) -> State {
    State::new(crate::screens::all(), action.to_owned(), recorded, "/home/admin".into(), look, Size::new(width, height))
}

fn looked(state: &mut State, preview: Preview) {
    assert_eq!(state.update(Message::Looked(Box::new(preview))), None);
    assert_eq!(state.update(Message::Compared(example::columns().unwrap())), None);
}

fn state(preview: Preview, look: Look, size: (u16, u16)) -> State {
    let mut state = fresh(&preview.action, false, look, size);
    looked(&mut state, preview);
    state
}

fn usual() -> State {
    state(example::preview().unwrap(), RICH, (80, 24))
}

/// How many fields the request has.
fn fields_of(preview: &Preview) -> usize {
    preview.assembly.as_ref().unwrap().event.entries().len()
}

fn at(screen: &str) -> State {
    let mut state = usual();
    assert!(state.open(screen));
    state
}

fn press(state: &mut State, key: Key) -> Option<Effect> {
    state.update(Message::Key(key))
}

fn typed(state: &mut State, text: &str) {
    for c in text.chars() {
        assert_eq!(press(state, Key::Char(c)), None);
    }
}

fn text(state: &State) -> String {
    Picture::of(state).text()
}

/// Whether a screen shows a text, however many lines it takes: the path of a folder that a test makes may be long.
fn shows(state: &State, part: &str) -> bool {
    let packed = |text: &str| text.replace(['│', '█', '#'], "").split_whitespace().collect::<String>();
    packed(&text(state)).contains(&packed(part))
}

/// A machine on which nothing is known but what can be seen without the daemon.
fn without_history() -> Preview {
    example::with(&Invocation::expected("START"), Program::None).unwrap()
}

/// A machine that has opted out by the agent's own file.
fn opted_out() -> Preview {
    let mut preview = example::preview().unwrap();
    preview.consent = example::consent(&[Finding::Exists("a file")]);
    preview.targets[0].file = Finding::Exists("a file");
    preview
}

/// Gives the agent a config directory of a test.
fn move_to(preview: &mut Preview, folder: std::path::PathBuf) {
    preview.targets = vec![Target::look(&folder, false, None)];
    preview.folders.config = Some(Dir { path: folder, by: FoundBy::Option });
    preview.folders.library = None;
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
            for (name, look) in [("rich", RICH), ("plain", PLAIN)] {
                let mut state = state(example::preview().unwrap(), look, (width, height));
                assert!(state.open(screen));
                let picture = Picture::of(&state);
                let shown = format!("{}\n{}", picture.text(), picture.styles());
                insta::assert_snapshot!(format!("{screen}-{width}x{height}-{name}"), shown);
                // Colour and characters do not depend on each other.
                let mixed = Look { colour: !look.colour, ..look };
                state.look = mixed;
                assert_eq!(Picture::of(&state).text(), picture.text(), "{screen}");
            }
        }
    }
}

#[test]
fn what_lies_over_a_screen() {
    for (width, height) in SIZES {
        for (name, key) in [("help", Key::Char('?')), ("opt-out", Key::Char('o')), ("opt-in", Key::Char('i'))] {
            let mut state = state(opted_out(), RICH, (width, height));
            press(&mut state, key);
            insta::assert_snapshot!(format!("{name}-{width}x{height}"), text(&state));
        }
        let mut state = state(example::preview().unwrap(), RICH, (width, height));
        state.open("Request");
        press(&mut state, Key::Char('w'));
        insta::assert_snapshot!(format!("save-{width}x{height}"), text(&state));
    }
}

#[test]
fn colours_are_readable_on_every_background() {
    for preview in [example::preview().unwrap(), without_history(), opted_out()] {
        for screen in SCREENS {
            let mut state = state(preview.clone(), RICH, (80, 24));
            state.open(screen);
            let picture = Picture::of(&state);
            assert!(picture.has_colour());
            for cell in picture.cells() {
                let (own, set) = (Color::Reset, (cell.fg, cell.bg));
                assert!(set == (own, own) || cell.fg == Color::Black && cell.bg != own, "{cell:?}");
                assert!(!cell.modifier.contains(Modifier::DIM), "the Linux console shows it as a colour");
            }
        }
    }
}

#[test]
fn fields_that_only_the_daemon_knows_are_left_open() {
    for screen in ["Summary", "Fields", "Request", "Events"] {
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
    for _ in 0..3 {
        assert_eq!(press(&mut state, Key::Escape), None, "Esc leaves the details, and never the program");
    }
    assert!(!text(&state).contains("Enter back"), "{}", text(&state));
}

#[test]
fn the_request_has_three_forms() {
    let mut state = at("Request");
    for form in ["pretty", "headers"] {
        press(&mut state, Key::Char('p'));
        insta::assert_snapshot!(form, text(&state));
    }
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
    let later = || make(&|preview| preview.version = Version::new("v2.6.0", "a file"));
    let unseen = || of(Program::CannotTell("Permission denied (os error 13)".to_owned()));
    let cases = vec![
        (example::preview().unwrap(), Outlook::WillSend, "[>] WILL SEND", "this sender, "),
        (of(Program::Netdatas), Outlook::AnotherSends, "[~] NOT THIS: Netdata's own script", "Netdata's own script"),
        (of(Program::Another), Outlook::AnotherSends, "[~] NOT THIS: another program", "another program"),
        (of(Program::None), Outlook::WouldSend, "[o] WOULD SEND, if this sender were", "nobody: no script installed"),
        (unseen(), Outlook::WouldSend, "[o] WOULD SEND, if this sender is what", "cannot tell"),
        (
            later(),
            Outlook::CannotTell,
            "[?] CANNOT TELL: this daemon also reports by itself (v2.6.0)",
            "nobody: this daemon calls none",
        ),
        (make(&|p| p.consent = exists()), Outlook::OptedOut, "[x] OPTED OUT: /etc/netdata/", "this sender, "),
        (make(&|p| p.consent = blind()), Outlook::CannotTell, "[?] CANNOT TELL from this account:", "this sender, "),
    ];
    for (preview, outlook, words, sender) in cases {
        assert_eq!(preview.events().outlook(), outlook);
        assert_eq!(preview.consent.decision() == Decision::OptedOut, words.contains("OPTED OUT"), "{words}");
        let sender = format!("sender: {sender}");
        let fields = format!("to posthog.netdata.cloud: {} fields", fields_of(&preview));
        for screen in SCREENS {
            let mut state = state(preview.clone(), PLAIN, (80, 24));
            state.open(screen);
            let text = text(&state);
            for always in [words, &fields, &sender, "opens no network socket"] {
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
        &anonymous_statistics::call::Provenance::CallFile,
    );
    call.know_count(42, anonymous_statistics::call::Provenance::CallFile);
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

/// Keys with a meaning somewhere, and some without.
const ALL_KEYS: [Key; 66] = {
    use Key::Char;
    [
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
        Key::Backspace,
        Key::Interrupt,
        Key::Suspend,
        Key::Redraw,
        Char('0'),
        Char('1'),
        Char('2'),
        Char('3'),
        Char('4'),
        Char('5'),
        Char('6'),
        Char('7'),
        Char('9'),
        Char('?'),
        Char('/'),
        Char('a'),
        Char('b'),
        Char('c'),
        Char('d'),
        Char('e'),
        Char('f'),
        Char('g'),
        Char('h'),
        Char('i'),
        Char('j'),
        Char('k'),
        Char('l'),
        Char('m'),
        Char('n'),
        Char('o'),
        Char('p'),
        Char('q'),
        Char('r'),
        Char('s'),
        Char('t'),
        Char('u'),
        Char('v'),
        Char('w'),
        Char('x'),
        Char('y'),
        Char('z'),
        Char('N'),
        Char('G'),
        Char('Q'),
        Char('O'),
        Char(','),
        Char('.'),
        Char('<'),
        Char('>'),
        Char(' '),
        Char('é'),
        Char('日'),
        Char('\u{301}'),
        Char('\u{1b}'),
    ]
};

#[test]
fn every_key_on_every_screen() {
    let count = SCREENS.len();
    for (number, screen) in SCREENS.into_iter().enumerate() {
        for key in ALL_KEYS {
            let mut state = at(screen);
            let effect = press(&mut state, key);
            let (expected, current) = match key {
                Key::Interrupt | Key::Char('q') => (Some(Effect::Quit), number),
                Key::Suspend => (Some(Effect::Suspend), number),
                Key::Redraw => (Some(Effect::Redraw), number),
                Key::Char('r') => (Some(Effect::Look("START".to_owned())), number),
                Key::Char('e') => (Some(Effect::Look("EXIT".to_owned())), number),
                Key::Next | Key::Right | Key::Char('l') => (None, (number + 1) % count),
                Key::Previous | Key::Left | Key::Char('h') => (None, (number + count - 1) % count),
                Key::Char(digit @ '1'..='7') => (None, usize::from(digit as u8 - b'1')),
                _ => (None, number),
            };
            assert_eq!((effect, state.current), (expected, current), "{key:?} on {screen}");
            let overlay = match key {
                Key::Char('?') => matches!(state.overlay, Some(Overlay::Help(_))),
                Key::Char('o') => matches!(state.overlay, Some(Overlay::OptOut(_))),
                Key::Char('w') if screen == "Request" => matches!(state.overlay, Some(Overlay::Save(_))),
                _ => state.overlay.is_none(),
            };
            assert!(overlay, "{key:?} on {screen}: {:?}", state.overlay);
            assert_eq!(state.search.typing, key == Key::Char('/'), "{key:?} on {screen}");
            let note = match key {
                Key::Char('n' | 'N') => Some("nothing is searched for yet: press / and type"),
                // Nothing to remove: the example has not opted out.
                Key::Char('i') => Some("there is no opt-out file to remove in the agent's config directory"),
                _ => None,
            };
            assert_eq!(state.note, note, "{key:?} on {screen}");
            text(&state);
        }
    }
}

#[test]
fn every_key_of_a_screen_stands_in_its_help() {
    for screen in SCREENS {
        let mut state = state(example::preview().unwrap(), RICH, (160, 50));
        state.open(screen);
        press(&mut state, Key::Char('?'));
        let help = text(&state);
        for own in state.screens[state.current].keys(state.view(state.size).unwrap()) {
            assert!(help.contains(own.does), "{screen}: {help}");
        }
        assert!(help.contains("stop for now") && help.contains("leave; nothing changes"), "{help}");
    }
}

#[test]
fn a_search_finds_on_every_screen_and_comes_round() {
    for (screen, wanted, places) in [
        ("Summary", "NETDATA", 10),
        ("Fields", "kernel", 2),
        ("Request", "debian", 3),
        ("Events", "kernel", 2),
        ("Consent", "not found", 4),
        ("History", "with status", 3),
        ("Dashboard", "browser", 18),
    ] {
        let mut state = at(screen);
        let before = text(&state);
        press(&mut state, Key::Char('/'));
        typed(&mut state, wanted);
        assert_eq!(state.matches(state.size), places, "{screen}:\n{}", text(&state));
        assert!(
            text(&state).contains(&format!("/{wanted}_   Enter done   Esc end   {places} places")),
            "{}",
            text(&state)
        );
        press(&mut state, Key::Enter);
        assert!(text(&state).contains(&format!("/{wanted}   n next   N previous   Esc end   {places} places")));
        let first = Picture::of(&state).cells().to_vec();
        for _ in 0..places {
            assert_eq!(press(&mut state, Key::Char('n')), None);
        }
        assert_eq!(Picture::of(&state).cells(), first, "after the last comes the first on {screen}");
        press(&mut state, Key::Char('n'));
        assert_ne!(Picture::of(&state).cells(), first, "n moves on {screen}");
        press(&mut state, Key::Char('N'));
        assert_eq!(Picture::of(&state).cells(), first, "N moves back on {screen}");
        assert_eq!(press(&mut state, Key::Escape), None, "Esc ends the search and does not leave");
        press(&mut state, Key::Home);
        assert_eq!(text(&state), before, "{screen}");
    }
}

#[test]
fn a_text_that_is_longer_than_a_wide_terminal_is_high_stands_in_two_columns() {
    let mut state = state(example::preview().unwrap(), PLAIN, (160, 36));
    let shown = text(&state);
    let column_of = |part: &str| shown.lines().find_map(|line| line.find(part)).unwrap_or_else(|| panic!("{shown}"));
    assert!(column_of("What  ") < 10 && column_of("BUILD_FAIL_MOSQ") > 75, "{shown}");
    assert_eq!(shown.matches("EXPORTING_START").count(), 1, "{shown}");
    press(&mut state, Key::Char('/'));
    typed(&mut state, "build_fail_mosq");
    let cells = Picture::of(&state);
    let marked: Vec<usize> = (0..cells.cells().len())
        .filter(|at| cells.cells()[*at].modifier.contains(Modifier::BOLD | Modifier::REVERSED) && at / 160 > 4)
        .collect();
    let found: String = marked.iter().map(|at| cells.cells()[*at].symbol()).collect();
    assert_eq!(found, "BUILD_FAIL_MOSQ", "what is found is marked where it stands");
    assert!(marked.iter().all(|at| at % 160 > 75));
}

#[test]
fn open_details_say_how_to_go_back() {
    for screen in ["Fields", "Events", "History", "Dashboard"] {
        let mut state = at(screen);
        assert!(text(&state).contains("Enter details") || screen == "Events", "{}", text(&state));
        press(&mut state, Key::Enter);
        assert!(text(&state).contains("Enter back"), "{}", text(&state));
        press(&mut state, Key::Enter);
        assert!(!text(&state).contains("Enter back"), "{}", text(&state));
    }
}

#[test]
fn what_is_typed_into_a_search_does_nothing_else() {
    let mut state = at("Request");
    press(&mut state, Key::Char('/'));
    typed(&mut state, "qowier?/1 日e\u{301}");
    assert!(state.overlay.is_none() && state.search.text == "qowier?/1 日e\u{301}");
    assert_eq!(state.matches(state.size), 0);
    typed(&mut state, &"x".repeat(100));
    assert_eq!(state.search.text.chars().count(), 40, "there is an end to it");
    for _ in 0..41 {
        press(&mut state, Key::Backspace);
    }
    assert!(state.search.text.is_empty() && !state.search.typing, "Backspace leads back out");
    press(&mut state, Key::Char('/'));
    typed(&mut state, "\u{1b}");
    assert!(text(&state).contains("/\\u{1b}_"));
    assert_eq!(press(&mut state, Key::Interrupt), Some(Effect::Quit));
}

#[test]
fn pasted_text_goes_into_a_search_and_nowhere_else() {
    let paste = |state: &mut State, text: &str| assert_eq!(state.update(Message::Pasted(text.to_owned())), None);
    for screen in SCREENS {
        for key in [None, Some('?'), Some('o'), Some('i'), Some('w')] {
            let mut state = state(opted_out(), RICH, (80, 24));
            state.open(screen);
            key.map(|key| press(&mut state, Key::Char(key)));
            let before = text(&state);
            for pasted in ["hello\rworld\r", "q", OPT_IN_WORD, "\u{1b}[A2/"] {
                paste(&mut state, pasted);
            }
            assert_eq!(text(&state), before, "{key:?} on {screen}");
        }
    }
    let mut state = at("Fields");
    press(&mut state, Key::Char('/'));
    paste(&mut state, "ker\r\u{3}\tnel");
    assert_eq!(state.search.text, "kernel");
    assert!(state.search.typing && text(&state).contains("2 places"), "{}", text(&state));
    paste(&mut state, &"日".repeat(100));
    assert_eq!(state.search.text.chars().count(), 40, "there is an end to it");
    press(&mut state, Key::Enter);
    paste(&mut state, "q");
    assert_eq!(state.search.text.chars().count(), 40, "nothing is typed any more");
}

#[test]
fn a_filter_that_leaves_nothing_says_so() {
    for screen in ["Fields", "Events"] {
        let mut state = at(screen);
        press(&mut state, Key::Char('/'));
        typed(&mut state, "no such thing");
        press(&mut state, Key::Enter);
        assert!(text(&state).contains("0 places") && text(&state).contains("Esc"), "{}", text(&state));
        for key in ALL_KEYS {
            press(&mut state, key);
            text(&state);
            state.overlay = None;
        }
    }
}

#[test]
fn fields_can_be_sorted_by_what_they_say() {
    let mut state = at("Fields");
    press(&mut state, Key::End);
    let chosen = |state: &State| {
        let shown = text(state);
        let line = shown.lines().find(|line| line.starts_with(" >")).unwrap();
        line.trim_end_matches(['│', '█', ' ']).to_owned()
    };
    let before = chosen(&state);
    press(&mut state, Key::Char('s'));
    assert_eq!(chosen(&state), before, "the same field stays chosen");
    press(&mut state, Key::Home);
    insta::assert_snapshot!("by-sensitivity", text(&state));
    let mut order = Vec::new();
    let fields = fields_of(&example::preview().unwrap());
    for _ in 0..fields {
        order.push(chosen(&state));
        press(&mut state, Key::Down);
    }
    assert!(order[0].contains("distinct_id"));
    order.sort();
    order.dedup();
    assert_eq!(order.len(), fields, "each field is listed once");
}

#[test]
fn events_beside_each_other() {
    let mut state = state(example::preview().unwrap(), RICH, (160, 50));
    state.open("Events");
    press(&mut state, Key::Char('d'));
    insta::assert_snapshot!("differences", text(&state));
    press(&mut state, Key::Enter);
    insta::assert_snapshot!("everywhere", text(&state));
    press(&mut state, Key::Escape);
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..ACTIONS.len() {
        let shown = text(&state);
        // A long name is cut.
        let begins = |name: &str| shown.contains(&name.chars().take(14).collect::<String>());
        seen.extend(ACTIONS.iter().filter(|action| begins(action.name)).map(|action| action.name));
        press(&mut state, Key::Char('.'));
    }
    assert_eq!(seen.len(), ACTIONS.len(), "each event can be reached: {seen:?}");
    let last = text(&state);
    press(&mut state, Key::Char('.'));
    assert_eq!(text(&state), last, "there it ends");
}

#[test]
fn what_was_sent_is_compared_with_now() {
    let mut state = at("History");
    press(&mut state, Key::Enter);
    insta::assert_snapshot!("history-details", text(&state));
    press(&mut state, Key::Escape);
    press(&mut state, Key::End);
    assert!(text(&state).contains("Next  sent at the daemon's next START or META, as number 1"), "{}", text(&state));
    let mut unreadable = example::preview().unwrap();
    unreadable.history = Err("Permission denied (os error 13)".to_owned());
    let mut empty = example::preview().unwrap();
    empty.history = Ok(anonymous_statistics::outbox::history::History::default());
    for (name, preview) in [("history-unreadable", unreadable), ("history-empty", empty)] {
        let mut state = self::state(preview, RICH, (80, 24));
        state.open("History");
        // The command names this test program, whose path is another in every build, and is broken into lines.
        let shown = text(&state);
        let helps = name == "history-unreadable" && !rustix::process::geteuid().is_root();
        assert_eq!(shown.contains("sudo"), helps, "{shown}");
        if name == "history-empty" {
            insta::assert_snapshot!(name, shown);
        }
        for key in ALL_KEYS {
            press(&mut state, key);
            text(&state);
            state.overlay = None;
        }
    }
}

#[test]
fn what_nobody_reads_of_a_crowded_folder_is_named() {
    let unread = |number, or_more| {
        let mut preview = example::preview().unwrap();
        preview.history.as_mut().unwrap().unread = Unread { number, or_more };
        preview
    };
    for (size, screen) in [((80, 24), "History"), ((60, 16), "History"), ((100, 120), "Summary")] {
        for (preview, sentence) in [
            (unread(7, false), "Not read: 7 more entries"),
            (unread(1, true), "Not read: the rest of more than 10000 files"),
        ] {
            let mut state = state(preview, RICH, size);
            state.open(screen);
            assert!(shows(&state, sentence), "{screen} {size:?}\n{}", text(&state));
        }
    }
    // What is not read may be an event: nobody is told that there is none.
    let mut preview = example::preview().unwrap();
    preview.history = Ok(History { unread: Unread { number: 0, or_more: true }, ..History::default() });
    let mut state = state(preview, RICH, (80, 24));
    state.open("History");
    assert!(shows(&state, "Not read: the rest of") && !shows(&state, "nothing waits"), "{}", text(&state));
}

#[test]
fn what_the_daemon_has_stands_beside_what_this_shell_has() {
    let mut preview = example::preview().unwrap();
    let set = |name: &str| Ok((name == "DO_NOT_TRACK").then(|| "1".into()));
    preview.askers = Some(Consent::decide([], set, |_| Finding::Nothing));
    let mut state = state(preview, RICH, (80, 24));
    state.open("Consent");
    press(&mut state, Key::End);
    press(&mut state, Key::Home);
    press(&mut state, Key::Char('/'));
    typed(&mut state, "this shell");
    press(&mut state, Key::Enter);
    let shown = text(&state);
    for part in
        ["the daemon                   this shell", "DO_NOT_TRACK         not set", "set to \"1\"", "they differ"]
    {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
}

#[test]
fn a_value_that_the_daemon_sets_is_marked_with_the_last_known_one() {
    let mut state = state(without_history(), RICH, (80, 24));
    let mut columns = example::columns().unwrap();
    for column in columns.iter_mut().filter(|column| column.action != "EXIT") {
        let expected = example::with(&Invocation::expected(&column.action), Program::None).unwrap();
        column.assembly = expected.assembly;
    }
    state.update(Message::Compared(columns));
    state.open("Events");
    press(&mut state, Key::Char('/'));
    typed(&mut state, "netdata_version");
    let shown = text(&state);
    for part in ["?netdata_version", "*not known here", "*\"v1.37.1\"", "last known: \"v1.37.1\" in EXIT of"] {
        assert!(shown.contains(part), "{part}:\n{shown}");
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
            Key::Suspend => assert_eq!(effect, Some(Effect::Suspend)),
            Key::Redraw => assert_eq!(effect, Some(Effect::Redraw)),
            Key::Escape | Key::Char('n') => {
                assert_eq!(effect, None);
                assert!(state.overlay.is_none());
            }
            _ => {
                assert_eq!(effect, None, "{key:?}");
                assert!(matches!(state.overlay, Some(Overlay::OptOut(_))), "{key:?}");
            }
        }
    }
}

#[test]
fn opting_in_takes_a_typed_word() {
    let begin = || {
        let mut state = state(opted_out(), RICH, (80, 24));
        assert_eq!(press(&mut state, Key::Char('i')), None);
        assert!(matches!(state.overlay, Some(Overlay::OptIn(..))));
        state
    };
    for wrong in ["", "y", "yes", "telemetr", "telemetryy", "Telemetry", "telemetry "] {
        let mut state = begin();
        typed(&mut state, wrong);
        assert_eq!(press(&mut state, Key::Enter), None, "{wrong:?}");
        assert!(text(&state).contains("that is not the word; nothing was changed"), "{wrong:?}");
        // What was typed is gone, so that a second Enter does not make it right.
        typed(&mut state, OPT_IN_WORD);
        assert!(matches!(press(&mut state, Key::Enter), Some(Effect::OptIn(_))), "{wrong:?}");
    }
    let mut state = begin();
    assert!(text(&state).replace(['\n', ' ', '│'], "").contains("/etc/netdata/.opt-out-from-anonymous-statistics"));
    typed(&mut state, "q");
    assert_eq!(press(&mut state, Key::Escape), None);
    assert!(state.overlay.is_none(), "Esc cancels");
}

#[test]
fn opting_in_says_what_else_is_in_the_way() {
    let mut preview = opted_out();
    preview.consent = example::consent(&[Finding::Exists("a file"), Finding::Exists("a link")]);
    let mut state = state(preview, RICH, (80, 24));
    press(&mut state, Key::Char('i'));
    let shown = text(&state);
    assert!(shown.contains("Still in the way would be:") && shown.contains("/opt/netdata/etc/netdata/"), "{shown}");
}

#[test]
fn a_confirmed_opt_out_is_not_dropped_by_a_key_typed_ahead() {
    let mut state = usual();
    press(&mut state, Key::Char('o'));
    press(&mut state, Key::Enter);
    for key in ALL_KEYS.into_iter().filter(|key| !matches!(key, Key::Interrupt | Key::Suspend | Key::Redraw)) {
        assert_eq!(press(&mut state, key), None, "{key:?}");
        assert!(matches!(state.overlay, Some(Overlay::Working(_))), "{key:?}");
    }
    assert_eq!(press(&mut state, Key::Interrupt), Some(Effect::Quit));
}

/// A state over a config directory of its own, and what opting out there brings.
fn opting_out(folder: std::path::PathBuf, size: (u16, u16)) -> (State, Option<Effect>) {
    let mut preview = example::preview().unwrap();
    move_to(&mut preview, folder);
    let mut state = state(preview, RICH, size);
    press(&mut state, Key::Char('o'));
    let Some(Effect::OptOut(plan)) = press(&mut state, Key::Enter) else { panic!("no opting out") };
    let effect = state.update(Message::Done(Box::new(plan.perform().report())));
    (state, effect)
}

#[test]
fn after_opting_out_the_disk_is_read_again_and_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (mut state, effect) = opting_out(folder.path().to_owned(), (80, 24));
    assert_eq!(effect, Some(Effect::Look("START".to_owned())));
    assert!(folder.path().join(".opt-out-from-anonymous-statistics").exists());
    assert!(shows(&state, "The disk says now: looking"));
    looked(&mut state, opted_out());
    for part in ["Created ", "Restart netdata", "The disk says now: OPTED OUT"] {
        assert!(shows(&state, part), "{part}:\n{}", text(&state));
    }
    press(&mut state, Key::Enter);
    assert!(state.overlay.is_none() && state.blocked.is_empty());
}

#[test]
fn without_permission_there_is_a_command_to_copy() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let (mut state, _) = opting_out(folder.path().join("file/netdata"), (160, 50));
    assert!(shows(&state, "cannot create") && shows(&state, "mkdir -p"), "{}", text(&state));
    assert!(!state.blocked.is_empty());
    looked(&mut state, example::preview().unwrap());
    assert_eq!(press(&mut state, Key::Char('r')), Some(Effect::Look("START".to_owned())), "r looks again");
    assert!(state.overlay.is_some(), "and the commands stay");
}

#[test]
fn what_cannot_be_done_is_not_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut preview = opted_out();
    // There is a file where the folder should be, which is in the way of root as well.
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    move_to(&mut preview, file.join("netdata"));
    let cannot_look = Finding::CannotLook("Permission denied (os error 13)".to_owned());
    preview.targets[0].file = cannot_look.clone();
    preview.consent = Consent::decide([file.join("netdata").as_path()], |_| Ok(None), |_| cannot_look.clone());
    let mut state = fresh("START", false, RICH, (160, 50));
    state.update(Message::Barred(Box::new(Barred::look(&preview))));
    looked(&mut state, preview);
    for (key, says) in [('o', "cannot create "), ('i', "cannot remove ")] {
        assert_eq!(press(&mut state, Key::Char(key)), None);
        assert!(shows(&state, says) && shows(&state, "Not a directory"), "{key}: {}", text(&state));
        assert!(matches!(state.overlay, Some(Overlay::Report(..))), "{key}");
        assert_eq!(press(&mut state, Key::Enter), None, "there is nothing to confirm");
        assert!(state.overlay.is_none(), "{key}");
    }
}

#[test]
fn without_an_agent_the_default_folder_is_offered() {
    let mut preview = without_history();
    (preview.folders.config, preview.folders.library, preview.script.path) = (None, None, None);
    preview.targets.clear();
    let mut state = state(preview, RICH, (80, 24));
    insta::assert_snapshot!("no-agent", text(&state));
    press(&mut state, Key::Char('o'));
    insta::assert_snapshot!("no-agent-opt-out", text(&state));
}

#[test]
fn one_look_at_a_time_and_a_change_during_it_asks_for_another() {
    let mut state = usual();
    assert!(press(&mut state, Key::Char('r')).is_some());
    for key in ['r', 'e'] {
        assert_eq!(press(&mut state, Key::Char(key)), None);
        assert_eq!(state.note, Some("still looking at this machine"));
    }
    assert_eq!(state.update(Message::Changed), None);
    state.update(Message::Looked(Box::new(example::preview().unwrap())));
    let again = state.update(Message::Compared(example::columns().unwrap()));
    assert_eq!(again, Some(Effect::Look("START".to_owned())));
    looked(&mut state, example::preview().unwrap());
    assert_eq!(state.update(Message::Changed), Some(Effect::Look("START".to_owned())), "a change alone is enough");
}

#[test]
fn before_the_first_look_is_done_one_can_only_leave() {
    let mut early = fresh("START", false, RICH, (80, 24));
    for key in ALL_KEYS {
        let effect = press(&mut early, key);
        let harmless = matches!(effect, None | Some(Effect::Quit | Effect::Suspend | Effect::Redraw));
        assert!(harmless, "{key:?} before the first look is done");
        text(&early);
        early.overlay = None;
        early.search = Search::default();
    }
}

#[test]
fn a_look_that_takes_its_time_says_at_what_it_is() {
    let mut state = fresh("START", false, RICH, (80, 24));
    state.update(Message::Began(Stage::Consent));
    assert!(text(&state).contains(" looking for opt-out files ..."), "{}", text(&state));
    for _ in 0..3 {
        state.update(Message::Waited);
    }
    assert!(text(&state).contains(" q leave   3 s: looking for opt-out files; a file system may hang"));
    looked(&mut state, example::preview().unwrap());
    assert!(!text(&state).contains("may hang"));
}

#[test]
fn what_could_not_be_done_is_said() {
    let mut state = usual();
    let report =
        Report { title: "Not done", sentences: vec!["no thread".to_owned()], commands: Vec::new(), consent: false };
    assert_eq!(state.update(Message::Done(Box::new(report))), None);
    assert!(text(&state).contains("no thread") && !text(&state).contains("The disk says now"));
}

#[test]
fn all_events_come_round() {
    let mut state = usual();
    let mut seen = Vec::new();
    for _ in ACTIONS {
        let Some(Effect::Look(action)) = press(&mut state, Key::Char('e')) else { panic!("no look") };
        looked(&mut state, example::with(&example::last_call(&action), Program::None).unwrap());
        let flat = text(&state);
        assert!(flat.contains(&format!("event: {}", action.get(..13).unwrap_or(&action))), "{}", text(&state));
        seen.push(action);
    }
    assert_eq!(seen.last().map(String::as_str), Some("START"));
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), ACTIONS.len());
}

#[test]
fn a_recorded_call_brings_its_own_event() {
    let mut state = fresh("EXIT", true, RICH, (80, 24));
    looked(&mut state, example::preview().unwrap());
    assert_eq!(press(&mut state, Key::Char('e')), None);
    assert!(text(&state).contains("the recorded call decides"));
}

#[test]
fn too_small_says_so_and_only_leaves() {
    let mut state = usual();
    state.update(Message::Resized(Size::new(59, 24)));
    assert!(text(&state).contains("60x16 are needed"));
    for key in ALL_KEYS {
        let expected = match key {
            Key::Interrupt | Key::Char('q') => Some(Effect::Quit),
            Key::Suspend => Some(Effect::Suspend),
            Key::Redraw => Some(Effect::Redraw),
            _ => None,
        };
        assert_eq!(press(&mut state, key), expected, "{key:?}");
    }
    for size in [(1, 1), (0, 0), (60, 3), (400, 2)] {
        state.update(Message::Resized(Size::new(size.0, size.1)));
        text(&state);
    }
    state.update(Message::Resized(Size::new(80, 24)));
    assert_eq!(text(&state), text(&usual()));
}

#[test]
fn the_room_decides_and_not_the_size_that_was_heard_of() {
    let sizes = [(160, 50), (100, 30), (60, 16), (200, 60), (20, 5)].map(|(width, height)| Size::new(width, height));
    for screen in SCREENS {
        for keys in ["j", "\r", "?", "o", "w", "/e"] {
            let mut state = at(screen);
            for c in keys.chars() {
                press(&mut state, if c == '\r' { Key::Enter } else { Key::Char(c) });
            }
            for real in sizes {
                let before = Picture::sized(&state, real).text();
                state.update(Message::Resized(real));
                assert_eq!(text(&state), before, "{screen}, {keys:?}");
            }
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
    let hostile = "\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}\u{200b}\u{ad}\u{fe0f}\u{e0041}";
    let mut preview = example::preview().unwrap();
    preview.consent = Consent::decide(
        [std::path::Path::new(&format!("/etc/{hostile}"))],
        |_| Ok(Some(hostile.into())),
        |_| Finding::CannotLook(hostile.to_owned()),
    );
    move_to(&mut preview, format!("/{hostile}").into());
    preview.trust_store = Ok(Some(hostile.into()));
    preview.script = anonymous_statistics::agent::installed_sender::Script {
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
            assert!(!shown.contains(|c: char| c != '\n' && system_facts::is_unprintable(c)), "{shown:?}");
        }
    }
}
