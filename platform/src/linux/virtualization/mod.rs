//! What the machine runs on, in the order of systemd-detect-virt(1) where that is right (`src/basic/virt.c`), and beside it
//! the cloud and the protection from the host.

pub(crate) mod cpuid;
mod dmi;
pub(crate) mod smbios;

use crate::ask::{Ask, Machine};
use crate::fact::{Fact, State};
use crate::facts::{Kernel, Virtualization};
use crate::host::Host;
use crate::linux::cpu;
use crate::linux::cpu::cpuinfo::CpuInfo;
use crate::linux::virtualization::cpuid::Hypervisor;
use crate::linux::virtualization::dmi::Dmi;
use crate::source::Source;
use crate::tables::{self, HypervisorSignature};
#[cfg(feature = "recorded")]
use crate::text::VALUE_LIMIT;
use crate::text::{EXCERPT_LIMIT, clean};
use crate::unix;

/// systemd's word for a machine that nothing names.
const OTHER: &str = "vm-other";

/// Dom0's bit in the features that Xen shows: `XENFEAT_dom0`, Xen public/features.h.
const XEN_FEATURE_DOM0: u64 = 1 << 11;

/// A guest's name, the technology below it, and what decided.
struct Guest {
    name: &'static str,
    hypervisor: Option<&'static str>,
    source: Source,
}

#[allow(clippy::unnecessary_wraps, reason = "every detector answers with an Option")]
fn guest(name: &'static str, hypervisor: &'static str, source: Source) -> Option<Guest> {
    Some(Guest { name, hypervisor: Some(hypervisor), source })
}

/// What Xen is to this machine.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Xen {
    Absent,
    Guest(Source),
    /// The privileged guest that runs the machine.
    Dom0(Source),
}

/// What is known before the first step.
struct Look<'t, 'm, 'h> {
    ask: Ask<'m, 'h>,
    info: Option<CpuInfo<'t>>,
    hypervisor: Hypervisor,
    /// Whether there is a hypervisor, as CPUID or the kernel says.
    present: Option<bool>,
    dmi: Dmi,
    xen: Xen,
    x86: bool,
    architecture: &'t str,
}

/// One kind of evidence, and what it is called in the documentation.
struct Step {
    what: &'static str,
    detect: fn(&mut Look<'_, '_, '_>) -> Option<Guest>,
}

/// In this order; the first that names something ends it. Dom0 of Xen ends it before.
const STEPS: &[Step] = &[
    Step { what: "a processor that is a program: `/proc/cpuinfo`", detect: |look| emulated_cpu(look.info.as_ref()) },
    Step { what: "products that SMBIOS names better than CPUID, clouds' machines among them", detect: product },
    Step {
        what: "Xen's own files: `/proc/xen`, `/sys/hypervisor`",
        detect: |look| match look.xen {
            Xen::Guest(source) => guest("xen", "xen", source),
            Xen::Absent | Xen::Dom0(_) => None,
        },
    },
    Step {
        what: "CPUID's signature, leaf `0x40000000` and the next bases; without SMBIOS also Firecracker's ACPI devices",
        detect: signature,
    },
    Step { what: "every other product of SMBIOS", detect: |look| firmware(&look.dmi) },
    Step {
        what: "the device tree, where there is no CPUID",
        detect: |look| if look.x86 { None } else { device_tree(&mut look.ask) },
    },
    Step { what: "s390: `/proc/sysinfo`", detect: |look| mainframe(&mut look.ask, look.architecture) },
    Step {
        what: "POWER: `/proc/ppc64/lparcfg`",
        detect: |look| power(&mut look.ask, look.info.as_ref(), look.architecture),
    },
    Step {
        what: "devices that only emulators make: ACPI, PCI subsystem",
        detect: |look| emulated_devices(&mut look.ask),
    },
    Step {
        what: "a hypervisor that does not say who it is: `vm-other`",
        detect: |look| unnamed(&look.hypervisor, look.present),
    },
];

/// What is looked at, in this order.
pub(crate) fn precedence() -> impl Iterator<Item = &'static str> {
    STEPS.iter().map(|step| step.what)
}

pub(crate) fn virtualization(machine: &Machine<'_>, kernel: &Kernel) -> Virtualization {
    let mut ask = Ask::new(machine);
    let architecture = kernel.architecture.known().map_or("", String::as_str);
    let file = cpu::head(&mut ask);
    let info = file.as_deref().map(|file| CpuInfo::parse(&file.text));
    let hypervisor = cpuid::hypervisor(&mut ask);
    let present = hypervisor.present.or_else(|| flag(&mut ask, info.as_ref()));
    let dmi = Dmi::read(&mut ask);
    let xen = xen(&mut ask);
    let x86 = hypervisor.present.is_some() || matches!(architecture, "x86_64" | "i386" | "i486" | "i586" | "i686");

    let mut look = Look { ask, info, hypervisor, present, dmi, xen, x86, architecture };
    // Dom0 is no guest, whatever it shows.
    let found = if let Xen::Dom0(_) = xen { None } else { STEPS.iter().find_map(|step| (step.detect)(&mut look)) };
    let Look { mut ask, info, hypervisor, present, dmi, .. } = look;
    let looked = present.is_some() || info.is_some() || dmi.is_there() || kernel.version.known().is_some();
    let looked = looked || unix::proc_version(&mut ask).is_some();
    let confidential = confidential(&mut ask, found.as_ref(), &hypervisor, info.as_ref(), architecture);
    let cloud = dmi.cloud();

    let nothing = match (hypervisor.present, &info) {
        (Some(_), _) => Source::CPUID,
        (None, Some(_)) => Source::PROC_CPUINFO,
        (None, None) if dmi.is_there() => Source::DMI,
        (None, None) => Source::UNAME,
    };
    let conclusion = ask.done();
    let (name, below) = match (&found, xen) {
        (Some(found), _) => (
            conclusion.fact(State::Known(found.name.to_owned()), found.source),
            conclusion.found(found.hypervisor.map(|below| (below.to_owned(), found.source))),
        ),
        (None, Xen::Dom0(source)) => (conclusion.fact(State::None, source), conclusion.fact(State::None, source)),
        (None, _) if looked => (conclusion.fact(State::None, nothing), conclusion.fact(State::None, nothing)),
        (None, _) => (conclusion.unknown(), conclusion.unknown()),
    };
    let host_of = match xen {
        Xen::Dom0(source) => conclusion.fact(State::Known("xen".to_owned()), source),
        _ if looked => conclusion.fact(State::None, Source::PROC_XEN),
        _ => conclusion.unknown(),
    };
    let cloud: Fact<String> = match cloud {
        Some(cloud) => conclusion.fact(State::Known(cloud.id.to_owned()), Source::DMI),
        // Firmware that names a maker and no cloud: no cloud is proven, which is not the same as none.
        None => conclusion.unknown(),
    };
    let confidential = match (confidential, &found) {
        (Some((name, source)), _) => conclusion.fact(State::Known(name.to_owned()), source),
        (None, None) if looked => conclusion.fact(State::None, name.source.unwrap_or(nothing)),
        (None, _) => conclusion.unknown(),
    };
    Virtualization { name, hypervisor: below, host_of, cloud, confidential }
}

/// What the kernel kept of CPUID, where the instruction itself cannot be asked.
fn flag(ask: &mut Ask<'_, '_>, info: Option<&CpuInfo<'_>>) -> Option<bool> {
    let flag = info?.hypervisor_flag()?;
    ask.saw("/proc/cpuinfo: flags", if flag { "hypervisor" } else { "no hypervisor" });
    Some(flag)
}

/// CPUs that are programs.
fn emulated_cpu(info: Option<&CpuInfo<'_>>) -> Option<Guest> {
    match info?.get("vendor_id")? {
        "User Mode Linux" => guest("uml", "uml", Source::PROC_CPUINFO),
        "PowerVM Lx86" => guest("powervm-lx86", "powervm-lx86", Source::PROC_CPUINFO),
        // Rosetta translates x86 programs in Linux machines of Apple's Virtualization framework only.
        "VirtualApple" => guest("apple", "apple", Source::PROC_CPUINFO),
        _ => None,
    }
}

fn known_signature(hypervisor: &Hypervisor) -> Option<&'static HypervisorSignature> {
    let known = || hypervisor.signatures.iter().filter_map(|signature| tables::hypervisor(signature));
    // Others show Hyper-V's signature first for Windows guests, and their own after it.
    known().find(|row| row.name != "microsoft").or_else(|| known().next())
}

/// Products that firmware names better than CPUID does.
fn product(look: &mut Look<'_, '_, '_>) -> Option<Guest> {
    let Look { ask, hypervisor, present, dmi, x86, .. } = look;
    let below = known_signature(hypervisor).map(|row| row.hypervisor);
    let cloud = dmi.cloud().map(|cloud| cloud.id);
    if cloud == Some("aws") && is_ec2_guest(ask, dmi, *present, *x86) {
        return Some(Guest { name: "amazon", hypervisor: below, source: Source::DMI });
    }
    // Google rents real machines too; they show no hypervisor. Arm has no such bit. A name other than KVM's is a machine
    // that says the same in SMBIOS, or one within Google's.
    let google = !*x86 || below.map_or(*present == Some(true), |below| below == "kvm");
    if cloud == Some("gcp") && google {
        return Some(Guest { name: "google", hypervisor: below, source: Source::DMI });
    }
    let row = dmi.virtual_machine().filter(|row| row.before_cpuid)?;
    Some(Guest { name: row.name, hypervisor: Some(below.unwrap_or(row.name)), source: Source::DMI })
}

/// EC2's real machines have the same vendor: no hypervisor bit, no virtual-machine bit in SMBIOS, a product `*.metal`.
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

fn xen(ask: &mut Ask<'_, '_>) -> Xen {
    // /proc/xen/capabilities says `control_d` in dom0 and is empty elsewhere; the folder can be there unmounted.
    let folder = ask.exists("/proc/xen") == Some(true);
    let kind = ask.line("/sys/hypervisor/type");
    if !folder && kind.as_deref() != Some("xen") {
        return Xen::Absent;
    }
    let source = if folder { Source::PROC_XEN } else { Source::SYS_HYPERVISOR };
    if let Some(features) = ask.line("/sys/hypervisor/properties/features")
        && let Some(dom0) = says_dom0(&features)
    {
        return if dom0 { Xen::Dom0(Source::SYS_HYPERVISOR) } else { Xen::Guest(source) };
    }
    match ask.line("/proc/xen/capabilities") {
        Some(words) if words.contains("control_d") => Xen::Dom0(Source::PROC_XEN),
        _ => Xen::Guest(source),
    }
}

/// Whether Xen's features, a hexadecimal number, are dom0's.
fn says_dom0(features: &str) -> Option<bool> {
    let features = u64::from_str_radix(features.trim_start_matches("0x"), 16).ok()?;
    Some(features & XEN_FEATURE_DOM0 != 0)
}

/// The bit of Xen's features that is looked at. A text that is not a number keeps nothing.
#[cfg(feature = "recorded")]
pub(crate) fn kept_features(features: &[u8]) -> Vec<u8> {
    let line = clean(features.split(|byte| matches!(byte, b'\n' | 0)).next().unwrap_or_default(), VALUE_LIMIT);
    match says_dom0(&line) {
        Some(dom0) => format!("{:x}\n", if dom0 { XEN_FEATURE_DOM0 } else { 0 }).into(),
        None => b"x\n".into(),
    }
}

fn signature(look: &mut Look<'_, '_, '_>) -> Option<Guest> {
    let row = known_signature(&look.hypervisor)?;
    if row.name == "kvm"
        && !look.dmi.is_there()
        && let Some(source) = firecracker(&mut look.ask)
    {
        return guest("firecracker", "kvm", source);
    }
    guest(row.name, row.hypervisor, Source::CPUID)
}

/// A KVM machine without SMBIOS that has Firecracker's ACPI devices: it gives the generation counter the hardware id
/// VMGENCTR (src/vmm/src/devices/acpi/vmgenid.rs), where QEMU's is QEMUVGID. Root sees the maker in the tables too.
fn firecracker(ask: &mut Ask<'_, '_>) -> Option<Source> {
    if ask.exists("/sys/bus/acpi/devices/VMGENCTR:00") == Some(true)
        && ask.exists("/sys/bus/acpi/devices/QEMU0002:00") == Some(false)
    {
        return Some(Source::ACPI_DEVICES);
    }
    let table = ask.bytes("/sys/firmware/acpi/tables/FACP", 4096)?;
    let maker = table.get(MAKER_AT)?;
    ask.saw("/sys/firmware/acpi/tables/FACP: OEM id", &clean(maker, EXCERPT_LIMIT));
    (maker == FIRECRACKER).then_some(Source::ACPI_TABLES)
}

/// Where an ACPI table has its maker (ACPI 6.5, 5.2.6), and what Firecracker writes there (src/acpi-tables/src/lib.rs).
const MAKER_AT: std::ops::Range<usize> = 10..16;
const FIRECRACKER: &[u8] = b"FIRECK";

/// Firecracker's name in an ACPI table; every other byte becomes 0.
#[cfg(feature = "recorded")]
pub(crate) fn kept_maker(table: &[u8]) -> Vec<u8> {
    let mut kept = vec![0; table.len()];
    if let Some(maker) = kept.get_mut(MAKER_AT).filter(|_| table.get(MAKER_AT) == Some(FIRECRACKER)) {
        maker.copy_from_slice(FIRECRACKER);
    }
    kept
}

/// What firmware names when CPUID names nothing.
fn firmware(dmi: &Dmi) -> Option<Guest> {
    if dmi.is_microsoft_virtual_machine() {
        return guest("microsoft", "microsoft", Source::DMI);
    }
    let row = dmi.virtual_machine()?;
    guest(row.name, row.name, Source::DMI)
}

/// The device tree of Arm, RISC-V and POWER machines.
fn device_tree(ask: &mut Ask<'_, '_>) -> Option<Guest> {
    let source = Source::DEVICE_TREE;
    match ask.line("/proc/device-tree/hypervisor/compatible").as_deref() {
        Some("linux,kvm") => return guest("kvm", "kvm", source),
        Some(value) if value.contains("xen") => return guest("xen", "xen", source),
        Some(value) if value.contains("vmware") => return guest("vmware", "vmware", source),
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
        Some("linux,dummy-virt") => Some(Guest { name: OTHER, hypervisor: None, source }),
        _ => None,
    }
}

/// s390's /proc/sysinfo names the nearest level above the partition (arch/s390/kernel/sysinfo.c).
fn mainframe(ask: &mut Ask<'_, '_>, architecture: &str) -> Option<Guest> {
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

/// A POWER partition: lparcfg with a processor mode, on a machine that QEMU does not emulate (arch/powerpc/platforms/pseries).
fn power(ask: &mut Ask<'_, '_>, info: Option<&CpuInfo<'_>>, architecture: &str) -> Option<Guest> {
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

/// Devices that only emulators make, for machines that hide everything else.
fn emulated_devices(ask: &mut Ask<'_, '_>) -> Option<Guest> {
    // QEMU docs/specs/fw_cfg.rst: the ACPI device of its configuration interface.
    if ask.exists("/sys/bus/acpi/devices/QEMU0002:00") == Some(true) {
        return Some(Guest { name: "qemu", hypervisor: None, source: Source::ACPI_DEVICES });
    }
    // QEMU docs/specs/pci-ids.rst: subsystem 1af4:1100 of every emulated device.
    if ask.line("/sys/bus/pci/devices/0000:00:00.0/subsystem_vendor").as_deref() == Some("0x1af4")
        && ask.line("/sys/bus/pci/devices/0000:00:00.0/subsystem_device").as_deref() == Some("0x1100")
    {
        return Some(Guest { name: "qemu", hypervisor: None, source: Source::PCI_DEVICES });
    }
    None
}

/// A hypervisor that says that it is there and not who it is.
fn unnamed(hypervisor: &Hypervisor, present: Option<bool>) -> Option<Guest> {
    let source = if hypervisor.present.is_some() { Source::CPUID } else { Source::PROC_CPUINFO };
    (present == Some(true)).then_some(Guest { name: OTHER, hypervisor: None, source })
}

/// Memory that the host cannot read.
fn confidential(
    ask: &mut Ask<'_, '_>,
    guest: Option<&Guest>,
    hypervisor: &Hypervisor,
    info: Option<&CpuInfo<'_>>,
    architecture: &str,
) -> Option<(&'static str, Source)> {
    guest?;
    if architecture.starts_with("s390") {
        // Documentation/ABI: 1 in a guest that runs in IBM Secure Execution.
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

/// Hyper-V hides the processor's own leaves and has one of its own (Linux `arch/x86/kernel/cpu/mshyperv.c`): the type in EBX,
/// valid with the privilege bit for isolation.
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

/// Beyond the highest basic leaf CPUID answers with that one's data.
fn has_leaf(host: &dyn Host, leaf: u32) -> bool {
    host.cpuid(cpuid::BASIC, 0).is_ok_and(|basic| basic.eax >= leaf)
}
