//! The preview claims no more than it knows.

use std::fs;

use crate::common::{Agent, GUID, OPT_OUT, Ran, json};

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

/// Since v2.3 the daemon reports by itself, regardless of its script and of `DO_NOT_TRACK`.
#[test]
fn off_is_said_only_where_every_channel_is_off() {
    let agent = Agent::new();
    let file = agent.path("etc").join(OPT_OUT);
    let check = || agent.run(&["check", "--expect", "off"]);
    let headline = || agent.run(&["status"]).out.lines().next().unwrap_or_default().to_owned();
    let reports = || {
        let status = json(&agent.run(&["status", "--json"]));
        let channels = status["channels"].as_array().unwrap().clone();
        let channel = channels.into_iter().find(|channel| channel["name"] == "crash-reports").unwrap();
        (status["state"].as_str().unwrap().to_owned(), channel["state"].as_str().unwrap().to_owned())
    };
    fs::write(agent.path("plugins/anonymous-statistics.sh"), "#!/bin/sh\n").unwrap();
    // Without the file every one of them sends.
    for version in ["v2.2.6", "v2.5.4", "v2.9.0-12-nightly"] {
        agent.set_version(version);
        assert_eq!(check().code, Some(1), "{version}: {}", check().out);
        assert!(headline().starts_with("[+] SENDS: "), "{version}: {}", headline());
    }
    // The file is enough for an agent that the Cloud does not know.
    fs::write(&file, "").unwrap();
    for (version, reported) in [("v2.2.6", "not-there"), ("v2.5.4", "off"), ("v2.9.0", "off")] {
        agent.set_version(version);
        assert_eq!(check().code, Some(0), "{version}: {}", check().out);
        assert_eq!(
            (headline().as_str(), reports()),
            ("[x] OFF: every telemetry channel is off", ("off".into(), reported.into()))
        );
        assert_eq!(json(&agent.run(&["status", "--json"]))["anonymous_statistics"], false);
    }
    // An agent that was ever claimed reports all the same, until its own setting says no.
    fs::create_dir(agent.path("lib/cloud.d")).unwrap();
    fs::write(agent.path("lib/cloud.d/claimed_id"), "5c1d2a34-0b7e-4f6a-9d21-7a3e9b8c4d10").unwrap();
    assert_eq!((check().code, reports()), (Some(1), ("sends".into(), "on-later".into())));
    for (value, code) in [("off", 0), ("OFF", 0), ("crashes # note", 0), ("all", 1), ("crashes", 1)] {
        fs::write(agent.path("etc/netdata.conf"), format!("[global]\n  crash reports = {value}\n")).unwrap();
        assert_eq!(check().code, Some(code), "{value}: {}", check().out);
    }
    let of = |channel: &str| agent.run(&["check", "--expect", "off", "--channel", channel]).code;
    assert_eq!((of("crash-reports"), of("events"), of("sentry")), (Some(1), Some(0), Some(0)));
    // Variables: a daemon of v2.3 or later reads one of them, and its own reports never read the other.
    fs::remove_file(&file).unwrap();
    fs::remove_file(agent.path("etc/netdata.conf")).unwrap();
    fs::remove_dir_all(agent.path("lib/cloud.d")).unwrap();
    for (variable, code) in [("DISABLE_TELEMETRY", 0), ("DO_NOT_TRACK", 1)] {
        let output = agent.command(&["check", "--expect", "off"]).env(variable, "0").output().unwrap();
        let ran = Ran::from(&output);
        assert_eq!(ran.code, Some(code), "{variable}: {}", ran.out);
    }
    // Rules that are not known are not guessed.
    fs::write(&file, "").unwrap();
    agent.set_version("v99.0.0");
    assert_eq!(check().code, Some(3), "{}", check().out);
    fs::remove_file(agent.path("lib/status-netdata.json")).unwrap();
    assert_eq!(check().code, Some(3), "an unknown version may be a newer one: {}", check().out);
    fs::remove_file(&file).unwrap();
    assert_eq!(check().code, Some(1), "whatever the version, the dashboard is on: {}", check().out);
    fs::remove_file(agent.path("plugins/anonymous-statistics.sh")).unwrap();
    assert_eq!(check().code, Some(3), "without a script an agent of v2.2 is silent: {}", check().out);
    // Without its library directory nobody knows whether the agent was claimed.
    fs::write(&file, "").unwrap();
    let mut command = agent.command(&["check", "--expect", "off", "--daemon-version", "v2.9.0"]);
    let ran = Ran::from(&command.env_remove("NETDATA_LIB_DIR").output().unwrap());
    assert_eq!(ran.code, Some(3), "{ran:?}");
}
