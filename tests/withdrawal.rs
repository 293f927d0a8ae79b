//! Opting out at any moment: strace stops the sender during a call, the file is created, and the sender continues.
//! Until the first byte of the request the file wins.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use testkit::{Call, Home, Receiver, Reply, full, said, this_test};

/// A sender stopped by strace in its working process.
struct Stopped {
    strace: Child,
    sender: Pid,
}

fn until<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "the sender did not get there");
        std::thread::sleep(Duration::from_millis(2));
    }
}

impl Stopped {
    /// Stops it at the given occurrence of a system call.
    fn at(strace: &[String], (system_call, count): (&str, u32), home: &Home, call: &Call) -> Self {
        let log = home.path().join("strace");
        let strace = testkit::command(strace)
            .args(["-f", "-e", &format!("trace={system_call}"), "-e"])
            .arg(format!("inject={system_call}:signal=SIGSTOP:when={count}"))
            .arg("-o")
            .arg(&log)
            .arg(testkit::sender())
            .args(&call.arguments)
            .env_clear()
            .envs(&call.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let sender = until(|| {
            let text = std::fs::read_to_string(&log).ok()?;
            let line = text.lines().find(|line| line.contains("stopped by SIGSTOP"))?;
            Pid::from_raw(line.split_whitespace().next()?.parse().ok()?)
        });
        Self { strace, sender }
    }

    /// Continues the sender and returns its output.
    fn go_on(self) -> (String, String, i32) {
        kill_process(self.sender, Signal::CONT).unwrap();
        said(&self.strace.wait_with_output().unwrap())
    }
}

/// strace, if it works here and nobody has opted out.
fn strace(test: &str) -> Option<&'static [String]> {
    testkit::strace(test).filter(|_| !testkit::opted_out_here(test))
}

const EXIT: [&str; 3] = ["EXIT", "OK", "-"];

/// The event is frozen and synced; no name was looked up.
#[test]
fn created_before_the_look_up_the_file_wins() {
    let Some(strace) = strace(this_test!()) else { return };
    let receiver = Receiver::start(Reply::Status(200, ""));
    for happened in [["START", "-", "-"], EXIT] {
        let home = Home::sending_to(&receiver);
        let stopped = Stopped::at(strace, ("fsync", 1), &home, &home.call(&full(happened)));
        std::fs::write(home.opt_out_file(), "").unwrap();
        assert_eq!(stopped.go_on(), (String::new(), String::new(), 0));
        assert_eq!(home.files("waiting").len() + home.files("sent").len(), 0);
    }
    assert_eq!(receiver.connections(), 0);
}

/// The connection exists; no byte was written.
#[test]
fn created_before_the_first_byte_the_file_wins() {
    let Some(strace) = strace(this_test!()) else { return };
    for happened in [["START", "-", "-"], EXIT] {
        let receiver = Receiver::start(Reply::Status(200, ""));
        let home = Home::sending_to(&receiver);
        let stopped = Stopped::at(strace, ("connect", 1), &home, &home.call(&full(happened)));
        std::fs::write(home.opt_out_file(), "").unwrap();
        assert_eq!(stopped.go_on(), (String::new(), String::new(), 0));
        until(|| (receiver.connections() == 1).then_some(()));
        assert_eq!(receiver.requests().len(), 0, "a byte arrived");
        assert_eq!(home.files("waiting").len() + home.files("sent").len(), 0);
    }
}

/// The same for a connection to a proxy, which gets no request either.
#[test]
fn created_before_the_first_byte_to_a_proxy_the_file_wins() {
    let Some(strace) = strace(this_test!()) else { return };
    let proxy = Receiver::start(Reply::Status(200, ""));
    let home = Home::new();
    home.configure("url = \"https://posthog.example.org/capture/\"\napi_key = \"k\"\n");
    let call = home.call(&full(EXIT)).with("https_proxy", proxy.url().trim_end_matches("/capture/"));
    let stopped = Stopped::at(strace, ("connect", 1), &home, &call);
    std::fs::write(home.opt_out_file(), "").unwrap();
    assert_eq!(stopped.go_on(), (String::new(), String::new(), 0));
    until(|| (proxy.connections() == 1).then_some(()));
    assert_eq!(proxy.requests().len(), 0, "a byte arrived");
    assert_eq!(home.files("waiting").len() + home.files("sent").len(), 0);
}

/// A request after its first byte is finished: the window in the documentation.
#[test]
fn created_after_the_first_byte_the_request_is_finished() {
    let Some(strace) = strace(this_test!()) else { return };
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = Home::sending_to(&receiver);
    let stopped = Stopped::at(strace, ("sendto", 1), &home, &home.call(&full(EXIT)));
    std::fs::write(home.opt_out_file(), "").unwrap();
    assert_eq!(stopped.go_on(), ("200".into(), String::new(), 0));
    assert_eq!(receiver.requests().len(), 1);
}

/// The same for a waiting event: this call's own event is sent, and the file is created before the other.
#[test]
fn created_between_two_requests_what_waits_is_deleted() {
    let Some(strace) = strace(this_test!()) else { return };
    let unavailable = Receiver::start(Reply::Status(503, ""));
    let home = Home::sending_to(&unavailable);
    home.call(&full(EXIT)).run();
    let receiver = Receiver::start(Reply::Then(200, 200));
    home.redirect_waiting(&unavailable, &receiver);
    // The event is stored, rewritten with the answer, and moved into the history: its third rename.
    let stopped = Stopped::at(strace, ("renameat,renameat2", 3), &home, &home.call(&full(["START", "-", "-"])));
    assert_eq!(receiver.requests().len(), 1);
    std::fs::write(home.opt_out_file(), "").unwrap();
    assert_eq!(stopped.go_on(), ("200".into(), String::new(), 0));
    assert_eq!((receiver.requests().len(), home.files("waiting").len()), (1, 0));
}

/// Opts out with the preview, and returns its output.
fn opt_out(home: &Home) -> String {
    let mut command = Command::new(testkit::program("telemetry-preview"));
    command.args(["opt-out", "--config-dir"]).arg(home.config()).arg("--lib-dir").arg(home.lib());
    let (out, err, code) = said(&command.env_clear().stdin(Stdio::null()).output().unwrap());
    assert_eq!((err.as_str(), code), ("", 0), "{out}");
    out
}

/// The sender has made its last check and is delayed before its first byte: the opt-out waits for it, and what it
/// reports is final.
#[test]
fn when_opt_out_has_returned_no_request_begins() {
    const DELAY: Duration = Duration::from_millis(500);
    let Some(strace) = strace(this_test!()) else { return };
    let mut sent = 0;
    for round in 0..8 {
        let receiver = Receiver::start(Reply::Status(200, ""));
        let home = Home::sending_to(&receiver);
        let call = home.call(&full(EXIT));
        let sender = testkit::command(strace)
            .args(["-f", "-o", "/dev/null", "-e", "trace=sendto", "-e"])
            .arg(format!("inject=sendto:delay_enter={}:when=1", DELAY.as_micros()))
            .arg(testkit::sender())
            .args(&call.arguments)
            .env_clear()
            .envs(&call.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        until(|| (receiver.connections() == 1).then_some(()));
        std::thread::sleep(Duration::from_millis(round * 5));
        opt_out(&home);
        // Written bytes need a moment to arrive.
        std::thread::sleep(DELAY / 5);
        let begun = receiver.requests().len();
        let (out, err, _) = said(&sender.wait_with_output().unwrap());
        assert_eq!(receiver.requests().len(), begun, "round {round}: {out} {err}");
        assert_eq!(home.files("waiting"), [""; 0], "round {round}");
        sent += begun;
    }
    assert!(sent > 0, "nobody was held up between the last look and the first byte");
}

/// A stopped sender without its first process: nobody kills it.
#[test]
fn where_opting_out_takes_too_long_it_says_so() {
    let Some(strace) = strace(this_test!()) else { return };
    let home = Home::sending_to(&Receiver::start(Reply::Status(200, "")));
    let stopped = Stopped::at(strace, ("sendto", 1), &home, &home.call(&full(EXIT)));
    let status = std::fs::read_to_string(format!("/proc/{}/status", stopped.sender.as_raw_nonzero())).unwrap();
    let first = status.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok()).unwrap();
    kill_process(Pid::from_raw(first).unwrap(), Signal::KILL).unwrap();
    assert!(opt_out(&home).contains("one request may still be sent"));
    kill_process(stopped.sender, Signal::KILL).unwrap();
    assert!(!opt_out(&home).contains("one request may still be sent"));
    stopped.strace.wait_with_output().unwrap();
}

/// The server is out of order, and the sender is about to record it.
#[test]
fn what_was_deleted_while_it_was_tried_does_not_come_back() {
    let Some(strace) = strace(this_test!()) else { return };
    // The second rename is the record's. The event is deleted before it, or the record is finished before the deletion.
    for system_call in [("renameat,renameat2", 2), ("sendto", 1)] {
        let home = Home::sending_to(&Receiver::start(Reply::Status(503, "")));
        let stopped = Stopped::at(strace, system_call, &home, &home.call(&full(EXIT)));
        let sender = stopped.sender;
        let opting = std::thread::scope(|scope| {
            let opting = scope.spawn(|| opt_out(&home));
            std::thread::sleep(Duration::from_millis(300));
            kill_process(sender, Signal::CONT).unwrap();
            opting.join().unwrap()
        });
        assert!(opting.contains("Deleted 1 event"), "{opting}");
        assert_eq!(said(&stopped.strace.wait_with_output().unwrap()).0, "503");
        assert_eq!(home.files("waiting"), [""; 0]);
    }
}
