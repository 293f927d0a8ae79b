//! Text for people: its colours, its width, and what programs get in its place.

use testkit::{skip, this_test};

use crate::common::{Agent, Ran, Terminal, json, shell};

/// The verbs that say something about the agent, and change nothing.
const LOOKING: [&[&str]; 8] = [
    &["show"],
    &["show", "--long"],
    &["show", "--channel", "dashboard"],
    &["status"],
    &["explain", "--all"],
    &["history"],
    &["diff", "--events", "START", "EXIT"],
    &["opt-out", "--dry-run"],
];

/// A text without colours (ECMA-48, SGR).
fn plain(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('m').unwrap().1)
}

fn with<'a>(line: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [line, more].concat()
}

#[test]
fn colours_say_nothing_that_the_words_do_not_say() {
    let agent = Agent::new();
    // What is new in every event, and the time of asking.
    let stable = |text: &str| -> Vec<String> {
        let lines =
            text.lines().filter(|line| !["uuid", "timestamp"].iter().any(|new| line.trim_start().starts_with(new)));
        lines.filter(|line| !line.contains("SHA-256")).map(str::to_owned).collect()
    };
    for line in LOOKING {
        let coloured = agent.run(&with(line, &["--color", "always"])).out;
        let never = agent.run(&with(line, &["--color", "never"])).out;
        assert!(!never.contains('\u{1b}'), "{line:?}");
        assert_eq!(stable(&plain(&coloured)), stable(&never), "{line:?}");
        assert_eq!(stable(&agent.run(line).out), stable(&never), "a pipe gets no colours: {line:?}");
    }
    assert!(agent.run(&["show", "--color", "always"]).out.contains("\u{1b}[36mdistinct_id\u{1b}[39m"));
    let ran = agent.command(&["show", "--color", "always"]).env("NO_COLOR", "1").output().unwrap();
    assert!(Ran::from(&ran).out.contains('\u{1b}'), "who asks for colours gets them");
    for line in [&["show", "--raw"][..], &["status", "--json"]] {
        assert!(!agent.run(&with(line, &["--color", "always"])).out.contains('\u{1b}'), "{line:?}");
    }
}

#[test]
fn every_verb_answers_programs_in_the_same_way() {
    for line in [
        &["show"][..],
        &["show", "--channel", "dashboard"],
        &["status"],
        &["explain", "distinct_id"],
        &["explain", "--all"],
        &["history"],
        &["diff", "--events", "START", "EXIT"],
        &["check", "--expect", "off"],
        &["schema"],
        &["forget", "--dry-run"],
        &["forget", "--yes"],
        &["opt-out", "--dry-run"],
        &["opt-out"],
        &["opt-in", "--dry-run"],
        &["opt-in", "--yes"],
        &["configure", "--yes", "--url", "http://127.0.0.1:9/", "--api-key", "own"],
    ] {
        let agent = Agent::new();
        let long = agent.run(&with(line, &["--format", "json"]));
        json(&long);
        assert_eq!(Agent::new().run(&with(line, &["--json"])).code, long.code, "{line:?}");
    }
}

#[test]
fn a_dry_run_of_opting_in_changes_nothing() {
    let agent = Agent::new();
    assert_eq!(agent.run(&["opt-out"]).code, Some(0));
    let tree = agent.tree();
    let ran = agent.run(&["opt-in", "--dry-run"]);
    assert!(ran.code == Some(0) && ran.out.contains("Would remove "), "{ran:?}");
    assert!(ran.out.ends_with("Nothing was done.\n"), "{}", ran.out);
    assert_eq!(agent.tree(), tree);
}

#[test]
fn a_paragraph_explains_a_field() {
    let agent = Agent::new();
    let all = agent.run(&["explain", "--all"]).out;
    for line in all.lines().filter(|line| !line.is_empty()) {
        assert!(line.contains(": ") && line.contains("sensitivity: ") && line.ends_with('.'), "{line}");
    }
}

#[test]
fn nothing_but_commands_and_bytes_is_wider_than_the_terminal() {
    if !Terminal::is_there() {
        return skip(this_test!(), "needs tmux");
    }
    let agent = Agent::new();
    for (width, line) in [(60, "status"), (80, "show --long"), (50, "explain --all"), (60, "opt-out --help")] {
        let terminal = Terminal::run((width, 24), &shell(&agent, "", line));
        terminal.wait_for("ended with 0");
        let written = terminal.written();
        // The shell's quotes end a path with blanks.
        let is_command = |line: &&str| line.contains("telemetry-preview ") || line.contains("telemetry-preview' ");
        for shown in written.lines().filter(|line| !is_command(line)) {
            assert!(shown.trim_end().chars().count() <= usize::from(width), "{line}: {shown}");
        }
        assert!(terminal.has_colour() || line != "explain --all", "{line}: {written}");
        if line != "opt-out --help" {
            assert!(written.contains("| less -R"), "{line}: {written}");
        }
    }
    // A pipe gets lines of any length.
    assert!(agent.run(&["explain", "--all"]).out.lines().any(|line| line.len() > 200));
}
