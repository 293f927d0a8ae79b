//! A server's possible answers: each row of `table.rs`, with the real sender and real bytes on loopback.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]
#![allow(unreachable_pub, reason = "as in the other tests' modules")]

mod table;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value as Json;
use table::{ANSWERS, Disposition, RETRY_AFTER, STATUSES};
use testkit::{Home, is_complete, opted_out_here, said, this_test};

/// A server that gives everybody the same bytes and closes.
struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Server {
    fn start(answer: Vec<u8>, polite: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                // The sender may close first.
                let _ = serve(stream, &answer, polite);
            }
        });
        Self { port, connections }
    }

    fn home(&self) -> Home {
        let home = Home::new();
        home.configure(&format!("url = \"http://127.0.0.1:{}/capture/\"\n", self.port));
        home
    }
}

fn serve(mut stream: TcpStream, answer: &[u8], polite: bool) -> std::io::Result<()> {
    let read = |stream: &mut TcpStream| -> std::io::Result<()> {
        let (mut all, mut buffer) = (Vec::new(), [0; 16 * 1024]);
        while !is_complete(&all) {
            let length = stream.read(&mut buffer)?;
            if length == 0 {
                break;
            }
            all.extend_from_slice(&buffer[..length]);
        }
        Ok(())
    };
    if polite {
        read(&mut stream)?;
        return stream.write_all(answer);
    }
    stream.write_all(answer)?;
    // Closing with unread bytes would reset the connection and discard the answer.
    read(&mut stream)
}

/// The output, and the home with the event.
fn ask(server: &Server) -> ((String, String, i32), Home) {
    let home = server.home();
    (said(&home.start().run()), home)
}

fn is_where(home: &Home, fate: Disposition, what: &str) {
    let found = (home.events("waiting").len(), home.events("sent").len());
    assert_eq!(found, if fate == Disposition::Waits { (1, 0) } else { (0, 1) }, "{what}");
}

/// The first line of the only entry in a state.
fn record(home: &Home, state: &str) -> Json {
    let name = &home.events(state)[0];
    let entry = std::fs::read(home.lib().join("anonymous-statistics").join(state).join(name)).unwrap();
    serde_json::from_slice(entry.split(|byte| *byte == b'\n').next().unwrap()).unwrap()
}

#[test]
fn the_status_decides_what_becomes_of_the_event() {
    if opted_out_here(this_test!()) {
        return;
    }
    for (_, statuses, fate) in STATUSES {
        for status in *statuses {
            let answer =
                format!("HTTP/1.1 {status} Status\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n");
            let server = Server::start(answer.into_bytes(), true);
            let (said, home) = ask(&server);
            assert_eq!(said, (status.to_string(), String::new(), 0), "{status}");
            is_where(&home, *fate, &status.to_string());
            assert_eq!(server.connections.load(Ordering::SeqCst), 1, "{status}");
            let state = if *fate == Disposition::Waits { "waiting" } else { "sent" };
            assert_eq!(record(&home, state)["status"], *status);
        }
    }
}

#[test]
fn an_unusual_answer_is_understood_or_it_is_none() {
    if opted_out_here(this_test!()) {
        return;
    }
    let mut wrong = Vec::new();
    for answer in ANSWERS {
        let byte = |c: char| u8::try_from(u32::from(c)).unwrap();
        let mut bytes: Vec<u8> = answer.bytes.chars().map(byte).collect();
        bytes.extend(answer.then.0.repeat(answer.then.1).bytes());
        if answer.then.1 > 0 {
            bytes.extend(b"\r\n\r\n");
        }
        let server = Server::start(bytes, answer.polite);
        let (said, home) = ask(&server);
        let found = (home.events("waiting").len(), home.events("sent").len());
        let expected = if answer.fate == Disposition::Waits { (1, 0) } else { (0, 1) };
        if said != (answer.out.to_owned(), String::new(), answer.code) || found != expected {
            wrong.push(format!("{}: {said:?}, {found:?}", answer.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_server_says_when_to_come_again() {
    if opted_out_here(this_test!()) {
        return;
    }
    for (value, seconds) in RETRY_AFTER {
        let answer = format!("HTTP/1.1 503 Busy\r\nretry-after: {value}\r\ncontent-length: 0\r\n\r\n");
        let (said, home) = ask(&Server::start(answer.into_bytes(), true));
        assert_eq!(said.0, "503");
        let record = record(&home, "waiting");
        // Exact to the millisecond: the server's delay counts from the recorded end of the attempt.
        let until = seconds.map(|seconds| record["time"].as_u64().unwrap() + seconds * 1000);
        assert_eq!(record["not_before"].as_u64(), until, "{value:?}");
    }
    // Only a waiting event has a time for its next attempt.
    let (_, home) = ask(&Server::start(b"HTTP/1.1 200 OK\r\nretry-after: 100\r\n\r\n".to_vec(), true));
    assert_eq!(record(&home, "sent")["not_before"], Json::Null);
}
