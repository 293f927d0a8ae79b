//! `kill -9` at every system call of a send (strace), followed by further calls of the daemon: every kept event is
//! delivered with the same random number and body; nothing is damaged or left behind.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use serde_json::Value as Json;
use testkit::{Home, Point, Receiver, Reply, TEMPORARY, full, is_complete, parts, points, said, this_test};

const START: [&str; 3] = ["START", "-", "-"];
const EXIT: [&str; 3] = ["EXIT", "OK", "-"];
const FATAL: [&str; 3] = ["FATAL", "netdata:netdata", "0266@../daemon/:signals_handle /4"];

/// The event, and the outcome without a kill.
struct Scenario {
    name: &'static str,
    happened: [&'static str; 3],
    reply: Reply,
    /// Whether other events are waiting.
    waiting: bool,
}

const SCENARIOS: [Scenario; 3] = [
    Scenario { name: "START, and three events wait", happened: START, reply: Reply::Then(200, 200), waiting: true },
    Scenario {
        name: "FATAL, the server is out of order",
        happened: FATAL,
        reply: Reply::Status(503, ""),
        waiting: false,
    },
    Scenario { name: "EXIT into an empty folder", happened: EXIT, reply: Reply::Status(200, ""), waiting: false },
];

/// They mostly wait for strace and the disk.
const WORKERS: usize = 4;

/// The further calls of the daemon until everything must have arrived.
const PATIENCE: usize = 5;

fn program() -> PathBuf {
    testkit::given_away("anonymous-statistics")
}

/// Runs a call under strace, which may kill it.
fn traced(strace: &[String], home: &Home, happened: [&str; 3], options: &[&str], log: &Path) -> ExitStatus {
    let call = home.call(&full(happened));
    testkit::command(strace)
        .args(["-f", "-o"])
        .arg(log)
        .args(options)
        .arg("--")
        .arg(program())
        .args(&call.arguments)
        .env_clear()
        .envs(&call.environment)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap()
}

fn call(home: &Home, happened: [&str; 3]) -> (String, String, i32) {
    said(&home.call(&full(happened)).command_of(program()).output().unwrap())
}

/// Whether a killed call kept its event: the rename and then the folder's fsync had returned.
fn was_kept(log: &Path) -> bool {
    let text = std::fs::read_to_string(log).unwrap();
    let returned = |line: &&str| line.ends_with(" = 0");
    let mut lines = text.lines().skip_while(|line| !(line.contains(" renameat") && returned(line)));
    lines.any(|line| line.contains(" fsync(") && returned(&line))
}

/// The servers, and the waiting events of each run.
struct Bench {
    strace: &'static [String],
    scenario: &'static Scenario,
    /// Answers according to the scenario.
    server: Receiver,
    /// Answers 200 to everything.
    good: Receiver,
    /// Names and contents of the waiting events.
    template: Vec<(String, String)>,
}

impl Bench {
    fn new(strace: &'static [String], scenario: &'static Scenario) -> Self {
        let unavailable = Receiver::start(Reply::Status(503, ""));
        let server = Receiver::start(scenario.reply);
        let home = Home::sending_to(&unavailable);
        if scenario.waiting {
            for happened in [START, EXIT, FATAL] {
                assert_eq!(call(&home, happened).0, "503");
            }
        }
        home.redirect_waiting(&unavailable, &server);
        let folder = home.lib().join("anonymous-statistics/waiting");
        let read = |name: String| {
            let content = std::fs::read_to_string(folder.join(&name)).unwrap();
            (name, content)
        };
        let template = home.events("waiting").into_iter().map(read).collect();
        Self { strace, scenario, server, good: Receiver::start(Reply::Then(200, 200)), template }
    }

    fn home(&self) -> Home {
        let home = Home::sending_to(&self.server);
        let state = home.lib().join("anonymous-statistics");
        for folder in [&state, &state.join("waiting"), &state.join("sent")] {
            if self.scenario.waiting {
                std::fs::create_dir(folder).unwrap();
                testkit::set_mode(folder, 0o700);
            }
        }
        for (name, content) in &self.template {
            let file = state.join("waiting").join(name);
            std::fs::write(&file, content).unwrap();
            testkit::set_mode(&file, 0o600);
        }
        home
    }

    /// Kills a call at a point, and checks the remains and their delivery. Returns whether it was killed.
    fn kill(&self, (name, count): &Point) -> bool {
        let what = format!("{}: killed at {name} {count}", self.scenario.name);
        let home = self.home();
        let before = (self.server.requests().len(), self.good.requests().len());
        let trace = format!("trace=renameat,renameat2,fsync,{name}");
        let inject = format!("inject={name}:signal=SIGKILL:when={count}");
        let log = home.path().join("strace");
        let status = traced(self.strace, &home, self.scenario.happened, &["-e", &trace, "-e", &inject], &log);
        // strace exits like the first process. If the two processes interleave differently than in the counted run,
        // nobody is killed.
        let killed = std::fs::read_to_string(&log).unwrap().contains("+++ killed by SIGKILL +++");
        let ended = status.signal() == Some(9) || matches!(status.code(), Some(0 | 28 | 56));
        assert!(ended, "{what}: {status}");

        let kept = self.look(&home, &what);
        assert!(kept.is_some() || !was_kept(&log), "{what}: the event is lost");
        // Makes temporary files a minute older.
        let folder = home.lib().join("anonymous-statistics/waiting");
        for name in home.files("waiting").iter().filter(|name| name.starts_with(TEMPORARY)) {
            let (time, uuid) = name.strip_prefix(TEMPORARY).unwrap().split_once('-').unwrap();
            let older = time.parse::<u64>().unwrap() - 61_000;
            std::fs::rename(folder.join(name), folder.join(format!("{TEMPORARY}{older}-{uuid}"))).unwrap();
        }
        home.redirect_waiting(&self.server, &self.good);
        // On a busy machine a call may run out of time, and leaves the rest to the next.
        let end =
            (0..PATIENCE).map(|_| call(&home, START)).find(|end| end.0 == "200" && home.files("waiting").is_empty());
        assert_eq!(end, Some(("200".into(), String::new(), 0)), "{what}: {:?} wait", home.files("waiting"));

        let arrived: Vec<Vec<u8>> = [&self.server.requests()[before.0..], &self.good.requests()[before.1..]].concat();
        let mut bodies: BTreeMap<String, Json> = BTreeMap::new();
        for request in arrived.iter().filter(|request| is_complete(request)) {
            let body = parts(request).1;
            let uuid = body["uuid"].as_str().unwrap().to_owned();
            let first = bodies.entry(uuid).or_insert_with(|| body.clone());
            assert_eq!(*first, body, "{what}: a repeat differs");
        }
        for (name, content) in &self.template {
            let (_, uuid) = name.split_once('-').unwrap();
            assert_eq!(bodies.get(uuid), Some(&parts(content.as_bytes()).1), "{what}: {name}");
        }
        if let Some(uuid) = kept {
            assert!(bodies.contains_key(&uuid), "{what}: the event did not arrive");
        }
        killed
    }

    /// Checks that every file is a complete entry or a temporary one. Returns the call's own random number.
    fn look(&self, home: &Home, what: &str) -> Option<String> {
        let mut own = None;
        for state in ["waiting", "sent"] {
            for name in home.files(state) {
                let content = std::fs::read(home.lib().join("anonymous-statistics").join(state).join(&name)).unwrap();
                let (time, uuid) = name.trim_start_matches(TEMPORARY).split_once('-').unwrap();
                assert!(time.parse::<u64>().is_ok() && uuid.len() == 36, "{what}: a file {name}");
                if name.starts_with(TEMPORARY) {
                    continue;
                }
                let line = content.split(|byte| *byte == b'\n').next().unwrap();
                assert!(serde_json::from_slice::<Json>(line).is_ok(), "{what}: {name} is damaged");
                let body = parts(&content).1;
                assert_eq!(body["uuid"], uuid, "{what}: {name} is damaged");
                if !self.template.iter().any(|(known, _)| *known == name) {
                    own = Some(uuid.to_owned());
                }
            }
        }
        own
    }
}

#[test]
fn killed_at_any_system_call_no_event_is_lost_or_changed() {
    let test = this_test!();
    let Some(strace) = testkit::strace(test) else { return };
    if testkit::opted_out_here(test) {
        return;
    }
    let mut total = 0;
    for scenario in &SCENARIOS {
        let bench = Bench::new(strace, scenario);
        let home = bench.home();
        let log = home.path().join("strace");
        assert!(traced(strace, &home, scenario.happened, &[], &log).success());
        // The file is synced before it gets its name.
        let calls = std::fs::read_to_string(&log).unwrap();
        let first = |call: &str| calls.lines().position(|line| line.contains(call)).unwrap();
        assert!(first(" fsync(") < first(" renameat"), "{}", scenario.name);
        assert!(was_kept(&log));
        // Once at each; twice with `MORE_KILLS`.
        let rounds = if std::env::var_os("MORE_KILLS").is_some() { 2 } else { 1 };
        let points = &vec![points(&log); rounds].concat();
        let run = move |worker: usize| {
            let bench = Bench::new(strace, scenario);
            (worker..points.len()).step_by(WORKERS).filter(|at| bench.kill(&points[*at])).count()
        };
        let killed: usize = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..WORKERS).map(|worker| scope.spawn(move || run(worker))).collect();
            workers.into_iter().map(|worker| worker.join().unwrap()).sum()
        });
        println!("{}: killed {killed} times at {} system calls", scenario.name, points.len());
        total += killed;
    }
    println!("killed {total} times");
    assert!(total >= 500, "killed only {total} times");
}
