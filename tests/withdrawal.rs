//! Opting out at any moment: the sender is stopped in the middle of a call (strace), the file is created, and the sender
//! goes on. Up to the first byte of the request the file wins.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

mod support;

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use support::{Call, Home, Receiver, Reply, full, said};

/// A sender that strace stops in the middle of its work: the process that works.
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
    /// Stops it at a system call: the first, second ... of this name.
    fn at(strace: &[String], (system_call, count): (&str, u32), home: &Home, call: &Call) -> Self {
        let log = home.path().join("strace");
        let strace = support::command(strace)
            .args(["-f", "-e", &format!("trace={system_call}"), "-e"])
            .arg(format!("inject={system_call}:signal=SIGSTOP:when={count}"))
            .arg("-o")
            .arg(&log)
            .arg(support::sender())
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

    /// Lets the sender go on and returns what it said.
    fn go_on(self) -> (String, String, i32) {
        kill_process(self.sender, Signal::CONT).unwrap();
        said(&self.strace.wait_with_output().unwrap())
    }
}

/// strace, where it is and nobody has opted out.
fn strace(test: &str) -> Option<&'static [String]> {
    support::strace(test).filter(|_| !support::opted_out_here(test))
}

const EXIT: [&str; 3] = ["EXIT", "OK", "-"];

/// The event is frozen and synced; no name was looked up.
#[test]
fn created_before_the_look_up_the_file_wins() {
    let Some(strace) = strace("created_before_the_look_up_the_file_wins") else { return };
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

/// The connection is there; no byte was written.
#[test]
fn created_before_the_first_byte_the_file_wins() {
    let Some(strace) = strace("created_before_the_first_byte_the_file_wins") else { return };
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

/// The same where the connection is one to a proxy: that is not asked for anything either.
#[test]
fn created_before_the_first_byte_to_a_proxy_the_file_wins() {
    let Some(strace) = strace("created_before_the_first_byte_to_a_proxy_the_file_wins") else { return };
    let proxy = Receiver::start(Reply::Status(200, ""));
    let home = Home::new();
    home.configure("url = \"https://posthog.example.org/capture/\"\n");
    let call = home.call(&full(EXIT)).with("https_proxy", proxy.url().trim_end_matches("/capture/"));
    let stopped = Stopped::at(strace, ("connect", 1), &home, &call);
    std::fs::write(home.opt_out_file(), "").unwrap();
    assert_eq!(stopped.go_on(), (String::new(), String::new(), 0));
    until(|| (proxy.connections() == 1).then_some(()));
    assert_eq!(proxy.requests().len(), 0, "a byte arrived");
    assert_eq!(home.files("waiting").len() + home.files("sent").len(), 0);
}

/// A request whose first byte was written is finished: the window that the documentation states.
#[test]
fn created_after_the_first_byte_the_request_is_finished() {
    let Some(strace) = strace("created_after_the_first_byte_the_request_is_finished") else { return };
    let receiver = Receiver::start(Reply::Status(200, ""));
    let home = Home::sending_to(&receiver);
    let stopped = Stopped::at(strace, ("sendto", 1), &home, &home.call(&full(EXIT)));
    std::fs::write(home.opt_out_file(), "").unwrap();
    assert_eq!(stopped.go_on(), ("200".into(), String::new(), 0));
    assert_eq!(receiver.requests().len(), 1);
}

/// The same for an event that waited: this call's own event was sent, and the file is created before the other.
#[test]
fn created_between_two_requests_what_waits_is_deleted() {
    let Some(strace) = strace("created_between_two_requests_what_waits_is_deleted") else { return };
    let unavailable = Receiver::start(Reply::Status(503, ""));
    let home = Home::sending_to(&unavailable);
    home.call(&full(EXIT)).run();
    let receiver = Receiver::start(Reply::Then(200, 200));
    home.redirect_waiting(&unavailable, &receiver);
    // The event is kept under its name, rewritten with the answer, and moved into the history: the third rename.
    let stopped = Stopped::at(strace, ("renameat,renameat2", 3), &home, &home.call(&full(["START", "-", "-"])));
    assert_eq!(receiver.requests().len(), 1);
    std::fs::write(home.opt_out_file(), "").unwrap();
    assert_eq!(stopped.go_on(), ("200".into(), String::new(), 0));
    assert_eq!((receiver.requests().len(), home.files("waiting").len()), (1, 0));
}
