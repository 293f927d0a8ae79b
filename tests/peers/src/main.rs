//! A table of each library's and tool's answers for this machine, and the time of one call. It does not judge the
//! answers.
//!
//!     peers SYSTEM-INFO

use std::process::Command;
use std::time::{Duration, Instant};

use futures::executor::block_on;
use serde_json::{Value, json};

/// Enough calls for a steady median, and a limit for slow ones.
const CALLS: usize = 200;
const LIMIT: Duration = Duration::from_secs(2);
const COLUMNS: [&str; 8] = ["virtualization", "container", "os", "version", "kernel", "cpus", "memory", "disk"];

fn main() {
    let program = std::env::args().nth(1).unwrap_or_else(|| "system-info".to_owned());
    println!("| who | {} | one call |\n|---|{}---:|", COLUMNS.join(" | "), "---|".repeat(COLUMNS.len()));
    report("system-facts", || Some(ours(&serde_json::to_value(::system_facts::collect()).ok()?)));
    report("heim 0.1.0-rc.1", || Some(heim()));
    report("os_info 3", || Some(os_info()));
    report("sysinfo 0.40", || Some(sysinfo()));
    report("system-info", || Some(ours(&serde_json::from_str(&printed(&program, &["--json"])?).ok()?)));
    report("systemd-detect-virt, twice", || {
        let [virtualization, container] = ["--vm", "--container"].map(|which| printed("systemd-detect-virt", &[which]));
        Some(json!({ "virtualization": virtualization?, "container": container? }))
    });
    report("virt-what", || Some(json!({ "virtualization": printed("virt-what", &[])? })));
    report("facter", || Some(json!({ "virtualization": printed("facter", &["virtual"])? })));
    report("lscpu", || {
        let lines = printed("lscpu", &[])?;
        let field = |name: &str| lines.lines().find_map(|line| Some(line.trim().strip_prefix(name)?.trim().to_owned()));
        Some(json!({ "virtualization": field("Hypervisor vendor:"), "cpus": field("CPU(s):") }))
    });
}

/// The first call answers and warms caches; the others are timed.
fn report(name: &str, ask: impl Fn() -> Option<Value>) {
    let Some(answers) = ask() else { return println!("| {name} | not installed |{}", " |".repeat(COLUMNS.len())) };
    let begin = Instant::now();
    let mut times = Vec::with_capacity(CALLS);
    while times.len() < CALLS && (begin.elapsed() < LIMIT || times.is_empty()) {
        let call = Instant::now();
        std::hint::black_box(ask());
        times.push(call.elapsed());
    }
    times.sort();
    let cells = COLUMNS.map(|column| match &answers[column] {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|"),
        other => other.to_string(),
    });
    println!("| {name} | {} | {:.0} µs |", cells.join(" | "), times[times.len() / 2].as_secs_f64() * 1e6);
}

/// A program's output, with any exit status. `None`: there is no such program.
fn printed(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).env("LC_ALL", "C").output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The facts of the library or the program.
fn ours(facts: &Value) -> Value {
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

/// One word for both: the container, if any.
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

/// The same questions as to the others, without its main feature, the list of processes.
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
