//! What a recorded machine does not show: what tells one machine of a kind from the others.
//!
//! Everything keeps its length and its form, so that a reader stops at the same byte and decides the same: a digit of an
//! identifier becomes `0`, a character of a name becomes `x`.

use std::ops::Range;

use crate::tables::{CLOUDS, DmiField};

const IDENTIFIERS: &str = "UUIDs, MAC addresses and container ids";
const ADDRESSES: &str = "IP addresses";
const HOST_NAME: &str = "the host name";
const NAMES: &str = "names that people chose";
const SERIAL: &str = "serial numbers";
const PARAMETERS: &str = "boot parameters";
const TAG: &str = "the owner's asset tag";

/// Vendors' own texts, the same on every machine of a kind: nothing in them is about one machine.
const PUBLISHED: &[&str] = &["/etc/", "/usr/", "/host/etc/", "/bin/", "/System/"];

/// Files that hold nothing but an identifier or what only the owner knows.
const WHOLE: &[(&str, &str)] = &[
    ("/sys/class/dmi/id/product_serial", SERIAL),
    ("/sys/class/dmi/id/board_serial", SERIAL),
    ("/sys/class/dmi/id/chassis_serial", SERIAL),
    ("/sys/class/dmi/id/product_uuid", SERIAL),
    ("/sys/class/dmi/id/board_asset_tag", TAG),
    ("/proc/device-tree/serial-number", SERIAL),
    ("/proc/cmdline", PARAMETERS),
    ("/proc/device-tree/chosen/bootargs", PARAMETERS),
    ("/etc/machine-id", IDENTIFIERS),
    ("/etc/hostname", HOST_NAME),
    ("/proc/sys/kernel/hostname", HOST_NAME),
];

/// Lines of `key value` whose value is an identifier: Raspberry Pi's and s390's processors, z/VM's guest
/// (arch/s390/kernel/sysinfo.c), a POWER partition (arch/powerpc/platforms/pseries/lparcfg.c).
const LINES: &[(&str, &str, &str)] = &[
    ("/proc/cpuinfo", "Serial", SERIAL),
    ("/proc/cpuinfo", "identification =", SERIAL),
    ("/proc/sysinfo", "Sequence Code:", SERIAL),
    ("/proc/sysinfo", "Name:", HOST_NAME),
    ("/proc/sysinfo", "UUID:", IDENTIFIERS),
    ("/proc/ppc64/lparcfg", "serial_number=", SERIAL),
];

/// Parts of paths that programs chose: what a container's mounts are told by, and the folders of every system
/// (`hier(7)`). A unit test holds this list against every mount that the detection knows.
const CHOSEN_BY_PROGRAMS: &[&str] = &[
    "besteffort",
    "bin",
    "burstable",
    "ecs",
    "garden",
    "kubepods",
    "libpod_parent",
    "payload",
    "supervisor",
    "boot",
    "cgroup",
    "common",
    "containers",
    "data",
    "dev",
    "docker",
    "etc",
    "etc-hosts",
    "home",
    "host",
    "hostname",
    "hosts",
    "incoming",
    "kataShared",
    "kubelet",
    "kubernetes.io",
    "l",
    "lib",
    "lib64",
    "lxc",
    "lxcfs",
    "media",
    "mnt",
    "nerdctl",
    "nspawn",
    "opt",
    "overlay-containers",
    "overlay2",
    "pods",
    "proc",
    "propagate",
    "resolv.conf",
    "root",
    "run",
    "sandboxes",
    "sbin",
    "secrets",
    "serviceaccount",
    "snapshots",
    "srv",
    "storage",
    "sys",
    "systemd",
    "tmp",
    "user",
    "userdata",
    "usr",
    "var",
    "volumes",
    ".containerenv",
    ".lxc-boot-id",
    "containerd",
];

/// How such names begin, end (systemd.unit(5)), and what containerd writes between a slice and an id.
const BEGINNINGS: &[&str] =
    &["io.containerd.", "lxc.payload", "lxc.monitor", "machine-lxc", "docker-", "libpod-", "crio-"];
const UNITS: &[&str] = &[".slice", ".scope", ".service", ".mount", ".socket", ".swap"];
const CRI: &[u8] = b":cri-containerd:";

/// Folders whose content the kernel names.
const KERNEL_FOLDERS: &[&str] = &["/proc", "/sys", "/dev"];

/// What of a file was replaced.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Redacted {
    pub(crate) bytes: Vec<u8>,
    /// What it was; nothing where the bytes are the machine's own.
    pub(crate) what: Vec<&'static str>,
}

impl Redacted {
    fn apply(&mut self, what: &'static str, change: &dyn Fn(&mut [u8])) {
        let before = self.bytes.clone();
        change(&mut self.bytes);
        if self.bytes != before && !self.what.contains(&what) {
            self.what.push(what);
        }
    }
}

/// A file's content without what tells this machine from others of its kind.
pub(crate) fn file(path: &str, bytes: Vec<u8>, host_name: &str) -> Redacted {
    let mut redacted = Redacted { bytes, what: Vec::new() };
    if let Some((_, what)) = WHOLE.iter().find(|(known, _)| *known == path) {
        redacted.apply(what, &hide_all);
        return redacted;
    }
    if path == "/sys/class/dmi/id/chassis_asset_tag" {
        let of_a_cloud = |row: &crate::tables::Cloud| {
            row.field == DmiField::ChassisAssetTag && redacted.bytes.trim_ascii().starts_with(row.prefix.as_bytes())
        };
        if !CLOUDS.iter().any(of_a_cloud) {
            redacted.apply(TAG, &hide_all);
        }
        return redacted;
    }
    if PUBLISHED.iter().any(|folder| path.starts_with(folder)) {
        return redacted;
    }
    for (_, key, what) in LINES.iter().filter(|(file, ..)| *file == path) {
        redacted.apply(what, &|bytes| hide_after(bytes, key.as_bytes()));
    }
    redacted.apply(IDENTIFIERS, &zero_identifiers);
    // Numbers with dots are versions elsewhere, and a host may be called `debian`.
    let name = path.rsplit('/').next().unwrap_or_default();
    if matches!(name, "mountinfo" | "mounts" | "cgroup") {
        redacted.apply(ADDRESSES, &zero_addresses);
        redacted.apply(HOST_NAME, &|bytes| hide_word(bytes, host_name.as_bytes()));
    }
    match name {
        "mountinfo" => redacted.apply(NAMES, &hide_names_of_mounts),
        "cgroup" => redacted.apply(NAMES, &hide_names_of_groups),
        _ => {}
    }
    redacted
}

fn hide(byte: &mut u8) {
    if byte.is_ascii_alphanumeric() || !byte.is_ascii() {
        *byte = b'x';
    }
}

fn hide_all(bytes: &mut [u8]) {
    bytes.iter_mut().for_each(hide);
}

fn zero(bytes: &mut [u8]) {
    bytes.iter_mut().filter(|byte| byte.is_ascii_hexdigit()).for_each(|byte| *byte = b'0');
}

/// Hides the rest of each line that has this key.
fn hide_after(bytes: &mut [u8], key: &[u8]) {
    for line in bytes.split_mut(|byte| *byte == b'\n') {
        if let Some(at) = line.windows(key.len()).position(|window| window == key) {
            let value = line.get_mut(at + key.len()..).unwrap_or_default();
            hide_all(value);
        }
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Hides a word wherever it stands as one.
fn hide_word(bytes: &mut [u8], word: &[u8]) {
    if word.is_empty() {
        return;
    }
    let mut at = 0;
    while at + word.len() <= bytes.len() {
        let end = at + word.len();
        let alone = bytes.get(at.wrapping_sub(1)).is_none_or(|byte| !is_word_byte(*byte))
            && bytes.get(end).is_none_or(|byte| !is_word_byte(*byte));
        if alone && bytes.get(at..end) == Some(word) {
            bytes.get_mut(at..end).unwrap_or_default().fill(b'x');
            at = end;
        } else {
            at += 1;
        }
    }
}

/// The longest runs of bytes of a kind.
fn runs(bytes: &[u8], of: &dyn Fn(u8) -> bool) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| of(**byte)) {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end = at + 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

/// UUIDs (RFC 9562), MAC addresses, and hexadecimal ids of 32 digits and more (machine ids, containers).
fn zero_identifiers(bytes: &mut [u8]) {
    const UUID: [usize; 5] = [8, 4, 4, 4, 12];
    const MAC: [usize; 6] = [2; 6];
    for (separator, form) in [(b'-', &UUID[..]), (b'_', &UUID), (b':', &MAC), (b'-', &MAC)] {
        for run in runs(bytes, &|byte| byte.is_ascii_hexdigit() || byte == separator) {
            let Some(word) = bytes.get_mut(run) else { continue };
            if word.split(|byte| *byte == separator).map(<[u8]>::len).eq(form.iter().copied()) {
                zero(word);
            }
        }
    }
    for run in runs(bytes, &|byte| byte.is_ascii_hexdigit()) {
        if let Some(word) = bytes.get_mut(run).filter(|word| word.len() >= 32) {
            zero(word);
        }
    }
}

/// Whether a word has the form of an address of IPv4 or IPv6; one that is out of range is none the less hidden.
fn is_address(word: &[u8]) -> bool {
    let numbers = word.split(|byte| *byte == b'.');
    let four = numbers.clone().count() == 4 && numbers.clone().all(|part| matches!(part.len(), 1..=3));
    let groups = word.split(|byte| *byte == b':').count();
    let shortened = word.windows(2).any(|pair| pair == b"::");
    (four && word.iter().all(|byte| *byte == b'.' || byte.is_ascii_digit()))
        || (word.iter().all(|byte| *byte == b':' || byte.is_ascii_hexdigit()) && (groups == 8 || shortened))
}

/// Addresses of IPv4 and IPv6.
fn zero_addresses(bytes: &mut [u8]) {
    for run in runs(bytes, &|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':')) {
        let Some(word) = bytes.get_mut(run) else { continue };
        // An address of IPv4 may be followed by a port or a path: `10.0.0.5:/export`.
        let end = word.iter().position(|byte| *byte == b':').unwrap_or(word.len());
        let whole = word.len();
        for length in [whole, whole.saturating_sub(1), end] {
            if let Some(part) = word.get_mut(..length)
                && is_address(part)
            {
                zero(part);
            }
        }
    }
}

/// In mountinfo, `proc_pid_mountinfo(5)`: the fourth and fifth field are paths; after the dash stand the kind, the source and
/// the options of the file system.
fn hide_names_of_mounts(bytes: &mut [u8]) {
    for line in bytes.split_mut(|byte| *byte == b'\n') {
        let mut kind = None;
        let mut dash = None;
        for (at, field) in line.split_mut(|byte| *byte == b' ').enumerate() {
            match dash {
                None if matches!(at, 3 | 4) => hide_path(field),
                None if field == b"-" => dash = Some(at),
                Some(dash) if at == dash + 1 => kind = Some(field.to_vec()),
                Some(dash) if at == dash + 2 && kind.as_deref() != Some(&*field) => hide_path(field),
                Some(dash) if at == dash + 3 => hide_options(field),
                _ => {}
            }
        }
    }
}

/// `hierarchy:controllers:path`, cgroups(7).
fn hide_names_of_groups(bytes: &mut [u8]) {
    for line in bytes.split_mut(|byte| *byte == b'\n') {
        if let Some(path) = line.splitn_mut(3, |byte| *byte == b':').nth(2) {
            hide_path(path);
        }
    }
}

/// Options are `word` or `key=value`; a value of overlayfs is a list of paths.
fn hide_options(options: &mut [u8]) {
    for option in options.split_mut(|byte| *byte == b',') {
        if let Some(at) = option.iter().position(|byte| *byte == b'=') {
            let value = option.get_mut(at + 1..).unwrap_or_default();
            value.split_mut(|byte| *byte == b':').for_each(hide_path);
        }
    }
}

fn hide_path(path: &mut [u8]) {
    let of_the_kernel = |folder: &&str| {
        path.strip_prefix(folder.as_bytes()).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    };
    // Names of mapped devices and labels of file systems are chosen by people, below /dev too.
    let named = [&b"/dev/mapper/"[..], b"/dev/disk/", b"/dev/shm/"].iter().any(|folder| path.starts_with(folder));
    if KERNEL_FOLDERS.iter().any(of_the_kernel) && !named {
        return;
    }
    for part in path.split_mut(|byte| *byte == b'/') {
        let is_zeroed_id = part.len() >= 32 && part.iter().all(|byte| matches!(byte, b'0' | b'-'));
        let known = CHOSEN_BY_PROGRAMS.iter().any(|known| known.as_bytes() == &*part)
            || BEGINNINGS.iter().any(|beginning| part.starts_with(beginning.as_bytes()))
            || part.windows(CRI.len()).any(|window| window == CRI)
            || UNITS.iter().any(|unit| part.ends_with(unit.as_bytes()));
        if !is_zeroed_id && !known {
            hide_all(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linux::{cgroup, mountinfo};

    fn redacted(path: &str, text: &str) -> (String, Vec<&'static str>) {
        let done = file(path, text.as_bytes().to_vec(), "web7");
        assert_eq!(done.bytes.len(), text.len(), "every redaction keeps the length");
        (String::from_utf8(done.bytes).unwrap(), done.what)
    }

    #[test]
    fn what_is_about_one_machine_goes() {
        for (path, before, after, what) in [
            ("/sys/class/dmi/id/product_serial", "VMware-56 4d\n", "xxxxxx-xx xx\n", SERIAL),
            ("/sys/class/dmi/id/chassis_asset_tag", "Rack 7\n", "xxxx x\n", TAG),
            ("/proc/cmdline", "root=/dev/sda ip=10.0.0.1\n", "xxxx=/xxx/xxx xx=xx.x.x.x\n", PARAMETERS),
            ("/proc/cpuinfo", "model\t: a\nSerial\t\t: 00a1\n", "model\t: a\nSerial\t\t: xxxx\n", SERIAL),
            ("/proc/sysinfo", "VM00 Name: LINUX1\n", "VM00 Name: xxxxxx\n", HOST_NAME),
            ("/sys/x", "0 52:54:00:ab:cd:ef z\n", "0 00:00:00:00:00:00 z\n", IDENTIFIERS),
            ("/proc/1/cgroup", "0::/web7.slice/x\n", "0::/xxxx.slice/x\n", HOST_NAME),
            ("/proc/self/cgroup", "0::/fe80::1a.slice\n", "0::/0000::00.slice\n", ADDRESSES),
            ("/proc/self/cgroup", "0::/a-10.1.22.3.service\n", "0::/a-00.0.00.0.service\n", ADDRESSES),
        ] {
            assert_eq!(redacted(path, before), (after.to_owned(), vec![what]), "{path}");
        }
        let uuid = "12345678-9abc-def0-1234-56789abcdef0";
        assert_eq!(redacted("/sys/x", uuid).0, "00000000-0000-0000-0000-000000000000");
        let id = "0123456789abcdef".repeat(4);
        assert_eq!(
            redacted("/proc/self/cgroup", &format!("0::/docker/{id}")).0,
            format!("0::/docker/{}", "0".repeat(64))
        );
    }

    #[test]
    fn what_is_about_a_kind_of_machine_stays() {
        for (path, text) in [
            ("/etc/os-release", "NAME=web7\nVERSION_ID=10.1.2.3\nBUILD_ID=12345678-9abc-def0-1234-56789abcdef0\n"),
            ("/sys/class/dmi/id/product_version", "4.11.5.1\n"),
            ("/sys/class/dmi/id/chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77\n"),
            ("/proc/self/cgroup", "0::/system.slice/netdata.service\n"),
            ("/proc/cpuinfo", "bogomips\t: 4000.00\nflags\t\t: fpu deadbeef\n"),
            ("/proc/self/mountinfo", "24 1 0:22 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"),
            ("/proc/self/mountinfo", "1 0 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"),
        ] {
            assert_eq!(redacted(path, text), (text.to_owned(), vec![]), "{path}");
        }
    }

    #[test]
    fn mounts_lose_the_names_that_people_chose() {
        let (text, what) = redacted(
            "/proc/self/mountinfo",
            "9 1 0:4 /alice/x /home/alice/Secret rw - nfs4 10.0.0.5:/export/alice rw,addr=10.0.0.5,vers=4.2\n",
        );
        assert_eq!(
            text,
            "9 1 0:4 /xxxxx/x /home/xxxxx/xxxxxx rw - nfs4 xx.x.x.x:/xxxxxx/xxxxx rw,addr=xx.x.x.x,vers=x.x\n"
        );
        assert_eq!(what, [ADDRESSES, NAMES]);
        assert!(
            redacted("/proc/self/mountinfo", "9 1 0:4 / /srv rw - ext4 /dev/mapper/alice-root rw\n")
                .0
                .contains("xxxxx-xxxx")
        );
    }

    /// The mounts that prove and name a container still do.
    #[test]
    fn marks_stay() {
        for line in mountinfo::MARKED {
            let line = line.replace("ID", &"0123456789abcdef".repeat(4));
            let (after, _) = redacted("/proc/self/mountinfo", &line);
            let marks = |text: &str| mountinfo::parse(text).filter_map(mountinfo::mark).collect::<Vec<_>>();
            assert_eq!(marks(&after), marks(&line), "{line}\n{after}");
            assert_eq!(marks(&line).len(), 1, "{line}");
        }
    }

    #[test]
    fn marks_of_groups_stay() {
        for (line, marks) in cgroup::MARKED {
            let line = line.replace("ID", &"0123456789abcdef".repeat(4));
            assert_eq!(cgroup::marks(&redacted("/proc/self/cgroup", &line).0), *marks, "{line}");
        }
        assert_eq!(redacted("/proc/1/cgroup", "0::/lxc.payload.a/b/ssh.service").0, "0::/lxc.payload.a/x/ssh.service");
    }

    #[test]
    fn hostile_bytes_stop_nothing() {
        for bytes in [&b""[..], b"\xff\xfe - - - -\n ", b"::::::", b"-----", b"a=b=c,=,,=", b"0.0.0.0:0:0:/"] {
            for path in ["/proc/self/mountinfo", "/proc/cpuinfo", "/proc/cmdline", "/sys/x"] {
                assert_eq!(file(path, bytes.to_vec(), "").bytes.len(), bytes.len());
            }
        }
    }
}
