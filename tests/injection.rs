//! Fails each system call of each program once, in four ways (strace): nothing hangs or panics, and no error becomes a
//! yes or a no. Anything that could not be seen is unknown.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value as Json;
use testkit::{Home, Point, Receiver, Reply, full, is_complete, points, this_test};

const ERRORS: [&str; 4] = ["EIO", "EMFILE", "ENOSPC", "ENOMEM"];

/// They mostly wait for strace.
const WORKERS: usize = 4;

/// Longer than any deadline, in seconds: the program hangs.
const HANGS: &str = "30";
/// The exit status of timeout(1) after a kill.
const KILLED: i32 = 137;

/// A failure of these prevents any program from running, or ends Rust's startup code or allocator.
const VITAL: [&str; 13] = [
    "execve",
    "brk",
    "mmap",
    "mremap",
    "mprotect",
    "arch_prctl",
    "set_tid_address",
    "poll",
    "rt_sigaction",
    "sigaltstack",
    "futex",
    "exit_group",
    "pread64",
];

/// The deciding source on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// None: there is consent.
    Yes,
    File,
    Daemon,
}

struct Case {
    program: &'static str,
    arguments: &'static [&'static str],
    says: Says,
}

const fn case(program: &'static str, arguments: &'static [&'static str], says: Says) -> Case {
    Case { program, arguments, says }
}

const SENDER: &str = "anonymous-statistics";
const PREVIEW: &str = "telemetry-preview";

const CASES: [Case; 13] = [
    case(SENDER, &["START"], Says::Yes),
    case(SENDER, &["START"], Says::File),
    case(PREVIEW, &["status", "--json"], Says::Yes),
    case(PREVIEW, &["status", "--json"], Says::File),
    case(PREVIEW, &["status", "--json"], Says::Daemon),
    case(PREVIEW, &["check", "--expect", "off"], Says::Yes),
    case(PREVIEW, &["check", "--expect", "on"], Says::File),
    case(PREVIEW, &["check", "--expect", "on"], Says::Daemon),
    case(PREVIEW, &["show", "--json"], Says::Yes),
    case(PREVIEW, &["history", "--json"], Says::Yes),
    case(PREVIEW, &["opt-out"], Says::Yes),
    case(PREVIEW, &["opt-in", "--yes"], Says::File),
    case("system-info", &["--json"], Says::Yes),
];

/// A machine with a running agent.
struct Place {
    home: Home,
    receiver: Receiver,
    daemon: Option<Child>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(daemon) = &mut self.daemon {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

impl Place {
    fn new(case: &Case) -> Self {
        let receiver = Receiver::start(Reply::Then(200, 200));
        let home = Home::sending_to(&receiver);
        // The newest version that reports by its script only.
        std::fs::write(home.lib().join("status-netdata.json"), r#"{"agent": {"version": "v2.2.6"}}"#).unwrap();
        let mut place = Self { home, receiver, daemon: None };
        if case.program == PREVIEW {
            let sender = testkit::given_away(SENDER);
            std::fs::copy(sender, place.home.path().join("plugins/anonymous-statistics.sh")).unwrap();
            // A child writes the file: while this process has it open for writing, a test's fork would make it
            // unexecutable.
            let program = place.home.path().join("netdata");
            assert!(Command::new("cp").arg(testkit::find("sleep").unwrap()).arg(&program).status().unwrap().success());
            let mut daemon = Command::new(program);
            daemon.arg("600").env_clear().envs(&place.home.start().environment).stdin(Stdio::null());
            if case.says == Says::Daemon {
                daemon.env("DO_NOT_TRACK", "1");
            }
            place.daemon = Some(daemon.spawn().unwrap());
        }
        place.prepare(case);
        place
    }

    /// Restores the state before each run.
    fn prepare(&self, case: &Case) {
        let _ = std::fs::remove_file(self.home.opt_out_file());
        let _ = std::fs::remove_dir_all(self.home.lib().join("anonymous-statistics"));
        if case.says == Says::File {
            std::fs::write(self.home.opt_out_file(), "").unwrap();
        }
    }

    fn run(&self, strace: &[String], case: &Case, options: &[&str]) -> Output {
        self.prepare(case);
        let mut command = Command::new("timeout");
        command.args(["-s", "KILL", HANGS]).args(strace).arg("-f").args(options).arg("--");
        command.arg(testkit::given_away(case.program));
        let call = self.home.start();
        match case.program {
            SENDER => command.args(full(["START", "-", "-"])),
            _ => command.args(case.arguments),
        };
        command.env_clear().envs(&call.environment).env("PATH", testkit::search_path());
        command.current_dir("/").stdin(Stdio::null()).output().unwrap()
    }

    /// Returns the defect in a run's outcome.
    fn wrong(&self, case: &Case, vital: bool, ran: &Output) -> Option<String> {
        let code = ran.status.code();
        // strace ends with the program's own signal.
        if code == Some(KILLED) {
            return Some("hangs".to_owned());
        }
        if !vital
            && (code.is_none_or(|code| code == 101 || code > 128)
                || String::from_utf8_lossy(&ran.stderr).contains("panicked"))
        {
            return Some(format!("ends by {}: {}", ran.status, String::from_utf8_lossy(&ran.stderr)));
        }
        let out = String::from_utf8_lossy(&ran.stdout);
        let json: Option<Json> = serde_json::from_slice(&ran.stdout).ok();
        let decision = json.as_ref().and_then(|json| json["decision"].as_str());
        let connections = self.receiver.connections() > 0;
        let whole = || self.receiver.requests().iter().any(|request| is_complete(request));
        let is_wrong = match (case.program, case.arguments[0], case.says) {
            (SENDER, _, Says::Yes) => out == "200" && !whole(),
            (SENDER, ..) => connections || !out.is_empty(),
            (PREVIEW, "status", Says::Yes) => decision == Some("opted out"),
            (PREVIEW, "status", _) => decision == Some("allowed"),
            (PREVIEW, "check", _) => code == Some(0),
            (PREVIEW, "opt-out", _) => code == Some(0) && !self.home.opt_out_file().exists(),
            (PREVIEW, "opt-in", _) => code == Some(0) && self.home.opt_out_file().exists(),
            _ => code == Some(0) && json.is_none(),
        };
        is_wrong.then(|| format!("{}: {out}{}", ran.status, String::from_utf8_lossy(&ran.stderr)))
    }
}

/// All failures of a case, and the number of injected errors.
fn inject(strace: &[String], case: &Case) -> (usize, Vec<String>) {
    let place = Place::new(case);
    let log = place.home.path().join("strace");
    let undisturbed = place.run(strace, case, &["-o", log.to_str().unwrap()]);
    if let Some(what) = place.wrong(case, false, &undisturbed) {
        return (0, vec![format!("{} {:?}, {:?}, without an error: {what}", case.program, case.arguments, case.says)]);
    }
    let points = points(&log);
    let next = AtomicUsize::new(0);
    let work = || {
        let place = Place::new(case);
        let mut wrong = Vec::new();
        while let Some((point, error)) = nth(&points, next.fetch_add(1, Ordering::Relaxed)) {
            // A separate receiver, so that its requests are from this run only.
            let place = if case.program == SENDER { &Place::new(case) } else { &place };
            let (name, count) = point;
            let inject = format!("inject={name}:error={error}:when={count}");
            let trace = format!("trace={name}");
            let ran = place.run(strace, case, &["-o", "/dev/null", "-e", &trace, "-e", &inject]);
            if let Some(what) = place.wrong(case, VITAL.contains(&name.as_str()), &ran) {
                wrong.push(format!(
                    "{} {:?}, {:?}: {name} {count} {error} {what}",
                    case.program, case.arguments, case.says
                ));
            }
        }
        wrong
    };
    let wrong = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    (points.len() * ERRORS.len(), wrong)
}

fn nth(points: &[Point], at: usize) -> Option<(&Point, &'static str)> {
    Some((points.get(at / ERRORS.len())?, ERRORS[at % ERRORS.len()]))
}

#[test]
fn an_error_is_no_answer() {
    let test = this_test!();
    let Some(strace) = testkit::strace(test).filter(|_| !testkit::opted_out_here(test)) else { return };
    let missing: Vec<PathBuf> = CASES
        .iter()
        .map(|case| testkit::given_away(case.program))
        .filter(|program| !Path::new(program).exists())
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    let (mut total, mut wrong) = (0, Vec::new());
    for case in &CASES {
        let begin = std::time::Instant::now();
        let (number, found) = inject(strace, case);
        println!(
            "{} {:?}, {:?}: {number} errors, {} wrong, {:.0?}",
            case.program,
            case.arguments,
            case.says,
            found.len(),
            begin.elapsed()
        );
        total += number;
        wrong.extend(found);
    }
    println!("{total} errors injected, {} wrong", wrong.len());
    assert!(wrong.is_empty(), "{} of {total}:\n{}", wrong.len(), wrong.join("\n"));
}
