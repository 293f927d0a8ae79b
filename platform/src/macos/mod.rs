//! macOS, from sysctl(3) and SystemVersion.plist: plain functions over a [`Host`](crate::Host), compiled and tested on every
//! system.

mod os;
pub(crate) mod plist;

use crate::ask::{Ask, Machine};
use crate::fact::State;
use crate::facts::{Container, Cpu, Disk, Facts, Hardware, Kernel, Memory, Virtualization};
use crate::source::Source;
use crate::unix;

pub(crate) fn facts(machine: &Machine<'_>) -> Facts {
    let mut native_arm = false;
    let mut kernel = unix::kernel_with(machine, |ask| {
        // 1 under Rosetta. In a native program it is 0, and hw.optional.arm64 tells the architecture.
        let translated = ask.sysctl_integer("sysctl.proc_translated") == Some(1);
        native_arm = ask.sysctl_integer("hw.optional.arm64") == Some(1) || translated;
    });
    native_architecture(&mut kernel, native_arm);
    Facts {
        os: os::os(machine, &kernel),
        host_os: None,
        virtualization: virtualization(machine, &kernel),
        container: container(machine),
        cpu: cpu(machine, &kernel),
        memory: memory(machine),
        disk: disk(machine),
        hardware: hardware(machine),
        kernel,
    }
}

/// Under Rosetta uname(1) prints `x86_64`; the kernel's version keeps the machine's architecture.
fn native_architecture(kernel: &mut Kernel, native_arm: bool) {
    let by_name = kernel.version.known().is_some_and(|version| version.contains("RELEASE_ARM64"));
    if by_name || native_arm {
        kernel.architecture.state = State::Known("arm64".to_owned());
        kernel.architecture.source = if by_name { kernel.version.source } else { Some(Source::SYSCTL) };
    }
}

/// Models of virtual Macs.
const VIRTUAL_MODELS: &[(&str, &str)] =
    &[("VirtualMac", "apple"), ("VMware", "vmware"), ("Parallels", "parallels"), ("VirtualBox", "oracle")];

pub(crate) fn virtualization(machine: &Machine<'_>, kernel: &Kernel) -> Virtualization {
    let mut ask = Ask::new(machine);
    let model = ask.sysctl_text("hw.model");
    let present = ask.sysctl_integer("kern.hv_vmm_present");
    let features = ask.sysctl_text("machdep.cpu.features");
    let brand = ask.sysctl_text("machdep.cpu.brand_string");
    let named = model.as_deref().and_then(|model| VIRTUAL_MODELS.iter().find(|(prefix, _)| model.starts_with(prefix)));
    let vmapple = kernel.version.known().is_some_and(|version| version.ends_with("VMAPPLE"));
    let virtual_brand = brand.as_deref().is_some_and(|brand| brand.ends_with("(Virtual)"));
    // CPUID's hypervisor bit on Intel, by the kernel's name for it.
    let bit = features.as_deref().map(|features| features.split_ascii_whitespace().any(|feature| feature == "VMM"));
    let found = if let Some((_, name)) = named {
        Some((*name, Source::SYSCTL))
    } else if vmapple {
        Some(("apple", Source::UNAME))
    } else if virtual_brand {
        Some(("apple", Source::SYSCTL))
    } else if bit == Some(true) || present == Some(1) {
        Some(("vm-other", Source::SYSCTL))
    } else {
        None
    };
    let looked = model.is_some() || present.is_some() || bit.is_some() || brand.is_some();
    let conclusion = ask.done();
    let none = || if looked { conclusion.none(Source::SYSCTL) } else { conclusion.unknown() };
    let (name, hypervisor, confidential) = match found {
        Some((name, source)) => (
            conclusion.known(name, source),
            conclusion.found_in(source, (name != "vm-other").then_some(name)),
            conclusion.unknown(),
        ),
        None => (none(), none(), none()),
    };
    Virtualization { name, hypervisor, host_of: conclusion.unknown(), cloud: conclusion.unknown(), confidential }
}

/// macOS has no containers: programs like Docker run them in a Linux machine.
pub(crate) fn container(machine: &Machine<'_>) -> Container {
    let conclusion = Ask::new(machine).done();
    Container {
        name: conclusion.none(Source::UNAME),
        kubernetes: conclusion.known(false, Source::UNAME),
        kubernetes_node: conclusion.known(false, Source::UNAME),
        official_image: conclusion.unknown(),
    }
}

/// Vendors by a part of the model's name, where the kernel does not show CPUID's word.
const VENDORS: &[(&str, &str)] = &[(APPLE, APPLE), ("Intel(R)", "GenuineIntel")];
const APPLE: &str = "Apple";

/// Kinds of cores with their numbers, the fastest first.
const PERFORMANCE_LEVELS: [(&str, &str); 4] = [
    ("hw.perflevel0.name", "hw.perflevel0.physicalcpu"),
    ("hw.perflevel1.name", "hw.perflevel1.physicalcpu"),
    ("hw.perflevel2.name", "hw.perflevel2.physicalcpu"),
    ("hw.perflevel3.name", "hw.perflevel3.physicalcpu"),
];

/// Rosetta's processor, in place of the machine's: its name, Intel's word and a frequency of its own.
const ROSETTA: &str = "VirtualApple";

fn cpu(machine: &Machine<'_>, kernel: &Kernel) -> Cpu {
    let mut ask = Ask::new(machine);
    let mut model = ask.sysctl_text("machdep.cpu.brand_string");
    let mut vendor = ask.sysctl_text("machdep.cpu.vendor");
    let apple = kernel.architecture.known().is_some_and(|architecture| architecture == "arm64");
    let rosetta = model.as_deref().is_some_and(|model| model.starts_with(ROSETTA));
    if rosetta {
        ask.contradicted("machdep.cpu.brand_string", "Rosetta's processor");
        model = None;
    }
    if apple || rosetta {
        // macOS for Arm runs only on Apple's processors.
        if vendor.as_deref().is_some_and(|vendor| vendor != APPLE) {
            ask.contradicted("machdep.cpu.vendor", "Rosetta's processor");
        }
        vendor = Some(APPLE.to_owned());
    } else if vendor.is_none() {
        let known = VENDORS.iter().find(|(words, _)| model.as_deref().is_some_and(|model| model.contains(words)));
        vendor = known.map(|(_, vendor)| (*vendor).to_owned());
    }
    let mut amount = |names: &[&'static str]| names.iter().find_map(|name| ask.sysctl_amount(name));
    let mut logical =
        amount(&["hw.logicalcpu", "hw.logicalcpu_max", "hw.activecpu", "hw.ncpu", "machdep.cpu.thread_count"]);
    let mut cores = amount(&["hw.physicalcpu", "hw.physicalcpu_max", "machdep.cpu.core_count"]);
    // Apple silicon counts each kind of core separately. The names changed: "Performance", "Efficiency", "Super".
    let levels = ask.sysctl_amount("hw.nperflevels").and_then(|levels| usize::try_from(levels).ok());
    let asked = match levels {
        Some(levels) => levels,
        None if cores.is_none() => PERFORMANCE_LEVELS.len(),
        None => 0,
    };
    let mut of_all_kinds = None;
    for (name, count) in PERFORMANCE_LEVELS.iter().take(asked) {
        ask.sysctl_text(name);
        of_all_kinds = of_all_kinds.into_iter().chain(ask.sysctl_amount(count)).reduce(u64::saturating_add);
    }
    cores = cores.or(of_all_kinds);
    let mut amount = |names: &[&'static str]| names.iter().find_map(|name| ask.sysctl_amount(name));
    let sockets = amount(&["hw.packages"]);
    // Apple's processors have several, and show none; Rosetta shows one all the same.
    let frequency = if apple || rosetta { None } else { amount(&["hw.cpufrequency"]) };
    let mut source = Source::SYSCTL;
    if model.is_none() && logical.is_none() {
        let answer = machine.host.quantities();
        if let Some(quantities) = ask.answer("sysinfo: cpu", answer) {
            source = Source::SYSINFO;
            model = quantities.cpu_model.filter(|model| !model.starts_with(ROSETTA));
            vendor = vendor.or(quantities.cpu_vendor);
            logical = quantities.logical_cpus;
            cores = cores.or(quantities.cores);
        }
    }
    let threads =
        logical.zip(cores).filter(|(logical, cores)| logical % cores == 0).map(|(logical, cores)| logical / cores);
    let conclusion = ask.done();
    Cpu {
        model: conclusion.found_in(source, model),
        vendor: conclusion.found_in(source, vendor),
        logical_count: conclusion.found_in(source, logical),
        core_count: conclusion.found_in(source, cores),
        socket_count: conclusion.found_in(source, sockets),
        threads_per_core: conclusion.found_in(source, threads),
        frequency_hz: conclusion.found_in(source, frequency),
    }
}

fn memory(machine: &Machine<'_>) -> Memory {
    let mut ask = Ask::new(machine);
    let bytes = ask.sysctl_amount("hw.memsize").map(|bytes| (bytes, Source::SYSCTL)).or_else(|| {
        let answer = machine.host.quantities();
        ask.answer("sysinfo: memory", answer)?.memory_bytes.map(|bytes| (bytes, Source::SYSINFO))
    });
    Memory { total_bytes: ask.done().found(bytes) }
}

fn disk(machine: &Machine<'_>) -> Disk {
    let mut ask = Ask::new(machine);
    // Every volume of an APFS container has the container's size, so the system's volume has that of the disk.
    let answer = machine.host.filesystem_size("/");
    let bytes = ask.answer("statfs: /", answer).filter(|bytes| *bytes > 0);
    if let Some(bytes) = bytes {
        ask.saw("statfs: /", &bytes.to_string());
    }
    Disk { total_bytes: ask.done().found_in(Source::STATFS, bytes) }
}

fn hardware(machine: &Machine<'_>) -> Hardware {
    let mut ask = Ask::new(machine);
    let model = ask.sysctl_text("hw.model");
    let conclusion = ask.done();
    // macOS runs only on Apple's machines, except for virtual ones, whose model names another maker.
    let virtual_maker = model.as_deref().is_some_and(|model| {
        VIRTUAL_MODELS.iter().any(|(prefix, _)| *prefix != "VirtualMac" && model.starts_with(prefix))
    });
    let vendor = model.as_ref().filter(|_| !virtual_maker).map(|_| "Apple Inc.");
    Hardware {
        vendor: conclusion.found_in(Source::SYSCTL, vendor),
        product: conclusion.found_in(Source::SYSCTL, model),
    }
}
