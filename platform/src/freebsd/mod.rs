//! FreeBSD, from sysctl(3), kenv(2) and its own files: plain functions over a [`Host`](crate::Host), compiled and tested on
//! every system.

pub(crate) mod derivative;
pub(crate) mod geom;
mod virtualization;

use crate::ask::{Ask, Machine};
use crate::fact::Fact;
use crate::facts::{Container, Cpu, Disk, Facts, Hardware, Kernel, Memory, Os};
pub(crate) use crate::freebsd::virtualization::virtualization;
use crate::host::Error;
use crate::os_release::OsRelease;
use crate::rules::{Rule, rule};
use crate::source::Source;
#[cfg(feature = "recorded")]
use crate::text::beginning;
use crate::text::{VALUE_LIMIT, clean_text};
use crate::unix;

const FILE_LIMIT: usize = 64 * 1024;

pub(crate) fn facts(machine: &Machine<'_>) -> Facts {
    let kernel = unix::kernel_with(machine, |ask| {
        // Evidence only: the version of the kernel's interfaces, and the architecture of the processor, which is `aarch64` where
        // uname has `arm64`.
        ask.sysctl_integer("kern.osreldate");
        ask.sysctl_text("hw.machine_arch");
    });
    Facts {
        os: os(machine, &kernel),
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

/// The userland's version: an assignment at the start of the script freebsd-version(1).
pub(crate) fn userland(script: &str) -> Option<String> {
    let value = script.lines().find_map(|line| line.strip_prefix("USERLAND_VERSION="))?;
    Some(clean_text(value.trim().trim_matches(['"', '\'']), VALUE_LIMIT)).filter(|version| !version.is_empty())
}

#[cfg(feature = "recorded")]
pub(crate) fn kept_userland(script: &str) -> Vec<&str> {
    const ASSIGNMENT: &str = "USERLAND_VERSION=";
    let Some(line) = script.lines().find(|line| line.starts_with(ASSIGNMENT)) else { return Vec::new() };
    let (name, value) = line.split_at_checked(ASSIGNMENT.len()).unwrap_or_default();
    vec![name, beginning(value.trim().trim_matches(['"', '\'']))]
}

fn os(machine: &Machine<'_>, kernel: &Kernel) -> Os {
    let mut ask = Ask::new(machine);
    let file = ask.text(Source::OS_RELEASE.name(), FILE_LIMIT).map(|file| OsRelease::parse(&file.text));
    let file = file.filter(OsRelease::identifies);
    let field =
        |key: &str| file.as_ref().and_then(|file| file.get(key)).map(|value| (value.to_owned(), Source::OS_RELEASE));
    // The kernel can be newer than the userland, as in a jail. A derivative's os-release has the derivative's version.
    let userland = ask
        .text(Source::FREEBSD_VERSION.name(), FILE_LIMIT)
        .and_then(|script| userland(&script.text))
        .map(|version| (version, Source::FREEBSD_VERSION));
    let is_freebsd = field("ID").is_none_or(|(id, _)| id == "freebsd");
    let in_order = if is_freebsd { [userland, field("VERSION")] } else { [field("VERSION"), userland] };
    let version = in_order
        .into_iter()
        .flatten()
        .next()
        .or_else(|| kernel.release.known().map(|release| (release.clone(), Source::UNAME)));
    if let Some((version, source)) = &version {
        ask.saw(format!("{source}: version"), version);
    }
    // A derivative may ship FreeBSD's own os-release.
    let derivative = if is_freebsd { derivative::find(&mut ask, kernel) } else { None };
    let sysname = kernel.name.known().cloned();
    let of_derivative = |text: &str| derivative.as_ref().map(|found| (text.to_owned(), found.source));
    let name = derivative
        .as_ref()
        .and_then(|found| of_derivative(found.name))
        .or_else(|| field("NAME"))
        .or_else(|| sysname.clone().map(|name| (name, Source::UNAME)));
    let id = derivative
        .as_ref()
        .and_then(|found| of_derivative(found.id))
        .or_else(|| field("ID"))
        .or_else(|| sysname.as_deref().map(|name| (name.to_lowercase(), Source::UNAME)));
    let own_version = derivative.as_ref().and_then(|found| of_derivative(found.version.as_deref()?));
    let is_own = own_version.is_some();
    let version = own_version.or(version);
    // "13.2-RELEASE-p4" → "13.2", as in os-release(5) of the base system.
    let version_id = field("VERSION_ID").filter(|_| !is_own).or_else(|| {
        let (version, source) = version.as_ref()?;
        // REVISION of newvers.sh: numbers between dots.
        let is_number = |text: &&str| {
            text.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let number = version.split('-').next().filter(is_number)?;
        Some((number.to_owned(), *source))
    });
    let pretty = field("PRETTY_NAME").filter(|_| derivative.is_none()).or_else(|| {
        let ((name, _), (version, source)) = name.as_ref().zip(version.as_ref())?;
        Some((clean_text(&format!("{name} {version}"), VALUE_LIMIT), *source))
    });
    let conclusion = ask.done();
    let id_like = id.as_ref().filter(|(id, _)| id != "freebsd").map(|(_, source)| ("freebsd".to_owned(), *source));
    let or_none = |value: Option<(String, Source)>| {
        if value.is_some() { conclusion.found(value) } else { conclusion.none(Source::UNAME) }
    };
    Os {
        family: conclusion.known("freebsd", Source::UNAME),
        name: conclusion.found(name),
        id: conclusion.found(id),
        id_like: or_none(id_like),
        version: conclusion.found(version),
        version_id: conclusion.found(version_id),
        pretty_name: conclusion.found(pretty),
        variant_id: or_none(field("VARIANT_ID")),
        build_id: or_none(field("BUILD_ID")),
        ..Os::all(&conclusion.none(Source::UNAME))
    }
}

/// Evidence for containers.
pub(crate) const CONTAINERS: &[Rule] = &[
    rule("freebsd-jail", "FreeBSD: `security.jail.jailed` is not 0", "sys/kern/kern_jail.c, sysctl_jail_jailed"),
    rule(
        "podman",
        "FreeBSD: in a jail, `/var/run/.containerenv`, a name only",
        "Podman libpod/container_internal_common.go",
    ),
];

pub(crate) fn container(machine: &Machine<'_>) -> Container {
    let mut ask = Ask::new(machine);
    let jailed = ask.sysctl_integer("security.jail.jailed");
    // Evidence only: whether the jail has a network of its own.
    if jailed == Some(1) {
        ask.sysctl_integer("security.jail.vnet");
    }
    // Podman makes a jail and mounts this file into it.
    let podman = jailed == Some(1) && ask.exists("/var/run/.containerenv") == Some(true);
    let conclusion = ask.done();
    let name = match jailed {
        Some(0) => conclusion.none(Source::SYSCTL),
        Some(_) => conclusion.known(if podman { "podman" } else { "freebsd-jail" }, Source::SYSCTL),
        None => conclusion.unknown(),
    };
    let kubernetes: Fact<bool> = conclusion.found_in(Source::SYSCTL, jailed.map(|_| false));
    Container { name, kubernetes_node: kubernetes.clone(), kubernetes, official_image: conclusion.unknown() }
}

fn cpu(machine: &Machine<'_>) -> Cpu {
    let mut ask = Ask::new(machine);
    let model = ask.sysctl_text("hw.model");
    let logical = ask.sysctl_amount("hw.ncpu");
    let cores = ask.sysctl_amount("kern.smp.cores");
    let threads = ask.sysctl_amount("kern.smp.threads_per_core");
    // The time stamp counter runs at the nominal frequency. Arm has cpufreq(4) instead.
    let frequency = ask.sysctl_amount("machdep.tsc_freq").or_else(|| ask.sysctl_amount("dev.cpu.0.freq"));
    let model = model.map(|model| (model, Source::SYSCTL)).or_else(|| {
        let answer = machine.host.quantities();
        ask.answer("sysinfo: cpu", answer)?.cpu_model.map(|model| (model, Source::SYSINFO))
    });
    let vendor = model.as_ref().and_then(|(model, _)| vendor_of(model));
    let conclusion = ask.done();
    let count = |count: Option<u64>| conclusion.found_in(Source::SYSCTL, count);
    Cpu {
        model: conclusion.found(model),
        vendor: conclusion.found_in(Source::SYSCTL, vendor),
        logical_count: count(logical),
        core_count: count(cores),
        socket_count: conclusion.unknown(),
        threads_per_core: count(threads),
        frequency_hz: count(frequency),
    }
}

/// Vendors in CPUID's words, by the name of the model: FreeBSD shows only that.
fn vendor_of(model: &str) -> Option<&'static str> {
    if model.starts_with("Intel") || model.starts_with("Genuine Intel") || model.contains("Intel(R)") {
        Some("GenuineIntel")
    } else if model.starts_with("AMD") {
        Some("AuthenticAMD")
    } else if model.starts_with("ARM ") {
        Some("ARM")
    } else {
        None
    }
}

fn memory(machine: &Machine<'_>) -> Memory {
    let mut ask = Ask::new(machine);
    // The pages that the kernel found. hw.realmem is where the last of them ends, beyond every hole, unless the firmware says how
    // much is installed (sys/amd64/amd64/machdep.c, `cpu_startup`).
    let bytes = ask.sysctl_amount("hw.physmem").map(|bytes| (bytes, Source::SYSCTL)).or_else(|| {
        let answer = machine.host.quantities();
        ask.answer("sysinfo: memory", answer)?.memory_bytes.map(|bytes| (bytes, Source::SYSINFO))
    });
    Memory { total_bytes: ask.done().found(bytes) }
}

/// The whole configuration of the disks, as text.
const GEOM: &str = "kern.geom.conftxt";

fn disk(machine: &Machine<'_>) -> Disk {
    let mut ask = Ask::new(machine);
    // GEOM lists the disks themselves, so partitions, mirrors and ZFS datasets do not count twice.
    match ask.sysctl_answer(GEOM) {
        Ok(text) => {
            let Some(disks) = geom::disks(&text) else {
                ask.failed(GEOM, Error::Malformed);
                return Disk { total_bytes: ask.done().unknown() };
            };
            for disk in &disks {
                ask.saw(format!("{GEOM}: {}", clean_text(disk.name, 64)), &disk.bytes.to_string());
            }
            if !disks.is_empty() {
                let total = disks.iter().try_fold(0_u64, |total, disk| total.checked_add(disk.bytes));
                return Disk { total_bytes: ask.done().found_in(Source::SYSCTL, total) };
            }
        }
        // The file systems would make a smaller sum.
        Err(Error::Malformed | Error::TooLarge) => return Disk { total_bytes: ask.done().unknown() },
        Err(_) => {}
    }
    let mut total = 0_u64;
    let answer = machine.host.quantities();
    let disks = ask.answer("sysinfo: disks", answer).map(|quantities| quantities.disks).unwrap_or_default();
    let mut seen = std::collections::BTreeSet::new();
    for disk in disks.iter().filter(|disk| !disk.removable && disk.total_bytes > 0) {
        // sysinfo lists mounted file systems, and the datasets of a ZFS pool share its space.
        let pool = disk.name.split('/').next().unwrap_or_default();
        if seen.insert(pool.to_owned()) {
            total = total.saturating_add(disk.total_bytes);
        }
        ask.saw(format!("sysinfo: {}", clean_text(&disk.name, 64)), &disk.total_bytes.to_string());
    }
    Disk { total_bytes: ask.done().found_in(Source::SYSINFO, (total > 0).then_some(total)) }
}

fn hardware(machine: &Machine<'_>) -> Hardware {
    let mut ask = Ask::new(machine);
    let vendor = ask.kenv("smbios.system.maker");
    let product = ask.kenv("smbios.system.product");
    let conclusion = ask.done();
    Hardware { vendor: conclusion.found_in(Source::KENV, vendor), product: conclusion.found_in(Source::KENV, product) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_userland_has_a_version_of_its_own() {
        assert_eq!(
            userland("#!/bin/sh\nset -e\nUSERLAND_VERSION=\"13.2-RELEASE-p4\"\n").as_deref(),
            Some("13.2-RELEASE-p4")
        );
        assert_eq!(userland("#!/bin/sh\n"), None);
        assert_eq!(userland("USERLAND_VERSION=\"\"\n"), None);
    }
}
