//! Input and output of the detection steps.

use crate::ask::Ask;
use crate::dmi::Dmi;
use crate::linux::cpu::cpuinfo::CpuInfo;
use crate::linux::virtualization::cpuid::Hypervisor;
use crate::linux::virtualization::xen::Xen;
use crate::source::Source;

/// systemd's word for an unnamed virtual machine.
pub(super) const OTHER: &str = "vm-other";

/// A virtual machine: its name, its technology, and the source.
pub(crate) struct Guest {
    pub(super) name: &'static str,
    pub(super) hypervisor: Option<&'static str>,
    pub(super) source: Source,
}

#[allow(clippy::unnecessary_wraps, reason = "every detector answers with an Option")]
pub(super) fn guest(name: &'static str, hypervisor: &'static str, source: Source) -> Option<Guest> {
    Some(Guest { name, hypervisor: Some(hypervisor), source })
}

/// The input of every step.
pub(crate) struct Look<'t, 'm, 'h> {
    pub(super) ask: Ask<'m, 'h>,
    pub(super) info: Option<CpuInfo<'t>>,
    pub(super) hypervisor: Hypervisor,
    /// Whether there is a hypervisor, by CPUID or the kernel.
    pub(super) present: Option<bool>,
    pub(super) dmi: Dmi,
    pub(super) xen: Xen,
    pub(super) x86: bool,
    pub(super) architecture: &'t str,
    /// The kernel's release.
    pub(super) release: &'t str,
}
