//! `configure`: a server of one's own, and the test of it by the installed sender.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::time::{Duration, Instant};

use anonymous_statistics::fields::PUBLIC_KEY;
use anonymous_statistics::request::test_event::IDENTIFIER;
use testkit::{Receiver, Reply, opted_out_here, parts, skip, this_test};

use crate::common::{Agent, GUID, OPT_OUT, PROGRAM, Ran, Terminal, is_root, shell};

const URL: &str = "https://posthog.example.org/capture/";

/// An agent whose folders nobody else can write.
fn agent() -> Agent {
    let agent = Agent::new();
    for folder in ["", "etc", "lib", "plugins"] {
        mode(&agent, folder, 0o755);
    }
    agent
}

fn mode(agent: &Agent, name: &str, mode: u32) {
    fs::set_permissions(agent.path(name), Permissions::from_mode(mode)).unwrap();
}

fn configure(agent: &Agent, url: &str, more: &[&str]) -> Ran {
    agent.run(&[&["configure", "--url", url, "--api-key", "own", "--yes"], more].concat())
}

/// Nothing is asked, written, started or sent.
fn refuses(agent: &Agent, arguments: &[&str], code: i32, why: &str) {
    let tree = agent.tree();
    let ran = agent.run(arguments);
    assert_eq!(ran.code, Some(code), "{arguments:?}: {ran:?}");
    assert!(ran.err.contains(why) && !ran.err.contains('\u{1b}'), "{arguments:?}: {why}: {ran:?}");
    assert_eq!(agent.tree(), tree, "{arguments:?}");
}

#[test]
fn what_is_shown_is_written_and_would_be_sent() {
    let agent = agent();
    let ran = configure(&agent, URL, &[]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    let file = agent.config_file();
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(text, format!("url = \"{URL}\"\napi_key = \"own\"\n"));
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o644);
    for part in [
        &format!("This will create {}:", file.display()),
        &format!("  +url = \"{URL}\""),
        "POST https://posthog.example.org/capture/",
        "host: posthog.example.org",
        "  \"api_key\": \"own\",",
        "    \"action\": \"START\",",
        "agents from v2.6 on whose",
        &format!("Wrote {}.", file.display()),
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    // The same way to the bytes as show.
    let shown = agent.run(&["show", "--raw"]);
    let (head, _body) = shown.out.split_once("\r\n\r\n").unwrap();
    for line in head.lines().skip(1) {
        assert!(ran.out.contains(line), "{line}: {}", ran.out);
    }
    let again = configure(&agent, URL, &[]);
    assert!(again.code == Some(0) && again.out.contains("already") && !again.out.contains("Wrote "), "{again:?}");
}

#[test]
fn other_settings_and_comments_stay() {
    let agent = agent();
    let before =
        "# of our operations team\nhistory = 0 # keep none\nurl = 'https://old.example.org/'\napi_key = 'old'\n";
    fs::write(agent.config_file(), before).unwrap();
    mode(&agent, "etc/anonymous-statistics.toml", 0o640);
    let ran = configure(&agent, URL, &[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.contains("-url = 'https://old.example.org/'") && ran.out.contains("not every account may read it"),
        "{}",
        ran.out
    );
    let after = before.replace("'https://old.example.org/'", &format!("\"{URL}\"")).replace("'old'", "\"own\"");
    assert_eq!(fs::read_to_string(agent.config_file()).unwrap(), after);
    assert_eq!(fs::metadata(agent.config_file()).unwrap().mode() & 0o7777, 0o640);
    fs::write(agent.config_file(), "history = 99\n").unwrap();
    refuses(&agent, &["configure", "--url", URL, "--api-key", "own", "--yes"], 77, "unusable history");
}

#[test]
fn it_asks_first() {
    let agent = agent();
    let line = ["configure", "--url", URL, "--api-key", "own"];
    refuses(&agent, &line, 2, "add --yes to go ahead");
    if !Terminal::is_there() {
        return skip(this_test!(), "the question needs tmux");
    }
    for (typed, code, written) in [("no", 1, false), ("yes", 0, true)] {
        let words = line.join(" ");
        let terminal = Terminal::run((150, 300), &shell(&agent, "", &words));
        let asked = terminal.wait_for("Type yes to go ahead:");
        assert!(asked.contains("This writes ") && asked.contains(URL), "{asked}");
        assert!(!agent.config_file().exists());
        terminal.line(typed);
        terminal.wait_for(&format!("ended with {code}"));
        assert_eq!(agent.config_file().exists(), written);
    }
}

#[test]
fn only_a_server_and_a_key_of_ones_own() {
    let agent = agent();
    for (url, key, why) in [
        ("http://posthog.example.org/", "own", "must be https"),
        ("posthog.example.org", "own", "must begin with https://"),
        ("https://me:secret@posthog.example.org/", "own", "user name or password"),
        ("https://posthog.example.org/\r\nhistory = 0", "own", "printable ASCII"),
        ("https://posthog.example.org/\u{1b}[2J", "own", "printable ASCII"),
        ("", "own", "must begin with https://"),
        (URL, "", "the key is unusable"),
        (URL, "two words", "the key is unusable"),
        (URL, "\"\nhistory = 0\n#", "the key is unusable"),
        (URL, PUBLIC_KEY, "Netdata's"),
        ("http://127.0.0.1:9/", PUBLIC_KEY, "Netdata's"),
        ("https://posthog.netdata.cloud/capture/", "own", "Netdata's"),
        ("https://posthog.netdata.cloud/capture/", PUBLIC_KEY, "Netdata's"),
    ] {
        refuses(&agent, &["configure", "--url", url, "--api-key", key, "--yes", "--test"], 2, why);
    }
    for line in [&["configure"][..], &["configure", "--url", URL], &["configure", "--api-key", "own"]] {
        refuses(&agent, line, 2, "required");
    }
    let call = agent.recorded_call("START", "-", "-");
    refuses(&agent, &["configure", "--test", "--call", call.to_str().unwrap()], 2, "--call");
}

#[test]
fn what_others_can_change_stays() {
    let line = ["configure", "--url", URL, "--api-key", "own", "--yes"];
    let linked = agent();
    fs::write(linked.path("elsewhere"), "").unwrap();
    symlink("../elsewhere", linked.config_file()).unwrap();
    refuses(&linked, &line, 77, "link to ../elsewhere");
    let open = agent();
    mode(&open, "etc", 0o777);
    refuses(&open, &line, 77, "can write it");
    let writable = agent();
    fs::write(writable.config_file(), "").unwrap();
    mode(&writable, "etc/anonymous-statistics.toml", 0o666);
    refuses(&writable, &line, 77, "can write it");
    if is_root() {
        let foreign = agent();
        fs::write(foreign.config_file(), "").unwrap();
        std::os::unix::fs::chown(foreign.config_file(), Some(1234), None).unwrap();
        refuses(&foreign, &line, 77, "chown root ");
        refuses(&foreign, &["configure", "--test", "--yes"], 1, "the daemon's account may be able to");
    }
}

#[test]
fn without_the_right_the_command_for_it_is_shown() {
    let agent = agent();
    mode(&agent, "etc", 0o555);
    let line = ["configure", "--url", "https://x.example.org/?a=b&c", "--api-key", "own", "--yes"];
    let ran = if is_root() {
        let Some(nobody) = agent.as_nobody() else { return skip(this_test!(), "nobody can become another user here") };
        let line =
            format!("exec env -i {} {nobody} {} 2>&1", agent.variables(), line.map(crate::common::quoted).join(" "));
        let path = std::env::var_os("PATH").unwrap_or_default();
        Ran::from(&std::process::Command::new("sh").args(["-c", &line]).env("PATH", path).output().unwrap())
    } else {
        agent.run(&line)
    };
    mode(&agent, "etc", 0o755);
    let said = ran.out + &ran.err;
    assert_eq!(ran.code, Some(77), "{said}");
    assert!(said.contains("Run:\n  sudo ") && said.contains(" configure --url "), "{said}");
    assert!(said.contains("https://x.example.org/?a=b&c") && said.contains(" --config-dir "), "{said}");
}

#[test]
fn a_test_is_one_event_of_nobody_and_its_answer_is_shown() {
    if opted_out_here(this_test!()) {
        return;
    }
    let agent = agent();
    agent.install_this_sender();
    fs::create_dir(agent.path("lib/registry")).unwrap();
    fs::write(agent.path("lib/registry/netdata.public.unique.id"), GUID).unwrap();
    let receiver = Receiver::start(Reply::Status(200, ""));
    let ran = configure(&agent, &receiver.url(), &["--test"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    assert!(ran.out.ends_with("The test: 200 accepted\n"), "{}", ran.out);
    let (head, body) = receiver.single();
    assert_eq!((&body["event"], &body["properties"]["distinct_id"]), (&"TEST".into(), &IDENTIFIER.into()));
    assert!(!format!("{head}{body}").contains(GUID));
    assert!(!agent.path("lib/anonymous-statistics").exists(), "neither waiting nor in the history");
    // What is shown before is what is sent, but for two values.
    let (_, shown) = ran.out.split_once("The test event, ").unwrap();
    for line in head.lines().skip(1).chain(serde_json::to_string_pretty(&body).unwrap().lines()) {
        let new = line.contains("\"uuid\"") || line.contains("\"timestamp\"");
        assert!(new || shown.contains(line.trim_end_matches(',')), "{line}: {shown}");
    }
    // Alone, with what is configured.
    let alone = agent.run(&["configure", "--test", "--yes"]);
    assert_eq!((alone.code, receiver.requests().len()), (Some(0), 2), "{alone:?}");
    assert_eq!(parts(&receiver.requests()[1]).1["event"], "TEST");
}

#[test]
fn what_a_server_answers_is_said() {
    if opted_out_here(this_test!()) {
        return;
    }
    let agent = agent();
    agent.install_this_sender();
    for (reply, answer) in [
        (Reply::Status(401, ""), "The test: 401 not accepted: the server does not take this api_key\n"),
        (Reply::Status(302, "location: /other/\r\n"), "The test: 302 not accepted: the server points elsewhere"),
        (Reply::Silence, "The test: 000 not accepted: the time was over\n"),
    ] {
        let receiver = Receiver::start(reply);
        agent.configure(&receiver);
        let start = Instant::now();
        let ran = agent.run(&["configure", "--test", "--yes"]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.out.contains(answer), "{answer}: {}", ran.out);
        assert_eq!(receiver.requests().len(), 1, "{answer}");
        // The sender gives up after two seconds.
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    }
}

#[test]
fn opted_out_or_in_doubt_no_test_is_sent() {
    if opted_out_here(this_test!()) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let agent = agent();
    agent.install_this_sender();
    agent.configure(&receiver);
    for variable in ["DISABLE_TELEMETRY", "DO_NOT_TRACK"] {
        let output = agent.command(&["configure", "--test", "--yes"]).env(variable, "0").output().unwrap();
        let ran = Ran::from(&output);
        assert!(ran.code == Some(1) && ran.err.contains(variable), "{ran:?}");
    }
    refuses(&agent, &["configure", "--test"], 2, "add --yes to go ahead");
    fs::write(agent.path("etc").join(OPT_OUT), "").unwrap();
    refuses(&agent, &["configure", "--test", "--yes"], 1, "opted out by ");
    let line = ["configure", "--url", URL, "--api-key", "own", "--yes", "--test"];
    refuses(&agent, &line, 1, "nothing was changed");
    // Without a test the file is written; it says what follows.
    let ran = configure(&agent, URL, &[]);
    assert!(ran.code == Some(0) && ran.out.contains("Nothing is sent there"), "{ran:?}");
    // A folder that cannot be looked at.
    fs::remove_file(agent.path("etc").join(OPT_OUT)).unwrap();
    agent.configure(&receiver);
    let relative = agent.command(&["configure", "--test", "--yes"]).env("NETDATA_USER_CONFIG_DIR", "etc").output();
    let ran = Ran::from(&relative.unwrap());
    assert!(ran.code != Some(0), "{ran:?}");
    assert_eq!(receiver.connections(), 0);
}

#[test]
fn no_foreign_program_is_started() {
    if opted_out_here(this_test!()) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let agent = agent();
    agent.install_this_sender();
    agent.configure(&receiver);
    let line = ["configure", "--test", "--yes"];
    mode(&agent, "plugins/anonymous-statistics.sh", 0o775);
    refuses(&agent, &line, 1, "can change");
    mode(&agent, "plugins/anonymous-statistics.sh", 0o755);
    mode(&agent, "plugins", 0o777);
    refuses(&agent, &line, 1, "can change");
    mode(&agent, "plugins", 0o755);
    // Another program at the script's place is not asked. With no sender beside this program, nobody is.
    fs::write(agent.path("plugins/anonymous-statistics.sh"), "#!/bin/sh\ntouch started\n").unwrap();
    let alone = agent.path("alone");
    fs::create_dir(&alone).unwrap();
    assert!(std::process::Command::new("cp").arg(PROGRAM).arg(&alone).status().unwrap().success());
    let mut command = std::process::Command::new(alone.join("telemetry-preview"));
    let output = command.args(line).env_clear().envs(agent.environment()).output().unwrap();
    let ran = Ran::from(&output);
    assert!(ran.code == Some(1) && ran.err.contains("not installed"), "{ran:?}");
    assert_eq!(receiver.connections(), 0);
}

#[test]
fn a_field_is_withheld_and_sent_again() {
    let agent = agent();
    let withhold = ["configure", "--withhold", "system_cpu_model"];
    let asked = "+withhold = [\"system_cpu_model\"]";
    let tree = agent.tree();
    let unanswered = agent.run(&withhold);
    assert!(unanswered.out.contains(asked) && unanswered.err.contains("--yes"), "{unanswered:?}");
    assert_eq!((unanswered.code, agent.tree()), (Some(2), tree));

    let line = [&withhold[..], &["--yes"]].concat();
    let ran = agent.run(&line);
    assert!(ran.code == Some(0) && ran.out.contains(asked) && ran.out.contains("\nWrote "), "{ran:?}");
    let text = "withhold = [\"system_cpu_model\"]\n";
    assert_eq!(fs::read_to_string(agent.config_file()).unwrap(), text);
    assert!(!agent.run(&["show", "--raw"]).out.contains("system_cpu_model"));

    // Again it is the same: a program may say it every day.
    let again = agent.run(&line);
    assert!(again.code == Some(0) && again.out.contains("withheld already"), "{again:?}");
    assert_eq!(fs::read_to_string(agent.config_file()).unwrap(), text);

    for said in ["these fields again: system_cpu_model", "is not withheld"] {
        let ran = agent.run(&["configure", "--send-again", "system_cpu_model", "--yes"]);
        assert!(ran.code == Some(0) && ran.out.contains(said), "{ran:?}");
        assert_eq!(fs::read_to_string(agent.config_file()).unwrap(), "withhold = []\n");
    }
    for (name, why) in [("$ip", "cannot be withheld"), ("\u{1b}[2J", "no field")] {
        refuses(&agent, &["configure", "--withhold", name, "--yes"], 2, why);
    }
    refuses(&agent, &["configure", "--withhold", "alarms_normal", "--send-again", "alarms_warning"], 2, "--send-again");
}

#[test]
fn what_can_be_withheld_is_told() {
    let agent = agent();
    for (name, said) in [
        ("system_cpu_model", "withholding  possible (configure --withhold)\n"),
        ("fatal_line", "possible (configure --withhold), together with action_data,"),
        ("$ip", "withholding  not possible: "),
    ] {
        let ran = agent.run(&["explain", name]);
        assert!(ran.out.contains(said), "{name}: {}", ran.out);
    }
    let schema: serde_json::Value = serde_json::from_str(&agent.run(&["schema", "--json"]).out).unwrap();
    let field = |name: &str| {
        let mut fields = schema["fields"].as_array().unwrap().iter();
        fields.find(|field| field["name"] == name).unwrap().clone()
    };
    assert_eq!(
        (&field("fatal_line")["can_be_withheld"], &field("$ip")["can_be_withheld"]),
        (&true.into(), &false.into())
    );
    assert_eq!(field("fatal_line")["withheld_together"][0], "action_data");
}
