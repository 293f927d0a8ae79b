//! The whole request: what the preview shows and what the sender writes are this one value.

use crate::endpoint::Endpoint;
use crate::payload::Payload;

/// The method of every request.
pub const METHOD: &str = "POST";

/// Says which program sends, and nothing about the machine.
const USER_AGENT: &str = concat!("netdata-anonymous-statistics/", env!("CARGO_PKG_VERSION"));

/// A request with every header and byte that goes onto the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedRequest {
    endpoint: Endpoint,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

/// Makes the request for a payload. The preview and the sender call this, so they cannot differ.
pub fn prepare(payload: &Payload, endpoint: &Endpoint) -> PreparedRequest {
    let body = payload.bytes().to_vec();
    let headers = vec![
        ("host", endpoint.authority()),
        ("user-agent", USER_AGENT.to_owned()),
        ("accept", "*/*".to_owned()),
        ("content-type", "application/json".to_owned()),
        ("content-length", body.len().to_string()),
    ];
    PreparedRequest { endpoint: endpoint.clone(), headers, body }
}

impl PreparedRequest {
    /// Where it goes.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The headers in wire order, names in lower case.
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The request line and the headers, up to and with the empty line that ends them (RFC 9112).
    pub fn head(&self) -> String {
        let mut head = format!("{METHOD} {} HTTP/1.1\r\n", self.endpoint.target());
        for (name, value) in &self.headers {
            for part in [*name, ": ", value, "\r\n"] {
                head.push_str(part);
            }
        }
        head.push_str("\r\n");
        head
    }

    /// All bytes of the request.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.head().into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}
