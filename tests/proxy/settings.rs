//! The table of settings for the sender and curl.

use std::fmt;

#[derive(Clone, Copy)]
pub struct Setting {
    pub url: &'static str,
    pub variables: &'static [(&'static str, &'static str)],
    /// The reason for a difference from curl.
    pub difference: Option<&'static str>,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url)?;
        self.variables.iter().try_for_each(|(name, value)| write!(f, " {name}={value:?}"))
    }
}

/// The destination of most rows. It is in `/etc/hosts`, so no name server is asked.
const SERVER: &str = "https://posthog.test:8443/capture/";
/// Documentation addresses (RFC 5737, RFC 3849), which nobody has: without the proxy they are unreachable.
const V4: &str = "https://192.0.2.7:8443/capture/";
const V6: &str = "https://[2001:db8::7]:8443/capture/";

const A: &str = "http://127.0.0.1:3128";
const B: &str = "http://127.0.0.1:3129";

const SOCKS: &str = "SOCKS is not spoken";
const UTF_8: &str = "a password is UTF-8";
const NEVER_PAST: &str = "curl goes past the proxy; no event does";
const TEXT: &str =
    "the manual says that addresses are compared, and networks too; Debian 12's curl compares IPv6 as text";
const ZERO: &str = "to the newest curl a network of 0 bits is all addresses; Debian 12's takes it for one";
const LOOPBACK: &str = "what is meant for this machine goes to no other";

const fn to(url: &'static str, variables: &'static [(&'static str, &'static str)]) -> Setting {
    Setting { url, variables, difference: None }
}

const fn differing(reason: &'static str, setting: Setting) -> Setting {
    Setting { difference: Some(reason), ..setting }
}

/// The proxy in `https_proxy`.
macro_rules! proxy {
    ($value:expr) => {
        to(SERVER, &[("https_proxy", $value)])
    };
}

/// Proxy A, with this list of exceptions.
macro_rules! except {
    ($url:expr, $value:expr) => {
        to($url, &[("https_proxy", A), ("no_proxy", $value)])
    };
}

pub const SETTINGS: &[Setting] = &[
    // Precedence of the variables.
    to(SERVER, &[]),
    to(SERVER, &[("https_proxy", A)]),
    to(SERVER, &[("HTTPS_PROXY", A)]),
    to(SERVER, &[("all_proxy", A)]),
    to(SERVER, &[("ALL_PROXY", A)]),
    to(SERVER, &[("http_proxy", A)]),
    to(SERVER, &[("HTTP_PROXY", A)]),
    to(SERVER, &[("https_proxy", A), ("HTTPS_PROXY", B)]),
    to(SERVER, &[("HTTPS_PROXY", A), ("all_proxy", B)]),
    to(SERVER, &[("all_proxy", A), ("ALL_PROXY", B)]),
    to(SERVER, &[("http_proxy", B), ("ALL_PROXY", A)]),
    to(SERVER, &[("https_proxy", ""), ("HTTPS_PROXY", A)]),
    to(SERVER, &[("https_proxy", ""), ("all_proxy", A)]),
    to(SERVER, &[("https_proxy", ""), ("HTTPS_PROXY", ""), ("all_proxy", ""), ("ALL_PROXY", "")]),
    // Forms of a proxy.
    proxy!("127.0.0.1:3128"),
    proxy!("proxy.test:3128"),
    proxy!("http://proxy.test:3128"),
    proxy!("HTTP://proxy.test:3128"),
    proxy!("http://PROXY.test:3128"),
    proxy!("http://proxy_a.test:3128"),
    proxy!("http://proxy.test.:3128"),
    proxy!("http://localhost:3128"),
    proxy!("http://[::1]:3128"),
    proxy!("[::1]:3128"),
    proxy!("http://proxy.test:3128/"),
    proxy!("http://proxy.test:3128/path?query#fragment"),
    proxy!("http://proxy.test:3128?query"),
    proxy!("http://proxy.test:3128#fragment"),
    proxy!("http://127.1:3128"),
    proxy!("http://0x7f000001:3128"),
    proxy!("http://2130706433:3128"),
    proxy!("http://127.0.0.256:3128"),
    // No port, or a wrong one.
    proxy!("http://proxy.test"),
    proxy!("proxy.test"),
    proxy!("http://proxy.test/"),
    proxy!("http://proxy.test:"),
    proxy!("https://proxy.test"),
    proxy!("http://proxy.test:0"),
    proxy!("http://proxy.test:03128"),
    proxy!("http://proxy.test:99999"),
    proxy!("http://proxy.test:port"),
    proxy!("http://proxy.test:9"),
    // Kinds of proxies.
    proxy!("https://proxy.test:3130"),
    proxy!("https://proxy.test:3128"),
    proxy!("https://127.0.0.1:3130"),
    proxy!("http://proxy.test:3130"),
    differing(SOCKS, proxy!("socks4://127.0.0.1:1081")),
    differing(SOCKS, proxy!("socks4a://127.0.0.1:1081")),
    differing(SOCKS, proxy!("socks5://127.0.0.1:1081")),
    differing(SOCKS, proxy!("socks5h://127.0.0.1:1081")),
    differing(SOCKS, proxy!("socks://127.0.0.1:1081")),
    proxy!("ftp://proxy.test:3128"),
    proxy!("something://proxy.test:3128"),
    proxy!("ftp.proxy.test:3128"),
    proxy!("http://ftp.proxy.test:3128"),
    // Invalid proxies.
    proxy!("http://nobody.test:3128"),
    proxy!("nobody.test"),
    proxy!(" "),
    proxy!(" http://proxy.test:3128"),
    proxy!("http://proxy.test:3128 "),
    proxy!("http://pro xy.test:3128"),
    proxy!("http://"),
    proxy!("://proxy.test:3128"),
    proxy!("//proxy.test:3128"),
    proxy!("http:proxy.test:3128"),
    proxy!("http:/proxy.test:3128"),
    proxy!("http:///proxy.test:3128"),
    proxy!("http:////proxy.test:3128"),
    proxy!(":3128"),
    proxy!("http://:3128"),
    proxy!("http://[::1:3128"),
    proxy!("http://[proxy.test]:3128"),
    proxy!("http://proxy.test:3128:3128"),
    differing(
        "without names beyond ASCII it is a name that does not exist, not a malformed URL",
        proxy!("http://pr\u{f6}xy.test:3128"),
    ),
    proxy!("http://proxy%2etest:3128"),
    proxy!("http://pro\"xy.test:3128"),
    proxy!("none"),
    // User name and password.
    proxy!("http://joe:secret@127.0.0.1:3129"),
    proxy!("joe:secret@127.0.0.1:3129"),
    proxy!("http://joe:wrong@127.0.0.1:3129"),
    proxy!("http://127.0.0.1:3129"),
    proxy!("http://joe@127.0.0.1:3129"),
    proxy!("http://joe:@127.0.0.1:3129"),
    proxy!("http://:secret@127.0.0.1:3129"),
    proxy!("http://@127.0.0.1:3129"),
    proxy!("http://:@127.0.0.1:3129"),
    proxy!("http://j%40e:s%40c%3Ar%2Ft%25@127.0.0.1:3129"),
    proxy!("http://j%40e:s%40c%3ar%2ft%25@127.0.0.1:3129"),
    proxy!("http://j@e:s@c:r%2Ft%25@127.0.0.1:3129"),
    proxy!("http://joe:sec:ret@127.0.0.1:3129"),
    proxy!("http://joe:se%zzcret@127.0.0.1:3129"),
    proxy!("http://joe:secret%@127.0.0.1:3129"),
    proxy!("http://joe:se cret@127.0.0.1:3129"),
    proxy!("http://joe:se+cret@127.0.0.1:3129"),
    proxy!("http://joe:se%C3%B6cret@127.0.0.1:3129"),
    proxy!("http://joe:se\u{f6}cret@127.0.0.1:3129"),
    differing(UTF_8, proxy!("http://joe:se%F6cret@127.0.0.1:3129")),
    differing(NEVER_PAST, proxy!("http://joe:se%00cret@127.0.0.1:3129")),
    differing(NEVER_PAST, proxy!("http://joe:se%0d%0acret@127.0.0.1:3129")),
    proxy!("http://joe:se/cret@127.0.0.1:3129"),
    proxy!("http://joe:se?cret@127.0.0.1:3129"),
    proxy!("http://joe:se#cret@127.0.0.1:3129"),
    proxy!("http://joe;auth=x:secret@127.0.0.1:3129"),
    proxy!("http://joe:secret@127.0.0.1"),
    proxy!("https://joe:secret@proxy.test:3130"),
    // Exceptions: names.
    to(SERVER, &[("no_proxy", "*")]),
    except!(SERVER, ""),
    except!(SERVER, "*"),
    except!(SERVER, " *"),
    except!(SERVER, "* "),
    except!(SERVER, "*,other.test"),
    except!(SERVER, "posthog.test"),
    except!(SERVER, "POSTHOG.Test"),
    except!(SERVER, "test"),
    except!(SERVER, ".test"),
    except!(SERVER, "..test"),
    except!(SERVER, "test."),
    except!(SERVER, "test.."),
    except!(SERVER, "."),
    except!(SERVER, ".posthog.test"),
    except!(SERVER, "posthog.test."),
    except!(SERVER, "hog.test"),
    except!(SERVER, "a.posthog.test"),
    except!(SERVER, "*.test"),
    except!(SERVER, "*test"),
    except!(SERVER, "posthog.test:8443"),
    except!(SERVER, "posthog.test:443"),
    except!(SERVER, "https://posthog.test"),
    except!(SERVER, "other.test,posthog.test"),
    except!(SERVER, "other.test, posthog.test"),
    except!(SERVER, "other.test posthog.test"),
    except!(SERVER, "other.test\tposthog.test"),
    except!(SERVER, "other.test;posthog.test"),
    except!(SERVER, "other.test\nposthog.test"),
    except!(SERVER, ",, ,posthog.test,"),
    except!(SERVER, "127.0.0.1"),
    except!(SERVER, "127.0.0.0/8"),
    to(SERVER, &[("https_proxy", A), ("NO_PROXY", "posthog.test")]),
    to(SERVER, &[("https_proxy", A), ("no_proxy", "other.test"), ("NO_PROXY", "posthog.test")]),
    to(SERVER, &[("https_proxy", A), ("no_proxy", ""), ("NO_PROXY", "posthog.test")]),
    to(SERVER, &[("all_proxy", A), ("no_proxy", "posthog.test")]),
    to("https://POSTHOG.test:8443/capture/", &[("https_proxy", A), ("no_proxy", "posthog.test")]),
    // Exceptions: addresses.
    except!(V4, ""),
    except!(V4, "192.0.2.7"),
    except!(V4, "192.0.2.70"),
    except!(V4, ".192.0.2.7"),
    except!(V4, "192.0.2.7."),
    except!(V4, "2.7"),
    except!(V4, "192.0.2.7:8443"),
    except!(V4, "192.0.2.0"),
    except!(V4, "192.0.2.0/24"),
    except!(V4, "192.0.2.0/30"),
    except!(V4, "192.0.2.7/32"),
    except!(V4, "192.0.2.0/32"),
    except!(V4, "192.0.2.7/33"),
    differing(ZERO, except!(V4, "192.0.2.0/0")),
    differing(ZERO, except!(V4, "0.0.0.0/0")),
    except!(V4, "192.0.2.7/0"),
    except!(V4, "192.0.2.0/"),
    except!(V4, "192.0.2.7/"),
    except!(V4, "192.0.2.0/024"),
    except!(V4, "192.0.2.0/+24"),
    except!(V4, "192.0.2.0/24x"),
    except!(V4, "192.0.2.0/-1"),
    except!(V4, "192.0.2/24"),
    except!(V4, "192.0.2.0/255.255.255.0"),
    except!(V4, "10.0.0.0/8,192.0.0.0/16"),
    except!(V4, "::ffff:192.0.2.7"),
    except!(V6, ""),
    except!(V6, "2001:db8::7"),
    differing(TEXT, except!(V6, "2001:DB8:0::7")),
    except!(V6, "[2001:db8::7]"),
    except!(V6, "2001:db8::8"),
    differing(TEXT, except!(V6, "2001:db8::/32")),
    differing(TEXT, except!(V6, "2001:db8::/31")),
    except!(V6, "2001:db8::/127"),
    differing(TEXT, except!(V6, "2001:db8::/125")),
    except!(V6, "[2001:db8::]/32"),
    except!(V6, "[2001:db8::/32]"),
    differing(TEXT, except!(V6, "2001:db8::7/0")),
    differing(TEXT, except!(V6, "2001:db8::/0")),
    except!(V6, "2001:db8::7/129"),
    // This machine.
    to("http://127.0.0.1:8080/capture/", &[("no_proxy", "127.0.0.1")]),
    to("http://127.0.0.1:8080/capture/", &[("HTTP_PROXY", A)]),
    differing(LOOPBACK, to("http://127.0.0.1:8080/capture/", &[("http_proxy", A)])),
    differing(LOOPBACK, to("http://127.0.0.1:8080/capture/", &[("all_proxy", A)])),
    differing(LOOPBACK, to("https://127.0.0.1:8443/capture/", &[("https_proxy", A)])),
];
