//! A machine that was recorded as a folder.
//!
//! The folder holds `machine.json` and a `root/` tree of the machine's files. Links in the tree are resolved inside it,
//! whatever they point to; links of namespaces (`/proc/self/ns/pid`) dangle and are only ever read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::host::{
    CpuidRegisters, DiskQuantity, Error, FileKind, Host, Metadata, Platform, Quantities, Result, Start, Uname,
};

/// Longest machine.json; the recorded ones have a few kilobytes.
const MACHINE_JSON_LIMIT: u64 = 4 << 20;

/// As many links as Linux follows in one path (MAXSYMLINKS, include/linux/namei.h).
const LINKS_LIMIT: usize = 40;

/// CPUID leaf 1, ECX: a hypervisor is present.
const HYPERVISOR_BIT: u32 = 1 << 31;

/// Where hypervisors say who they are.
const SIGNATURE_LEAF: u32 = 0x4000_0000;

/// A machine read from a folder.
#[derive(Debug)]
pub struct RecordedHost {
    root: PathBuf,
    platform: Platform,
    uname: Option<Uname>,
    hypervisor_bit: Option<bool>,
    hypervisor_signature: Option<String>,
    cpuid_leaves: BTreeMap<String, CpuidRegisters>,
    pid1_environment: Option<BTreeMap<String, String>>,
    sysctl: BTreeMap<String, String>,
    kenv: BTreeMap<String, String>,
    environment: BTreeMap<String, String>,
    filesystems: BTreeMap<String, u64>,
    quantities: Option<Quantities>,
    unreadable: BTreeSet<String>,
    complete: bool,
    absent: BTreeSet<String>,
}

/// Why a folder is no recorded machine.
fn invalid(what: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("machine.json: {what}"))
}

/// A scalar as text: recordings write numbers of sysctl with or without quotes.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(bool) => Some(u8::from(*bool).to_string()),
        _ => None,
    }
}

fn texts(document: &Value, key: &str) -> Option<BTreeMap<String, String>> {
    let object = document.get(key)?.as_object()?;
    Some(object.iter().filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect())
}

fn paths(document: &Value, key: &str) -> BTreeSet<String> {
    let list = document.get(key).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(|path| path.as_str().map(str::to_owned)).collect()
}

fn quantities(document: &Value) -> Option<Quantities> {
    let object = document.get("quantities")?.as_object()?;
    let number = |key: &str| object.get(key).and_then(Value::as_u64);
    let word = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
    let disks = object.get("disks").and_then(Value::as_array).into_iter().flatten();
    let disk = |disk: &Value| {
        Some(DiskQuantity {
            name: disk.get("name")?.as_str()?.to_owned(),
            total_bytes: disk.get("total_bytes")?.as_u64()?,
            removable: disk.get("removable").and_then(Value::as_bool).unwrap_or(false),
        })
    };
    Some(Quantities {
        memory_bytes: number("memory_bytes"),
        cpu_model: word("cpu_model"),
        cpu_vendor: word("cpu_vendor"),
        logical_cpus: number("logical_cpus"),
        cores: number("cores"),
        disks: disks.filter_map(disk).collect(),
    })
}

fn cpuid_leaves(document: &Value) -> io::Result<BTreeMap<String, CpuidRegisters>> {
    let mut leaves = BTreeMap::new();
    let recorded = document.pointer("/cpuid/leaves").and_then(Value::as_object);
    for (leaf, registers) in recorded.into_iter().flatten() {
        let registers: Vec<u32> = registers
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|register| register.as_u64().and_then(|register| u32::try_from(register).ok()))
            .collect();
        let [eax, ebx, ecx, edx] = registers[..] else {
            return Err(invalid(format_args!("cpuid.leaves: {leaf}: four 32-bit numbers are needed")));
        };
        leaves.insert(leaf.clone(), CpuidRegisters { eax, ebx, ecx, edx });
    }
    Ok(leaves)
}

impl RecordedHost {
    /// Opens a recorded machine.
    ///
    /// # Errors
    /// When the folder has no readable machine.json, or one that is not an object as described.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let mut json = Vec::new();
        fs::File::open(folder.join("machine.json"))?.take(MACHINE_JSON_LIMIT + 1).read_to_end(&mut json)?;
        if json.len() as u64 > MACHINE_JSON_LIMIT {
            return Err(invalid("too large"));
        }
        let document: Value = serde_json::from_slice(&json).map_err(invalid)?;
        let platform = match document.get("platform").and_then(Value::as_str) {
            Some("linux") => Platform::Linux,
            Some("macos") => Platform::MacOs,
            Some("freebsd") => Platform::FreeBsd,
            Some(_) => Platform::Other,
            None => return Err(invalid("`platform` is missing")),
        };
        let uname = texts(&document, "uname").map(|mut fields| {
            let mut field = |name: &str| fields.remove(name).unwrap_or_default();
            Uname {
                sysname: field("sysname"),
                nodename: field("nodename"),
                release: field("release"),
                version: field("version"),
                machine: field("machine"),
            }
        });
        let filesystems = document.get("filesystems").and_then(Value::as_object).into_iter().flatten();
        Ok(Self {
            root: folder.join("root"),
            platform,
            uname,
            hypervisor_bit: document.pointer("/cpuid/hypervisor_bit").and_then(Value::as_bool),
            hypervisor_signature: document.pointer("/cpuid/hypervisor_signature").and_then(text),
            cpuid_leaves: cpuid_leaves(&document)?,
            pid1_environment: texts(&document, "pid1_env"),
            sysctl: texts(&document, "sysctl").unwrap_or_default(),
            kenv: texts(&document, "kenv").unwrap_or_default(),
            environment: texts(&document, "environment").unwrap_or_default(),
            filesystems: filesystems.filter_map(|(path, size)| Some((path.clone(), size.as_u64()?))).collect(),
            quantities: quantities(&document),
            unreadable: paths(&document, "unreadable"),
            complete: document.get("complete").and_then(Value::as_bool).unwrap_or(false),
            absent: paths(&document, "absent"),
        })
    }

    /// What it means that the tree has nothing at a path: not there, or, where every question was recorded and this
    /// one was not, no answer.
    fn missing(&self, path: &str) -> Error {
        if self.complete && !self.absent.contains(path) { Error::Unsupported } else { Error::NotFound }
    }

    fn check_readable(&self, path: &str) -> Result<()> {
        if self.unreadable.contains(path) { Err(Error::PermissionDenied) } else { Ok(()) }
    }

    /// The place in the tree that a path of the machine means: every link is resolved as if `root/` were `/`. With
    /// `last` the last name is resolved too.
    fn resolve(&self, path: &str, last: bool) -> Result<PathBuf> {
        let mut todo: Vec<Vec<u8>> = path.split('/').rev().map(|name| name.as_bytes().to_vec()).collect();
        let mut names: Vec<Vec<u8>> = Vec::new();
        let mut links = 0;
        while let Some(name) = todo.pop() {
            match name.as_slice() {
                b"" | b"." => continue,
                b".." => {
                    names.pop();
                    continue;
                }
                _ => names.push(name),
            }
            if todo.iter().all(Vec::is_empty) && !last {
                break;
            }
            let place = self.place(&names);
            let metadata = fs::symlink_metadata(&place).map_err(|error| self.lost(path, &error))?;
            if !metadata.is_symlink() {
                continue;
            }
            links += 1;
            if links > LINKS_LIMIT {
                return Err(Error::Other(io::ErrorKind::TooManyLinks));
            }
            let target = fs::read_link(&place)?;
            let target = target.as_os_str().as_bytes();
            names.pop();
            if target.first() == Some(&b'/') {
                names.clear();
            }
            todo.extend(target.split(|byte| *byte == b'/').rev().map(<[u8]>::to_vec));
        }
        Ok(self.place(&names))
    }

    fn place(&self, names: &[Vec<u8>]) -> PathBuf {
        let mut place = self.root.clone();
        place.extend(names.iter().map(|name| Path::new(std::ffi::OsStr::from_bytes(name))));
        place
    }

    fn lost(&self, path: &str, error: &io::Error) -> Error {
        match Error::from(error.kind()) {
            Error::NotFound => self.missing(path),
            other => other,
        }
    }

    /// Pid 1's environment, which the older recordings keep in machine.json.
    fn pid1_environ(&self) -> Option<Vec<u8>> {
        let variables = self.pid1_environment.as_ref()?;
        Some(variables.iter().flat_map(|(name, value)| format!("{name}={value}\0").into_bytes()).collect())
    }
}

impl Host for RecordedHost {
    fn platform(&self) -> Platform {
        self.platform
    }

    fn read_start(&self, path: &str, limit: usize) -> Result<Start> {
        self.check_readable(path)?;
        let place = match self.resolve(path, true) {
            Ok(place) => place,
            Err(error) => {
                let environ = if path == "/proc/1/environ" { self.pid1_environ() } else { None };
                let mut bytes = environ.ok_or(error)?;
                let whole = bytes.len() <= limit;
                bytes.truncate(limit);
                return Ok(Start { bytes, whole });
            }
        };
        crate::sys::read_start(place.to_str().ok_or(Error::Malformed)?, limit)
    }

    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        self.check_readable(path)?;
        let place = self.resolve(path, false)?;
        let target = fs::read_link(place).map_err(|error| self.lost(path, &error))?;
        Ok(target.as_os_str().as_bytes().to_vec())
    }

    fn list(&self, path: &str, limit: usize) -> Result<Vec<String>> {
        self.check_readable(path)?;
        let place = self.resolve(path, true)?;
        crate::sys::list(place.to_str().ok_or(Error::Malformed)?, limit).map_err(|error| match error {
            Error::NotFound => self.missing(path),
            other => other,
        })
    }

    fn metadata(&self, path: &str) -> Result<Metadata> {
        let place = self.resolve(path, false)?;
        let metadata = fs::symlink_metadata(place).map_err(|error| self.lost(path, &error))?;
        let kind = if metadata.is_symlink() {
            FileKind::Link
        } else if metadata.is_dir() {
            FileKind::Folder
        } else if metadata.is_file() {
            FileKind::File
        } else {
            FileKind::Other
        };
        // The inode of the recording says nothing about the machine's.
        Ok(Metadata { kind, size: metadata.len(), inode: None })
    }

    fn sysctl_text(&self, name: &str) -> Result<String> {
        self.sysctl.get(name).cloned().ok_or(Error::NotFound)
    }

    fn sysctl_integer(&self, name: &str) -> Result<i64> {
        let text = self.sysctl.get(name).ok_or(Error::NotFound)?;
        text.trim().parse().map_err(|_not_a_number| Error::Malformed)
    }

    fn kenv(&self, name: &str) -> Result<String> {
        self.kenv.get(name).cloned().ok_or(Error::NotFound)
    }

    fn cpuid(&self, leaf: u32, subleaf: u32) -> Result<CpuidRegisters> {
        if let Some(registers) = self.cpuid_leaves.get(&format!("{leaf:x}:{subleaf}")) {
            return Ok(*registers);
        }
        match (leaf, self.hypervisor_bit, self.hypervisor_signature.as_deref()) {
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
            _ => Err(Error::Unsupported),
        }
    }

    fn uname(&self) -> Result<Uname> {
        self.uname.clone().ok_or(Error::Unsupported)
    }

    fn environment(&self, name: &str) -> Result<Vec<u8>> {
        self.environment.get(name).map(|value| value.clone().into_bytes()).ok_or(Error::NotFound)
    }

    fn filesystem_size(&self, path: &str) -> Result<u64> {
        self.filesystems.get(path).copied().ok_or(Error::Unsupported)
    }

    fn quantities(&self) -> Result<Quantities> {
        self.quantities.clone().ok_or(Error::Unsupported)
    }
}
