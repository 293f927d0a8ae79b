//! Compares this machine's quantities with those of sysinfo.
#![cfg(target_os = "linux")]

use system_facts::{LiveHost, Source, collect, collect_from};

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
