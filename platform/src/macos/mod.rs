//! macOS, from sysctl(3) and SystemVersion.plist: plain functions over a [`Host`](crate::Host), compiled and tested on every
//! system.

pub(crate) mod plist;

use crate::ask::{Ask, Machine};
use crate::fact::State;
use crate::facts::{Container, Cpu, Disk, Facts, Hardware, Kernel, Memory, Os, Virtualization};
use crate::source::Source;
use crate::text::{VALUE_LIMIT, clean_text};
use crate::unix;

const PLIST_LIMIT: usize = 64 * 1024;

pub(crate) fn facts(machine: &Machine<'_>) -> Facts {
    let mut native_arm = false;
    let mut kernel = unix::kernel_with(machine, |ask| {
        // 1 under Rosetta. In a native program it is 0, and hw.optional.arm64 tells the architecture.
        let translated = ask.sysctl_integer("sysctl.proc_translated") == Some(1);
        native_arm = ask.sysctl_integer("hw.optional.arm64") == Some(1) || translated;
    });
    native_architecture(&mut kernel, native_arm);
    Facts {
        os: os(machine),
        host_os: None,
        virtualization: virtualization(machine, &kernel),
        container: container(machine),
        cpu: cpu(machine),
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

/// The version that programs built for older systems get on all later ones (`SYSTEM_VERSION_COMPAT`).
const COMPATIBILITY_VERSION: &str = "10.16";

fn os(machine: &Machine<'_>) -> Os {
    let mut ask = Ask::new(machine);
    // The file shows 10.16 to programs built with an old SDK. Since macOS 11 the kernel shows everyone the real version.
    let from_kernel = ask.sysctl_text("kern.osproductversion");
    let build = ask.sysctl_text("kern.osversion");
    let file = ask.text(Source::SYSTEM_VERSION.name(), PLIST_LIMIT).map(|file| plist::strings(&file.text));
    let field = |key: &str| file.as_ref().and_then(|file| file.get(key)).filter(|value| !value.is_empty()).cloned();
    let name = field("ProductName");
    let version = from_kernel
        .map(|version| (version, Source::SYSCTL))
        .or_else(|| field("ProductVersion").map(|version| (version, Source::SYSTEM_VERSION)));
    let version = version.filter(|(version, _)| {
        let real = version != COMPATIBILITY_VERSION;
        if !real {
            ask.contradicted("10.16", "the answer to programs of older systems, not a version");
        }
        real
    });
    let build = build
        .map(|build| (build, Source::SYSCTL))
        .or_else(|| field("ProductBuildVersion").map(|build| (build, Source::SYSTEM_VERSION)));
    if let Some(file) = &file {
        for key in plist::FIELDS {
            if let Some(value) = file.get(key) {
                ask.saw(format!("{}: {key}", Source::SYSTEM_VERSION), value);
            }
        }
    }
    let name = name.map(|name| (name, Source::SYSTEM_VERSION)).or_else(|| {
        let (version, source) = version.as_ref()?;
        Some((product_name(version).to_owned(), *source))
    });
    let pretty = name
        .as_ref()
        .zip(version.as_ref())
        .map(|((name, _), (version, source))| (clean_text(&format!("{name} {version}"), VALUE_LIMIT), *source));
    let conclusion = ask.done();
    Os {
        family: conclusion.known("macos", Source::UNAME),
        name: conclusion.found(name),
        id: conclusion.known("macos", Source::UNAME),
        version: conclusion.found(version.clone()),
        version_id: conclusion.found(version),
        pretty_name: conclusion.found(pretty),
        build_id: conclusion.found(build),
        ..Os::all(&conclusion.none(Source::UNAME))
    }
}

/// The trade name of a version. SystemVersion.plist has "Mac OS X" up to 10.15, and takes precedence.
fn product_name(version: &str) -> &'static str {
    let minor =
        version.strip_prefix("10.").and_then(|rest| rest.split('.').next()).and_then(|minor| minor.parse().ok());
    match minor {
        Some(0..=7_u32) => "Mac OS X",
        Some(8..=11) => "OS X",
        _ => "macOS",
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
const VENDORS: &[(&str, &str)] = &[("Apple", "Apple"), ("Intel(R)", "GenuineIntel")];

/// Kinds of cores with their numbers, the fastest first.
const PERFORMANCE_LEVELS: [(&str, &str); 4] = [
    ("hw.perflevel0.name", "hw.perflevel0.physicalcpu"),
    ("hw.perflevel1.name", "hw.perflevel1.physicalcpu"),
    ("hw.perflevel2.name", "hw.perflevel2.physicalcpu"),
    ("hw.perflevel3.name", "hw.perflevel3.physicalcpu"),
];

fn cpu(machine: &Machine<'_>) -> Cpu {
    let mut ask = Ask::new(machine);
    let mut model = ask.sysctl_text("machdep.cpu.brand_string");
    let mut vendor = ask.sysctl_text("machdep.cpu.vendor");
    if vendor.is_none() {
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
    let frequency = amount(&["hw.cpufrequency"]);
    let mut source = Source::SYSCTL;
    if model.is_none() && logical.is_none() {
        let answer = machine.host.quantities();
        if let Some(quantities) = ask.answer("sysinfo: cpu", answer) {
            source = Source::SYSINFO;
            model = quantities.cpu_model;
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
    let bytes = ask.answer("statvfs: /", answer).filter(|bytes| *bytes > 0);
    if let Some(bytes) = bytes {
        ask.saw("statvfs: /", &bytes.to_string());
    }
    Disk { total_bytes: ask.done().found_in(Source::STATVFS, bytes) }
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
