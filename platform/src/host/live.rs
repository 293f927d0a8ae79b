//! This machine.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use crate::host::sys;
use crate::host::{CpuidRegisters, Error, Host, Metadata, NetworkTable, Platform, Quantities, Result, Start, Uname};

/// The machine around this program.
#[derive(Clone, Debug, Default)]
pub struct LiveHost {
    /// Replaces the environment of this process.
    environment: Option<BTreeMap<String, OsString>>,
}

impl LiveHost {
    /// The machine, with the environment of this process.
    pub fn new() -> Self {
        Self::default()
    }

    /// The machine, with only these variables as environment.
    pub fn with_environment(variables: impl IntoIterator<Item = (String, OsString)>) -> Self {
        Self { environment: Some(variables.into_iter().collect()) }
    }
}

impl Host for LiveHost {
    fn platform(&self) -> Platform {
        sys::PLATFORM
    }
    fn read_start(&self, path: &str, limit: usize) -> Result<Start> {
        sys::read_start(path, limit)
    }
    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        sys::read_link(path)
    }
    fn list(&self, path: &str, limit: usize) -> Result<Vec<String>> {
        sys::list(path, limit)
    }
    fn metadata(&self, path: &str) -> Result<Metadata> {
        sys::metadata(path)
    }
    fn sysctl_text(&self, name: &str) -> Result<String> {
        sys::sysctl_text(name)
    }
    fn sysctl_integer(&self, name: &str) -> Result<i64> {
        sys::sysctl_integer(name)
    }
    fn kenv(&self, name: &str) -> Result<String> {
        sys::kenv(name)
    }
    fn cpuid(&self, leaf: u32, subleaf: u32) -> Result<CpuidRegisters> {
        sys::cpuid(leaf, subleaf)
    }
    fn uname(&self) -> Result<Uname> {
        Ok(sys::uname())
    }
    fn environment(&self, name: &str) -> Result<Vec<u8>> {
        match &self.environment {
            Some(variables) => variables.get(name).cloned(),
            None => std::env::var_os(name),
        }
        .map(OsString::into_vec)
        .ok_or(Error::NotFound)
    }
    fn filesystem_size(&self, path: &str) -> Result<u64> {
        sys::filesystem_size(path)
    }
    fn quantities(&self) -> Result<Quantities> {
        sys::quantities()
    }
    fn network(&self, table: NetworkTable) -> Result<Vec<u8>> {
        sys::network(table)
    }
}
