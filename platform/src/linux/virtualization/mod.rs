//! The virtual machine, in the order of systemd-detect-virt(1) (`src/basic/virt.c`) except where that is wrong, the cloud, and the
//! protection from the host.

pub(crate) mod confidential;
pub(crate) mod cpuid;
mod devices;
mod dmi;
mod guest;
mod products;
mod signature;
pub(crate) mod smbios;
pub(crate) mod xen;

use crate::ask::{Ask, Machine};
use crate::facts::{Kernel, Virtualization};
use crate::linux::cpu;
use crate::linux::cpu::cpuinfo::CpuInfo;
use crate::linux::virtualization::confidential::confidential;
use crate::linux::virtualization::cpuid::Hypervisor;
use crate::linux::virtualization::devices::{device_tree, emulated_devices, mainframe, power};
use crate::linux::virtualization::dmi::Dmi;
use crate::linux::virtualization::guest::{Guest, Look, OTHER, guest};
use crate::linux::virtualization::products::{HYPER_V, RENTED, firmware, product};
#[cfg(feature = "recorded")]
pub(crate) use crate::linux::virtualization::signature::kept_maker;
use crate::linux::virtualization::signature::{FIRECRACKER, signature};
#[cfg(feature = "recorded")]
pub(crate) use crate::linux::virtualization::xen::kept_features;
use crate::linux::virtualization::xen::{Xen, xen};
use crate::rules::{Rule, Step, functions, rule};
use crate::source::Source;
use crate::tables::{SYSTEMD, firmware_rules, signature_rules};
use crate::unix;

type Detect = fn(&mut Look<'_, '_, '_>) -> Option<Guest>;

/// In this order, up to the first answer. In dom0 of Xen no step runs.
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
        what: "CPUID's signature, leaf `0x40000000` and the next bases; without SMBIOS also Firecracker's ACPI devices",
        rules: || signature_rules().chain(FIRECRACKER.to_vec()).collect(),
        run: signature,
    },
    Step {
        what: "all other products of SMBIOS",
        rules: || HYPER_V.iter().cloned().chain(firmware_rules(false)).collect(),
        run: |look| firmware(&look.dmi),
    },
    Step {
        what: "the device tree, on processors without CPUID",
        rules: || devices::DEVICE_TREE.to_vec(),
        run: |look| if look.x86 { None } else { device_tree(&mut look.ask) },
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
    let info = file.as_deref().map(|file| CpuInfo::parse(&file.text));
    let hypervisor = cpuid::hypervisor(&mut ask);
    let present = hypervisor.present.or_else(|| flag(&mut ask, info.as_ref()));
    let dmi = Dmi::read(&mut ask);
    let xen = xen(&mut ask);
    let x86 = hypervisor.present.is_some() || matches!(architecture, "x86_64" | "i386" | "i486" | "i586" | "i686");

    let mut look = Look { ask, info, hypervisor, present, dmi, xen, x86, architecture };
    // Dom0 is no guest, even if SMBIOS or CPUID names Xen.
    let found = if let Xen::Dom0(_) = xen { None } else { DETECT.iter().find_map(|detect| detect(&mut look)) };
    let Look { mut ask, info, hypervisor, present, dmi, .. } = look;
    let looked = present.is_some() || info.is_some() || dmi.is_there() || kernel.version.known().is_some();
    let looked = looked || unix::proc_version(&mut ask).is_some();
    let confidential = confidential(&mut ask, found.as_ref(), &hypervisor, info.as_ref(), architecture);

    let nothing = match (hypervisor.present, &info) {
        (Some(_), _) => Source::CPUID,
        (None, Some(_)) => Source::PROC_CPUINFO,
        (None, None) if dmi.is_there() => Source::DMI,
        (None, None) => Source::UNAME,
    };
    let none = match xen {
        Xen::Dom0(source) => Some(source),
        _ => looked.then_some(nothing),
    };
    let conclusion = ask.done();
    let (name, hypervisor) = match (&found, none) {
        (Some(Guest { name, hypervisor, source }), _) => {
            (conclusion.known(*name, *source), conclusion.found_in(*source, *hypervisor))
        }
        (None, Some(source)) => (conclusion.none(source), conclusion.none(source)),
        (None, None) => (conclusion.unknown(), conclusion.unknown()),
    };
    let host_of = match xen {
        Xen::Dom0(source) => conclusion.known("xen", source),
        _ if looked => conclusion.none(Source::PROC_XEN),
        _ => conclusion.unknown(),
    };
    // Without a cloud's name it is unknown, not none: not every cloud names itself.
    let cloud = conclusion.found_in(Source::DMI, dmi.cloud().map(|cloud| cloud.id));
    let confidential = match (&found, none) {
        (None, Some(source)) if looked => conclusion.none(source),
        _ => conclusion.found(confidential),
    };
    Virtualization { name, hypervisor, host_of, cloud, confidential }
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
