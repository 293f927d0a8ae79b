//! The preview claims no more than it knows.

use std::fs;

use crate::common::{Agent, GUID, OPT_OUT, json};

/// An agent with a kept START that has all of its daemon's values.
fn with_last_start() -> Agent {
    let agent = Agent::new();
    let call = agent.recorded_call("START", "-", "-");
    let sent = agent.run(&["show", "--raw", "--call", call.to_str().unwrap()]);
    agent.keep(1_767_248_700_000, &sent.out);
    fs::create_dir(agent.path("lib/registry")).unwrap();
    fs::write(agent.path("lib/registry/netdata.public.unique.id"), GUID).unwrap();
    agent
}

#[test]
fn what_the_last_event_had_is_not_exact() {
    let agent = with_last_start();
    let shown = json(&agent.run(&["show", "--json"]));
    assert_eq!(shown["exact"], false);
    let field = |name: &str| shown["fields"].as_array().unwrap().iter().find(|field| field["name"] == name).unwrap();
    let version = field("netdata_version");
    assert_eq!((&version["known"], &version["of"]), (&"last-event".into(), &"2026-01-01T06:25:00.000Z".into()));
    assert_eq!(field("distinct_id")["known"], "now", "the identifier is on the disk");
    assert_eq!(field("system_kernel_name")["known"], "now");
    let strict = agent.run(&["show", "--strict"]);
    assert_eq!(strict.code, Some(3));
    assert!(strict.err.contains("Not exact: values of the last event of this kind ("), "{}", strict.err);
    assert!(strict.out.contains(" as last said") && strict.out.contains("Not exact"), "{}", strict.out);
    // With a recorded call everything is known now.
    let call = agent.recorded_call("START", "-", "-");
    let exact = agent.run(&["show", "--json", "--strict", "--call", call.to_str().unwrap()]);
    assert_eq!((exact.code, &json(&exact)["exact"]), (Some(0), &true.into()));
}

#[test]
fn an_event_is_not_compared_with_what_was_copied_from_it() {
    let agent = with_last_start();
    let compared = json(&agent.run(&["diff", "--since-last", "--json"]));
    let fields = compared["fields"].as_array().unwrap();
    let verdict = |name: &str| &fields.iter().find(|field| field["name"] == name).unwrap()["verdict"];
    for name in ["netdata_version", "event", "config_memory_mode", "host_charts_count"] {
        assert_eq!(verdict(name), "cannot tell", "{name}");
    }
    for name in ["system_kernel_name", "distinct_id", "action"] {
        assert_eq!(verdict(name), "same", "{name}");
    }
    let copied = fields.iter().find(|field| field["name"] == "netdata_version").unwrap();
    assert_eq!(copied["right"]["note"], "in the event of 2026-01-01T06:25:00.000Z");
    assert!(!copied["right"]["value"].is_null(), "the value is shown all the same");
}

#[test]
fn an_event_that_nobody_knows_is_a_mistake_of_the_command_line() {
    let agent = Agent::new();
    for arguments in [&["show", "--event", "STRAT"][..], &["diff", "--events", "START", "STRAT"], &["--event", "STRAT"]]
    {
        let ran = agent.run(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}");
        assert!(ran.err.contains("there is no event STRAT") && ran.err.contains("START, EXIT, FATAL"), "{}", ran.err);
        assert!(ran.out.is_empty());
    }
    let call = agent.recorded_call("LATER_ACTION", "-", "-");
    let shown = agent.run(&["show", "--json", "--call", call.to_str().unwrap()]);
    assert_eq!((shown.code, &json(&shown)["event"]), (Some(0), &"LATER_ACTION".into()));
}

#[test]
fn examples_are_of_the_event_and_marked() {
    let agent = Agent::new();
    let open = agent.run(&["show", "--event", "FATAL"]);
    assert!(open.out.contains("fatal_function = set by the daemon\n"), "{}", open.out);
    let filled = agent.run(&["show", "--event", "FATAL", "--example"]);
    assert_eq!(filled.code, Some(0), "{}", filled.err);
    for part in [
        "fatal_function = \"signals_handle\"  (example)\n",
        "event = \"FATAL netdata:netdata\"  (example)\n",
        "netdata_version = \"v1.37.1\"  (example)\n",
    ] {
        assert!(filled.out.contains(part), "{part}: {}", filled.out);
    }
    assert!(filled.out.contains("system_kernel_name = \"Linux\"\n") || !cfg!(target_os = "linux"));
    assert!(!filled.out.contains("set by the daemon\n") && !filled.out.contains("SHA-256"), "{}", filled.out);
    assert_eq!(agent.run(&["show", "--event", "FATAL", "--example", "--strict"]).code, Some(3));
    assert_eq!(agent.run(&["show", "--example", "--raw"]).code, Some(2));
    let shown = json(&agent.run(&["show", "--event", "EXIT", "--example", "--json"]));
    assert_eq!((&shown["exact"], &shown["body"]), (&false.into(), &serde_json::Value::Null));
    let result = shown["fields"].as_array().unwrap().iter().find(|field| field["name"] == "action_result").unwrap();
    assert_eq!((&result["known"], &result["value"]), (&"example".into(), &"OK".into()));
}

#[test]
fn a_field_is_explained_in_an_event_that_has_it() {
    let agent = Agent::new();
    let explained = agent.run(&["explain", "fatal_function"]);
    assert!(explained.out.contains("set by the daemon (in FATAL)"), "{}", explained.out);
    assert!(agent.run(&["explain", "action"]).out.contains("\"START\" (in START)"));
}

#[test]
fn the_folder_of_the_plugins_can_be_named() {
    let agent = Agent::new();
    let other = agent.path("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("anonymous-statistics.sh"), "#!/bin/sh\n").unwrap();
    let ran = agent.run(&["status", "--plugins-dir", other.to_str().unwrap()]);
    assert!(ran.out.contains("another program"), "{}", ran.out);
    assert_eq!(agent.run(&["status", "--plugins-dir", "other"]).code, Some(2));
}

/// Since v2.3 the daemon posts a report by itself, regardless of its script.
#[test]
fn off_is_not_said_of_a_daemon_that_may_report_by_itself() {
    let agent = Agent::new();
    let file = agent.path("etc").join(OPT_OUT);
    fs::write(&file, "").unwrap();
    let off = agent.run(&["check", "--expect", "off"]);
    assert_eq!(off.code, Some(0), "{}", off.out);
    assert!(agent.run(&["status"]).out.starts_with("[x] OPTED OUT: "));
    let unknown = || fs::remove_file(agent.path("lib/status-netdata.json")).unwrap();
    let versions: [(&str, &dyn Fn()); 4] = [
        (" (v2.3.0)", &|| agent.set_version("v2.3.0")),
        (" (v2.5.4)", &|| agent.set_version("v2.5.4")),
        (" (v2.9.0-12-nightly)", &|| agent.set_version("v2.9.0-12-nightly")),
        (", unless it is older than v2.3", &unknown),
    ];
    for (version, set) in versions {
        set();
        let says = format!("CANNOT TELL: this daemon also reports by itself{version}");
        let check = agent.run(&["check", "--expect", "off"]);
        assert_eq!(check.code, Some(3), "{version}: {}", check.out);
        assert!(check.out.contains(&says), "{}", check.out);
        let conf = agent.path("etc/netdata.conf");
        for text in [&check.err, &agent.run(&["status"]).out, &agent.run(&["show"]).out] {
            assert!(text.contains(&format!("  the file {}\n", file.display())), "{text}");
            let line = format!("  crash reports = off   under [global] in {}\n", conf.display());
            assert!(text.contains(&line), "{text}");
        }
        let status = json(&agent.run(&["status", "--json"]));
        assert_eq!(status["anonymous_statistics"], serde_json::Value::Null);
        assert_eq!(status["state"], "cannot-tell");
        assert!(agent.run(&["status"]).out.starts_with(&format!("[?] {says}\n")));
        assert!(agent.run(&["opt-out"]).out.contains(&says));
        assert_eq!(json(&agent.run(&["check", "--expect", "off", "--json"]))["result"], "cannot-tell");
    }
    // A daemon of v2.6 or later calls no script. Without objections, nothing may suggest that it sends nothing.
    fs::remove_file(&file).unwrap();
    agent.set_version("v2.6.0");
    let status = agent.run(&["status"]);
    assert!(status.out.starts_with("[?] CANNOT TELL: this daemon also reports by itself (v2.6.0)"), "{}", status.out);
}
