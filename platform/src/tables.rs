//! What the detection knows by heart, as data: each row with where it can be looked up.

use std::fmt;

pub use crate::linux::cpu::arm::{IMPLEMENTERS, Implementer, PARTS, Part};

/// What hypervisors answer to CPUID leaf `0x40000000`, in EBX, ECX and EDX.
#[derive(Clone, Copy, Debug)]
pub struct HypervisorSignature {
    /// The bytes, without NULs at the end.
    pub signature: &'static str,
    /// What it is called: systemd's word where it has one.
    pub name: &'static str,
    /// The technology, where the name is a product made with it.
    pub hypervisor: &'static str,
    /// Where it is documented.
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

/// Every signature that is known.
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
    signature("Apple VZ", "apple", "apple", "systemd src/basic/virt.c"),
    signature("QNXQVMBSQG", "qnx", "qnx", "systemd src/basic/virt.c"),
    signature(" QNXQVMBSQG ", "qnx", "qnx", "fwupd plugins/cpu/fu-cpu-device.c: twelve bytes"),
    signature("ACRNACRNACRN", "acrn", "acrn", "Linux arch/x86/kernel/cpu/acrn.c"),
    signature("SRESRESRESRE", "sre", "sre", "systemd src/basic/virt.c"),
    signature("LKVMLKVMLKVM", "lkvm", "kvm", "kvmtool x86/cpuid.c"),
    signature("Jailhouse", "jailhouse", "jailhouse", "Linux arch/x86/kernel/jailhouse.c"),
    signature("OpenBSDVMM58", "vmm", "vmm", "OpenBSD sys/arch/amd64/include/vmmvar.h"),
    signature("___ NVMM ___", "nvmm", "nvmm", "NetBSD sys/dev/nvmm/x86"),
    signature("HAXMHAXMHAXM", "haxm", "haxm", "HAXM core/cpuid.c"),
    signature("UnisysSpar64", "spar", "spar", "util-linux sys-utils/lscpu-virt.c"),
    signature("EVMMEVMMEVMM", "kgt", "kgt", "Trusty on x86, vmm_signature: Intel Kernel Guard Technology"),
];

/// Where SMBIOS, as `/sys/class/dmi/id` or FreeBSD's `kenv` give it, shows a virtual machine.
#[derive(Clone, Copy, Debug)]
pub struct DmiVirtual {
    /// Beginning of a vendor or product.
    pub prefix: &'static str,
    /// What it is called: systemd's word where it has one.
    pub name: &'static str,
    /// Whether it says more than CPUID: these products are made with another hypervisor's interface, or show one.
    pub before_cpuid: bool,
    /// Where it is documented.
    pub citation: &'static str,
}

const fn dmi(prefix: &'static str, name: &'static str, before_cpuid: bool, citation: &'static str) -> DmiVirtual {
    DmiVirtual { prefix, name, before_cpuid, citation }
}

/// `Oracle Corporation` is not among them: Oracle's servers say so too. `Amazon EC2` and `Google Compute Engine` are not
/// either: both also rent real machines, see [`CLOUDS`].
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
    dmi("Apple Virtualization", "apple", false, "systemd src/basic/virt.c"),
    dmi("VMware", "vmware", false, "systemd src/basic/virt.c"),
    dmi("VMW", "vmware", false, "systemd src/basic/virt.c"),
    dmi("Hyper-V", "microsoft", false, "systemd src/basic/virt.c"),
    dmi("KVM", "kvm", false, "systemd src/basic/virt.c"),
    dmi("OpenStack", "kvm", false, "systemd src/basic/virt.c"),
    dmi("KubeVirt", "kvm", false, "systemd src/basic/virt.c"),
    dmi("RHEV Hypervisor", "kvm", false, "virt-what"),
    dmi("oVirt", "kvm", false, "virt-what"),
    dmi("QEMU", "qemu", false, "systemd src/basic/virt.c"),
    dmi("Bochs", "bochs", false, "systemd src/basic/virt.c"),
    dmi("BHYVE", "bhyve", false, "systemd src/basic/virt.c"),
];

/// Which SMBIOS field a cloud writes its name to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DmiField {
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

/// How a cloud names itself in SMBIOS.
#[derive(Clone, Copy, Debug)]
pub struct Cloud {
    /// Where.
    pub field: DmiField,
    /// Beginning of the text.
    pub prefix: &'static str,
    /// What it is called here.
    pub id: &'static str,
    /// Where it is documented.
    pub citation: &'static str,
}

const fn cloud(field: DmiField, prefix: &'static str, id: &'static str, citation: &'static str) -> Cloud {
    Cloud { field, prefix, id, citation }
}

/// Clouds, by what the machine itself says; a rented real machine can say so too.
pub const CLOUDS: &[Cloud] = &[
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

/// What another program calls something that has a name here.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// The other's word.
    pub word: &'static str,
    /// What it is called here: systemd's word where it has one.
    pub name: &'static str,
    /// Where it is documented.
    pub citation: &'static str,
}

const fn word(word: &'static str, name: &'static str, citation: &'static str) -> Word {
    Word { word, name, citation }
}

const SYSTEMD: &str = "systemd src/basic/virt.c";

/// What container managers call themselves in pid 1's variable `container` and in the files made from it
/// (`systemd.io/CONTAINER_INTERFACE`).
pub const CONTAINER_WORDS: &[Word] = &[
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

/// Which fact an identifier is a value of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `virtualization.name`
    Machine,
    /// `virtualization.host_of`
    Host,
    /// `virtualization.cloud`
    Cloud,
    /// `virtualization.confidential`
    Protection,
    /// `container.name`
    Container,
    /// `container.kubernetes`
    Pod,
}

/// Evidence that a rule of the code looks for; what is looked up in the other tables is not repeated here.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// What is looked for, and where.
    pub evidence: &'static str,
    /// Where it is documented.
    pub citation: &'static str,
}

/// How it is known that an identifier is found, or why it is not looked for.
#[derive(Clone, Copy, Debug)]
pub enum Proof {
    /// The machine in tests/machines that has it.
    Machine(&'static str),
    /// The reason.
    LeftOut(&'static str),
}

/// What Linux can run on or in, and what becomes of it here.
#[derive(Clone, Copy, Debug)]
pub struct Identifier {
    /// Whose value.
    pub kind: Kind,
    /// The value, systemd's word where it has one; several names where all are left out for one reason.
    pub name: &'static str,
    /// Evidence beside that in the other tables, the best first.
    pub rules: &'static [Rule],
    /// Where it is seen.
    pub proof: Proof,
}

const fn identifier(kind: Kind, name: &'static str, rules: &'static [Rule], proof: Proof) -> Identifier {
    Identifier { kind, name, rules, proof }
}

const fn rule(evidence: &'static str, citation: &'static str) -> Rule {
    Rule { evidence, citation }
}

/// Everything that Linux can run on or in, as far as the tools that were compared know it.
pub const IDENTIFIERS: &[Identifier] = &[
    identifier(
        Kind::Machine,
        "kvm",
        &[
            rule("device tree: `hypervisor/compatible` is `linux,kvm`", "systemd src/basic/virt.c"),
            rule("s390: `/proc/sysinfo` names `KVM`", "Linux arch/s390/kernel/sysinfo.c"),
        ],
        Proof::Machine("kvm-guest"),
    ),
    identifier(
        Kind::Machine,
        "qemu",
        &[
            rule("device tree: a node `fw-cfg`, or `compatible` is `qemu,pseries`", "systemd src/basic/virt.c"),
            rule("ACPI device `QEMU0002`", "QEMU docs/specs/fw_cfg.rst"),
            rule("PCI subsystem `1af4:1100`", "QEMU docs/specs/pci-ids.rst"),
        ],
        Proof::Machine("qemu"),
    ),
    identifier(
        Kind::Machine,
        "firecracker",
        &[
            rule(
                "KVM without SMBIOS, with ACPI device `VMGENCTR` and without `QEMU0002`",
                "Firecracker src/vmm/src/devices/acpi/vmgenid.rs",
            ),
            rule("with `--privileged`: ACPI OEM id `FIRECK`", "Firecracker src/acpi-tables; measured"),
        ],
        Proof::Machine("recorded-firecracker"),
    ),
    identifier(Kind::Machine, "cloud-hypervisor", &[], Proof::Machine("cloud-hypervisor")),
    identifier(Kind::Machine, "crosvm", &[], Proof::Machine("crosvm")),
    identifier(Kind::Machine, "lkvm", &[], Proof::Machine("lkvm")),
    identifier(
        Kind::Machine,
        "libkrun",
        &[],
        Proof::LeftOut("shows KVM's signature and nothing of its own: it is `kvm`"),
    ),
    identifier(
        Kind::Machine,
        "xen",
        &[
            rule(
                "`/proc/xen`, or `/sys/hypervisor/type` is `xen`, and not dom0",
                "Linux drivers/xen; Xen public/features.h",
            ),
            rule("device tree: `hypervisor/compatible` holds `xen`", "systemd src/basic/virt.c"),
        ],
        Proof::Machine("xen-guest"),
    ),
    identifier(
        Kind::Machine,
        "vmware",
        &[rule("device tree: `hypervisor/compatible` holds `vmware`", "systemd src/basic/virt.c")],
        Proof::Machine("vmware"),
    ),
    identifier(
        Kind::Machine,
        "microsoft",
        &[rule("vendor `Microsoft Corporation` with product `Virtual Machine`", "cloud-init tools/ds-identify")],
        Proof::Machine("azure"),
    ),
    identifier(
        Kind::Machine,
        "virtualpc",
        &[],
        Proof::LeftOut("its strings are Hyper-V's: it is `microsoft`, as in systemd"),
    ),
    identifier(Kind::Machine, "oracle", &[], Proof::Machine("virtualbox")),
    identifier(Kind::Machine, "parallels", &[], Proof::Machine("parallels")),
    identifier(Kind::Machine, "bhyve", &[], Proof::Machine("bhyve")),
    identifier(
        Kind::Machine,
        "amazon",
        &[rule(
            "vendor `Amazon EC2` and a hypervisor, or SMBIOS describes a virtual machine, or the product is not `*.metal`",
            "systemd src/basic/virt.c; EC2 user guide",
        )],
        Proof::Machine("ec2-nitro"),
    ),
    identifier(
        Kind::Machine,
        "google",
        &[rule(
            "product `Google Compute Engine` with KVM or a nameless hypervisor below, or on Arm",
            "systemd src/basic/virt.c",
        )],
        Proof::Machine("google"),
    ),
    identifier(
        Kind::Machine,
        "apple",
        &[rule("`/proc/cpuinfo`: vendor `VirtualApple`", "fwupd plugins/cpu/fu-cpu-device.c")],
        Proof::Machine("apple"),
    ),
    identifier(Kind::Machine, "bochs", &[], Proof::Machine("bochs")),
    identifier(
        Kind::Machine,
        "uml",
        &[rule("`/proc/cpuinfo`: vendor `User Mode Linux`", "systemd src/basic/virt.c")],
        Proof::Machine("uml"),
    ),
    identifier(
        Kind::Machine,
        "zvm",
        &[rule("s390: `/proc/sysinfo` names `z/VM`", "Linux arch/s390/kernel/sysinfo.c")],
        Proof::Machine("zvm"),
    ),
    identifier(
        Kind::Machine,
        "powervm",
        &[
            rule(
                "device tree: `ibm,partition-name` and `hmc-managed?` without `chosen/qemu,graphic-width`",
                "systemd src/basic/virt.c",
            ),
            rule(
                "`/proc/ppc64/lparcfg` with a processor mode on a machine that is not QEMU's",
                "util-linux sys-utils/lscpu-virt.c",
            ),
        ],
        Proof::Machine("powervm"),
    ),
    identifier(
        Kind::Machine,
        "powervm-lx86",
        &[rule("`/proc/cpuinfo`: vendor `PowerVM Lx86`", "util-linux sys-utils/lscpu-virt.c")],
        Proof::Machine("powervm-lx86"),
    ),
    identifier(Kind::Machine, "os400", &[], Proof::LeftOut("`/proc/iSeries`: its support left Linux in 2012")),
    identifier(Kind::Machine, "spar", &[], Proof::Machine("spar")),
    identifier(Kind::Machine, "qnx", &[], Proof::Machine("qnx")),
    identifier(Kind::Machine, "acrn", &[], Proof::Machine("acrn")),
    identifier(Kind::Machine, "sre", &[], Proof::Machine("sre")),
    identifier(Kind::Machine, "vmm", &[], Proof::Machine("vmm")),
    identifier(Kind::Machine, "nvmm", &[], Proof::Machine("nvmm")),
    identifier(Kind::Machine, "haxm", &[], Proof::Machine("haxm")),
    identifier(Kind::Machine, "jailhouse", &[], Proof::Machine("jailhouse")),
    identifier(Kind::Machine, "kgt", &[], Proof::Machine("kgt")),
    identifier(
        Kind::Machine,
        "virtage",
        &[],
        Proof::LeftOut(
            "Hitachi's partitions: no source besides virt-what tells its product string from that of a whole machine",
        ),
    ),
    identifier(
        Kind::Machine,
        "barevisor, minivisor, noirvisor",
        &[],
        Proof::LeftOut(
            "exercises and research: nothing runs in them, and an unknown signature is shown with `vm-other`",
        ),
    ),
    identifier(
        Kind::Machine,
        "ldoms",
        &[],
        Proof::LeftOut("SPARC: told by devices under `/dev` that need a driver to answer; no machine to test with"),
    ),
    identifier(
        Kind::Machine,
        "virt",
        &[],
        Proof::LeftOut("ia64: told by measuring time; the architecture has left Linux"),
    ),
    identifier(
        Kind::Machine,
        "vm-other",
        &[
            rule("a hypervisor bit, and a signature that is not known", "Intel SDM, AMD APM: CPUID leaf 1, ECX bit 31"),
            rule(
                "device tree: `hypervisor/compatible` with another word, or `linux,dummy-virt`",
                "systemd src/basic/virt.c",
            ),
        ],
        Proof::Machine("unknown-hypervisor"),
    ),
    identifier(
        Kind::Host,
        "xen",
        &[rule(
            "features of `/sys/hypervisor/properties` have bit 11, or `/proc/xen/capabilities` says `control_d`",
            "Xen public/features.h",
        )],
        Proof::Machine("xen-dom0"),
    ),
    identifier(
        Kind::Host,
        "kvm",
        &[],
        Proof::LeftOut("a loaded module means that a machine can run guests, not that it does: no fact"),
    ),
    identifier(Kind::Cloud, "aws", &[], Proof::Machine("ec2-nitro")),
    identifier(Kind::Cloud, "gcp", &[], Proof::Machine("google")),
    identifier(Kind::Cloud, "azure", &[], Proof::Machine("azure")),
    identifier(Kind::Cloud, "oci", &[], Proof::Machine("cloud-oci")),
    identifier(Kind::Cloud, "huawei", &[], Proof::Machine("cloud-huawei")),
    identifier(Kind::Cloud, "otc", &[], Proof::Machine("cloud-otc")),
    identifier(Kind::Cloud, "alibaba", &[], Proof::Machine("cloud-alibaba")),
    identifier(Kind::Cloud, "digitalocean", &[], Proof::Machine("cloud-digitalocean")),
    identifier(Kind::Cloud, "hetzner", &[], Proof::Machine("cloud-hetzner")),
    identifier(Kind::Cloud, "scaleway", &[], Proof::Machine("cloud-scaleway")),
    identifier(Kind::Cloud, "upcloud", &[], Proof::Machine("cloud-upcloud")),
    identifier(Kind::Cloud, "vultr", &[], Proof::Machine("cloud-vultr")),
    identifier(Kind::Cloud, "akamai", &[], Proof::Machine("cloud-akamai")),
    identifier(Kind::Cloud, "exoscale", &[], Proof::Machine("cloud-exoscale")),
    identifier(Kind::Cloud, "cloudstack", &[], Proof::Machine("cloud-cloudstack")),
    identifier(Kind::Cloud, "openstack", &[], Proof::Machine("cloud-openstack")),
    identifier(
        Kind::Cloud,
        "nutanix, ovirt, rhev, kubevirt",
        &[],
        Proof::LeftOut(
            "software that people run themselves, no cloud: the machine is `kvm`; Nutanix also sells real machines with its name",
        ),
    ),
    identifier(
        Kind::Protection,
        "tdx",
        &[
            rule("CPUID leaf `0x21` is `IntelTDX    `", "Intel TDX module specification"),
            rule("Hyper-V: isolation leaf `0x4000000c`", "Linux arch/x86/kernel/cpu/mshyperv.c"),
        ],
        Proof::Machine("tdx-guest"),
    ),
    identifier(
        Kind::Protection,
        "sev-snp",
        &[
            rule("`/sys/devices/system/cpu/sev/vmpl`", "Linux Documentation/ABI/testing/sysfs-devices-system-cpu"),
            rule("Hyper-V: isolation leaf `0x4000000c`", "Linux arch/x86/kernel/cpu/mshyperv.c"),
        ],
        Proof::Machine("sev-snp"),
    ),
    identifier(
        Kind::Protection,
        "protvirt",
        &[rule("s390: `/sys/firmware/uv/prot_virt_guest` is 1", "Linux arch/s390/kernel/uv.c")],
        Proof::Machine("protvirt"),
    ),
    identifier(
        Kind::Protection,
        "sev, sev-es",
        &[],
        Proof::LeftOut("told by a model-specific register (0xc0010131) that no file shows to every user"),
    ),
    identifier(
        Kind::Protection,
        "cca",
        &[],
        Proof::LeftOut("Arm's realms: what the kernel shows of them is for attestation by root"),
    ),
    identifier(
        Kind::Container,
        "docker",
        &[
            rule(
                "mounts `…/containers/ID/{hostname,hosts,resolv.conf}`, root from `/docker/overlay2/`",
                "moby daemon/container: NetworkMounts; daemon/graphdriver/overlay2",
            ),
            rule("cgroup `docker-ID.scope`, `/docker/…`", "moby daemon/daemon_unix.go: getCgroupDriver"),
            rule("`/.dockerenv`, a name only", "moby daemon/initlayer"),
        ],
        Proof::Machine("docker-cgroup2"),
    ),
    identifier(
        Kind::Container,
        "podman",
        &[
            rule(
                "mount `/run/.containerenv`, files of `/overlay-containers/ID/`, with or without root",
                "Podman libpod/container_internal_common.go",
            ),
            rule("cgroup `libpod-ID.scope`", "Podman libpod/container_internal_linux.go"),
        ],
        Proof::Machine("podman"),
    ),
    identifier(
        Kind::Container,
        "containerd",
        &[
            rule(
                "mounts of `io.containerd.grpc.v1.cri`, of nerdctl, root from `io.containerd.snapshotter.v1.`",
                "containerd internal/cri, plugins/snapshots",
            ),
            rule("cgroup `cri-containerd-ID.scope`, `…:cri-containerd:ID`", "containerd internal/cri/server"),
        ],
        Proof::Machine("containerd"),
    ),
    identifier(
        Kind::Container,
        "crio",
        &[rule("podman's mounts in a pod, cgroup `crio-ID.scope`", "CRI-O internal/config/cgmgr")],
        Proof::Machine("kubernetes-crio"),
    ),
    identifier(
        Kind::Container,
        "lxc",
        &[
            rule("LXCFS over files of `/proc`, `/.lxc-boot-id`", "lxcfs(1); LXC src/lxc/conf.c"),
            rule("cgroup `lxc.payload.…`, `/lxc/…`", "LXC src/lxc/cgroups/cgfsng.c"),
            rule("process 1 is `lxc-init` or `lxc-execute`, a name only", "LXC src/lxc/cmd/lxc_init.c; measured"),
        ],
        Proof::Machine("lxc"),
    ),
    identifier(
        Kind::Container,
        "lxd, incus",
        &[],
        Proof::LeftOut("their own sockets are below `/dev`; systemd and their container= say `lxc`"),
    ),
    identifier(
        Kind::Container,
        "lxc-libvirt",
        &[rule("cgroup `machine-lxc…`", "libvirt src/lxc/lxc_cgroup.c")],
        Proof::Machine("lxc-libvirt"),
    ),
    identifier(
        Kind::Container,
        "systemd-nspawn",
        &[
            rule("mount `/run/host/incoming` from `/systemd/nspawn/propagate/`", "systemd src/nspawn/nspawn.c"),
            rule("cgroup `machine.slice/…/payload`", "systemd src/nspawn/nspawn-cgroup.c"),
            rule("process 1 is `(sd-stubinit)`, a name only", "systemd src/nspawn/nspawn-stub-pid1.c"),
        ],
        Proof::Machine("nspawn"),
    ),
    identifier(
        Kind::Container,
        "openvz",
        &[
            rule("`/proc/vz` without `/proc/bc`", "systemd src/basic/virt.c"),
            rule("`/proc/self/status`: `envID`", "OpenVZ kernel, fs/proc/array.c"),
        ],
        Proof::Machine("openvz"),
    ),
    identifier(
        Kind::Container,
        "linux-vserver",
        &[rule(
            "`/proc/self/status`: `VxID` or `s_context` above 1",
            "Linux-VServer kernel, fs/proc/array.c; util-linux sys-utils/lscpu-virt.c",
        )],
        Proof::Machine("linux-vserver"),
    ),
    identifier(
        Kind::Container,
        "wsl",
        &[rule("`uname`: release with `Microsoft` or `WSL`", "systemd src/basic/virt.c")],
        Proof::Machine("wsl2"),
    ),
    identifier(
        Kind::Container,
        "proot",
        &[rule("the tracer of this process is `proot`", "systemd src/basic/virt.c")],
        Proof::Machine("recorded-proot"),
    ),
    identifier(Kind::Container, "rkt", &[], Proof::Machine("rkt")),
    identifier(Kind::Container, "pouch", &[], Proof::Machine("pouch")),
    identifier(Kind::Container, "edera", &[], Proof::Machine("edera")),
    identifier(
        Kind::Container,
        "illumos-lx",
        &[rule("`uname` or `/proc/version`: `BrandZ virtual linux`", "illumos usr/src/uts/common/brand/lx")],
        Proof::Machine("illumos-lx"),
    ),
    identifier(
        Kind::Container,
        "gvisor",
        &[rule("`uname`: release `…-gvisor`", "gVisor pkg/sentry/kernel/version")],
        Proof::Machine("gvisor"),
    ),
    identifier(
        Kind::Container,
        "kata",
        &[rule("a mount from the share `kataShared`", "Kata Containers src/agent/src/mount.rs")],
        Proof::Machine("kata"),
    ),
    identifier(
        Kind::Container,
        "flatpak",
        &[rule("`/.flatpak-info`, a name only", "flatpak-metadata(5); flatpak common/flatpak-run.c")],
        Proof::Machine("flatpak"),
    ),
    identifier(
        Kind::Container,
        "apptainer",
        &[rule("`/.singularity.d`, a name only", "Apptainer docs: the image's meta data")],
        Proof::Machine("apptainer"),
    ),
    identifier(
        Kind::Container,
        "bubblewrap",
        &[rule("process 1 is `bwrap`, a name only", "bubblewrap bubblewrap.c: do_init")],
        Proof::Machine("recorded-bubblewrap"),
    ),
    identifier(
        Kind::Container,
        "container-other",
        &[
            rule(
                "pid namespace is not `4026531836`, cgroup namespace not `4026531835`",
                "Linux include/uapi/linux/nsfs.h",
            ),
            rule("cgroup named by an id of 64 digits", "OCI runtimes: an id as the last folder"),
        ],
        Proof::Machine("bare-runc"),
    ),
    identifier(
        Kind::Pod,
        "kubernetes",
        &[
            rule(
                "mounts `…/pods/…/etc-hosts`, `/run/secrets/kubernetes.io/serviceaccount`",
                "Kubernetes pkg/kubelet/kubelet_pods.go",
            ),
            rule("cgroup below `kubepods`", "Kubernetes pkg/kubelet/cm"),
            rule("with `--privileged`: process 1 has `KUBERNETES_SERVICE_HOST`", "Kubernetes pkg/kubelet/envvars"),
        ],
        Proof::Machine("kubernetes-pod"),
    ),
    identifier(Kind::Container, "sysbox", &[], Proof::LeftOut("a runtime below Docker or Podman, which name it")),
    identifier(
        Kind::Container,
        "docker desktop",
        &[],
        Proof::LeftOut("Docker in a machine of its own: container `docker`, and the machine below is named"),
    ),
    identifier(
        Kind::Container,
        "toolbox, distrobox",
        &[],
        Proof::LeftOut("made with Podman or Docker, which name them"),
    ),
    identifier(
        Kind::Container,
        "snap",
        &[],
        Proof::LeftOut("confinement of a program on the host's files: no container"),
    ),
    identifier(Kind::Container, "chroot", &[], Proof::LeftOut("another root folder and nothing else: no container")),
    identifier(
        Kind::Container,
        "user namespace",
        &[],
        Proof::LeftOut("alone it proves nothing: hardened services have one"),
    ),
    identifier(
        Kind::Container,
        "buildkit, kaniko, runners, codespaces",
        &[],
        Proof::LeftOut("what runs in a container, not what makes one"),
    ),
    identifier(Kind::Container, "aix wpar, solaris zone", &[], Proof::LeftOut("not Linux")),
];

/// Evidence for a value and where it is documented, the best first.
pub fn evidence(identifier: &Identifier) -> Vec<(String, &'static str)> {
    let mut all = Vec::new();
    let name = identifier.name;
    match identifier.kind {
        Kind::Machine => {
            let firmware = |row: &&DmiVirtual| row.name == name;
            let shown = |row: &DmiVirtual| (format!("SMBIOS `{}…`", row.prefix), row.citation);
            all.extend(DMI_VIRTUAL.iter().filter(firmware).filter(|row| row.before_cpuid).map(shown));
            let signatures = HYPERVISOR_SIGNATURES.iter().filter(|row| row.name == name);
            all.extend(signatures.map(|row| (format!("CPUID `{}`", row.signature), row.citation)));
            all.extend(DMI_VIRTUAL.iter().filter(firmware).filter(|row| !row.before_cpuid).map(shown));
        }
        Kind::Cloud => {
            let rows = CLOUDS.iter().filter(|row| row.id == name);
            all.extend(rows.map(|row| (format!("SMBIOS {} `{}…`", row.field, row.prefix), row.citation)));
        }
        Kind::Container | Kind::Host | Kind::Protection | Kind::Pod => {}
    }
    all.extend(identifier.rules.iter().map(|rule| (rule.evidence.to_owned(), rule.citation)));
    if identifier.kind == Kind::Container {
        let words = CONTAINER_WORDS.iter().filter(|row| row.name == name);
        all.extend(words.map(|row| (format!("the manager's own word `{}`", row.word), row.citation)));
    }
    all
}

/// What is looked at to name the machine below, in this order.
pub fn machine_precedence() -> Vec<&'static str> {
    crate::linux::virtualization::precedence().collect()
}

/// What is looked at to prove and to name a container, in this order.
pub fn container_precedence() -> Vec<&'static str> {
    crate::linux::container::precedence().collect()
}

/// The signature of this text; what follows the first NUL is filling.
pub fn hypervisor(signature: &str) -> Option<&'static HypervisorSignature> {
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
            assert!(row.signature.len() <= 12 && !row.citation.is_empty(), "{row:?}");
            assert_eq!(hypervisor(row.signature).map(|found| found.name), Some(row.name));
        }
        assert!(hypervisor("GenuineIntel").is_none());
    }

    fn listed(kind: Kind, name: &str) -> bool {
        IDENTIFIERS.iter().any(|row| row.kind == kind && row.name == name)
    }

    #[test]
    fn whatever_can_be_found_is_listed_with_its_evidence() {
        for name in HYPERVISOR_SIGNATURES.iter().map(|row| row.name).chain(DMI_VIRTUAL.iter().map(|row| row.name)) {
            assert!(listed(Kind::Machine, name), "{name}");
        }
        for row in CLOUDS {
            assert!(listed(Kind::Cloud, row.id), "{row:?}");
        }
        for row in CONTAINER_WORDS {
            assert!(listed(Kind::Container, row.name), "{row:?}");
        }
        for row in VM_GUEST_WORDS {
            assert!(listed(Kind::Machine, row.name), "{row:?}");
        }
        for row in IDENTIFIERS {
            let found = matches!(row.proof, Proof::Machine(_));
            assert_eq!(found, !evidence(row).is_empty(), "{row:?}: evidence and a machine, or a reason");
        }
        let names: std::collections::BTreeSet<_> = IDENTIFIERS.iter().map(|row| (row.kind as u8, row.name)).collect();
        assert_eq!(names.len(), IDENTIFIERS.len(), "a name twice");
    }

    #[test]
    fn every_row_is_cited() {
        let tables = [
            HYPERVISOR_SIGNATURES.iter().map(|row| row.citation).collect::<Vec<_>>(),
            DMI_VIRTUAL.iter().map(|row| row.citation).collect(),
            CLOUDS.iter().map(|row| row.citation).collect(),
            CONTAINER_WORDS.iter().chain(VM_GUEST_WORDS).map(|row| row.citation).collect(),
            IMPLEMENTERS.iter().map(|row| row.citation).collect(),
            PARTS.iter().map(|row| row.citation).collect(),
            IDENTIFIERS.iter().flat_map(evidence).map(|(_, citation)| citation).collect(),
        ];
        for citations in tables {
            assert!(!citations.is_empty() && citations.iter().all(|citation| citation.len() > 4), "{citations:?}");
        }
    }
}
