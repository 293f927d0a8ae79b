//! The processors.

pub(crate) mod arm;
pub(crate) mod cpuinfo;

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::ask::{Ask, Machine, Text};
use crate::facts::Cpu;
use crate::linux::cpu::cpuinfo::{CpuInfo, HEAD_LIMIT, WHOLE_LIMIT};
use crate::source::Source;
use crate::text::{cpu_list_count, leading_number};

/// Smaller machines are asked about each CPU if nothing shorter tells; larger ones are regular.
const ASK_EACH_LIMIT: u64 = 64;

const ONLINE: &str = "/sys/devices/system/cpu/online";
/// The same lists by their names since and before Linux 5.3.
const THREAD_LISTS: [&str; 2] = [
    "/sys/devices/system/cpu/cpu0/topology/core_cpus_list",
    "/sys/devices/system/cpu/cpu0/topology/thread_siblings_list",
];
const PACKAGE_LISTS: [&str; 2] = [
    "/sys/devices/system/cpu/cpu0/topology/package_cpus_list",
    "/sys/devices/system/cpu/cpu0/topology/core_siblings_list",
];

/// The start of /proc/cpuinfo. For the rest an x86 kernel asks every CPU for its frequency.
pub(crate) fn head(ask: &mut Ask<'_, '_>) -> Option<Rc<Text>> {
    ask.text(Source::PROC_CPUINFO.name(), HEAD_LIMIT)
}

fn whole(ask: &mut Ask<'_, '_>) -> Option<Rc<Text>> {
    let head = head(ask)?;
    if head.whole { Some(head) } else { ask.text(Source::PROC_CPUINFO.name(), WHOLE_LIMIT) }
}

/// The number of CPUs in the first of these lists that exists.
fn list_count(ask: &mut Ask<'_, '_>, paths: [&'static str; 2]) -> Option<u64> {
    paths.iter().find_map(|path| ask.line(*path)).and_then(|list| cpu_list_count(&list)).filter(|count| *count > 0)
}

#[derive(Default)]
struct Topology {
    logical: Option<(u64, Source)>,
    cores: Option<(u64, Source)>,
    sockets: Option<(u64, Source)>,
    threads: Option<(u64, Source)>,
}

/// Sockets, cores and threads. On x86 the first processor's lines count its package, so two short reads answer for a regular
/// machine of any size. Other architectures have the lists of sysfs.
fn topology(ask: &mut Ask<'_, '_>, info: Option<&CpuInfo<'_>>) -> Topology {
    let online = ask.line(ONLINE).and_then(|list| cpu_list_count(&list)).map(|count| (count, Source::SYS_CPU));
    let logical = online.or_else(|| {
        whole(ask)
            .and_then(|file| CpuInfo::parse(&file.text).logical_count())
            .map(|count| (count, Source::PROC_CPUINFO))
    });
    let Some((count, _)) = logical else { return Topology::default() };

    if let Some(info) = info
        && let (Some(siblings), Some(cores)) = (info.number("siblings"), info.number("cpu cores"))
        && siblings > 0
        && cores > 0
    {
        if count.is_multiple_of(siblings) {
            let sockets = count / siblings;
            let threads = siblings.is_multiple_of(cores).then_some(siblings / cores);
            // If performance and efficiency cores have different numbers of threads, the first CPU's list decides.
            let threads = threads
                .map(|count| (count, Source::PROC_CPUINFO))
                .or_else(|| list_count(ask, THREAD_LISTS).map(|count| (count, Source::SYS_CPU)));
            return Topology {
                logical,
                cores: Some((cores.saturating_mul(sockets), Source::PROC_CPUINFO)),
                sockets: Some((sockets, Source::PROC_CPUINFO)),
                threads,
            };
        }
        // With packages of different sizes or offline CPUs, every processor's own lines decide.
        if let Some((sockets, cores)) = whole(ask).and_then(|file| CpuInfo::parse(&file.text).sockets_and_cores()) {
            return Topology {
                logical,
                cores: Some((cores, Source::PROC_CPUINFO)),
                sockets: Some((sockets, Source::PROC_CPUINFO)),
                threads: list_count(ask, THREAD_LISTS).map(|count| (count, Source::SYS_CPU)),
            };
        }
    }

    let threads = list_count(ask, THREAD_LISTS);
    let cores = threads.filter(|threads| count.is_multiple_of(*threads)).map(|threads| count / threads);
    let from_sysfs = |count: Option<u64>| count.map(|count| (count, Source::SYS_CPU));
    Topology {
        logical,
        cores: from_sysfs(cores),
        sockets: from_sysfs(sockets(ask, count, cores)),
        threads: from_sysfs(threads),
    }
}

/// Sockets, from the packages in sysfs. If the kernel knows none (id -1), each core counts as one, as in lscpu(1).
fn sockets(ask: &mut Ask<'_, '_>, count: u64, cores: Option<u64>) -> Option<u64> {
    if ask.line("/sys/devices/system/cpu/cpu0/topology/physical_package_id").as_deref() == Some("-1") {
        return cores;
    }
    match list_count(ask, PACKAGE_LISTS).filter(|package| count.is_multiple_of(*package)) {
        Some(package) => Some(count / package),
        None if count <= ASK_EACH_LIMIT => packages(ask, count),
        None => None,
    }
}

/// The number of different packages.
fn packages(ask: &mut Ask<'_, '_>, count: u64) -> Option<u64> {
    let mut packages = BTreeSet::new();
    for cpu in 0..count {
        let path = format!("/sys/devices/system/cpu/cpu{cpu}/topology/physical_package_id");
        packages.insert(leading_number(&ask.line(path)?)?);
    }
    u64::try_from(packages.len()).ok().filter(|count| *count > 0)
}

pub(crate) fn cpu(machine: &Machine<'_>) -> Cpu {
    let mut ask = Ask::new(machine);
    let file = head(&mut ask);
    let info = file.as_deref().map(|file| CpuInfo::parse(&file.text));
    let model = info.as_ref().and_then(CpuInfo::model);
    let vendor = info.as_ref().and_then(CpuInfo::vendor);
    for (asked, value) in [("/proc/cpuinfo: model", &model), ("/proc/cpuinfo: vendor", &vendor)] {
        if let Some(value) = value {
            ask.saw(asked, value);
        }
    }
    let topology = topology(&mut ask, info.as_ref());

    // In kHz (Documentation/admin-guide/pm/cpufreq.rst). Most virtual machines have none.
    let maximum = ask
        .line("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq")
        .and_then(|kilohertz| kilohertz.parse::<u64>().ok())
        .and_then(|kilohertz| kilohertz.checked_mul(1000))
        .filter(|hertz| *hertz > 0);
    let frequency = match maximum {
        Some(hertz) => Some((hertz, Source::CPUFREQ)),
        // s390 lists frequencies after the processors.
        None => info.as_ref().and_then(CpuInfo::frequency).map(|hertz| (hertz, Source::PROC_CPUINFO)),
    };
    if let Some((hertz, Source::PROC_CPUINFO)) = frequency {
        ask.saw("/proc/cpuinfo: frequency", &hertz.to_string());
    }

    let conclusion = ask.done();
    Cpu {
        model: conclusion.found_in(Source::PROC_CPUINFO, model),
        // A file that was read and names no vendor has none: RISC-V's and POWER's do not.
        vendor: match info {
            Some(_) => conclusion.known_or_none(vendor, Source::PROC_CPUINFO),
            None => conclusion.unknown(),
        },
        logical_count: conclusion.found(topology.logical),
        core_count: conclusion.found(topology.cores),
        socket_count: conclusion.found(topology.sockets),
        threads_per_core: conclusion.found(topology.threads),
        frequency_hz: conclusion.found(frequency),
    }
}
