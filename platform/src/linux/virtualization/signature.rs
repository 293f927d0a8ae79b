//! Virtual machines by CPUID.

use crate::ask::Ask;
use crate::linux::virtualization::cpuid::Hypervisor;
use crate::linux::virtualization::guest::{Guest, Look, guest};
use crate::rules::{Rule, rule};
use crate::source::Source;
use crate::tables::{self, HypervisorSignature};
use crate::text::{EXCERPT_LIMIT, clean};

pub(super) fn known_signature(hypervisor: &Hypervisor) -> Option<&'static HypervisorSignature> {
    let known = || hypervisor.signatures.iter().filter_map(|signature| tables::hypervisor(signature));
    // For Windows guests other hypervisors show Hyper-V's signature first, then their own.
    known().find(|row| row.name != "microsoft").or_else(|| known().next())
}

pub(super) fn signature(look: &mut Look<'_, '_, '_>) -> Option<Guest> {
    let row = known_signature(&look.hypervisor)?;
    if row.name == "kvm"
        && !look.dmi.is_there()
        && let Some(source) = firecracker(&mut look.ask)
    {
        return guest("firecracker", "kvm", source);
    }
    guest(row.name, row.hypervisor, Source::CPUID)
}

pub(super) const FIRECRACKER: &[Rule] = &[
    rule(
        "firecracker",
        "KVM without SMBIOS, with ACPI device `VMGENCTR` and without `QEMU0002`",
        "Firecracker src/vmm/src/devices/acpi/vmgenid.rs",
    ),
    rule("firecracker", "with `--privileged`: ACPI OEM id `FIRECK`", "Firecracker src/acpi-tables; measured"),
];

/// Firecracker: its ACPI device for the generation counter has the hardware id VMGENCTR, QEMU's has QEMUVGID. Root can also read
/// the maker in the ACPI tables.
fn firecracker(ask: &mut Ask<'_, '_>) -> Option<Source> {
    if ask.exists("/sys/bus/acpi/devices/VMGENCTR:00") == Some(true)
        && ask.exists("/sys/bus/acpi/devices/QEMU0002:00") == Some(false)
    {
        return Some(Source::ACPI_DEVICES);
    }
    let table = ask.bytes("/sys/firmware/acpi/tables/FACP", 4096)?;
    let maker = table.get(MAKER_AT)?;
    ask.saw("/sys/firmware/acpi/tables/FACP: OEM id", &clean(maker, EXCERPT_LIMIT));
    (maker == MAKER).then_some(Source::ACPI_TABLES)
}

/// The OEM id of an ACPI table (ACPI 6.5, 5.2.6), and Firecracker's (src/acpi-tables/src/lib.rs).
const MAKER_AT: std::ops::Range<usize> = 10..16;
const MAKER: &[u8] = b"FIRECK";

/// Firecracker's id; every other byte becomes 0.
#[cfg(feature = "recorded")]
pub(crate) fn kept_maker(table: &[u8]) -> Vec<u8> {
    let mut kept = vec![0; table.len()];
    if let Some(maker) = kept.get_mut(MAKER_AT).filter(|_| table.get(MAKER_AT) == Some(MAKER)) {
        maker.copy_from_slice(MAKER);
    }
    kept
}
