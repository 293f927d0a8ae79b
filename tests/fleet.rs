//! The dashboard for a PostHog of one's own, and the commands of docs/scale.md that bring it there.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is a failed test")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Sender, channel};

use anonymous_statistics::agent::status_file::ending::Ending;
use anonymous_statistics::agent::status_file::{LastStatus, State};
use anonymous_statistics::fields::{Action, Field, Place, field, shape::Shape};
use serde_json::Value;
use testkit::{find, is_complete, parts, skip, this_test};

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)
}

fn dashboard() -> Value {
    serde_json::from_slice(&std::fs::read(docs("posthog/crashes.json")).unwrap()).unwrap()
}

/// What is drawn: the queries, with the name of each.
fn queries(dashboard: &Value) -> Vec<(&str, &Value)> {
    let insights = dashboard["insights"].as_array().unwrap();
    insights.iter().map(|insight| (insight["name"].as_str().unwrap(), &insight["query"]["source"])).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A property of our events, by the name that a query gives.
fn property(query: &str, name: &Value) -> &'static Field {
    let found = field(name.as_str().unwrap()).filter(|field| field.place == Place::Properties);
    found.unwrap_or_else(|| panic!("{query}: no event has the property {name}"))
}

/// The actions of a series' events: all that are named, as it has no other limit by name.
fn actions(series: &Value) -> Vec<&'static Action> {
    let of_action = list(&series["properties"]).iter().filter(|filter| filter["key"] == "action");
    let [only] = of_action.collect::<Vec<_>>()[..] else { panic!("one filter by action in {series}") };
    assert_eq!(only["operator"], "exact");
    list(&only["value"]).iter().map(|name| Action::named(name.as_str().unwrap()).unwrap()).collect()
}

#[test]
fn posthog_knows_the_form() {
    let dashboard = dashboard();
    for insight in list(&dashboard["insights"]) {
        assert!(insight["description"].as_str().unwrap().ends_with('.'), "{insight}");
        // Names in a query of another kind (HogQL) would be seen by no test.
        assert_eq!(
            (&insight["query"]["kind"], &insight["query"]["source"]["kind"]),
            (&"InsightVizNode".into(), &"TrendsQuery".into())
        );
    }
    let mut names: Vec<&str> = queries(&dashboard).iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), queries(&dashboard).len(), "names tell insights apart");
    for (name, query) in queries(&dashboard) {
        let series = list(&query["series"]);
        for one in series {
            // An event's name holds its cause, too: all names count, and the action chooses.
            assert_eq!((&one["kind"], &one["event"]), (&"EventsNode".into(), &Value::Null), "{name}");
        }
        for formula in list(&query["trendsFilter"]["formulaNodes"]) {
            let letters = formula["formula"].as_str().unwrap().chars().filter(char::is_ascii_alphabetic);
            let known: Vec<char> = ('A'..='Z').take(series.len()).collect();
            assert!(letters.into_iter().all(|letter| known.contains(&letter)), "{name}: {formula}");
        }
    }
}

#[test]
fn every_property_is_one_that_is_sent() {
    for (name, query) in queries(&dashboard()) {
        let of_series = list(&query["series"]).iter().flat_map(|series| list(&series["properties"]));
        let filters =
            list(&query["properties"]).iter().chain(of_series).map(|filter| (&filter["type"], &filter["key"]));
        let breakdowns = list(&query["breakdownFilter"]["breakdowns"]);
        for (kind, key) in filters.chain(breakdowns.iter().map(|by| (&by["type"], &by["property"]))) {
            assert_eq!(kind, "event", "{name}");
            let field = property(name, key);
            assert!(field.documented || field.always, "{name}: without {key} where fields = \"documented\"");
        }
        for by in breakdowns {
            let field = property(name, &by["property"]);
            for action in list(&query["series"]).iter().flat_map(actions) {
                assert!(field.occurs_in(action.name), "{name}: {} has no {}", action.name, field.name);
            }
        }
    }
}

#[test]
fn values_are_those_that_are_sent() {
    let mut off = LastStatus::default();
    off.agent.status = State::Running;
    off.host.boot_id = [1; 16];
    let power_cut = Ending::of(&off, true, false).cause;
    for (name, query) in queries(&dashboard()) {
        let source: Vec<_> = list(&query["properties"]).iter().collect();
        let [source] = source[..] else { panic!("{name}: the project may have other events") };
        let (Shape::Constant(ours), "event_source") =
            (property(name, &source["key"]).shape, source["key"].as_str().unwrap())
        else {
            panic!("{name}: {source}")
        };
        assert_eq!(list(&source["value"]), [ours], "{name}");
        for series in list(&query["series"]) {
            assert!(!actions(series).is_empty(), "{name}");
            for filter in list(&series["properties"]).iter().filter(|filter| filter["key"] != "action") {
                assert_eq!(
                    (&filter["key"], &filter["operator"]),
                    (&"action_result".into(), &"is_not".into()),
                    "{name}"
                );
                assert_eq!(list(&filter["value"]), [power_cut], "{name}");
            }
        }
    }
}

/// The commands of the page, with another address.
fn recipe(api: &str) -> String {
    let page = std::fs::read_to_string(docs("scale.md")).unwrap();
    let lines = page.lines().skip_while(|line| !line.starts_with("    api="));
    let block: Vec<&str> = lines.map_while(|line| line.strip_prefix("    ")).collect();
    let (first, rest) = block.split_first().unwrap();
    assert!(first.starts_with("api=https://"), "{first}");
    format!("api={api}\n{}", rest.join("\n"))
}

/// Answers one request like PostHog where the dashboard gets this number.
fn answer(mut stream: TcpStream, number: u32, requests: &Sender<(String, Value)>) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 * 1024];
    while !is_complete(&bytes) {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "a part of a request");
        bytes.extend_from_slice(&buffer[..read]);
    }
    requests.send(parts(&bytes)).unwrap();
    let body = format!("{{\"id\": {number}}}");
    let head = format!("HTTP/1.1 201 Created\r\nconnection: close\r\ncontent-length: {}", body.len());
    stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).unwrap();
}

#[test]
fn the_commands_of_the_page_bring_it_there() {
    for program in ["sh", "curl", "jq"] {
        if find(program).is_none() {
            return skip(this_test!(), &format!("needs {program}"));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(docs("posthog/crashes.json"), folder.path().join("crashes.json")).unwrap();
    std::fs::write(folder.path().join("key"), "header = \"Authorization: Bearer phx_secret\"\n").unwrap();
    let dashboard = dashboard();
    let insights = list(&dashboard["insights"]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let api = format!("http://{}/api/projects/12345", listener.local_addr().unwrap());
    let (sender, requests) = channel();
    std::thread::spawn(move || listener.incoming().for_each(|stream| answer(stream.unwrap(), 7, &sender)));
    let mut command = Command::new("sh");
    command.args(["-eu", "-c", &recipe(&api)]).current_dir(&folder).env("no_proxy", "*").env("HOME", folder.path());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let requests: Vec<_> = requests.try_iter().collect();
    assert_eq!(requests.len(), insights.len() + 1);
    for (head, _) in &requests {
        assert!(head.contains("Authorization: Bearer phx_secret\r\n"), "{head}");
        assert!(head.to_lowercase().contains("content-type: application/json\r\n"), "{head}");
    }
    let (first, others) = requests.split_first().unwrap();
    assert!(first.0.starts_with("POST /api/projects/12345/dashboards/ "), "{}", first.0);
    let expected = serde_json::json!({"name": dashboard["name"], "description": dashboard["description"]});
    assert_eq!(first.1, expected);
    for ((head, body), insight) in others.iter().zip(insights) {
        assert!(head.starts_with("POST /api/projects/12345/insights/ "), "{head}");
        let mut expected = insight.clone();
        expected["dashboards"] = serde_json::json!([7]);
        assert_eq!(*body, expected);
    }
}
