//! Calls the sender like the daemon, against a receiver on loopback.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anonymous_statistics::fields::{FIELDS, Origin, Place};
use serde_json::Value as Json;
use testkit::{Home, Receiver, Reply, full, opted_out_here, parts, program, said, this_test};

macro_rules! must_be_able_to_send {
    () => {
        if opted_out_here(testkit::this_test!()) {
            return;
        }
    };
}

/// Without the values from the moment of freezing.
fn without_stamp(request: &[u8]) -> (String, Json) {
    let (head, mut body) = parts(request);
    for name in ["uuid", "timestamp"] {
        assert!(body.as_object_mut().unwrap().remove(name).is_some());
    }
    (head, body)
}

const FATAL: [&str; 3] = ["FATAL", "netdata:RECEIVER[db7.example.org]", "0266@../daemon/:signals_handle /4"];

#[test]
fn an_event_arrives_and_its_status_is_printed() {
    must_be_able_to_send!();
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = Home::sending_to(&receiver);
    assert_eq!(said(&home.start().run()), ("200".into(), String::new(), 0));
    let (head, body) = receiver.single();
    assert!(head.starts_with("POST /capture/ HTTP/1.1\r\nhost: 127.0.0.1:"), "{head}");
    assert_eq!(body["event"], "START -");
    assert_eq!(body["properties"]["distinct_id"], testkit::GUID);
    assert_eq!(home.files("waiting"), [""; 0]);
    assert_eq!(home.events("sent").len(), 1);
}

#[test]
fn every_property_of_the_contract_is_in_the_body_and_null_stays_null() {
    must_be_able_to_send!();
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = Home::sending_to(&receiver);
    home.start().run();
    let (_, body) = receiver.single();
    let properties = body["properties"].as_object().unwrap();
    for field in FIELDS.iter().filter(|field| field.place == Place::Properties && field.only.is_none()) {
        let expected = !matches!(field.origin, Origin::ArgumentOf { .. } | Origin::Dropped | Origin::Withheld);
        assert_eq!(properties.contains_key(field.name), expected, "{}", field.name);
    }
    assert_eq!(properties["alarms_normal"], Json::Null);
    assert_eq!(properties["config_stream_enabled"], false);
    assert_eq!(properties["config_multidb_disk_quota"], 256);
    assert_eq!(properties["config_oom_score"], -1000);
    assert_eq!(properties["host_collectors"][1]["module"], "/proc/stat");
    assert_eq!(properties["$process_person_profile"], false);
}

#[test]
fn what_the_preview_shows_is_what_is_sent() {
    must_be_able_to_send!();
    let file = tempfile::NamedTempFile::new().unwrap();
    for happened in [["START", "-", "-"], ["EXIT", "OK", "-"], FATAL] {
        for provided in [None, Some("hyperspace")] {
            let receiver = Receiver::start(Reply::Status(200, ""));
            let home = Home::sending_to(&receiver);
            let mut call = home.call(&full(happened));
            if let Some(name) = provided {
                call = call.with("VIRTUALIZATION", name);
            }
            call.record(file.path());
            let shown = Command::new(program("telemetry-preview"))
                .args(["show", "--raw", "--strict", "--event", happened[0], "--call"])
                .arg(file.path())
                .env_clear()
                .stdin(Stdio::null())
                .output()
                .unwrap();
            assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
            call.run();
            let sent = &receiver.requests()[0];
            assert_eq!(without_stamp(&shown.stdout), without_stamp(sent), "{happened:?}");
            assert_eq!(shown.stdout.len(), sent.len());
            // Identical bytes, up to the random number and the time at the end.
            let same = sent.windows(8).position(|w| w == b"\"uuid\":\"").unwrap();
            assert_eq!(shown.stdout[..same], sent[..same]);
        }
    }
}

#[test]
fn the_dry_run_is_what_is_sent() {
    must_be_able_to_send!();
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = Home::sending_to(&receiver);
    let call = home.start();
    let mut dry = call.clone();
    dry.arguments.insert(0, "--dry-run".into());
    let shown = dry.run();
    assert_eq!(receiver.connections(), 0);
    assert_eq!(String::from_utf8_lossy(&shown.stderr), "would be sent to 127.0.0.1\n");
    call.run();
    assert_eq!(without_stamp(&shown.stdout), without_stamp(&receiver.requests()[0]));
}

#[test]
fn a_dry_run_shows_the_request_when_opted_out_too() {
    let home = Home::new();
    std::fs::write(home.opt_out_file(), "").unwrap();
    let mut call = home.start();
    call.arguments.insert(0, "--dry-run".into());
    let output = call.run();
    let line = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(line.starts_with("opted out by /") && line.ends_with(": nothing would be sent\n"), "{line}");
    assert_eq!(parts(&output.stdout).1["event"], "START -");
    assert_eq!(home.files("waiting").len() + home.files("sent").len(), 0);
}

/// netdata#7404: variables alone are enough.
#[test]
fn opted_out_is_silent() {
    let receiver = Receiver::start(Reply::Status(200, ""));
    let opted_out = |home: &Home, call: testkit::Call, form: &str| {
        let before = home.tree();
        assert_eq!(said(&call.run()), (String::new(), String::new(), 0), "{form}");
        assert_eq!(home.tree(), before, "{form}");
    };
    for happened in [["START", "-", "-"], ["EXIT", "OK", "-"], FATAL] {
        for count in [3, 42] {
            let home = Home::sending_to(&receiver);
            let call = home.call(&full(happened)[..count]);
            for name in ["DISABLE_TELEMETRY", "DO_NOT_TRACK"] {
                for value in ["1", "0", "false", " "] {
                    opted_out(&home, call.clone().with(name, value), name);
                }
            }
            let file = home.opt_out_file();
            std::fs::write(&file, "").unwrap();
            opted_out(&home, call.clone(), "an empty file");
            std::fs::write(&file, "anything").unwrap();
            testkit::set_mode(&file, 0);
            opted_out(&home, call.clone(), "an unreadable file");
            std::fs::remove_file(&file).unwrap();
            std::os::unix::fs::symlink("/nonexistent", &file).unwrap();
            opted_out(&home, call.clone(), "a dangling link");
            std::fs::remove_file(&file).unwrap();
            std::fs::create_dir(&file).unwrap();
            opted_out(&home, call.clone(), "a folder");
        }
    }
    assert_eq!(receiver.connections(), 0);
}

#[test]
fn opting_out_deletes_what_waits() {
    must_be_able_to_send!();
    let receiver = Receiver::start(Reply::Status(503, ""));
    let home = Home::sending_to(&receiver);
    home.start().run();
    assert_eq!(home.events("waiting").len(), 1);
    std::fs::write(home.opt_out_file(), "").unwrap();
    assert_eq!(said(&home.start().run()), (String::new(), String::new(), 0));
    assert_eq!(home.files("waiting"), [""; 0]);
    assert_eq!(receiver.connections(), 1);
}

#[test]
fn in_every_position_after_the_action_everything_is_data() {
    must_be_able_to_send!();
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = Home::sending_to(&receiver);
    let mut sent = 0;
    for word in ["-1", "--help", "--dry-run", "--"] {
        for position in 0..44 {
            let mut arguments = full(["START", "-", "-"]);
            arguments.extend(["null", "null"]);
            arguments[position] = word;
            let (out, err, code) = said(&home.call(&arguments).run());
            match (position, word) {
                (0, "--help") => assert!(out.contains("Usage:") && code == 0),
                // An option before a complete call: the result `-` is in the action's position.
                (0, _) => {
                    assert!(out.is_empty() && err.lines().count() == 1 && code == 2, "{word}: {out} {err} {code}");
                }
                _ => {
                    assert_eq!((out.as_str(), err.as_str(), code), ("200", "", 0), "{word} at {position}");
                    sent += 1;
                }
            }
        }
    }
    let requests = receiver.requests();
    assert_eq!(requests.len(), sent);
    for request in &requests {
        parts(request);
    }
}

#[test]
fn what_does_not_fit_is_left_out_and_named() {
    must_be_able_to_send!();
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = Home::sending_to(&receiver);
    let mut arguments = full(["START", "-", "-"]);
    arguments[3] = "true, \"injected\": 1";
    arguments[4] = "\"/home/joe\"";
    arguments[12] = "-3";
    arguments[13] = "\"built by joe@example.org\"";
    let huge = format!("\"{}\"", "x".repeat(20_000));
    arguments[18] = &huge;
    home.call(&arguments).run();
    let (_, body) = receiver.single();
    let dropped: BTreeSet<&str> =
        body["properties"]["dropped_fields"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let expected = [
        "config_stream_enabled",
        "config_memory_mode",
        "host_collectors_count",
        "netdata_buildinfo",
        "netdata_release_channel",
    ];
    assert_eq!(dropped, BTreeSet::from(expected));
    for name in expected {
        assert!(body["properties"].get(name).is_none(), "{name}");
    }
    assert!(!body.to_string().contains("injected") && !body.to_string().contains("joe"));
}

#[test]
fn a_failure_is_taken_apart_and_a_peers_name_is_lost() {
    must_be_able_to_send!();
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = Home::sending_to(&receiver);
    home.call(&full(FATAL)).run();
    let (_, body) = receiver.single();
    let properties = &body["properties"];
    assert_eq!(body["event"], "FATAL netdata:RECEIVER");
    assert_eq!(properties["action_data"], "0266@daemon/:signals_handle/4");
    assert_eq!((&properties["fatal_line"], &properties["netdata_thread"]), (&266.into(), &"RECEIVER".into()));
    assert!(!body.to_string().contains("db7"));
}

#[test]
fn old_and_new_daemons_are_understood() {
    must_be_able_to_send!();
    let sent = |arguments: &[&str]| {
        let receiver = Receiver::start(Reply::Status(200, ""));
        let home = Home::sending_to(&receiver);
        assert_eq!(said(&home.call(arguments).run()).0, "200");
        receiver.single().1["properties"].clone()
    };
    let full = full(["START", "-", "-"]);
    let three = sent(&full[..3]);
    assert!(three.get("config_memory_mode").is_none() && three.get("host_os_id").is_some());
    let mut later = full.clone();
    later.push("\"none\"");
    assert_eq!(sent(&later)["netdata_fail_reason"], "none");
    later[42] = "true";
    later.push("false");
    let last = sent(&later);
    assert_eq!((&last["health_enabled"], &last["health_conf_alarms_disabled"]), (&true.into(), &false.into()));
    later.extend(["\"more\"", "1"]);
    assert_eq!(sent(&later), last);
}

/// netdata#14861: without an identifier the script sent zeros.
#[test]
fn without_an_identifier_nothing_is_sent() {
    must_be_able_to_send!();
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = Home::sending_to(&receiver);
    let name = "NETDATA_REGISTRY_UNIQUE_ID";
    for call in [
        home.start().without(name),
        home.start().with(name, ""),
        home.start().with(name, "00000000-0000-0000-0000-000000000000"),
        home.start().with(name, "web1.example.org"),
        home.call(&["A B", "-", "-"]),
        home.call(&["Ä", "-", "-"]),
    ] {
        let (out, err, code) = said(&call.run());
        assert!(out.is_empty() && err.lines().count() == 1 && code == 2, "{out} {err} {code}");
        assert!(!err.contains("web1"), "{err}");
    }
    assert_eq!(receiver.connections(), 0);
}

#[test]
fn an_unusable_configuration_sends_nothing() {
    must_be_able_to_send!();
    let receiver = Receiver::start(Reply::Status(200, ""));
    let url = receiver.url();
    for text in [
        format!("url = \"{url}\"\nunknown = 1\n"),
        format!("url = \"{url}"),
        "url = \"http://192.0.2.1/\"\n".to_owned(),
        format!("url = \"{url}\"\ndeadline_ms = 60000\n"),
    ] {
        let home = Home::new();
        home.configure(&text);
        let (out, err, code) = said(&home.start().run());
        assert!(out.is_empty() && err.lines().count() == 1 && code == 2, "{text}: {out} {err} {code}");
    }
    let home = Home::sending_to(&receiver);
    testkit::set_mode(&home.config().join("anonymous-statistics.toml"), 0o666);
    assert_eq!(said(&home.start().run()).2, 2);
    assert_eq!(receiver.connections(), 0);
}

#[test]
fn an_answer_decides_whether_the_event_waits() {
    must_be_able_to_send!();
    for (status, waits) in [
        (200, false),
        (204, false),
        (302, false),
        (307, false),
        (400, false),
        (404, false),
        (408, true),
        (429, true),
        (500, true),
        (503, true),
    ] {
        let receiver = Receiver::start(Reply::Status(status, "location: http://127.0.0.1:9/\r\n"));
        let home = Home::sending_to(&receiver);
        assert_eq!(said(&home.start().run()), (status.to_string(), String::new(), 0));
        assert_eq!(receiver.requests().len(), 1, "{status} was followed");
        assert_eq!(
            (home.events("waiting").len(), home.events("sent").len()),
            (usize::from(waits), usize::from(!waits)),
            "{status}"
        );
    }
}

#[test]
fn without_an_answer_curls_exit_codes() {
    must_be_able_to_send!();
    let home = Home::new();
    // A port without a listener: it was just released.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    home.configure(&format!("url = \"http://127.0.0.1:{port}/\"\n"));
    assert_eq!(said(&home.start().run()), ("000".into(), String::new(), 7));
    assert_eq!(home.events("waiting").len(), 1);

    let receiver = Receiver::start(Reply::Close);
    let home = Home::sending_to(&receiver);
    assert_eq!(said(&home.start().run()), ("000".into(), String::new(), 52));

    // A server without TLS.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    home.configure(&format!("url = \"https://{}/\"\n", listener.local_addr().unwrap()));
    std::thread::spawn(move || listener.accept().unwrap().0.write_all(b"HTTP/1.1 400 no TLS here\r\n\r\n").unwrap());
    assert_eq!(said(&home.start().run()), ("000".into(), String::new(), 35));
}

/// netdata#11010, #11188: there was no limit, and then none for everything.
#[test]
fn a_silent_server_holds_nobody_up() {
    must_be_able_to_send!();
    let receiver = Receiver::start(Reply::Silence);
    let home = Home::sending_to(&receiver);
    home.configure(&format!("url = \"{}\"\ndeadline_ms = 1000\n", receiver.url()));
    let start = Instant::now();
    assert_eq!(said(&home.start().run()), ("000".into(), String::new(), 28));
    // Far below the receiver's 30 seconds, and far above a busy machine's delay.
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(home.events("waiting").len(), 1);
}

/// netdata#11091: the log contained all that was sent.
#[test]
fn a_lost_event_is_said_in_one_line_and_without_its_values() {
    must_be_able_to_send!();
    let receiver = Receiver::start(Reply::Close);
    let home = Home::sending_to(&receiver);
    let call = home.start().with("NETDATA_LIB_DIR", "/nonexistent");
    let (out, err, code) = said(&call.run());
    assert_eq!((out.as_str(), code), ("000", 52));
    assert!(err.lines().count() == 1 && err.contains("lost") && !err.contains(testkit::GUID), "{err}");
}

#[test]
fn sending_works_without_a_place_to_keep_events() {
    must_be_able_to_send!();
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = Home::sending_to(&receiver);
    std::os::unix::fs::symlink("/tmp", home.lib().join("anonymous-statistics")).unwrap();
    assert_eq!(said(&home.start().run()), ("200".into(), String::new(), 0));
    assert_eq!(said(&home.start().with("NETDATA_LIB_DIR", "/nonexistent").run()), ("200".into(), String::new(), 0));
}

#[test]
fn documented_fields_only() {
    must_be_able_to_send!();
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = Home::new();
    home.configure(&format!("url = \"{}\"\nfields = \"documented\"\nhistory = 0\n", receiver.url()));
    home.start().run();
    let (_, body) = receiver.single();
    let properties = body["properties"].as_object().unwrap();
    for (name, present) in [
        ("host_os_id", true),
        ("netdata_version", true),
        ("action", true),
        ("distinct_id", true),
        ("netdata_machine_guid", false),
        ("system_total_ram", false),
        ("config_memory_mode", false),
    ] {
        assert_eq!(properties.contains_key(name), present, "{name}");
    }
    assert_eq!(home.events("sent").len(), 0);
}

#[test]
fn closed_streams_change_nothing() {
    must_be_able_to_send!();
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = Home::sending_to(&receiver);
    let call = home.start();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "exec \"$0\" \"$@\" <&- >&- 2>&-", testkit::sender()]).args(&call.arguments);
    let status = shell.env_clear().envs(&call.environment).status().unwrap();
    assert_eq!((status.code(), receiver.requests().len()), (Some(0), 1));
}

#[test]
fn no_proxy_is_asked_for_this_machine() {
    must_be_able_to_send!();
    let proxy = Receiver::start(Reply::Status(200, ""));
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = Home::sending_to(&receiver);
    let call = home.start().with("http_proxy", &proxy.url()).with("all_proxy", &proxy.url());
    assert_eq!(said(&call.run()).0, "200");
    assert_eq!((proxy.connections(), receiver.connections()), (0, 1));
}

#[test]
fn a_build_for_development_reaches_no_other_machine() {
    must_be_able_to_send!();
    if !cfg!(debug_assertions) {
        testkit::skip(this_test!(), "this is a release build");
        return;
    }
    let home = Home::new();
    home.configure("url = \"https://192.0.2.1/\"\napi_key = \"k\"\n");
    assert_eq!(said(&home.start().run()), ("000".into(), String::new(), 7));
    // A remote proxy is no way out either.
    let call = home.start().with("https_proxy", "http://192.0.2.1:3128");
    assert_eq!(said(&call.run()), ("000".into(), String::new(), 7));
}

/// The requests' random numbers, which distinguish a repeat from a second event.
fn uuids(requests: &[Vec<u8>]) -> Vec<String> {
    requests.iter().map(|request| parts(request).1["uuid"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_waits_is_sent_unchanged_at_the_next_start_failures_first_and_over_one_connection() {
    must_be_able_to_send!();
    let unavailable = Receiver::start(Reply::Status(503, ""));
    let home = Home::sending_to(&unavailable);
    for happened in [["START", "-", "-"], ["EXIT", "OK", "-"], FATAL] {
        assert_eq!(said(&home.call(&full(happened)).run()).0, "503");
    }
    let frozen = unavailable.requests();
    assert_eq!((frozen.len(), home.events("waiting").len()), (3, 3));

    // For the events, the server is back at the same address.
    let receiver = Receiver::start(Reply::Then(200, 200));
    home.redirect_waiting(&unavailable, &receiver);
    assert_eq!(said(&home.call(&full(["EXIT", "OK", "-"])).run()).0, "200");
    assert_eq!(home.events("waiting").len(), 3, "only START and META send what waits");
    assert_eq!(said(&home.start().run()), ("200".into(), String::new(), 0));
    let sent = receiver.requests();
    assert_eq!(uuids(&sent[2..]), [2, 0, 1].map(|i| uuids(&frozen)[i].clone()), "FATAL first, then the oldest");
    for (now, then) in sent[2..].iter().zip([2, 0, 1]) {
        assert_eq!(parts(now).1, parts(&frozen[then]).1);
    }
    assert_eq!(receiver.connections(), 2, "one for each call");
    assert_eq!((home.events("waiting").len(), home.events("sent").len()), (0, 5));
}

/// Servers close idle connections, which is no event's fault.
#[test]
fn a_connection_that_was_closed_between_two_events_is_opened_again() {
    must_be_able_to_send!();
    let unavailable = Receiver::start(Reply::Status(503, ""));
    let home = Home::sending_to(&unavailable);
    (0..2).for_each(|_| drop(home.call(&full(["EXIT", "OK", "-"])).run()));
    let receiver = Receiver::start(Reply::OnceEach);
    home.redirect_waiting(&unavailable, &receiver);
    assert_eq!(said(&home.start().run()), ("200".into(), String::new(), 0));
    assert_eq!((receiver.connections(), home.events("waiting").len(), home.events("sent").len()), (3, 0, 3));
}

#[test]
fn the_first_failure_ends_the_tries_of_a_call() {
    must_be_able_to_send!();
    let unavailable = Receiver::start(Reply::Status(503, ""));
    let home = Home::sending_to(&unavailable);
    (0..3).for_each(|_| drop(home.call(&full(["EXIT", "OK", "-"])).run()));
    let receiver = Receiver::start(Reply::Then(200, 500));
    home.redirect_waiting(&unavailable, &receiver);
    assert_eq!(said(&home.start().run()).0, "200");
    assert_eq!((receiver.requests().len(), home.events("waiting").len()), (2, 3));
}

#[test]
fn a_server_that_asks_for_time_gets_it() {
    must_be_able_to_send!();
    let busy = Receiver::start(Reply::Status(429, "retry-after: 3600\r\n"));
    let home = Home::sending_to(&busy);
    home.call(&full(FATAL)).run();
    let receiver = Receiver::start(Reply::Then(200, 200));
    home.redirect_waiting(&busy, &receiver);
    home.start().run();
    assert_eq!((receiver.requests().len(), home.events("waiting").len()), (1, 1));
}

#[test]
fn what_was_frozen_for_another_destination_is_not_sent() {
    must_be_able_to_send!();
    let unavailable = Receiver::start(Reply::Status(503, ""));
    let home = Home::sending_to(&unavailable);
    home.call(&full(FATAL)).run();
    let receiver = Receiver::start(Reply::Then(200, 200));
    home.configure(&format!("url = \"{}\"\n", receiver.url()));
    home.start().run();
    assert_eq!((receiver.requests().len(), unavailable.requests().len(), home.events("waiting").len()), (1, 1, 0));
}

/// Where a call would send, and its body's key. Nothing is sent.
fn destination(home: &Home, version: Option<&str>) -> Result<(String, Option<String>), String> {
    let mut call = home.start();
    call = version.map_or(call.clone().without("NETDATA_VERSION"), |version| call.with("NETDATA_VERSION", version));
    let sent = call.clone();
    call.arguments.insert(0, "--dry-run".into());
    let output = call.run();
    let err = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
    if !output.status.success() {
        assert_eq!((output.stdout.len(), output.status.code(), err.lines().count()), (0, Some(2), 1), "{err}");
        assert_eq!(said(&sent.run()), (String::new(), format!("{err}\n"), 2));
        return Err(err);
    }
    let host = err.strip_prefix("would be sent to ").unwrap().to_owned();
    let (head, body) = parts(&output.stdout);
    assert!(head.contains(&format!("\r\nhost: {host}")), "{head}");
    Ok((host, body.get("api_key").map(|key| key.as_str().unwrap().to_owned())))
}

#[test]
fn an_event_goes_where_the_daemons_own_script_would_send_it_or_nowhere() {
    must_be_able_to_send!();
    let home = Home::new();
    let key = Some(anonymous_statistics::fields::PUBLIC_KEY.to_owned());
    for (version, host, key) in [
        ("v1.30.0", "posthog.netdata.cloud", key.clone()),
        ("v1.38.1", "posthog.netdata.cloud", key.clone()),
        ("v1.39.0", "app.posthog.com", key.clone()),
        ("v1.40.0", "us-east1-netdata-analytics-bi.cloudfunctions.net", None),
        ("v2.5.4", "us-east1-netdata-analytics-bi.cloudfunctions.net", None),
    ] {
        assert_eq!(destination(&home, Some(version)), Ok((host.to_owned(), key)), "{version}");
    }
    for version in
        [Some("v1.29.3"), Some("v2.6.0"), Some("v2.5.4-10-nightly"), Some("web1.example.org"), Some(""), None]
    {
        let line = destination(&home, version).unwrap_err();
        assert!(line.contains("nothing is sent") && !line.contains("web1"), "{line}");
    }
    assert_eq!((home.files("waiting").len(), home.files("sent").len()), (0, 0));
}

#[test]
fn a_configured_server_is_the_organisations_own_or_that_of_the_daemons_own_script() {
    must_be_able_to_send!();
    let home = Home::new();
    let to = |text: &str, version: &str| {
        home.configure(text);
        destination(&home, Some(version))
    };
    let own = "url = \"https://posthog.example.org/capture/\"\napi_key = \"k\"\n";
    for version in ["v1.21.0", "v1.37.1", "v2.9.0", "unknown"] {
        assert_eq!(to(own, version), Ok(("posthog.example.org".to_owned(), Some("k".to_owned()))), "{version}");
        let key = Some(anonymous_statistics::fields::PUBLIC_KEY.to_owned());
        assert_eq!(to("url = \"http://127.0.0.1:9/\"\n", version), Ok(("127.0.0.1".to_owned(), key)), "{version}");
    }
    let netdatas = "url = \"https://posthog.netdata.cloud/capture/\"\n";
    assert!(to(netdatas, "v1.37.1").is_ok());
    for (text, version) in [
        (netdatas, "v1.39.0"),
        (netdatas, "v2.9.0"),
        ("url = \"https://posthog.netdata.cloud/capture/\"\napi_key = \"k\"\n", "v1.37.1"),
        ("url = \"https://posthog.example.org/capture/\"\n", "v1.37.1"),
        ("api_key = \"k\"\n", "v1.37.1"),
    ] {
        assert!(to(text, version).is_err(), "{text} {version}");
    }
}
