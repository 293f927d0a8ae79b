//! The time for collecting inside a process, on this machine and on generated machines that are large in one or in all
//! respects.
//!
//! `cargo bench -p system-facts`
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot be set up stops")]

use divan::Bencher;
use system_facts::{CommonEvidence, LiveHost, RecordedHost, collect_from, container_from, virtualization_from};
use tempfile::TempDir;
use testkit::crowded::{self, CROWDED, Size};

fn main() {
    divan::main();
}

#[divan::bench]
fn live_all() {
    divan::black_box(system_facts::collect());
}

#[divan::bench]
fn live_virtualization() {
    divan::black_box(virtualization_from(&CommonEvidence::new(LiveHost::new())));
}

#[divan::bench]
fn live_container() {
    divan::black_box(container_from(&CommonEvidence::new(LiveHost::new())));
}

const SMALL: Size = Size { processors: 2, mounts: 20, disks: 1, cgroup_bytes: 200 };

const MACHINES: &[(&str, Size)] = &[
    ("small", SMALL),
    ("1024 CPUs", Size { processors: CROWDED.processors, ..SMALL }),
    ("10000 mounts", Size { mounts: CROWDED.mounts, ..SMALL }),
    ("2000 disks", Size { disks: CROWDED.disks, ..SMALL }),
    ("1 MB of cgroups", Size { cgroup_bytes: CROWDED.cgroup_bytes, ..SMALL }),
    ("all of these", CROWDED),
];

fn made(name: &str) -> TempDir {
    let (_, size) = MACHINES.iter().find(|(known, _)| *known == name).unwrap();
    let folder = tempfile::tempdir().unwrap();
    crowded::write(folder.path(), size);
    folder
}

/// Opens the recording for each call: its cache of folders is part of the work.
fn measure<T>(bencher: Bencher<'_, '_>, name: &str, collect: fn(&CommonEvidence<RecordedHost>) -> T) {
    let folder = made(name);
    bencher.bench_local(|| collect(&CommonEvidence::new(RecordedHost::open(folder.path()).unwrap())));
}

#[divan::bench(args = MACHINES.iter().map(|(name, _)| *name), sample_count = 20)]
fn recorded_all(bencher: Bencher<'_, '_>, name: &str) {
    measure(bencher, name, |host| collect_from(host));
}

#[divan::bench(args = MACHINES.iter().map(|(name, _)| *name), sample_count = 20)]
fn recorded_virtualization(bencher: Bencher<'_, '_>, name: &str) {
    measure(bencher, name, |host| virtualization_from(host));
}

#[divan::bench(args = MACHINES.iter().map(|(name, _)| *name), sample_count = 20)]
fn recorded_container(bencher: Bencher<'_, '_>, name: &str) {
    measure(bencher, name, |host| container_from(host));
}
