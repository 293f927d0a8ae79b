//! Virtual machines by SMBIOS.

use crate::ask::Ask;
use crate::linux::virtualization::dmi::Dmi;
use crate::linux::virtualization::guest::{Guest, Look, guest};
use crate::linux::virtualization::signature::known_signature;
use crate::linux::virtualization::smbios;
use crate::rules::{Rule, rule};
use crate::source::Source;
use crate::tables::SYSTEMD;

pub(super) const RENTED: &[Rule] = &[
    rule(
        "amazon",
        "vendor `Amazon EC2` and a hypervisor, or SMBIOS describes a virtual machine, or the product is not `*.metal`",
        "systemd src/basic/virt.c; EC2 user guide",
    ),
    rule("google", "product `Google Compute Engine` with KVM or a nameless hypervisor below, or on Arm", SYSTEMD),
];

/// Products whose name in SMBIOS is more specific than CPUID's.
pub(super) fn product(look: &mut Look<'_, '_, '_>) -> Option<Guest> {
    let Look { ask, hypervisor, present, dmi, x86, .. } = look;
    let below = known_signature(hypervisor).map(|row| row.hypervisor);
    let cloud = dmi.cloud().map(|cloud| cloud.id);
    if cloud == Some("aws") && is_ec2_guest(ask, dmi, *present, *x86) {
        return Some(Guest { name: "amazon", hypervisor: below, source: Source::DMI });
    }
    // Google also rents real machines, which show no hypervisor; Arm has no such bit. Another hypervisor than KVM means a machine
    // that copies this product, or one inside Google's.
    let google = !*x86 || below.map_or(*present == Some(true), |below| below == "kvm");
    if cloud == Some("gcp") && google {
        return Some(Guest { name: "google", hypervisor: below, source: Source::DMI });
    }
    let row = dmi.virtual_machine().filter(|row| row.before_cpuid)?;
    Some(Guest { name: row.name, hypervisor: Some(below.unwrap_or(row.name)), source: Source::DMI })
}

/// EC2's real machines have the same vendor, but neither the hypervisor bit nor SMBIOS's virtual-machine bit, and a product
/// `*.metal`.
fn is_ec2_guest(ask: &mut Ask<'_, '_>, dmi: &Dmi, present: Option<bool>, x86: bool) -> bool {
    if x86 && present.is_some() {
        return present == Some(true);
    }
    let structure = ask.bytes(Source::DMI_ENTRY.name(), 4096);
    match structure.and_then(|structure| smbios::says_virtual_machine(&structure)) {
        Some(bit) => {
            ask.saw(
                Source::DMI_ENTRY.name(),
                if bit { "describes a virtual machine" } else { "describes a real machine" },
            );
            bit
        }
        None => !dmi.is_metal_product(),
    }
}

pub(super) const HYPER_V: &[Rule] = &[rule(
    "microsoft",
    "vendor `Microsoft Corporation` with product `Virtual Machine`",
    "cloud-init tools/ds-identify",
)];

/// Products of SMBIOS where CPUID has no known signature.
pub(super) fn firmware(dmi: &Dmi) -> Option<Guest> {
    if dmi.is_microsoft_virtual_machine() {
        return guest("microsoft", "microsoft", Source::DMI);
    }
    let row = dmi.virtual_machine()?;
    guest(row.name, row.name, Source::DMI)
}
