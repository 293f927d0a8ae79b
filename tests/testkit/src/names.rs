//! A name server (RFC 1035) that behaves according to the name in the question.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

/// The resolver's server.
pub const ADDRESS: &str = "127.0.0.1:53";

pub const A: u16 = 1;
pub const SERVFAIL: u8 = 2;
pub const NXDOMAIN: u8 = 3;

/// Answers until the process ends.
pub fn serve() {
    let socket = Arc::new(UdpSocket::bind(ADDRESS).unwrap());
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        loop {
            let Ok((length, peer)) = socket.recv_from(&mut buffer) else { continue };
            let Some(question) = Question::parse(&buffer[..length]) else { continue };
            let socket = Arc::clone(&socket);
            std::thread::spawn(move || {
                if let Some(answer) = answer(&question) {
                    let _ = socket.send_to(&answer, peer);
                }
            });
        }
    });
}

pub struct Question {
    /// The header's identifier, and the question's bytes.
    id: [u8; 2],
    bytes: Vec<u8>,
    /// In lower case, without a final dot.
    pub name: String,
    /// The record type.
    pub kind: u16,
}

impl Question {
    /// A header of 12 bytes, the name's labels up to an empty one, type and class.
    pub fn parse(message: &[u8]) -> Option<Self> {
        let rest = message.get(12..)?;
        let (mut at, mut labels) = (0, Vec::new());
        loop {
            let length = usize::from(*rest.get(at)?);
            at += 1;
            if length == 0 {
                break;
            }
            labels.push(String::from_utf8_lossy(rest.get(at..at + length)?).to_lowercase());
            at += length;
        }
        let kind = u16::from_be_bytes(rest.get(at..at + 2)?.try_into().ok()?);
        let id = message.get(..2)?.try_into().ok()?;
        Some(Self { id, bytes: rest.get(..at + 4)?.to_vec(), name: labels.join("."), kind })
    }

    /// An answer with this code and these addresses.
    pub fn reply(&self, code: u8, addresses: &[Vec<u8>]) -> Vec<u8> {
        let mut reply = self.id.to_vec();
        // A recursive server's response to a recursive question.
        reply.extend([0x81, 0x80 | code, 0, 1, 0, u8::try_from(addresses.len()).unwrap(), 0, 0, 0, 0]);
        reply.extend(&self.bytes);
        for address in addresses {
            // A pointer to the question's name, type, class IN, a TTL of one minute.
            reply.extend([0xc0, 12]);
            reply.extend(self.kind.to_be_bytes());
            reply.extend([0, 1, 0, 0, 0, 60]);
            reply.extend(u16::try_from(address.len()).unwrap().to_be_bytes());
            reply.extend(address);
        }
        reply
    }
}

fn answer(question: &Question) -> Option<Vec<u8>> {
    let only_v4 = |address: Ipv4Addr| if question.kind == A { vec![address.octets().to_vec()] } else { Vec::new() };
    match question.name.as_str() {
        "late.test" => {
            std::thread::sleep(Duration::from_millis(1500));
            Some(question.reply(0, &only_v4(Ipv4Addr::LOCALHOST)))
        }
        "failing.test" => Some(question.reply(SERVFAIL, &[])),
        // The right identifier, followed by nonsense.
        "garbage.test" => Some([&question.id[..], &[0xff; 40]].concat()),
        "elsewhere.test" => Some(question.reply(0, &only_v4(Ipv4Addr::new(192, 0, 2, 1)))),
        "silent.test" => None,
        _ => Some(question.reply(NXDOMAIN, &[])),
    }
}
