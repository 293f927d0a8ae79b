//! `--from-status`, called as systemd calls the hooks of a service. A stand-in for the daemon does what matters here: it
//! leaves the status file that a real one left when it ended in this way (see `recorded.jsonl`), with the identifiers of
//! this run and this boot.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

mod page;
mod recorded;
mod stand_in;

use std::os::unix::fs::{MetadataExt, chown};
use std::process::Stdio;
use std::time::{Duration, Instant};

use stand_in::{Agent, END, KILLED, ORDERLY};
use testkit::{Receiver, Reply, opted_out_here, parts, said, set_mode, skip, this_test};

const PATIENCE: Duration = Duration::from_secs(2);
const NOBODY: u32 = 65534;

/// The events so far, and that no two have the same number.
fn events(receiver: &Receiver) -> Vec<String> {
    let bodies: Vec<serde_json::Value> = receiver.requests().iter().map(|request| parts(request).1).collect();
    let mut numbers: Vec<&str> = bodies.iter().map(|body| body["uuid"].as_str().unwrap()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), bodies.len(), "an event came twice");
    bodies.iter().map(|body| body["event"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_start_and_each_end_is_one_event() {
    if opted_out_here(this_test!()) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let agent = Agent::sending_to(&receiver);
    let mut expected = Vec::new();
    for (run, (file, end, event)) in END.iter().enumerate() {
        let run = run + 1;
        agent.before_start(run).quietly();
        expected.push("START -");
        agent.leaves(run, file);
        agent.after_end(run, *end).quietly();
        expected.push(event);
        assert_eq!(events(&receiver), expected, "{file} {end:?}");
        // Called twice.
        agent.after_end(run, *end).says("reported before");
    }
    assert_eq!(events(&receiver), expected);
}

#[test]
fn an_end_without_a_hook_is_found_at_the_next_start() {
    if opted_out_here(this_test!()) {
        return;
    }
    for with_identifier in [true, false] {
        let receiver = Receiver::start(Reply::Status(200, ""));
        let agent = Agent::sending_to(&receiver);
        let start = |run| {
            let call = agent.before_start(run);
            if with_identifier { call } else { call.without("INVOCATION_ID") }
        };
        // Its version is known before it has written a status, because it has run before.
        agent.leaves(100, "stopped");
        start(1).quietly();
        let mut expected = vec!["START -"];
        for (run, file, event) in [
            (1, "stopped", "EXIT OK"),
            (2, "segv", "CRASH deadly signal"),
            (3, "killed", "CRASH killed hard"),
            (4, "out of memory", "CRASH out of memory"),
            (5, "fatal", "FATAL netdata:"),
            (6, "power off", "CRASH abnormal power off"),
        ] {
            agent.leaves(run, file);
            start(run + 1).quietly();
            start(run + 1).says("reported before");
            expected.extend([event, "START -"]);
            assert_eq!(events(&receiver), expected, "{file}");
        }
    }
}

#[test]
fn a_loop_of_restarts() {
    if opted_out_here(this_test!()) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let agent = Agent::sending_to(&receiver);
    agent.leaves(100, "stopped");
    let mut expected = Vec::new();
    for run in 1..=20 {
        agent.before_start(run).quietly();
        agent.leaves(run, "stopped");
        agent.after_end(run, ORDERLY).quietly();
        expected.extend(["START -", "EXIT OK"]);
    }
    assert_eq!(events(&receiver), expected);
}

#[test]
fn hooks_at_the_same_moment() {
    if opted_out_here(this_test!()) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let agent = Agent::sending_to(&receiver);
    agent.leaves(100, "stopped");
    let at_once = |call: &stand_in::Hook| {
        let spawn = |_| call.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let all: Vec<_> = (0..8).map(spawn).collect();
        for child in all {
            let (out, _line, status) = said(&child.wait_with_output().unwrap());
            assert_eq!((out.as_str(), status), ("", 0));
        }
    };
    at_once(&agent.before_start(1));
    agent.leaves(1, "killed");
    at_once(&agent.after_end(1, KILLED));
    // On a busy machine nobody of them may have had the time; then this one has.
    agent.before_start(2).run();
    receiver.wait_for(3, PATIENCE);
    assert_eq!(events(&receiver), ["START -", "CRASH killed hard", "START -"]);
}

#[test]
fn what_could_not_be_sent_comes_with_the_next_start() {
    if opted_out_here(this_test!()) {
        return;
    }
    let unavailable = Receiver::start(Reply::Status(503, ""));
    let agent = Agent::sending_to(&unavailable);
    agent.leaves(100, "stopped");
    agent.before_start(1).quietly();
    agent.leaves(1, "killed");
    agent.after_end(1, KILLED).quietly();
    assert_eq!(agent.home.events("waiting").len(), 2);
    let receiver = Receiver::start(Reply::Status(200, ""));
    agent.redirect(&unavailable, &receiver);
    agent.before_start(2).quietly();
    let mut arrived = events(&receiver);
    arrived.sort();
    assert_eq!(arrived, ["CRASH killed hard", "START -", "START -"]);
}

/// So a timer can try again.
#[test]
fn what_could_not_be_sent_comes_with_a_call_that_has_nothing_to_report() {
    if opted_out_here(this_test!()) {
        return;
    }
    let unavailable = Receiver::start(Reply::Status(503, ""));
    let agent = Agent::sending_to(&unavailable);
    agent.before_start(1).quietly();
    let receiver = Receiver::start(Reply::Status(200, ""));
    agent.redirect(&unavailable, &receiver);
    agent.before_start(1).says("reported before");
    assert_eq!((events(&receiver), agent.home.events("waiting").len()), (vec!["START -".to_owned()], 0));
}

/// The event is stored before the record, so a process that dies in between leaves it and the old record.
#[test]
fn killed_between_the_event_and_the_record() {
    if opted_out_here(this_test!()) {
        return;
    }
    let unavailable = Receiver::start(Reply::Status(503, ""));
    let agent = Agent::sending_to(&unavailable);
    agent.leaves(100, "stopped");
    agent.before_start(1).quietly();
    let old = std::fs::read(agent.record()).unwrap();
    agent.leaves(1, "killed");
    agent.after_end(1, KILLED).quietly();
    let waiting = agent.home.events("waiting");
    std::fs::write(agent.record(), old).unwrap();
    agent.after_end(1, KILLED).run();
    assert_eq!(agent.home.events("waiting"), waiting);
    // And one that left a part of a record.
    std::fs::write(agent.record().with_file_name(".new-runs"), "part").unwrap();
    let receiver = Receiver::start(Reply::Status(200, ""));
    agent.redirect(&unavailable, &receiver);
    agent.before_start(2).quietly();
    assert_eq!(events(&receiver).len(), 3);
    agent.after_end(1, KILLED).says("reported before");
}

#[test]
fn of_a_failure_only_the_place_is_sent() {
    if opted_out_here(this_test!()) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let agent = Agent::sending_to(&receiver);
    agent.leaves(1, "fatal");
    agent.after_end(1, ("exit-code", "exited", "1")).quietly();
    let (head, body) = receiver.single();
    let properties = &body["properties"];
    for (name, value) in [
        ("netdata_process", "netdata".into()),
        ("fatal_line", 49.into()),
        ("fatal_file", "daemon/environment.c".into()),
        ("fatal_function", "verify_required_directory".into()),
        ("fatal_errno", 2.into()),
        ("netdata_version", "v2.9.0".into()),
        ("distinct_id", testkit::GUID.into()),
        ("config_memory_mode", "dbengine".into()),
    ] {
        let value: serde_json::Value = value;
        assert_eq!(properties[name], value, "{name}");
    }
    assert_eq!(body["api_key"], stand_in::KEY);
    let all = format!("{head}{body}");
    // The message, the build's folders, the machine, the host's name and the run.
    for secret in ["Missing", "/proc/nope", "/usr/src", "c0ffee", "web1", "0000000000000002"] {
        assert!(!all.contains(secret), "{secret}: {all}");
    }
}

#[test]
fn without_a_server_and_a_key_of_ones_own_nothing_is_sent() {
    if opted_out_here(this_test!()) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let (url, key) = (format!("url = \"{}\"\n", receiver.url()), "api_key = \"own\"\n");
    let netdatas = "url = \"https://posthog.netdata.cloud/capture/\"\n";
    let agent = Agent::sending_to(&receiver);
    agent.leaves(1, "killed");
    let tree = agent.home.tree();
    for text in ["", &url, key, netdatas, &format!("{netdatas}{key}"), "nonsense"] {
        agent.home.configure(text);
        agent.after_end(1, KILLED).says("");
        agent.before_start(2).says("");
        assert_eq!(agent.home.tree(), tree, "{text}");
    }
    std::fs::remove_file(agent.home.config().join("anonymous-statistics.toml")).unwrap();
    agent.after_end(1, KILLED).says("of your own");
    assert_eq!(receiver.connections(), 0);
}

#[test]
fn an_opt_out_counts_and_ends_what_was_recorded() {
    if opted_out_here(this_test!()) {
        return;
    }
    let unavailable = Receiver::start(Reply::Status(503, ""));
    let agent = Agent::sending_to(&unavailable);
    agent.leaves(100, "stopped");
    for variable in ["DISABLE_TELEMETRY", "DO_NOT_TRACK"] {
        agent.before_start(1).with(variable, "0").says(variable);
    }
    assert!(!agent.record().exists());
    agent.before_start(1).quietly();
    assert!(agent.record().exists() && agent.home.events("waiting").len() == 1);
    std::fs::write(agent.home.opt_out_file(), "").unwrap();
    agent.leaves(1, "killed");
    agent.after_end(1, KILLED).says("opted out");
    assert!(!agent.record().exists() && agent.home.events("waiting").is_empty());
    agent.leaves(2, "killed");
    agent.before_start(3).says("opted out");
    // What was without consent stays unreported.
    std::fs::remove_file(agent.home.opt_out_file()).unwrap();
    let receiver = Receiver::start(Reply::Status(200, ""));
    agent.redirect(&unavailable, &receiver);
    agent.before_start(4).quietly();
    assert_eq!(events(&receiver), ["START -"]);
}

#[test]
fn where_the_daemon_calls_or_cannot_be_trusted_nothing_is_sent() {
    if opted_out_here(this_test!()) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let agent = Agent::sending_to(&receiver);
    agent.leaves(1, "old");
    agent.after_end(1, KILLED).says("v2.5.4");
    agent.before_start(2).says("v2.5.4");
    agent.leaves(2, "killed");
    set_mode(&agent.status_file(), 0o666);
    agent.after_end(2, KILLED).says("every account");
    std::fs::remove_file(agent.status_file()).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", agent.status_file()).unwrap();
    agent.after_end(2, KILLED).says("link");
    std::fs::remove_file(agent.status_file()).unwrap();
    agent.before_start(3).says("version is not known");
    assert_eq!(receiver.connections(), 0);
}

#[test]
fn a_silent_server_does_not_hold_up_the_stop() {
    if opted_out_here(this_test!()) {
        return;
    }
    let silent = Receiver::start(Reply::Silence);
    let agent = Agent::sending_to(&silent);
    agent.leaves(1, "killed");
    let start = Instant::now();
    agent.after_end(1, KILLED).quietly();
    // The deadline is one second, and a busy machine needs some more to start a program.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(agent.home.events("waiting").len(), 1);
}

#[test]
fn root_acts_as_the_owner_of_the_library_folder() {
    if !rustix::process::geteuid().is_root() {
        return skip(this_test!(), "only root can be two users");
    }
    if opted_out_here(this_test!()) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let agent = Agent::sending_to(&receiver);
    set_mode(agent.home.path(), 0o755);
    agent.leaves(1, "killed");
    for path in [agent.home.lib(), agent.status_file(), agent.identity().parent().unwrap().to_owned(), agent.identity()]
    {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    agent.after_end(1, KILLED).quietly();
    assert_eq!(events(&receiver), ["CRASH killed hard"]);
    let state = agent.home.lib().join("anonymous-statistics");
    let made: Vec<_> = agent.home.tree().into_iter().filter(|path| path.starts_with(&state)).collect();
    assert!(made.contains(&agent.record()));
    for path in made {
        let metadata = path.symlink_metadata().unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), (NOBODY, NOBODY), "{}", path.display());
    }
    // A file of somebody else is not believed.
    agent.leaves(2, "killed");
    chown(agent.status_file(), Some(NOBODY - 1), None).unwrap();
    agent.after_end(2, KILLED).says("another account");
}

#[test]
#[cfg(feature = "inspect")]
fn the_preview_shows_what_the_next_hook_sends() {
    use anonymous_statistics::channels::State;
    use anonymous_statistics::inspect::{Preview, Question};
    if opted_out_here(this_test!()) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let agent = Agent::sending_to(&receiver);
    let home = &agent.home;
    let look = || {
        Preview::look(&Question {
            action: "START".to_owned(),
            call: None,
            config_dir: Some(home.config()),
            lib_dir: Some(home.lib()),
            plugins_dir: None,
            examples: false,
            daemon_version: None,
            environment: std::iter::empty().collect(),
        })
    };
    let state = |preview: &Preview| {
        preview.channels().into_iter().find(|channel| channel.name == "hooks").unwrap().judgement.state
    };
    assert_eq!(state(&look()), State::NotThere);
    agent.before_start(1).quietly();
    agent.leaves(1, "stopped");
    agent.after_end(1, ORDERLY).quietly();
    // Now the record shows that hooks call.
    let preview = look();
    assert_eq!((state(&preview), preview.is_exact()), (State::On, true));
    assert!(preview.events().condition().contains("hooks"), "{}", preview.events().condition());
    agent.before_start(2).quietly();
    let shown = String::from_utf8(preview.assembly.unwrap().request.to_bytes()).unwrap();
    let sent = String::from_utf8(receiver.requests().pop().unwrap()).unwrap();
    // The number and the time are new in every event, and always as long.
    let without_stamp = |request: &str| request.rsplit_once(",\"uuid\":\"").unwrap().0.to_owned();
    assert_eq!((without_stamp(&shown), shown.len()), (without_stamp(&sent), sent.len()));
    std::fs::write(home.opt_out_file(), "").unwrap();
    assert_eq!(state(&look()), State::Off);
}
