//! The content of the screens, complete on every terminal.

use std::collections::BTreeSet;

use anonymous_statistics::agent::folders::Folders;
use anonymous_statistics::agent::installed_sender::Script;
use anonymous_statistics::agent::next_call::fill;
use anonymous_statistics::agent::version::Version;
use anonymous_statistics::channels::crash_reports::{Kept, StatusFile};
use anonymous_statistics::consent::Consent;
use anonymous_statistics::fields::ACTIONS;
use anonymous_statistics::inspect::before::Before;
use anonymous_statistics::outbox::Unread;
use anonymous_statistics::outbox::history::History;

use super::*;

/// Compares a text with its snapshot in `snapshots/`.
fn as_agreed(name: &str, text: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn every_screen_in_the_usual_terminal() {
    for title in titles() {
        as_agreed(title, &body(&at(title)));
    }
}

#[test]
fn what_keys_make_of_a_screen() {
    for (name, title, keys) in [
        ("Fields-details", "Fields", "/system_kernel_version\r\r"),
        ("Bytes-exact", "Bytes", "p"),
        ("Bytes-headers", "Bytes", "pp"),
        ("Compare-details", "Compare", "\r"),
        ("Compare-last-sent", "Compare", "m"),
        ("Fields-by-subject", "Fields", "s"),
        ("Fields-of-the-dashboard", "Fields", "cccc"),
        ("Consent-of-the-dashboard", "Consent", "cccc"),
        ("History-details", "History", "\r"),
    ] {
        as_agreed(name, &body(&reached(preview(), title, keys, USUAL)));
    }
    assert_eq!(text(&reached(preview(), "Bytes", "ppp", USUAL)), text(&at("Bytes")), "the forms come round");
}

#[test]
fn the_command_that_stops_names_what_sudo_would_forget() {
    let mut preview = preview();
    move_to(&mut preview, "/srv/a b".into());
    for title in ["Overview", "Consent"] {
        let shown = text(&reached(preview.clone(), title, "", USUAL));
        let whole = "sudo telemetry-preview opt-out --config-dir '/srv/a b' ";
        assert!(shown.contains(whole), "{title}: {shown}");
    }
}

#[test]
fn with_more_room_details_stand_beside_a_list() {
    as_agreed("Fields-120x40", &body(&reached(preview(), "Fields", "", SIZES[2])));
}

#[test]
fn the_head_and_the_line_of_keys_at_every_size() {
    let around = |size| {
        let state = reached(preview(), "Overview", "", size);
        let (areas, buffer) = (state.areas(size), drawn(&state));
        [areas.tabs, areas.head, areas.foot].map(|area| text_in(&buffer, area)).concat()
    };
    as_agreed("head", &SIZES.map(around).join("\n"));
}

#[test]
fn every_question_names_its_file() {
    for (name, title, key) in [("opt-out", "Overview", "o"), ("opt-in", "Overview", "i"), ("save", "Bytes", "w")] {
        as_agreed(name, &boxed(&reached(opted_out(), title, key, USUAL)).join("\n"));
    }
}

/// Every text to read rather than choose from: the screen, and the keys to reach it.
const TEXTS: [(&str, &str); 9] = [
    ("Fields", "/host_collectors\r\r"),
    ("Bytes", ""),
    ("Bytes", "p"),
    ("Bytes", "pp"),
    ("Compare", "\r"),
    ("Consent", ""),
    ("History", "\r"),
    ("History", "jjj\r"),
    ("Consent", "cccc"),
];

#[test]
fn no_width_cuts_a_character_of_a_text() {
    // Only a path on a line of its own is shortened, in the middle.
    let is_path = |title: &str, line: &str| title == "Consent" && line.trim_start().starts_with('/');
    for (title, keys) in TEXTS {
        let at_width = |size: Size| {
            let shown = body(&reached(preview(), title, keys, endless(size.width)));
            packed(&shown.lines().filter(|line| !is_path(title, line)).collect::<String>())
        };
        let [first, others @ ..] = SIZES.map(at_width);
        for other in others {
            assert_eq!(other, first, "{title}, {keys:?}");
        }
    }
}

#[test]
fn everything_can_be_scrolled_to_in_every_terminal() {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<BTreeSet<String>>();
    for (title, keys) in TEXTS {
        for size in SIZES {
            let all = words(&body(&reached(preview(), title, keys, endless(size.width))));
            let mut state = reached(preview(), title, keys, size);
            let mut seen = BTreeSet::new();
            let mut before = String::new();
            while body(&state) != before {
                before = body(&state);
                seen.extend(words(&before));
                press(&mut state, Key::PageDown);
            }
            assert_eq!(all.difference(&seen).next(), None, "{title}, {keys:?}, {size}");
        }
    }
}

#[test]
fn a_dialog_is_seen_whole_in_every_terminal() {
    for (title, key) in [("Overview", "o"), ("Overview", "i"), ("Bytes", "w"), ("Bytes", "?")] {
        let mut in_boxes = SIZES.into_iter().chain([endless(SIZES[0].width)]).map(|size| {
            let mut state = reached(opted_out(), title, key, size);
            let mut lines = boxed(&state);
            // The help is longer than the smallest terminal.
            let mut before = Vec::new();
            while key == "?" && before != boxed(&state) {
                before = boxed(&state);
                press(&mut state, Key::Down);
                lines.extend(boxed(&state).pop().filter(|line| lines.last() != Some(line)));
            }
            packed(&lines.concat())
        });
        let first = in_boxes.next();
        assert!(in_boxes.all(|other| Some(other) == first), "{key:?}: {first:?}");
    }
}

/// One machine for each verdict and sender, with the head's words and sender.
pub(super) fn outlooks() -> Vec<(Preview, &'static str, &'static str, &'static str)> {
    let make = |change: &dyn Fn(&mut Preview)| {
        let mut preview = preview();
        change(&mut preview);
        preview
    };
    let of = |program: Program| make(&|preview| preview.script.program = program.clone());
    let cannot_look = || "Permission denied".to_owned();
    let version = |text: &'static str| make(&move |preview| preview.version = Version::new(text, "a file"));
    let blind = make(&|preview| {
        preview.consent = example::consent(&[Finding::CannotLook(cannot_look())]);
        let path = "/etc/netdata/.opt-out-from-anonymous-statistics".into();
        preview.files.opt_out = Some(OwnOptOut { path, access: Access::Unseen(cannot_look()), changed: None });
    });
    let no_agent = make(&|preview| {
        preview.folders = Folders::find(&[], |_folder| false);
        preview.script = Script::look(None);
        preview.version = None;
    });
    vec![
        (preview(), "sends", " +  SENDS: events, dashboard", "this project's sender"),
        (of(Program::Netdatas), "sends", " +  SENDS: events, dashboard", "Netdata's own script"),
        (of(Program::Another), "sends", " +  SENDS: dashboard", "another program"),
        (of(Program::Missing), "off", " x  OFF", "nobody: no script installed"),
        (
            of(Program::CannotTell(cannot_look())),
            "cannot-tell",
            " ?  CANNOT TELL: events: who would send",
            "cannot tell",
        ),
        (version("v2.6.0"), "sends", " +  SENDS: crash-reports, dashboard", "nobody: this daemon calls none"),
        (version("v2.5.0"), "sends", " +  SENDS: events, crash-reports, dashboard", "this project's sender"),
        (opted_out(), "off", " x  OFF", "this project's sender"),
        (blind, "cannot-tell", " ?  CANNOT TELL: events: /etc/netdata/", "this project's sender"),
        (no_agent, "no-agent", " o  NO AGENT", "nobody: no agent found here"),
    ]
}

#[test]
fn every_verdict_is_said_in_words_and_by_a_symbol_on_every_screen() {
    for (preview, name, words, sender) in outlooks() {
        assert_eq!(preview.verdict().name(), name, "{words}: {:?}", preview.channels());
        let fields = preview.assembly.as_ref().map_or(0, |assembly| {
            let body: serde_json::Value = serde_json::from_slice(assembly.request.body()).unwrap();
            // The properties themselves are no field.
            body.as_object().unwrap().len() - 1 + body["properties"].as_object().unwrap().len()
        });
        let sender = format!(": {sender}");
        let fields = if words.contains("SENDS: events") { format!(", {fields} fields") } else { String::new() };
        for title in titles() {
            let mut state = on(title, state(preview.clone(), PLAIN, SIZES[2]));
            let is_events = |state: &State| text(state).lines().any(|line| line.starts_with(" events "));
            for _ in preview.channels() {
                if !is_events(&state) {
                    press(&mut state, Key::Char('c'));
                }
            }
            let text = text(&state);
            for always in [words, &fields, &sender, "opens no network socket"] {
                assert!(text.contains(always), "{title} does not say {always:?}:\n{text}");
            }
        }
    }
}

#[test]
fn fields_that_only_the_daemon_knows_are_left_open() {
    let preview = without_history();
    let open: Vec<&str> = preview.assembly.as_ref().unwrap().event.not_known_here().collect();
    assert!(open.contains(&"distinct_id"));
    let shown = |title, keys| body(&reached(preview.clone(), title, keys, endless(100)));
    for (title, keys, says) in [("Fields", "", "? "), ("Bytes", "", ": null")] {
        let shown = shown(title, keys);
        let said: Vec<&str> =
            shown.lines().filter(|line| line.get(2..).is_some_and(|line| line.contains(says))).collect();
        assert_eq!(said.len(), open.len(), "{title}:\n{shown}");
        for name in &open {
            assert!(said.iter().any(|line| line.split([' ', '"']).any(|word| word == *name)), "{name}:\n{shown}");
        }
    }
    let sentence = format!("null stands for {} values that the daemon sets", open.len());
    assert!(packed(&shown("Bytes", "")).contains(&packed(&sentence)));
}

#[test]
fn fields_can_be_sorted_by_what_they_say() {
    let shown = |keys| body(&reached(preview(), "Fields", keys, endless(80)));
    let fields = |keys| {
        let list = shown(keys).lines().take_while(|line| !line.starts_with('─')).map(str::to_owned).collect::<Vec<_>>();
        list.into_iter().filter(|line| line.starts_with([' ', '>'])).collect::<BTreeSet<_>>()
    };
    assert_eq!(fields("jjs"), fields("jj"), "the same fields, and the same one is chosen");
    assert!(shown("").starts_with("# identify: "), "what reveals most comes first");
}

#[test]
fn only_the_fields_in_which_events_differ_are_left() {
    let shown = |keys| body(&reached(preview(), "Compare", keys, endless(160)));
    let marked = |shown: &str| shown.lines().filter(|line| line.chars().nth(2) == Some('≠')).count();
    let (few, all) = (shown(""), shown("d"));
    assert!(few.starts_with(&format!("{} differ ≠; ", marked(&few))), "{few}");
    assert!(marked(&few) > 0 && marked(&few) == marked(&all), "{few}{all}");
    assert!(!few.contains("api_key  ") && all.contains("api_key  "), "{few}{all}");
}

#[test]
fn every_event_can_be_laid_beside_the_first() {
    // A long name is cut.
    let beside = |state: &State| -> BTreeSet<&str> {
        let shown = body(state);
        let heading = shown.lines().nth(1).unwrap();
        ACTIONS.iter().map(|action| action.name).filter(|name| heading.contains(&format!(" {name:.14}"))).collect()
    };
    let mut before = 0;
    for size in SIZES {
        let mut state = reached(preview(), "Compare", "", size);
        let mut seen = beside(&state);
        assert!(seen.len() > before, "more room shows more events: {}", body(&state));
        before = seen.len();
        for _ in ACTIONS {
            press(&mut state, Key::Char('.'));
            seen.extend(beside(&state));
        }
        assert_eq!(seen.len(), ACTIONS.len(), "{size}: {seen:?}");
    }
}

#[test]
fn what_was_sent_is_compared_with_now_and_what_waits_has_a_future() {
    let state = at("History");
    assert!(
        shows(
            &state,
            "next sent at the daemon's next START or META, after that call's own event (number 1 in the queue)"
        ),
        "{}",
        text(&state)
    );
    let empty = reached(Preview { history: Ok(History::default()), ..preview() }, "History", "", USUAL);
    assert!(shows(&empty, "nothing waits to be sent") && !shows(&empty, "sudo"), "{}", text(&empty));
    let unreadable = reached(with_unreadable_history(), "History", "", USUAL);
    assert_eq!(shows(&unreadable, "sudo"), !rustix::process::geteuid().is_root(), "{}", text(&unreadable));
}

#[test]
fn what_nobody_reads_of_a_crowded_folder_is_named() {
    let unread = |number, or_more, sent: bool| {
        let mut preview = preview();
        let history = preview.history.as_mut().unwrap();
        history.unread = Unread { number, or_more };
        if !sent {
            (history.sent, history.waiting) = Default::default();
        }
        preview
    };
    for (size, title) in [(USUAL, "History"), (SIZES[0], "History"), (endless(100), "Overview")] {
        for (number, or_more, sentence) in
            [(7, false, "Not read: 7 more entries"), (1, true, "Not read: the rest of more than 10000 files")]
        {
            let state = reached(unread(number, or_more, true), title, "", size);
            assert!(shows(&state, sentence), "{title} {size}\n{}", text(&state));
        }
    }
    // An unread file may be an event, so nothing says that there is none.
    let state = reached(unread(0, true, false), "History", "", USUAL);
    assert!(shows(&state, "Not read: the rest of") && !shows(&state, "nothing waits"), "{}", text(&state));
}

#[test]
fn what_the_daemon_has_stands_beside_what_this_shell_has() {
    let set = |name: &str| Ok((name == "DO_NOT_TRACK").then(|| "1".into()));
    let askers = Some(Consent::decide([], set, |_| Finding::Nothing));
    let shown = text(&reached(Preview { askers, ..preview() }, "Consent", "", endless(80)));
    for part in ["DO_NOT_TRACK       they differ", "  the daemon       not set", "  this shell       set to \"1\""] {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
}

#[test]
fn a_value_that_the_daemon_sets_is_marked_with_the_last_known_one() {
    let mut state = state(without_history(), RICH, USUAL);
    let mut columns = example::columns();
    for column in columns.iter_mut().filter(|column| column.action != "EXIT") {
        let unknown = example::with(&Invocation::expected(&column.action), Program::Missing);
        *column = Column::new(&unknown.action, unknown.assembly);
    }
    state.update(Message::Compared(columns));
    let mut state = on("Compare", state);
    typed(&mut state, "d/netdata_version");
    let shown = text(&state);
    for part in ["? netdata_version", "*not known here", "*\"v1.37.1\"", "\"v1.37.1\" in EXIT of"] {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
}

#[test]
fn examples_stand_in_the_comparison_too_and_decide_nothing() {
    let column = |action: &str| {
        let mut call = Invocation::expected(action);
        fill(&mut call, &Provenance::Example);
        Column::new(action, example::with(&call, Program::Missing).assembly)
    };
    let mut state = on("Compare", usual());
    state.update(Message::Compared(["START", "EXIT"].map(column).into()));
    typed(&mut state, "d/netdata_version\r");
    let shown = text(&state);
    assert!(shown.contains("? netdata_version") && shown.contains("*e.g. \"v"), "{shown}");
    typed(&mut state, "\r");
    assert!(text(&state).contains(", an example"), "{}", text(&state));
}

#[test]
fn the_events_are_those_of_the_program_that_sends_here() {
    let (preview, columns) = of_netdatas_script();
    let mut state = state(preview, RICH, USUAL);
    state.update(Message::Compared(columns));
    let mut compare = on("Compare", state);
    typed(&mut compare, "d");
    let shown = text(&compare);
    assert!(shown.contains("2 differ ≠") && shown.contains("? os"), "as many as the head says: {shown}");
    assert!(!shown.contains("netdata_version") && shown.contains(" to t.example.org, 3 fields"), "{shown}");
    let mut kept = on("History", compare);
    typed(&mut kept, "jjj\r");
    assert!(shows(&kept, "Fields that differ now, when Netdata's own script sends: "), "{}", text(&kept));
    assert!(shows(&kept, "≠ api_key"), "{}", text(&kept));
}

#[test]
fn the_cases_of_a_report_are_beside_each_other_or_said_to_be_the_same() {
    let reports = |status: StatusFile| {
        let version = Version::new("v2.11.0", "a file");
        let preview = Preview { version, kept: Kept { status, ..Kept::default() }, ..preview() };
        text(&reached(preview, "Compare", "", SIZES[3]))
    };
    let file =
        br#"{"version": 29, "agent": {"status": "running", "version": "v2.11.0", "stack_traces": "libbacktrace"}}"#;
    let shown = reports(StatusFile::Read("a file".into(), file.to_vec()));
    for part in ["if killed", "if power is lost", "if it crashes", "≠ fatal.thread", "\"NO_NAME\", an example"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let none = reports(StatusFile::None);
    assert!(none.contains("The agent has left no status yet: ") && !none.contains("No field differs"), "{none}");
    assert!(none.contains("d all") && !none.contains("m last sent"), "no key without an effect: {none}");
}

#[test]
fn an_answer_that_was_kept_stands_beside_that_of_now() {
    let body = preview().assembly.unwrap().request.body().to_owned();
    let body = String::from_utf8(body).unwrap().replace("\"system_kernel_name\":\"", "\"system_kernel_name\":\"not ");
    let with = |body: &str, preview: Preview| {
        let before = Some(Before::parse(body.as_bytes()).unwrap());
        let mut state = State::new(crate::screens::all(before), "START".to_owned(), reader(RICH), USUAL);
        looked(&mut state, preview);
        on("Compare", state)
    };
    let mut state = with(&body, preview());
    let first = text(&state);
    for part in ["1 differs ≠", "before", "now", "≠ system_kernel_name", "\"not Linux\""] {
        assert!(first.contains(part), "{part}:\n{first}");
    }
    for other in ["EXIT", "sent "] {
        press(&mut state, Key::Char('m'));
        assert!(shows(&state, other) && !shows(&state, "\"not Linux\""), "{other}: {}", text(&state));
    }
    press(&mut state, Key::Char('m'));
    assert_eq!(text(&state), first);
    let of_another = with(&body.replace("\"action\":\"START\"", "\"action\":\"FATAL\""), preview());
    assert!(shows(&of_another, "has FATAL: the key e chooses it"), "{}", text(&of_another));
    // It opens on the channel of what was kept, whatever else sends here.
    let reports = || Preview { version: Version::new("2.9.0", "a file"), ..preview() };
    for (body, title) in [(body.as_str(), "events"), (r#"{"exit_cause": ""}"#, "crash-reports")] {
        for preview in [preview(), reports()] {
            let mut state = with(body, preview);
            let channel = |state: &State| state.channels()[state.channel()].name;
            assert_eq!(channel(&state), title);
            typed(&mut state, "c");
            let chooses = format!("the key c chooses the channel {title}.");
            assert!(channel(&state) == "hooks" || shows(&state, &chooses), "{title}: {}", text(&state));
        }
    }
}
