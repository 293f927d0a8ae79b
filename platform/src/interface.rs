//! The interface of the default route, which the daemon alone is told: it is no part of [`Facts`](crate::Facts), and
//! no recording has it.

use std::net::IpAddr;

use crate::ask::Conclusion;
use crate::fact::Fact;
use crate::source::Source;
use crate::text::is_unprintable;

/// The interface of the default route, and its address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DefaultInterface {
    /// `eth0`
    pub name: Fact<String>,
    /// `192.0.2.7`; without IPv4 an address of IPv6.
    pub address: Fact<String>,
    /// What told the default route, also where its interface is down or has no address.
    pub route: Option<Source>,
}

/// What one protocol's tables say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// No default route.
    NoRoute,
    /// One whose interface is down, or has no address.
    Useless,
    /// The name of the interface, and its address if that is certain.
    Interface(String, Option<IpAddr>),
}

impl Found {
    /// IPv4's answer where it has one, else IPv6's.
    pub(crate) fn or_else(self, ipv6: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Interface(..) => self,
            Self::NoRoute => ipv6(),
            Self::Useless => match ipv6() {
                Self::NoRoute => Self::Useless,
                better => better,
            },
        }
    }

    pub(crate) fn conclude(self, conclusion: &Conclusion, source: Source) -> DefaultInterface {
        let route = (self != Self::NoRoute).then_some(source);
        let (name, address) = match self {
            Self::Interface(name, address) => (Some(name), address.map(|address| address.to_string())),
            Self::NoRoute | Self::Useless => (None, None),
        };
        DefaultInterface {
            name: conclusion.found_in(source, name),
            address: conclusion.found_in(source, address),
            route,
        }
    }
}

/// Whether the kernels allow such a name (Linux `dev_valid_name` in net/core/dev.c; `IFNAMSIZ` of net/if.h is 16 with the
/// NUL). It becomes part of a path.
pub(crate) fn is_name(name: &str) -> bool {
    (1..16).contains(&name.len())
        && !matches!(name, "." | ".." | "*")
        && !name.contains(|c: char| matches!(c, '/' | ':') || c.is_whitespace() || is_unprintable(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_a_kernel_allows() {
        for name in ["eth0", "enp0s31f6", "wg-quick", "br_lan.7", "абв", "a"] {
            assert!(is_name(name), "{name}");
        }
        for wrong in ["", ".", "..", "*", "a/b", "../../x", "eth0:1", "a b", "a\tb", "a\u{7f}", "sixteen-letters-"] {
            assert!(!is_name(wrong), "{wrong}");
        }
    }
}
