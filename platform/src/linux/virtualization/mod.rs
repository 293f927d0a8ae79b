//! The virtual machine, in the order of systemd-detect-virt(1) (`src/basic/virt.c`) except where that is wrong, the cloud, and the
//! protection from the host.

pub(crate) mod confidential;
pub(crate) mod cpuid;
mod devices;
mod guest;
mod products;
mod signature;
pub(crate) mod smbios;
pub(crate) mod xen;

use crate::ask::{Ask, Machine};
use crate::dmi::Dmi;
use crate::facts::{Kernel, Virtualization};
use crate::linux::cpu;
use crate::linux::cpu::cpuinfo::CpuInfo;
use crate::linux::virtualization::confidential::confidential;
use crate::linux::virtualization::cpuid::{Hypervisor, Partition};
use crate::linux::virtualization::devices::{device_tree, emulated_devices, mainframe, power, vminitd};
use crate::linux::virtualization::guest::{Guest, Look, OTHER, guest};
use crate::linux::virtualization::products::{PRODUCTS, REMAINS, RENTED, firmware, product, remains, rented};
#[cfg(feature = "recorded")]
pub(crate) use crate::linux::virtualization::signature::kept_maker;
use crate::linux::virtualization::signature::{FIRECRACKER, HYPER_V, WSL, hyper_v, hypervisor_name, signature};
use crate::linux::virtualization::xen::{Xen, xen};
#[cfg(feature = "recorded")]
pub(crate) use crate::linux::virtualization::xen::{kept_features, kept_uuid};
use crate::rules::{Rule, Step, functions, rule};
use crate::source::Source;
use crate::tables::{ILLUMOS, SYSTEMD, cloud_machine_rules, firmware_rules, signature_rules};
use crate::unix;

type Detect = fn(&mut Look<'_, '_, '_>) -> Option<Guest>;

/// In this order, up to the first answer. In dom0 of Xen and in Hyper-V's root partition nothing that names this hypervisor
/// counts: the others tell what is below it.
pub(crate) const STEPS: &[Step<Detect>] = &[
    Step {
        what: "emulated processors: `/proc/cpuinfo`",
        rules: || EMULATED_CPU.to_vec(),
        run: |look| emulated_cpu(look.info.as_ref()),
    },
    Step {
        what: "products whose name in SMBIOS is more specific than CPUID's, among them those of clouds",
        rules: || RENTED.iter().cloned().chain(firmware_rules(true)).collect(),
        run: product,
    },
    Step {
        what: "Xen's own files: `/proc/xen`, `/sys/hypervisor`",
        rules: || xen::GUEST.to_vec(),
        run: |look| match look.xen {
            Xen::Guest(source) => guest("xen", "xen", source),
            Xen::Absent | Xen::Dom0(_) => None,
        },
    },
    Step {
        what: "CPUID's signature, leaf `0x40000000` and the next bases, but not Hyper-V's; without SMBIOS also Firecracker's ACPI devices",
        rules: || signature_rules().filter(|rule| rule.name != HYPER_V).chain(FIRECRACKER.to_vec()).collect(),
        run: signature,
    },
    Step {
        what: "all other products of SMBIOS",
        rules: || PRODUCTS.iter().cloned().chain(firmware_rules(false)).collect(),
        run: |look| firmware(&look.dmi),
    },
    Step {
        what: "a cloud that rents only virtual machines under this name, where the processor shows no hypervisor's signature",
        rules: cloud_machine_rules,
        run: |look| rented(look),
    },
    Step {
        what: "what stays in SMBIOS where somebody set vendor and product",
        rules: || REMAINS.to_vec(),
        run: remains,
    },
    Step {
        what: "the device tree, on processors without CPUID",
        rules: || devices::DEVICE_TREE.to_vec(),
        run: |look| if look.x86 { None } else { device_tree(&mut look.ask, matches!(look.xen, Xen::Dom0(_))) },
    },
    Step {
        what: "s390: `/proc/sysinfo`",
        rules: || devices::MAINFRAME.to_vec(),
        run: |look| mainframe(&mut look.ask, look.architecture),
    },
    Step {
        what: "POWER: `/proc/ppc64/lparcfg`",
        rules: || devices::POWER.to_vec(),
        run: |look| power(&mut look.ask, look.info.as_ref(), look.architecture),
    },
    Step {
        what: "devices that only emulators have: ACPI, PCI subsystem",
        rules: || devices::EMULATED.to_vec(),
        run: |look| emulated_devices(&mut look.ask),
    },
    Step {
        what: "Apple's containers hide the device tree: the kernel's command line, on processors without CPUID",
        rules: || devices::VMINITD.to_vec(),
        run: |look| if look.x86 { None } else { vminitd(&mut look.ask, look.info.as_ref()) },
    },
    Step {
        what: "Hyper-V's signature in CPUID, last because other hypervisors show it to Windows' sake and some then hide their own",
        rules: || signature_rules().filter(|rule| rule.name == HYPER_V).chain(WSL.to_vec()).collect(),
        run: |look| hyper_v(&look.hypervisor, look.release),
    },
    Step {
        what: "a hypervisor without a known name: `vm-other`",
        rules: || UNNAMED.to_vec(),
        run: |look| unnamed(&look.hypervisor, look.present),
    },
];

const DETECT: [Detect; STEPS.len()] = functions(STEPS);

pub(crate) fn virtualization(machine: &Machine<'_>, kernel: &Kernel) -> Virtualization {
    let mut ask = Ask::new(machine);
    let architecture = kernel.architecture.known().map_or("", String::as_str);
    let file = cpu::head(&mut ask);
    let info = file.as_deref().map(|file| CpuInfo::new(&file.text));
    let mut hypervisor = cpuid::hypervisor(&mut ask);
    let mut present = hypervisor.present.or_else(|| flag(&mut ask, info.as_ref()));
    let dmi = Dmi::of_linux(&mut ask);
    let xen = xen(&mut ask);
    let x86 = hypervisor.present.is_some() || matches!(architecture, "x86_64" | "i386" | "i486" | "i586" | "i686");

    // The privileged guest sees the real machine, or the one that the hypervisor itself runs in.
    let host_of = match (xen, hypervisor.partition) {
        (Xen::Dom0(source), _) => Some(("xen", source)),
        (_, Partition::Root | Partition::Parent) => Some((HYPER_V, Source::CPUID)),
        _ => None,
    };
    if let (Xen::Dom0(_), _) | (_, Partition::Root) = (xen, hypervisor.partition) {
        hypervisor.signatures.retain(|signature| hypervisor_name(signature) != host_of.map(|(name, _)| name));
        // The bit is this hypervisor's.
        present = present.filter(|_| !hypervisor.signatures.is_empty());
    }

    let release = kernel.release.known().map_or("", String::as_str);
    let mut look = Look { ask, info, hypervisor, present, dmi, xen, x86, architecture, release };
    let found = DETECT.iter().find_map(|detect| detect(&mut look));
    let Look { mut ask, info, hypervisor, mut dmi, .. } = look;
    if found.is_some() {
        dmi.look_at_chassis(&mut ask);
    }
    let cloud = match (dmi.cloud(), xen) {
        (Some(cloud), _) => Some((cloud.id, Source::DMI)),
        (None, Xen::Guest(_)) if xen::is_ec2(&mut ask) => Some(("aws", Source::SYS_HYPERVISOR)),
        _ if is_smartos(&mut ask, kernel) => Some(("smartos", Source::UNAME)),
        _ => None,
    };
    let looked = hypervisor.present.is_some() || info.is_some() || dmi.is_there() || kernel.version.known().is_some();
    let looked = looked || unix::proc_version(&mut ask).is_some();
    let confidential = confidential(&mut ask, found.as_ref(), &hypervisor, info.as_ref(), architecture);

    let nothing = match (hypervisor.present, &info) {
        (Some(_), _) => Source::CPUID,
        (None, Some(_)) => Source::PROC_CPUINFO,
        (None, None) if dmi.is_there() => Source::DMI,
        (None, None) => Source::UNAME,
    };
    let none = host_of.map(|(_, source)| source).or_else(|| looked.then_some(nothing));
    let conclusion = ask.done();
    let (name, hypervisor) = match (&found, none) {
        (Some(Guest { name, hypervisor, source }), _) => {
            (conclusion.known(*name, *source), conclusion.found_in(*source, *hypervisor))
        }
        (None, Some(source)) => (conclusion.none(source), conclusion.none(source)),
        (None, None) => (conclusion.unknown(), conclusion.unknown()),
    };
    let host_of = match host_of {
        Some((name, source)) => conclusion.known(name, source),
        None if looked => conclusion.none(Source::PROC_XEN),
        None => conclusion.unknown(),
    };
    // Without a cloud's name it is unknown, not none: not every cloud names itself.
    let cloud = conclusion.found(cloud);
    let confidential = match (&found, none) {
        (None, Some(source)) if looked => conclusion.none(source),
        _ => conclusion.found(confidential),
    };
    Virtualization { name, hypervisor, host_of, cloud, confidential }
}

pub(crate) const SMARTOS: &[Rule] = &[rule(
    "smartos",
    "`uname`: `BrandZ virtual linux`, and `/native/.zonecontrol/metadata.sock`",
    "cloud-init tools/ds-identify",
)];

/// A Linux zone of `SmartOS`, which gives each zone a socket for its data.
fn is_smartos(ask: &mut Ask<'_, '_>, kernel: &Kernel) -> bool {
    kernel.version.known().is_some_and(|version| version.contains(ILLUMOS))
        && ask.exists("/native/.zonecontrol/metadata.sock") == Some(true)
}

/// The hypervisor bit of CPUID as the kernel lists it, for hosts without the instruction.
fn flag(ask: &mut Ask<'_, '_>, info: Option<&CpuInfo<'_>>) -> Option<bool> {
    let flag = info?.hypervisor_flag()?;
    ask.saw("/proc/cpuinfo: flags", if flag { "hypervisor" } else { "no hypervisor" });
    Some(flag)
}

const EMULATED_CPU: &[Rule] = &[
    rule("uml", "`/proc/cpuinfo`: vendor `User Mode Linux`", SYSTEMD),
    rule("powervm-lx86", "`/proc/cpuinfo`: vendor `PowerVM Lx86`", "util-linux sys-utils/lscpu-virt.c"),
    rule("apple", "`/proc/cpuinfo`: vendor `VirtualApple`", "fwupd plugins/cpu/fu-cpu-device.c"),
];

/// Emulated processors.
fn emulated_cpu(info: Option<&CpuInfo<'_>>) -> Option<Guest> {
    match info?.get("vendor_id")? {
        "User Mode Linux" => guest("uml", "uml", Source::PROC_CPUINFO),
        "PowerVM Lx86" => guest("powervm-lx86", "powervm-lx86", Source::PROC_CPUINFO),
        // Rosetta, which on Linux translates x86 programs only in machines of Apple's Virtualization framework.
        "VirtualApple" => guest("apple", "apple", Source::PROC_CPUINFO),
        _ => None,
    }
}

const UNNAMED: &[Rule] = &[rule(
    OTHER,
    "a hypervisor bit, and a signature that is not known",
    "Intel SDM, AMD APM: CPUID leaf 1, ECX bit 31",
)];

/// A hypervisor without a known name.
fn unnamed(hypervisor: &Hypervisor, present: Option<bool>) -> Option<Guest> {
    let source = if hypervisor.present.is_some() { Source::CPUID } else { Source::PROC_CPUINFO };
    (present == Some(true)).then_some(Guest { name: OTHER, hypervisor: None, source })
}
