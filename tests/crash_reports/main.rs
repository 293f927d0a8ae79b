//! What real daemons posted about themselves, and what this library says that they would.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "in a test a panic is a failed test")]

mod consent;
mod recording;

use anonymous_statistics::agent::status_file::{LastStatus, NoStatus, Read, Release};
use anonymous_statistics::channels::crash_reports::{Circumstances, If, Known, Report, ThisMachine, dedup};
use recording::Recording;
use testkit::{skip, this_test};

/// What nobody can know where there is no last status, and what only the installation's files would tell.
const UNPREDICTABLE: [&str; 10] = [
    "host_memory_free_percent",
    "@timestamp",
    "agent.ephemeral_id",
    "agent.uptime",
    "agent.pid",
    "agent.install_type",
    "host.uptime",
    "host.memory.free",
    "host.memory.netdata",
    "host.disk",
];

/// Stands for a value that is not compared.
const MASK: &[u8] = b"\x01mask\x01";

/// `newest`: the status file.
fn report(recording: &Recording, newest: Option<&[u8]>, case: If) -> (Read, Report) {
    let daemon = Release::new(&recording.daemon).unwrap();
    let read = match newest {
        None => Read::nothing(NoStatus::NoFile),
        Some(bytes) => LastStatus::read(bytes, &daemon),
    };
    // The machine on which they were recorded.
    let machine = ThisMachine {
        machine_id: Some(recording.machine_id),
        guid: recording.guid,
        cpus: Some(2),
        memory: Some(25_276_510_208),
        stack_traces: recording.stack_traces.clone(),
        sentry: Some(false),
        dmi: Some(false),
        ..ThisMachine::default()
    };
    let circumstances = Circumstances { daemon: &daemon, boot_id: Some(recording.boot_id), case, machine };
    let report = Report::new(&read, &circumstances).unwrap();
    (read, report)
}

/// The first difference between the request of the real daemon and ours.
fn difference(recording: &Recording) -> Result<(), String> {
    let (read, mut report) = report(recording, recording.newest().as_deref(), If::Killed);
    let nothing = matches!(read, Read::None(..));
    let (Some(body), Some(head)) = (&recording.body, &recording.head) else { return Ok(()) };
    let ours = report.head();
    let lines = |head: &str| {
        head.lines().filter(|line| !line.starts_with("Content-Length:")).map(str::to_owned).collect::<Vec<_>>()
    };
    if lines(&ours) != lines(head) || !head.contains(&format!("Content-Length: {}\r\n", body.len())) {
        return Err(format!("head: {head:?}, ours {ours:?}"));
    }
    if !nothing && !report.is_exact() && recording.daemon.as_bytes() == version_in(&read) {
        return Err("not exact".to_owned());
    }
    for row in &mut report.rows {
        let below =
            |path: &str| row.path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        let no_guid = recording.guid.is_none() && matches!(row.path, "agent.id" | "agent.since");
        if row.path == "agent_pid_now" || nothing && (no_guid || UNPREDICTABLE.iter().any(|path| below(path))) {
            assert!(row.known != Known::Now, "{}", row.path);
            row.value = MASK.to_vec();
        }
    }
    if nothing {
        // Without the folder of its database the daemon leaves out what is in here.
        report.rows.retain(|row| !row.path.starts_with("host.disk.db.") || row.path == "host.disk.db.total");
        let mut rows = report.rows.iter_mut();
        rows.find(|row| row.path == "host.disk.db.total").unwrap().path = "host.disk.db";
    }
    let ours = report.body();
    let mut rest = &body[..];
    let mut parts = recording::split(&ours, MASK).into_iter();
    let first = parts.next().unwrap();
    rest = rest.strip_prefix(first).ok_or_else(|| shown(rest, first))?;
    for part in parts {
        rest = &rest[recording::scalar(rest)..];
        rest = rest.strip_prefix(part).ok_or_else(|| shown(rest, part))?;
    }
    if rest.is_empty() { Ok(()) } else { Err(format!("more: {}", rest.escape_ascii())) }
}

fn version_in(read: &Read) -> &[u8] {
    match read {
        Read::Status(status) | Read::None(_, status) => &status.agent.version,
        Read::UnknownVersion(_) => b"",
    }
}

fn shown(theirs: &[u8], ours: &[u8]) -> String {
    let at = theirs.iter().zip(ours).take_while(|(a, b)| a == b).count();
    let around = |bytes: &[u8]| bytes[at.saturating_sub(40)..bytes.len().min(at + 60)].escape_ascii().to_string();
    format!("theirs {}\n         ours {}", around(theirs), around(ours))
}

/// Whether the rules of the 23 hours and of `crashes` explain that the daemon posted or was silent.
fn silence(recording: &Recording) -> Result<(), String> {
    let (_, report) = report(recording, recording.newest().as_deref(), If::Killed);
    let slots = recording.dedup.as_deref().map(dedup::read).unwrap_or_default();
    let again = report.hash.and_then(|hash| dedup::posted(&slots, hash, recording.now?));
    let no_crash = recording.only_crashes && !report.ending.is_crash;
    let (posted, silent) = (recording.body.is_some(), again.is_some() || no_crash);
    // Others were silent for other reasons.
    let explained = recording.group == "dedup" || recording.only_crashes;
    if posted == silent && (posted || explained) || !posted && !silent && explained {
        return Err(format!("posted: {posted}, posted before: {again:?}, hash {:?}, {slots:?}", report.hash));
    }
    Ok(())
}

fn check(recordings: &[Recording]) {
    let mut wrong = Vec::new();
    let mut requests = 0;
    for recording in recordings {
        requests += usize::from(recording.body.is_some());
        let results = [difference(recording), silence(recording)];
        wrong.extend(results.into_iter().filter_map(Result::err).map(|error| format!("{}: {error}", recording.id)));
    }
    assert!(wrong.is_empty(), "{} of {requests} requests\n{}", wrong.len(), wrong.join("\n"));
}

/// A recorded status file as it was before the crash makes a report with every field of the recorded one, the same
/// values but where a crash decides, and there the same form.
#[test]
fn the_example_of_a_crash_has_the_form_of_a_recorded_one() {
    let recordings = Recording::all(include_str!("recorded.jsonl"));
    for (id, words) in [("2.5.4-after-FPE", "SIGFPE/SI_USER"), ("2.9.0lb-after-SEGV-posted", "SIGSEGV/SI_USER")] {
        let recording = recordings.iter().find(|recording| recording.id == id).unwrap();
        let report = |file: &[u8], case| report(recording, Some(file), case).1;
        let file = recording.newest().unwrap();
        let real = report(&file, If::Killed);
        let mut file: serde_json::Value = serde_json::from_slice(&file).unwrap();
        (file["agent"]["exit_reason"], file["fatal"]) = (serde_json::json!([]), serde_json::json!({}));
        let file = file.to_string().into_bytes();
        assert!(value(&real, "fatal.signal_code").contains(words), "{id}");
        assert_eq!(value(&report(&file, If::Killed), "exit_cause"), "\"killed hard\"");
        let example = report(&file, If::Crash);
        assert_eq!((&example.ending, example.is_exact()), (&real.ending, false));
        assert_eq!(example.rows.len(), real.rows.len());
        for (row, real) in example.rows.iter().zip(&real.rows) {
            assert_eq!(row.path, real.path);
            let is_crashs = row.path.starts_with("fatal.") || row.path == "agent.exit_reason";
            assert_eq!(row.known == Known::Example, is_crashs, "{}", row.path);
            let form =
                |value: &[u8]| (value[0] == b'"', value.len() > 2, value.escape_ascii().to_string().contains("[0x"));
            assert!(row.value == real.value || is_crashs && form(&row.value) == form(&real.value), "{}", row.path);
        }
    }
}

fn value(report: &Report, path: &str) -> String {
    let row = report.rows.iter().find(|row| row.path == path).unwrap();
    String::from_utf8_lossy(&row.value).into_owned()
}

#[test]
fn a_selection_of_recorded_requests_byte_for_byte() {
    let recordings = Recording::all(include_str!("recorded.jsonl"));
    assert!(recordings.iter().any(|recording| recording.body.is_some()));
    check(&recordings);
}

#[test]
fn every_recorded_request_byte_for_byte() {
    let Some(path) = std::env::var_os("CRASH_REPORT_PAIRS") else {
        return skip(this_test!(), "CRASH_REPORT_PAIRS does not name the file with all recordings");
    };
    check(&Recording::all(&std::fs::read_to_string(path).unwrap()));
}
