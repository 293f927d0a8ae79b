//! Calls that real daemons of four versions made, in `calls/`: what of them is sent.
//!
//! A daemon of 1.47.5 or 2.2.6 that had failed handed over memory that it had freed already. Those calls are kept with
//! their exact bytes, in base64.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is a failed test")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anonymous_statistics::call::{Invocation, Provenance};
use anonymous_statistics::config::Config;
use anonymous_statistics::request::payload::EventId;
use anonymous_statistics::request::{Assembly, Machine};
use serde::Deserialize;
use serde_json::Value as Json;
use system_facts::{CommonEvidence, RecordedHost, collect_from};
use testkit::{Home, Receiver, Reply, opted_out_here, parts, said, sender, this_test};

const VERSIONS: [&str; 4] = ["1.37.1", "1.47.5", "2.2.6", "2.5.4"];
const FREED: [&str; 2] = ["1.47.5", "2.2.6"];

#[derive(Deserialize)]
struct Recording {
    calls: Vec<Call>,
}

#[derive(Deserialize)]
struct Call {
    argv: Vec<String>,
    env: BTreeMap<String, String>,
}

fn read<T: for<'a> Deserialize<'a>>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/daemons/calls").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn calls(version: &str) -> Vec<Call> {
    read::<Recording>(&format!("{version}.json")).calls
}

/// Arguments with their exact bytes, and the environment beside them.
fn of_freed_memory(version: &str) -> Vec<(Vec<OsString>, BTreeMap<String, String>)> {
    let arguments: Vec<Vec<String>> = read(&format!("{version}-freed-memory.base64.json"));
    let environments =
        read::<Recording>(&format!("{version}-freed-memory.json")).calls.into_iter().map(|call| call.env);
    let bytes = |texts: Vec<String>| texts.iter().map(|text| OsString::from_vec(base64(text))).collect();
    arguments.into_iter().map(bytes).zip(environments).collect()
}

/// RFC 4648, 4.
fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for digit in text.trim_end_matches('=').bytes() {
        bits = bits << 6 | u32::try_from(ALPHABET.iter().position(|known| *known == digit).unwrap()).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap());
        }
    }
    bytes
}

/// The body, on a recorded machine.
fn body(arguments: Vec<OsString>, environment: &BTreeMap<String, String>) -> Json {
    let environment = environment.iter().map(|(name, value)| (name.into(), value.into()));
    let call = Invocation::complete(arguments, environment, &Provenance::Daemon);
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/machines/recorded-firecracker");
    let facts = collect_from(&CommonEvidence::new(RecordedHost::open(&recorded).unwrap()));
    let machine = Machine { facts, nodename: "canary-host".to_owned() };
    let config = Config::load(None).unwrap();
    let version = call.known_variable("NETDATA_VERSION").and_then(|version| version.to_str());
    let destination = config.destination(version).unwrap();
    let assembly = Assembly::build(&call, &machine, &config, Some(&destination), EventId::now()).unwrap();
    serde_json::from_slice(assembly.request.body()).unwrap()
}

fn body_of(call: &Call) -> Json {
    body(call.argv.iter().map(OsString::from).collect(), &call.env)
}

#[test]
fn of_a_recorded_call_everything_is_sent_but_the_folder_of_its_build() {
    for version in VERSIONS {
        for call in calls(version) {
            let body = body_of(&call);
            let properties = &body["properties"];
            let (action, result) = (&call.argv[0], &call.argv[1]);
            assert_eq!(body["event"], format!("{action} {result}"), "{version}");
            assert_eq!(body.get("api_key").is_some(), version == "1.37.1", "{version}");
            let of_cmake = action == "FATAL" && version != "1.37.1";
            let dropped = if of_cmake { serde_json::json!(["fatal_file"]) } else { Json::Null };
            assert_eq!(properties["dropped_fields"], dropped, "{version} {action}");
            for name in ["netdata_version", "netdata_buildinfo", "config_memory_mode"] {
                assert!(properties[name].is_string(), "{version} {action} {name}");
            }
            assert!(!body.to_string().contains("canary-host") && !body.to_string().contains("/build"), "{body}");
        }
    }
}

#[test]
fn the_collectors_of_later_daemons_are_all_sent() {
    for (version, modules) in [
        ("1.47.5", &["/proc/stat", "/proc/sys/fs/file-nr"][..]),
        ("2.2.6", &["/proc/stat", "/proc/sys/fs/file-nr", "/run/reboot_required"]),
        ("2.5.4", &["/proc/stat", "/proc/sys/fs/file-nr", "/run/reboot_required"]),
    ] {
        let call = calls(version).into_iter().find(|call| call.argv[0] == "META_START").unwrap();
        let properties = body_of(&call)["properties"].clone();
        let sent = properties["host_collectors"].as_array().unwrap();
        assert_eq!(Json::from(sent.len()), properties["host_collectors_count"], "{version}");
        for module in modules {
            assert!(sent.iter().any(|collector| collector["module"] == *module), "{version} {module}");
        }
    }
}

#[test]
fn of_a_list_only_the_element_that_names_somebody_is_left_out() {
    let mut call = calls("2.5.4").into_iter().find(|call| call.argv[0] == "META_START").unwrap();
    let all = body_of(&call)["properties"]["host_collectors"].clone();
    call.argv[11] += r#",{ "plugin": "go.d", "module": "/home/joe" },{ "plugin": "10.0.0.1", "module": "" }"#;
    let properties = body_of(&call)["properties"].clone();
    assert_eq!(properties["host_collectors"], all);
    assert_eq!(properties["dropped_fields"], serde_json::json!(["host_collectors[]"]));
}

#[test]
fn what_parsed_of_a_failure_is_sent() {
    for (version, line, function) in [("1.47.5", 161, "signals_handle"), ("2.2.6", 152, "nd_process_sign")] {
        let call = calls(version).into_iter().find(|call| call.argv[0] == "FATAL").unwrap();
        let body = body_of(&call);
        let properties = &body["properties"];
        assert_eq!((&body["event"], &properties["action_result"]), (&"FATAL netdata:".into(), &"netdata:".into()));
        assert_eq!(properties["action_data"], format!("0{line}@:{function}/0"));
        assert_eq!((&properties["fatal_line"], &properties["fatal_function"]), (&line.into(), &function.into()));
        assert_eq!((&properties["fatal_errno"], &properties["netdata_process"]), (&0.into(), &"netdata".into()));
        for absent in ["fatal_file", "netdata_thread"] {
            assert!(properties.get(absent).is_none(), "{version} {absent}");
        }
    }
}

/// Through the real program: the bytes are arguments of a process, and no UTF-8.
#[test]
fn memory_that_the_daemon_has_freed_is_not_sent() {
    let can_send = !opted_out_here(this_test!());
    for version in FREED {
        for (arguments, environment) in of_freed_memory(version) {
            assert!(arguments.iter().any(|argument| argument.to_str().is_none()), "exact bytes");
            let built = body(arguments.clone(), &environment);
            let properties = built["properties"].as_object().unwrap();
            assert_eq!((&built["event"], &properties["action_data"]), (&"EXIT ERROR".into(), &"-".into()));
            let dropped = properties["dropped_fields"].as_array().unwrap();
            assert!(dropped.len() > 20, "{built}");
            // A byte that looks like a number is one; nothing else of it passes.
            for name in ["netdata_buildinfo", "config_memory_mode", "host_collectors", "exporting_connectors"] {
                assert!(!properties.contains_key(name) || properties[name] == serde_json::json!([]), "{name}: {built}");
            }
            if can_send {
                let receiver = Receiver::start(Reply::Status(200, ""));
                let home = Home::sending_to(&receiver);
                let mut command = Command::new(sender());
                command.args(&arguments).env_clear().envs(&environment).stdin(Stdio::null());
                command.env("NETDATA_USER_CONFIG_DIR", home.config()).env("NETDATA_LIB_DIR", home.lib());
                assert_eq!(said(&command.output().unwrap()), ("200".into(), String::new(), 0));
                assert_eq!(
                    parts(&receiver.requests()[0]).1["properties"]["dropped_fields"],
                    properties["dropped_fields"]
                );
            }
        }
    }
}
