//! A recorded start of a daemon: one JSON object a line.

use anonymous_statistics::agent::status_file::{Candidate, Choice, Content, Found, Uuid, choose};
use serde_json::Value as Json;

pub(crate) struct Recording {
    pub(crate) id: String,
    pub(crate) group: String,
    pub(crate) daemon: String,
    pub(crate) machine_id: Uuid,
    pub(crate) boot_id: Uuid,
    pub(crate) guid: Option<(Uuid, u64)>,
    /// What the build of the daemon records.
    pub(crate) stack_traces: Option<Vec<u8>>,
    pub(crate) head: Option<String>,
    pub(crate) body: Option<Vec<u8>>,
    /// The daemon's file of what it has posted.
    pub(crate) dedup: Option<Vec<u8>>,
    /// `crash reports = crashes`
    pub(crate) only_crashes: bool,
    /// The time of the newest status file, shortly before the start.
    pub(crate) now: Option<u64>,
    candidates: Vec<Candidate>,
    /// The rest of the recording.
    pub(crate) json: Json,
}

impl Recording {
    /// The first line may be a list of files, which the others name by `@` and their number.
    pub(crate) fn all(lines: &str) -> Vec<Self> {
        let mut lines = lines.lines().peekable();
        let listed = lines.next_if(|line| line.starts_with('[')).unwrap_or("[]");
        let listed: Vec<String> = serde_json::from_str(listed).unwrap();
        lines.map(|line| Self::new(&with_files(serde_json::from_str(line).unwrap(), &listed))).collect()
    }

    fn new(json: &Json) -> Self {
        let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
        let micros = |value: &Json| {
            value["mtime_ns"].as_u64().unwrap_or_else(|| value["mtime_ns"].as_str().unwrap().parse().unwrap()) / 1000
        };
        let places = ["lib", "cache", "tmp", "run", "cwd"];
        let candidates = places.map(|place| {
            let found = json["before"].get(place).map_or(Found::Nothing, |file| {
                let bytes = base64(file["bytes"].as_str().unwrap());
                if bytes.is_empty() {
                    return Found::Nothing;
                }
                let content = if bytes.len() > 65_536 { Content::Unreadable } else { Content::Bytes(bytes) };
                Found::File { modified: i64::try_from(micros(file) / 1_000_000).unwrap(), owner: 0, bytes: Ok(content) }
            });
            Candidate { place, path: None, found }
        });
        let guid = &json["guid_file"];
        let guid = guid["bytes"].as_str().map(|text| (uuid(str::from_utf8(&base64(text)).unwrap()), micros(guid)));
        Self {
            id: text("id"),
            group: text("group"),
            daemon: text("daemon_version"),
            machine_id: uuid(&text("machine_id")),
            boot_id: uuid(&text("boot_id")),
            guid,
            stack_traces: Some(match json["build"].as_str() {
                Some("libbacktrace") => b"libbacktrace (mmap, threads, data)".to_vec(),
                _ if text("daemon_version") == "v2.5.4" => b"backtrace".to_vec(),
                _ => Vec::new(),
            }),
            head: json["request_head"].as_str().map(str::to_owned),
            body: json["request_body"].as_str().map(base64),
            dedup: json["dedup_before"]
                .as_object()
                .and_then(|files| files.values().next()?["bytes"].as_str().map(base64)),
            now: json["before"].as_object().unwrap().values().map(micros).max(),
            only_crashes: json["config"]["crash reports"] == "crashes",
            candidates: candidates.into(),
            json: json.clone(),
        }
    }

    /// The file that the daemon reads; too large is empty here.
    pub(crate) fn newest(&self) -> Option<Vec<u8>> {
        match choose(&self.candidates, None) {
            Choice::File(_, Content::Bytes(bytes)) => Some(bytes.clone()),
            Choice::File(_, Content::Unreadable) => Some(Vec::new()),
            _ => None,
        }
    }
}

fn with_files(mut json: Json, listed: &[String]) -> Json {
    for folders in ["before", "dedup_before"] {
        for file in json[folders].as_object_mut().into_iter().flat_map(|files| files.values_mut()) {
            let number = file["bytes"].as_str().and_then(|bytes| bytes.strip_prefix('@')?.parse::<usize>().ok());
            if let Some(number) = number {
                file["bytes"] = listed[number].clone().into();
            }
        }
    }
    json
}

fn uuid(text: &str) -> Uuid {
    let digits: Vec<u8> = text
        .bytes()
        .filter(u8::is_ascii_hexdigit)
        .map(|digit| u8::try_from(char::from(digit).to_digit(16).unwrap()).unwrap())
        .collect();
    std::array::from_fn(|at| digits[2 * at] << 4 | digits[2 * at + 1])
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0u32, 0);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        bits = bits << 6 | u32::try_from(DIGITS.iter().position(|digit| *digit == byte).unwrap()).unwrap();
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    bytes
}

pub(crate) fn split<'b>(bytes: &'b [u8], by: &[u8]) -> Vec<&'b [u8]> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(by.len()).position(|window| window == by) {
        parts.push(&rest[..at]);
        rest = &rest[at + by.len()..];
    }
    parts.push(rest);
    parts
}

/// The length of the number, word, text without escapes or flat object at the beginning.
pub(crate) fn scalar(json: &[u8]) -> usize {
    if json[0] == b'"' {
        return json[1..].iter().position(|byte| *byte == b'"').unwrap() + 2;
    }
    if json[0] == b'{' {
        return json.iter().position(|byte| *byte == b'}').unwrap() + 1;
    }
    json.iter().position(|byte| matches!(byte, b',' | b'}')).unwrap()
}
