//! The destination of events: a URL of the few forms that are allowed.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// https, or http to an address of this machine. Nothing else can be constructed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    https: bool,
    host: Host,
    port: Option<u16>,
    target: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Name(String),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndpointError {
    NotAscii,
    Scheme,
    Fragment,
    Login,
    Port,
    Host,
    /// Plain http to another machine.
    NotHttps,
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAscii => "it may hold only printable ASCII characters",
            Self::Scheme => "it must begin with https://",
            Self::Fragment => "it must not hold a fragment (#)",
            Self::Login => "it must not hold a user name or password",
            Self::Port => "it has an invalid port",
            Self::Host => "it has an invalid host",
            Self::NotHttps => "it must be https (http is allowed to 127.0.0.0/8, [::1] and localhost only)",
        })
    }
}

impl std::error::Error for EndpointError {}

impl Endpoint {
    /// `http://127.0.0.1/`
    pub fn this_machine() -> Self {
        Self { https: false, host: Host::V4(Ipv4Addr::LOCALHOST), port: None, target: "/".to_owned() }
    }

    pub fn parse(url: &str) -> Result<Self, EndpointError> {
        if !url.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(EndpointError::NotAscii);
        }
        let (https, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err(EndpointError::Scheme),
        };
        let (authority, target) = match rest.find(['/', '?', '#']) {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        if target.contains('#') {
            return Err(EndpointError::Fragment);
        }
        if authority.contains('@') {
            return Err(EndpointError::Login);
        }
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        let (host, port) = split_port(authority).ok_or(EndpointError::Port)?;
        let port = match port.map(str::parse) {
            None => None,
            Some(Ok(port @ 1..)) => Some(port),
            Some(_) => return Err(EndpointError::Port),
        };
        let endpoint = Self { https, host: parse_host(host).ok_or(EndpointError::Host)?, port, target };
        if !endpoint.https && !endpoint.is_loopback() {
            return Err(EndpointError::NotHttps);
        }
        Ok(endpoint)
    }

    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Whether the host means this machine. The address of the connection is checked again.
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Name(name) => name == "localhost",
            Host::V4(address) => address.is_loopback(),
            Host::V6(address) => address.is_loopback(),
        }
    }

    /// The host, with IPv6 addresses in brackets.
    pub fn host(&self) -> String {
        match &self.host {
            Host::Name(name) => name.clone(),
            Host::V4(address) => address.to_string(),
            Host::V6(address) => format!("[{address}]"),
        }
    }

    /// `None` for a name.
    pub fn address(&self) -> Option<IpAddr> {
        match self.host {
            Host::Name(_) => None,
            Host::V4(address) => Some(IpAddr::V4(address)),
            Host::V6(address) => Some(IpAddr::V6(address)),
        }
    }

    /// The port of the URL, or that of its scheme.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.https { 443 } else { 80 })
    }

    /// The `host` header: it has a port only if the URL does.
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host()),
            None => self.host(),
        }
    }

    /// Path and query.
    pub fn target(&self) -> &str {
        &self.target
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", if self.https { "https" } else { "http" }, self.authority(), self.target)
    }
}

/// Splits host and port (RFC 3986, 3.2). The host keeps its brackets; the port consists of digits, perhaps of none.
pub(crate) fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    let brackets = authority.rfind(']').unwrap_or(0);
    let Some(colon) = authority.get(brackets..)?.find(':') else { return Some((authority, None)) };
    let (host, port) = authority.split_at_checked(brackets + colon)?;
    let digits = port.strip_prefix(':')?;
    digits.bytes().all(|b| b.is_ascii_digit()).then_some((host, Some(digits)))
}

/// An IPv6 address in brackets.
pub(crate) fn parse_bracketed(host: &str) -> Option<Ipv6Addr> {
    host.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

fn parse_host(host: &str) -> Option<Host> {
    if host.starts_with('[') {
        return parse_bracketed(host).map(Host::V6);
    }
    if let Ok(address) = host.parse() {
        return Some(Host::V4(address));
    }
    // RFC 1123 names. A last label that looks like a number is refused: resolvers read "127.1" and "0x7f000001" as
    // addresses.
    let name = host.to_ascii_lowercase();
    let labels_fit = name.len() <= 253
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
                && !label.starts_with('-')
                && !label.ends_with('-')
        });
    let last = name.rsplit('.').next().unwrap_or_default();
    let numeric =
        last.starts_with(|c: char| c.is_ascii_digit()) && last.bytes().all(|b| b.is_ascii_hexdigit() || b == b'x');
    (labels_fit && !numeric).then_some(Host::Name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allowed_urls_are_written_as_they_are_read() {
        for url in [
            "https://posthog.netdata.cloud/capture/",
            "https://posthog.example.org:8443/a?b=c",
            "http://127.0.0.1:9/",
            "http://127.9.9.9/",
            "http://[::1]:8080/capture/",
            "http://localhost/x",
        ] {
            assert_eq!(Endpoint::parse(url).map(|e| e.to_string()), Ok(url.to_owned()));
        }
        let bare = Endpoint::parse("https://example.org").unwrap();
        assert_eq!((bare.target(), bare.port(), bare.authority().as_str()), ("/", 443, "example.org"));
        assert_eq!(Endpoint::parse("https://example.org?q").unwrap().target(), "/?q");
    }

    #[test]
    fn everything_else_is_refused() {
        for url in [
            "",
            "example.org",
            "ftp://example.org/",
            "http://example.org/",
            "http://127.0.0.1.example.org/",
            "http://10.0.0.1/",
            "http://127.1/",
            "http://0x7f000001/",
            "http://2130706433/",
            "http://[::2]/",
            "http://localhost.example.org/",
            "https://user@example.org/",
            "https://user:secret@example.org/",
            "https://example.org/#x",
            "https://example.org:/",
            "https://example.org:0/",
            "https://example.org:99999/",
            "https://example.org:+80/",
            "https:///x",
            "https://exa mple.org/",
            "https://exämple.org/",
            "https://example.org/\r\nx-injected: 1",
            "https://[::1/",
            "https://-x.org/",
        ] {
            assert!(Endpoint::parse(url).is_err(), "{url}");
        }
    }
}
