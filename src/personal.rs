//! What must not be sent: text that may say whose machine this is.

/// What a free text may not hold, because it could say whose machine this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Personal {
    /// An IPv4 or IPv6 address.
    IpAddress,
    /// A hardware (MAC) address.
    MacAddress,
    /// A UUID.
    Uuid,
    /// A URL.
    Url,
    /// An absolute path.
    Path,
    /// An `@` that may belong to a mail address or a login.
    At,
    /// What may be a token or another secret.
    Token,
    /// The machine's host name, as a whole word.
    HostName,
}

impl Personal {
    /// The kind in words, for a person.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::IpAddress => "an IP address",
            Self::MacAddress => "a hardware address",
            Self::Uuid => "a UUID",
            Self::Url => "a URL",
            Self::Path => "an absolute path",
            Self::At => "an @",
            Self::Token => "what may be a token",
            Self::HostName => "this machine's host name",
        }
    }
}

/// The names that a free text must not contain.
#[derive(Debug, Clone, Default)]
pub struct HostNames(Vec<String>);

/// Host names that name no one: programs, roles and words of the agent that occur in the fields by their own right. A machine
/// that is called `netdata` must not lose every field that says `netdata`.
const EVERYDAY: [&str; 20] = [
    "agent",
    "container",
    "dbengine",
    "docker",
    "error",
    "guest",
    "host",
    "linux",
    "localhost",
    "machine",
    "netdata",
    "new",
    "nightly",
    "none",
    "ok",
    "ram",
    "server",
    "stable",
    "unknown",
    "vm",
];

/// The same for systems: many machines are called like the one that they run (the `ID` of os-release(5)).
const SYSTEMS: [&str; 36] = [
    "almalinux",
    "alpine",
    "amzn",
    "arch",
    "archarm",
    "centos",
    "clear-linux-os",
    "darwin",
    "debian",
    "deepin",
    "endeavouros",
    "fedora",
    "freebsd",
    "gentoo",
    "kali",
    "linuxmint",
    "macos",
    "manjaro",
    "nixos",
    "ol",
    "openeuler",
    "opensuse",
    "opensuse-leap",
    "opensuse-tumbleweed",
    "openwrt",
    "oracle",
    "pop",
    "proxmox",
    "raspbian",
    "redhat",
    "rhel",
    "rocky",
    "sles",
    "suse",
    "ubuntu",
    "void",
];

impl HostNames {
    /// The names to look for: each name given, and its first label when it has a domain. Names that are an everyday word, or
    /// the identifier of a well-known system, are not looked for: they name no one.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut wanted: Vec<String> = Vec::new();
        for name in names {
            let name = name.trim().to_lowercase();
            let label = name.split('.').next().unwrap_or_default().to_owned();
            for word in [name, label] {
                let names_no_one = EVERYDAY.iter().chain(&SYSTEMS).any(|known| *known == word);
                if !word.is_empty() && !names_no_one && !wanted.contains(&word) {
                    wanted.push(word);
                }
            }
        }
        Self(wanted)
    }

    fn found_in(&self, text: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let text = text.to_lowercase();
        self.0.iter().any(|name| {
            text.match_indices(name.as_str()).any(|(at, _)| {
                let before = text.get(..at).and_then(|t| t.chars().next_back());
                let after = text.get(at + name.len()..).and_then(|t| t.chars().next());
                !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
            })
        })
    }
}

/// Looks for what a free text may not hold.
///
/// An `@` between two blanks is allowed: CPU models carry it ("Intel(R) Core(TM) i7 CPU @ 2.60GHz"), and no address does.
pub fn find_personal(text: &str, hosts: &HostNames) -> Option<Personal> {
    if text.contains("://") {
        return Some(Personal::Url);
    }
    if text.replace(" @ ", "  ").contains('@') {
        return Some(Personal::At);
    }
    if hosts.found_in(text) {
        return Some(Personal::HostName);
    }
    // Words of the characters that addresses and UUIDs are made of. Brackets, quotes and the like separate.
    for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-'))) {
        let word = word.trim_matches(['.', ':', '-']);
        if holds_mac(word) {
            return Some(Personal::MacAddress);
        }
        if holds_uuid(word) {
            return Some(Personal::Uuid);
        }
        if holds_ip(word) {
            return Some(Personal::IpAddress);
        }
        if holds_token(word) {
            return Some(Personal::Token);
        }
    }
    if holds_path(text) {
        return Some(Personal::Path);
    }
    None
}

/// An absolute path: a slash that begins a word and is followed by a name. `GNU/Linux` is none.
fn holds_path(text: &str) -> bool {
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let begins_word =
            before.is_none_or(|b: char| !b.is_alphanumeric() && !matches!(b, '.' | '/' | ')' | '_' | '-'));
        if c == '/' && begins_word && chars.peek().is_some_and(|n| n.is_alphanumeric() || matches!(n, '.' | '_')) {
            return true;
        }
        before = Some(c);
    }
    false
}

/// Six pairs of hexadecimal digits between colons or dashes, or three groups of four between dots.
fn holds_mac(word: &str) -> bool {
    let groups = |separator: char, size: usize, count: usize| {
        word.split(|c| c != separator && !char::is_ascii_alphanumeric(&c)).any(|piece| {
            let parts: Vec<&str> = piece.split(separator).collect();
            parts.windows(count).any(|w| w.iter().all(|p| p.len() == size && is_hex(p)))
        })
    };
    groups(':', 2, 6) || groups('-', 2, 6) || groups('.', 4, 3)
}

/// 8-4-4-4-12 hexadecimal digits, or 32 of them in a row (machine-id(5), container identifiers).
fn holds_uuid(word: &str) -> bool {
    let of_groups = |piece: &str| {
        let parts: Vec<&str> = piece.split('-').collect();
        parts.windows(5).any(|w| w.iter().zip([8, 4, 4, 4, 12]).all(|(p, n)| p.len() == n && is_hex(p)))
    };
    word.split([':', '.']).any(of_groups) || word.split(|c: char| !c.is_ascii_hexdigit()).any(|run| run.len() >= 32)
}

fn holds_ip(word: &str) -> bool {
    let v6 = word.split('-').any(holds_ip_v6);
    let v4 = word.split([':', '-']).any(|w| {
        let numbers: Vec<&str> = w.split('.').collect();
        numbers.windows(4).any(|w| w.iter().all(|n| n.len() <= 3 && n.parse::<u8>().is_ok()))
    });
    v4 || v6
}

/// An IPv6 address, also behind or before other words between colons.
fn holds_ip_v6(word: &str) -> bool {
    let groups: Vec<&str> = word.split(':').collect();
    (0..groups.len()).any(|begin| {
        // The longest address has eight groups, and an empty one at each end where it begins and ends in `::`.
        (begin + 3..=groups.len().min(begin + 10))
            .filter_map(|end| groups.get(begin..end))
            .any(|part| part.join(":").parse::<std::net::Ipv6Addr>().is_ok())
    })
}

/// Twenty letters and digits in a row, both among them: no name of a program, a system or a processor is like that, and
/// tokens are.
fn holds_token(word: &str) -> bool {
    word.split(|c: char| !c.is_ascii_alphanumeric()).any(|run| {
        let mixed = run.bytes().any(|b| b.is_ascii_digit()) && run.bytes().any(|b| b.is_ascii_alphabetic());
        run.len() >= 20 && mixed
    })
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn personal(text: &str) -> Option<Personal> {
        find_personal(text, &HostNames::new(["web1.example.org"]))
    }

    #[test]
    fn everyday_values_pass() {
        for text in [
            "Debian GNU/Linux",
            "12 (bookworm)",
            "Intel(R) Core(TM) i7-8550U CPU @ 1.80GHz",
            "AMD EPYC 7763 64-Core Processor",
            "dbengine|Native HTTPS|TLS Host Verification|JSON-C|libcap",
            "FreeBSD 14.1-RELEASE-p3",
            "Amazon Linux 2023.5.20240722",
            "AUTH/TLS: v1.2",
        ] {
            assert_eq!(personal(text), None, "{text}");
        }
    }

    #[test]
    fn each_kind_is_found() {
        for (text, kind) in [
            ("listening on 192.168.1.17", Personal::IpAddress),
            ("node-10.0.0.5", Personal::IpAddress),
            ("at [2001:db8::1]:80", Personal::IpAddress),
            ("fe80::1", Personal::IpAddress),
            ("netdata:2001:db8::c0de", Personal::IpAddress),
            ("netdata:52-54-00-12-34-56", Personal::MacAddress),
            ("netdata:f5f3005e-e656-11f1-aa14-02fc00000001:x", Personal::Uuid),
            ("2001:db8::c0de:function", Personal::IpAddress),
            ("ghp0123456789abcdefghij", Personal::Token),
            ("eth0 52:54:00:12:34:56", Personal::MacAddress),
            ("52-54-00-12-34-56", Personal::MacAddress),
            ("5254.0012.3456", Personal::MacAddress),
            ("f5f3005e-e656-11f1-aa14-02fc00000001", Personal::Uuid),
            ("id=0123456789abcdef0123456789abcdef", Personal::Uuid),
            ("see https://example.org", Personal::Url),
            ("in /home/joe", Personal::Path),
            ("(/etc)", Personal::Path),
            ("joe@example.org", Personal::At),
            ("kernel of web1", Personal::HostName),
            ("WEB1.example.org", Personal::HostName),
        ] {
            assert_eq!(personal(text), Some(kind), "{text}");
        }
    }

    #[test]
    fn a_host_named_like_a_product_loses_nothing() {
        for host in ["debian", "vm", "netdata", "agent", "localhost.localdomain"] {
            let hosts = HostNames::new([host]);
            for text in ["Debian GNU/Linux", "netdata", "agent backend", "vm-other"] {
                assert_eq!(find_personal(text, &hosts), None, "{host} in {text}");
            }
        }
    }
}
