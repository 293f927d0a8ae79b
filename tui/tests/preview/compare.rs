//! Compared events, and the trace and digest of the displayed values.

use std::fs;
use std::process::{Command, Stdio};

use testkit::{skip, this_test};

use crate::common::{Agent, json};

#[test]
fn the_digest_is_that_of_the_request() {
    let agent = Agent::new();
    let call = agent.recorded_call("START", "-", "-");
    let ran = agent.run(&["show", "--json", "--call", call.to_str().unwrap()]);
    let shown: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let mut request = String::from("POST /capture/ HTTP/1.1\r\n");
    // A parsed body loses only the order of its fields, so it is cut out of the answer.
    let headers = ["host", "user-agent", "accept", "content-type", "content-length"];
    for name in headers {
        for part in [name, ": ", shown["headers"][name].as_str().unwrap(), "\r\n"] {
            request.push_str(part);
        }
    }
    request.push_str("\r\n");
    let body = ran.out.split_once("\"body\": ").unwrap().1;
    let mut values = serde_json::Deserializer::from_str(body);
    let mut bytes = Vec::new();
    serde_transcode::transcode(&mut values, &mut serde_json::Serializer::new(&mut bytes)).unwrap();
    request.push_str(std::str::from_utf8(&bytes).unwrap());
    let file = agent.path("request");
    fs::write(&file, request).unwrap();
    let Some(output) = ["sha256sum", "sha256"].iter().find_map(|tool| Command::new(tool).arg(&file).output().ok())
    else {
        return skip(this_test!(), "needs sha256sum");
    };
    let digest = String::from_utf8(output.stdout).unwrap();
    assert!(digest.contains(shown["sha256"].as_str().unwrap()), "{digest}");
}

#[test]
fn every_value_tells_its_way() {
    let agent = Agent::new();
    let call = agent.recorded_call("START", "-", "-");
    let ran = agent.run(&["show", "--json", "--call", call.to_str().unwrap()]);
    let shown: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let field = |name: &str| shown["fields"].as_array().unwrap().iter().find(|field| field["name"] == name).unwrap();
    let memory_mode = field("config_memory_mode");
    assert_eq!(memory_mode["raw"], "\"dbengine\"", "as the daemon gives it: a piece of JSON");
    assert_eq!(memory_mode["value"], "dbengine");
    let steps: Vec<_> =
        memory_mode["way"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["raw", "checked", "sent"]);
    assert_eq!(field("system_kernel_name")["way"][0]["step"], "asked");
}

#[test]
fn events_are_compared() {
    let agent = Agent::new();
    let same = agent.run(&["diff", "--events", "START", "START"]);
    assert_eq!(same.code, Some(0), "{}", same.err);
    let differs = agent.run(&["diff", "--events", "START", "FATAL"]);
    assert_eq!(differs.code, Some(1), "{}", differs.err);
    assert!(differs.out.contains("\naction\n  START  \"START\"\n  FATAL  \"FATAL\"\n"), "{}", differs.out);
    assert!(differs.out.contains("Known only when the daemon calls: event, distinct_id,"), "{}", differs.out);
    let json = agent.run(&["diff", "--events", "START", "FATAL", "--json"]);
    assert_eq!(json.code, Some(1));
    let rows: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    let verdict = |name: &str| {
        let fields = rows["fields"].as_array().unwrap();
        fields.iter().find(|field| field["name"] == name).unwrap()["verdict"].as_str().unwrap().to_owned()
    };
    assert_eq!(verdict("action"), "differs");
    assert_eq!(verdict("uuid"), "new in every event");
    assert_eq!(verdict("netdata_version"), "cannot tell");
    assert_eq!(verdict("system_kernel_name"), "same");
    assert_eq!(rows["differs"], 7);
}

#[test]
fn what_is_different_since_the_last_event_is_told() {
    let agent = Agent::new();
    let none = agent.run(&["diff", "--since-last"]);
    assert_eq!(none.code, Some(2));
    assert!(none.err.contains("nothing was sent from here yet"), "{}", none.err);
    // This machine's next event, kept as if it had been sent, with one other value.
    let call = agent.recorded_call("START", "-", "-");
    let request = agent.run(&["show", "--raw", "--call", call.to_str().unwrap()]);
    let (head, body) = request.out.split_once("\r\n\r\n").unwrap();
    let old = body.replace("\"system_kernel_name\":\"", "\"system_kernel_name\":\"not ");
    assert_ne!(old, body);
    agent.keep(1_767_248_700_000, &format!("{head}\r\n\r\n{old}"));
    let differs = agent.run(&["diff", "--since-last"]);
    assert_eq!(differs.code, Some(1), "{}{}", differs.out, differs.err);
    let begins = "START of 2026-01-01T06:25:00.000Z beside START now: 1 field differs,";
    assert!(differs.out.starts_with(begins) && differs.out.contains("\nsystem_kernel_name\n"), "{}", differs.out);
    agent.keep(1_767_248_700_001, &request.out);
    let same = agent.run(&["diff", "--since-last"]);
    assert_eq!(same.code, Some(0), "{}", same.out);
}

#[test]
fn a_reader_of_a_comparison_may_go_away() {
    let agent = Agent::new();
    let mut child = agent.command(&["diff", "--events", "START", "FATAL"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(1), "the answer is the same");
}

#[test]
fn an_answer_that_was_kept_is_compared_with_that_of_now() {
    let agent = Agent::new();
    let call = agent.recorded_call("START", "-", "-");
    let call = call.to_str().unwrap();
    let file = agent.path("before");
    let diff = |more: &[&str]| {
        let line = ["diff", "--before", file.to_str().unwrap(), "--call", call];
        agent.run(&[&line[..], more].concat())
    };
    let show = |form| agent.run(&["show", form, "--call", call]).out;
    let (answer, request) = (show("--json"), show("--raw"));
    let (_head, body) = request.split_once("\r\n\r\n").unwrap();
    let kernel =
        json(&agent.run(&["show", "--json", "--call", call]))["body"]["properties"]["system_kernel_name"].to_string();
    for kept in [answer.as_str(), &request, body] {
        fs::write(&file, kept).unwrap();
        let same = diff(&[]);
        assert_eq!(same.code, Some(0), "{}{}", same.out, same.err);
        fs::write(&file, kept.replace(&kernel, r#""not \u001b[2J""#)).unwrap();
        let differs = diff(&[]);
        assert_eq!(differs.code, Some(1), "{}{}", differs.out, differs.err);
        let part = "\nsystem_kernel_name\n  START before  \"not \\u001b[2J\"\n  START now     ";
        assert!(differs.out.starts_with("START before beside START now: 1 field differs,"), "{}", differs.out);
        assert!(differs.out.contains(part) && !differs.out.contains('\u{1b}'), "{}", differs.out);
        assert_eq!(json(&diff(&["--json"]))["differs"], 1);
    }
    // Without the call it is about the same event, and what only the daemon knows is no difference.
    let line = ["diff", "--before", file.to_str().unwrap()];
    for event in ["EXIT", "FATAL"] {
        fs::write(&file, agent.run(&["show", "--json", "--event", event]).out).unwrap();
        let same = agent.run(&line);
        assert!(same.code == Some(0) && same.out.starts_with(&format!("{event} before ")), "{same:?}");
    }
}

#[test]
fn an_upgrade_changes_the_server_and_who_reports() {
    let agent = Agent::new();
    let file = agent.path("before");
    let show = |version: &str, verb: &[&str]| agent.run(&[verb, &["--daemon-version", version]].concat());
    fs::write(&file, show("v1.37.1", &["show", "--json"]).out).unwrap();
    let diff = ["diff", "--before", file.to_str().unwrap()];
    assert_eq!(show("v1.37.1", &diff).code, Some(0));
    let later = show("v1.39.0", &diff);
    for part in [
        "START before beside START now: no field differs, ",
        "\nBeside the fields: (Netdata), (server) differ.\n",
        "\n(Netdata)\n  START before  \"v1.37.1\"\n  START now     \"v1.39.0\"\n",
        "\n(server)\n  START before  \"https://posthog.netdata.cloud/capture/\"\n  START now     \"https://app.posthog.com/capture/\"\n",
    ] {
        assert!(later.code == Some(1) && later.out.contains(part), "{part}: {}", later.out);
    }
    let none = show("v2.6.0", &diff);
    for part in [
        "START before beside START now: none, as this daemon calls no script for START",
        "\n(channel crash-reports)\n  START before  \"not-there\"\n",
        "\n(server)\n  START before  \"https://posthog.netdata.cloud/capture/\"\n  START now     not sent\n",
    ] {
        assert!(none.code == Some(1) && none.out.contains(part), "{part}: {none:?}");
    }
    assert!(!none.out.contains("\nsystem_kernel_name\n"), "{}", none.out);
    fs::write(agent.config_file(), "url = \"https://own.example.org/\"\napi_key = \"own\"\n").unwrap();
    let with_own_server = show("v2.9.0", &diff);
    assert!(with_own_server.out.starts_with("START before beside START now: none, as this daemon calls no script"));
    fs::remove_file(agent.config_file()).unwrap();
    let answer = json(&show("v2.6.0", &[&diff[..], &["--json"]].concat()));
    assert!(answer["none"].as_str().unwrap().starts_with("this daemon calls no script"), "{answer}");
    assert!(answer["fields"].as_array().unwrap().iter().any(|row| row["name"] == "(server)"), "{answer}");
}

#[test]
fn a_file_that_is_no_answer_is_named_with_what_to_do() {
    let agent = Agent::new();
    let file = agent.path("before \u{1b}[2J");
    for (text, why) in [("{", "line 1 column 1"), ("{}", "neither an event"), ("\u{1b}[2J", "neither JSON")] {
        fs::write(&file, text).unwrap();
        for line in [&["diff", "--before"][..], &["--plain", "--before"]] {
            let ran = agent.run(&[line, &[file.to_str().unwrap()]].concat());
            assert_eq!((ran.code, ran.out.as_str(), ran.err.lines().count()), (Some(2), "", 1), "{ran:?}");
            assert!(ran.err.contains("--before ") && ran.err.contains(why), "{}", ran.err);
            assert!(ran.err.contains("show --json prints") && !ran.err.contains('\u{1b}'), "{}", ran.err);
        }
    }
    assert_eq!(agent.run(&["--before", file.to_str().unwrap(), "status"]).code, Some(2));
}
