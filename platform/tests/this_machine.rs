//! Compares the answers about this machine with those of sysinfo and of the standard library.
#![cfg(target_os = "linux")]

use system_facts::{Error, Host, LiveHost, Source, collect, collect_from};

#[test]
fn memory_and_processors_agree_with_sysinfo() {
    let mut system = sysinfo::System::new().unwrap();
    system.refresh_memory();
    system.refresh_cpu_list(sysinfo::CpuRefreshKind::nothing());
    let facts = collect();
    assert_eq!(facts.memory.total_bytes.known(), Some(&system.total_memory()));
    assert_eq!(facts.cpu.logical_count.known().copied(), u64::try_from(system.cpus().len()).ok());
    let first = system.cpus().first().unwrap();
    assert_eq!(facts.cpu.model.known().map(String::as_str), Some(first.brand()).filter(|brand| !brand.is_empty()));
    if let (Some(cores), Ok(theirs)) = (facts.cpu.core_count.known(), sysinfo::System::physical_core_count()) {
        assert_eq!(usize::try_from(*cores).unwrap(), theirs);
    }
}

/// sysinfo knows mounted file systems only; each must fit on the disks.
#[test]
fn disks_hold_every_mounted_file_system() {
    let facts = collect();
    let total = facts.disk.total_bytes.known().copied().unwrap_or_default();
    for disk in &sysinfo::Disks::new_with_refreshed_list().unwrap() {
        let name = disk.name().to_string_lossy();
        let real = ["/dev/sd", "/dev/vd", "/dev/nvme", "/dev/xvd"].iter().any(|prefix| name.starts_with(prefix));
        assert!(
            !real || disk.is_removable() || disk.total_space() <= total,
            "{name}: {} > {total}",
            disk.total_space()
        );
    }
}

#[test]
fn the_kernel_is_this_one() {
    let facts = collect();
    let uname = rustix::system::uname();
    assert_eq!(facts.kernel.release.known().map(String::as_str), uname.release().to_str().ok());
    assert_eq!(facts.kernel.architecture.known().map(String::as_str), uname.machine().to_str().ok());
    assert_eq!(facts.os.family.known().map(String::as_str), Some("linux"));
}

/// The default answer needs no privilege, even as root.
#[test]
fn common_evidence_has_no_privileged_source() {
    let facts = collect();
    for leaf in facts.leaves() {
        assert!(!leaf.is_privileged(), "{leaf:?}");
    }
    // The wrapper is the only difference; nobody's permission is needed for an answer.
    let more = collect_from(&LiveHost::new());
    assert_eq!(facts.kernel, more.kernel);
    assert!(more.leaves().iter().all(|leaf| leaf.source.is_none_or(|source| Source::ALL.contains(&source))));
}

/// The values change from one read to the next, the first words of the lines do not.
#[test]
fn files_of_the_kernel_are_read_to_their_end() {
    for path in [
        "/proc/self/cgroup",
        "/proc/self/comm",
        "/proc/self/mountinfo",
        "/proc/self/status",
        "/proc/cpuinfo",
        "/proc/meminfo",
        "/proc/net/fib_trie",
        "/proc/net/if_inet6",
        "/proc/net/ipv6_route",
        "/proc/net/route",
        "/sys/devices/system/cpu/online",
    ] {
        let first_words = |bytes: &[u8]| -> Vec<String> {
            let text = String::from_utf8_lossy(bytes);
            text.lines().map(|line| line.split([' ', ':']).next().unwrap_or_default().to_owned()).collect()
        };
        let expected = std::fs::read(path).map(|bytes| first_words(&bytes));
        let read = LiveHost::new().read(path, 64 << 20).map(|bytes| first_words(&bytes));
        assert_eq!(read.ok(), expected.ok(), "{path}");
    }
}

/// A folder in procfs and a file without content are told apart, as elsewhere.
#[test]
fn what_is_no_file_of_the_kernel_is_none() {
    assert_eq!(LiveHost::new().read("/proc/self", 100), Err(Error::Malformed));
    assert_eq!(LiveHost::new().read("/sys/class", 100), Err(Error::Malformed));
    assert_eq!(LiveHost::new().read("/proc/self/no-such-file", 100), Err(Error::NotFound));
}

#[test]
fn folders_of_the_kernel_are_listed_to_their_end() {
    for path in ["/sys/block", "/sys/class", "/sys/class/tty", "/sys/kernel", "/sys/devices/system/cpu", "/sys/module"]
    {
        let mut expected: Vec<String> = std::fs::read_dir(path)
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        expected.sort_unstable();
        assert_eq!(LiveHost::new().list(path, 100_000).unwrap_or_default(), expected, "{path}");
    }
}
