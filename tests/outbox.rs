//! Waiting events, with hostile folders and clocks: concurrent senders, other users, links and pipes, and a clock that
//! jumps.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use testkit::{
    Home, Receiver, Reply, full, is_complete, opted_out_here, parts, program, said, search_path, sender, set_mode,
    skip, this_test,
};

const START: [&str; 3] = ["START", "-", "-"];
const EXIT: [&str; 3] = ["EXIT", "OK", "-"];
const FATAL: [&str; 3] = ["FATAL", "netdata:netdata", "0266@../daemon/:signals_handle /4"];
const PATIENCE: Duration = Duration::from_secs(1);
/// The number of entries in each folder of a crowded outbox.
const CROWD: usize = 10_000;
const NOBODY: u32 = 65534;

fn is_root(test: &str) -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        skip(test, "only root can be two users");
    }
    root && !opted_out_here(test)
}

/// Checks that every event is complete and has the right name. Returns the random numbers in a state.
fn uuids(home: &Home, state: &str) -> BTreeSet<String> {
    let folder = home.lib().join("anonymous-statistics").join(state);
    let look = |name: String| {
        let content = std::fs::read(folder.join(&name)).unwrap();
        let line = content.split(|byte| *byte == b'\n').next().unwrap();
        assert!(serde_json::from_slice::<serde_json::Value>(line).is_ok(), "{name} is damaged");
        let uuid = parts(&content).1["uuid"].as_str().unwrap().to_owned();
        assert!(name.ends_with(&uuid), "{name} is damaged");
        uuid
    };
    home.events(state).into_iter().map(look).collect()
}

/// Waits for concurrent senders. Returns the number of those without time for an answer, as may happen on a busy
/// machine.
fn late(children: Vec<Child>, answer: &str) -> usize {
    let half = children.len() / 2;
    let mut late = 0;
    for child in children {
        match said(&child.wait_with_output().unwrap()) {
            (out, line, 0) if out == answer && line.is_empty() => {}
            // Not even the decision about sending was finished in its share of the time.
            (out, line, 0) if out.is_empty() && line.is_empty() => late += 1,
            (out, line, status) => {
                assert_eq!((out.as_str(), status), ("000", 28), "{line}");
                assert!(line.is_empty() || line.contains("unless the disk took it after all"), "{line}");
                late += 1;
            }
        }
    }
    assert!(late <= half, "{late} of {} had no time", half * 2);
    late
}

#[test]
fn fifty_senders_of_two_daemons_at_the_same_time() {
    if opted_out_here(this_test!()) {
        return;
    }
    let unavailable = Receiver::start(Reply::Status(503, ""));
    let home = Home::sending_to(&unavailable);
    for happened in [FATAL, FATAL] {
        home.call(&full(happened)).run();
    }
    let failures = uuids(&home, "waiting");
    for happened in [EXIT, START, EXIT] {
        home.call(&full(happened)).run();
    }
    let waiting = uuids(&home, "waiting");
    assert_eq!((failures.len(), waiting.len()), (2, 5));
    let receiver = Receiver::start(Reply::Then(200, 200));
    home.redirect_waiting(&unavailable, &receiver);
    let start = Instant::now();
    let children: Vec<_> = (0..50)
        .map(|number| {
            // The second daemon has another identity and the same folders.
            let guid = if number % 2 == 0 { testkit::GUID } else { "11111111-0b7e-4f6a-9d21-7a3e9b8c4d10" };
            let call =
                home.call(&full(if number % 5 == 0 { EXIT } else { START })).with("NETDATA_REGISTRY_UNIQUE_ID", guid);
            call.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let late = late(children, "200");
    // Fifty unoptimized programs on two cores take long; each has two seconds.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let mut bodies: BTreeMap<String, serde_json::Value> = BTreeMap::new();
    // A late sender may have been killed during a request.
    for request in receiver.requests().iter().filter(|request| is_complete(request)) {
        let body = parts(request).1;
        let first = bodies.entry(body["uuid"].as_str().unwrap().to_owned()).or_insert_with(|| body.clone());
        assert_eq!(*first, body, "a repeat differs");
    }
    // An event waits from its freezing on. If too many do, the oldest everyday ones are dropped, but never a failure.
    let arrived = |uuids: &BTreeSet<String>| uuids.iter().filter(|uuid| bodies.contains_key(*uuid)).count();
    assert_eq!(arrived(&failures), 2);
    assert!(bodies.len() + late >= 50 + arrived(&waiting), "{} and {late}", bodies.len());
    assert!(bodies.len() <= 50 + arrived(&waiting), "an event that nobody has made");
    // An event out of time before its answer was recorded waits too, and is sent again with the same number.
    let waiting = uuids(&home, "waiting");
    assert!(waiting.len() - arrived(&waiting) <= late, "{waiting:?} and {late}");
    assert!(waiting.len() <= 25, "hardly an answer was written down: {waiting:?}");
    let sent = uuids(&home, "sent");
    assert!((1..=20).contains(&sent.len()) && sent.iter().all(|uuid| bodies.contains_key(uuid)), "{}", sent.len());
    // Without competition the next calls leave nothing behind.
    let ends = (0..5).any(|_| {
        home.call(&full(START)).run();
        uuids(&home, "waiting").is_empty()
    });
    assert!(ends, "{:?} still wait", uuids(&home, "waiting"));
}

#[test]
fn fifty_senders_while_the_server_is_out_of_order_keep_to_the_limits() {
    if opted_out_here(this_test!()) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(503, ""));
    let home = Home::sending_to(&receiver);
    home.call(&full(FATAL)).run();
    let fatal = uuids(&home, "waiting");
    let spawn = |_| home.call(&full(EXIT)).command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    late((0..50).map(spawn).collect(), "503");
    home.call(&full(EXIT)).run();
    let waiting = uuids(&home, "waiting");
    assert_eq!(waiting.len(), 32);
    assert!(fatal.is_subset(&waiting), "the failure matters most");
}

/// The one event was once sent 33 times.
#[test]
fn two_hundred_senders_send_a_waiting_event_once() {
    if opted_out_here(this_test!()) {
        return;
    }
    let unavailable = Receiver::start(Reply::Status(503, ""));
    let home = Home::sending_to(&unavailable);
    home.call(&full(FATAL)).run();
    let waiting = uuids(&home, "waiting");
    let receiver = Receiver::start(Reply::Then(200, 200));
    home.redirect_waiting(&unavailable, &receiver);
    let spawn = |_| home.call(&full(START)).command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let children: Vec<Child> = (0..200).map(spawn).collect();
    let said: Vec<_> = children.into_iter().map(|child| said(&child.wait_with_output().unwrap())).collect();
    home.call(&full(START)).run();
    let requests = receiver.requests();
    let copies = requests.iter().filter(|request| is_complete(request)).map(|request| parts(request).1);
    let copies = copies.filter(|body| waiting.contains(body["uuid"].as_str().unwrap())).count();
    // At most one sender at a time has the event, and may be killed with it at its deadline.
    assert!(copies == 1 || (copies == 2 && said.iter().any(|(_, _, code)| *code == 28)), "sent {copies} times");
}

fn as_user(user: u32, home: &Home, happened: [&str; 3]) -> Command {
    let mut command = home.call(&full(happened)).command();
    command.uid(user).gid(user);
    command
}

/// A home that others may enter, with a user's library directory.
fn shared(receiver: &Receiver, owner: u32, mode: u32) -> Home {
    let home = Home::sending_to(receiver);
    for folder in [home.path(), &home.config(), &home.lib()] {
        set_mode(folder, 0o755);
    }
    chown(home.lib(), Some(owner), Some(owner)).unwrap();
    set_mode(&home.lib(), mode);
    home
}

/// Whether every user can start the sender: a folder in its path may be closed.
fn open_to_all(test: &str) -> bool {
    let opens = Command::new(sender()).arg("--version").uid(NOBODY).gid(NOBODY).stdout(Stdio::null()).status();
    if !opens.is_ok_and(|status| status.success()) {
        skip(test, "other users cannot start the sender where it was built");
        return false;
    }
    true
}

#[test]
fn folders_are_used_by_their_owner_only() {
    let test = this_test!();
    if !is_root(test) || !open_to_all(test) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let sends = |home: &Home, user: u32| {
        assert_eq!(said(&as_user(user, home, START).output().unwrap()), ("200".into(), String::new(), 0));
        home.events("sent").len()
    };
    // Without write access: sent, but not kept.
    assert_eq!(sends(&shared(&receiver, 0, 0o755), NOBODY), 0);
    assert_eq!(sends(&shared(&receiver, NOBODY, 0o555), NOBODY), 0);
    // A run as root leaves nothing that the daemon's user cannot use.
    let home = shared(&receiver, NOBODY, 0o755);
    assert_eq!(sends(&home, 0), 0);
    assert!(!home.lib().join("anonymous-statistics").exists());
    assert_eq!(sends(&home, NOBODY), 1);
    // And root neither reads nor writes in that user's folder.
    assert_eq!(sends(&home, 0), 1);
    // A folder that others may read is not used.
    set_mode(&home.lib().join("anonymous-statistics"), 0o750);
    assert_eq!(sends(&home, NOBODY), 1);
    assert_eq!(receiver.requests().len(), 6);
}

/// The files outside the daemon user's territory: owner, mode, times and content.
fn picture(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut seen = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            if metadata.is_dir() {
                open.push(path.clone());
            }
            let content = if metadata.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
            let times =
                (metadata.ino(), metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec());
            seen.insert(path, format!("{} {:o} {times:?} {content:?}", metadata.uid(), metadata.mode()));
        }
    }
    seen
}

/// The daemon's user repeatedly plants links, folders and pipes in the paths of root's commands.
const PLANTER: &str = r#"
cd "$LIB" || exit 1
entry=1700000000000-0b5d7d7e-4f0f-4f3a-9a57-3c1a6a2f1c11
while :; do
    rm -rf anonymous-statistics; ln -s "$VICTIM" anonymous-statistics
    rm -f anonymous-statistics; mkdir -m 700 anonymous-statistics
    ln -s "$VICTIM/waiting" anonymous-statistics/waiting; ln -s "$VICTIM/sent" anonymous-statistics/sent
    rm -f anonymous-statistics/waiting anonymous-statistics/sent
    mkdir -m 700 anonymous-statistics/waiting anonymous-statistics/sent
    for state in waiting sent; do
        mkfifo "anonymous-statistics/$state/$entry"
        ln -s "$VICTIM/secret" "anonymous-statistics/$state/1700000000001-0b5d7d7e-4f0f-4f3a-9a57-3c1a6a2f1c11"
        mkdir "anonymous-statistics/$state/1700000000002-0b5d7d7e-4f0f-4f3a-9a57-3c1a6a2f1c11"
        ln "$LIB/file" "anonymous-statistics/$state/1700000000003-0b5d7d7e-4f0f-4f3a-9a57-3c1a6a2f1c11"
        ln -s /dev/zero "anonymous-statistics/$state/1700000000004-0b5d7d7e-4f0f-4f3a-9a57-3c1a6a2f1c11"
        ln -s "$VICTIM" "anonymous-statistics/$state/.new-$entry"
    done
    mv anonymous-statistics/waiting anonymous-statistics/other
    ln -s "$VICTIM/waiting" anonymous-statistics/waiting
done
"#;

#[test]
fn a_hostile_user_makes_root_change_nothing_elsewhere() {
    let test = this_test!();
    if !is_root(test) {
        return;
    }
    let home = shared(&Receiver::start(Reply::Status(200, "")), NOBODY, 0o755);
    // The target of a mistake: it looks like an outbox.
    let victim = home.path().join("victim");
    for folder in [&victim, &victim.join("waiting"), &victim.join("sent")] {
        std::fs::create_dir(folder).unwrap();
    }
    for name in [
        "waiting/1700000000000-0b5d7d7e-4f0f-4f3a-9a57-3c1a6a2f1c11",
        "waiting/.new-x",
        "sent/1700000000000-0b5d7d7e-4f0f-4f3a-9a57-3c1a6a2f1c11",
        "secret",
    ] {
        std::fs::write(victim.join(name), "root's own secret").unwrap();
    }
    std::fs::write(home.lib().join("file"), "{}").unwrap();
    chown(home.lib().join("file"), Some(NOBODY), Some(NOBODY)).unwrap();
    let before = picture(&victim);
    let mut planter = Command::new("sh")
        .args(["-c", PLANTER])
        .env_clear()
        .env("PATH", search_path())
        .env("LIB", home.lib())
        .env("VICTIM", &victim)
        .uid(NOBODY)
        .gid(NOBODY)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let verbs: [&[&str]; 9] = [
        &["status"],
        &["show", "--event", "START"],
        &["show", "--event", "FATAL", "--raw"],
        &["history"],
        &["diff", "--since-last"],
        &["check", "--expect", "off"],
        &["opt-out"],
        &["opt-in", "--yes"],
        &["forget", "--yes"],
    ];
    let end = Instant::now() + Duration::from_secs(12);
    let mut rounds = 0;
    while Instant::now() < end {
        for verb in verbs {
            let start = Instant::now();
            let output = Command::new(program("telemetry-preview"))
                .args(verb)
                .env_clear()
                .env("NETDATA_USER_CONFIG_DIR", home.config())
                .env("NETDATA_LIB_DIR", home.lib())
                .stdin(Stdio::null())
                .output()
                .unwrap();
            assert!(start.elapsed() < PATIENCE * 5, "{verb:?} took {:?}", start.elapsed());
            assert!(output.status.code().is_some(), "{verb:?}: {}", output.status);
            let shown = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(!shown.contains("root's own secret"), "{verb:?} shows what a link leads to");
        }
        rounds += 1;
    }
    let still_at_it = planter.try_wait().unwrap().is_none();
    planter.kill().unwrap();
    planter.wait().unwrap();
    assert!(still_at_it && rounds > 5, "{rounds} rounds");
    assert_eq!(picture(&victim), before);
    println!("{rounds} rounds of {} verbs", verbs.len());
}

/// Twenty thousand names of one file of an event's maximum size.
fn crowd(home: &Home) {
    let (one, now) = (home.path().join("one"), anonymous_statistics::clock::UnixMillis::now().0);
    let body = format!("{{\"properties\":{{\"action\":\"START\",\"filler\":\"{}\"}}}}", "x".repeat(60_000));
    let record = r#"{"format":1,"url":"http://127.0.0.1:9/","attempts":0,"status":null,"time":null}"#;
    std::fs::write(&one, format!("{record}\nPOST / HTTP/1.1\r\nhost: x\r\n\r\n{body}")).unwrap();
    set_mode(&one, 0o600);
    let state = home.lib().join("anonymous-statistics");
    for folder in [&state, &state.join("waiting"), &state.join("sent")] {
        std::fs::create_dir(folder).unwrap();
        set_mode(folder, 0o700);
    }
    for i in 0..CROWD {
        for folder in ["waiting", "sent"] {
            let name = format!("{}-0b5d7d7e-4f0f-4f3a-9a57-3c1a6a2f1c11", now - i as u64);
            std::fs::hard_link(&one, state.join(folder).join(name)).unwrap();
        }
    }
}

#[test]
fn a_crowded_outbox_costs_nobody_memory() {
    if opted_out_here(this_test!()) {
        return;
    }
    let home = Home::new();
    crowd(&home);
    let not_read = "Not read: ";
    for (verb, says) in [
        (&["status"][..], not_read),
        (&["show", "--event", "START"], ""),
        (&["history"], not_read),
        (&["history", "--json"], "\"or_more\""),
        (&["diff", "--since-last"], ""),
        (&["opt-out"], "Deleted 10000 events"),
        (&["forget", "--yes"], "Deleted 10000 requests that were sent"),
        (&["history"], "nothing"),
    ] {
        let output = Command::new("sh")
            .args(["-c", "ulimit -v 400000 && exec \"$@\"", "sh"])
            .arg(program("telemetry-preview"))
            .args(verb)
            .env_clear()
            .env("PATH", search_path())
            .env("NETDATA_USER_CONFIG_DIR", home.config())
            .env("NETDATA_LIB_DIR", home.lib())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.code().is_some() && out.contains(says), "{verb:?}: {}\n{out}{err}", output.status);
    }
}

#[test]
fn a_crowded_outbox_does_not_hold_the_sender_up() {
    if opted_out_here(this_test!()) {
        return;
    }
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = Home::sending_to(&receiver);
    crowd(&home);
    assert_eq!(said(&home.start().run()), ("200".into(), String::new(), 0));
    // No event was frozen for this destination.
    assert_eq!(receiver.requests().len(), 1);
    let before = home.files("waiting").len();
    assert!(before < CROWD, "the crowd gets smaller with each call");
    assert_eq!(said(&home.start().run()), ("200".into(), String::new(), 0));
    assert!(home.files("waiting").len() < before);
}

#[test]
fn a_clock_that_jumps_harms_nothing() {
    let test = this_test!();
    if !Path::new("/usr/bin/faketime").exists() {
        skip(test, "faketime is not installed");
        return;
    }
    if opted_out_here(test) {
        return;
    }
    let at = |time: &str, home: &Home, happened: [&str; 3]| {
        let call = home.call(&full(happened));
        let mut command = Command::new("/usr/bin/faketime");
        command.args(["--exclude-monotonic", "-f", time]).arg(sender()).args(&call.arguments);
        command.env_clear().envs(&call.environment).env("TZ", "UTC").env("PATH", search_path());
        said(&command.output().unwrap())
    };
    let busy = Receiver::start(Reply::Status(503, "retry-after: 604800\r\n"));
    let home = Home::sending_to(&busy);
    // Years ahead, now, at the epoch, and before it.
    for (time, happened) in [
        ("@2038-06-01 00:00:00", FATAL),
        ("+0d", EXIT),
        ("@1970-01-01 00:00:01", EXIT),
        ("@1960-01-01 00:00:00", FATAL),
    ] {
        assert_eq!(at(time, &home, happened), ("503".into(), String::new(), 0), "{time}");
    }
    let names = home.files("waiting");
    // The event from now is too old in 2038, and those from 1970 are too old now: each clock judges by its own time.
    assert!(!names.is_empty() && names.iter().all(|name| !name.starts_with('.')), "{names:?}");
    assert!(names.iter().any(|name| name.starts_with('2')), "the failure in 2038 is not older than now: {names:?}");
    let frozen = uuids(&home, "waiting");
    let receiver = Receiver::start(Reply::Then(200, 200));
    home.redirect_waiting(&busy, &receiver);
    for time in ["@1970-01-01 00:00:02", "+0d", "@2038-06-01 00:00:09", "+0d"] {
        assert_eq!(at(time, &home, START), ("200".into(), String::new(), 0), "{time}");
    }
    let arrived: Vec<String> =
        receiver.requests().iter().map(|request| parts(request).1["uuid"].as_str().unwrap().to_owned()).collect();
    let once: BTreeSet<String> = arrived.iter().cloned().collect();
    assert_eq!(once.len(), arrived.len(), "an event was sent twice");
    let lost: Vec<&String> = frozen.difference(&once).collect();
    assert!(lost.is_empty(), "{lost:?} of {names:?}");
    assert_eq!(uuids(&home, "waiting"), BTreeSet::new());
}
