//! `--send-test`: one event, for a person who tries a server of their own.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

use std::os::unix::fs::chown;
use std::time::{Duration, Instant};

use anonymous_statistics::consent::OPT_OUT_VARIABLES;
use anonymous_statistics::request::test_event::IDENTIFIER;
use testkit::{Call, GUID, Home, Receiver, Reply, opted_out_here, said, set_mode, skip, this_test};

const KEY: &str = "of-an-organisation";
const NOBODY: u32 = 65534;

fn configured(receiver: &Receiver) -> Home {
    let home = Home::new();
    home.configure(&format!("url = \"{}\"\napi_key = \"{KEY}\"\n", receiver.url()));
    home
}

/// Called by a person, whose environment names an agent and its identifier.
fn test(home: &Home) -> Call {
    home.call(&["--send-test"])
}

/// Runs it, and checks that it refuses for this reason and does nothing else.
fn refuses(home: &Home, call: &Call, receiver: &Receiver, why: &str) {
    let tree = home.tree();
    let (out, line, status) = said(&call.run());
    assert_eq!((out.as_str(), status), ("", 2), "{line}");
    assert!(line.contains(why) && line.contains("nothing is sent") && line.lines().count() == 1, "{why}: {line}");
    assert_eq!((home.tree(), receiver.connections()), (tree, 0), "{why}");
}

#[test]
fn one_event_arrives_and_nothing_stays() {
    if opted_out_here(this_test!()) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = configured(&receiver);
    let tree = home.tree();
    assert_eq!(said(&test(&home).run()), ("200 accepted\n".into(), String::new(), 0));
    let (head, body) = receiver.single();
    let properties = &body["properties"];
    for (value, expected) in [
        (&body["event"], "TEST"),
        (&body["api_key"], KEY),
        (&properties["action"], "TEST"),
        (&properties["distinct_id"], IDENTIFIER),
        (&properties["netdata_machine_guid"], IDENTIFIER),
    ] {
        assert_eq!(value, expected, "{body}");
    }
    let all = format!("{head}{body}");
    assert!(!all.contains(GUID) && !all.contains("web1"), "{all}");
    assert_eq!(home.tree(), tree, "neither waiting nor in the history");
}

#[test]
fn the_answer_decides_about_the_exit_status_and_is_one_line() {
    if opted_out_here(this_test!()) {
        return;
    }
    for (reply, out, status) in [
        (Reply::Status(204, ""), "204 accepted\n", 0),
        (Reply::Status(401, ""), "401 not accepted: the server does not take this api_key\n", 22),
        (Reply::Status(503, "retry-after: 60\r\n"), "503 not accepted\n", 22),
        (Reply::Close, "000 not accepted: the server gave no answer\n", 52),
    ] {
        let receiver = Receiver::start(reply);
        let home = configured(&receiver);
        let tree = home.tree();
        assert_eq!(said(&test(&home).run()), (out.into(), String::new(), status));
        assert_eq!(home.tree(), tree, "{out}");
    }
}

#[test]
fn a_redirect_is_not_followed() {
    if opted_out_here(this_test!()) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(302, "location: /elsewhere/\r\n"));
    let home = configured(&receiver);
    let (out, line, status) = said(&test(&home).run());
    assert!(out.starts_with("302 not accepted: ") && out.contains("not followed"), "{out}");
    assert_eq!((line.as_str(), status, receiver.requests().len()), ("", 22, 1));
}

#[test]
fn a_silent_server_is_given_up() {
    if opted_out_here(this_test!()) {
        return;
    }
    let receiver = Receiver::start(Reply::Silence);
    let home = configured(&receiver);
    let start = Instant::now();
    assert_eq!(said(&test(&home).run()), ("000 not accepted: the time was over\n".into(), String::new(), 28));
    // The deadline is two seconds, and a busy machine needs some more to start a program.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn opted_out_or_in_doubt_it_is_refused() {
    if opted_out_here(this_test!()) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = configured(&receiver);
    for variable in OPT_OUT_VARIABLES {
        refuses(&home, &test(&home).with(variable, "0"), &receiver, "opted out by");
    }
    // A place that cannot be looked at.
    let mut relative = test(&home);
    relative.arguments = vec!["--config-dir".into(), "etc".into(), "--send-test".into()];
    refuses(&home, &relative, &receiver, "cannot tell");
    std::fs::write(home.opt_out_file(), "").unwrap();
    refuses(&home, &test(&home), &receiver, "opted out by");
}

#[test]
fn without_a_server_and_a_key_of_ones_own_it_is_refused() {
    if opted_out_here(this_test!()) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = Home::new();
    refuses(&home, &test(&home), &receiver, "of your own");
    let netdatas = "url = \"https://posthog.netdata.cloud/capture/\"\n";
    for (text, why) in [
        (String::new(), "of your own"),
        (format!("url = \"{}\"\n", receiver.url()), "of your own"),
        (netdatas.to_owned(), "of your own"),
        (format!("{netdatas}api_key = \"{KEY}\"\n"), "of your own"),
        ("nonsense".to_owned(), "line 1"),
    ] {
        home.configure(&text);
        refuses(&home, &test(&home), &receiver, why);
    }
    let other = configured(&receiver);
    set_mode(&other.config().join("anonymous-statistics.toml"), 0o666);
    refuses(&other, &test(&other), &receiver, "writable");
}

#[test]
fn root_tests_as_the_owner_of_the_library_folder() {
    if !rustix::process::geteuid().is_root() {
        return skip(this_test!(), "only root can be two users");
    }
    if opted_out_here(this_test!()) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = configured(&receiver);
    set_mode(home.path(), 0o755);
    chown(home.lib(), Some(NOBODY), Some(NOBODY)).unwrap();
    assert_eq!(said(&test(&home).run()), ("200 accepted\n".into(), String::new(), 0));
    // What the daemon's account cannot read does not work for root either.
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = configured(&receiver);
    set_mode(home.path(), 0o755);
    chown(home.lib(), Some(NOBODY), Some(NOBODY)).unwrap();
    set_mode(&home.config().join("anonymous-statistics.toml"), 0o600);
    refuses(&home, &test(&home), &receiver, "Permission denied");
}
