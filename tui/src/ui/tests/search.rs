//! The search, which works the same on every screen.

use ratatui::layout::Position;
use ratatui::style::Modifier;

use super::*;

#[test]
fn a_search_says_how_much_it_finds_and_comes_round() {
    // The last text is absent from a list of matches.
    for (title, wanted, other) in [
        ("Overview", "NETDATA", ""),
        ("Fields", "kernel", "api_key"),
        ("Bytes", "debian", ""),
        ("Compare", "fatal", "netdata_thread"),
        ("Consent", "not found", ""),
        ("History", "with status", "FATAL"),
    ] {
        let mut state = at(title);
        let before = text(&state);
        press(&mut state, Key::Char('/'));
        typed(&mut state, wanted);
        let places = state.matches(state.size);
        assert!(places > 1 && (other.is_empty() || !body(&state).contains(other)), "{title}:\n{}", text(&state));
        assert!(text(&state).contains(&format!("/{wanted}_   Enter done   Esc end   {places} places")), "{title}");
        press(&mut state, Key::Enter);
        assert!(text(&state).contains(&format!("/{wanted}   n next   N previous   Esc end   {places} places")));
        let first = drawn(&state);
        for _ in 1..places {
            press(&mut state, Key::Char('n'));
            assert_ne!(drawn(&state), first, "n moves on {title}");
        }
        press(&mut state, Key::Char('n'));
        assert_eq!(drawn(&state), first, "after the last comes the first on {title}");
        press(&mut state, Key::Char('n'));
        press(&mut state, Key::Char('N'));
        assert_eq!(drawn(&state), first, "N moves back on {title}");
        assert_eq!(press(&mut state, Key::Escape), None, "Esc ends the search and does not leave");
        press(&mut state, Key::Home);
        assert_eq!(text(&state), before, "{title}");
    }
}

#[test]
fn a_filter_that_leaves_nothing_says_so() {
    for title in ["Fields", "Compare", "History"] {
        let state = reached(preview(), title, "/no such thing\r", USUAL);
        assert!(text(&state).contains("0 places") && body(&state).contains("Esc"), "{}", text(&state));
    }
}

#[test]
fn what_is_typed_into_a_search_does_nothing_else() {
    let mut state = at("Bytes");
    typed(&mut state, "/qowier?/1 日e\u{301}");
    assert!(state.overlay.is_none() && state.search.text == "qowier?/1 日e\u{301}");
    assert_eq!(state.matches(state.size), 0);
    typed(&mut state, &"x".repeat(100));
    let longest = state.search.text.chars().count();
    assert!((20..100).contains(&longest), "there is an end to it");
    for _ in 0..=longest {
        press(&mut state, Key::Backspace);
    }
    assert!(state.search.text.is_empty() && !state.search.typing, "Backspace leads back out");
    press(&mut state, Key::Char('/'));
    press(&mut state, Key::Char('\u{1b}'));
    assert!(text(&state).contains("/\\u{1b}_"));
}

#[test]
fn pasted_text_goes_into_a_search_and_nowhere_else() {
    let paste = |state: &mut State, text: &str| assert_eq!(state.update(Message::Pasted(text.to_owned())), None);
    for title in titles() {
        for over in ["", "?", "o", "i", "w"] {
            let mut state = reached(opted_out(), title, over, USUAL);
            let before = text(&state);
            for pasted in ["hello\rworld\r", "q", OPT_IN_WORD, "\u{1b}[A2/"] {
                paste(&mut state, pasted);
            }
            assert_eq!(text(&state), before, "{over:?} on {title}");
        }
    }
    let mut state = reached(preview(), "Fields", "/", USUAL);
    paste(&mut state, "ker\r\u{3}\tnel");
    assert!(state.search.typing && state.search.text == "kernel", "{}", text(&state));
    paste(&mut state, &"日".repeat(100));
    assert!(state.search.text.chars().count() < 100, "there is an end to it");
}

#[test]
fn what_is_found_is_marked_where_it_stands_in_either_column() {
    let mut state = state(preview(), PLAIN, Size::new(160, 36));
    let wanted = "host_collectors";
    typed(&mut state, &format!("/{wanted}"));
    let buffer = drawn(&state);
    let is_marked = |at: &Position| buffer[*at].modifier.contains(Modifier::BOLD | Modifier::REVERSED);
    let marked: Vec<Position> = state.areas(state.size).body.positions().filter(is_marked).collect();
    // The name of the chosen channel looks the same.
    let marked: Vec<&Position> = marked.iter().filter(|at| at.x > 75).collect();
    assert_eq!(marked.iter().map(|at| buffer[**at].symbol()).collect::<String>(), wanted, "{}", text(&state));
}
