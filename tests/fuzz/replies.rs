//! The answer of a server or proxy as a function of bytes: the sender's own HTTP code over an in-memory connection.

#[path = "../../src/bin/anonymous-statistics/transport/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the target uses a part of it")]
mod transport;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anonymous_statistics::endpoint::Endpoint;
use anonymous_statistics::outbox::limits;
use anonymous_statistics::outbox::outcome::{Outcome, Reply};
use anonymous_statistics::request::http::{PreparedRequest, parse_stored};
use transport::Client;
use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
};

/// Longer than anything in memory takes.
const LONG: Duration = Duration::from_secs(5);

/// The first byte selects a server, or a proxy before one. The second is the number of bytes per read. The rest is the
/// answer on each new connection.
pub fn server_reply(bytes: &[u8]) {
    let [who, piece, said @ ..] = bytes else { return };
    let memory = Memory { said: said.into(), piece: usize::from(*piece).max(1), heard: Arc::default() };
    let heard = Arc::clone(&memory.heard);
    let through_proxy = who % 2 == 1;
    let endpoint = if through_proxy { "https://posthog.example.org/capture/" } else { "http://127.0.0.1:9/capture/" };
    let endpoint = Endpoint::parse(endpoint).expect("a URL");
    let set = |name: &str| (through_proxy && name == "https_proxy").then(|| "http://joe:secret@127.0.0.1:9".into());
    let proxy = anonymous_statistics::proxy::choose(&endpoint, set);
    let request = request(&endpoint);
    let mut client = Client::over(&endpoint, proxy.as_ref(), memory).expect("a way");
    // Twice, because the second may reuse the first one's connection.
    for _ in 0..2 {
        judge(client.send(&request, LONG));
    }
    let heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
    let wire = request.to_bytes();
    if !through_proxy {
        let heard = heard.concat();
        assert!(heard.chunks(wire.len()).all(|part| part == wire), "something else than the request was written");
    } else if let [asked, ..] = heard.as_slice() {
        // In one piece, like curl's: not every proxy waits for the rest of a line.
        assert!(asked.starts_with(b"CONNECT posthog.example.org:443 HTTP/1.1\r\n"), "a proxy is asked first");
        assert!(asked.ends_with(b"\r\n\r\n"), "a proxy is asked in pieces");
        // The request goes into TLS only, not to the proxy.
        assert!(!heard.concat().windows(11).any(|window| window == b"distinct_id"));
    }
}

fn request(endpoint: &Endpoint) -> PreparedRequest {
    let body = r#"{"api_key":"k","event":"START -","properties":{"distinct_id":"x"}}"#;
    let frozen = format!(
        "POST /capture/ HTTP/1.1\r\nhost: {}\r\nuser-agent: u\r\naccept: */*\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        endpoint.authority(),
        body.len()
    );
    parse_stored(frozen.as_bytes(), endpoint).expect("a request")
}

fn judge(reply: Reply) {
    match reply.outcome {
        Outcome::Answered(status) => assert!((100..=999).contains(&status), "{status}"),
        Outcome::Failed(failure) => assert!(failure.exit_code() > 0 && failure.exit_code() != 28, "{failure:?}"),
        Outcome::Withdrawn => panic!("nobody withdrew"),
    }
    let latest = reply.time + u64::try_from(limits::RETRY_AFTER.as_millis()).expect("a time");
    assert!(reply.not_before.is_none_or(|time| (reply.time..=latest).contains(&time)));
}

/// Makes connections on which the peer sends these bytes and then nothing.
#[derive(Clone)]
struct Memory {
    said: Arc<[u8]>,
    piece: usize,
    /// Each write.
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").finish_non_exhaustive()
    }
}

impl<In: Transport> Connector<In> for Memory {
    type Out = Either<In, Line>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        if let Some(chained) = chained {
            return Ok(Some(Either::A(chained)));
        }
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(Either::B(Line { memory: self.clone(), at: 0, buffers })))
    }
}

struct Line {
    memory: Memory,
    /// The number of bytes sent so far.
    at: usize,
    buffers: LazyBuffers,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("at", &self.at).finish_non_exhaustive()
    }
}

impl Transport for Line {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
        let output = &self.buffers.output()[..amount];
        self.memory.heard.lock().unwrap_or_else(PoisonError::into_inner).push(output.to_vec());
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        let rest = self.memory.said.get(self.at..).unwrap_or_default();
        let buffer = self.buffers.input_append_buf();
        let length = rest.len().min(self.memory.piece).min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.buffers.input_appended(length);
        self.at += length;
        Ok(length > 0)
    }

    fn is_open(&mut self) -> bool {
        self.at < self.memory.said.len()
    }
}
