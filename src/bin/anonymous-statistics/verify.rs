//! `--verify`: does the sender's HTTP code write the bytes that the preview shows?
//!
//! The request is for its real destination. In place of the TLS stream its bytes go to a socket of this program, and
//! are compared with the prepared ones. No name is looked up, no other connection is made, and nothing is kept.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use anonymous_statistics::digest::sha256;
use anonymous_statistics::endpoint::Endpoint;
use anonymous_statistics::outbox::outcome::Outcome;
use anonymous_statistics::request::Assembly;
use anonymous_statistics::request::http::METHOD;
use anonymous_statistics::request::payload::BODY_BYTES;
use anonymous_statistics::text::printable;

use crate::transport::Client;

/// Both ends are in this process, so this is ample.
const PATIENCE: Duration = Duration::from_secs(5);

const SCOPE: &str =
    "This covers the request line, every header and the body, as the sender's own code writes them. It does not
cover TLS and the address: there the same bytes go through the TLS library to the destination above.
Nothing left this machine.
";

/// The report, and whether both are identical.
pub(crate) fn verify(endpoint: &Endpoint, assembly: &Assembly) -> io::Result<(String, bool)> {
    let prepared = assembly.request.to_bytes();
    let sent = through_a_socket(endpoint, assembly, prepared.len())?;
    let mut text = format!("{METHOD} {endpoint}\n");
    for (label, bytes) in [("prepared", &prepared), ("sent", &sent)] {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{label:9} {} bytes, SHA-256 {}", bytes.len(), sha256(bytes));
    }
    let open = assembly.event.not_of_now().count();
    if open > 0 {
        let _ = writeln!(
            text,
            "{open} values only the daemon knows: in both they are null, or the last event's; --call FILE brings them."
        );
    }
    match difference(&prepared, &sent) {
        None => text.push_str("identical\n\n"),
        Some(difference) => {
            let _ = writeln!(text, "DIFFERENT {difference}\n");
        }
    }
    text.push_str(SCOPE);
    Ok((text, prepared == sent))
}

/// Sends the request to a socket of this program, and returns the received bytes.
fn through_a_socket(endpoint: &Endpoint, assembly: &Assembly, expected: usize) -> io::Result<Vec<u8>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let receiver = std::thread::Builder::new().spawn(move || receive(&listener, expected))?;
    let failed =
        |what: &str| io::Error::other(format!("the request could not be sent to this program's own socket: {what}"));
    let mut client = Client::to_own_socket(endpoint, address).map_err(|failure| failed(failure.describe()))?;
    match client.send(&assembly.request, PATIENCE).outcome {
        Outcome::Answered(_) => {}
        Outcome::Failed(failure) => return Err(failed(failure.describe())),
        Outcome::Withdrawn => return Err(failed("consent was withdrawn")),
    }
    // This closes the connection, which ends the receiver.
    drop(client);
    receiver.join().map_err(|_panic| failed("the receiver stopped"))?
}

/// All bytes of one connection. The reply is sent once the expected number has arrived; later bytes count, too.
fn receive(listener: &TcpListener, expected: usize) -> io::Result<Vec<u8>> {
    let (mut stream, _) = listener.accept()?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    while received.len() < expected {
        let length = stream.read(&mut buffer)?;
        received.extend_from_slice(buffer.get(..length).unwrap_or_default());
        if length == 0 {
            return Ok(received);
        }
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
    stream.take(BODY_BYTES as u64).read_to_end(&mut received)?;
    Ok(received)
}

/// The first difference of two requests, with its context in each.
fn difference(prepared: &[u8], sent: &[u8]) -> Option<String> {
    let at = prepared
        .iter()
        .zip(sent)
        .position(|(one, other)| one != other)
        .or_else(|| (prepared.len() != sent.len()).then(|| prepared.len().min(sent.len())))?;
    let around = |bytes: &[u8]| {
        let part = bytes.get(at.saturating_sub(20)..bytes.len().min(at + 40)).unwrap_or_default();
        printable(&String::from_utf8_lossy(part)).into_owned()
    };
    Some(format!("from byte {at} on:\n  prepared  ...{}\n  sent      ...{}", around(prepared), around(sent)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_found_and_shown_without_control_bytes() {
        assert_eq!(difference(b"abc", b"abc"), None);
        for (sent, at) in [(&b"axc"[..], 1), (b"ab", 2), (b"abc\x1b", 3), (b"", 0)] {
            let text = difference(b"abc", sent).unwrap();
            assert!(text.starts_with(&format!("from byte {at} on:")) && !text.contains('\u{1b}'), "{text}");
        }
    }
}
