//! From a machine to its facts.

use crate::ask::Machine;
use crate::facts::{Container, Facts, Virtualization};
use crate::host::common::CommonEvidence;
use crate::host::live::LiveHost;
use crate::host::{Host, Platform};
use crate::{freebsd, linux, macos, unix};

/// The facts of this machine, from common evidence: the same for every user.
pub fn collect() -> Facts {
    collect_from(&CommonEvidence::new(LiveHost::new()))
}

/// The facts of any machine, from all evidence that its host gives.
pub fn collect_from(host: &dyn Host) -> Facts {
    let machine = Machine::new(host);
    let mut facts = match host.platform() {
        Platform::Linux => linux::facts(&machine),
        Platform::MacOs => macos::facts(&machine),
        Platform::FreeBsd => freebsd::facts(&machine),
        Platform::Other => Facts { kernel: unix::kernel(&machine), ..Facts::default() },
    };
    facts.container.official_image = unix::official_image(&machine);
    facts
}

/// The virtualization of a machine alone.
pub fn virtualization_from(host: &dyn Host) -> Virtualization {
    let machine = Machine::new(host);
    let kernel = unix::kernel(&machine);
    match host.platform() {
        Platform::Linux => linux::virtualization::virtualization(&machine, &kernel),
        Platform::MacOs => macos::virtualization(&machine, &kernel),
        Platform::FreeBsd => freebsd::virtualization(&machine, &kernel),
        Platform::Other => Virtualization::default(),
    }
}

/// The container of a machine alone.
pub fn container_from(host: &dyn Host) -> Container {
    let machine = Machine::new(host);
    match host.platform() {
        Platform::Linux => linux::container::container(&machine, &unix::kernel(&machine)),
        Platform::MacOs => macos::container(&machine),
        Platform::FreeBsd => freebsd::container(&machine),
        Platform::Other => Container::default(),
    }
}
