//! The sender and the preview with their own agent, whose events go to a receiver on loopback.

use std::fs;
use std::path::Path;
use std::process::Output;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use testkit::{Call, Home, Receiver, Reply, parts};

use super::row::Row;
use crate::run;
use crate::workspace::{PREVIEW, SENDER};

/// A call with only the action, its result and data.
const START: [&str; 3] = ["START", "-", "-"];
/// Far more than a request over loopback takes.
const LIMIT: Duration = Duration::from_secs(5);

struct Agent<'p> {
    home: Home,
    receiver: Receiver,
    programs: &'p Path,
}

pub(super) fn rows(programs: &Path) -> Result<Vec<Row>> {
    let receiver = Receiver::start(Reply::Status(200, ""));
    // The configuration has the receiver before the first run.
    let agent = Agent { home: Home::sending_to(&receiver), receiver, programs };
    let mut rows = Vec::new();
    if let Some(file) = testkit::opt_out_file_here() {
        // Then the sender is rightly silent.
        rows.push(Row::not_asked("what the sender does", format!("this machine has opted out ({})", file.display())));
    } else {
        rows.extend(agent.sending()?);
        rows.extend(agent.silence()?);
    }
    rows.extend(agent.preview()?);
    Ok(rows)
}

impl Agent<'_> {
    fn sender_says(&self, call: &Call) -> Result<Output> {
        run::output(&mut call.command_of(self.programs.join(SENDER.name)))
    }

    fn preview_says(&self, arguments: &[&str]) -> Result<Output> {
        run::output(&mut self.home.call(arguments).command_of(self.programs.join(PREVIEW.name)))
    }

    fn status(&self) -> Result<Value> {
        serde_json::from_slice(&self.preview_says(&["status", "--json"])?.stdout).context("status --json is no JSON")
    }

    fn sending(&self) -> Result<Vec<Row>> {
        let call = self.home.call(&START);
        let recorded = self.home.path().join("call.json");
        call.record(&recorded);
        let shown = self.preview_says(&["show", "--raw", "--call", &recorded.display().to_string()])?;

        let output = self.sender_says(&call)?;
        let body = self.receiver.wait_for(1, LIMIT).pop().map(|request| parts(&request).1).unwrap_or_default();
        let event = body["event"].as_str().unwrap_or("nothing that is JSON").to_owned();
        Ok(vec![
            Row::of("the sender, allowed to send", said(&output), "200, exit 0"),
            Row::of("its event that arrives", event, "START -"),
            Row::of("the preview's request beside it", differing(&shown.stdout, body), ""),
        ])
    }

    /// Nothing arrives after an opt-out by variable or file.
    fn silence(&self) -> Result<Vec<Row>> {
        let before = self.receiver.connections();
        let call = self.home.call(&START);
        let by_variable = self.sender_says(&call.clone().with("DISABLE_TELEMETRY", "1"))?;
        fs::write(self.home.opt_out_file(), "")?;
        let by_file = self.sender_says(&call)?;
        fs::remove_file(self.home.opt_out_file())?;
        // The senders have ended: their connections exist, and at most wait to be accepted.
        thread::sleep(Duration::from_millis(500));
        let arrived = self.receiver.connections() - before;
        Ok(vec![
            Row::of("the sender with DISABLE_TELEMETRY=1", said(&by_variable), "nothing, exit 0"),
            Row::of("the sender with an opt-out file", said(&by_file), "nothing, exit 0"),
            Row::of("connections then", arrived.to_string(), "0"),
        ])
    }

    fn preview(&self) -> Result<Vec<Row>> {
        let config = self.home.config().display().to_string();
        let decision = || Ok::<_, anyhow::Error>(self.status()?["decision"].as_str().unwrap_or("none").to_owned());
        let exit = |arguments: &[&str]| self.preview_says(arguments).map(|output| exit(&output));
        let shown = self.preview_says(&["show"])?;
        let end = String::from_utf8_lossy(&shown.stdout).lines().last().unwrap_or_default().to_owned();
        let before = decision()?;
        let mut rows = vec![
            Row::of("telemetry-preview show", format!("{end}, {}", self::exit(&shown)), "Nothing was sent., exit 0"),
            Row::of("telemetry-preview status --json", exit(&["status", "--json"])?, "exit 0"),
            Row::of("telemetry-preview opt-out", exit(&["opt-out", "--config-dir", &config])?, "exit 0"),
            Row::of("the decision after it", decision()?, "opted out"),
        ];
        let there = if self.home.opt_out_file().exists() { "there" } else { "missing" };
        rows.push(Row::of("its file", there, "there"));
        rows.push(Row::of(
            "telemetry-preview opt-in, not asked",
            exit(&["opt-in", "--config-dir", &config])?,
            "exit 2",
        ));
        rows.push(Row::of(
            "telemetry-preview opt-in --yes",
            exit(&["opt-in", "--yes", "--config-dir", &config])?,
            "exit 0",
        ));
        let there = if self.home.opt_out_file().exists() { "there" } else { "missing" };
        rows.push(Row::of("its file after that", there, "missing"));
        rows.push(Row::of("the decision after that", decision()?, before));
        Ok(rows)
    }
}

fn exit(output: &Output) -> String {
    output.status.code().map_or_else(|| output.status.to_string(), |code| format!("exit {code}"))
}

fn said(output: &Output) -> String {
    let mut text = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).trim().to_owned();
    if text.is_empty() {
        "nothing".clone_into(&mut text);
    }
    format!("{text}, {}", exit(output))
}

/// The names of the differences between a shown request and the body that arrived, without the values that are always
/// new.
fn differing(shown: &[u8], arrived: Value) -> String {
    let text = String::from_utf8_lossy(shown);
    let body = text.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok());
    let Some(body) = body else { return "no request is shown".to_owned() };
    let documents: [Value; 2] = [body, arrived].map(|mut body| {
        for place in [&["uuid"][..], &["timestamp"], &["properties", "system_cpu_freq"]] {
            if let Some(leaf) = place.iter().try_fold(&mut body, |value, name| value.get_mut(*name)) {
                *leaf = Value::Null;
            }
        }
        body
    });
    let [shown, arrived] = &documents;
    let properties = super::row::different(shown, arrived);
    if properties.is_empty() && shown != arrived { "outside of the properties".to_owned() } else { properties }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_is_not_what_was_shown_is_seen() {
        let shown = |body: &str| format!("POST / HTTP/1.1\r\nhost: x\r\n\r\n{body}").into_bytes();
        let body = r#"{"event": "a", "properties": {"b": 1, "system_cpu_freq": "1"}, "uuid": "1", "timestamp": "1"}"#;
        let same = r#"{"event": "a", "properties": {"b": 1, "system_cpu_freq": "2"}, "uuid": "2", "timestamp": "2"}"#;
        let arrived = |body: &str| serde_json::from_str(body).unwrap();
        assert_eq!(differing(&shown(body), arrived(same)), "");
        assert_eq!(differing(&shown(body), arrived(&same.replace("\"b\": 1", "\"b\": 2"))), "properties.b");
        assert_eq!(differing(&shown(body), arrived(&same.replace("\"a\"", "\"c\""))), "outside of the properties");
        assert_eq!(differing(&shown(body), Value::Null), "properties.b properties.system_cpu_freq");
        assert_eq!(differing(b"", Value::Null), "no request is shown");
    }
}
