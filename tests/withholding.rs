//! `withhold` in the configuration, as the sender and the preview keep to it.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

use std::process::{Command, Stdio};

use serde_json::Value as Json;
use testkit::{Call, Home, Receiver, Reply, full, opted_out_here, parts, program, said, this_test};

/// Of the daemon, of this machine, and one of several parts of an argument.
const NAMES: [&str; 4] = ["netdata_buildinfo", "system_kernel_version", "host_collectors", "fatal_errno"];

const FATAL: [&str; 3] = ["FATAL", "netdata:MAIN", "0266@../daemon/:signals_handle /4"];

/// An agent whose sender withholds them, and a call that has values for all.
fn withholding(receiver: &Receiver, happened: [&str; 3]) -> (Home, Call) {
    let home = Home::new();
    home.configure(&format!("url = \"{}\"\nwithhold = {NAMES:?}\n", receiver.url()));
    let mut arguments = full(happened);
    arguments[11] = r#"{"plugin":"of-ours.plugin","module":""}"#;
    // No value that could be sent.
    arguments[13] = r#""/home/joe/netdata""#;
    let call = home.call(&arguments);
    (home, call)
}

fn preview(call: &Call, arguments: &[&str]) -> (String, String, i32) {
    let mut command = Command::new(program("telemetry-preview"));
    command.args(arguments).env_clear().envs(&call.environment).stdin(Stdio::null());
    said(&command.output().unwrap())
}

#[test]
fn what_is_withheld_is_not_in_the_bytes_and_the_preview_shows_these_bytes() {
    if opted_out_here(this_test!()) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    for happened in [["START", "-", "-"], ["EXIT", "OK", "-"], FATAL] {
        let (home, call) = withholding(&receiver, happened);
        let file = home.path().join("call.json");
        call.record(&file);
        let (shown, err, status) =
            preview(&call, &["show", "--raw", "--strict", "--event", happened[0], "--call", file.to_str().unwrap()]);
        assert_eq!(status, 0, "{shown}{err}");
        let mut dry = call.clone();
        dry.arguments.insert(0, "--dry-run".into());
        let dry = dry.run().stdout;
        assert_eq!(said(&call.run()), ("200".into(), String::new(), 0));
        let sent = receiver.requests().pop().unwrap();
        // Up to the random number and the time at the end.
        let same = sent.windows(8).position(|bytes| bytes == b"\"uuid\":\"").unwrap();
        for shown in [shown.as_bytes(), &dry] {
            assert_eq!((shown.len(), &shown[..same]), (sent.len(), &sent[..same]), "{happened:?}");
        }
        let (_, body) = parts(&sent);
        let properties = body["properties"].as_object().unwrap();
        for name in NAMES.iter().chain(&["action_data", "fatal_line", "fatal_function"]) {
            assert!(!properties.contains_key(*name), "{name}: {body}");
        }
        assert_eq!(properties["fields_withheld"], true);
        assert!(properties.contains_key("system_kernel_name") && !properties.contains_key("dropped_fields"), "{body}");
        let text = String::from_utf8(sent).unwrap();
        for value in ["of-ours", "joe", "signals_handle"] {
            assert!(!text.contains(value), "{value}: {text}");
        }
    }
}

/// It does not depend on a value, so nobody learns whether there was one.
#[test]
fn an_event_says_so_where_its_kind_has_the_field() {
    if opted_out_here(this_test!()) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    for (setting, said) in [
        // This daemon does not give it.
        ("withhold = ['netdata_fail_reason']", Json::Bool(true)),
        ("withhold = []", Json::Null),
        ("withhold = ['alarms_normal']\nfields = 'documented'", Json::Null),
        ("withhold = ['netdata_version']\nfields = 'documented'", Json::Bool(true)),
    ] {
        let home = Home::new();
        home.configure(&format!("url = \"{}\"\n{setting}\n", receiver.url()));
        home.start().run();
        let (_, body) = parts(&receiver.requests().pop().unwrap());
        assert_eq!(body["properties"]["fields_withheld"], said, "{setting}");
    }
}

#[test]
fn verify_compares_the_event_without_them() {
    let receiver = Receiver::start(Reply::Status(200, ""));
    let (home, call) = withholding(&receiver, ["START", "-", "-"]);
    let file = home.path().join("call.json");
    call.record(&file);
    let mut verify = call.clone();
    verify.arguments = vec!["--verify".into(), "--call".into(), file.to_str().unwrap().into()];
    let (out, err, status) = said(&verify.run());
    assert_eq!((err.as_str(), status), ("", 0), "{out}");
    assert!(out.lines().any(|line| line == "identical"), "{out}");
    assert_eq!(receiver.connections(), 0);
}

#[test]
fn a_list_that_cannot_be_kept_to_stops_all_sending() {
    let receiver = Receiver::start(Reply::Status(200, ""));
    for (names, why) in [
        ("'system_cpu_modle'", "there is no field \"system_cpu_modle\", perhaps system_cpu_model"),
        ("'$ip'", "$ip cannot be withheld: keeps the server from filling in something else"),
        ("'alarms_normal', 'alarms_normal'", "it names alarms_normal twice"),
        ("1", "line 2"),
    ] {
        let home = Home::new();
        home.configure(&format!("url = \"{}\"\nwithhold = [{names}]\n", receiver.url()));
        let call = home.start();
        let (shown, told, _) = preview(&call, &["show", "--raw"]);
        let (out, err, status) = said(&call.run());
        assert_eq!((out.as_str(), shown.as_str(), status), ("", "", 2), "{err}");
        for line in [&err, &told] {
            assert!(line.contains(why) && line.contains("nothing is sent until it is corrected"), "{why}: {line}");
        }
    }
    assert_eq!(receiver.connections(), 0);
}

#[test]
fn the_preview_says_withheld_and_not_absent() {
    let receiver = Receiver::start(Reply::Status(200, ""));
    let (_home, call) = withholding(&receiver, ["START", "-", "-"]);
    let withheld = "withheld by anonymous-statistics.toml";
    for arguments in [&["show"][..], &["explain", "host_collectors"]] {
        let (out, err, status) = preview(&call, arguments);
        assert!(out.contains(withheld) && status == 0, "{arguments:?}: {out}{err}");
    }
    let (out, err, _) = preview(&call, &["diff", "--events", "START", "EXIT", "--json"]);
    let compared: Json = serde_json::from_str(&out).unwrap_or_default();
    let rows = compared["fields"].as_array().into_iter().flatten();
    let row = rows.filter(|row| row["name"] == "host_collectors").collect::<Vec<_>>();
    assert!(matches!(row[..], [row] if row["verdict"] == "same" && row["left"]["note"] == withheld), "{row:?}: {err}");
}

/// A later event may have what the last one withheld.
#[test]
fn what_was_withheld_then_is_not_absent_now() {
    if opted_out_here(this_test!()) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let (home, call) = withholding(&receiver, ["START", "-", "-"]);
    call.run();
    home.configure(&format!("url = \"{}\"\n", receiver.url()));
    let (out, err, _) = preview(&call, &["explain", "host_collectors"]);
    assert!(out.contains("set by the daemon"), "{out}{err}");
}
