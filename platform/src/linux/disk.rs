//! The real disks, each counted once.

use std::collections::{BTreeMap, BTreeSet};

use crate::ask::{Ask, Machine};
use crate::facts::Disk;
use crate::source::Source;
use crate::text::leading_number;

/// More than any machine has.
const DEVICES_LIMIT: usize = 100_000;
/// With more block devices, one list replaces the questions about each.
const ASK_EACH_LIMIT: usize = 64;
const PARTITIONS_LIMIT: usize = 4 << 20;
/// "All sizes are in units of 512 bytes", Documentation/ABI/stable/sysfs-block.
const SECTOR: u64 = 512;

/// Block devices made of others, of memory or of a network, and those with removable media (Documentation/admin-guide/devices.txt).
const NOT_A_DISK: &[&str] = &[
    "loop", "ram", "zram", "dm-", "md", "sr", "scd", "fd", "nbd", "drbd", "bcache", "zd", "nullb", "rbd", "mtdblock",
    "ubiblock", "md_",
];

/// Drivers that name their disks by letters, and by numbers (the same document).
#[cfg(feature = "recorded")]
const LETTERED: &[&str] = &["sd", "hd", "vd", "xvd", "ubd", "dasd"];
#[cfg(feature = "recorded")]
const NUMBERED: &[&str] = &["nvme", "mmcblk", "pmem"];

/// Drivers that never set the flag: `drivers/block/virtio_blk.c`, `drivers/nvme/host/core.c`.
const NEVER_REMOVABLE: &[&str] = &["vd", "nvme"];

/// Whether a name can be a real disk's.
pub(crate) fn may_be_disk(name: &str) -> bool {
    let numbered =
        |prefix: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let excluded =
        NOT_A_DISK.iter().any(|prefix| numbered(prefix) || (prefix.ends_with(['-', '_']) && name.starts_with(prefix)));
    !excluded && !is_nvme_path(name) && !is_mmc_hardware_partition(name)
}

/// The part of a block device's name that the kernel gives. A person may have chosen the rest (`md_NAME`).
#[cfg(feature = "recorded")]
pub(crate) fn kept_name(name: &str) -> Vec<&str> {
    let drivers = LETTERED.iter().chain(NUMBERED).chain(NOT_A_DISK).filter(|driver| name.starts_with(**driver));
    let Some(driver) = drivers.max_by_key(|driver| driver.len()) else { return Vec::new() };
    let rest = name.get(driver.len()..).unwrap_or_default();
    let is_digit = |c: char| c.is_ascii_digit();
    let of_kernel = if LETTERED.contains(driver) {
        let letters = rest.trim_end_matches(is_digit);
        if letters.len() <= 3 && letters.bytes().all(|byte| byte.is_ascii_lowercase()) { rest.len() } else { 0 }
    } else if rest.starts_with(is_digit) && !driver.ends_with('_') {
        // `nvme0c1n1p2`, `mmcblk0boot0`, `mmcblk0rpmb`, `ubiblock0_1`.
        rest.find(|c| !is_digit(c) && !"bcmnoprt_".contains(c)).unwrap_or(rest.len())
    } else {
        0
    };
    name.get(..driver.len() + of_kernel).into_iter().collect()
}

/// `nvme0c1n1` is one of several paths to `nvme0n1` (drivers/nvme/host/multipath.c).
fn is_nvme_path(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("nvme") else { return false };
    let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    after.len() < rest.len() && after.starts_with('c')
}

/// `mmcblk0boot0`, `mmcblk0rpmb`: areas of the chip beside its user area (Documentation/driver-api/mmc).
fn is_mmc_hardware_partition(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("mmcblk") else { return false };
    !rest.trim_start_matches(|c: char| c.is_ascii_digit()).is_empty()
}

/// The second and further paths to one disk: device mapper joins all of them to a multipath device.
fn further_paths(ask: &mut Ask<'_, '_>, names: &[String]) -> BTreeSet<String> {
    let mut further = BTreeSet::new();
    if names.iter().filter(|name| may_be_disk(name)).count() < 2 {
        return further;
    }
    for mapped in names.iter().filter(|name| name.starts_with("dm-")) {
        let uuid = ask.host().read(&format!("/sys/block/{mapped}/dm/uuid"), 256);
        if uuid.is_ok_and(|uuid| uuid.starts_with(b"mpath-"))
            && let Ok(slaves) = ask.host().list(&format!("/sys/block/{mapped}/slaves"), DEVICES_LIMIT)
        {
            further.extend(slaves.into_iter().skip(1));
        }
    }
    further
}

/// A number in a file of sysfs.
fn number(ask: &Ask<'_, '_>, path: &str) -> Option<u64> {
    let bytes = ask.host().read(path, 64).ok()?;
    leading_number(&String::from_utf8_lossy(&bytes))
}

fn is_removable(ask: &Ask<'_, '_>, name: &str) -> bool {
    !NEVER_REMOVABLE.iter().any(|prefix| name.starts_with(prefix))
        && number(ask, &format!("/sys/block/{name}/removable")) == Some(1)
}

/// `proc_partitions(5)`: major, minor, blocks of 1024 bytes, name.
pub(crate) fn partition_sizes(text: &str) -> BTreeMap<&str, u64> {
    let size =
        |line: &'_ str| -> Option<u64> { line.split_ascii_whitespace().nth(2)?.parse::<u64>().ok()?.checked_mul(1024) };
    text.lines().filter_map(|line| Some((line.split_ascii_whitespace().nth(3)?, size(line)?))).collect()
}

/// The sizes of `proc_partitions(5)`, and the kernel's part of the names.
#[cfg(feature = "recorded")]
pub(crate) fn kept_partitions(text: &str) -> Vec<&str> {
    let mut kept = Vec::new();
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace().skip(2);
        if let (Some(blocks), Some(name)) = (words.next(), words.next())
            && blocks.parse::<u64>().is_ok()
        {
            kept.push(blocks);
            kept.extend(kept_name(name));
        }
    }
    kept
}

pub(crate) fn disk(machine: &Machine<'_>) -> Disk {
    let mut ask = Ask::new(machine);
    let Some(names) = ask.list(Source::SYS_BLOCK.name(), DEVICES_LIMIT) else {
        return Disk { total_bytes: ask.done().unknown() };
    };
    let further = further_paths(&mut ask, &names);
    let partitions = if names.len() > ASK_EACH_LIMIT { ask.text("/proc/partitions", PARTITIONS_LIMIT) } else { None };
    let partitions = partitions.as_deref().map(|file| partition_sizes(&file.text)).unwrap_or_default();
    let mut total = 0_u64;
    let mut disks = Vec::new();
    for name in names.iter().filter(|name| may_be_disk(name) && !further.contains(*name)) {
        // A storage server is asked about its first disks one by one; the sizes of the others come from one list.
        let listed = partitions.get(name.as_str()).filter(|_| disks.len() >= ASK_EACH_LIMIT);
        let bytes = match listed {
            Some(bytes) => Some(*bytes),
            None if is_removable(&ask, name) => None,
            None => number(&ask, &format!("/sys/block/{name}/size")).and_then(|sectors| sectors.checked_mul(SECTOR)),
        };
        if let Some(bytes) = bytes.filter(|bytes| *bytes > 0) {
            total = total.saturating_add(bytes);
            disks.push(name.as_str());
        }
    }
    let left_out = names.len().saturating_sub(disks.len());
    let counted = if disks.is_empty() { "no disk".to_owned() } else { disks.join(" ") };
    ask.saw("/sys/block", &format!("{counted}; {left_out} other block devices left out"));
    Disk { total_bytes: ask.done().known(total, Source::SYS_BLOCK) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_partitions() {
        let sizes = partition_sizes("major minor  #blocks  name\n\n   8        0     500 sda\n   8  1  x sda1\n 8 2\n");
        assert_eq!(sizes.into_iter().collect::<Vec<_>>(), [("sda", 500 * 1024)]);
    }

    #[test]
    fn names() {
        for disk in ["sda", "vda", "nvme0n1", "nvme10n1", "xvda", "hda", "mmcblk0", "dasda", "sdaa", "pmem0", "ida"] {
            assert!(may_be_disk(disk), "{disk}");
        }
        for other in [
            "loop0",
            "ram15",
            "zram0",
            "dm-0",
            "md127",
            "sr0",
            "fd0",
            "nbd0",
            "drbd0",
            "nvme0c0n1",
            "mmcblk0boot0",
            "mmcblk1rpmb",
            "md_d0",
            "md_home",
        ] {
            assert!(!may_be_disk(other), "{other}");
        }
    }
}
