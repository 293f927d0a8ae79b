//! A server on loopback.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A server on loopback that answers every request alike and keeps it.
pub struct Receiver {
    pub(crate) address: String,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
    connections: Arc<Mutex<usize>>,
}

#[derive(Clone, Copy)]
pub enum Reply {
    /// Answers with this status and these additional header lines.
    Status(u16, &'static str),
    /// Reads the request and never answers.
    Silence,
    /// Reads the request and closes the connection.
    Close,
    /// Answers the first request of each connection, and closes it at the first byte of a second.
    OnceEach,
    /// Answers the first request of each connection with the first status, and later ones with the second.
    Then(u16, u16),
}

impl Receiver {
    pub fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let received = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(Mutex::new(0));
        let (all, count) = (Arc::clone(&received), Arc::clone(&connections));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                *count.lock().unwrap() += 1;
                let all = Arc::clone(&all);
                std::thread::spawn(move || {
                    let _ = serve(stream.unwrap(), reply, &all);
                });
            }
        });
        Self { address, received, connections }
    }

    pub fn url(&self) -> String {
        format!("http://{}/capture/", self.address)
    }

    /// The requests so far, with all bytes.
    pub fn requests(&self) -> Vec<Vec<u8>> {
        self.received.lock().unwrap().clone()
    }

    /// Waits for this number of requests.
    pub fn wait_for(&self, number: usize, time: Duration) -> Vec<Vec<u8>> {
        let until = Instant::now() + time;
        while self.requests().len() < number && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.requests()
    }

    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    /// The only request: its head, and its body as JSON.
    pub fn single(&self) -> (String, serde_json::Value) {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "expected one request");
        parts(&requests[0])
    }
}

fn serve(mut stream: TcpStream, reply: Reply, all: &Mutex<Vec<Vec<u8>>>) -> std::io::Result<()> {
    if let Reply::Then(first, then) = reply {
        let one = |status, stream: &mut TcpStream| serve_one(stream, Reply::Status(status, ""), all);
        one(first, &mut stream)?;
        while one(then, &mut stream)? {}
        return Ok(());
    }
    if matches!(reply, Reply::OnceEach) {
        serve_one(&mut stream, Reply::Status(200, ""), all)?;
        // The unread rest makes the close a reset.
        return stream.read(&mut [0]).map(drop);
    }
    serve_one(&mut stream, reply, all).map(drop)
}

/// Serves one request, and returns whether there was one.
fn serve_one(stream: &mut TcpStream, reply: Reply, all: &Mutex<Vec<Vec<u8>>>) -> std::io::Result<bool> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = stream.read(&mut buffer)?;
        bytes.extend_from_slice(&buffer[..read]);
        if read == 0 || is_complete(&bytes) {
            break;
        }
    }
    if bytes.is_empty() {
        return Ok(false);
    }
    all.lock().unwrap().push(bytes);
    match reply {
        Reply::Status(status, headers) => {
            // In one write: the kernel would delay a second until the first is acknowledged.
            let answer = format!("HTTP/1.1 {status} Status\r\ncontent-length: 2\r\n{headers}\r\nok");
            stream.write_all(answer.as_bytes())?;
        }
        Reply::Silence => std::thread::sleep(Duration::from_secs(30)),
        Reply::Close | Reply::OnceEach | Reply::Then(..) => {}
    }
    Ok(true)
}

/// Whether the request is complete.
pub fn is_complete(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
    bytes.len() >= end + 4 + length.unwrap_or(0)
}

pub fn parts(request: &[u8]) -> (String, serde_json::Value) {
    let end = request.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8(request[..end].to_vec()).unwrap();
    (head, serde_json::from_slice(&request[end..]).unwrap())
}
