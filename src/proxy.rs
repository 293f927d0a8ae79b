//! Which proxy a request goes through: curl's rules (curl(1), section ENVIRONMENT).

use std::ffi::OsString;
use std::fmt;

use crate::endpoint::Endpoint;

/// Every variable that counts, one way or another.
pub const VARIABLES: [&str; 7] =
    ["https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"];

/// A proxy as the environment names it.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// The variable that names it.
    pub variable: &'static str,
    url: String,
}

impl Proxy {
    /// The URL, with the password that it may hold.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL without user name and password, to be shown.
    pub fn shown(&self) -> String {
        // What is no scheme (RFC 3986, 3.1) belongs to a password that holds "://".
        let is_scheme = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
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

/// Chooses the proxy for a destination. A destination on this machine is never reached through a proxy.
pub fn choose(endpoint: &Endpoint, variable: impl Fn(&str) -> Option<OsString>) -> Option<Proxy> {
    if endpoint.is_loopback() {
        return None;
    }
    let set = |name: &'static str| {
        variable(name).and_then(|value| value.into_string().ok()).filter(|value| !value.is_empty())
    };
    // http_proxy counts in lower case only: in a CGI program HTTP_PROXY is what the client sent as a header.
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

/// `*` alone excepts every host; else each entry, with or without a leading dot, excepts a host and what is below it.
fn is_excepted(endpoint: &Endpoint, exceptions: &str) -> bool {
    if exceptions.trim() == "*" {
        return true;
    }
    let host = endpoint.host();
    let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
    exceptions.split([',', ' ', '\t']).filter(|entry| !entry.is_empty()).any(|entry| {
        let entry = entry.to_ascii_lowercase();
        if let Some(address) = endpoint.address() {
            return match entry.split_once('/') {
                Some((network, bits)) => in_network(address, network, bits),
                None => entry.trim_matches(['[', ']']).parse() == Ok(address),
            };
        }
        let name = entry.trim_start_matches('.').trim_end_matches('.');
        !name.is_empty() && (host == name || host.strip_suffix(name).is_some_and(|front| front.ends_with('.')))
    })
}

fn in_network(address: std::net::IpAddr, network: &str, bits: &str) -> bool {
    use std::net::IpAddr;
    let (Ok(network), Ok(bits)) = (network.trim_matches(['[', ']']).parse::<IpAddr>(), bits.parse::<u32>()) else {
        return false;
    };
    let (a, b, width) = match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
        _ => return false,
    };
    bits <= width && (bits == 0 || a >> (width - bits) == b >> (width - bits))
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
        for excepted in ["*", "posthog.example.org", "example.org", ".example.org", "a.b, EXAMPLE.org", "org"] {
            assert!(!via(excepted), "{excepted}");
        }
        for other in ["", "xample.org", "hog.example.org", "a.posthog.example.org", "*.example.org"] {
            assert!(via(other), "{other}");
        }
        let via =
            |no_proxy: &str| chosen("https://192.0.2.7/", &[("https_proxy", "p"), ("NO_PROXY", no_proxy)]).is_some();
        assert!(!via("192.0.2.7") && !via("192.0.2.0/24") && via("192.0.2.0/30") && via("192.0.3.0/24"));
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
