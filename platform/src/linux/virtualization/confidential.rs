//! Protection from the host.

use crate::ask::Ask;
use crate::host::Host;
use crate::linux::cpu::cpuinfo::CpuInfo;
use crate::linux::virtualization::cpuid::{self, Hypervisor};
use crate::linux::virtualization::guest::Guest;
use crate::rules::{Rule, rule};
use crate::source::Source;

const ISOLATION: &str = "Hyper-V: isolation leaf `0x4000000c`";
const MSHYPERV: &str = "Linux arch/x86/kernel/cpu/mshyperv.c";

pub(crate) const CONFIDENTIAL: &[Rule] = &[
    rule("protvirt", "s390: `/sys/firmware/uv/prot_virt_guest` is 1", "Linux arch/s390/kernel/uv.c"),
    rule("tdx", "CPUID leaf `0x21` is `IntelTDX    `", "Intel TDX module specification"),
    rule("tdx", ISOLATION, MSHYPERV),
    rule("sev-snp", "`/sys/devices/system/cpu/sev/vmpl`", "Linux Documentation/ABI/testing/sysfs-devices-system-cpu"),
    rule("sev-snp", ISOLATION, MSHYPERV),
];

/// The technology that keeps the host from reading the guest's memory.
pub(super) fn confidential(
    ask: &mut Ask<'_, '_>,
    guest: Option<&Guest>,
    hypervisor: &Hypervisor,
    info: Option<&CpuInfo<'_>>,
    architecture: &str,
) -> Option<(&'static str, Source)> {
    guest?;
    if architecture.starts_with("s390") {
        // 1 in a guest under IBM Secure Execution (Linux arch/s390/kernel/uv.c).
        return (ask.line(Source::UV_GUEST.name()).as_deref() == Some("1")).then_some(("protvirt", Source::UV_GUEST));
    }
    if hypervisor.present != Some(true) {
        return None;
    }
    if hypervisor.signatures.iter().any(|signature| signature == "Microsoft Hv")
        && let Some(name) = hyper_v_isolation(ask.host())
    {
        ask.saw("cpuid: leaf 0x4000000c", name);
        return Some((name, Source::CPUID));
    }
    let vendor = info.and_then(CpuInfo::vendor).unwrap_or_default();
    if vendor == "GenuineIntel" && has_leaf(ask.host(), cpuid::TDX) {
        let answer = ask.host().cpuid(cpuid::TDX, 0);
        let found = ask.answer("cpuid: leaf 0x21", answer)?;
        if cpuid::is_tdx(found) {
            ask.saw("cpuid: leaf 0x21", "IntelTDX");
            return Some(("tdx", Source::CPUID));
        }
    }
    // Linux shows the privilege level to SEV-SNP guests only (Documentation/ABI/testing/sysfs-devices-system-cpu).
    if vendor == "AuthenticAMD" && ask.line(Source::SEV_VMPL.name()).is_some() {
        return Some(("sev-snp", Source::SEV_VMPL));
    }
    None
}

/// Hyper-V hides the processor's leaves and has its own (Linux `arch/x86/kernel/cpu/mshyperv.c`): EBX holds the kind of isolation
/// if the privilege bit for isolation is set.
fn hyper_v_isolation(host: &dyn Host) -> Option<&'static str> {
    if host.cpuid(cpuid::PRIVILEGES, 0).ok()?.ebx & cpuid::ISOLATION == 0 {
        return None;
    }
    match host.cpuid(cpuid::CONFIGURATION, 0).ok()?.ebx & cpuid::ISOLATION_TYPE {
        2 => Some("sev-snp"),
        3 => Some("tdx"),
        _ => None,
    }
}

/// Whether the processor has a basic leaf. For a higher one CPUID answers with the data of the highest.
fn has_leaf(host: &dyn Host, leaf: u32) -> bool {
    host.cpuid(cpuid::BASIC, 0).is_ok_and(|basic| basic.eax >= leaf)
}
