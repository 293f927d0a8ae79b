//! Which machine a container's amounts are: the one that it runs on, and never the container's share of it.
//!
//! A container can be shown less than the machine has in three ways: by LXCFS, which mounts files with the container's share over
//! the kernel's (lxcfs(1)); by a cpuset, which `sched_getaffinity(2)` shows; and by limits of its cgroup. Memory, CPUs and disks
//! all pass them over. Where a file is covered, another answer of the kernel counts: sysinfo(2) for memory, and for the CPUs
//! `present`, `offline` and the topology of sysfs, which LXCFS passes on as they are. /sys/block is the machine's in every
//! container. What has no other answer is unknown.
//!
//! Netdata's own script has another rule: where LXCFS is mounted, it counts the CPUs of /proc/cpuinfo, reads the covered
//! /proc/meminfo, and adds up the file systems that df(1) shows (its pull requests 14255 and 18696; 18695 concerns charts
//! only). That is the container for LXC, and the machine for every other manager, whatever its limits. Here one rule holds for
//! all of them, for three reasons. The other facts (hypervisor, cloud, model of the CPU, maker) are the machine's. A
//! share is not always visible: Docker's and Kubernetes' limits stand in cgroup files that the container may not see. And a share
//! changes while the machine runs, so that it describes a setting, and not a system.
//!
//! One exception is not visible from inside: LXD and Incus can answer sysinfo(2) in the kernel's place
//! (`security.syscalls.intercept.sysinfo`). The memory is the container's then.

use crate::ask::Ask;
use crate::mountinfo;

/// Why a covered file does not count.
pub(crate) const WHY: &str = "another file is mounted over it";

/// Whether something else is mounted over one of the kernel's files, or over the folder that holds it. A bind mount of the
/// file itself, as in Netdata's unit, changes nothing.
fn is_covered(mounts: &str, paths: &[&str]) -> bool {
    // Most machines have no such mount: theirs are not parsed.
    paths.iter().any(|path| mounts.contains(path))
        && mountinfo::parse(mounts).any(|mount| paths.contains(&mount.point) && !matches!(mount.kind, "proc" | "sysfs"))
}

fn covered(ask: &mut Ask<'_, '_>, paths: &[&str]) -> bool {
    ask.mounts().is_some_and(|mounts| is_covered(&mounts.text, paths))
}

pub(crate) fn of_memory(ask: &mut Ask<'_, '_>) -> bool {
    covered(ask, &["/proc/meminfo"])
}

/// /proc/cpuinfo.
pub(crate) fn of_cpuinfo(ask: &mut Ask<'_, '_>) -> bool {
    covered(ask, &["/proc/cpuinfo"])
}

/// The list of online CPUs: older LXCFS covers the file, younger the folder (its `sysfs_fuse.c`).
pub(crate) fn of_online_cpus(ask: &mut Ask<'_, '_>) -> bool {
    covered(ask, &["/sys/devices/system/cpu/online", "/sys/devices/system/cpu"])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mountinfo::notable;

    #[test]
    fn covered_files() {
        let mounts = |point: &str, kind: &str| {
            format!("22 21 0:5 / /proc rw - proc proc rw\n23 22 0:6 / {point} rw - {kind} x rw\n")
        };
        for (point, kind, covers) in [
            ("/proc/meminfo", "fuse.lxcfs", true),
            ("/proc/meminfo", "ext4", true),
            ("/proc/meminfo", "proc", false),
            ("/proc/meminfo2", "fuse.lxcfs", false),
            ("/srv/proc/meminfo", "fuse.lxcfs", false),
        ] {
            assert_eq!(is_covered(&notable(&mounts(point, kind)), &["/proc/meminfo"]), covers, "{point} {kind}");
        }
    }
}
