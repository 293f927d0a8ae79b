//! The macOS backend: sysctl(3) and SystemVersion.plist. Plain functions over a [`Host`](crate::Host), compiled and
//! tested everywhere.

pub(crate) mod plist;

use crate::ask::{Ask, Machine};
use crate::fact::State;
use crate::facts::{Container, Cpu, Disk, Facts, Hardware, Kernel, Memory, Os, Virtualization};
use crate::source::Source;
use crate::text::{VALUE_LIMIT, clean_text};
use crate::unix;

const PLIST_LIMIT: usize = 64 * 1024;

pub(crate) fn facts(machine: &Machine<'_>) -> Facts {
    let mut kernel = unix::kernel(machine);
    native_architecture(&mut kernel);
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

/// Under Rosetta uname(1) says `x86_64`; the kernel's own name keeps the machine's architecture.
fn native_architecture(kernel: &mut Kernel) {
    if kernel.version.known().is_some_and(|version| version.contains("RELEASE_ARM64")) {
        kernel.architecture.state = State::Known("arm64".to_owned());
        kernel.architecture.source = kernel.version.source;
    }
}

fn os(machine: &Machine<'_>) -> Os {
    let mut ask = Ask::new(machine);
    // A program built with an old SDK is told 10.16 by the file; the kernel tells everyone the same, since macOS 11.
    let from_kernel = ask.sysctl_text("kern.osproductversion");
    let build = ask.sysctl_text("kern.osversion");
    let file = ask.text(Source::SYSTEM_VERSION.name(), PLIST_LIMIT).map(|file| plist::strings(&file.text));
    let field = |key: &str| file.as_ref().and_then(|file| file.get(key)).cloned();
    let name = field("ProductName");
    let version = from_kernel
        .map(|version| (version, Source::SYSCTL))
        .or_else(|| field("ProductVersion").map(|version| (version, Source::SYSTEM_VERSION)));
    let build = build
        .map(|build| (build, Source::SYSCTL))
        .or_else(|| field("ProductBuildVersion").map(|build| (build, Source::SYSTEM_VERSION)));
    if let Some(file) = &file {
        for (key, value) in file {
            ask.saw(format!("{}: {key}", Source::SYSTEM_VERSION), value);
        }
    }
    // The system was named anew with version 11.
    let name = name.map(|name| (name, Source::SYSTEM_VERSION)).or_else(|| {
        let (version, source) = version.as_ref()?;
        let old = version.starts_with("10.");
        Some((if old { "Mac OS X" } else { "macOS" }.to_owned(), *source))
    });
    let pretty = name
        .as_ref()
        .zip(version.as_ref())
        .map(|((name, _), (version, source))| (clean_text(&format!("{name} {version}"), VALUE_LIMIT), *source));
    let conclusion = ask.done();
    let constant = |text: &str| conclusion.fact(State::Known(text.to_owned()), Source::UNAME);
    Os {
        family: constant("macos"),
        name: conclusion.found(name),
        id: constant("macos"),
        id_like: conclusion.fact(State::None, Source::UNAME),
        version: conclusion.found(version.clone()),
        version_id: conclusion.found(version),
        version_codename: conclusion.fact(State::None, Source::UNAME),
        pretty_name: conclusion.found(pretty),
        variant_id: conclusion.fact(State::None, Source::UNAME),
        build_id: conclusion.found(build),
    }
}

/// Models that hypervisors give their Macs.
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
    // Intel: the hypervisor bit of CPUID, under the kernel's name for it.
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
    let none = || conclusion.fact(State::None, Source::SYSCTL);
    let (name, hypervisor, confidential) = match found {
        Some((name, source)) => {
            let below = (name != "vm-other").then(|| (name.to_owned(), source));
            (conclusion.fact(State::Known(name.to_owned()), source), conclusion.found(below), conclusion.unknown())
        }
        None if looked => (none(), none(), none()),
        None => (conclusion.unknown(), conclusion.unknown(), conclusion.unknown()),
    };
    Virtualization { name, hypervisor, host_of: conclusion.unknown(), cloud: conclusion.unknown(), confidential }
}

/// macOS has no containers: what runs them starts a Linux machine.
pub(crate) fn container(machine: &Machine<'_>) -> Container {
    let conclusion = Ask::new(machine).done();
    Container {
        name: conclusion.fact(State::None, Source::UNAME),
        kubernetes: conclusion.fact(State::Known(false), Source::UNAME),
        kubernetes_node: conclusion.fact(State::Known(false), Source::UNAME),
        official_image: conclusion.unknown(),
    }
}

/// Makers by what their models' names hold, where the kernel does not give CPUID's word.
const VENDORS: &[(&str, &str)] = &[("Apple", "Apple"), ("Intel(R)", "GenuineIntel")];

const PERFORMANCE_LEVELS: [&str; 4] = [
    "hw.perflevel0.physicalcpu",
    "hw.perflevel1.physicalcpu",
    "hw.perflevel2.physicalcpu",
    "hw.perflevel3.physicalcpu",
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
    if cores.is_none() {
        // Apple silicon counts each kind of core by itself.
        let kinds = PERFORMANCE_LEVELS.map(|name| ask.sysctl_amount(name));
        cores = kinds.iter().flatten().copied().reduce(u64::saturating_add);
    }
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
        model: conclusion.found(model.map(|model| (model, source))),
        vendor: conclusion.found(vendor.map(|vendor| (vendor, source))),
        logical_count: conclusion.found(logical.map(|count| (count, source))),
        core_count: conclusion.found(cores.map(|count| (count, source))),
        socket_count: conclusion.found(sockets.map(|count| (count, source))),
        threads_per_core: conclusion.found(threads.map(|count| (count, source))),
        frequency_hz: conclusion.found(frequency.map(|hertz| (hertz, source))),
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
    // Every volume of an APFS container has the container's size: the one that holds the system stands for its disk.
    let answer = machine.host.filesystem_size("/");
    let bytes = ask.answer("statvfs: /", answer).filter(|bytes| *bytes > 0);
    if let Some(bytes) = bytes {
        ask.saw("statvfs: /", &bytes.to_string());
    }
    Disk { total_bytes: ask.done().found(bytes.map(|bytes| (bytes, Source::STATVFS))) }
}

fn hardware(machine: &Machine<'_>) -> Hardware {
    let mut ask = Ask::new(machine);
    let model = ask.sysctl_text("hw.model");
    let conclusion = ask.done();
    // Apple lets its system run on its own machines only; a virtual Mac's model names its maker.
    let virtual_maker = model.as_deref().is_some_and(|model| {
        VIRTUAL_MODELS.iter().any(|(prefix, _)| *prefix != "VirtualMac" && model.starts_with(prefix))
    });
    let vendor = model.as_ref().filter(|_| !virtual_maker).map(|_| ("Apple Inc.".to_owned(), Source::SYSCTL));
    Hardware { vendor: conclusion.found(vendor), product: conclusion.found(model.map(|model| (model, Source::SYSCTL))) }
}
