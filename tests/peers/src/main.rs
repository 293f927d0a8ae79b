//! What each library says of this machine, and how long one call takes: one JSON object a line.

use std::hint::black_box;
use std::time::{Duration, Instant};

use futures::executor::block_on;
use serde_json::{Value, json};

/// Enough calls for a steady median, and an end for a slow library.
const CALLS: usize = 200;
const LIMIT: Duration = Duration::from_secs(2);

fn main() {
    report("system-facts", env!("CARGO_PKG_VERSION"), system_facts);
    report("heim", "0.1.0-rc.1", heim);
    report("os_info", "3", os_info);
    report("sysinfo", "0.40", sysinfo);
}

/// The first call answers and warms caches; the others are timed.
fn report(name: &str, version: &str, ask: fn() -> Value) {
    let answers = ask();
    let begin = Instant::now();
    let mut times = Vec::with_capacity(CALLS);
    while times.len() < CALLS && (begin.elapsed() < LIMIT || times.is_empty()) {
        let call = Instant::now();
        black_box(ask());
        times.push(call.elapsed());
    }
    times.sort();
    let microseconds = times[times.len() / 2].as_secs_f64() * 1e6;
    println!("{}", json!({ "name": format!("{name} {version}"), "microseconds": microseconds, "answers": answers }));
}

fn system_facts() -> Value {
    let facts = serde_json::to_value(::system_facts::collect()).unwrap_or_default();
    let value = |at: &str| facts.pointer(&format!("{at}/value")).cloned().unwrap_or_default();
    json!({
        "virtualization": value("/virtualization/name"),
        "container": value("/container/name"),
        "os": value("/os/id"),
        "version": value("/os/version_id"),
        "kernel": value("/kernel/release"),
        "cpus": value("/cpu/logical_count"),
        "memory": value("/memory/total_bytes"),
        "disk": value("/disk/total_bytes"),
    })
}

/// It has one word for both, the container's where there is one.
fn heim() -> Value {
    let found = block_on(heim::virt::detect());
    let platform = block_on(heim::host::platform()).ok();
    json!({
        "virtualization": found.as_ref().map_or("none", heim::virt::Virtualization::as_str),
        "kernel": platform.as_ref().map(heim::host::Platform::release),
    })
}

fn os_info() -> Value {
    let info = os_info::get();
    json!({ "os": info.os_type().to_string(), "version": info.version().to_string() })
}

/// What is asked of the others, and no more: it makes no list of processes, which it is made for.
fn sysinfo() -> Value {
    use sysinfo::{CpuRefreshKind, Disks, MemoryRefreshKind, RefreshKind, System};
    let wanted =
        RefreshKind::nothing().with_cpu(CpuRefreshKind::nothing()).with_memory(MemoryRefreshKind::nothing().with_ram());
    let system = System::new_with_specifics(wanted).ok();
    let disks = Disks::new_with_refreshed_list().ok();
    json!({
        "os": System::distribution_id(),
        "version": System::os_version().ok(),
        "kernel": System::kernel_version().ok(),
        "cpus": system.as_ref().map(|system| system.cpus().len()),
        "memory": system.as_ref().map(System::total_memory),
        "disk": disks.map(|disks| disks.iter().map(sysinfo::Disk::total_space).sum::<u64>()),
    })
}
