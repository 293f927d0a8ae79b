//! The report that newer daemons post by themselves.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::Value::Null;
use testkit::{skip, this_test};

use crate::common::{Agent, is_root, json};

const MACHINE_ID: &str = "c0ffee00c0ffee00c0ffee00c0ffee00";

fn status(version: u64, daemon: &str, message: &str) -> String {
    format!(
        r#"{{"@timestamp":"2026-11-27T09:39:13.56Z","version":{version},"agent":{{"id":"7361ecf3-c6c3-48d6-a5a9-4d9f68bd9f07",
        "ephemeral_id":"dce124380d994640961c23f55459a823","version":"{daemon}","restarts":3,"posts":2,"status":"running",
        "exit_reason":[]}},"host":{{"id":"{MACHINE_ID}"}},"fatal":{{"message":"{message}"}}}}"#
    )
}

fn agent() -> Agent {
    let agent = Agent::new();
    fs::write(agent.path("lib/status-netdata.json"), status(28, "v2.9.0", "it \\u001b[2J broke")).unwrap();
    agent
}

const REPORT: [&str; 3] = ["show", "--channel", "crash-reports"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&REPORT[..], more].concat()
}

#[test]
fn what_a_crash_would_report_is_shown_with_examples_before_one_happened() {
    let agent = agent();
    let crash = with(&["--if", "crash"]);
    let none = agent.run(&crash);
    assert!(none.out.contains("This daemon records no stack traces: a crash leaves no more"), "{none:?}");
    let file = status(28, "v2.9.0", "").replace("\"restarts\"", "\"stack_traces\":\"libbacktrace\",\"restarts\"");
    fs::write(agent.path("lib/status-netdata.json"), file).unwrap();
    let shown = agent.run(&crash).out;
    for part in [
        "  exit_cause = \"deadly signal\"\n",
        "  fatal.signal_code = \"SIGSEGV/SEGV_MAPERR\"  (example)\n",
        "  agent.exit_reason = [\"signal-segmentation-fault\"]  (example)\n",
        "  agent.restarts = 3  (rarely shared)\n",
        "  fatal.stack_trace = \"#0 <unknown> [0x",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let answer = json(&agent.run(&with(&["--if", "crash", "--json"])));
    let thread = answer["fields"].as_array().unwrap().iter().find(|field| field["name"] == "fatal.thread").unwrap();
    assert_eq!((&thread["known"], &answer["body"], &answer["sha256"]), (&"example".into(), &Null, &Null));
    assert!(agent.run(&with(&["--if", "killed"])).out.contains("  fatal.signal_code = \"\"\n"));
    for (more, why) in [
        (&["--if", "crash", "--raw"][..], "the stop or crash itself writes these bytes"),
        (&["--example"], "--if crash has examples"),
        (&["--event", "FATAL"], "--event means something to the daemon's events"),
    ] {
        let refused = agent.run(&with(more));
        assert_eq!((refused.code, &*refused.out, refused.err.contains(why)), (Some(2), "", true), "{refused:?}");
    }
    let of_events = agent.run(&["show", "--if", "crash", "--daemon-version", "v1.37.1"]);
    assert!(of_events.code == Some(2) && of_events.err.contains("--channel crash-reports"), "{of_events:?}");
}

#[test]
fn every_case_is_the_same_until_the_agent_has_run() {
    let agent = Agent::new();
    let exited = status(28, "v2.9.0", "").replace("\"running\"", "\"exited\"");
    for (file, why) in [("{}", "The agent has left no status yet: "), (&exited, "The agent has stopped: ")] {
        fs::write(agent.path("lib/status-netdata.json"), file).unwrap();
        for case in ["killed", "stopped", "power-loss", "crash"] {
            let shown = agent.run(&with(&["--daemon-version", "v2.9.0", "--if", case]));
            assert!(shown.code == Some(0) && shown.out.contains(why), "{case}: {shown:?}");
        }
        let hint = agent.run(&with(&["--daemon-version", "v2.9.0", "--if", "power-loss", "--raw"])).err;
        assert!(hint.contains(why), "{hint}");
    }
}

#[test]
fn the_report_of_a_newer_daemon_is_what_show_shows() {
    let agent = agent();
    let shown = agent.run(&["show"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert_eq!(shown.out, agent.run(&REPORT).out, "for a daemon that calls no script");
    for part in [
        "agent-events.netdata.cloud",
        MACHINE_ID,
        "  host.id = ",
        "(identifier)",
        "  fatal.message = ",
        "(free text)",
        "agent_pid_now = null",
        "journalctl ",
    ] {
        assert!(shown.out.contains(part), "{part}:\n{}", shown.out);
    }
    assert!(!shown.out.contains('\u{1b}'), "nothing raw to a terminal");
    // Who asks for an event gets an answer about it.
    for asked in [
        &["show", "--event", "START"][..],
        &["show", "--event", "FATAL", "--json"],
        &["diff", "--events", "FATAL", "EXIT"],
        &["--plain", "--event", "EXIT"],
    ] {
        let event = agent.run(asked);
        assert_eq!((event.code, event.out.as_str(), event.err.lines().count()), (Some(2), "", 1), "{event:?}");
        assert!(event.err.contains("there is no request to "), "{}", event.err);
        assert!(event.err.contains("by itself"), "{asked:?}: {}", event.err);
        assert_eq!(event.err.contains("that it crashed"), asked.contains(&"FATAL"), "{}", event.err);
    }
    // A server of one's own takes events, and this daemon sends it none.
    fs::write(agent.path("etc/anonymous-statistics.toml"), "url = \"https://x.org/\"\napi_key = \"own\"\n").unwrap();
    fs::set_permissions(agent.path("etc/anonymous-statistics.toml"), Permissions::from_mode(0o644)).unwrap();
    let event = agent.run(&["show", "--event", "FATAL"]);
    assert!(event.code == Some(0) && event.out.contains("show --channel crash-reports"), "{event:?}");
}

#[test]
fn the_bytes_the_json_and_the_rows_are_the_same() {
    let agent = agent();
    let raw = agent.run(&with(&["--raw"])).bytes;
    let (head, body) = std::str::from_utf8(&raw).unwrap().split_once("\r\n\r\n").unwrap();
    let shown = json(&agent.run(&with(&["--json"])));
    assert_eq!(shown["body"], body);
    assert!(shown["head"].as_str().unwrap().starts_with(head));
    assert!(head.ends_with(&format!("Content-Length: {}", body.len())), "{head}");
    let parsed: serde_json::Value = serde_json::from_str(body).unwrap();
    for field in shown["fields"].as_array().unwrap() {
        let name = field["name"].as_str().unwrap();
        let value: serde_json::Value = serde_json::from_str(field["value"].as_str().unwrap()).unwrap();
        assert_eq!(parsed.pointer(&format!("/{}", name.replace('.', "/"))), Some(&value), "{name}");
        assert!(!field["what"].as_str().unwrap().is_empty() && !field["why"].as_str().unwrap().is_empty(), "{name}");
    }
    assert_eq!(agent.run(&with(&["--strict"])).code, Some(0), "but for the process id everything is known");
}

#[test]
fn what_only_the_stop_or_the_start_knows_is_marked() {
    let agent = agent();
    let cause = |case: &str| json(&agent.run(&with(&["--if", case, "--json"])))["cause"].clone();
    assert_ne!(cause("killed"), cause("stopped"));
    let stopped = agent.run(&with(&["--if", "stopped"]));
    assert!(stopped.out.contains("known only when it stops"), "{}", stopped.out);
    let raw = agent.run(&with(&["--if", "stopped", "--raw"]));
    assert_eq!((raw.code, raw.out.as_str(), raw.err.lines().count()), (Some(2), "", 1), "{raw:?}");
    // The same machine with another daemon.
    let upgraded = json(&agent.run(&with(&["--daemon-version", "v2.11.0", "--json"])));
    assert!(upgraded["body"].as_str().unwrap().contains("\"agent_version_now\":\"v2.11.0\""), "{upgraded}");
    let differ = agent.run(&["diff", "--versions", "v2.9.0", "v2.11.0"]);
    assert!(differ.code == Some(1) && differ.out.contains("hw.product.id"), "{differ:?}");
}

#[test]
fn what_is_not_understood_is_not_guessed() {
    let agent = agent();
    let file = agent.path("lib/status-netdata.json");
    fs::write(&file, status(99, "v2.9.0", "x")).unwrap();
    let shown = agent.run(&REPORT);
    assert!(shown.out.contains("Unknown version 99") && shown.out.contains(MACHINE_ID), "{}", shown.out);
    assert_eq!(agent.run(&with(&["--raw"])).code, Some(2));
    // A link below a folder that another account may write to leads anywhere.
    fs::rename(&file, agent.path("elsewhere")).unwrap();
    symlink(agent.path("elsewhere"), &file).unwrap();
    let linked = agent.run(&with(&["--daemon-version", "v2.9.0"]));
    assert!(linked.code == Some(2) && !linked.err.contains(MACHINE_ID) && linked.err.contains("link"), "{linked:?}");
    let check = agent.run(&["check", "--expect", "off", "--daemon-version", "v2.9.0"]);
    assert_ne!(check.code, Some(0), "{check:?}");
}

#[test]
fn a_file_of_another_account_is_not_shown_and_never_means_off() {
    if !is_root() {
        return skip(this_test!(), "only root can give a file to another account");
    }
    let agent = agent();
    fs::write(agent.path("etc/.opt-out-from-anonymous-statistics"), "").unwrap();
    let off = |agent: &Agent| agent.run(&["check", "--expect", "off", "--channel", "crash-reports"]).code;
    assert_eq!(off(&agent), Some(0));
    std::os::unix::fs::chown(agent.path("lib/status-netdata.json"), Some(12_345), None).unwrap();
    let shown = agent.run(&with(&["--daemon-version", "v2.9.0"]));
    assert!(shown.code == Some(2) && shown.err.contains("the daemon would believe it"), "{shown:?}");
    assert!(!shown.err.contains(MACHINE_ID), "{shown:?}");
    let unknown = agent.run(&["check", "--expect", "off", "--channel", "crash-reports", "--daemon-version", "v2.9.0"]);
    assert_eq!(unknown.code, Some(3), "{unknown:?}");
}

#[test]
fn every_field_of_the_report_is_explained() {
    let agent = agent();
    let explained = agent.run(&["explain", "host.id"]);
    assert!(explained.out.contains("identifier") && explained.out.contains(MACHINE_ID), "{}", explained.out);
    let schema = json(&agent.run(&["schema", "--format", "json"]));
    let all = agent.run(&["explain", "--all"]).out;
    for field in schema["crash_reports"].as_array().unwrap() {
        let name = field["name"].as_str().unwrap();
        assert!(all.contains(&format!("\n{name}: ")), "{name}");
    }
}

#[test]
fn the_report_before_an_upgrade_is_compared_with_the_one_after() {
    let agent = agent();
    let file = agent.path("before");
    let line = ["diff", "--before", file.to_str().unwrap()];
    for form in ["--json", "--raw"] {
        agent.set_version("v2.9.0");
        fs::write(agent.path("lib/status-netdata.json"), status(28, "v2.9.0", "it broke")).unwrap();
        fs::write(&file, agent.run(&with(&[form])).bytes).unwrap();
        let same = agent.run(&line);
        assert_eq!(same.code, Some(0), "{form}: {same:?}");
        agent.set_version("v2.11.0");
        fs::write(agent.path("lib/status-netdata.json"), status(29, "v2.11.0", "it broke")).unwrap();
        let differs = agent.run(&line);
        assert_eq!(differs.code, Some(1), "{form}: {differs:?}");
        let part = "\nagent.version\n  report before  \"v2.9.0\"\n  report now     \"v2.11.0\"\n";
        assert!(differs.out.contains(part), "{form}: {}", differs.out);
        assert!(differs.out.contains("\nhw.product.id\n  report before  not sent\n"), "{form}: {}", differs.out);
        assert!(!differs.out.contains("when the daemon calls"), "{form}: {}", differs.out);
    }
}

#[test]
fn what_newer_daemons_report_in_addition_is_listed() {
    let agent = Agent::new();
    let newer = agent.run(&["schema", "--since", "v2.5.4"]);
    assert_eq!(newer.code, Some(0), "{newer:?}");
    assert!(newer.out.contains("| `hw.product.id` |") && !newer.out.contains("`agent.version`"), "{}", newer.out);
    let rows = json(&agent.run(&["schema", "--since", "2.5.4", "--json"]));
    assert!(rows.as_array().unwrap().iter().all(|row| row["since"].as_u64() > Some(28)), "{rows}");
    let newest = agent.run(&["schema", "--since", "v2.11.0"]);
    assert!(newest.code == Some(0) && !newest.out.contains('|'), "{newest:?}");
    for version in ["v1.37.1", "v9.0.0", "\u{1b}[2J"] {
        let ran = agent.run(&["schema", "--since", version]);
        assert!(ran.code == Some(2) && ran.err.contains("v2.4 to v2.11") && !ran.err.contains('\u{1b}'), "{ran:?}");
    }
}
