//! Device trees, the files of s390 and POWER, and emulated devices.

use crate::ask::Ask;
use crate::linux::cpu::cpuinfo::CpuInfo;
use crate::linux::virtualization::guest::{Guest, OTHER, guest};
use crate::linux::vminitd::starts_vminitd;
use crate::rules::{Rule, rule};
use crate::source::Source;
use crate::tables::SYSTEMD;

pub(super) const DEVICE_TREE: &[Rule] = &[
    rule("kvm", "device tree: `hypervisor/compatible` is `linux,kvm`", SYSTEMD),
    rule("xen", "device tree: `hypervisor/compatible` holds `xen`", SYSTEMD),
    rule("vmware", "device tree: `hypervisor/compatible` holds `vmware`", SYSTEMD),
    rule(
        "apple",
        "device tree: `hypervisor/compatible` holds `apple,virtualization`",
        "Apple Virtualization framework; measured",
    ),
    rule(
        "gunyah",
        "device tree: `hypervisor/compatible` holds `gunyah`",
        "Gunyah resource manager src/vm_creation/dto_construct.c",
    ),
    rule(
        "powervm",
        "device tree: `ibm,partition-name` and `hmc-managed?` without `chosen/qemu,graphic-width`",
        SYSTEMD,
    ),
    rule("qemu", "device tree: a node `fw-cfg`, or `compatible` is `qemu,pseries`", SYSTEMD),
    rule(OTHER, "device tree: `hypervisor/compatible` with another word, or `linux,dummy-virt`", SYSTEMD),
];

/// The device tree: Arm, RISC-V and POWER. Dom0 of Xen has Xen's node too.
pub(super) fn device_tree(ask: &mut Ask<'_, '_>, dom0: bool) -> Option<Guest> {
    let source = Source::DEVICE_TREE;
    match ask.line("/proc/device-tree/hypervisor/compatible").as_deref() {
        Some(value) if dom0 && value.contains("xen") => return None,
        Some("linux,kvm") => return guest("kvm", "kvm", source),
        Some(value) if value.contains("xen") => return guest("xen", "xen", source),
        Some(value) if value.contains("vmware") => return guest("vmware", "vmware", source),
        Some(value) if value.starts_with("apple,virtualization") => return guest("apple", "apple", source),
        Some(value) if value.contains("gunyah") => return guest("gunyah", "gunyah", source),
        Some(_) => return Some(Guest { name: OTHER, hypervisor: None, source }),
        None => {}
    }
    let nodes = ask.list("/proc/device-tree", 10_000)?;
    let has = |name: &str| nodes.iter().any(|node| node == name);
    if has("ibm,partition-name")
        && has("hmc-managed?")
        && ask.exists("/proc/device-tree/chosen/qemu,graphic-width") == Some(false)
    {
        ask.saw("/proc/device-tree", "ibm,partition-name, hmc-managed?");
        return guest("powervm", "powervm", source);
    }
    if let Some(node) = nodes.iter().find(|node| node.contains("fw-cfg")) {
        ask.saw("/proc/device-tree", node);
        return Some(Guest { name: "qemu", hypervisor: None, source });
    }
    match ask.line("/proc/device-tree/compatible").as_deref() {
        Some("qemu,pseries") => Some(Guest { name: "qemu", hypervisor: None, source }),
        Some(value) if value.starts_with("apple,virtualization") => guest("apple", "apple", source),
        Some("linux,dummy-virt") => Some(Guest { name: OTHER, hypervisor: None, source }),
        _ => None,
    }
}

const SYSINFO: &str = "Linux arch/s390/kernel/sysinfo.c";

pub(super) const MAINFRAME: &[Rule] = &[
    rule("zvm", "s390: `/proc/sysinfo` names `z/VM`", SYSINFO),
    rule("kvm", "s390: `/proc/sysinfo` names `KVM`", SYSINFO),
    rule(OTHER, "s390: `/proc/sysinfo` names another program", SYSINFO),
];

/// The nearest level above an s390 partition, in /proc/sysinfo.
pub(super) fn mainframe(ask: &mut Ask<'_, '_>, architecture: &str) -> Option<Guest> {
    if !architecture.starts_with("s390") {
        return None;
    }
    let text = ask.text(Source::PROC_SYSINFO.name(), 64 * 1024)?;
    let program = text.text.lines().find_map(|line| line.strip_prefix("VM00 Control Program:"))?.trim();
    ask.saw("/proc/sysinfo: VM00 Control Program", program);
    if program.starts_with("z/VM") {
        guest("zvm", "zvm", Source::PROC_SYSINFO)
    } else if program.starts_with("KVM") {
        guest("kvm", "kvm", Source::PROC_SYSINFO)
    } else {
        Some(Guest { name: OTHER, hypervisor: None, source: Source::PROC_SYSINFO })
    }
}

pub(super) const POWER: &[Rule] = &[rule(
    "powervm",
    "`/proc/ppc64/lparcfg` with a processor mode on a machine that is not QEMU's",
    "util-linux sys-utils/lscpu-virt.c",
)];

/// A POWER partition: it has a processor mode in lparcfg (arch/powerpc/platforms/pseries) and is not emulated by QEMU.
pub(super) fn power(ask: &mut Ask<'_, '_>, info: Option<&CpuInfo<'_>>, architecture: &str) -> Option<Guest> {
    if !architecture.starts_with("ppc") {
        return None;
    }
    let machine = info.filter(|info| info.get("platform") == Some("pSeries"))?.get("machine").unwrap_or_default();
    let partition = ask.text(Source::LPARCFG.name(), 64 * 1024)?;
    let mode = partition.text.lines().find(|line| line.starts_with("shared_processor_mode="))?;
    ask.saw("/proc/ppc64/lparcfg", mode);
    (!machine.contains("qemu")).then_some(())?;
    guest("powervm", "powervm", Source::LPARCFG)
}

pub(super) const EMULATED: &[Rule] = &[
    rule("qemu", "ACPI device `QEMU0002`", "QEMU docs/specs/fw_cfg.rst"),
    rule("qemu", "PCI subsystem `1af4:1100`", "QEMU docs/specs/pci-ids.rst"),
];

/// Devices that only emulators have, for machines that hide everything else.
pub(super) fn emulated_devices(ask: &mut Ask<'_, '_>) -> Option<Guest> {
    // The ACPI device of QEMU's configuration interface.
    if ask.exists("/sys/bus/acpi/devices/QEMU0002:00") == Some(true) {
        return Some(Guest { name: "qemu", hypervisor: None, source: Source::ACPI_DEVICES });
    }
    // The subsystem of every device that QEMU emulates.
    if ask.line("/sys/bus/pci/devices/0000:00:00.0/subsystem_vendor").as_deref() == Some("0x1af4")
        && ask.line("/sys/bus/pci/devices/0000:00:00.0/subsystem_device").as_deref() == Some("0x1100")
    {
        return Some(Guest { name: "qemu", hypervisor: None, source: Source::PCI_DEVICES });
    }
    None
}

pub(super) const VMINITD: &[Rule] = &[
    rule("apple", "the kernel was started with `init=/sbin/vminitd` on Apple's processor", CONTAINERIZATION),
    rule(OTHER, "the same on another processor", CONTAINERIZATION),
];

const CONTAINERIZATION: &str =
    "apple/containerization Sources/Containerization: Kernel+Commandline.swift, LinuxContainer.swift";

/// Apple's containers: each has a machine of its own, whose first process is `vminitd`, and `/sys/firmware` is covered.
pub(super) fn vminitd(ask: &mut Ask<'_, '_>, info: Option<&CpuInfo<'_>>) -> Option<Guest> {
    if !starts_vminitd(ask) {
        return None;
    }
    // The maker's code of Apple in the processor's main id (Linux arch/arm64/include/asm/cputype.h).
    if info.and_then(|info| info.get("CPU implementer")) == Some("0x61") {
        return guest("apple", "apple", Source::CMDLINE);
    }
    Some(Guest { name: OTHER, hypervisor: None, source: Source::CMDLINE })
}
