//! Virtual machines by CPUID.

use crate::ask::Ask;
use crate::linux::virtualization::cpuid::Hypervisor;
use crate::linux::virtualization::guest::{Guest, Look, guest};
use crate::rules::{Rule, rule};
use crate::source::Source;
use crate::tables::{self, HypervisorSignature};
use crate::text::{EXCERPT_LIMIT, clean};

/// systemd's word for Hyper-V.
pub(super) const HYPER_V: &str = "microsoft";

/// The name of the hypervisor with this signature.
pub(super) fn hypervisor_name(signature: &str) -> Option<&'static str> {
    tables::hypervisor(signature).map(|row| row.name)
}

/// The first signature but Hyper-V's, which other hypervisors show to Windows guests before their own.
pub(super) fn known_signature(hypervisor: &Hypervisor) -> Option<&'static HypervisorSignature> {
    let mut known = hypervisor.signatures.iter().filter_map(|signature| tables::hypervisor(signature));
    known.find(|row| row.name != HYPER_V)
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

pub(super) const WSL: &[Rule] =
    &[rule(HYPER_V, "`uname`: release with `microsoft-standard` or `WSL2`", "WSL 2 runs in a machine of Hyper-V")];

/// Hyper-V, where nothing else has a name. Arm shows no signature, but WSL 2 is always in a machine of Hyper-V.
pub(super) fn hyper_v(hypervisor: &Hypervisor, release: &str) -> Option<Guest> {
    if hypervisor.signatures.iter().any(|signature| hypervisor_name(signature) == Some(HYPER_V)) {
        return guest(HYPER_V, HYPER_V, Source::CPUID);
    }
    let is_wsl = hypervisor.present.is_none() && (release.contains("microsoft-standard") || release.contains("WSL2"));
    if is_wsl { guest(HYPER_V, HYPER_V, Source::UNAME) } else { None }
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
