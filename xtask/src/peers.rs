//! `cargo xtask peers`: what other libraries and tools answer to the same questions, and how long one call takes.
//!
//! Two tables: what each says of this machine, and how many answers are right over recorded machines, for the tools that
//! can read a machine from a folder. A peer only reports: one that is missing or fails is named, and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value as Json, json};

use crate::run;
use crate::workspace::{SYSTEM_INFO, Workspace};

const PACKAGE: &str = "tests/peers/Cargo.toml";
const CALLS: usize = 20;
/// facter takes half a second for each.
const LIMIT: Duration = Duration::from_secs(5);
const COLUMNS: [&str; 8] = ["virtualization", "container", "os", "version", "kernel", "cpus", "memory", "disk"];

/// Compares the program in `folder`. The recorded machines are not part of this project: without them there is one table.
pub(crate) fn run(workspace: &Workspace, folder: &Path) -> Result<()> {
    let program = folder.join(SYSTEM_INFO.name);
    println!("\nThis machine. Nobody says which answers are right; calls inside a process, then whole processes:\n");
    println!("| who | {} | one call | ratio |\n|---|{}---:|---:|", COLUMNS.join(" | "), "---|".repeat(COLUMNS.len()));
    match libraries(workspace) {
        Ok(rows) => print_rows(&rows),
        Err(error) => eprintln!("WARNING: the libraries cannot be compared: {error:#}"),
    }
    print_rows(&tools(&program));

    let checker = workspace.root.join("../shared/corpora/check");
    if !checker.is_file() {
        println!("\nNo recorded machines beside this checkout.");
        return Ok(());
    }
    let machines = workspace.own_folder()?.join("recorded-machines");
    if !machines.is_dir() {
        run::text(run::program(checker, ["--unpack"]).arg(&machines))?;
    }
    println!("\nRecorded machines, for each tool those that it can read and that judge what it answers:\n");
    println!("| who | questions | right | share | one machine | ratio |\n|---|---:|---:|---:|---:|---:|");
    let scratch = tempfile::tempdir_in(workspace.own_folder()?)?;
    for peer in [Peer::VirtWhat, Peer::Lscpu] {
        match recorded(&machines, &program, peer, scratch.path()) {
            Ok(scores) => print!("{scores}"),
            Err(error) => println!("| {} | {error:#} | | | | |", peer.name()),
        }
    }
    Ok(())
}

struct Row {
    name: String,
    answers: Json,
    time: Duration,
}

/// The first row is ours, and what the others' time is a multiple of.
fn print_rows(rows: &[Row]) {
    let Some(ours) = rows.first().map(|row| row.time) else { return };
    for row in rows {
        let cells: Vec<String> = COLUMNS.iter().map(|column| cell(&row.answers[*column])).collect();
        println!("| {} | {} | {} | {} |", row.name, cells.join(" | "), shown(row.time), ratio(row.time, ours));
    }
}

fn cell(value: &Json) -> String {
    match value {
        Json::Null => "-".into(),
        Json::String(text) => text.replace('|', "\\|"),
        other => other.to_string(),
    }
}

fn shown(time: Duration) -> String {
    let microseconds = time.as_secs_f64() * 1e6;
    if microseconds < 1000.0 { format!("{microseconds:.0} µs") } else { format!("{:.1} ms", microseconds / 1000.0) }
}

fn ratio(time: Duration, ours: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() / ours.as_secs_f64())
}

/// The package prints a line of JSON for each library, ours first.
fn libraries(workspace: &Workspace) -> Result<Vec<Row>> {
    let target = workspace.target.join("peers");
    let mut build = run::cargo(["build", "--release", "--locked", "--manifest-path"]);
    run::run(build.arg(workspace.root.join(PACKAGE)).arg("--target-dir").arg(&target))?;
    let printed = run::text(&mut run::program(target.join("release/peers"), [""; 0]))?;
    let rows = printed.lines().map(|line| {
        let row: Json = serde_json::from_str(line).with_context(|| format!("not JSON: {line}"))?;
        Ok(Row {
            name: row["name"].as_str().unwrap_or_default().to_owned(),
            answers: row["answers"].clone(),
            time: Duration::from_secs_f64(row["microseconds"].as_f64().unwrap_or_default() / 1e6),
        })
    });
    rows.collect()
}

/// Makes answers of what the calls of one tool printed.
type Read<'r> = &'r dyn Fn(&[String]) -> Json;

/// The programs that are installed, ours first.
fn tools(program: &Path) -> Vec<Row> {
    let ours = |output: &[String]| {
        let facts: Json = serde_json::from_str(&output[0]).unwrap_or_default();
        let value = |at: &str| facts.pointer(&format!("{at}/value")).cloned().unwrap_or_default();
        json!({
            "virtualization": value("/virtualization/name"), "container": value("/container/name"),
            "os": value("/os/id"), "version": value("/os/version_id"), "kernel": value("/kernel/release"),
            "cpus": value("/cpu/logical_count"), "memory": value("/memory/total_bytes"), "disk": value("/disk/total_bytes"),
        })
    };
    let words =
        |output: &[String]| json!({ "virtualization": output[0].split_whitespace().collect::<Vec<_>>().join(" ") });
    let lscpu = |output: &[String]| json!({ "virtualization": lscpu_field(&output[0], "Hypervisor vendor:"), "cpus": lscpu_field(&output[0], "CPU(s):") });
    let detected = |output: &[String]| json!({ "virtualization": output[0].trim(), "container": output[1].trim() });
    let all: [(&str, &Path, &[&[&str]], Read<'_>); 5] = [
        ("system-info", program, &[&["--json"]], &ours),
        ("systemd-detect-virt, twice", Path::new("systemd-detect-virt"), &[&["--vm"], &["--container"]], &detected),
        ("virt-what", Path::new("virt-what"), &[&[]], &words),
        ("facter", Path::new("facter"), &[&["virtual"]], &words),
        ("lscpu", Path::new("lscpu"), &[&["--json"]], &lscpu),
    ];
    let mut rows = Vec::new();
    for (name, program, calls, read) in all {
        let once = || -> Result<Vec<String>> {
            let outputs = calls.iter().map(|arguments| {
                let output = run::output(&mut run::program(program, *arguments))?;
                Ok(String::from_utf8_lossy(&output.stdout).into_owned())
            });
            outputs.collect()
        };
        match once() {
            Ok(output) => {
                rows.push(Row { name: name.into(), answers: read(&output), time: median(|| once().map(drop)) });
            }
            Err(_) => eprintln!("WARNING: {name} cannot be compared: not installed"),
        }
    }
    rows
}

fn median(mut call: impl FnMut() -> Result<()>) -> Duration {
    let begin = Instant::now();
    let mut times = Vec::new();
    while times.is_empty() || (times.len() < CALLS && begin.elapsed() < LIMIT) {
        let before = Instant::now();
        if call().is_err() {
            break;
        }
        times.push(before.elapsed());
    }
    middle(&mut times)
}

fn middle(times: &mut [Duration]) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The first value of a field of `lscpu --json`, which nests them.
fn lscpu_field(output: &str, name: &str) -> Json {
    fn search(value: &Json, name: &str) -> Option<String> {
        match value {
            Json::Object(map) if map.get("field").is_some_and(|field| field == name) => {
                map.get("data").and_then(Json::as_str).map(str::to_owned)
            }
            Json::Object(map) => map.values().find_map(|value| search(value, name)),
            Json::Array(list) => list.iter().find_map(|value| search(value, name)),
            _ => None,
        }
    }
    serde_json::from_str(output).ok().and_then(|parsed| search(&parsed, name)).map_or(Json::Null, Json::from)
}

/// A tool that can read a machine from a folder.
#[derive(Clone, Copy)]
enum Peer {
    VirtWhat,
    Lscpu,
}

impl Peer {
    fn name(self) -> &'static str {
        match self {
            Self::VirtWhat => "virt-what",
            Self::Lscpu => "lscpu",
        }
    }

    /// What of a machine's known answers it can tell, and where ours has it.
    fn questions(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::VirtWhat => &[("virtualization", "/virtualization/name"), ("container", "/container/name")],
            // Sockets and threads it counts in folders of sysfs that most recordings leave out.
            Self::Lscpu => {
                &[("cpu_logical", "/cpu/logical_count"), ("cpu_model", "/cpu/model"), ("cpu_vendor", "/cpu/vendor")]
            }
        }
    }
}

/// Two rows of the second table: the peer's, and ours over the same questions.
fn recorded(machines: &Path, program: &Path, peer: Peer, scratch: &Path) -> Result<String> {
    run::find(peer.name()).context("not installed")?;
    let (mut questions, mut right) = (0, [0; 2]);
    let mut times = [Vec::new(), Vec::new()];
    for machine in cases(machines)? {
        let about = read_json(&machine.join("machine.json"))?;
        let expected = read_json(&machine.join("expected.json"))?;
        let judged: Vec<_> =
            peer.questions().iter().filter_map(|(key, at)| Some((*key, *at, expected["expect"].get(key)?))).collect();
        if about["platform"] != "linux" || expected["scope"] == "other-os" || judged.is_empty() {
            continue;
        }
        let root = machine.join("root");
        let mut asked = match peer {
            Peer::Lscpu => run::program("lscpu", ["--json", "--sysroot"]),
            Peer::VirtWhat => {
                stand_ins(&about, &root, scratch)?;
                let mut command = Command::new("virt-what");
                let path = std::env::var("PATH").unwrap_or_default();
                command.env("PATH", format!("{}:{path}", scratch.display()));
                command
            }
        };
        match peer {
            Peer::Lscpu => asked.arg(&root),
            Peer::VirtWhat => asked.arg(format!("--test-root={}", root.display())),
        };
        let mut ours = run::program(program, ["--json", "--privileged", "--machine"]);
        // A recording may lack what a tool cannot do without.
        let Some(theirs) = timed(&mut asked, &mut times[0])? else { continue };
        let ours = timed(ours.arg(&machine), &mut times[1])?.unwrap_or_default();
        let facts: Json = serde_json::from_str(&ours).unwrap_or_default();
        for (key, at, expected) in judged {
            questions += 1;
            let ours = facts.pointer(&format!("{at}/value")).cloned().unwrap_or_default();
            right[1] += usize::from(fits(expected, &[ours]));
            let theirs = match peer {
                Peer::Lscpu => vec![lscpu_answer(&theirs, key)],
                Peer::VirtWhat => virt_what_answer(&theirs, key),
            };
            right[0] += usize::from(fits(expected, &theirs));
        }
    }
    let [theirs, ours] = times.map(|mut times| middle(&mut times));
    let row = |name: &str, right: usize, time| {
        let share = 100.0 * count(right) / count(questions.max(1));
        format!("| {name} | {questions} | {right} | {share:.1} % | {} | {} |\n", shown(time), ratio(time, ours))
    };
    Ok(row(peer.name(), right[0], theirs) + &row("system-info, the same questions", right[1], ours))
}

fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}

/// What a successful call printed; the time of others does not count.
fn timed(command: &mut Command, times: &mut Vec<Duration>) -> Result<Option<String>> {
    let begin = Instant::now();
    let output = run::output(command)?;
    if !output.status.success() {
        return Ok(None);
    }
    times.push(begin.elapsed());
    Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned()))
}

fn cases(machines: &Path) -> Result<Vec<PathBuf>> {
    let list = |folder: &Path| -> Result<Vec<PathBuf>> {
        let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
        entries.map(|entry| Ok(entry?.path())).collect()
    };
    let mut cases = Vec::new();
    for corpus in list(machines)?.into_iter().filter(|path| path.is_dir()) {
        cases.extend(list(&corpus)?.into_iter().filter(|case| case.join("machine.json").is_file()));
    }
    cases.sort();
    Ok(cases)
}

fn read_json(path: &Path) -> Result<Json> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| path.display().to_string())
}

/// Compared as the collection's own checker does: any of several, without regard to case and the amount of white space.
fn fits(expected: &Json, answers: &[Json]) -> bool {
    let plain = |value: &Json| match value {
        Json::Null => None,
        Json::String(text) => Some(text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()),
        other => Some(other.to_string().to_lowercase()),
    };
    let wanted = expected.as_array().map_or_else(|| vec![plain(expected)], |all| all.iter().map(plain).collect());
    answers.iter().map(plain).any(|answer| wanted.contains(&answer))
}

fn lscpu_answer(output: &str, key: &str) -> Json {
    let field = match key {
        "cpu_logical" => "CPU(s):",
        "cpu_model" => "Model name:",
        _ => "Vendor ID:",
    };
    lscpu_field(output, field)
}

/// virt-what's words for what systemd's identifiers name, where they are not the same.
const VIRT_WHAT_MACHINES: [(&str, &str); 19] = [
    ("bhyve", "bhyve"),
    ("hyperv", "microsoft"),
    ("ibm_power-kvm", "kvm"),
    ("ibm_power-lpar_dedicated", "powervm"),
    ("ibm_power-lpar_shared", "powervm"),
    ("ibm_systemz-kvm", "kvm"),
    ("ibm_systemz-zvm", "zvm"),
    ("kvm", "kvm"),
    ("lkvm", "lkvm"),
    ("parallels", "parallels"),
    ("powervm_lx86", "powervm-lx86"),
    ("qemu", "qemu"),
    ("uml", "uml"),
    ("virtage", "virtage"),
    ("virtualbox", "oracle"),
    ("virtualpc", "microsoft"),
    ("vmm", "vmm"),
    ("vmware", "vmware"),
    ("xen", "xen"),
];
const VIRT_WHAT_CONTAINERS: [(&str, &str); 6] = [
    ("docker", "docker"),
    ("illumos-lx", "illumos-lx"),
    ("linux_vserver", "linux-vserver"),
    ("lxc", "lxc"),
    ("openvz", "openvz"),
    ("podman", "podman"),
];
/// Words for a cloud, which name the machine only beside a hypervisor's: real machines are rented too.
const VIRT_WHAT_CLOUDS: [(&str, &str); 2] = [("aws", "amazon"), ("google_cloud", "google")];

/// It prints several words, and each of them counts as its answer. A dom0 is no guest.
fn virt_what_answer(output: &str, key: &str) -> Vec<Json> {
    let words: BTreeSet<&str> = output.lines().map(str::trim).collect();
    let named = |table: &[(&str, &str)]| -> Vec<Json> {
        table.iter().filter(|(word, _)| words.contains(word)).map(|(_, name)| Json::from(*name)).collect()
    };
    let mut found = if key == "container" {
        named(&VIRT_WHAT_CONTAINERS)
    } else if words.contains("xen-dom0") {
        Vec::new()
    } else {
        named(&VIRT_WHAT_MACHINES)
    };
    if found.is_empty() {
        return vec![Json::from("none")];
    }
    if key != "container" {
        found.extend(named(&VIRT_WHAT_CLOUDS));
    }
    found
}

/// The programs that virt-what asks, with the recorded answers: it reads files from a folder, and would ask this machine's.
fn stand_ins(about: &Json, root: &Path, folder: &Path) -> Result<()> {
    let field = |name: &str| fs::read_to_string(root.join("sys/class/dmi/id").join(name)).unwrap_or_default();
    let text = |at: &str| about.pointer(at).and_then(Json::as_str).unwrap_or_default().to_owned();
    let smbios = format!(
        "BIOS Information\n\tVendor: {}\n\tVersion: {}\nSystem Information\n\tManufacturer: {}\n\tProduct Name: {}\n\tVersion: {}\n",
        field("bios_vendor").trim_end(),
        field("bios_version").trim_end(),
        field("sys_vendor").trim_end(),
        field("product_name").trim_end(),
        field("product_version").trim_end(),
    );
    let programs = [
        ("dmidecode", smbios),
        ("virt-what-cpuid-helper", text("/cpuid/hypervisor_signature") + "\n"),
        ("uname", text("/uname/machine") + "\n"),
    ];
    for (name, answer) in programs {
        let program = folder.join(name);
        fs::write(folder.join(format!("{name}.txt")), answer)?;
        // Its own name says where the answer is: no path has to be quoted.
        fs::write(&program, "#!/bin/sh\nexec cat \"$0.txt\"\n")?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_virt_what_are_translated() {
        let answer = |output, key| virt_what_answer(output, key).iter().map(cell).collect::<Vec<_>>().join(" ");
        assert_eq!(answer("kvm\naws\n", "virtualization"), "kvm amazon");
        assert_eq!(answer("aws\n", "virtualization"), "none");
        assert_eq!(answer("xen\nxen-dom0\n", "virtualization"), "none");
        assert_eq!(answer("hyperv\ndocker\n", "container"), "docker");
        assert_eq!(answer("", "container"), "none");
    }

    #[test]
    fn any_of_the_expected_answers_fits() {
        assert!(fits(&json!(["a  b", "c"]), &[json!("A b")]));
        assert!(fits(&json!(8), &[json!("8")]));
        assert!(!fits(&json!("none"), &[Json::Null]));
        assert!(!fits(&json!(["a"]), &[]));
    }

    #[test]
    fn nested_fields_of_lscpu_are_found() {
        let output = r#"{"lscpu": [{"field": "CPU(s):", "data": "8"}, {"field": "Vendor ID:", "data": "x",
            "children": [{"field": "Model name:", "data": "y"}]}]}"#;
        assert_eq!(lscpu_answer(output, "cpu_logical"), "8");
        assert_eq!(lscpu_answer(output, "cpu_model"), "y");
        assert_eq!(lscpu_answer("no JSON", "cpu_model"), Json::Null);
    }
}
