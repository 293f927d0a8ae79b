//! The proxy of a request, by curl's rules (curl(1), section ENVIRONMENT).

use std::ffi::OsString;
use std::fmt;
use std::net::IpAddr;

use crate::endpoint::{Endpoint, parse_bracketed, split_port};
use crate::outbox::outcome::Failure;

/// Every variable that curl reads for this.
pub const VARIABLES: [&str; 7] =
    ["https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"];

/// A proxy from the environment.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    pub variable: &'static str,
    url: String,
}

impl Proxy {
    /// The URL, including any password.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL for display, without user name and password.
    pub fn shown(&self) -> String {
        // Without a valid scheme before it, "://" is part of a password.
        let split = self.url.split_once("://").filter(|(scheme, _)| is_scheme(scheme));
        let (scheme, rest) = split.unwrap_or(("http", &self.url));
        match rest.rsplit_once('@') {
            Some((_, host)) => format!("{scheme}://***@{host}"),
            None => format!("{scheme}://{rest}"),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("variable", &self.variable).field("url", &self.shown()).finish()
    }
}

/// The address and protocol of a proxy.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    pub tls: bool,
    /// Name or address; an IPv6 address in brackets.
    pub host: String,
    pub port: u16,
    pub login: Option<(String, String)>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

/// Host names from which curl guesses another scheme than HTTP (curl(1), URL).
const GUESSED: [&str; 6] = ["ftp.", "dict.", "ldap.", "imap.", "smtp.", "pop3."];
/// curl's default port (curl(1), --proxy).
const PORT: u16 = 1080;
const TLS_PORT: u16 = 443;

impl Proxy {
    /// Parses the URL as curl does, which accepts more than the standard in some places and less in others. The error
    /// is curl's, too: an unsupported kind of proxy counts as unreachable.
    pub fn server(&self) -> Result<Server, Failure> {
        let url = self.url.as_str();
        if url.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
            return Err(Failure::ProxyName);
        }
        let (scheme, rest) = scheme(url).ok_or(Failure::ProxyName)?;
        let tls = match scheme.map(str::to_ascii_lowercase).as_deref() {
            None if starts_as_one_of(rest, &GUESSED) => return Err(Failure::Connect),
            None | Some("http") => false,
            Some("https") => true,
            Some(_) => return Err(Failure::Connect),
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (login, place) = match authority.split_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, authority),
        };
        let login = match login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
            Some((user, password)) => {
                let decoded = percent_decoded(user).zip(percent_decoded(password));
                Some(decoded.ok_or(Failure::ProxyName)?)
            }
            None => None,
        };
        let (host, port) = host_and_port(place).ok_or(Failure::ProxyName)?;
        Ok(Server { tls, host, port: port.unwrap_or(if tls { TLS_PORT } else { PORT }), login })
    }
}

/// Splits off the scheme. curl accepts one to three slashes after it. `None`: there are more.
fn scheme(url: &str) -> Option<(Option<&str>, &str)> {
    match url.split_once(":/").filter(|(scheme, _)| is_scheme(scheme)) {
        Some((scheme, rest)) => {
            let host = rest.trim_start_matches('/');
            (rest.len() - host.len() <= 2).then_some((Some(scheme), host))
        }
        None => Some((None, url)),
    }
}

/// RFC 3986, 3.1.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

fn starts_as_one_of(text: &str, beginnings: &[&str]) -> bool {
    beginnings.iter().any(|start| text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start)))
}

fn host_and_port(authority: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = split_port(authority)?;
    let host = if host.starts_with('[') {
        format!("[{}]", parse_bracketed(host)?)
    } else {
        let host = percent_decoded(host)?;
        let fits = |b: u8| b.is_ascii_graphic() && !b"/:#?!@{}[]\\$'\"^`*<>=;,%|".contains(&b);
        if host.is_empty() || !host.bytes().all(fits) {
            return None;
        }
        host
    };
    match port {
        None | Some("") => Some((host, None)),
        Some(digits) => Some((host, Some(digits.parse().ok()?))),
    }
}

/// Decodes `%` and two hexadecimal digits; any other `%` stands for itself. `None` unless the result is UTF-8.
fn percent_decoded(text: &str) -> Option<String> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let meant = match rest {
            [b'%', high, low, ..] => digit(*high).zip(digit(*low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        decoded.push(meant.unwrap_or(*first));
        rest = if meant.is_some() { behind.get(2..).unwrap_or_default() } else { behind };
    }
    String::from_utf8(decoded).ok()
}

/// The proxy for a destination; never one for a destination on this machine.
pub fn choose(endpoint: &Endpoint, variable: impl Fn(&str) -> Option<OsString>) -> Option<Proxy> {
    if endpoint.is_loopback() {
        return None;
    }
    // A value that is not UTF-8 names no existing proxy, but it must not be ignored: the request would bypass the
    // proxy.
    let set = |name: &'static str| {
        variable(name).map(|value| value.to_string_lossy().into_owned()).filter(|value| !value.is_empty())
    };
    // http_proxy counts in lower case only: in a CGI program HTTP_PROXY is a header of the client (httpoxy).
    let names: &[&'static str] = if endpoint.is_https() {
        &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
    } else {
        &["http_proxy", "all_proxy", "ALL_PROXY"]
    };
    let (variable_name, url) = names.iter().find_map(|name| set(name).map(|value| (*name, value)))?;
    let exceptions = set("no_proxy").or_else(|| set("NO_PROXY")).unwrap_or_default();
    if is_excepted(endpoint, &exceptions) {
        return None;
    }
    Some(Proxy { variable: variable_name, url })
}

/// `*` alone excepts every host. Otherwise each entry, with optional dots around it, excepts a host and its subdomains,
/// or an address or network.
fn is_excepted(endpoint: &Endpoint, exceptions: &str) -> bool {
    if exceptions == "*" {
        return true;
    }
    let host = endpoint.host();
    exceptions.split([',', ' ', '\t']).filter(|entry| !entry.is_empty()).any(|entry| {
        if let Some(address) = endpoint.address() {
            return match entry.split_once('/') {
                Some((network, bits)) => in_network(address, network, bits),
                None => entry.parse() == Ok(address),
            };
        }
        let entry = entry.to_ascii_lowercase();
        let entry = entry.strip_suffix('.').unwrap_or(&entry);
        let name = entry.strip_prefix('.').unwrap_or(entry);
        !name.is_empty() && (host == name || host.strip_suffix(name).is_some_and(|front| front.ends_with('.')))
    })
}

/// curl treats an empty prefix length as a full-length match and ignores anything after the digits.
fn in_network(address: IpAddr, network: &str, bits: &str) -> bool {
    let (a, b, width) = match (address, network.parse()) {
        (IpAddr::V4(a), Ok(IpAddr::V4(b))) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
        (IpAddr::V6(a), Ok(IpAddr::V6(b))) => (a.to_bits(), b.to_bits(), 128),
        _ => return false,
    };
    let bits = bits.strip_prefix('+').unwrap_or(bits);
    let end = bits.find(|c: char| !c.is_ascii_digit()).unwrap_or(bits.len());
    match bits.get(..end).unwrap_or_default() {
        "" if bits.starts_with('-') => false,
        "" => a == b,
        // Since 2026 a prefix length of 0 matches everything (curl's pull request 20306, `lib/noproxy.c`); before, it
        // meant 32 or 128.
        digits => digits.parse().is_ok_and(|bits: u32| match bits {
            0 => true,
            _ => bits <= width && a >> (width - bits) == b >> (width - bits),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(url: &str, variables: &[(&str, &str)]) -> Option<String> {
        let endpoint = Endpoint::parse(url).unwrap();
        let variable = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| OsString::from(value));
        choose(&endpoint, variable).map(|proxy| proxy.url().to_owned())
    }

    #[test]
    fn the_variables_in_curls_order() {
        let url = "https://posthog.example.org/";
        let all = [
            ("https_proxy", "http://a"),
            ("HTTPS_PROXY", "http://b"),
            ("all_proxy", "http://c"),
            ("ALL_PROXY", "http://d"),
        ];
        for (i, expected) in ["http://a", "http://b", "http://c", "http://d"].iter().enumerate() {
            assert_eq!(chosen(url, &all[i..]).as_deref(), Some(*expected));
        }
        assert_eq!(chosen(url, &[("http_proxy", "http://a"), ("HTTP_PROXY", "http://a")]), None);
        assert_eq!(chosen(url, &[("https_proxy", ""), ("all_proxy", "http://c")]).as_deref(), Some("http://c"));
        assert_eq!(chosen("http://127.0.0.1/", &[("http_proxy", "http://a"), ("all_proxy", "http://c")]), None);
    }

    #[test]
    fn exceptions() {
        let via = |no_proxy: &str| {
            chosen("https://posthog.example.org/", &[("https_proxy", "p"), ("no_proxy", no_proxy)]).is_some()
        };
        for excepted in
            ["*", "posthog.example.org", "example.org.", "example.org", ".example.org", "a.b, EXAMPLE.org", "org"]
        {
            assert!(!via(excepted), "{excepted}");
        }
        for other in ["", "xample.org", "hog.example.org", "a.posthog.example.org", "*.example.org", " *", "..org"] {
            assert!(via(other), "{other}");
        }
        let via =
            |no_proxy: &str| chosen("https://192.0.2.7/", &[("https_proxy", "p"), ("NO_PROXY", no_proxy)]).is_some();
        assert!(!via("192.0.2.7") && !via("192.0.2.0/24") && via("192.0.2.0/30") && via("192.0.3.0/24"));
        assert!(!via("192.0.2.7/") && !via("192.0.2.7/0") && !via("0.0.0.0/0") && via("::/0") && via("192.0.2.7/-1"));
        let via = |no_proxy: &str| {
            chosen("https://[2001:db8::7]/", &[("https_proxy", "p"), ("NO_PROXY", no_proxy)]).is_some()
        };
        assert!(!via("2001:DB8:0::7") && !via("2001:db8::/32") && via("2001:db9::/32") && via("2001:db8::7/129"));
        assert!(!via("::/0") && via("0.0.0.0/0"));
    }

    fn server(url: &str) -> Result<Server, Failure> {
        Proxy { variable: "https_proxy", url: url.to_owned() }.server()
    }

    #[test]
    fn a_url_is_read_as_curl_reads_it() {
        let found = |url: &str| server(url).map(|server| (server.tls, server.host, server.port));
        for (url, tls, host, port) in [
            ("p", false, "p", 1080),
            ("p:1", false, "p", 1),
            ("HTTPS://p", true, "p", 443),
            ("http:/p:1/path", false, "p", 1),
            ("http:///p:", false, "p", 1080),
            ("[::1]:1", false, "[::1]", 1),
            ("http://u:p@p%2eq:1", false, "p.q", 1),
        ] {
            assert_eq!(found(url), Ok((tls, host.to_owned(), port)), "{url}");
        }
        for url in ["", ":1", "http:p", "http:////p", "p:x", "p:+1", "p:65536", "p:1:1", "[p]:1", "p q", "u@v@p", "pö"]
        {
            assert_eq!(found(url), Err(Failure::ProxyName), "{url}");
        }
        for url in ["socks5://p", "socks4a://p", "ftp://p", "x://p", "ftp.p:1", "SMTP.p"] {
            assert_eq!(found(url), Err(Failure::Connect), "{url}");
        }
    }

    #[test]
    fn user_name_and_password_are_decoded_once() {
        let login = |url: &str| server(url).map(|server| server.login);
        let is = |user: &str, password: &str| Ok(Some((user.to_owned(), password.to_owned())));
        assert_eq!(login("p:1"), Ok(None));
        assert_eq!(login("http://j%40e:s%3A%2541@p"), is("j@e", "s:%41"));
        assert_eq!(login("u:p:q@p"), is("u", "p:q"));
        assert_eq!(login("u@p"), is("u", ""));
        assert_eq!(login("u%:%zz%4@p"), is("u%", "%zz%4"));
        assert_eq!(login("u:%F6@p"), Err(Failure::ProxyName));
    }

    #[test]
    fn what_is_no_utf_8_is_no_way_past_the_proxy() {
        use std::os::unix::ffi::OsStringExt;
        let endpoint = Endpoint::parse("https://posthog.example.org/").unwrap();
        let value = |name: &str| (name == "https_proxy").then(|| OsString::from_vec(b"http://p\xff:1".to_vec()));
        let proxy = choose(&endpoint, value).unwrap();
        assert_eq!(proxy.server(), Err(Failure::ProxyName));
    }

    #[test]
    fn a_password_is_never_shown() {
        let proxy = Proxy { variable: "https_proxy", url: "http://joe:secret@proxy.example.org:3128".into() };
        assert_eq!(proxy.shown(), "http://***@proxy.example.org:3128");
        assert!(!format!("{proxy:?}").contains("secret"));
        let proxy = Proxy { variable: "https_proxy", url: "joe:sec://ret@proxy.example.org".into() };
        assert_eq!(proxy.shown(), "http://***@proxy.example.org");
    }
}
