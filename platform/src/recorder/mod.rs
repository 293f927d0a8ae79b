//! Records a machine as a folder that [`RecordedHost`](crate::RecordedHost) reads: what was asked, and nothing else.

pub(crate) mod keep;
pub(crate) mod record;
pub(crate) mod redact;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use crate::host::recorded::{
    Answers, HYPERVISOR_BIT, MachineFile, NOT_RECORDED, Named, SIGNATURE_LEAF, failure_word, leaf_name,
};
use record::{Node, Record};

pub use record::Redaction;

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
    fn note_named<T>(&self, kind: &str, name: &str, answer: &Result<T>, keep: impl FnOnce(&mut Named, Option<&T>)) {
        let mut record = self.record.borrow_mut();
        if matches!(answer, Err(Error::Unanswered)) {
            record.unanswered.insert(format!("{kind} {name}"));
        } else {
            keep(&mut record.named, answer.as_ref().ok());
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
        let machine = machine(self.host.platform(), record, &redactions, origin);
        let mut text = serde_json::to_vec_pretty(&machine)?;
        text.push(b'\n');
        write_file(&folder.join("machine.json"), &text)?;
        Ok(redactions.into_iter().collect())
    }
}

/// What machine.json says.
fn machine(platform: Platform, record: Record, redactions: &BTreeSet<Redaction>, origin: &str) -> MachineFile {
    let failed = |wanted: Error| -> BTreeSet<String> {
        record.failures.iter().filter(|(_, error)| **error == wanted).map(|(path, _)| path.clone()).collect()
    };
    let other = |(path, error): (&String, &Error)| Some((path.clone(), failure_word(*error)?.to_owned()));
    // Version control keeps no empty folder, so these are named here too.
    let is_empty = |(path, node): &(&String, &Node)| **node == Node::Folder && !record.has_below(path);
    let environ = record.nodes.get(PID1_ENVIRON);
    MachineFile {
        origin: origin.to_owned(),
        platform: Some(platform),
        complete: true,
        absent: failed(Error::NotFound),
        unreadable: failed(Error::PermissionDenied),
        failed: record.failures.iter().filter_map(other).collect(),
        folders: record.nodes.iter().filter(is_empty).map(|(path, _)| path.clone()).collect(),
        pid1_env: environ.and_then(|node| if let Node::File(environ) = node { Some(variables(environ)) } else { None }),
        redacted: redactions.iter().map(|redaction| format!("{}: {}", redaction.place, redaction.what)).collect(),
        named: described(record.named),
    }
}

/// The answers with what readers of other recordings look for.
fn described(mut named: Named) -> Named {
    let cpuid = &mut named.cpuid;
    let answer = |leaf| cpuid.leaves.get(&leaf_name(leaf, 0)).copied().flatten();
    cpuid.hypervisor_bit = answer(1).map(|features| features.ecx & HYPERVISOR_BIT != 0);
    let signature = answer(SIGNATURE_LEAF).map(crate::linux::virtualization::cpuid::signature);
    cpuid.hypervisor_signature = Some(signature.unwrap_or_default());
    named
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

fn variables(environment: &[u8]) -> Answers<String> {
    let environment = String::from_utf8_lossy(environment);
    let variables = environment.split('\0').filter_map(|variable| variable.split_once('='));
    variables.map(|(name, value)| (name.to_owned(), Some(value.to_owned()))).collect()
}

fn not_left_out(path: &str) -> Result<()> {
    if keep::is_left_out(path) { Err(Error::Unsupported) } else { Ok(()) }
}

impl<H: Host> Host for Recorder<H> {
    fn platform(&self) -> Platform {
        self.host.platform()
    }

    fn read_start(&self, path: &str, limit: usize) -> Result<Start> {
        not_left_out(path)?;
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
        not_left_out(path)?;
        let answer = self.host.read_link(path);
        match answer {
            // readlink(2): it is there and no link.
            Err(Error::Other(io::ErrorKind::InvalidInput)) => self.record.borrow_mut().keep(path, Node::Folder),
            _ => self.note(path, &answer, |target| Node::Link(target.clone())),
        }
        answer
    }

    fn list(&self, path: &str, limit: usize) -> Result<Vec<String>> {
        not_left_out(path)?;
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
        not_left_out(path)?;
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
        self.note_named("sysctl", name, &answer, |named, value| {
            named.sysctl.insert(name.to_owned(), value.cloned());
        });
        answer
    }

    fn sysctl_integer(&self, name: &str) -> Result<i64> {
        let answer = self.host.sysctl_integer(name);
        self.note_named("sysctl", name, &answer, |named, value| {
            named.sysctl.insert(name.to_owned(), value.map(i64::to_string));
        });
        answer
    }

    fn kenv(&self, name: &str) -> Result<String> {
        let answer = self.host.kenv(name);
        self.note_named("kenv", name, &answer, |named, value| {
            named.kenv.insert(name.to_owned(), value.cloned());
        });
        answer
    }

    fn cpuid(&self, leaf: u32, subleaf: u32) -> Result<CpuidRegisters> {
        let answer = self.host.cpuid(leaf, subleaf);
        self.note_named("cpuid", &format!("{leaf:#x}"), &answer, |named, value| {
            named.cpuid.leaves.insert(leaf_name(leaf, subleaf), value.copied());
        });
        answer
    }

    fn uname(&self) -> Result<Uname> {
        let answer = self.host.uname();
        self.note_named("uname", "", &answer, |named, value| named.uname = Some(value.cloned()));
        answer
    }

    fn environment(&self, name: &str) -> Result<Vec<u8>> {
        let answer = self.host.environment(name);
        self.note_named("environment", name, &answer, |named, value| {
            let value = value.map(|value| String::from_utf8_lossy(value).into_owned());
            named.environment.insert(name.to_owned(), value);
        });
        answer
    }

    fn filesystem_size(&self, path: &str) -> Result<u64> {
        let answer = self.host.filesystem_size(path);
        self.note_named("file system", path, &answer, |named, value| {
            named.filesystems.insert(path.to_owned(), value.copied());
        });
        answer
    }

    fn quantities(&self) -> Result<Quantities> {
        let answer = self.host.quantities();
        self.note_named("quantities", "", &answer, |named, value| named.quantities = Some(value.cloned()));
        answer
    }
}
