#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod arguments;
mod ask;
#[doc(hidden)]
pub mod catalogue;
#[cfg(feature = "cli")]
pub mod cli;
mod fact;
mod facts;
mod freebsd;
#[cfg(feature = "fuzz")]
#[doc(hidden)]
pub mod fuzz;
mod host;
#[cfg(feature = "serde")]
mod json;
mod linux;
mod macos;
mod mountinfo;
pub mod netdata;
mod os_release;
#[cfg(feature = "recorded")]
mod recorder;
mod rules;
mod source;
mod tables;
mod text;
mod unix;

pub use fact::{Evidence, Fact, Outcome, State};
pub use facts::{Container, Cpu, Disk, Facts, Hardware, Kernel, Leaf, Memory, Os, Value, Virtualization};
pub use host::candidate::Candidate;
pub use host::common::CommonEvidence;
pub use host::live::LiveHost;
pub use host::processes::{CANDIDATES, Candidates, Unseen, candidates};
#[cfg(feature = "recorded")]
pub use host::recorded::RecordedHost;
pub use host::sys::{copy_access, open_regular, rescue};
pub use host::{
    CpuidRegisters, DiskQuantity, Error, FileKind, Host, Metadata, Platform, Quantities, Result, Start, Uname,
};
#[cfg(feature = "serde")]
pub use json::Explained;
#[cfg(feature = "recorded")]
pub use recorder::{Recorder, Redaction};
pub use source::Source;
pub use text::{is_unprintable, printable_json};

/// The facts of this machine, from common evidence: the same for every user.
pub fn collect() -> Facts {
    collect_from(&CommonEvidence::new(LiveHost::new()))
}

/// The facts of any machine, from all evidence that its host gives.
pub fn collect_from(host: &dyn Host) -> Facts {
    let machine = ask::Machine::new(host);
    let mut facts = match host.platform() {
        Platform::Linux => linux::facts(&machine),
        Platform::MacOs => macos::facts(&machine),
        Platform::FreeBsd => freebsd::facts(&machine),
        Platform::Other => Facts { kernel: unix::kernel(&machine), ..Facts::default() },
    };
    unix::apply_daemon_environment(&machine, &mut facts);
    facts
}

/// The virtualization of a machine alone.
pub fn virtualization_from(host: &dyn Host) -> Virtualization {
    let machine = ask::Machine::new(host);
    let kernel = unix::kernel(&machine);
    match host.platform() {
        Platform::Linux => linux::virtualization::virtualization(&machine, &kernel),
        Platform::MacOs => macos::virtualization(&machine, &kernel),
        Platform::FreeBsd => freebsd::virtualization(&machine),
        Platform::Other => Virtualization::default(),
    }
}

/// The container of a machine alone.
pub fn container_from(host: &dyn Host) -> Container {
    let machine = ask::Machine::new(host);
    match host.platform() {
        Platform::Linux => linux::container::container(&machine, &unix::kernel(&machine)),
        Platform::MacOs => macos::container(&machine),
        Platform::FreeBsd => freebsd::container(&machine),
        Platform::Other => Container::default(),
    }
}
