//! The screens in a real terminal.

use std::process::Command;

use testkit::{skip, this_test};

use crate::common::{Agent, LOOKED, OPT_OUT, Terminal, quoted, shell, shell_for, shows};
use crate::network::strace_works;

fn has_tmux(test: &str) -> bool {
    let there = Terminal::is_there();
    if !there {
        skip(test, "needs tmux");
    }
    there
}

#[test]
fn look_around_opt_out_and_leave() {
    if !has_tmux(this_test!()) {
        return;
    }
    let agent = Agent::new();
    // The path of a temporary folder may be long.
    let terminal = Terminal::run((240, 50), &shell(&agent, "", ""));
    let first = terminal.wait_for(LOOKED);
    assert!(first.contains("https://posthog.netdata.cloud/capture/"), "{first}");
    assert!(first.contains("opens no network socket"), "{first}");
    terminal.wait_until_taken();
    for (key, shows) in [("Tab", "[2 Fields]"), ("Right", "[3 Bytes]"), ("l", "[4 Compare]"), ("BTab", "[3 Bytes]")] {
        terminal.keys(&[key]);
        terminal.wait_for(shows);
    }
    terminal.keys(&["o"]);
    let file = agent.path("etc").join(OPT_OUT);
    let screen = terminal.wait_for("Opt out?");
    assert!(shows(&screen, file.to_str().unwrap()), "the dialog names the file: {screen}");
    terminal.keys(&["Escape"]);
    terminal.wait_until("no dialog", |screen| !screen.contains("Opt out?"));
    assert!(!file.exists(), "cancelled");
    terminal.keys(&["o"]);
    terminal.wait_for("Opt out?");
    terminal.keys(&["Enter"]);
    terminal.wait_for("Status: OFF");
    assert!(file.exists());
    terminal.keys(&["Enter", "q"]);
    terminal.wait_for("ended with 0");
    terminal.wait_until_given_back("the terminal is as it was");
}

#[test]
fn quitting_changes_nothing() {
    if !has_tmux(this_test!()) {
        return;
    }
    for keys in [&["q"][..], &["C-c"], &["2", "j", "Enter", "q"], &["o", "q"], &["?", "C-c"]] {
        let agent = Agent::new();
        let before = agent.tree();
        let terminal = Terminal::run((80, 24), &shell(&agent, "", ""));
        terminal.wait_for(LOOKED);
        terminal.keys(keys);
        terminal.wait_for("ended with 0");
        assert_eq!(agent.tree(), before, "{keys:?}");
    }
}

#[test]
fn signals_restore_the_terminal() {
    if !has_tmux(this_test!()) {
        return;
    }
    for (signal, status) in [("TERM", 143), ("HUP", 129), ("INT", 130), ("QUIT", 131)] {
        let agent = Agent::new();
        let before = format!("sh -c 'echo $$ > \"$0\"; exec \"$@\"' {}", quoted(agent.path("pid")));
        let terminal = Terminal::run((80, 24), &shell(&agent, &before, ""));
        terminal.wait_for(LOOKED);
        let pid = std::fs::read_to_string(agent.path("pid")).unwrap();
        assert!(Command::new("kill").args(["-s", signal, pid.trim()]).status().unwrap().success());
        terminal.wait_for(&format!("ended with {status}"));
        terminal.wait_until_given_back(&format!("SIG{signal}"));
    }
}

#[test]
fn resizing_while_it_runs() {
    if !has_tmux(this_test!()) {
        return;
    }
    let agent = Agent::new();
    let terminal = Terminal::run((80, 24), &shell(&agent, "", ""));
    terminal.wait_for(LOOKED);
    terminal.resize(59, 15);
    terminal.wait_for("Too small: 60x16 needed");
    terminal.resize(160, 50);
    terminal.wait_for("Events by this project's sender");
    terminal.keys(&["2"]);
    terminal.wait_for("│ > ");
}

#[test]
fn a_terminal_that_cannot_show_screens_gets_the_text() {
    let test = this_test!();
    if !has_tmux(test) {
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
    if !has_tmux(this_test!()) {
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

#[test]
fn forgetting_wants_a_typed_word_too() {
    if !has_tmux(this_test!()) {
        return;
    }
    let agent = Agent::new();
    let kept = || std::fs::read_dir(agent.path("lib/anonymous-statistics/sent")).unwrap().count();
    for (arguments, typed, ends, left) in [
        ("forget", "n", "ended with 1", 1),
        ("forget", "yes", "ended with 0", 0),
        ("forget --yes", "", "ended with 0", 0),
    ] {
        agent.keep(1_767_248_700_000, "POST / HTTP/1.1\r\n\r\n{}");
        let terminal = Terminal::run((100, 24), &shell(&agent, "", arguments));
        if !typed.is_empty() {
            terminal.wait_for("Type yes to go ahead");
            terminal.keys(&[typed, "Enter"]);
        }
        terminal.wait_for(ends);
        assert_eq!(kept(), left, "{arguments} {typed}");
    }
}

#[test]
fn searching_and_help_with_real_keys() {
    if !has_tmux(this_test!()) {
        return;
    }
    let agent = Agent::new();
    let terminal = Terminal::run((80, 24), &shell(&agent, "", ""));
    terminal.wait_for(LOOKED);
    terminal.keys(&["2", "/"]);
    terminal.keys(&["k", "e", "r", "n", "e", "l", "_", "v", "BSpace", "Enter"]);
    terminal.wait_for("/kernel_   n next   N previous   Esc end   ");
    terminal.wait_for("> : system_kernel_name");
    terminal.keys(&["n"]);
    terminal.wait_for("> : system_kernel_version");
    terminal.keys(&["Enter"]);
    terminal.wait_for("From the source to the request");
    terminal.keys(&["Escape"]);
    terminal.wait_until("the list", |screen| !screen.contains("From the source to the request\n asked"));
    terminal.keys(&["Escape"]);
    terminal.wait_for("? help");
    terminal.keys(&["?"]);
    for key in ["/ n N", "next event;", "PgUp, Home"] {
        terminal.wait_for(key);
    }
    terminal.keys(&["?", "q"]);
    terminal.wait_for("ended with 0");
}

#[test]
fn a_request_is_saved_where_the_dialog_says() {
    if !has_tmux(this_test!()) {
        return;
    }
    let agent = Agent::new();
    let home = agent.path("home");
    std::fs::create_dir(&home).unwrap();
    let terminal = Terminal::run((120, 24), &format!("cd {}; {}", quoted(&home), shell(&agent, "", "")));
    terminal.wait_for(LOOKED);
    terminal.keys(&["3", "w"]);
    terminal.wait_for("Save the request?");
    assert_eq!(std::fs::read_dir(&home).unwrap().count(), 0, "nothing before Enter");
    terminal.keys(&["Enter"]);
    terminal.wait_for("Created ");
    terminal.keys(&["Enter", "w"]);
    terminal.wait_for("Save the request?");
    terminal.keys(&["Enter"]);
    // The same request again: its file exists.
    let screen = terminal.wait_for("Not saved");
    assert!(shows(&screen, "Nothing was overwritten"), "{screen}");
    let saved: Vec<_> = std::fs::read_dir(&home).unwrap().map(|item| item.unwrap()).collect();
    assert_eq!(saved.len(), 1);
    let mode = std::os::unix::fs::PermissionsExt::mode(&saved[0].metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let request = std::fs::read_to_string(saved[0].path()).unwrap();
    assert!(request.starts_with("POST /capture/ HTTP/1.1\r\nhost: posthog.netdata.cloud\r\n"), "{request}");
    terminal.keys(&["Enter", "q"]);
    terminal.wait_for("ended with 0");
}

#[test]
fn without_permission_it_shows_the_command_and_notices_when_it_was_run() {
    let test = this_test!();
    if !has_tmux(test) {
        return;
    }
    let agent = Agent::new();
    let Some(program) = agent.as_nobody() else {
        return skip(test, "needs to become another user, with setpriv as root");
    };
    let terminal = Terminal::run((120, 40), &shell_for(&agent, &program, ""));
    terminal.wait_for(LOOKED);
    let before = agent.tree();
    terminal.keys(&["o"]);
    let screen = terminal.wait_for("Not done");
    let file = agent.path("etc").join(OPT_OUT);
    assert!(shows(&screen, "cannot create") && shows(&screen, "Permission denied"), "{screen}");
    // A path that is longer than a line is broken with a backslash.
    let said = screen.replace('\\', "");
    assert!(shows(&said, &format!("sudo touch {}", quoted(&file))), "{screen}");
    assert_eq!(agent.tree(), before);
    // The command's effect, from another terminal. No key is pressed here.
    std::fs::write(&file, "").unwrap();
    let says = "Status: OFF";
    terminal.wait_until(says, |screen| shows(screen, says));
    terminal.keys(&["r"]);
    terminal.wait_until(says, |screen| shows(screen, says));
    // Opting in needs the same right.
    terminal.keys(&["Enter", "i"]);
    let screen = terminal.wait_for("cannot remove");
    assert!(shows(&screen, "cannot remove") && shows(&screen, " opt-in --config-dir "), "{screen}");
    assert!(file.exists());
    terminal.keys(&["q"]);
    let screen = terminal.wait_for("ended with 0");
    assert!(screen.contains("Run:\n  sudo "), "the commands are left to copy: {screen}");
}

#[test]
fn opting_in_does_not_ask_for_what_cannot_work() {
    let test = this_test!();
    if !has_tmux(test) {
        return;
    }
    let agent = Agent::new();
    std::fs::write(agent.path("etc").join(OPT_OUT), "").unwrap();
    let Some(program) = agent.as_nobody() else {
        return skip(test, "needs to become another user, with setpriv as root");
    };
    let terminal = Terminal::run((120, 40), &shell_for(&agent, &program, "opt-in"));
    let screen = terminal.wait_for("ended with 77");
    assert!(shows(&screen, "cannot remove") && shows(&screen, "Run: sudo "), "{screen}");
    assert!(!screen.contains("Type yes"), "{screen}");
}

#[test]
fn opting_in_from_the_screens_wants_the_word() {
    if !has_tmux(this_test!()) {
        return;
    }
    let agent = Agent::new();
    let file = agent.path("etc").join(OPT_OUT);
    std::fs::write(&file, "").unwrap();
    let terminal = Terminal::run((80, 24), &shell(&agent, "", ""));
    terminal.wait_for(LOOKED);
    terminal.keys(&["i"]);
    terminal.wait_for("Type \"telemetry\"");
    terminal.keys(&["y", "e", "s", "Enter"]);
    terminal.wait_for("that is not the word");
    assert!(file.exists());
    terminal.keys(&["t", "e", "l", "e", "m", "e", "t", "r", "y", "Enter"]);
    terminal.wait_for("Opted in");
    assert!(!file.exists());
}

#[test]
fn what_changes_on_disk_shows_by_itself() {
    if !has_tmux(this_test!()) {
        return;
    }
    let agent = Agent::new();
    let terminal = Terminal::run((100, 50), &shell(&agent, "", ""));
    terminal.wait_for(LOOKED);
    let file = agent.path("etc").join(OPT_OUT);
    std::fs::write(&file, "").unwrap();
    let says = "the daemon finds an opt-out";
    terminal.wait_until(says, |screen| shows(screen, says));
    std::fs::remove_file(&file).unwrap();
    terminal.wait_until("not opted out by that file", |screen| !shows(screen, says));
    let config = agent.path("etc/anonymous-statistics.toml");
    std::fs::write(&config, "url = \"https://telemetry.example.org/x/\"\napi_key = \"k\"\n").unwrap();
    terminal.wait_for("https://telemetry.example.org/x/");
    std::fs::write(&config, "no such key = 1\n").unwrap();
    terminal.wait_for("none (configuration invalid)");
    std::fs::remove_file(&config).unwrap();
    terminal.wait_for("https://posthog.netdata.cloud/capture/");
}

#[test]
fn a_crash_restores_the_terminal() {
    let test = this_test!();
    if !has_tmux(test) {
        return;
    }
    let agent = Agent::new();
    if !strace_works(&agent) {
        return skip(test, "needs strace, and the right to use it");
    }
    // No input causes a panic, so the kernel refuses a sleep: std::thread::sleep has no error. The thread that watches
    // for changes sleeps for a second each time, so the fourth sleep is long after the terminal was taken.
    let refused = "strace -f -o /dev/null -e inject=nanosleep,clock_nanosleep:error=EINVAL:when=4";
    let terminal = Terminal::run((80, 24), &shell(&agent, refused, ""));
    terminal.wait_for(LOOKED);
    terminal.wait_until_taken();
    let screen = terminal.wait_for("ended with 134");
    assert!(screen.contains("panicked at"), "{screen}");
    terminal.wait_until_given_back("the terminal is as it was");
    assert!(terminal.is_cooked(), "and takes lines again");
}

#[test]
fn it_can_be_stopped_and_goes_on() {
    let test = this_test!();
    if !has_tmux(test) {
        return;
    }
    if !std::path::Path::new("/bin/bash").exists() {
        return skip(test, "needs bash, for its job control");
    }
    let agent = Agent::new();
    let terminal = Terminal::run((80, 24), "PS1='prompt> ' exec bash --norc --noprofile -i");
    terminal.wait_for("prompt>");
    let command = shell(&agent, "", "").replace("; sleep 60", "");
    terminal.line(&command);
    terminal.wait_for(LOOKED);
    terminal.keys(&["2", "C-z"]);
    terminal.wait_until("the shell", |screen| screen.contains("Stopped") && screen.contains("prompt>"));
    terminal.wait_until_given_back("the shell has the terminal");
    terminal.line("stty -a | grep -c ' icanon'; fg");
    terminal.wait_for("[2 Fields]");
    terminal.wait_until_taken();
    terminal.keys(&["3"]);
    terminal.wait_for("[3 Bytes]");
    // Stopped by another program, as by Ctrl-Z and as nobody can refuse, and continued in another size.
    for signal in ["TSTP", "STOP"] {
        let pid = terminal.running("telemetry-preview");
        let send = |signal: &str| assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        send(signal);
        terminal.wait_for("Stopped");
        if signal == "TSTP" {
            terminal.wait_until_given_back(&format!("SIG{signal}"));
        }
        terminal.resize(100, 30);
        terminal.line("fg");
        terminal.wait_for("[3 Bytes]");
        terminal.keys(&["4"]);
        terminal.wait_for("[4 Compare]");
        terminal.keys(&["3"]);
        terminal.wait_for("[3 Bytes]");
    }
    terminal.keys(&["q"]);
    terminal.wait_until_given_back("the shell again");
}

#[test]
fn a_file_system_that_hangs_freezes_nothing() {
    let test = this_test!();
    if !has_tmux(test) {
        return;
    }
    let agent = Agent::new();
    if !crate::network::strace_works(&agent) {
        return skip(test, "needs strace, and the right to use it");
    }
    let file = agent.path("etc").join(OPT_OUT);
    // Every access to this file takes half a minute.
    let hangs = format!(
        "strace -f -qq -o /dev/null -P {} -e trace=statx,lstat,newfstatat -e inject=statx,lstat,newfstatat:delay_enter=30000000",
        quoted(&file)
    );
    let terminal = Terminal::run((80, 24), &shell(&agent, &hangs, ""));
    let screen = terminal.wait_for("3 s: looking for opt-out files; a file system may hang");
    assert!(screen.contains("opens no network socket"), "{screen}");
    terminal.keys(&["?"]);
    terminal.wait_for("Keys");
    terminal.resize(100, 30);
    terminal.keys(&["?", "q"]);
    // strace itself stays until that time is over.
    terminal.wait_until_given_back("the terminal as it was");
}

/// A mount without a server: every access hangs (fuse(4), mount(8)).
#[test]
fn a_mount_that_never_answers_freezes_nothing() {
    let test = this_test!();
    if !has_tmux(test) {
        return;
    }
    let agent = Agent::new();
    let etc = quoted(agent.path("etc"));
    let mount = format!(
        "exec 3<>/dev/fuse && mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 nobody {etc} && echo mounted"
    );
    let alone = |command: &str| format!("unshare --mount sh -c {}", quoted(command));
    let tried = Command::new("sh").args(["-c", &alone(&mount)]).output().unwrap();
    if !String::from_utf8_lossy(&tried.stdout).contains("mounted") {
        return skip(test, "needs /dev/fuse, and the right to mount it in a namespace");
    }
    let program = shell(&agent, "", "3<&-");
    let terminal = Terminal::run((80, 24), &alone(&format!("{mount} && {program}")));
    let screen = terminal.wait_for("3 s: looking for opt-out files; a file system may hang");
    assert!(screen.contains("opens no network socket"), "{screen}");
    for (key, shows) in [("?", "Keys"), ("?", "q quit"), ("o", "still looking at this machine")] {
        terminal.keys(&[key]);
        terminal.wait_for(shows);
    }
    terminal.resize(100, 30);
    terminal.keys(&["q"]);
    terminal.wait_for("ended with 0");
    terminal.wait_until_given_back("the terminal is as it was");
}

#[test]
fn colours_are_for_those_who_want_them() {
    if !has_tmux(this_test!()) {
        return;
    }
    for (variables, coloured) in [("", true), ("NO_COLOR=1", false), ("NO_COLOR=", true)] {
        let agent = Agent::new();
        let terminal = Terminal::run((80, 24), &shell(&agent, variables, ""));
        terminal.wait_for(LOOKED);
        assert_eq!(terminal.has_colour(), coloured, "{variables:?}");
        terminal.keys(&["5"]);
        terminal.wait_for("[5 Consent]");
        assert_eq!(terminal.has_colour(), coloured, "{variables:?}");
    }
}

#[test]
fn characters_of_every_width_stay_in_their_columns() {
    if !has_tmux(this_test!()) {
        return;
    }
    let agent = Agent::new();
    // A config directory with wide characters, a combining mark, and an escape sequence that would change the title.
    let folder = "日本語e\u{301}\u{1b}]0;owned\u{7}";
    std::fs::create_dir(agent.path(folder)).unwrap();
    let root = quoted(agent.root());
    let config = format!("NETDATA_USER_CONFIG_DIR=\"$(printf '%s/日本語e\\314\\201\\033]0;owned\\007' {root})\"");
    for (locale, shown) in [
        ("C.UTF-8", "日本語é\\u{1b}]0;owned\\u{7}"),
        ("C", "\\u{65e5}\\u{672c}\\u{8a9e}e\\u{301}\\u{1b}]0;owned\\u{7}"),
    ] {
        let terminal = Terminal::run((240, 100), &shell(&agent, &format!("{config} LANG={locale}"), ""));
        terminal.wait_for(LOOKED);
        let screen = terminal.wait_for("Config directory");
        // A long path, from a deep temporary folder, is broken into lines; here there is one column of them.
        let in_one_line: String = screen.replace(['│', '┃', '█', '#'], "").split_whitespace().collect();
        let normal = in_one_line.replace("e\u{301}", "é");
        assert!(normal.contains(shown), "{locale}: {screen}");
        assert_ne!(terminal.ask("#{pane_title}"), "owned");
        terminal.keys(&["o"]);
        let screen = terminal.wait_for("Enter: opt out ");
        let bar = if locale == "C" { '|' } else { '│' };
        for line in screen.lines().filter(|line| line.contains("Enter: opt out") || line.contains("owned")) {
            if line.trim_start().starts_with(bar) {
                assert!(line.trim_end().ends_with(bar), "the box is straight: {line}");
            }
        }
    }
}

#[test]
fn ten_thousand_keys_at_random() {
    if !has_tmux(this_test!()) {
        return;
    }
    let agent = Agent::new();
    for folder in ["home", "log"] {
        std::fs::create_dir(agent.path(folder)).unwrap();
    }
    let before = agent.tree();
    // Ctrl-C and Ctrl-Z would reach the shell while the program restarts.
    let special = [
        "Up", "Down", "Left", "Right", "Home", "End", "PPage", "NPage", "Tab", "BTab", "Enter", "Escape", "BSpace",
        "C-l",
    ];
    let letters: Vec<String> =
        ('!'..='~').filter(|c| *c != ';').map(String::from).chain(["é".into(), "日".into()]).collect();
    let keys: Vec<&str> = special.into_iter().cycle().take(60).chain(letters.iter().map(String::as_str)).collect();
    let once = shell(&agent, "", "2>> ../log/errors").replace("; sleep 60", " >> ../log/ends");
    let terminal = Terminal::run((80, 24), &format!("cd {}; while :; do {once}; done", quoted(agent.path("home"))));
    terminal.wait_for(LOOKED);
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        keys[usize::try_from(random % keys.len() as u64).unwrap()]
    };
    for batch in 0..50 {
        let batch_of_keys: Vec<&str> = (0..200).map(|_| next()).collect();
        terminal.many_keys(&batch_of_keys);
        if batch % 10 == 9 {
            terminal.resize(60 + batch, 16 + batch / 2);
        }
    }
    // It has taken all of them, and still reacts. A key right after Esc would be one with Alt.
    let after_escape = |keys| {
        terminal.keys(&["Escape"]);
        std::thread::sleep(std::time::Duration::from_millis(100));
        terminal.keys(keys);
    };
    terminal.wait_until("the last keys of all", |screen| {
        let is_there = screen.contains("zzz");
        if !is_there {
            after_escape(&["/", "zzz"]);
        }
        is_there
    });
    let ends = || std::fs::read_to_string(agent.path("log/ends")).unwrap_or_default();
    for _ in 0..100 {
        if ends().is_empty() {
            after_escape(&["q"]);
        }
    }
    assert!(!ends().is_empty(), "no key leaves");
    assert!(ends().lines().all(|line| line == "ended with 0"), "{}", ends());
    let errors = std::fs::read_to_string(agent.path("log/errors")).unwrap();
    assert!(!errors.contains("panicked"), "{errors}");
    for path in
        agent.tree().into_keys().filter(|path| !before.contains_key(path) && !path.starts_with(agent.path("log")))
    {
        let saved = path.parent() == Some(&agent.path("home")) && path.extension().is_some_and(|end| end == "http");
        assert!(saved || path == agent.path("etc").join(OPT_OUT), "{}", path.display());
    }
}
