//! Every parser, and a whole machine, as functions of bytes, with what must hold whatever the bytes are. The targets in
//! `fuzz/` and a test of this crate call them.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use crate::collect::collect_from;
use crate::facts::{Facts, Value};
use crate::host::common::CommonEvidence;
use crate::host::recorded::Named;
use crate::host::recorded::RecordedHost;
use crate::host::{
    CpuidRegisters, DiskQuantity, Error, FileKind, Host, Metadata, Platform, Quantities, Result, Start, Uname,
};
use crate::internal::netdata;
use crate::json::Explained;
use crate::linux::container::{cgroup, mountinfo};
use crate::linux::cpu::cpu_set::CpuSet;
use crate::linux::cpu::cpuinfo;
use crate::linux::virtualization::smbios;
use crate::linux::{disk, memory, release_files, routes as linux_routes};
use crate::os_release;
use crate::recorder::Recorder;
use crate::recorder::record::{Node, Record};
use crate::recorder::{keep, redact};
use crate::{freebsd, instance, interface, macos, routing, text};

/// A target: its name, and what it does with the bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All targets, by name.
pub const TARGETS: &[Target] = &[
    ("os_release", os_release),
    ("release_files", release_files),
    ("cpuinfo", cpuinfo),
    ("mountinfo", mountinfo),
    ("cgroup", cgroup),
    ("small_files", small_files),
    ("plist", plist),
    ("routes", routes),
    ("machine_json", machine_json),
    ("any_machine", any_machine),
];

/// Values of a machine are one clean line of bounded length, wherever they go.
fn assert_clean(value: &str) {
    assert!(!value.contains(text::is_unprintable) && value.chars().count() <= text::VALUE_LIMIT, "{value:?}");
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// os-release(5)
pub fn os_release(bytes: &[u8]) {
    let file = os_release::OsRelease::parse(&lossy(bytes));
    for key in ["ID", "NAME", "VERSION", "VERSION_ID", "PRETTY_NAME", "ID_LIKE"] {
        if let Some(value) = file.get(key) {
            assert_clean(value);
            let _ = os_release::codename(value);
        }
    }
}

/// lsb-release and the distributions' own files.
pub fn release_files(bytes: &[u8]) {
    let text = lossy(bytes);
    let identities = release_files::RELEASE_FILES.iter().map(|file| release_files::parse(*file, &text));
    for identity in identities.chain([release_files::lsb(&text)]) {
        let fields = [
            identity.name,
            identity.id,
            identity.version,
            identity.version_id,
            identity.codename,
            identity.pretty_name,
        ];
        fields.iter().flatten().for_each(|value| assert_clean(value));
    }
}

/// /proc/cpuinfo of any architecture.
pub fn cpuinfo(bytes: &[u8]) {
    let text = lossy(bytes);
    let info = cpuinfo::CpuInfo::new(&text);
    [info.model(), info.vendor()].iter().flatten().for_each(|value| assert_clean(value));
    assert_ne!(info.logical_count(), Some(0));
    if let Some(places) = info.places() {
        assert!(places.sockets <= places.cores && places.sockets <= places.processors && places.threads > 0);
    }
    let _ = (info.frequency(), info.hypervisor_flag());
}

/// What a recorder leaves of a file: everything but letters and digits, and so its length.
fn recorded(path: &str, bytes: &[u8]) -> String {
    let shown = keep::file(path).apply(bytes);
    assert_eq!(shown.len(), bytes.len());
    let stays = |byte: u8| byte.is_ascii() && !byte.is_ascii_alphanumeric();
    assert!(shown.iter().zip(bytes).all(|(is, was)| is == was || !stays(*was)), "only letters and digits change");
    lossy(&shown)
}

/// /proc/self/mountinfo, and that its notable lines and a recording of it have the same marks.
pub fn mountinfo(bytes: &[u8]) {
    let text = lossy(bytes);
    let marks = |text: &str| mountinfo::parse(text).filter_map(mountinfo::mark).collect::<Vec<_>>();
    assert!(marks(&text).len() <= text.lines().count());
    assert_eq!(marks(&crate::mountinfo::notable(&text)), marks(&text));
    assert_eq!(marks(&recorded("/proc/self/mountinfo", bytes)), marks(&text));
}

/// /proc/self/cgroup, and that a recording of it has the same marks.
pub fn cgroup(bytes: &[u8]) {
    assert_eq!(cgroup::marks(&recorded("/proc/self/cgroup", bytes)), cgroup::marks(&lossy(bytes)));
}

/// Files of numbers, lists and tables.
pub fn small_files(bytes: &[u8]) {
    let text = lossy(bytes);
    let _ = (
        memory::total(&text),
        CpuSet::parse(&text).map(|set| set.count()),
        text::mega(&text),
        text::leading_number(&text),
    );
    let _ = (
        instance::cloud_init(&text),
        smbios::says_virtual_machine(bytes),
        freebsd::userland(&text),
        disk::may_be_disk(&text),
    );
    assert!(disk::partition_sizes(&text).count() <= text.lines().count());
    assert_clean(&text::clean(bytes, text::VALUE_LIMIT));
}

/// SystemVersion.plist
pub fn plist(bytes: &[u8]) {
    for (key, value) in macos::plist::strings(&lossy(bytes)) {
        assert_clean(&key);
        assert_clean(&value);
    }
}

/// The tables of routes and addresses: Linux's as text, macOS's and FreeBSD's as messages.
pub fn routes(bytes: &[u8]) {
    let text = lossy(bytes);
    let found = linux_routes::routes(&text, None);
    if let Some(default) = linux_routes::default_route(&found) {
        assert!(interface::is_name(default.interface));
        for local in [linux_routes::local_addresses(&text, true), linux_routes::local_addresses(&text, false)] {
            let local = local.unwrap_or_default();
            assert!(linux_routes::address_of(default, &found, &local).len() <= local.len());
        }
    }
    if let Some(name) = linux_routes::ipv6_default(&text) {
        assert!(interface::is_name(name));
        let _ = linux_routes::ipv6_address(&text, name);
    }
    let (one, other) = bytes.split_at(bytes.iter().position(|byte| *byte == 0xfe).unwrap_or(bytes.len()));
    for layout in [routing::MACOS, routing::FREEBSD, routing::FREEBSD_32] {
        for (routes, interfaces) in [(bytes, bytes), (one, other), (bytes, &[])] {
            if let interface::Found::Interface(name, _) = routing::find(routes, interfaces, layout) {
                assert!(interface::is_name(&name));
            }
        }
    }
}

/// machine.json of a recording that has no files.
pub fn machine_json(bytes: &[u8]) {
    if let Ok(document) = serde_json::from_slice(bytes)
        && let Ok(host) = RecordedHost::parse(document, PathBuf::from("/nonexistent"))
    {
        collected(&host);
    }
}

/// A machine that answers with what the bytes say, and that a recording of it has its facts, whatever is not shown.
pub fn any_machine(bytes: &[u8]) {
    let made = Made::from(bytes);
    collected(&made);
    let recorder = Recorder::new(&made);
    let was = collect_from(&recorder);
    let (shown, _) = redact::record(&recorder.into_record());
    let is = collect_from(&Made::from(entries(made.platform(), shown, usize::MAX).as_slice()));
    for (was, is) in was.leaves().iter().zip(is.leaves()) {
        assert_eq!((was.value, was.source), (is.value, is.source), "{}.{}", was.group, was.name);
    }
}

/// What is found out about a machine that answers with what the bytes say.
pub fn facts(bytes: &[u8]) -> Facts {
    collect_from(&Made::from(bytes))
}

/// Collects all facts, and checks everything that would be shown.
fn collected(host: &dyn Host) {
    for facts in [collect_from(host), collect_from(&CommonEvidence::new(host))] {
        for leaf in facts.leaves() {
            if let Value::Text(value) = leaf.value {
                assert_clean(value);
            }
            for asked in leaf.evidence {
                let shown = format!("{}: {}", asked.asked, asked.outcome);
                assert!(!shown.contains(text::is_unprintable) && shown.len() < 4096, "{shown:?}");
            }
        }
        let whereabouts = netdata::Whereabouts::ask(host, &facts);
        for line in netdata::all_lines(&facts, &whereabouts) {
            assert!(!line.value.is_empty() && !line.value.contains(text::is_unprintable), "{line:?}");
        }
        assert!(serde_json::to_string(&Explained(&facts)).is_ok_and(|text| text.len() < 1 << 20));
    }
}

/// Bytes as a machine: entries `question` NUL `answer`, each ended by 0xFF. A question is a path, or `@` and what else can be
/// asked; an answer that begins with `!` is a failure, one with `>` a link, and a path that others begin with is a folder.
struct Made<'b>(BTreeMap<&'b [u8], &'b [u8]>);

impl<'b> From<&'b [u8]> for Made<'b> {
    fn from(bytes: &'b [u8]) -> Self {
        let entries = bytes.split(|byte| *byte == 0xff).filter_map(|entry| {
            let end = entry.iter().position(|byte| *byte == 0)?;
            Some((entry.get(..end)?, entry.get(end + 1..)?))
        });
        Self(entries.collect())
    }
}

impl Made<'_> {
    fn answer(&self, question: &str) -> Result<&[u8]> {
        match self.0.get(question.as_bytes()) {
            None => Err(Error::NotFound),
            Some([b'!', b'p', ..]) => Err(Error::PermissionDenied),
            Some([b'!', b'u', ..]) => Err(Error::Unsupported),
            Some([b'!', ..]) => Err(Error::Other(io::ErrorKind::Other)),
            Some(answer) => Ok(answer),
        }
    }

    fn text(&self, question: &str) -> Result<String> {
        self.answer(question).map(lossy)
    }

    fn number(&self, question: &str) -> Result<u64> {
        self.text(question)?.trim().parse().map_err(|_not_a_number| Error::Malformed)
    }
}

impl Host for Made<'_> {
    fn platform(&self) -> Platform {
        match self.answer("@platform") {
            Ok(b"macos") => Platform::MacOs,
            Ok(b"freebsd") => Platform::FreeBsd,
            Ok(b"other") => Platform::Other,
            _ => Platform::Linux,
        }
    }

    fn read_start(&self, path: &str, limit: usize) -> Result<Start> {
        let bytes = self.answer(path)?;
        let start = bytes.get(..limit).unwrap_or(bytes);
        Ok(Start { bytes: start.to_vec(), whole: start.len() == bytes.len() })
    }

    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        self.answer(path)?.strip_prefix(b">").map(<[u8]>::to_vec).ok_or(Error::Malformed)
    }

    fn list(&self, path: &str, limit: usize) -> Result<Vec<String>> {
        let folder = format!("{path}/");
        let below = self.0.keys().filter_map(|known| known.strip_prefix(folder.as_bytes()));
        let names = below.map(|rest| lossy(rest.split(|byte| *byte == b'/').next().unwrap_or_default()));
        let names: std::collections::BTreeSet<String> = names.collect();
        match names.len() {
            0 => Err(Error::NotFound),
            count if count > limit => Err(Error::TooLarge),
            _ => Ok(names.into_iter().collect()),
        }
    }

    fn metadata(&self, path: &str) -> Result<Metadata> {
        let answer = self.answer(path)?;
        let kind = if answer.starts_with(b">") { FileKind::Link } else { FileKind::File };
        Ok(Metadata { kind, size: answer.len() as u64, inode: None })
    }

    fn sysctl_text(&self, name: &str) -> Result<String> {
        self.text(&format!("@sysctl:{name}"))
    }

    fn sysctl_integer(&self, name: &str) -> Result<i64> {
        self.sysctl_text(name)?.trim().parse().map_err(|_not_a_number| Error::Malformed)
    }

    fn kenv(&self, name: &str) -> Result<String> {
        self.text(&format!("@kenv:{name}"))
    }

    fn cpuid(&self, leaf: u32, subleaf: u32) -> Result<CpuidRegisters> {
        let bytes = self.answer(&format!("@cpuid:{leaf:x}:{subleaf}"))?;
        let register = |at: usize| {
            let four = bytes.get(at..at + 4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
            four.map_or(0, u32::from_le_bytes)
        };
        Ok(CpuidRegisters { eax: register(0), ebx: register(4), ecx: register(8), edx: register(12) })
    }

    fn uname(&self) -> Result<Uname> {
        Ok(Uname {
            sysname: self.text("@sysname")?,
            nodename: String::new(),
            release: self.text("@release")?,
            version: self.text("@version")?,
            machine: self.text("@machine")?,
        })
    }

    fn environment(&self, name: &str) -> Result<Vec<u8>> {
        self.answer(&format!("@environment:{name}")).map(<[u8]>::to_vec)
    }

    fn filesystem_size(&self, path: &str) -> Result<u64> {
        self.number(&format!("@filesystem:{path}"))
    }

    fn quantities(&self) -> Result<Quantities> {
        let disk = self.number("@disk").map(|total_bytes| DiskQuantity {
            name: "disk".to_owned(),
            total_bytes,
            removable: false,
        });
        Ok(Quantities {
            memory_bytes: self.number("@memory").ok(),
            cpu_model: self.text("@cpu_model").ok(),
            cpu_vendor: self.text("@cpu_vendor").ok(),
            logical_cpus: self.number("@cpus").ok(),
            cores: self.number("@cores").ok(),
            disks: disk.into_iter().collect(),
        })
    }
}

/// An input is to have room for a whole machine.
const ANSWER_LIMIT: usize = 4096;

/// A machine in the form that [`any_machine`] takes: what is asked of it when its facts are collected, and its answers.
pub fn as_bytes(host: &dyn Host) -> Vec<u8> {
    let recorder = Recorder::new(host);
    let _ = collect_from(&recorder);
    entries(host.platform(), recorder.into_record(), ANSWER_LIMIT)
}

fn entries(platform: Platform, record: Record, limit: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (question, answer) in answers(platform, record) {
        bytes.extend(question.bytes());
        bytes.push(0);
        // The byte that ends an entry is none of the answer's.
        bytes.extend(answer.iter().take(limit).map(|byte| (*byte).min(0xfe)));
        bytes.push(0xff);
    }
    bytes
}

/// What was recorded, as [`Made`] answers.
fn answers(platform: Platform, record: Record) -> Vec<(String, Vec<u8>)> {
    let name = match platform {
        Platform::Linux => "linux",
        Platform::MacOs => "macos",
        Platform::FreeBsd => "freebsd",
        Platform::Other => "other",
    };
    let mut answers = vec![("@platform".to_owned(), name.into())];
    for (path, error) in record.failures {
        match error {
            Error::NotFound => {}
            Error::PermissionDenied => answers.push((path, b"!p".into())),
            Error::Unsupported => answers.push((path, b"!u".into())),
            _ => answers.push((path, b"!".into())),
        }
    }
    for (path, node) in record.nodes {
        match node {
            Node::File(bytes) => answers.push((path, bytes)),
            Node::Link(target) => answers.push((path, [b">", target.as_slice()].concat())),
            // That it is there is all that is known.
            Node::Named | Node::Folder => answers.push((path, Vec::new())),
        }
    }
    let mut add = |question: String, answer: Option<Vec<u8>>| answers.extend(answer.map(|answer| (question, answer)));
    let number = |value: Option<u64>| value.map(|value| value.to_string().into());
    let Named { cpuid, environment, filesystems, kenv, quantities, sysctl, uname } = record.named;
    for (kind, named) in [("sysctl", sysctl), ("kenv", kenv), ("environment", environment)] {
        for (name, value) in named {
            add(format!("@{kind}:{name}"), value.map(String::into_bytes));
        }
    }
    for (path, size) in filesystems {
        add(format!("@filesystem:{path}"), number(size));
    }
    for (leaf, found) in cpuid.leaves {
        add(format!("@cpuid:{leaf}"), found.map(|found| <[u32; 4]>::from(found).map(u32::to_le_bytes).concat()));
    }
    if let Some(Uname { sysname, release, version, machine, .. }) = uname.flatten() {
        for (name, value) in
            [("@sysname", sysname), ("@release", release), ("@version", version), ("@machine", machine)]
        {
            add(name.to_owned(), Some(value.into()));
        }
    }
    if let Some(found) = quantities.flatten() {
        add("@memory".to_owned(), number(found.memory_bytes));
        add("@cpus".to_owned(), number(found.logical_cpus));
        add("@cores".to_owned(), number(found.cores));
        add("@disk".to_owned(), number(found.disks.first().map(|disk| disk.total_bytes)));
        add("@cpu_model".to_owned(), found.cpu_model.map(String::into_bytes));
        add("@cpu_vendor".to_owned(), found.cpu_vendor.map(String::into_bytes));
    }
    answers
}
