//! What nobody has to take on trust: the history, and the check for a fleet.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use testkit::{skip, this_test};

use crate::common::{Agent, GUID, OPT_OUT, Ran, Terminal, is_root, json, shell};
use crate::verbs::{HOSTILE, unprintable};
use anonymous_statistics::clock::UnixMillis;
use anonymous_statistics::destination::Destination;
use anonymous_statistics::outbox::{Entry, Outbox, Role};
use anonymous_statistics::request::http::parse_stored;
use anonymous_statistics::request::payload::EventId;

#[test]
fn a_fleet_is_checked_by_exit_status() {
    let agent = Agent::new();
    agent.install_sender();
    let check = |expect: &str| agent.run(&["check", "--expect", expect]);
    let decision = json(&agent.run(&["status", "--json"]))["decision"].clone();
    // The machine may have an opt-out file of its own.
    if decision == "allowed" {
        assert_eq!((check("on").code, check("off").code), (Some(0), Some(1)));
    }
    fs::write(agent.path("etc").join(OPT_OUT), "").unwrap();
    let (off, on) = (check("off"), check("on"));
    assert_eq!((off.code, on.code), (Some(0), Some(1)), "{off:?} {on:?}");
    assert!(off.out.starts_with("match: expected off: OFF"), "{}", off.out);
    assert_eq!(off.out.lines().count(), 1);
    let object = json(&agent.run(&["check", "--expect", "on", "--json"]));
    assert_eq!((&object["result"], &object["anonymous_statistics"]), (&"mismatch".into(), &false.into()));
    assert_eq!(agent.run(&["check"]).code, Some(2));
    assert_eq!(agent.run(&["check", "--expect", "maybe"]).code, Some(2));

    let url = |url: &str| agent.run(&["check", "--expect-url", url]).code;
    fs::write(agent.path("etc/anonymous-statistics.toml"), "url = 'http://127.0.0.1:9/capture/'\n").unwrap();
    assert_eq!((url("http://127.0.0.1:9/capture/"), url("http://127.0.0.1:9/other/")), (Some(0), Some(1)));
    assert_eq!(url("http://example.org/"), Some(2));

    // A machine without an agent is off, unless one is wanted.
    let nowhere = |arguments: &[&str]| {
        let mut command = std::process::Command::new(crate::common::PROGRAM);
        let folders = ["--config-dir", "/nonexistent/etc", "--lib-dir", "/nonexistent/lib"];
        Ran::from(
            &command.args(["check", "--expect", "off"]).args(folders).args(arguments).env_clear().output().unwrap(),
        )
    };
    if nowhere(&[]).out.contains("NO AGENT") {
        assert_eq!((nowhere(&[]).code, nowhere(&["--require-agent"]).code), (Some(0), Some(1)));
    }

    // A path through a link to itself cannot be read.
    let agent = Agent::new();
    agent.install_sender();
    let folder = agent.path("loop");
    std::os::unix::fs::symlink("loop", &folder).unwrap();
    let output = agent.command(&["check", "--expect", "off"]).env("NETDATA_USER_CONFIG_DIR", folder).output().unwrap();
    let ran = Ran::from(&output);
    let opted_out = ran.out.contains("OFF");
    assert_eq!(ran.code, Some(if opted_out { 0 } else { 3 }), "{ran:?}");
}

/// A request as frozen by the sender.
fn request(agent: &Agent, action: &str) -> (Entry, Vec<u8>) {
    let call = agent.recorded_call(action, "-", "-");
    let raw = agent.run(&["show", "--raw", "--call", call.to_str().unwrap()]).bytes;
    let endpoint = Destination::of_version("v1.37.1").unwrap().endpoint;
    (Entry::new(&parse_stored(&raw, &endpoint).unwrap()), raw)
}

#[test]
fn the_history_is_byte_exact_and_can_be_forgotten() {
    let agent = Agent::new();
    let empty = agent.run(&["history"]);
    assert_eq!((empty.code, empty.out.matches("  nothing\n").count()), (Some(0), 1), "{}", empty.out);
    let outbox = Outbox::open(&agent.path("lib"), Role::Sender).unwrap();
    let now = UnixMillis::now();
    let keep = |action: &str, age: u64| {
        let (entry, raw) = request(&agent, action);
        (outbox.keep(&EventId { time: now - age, ..EventId::now() }, &entry).unwrap().name(), raw)
    };
    let (sent, bytes) = keep("START", 5000);
    outbox.mark_sent(&sent, 200, now, 20).unwrap();
    let (refused, _) = keep("META", 4000);
    outbox.mark_sent(&refused, 400, now, 20).unwrap();
    let (_, exit) = keep("EXIT", 3000);
    let (tried, _) = keep("START", 2000);
    outbox.record_attempt(&tried, Some(503), now, None).unwrap();
    let (damaged, _) = keep("META", 1000);
    let waiting = agent.path("lib/anonymous-statistics/waiting");
    fs::write(waiting.join(damaged.to_string()), "\u{1b}[2J{").unwrap();

    // A zone without summer time.
    let ran = Ran::from(&agent.command(&["history"]).env("TZ", "XXX-05:30").output().unwrap());
    for said in [
        "accepted with status 200; 1 try",
        "refused with status 400",
        "put off with status 503; 1 try",
        "damaged, and never sent: the entry is damaged",
        " KiB  5 s ",
        " +05:30  ",
    ] {
        assert!(ran.out.contains(said), "{said}\n{}", ran.out);
    }
    let waits = ran.out.lines().skip_while(|line| !line.contains("not tried yet")).nth(1).unwrap();
    assert!(
        waits.contains(
            "waits: sent at the daemon's next START or META, after that call's own event (number 1 in the queue)"
        ),
        "{}",
        ran.out
    );
    let numbered: Vec<&str> = ran.out.lines().filter(|line| line.contains("+05:30")).collect();
    let newest_first = ["damaged", "503", "not tried", "400", "200"];
    for ((number, line), outcome) in (1..).zip(&numbered).zip(newest_first) {
        assert!(line.starts_with(&format!("  {number:>3}  ")) && line.contains(outcome), "{line}: {outcome}");
    }
    assert_eq!(numbered.len(), newest_first.len());
    assert!(!ran.out.contains('\u{1b}'));
    assert_eq!(agent.run(&["history", "--raw", "5"]).bytes, bytes);
    assert_eq!(agent.run(&["history", "--raw", "3"]).bytes, exit);
    for number in ["0", "1", "9"] {
        let ran = agent.run(&["history", "--raw", number]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
    }
    let shown = json(&agent.run(&["history", "--json"]));
    assert_eq!(shown["sent"].as_array().unwrap().len(), 2);
    assert_eq!(shown["waiting"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&shown["sent"][1]["number"], &shown["sent"][1]["body"]["properties"]["action"]),
        (&5.into(), &"START".into())
    );
    assert!(shown["waiting"][0]["damaged"].is_string() && shown["waiting"][0]["body"].is_null());

    let before = agent.tree();
    assert_eq!(agent.run(&["forget", "--dry-run"]).code, Some(0));
    assert_eq!(agent.tree(), before);
    let ran = agent.run(&["forget", "--yes"]);
    assert!(ran.out.starts_with("Deleted 2 requests that were sent, and 3 events that waited"), "{ran:?}");
    for state in ["waiting", "sent"] {
        assert_eq!(fs::read_dir(agent.path("lib/anonymous-statistics").join(state)).unwrap().count(), 0);
    }
}

/// A waiting event stays what it was when it was frozen, and is never sent where the new daemon would not send.
#[test]
fn an_upgrade_changes_what_becomes_of_a_waiting_event() {
    let agent = Agent::new();
    let outbox = Outbox::open(&agent.path("lib"), Role::Sender).unwrap();
    outbox.keep(&EventId::now(), &request(&agent, "EXIT").0).unwrap();
    for (version, becomes) in [
        ("v1.37.1", "sent at the daemon's next START or META"),
        ("v1.38.0", "sent at the daemon's next START or META"),
        ("v1.39.0", "deleted at the daemon's next START or META: events go to another destination now"),
        ("v2.2.6", "deleted at the daemon's next START or META: events go to another destination now"),
        ("v2.9.0", "not sent for now"),
    ] {
        agent.set_version(version);
        let said = agent.run(&["history"]).out;
        assert!(said.contains(becomes), "{version}: {said}");
        agent.set_version("v1.37.1");
        assert_eq!(agent.run(&["history", "--daemon-version", version]).out, said);
    }
}

/// The agent's user can put links and pipes in place of the agent's own files, against a reader with more rights.
#[test]
fn what_the_agents_user_links_to_is_not_read() {
    let agent = Agent::new();
    for folder in ["elsewhere", "lib/registry", "lib/cloud.d"] {
        fs::create_dir(agent.path(folder)).unwrap();
    }
    let files = [
        ("lib/registry/netdata.public.unique.id", GUID.to_owned()),
        ("lib/status-netdata.json", r#"{"agent": {"version": "v2.2.5"}}"#.to_owned()),
        ("lib/cloud.d/claimed_id", GUID.to_owned()),
    ];
    let seen = || {
        let status = json(&agent.run(&["status", "--json"]));
        let channels = status["channels"].as_array().unwrap();
        let cloud = channels.iter().find(|channel| channel["name"] == "cloud").unwrap();
        let show = agent.run(&["show", "--event", "EXIT"]).out;
        [
            show.contains(GUID),
            status["netdata_version"].as_str().is_some_and(|version| version.starts_with("v2.2.5")),
            cloud["why"] == "this agent is claimed",
        ]
    };
    let unseen = |path: &str| fs::remove_dir_all(agent.path(path)).or_else(|_file| fs::remove_file(agent.path(path)));
    for (path, text) in &files {
        fs::write(agent.path(path), text).unwrap();
        fs::write(agent.path("elsewhere").join(path.rsplit('/').next().unwrap()), text).unwrap();
    }
    assert_eq!(seen(), [true; 3]);
    for (path, _) in &files {
        unseen(path).unwrap();
        let target = agent.path("elsewhere").join(path.rsplit('/').next().unwrap());
        std::os::unix::fs::symlink(target, agent.path(path)).unwrap();
    }
    assert_eq!(seen(), [false; 3], "a link to a file");
    for folder in ["lib/registry", "lib/cloud.d"] {
        unseen(folder).unwrap();
        std::os::unix::fs::symlink(agent.path("elsewhere"), agent.path(folder)).unwrap();
    }
    assert_eq!(seen(), [false; 3], "a link on the way");
    // Unseen does not mean no.
    let status = json(&agent.run(&["status", "--json"]));
    let cloud = status["channels"].as_array().unwrap().iter().find(|channel| channel["name"] == "cloud").unwrap();
    assert_eq!(cloud["state"], "unknown");
}

#[test]
fn opted_out_the_history_says_that_nothing_is_recorded() {
    let agent = Agent::new();
    fs::write(agent.path("etc").join(OPT_OUT), "").unwrap();
    assert!(agent.run(&["history"]).out.contains("nothing is sent, and nothing is recorded"));
    assert_eq!(json(&agent.run(&["history", "--json"]))["recording"], false);
}

/// The agent's user can write anything into an entry.
#[test]
fn a_terminal_does_not_obey_the_bytes_of_an_entry() {
    let agent = Agent::new();
    let outbox = Outbox::open(&agent.path("lib"), Role::Sender).unwrap();
    let (mut entry, _) = request(&agent, "EXIT");
    entry.request.extend(b"\n\x1b]2;owned\x07\x1b[2J\x1b[31mred\xff\xe2\x80\xae.\xf3\xa0\x81\x81.\nlast");
    outbox.keep(&EventId::now(), &entry).unwrap();
    let to_a_pipe = agent.run(&["history", "--raw", "1"]);
    assert_eq!((to_a_pipe.bytes, &*to_a_pipe.err), (entry.request, ""));
    if !Terminal::is_there() {
        return skip(this_test!(), "needs tmux");
    }
    let terminal = Terminal::run((120, 60), &shell(&agent, "", "history --raw 1"));
    let screen = terminal.wait_for("ended with 0");
    let shown = "\n\\u{1b}]2;owned\\u{7}\\u{1b}[2J\\u{1b}[31mred\\xff\\u{202e}.\\u{e0041}.\nlast\n";
    assert!(screen.contains(shown), "{screen}");
    assert!(screen.contains("as they are: > FILE"), "{screen}");
    assert!(!terminal.has_colour() && !terminal.ask("#{pane_title}").contains("owned"), "{screen}");
}

/// JSON has its own escapes, so programs read the original values.
#[test]
fn a_terminal_does_not_obey_json_either() {
    let agent = Agent::new();
    let outbox = Outbox::open(&agent.path("lib"), Role::Sender).unwrap();
    let (mut entry, raw) = request(&agent, "EXIT");
    let hostile = serde_json::to_string(HOSTILE).unwrap();
    entry.request = String::from_utf8(raw).unwrap().replace("\"netdata-backend\"", &hostile).into();
    outbox.keep(&EventId::now(), &entry).unwrap();
    let ran = agent.run(&["history", "--json"]);
    assert_eq!(unprintable(&ran.out), None, "{ran:?}");
    let escaped = "b\\u202e\\u061c\\u2066c\\u200b\\u00ad\\u2060\\ufeff\\ufe0fd\\u2028\\udb40\\udc41z";
    assert!(ran.out.contains(escaped), "{}", ran.out);
    assert_eq!(json(&ran)["waiting"][0]["body"]["properties"]["$pathname"], HOSTILE);
}

#[test]
fn a_history_that_cannot_be_read_is_no_empty_history() {
    let agent = Agent::new();
    drop(Outbox::open(&agent.path("lib"), Role::Sender).unwrap());
    let state = agent.path("lib/anonymous-statistics");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o000)).unwrap();
    let ran = agent.run(&["history"]);
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
    // Root may read everything.
    if ran.code != Some(0) {
        assert_eq!(ran.code, Some(77));
        assert!(ran.err.contains("Run:\n  sudo ") && ran.err.contains(" history --config-dir "), "{}", ran.err);
    }
}

/// netdata#7404, opnsense/plugins#2003: the ways to opt out were scattered.
#[test]
fn where_opting_out_is_not_possible_every_other_way_is_named() {
    let agent = Agent::new();
    let ran = agent.run(&["opt-out", "--config-dir", "/proc/nope"]);
    assert_eq!(ran.code, Some(77));
    // Root is not advised to become root.
    let command = if is_root() {
        "Run:\n  mkdir -p /proc/nope && touch "
    } else {
        "or:\n  sudo mkdir -p /proc/nope && sudo touch "
    };
    for said in [command, "docker run -e DISABLE_TELEMETRY=1", "kubectl set env", "ansible HOSTS --become"] {
        assert!(ran.err.contains(said), "{said}\n{}", ran.err);
    }
}
