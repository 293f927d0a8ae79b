//! The whole request. The preview shows this value, and the sender writes it.

use crate::endpoint::Endpoint;
use crate::request::payload::Payload;

pub const METHOD: &str = "POST";

/// Names the program, and nothing of the machine.
const USER_AGENT: &str = concat!("netdata-anonymous-statistics/", env!("CARGO_PKG_VERSION"));

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedRequest {
    /// `None`: not known here.
    endpoint: Option<Endpoint>,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

/// The headers, in wire order.
const HEADERS: [&str; 5] = ["host", "user-agent", "accept", "content-type", "content-length"];

/// The preview and the sender both call this, so they cannot differ.
pub fn prepare(payload: &Payload, endpoint: Option<&Endpoint>) -> PreparedRequest {
    PreparedRequest::of_body(payload.bytes().to_vec(), endpoint)
}
/// Parses a stored request, perhaps of another version of the sender. `None` unless it is byte for byte one of ours for
/// this endpoint.
pub fn parse_stored(bytes: &[u8], endpoint: &Endpoint) -> Option<PreparedRequest> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let (head, body) = (std::str::from_utf8(bytes.get(..end)?).ok()?, bytes.get(end + 4..)?);
    let headers = HEADERS.into_iter().zip(head.split("\r\n").skip(1));
    let headers = headers.map(|(name, line)| Some((name, line.strip_prefix(name)?.strip_prefix(": ")?.to_owned())));
    let request = PreparedRequest {
        endpoint: Some(endpoint.clone()),
        headers: headers.collect::<Option<_>>()?,
        body: body.to_vec(),
    };
    let value = |name| request.headers.iter().find(|(found, _)| *found == name).map(|(_, value)| value.as_str());
    let fits = value("host") == Some(endpoint.authority().as_str())
        && value("content-length") == Some(body.len().to_string().as_str())
        && head.bytes().all(|b| b.is_ascii_graphic() || matches!(b, b' ' | b'\r' | b'\n'))
        && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok();
    (fits && request.to_bytes() == bytes).then_some(request)
}

impl PreparedRequest {
    pub(crate) fn of_body(body: Vec<u8>, endpoint: Option<&Endpoint>) -> Self {
        let values = [
            endpoint.map_or_else(unknown, Endpoint::authority),
            USER_AGENT.to_owned(),
            "*/*".to_owned(),
            "application/json".to_owned(),
            body.len().to_string(),
        ];
        Self { endpoint: endpoint.cloned(), headers: HEADERS.into_iter().zip(values).collect(), body }
    }

    /// `None`: not known here. Such a request is never sent.
    pub fn endpoint(&self) -> Option<&Endpoint> {
        self.endpoint.as_ref()
    }

    /// The destination, or `null` as for every value that is not known here.
    pub fn url(&self) -> String {
        self.endpoint.as_ref().map_or_else(unknown, Endpoint::to_string)
    }

    /// In wire order, with names in lower case.
    pub fn headers(&self) -> &[(&'static str, String)] {
        &self.headers
    }

    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Request line and headers, up to and including the empty line (RFC 9112).
    pub fn head(&self) -> String {
        let target = self.endpoint.as_ref().map_or_else(unknown, |endpoint| endpoint.target().to_owned());
        let mut head = format!("{METHOD} {target} HTTP/1.1\r\n");
        for (name, value) in &self.headers {
            for part in [*name, ": ", value, "\r\n"] {
                head.push_str(part);
            }
        }
        head.push_str("\r\n");
        head
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.head().into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

fn unknown() -> String {
    "null".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frozen(user_agent: &str, body: &str) -> String {
        let length = body.len();
        format!(
            "POST /capture/ HTTP/1.1\r\nhost: 127.0.0.1:9\r\nuser-agent: {user_agent}\r\naccept: */*\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
    }

    #[test]
    fn what_was_frozen_thaws_to_the_same_bytes() {
        let endpoint = Endpoint::parse("http://127.0.0.1:9/capture/").unwrap();
        for user_agent in ["netdata-anonymous-statistics/0.0.1", "netdata-anonymous-statistics/9.9.9"] {
            let bytes = frozen(user_agent, "{\"a\":1}").into_bytes();
            assert_eq!(parse_stored(&bytes, &endpoint).unwrap().to_bytes(), bytes);
        }
    }

    #[test]
    fn nothing_else_is_a_request() {
        let endpoint = Endpoint::parse("http://127.0.0.1:9/capture/").unwrap();
        let good = frozen("x", "{}");
        assert!(parse_stored(good.as_bytes(), &endpoint).is_some());
        for bad in [
            String::new(),
            "\r\n\r\n".to_owned(),
            good.replace("POST", "GET"),
            good.replace("/capture/", "/other/"),
            good.replace("host: 127.0.0.1:9", "host: example.org"),
            good.replace("content-length: 2", "content-length: 3"),
            good.replace("accept: */*\r\n", ""),
            good.replace("accept: */*\r\n", "accept: */*\r\nx-more: 1\r\n"),
            good.replace("user-agent: x", "user-agent: x\u{1b}"),
            good.replace("{}", "{"),
            format!("{good}{good}"),
        ] {
            assert!(parse_stored(bad.as_bytes(), &endpoint).is_none(), "{bad}");
        }
    }
}
