//! Every machine under `tests/machines` gives the answers in its expected.json, from common evidence.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up fails")]
#![cfg(feature = "cli")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use system_facts::internal::catalogue::{DMI_VIRTUAL, HYPERVISOR_SIGNATURES, sections};
use system_facts::internal::netdata::{self, Whereabouts};
use system_facts::{
    CommonEvidence, Explained, Facts, Host, Outcome, RecordedHost, Recorder, Source, collect_from, container_from,
    virtualization_from,
};

fn machines_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/machines")
}

fn folders() -> Vec<PathBuf> {
    let entries = fs::read_dir(machines_folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The value of a leaf such as `os.id`, or null if its group is null.
fn answer<'d>(document: &'d Value, path: &str) -> &'d Value {
    let mut place = document;
    for part in path.split('.') {
        place = &place[part];
    }
    place.get("value").unwrap_or(place)
}

/// The first word of a machine's `origin`: written by this project's recorder, copied from a real machine's output, or
/// made up.
const LABELS: [&str; 3] = ["recorded", "transcribed", "synthetic"];

/// The files and links of a machine's own tree, by path.
fn files(machine: &Path) -> BTreeMap<String, Vec<u8>> {
    let root = machine.join("root");
    let mut found = BTreeMap::new();
    let mut open = vec![root.clone()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.symlink_metadata().unwrap().is_dir() {
                open.push(path);
                continue;
            }
            let link = fs::read_link(&path).map(|target| format!("-> {}", target.display()).into_bytes());
            let name = format!("/{}", path.strip_prefix(&root).unwrap().display());
            found.insert(name, link.unwrap_or_else(|_| fs::read(&path).unwrap()));
        }
    }
    found
}

/// Collects the machine's answers that repeat its base.
fn repeated(place: &str, own: &Value, base: &Value, repeats: &mut Vec<String>) {
    match (own, base) {
        (Value::Object(own), Value::Object(base)) => {
            for (key, own) in own {
                repeated(&format!("{place}/{key}"), own, base.get(key).unwrap_or(&Value::Null), repeats);
            }
        }
        _ if own == base && place != "/origin" => repeats.push(place.to_owned()),
        _ => {}
    }
}

/// What the daemon reads, by key.
fn daemons_lines(host: &dyn Host) -> Value {
    let mut facts = collect_from(host);
    netdata::provide_virtualization(host, &mut facts);
    let whereabouts = Whereabouts::ask(host, &facts);
    netdata::all_lines(&facts, &whereabouts).into_iter().map(|line| (line.name, Value::from(line.value))).collect()
}

/// A machine with a base lists only its differences.
#[test]
fn no_machine_repeats_its_base() {
    let mut bases = BTreeSet::new();
    for folder in folders() {
        let machine = json(&folder.join("machine.json"));
        let Some(base) = machine["base"].as_str().map(|name| machines_folder().join(name)) else { continue };
        let (own, of_base) = (files(&folder), files(&base));
        let mut repeats = Vec::new();
        repeated("", &machine, &json(&base.join("machine.json")), &mut repeats);
        repeats
            .extend(own.iter().filter(|(name, holds)| of_base.get(*name) == Some(holds)).map(|(name, _)| name.clone()));
        assert_eq!(repeats, Vec::<String>::new(), "{}: so says {} already", folder.display(), base.display());
        for absent in machine["absent"].as_array().into_iter().flatten() {
            let absent = Path::new(absent.as_str().unwrap());
            assert!(of_base.keys().any(|name| Path::new(name).starts_with(absent)), "{}: {absent:?}", folder.display());
        }
        bases.insert(base);
    }
    assert!(!bases.is_empty());
}

#[test]
fn recorded_machines_have_their_answers() {
    let folders = folders();
    assert!(folders.len() >= 38, "{}", folders.len());
    let mut labels = BTreeMap::new();
    for folder in folders {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let machine = json(&folder.join("machine.json"));
        let (label, _) = machine["origin"].as_str().unwrap().split_once(": ").unwrap();
        let label = LABELS.iter().find(|known| **known == label).unwrap_or_else(|| panic!("{name}: origin {label}"));
        *labels.entry(*label).or_insert(0) += 1;
        let recorded = RecordedHost::open(&folder).unwrap();
        let host = Recorder::new(&recorded);
        let facts = collect_from(&CommonEvidence::new(&host));
        assert_eq!(
            host.unanswered(),
            BTreeSet::new(),
            "{name}: these questions were never asked of it; record it again"
        );
        let document = serde_json::to_value(&facts).unwrap();
        let lines = daemons_lines(&CommonEvidence::new(&recorded));
        for (path, expected) in json(&folder.join("expected.json")).as_object().unwrap() {
            // Some values are only in the daemon's lines, not in the document.
            let place = if path.starts_with("NETDATA_") { &lines } else { &document };
            assert_eq!(answer(place, path), expected, "{name}: {path}\n{:#?}", Explained(&facts));
        }
        // Each part alone gives the same answer.
        let common = CommonEvidence::new(&host);
        assert_eq!(virtualization_from(&common), facts.virtualization, "{name}");
        assert_eq!(container_from(&common).name, facts.container.name, "{name}");
        // A privileged caller asks further questions.
        collect_from(&host);
        let asked = host.asked();
        let unread = |(name, holds): &(String, Vec<u8>)| holds != b"-> not-recorded" && !asked.contains(name);
        for (unread, _) in files(&folder).into_iter().filter(unread) {
            println!("{name}: nobody reads {unread}");
        }
    }
    println!("machines by origin: {labels:?}");
    assert!(labels.get("recorded").is_some_and(|count| *count >= 6), "{labels:?}");
}

#[test]
fn every_answer_is_clean_and_has_a_known_source() {
    let here = system_facts::collect();
    for folder in folders() {
        let host = RecordedHost::open(&folder).unwrap();
        let facts = collect_from(&host);
        for leaf in facts.leaves() {
            assert!(leaf.source.is_none_or(|source| Source::ALL.contains(&source)), "{leaf:?}");
            for asked in leaf.evidence {
                let shown = format!("{}: {}", asked.asked, asked.outcome);
                assert!(!shown.contains(system_facts::internal::is_unprintable), "{shown:?}");
            }
        }
        let lines = netdata::lines(&facts);
        let names = |lines: &[netdata::Line<'_>]| lines.iter().map(|line| line.name).collect::<Vec<_>>();
        assert_eq!(names(&lines), names(&netdata::lines(&here)), "the daemon gets every line");
        assert_ne!(line(&lines, "NETDATA_SYSTEM_CPU_VENDOR"), "none", "every processor has a maker");
        for line in lines {
            assert!(!line.value.is_empty() && !line.value.contains(system_facts::internal::is_unprintable), "{line:?}");
        }
    }
}

/// docs/detection.md lists every name with its evidence: exactly the names of the machines here.
#[test]
fn the_names_with_evidence_are_those_of_the_machines() {
    let expected: Vec<Value> = folders().iter().map(|folder| json(&folder.join("expected.json"))).collect();
    for section in sections() {
        let listed: BTreeSet<&str> = section.rules.iter().map(|rule| rule.name).collect();
        let mut found: BTreeSet<&str> = expected.iter().filter_map(|answers| answers[section.fact].as_str()).collect();
        if expected.iter().any(|answers| answers[section.fact] == true) {
            found.insert("kubernetes");
        }
        // "none" is the negative answer.
        let found = &found - &BTreeSet::from(["none"]);
        assert_eq!(listed, found, "{}", section.fact);
    }
}

/// docs/detection.md lists the names left out of each fact: `- NAME, NAME: why`. No name is in both lists.
#[test]
fn what_is_left_out_is_not_found() {
    let page = fs::read_to_string(machines_folder().join("../../docs/detection.md")).unwrap();
    let (_, left_out) = page.split_once("\n## Left out").unwrap();
    for part in left_out.split("\n### ").skip(1) {
        let section =
            sections().into_iter().find(|section| part.starts_with(&format!("`{}`\n", section.fact))).unwrap();
        let rows = part.lines().filter_map(|line| line.strip_prefix("- ")?.split_once(": "));
        let names: BTreeSet<&str> = rows.flat_map(|(names, _)| names.split(", ")).collect();
        assert!(!names.is_empty(), "{part}");
        for rule in section.rules {
            assert!(!names.contains(rule.name), "{rule:?}");
        }
    }
}

/// Each CPUID signature and each SMBIOS product, alone on an otherwise empty machine.
#[test]
fn every_row_of_the_tables_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let collect = |machine: &Value, product: &str| {
        let dmi = folder.path().join("root/sys/class/dmi/id");
        fs::create_dir_all(&dmi).unwrap();
        fs::write(dmi.join("product_name"), product).unwrap();
        fs::write(folder.path().join("machine.json"), machine.to_string()).unwrap();
        let facts = collect_from(&CommonEvidence::new(RecordedHost::open(folder.path()).unwrap()));
        facts.virtualization.name.known().cloned()
    };
    for row in HYPERVISOR_SIGNATURES {
        let machine = serde_json::json!({
            "platform": "linux", "cpuid": {"hypervisor_bit": true, "hypervisor_signature": row.signature},
        });
        assert_eq!(collect(&machine, "").as_deref(), Some(row.name), "{row:?}");
    }
    for row in DMI_VIRTUAL {
        let machine = serde_json::json!({"platform": "linux", "uname": {"machine": "x86_64"}});
        assert_eq!(collect(&machine, row.prefix).as_deref(), Some(row.name), "{row:?}");
    }
}

/// The document with evidence has the same values.
#[test]
fn explaining_changes_no_answer() {
    for folder in folders() {
        let host = RecordedHost::open(&folder).unwrap();
        let facts = collect_from(&host);
        let plain = serde_json::to_value(&facts).unwrap();
        let mut explained = serde_json::to_value(Explained(&facts)).unwrap();
        for group in explained.as_object_mut().unwrap().values_mut() {
            for leaf in group.as_object_mut().into_iter().flatten() {
                assert!(leaf.1.as_object_mut().unwrap().remove("evidence").is_some());
            }
        }
        assert_eq!(plain, explained);
    }
}

fn line<'l>(lines: &'l [netdata::Line<'_>], name: &str) -> &'l str {
    lines.iter().find(|line| line.name == name).map(|line| line.value.as_str()).unwrap()
}

#[test]
fn the_daemons_lines_inside_and_outside_a_container() {
    let machines = machines_folder();
    let facts = |name: &str| collect_from(&CommonEvidence::new(RecordedHost::open(&machines.join(name)).unwrap()));

    let inside = facts("docker-cgroup2");
    let lines = netdata::lines(&inside);
    assert_eq!(line(&lines, "NETDATA_CONTAINER_OS_ID"), "alpine");
    assert_eq!(line(&lines, "NETDATA_CONTAINER_OS_DETECTION"), "/etc/os-release");
    assert_eq!(line(&lines, "NETDATA_CONTAINER_IS_OFFICIAL_IMAGE"), "true");
    assert_eq!(line(&lines, "NETDATA_HOST_OS_ID"), "debian");
    assert_eq!(line(&lines, "NETDATA_HOST_OS_DETECTION"), "/host/etc/os-release");
    assert_eq!(line(&lines, "NETDATA_SYSTEM_CONTAINER"), "docker");

    let unmounted = facts("podman");
    assert_eq!(line(&netdata::lines(&unmounted), "NETDATA_HOST_OS_ID"), "unknown");

    // Nothing is known: the words of the daemon's script.
    let nothing = Facts::default();
    let whereabouts = Whereabouts::default();
    for daemons in netdata::all_lines(&nothing, &whereabouts) {
        let is_container_os = daemons.name.starts_with("NETDATA_CONTAINER_OS_");
        let is_detection = daemons.name.ends_with("_DETECTION") && !daemons.name.contains("_OS_");
        let expected = if is_container_os || is_detection { "none" } else { "unknown" };
        assert_eq!(daemons.value, expected, "{}", daemons.name);
    }

    let outside = facts("plain-hardware");
    let lines = netdata::lines(&outside);
    assert_eq!(line(&lines, "NETDATA_CONTAINER_OS_ID"), "none");
    assert_eq!(line(&lines, "NETDATA_CONTAINER_OS_DETECTION"), "none");
    assert_eq!(line(&lines, "NETDATA_CONTAINER_IS_OFFICIAL_IMAGE"), "false");
    assert_eq!(line(&lines, "NETDATA_HOST_OS_ID"), "debian");
    assert_eq!(line(&lines, "NETDATA_SYSTEM_VIRTUALIZATION"), "none");
    assert_eq!(line(&lines, "NETDATA_SYSTEM_CPU_FREQ"), "3500000000");
    assert_eq!(line(&lines, "NETDATA_INSTANCE_CLOUD_TYPE"), "unknown");

    assert_eq!(line(&netdata::lines(&facts("ec2-nitro")), "NETDATA_INSTANCE_CLOUD_TYPE"), "AWS");
    assert_eq!(line(&netdata::lines(&facts("azure")), "NETDATA_INSTANCE_CLOUD_TYPE"), "Azure");
}

/// Unknown is null without a source; "none" is null or the word, with the deciding source.
#[test]
fn unknown_is_not_none() {
    let machines = machines_folder();
    let host = RecordedHost::open(&machines.join("plain-hardware")).unwrap();
    let document = serde_json::to_value(collect_from(&host)).unwrap();
    assert_eq!(document["virtualization"]["name"]["value"], "none");
    assert_eq!(document["virtualization"]["name"]["source"], "cpuid");
    assert_eq!(document["virtualization"]["hypervisor"], serde_json::json!({"value": null, "source": "cpuid"}));
    assert_eq!(document["virtualization"]["cloud"], serde_json::json!({"value": null, "source": null}));
    assert_eq!(document["container"]["kubernetes"]["value"], false);
    assert_eq!(document["host_os"], Value::Null);
}

/// An unsupported marker file is shown with the reason why it does not count.
#[test]
fn leftover_files_are_explained() {
    let folder = machines_folder().join("leftover-marker-files");
    let facts = collect_from(&CommonEvidence::new(RecordedHost::open(&folder).unwrap()));
    let passed_over: Vec<&str> = facts
        .container
        .name
        .evidence
        .iter()
        .filter(|asked| matches!(asked.outcome, Outcome::Contradicted(_)))
        .map(|asked| asked.asked.as_ref())
        .collect();
    assert_eq!(
        passed_over,
        ["/run/host/container-manager", "/run/systemd/container", "/run/.containerenv", "/.dockerenv"]
    );
}

/// It reads a line into 1,023 bytes.
#[test]
fn the_daemon_gets_whole_lines() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("root/etc")).unwrap();
    fs::write(folder.path().join("machine.json"), r#"{"platform": "linux"}"#).unwrap();
    fs::write(folder.path().join("root/etc/os-release"), format!("NAME=\"{}\"\nID=x\n", "🐧".repeat(300))).unwrap();
    let facts = collect_from(&RecordedHost::open(folder.path()).unwrap());
    let whereabouts = Whereabouts::default();
    let lines = netdata::all_lines(&facts, &whereabouts);
    assert!(line(&lines, "NETDATA_HOST_OS_NAME").starts_with('🐧'));
    for line in lines {
        assert!(line.name.len() + "=".len() + line.value.len() + "\n".len() < 1023, "{line:?}");
    }
}

/// The keys of Netdata's own script since 2.7, in its order.
#[test]
fn the_daemons_keys_are_those_of_its_script() {
    let of_an_os = ["NAME", "ID", "ID_LIKE", "VERSION", "VERSION_ID", "DETECTION"];
    let of = |group: &str, keys: &[&str]| keys.iter().map(|key| format!("NETDATA_{group}_{key}")).collect::<Vec<_>>();
    let cpu = ["LOGICAL_CPU_COUNT", "VENDOR", "MODEL", "FREQ", "DETECTION"];
    let expected = [
        of("CONTAINER_OS", &of_an_os),
        of("CONTAINER", &["IS_OFFICIAL_IMAGE"]),
        of("HOST_OS", &of_an_os),
        of("HOST", &["IS_K8S_NODE"]),
        of("SYSTEM", &["KERNEL_NAME", "KERNEL_VERSION", "ARCHITECTURE", "VIRTUALIZATION", "VIRT_DETECTION"]),
        of("SYSTEM", &["CONTAINER", "CONTAINER_DETECTION"]),
        of("SYSTEM_CPU", &cpu),
        of("SYSTEM", &["TOTAL_RAM", "RAM_DETECTION", "TOTAL_DISK_SIZE", "DISK_DETECTION"]),
        of("INSTANCE_CLOUD", &["TYPE", "INSTANCE_TYPE", "INSTANCE_REGION"]),
        of("SYSTEM_DEFAULT_INTERFACE", &["NAME", "IP", "DETECTION"]),
    ]
    .concat();
    for folder in [Some("docker-cgroup2"), Some("plain-hardware"), None] {
        let facts = folder.map(|name| collect_from(&RecordedHost::open(&machines_folder().join(name)).unwrap()));
        let (facts, whereabouts) = (facts.unwrap_or_default(), Whereabouts::default());
        let keys: Vec<&str> = netdata::all_lines(&facts, &whereabouts).iter().map(|line| line.name).collect();
        assert_eq!(keys, expected);
    }
}
