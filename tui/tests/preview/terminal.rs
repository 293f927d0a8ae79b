//! The screens in a real terminal.

use std::process::Command;

use crate::common::{Agent, OPT_OUT, PROGRAM, Terminal, skip};

/// The program with an agent's environment, as a shell command that says how it ended and keeps the terminal open.
fn shell(agent: &Agent, before: &str, after: &str) -> String {
    let environment: Vec<String> =
        agent.environment().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("env {} LANG=C.UTF-8 {before} {PROGRAM} {after}; echo \"ended with $?\"; sleep 60", environment.join(" "))
}

fn has_tmux(test: &str) -> bool {
    let there = Terminal::is_there();
    if !there {
        skip(test, "needs tmux");
    }
    there
}

#[test]
fn look_around_opt_out_and_leave() {
    if !has_tmux("look_around_opt_out_and_leave") {
        return;
    }
    let agent = Agent::new();
    let terminal = Terminal::run((80, 24), &shell(&agent, "", ""));
    let first = terminal.wait_for("[1 Summary]");
    assert!(first.contains("to posthog.netdata.cloud: "), "{first}");
    assert!(first.contains(" fields, 45 set by the daemon"), "{first}");
    assert!(first.contains("opens no network socket"), "{first}");
    assert_eq!(terminal.ask("#{alternate_on} #{cursor_flag}"), "1 0");
    for (key, shows) in [("Tab", "[2 Fields]"), ("Right", "[3 Request]"), ("l", "[4 Events]"), ("BTab", "[3 Request]")]
    {
        terminal.keys(&[key]);
        terminal.wait_for(shows);
    }
    terminal.keys(&["o"]);
    let file = agent.path("etc").join(OPT_OUT);
    terminal.wait_for("Opt out?");
    assert!(
        terminal.screen().replace(['\n', ' ', '│'], "").contains(file.to_str().unwrap()),
        "the dialog names the file"
    );
    terminal.keys(&["Escape"]);
    terminal.wait_until("no dialog", |screen| !screen.contains("Opt out?"));
    assert!(!file.exists(), "cancelled");
    terminal.keys(&["o", "Enter"]);
    terminal.wait_for("The disk says now: OPTED OUT");
    assert!(file.exists());
    terminal.keys(&["Enter", "q"]);
    terminal.wait_for("ended with 0");
    assert_eq!(terminal.ask("#{alternate_on} #{cursor_flag}"), "0 1", "the terminal is as it was");
}

#[test]
fn quitting_changes_nothing() {
    if !has_tmux("quitting_changes_nothing") {
        return;
    }
    for keys in [&["q"][..], &["Escape"], &["C-c"], &["2", "j", "Enter", "q"], &["o", "q"], &["?", "C-c"]] {
        let agent = Agent::new();
        let before = agent.tree();
        let terminal = Terminal::run((80, 24), &shell(&agent, "", ""));
        terminal.wait_for("[1 Summary]");
        terminal.keys(keys);
        terminal.wait_for("ended with 0");
        assert_eq!(agent.tree(), before, "{keys:?}");
    }
}

#[test]
fn signals_restore_the_terminal() {
    if !has_tmux("signals_restore_the_terminal") {
        return;
    }
    for (signal, status) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        let agent = Agent::new();
        let command = shell(&agent, "sh -c 'echo $$ > \"$0\"; exec \"$@\"'", "");
        let command = command.replacen(PROGRAM, &format!("{} {PROGRAM}", agent.path("pid").display()), 1);
        let terminal = Terminal::run((80, 24), &command);
        terminal.wait_for("[1 Summary]");
        let pid = std::fs::read_to_string(agent.path("pid")).unwrap();
        assert!(Command::new("kill").args(["-s", signal, pid.trim()]).status().unwrap().success());
        terminal.wait_for(&format!("ended with {status}"));
        assert_eq!(terminal.ask("#{alternate_on} #{cursor_flag}"), "0 1", "SIG{signal}");
    }
}

#[test]
fn resizing_while_it_runs() {
    if !has_tmux("resizing_while_it_runs") {
        return;
    }
    let agent = Agent::new();
    let terminal = Terminal::run((80, 24), &shell(&agent, "", ""));
    terminal.wait_for("[1 Summary]");
    terminal.resize(59, 15);
    terminal.wait_for("too small: 60x16 are needed");
    terminal.resize(160, 50);
    terminal.wait_for("All events");
    terminal.keys(&["2"]);
    terminal.wait_for("│ api_key");
}

#[test]
fn a_terminal_that_cannot_show_screens_gets_the_text() {
    const TEST: &str = "a_terminal_that_cannot_show_screens_gets_the_text";
    if !has_tmux(TEST) {
        return;
    }
    let agent = Agent::new();
    let small = Terminal::run((59, 30), &shell(&agent, "", ""));
    let screen = small.wait_for("ended with 0");
    assert!(screen.contains("Nothing was sent.") && screen.contains("with 60x16 or more"), "{screen}");
    let agent = Agent::new();
    let dumb = Terminal::run((80, 24), &shell(&agent, "TERM=dumb", ""));
    assert!(dumb.wait_for("ended with 0").contains("Nothing was sent."));
    let agent = Agent::new();
    let no_keys = Terminal::run((80, 24), &shell(&agent, "", "< /dev/null"));
    assert!(no_keys.wait_for("ended with 0").contains("Nothing was sent."));
}

#[test]
fn opting_in_wants_a_typed_word() {
    if !has_tmux("opting_in_wants_a_typed_word") {
        return;
    }
    let agent = Agent::new();
    let file = agent.path("etc").join(OPT_OUT);
    std::fs::write(&file, "").unwrap();
    for (typed, ends, stays) in [("y", "ended with 1", true), ("yes", "ended with 0", false)] {
        let terminal = Terminal::run((100, 24), &shell(&agent, "", "opt-in"));
        terminal.wait_for("Type yes to go ahead");
        terminal.keys(&[typed, "Enter"]);
        terminal.wait_for(ends);
        assert_eq!(file.exists(), stays, "{typed}");
    }
}
