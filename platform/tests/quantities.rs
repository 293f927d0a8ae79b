//! Amounts of machines that are not regular, each made of the few files that decide.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]
#![cfg(feature = "recorded")]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use system_facts::{CommonEvidence, RecordedHost, collect_from};

/// A machine: what it is, its files, and its answers.
type Machine = (&'static str, Vec<(String, String)>, Value);

fn file(path: impl Into<String>, text: impl Into<String>) -> (String, String) {
    (path.into(), text.into())
}

/// The topology of each CPU as sysfs has it: its core's CPUs, its package's, and the package's number.
fn sysfs(online: &str, cpus: &[(u32, &str, &str, i32)]) -> Vec<(String, String)> {
    let mut files = vec![file("sys/devices/system/cpu/online", online)];
    for (cpu, core, package, id) in cpus {
        let folder = format!("sys/devices/system/cpu/cpu{cpu}/topology");
        files.push(file(format!("{folder}/thread_siblings_list"), *core));
        files.push(file(format!("{folder}/core_siblings_list"), *package));
        files.push(file(format!("{folder}/physical_package_id"), id.to_string()));
    }
    files
}

/// x86 lines: package, siblings, core, cores of the package.
fn x86(processors: &[(u32, u32, u32, u32)]) -> (String, String) {
    let lines = processors.iter().enumerate().map(|(at, (package, siblings, core, cores))| {
        format!(
            "processor\t: {at}\nvendor_id\t: GenuineIntel\nphysical id\t: {package}\nsiblings\t: {siblings}\n\
             core id\t\t: {core}\ncpu cores\t: {cores}\nflags\t\t: fpu {}\n\n",
            "x ".repeat(600)
        )
    });
    file("proc/cpuinfo", lines.collect::<String>())
}

const LXCFS: &str = "1 0 0:1 / / rw - zfs x rw\n2 1 0:5 / /proc rw - proc proc rw\n3 2 0:60 /proc/cpuinfo /proc/cpuinfo rw - \
    fuse.lxcfs lxcfs rw\n4 1 0:60 /sys/devices/system/cpu /sys/devices/system/cpu rw - fuse.lxcfs lxcfs rw\n\
    5 2 0:60 /proc/meminfo /proc/meminfo rw - fuse.lxcfs lxcfs rw\n";

fn counts(logical: u64, sockets: u64, cores: u64, threads: u64) -> Value {
    json!({
        "cpu.logical_count": logical, "cpu.socket_count": sockets, "cpu.core_count": cores, "cpu.threads_per_core": threads,
    })
}

fn check(machines: Vec<Machine>) {
    for (what, files, expected) in machines {
        let folder = tempfile::tempdir().unwrap();
        let machine = json!({"platform": "linux", "quantities": {"memory_bytes": 4096}});
        for (path, text) in files {
            let at = folder.path().join("root").join(&path);
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            match text.strip_prefix("-> ") {
                Some(target) => std::os::unix::fs::symlink(target, at).unwrap(),
                None => fs::write(at, text).unwrap(),
            }
        }
        let answers = answers(folder.path(), &machine);
        for (path, expected) in expected.as_object().unwrap() {
            let (group, name) = path.split_once('.').unwrap();
            assert_eq!(&answers[group][name]["value"], expected, "{what}: {path}");
        }
    }
}

fn answers(folder: &Path, machine: &Value) -> Value {
    fs::write(folder.join("machine.json"), machine.to_string()).unwrap();
    let host = RecordedHost::open(folder).unwrap();
    serde_json::to_value(collect_from(&CommonEvidence::new(host))).unwrap()
}

#[test]
fn packages_and_cores_are_counted() {
    let threads = |online, threads: &[(u32, &'static str)]| {
        let all: Vec<_> = threads.iter().map(|(cpu, core)| (*cpu, *core, online, 0)).collect();
        sysfs(online, &all)
    };
    check(vec![
        (
            "one package, as the first processor says",
            vec![file("sys/devices/system/cpu/online", "0-3"), x86(&[(0, 4, 0, 2)])],
            counts(4, 1, 2, 2),
        ),
        (
            "regular packages, not all in the first lines",
            vec![
                file("sys/devices/system/cpu/online", "0-31"),
                file("sys/devices/system/cpu/present", "0-31"),
                x86(&[(0, 8, 0, 4); 32]),
            ],
            counts(32, 4, 16, 2),
        ),
        (
            "second threads of the first package offline",
            vec![
                file("sys/devices/system/cpu/online", "0-23"),
                file("sys/devices/system/cpu/present", "0-31"),
                x86(&(0..24)
                    .map(|at| (u32::from(at >= 8), if at < 8 { 8 } else { 16 }, at % 8, 8))
                    .collect::<Vec<_>>()),
            ],
            counts(24, 2, 16, 2),
        ),
        (
            "hybrid: cores with two threads and with one",
            vec![file("sys/devices/system/cpu/online", "0-21"), x86(&[(0, 22, 0, 16)])],
            counts(22, 1, 16, 2),
        ),
        ("packages of different sizes", sysfs("0-5", &[(0, "0", "0-1", 0), (2, "2", "2-5", 1)]), counts(6, 2, 6, 1)),
        (
            "CPUs offline in the middle, and the first one too",
            sysfs(
                "4-11,16-31",
                &[(4, "4-7", "4-11", 0), (8, "8-11", "4-11", 0), (16, "16-23", "16-31", 1), (24, "24-31", "16-31", 1)],
            ),
            counts(24, 2, 4, 8),
        ),
        (
            "hot-plugged CPUs whose lists differ from their neighbours'",
            sysfs("0-7,12-15", &[(0, "0-3", "0-7", 0), (4, "4-7", "0-7,12-15", 0), (12, "12-15", "4-7,12-15", 0)]),
            counts(12, 1, 3, 4),
        ),
        (
            "threads with distant numbers, some offline at the end",
            {
                let mut files = threads("0-5", &[(0, "0,4"), (1, "1,5"), (2, "2"), (3, "3")]);
                files.push(file("sys/devices/system/cpu/present", "0-7"));
                files
            },
            counts(6, 1, 4, 2),
        ),
        (
            "the same socket number in two books",
            sysfs("0-3", &[(0, "0", "0-1", 0), (2, "2", "2-3", 0)]),
            counts(4, 2, 4, 1),
        ),
        ("no package known to the kernel", sysfs("0-3", &[(0, "0", "0", -1)]), counts(4, 4, 4, 1)),
        (
            "places in /proc/cpuinfo only",
            vec![file(
                "proc/cpuinfo",
                "processor: 0\npackage: 0\ncore: 0\n\nprocessor: 1\npackage: 0\ncore: 0\n\nprocessor: 2\npackage: 1\ncore: 4\n\n\
                 processor: 3\npackage: 1\ncore: 4\n",
            )],
            counts(4, 2, 2, 2),
        ),
        (
            "a list that does not hold its own CPU",
            sysfs("0-3,5", &[(0, "1", "9", 0)]),
            json!({"cpu.logical_count": 5, "cpu.core_count": null, "cpu.socket_count": null}),
        ),
    ]);
}

#[test]
fn the_highest_frequency_of_all_cpus_counts() {
    let online = || file("sys/devices/system/cpu/online", "0-5");
    let of = |path: &str, kilohertz: &str| file(format!("sys/devices/system/cpu/{path}/cpuinfo_max_freq"), kilohertz);
    check(vec![
        (
            "a policy for each kind of core",
            vec![
                online(),
                of("cpu0/cpufreq", "1800000"),
                of("cpufreq/policy0", "1800000"),
                of("cpufreq/policy2", "2400000"),
            ],
            json!({"cpu.frequency_hz": 2_400_000_000_u64}),
        ),
        (
            "before there were policies",
            vec![online(), of("cpu0/cpufreq", "1800000"), of("cpu4/cpufreq", "2000000")],
            json!({"cpu.frequency_hz": 2_000_000_000_u64}),
        ),
        ("none", vec![online()], json!({"cpu.frequency_hz": null})),
    ]);
}

/// Memory and CPUs of a container are those of the machine, or unknown.
#[test]
fn a_containers_amounts_are_the_machines() {
    let covered = |more: Vec<(String, String)>| {
        let mut files = vec![
            file("proc/self/mountinfo", LXCFS),
            file("proc/meminfo", "MemTotal: 1 kB\n"),
            x86(&[(0, 64, 0, 32), (0, 64, 1, 32)]),
            file("sys/devices/system/cpu/online", "0-1"),
        ];
        files.extend(more);
        files
    };
    let list = |name: &str, cpus: &str| file(format!("sys/devices/system/cpu/{name}"), cpus);
    check(vec![
        (
            "LXCFS",
            covered(vec![list("present", "0-127"), list("offline", "\n")]),
            json!({"memory.total_bytes": 4096, "cpu.logical_count": 128, "cpu.socket_count": 2, "cpu.core_count": 64}),
        ),
        (
            "LXCFS on a machine with offline CPUs",
            covered(vec![list("present", "0-63"), list("offline", "32-127")]),
            json!({"cpu.logical_count": 32}),
        ),
        (
            "LXCFS, and nothing else to see",
            covered(vec![]),
            json!({"cpu.logical_count": null, "cpu.socket_count": null, "cpu.core_count": null, "cpu.vendor": "GenuineIntel"}),
        ),
        (
            "the kernel's own files mounted over themselves",
            vec![
                file(
                    "proc/self/mountinfo",
                    "1 0 0:5 / /proc rw - proc proc rw\n2 1 0:5 /meminfo /proc/meminfo ro - proc proc rw\n\
                     3 1 0:5 /cpuinfo /proc/cpuinfo ro - proc proc rw\n",
                ),
                file("proc/meminfo", "MemTotal: 1 kB\n"),
                x86(&[(0, 2, 0, 1), (0, 2, 0, 1)]),
            ],
            json!({"memory.total_bytes": 1024, "cpu.logical_count": 2, "cpu.core_count": 1}),
        ),
    ]);
}

/// Disks are counted once, and those that are none of this machine are not.
#[test]
fn disks_are_counted_once() {
    const SECTORS: u64 = 1000;
    let sized = |name: &str| file(format!("sys/block/{name}/size"), SECTORS.to_string());
    let removable = |name: &str| vec![sized(name), file(format!("sys/block/{name}/removable"), "1")];
    let disks = |count: u64| json!({"disk.total_bytes": count * SECTORS * 512});
    // A disk behind a SCSI host of this driver.
    let behind = |driver: &str| {
        let mut files = removable("sda");
        files.push(file("sys/block/sda/device", "-> ../../../6:0:0:0"));
        files.push(file("sys/class/scsi_host/host6/proc_name", format!("{driver}\n")));
        files
    };
    // A disk whose name is a link into this part of the tree of devices.
    let linked = |name: &str, place: &str| {
        let folder = format!("sys/devices/{place}/block/{name}");
        vec![
            file(format!("sys/block/{name}"), format!("-> ../devices/{place}/block/{name}")),
            file(format!("{folder}/size"), SECTORS.to_string()),
            file(format!("{folder}/removable"), "1"),
        ]
    };
    check(vec![
        ("SATA, hot-plug", behind("ahci"), disks(1)),
        ("SAS", behind("mpt3sas"), disks(1)),
        ("a USB stick", behind("usb-storage"), disks(0)),
        ("a USB stick, UAS", behind("uas"), disks(0)),
        ("a card reader on USB", behind("ums-realtek"), disks(0)),
        ("a bus that is not visible", removable("sda"), disks(1)),
        ("USB, by the place in the tree", linked("sdb", "pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6"), disks(0)),
        (
            "SATA, by the place in the tree",
            linked("sdb", "pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0"),
            disks(1),
        ),
        ("a card", removable("mmcblk0"), disks(0)),
        ("Xen's optical drive", removable("xvdd"), disks(0)),
        ("a USB disk that is no removable medium", vec![sized("sda"), file("sys/block/sda/removable", "0")], disks(1)),
        ("a driver that nobody knows, without hardware", linked("newblk0", "virtual"), disks(0)),
        ("and with it", vec![sized("newblk0")], disks(1)),
        (
            "what is made of other disks",
            [
                "sda",
                "sdb",
                "md_home",
                "md_d0",
                "bcache0",
                "drbd1",
                "ublkb0",
                "zloop0",
                "rnbd0",
                "emcpowera",
                "datto0",
                "ploop1",
            ]
            .map(sized)
            .to_vec(),
            disks(2),
        ),
    ]);
}
