//! Records a machine as a folder that [`RecordedHost`](crate::RecordedHost) reads: what was asked, and nothing else.

pub(crate) mod keep;
pub(crate) mod redact;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::host::recorded::{HYPERVISOR_BIT, NOT_RECORDED, SIGNATURE_LEAF, failure_word};
use crate::host::{CpuidRegisters, Error, FileKind, Host, Metadata, Platform, Quantities, Result, Start, Uname};

/// Process 1's variables have a place of their own in a recording.
const PID1_ENVIRON: &str = "/proc/1/environ";

/// Asks another host and remembers the answers.
///
/// ```
/// use system_facts::{LiveHost, RecordedHost, Recorder, collect_from};
///
/// let folder = tempfile::tempdir()?;
/// let recorder = Recorder::new(LiveHost::new());
/// let facts = collect_from(&recorder);
/// for redaction in recorder.write(folder.path(), "recorded: an example")? {
///     println!("{}: {}", redaction.place, redaction.what);
/// }
/// let recorded = RecordedHost::open(folder.path())?;
/// assert_eq!(facts.kernel, collect_from(&recorded).kernel);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Recorder<H> {
    host: H,
    record: RefCell<Record>,
}

/// The answers so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    pub(crate) nodes: BTreeMap<String, Node>,
    pub(crate) failures: BTreeMap<String, Error>,
    /// The paths whose names the machine gave, in the list of a folder.
    pub(crate) listed: BTreeSet<String>,
    pub(crate) sysctl: BTreeMap<String, Option<String>>,
    pub(crate) kenv: BTreeMap<String, Option<String>>,
    pub(crate) environment: BTreeMap<String, Option<String>>,
    pub(crate) filesystems: BTreeMap<String, Option<u64>>,
    pub(crate) cpuid: BTreeMap<(u32, u32), Option<CpuidRegisters>>,
    pub(crate) uname: Option<Uname>,
    pub(crate) quantities: Option<Quantities>,
    /// Whole groups of answers that were asked for and that the machine does not have.
    pub(crate) without: BTreeSet<&'static str>,
    /// Questions that another recording had no answer to.
    pub(crate) unanswered: BTreeSet<String>,
}

/// What is known of a path, the least first: a later answer replaces it where it says more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Node {
    /// A name in a listed folder.
    Named,
    Link(Vec<u8>),
    Folder,
    File(Vec<u8>),
}

impl Record {
    fn keep(&mut self, path: &str, node: Node) {
        let known = self.nodes.entry(path.to_owned()).or_insert(Node::Named);
        if *known < node {
            *known = node;
        }
    }

    /// Whether something below a path was asked about, or is in its list.
    fn has_below(&self, path: &str) -> bool {
        let below = format!("{}/", path.trim_end_matches('/'));
        self.nodes.range(below.clone()..).next().is_some_and(|(next, _)| next.starts_with(&below))
    }

    fn failed(&mut self, path: &str, error: Error) {
        match error {
            Error::Unanswered => {
                self.unanswered.insert(path.to_owned());
            }
            // Folders, devices and FIFOs are all no files: a folder stands for them.
            Error::Malformed => self.keep(path, Node::Folder),
            error => {
                self.failures.insert(path.to_owned(), error);
            }
        }
    }
}

/// Something that a recording does not show as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Redaction {
    /// The file or folder, or the name of what else was asked for.
    pub place: String,
    /// What of the answer is in another form.
    pub what: String,
}

impl<H: Host> Recorder<H> {
    /// Wraps a host.
    pub fn new(host: H) -> Self {
        Self { host, record: RefCell::default() }
    }

    /// All answers, where they are to be written in another form.
    #[cfg(feature = "fuzz")]
    pub(crate) fn into_record(self) -> Record {
        self.record.into_inner()
    }

    /// The paths that were asked about, existing or not.
    pub fn asked(&self) -> BTreeSet<String> {
        let record = self.record.borrow();
        let seen = record.nodes.iter().filter(|(_, node)| **node != Node::Named).map(|(path, _)| path);
        seen.chain(record.failures.keys()).cloned().collect()
    }

    /// The questions that the host, a complete recording, had no answer to.
    pub fn unanswered(&self) -> BTreeSet<String> {
        self.record.borrow().unanswered.clone()
    }

    fn note<T>(&self, path: &str, answer: &Result<T>, node: impl FnOnce(&T) -> Node) {
        let mut record = self.record.borrow_mut();
        match answer {
            Ok(value) => record.keep(path, node(value)),
            Err(error) => record.failed(path, *error),
        }
    }

    /// Notes an answer that is one of many of a kind; what has none is noted too.
    fn note_named<T>(&self, kind: &str, name: &str, answer: &Result<T>, keep: impl FnOnce(&mut Record, Option<&T>)) {
        let mut record = self.record.borrow_mut();
        if matches!(answer, Err(Error::Unanswered)) {
            record.unanswered.insert(format!("{kind} {name}"));
        } else {
            keep(&mut record, answer.as_ref().ok());
        }
    }

    /// Writes everything that was asked so far into a folder that does not exist or is empty. `origin` says in words
    /// where the recording comes from. Returns what is not shown as it is.
    ///
    /// # Errors
    /// When the folder has something in it, or cannot be written.
    pub fn write(&self, folder: &Path, origin: &str) -> io::Result<Vec<Redaction>> {
        fs::create_dir_all(folder).map_err(|error| at(folder, &error))?;
        if fs::read_dir(folder).map_err(|error| at(folder, &error))?.next().is_some() {
            return Err(io::Error::new(io::ErrorKind::DirectoryNotEmpty, "there is something in it already"));
        }
        let (record, redactions) = redact::record(&self.record.borrow());
        write_tree(&folder.join("root"), &record)?;
        let machine = machine(self.host.platform(), &record, &redactions, origin);
        let mut text = serde_json::to_vec_pretty(&machine)?;
        text.push(b'\n');
        write_file(&folder.join("machine.json"), &text)?;
        Ok(redactions.into_iter().collect())
    }
}

/// What machine.json says.
fn machine(platform: Platform, record: &Record, redactions: &BTreeSet<Redaction>, origin: &str) -> Value {
    let failed = |wanted: Error| -> Vec<&String> {
        record.failures.iter().filter(|(_, error)| **error == wanted).map(|(path, _)| path).collect()
    };
    let other: Map<String, Value> =
        record.failures.iter().filter_map(|(path, error)| Some((path.clone(), failure_word(*error)?.into()))).collect();
    // Version control keeps no empty folder, so these are named here too.
    let folders: Vec<&String> = record
        .nodes
        .iter()
        .filter(|(path, node)| **node == Node::Folder && !record.has_below(path))
        .map(|(path, _)| path)
        .collect();
    let mut machine = json!({
        "origin": origin,
        "complete": true,
        "platform": match platform {
            Platform::Linux => "linux",
            Platform::MacOs => "macos",
            Platform::FreeBsd => "freebsd",
            Platform::Other => "other",
        },
        "absent": failed(Error::NotFound),
        "unreadable": failed(Error::PermissionDenied),
        "failed": other,
        "folders": folders,
        "cpuid": cpuid(record),
        "environment": record.environment,
        "sysctl": record.sysctl,
        "kenv": record.kenv,
        "filesystems": record.filesystems,
    });
    let mut set = |name: &str, value: Value| machine[name] = value;
    if let Some(uname) = &record.uname {
        set(
            "uname",
            json!({
                "sysname": uname.sysname, "release": uname.release, "version": uname.version,
                "machine": uname.machine,
            }),
        );
    }
    for group in &record.without {
        set(group, Value::Null);
    }
    if let Some(Node::File(environment)) = record.nodes.get(PID1_ENVIRON) {
        set("pid1_env", variables(environment));
    }
    if let Some(quantities) = &record.quantities {
        set("quantities", quantities_json(quantities));
    }
    set("redacted", redactions.iter().map(|redaction| format!("{}: {}", redaction.place, redaction.what)).collect());
    machine
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let write = || fs::OpenOptions::new().write(true).create_new(true).open(path)?.write_all(bytes);
    write().map_err(|error| at(path, &error))
}

/// The place of a path in the tree; `None` for what is not a plain absolute path.
fn place(root: &Path, path: &str) -> Option<PathBuf> {
    let below = Path::new(path.strip_prefix('/')?);
    below.components().all(|part| matches!(part, Component::Normal(_))).then(|| root.join(below))
}

fn write_tree(root: &Path, record: &Record) -> io::Result<()> {
    fs::create_dir_all(root).map_err(|error| at(root, &error))?;
    for (path, node) in &record.nodes {
        let Some(place) = place(root, path) else { continue };
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder).map_err(|error| at(folder, &error))?;
        }
        match node {
            Node::File(_) if path == PID1_ENVIRON => {}
            Node::File(bytes) => write_file(&place, bytes)?,
            _ if *node == Node::Folder || record.has_below(path) => {
                fs::create_dir_all(&place).map_err(|error| at(&place, &error))?;
            }
            Node::Link(target) => {
                std::os::unix::fs::symlink(OsStr::from_bytes(target), &place).map_err(|error| at(&place, &error))?;
            }
            Node::Named | Node::Folder => {
                std::os::unix::fs::symlink(NOT_RECORDED, &place).map_err(|error| at(&place, &error))?;
            }
        }
    }
    Ok(())
}

fn variables(environment: &[u8]) -> Value {
    let environment = String::from_utf8_lossy(environment);
    let variables = environment.split('\0').filter_map(|variable| variable.split_once('='));
    variables.map(|(name, value)| (name.to_owned(), Value::from(value))).collect()
}

/// The leaves, and what readers of other recordings look for.
fn cpuid(record: &Record) -> Value {
    let leaves: Map<String, Value> = record
        .cpuid
        .iter()
        .map(|((leaf, subleaf), answer)| {
            let registers = answer.map(|found| json!([found.eax, found.ebx, found.ecx, found.edx]));
            (format!("{leaf:x}:{subleaf}"), registers.unwrap_or_default())
        })
        .collect();
    let answer = |leaf| record.cpuid.get(&(leaf, 0)).copied().flatten();
    let signature = answer(SIGNATURE_LEAF).map(crate::linux::virtualization::cpuid::signature);
    json!({
        "hypervisor_bit": answer(1).map(|features| features.ecx & HYPERVISOR_BIT != 0),
        "hypervisor_signature": signature.unwrap_or_default(),
        "leaves": leaves,
    })
}

fn quantities_json(quantities: &Quantities) -> Value {
    let disks: Vec<Value> = quantities
        .disks
        .iter()
        .map(|disk| json!({"name": disk.name, "total_bytes": disk.total_bytes, "removable": disk.removable}))
        .collect();
    json!({
        "memory_bytes": quantities.memory_bytes,
        "cpu_model": quantities.cpu_model,
        "cpu_vendor": quantities.cpu_vendor,
        "logical_cpus": quantities.logical_cpus,
        "cores": quantities.cores,
        "disks": disks,
    })
}

impl<H: Host> Host for Recorder<H> {
    fn platform(&self) -> Platform {
        self.host.platform()
    }

    fn read_start(&self, path: &str, limit: usize) -> Result<Start> {
        // A byte more than was asked for shows the reader of the recording that the file goes on.
        let mut answer = self.host.read_start(path, limit.saturating_add(1));
        if let (Ok(start), Some(Node::File(known))) = (&mut answer, self.record.borrow().nodes.get(path)) {
            // What was answered stays so: /proc/cpuinfo says another frequency each time.
            let same = known.len().min(start.bytes.len());
            if let (Some(bytes), Some(known)) = (start.bytes.get_mut(..same), known.get(..same)) {
                bytes.copy_from_slice(known);
            }
        }
        if let (Ok(start), Some(Node::File(known))) = (&answer, self.record.borrow_mut().nodes.get_mut(path))
            && known.len() < start.bytes.len()
        {
            known.clone_from(&start.bytes);
        }
        self.note(path, &answer, |start| Node::File(start.bytes.clone()));
        answer.map(|Start { mut bytes, whole }| {
            let whole = whole && bytes.len() <= limit;
            bytes.truncate(limit);
            Start { bytes, whole }
        })
    }

    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        let answer = self.host.read_link(path);
        match answer {
            // readlink(2): it is there and no link.
            Err(Error::Other(io::ErrorKind::InvalidInput)) => self.record.borrow_mut().keep(path, Node::Folder),
            _ => self.note(path, &answer, |target| Node::Link(target.clone())),
        }
        answer
    }

    fn list(&self, path: &str, limit: usize) -> Result<Vec<String>> {
        let answer = self.host.list(path, limit);
        self.note(path, &answer, |_| Node::Folder);
        for name in answer.iter().flatten() {
            let mut record = self.record.borrow_mut();
            let path = format!("{}/{name}", path.trim_end_matches('/'));
            record.keep(&path, Node::Named);
            record.listed.insert(path);
        }
        answer
    }

    fn metadata(&self, path: &str) -> Result<Metadata> {
        let answer = self.host.metadata(path);
        let node = |metadata: &Metadata| match metadata.kind {
            FileKind::Folder => Node::Folder,
            FileKind::Link => Node::Link(self.host.read_link(path).unwrap_or_else(|_| NOT_RECORDED.into())),
            // A device stands there as an empty file: it is not the recording's to open.
            FileKind::File | FileKind::Other => Node::File(Vec::new()),
        };
        self.note(path, &answer, node);
        answer
    }

    fn sysctl_text(&self, name: &str) -> Result<String> {
        let answer = self.host.sysctl_text(name);
        self.note_named("sysctl", name, &answer, |record, value| {
            record.sysctl.insert(name.to_owned(), value.cloned());
        });
        answer
    }

    fn sysctl_integer(&self, name: &str) -> Result<i64> {
        let answer = self.host.sysctl_integer(name);
        self.note_named("sysctl", name, &answer, |record, value| {
            record.sysctl.insert(name.to_owned(), value.map(i64::to_string));
        });
        answer
    }

    fn kenv(&self, name: &str) -> Result<String> {
        let answer = self.host.kenv(name);
        self.note_named("kenv", name, &answer, |record, value| {
            record.kenv.insert(name.to_owned(), value.cloned());
        });
        answer
    }

    fn cpuid(&self, leaf: u32, subleaf: u32) -> Result<CpuidRegisters> {
        let answer = self.host.cpuid(leaf, subleaf);
        self.note_named("cpuid", &format!("{leaf:#x}"), &answer, |record, value| {
            record.cpuid.insert((leaf, subleaf), value.copied());
        });
        answer
    }

    fn uname(&self) -> Result<Uname> {
        let answer = self.host.uname();
        self.note_named("uname", "", &answer, |record, value| match value {
            Some(value) => record.uname = Some(value.clone()),
            None => _ = record.without.insert("uname"),
        });
        answer
    }

    fn environment(&self, name: &str) -> Result<Vec<u8>> {
        let answer = self.host.environment(name);
        self.note_named("environment", name, &answer, |record, value| {
            let value = value.map(|value| String::from_utf8_lossy(value).into_owned());
            record.environment.insert(name.to_owned(), value);
        });
        answer
    }

    fn filesystem_size(&self, path: &str) -> Result<u64> {
        let answer = self.host.filesystem_size(path);
        self.note_named("file system", path, &answer, |record, value| {
            record.filesystems.insert(path.to_owned(), value.copied());
        });
        answer
    }

    fn quantities(&self) -> Result<Quantities> {
        let answer = self.host.quantities();
        self.note_named("quantities", "", &answer, |record, value| match value {
            Some(value) => record.quantities = Some(value.clone()),
            None => _ = record.without.insert("quantities"),
        });
        answer
    }
}
