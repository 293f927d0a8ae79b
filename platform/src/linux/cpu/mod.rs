//! The processors.

pub(crate) mod arm;
pub(crate) mod cpu_set;
pub(crate) mod cpuinfo;
mod topology;
pub(crate) mod vendors;

use crate::ask::{Ask, Machine};
use crate::facts::Cpu;
use crate::linux::cpu::cpu_set::CpuSet;
use crate::linux::cpu::cpuinfo::CpuInfo;
use crate::linux::cpu::topology::topology;
use crate::source::Source;

pub(crate) use topology::head;

/// Questions about frequencies. A machine with more policies has one kind of cores.
const FREQUENCIES_LIMIT: usize = 64;
const POLICIES: &str = "/sys/devices/system/cpu/cpufreq";
const POLICIES_LIMIT: usize = 1 << 16;

/// The number of a policy, which is that of its first CPU.
fn policy(name: &str) -> Option<u64> {
    name.strip_prefix("policy")?.parse().ok()
}

#[cfg(feature = "recorded")]
pub(crate) fn kept_policy(name: &str) -> Vec<&str> {
    policy(name).map(|_| name).into_iter().collect()
}

/// A frequency in hertz. sysfs has it in kHz (Documentation/admin-guide/pm/cpufreq.rst).
fn maximum(ask: &mut Ask<'_, '_>, folder: &str) -> Option<u64> {
    let kilohertz = ask.line(format!("{folder}/cpuinfo_max_freq"))?;
    kilohertz.parse::<u64>().ok()?.checked_mul(1000).filter(|hertz| *hertz > 0)
}

/// The highest frequency of all CPUs: the kinds of cores differ, and so do the best ones of one kind. CPUs of one policy share
/// theirs. Most virtual machines have none.
fn highest(ask: &mut Ask<'_, '_>, cpus: Option<&CpuSet>) -> Option<u64> {
    let first = cpus.and_then(CpuSet::first).unwrap_or_default();
    let of_first = maximum(ask, &format!("/sys/devices/system/cpu/cpu{first}/cpufreq"))?;
    let mut others: Vec<String> = if let Some(names) = ask.list(POLICIES, POLICIES_LIMIT) {
        let others = names.iter().filter_map(|name| policy(name)).filter(|policy| *policy != first);
        others.map(|policy| format!("{POLICIES}/policy{policy}")).collect()
    } else {
        // Before Linux 4.3 each CPU had a folder instead.
        let others = cpus.into_iter().flat_map(CpuSet::cpus).filter(|cpu| *cpu != first);
        others.map(|cpu| format!("/sys/devices/system/cpu/cpu{cpu}/cpufreq")).collect()
    };
    others.truncate(FREQUENCIES_LIMIT);
    others.iter().filter_map(|folder| maximum(ask, folder)).chain([of_first]).max()
}

pub(crate) fn cpu(machine: &Machine<'_>) -> Cpu {
    let mut ask = Ask::new(machine);
    let file = head(&mut ask);
    let info = file.as_deref().map(|file| CpuInfo::new(&file.text));
    let model = info.as_ref().and_then(CpuInfo::model);
    let vendor = info.as_ref().and_then(CpuInfo::vendor);
    for (asked, value) in [("/proc/cpuinfo: model", &model), ("/proc/cpuinfo: vendor", &vendor)] {
        if let Some(value) = value {
            ask.saw(asked, value);
        }
    }
    let topology = topology(&mut ask, info.as_ref());
    let frequency = match highest(&mut ask, topology.cpus.as_ref()) {
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
        // Every processor has a maker: one that is not named is unknown.
        vendor: conclusion.found_in(Source::PROC_CPUINFO, vendor),
        logical_count: conclusion.found(topology.logical),
        core_count: conclusion.found(topology.cores),
        socket_count: conclusion.found(topology.sockets),
        threads_per_core: conclusion.found(topology.threads),
        frequency_hz: conclusion.found(frequency),
    }
}
