//! The machine's own names.

use crate::fields::personal::plain::plain;

/// Names that free text must not contain.
#[derive(Debug, Clone, Default)]
pub struct HostNames(Vec<String>);

/// Host names that identify nobody: programs, roles and words of the agent that occur in the fields anyway. A machine
/// called `netdata` must not lose every field with that word.
const GENERIC: [&str; 20] = [
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

/// The same for systems: many machines are named after their distribution (the `ID` of os-release(5)).
const OS_IDS: [&str; 36] = [
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
    /// Searches for each name, and for its first label if it has a domain. Common words and identifiers of well-known
    /// systems are not searched for: they identify nobody.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut wanted: Vec<String> = Vec::new();
        for name in names {
            let name = plain(name).trim().to_lowercase();
            let label = name.split('.').next().unwrap_or_default().to_owned();
            for word in [name, label] {
                let names_no_one = GENERIC.iter().chain(&OS_IDS).any(|known| *known == word);
                if !word.is_empty() && !names_no_one && !wanted.contains(&word) {
                    wanted.push(word);
                }
            }
        }
        Self(wanted)
    }

    pub(super) fn found_in(&self, text: &str) -> bool {
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
