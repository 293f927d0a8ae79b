//! A machine that was recorded as a folder.
//!
//! The folder holds `machine.json` and a `root/` tree of the machine's files. Links in the tree are resolved inside it,
//! whatever they point to; links of namespaces (`/proc/self/ns/pid`) dangle and are only ever read.
//!
//! Where machine.json names a `base`, the machine is like the one in that folder beside it: each answer of the base counts
//! that the machine does not give itself, and each file that it neither has nor lists as `absent`. A base has none itself.
//!
//! A recording does not change while it is read: what was seen to be a folder is not looked at again.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::host::{CpuidRegisters, Error, FileKind, Host, Metadata, Platform, Quantities, Result, Start, Uname};

/// Longest machine.json. Almost all have a few kilobytes; the disks of FreeBSD can be megabytes of text.
const MACHINE_JSON_LIMIT: usize = 32 << 20;

/// As many links as Linux follows in one path (MAXSYMLINKS, include/linux/namei.h).
const LINKS_LIMIT: usize = 40;

/// CPUID leaf 1, ECX: a hypervisor is present.
pub(crate) const HYPERVISOR_BIT: u32 = 1 << 31;

/// Where hypervisors say who they are.
pub(crate) const SIGNATURE_LEAF: u32 = 0x4000_0000;

/// Where a link points that stands for something whose name only was recorded.
pub(crate) const NOT_RECORDED: &str = "not-recorded";

/// How machine.json writes failures that neither a missing file nor `unreadable` shows.
const FAILURES: &[(&str, Error)] = &[
    ("unsupported", Error::Unsupported),
    ("too-large", Error::TooLarge),
    ("other", Error::Other(io::ErrorKind::Other)),
];

/// The word for a failure; none where the tree itself shows it, or where nothing was answered.
pub(crate) fn failure_word(error: Error) -> Option<&'static str> {
    let error = if let Error::Other(_) = error { Error::Other(io::ErrorKind::Other) } else { error };
    FAILURES.iter().find(|(_, known)| *known == error).map(|(word, _)| *word)
}

/// Named answers; `None` is the answer that there is none.
pub(crate) type Answers<T> = BTreeMap<String, Option<T>>;

/// The answers that are no files.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
#[allow(clippy::option_option, reason = "never asked, asked in vain and answered are no key, null and a value")]
pub(crate) struct Named {
    pub(crate) cpuid: Cpuid,
    #[serde(deserialize_with = "texts")]
    pub(crate) environment: Answers<String>,
    pub(crate) filesystems: Answers<u64>,
    #[serde(deserialize_with = "texts")]
    pub(crate) kenv: Answers<String>,
    #[serde(deserialize_with = "texts")]
    pub(crate) sysctl: Answers<String>,
    #[serde(deserialize_with = "asked", skip_serializing_if = "Option::is_none")]
    pub(crate) quantities: Option<Option<Quantities>>,
    #[serde(deserialize_with = "asked", skip_serializing_if = "Option::is_none")]
    pub(crate) uname: Option<Option<Uname>>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Cpuid {
    pub(crate) hypervisor_bit: Option<bool>,
    pub(crate) hypervisor_signature: Option<String>,
    /// By leaf, in hexadecimal, and subleaf.
    pub(crate) leaves: Answers<CpuidRegisters>,
}

/// machine.json. Its reader needs `platform` only.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct MachineFile {
    pub(crate) origin: String,
    pub(crate) platform: Option<Platform>,
    pub(crate) complete: bool,
    pub(crate) absent: BTreeSet<String>,
    pub(crate) unreadable: BTreeSet<String>,
    pub(crate) failed: BTreeMap<String, String>,
    pub(crate) folders: BTreeSet<String>,
    #[serde(flatten)]
    pub(crate) named: Named,
    /// Process 1's environment, which has no file in `root/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pid1_env: Option<Answers<String>>,
    pub(crate) redacted: BTreeSet<String>,
}

/// What is there was asked for, null too.
fn asked<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> std::result::Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// Texts by name: recordings write numbers of sysctl with or without quotes.
fn texts<'de, D: Deserializer<'de>>(from: D) -> std::result::Result<Answers<String>, D::Error> {
    let text = |value| match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(bool) => Some(u8::from(bool).to_string()),
        _ => None,
    };
    let values = BTreeMap::<String, Value>::deserialize(from)?;
    Ok(values.into_iter().map(|(name, value)| (name, text(value))).collect())
}

/// What [`Cpuid::leaves`] calls an answer.
pub(crate) fn leaf_name(leaf: u32, subleaf: u32) -> String {
    format!("{leaf:x}:{subleaf}")
}

/// A machine read from a folder.
#[derive(Debug)]
pub struct RecordedHost {
    root: PathBuf,
    /// The tree of the base.
    base: Option<PathBuf>,
    platform: Platform,
    file: MachineFile,
    /// Paths that were seen to be folders of the tree, and no links to any.
    seen_folders: RefCell<HashSet<Vec<u8>>>,
}

/// Why a folder is no recorded machine.
fn invalid(what: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("machine.json: {what}"))
}

/// The machine.json of a folder.
fn document(folder: &Path) -> io::Result<Value> {
    let json = crate::host::sys::read_file(&folder.join("machine.json"), MACHINE_JSON_LIMIT, Some(1));
    let json = json.map_err(|error| match error {
        Error::Malformed => invalid("not a regular file"),
        error => invalid(error),
    })?;
    if !json.whole {
        return Err(invalid("too large"));
    }
    serde_json::from_slice(&json.bytes).map_err(invalid)
}

/// The folder of a machine's base. A recording may come from anybody: its base lies beside it and nowhere else.
fn base(folder: &Path, name: &Value) -> io::Result<PathBuf> {
    let name = name.as_str().filter(|name| Path::new(name).file_name() == Some(OsStr::new(name)));
    let name = name.ok_or_else(|| invalid("`base` is not the name of a folder beside this one"))?;
    let base = fs::canonicalize(folder)?.with_file_name(name);
    if base.is_symlink() || base.join("root").is_symlink() {
        return Err(invalid("`base` is a link, or its root is one"));
    }
    Ok(base)
}

/// Lays a machine's answers over those of its base: objects key by key; anything else is as the machine has it.
fn lay_over(base: &mut Value, own: Value) {
    match (base, own) {
        (Value::Object(base), Value::Object(own)) => {
            for (key, value) in own {
                lay_over(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, own) => *base = own,
    }
}

/// The place of a path in a tree.
fn within(root: &Path, below: &[u8]) -> PathBuf {
    let mut place = root.as_os_str().to_owned();
    place.push(OsStr::from_bytes(below));
    place.into()
}

impl RecordedHost {
    /// Opens a recorded machine.
    ///
    /// # Errors
    /// When the folder has no readable machine.json, or one that is not an object as described, and when the same is true
    /// of its base, or that has a base itself.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let own = document(folder)?;
        let Some(name) = own.get("base") else { return Self::parse(own, folder.join("root")) };
        let base = base(folder, name)?;
        let mut answers = document(&base).map_err(|error| invalid(format_args!("`base`: {error}")))?;
        if answers.get("base").is_some() {
            return Err(invalid("`base` has a base itself"));
        }
        lay_over(&mut answers, own);
        let machine = Self::parse(answers, folder.join("root"))?;
        Ok(Self { base: Some(base.join("root")), ..machine })
    }

    /// The answers of a machine.json, and where the machine's files are.
    pub(crate) fn parse(mut document: Value, root: PathBuf) -> io::Result<Self> {
        // So a machine says that it has nothing of a group of its base.
        if let Value::Object(document) = &mut document {
            document.retain(|key, value| !value.is_null() || matches!(key.as_str(), "quantities" | "uname"));
        }
        let file: MachineFile = serde_json::from_value(document).map_err(invalid)?;
        let platform = file.platform.ok_or_else(|| invalid("`platform` is missing"))?;
        Ok(Self { root, base: None, platform, file, seen_folders: RefCell::default() })
    }

    /// What it means that the tree has nothing at a path: not there, or, where every question was recorded and this
    /// one was not, no answer.
    fn missing(&self, path: &str) -> Error {
        if self.file.absent.contains(path) { Error::NotFound } else { self.never(Error::NotFound) }
    }

    /// Where every question was recorded, one without an answer was never asked.
    fn never(&self, otherwise: Error) -> Error {
        if self.file.complete { Error::Unanswered } else { otherwise }
    }

    /// One of the named answers.
    fn named<'a, T>(&self, answers: &'a Answers<T>, name: &str, absent: Error) -> Result<&'a T> {
        match answers.get(name) {
            Some(answer) => answer.as_ref().ok_or(absent),
            None => Err(self.never(absent)),
        }
    }

    /// A group of answers that are asked for at once.
    fn group<T: Clone>(&self, answers: Option<&Option<T>>) -> Result<T> {
        answers.cloned().ok_or(self.never(Error::Unsupported))?.ok_or(Error::Unsupported)
    }

    fn check(&self, path: &str) -> Result<()> {
        if self.file.unreadable.contains(path) {
            return Err(Error::PermissionDenied);
        }
        self.failed(path).map_or(Ok(()), Err)
    }

    fn failed(&self, path: &str) -> Option<Error> {
        let word = self.file.failed.get(path)?;
        FAILURES.iter().find(|(known, _)| known == word).map(|(_, error)| *error)
    }

    /// The path in the tree that a path of the machine means: every link is resolved as if `root/` were `/`. With
    /// `last` the last name is resolved too.
    fn resolve(&self, path: &str, last: bool) -> Result<Vec<u8>> {
        let mut rest = path.as_bytes().to_vec();
        let mut below: Vec<u8> = Vec::with_capacity(path.len());
        let mut links = 0;
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
            let name: Vec<u8> = rest.drain(..end).collect();
            let slashes = rest.iter().take_while(|byte| **byte == b'/').count();
            rest.drain(..slashes);
            let parent = below.len();
            match name.as_slice() {
                b"" | b"." => continue,
                b".." => {
                    below.truncate(below.iter().rposition(|byte| *byte == b'/').unwrap_or(0));
                    continue;
                }
                name => {
                    below.push(b'/');
                    below.extend_from_slice(name);
                }
            }
            if rest.is_empty() && !last {
                break;
            }
            if self.seen_folders.borrow().contains(&below) {
                continue;
            }
            let place = self.place(&below);
            let metadata = fs::symlink_metadata(&place).map_err(|error| self.lost(path, &error))?;
            if metadata.is_dir() {
                self.seen_folders.borrow_mut().insert(below.clone());
            }
            if !metadata.is_symlink() {
                continue;
            }
            links += 1;
            if links > LINKS_LIMIT {
                return Err(Error::Other(io::ErrorKind::TooManyLinks));
            }
            let target = fs::read_link(&place)?.into_os_string();
            below.truncate(if target.as_bytes().first() == Some(&b'/') { 0 } else { parent });
            rest = [target.as_bytes(), b"/", &rest].concat();
        }
        Ok(below)
    }

    /// Where a path without links is: in the machine's own tree, else in its base's.
    fn place(&self, below: &[u8]) -> PathBuf {
        let own = within(&self.root, below);
        let lacks = |own: &Path| own.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        self.in_base(below).filter(|_| lacks(&own)).unwrap_or(own)
    }

    /// Where the base has a path, if it counts. The machine's own folders can be links in the base, which leads nowhere.
    fn in_base(&self, below: &[u8]) -> Option<PathBuf> {
        let place = within(self.base.as_ref()?, below);
        let path = Path::new(OsStr::from_bytes(below));
        let is_absent = self.file.absent.iter().any(|absent| path.starts_with(absent));
        let leads_there =
            place.parent().is_some_and(|parent| fs::canonicalize(parent).is_ok_and(|real| real == parent));
        (leads_there && !is_absent).then_some(place)
    }

    /// The names in a folder of the tree.
    fn names(&self, below: &[u8], limit: usize) -> Result<Vec<String>> {
        let list = |place: &Path| crate::host::sys::list(place.to_str().ok_or(Error::Malformed)?, limit);
        let own = list(&within(&self.root, below));
        let is_folder = |place: &PathBuf| place.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
        let Some(base) = self.in_base(below).filter(is_folder) else { return own };
        let lacks = self.place(below) == base;
        let mut names: BTreeSet<String> = if lacks { BTreeSet::new() } else { own?.into_iter().collect() };
        let counts = |name: &String| self.in_base(&[below, b"/", name.as_bytes()].concat()).is_some();
        names.extend(list(&base)?.into_iter().filter(counts));
        if names.len() > limit { Err(Error::TooLarge) } else { Ok(names.into_iter().collect()) }
    }

    fn lost(&self, path: &str, error: &io::Error) -> Error {
        match Error::from(error.kind()) {
            Error::NotFound => self.missing(path),
            other => other,
        }
    }

    /// Process 1's environment as its file has it.
    fn pid1_environ(&self) -> Option<Vec<u8>> {
        let variables = self.file.pid1_env.as_ref()?;
        let set = variables.iter().filter_map(|(name, value)| Some(format!("{name}={}\0", value.as_ref()?)));
        Some(set.collect::<String>().into_bytes())
    }
}

impl Host for RecordedHost {
    fn platform(&self) -> Platform {
        self.platform
    }

    fn read_start(&self, path: &str, limit: usize) -> Result<Start> {
        self.check(path)?;
        let place = match self.resolve(path, true) {
            Ok(below) => self.place(&below),
            Err(error) => {
                let environ = if path == "/proc/1/environ" { self.pid1_environ() } else { None };
                let mut bytes = environ.ok_or(error)?;
                let whole = bytes.len() <= limit;
                bytes.truncate(limit);
                return Ok(Start { bytes, whole });
            }
        };
        crate::host::sys::read_file(&place, limit, Some(1))
    }

    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        self.check(path)?;
        let place = self.place(&self.resolve(path, false)?);
        let target = fs::read_link(place).map_err(|error| self.lost(path, &error))?;
        Ok(target.as_os_str().as_bytes().to_vec())
    }

    fn list(&self, path: &str, limit: usize) -> Result<Vec<String>> {
        self.check(path)?;
        if self.file.folders.contains(path) {
            return Ok(Vec::new());
        }
        let below = self.resolve(path, true)?;
        self.names(&below, limit).map_err(|error| match error {
            Error::NotFound => self.missing(path),
            other => other,
        })
    }

    fn metadata(&self, path: &str) -> Result<Metadata> {
        if let Some(error) = self.failed(path) {
            return Err(error);
        }
        if self.file.folders.contains(path) {
            return Ok(Metadata { kind: FileKind::Folder, size: 0, inode: None });
        }
        let place = self.place(&self.resolve(path, false)?);
        let metadata = fs::symlink_metadata(&place).map_err(|error| match self.lost(path, &error) {
            Error::Unanswered if self.file.unreadable.contains(path) => Error::PermissionDenied,
            lost => lost,
        })?;
        let kind = if metadata.is_symlink() {
            FileKind::Link
        } else if metadata.is_dir() {
            FileKind::Folder
        } else if metadata.is_file() {
            FileKind::File
        } else {
            FileKind::Other
        };
        if self.file.complete && kind == FileKind::Link && fs::read_link(place)? == Path::new(NOT_RECORDED) {
            return Err(Error::Unanswered);
        }
        // The inode of the recording says nothing about the machine's.
        Ok(Metadata { kind, size: metadata.len(), inode: None })
    }

    fn sysctl_text(&self, name: &str) -> Result<String> {
        self.named(&self.file.named.sysctl, name, Error::NotFound).cloned()
    }

    fn sysctl_integer(&self, name: &str) -> Result<i64> {
        let text = self.named(&self.file.named.sysctl, name, Error::NotFound)?;
        text.trim().parse().map_err(|_not_a_number| Error::Malformed)
    }

    fn kenv(&self, name: &str) -> Result<String> {
        self.named(&self.file.named.kenv, name, Error::NotFound).cloned()
    }

    fn cpuid(&self, leaf: u32, subleaf: u32) -> Result<CpuidRegisters> {
        let Cpuid { hypervisor_bit, hypervisor_signature, leaves } = &self.file.named.cpuid;
        if let Some(registers) = leaves.get(&leaf_name(leaf, subleaf)) {
            return registers.ok_or(Error::Unsupported);
        }
        match (leaf, *hypervisor_bit, hypervisor_signature.as_deref()) {
            (1, Some(bit), _) => {
                Ok(CpuidRegisters { ecx: if bit { HYPERVISOR_BIT } else { 0 }, ..CpuidRegisters::default() })
            }
            (SIGNATURE_LEAF, Some(true), Some(signature)) => {
                let mut bytes = [0_u8; 12];
                for (to, from) in bytes.iter_mut().zip(signature.bytes()) {
                    *to = from;
                }
                let [b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3] = bytes;
                Ok(CpuidRegisters {
                    eax: SIGNATURE_LEAF,
                    ebx: u32::from_le_bytes([b0, b1, b2, b3]),
                    ecx: u32::from_le_bytes([c0, c1, c2, c3]),
                    edx: u32::from_le_bytes([d0, d1, d2, d3]),
                })
            }
            _ => Err(self.never(Error::Unsupported)),
        }
    }

    fn uname(&self) -> Result<Uname> {
        self.group(self.file.named.uname.as_ref())
    }

    fn environment(&self, name: &str) -> Result<Vec<u8>> {
        self.named(&self.file.named.environment, name, Error::NotFound).map(|value| value.clone().into_bytes())
    }

    fn filesystem_size(&self, path: &str) -> Result<u64> {
        self.named(&self.file.named.filesystems, path, Error::Unsupported).copied()
    }

    fn quantities(&self) -> Result<Quantities> {
        self.group(self.file.named.quantities.as_ref())
    }
}
