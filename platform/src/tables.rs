//! The lookup tables of the detection, with the documentation of each row.

use std::fmt;

use crate::rules::{Rule, row};

pub(crate) const SYSTEMD: &str = "systemd src/basic/virt.c";

/// A hypervisor's signature: the answer to CPUID leaf `0x40000000` in EBX, ECX and EDX.
#[derive(Clone, Copy, Debug)]
pub struct HypervisorSignature {
    /// The bytes without trailing NULs.
    pub signature: &'static str,
    /// The name: systemd's word where it has one.
    pub name: &'static str,
    /// The technology of a product; otherwise the same name.
    pub hypervisor: &'static str,
    /// Its documentation.
    pub citation: &'static str,
}

const fn signature(
    signature: &'static str,
    name: &'static str,
    hypervisor: &'static str,
    citation: &'static str,
) -> HypervisorSignature {
    HypervisorSignature { signature, name, hypervisor, citation }
}

/// All known signatures.
pub const HYPERVISOR_SIGNATURES: &[HypervisorSignature] = &[
    signature("KVMKVMKVM", "kvm", "kvm", "Linux Documentation/virt/kvm/x86/cpuid.rst"),
    signature("Linux KVM Hv", "kvm", "kvm", "Linux arch/x86/kvm/hyperv.c: KVM with only Hyper-V's interface"),
    signature("TCGTCGTCGTCG", "qemu", "qemu", "QEMU target/i386/cpu.c"),
    signature("XenVMMXenVMM", "xen", "xen", "Xen public/arch-x86/cpuid.h"),
    signature("VMwareVMware", "vmware", "vmware", "VMware knowledge base 1009458; Linux arch/x86/kernel/cpu/vmware.c"),
    signature("Microsoft Hv", "microsoft", "microsoft", "Hypervisor Top Level Functional Specification, 2.4"),
    signature("VBoxVBoxVBox", "oracle", "oracle", "VirtualBox VMM/VMMR3/GIMMinimal"),
    signature("bhyve bhyve ", "bhyve", "bhyve", "FreeBSD sys/amd64/vmm/x86.c"),
    signature("BHyVE BHyVE ", "bhyve", "bhyve", "FreeBSD sys/amd64/vmm/x86.c, first versions"),
    signature(" lrpepyh  vr", "parallels", "parallels", "virt-what; VMAware src/vmaware.hpp"),
    signature(" prl hyperv ", "parallels", "parallels", "the same with the words in order"),
    signature("Apple VZ", "apple", "apple", SYSTEMD),
    signature("QNXQVMBSQG", "qnx", "qnx", SYSTEMD),
    signature(" QNXQVMBSQG ", "qnx", "qnx", "fwupd plugins/cpu/fu-cpu-device.c: twelve bytes"),
    signature("ACRNACRNACRN", "acrn", "acrn", "Linux arch/x86/kernel/cpu/acrn.c"),
    signature("SRESRESRESRE", "sre", "sre", SYSTEMD),
    signature("LKVMLKVMLKVM", "lkvm", "kvm", "kvmtool x86/cpuid.c"),
    signature("Jailhouse", "jailhouse", "jailhouse", "Linux arch/x86/kernel/jailhouse.c"),
    signature("OpenBSDVMM58", "vmm", "vmm", "OpenBSD sys/arch/amd64/include/vmmvar.h"),
    signature("___ NVMM ___", "nvmm", "nvmm", "NetBSD sys/dev/nvmm/x86"),
    signature("HAXMHAXMHAXM", "haxm", "haxm", "HAXM core/cpuid.c"),
    signature("UnisysSpar64", "spar", "spar", "util-linux sys-utils/lscpu-virt.c"),
    signature("EVMMEVMMEVMM", "kgt", "kgt", "Trusty on x86, vmm_signature: Intel Kernel Guard Technology"),
];

pub(crate) fn signature_rules() -> impl Iterator<Item = Rule> {
    HYPERVISOR_SIGNATURES.iter().map(|known| row(known.name, format!("CPUID `{}`", known.signature), known.citation))
}

/// A virtual machine in SMBIOS, as `/sys/class/dmi/id` or FreeBSD's `kenv` shows it.
#[derive(Clone, Copy, Debug)]
pub struct DmiVirtual {
    /// The beginning of a vendor or product.
    pub prefix: &'static str,
    /// The name: systemd's word where it has one.
    pub name: &'static str,
    /// Whether it is more specific than CPUID: such products show the signature of another hypervisor.
    pub before_cpuid: bool,
    /// Its documentation.
    pub citation: &'static str,
}

const fn dmi(prefix: &'static str, name: &'static str, before_cpuid: bool, citation: &'static str) -> DmiVirtual {
    DmiVirtual { prefix, name, before_cpuid, citation }
}

/// All known virtual machines. `Oracle Corporation` is missing, as it is also the vendor of servers, and so are `Amazon EC2` and
/// `Google Compute Engine`, as both also rent real machines: see `CLOUDS`.
pub const DMI_VIRTUAL: &[DmiVirtual] = &[
    dmi("VirtualBox", "oracle", true, "systemd src/basic/virt.c; can show KVM's signature to its guests"),
    dmi("innotek GmbH", "oracle", true, "systemd src/basic/virt.c: VirtualBox's first maker"),
    dmi("Parallels", "parallels", true, "virt-what: shows KVM's signature"),
    dmi("Xen", "xen", true, "systemd src/basic/virt.c: can show Hyper-V's signature"),
    dmi(
        "cloud-hypervisor",
        "cloud-hypervisor",
        true,
        "Cloud Hypervisor arch/src/x86_64/smbios.rs; shows KVM or Hyper-V to CPUID",
    ),
    dmi("crosvm", "crosvm", true, "crosvm x86_64/src/smbios.rs; shows KVM's signature"),
    dmi("Apple Virtualization", "apple", false, SYSTEMD),
    dmi("VMware", "vmware", false, SYSTEMD),
    dmi("VMW", "vmware", false, SYSTEMD),
    dmi("Hyper-V", "microsoft", false, SYSTEMD),
    dmi("KVM", "kvm", false, SYSTEMD),
    dmi("OpenStack", "kvm", false, SYSTEMD),
    dmi("KubeVirt", "kvm", false, SYSTEMD),
    dmi("RHEV Hypervisor", "kvm", false, "virt-what"),
    dmi("oVirt", "kvm", false, "virt-what"),
    dmi("QEMU", "qemu", false, SYSTEMD),
    dmi("Bochs", "bochs", false, SYSTEMD),
    dmi("BHYVE", "bhyve", false, SYSTEMD),
];

pub(crate) fn firmware_rules(before_cpuid: bool) -> impl Iterator<Item = Rule> {
    let these = DMI_VIRTUAL.iter().filter(move |known| known.before_cpuid == before_cpuid);
    these.map(|known| row(known.name, format!("SMBIOS `{}…`", known.prefix), known.citation))
}

/// The SMBIOS field with a cloud's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DmiField {
    /// System manufacturer.
    SysVendor,
    /// System product.
    ProductName,
    /// Asset tag of the chassis.
    ChassisAssetTag,
}

impl fmt::Display for DmiField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SysVendor => "vendor",
            Self::ProductName => "product",
            Self::ChassisAssetTag => "asset tag",
        })
    }
}

/// A cloud in SMBIOS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cloud {
    /// The field.
    pub(crate) field: DmiField,
    /// The beginning of its text.
    pub(crate) prefix: &'static str,
    /// The name.
    pub(crate) id: &'static str,
    /// Its documentation.
    pub(crate) citation: &'static str,
}

const fn cloud(field: DmiField, prefix: &'static str, id: &'static str, citation: &'static str) -> Cloud {
    Cloud { field, prefix, id, citation }
}

/// All known clouds. Their real machines have these texts too.
pub(crate) const CLOUDS: &[Cloud] = &[
    cloud(DmiField::SysVendor, "Amazon EC2", "aws", "EC2 user guide, Detect whether a host is an EC2 instance"),
    cloud(DmiField::ProductName, "Google Compute Engine", "gcp", "Compute Engine, Detect if a VM is running in it"),
    cloud(DmiField::ChassisAssetTag, "7783-7084-3265-9085-8269-3286-77", "azure", "cloud-init tools/ds-identify"),
    cloud(DmiField::ChassisAssetTag, "OracleCloud.com", "oci", "cloud-init tools/ds-identify"),
    cloud(DmiField::ChassisAssetTag, "HUAWEICLOUD", "huawei", "cloud-init tools/ds-identify"),
    cloud(DmiField::ChassisAssetTag, "OpenTelekomCloud", "otc", "cloud-init tools/ds-identify"),
    cloud(DmiField::SysVendor, "Alibaba Cloud", "alibaba", "virt-what"),
    cloud(DmiField::ProductName, "Alibaba Cloud ECS", "alibaba", "cloud-init tools/ds-identify"),
    cloud(DmiField::SysVendor, "DigitalOcean", "digitalocean", "cloud-init tools/ds-identify"),
    cloud(DmiField::SysVendor, "Hetzner", "hetzner", "cloud-init tools/ds-identify"),
    cloud(DmiField::SysVendor, "Scaleway", "scaleway", "cloud-init tools/ds-identify"),
    cloud(DmiField::SysVendor, "UpCloud", "upcloud", "cloud-init tools/ds-identify"),
    cloud(DmiField::SysVendor, "Vultr", "vultr", "cloud-init tools/ds-identify"),
    cloud(DmiField::SysVendor, "Akamai", "akamai", "cloud-init tools/ds-identify"),
    cloud(DmiField::SysVendor, "Linode", "akamai", "cloud-init tools/ds-identify"),
    cloud(DmiField::ProductName, "Exoscale", "exoscale", "cloud-init tools/ds-identify"),
    cloud(DmiField::ProductName, "CloudStack KVM Hypervisor", "cloudstack", "cloud-init tools/ds-identify"),
    cloud(DmiField::ProductName, "OpenStack", "openstack", "cloud-init tools/ds-identify"),
    cloud(DmiField::SysVendor, "OpenStack", "openstack", "Nova nova/version.py"),
];

pub(crate) fn cloud_rules() -> Vec<Rule> {
    let rule = |known: &Cloud| row(known.id, format!("SMBIOS {} `{}…`", known.field, known.prefix), known.citation);
    CLOUDS.iter().map(rule).collect()
}

/// Another program's word for a name.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// The word.
    pub word: &'static str,
    /// The name: systemd's word where it has one.
    pub name: &'static str,
    /// Its documentation.
    pub citation: &'static str,
}

const fn word(word: &'static str, name: &'static str, citation: &'static str) -> Word {
    Word { word, name, citation }
}

/// Container managers' words in process 1's variable `container` and in the files made from it
/// (`systemd.io/CONTAINER_INTERFACE`).
pub(crate) const CONTAINER_WORDS: &[Word] = &[
    word("docker", "docker", SYSTEMD),
    word("podman", "podman", SYSTEMD),
    word("lxc", "lxc", SYSTEMD),
    word("lxc-libvirt", "lxc-libvirt", SYSTEMD),
    word("systemd-nspawn", "systemd-nspawn", SYSTEMD),
    word("openvz", "openvz", SYSTEMD),
    word("rkt", "rkt", SYSTEMD),
    word("pouch", "pouch", SYSTEMD),
    word("wsl", "wsl", SYSTEMD),
    word("proot", "proot", SYSTEMD),
    word("crio", "crio", "virt-what virt-what.in; facter lib/facter/resolvers/containers.rb"),
    word("flatpak", "flatpak", "flatpak common/flatpak-run.c: container=flatpak"),
    word("edera", "edera", "am-i-isolated"),
    word("zone", "illumos-lx", "facter lib/facter/resolvers/containers.rb"),
];

pub(crate) fn word_rules() -> Vec<Rule> {
    let rule = |known: &Word| row(known.name, format!("the manager's own word `{}`", known.word), known.citation);
    CONTAINER_WORDS.iter().map(rule).collect()
}

const IDENTCPU: &str = "FreeBSD sys/x86/x86/identcpu.c, sys/kern/subr_param.c";

/// FreeBSD's words for `kern.vm_guest`.
pub const VM_GUEST_WORDS: &[Word] = &[
    word("xen", "xen", IDENTCPU),
    word("hv", "microsoft", IDENTCPU),
    word("vmware", "vmware", IDENTCPU),
    word("kvm", "kvm", IDENTCPU),
    word("bhyve", "bhyve", IDENTCPU),
    word("vbox", "oracle", IDENTCPU),
    word("parallels", "parallels", IDENTCPU),
    word("qemu", "qemu", IDENTCPU),
    word("nvmm", "nvmm", IDENTCPU),
];

/// The known hypervisor with this signature, trailing blanks ignored.
pub(crate) fn hypervisor(signature: &str) -> Option<&'static HypervisorSignature> {
    let known =
        |row: &&HypervisorSignature| row.signature == signature || row.signature.trim_end() == signature.trim_end();
    HYPERVISOR_SIGNATURES.iter().find(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_at_most_twelve_bytes_and_unique() {
        for row in HYPERVISOR_SIGNATURES {
            assert!(row.signature.len() <= 12, "{row:?}");
            assert_eq!(hypervisor(row.signature).map(|found| found.name), Some(row.name));
        }
        assert!(hypervisor("GenuineIntel").is_none());
    }
}
