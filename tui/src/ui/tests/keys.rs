//! The effect of each key.

use anonymous_statistics::config::{Config, FILE};
use anonymous_statistics::request::Assembly;
use anonymous_statistics::request::payload::EventId;

use super::*;

/// Keys with a meaning on some screen, and some without.
pub(super) fn keys() -> impl Iterator<Item = Key> {
    use Key::{Backspace, Down, End, Enter, Escape, Home, Interrupt, Left, Next};
    use Key::{PageDown, PageUp, Previous, Redraw, Right, Suspend, Up};
    let move_keys = [Up, Down, Left, Right, Home, End, PageUp, PageDown, Next, Previous];
    let others = [Enter, Escape, Backspace, Interrupt, Suspend, Redraw];
    let characters = "0123456789?/abcdefghijklmnopqrstuvwxyzNGQO,.<> é日\u{301}\u{1b}";
    move_keys.into_iter().chain(others).chain(characters.chars().map(Key::Char))
}

/// The key with this name in the line of keys or the help.
fn named(name: &str) -> Option<Key> {
    Some(match name {
        "up" => Key::Up,
        "down" => Key::Down,
        "left" => Key::Left,
        "right" => Key::Right,
        "Tab" => Key::Next,
        "Shift-Tab" => Key::Previous,
        "PgUp" | "Ctrl-B" => Key::PageUp,
        "PgDn" | "Ctrl-F" => Key::PageDown,
        "Home" => Key::Home,
        "End" => Key::End,
        "Space" => Key::Char(' '),
        "Enter" => Key::Enter,
        "Esc" => Key::Escape,
        "Ctrl-C" => Key::Interrupt,
        "Ctrl-Z" => Key::Suspend,
        "Ctrl-L" => Key::Redraw,
        _ => {
            let mut characters = name.chars();
            return characters.next().filter(|_| characters.next().is_none()).map(Key::Char);
        }
    })
}

type Place = (String, Box<dyn Fn() -> State>);

/// Every place in the user interface, and the way to it.
fn everywhere() -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    let mut add = |title: &'static str, machine: fn() -> Preview, keys: &'static str| {
        let reach = Box::new(move || reached(machine(), title, keys, USUAL));
        places.push((format!("{title}, {keys:?}"), reach));
    };
    for title in titles() {
        // Scrolled down, with open details, or in a search.
        for keys in ["", " ", "\r", "/e", "/e\r", "/no such thing\r"] {
            add(title, preview, keys);
        }
        for machine in [without_request, without_history, with_unreadable_history] {
            add(title, machine, "");
        }
    }
    for keys in ["?", "o", "o\r", "i", "i\r", "itelemetry"] {
        add("Overview", opted_out, keys);
    }
    for keys in ["w", "w\r", "pw"] {
        add("Bytes", preview, keys);
    }
    places.push(("before the first look".to_owned(), Box::new(|| fresh("START", false, RICH, USUAL))));
    places.push(("too small".to_owned(), Box::new(|| state(preview(), RICH, Size::new(59, 24)))));
    places
}

/// The keys with an effect or a visible result.
fn acting(reach: impl Fn() -> State, keys: &[Key]) -> Vec<Key> {
    let mut state = reach();
    let before = drawn(&state);
    let does_something = |key: &Key| {
        let acts = press(&mut state, *key).is_some() || drawn(&state) != before;
        if acts {
            state = reach();
        }
        acts
    };
    keys.iter().copied().filter(does_something).collect()
}

#[test]
fn every_key_in_the_line_of_keys_does_something() {
    for (place, reach) in everywhere() {
        let shown = text(&reach());
        let line = shown.lines().last().unwrap();
        for offer in line.split("   ").filter(|part| !part.ends_with(" places")) {
            let keys: Vec<Key> = offer.split_whitespace().map_while(named).collect();
            let is_idle = !keys.is_empty() && acting(&reach, &keys).is_empty();
            assert!(!is_idle, "{place}: {offer:?} in {line:?}");
        }
    }
}

#[test]
fn the_help_lists_exactly_the_keys_that_do_something() {
    for (own, title) in ('1'..).zip(titles()) {
        let state = reached(preview(), title, "?", SIZES[3]);
        let mut listed = Vec::new();
        for line in boxed(&state) {
            let (names, does) = line.split_at(13);
            let also = does.split_once("; also ").map_or("", |(_, also)| also);
            for name in names.split_whitespace().chain(also.split_whitespace()) {
                match name {
                    "..." => listed.extend(('1'..).take(titles().len()).map(Key::Char)),
                    "," => listed.extend([Key::Char(','), Key::Char('<')]),
                    // On keyboards with both on one key, Shift makes no difference.
                    "." => listed.extend([Key::Char('.'), Key::Char('>')]),
                    name => listed.extend(named(name.trim_end_matches(','))),
                }
            }
        }
        listed.retain(|key| *key != Key::Char(own));
        // Some keys act only after scrolling down, in a search, or after another key.
        let starts = ["", " ", "/e\r", ".", "c"];
        let keys: Vec<Key> = keys().collect();
        let acts = starts.map(|start| acting(|| reached(preview(), title, start, USUAL), &keys)).concat();
        for key in keys {
            assert_eq!(listed.contains(&key), acts.contains(&key), "{key:?} on {title}:\n{}", text(&state));
        }
    }
}

#[test]
fn only_a_confirmed_dialog_changes_files_and_leaving_always_works() {
    for (place, reach) in everywhere() {
        let mut state = reach();
        let what_is_open = |state: &State| format!("{:?}", (state.current, &state.search, &state.overlay));
        let before = what_is_open(&state);
        for key in keys() {
            let is_asked = matches!(asked(&state), Some(Plan::OptOut(_) | Plan::Save(_)));
            let is_typed = matches!(&state.overlay, Some(Overlay::Confirm(plan, typed)) if matches!(**plan, Plan::OptIn(_)) && typed == OPT_IN_WORD);
            let effect = press(&mut state, key);
            let changes_files = matches!(effect, Some(Effect::Act(_)));
            assert_eq!(changes_files, (is_asked || is_typed) && key == Key::Enter, "{key:?} at {place}");
            let cancels = matches!(key, Key::Escape | Key::Char('n' | 'q'));
            assert!(!is_asked || state.overlay.is_none() == cancels, "{key:?} at {place}");
            match key {
                Key::Interrupt => assert_eq!(effect, Some(Effect::Quit), "{place}"),
                Key::Suspend => assert_eq!(effect, Some(Effect::Suspend), "{place}"),
                Key::Redraw => assert_eq!(effect, Some(Effect::Redraw), "{place}"),
                _ => {}
            }
            if effect.is_some() || what_is_open(&state) != before {
                state = reach();
            }
        }
    }
}

#[test]
fn screens_have_numbers_and_come_round() {
    for (there, back) in [(Key::Next, Key::Previous), (Key::Right, Key::Left), (Key::Char('l'), Key::Char('h'))] {
        let mut state = usual();
        for (digit, title) in ('1'..).zip(titles()) {
            assert_eq!(text(&state), text(&at(title)));
            let mut other = reached(preview(), "Consent", &digit.to_string(), USUAL);
            assert_eq!(text(&other), text(&state), "{digit}");
            press(&mut other, there);
            press(&mut other, back);
            assert_eq!(text(&other), text(&state), "{back:?}");
            press(&mut state, there);
        }
        assert_eq!(text(&state), text(&usual()), "after the last comes the first");
    }
}

#[test]
fn details_are_closed_by_enter_and_by_esc_which_leaves_nothing_else() {
    for title in ["Fields", "Compare", "History"] {
        for back in [Key::Enter, Key::Escape] {
            let mut state = reached(preview(), title, "\r", USUAL);
            assert!(text(&state).contains("Enter back"), "{}", text(&state));
            assert_eq!(press(&mut state, back), None);
            assert_eq!(press(&mut state, Key::Escape), None);
            assert_eq!(text(&state), text(&at(title)), "{back:?}");
        }
    }
}

/// The last line of the screen.
fn foot(state: &State) -> String {
    text(state).lines().last().unwrap().to_owned()
}

#[test]
fn details_found_by_a_search_still_say_how_to_go_back() {
    for title in ["Fields", "Compare", "History"] {
        let state = reached(preview(), title, "/e\r\r", USUAL);
        assert!(foot(&state).contains("n next   N previous   Enter back"), "{title}: {}", foot(&state));
        let back = reached(preview(), title, "/e\r\r\r", USUAL);
        assert!(foot(&back).contains("Esc end"), "{title}: {}", foot(&back));
    }
}

#[test]
fn the_event_and_examples_are_for_channels_that_have_some() {
    for channel in ["c", "cc", "cccc"] {
        let mut state = reached(preview(), "Fields", channel, SIZES[2]);
        let is_of_events = state.is_of_events();
        for key in ['e', 'x'] {
            let offered = foot(&state).contains(&format!("{key} e"));
            assert_eq!(offered, is_of_events, "{channel}: {}", foot(&state));
            let effect = press(&mut state, Key::Char(key));
            assert_eq!((effect.is_some(), state.note.is_none()), (is_of_events, is_of_events), "{channel} {key}");
            state = reached(preview(), "Fields", channel, SIZES[2]);
        }
    }
}

#[test]
fn a_field_is_withheld_where_that_can_be_and_sent_again_where_it_is_withheld() {
    let chosen = |preview: Preview, keys: &str| foot(&reached(preview, "Fields", keys, SIZES[2]));
    assert!(chosen(preview(), "").contains("w withhold"));
    for other in ["cc", "cccc"] {
        assert!(!chosen(preview(), other).contains("w "), "{}", chosen(preview(), other));
        let state = reached(preview(), "Fields", &format!("{other}w"), SIZES[2]);
        assert!(!matches!(asked(&state), Some(Plan::Withhold(_))), "{}", text(&state));
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE), "withhold = [\"system_cpu_model\"]\n").unwrap();
    let config = Config::load(Some(folder.path())).unwrap();
    let mut withheld = preview();
    let (call, to, stamp) = (example::last_call("START"), config.destination(Some("1.37.1")).unwrap(), EventId::now());
    withheld.assembly = Assembly::build(&call, &withheld.machine, &config, Some(&to), stamp);
    // Sorted by what it reveals, the field is somewhere below.
    let shown: Vec<String> = (0..80).map(|down| chosen(withheld.clone(), &"j".repeat(down))).collect();
    assert_eq!(shown.iter().filter(|foot| foot.contains("w send again")).count(), 1, "{shown:?}");
}

#[test]
fn the_head_names_the_event_only_where_the_channel_has_one() {
    for (channel, named) in [("", true), ("c", true), ("cc", false), ("cccc", false)] {
        let shown = text(&reached(preview(), "Bytes", channel, USUAL));
        assert_eq!(shown.contains(" event START "), named, "{channel}: {shown}");
        let with = text(&reached(preview(), "Bytes", &format!("x{channel}"), USUAL));
        assert_eq!(with.contains(" event START, examples "), named, "{channel}: {with}");
    }
}
