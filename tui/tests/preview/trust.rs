//! What nobody has to take our word for: the daemon's view, the history, and what is compared for a fleet.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::common::{Agent, OPT_OUT, Ran, opted_out_here, skip};
use anonymous_statistics::clock;
use anonymous_statistics::endpoint::Endpoint;
use anonymous_statistics::outbox::{Entry, Outbox, Role};
use anonymous_statistics::payload::Stamp;
use anonymous_statistics::request::thaw;
use serde_json::Value;

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

/// A running program that is called netdata: a copy of sleep(1).
struct Daemon(Child);

impl Daemon {
    fn start(agent: &Agent, variables: &[(&str, &str)]) -> Option<Self> {
        let program = agent.path("netdata");
        if !program.exists() {
            let sleep = ["/bin/sleep", "/usr/bin/sleep"].map(PathBuf::from).into_iter().find(|path| path.is_file())?;
            // A child writes it: a file that this process has open while another test forks cannot be executed.
            assert!(Command::new("cp").arg(sleep).arg(&program).status().unwrap().success());
        }
        let mut command = Command::new(&program);
        command.arg("60").env_clear().envs(agent.environment()).envs(variables.iter().copied());
        Some(Self(command.stdin(Stdio::null()).spawn().unwrap()))
    }

    fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// netdata#8875, nixpkgs#260035: what somebody set in a shell, or for another program, is not what the daemon has.
#[cfg(target_os = "linux")]
#[test]
fn the_daemons_variables_count_and_the_shells_stand_beside_them() {
    if opted_out_here("the_daemons_variables_count_and_the_shells_stand_beside_them") {
        return;
    }
    let agent = Agent::new();
    let Some(daemon) = Daemon::start(&agent, &[("DO_NOT_TRACK", "0"), ("API_TOKEN", "canary-5d1f")]) else {
        return skip("the_daemons_variables_count_and_the_shells_stand_beside_them", "there is no sleep(1)");
    };
    let ran = agent.run(&["status"]);
    assert!(ran.out.starts_with("[x] OPTED OUT: DO_NOT_TRACK set to \"0\""), "{}", ran.out);
    for said in [
        format!("Decided for the running daemon, process {}", daemon.id()),
        "daemon: set to \"0\", which opts out too".to_owned(),
        "shell:  not set".to_owned(),
        "Only a variable opts out. The agent's dashboard looks at the file alone".to_owned(),
    ] {
        assert!(ran.out.contains(&said), "{said}\n{}", ran.out);
    }
    let status = json(&agent.run(&["status", "--json"]));
    assert_eq!(status["anonymous_statistics"], false);
    assert_eq!((&status["decided_for"], &status["shell_would_decide"]), (&"daemon".into(), &"allowed".into()));
    assert_eq!(status["daemons"][0]["process"], daemon.id());
    // Of its environment nothing else is read, so nothing else can be shown.
    for verb in [&["status"][..], &["status", "--json"], &["show"], &["show", "--json"], &["explain", "--all"]] {
        let ran = agent.run(verb);
        assert!(!(ran.out + &ran.err).contains("canary-5d1f"), "{verb:?}");
    }
    // And the other way round.
    drop(daemon);
    let _daemon = Daemon::start(&agent, &[]);
    let output = agent.command(&["status", "--json"]).env("DISABLE_TELEMETRY", "1").output().unwrap();
    let status = json(&Ran::from(&output));
    assert_ne!(status["decision"], "opted out", "{status}");
    assert_eq!(status["shell_would_decide"], "opted out");
}

#[cfg(target_os = "linux")]
#[test]
fn of_several_daemons_the_one_that_sends_decides() {
    if opted_out_here("of_several_daemons_the_one_that_sends_decides") {
        return;
    }
    let agent = Agent::new();
    let Some(silent) = Daemon::start(&agent, &[("DISABLE_TELEMETRY", "yes")]) else {
        return skip("of_several_daemons_the_one_that_sends_decides", "there is no sleep(1)");
    };
    let sends = Daemon::start(&agent, &[]).unwrap();
    let status = json(&agent.run(&["status", "--json"]));
    assert_ne!(status["decision"], "opted out", "{status}");
    let text = agent.run(&["status"]).out;
    for said in [
        format!("Decided for the running daemon, process {}", sends.id()),
        format!("process {}, user id", silent.id()),
        "opted out: DISABLE_TELEMETRY set to \"yes\"".to_owned(),
    ] {
        assert!(text.contains(&said), "{said}\n{text}");
    }
}

/// A daemon that was started before the file was created has told its dashboard "yes" already.
#[cfg(target_os = "linux")]
/// netdata#20969: an opt-out that does not reach every channel must say so.
#[test]
fn the_dashboards_channel_waits_for_a_restart() {
    let agent = Agent::new();
    let Some(before) = Daemon::start(&agent, &[]) else {
        return skip("the_dashboards_channel_waits_for_a_restart", "there is no sleep(1)");
    };
    // Both times are known to a hundredth of a second.
    std::thread::sleep(std::time::Duration::from_millis(2100));
    assert_eq!(agent.run(&["opt-out"]).code, Some(0));
    let here = |agent: &Agent| {
        let status = json(&agent.run(&["status", "--json"]));
        let channels = status["channels"].as_array().unwrap().clone();
        assert!(channels.iter().all(|channel| !channel["here"].as_str().unwrap().is_empty()), "{channels:?}");
        channels.iter().find(|channel| channel["name"] == "dashboard").unwrap()["here"].as_str().unwrap().to_owned()
    };
    assert!(here(&agent).contains("restart netdata"), "{}", here(&agent));
    drop(before);
    assert!(here(&agent).starts_with("off when the agent starts next"), "{}", here(&agent));
}

#[test]
fn a_fleet_is_checked_by_exit_status() {
    let agent = Agent::new();
    let check = |expect: &str| agent.run(&["check", "--expect", expect]);
    let on = json(&agent.run(&["status", "--json"]))["anonymous_statistics"].clone();
    // The machine may have a file of its own.
    if on == true {
        assert_eq!((check("on").code, check("off").code), (Some(0), Some(1)));
    }
    fs::write(agent.path("etc").join(OPT_OUT), "").unwrap();
    let (off, on) = (check("off"), check("on"));
    assert_eq!((off.code, on.code), (Some(0), Some(1)), "{off:?} {on:?}");
    assert!(off.out.starts_with("match: expected off, is off: "), "{}", off.out);
    assert_eq!(off.out.lines().count(), 1);
    let object = json(&agent.run(&["check", "--expect", "on", "--json"]));
    assert_eq!((&object["result"], &object["anonymous_statistics"]), (&"mismatch".into(), &false.into()));
    assert_eq!(agent.run(&["check"]).code, Some(2));
    assert_eq!(agent.run(&["check", "--expect", "maybe"]).code, Some(2));

    // A path through a file that is a link to itself cannot be looked at.
    let agent = Agent::new();
    let folder = agent.path("loop");
    std::os::unix::fs::symlink("loop", &folder).unwrap();
    let output = agent.command(&["check", "--expect", "off"]).env("NETDATA_USER_CONFIG_DIR", folder).output().unwrap();
    let ran = Ran::from(&output);
    let opted_out = ran.out.contains("is off");
    assert_eq!(ran.code, Some(if opted_out { 0 } else { 3 }), "{ran:?}");
}

/// A request as the sender freezes it.
fn request(agent: &Agent, action: &str) -> (Entry, Vec<u8>) {
    let call = agent.recorded_call(action, "-", "-");
    let raw = agent.run(&["show", "--raw", "--call", call.to_str().unwrap()]).bytes;
    let endpoint = Endpoint::parse(anonymous_statistics::config::DEFAULT_URL).unwrap();
    (Entry::new(&thaw(&raw, &endpoint).unwrap()), raw)
}

#[test]
fn the_history_is_byte_exact_and_can_be_forgotten() {
    let agent = Agent::new();
    let empty = agent.run(&["history"]);
    assert_eq!((empty.code, empty.out.matches("  nothing\n").count()), (Some(0), 2), "{}", empty.out);
    let outbox = Outbox::open(&agent.path("lib"), Role::Sender).unwrap();
    let now = clock::now();
    let keep = |action: &str, age: u64| {
        let (entry, raw) = request(&agent, action);
        (outbox.keep(&Stamp { time: now - age, ..Stamp::now() }, &entry).unwrap(), raw)
    };
    let (sent, bytes) = keep("START", 5000);
    outbox.note_answer(&sent, 200, now, 20).unwrap();
    let (refused, _) = keep("META", 4000);
    outbox.note_answer(&refused, 400, now, 20).unwrap();
    let (_, exit) = keep("EXIT", 3000);
    let (tried, _) = keep("START", 2000);
    outbox.note_attempt(&tried, Some(503), now, None).unwrap();
    let (damaged, _) = keep("META", 1000);
    let waiting = agent.path("lib/anonymous-statistics/waiting");
    fs::write(waiting.join(damaged.to_string()), "\u{1b}[2J{").unwrap();

    let ran = agent.run(&["history"]);
    for said in [
        "  1  ",
        "accepted with status 200; 1 try",
        "refused with status 400",
        "not tried yet\n       sent at the daemon's next START or META, as number 1",
        "put off with status 503; 1 try",
        "damaged, and never sent: the entry is damaged",
    ] {
        assert!(ran.out.contains(said), "{said}\n{}", ran.out);
    }
    assert!(!ran.out.contains('\u{1b}'));
    assert_eq!(agent.run(&["history", "--raw", "1"]).bytes, bytes);
    assert_eq!(agent.run(&["history", "--raw", "3"]).bytes, exit);
    for number in ["0", "5", "9"] {
        let ran = agent.run(&["history", "--raw", number]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{ran:?}");
    }
    let shown = json(&agent.run(&["history", "--json"]));
    assert_eq!(shown["sent"].as_array().unwrap().len(), 2);
    assert_eq!(shown["waiting"].as_array().unwrap().len(), 3);
    assert_eq!(shown["sent"][0]["body"]["properties"]["action"], "START");
    assert!(shown["waiting"][2]["damaged"].is_string() && shown["waiting"][2]["body"].is_null());

    let before = agent.tree();
    assert_eq!(agent.run(&["forget", "--dry-run"]).code, Some(0));
    assert_eq!(agent.tree(), before);
    let ran = agent.run(&["forget"]);
    assert!(ran.out.starts_with("Deleted 2 requests that were sent, and 3 events that waited"), "{ran:?}");
    for state in ["waiting", "sent"] {
        assert_eq!(fs::read_dir(agent.path("lib/anonymous-statistics").join(state)).unwrap().count(), 0);
    }
}

#[test]
fn opted_out_the_history_says_that_nothing_is_recorded() {
    let agent = Agent::new();
    fs::write(agent.path("etc").join(OPT_OUT), "").unwrap();
    assert!(agent.run(&["history"]).out.contains("nothing is sent, and nothing is recorded"));
    assert_eq!(json(&agent.run(&["history", "--json"]))["recording"], false);
}

#[test]
fn a_history_that_cannot_be_read_is_no_empty_history() {
    let agent = Agent::new();
    drop(Outbox::open(&agent.path("lib"), Role::Sender).unwrap());
    let state = agent.path("lib/anonymous-statistics");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o000)).unwrap();
    let ran = agent.run(&["history"]);
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
    // Root may read everything.
    if ran.code != Some(0) {
        assert_eq!(ran.code, Some(77));
        assert!(ran.err.contains("Run:  sudo ") && ran.err.contains(" history --config-dir "), "{}", ran.err);
    }
}

/// netdata#7404, opnsense/plugins#2003: the ways to opt out were scattered.
#[test]
fn where_opting_out_is_not_possible_every_other_way_is_named() {
    let agent = Agent::new();
    let ran = agent.run(&["opt-out", "--config-dir", "/proc/nope"]);
    assert_eq!(ran.code, Some(77));
    for said in [
        "Run:  sudo ",
        "  or: sudo mkdir -p /proc/nope && sudo touch ",
        "docker run -e DISABLE_TELEMETRY=1",
        "kubectl set env",
        "ansible HOSTS --become",
    ] {
        assert!(ran.err.contains(said), "{said}\n{}", ran.err);
    }
}
