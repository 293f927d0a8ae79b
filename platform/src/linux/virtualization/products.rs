//! Virtual machines by SMBIOS.

use crate::ask::Ask;
use crate::dmi::Dmi;
use crate::linux::virtualization::guest::{Guest, Look, OTHER, guest};
use crate::linux::virtualization::signature::known_signature;
use crate::linux::virtualization::smbios;
use crate::rules::{Rule, rule};
use crate::source::Source;
use crate::tables::{NOVA_FAMILY, SYSTEMD};

pub(super) const RENTED: &[Rule] = &[
    rule(
        "amazon",
        "vendor `Amazon EC2` and a hypervisor, or SMBIOS describes a virtual machine, or the product is not `*.metal`",
        "systemd src/basic/virt.c; EC2 user guide",
    ),
    rule("google", "product `Google Compute Engine` with KVM or a nameless hypervisor below, or on Arm", SYSTEMD),
    rule(
        "oracle",
        "board vendor `Oracle Corporation` in a machine of another vendor, with a hypervisor: VirtualBox can show the host's other texts",
        "systemd src/basic/virt.c; VirtualBox user manual, Configuring the BIOS DMI Information",
    ),
];

/// Products whose name in SMBIOS is more specific than CPUID's.
pub(super) fn product(look: &mut Look<'_, '_, '_>) -> Option<Guest> {
    let Look { ask, hypervisor, present, dmi, x86, .. } = look;
    let below = known_signature(hypervisor).map(|row| row.hypervisor);
    let rented = dmi.cloud().and_then(|cloud| cloud.machine);
    if rented == Some("amazon") && is_ec2_guest(ask, dmi, *present, *x86) {
        return Some(Guest { name: "amazon", hypervisor: below, source: Source::DMI });
    }
    // Google also rents real machines, which show no hypervisor; Arm has no such bit. Another hypervisor than KVM means a machine
    // that copies this product, or one inside Google's.
    let google = !*x86 || below.map_or(*present != Some(false), |below| below == "kvm");
    if rented == Some("google") && google {
        return Some(Guest { name: "google", hypervisor: below, source: Source::DMI });
    }
    let machine = dmi.virtual_machine();
    // VirtualBox shows its own signature, KVM's, Hyper-V's or none, as its user chooses.
    if machine.is_none()
        && *present == Some(true)
        && matches!(below, None | Some("kvm" | "oracle"))
        && dmi.has_virtualbox_board()
    {
        return Some(Guest { name: "oracle", hypervisor: Some(below.unwrap_or("oracle")), source: Source::DMI });
    }
    let row = machine.filter(|row| row.before_cpuid)?;
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

pub(super) const PRODUCTS: &[Rule] = &[
    rule(
        "kvm",
        "vendor `Nutanix` with product `AHV`; it can show Hyper-V's signature",
        "virt-what; Nutanix AHV administration guide",
    ),
    rule("microsoft", "vendor `Microsoft Corporation` with product `Virtual Machine`", "cloud-init tools/ds-identify"),
];

/// Products of SMBIOS where CPUID has no known signature.
pub(super) fn firmware(dmi: &Dmi) -> Option<Guest> {
    if dmi.is_nutanix_virtual_machine() {
        return guest("kvm", "kvm", Source::DMI);
    }
    if dmi.is_microsoft_virtual_machine() {
        return guest("microsoft", "microsoft", Source::DMI);
    }
    let row = dmi.virtual_machine()?;
    guest(row.name, row.name, Source::DMI)
}

/// The virtual machine of a cloud that names itself and nothing else. On x86 a real machine shows no hypervisor's bit.
pub(super) fn rented(look: &mut Look<'_, '_, '_>) -> Option<Guest> {
    let Look { present, dmi, x86, .. } = look;
    if *x86 && *present == Some(false) {
        return None;
    }
    let name = dmi.cloud_machine()?;
    Some(Guest { name, hypervisor: (name != OTHER).then_some(name), source: Source::DMI })
}

pub(super) const REMAINS: &[Rule] = &[
    rule("qemu", "SMBIOS version `pc-i440fx-…`, `pc-q35-…`, `virt-…`", "QEMU hw/smbios/smbios.c: smbios_set_defaults"),
    rule(
        "kvm",
        "off x86: SMBIOS family `Virtual Machine`",
        "Nova nova/virt/libvirt/driver.py: _get_guest_config_sysinfo",
    ),
];

/// What stays in SMBIOS where somebody set vendor and product.
pub(super) fn remains(look: &mut Look<'_, '_, '_>) -> Option<Guest> {
    let Look { ask, present, dmi, x86, .. } = look;
    if *x86 && *present == Some(false) {
        return None;
    }
    if dmi.is_qemu_machine() {
        return guest("qemu", "qemu", Source::DMI);
    }
    let is_nova = !*x86
        && dmi.is_there()
        && ask.line("/sys/class/dmi/id/product_family").is_some_and(|family| family == NOVA_FAMILY);
    if is_nova { guest("kvm", "kvm", Source::DMI) } else { None }
}
