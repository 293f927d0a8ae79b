//! The sender and the preview with an agent of their own, whose events go to a listener on loopback.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Row;
use crate::run;
use crate::workspace::{PREVIEW, SENDER};

const GUID: &str = "7d0e5b7a-3c52-4a1e-9f0c-2f4d8a6b1c33";
const OPT_OUT: &str = ".opt-out-from-anonymous-statistics";
/// A call with what happened and nothing else.
const START: [&str; 3] = ["START", "-", "-"];
/// Far more than a request over loopback takes.
const LIMIT: Duration = Duration::from_secs(5);
const BODY_LIMIT: u64 = 1024 * 1024;

/// An agent: its folders, and where its events go.
struct Agent<'p> {
    folder: tempfile::TempDir,
    programs: &'p Path,
    arrived: mpsc::Receiver<Vec<u8>>,
}

pub(super) fn rows(programs: &Path) -> Result<Vec<Row>> {
    let agent = Agent::new(programs)?;
    let mut rows = Vec::new();
    if let Some(file) = agent.opted_out_by()? {
        rows.push(Row::not_asked("what the sender does", format!("this machine has opted out ({})", file.display())));
    } else {
        rows.extend(agent.sending()?);
        rows.extend(agent.silence()?);
    }
    rows.extend(agent.preview()?);
    Ok(rows)
}

impl<'p> Agent<'p> {
    /// The configuration names the listener before anything is run.
    fn new(programs: &'p Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        for name in ["config", "lib", "plugins"] {
            fs::create_dir(folder.path().join(name))?;
        }
        let (address, arrived) = listen()?;
        let agent = Self { folder, programs, arrived };
        fs::write(agent.config().join("anonymous-statistics.toml"), format!("url = \"http://{address}/capture/\"\n"))?;
        Ok(agent)
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    fn opt_out_file(&self) -> PathBuf {
        self.config().join(OPT_OUT)
    }

    /// What the daemon gives the sender.
    fn environment(&self) -> Vec<(&'static str, String)> {
        let path = |name| self.folder.path().join(name).display().to_string();
        vec![
            ("NETDATA_USER_CONFIG_DIR", path("config")),
            ("NETDATA_LIB_DIR", path("lib")),
            ("NETDATA_PLUGINS_DIR", path("plugins")),
            ("NETDATA_REGISTRY_UNIQUE_ID", GUID.to_owned()),
            ("NETDATA_VERSION", "v1.37.1".to_owned()),
        ]
    }

    fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = run::program(self.programs.join(name), arguments);
        command.env_clear().envs(self.environment()).current_dir("/").stdin(Stdio::null());
        command
    }

    fn preview_says(&self, arguments: &[&str]) -> Result<Output> {
        run::output(&mut self.command(PREVIEW.name, arguments))
    }

    fn status(&self) -> Result<Value> {
        serde_json::from_slice(&self.preview_says(&["status", "--json"])?.stdout).context("status --json is no JSON")
    }

    /// A file of the machine itself that opts out, as Debian's package of Netdata has it. Then the sender is silent, and it
    /// is right.
    fn opted_out_by(&self) -> Result<Option<PathBuf>> {
        let status = self.status()?;
        let steps = status["trace"].as_array().into_iter().flatten();
        let mut files = steps.filter(|step| step["kind"] == "file").filter_map(|step| step["source"].as_str());
        Ok(files.find(|file| fs::symlink_metadata(file).is_ok()).map(PathBuf::from))
    }

    fn sending(&self) -> Result<Vec<Row>> {
        let call = self.folder.path().join("call.json");
        let environment: serde_json::Map<String, Value> =
            self.environment().into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        fs::write(&call, json!({"argv": START, "env": environment}).to_string())?;
        let shown = self.preview_says(&["show", "--raw", "--call", &call.display().to_string()])?;

        let output = run::output(&mut self.command(SENDER.name, &START))?;
        let body = self.arrived.recv_timeout(LIMIT).unwrap_or_default();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let event = body["event"].as_str().unwrap_or("nothing that is JSON").to_owned();
        Ok(vec![
            Row::of("the sender, allowed to send", said(&output), "200, exit 0"),
            Row::of("its event that arrives", event, "START -"),
            Row::of("the preview's request beside it", differing(&shown.stdout, body), ""),
        ])
    }

    /// Opted out in either way, nothing comes.
    fn silence(&self) -> Result<Vec<Row>> {
        let mut command = self.command(SENDER.name, &START);
        let by_variable = run::output(command.env("DISABLE_TELEMETRY", "1"))?;
        fs::write(self.opt_out_file(), "")?;
        let by_file = run::output(&mut self.command(SENDER.name, &START))?;
        fs::remove_file(self.opt_out_file())?;
        // The senders have ended: a connection of theirs would have been there before.
        let arrived = self.arrived.recv_timeout(Duration::from_millis(500)).is_ok();
        Ok(vec![
            Row::of("the sender with DISABLE_TELEMETRY=1", said(&by_variable), "nothing, exit 0"),
            Row::of("the sender with an opt-out file", said(&by_file), "nothing, exit 0"),
            Row::of("what arrives then", if arrived { "a request" } else { "nothing" }, "nothing"),
        ])
    }

    fn preview(&self) -> Result<Vec<Row>> {
        let config = self.config().display().to_string();
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
        let there = if self.opt_out_file().exists() { "there" } else { "missing" };
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
        let there = if self.opt_out_file().exists() { "there" } else { "missing" };
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

/// The names of what is not alike in a request that was shown and the body that arrived, but for what is new in each.
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
    let properties = super::different(shown, arrived);
    if properties.is_empty() && shown != arrived { "outside of the properties".to_owned() } else { properties }
}

/// A server that answers 200 to everything, and hands over the bodies.
fn listen() -> Result<(String, mpsc::Receiver<Vec<u8>>)> {
    let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen on loopback")?;
    let address = listener.local_addr()?.to_string();
    let (sender, arrived) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            // A connection without a request counts as well.
            let body = stream.and_then(serve).unwrap_or_default();
            if sender.send(body).is_err() {
                break;
            }
        }
    });
    Ok((address, arrived))
}

fn serve(stream: TcpStream) -> std::io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(LIMIT))?;
    let mut reader = BufReader::new(stream).take(BODY_LIMIT);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(std::io::Error::other)?;
        }
    }
    let mut body = Vec::new();
    reader.by_ref().take(length).read_to_end(&mut body)?;
    reader
        .into_inner()
        .into_inner()
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")?;
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listener_hands_over_what_arrives() {
        let (address, arrived) = listen().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n{\"a\"").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        assert_eq!(arrived.recv_timeout(LIMIT).unwrap(), b"{\"a\"");
        assert!(arrived.recv_timeout(Duration::from_millis(10)).is_err());
    }

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
