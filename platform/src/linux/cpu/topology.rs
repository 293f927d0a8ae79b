//! Packages, cores and threads: counted, not divided, but where the counts show that the machine is regular.
//!
//! On x86 the first processor's lines count its package, so two short reads answer for a machine with one package, and three
//! for a regular one of any size. Where CPUs are offline or packages differ, every processor's own lines are counted. Other
//! architectures have the lists of sysfs: each package is asked for its CPUs, and each core only where the first
//! one does not stand for all.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::ask::{Ask, Text};
use crate::linux::cpu::cpu_set::CpuSet;
use crate::linux::cpu::cpuinfo::{CpuInfo, HEAD_LIMIT, Places, WHOLE_LIMIT};
use crate::linux::own_view;
use crate::source::Source;
use crate::text::leading_number;

/// Questions about single cores. A larger machine with offline CPUs is regular, or its cores stay unknown.
const CORES_LIMIT: usize = 256;
/// Questions about single packages: more than hardware has without an interconnect of its own. Virtual machines can have
/// one for each CPU, which are all the same.
const PACKAGES_LIMIT: usize = 16;
/// Smaller machines are asked about each CPU if nothing shorter tells.
const ASK_EACH_LIMIT: u64 = 64;

const ONLINE: &str = "/sys/devices/system/cpu/online";
const PRESENT: &str = "/sys/devices/system/cpu/present";
const OFFLINE: &str = "/sys/devices/system/cpu/offline";
/// The same lists by their names since and before Linux 5.3.
const CORE_LISTS: [&str; 2] = ["core_cpus_list", "thread_siblings_list"];
const PACKAGE_LISTS: [&str; 2] = ["package_cpus_list", "core_siblings_list"];

/// The start of /proc/cpuinfo. For the rest an x86 kernel asks every CPU for its frequency.
pub(crate) fn head(ask: &mut Ask<'_, '_>) -> Option<Rc<Text>> {
    ask.text(Source::PROC_CPUINFO.name(), HEAD_LIMIT)
}

fn whole(ask: &mut Ask<'_, '_>) -> Option<Rc<Text>> {
    let head = head(ask)?;
    if head.whole { Some(head) } else { ask.text(Source::PROC_CPUINFO.name(), WHOLE_LIMIT) }
}

type Count = Option<(u64, Source)>;

/// The counts that are known.
#[derive(Default)]
pub(crate) struct Topology {
    pub(crate) logical: Count,
    pub(crate) cores: Count,
    pub(crate) sockets: Count,
    pub(crate) threads: Count,
    /// The CPUs that count, if sysfs lists them.
    pub(crate) cpus: Option<CpuSet>,
}

impl Topology {
    fn of_cpuinfo(sockets: u64, cores: u64, threads: u64) -> Self {
        let known = |count| Some((count, Source::PROC_CPUINFO));
        Self { cores: known(cores), sockets: known(sockets), threads: known(threads), ..Self::default() }
    }

    fn of_places(places: Places) -> Self {
        Self::of_cpuinfo(places.sockets, places.cores, places.threads)
    }
}

fn list(ask: &mut Ask<'_, '_>, path: &'static str) -> Option<CpuSet> {
    ask.line(path).and_then(|list| CpuSet::parse(&list))
}

/// The online CPUs of the machine. LXCFS shows a container its own CPUs in the list, and passes the others on (its `sysfs_fuse.c`).
fn online(ask: &mut Ask<'_, '_>) -> Option<CpuSet> {
    if !own_view::of_online_cpus(ask) {
        return list(ask, ONLINE);
    }
    ask.contradicted(ONLINE, own_view::WHY);
    let present = list(ask, PRESENT)?;
    // It lists CPUs that could be added as well, and is an empty line where all are online.
    Some(list(ask, OFFLINE).map_or_else(|| present.clone(), |offline| present.without(&offline)))
}

/// Whether all CPUs of the machine are among these.
fn none_is_offline(ask: &mut Ask<'_, '_>, cpus: &CpuSet) -> bool {
    cpus.is_one_range() && list(ask, PRESENT).is_none_or(|present| present.without(cpus).is_empty())
}

/// The packages that all processors of /proc/cpuinfo name, if it has as many processors as the machine.
fn counted(ask: &mut Ask<'_, '_>, file: Option<&Text>, count: u64) -> Option<Topology> {
    // The lines about a processor are the machine's in a container too, but not their number.
    if own_view::of_cpuinfo(ask) {
        ask.contradicted(Source::PROC_CPUINFO.name(), own_view::WHY);
        return None;
    }
    let places = CpuInfo::new(&file?.text).places()?;
    (places.processors == count).then(|| Topology::of_places(places))
}

/// On x86 and others: by what the first processor says about its package.
fn by_cpuinfo(ask: &mut Ask<'_, '_>, info: &CpuInfo<'_>, count: u64, cpus: Option<&CpuSet>) -> Option<Topology> {
    let positive = |key| info.number(key).filter(|count| *count > 0);
    let (siblings, cores) = (positive("siblings")?, positive("cpu cores")?);
    // Of hybrid packages only the performance cores can have several threads.
    let threads = siblings.div_ceil(cores);
    if siblings == count {
        return Some(Topology::of_cpuinfo(1, cores, threads));
    }
    let head = head(ask).filter(|head| head.whole);
    if head.is_some()
        && let Some(topology) = counted(ask, head.as_deref(), count)
    {
        return Some(topology);
    }
    // The packages of s390 differ by design.
    let is_x86 = info.get("flags").is_some();
    if is_x86 && count.is_multiple_of(siblings) && cpus.is_some_and(|cpus| none_is_offline(ask, cpus)) {
        let sockets = count / siblings;
        return Some(Topology::of_cpuinfo(sockets, cores.saturating_mul(sockets), threads));
    }
    let file = if head.is_some() { None } else { whole(ask) };
    counted(ask, file.as_deref(), count)
}

/// The CPUs that share something with this one, from the first of these lists that exists.
fn sharing(ask: &mut Ask<'_, '_>, cpu: u64, names: [&str; 2]) -> Option<CpuSet> {
    let mut lists = names.iter().map(|name| format!("/sys/devices/system/cpu/cpu{cpu}/topology/{name}"));
    lists.find_map(|path| ask.line(path)).and_then(|list| CpuSet::parse(&list))
}

/// Groups of CPUs.
struct Groups {
    count: u64,
    largest: u64,
}

/// Asks the first CPU, then the first one that is in no group yet, and so on. Groups that overlap are one, as in lscpu(1):
/// hot-plug can leave lists that differ.
fn groups(ask: &mut Ask<'_, '_>, cpus: &CpuSet, names: [&str; 2], limit: usize) -> Option<Groups> {
    let total = cpus.count();
    let mut rest = cpus.clone();
    let mut groups = Groups { count: 0, largest: 0 };
    let mut smallest = u64::MAX;
    for _ in 0..limit {
        let Some(cpu) = rest.first() else { break };
        let group = sharing(ask, cpu, names)?;
        let left = rest.without(&group);
        let (size, new) = (group.count(), rest.count() - left.count());
        if left.first() == Some(cpu) {
            return None;
        }
        let seen = cpus.without(&rest);
        if group.without(&seen).count() == size {
            groups.count += 1;
        }
        groups.largest = groups.largest.max(new);
        smallest = smallest.min(new);
        rest = left;
    }
    if rest.is_empty() {
        return Some(groups);
    }
    let regular = smallest == groups.largest && total.is_multiple_of(groups.largest);
    regular.then(|| Groups { count: total / groups.largest, ..groups })
}

/// Cores, and the threads of the largest one.
fn cores(ask: &mut Ask<'_, '_>, cpus: &CpuSet) -> Option<Groups> {
    let first = sharing(ask, cpus.first()?, CORE_LISTS)?;
    let (threads, total) = (first.count(), cpus.count());
    // If threads have neighbouring numbers, offline ones leave gaps or a rest. Else only `present` tells.
    let stands_for_all =
        cpus.is_one_range() && total.is_multiple_of(threads) && (first.is_one_range() || none_is_offline(ask, cpus));
    if stands_for_all {
        return Some(Groups { count: total / threads, largest: threads });
    }
    groups(ask, cpus, CORE_LISTS, CORES_LIMIT)
}

/// Packages. If the kernel knows none (id -1), each core counts as one, as in lscpu(1).
fn packages(ask: &mut Ask<'_, '_>, cpus: &CpuSet, cores: Option<u64>) -> Option<u64> {
    let id =
        |ask: &mut Ask<'_, '_>, cpu| ask.line(format!("/sys/devices/system/cpu/cpu{cpu}/topology/physical_package_id"));
    if id(ask, cpus.first()?).as_deref() == Some("-1") {
        return cores;
    }
    if let Some(groups) = groups(ask, cpus, PACKAGE_LISTS, PACKAGES_LIMIT) {
        return Some(groups.count);
    }
    if cpus.count() > ASK_EACH_LIMIT {
        return None;
    }
    let mut ids = BTreeSet::new();
    for cpu in cpus.cpus() {
        ids.insert(leading_number(&id(ask, cpu)?)?);
    }
    Some(ids.len() as u64)
}

fn by_sysfs(ask: &mut Ask<'_, '_>, cpus: &CpuSet) -> Topology {
    let cores = cores(ask, cpus);
    let known = |count: Option<u64>| count.map(|count| (count, Source::SYS_CPU));
    let core_count = cores.as_ref().map(|cores| cores.count);
    Topology {
        cores: known(core_count),
        sockets: known(packages(ask, cpus, core_count)),
        threads: known(cores.map(|cores| cores.largest)),
        ..Topology::default()
    }
}

pub(crate) fn topology(ask: &mut Ask<'_, '_>, info: Option<&CpuInfo<'_>>) -> Topology {
    let cpus = online(ask).filter(|cpus| !cpus.is_empty());
    let logical = match &cpus {
        Some(cpus) => Some((cpus.count(), Source::SYS_CPU)),
        None if own_view::of_cpuinfo(ask) => None,
        None => whole(ask)
            .and_then(|file| CpuInfo::new(&file.text).logical_count())
            .map(|count| (count, Source::PROC_CPUINFO)),
    };
    let Some((count, _)) = logical else { return Topology::default() };
    if let Some(topology) = info.and_then(|info| by_cpuinfo(ask, info, count, cpus.as_ref())) {
        return Topology { logical, cpus, ..topology };
    }
    let mut topology = cpus.as_ref().map(|cpus| by_sysfs(ask, cpus)).unwrap_or_default();
    // MIPS and LoongArch name places too.
    if (topology.cores.is_none() || topology.sockets.is_none()) && info.is_some_and(|info| info.places().is_some()) {
        let file = whole(ask);
        if let Some(counted) = counted(ask, file.as_deref(), count) {
            topology.cores = topology.cores.or(counted.cores);
            topology.sockets = topology.sockets.or(counted.sockets);
            topology.threads = topology.threads.or(counted.threads);
        }
    }
    Topology { logical, cpus, ..topology }
}
