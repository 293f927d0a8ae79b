//! Proxmox VE: Debian with a kernel and packages of its own, and Debian's os-release.
//!
//! Netdata's script names it since 2025, where the kernel is `-pve`, /etc/pve is there and `pveversion` is installed, which prints
//! the version of the package pve-manager. Here the package's version comes from dpkg's own list. A container on such
//! a machine has the kernel and no /etc/pve.

use crate::ask::{Ask, Conclusion};
use crate::facts::{Kernel, Os};
use crate::mountinfo;
use crate::source::Source;
use crate::text::{VALUE_LIMIT, clean_text};

/// The suffix of the kernel's release.
const KERNEL: &str = "-pve";
const PACKAGE: &str = "pve-manager";
/// The list of a machine with some thousand packages has two megabytes.
const STATUS_LIMIT: usize = 16 << 20;

/// A Proxmox VE, with its version if the package is in the list.
pub(crate) struct Proxmox {
    version: Option<String>,
}

/// The version of the installed package in dpkg's list: paragraphs of `Field: value` lines, deb-control(5).
fn version(status: &str) -> Option<&str> {
    let mut lines = status.lines();
    lines.find(|line| line.strip_prefix("Package:").is_some_and(|name| name.trim() == PACKAGE))?;
    let mut paragraph = lines.take_while(|line| !line.is_empty());
    let version = paragraph.find_map(|line| line.strip_prefix("Version:"))?.trim();
    (!version.is_empty()).then_some(version)
}

/// Of the list only this package's version.
#[cfg(feature = "recorded")]
pub(crate) fn kept_status(bytes: &[u8]) -> Vec<u8> {
    let status = String::from_utf8_lossy(bytes);
    let version = version(&status).map(|version| clean_text(version, VALUE_LIMIT));
    version.map(|version| format!("Package: {PACKAGE}\nVersion: {version}\n").into_bytes()).unwrap_or_default()
}

pub(crate) fn find(ask: &mut Ask<'_, '_>, kernel: &Kernel) -> Option<Proxmox> {
    if !kernel.release.known()?.ends_with(KERNEL) {
        return None;
    }
    let place = Source::PROXMOX.name();
    // The folder is a mount of a program (pmxcfs(8)): where the list of mounts shows it, the program is not asked.
    if ask.mounts().is_some_and(|mounts| mountinfo::parse(&mounts.text).any(|mount| mount.point == place)) {
        ask.saw(place, "mounted");
    } else if ask.exists(place) != Some(true) {
        return None;
    }
    let status = ask.text(Source::DPKG_STATUS.name(), STATUS_LIMIT);
    let version =
        status.as_ref().and_then(|status| version(&status.text)).map(|version| clean_text(version, VALUE_LIMIT));
    if let Some(version) = &version {
        ask.saw("/var/lib/dpkg/status: pve-manager", version);
    }
    Some(Proxmox { version })
}

impl Proxmox {
    /// Puts its identity in place of Debian's. The codename stays: Proxmox names its package sources by it.
    pub(crate) fn name(self, conclusion: &Conclusion, os: &mut Os) {
        let name = "Proxmox VE";
        os.name = conclusion.known(name, Source::PROXMOX);
        os.id = conclusion.known("proxmox", Source::PROXMOX);
        os.id_like = conclusion.known("debian", Source::PROXMOX);
        let pretty = self.version.as_ref().map_or_else(|| name.to_owned(), |version| format!("{name} {version}"));
        os.pretty_name = conclusion.known(clean_text(&pretty, VALUE_LIMIT), Source::PROXMOX);
        // As Netdata's script has it: `8.0.4`, and `8` for programs.
        let major = self.version.as_ref().and_then(|version| version.split('.').next()).map(str::to_owned);
        os.version_id = conclusion.found_in(Source::DPKG_STATUS, major);
        os.version = conclusion.found_in(Source::DPKG_STATUS, self.version);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_in_the_list() {
        for (status, expected) in [
            (
                "Package: a\nVersion: 1\n\nPackage: pve-manager\nStatus: install ok installed\nVersion: 8.4.1\n",
                Some("8.4.1"),
            ),
            ("Package: pve-manager\nStatus: x\n\nPackage: b\nVersion: 2\n", None),
            ("Package: pve-manager-extra\nVersion: 2\n", None),
            ("Package: pve-manager\nVersion:\n", None),
            ("", None),
        ] {
            assert_eq!(version(status), expected, "{status}");
        }
    }
}
