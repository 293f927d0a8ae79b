//! The real disks, each counted once.

use std::collections::BTreeSet;

use crate::ask::{Ask, Machine};
use crate::facts::Disk;
use crate::source::Source;
use crate::text::{EXCERPT_LIMIT, begins, leading_number, order, parts};

/// More than any machine has.
const DEVICES_LIMIT: usize = 100_000;
/// With more block devices, one list replaces the questions about each.
const ASK_EACH_LIMIT: usize = 64;
const PARTITIONS_LIMIT: usize = 4 << 20;
/// "All sizes are in units of 512 bytes", Documentation/ABI/stable/sysfs-block.
const SECTOR: u64 = 512;

/// Block devices made of others, of files, of memory or of a network, and those with removable media, followed by a number
/// (Documentation/admin-guide/devices.txt, and the driver's `disk_name` below drivers/block where it is younger).
const NOT_A_DISK: &[&str] = &[
    "loop",
    "ram",
    "zram",
    "md",
    "sr",
    "scd",
    "fd",
    "nbd",
    "drbd",
    "bcache",
    "zd",
    "nullb",
    "rbd",
    "mtdblock",
    "ubiblock",
    "ublkb",
    "zloop",
    "rnbd",
    "ploop",
    "datto",
    "gnbd",
    "mspblk",
    "pktcdvd",
    "cas",
    "veeamimage",
    "VxVM",
    "VxDMP",
];
/// The same, where more than a number can follow: device mapper; arrays with a name (md(4)); the multipath disks of EMC, IBM and
/// Hitachi; snapshots of Elastio and Veeam; disks of a network by `aoe`, `PowerFlex` and Portworx; volumes of Oracle's.
const NOT_A_DISK_BY_NAME: &[&str] = &[
    "dm-",
    "md_",
    "emcpower",
    "vpath",
    "sddlm",
    "elastio-snap",
    "veeamblksnap",
    "etherd!",
    "scini",
    "pxd!",
    "asm!",
    "oracleasm!",
];

/// Drivers that name their disks by letters, and by numbers (the same document).
const LETTERED: &[&str] = &["sd", "hd", "vd", "xvd", "ubd", "dasd"];
const NUMBERED: &[&str] = &["nvme", "mmcblk", "pmem"];

/// Drivers that never set the flag: `drivers/block/virtio_blk.c`, `drivers/nvme/host/core.c`.
const NEVER_REMOVABLE: &[&str] = &["vd", "nvme"];
/// The driver of all disks that the kernel reaches as SCSI: SATA, SAS, USB.
const SCSI: &str = "sd";
/// SCSI hosts of removable media: of USB (`proc_name` below drivers/usb/storage), and of card readers on PCI Express.
pub(crate) const REMOVABLE_HOSTS: &[&str] = &["usb-storage", "uas", "rts5208", "rts_pstor"];
/// Modules of USB storage for single makers have names of their own: `ums-realtek`.
pub(crate) const USB_MODULES: &str = "ums-";

/// The mark of a block device without hardware, in the link of its name.
pub(crate) const WITHOUT_HARDWARE: &str = "/devices/virtual/";
/// Questions about drivers that are in no table.
const UNKNOWN_LIMIT: usize = 64;

/// The beginning of a name, up to a number.
fn driver(name: &str) -> &str {
    let end = name.bytes().position(|byte| byte.is_ascii_digit()).unwrap_or(name.len());
    name.get(..end).unwrap_or_default()
}

/// Whether a name can be a real disk's.
pub(crate) fn may_be_disk(name: &str) -> bool {
    let driver = driver(name);
    let excluded = || {
        let by_number = driver.len() < name.len() && NOT_A_DISK.contains(&driver);
        by_number || NOT_A_DISK_BY_NAME.iter().any(|prefix| begins(name, prefix))
    };
    (NUMBERED.contains(&driver) || !excluded()) && !is_nvme_path(name) && !is_mmc_hardware_partition(name)
}

/// The drivers of the tables with whose words a name begins.
fn drivers(name: &str) -> impl Iterator<Item = &'static str> {
    let all = [NUMBERED, LETTERED, NOT_A_DISK, NOT_A_DISK_BY_NAME].into_iter().flatten().copied();
    all.filter(move |driver| begins(name, driver))
}

/// The part of a block device's name that the kernel gives. A person may have chosen the rest (`md_NAME`).
#[cfg(feature = "recorded")]
pub(crate) fn kept_name(name: &str) -> Vec<&str> {
    let Some(driver) = drivers(name).max_by_key(|driver| driver.len()) else { return Vec::new() };
    let rest = name.get(driver.len()..).unwrap_or_default();
    let is_digit = |c: char| c.is_ascii_digit();
    let of_kernel = if LETTERED.contains(&driver) {
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
    let number = rest.bytes().take_while(u8::is_ascii_digit).count();
    number > 0 && rest.as_bytes().get(number) == Some(&b'c')
}

/// `mmcblk0boot0`, `mmcblk0rpmb`: areas of the chip beside its user area (Documentation/driver-api/mmc).
fn is_mmc_hardware_partition(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("mmcblk") else { return false };
    !rest.trim_start_matches(|c: char| c.is_ascii_digit()).is_empty()
}

/// The second and further paths to one disk: device mapper joins all of them to a multipath device.
fn further_paths(ask: &Ask<'_, '_>, names: &[String]) -> BTreeSet<String> {
    let mut further = BTreeSet::new();
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

/// The number of a disk's SCSI host: the link of its device ends in `HOST:CHANNEL:TARGET:LUN`.
pub(crate) fn scsi_host(link: &str) -> Option<u64> {
    let address = link.rsplit('/').next()?;
    let mut numbers = address.split(':').map(str::parse::<u64>);
    let host = numbers.next()?.ok()?;
    (numbers.by_ref().take(3).flatten().count() == 3 && numbers.next().is_none()).then_some(host)
}

/// Whether a path of sysfs leads over USB: `/devices/pci0000:00/0000:00:14.0/usb2/2-1/...`.
fn leads_over_usb(path: &str) -> bool {
    let is_bus =
        |part: &str| part.strip_prefix("usb").is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()));
    path.split('/').any(is_bus)
}

/// Whether the medium can be taken out. On SATA and SAS the same flag means that the whole disk can be changed while the machine
/// runs (libata: the port is external or allows hot-plug), so there the bus decides: with USB and card readers it is no disk
/// of this machine. One whose bus is not visible is a disk, as hot-plug is the commoner case.
fn is_removable(ask: &Ask<'_, '_>, name: &str) -> bool {
    let host = ask.host();
    if NEVER_REMOVABLE.iter().any(|prefix| name.starts_with(prefix))
        || number(ask, &format!("/sys/block/{name}/removable")) != Some(1)
    {
        return false;
    }
    if !name.starts_with(SCSI) {
        return true;
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let device = host.read_link(&format!("/sys/block/{name}/device")).map(text).unwrap_or_default();
    let adapter = scsi_host(&device)
        .and_then(|number| host.read(&format!("/sys/class/scsi_host/host{number}/proc_name"), 64).ok().map(text));
    if let Some(adapter) = adapter.as_deref().map(str::trim) {
        return REMOVABLE_HOSTS.contains(&adapter) || adapter.starts_with(USB_MODULES);
    }
    let own = host.read_link(&format!("/sys/block/{name}")).map(text).unwrap_or_default();
    leads_over_usb(&device) || leads_over_usb(&own)
}

/// Drivers that are in no table, and whether their devices have no hardware. One device answers for all of its driver.
#[derive(Default)]
struct Unknown<'n>(Vec<(&'n str, bool)>);

impl<'n> Unknown<'n> {
    fn is_without_hardware(&mut self, ask: &Ask<'_, '_>, name: &'n str) -> bool {
        let driver = driver(name);
        if let Some((_, known)) = self.0.iter().find(|(known, _)| *known == driver) {
            return *known;
        }
        let link =
            if self.0.len() < UNKNOWN_LIMIT { ask.host().read_link(&format!("/sys/block/{name}")).ok() } else { None };
        let without = link.is_some_and(|link| String::from_utf8_lossy(&link).contains(WITHOUT_HARDWARE));
        self.0.push((driver, without));
        without
    }
}

/// Numbers of blocks, of 1024 bytes each, and names in `proc_partitions(5)`: major, minor, blocks, name.
fn partitions(text: &str) -> impl Iterator<Item = (&str, &str)> {
    parts(text, b'\n').filter_map(|line| {
        let (rest, name) = line.rsplit_once(' ')?;
        let (numbers, blocks) = rest.trim_ascii_end().rsplit_once(' ')?;
        numbers.trim_ascii().contains(' ').then_some((blocks, name))
    })
}

/// Names and sizes.
pub(crate) fn partition_sizes(text: &str) -> impl Iterator<Item = (&str, u64)> {
    partitions(text).filter_map(|(blocks, name)| Some((name, blocks.parse::<u64>().ok()?.checked_mul(1024)?)))
}

/// The sizes of `proc_partitions(5)`, and the kernel's part of the names.
#[cfg(feature = "recorded")]
pub(crate) fn kept_partitions(text: &str) -> Vec<&str> {
    let mut kept = Vec::new();
    for (blocks, name) in partitions(text).filter(|(blocks, _)| blocks.parse::<u64>().is_ok()) {
        kept.push(blocks);
        kept.extend(kept_name(name));
    }
    kept
}

pub(crate) fn disk(machine: &Machine<'_>) -> Disk {
    let mut ask = Ask::new(machine);
    let Some(mut names) = ask.list(Source::SYS_BLOCK.name(), DEVICES_LIMIT) else {
        return Disk { total_bytes: ask.done().unknown() };
    };
    let devices = names.len();
    let others: Vec<String> = names.extract_if(.., |name| !may_be_disk(name)).collect();
    let further = if names.len() > 1 { further_paths(&ask, &others) } else { BTreeSet::new() };
    let partitions = if devices > ASK_EACH_LIMIT { ask.text("/proc/partitions", PARTITIONS_LIMIT) } else { None };
    let mut sizes = vec![None; names.len()];
    for (name, size) in partitions.iter().flat_map(|file| partition_sizes(&file.text)) {
        let at = names.binary_search_by(|known| order(known, name));
        if let Some(known) = at.ok().and_then(|at| sizes.get_mut(at)) {
            *known = Some(size);
        }
    }
    let mut total = 0_u64;
    let mut count = 0;
    let mut shown = Vec::new();
    let mut unknown = Unknown::default();
    for (name, listed) in names.iter().zip(sizes).filter(|(name, _)| !further.contains(*name)) {
        if drivers(name).next().is_none() && unknown.is_without_hardware(&ask, name) {
            continue;
        }
        // A storage server is asked about its first disks only: their sizes are in one list, to a kilobyte.
        if (listed.is_none() || count < ASK_EACH_LIMIT) && is_removable(&ask, name) {
            continue;
        }
        let sectors = || number(&ask, &format!("/sys/block/{name}/size"));
        let bytes = listed.or_else(|| sectors()?.checked_mul(SECTOR));
        if let Some(bytes) = bytes.filter(|bytes| *bytes > 0) {
            total = total.saturating_add(bytes);
            count += 1;
            // More would not be shown.
            if count <= EXCERPT_LIMIT {
                shown.push(name.as_str());
            }
        }
    }
    let left_out = devices.saturating_sub(count);
    let counted = if shown.is_empty() { "no disk".to_owned() } else { shown.join(" ") };
    ask.saw("/sys/block", &format!("{counted}; {left_out} other block devices left out"));
    Disk { total_bytes: ask.done().known(total, Source::SYS_BLOCK) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_partitions() {
        let sizes = partition_sizes("major minor  #blocks  name\n\n   8        0     500 sda\n   8  1  x sda1\n 8 2\n");
        assert_eq!(sizes.collect::<Vec<_>>(), [("sda", 500 * 1024)]);
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
            "ublkb0",
            "zloop1",
            "rnbd0",
            "emcpowera",
            "emcpoweraa",
            "datto0",
            "ploop12345",
            "etherd!e1.1",
            "scinia",
        ] {
            assert!(!may_be_disk(other), "{other}");
        }
    }
}
