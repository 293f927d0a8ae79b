//! An answer of `show --json` or `show --raw` that somebody kept, to be compared with what would be sent later.

use std::fmt;
use std::path::Path;

use serde_json::Value as Json;

use crate::fields::shape;
use crate::files::{self, Links};
use crate::inspect::comparison::{AROUND, Cell, Side, cell_of};
use crate::text::reason;

/// Far more than any answer has.
const BYTES: usize = 1024 * 1024;

#[derive(Debug, Clone, PartialEq)]
pub struct Before {
    pub about: About,
    pub side: Side,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// The event of this action, of this sender or of Netdata's own script.
    Event(String),
    /// The daemon's own report.
    Report,
}

/// Why a file cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoBefore {
    Unreadable(String),
    NotJson(String),
    NoAnswer,
}

impl fmt::Display for NoBefore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => return f.write_str(why),
            Self::NotJson(why) => write!(f, "it is neither JSON nor a request with a body of JSON: {why}")?,
            Self::NoAnswer => f.write_str("its JSON is neither an event nor a daemon's own report")?,
        }
        f.write_str("; telemetry-preview show --json prints such a file")
    }
}

impl std::error::Error for NoBefore {}

impl Before {
    pub fn read(path: &Path) -> Result<Self, NoBefore> {
        let bytes = files::read(path, Links::Follow, BYTES);
        Self::parse(&bytes.map_err(|error| NoBefore::Unreadable(reason(&error)))?)
    }

    /// Bytes that are not UTF-8 are replaced: a daemon's own report may have some.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoBefore> {
        let text = String::from_utf8_lossy(bytes);
        let body = text.strip_prefix("POST ").and_then(|request| request.split_once("\r\n\r\n"));
        let json: Json = serde_json::from_str(body.map_or(&*text, |(_head, body)| body))
            .map_err(|error| NoBefore::NotJson(error.to_string()))?;
        match json.get("fields") {
            Some(Json::Array(fields)) => Self::of_answer(&json, fields),
            _ => Self::of_body(&json),
        }
        .ok_or(NoBefore::NoAnswer)
    }

    fn of_answer(json: &Json, fields: &[Json]) -> Option<Self> {
        let says = |name: &str, value: &str| json.get(name).and_then(Json::as_str) == Some(value);
        let is_report = says("channel", "crash-reports");
        // These answers have pieces of JSON as texts.
        let in_pieces = is_report || says("sender", "netdatas-script");
        let about = if is_report { About::Report } else { event(json.get("event"))? };
        let cells: Option<Vec<_>> = fields.iter().map(|field| told(field, in_pieces, is_report)).collect();
        Some(Self { about, side: Side::of(cells?.into_iter().chain(around(json))) })
    }

    fn of_body(json: &Json) -> Option<Self> {
        if let Some(properties @ Json::Object(_)) = json.get("properties") {
            let about = event(properties.get("action"))?;
            return Some(Self { about, side: Side::of_body(json).with_open_nulls() });
        }
        // Every report has it.
        json.get("exit_cause")?;
        let mut cells = Vec::new();
        flatten("", json, &mut cells);
        Some(Self { about: About::Report, side: Side::of(cells).with_open_nulls() })
    }
}

/// What the answer says beside the fields, by the names of a comparison.
fn around(json: &Json) -> impl Iterator<Item = (String, Cell)> {
    let text = |name: &str, of: &str| {
        let cell = match json.get(of)? {
            Json::Null => Cell::SetByDaemon,
            value => Cell::Value(value.clone()),
        };
        Some((name.to_owned(), cell))
    };
    let channels = json.get("channels").and_then(Json::as_object).into_iter().flatten();
    let channels = channels.map(|(name, state)| (format!("(channel {name})"), Cell::Value(state.clone())));
    let channels = channels.filter(|(name, _)| AROUND.contains(&name.as_str()));
    [text("(Netdata)", "netdata_version"), text("(server)", "destination")].into_iter().flatten().chain(channels)
}

fn event(action: Option<&Json>) -> Option<About> {
    let action = action?.as_str().filter(|action| shape::is_action(action))?;
    Some(About::Event(action.to_owned()))
}

/// A field of an answer. What was not known of that moment is not compared.
fn told(field: &Json, in_pieces: bool, is_report: bool) -> Option<(String, Cell)> {
    let name = field.get("name")?.as_str()?;
    let name = if is_report { name } else { name.strip_prefix("properties.").unwrap_or(name) };
    let value = match field.get("value")? {
        Json::String(piece) if in_pieces => serde_json::from_str(piece).unwrap_or_else(|_text| piece.as_str().into()),
        value => value.clone(),
    };
    let cell = match field.get("known")?.as_str()? {
        _ if field.get("in_body") == Some(&Json::Bool(false)) => Cell::Absent,
        "now" | "at-stop" if is_report => Cell::Value(value),
        "now" => cell_of(name, &value),
        _ => Cell::SetByDaemon,
    };
    Some((name.to_owned(), cell))
}

/// The paths of a report, with dots between the keys. An object without keys is a value.
fn flatten(path: &str, json: &Json, cells: &mut Vec<(String, Cell)>) {
    match json {
        Json::Object(object) if !object.is_empty() => {
            for (name, value) in object {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(&path, value, cells);
            }
        }
        value => cells.push((path.to_owned(), Cell::Value(value.clone()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::comparison::compare;

    fn parse(text: &str) -> Before {
        Before::parse(text.as_bytes()).unwrap()
    }

    fn value(json: impl Into<Json>) -> Cell {
        Cell::Value(json.into())
    }

    #[test]
    fn a_request_and_its_body_are_the_same_event() {
        let body = r#"{"event":"START -","uuid":"u","properties":{"action":"START","alarms_normal":3,"netdata_version":null}}"#;
        let request = format!("POST /capture/ HTTP/1.1\r\nhost: a\r\n\r\n{body}");
        for before in [parse(body), parse(&request)] {
            assert_eq!(before.about, About::Event("START".to_owned()));
            for (name, cell) in [
                ("event", value("START -")),
                ("alarms_normal", value(3)),
                ("netdata_version", Cell::SetByDaemon),
                ("uuid", Cell::Fresh),
            ] {
                assert_eq!(before.side.cell(name), &cell, "{name}");
            }
        }
    }

    #[test]
    fn an_answer_tells_what_was_known() {
        let before = parse(
            r#"{"event": "FATAL", "fields": [
                {"name": "alarms_normal", "value": 3, "known": "now", "in_body": true},
                {"name": "alarms_warning", "value": 3, "known": "last-event", "in_body": true},
                {"name": "alarms_critical", "value": null, "known": "now", "in_body": false}]}"#,
        );
        assert_eq!(before.about, About::Event("FATAL".to_owned()));
        assert_eq!(before.side.cell("alarms_normal"), &value(3));
        assert_eq!(before.side.cell("alarms_warning"), &Cell::SetByDaemon);
        assert_eq!(before.side.cell("alarms_critical"), &Cell::Absent);

        let script = parse(
            r#"{"event": "START", "sender": "netdatas-script", "fields": [
                {"name": "properties.alarms_normal", "value": "3", "known": "now"},
                {"name": "properties.broken", "value": "3 4", "known": "now"}]}"#,
        );
        assert_eq!(script.side.cell("alarms_normal"), &value(3));
        assert_eq!(script.side.cell("broken"), &value("3 4"));
    }

    #[test]
    fn an_answer_tells_what_surrounds_the_request() {
        let before = parse(
            r#"{"event": "START", "fields": [], "destination": "https://a/", "netdata_version": null,
                "channels": {"events": "on", "\u001b[2J": "on"}}"#,
        );
        for (name, cell) in [
            ("(server)", value("https://a/")),
            ("(Netdata)", Cell::SetByDaemon),
            ("(channel events)", value("on")),
            ("(channel hooks)", Cell::Absent),
        ] {
            assert_eq!(before.side.cell(name), &cell, "{name}");
        }
        let now = Side::of([]).and_around(
            [("(server)", "https://b/"), ("(channel hooks)", "on")].map(|(name, text)| (name.to_owned(), value(text))),
            &before.side,
        );
        let rows = compare(&[&before.side, &now]);
        let names: Vec<&str> = rows.iter().map(|row| row.field.as_str()).collect();
        assert_eq!(names, ["(Netdata)", "(server)", "(channel events)"], "an older answer says less");
    }

    #[test]
    fn a_report_is_one_in_both_forms() {
        let answer = parse(
            r#"{"channel": "crash-reports", "fields": [
                {"name": "agent.version", "value": "\"v2.5.4\"", "known": "now"},
                {"name": "agent_pid_now", "value": "null", "known": "not-here"},
                {"name": "host.memory", "value": "{}", "known": "now"}]}"#,
        );
        let body = parse(
            r#"{"exit_cause": "x", "agent": {"version": "v2.5.4"}, "agent_pid_now": null, "host": {"memory": {}}}"#,
        );
        for before in [answer, body] {
            assert_eq!(before.about, About::Report);
            assert_eq!(before.side.cell("agent.version"), &value("v2.5.4"));
            assert_eq!(before.side.cell("agent_pid_now"), &Cell::SetByDaemon);
            assert_eq!(before.side.cell("host.memory"), &value(serde_json::json!({})));
        }
        let text = [&br#"{"exit_cause": ""#[..], b"\xff", br#""}"#].concat();
        assert_eq!(Before::parse(&text).unwrap().side.cell("exit_cause"), &value("\u{fffd}"));
    }

    #[test]
    fn what_is_something_else_is_refused_with_its_reason() {
        let deep = "[".repeat(100_000);
        for (text, why) in [
            ("", "neither JSON"),
            ("POST / HTTP/1.1\r\n\r\n", "neither JSON"),
            (&deep, "neither JSON"),
            ("[]", "neither an event"),
            ("{}", "neither an event"),
            (r#"{"fields": []}"#, "neither an event"),
            (r#"{"event": "A B", "fields": []}"#, "neither an event"),
            (r#"{"event": "START", "fields": [1]}"#, "neither an event"),
            (r#"{"properties": {}}"#, "neither an event"),
            (r#"{"properties": {"action": "\u001b[2J"}}"#, "neither an event"),
        ] {
            let said = Before::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(said.contains(why) && said.contains("show --json"), "{text:.40}: {said}");
        }
    }

    #[test]
    fn a_file_is_read_up_to_a_size() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("before.json");
        std::fs::write(&file, vec![b' '; BYTES + 1]).unwrap();
        for (path, why) in
            [(&*file, "larger than"), (folder.path(), "regular file"), (&folder.path().join("none"), "No such")]
        {
            let said = Before::read(path).unwrap_err().to_string();
            assert!(said.contains(why), "{said}");
        }
    }
}
