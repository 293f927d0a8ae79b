//! The lookup tables of the detection, with the documentation of each row.

use std::fmt;

use crate::rules::{Citation, Rule, row};

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
    pub citation: Citation,
}

const fn signature(
    signature: &'static str,
    name: &'static str,
    hypervisor: &'static str,
    citation: &'static str,
) -> HypervisorSignature {
    HypervisorSignature { signature, name, hypervisor, citation: Citation::new(citation) }
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
    pub citation: Citation,
}

const fn dmi(prefix: &'static str, name: &'static str, before_cpuid: bool, citation: &'static str) -> DmiVirtual {
    DmiVirtual { prefix, name, before_cpuid, citation: Citation::new(citation) }
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

/// The version of the kernel in illumos' Linux zones (usr/src/uts/common/brand/lx).
pub(crate) const ILLUMOS: &str = "BrandZ virtual linux";

/// The names of QEMU's machines, which it writes as the product's version. They stay where somebody else's vendor and product are
/// set.
pub(crate) const QEMU_MACHINES: &[&str] = &["pc-i440fx-", "pc-q35-", "virt-"];

/// The family of `OpenStack`'s machines, whatever vendor and product are set.
pub(crate) const NOVA_FAMILY: &str = "Virtual Machine";

/// The SMBIOS field with a cloud's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DmiField {
    /// System manufacturer.
    SysVendor,
    /// System product.
    ProductName,
    /// System version.
    ProductVersion,
    /// Maker of the firmware.
    BiosVendor,
    /// Maker of the chassis.
    ChassisVendor,
    /// Asset tag of the chassis.
    ChassisAssetTag,
}

impl fmt::Display for DmiField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SysVendor => "vendor",
            Self::ProductName => "product",
            Self::ProductVersion => "version",
            Self::BiosVendor => "firmware vendor",
            Self::ChassisVendor => "chassis vendor",
            Self::ChassisAssetTag => "asset tag",
        })
    }
}

/// A text of SMBIOS, or the part of it that is always the same.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DmiText {
    Is(&'static str),
    Begins(&'static str),
    Ends(&'static str),
}

impl DmiText {
    /// The part of a text that is the same in all.
    pub(crate) fn part(self, text: &str) -> Option<&str> {
        match self {
            Self::Is(known) => (text == known).then_some(text),
            Self::Begins(known) => text.get(..known.len()).filter(|start| *start == known),
            Self::Ends(known) => {
                text.len().checked_sub(known.len()).and_then(|at| text.get(at..)).filter(|end| *end == known)
            }
        }
    }
}

impl fmt::Display for DmiText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(known) => f.write_str(known),
            Self::Begins(known) => write!(f, "{known}…"),
            Self::Ends(known) => write!(f, "…{known}"),
        }
    }
}

/// A cloud in SMBIOS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cloud {
    /// The field.
    pub(crate) field: DmiField,
    /// Its text.
    pub(crate) text: DmiText,
    /// The name.
    pub(crate) id: &'static str,
    /// The virtual machine that the text means. `None` where real machines have the same text and nothing tells them apart.
    pub(crate) machine: Option<&'static str>,
    /// The words of a product, or of a chassis' vendor, that mean a real machine all the same.
    pub(crate) metal: &'static [&'static str],
    /// Its documentation.
    pub(crate) citation: Citation,
}

impl Cloud {
    /// This row for a cloud whose real machines have these words in their product.
    const fn metal(self, metal: &'static [&'static str]) -> Self {
        Self { metal, ..self }
    }
}

const fn cloud(
    field: DmiField,
    text: DmiText,
    id: &'static str,
    machine: Option<&'static str>,
    citation: &'static str,
) -> Cloud {
    Cloud { field, text, id, machine, metal: &[], citation: Citation::new(citation) }
}

use DmiField::{BiosVendor, ChassisAssetTag, ChassisVendor, ProductName, ProductVersion, SysVendor};
use DmiText::{Begins, Ends, Is};

const DS_IDENTIFY: &str = "cloud-init tools/ds-identify";
const IMDS: &str = "systemd hwdb.d/40-imds.hwdb";
const EC2: &str = "EC2 user guide, Detect whether a host is an EC2 instance; Amazon EC2 instance types";
const KVM: Option<&str> = Some("kvm");

/// All known clouds, the clearest text first: `OpenStack`'s product is also that of many others.
pub(crate) const CLOUDS: &[Cloud] = &[
    cloud(SysVendor, Begins("Amazon EC2"), "aws", Some("amazon"), EC2).metal(&["metal"]),
    cloud(BiosVendor, Begins("Amazon EC2"), "aws", Some("amazon"), IMDS).metal(&["metal"]),
    cloud(ProductVersion, Ends(".amazon"), "aws", Some("xen"), "EC2 user guide, on Xen; Xen hvmloader/smbios.c"),
    cloud(ProductName, Begins("Google Compute Engine"), "gcp", Some("google"), DS_IDENTIFY).metal(&["metal"]),
    // Chromebooks have the same vendor, and products of their own.
    cloud(ProductName, Is("Google"), "gcp", Some("google"), "google-cloud-go compute/metadata/sys_linux.go"),
    cloud(ChassisAssetTag, Begins("7783-7084-3265-9085-8269-3286-77"), "azure", Some("microsoft"), DS_IDENTIFY),
    // Oracle, Huawei and T-Systems rent real machines with the same tag. Their virtual machines say QEMU or OpenStack too.
    cloud(ChassisAssetTag, Begins("OracleCloud.com"), "oci", None, DS_IDENTIFY),
    cloud(ChassisAssetTag, Begins("HUAWEICLOUD"), "huawei", None, DS_IDENTIFY),
    cloud(ChassisAssetTag, Begins("OpenTelekomCloud"), "otc", None, DS_IDENTIFY),
    cloud(ChassisAssetTag, Begins("SAP CCloud VM"), "sap", Some("vm-other"), DS_IDENTIFY),
    cloud(ChassisAssetTag, Begins("Samsung Cloud Platform"), "samsung", Some("vm-other"), DS_IDENTIFY),
    cloud(ChassisAssetTag, Ends(".zstack.io"), "zstack", KVM, DS_IDENTIFY),
    cloud(ChassisAssetTag, Begins("ibmcloud"), "ibm", None, "saptune system/csp.go"),
    cloud(ChassisVendor, Begins("IBM:Cloud Compute Server"), "ibm", KVM, "saptune system/csp.go").metal(&["metal"]),
    cloud(
        ProductName,
        Begins("Alibaba Cloud ECS"),
        "alibaba",
        KVM,
        "systemd src/basic/virt.c; cloud-init tools/ds-identify",
    ),
    // The real machines of Alibaba have the vendor only.
    cloud(SysVendor, Begins("Alibaba Cloud"), "alibaba", None, "virt-what"),
    cloud(
        SysVendor,
        Begins("Tencent Cloud"),
        "tencent",
        KVM,
        "Tencent Cloud's set_net_affinity.sh: only its virtual machines",
    ),
    // Yandex also builds servers.
    cloud(SysVendor, Begins("Yandex"), "yandex", None, "openfact lib/facter"),
    cloud(BiosVendor, Begins("Yandex"), "yandex", None, "openfact lib/facter"),
    cloud(SysVendor, Begins("DigitalOcean"), "digitalocean", KVM, DS_IDENTIFY),
    cloud(ProductName, Begins("vServer"), "hetzner", KVM, "landscape-client, virtual machines of Hetzner Cloud"),
    cloud(BiosVendor, Begins("Hetzner"), "hetzner", KVM, IMDS),
    // Hetzner writes its name into real servers too, whose product is empty.
    cloud(SysVendor, Begins("Hetzner"), "hetzner", None, DS_IDENTIFY),
    cloud(SysVendor, Begins("Scaleway"), "scaleway", KVM, DS_IDENTIFY),
    cloud(SysVendor, Begins("UpCloud"), "upcloud", KVM, DS_IDENTIFY),
    cloud(SysVendor, Begins("Vultr"), "vultr", KVM, DS_IDENTIFY).metal(&["VBM", "metal"]),
    cloud(BiosVendor, Begins("Vultr"), "vultr", KVM, IMDS).metal(&["VBM", "metal"]),
    cloud(SysVendor, Begins("Akamai"), "akamai", KVM, DS_IDENTIFY),
    cloud(SysVendor, Begins("Linode"), "akamai", KVM, DS_IDENTIFY),
    cloud(SysVendor, Begins("3DS Outscale"), "outscale", KVM, DS_IDENTIFY),
    cloud(SysVendor, Is("Tilaa"), "tilaa", KVM, DS_IDENTIFY),
    cloud(SysVendor, Is("e24cloud"), "e24cloud", KVM, DS_IDENTIFY),
    cloud(SysVendor, Is("NWCS"), "nwcs", KVM, DS_IDENTIFY),
    cloud(ProductName, Begins("CloudSigma"), "cloudsigma", KVM, DS_IDENTIFY),
    cloud(ProductName, Begins("CloudCIX"), "cloudcix", None, DS_IDENTIFY),
    cloud(ProductName, Begins("SmartDC"), "smartos", None, DS_IDENTIFY),
    cloud(ProductName, Begins("Exoscale"), "exoscale", KVM, DS_IDENTIFY),
    cloud(ProductName, Begins("CloudStack KVM"), "cloudstack", KVM, DS_IDENTIFY),
    cloud(ProductName, Begins("CloudStack"), "cloudstack", Some("vm-other"), DS_IDENTIFY),
    cloud(ProductName, Begins("OpenStack"), "openstack", KVM, DS_IDENTIFY),
    cloud(SysVendor, Begins("OpenStack"), "openstack", KVM, "Nova nova/version.py"),
    cloud(ChassisAssetTag, Begins("OpenStack Nova"), "openstack", KVM, DS_IDENTIFY),
    cloud(ChassisAssetTag, Begins("OpenStack Compute"), "openstack", KVM, DS_IDENTIFY),
];

pub(crate) fn cloud_rules() -> Vec<Rule> {
    let rule = |known: &Cloud| row(known.id, format!("SMBIOS {} `{}`", known.field, known.text), known.citation);
    CLOUDS.iter().map(rule).collect()
}

pub(crate) fn cloud_machine_rules() -> Vec<Rule> {
    let rule = |known: &Cloud| {
        let but = if known.metal.is_empty() { String::new() } else { format!(", not `{}`", known.metal.join("`, `")) };
        let machine = known.machine.filter(|machine| !matches!(*machine, "amazon" | "google" | "xen"))?;
        Some(row(machine, format!("SMBIOS {} `{}`{but}", known.field, known.text), known.citation))
    };
    CLOUDS.iter().filter_map(rule).collect()
}

/// Another program's word for a name.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// The word.
    pub word: &'static str,
    /// The name: systemd's word where it has one.
    pub name: &'static str,
    /// Its documentation.
    pub citation: Citation,
}

const fn word(word: &'static str, name: &'static str, citation: &'static str) -> Word {
    Word { word, name, citation: Citation::new(citation) }
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
    word("apple", "apple", "apple/container pull request 1779"),
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
