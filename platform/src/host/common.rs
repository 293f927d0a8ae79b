//! Common evidence: the answers that every user of a machine gets.

use crate::host::{CpuidRegisters, Error, Host, Metadata, Platform, Quantities, Result, Start, Uname};

/// Folders without common evidence: only root can read them, or they differ between users.
const REFUSED_FOLDERS: &[&str] = &["/sys/firmware/acpi", "/sys/firmware/dmi", "/sys/kernel/debug", "/root", "/home"];

/// Files in /proc/PID that need the right to trace the process (proc(5), "ptrace access mode").
const REFUSED_OF_PROCESSES: &[&str] = &[
    "environ",
    "ns",
    "root",
    "cwd",
    "exe",
    "fd",
    "fdinfo",
    "maps",
    "smaps",
    "mem",
    "mountinfo",
    "mounts",
    "mountstats",
    "stack",
    "io",
    "auxv",
    "map_files",
    "task",
];

/// Mode 0400 in drivers/firmware/dmi-id.c.
const REFUSED_DMI: &[&str] = &["product_serial", "product_uuid", "board_serial", "chassis_serial"];

/// The two variables of the Netdata daemon's contract.
const COMMON_VARIABLES: &[&str] = &["VIRTUALIZATION", "NETDATA_OFFICIAL_IMAGE"];

/// Whether a path is no common evidence. It compares the text of the path alone: this makes answers equal, and is no
/// sandbox.
pub(crate) fn is_refused(path: &str) -> bool {
    let below = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if path.as_bytes().split(|byte| *byte == b'/').any(|part| part == b"..")
        || REFUSED_FOLDERS.iter().any(|folder| below(folder))
        || below("/dev")
    {
        return true;
    }
    if let Some(name) = path.strip_prefix("/sys/class/dmi/id/") {
        return REFUSED_DMI.contains(&name);
    }
    let Some((process, name)) = path.strip_prefix("/proc/").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    process.bytes().all(|byte| byte.is_ascii_digit())
        && REFUSED_OF_PROCESSES.contains(&name.split('/').next().unwrap_or_default())
}

/// A host that refuses a fixed list of questions to everybody: files that not every user can read, and the caller's
/// environment. So the daemon's user, a person and root get the same answers.
#[derive(Clone, Copy, Debug)]
pub struct CommonEvidence<H>(H);

impl<H: Host> CommonEvidence<H> {
    /// Wraps a host.
    pub fn new(host: H) -> Self {
        Self(host)
    }
}

fn allowed(path: &str) -> Result<()> {
    if is_refused(path) { Err(Error::Refused) } else { Ok(()) }
}

impl<H: Host> Host for CommonEvidence<H> {
    fn platform(&self) -> Platform {
        self.0.platform()
    }
    fn read_start(&self, path: &str, limit: usize) -> Result<Start> {
        allowed(path)?;
        self.0.read_start(path, limit)
    }
    fn read_link(&self, path: &str) -> Result<Vec<u8>> {
        allowed(path)?;
        self.0.read_link(path)
    }
    fn list(&self, path: &str, limit: usize) -> Result<Vec<String>> {
        allowed(path)?;
        self.0.list(path, limit)
    }
    fn metadata(&self, path: &str) -> Result<Metadata> {
        allowed(path)?;
        self.0.metadata(path)
    }
    fn sysctl_text(&self, name: &str) -> Result<String> {
        self.0.sysctl_text(name)
    }
    fn sysctl_integer(&self, name: &str) -> Result<i64> {
        self.0.sysctl_integer(name)
    }
    fn kenv(&self, name: &str) -> Result<String> {
        self.0.kenv(name)
    }
    fn cpuid(&self, leaf: u32, subleaf: u32) -> Result<CpuidRegisters> {
        self.0.cpuid(leaf, subleaf)
    }
    fn uname(&self) -> Result<Uname> {
        self.0.uname()
    }
    fn environment(&self, name: &str) -> Result<Vec<u8>> {
        if COMMON_VARIABLES.contains(&name) { self.0.environment(name) } else { Err(Error::Refused) }
    }
    fn filesystem_size(&self, path: &str) -> Result<u64> {
        allowed(path)?;
        self.0.filesystem_size(path)
    }
    fn quantities(&self) -> Result<Quantities> {
        self.0.quantities()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_refused_paths() {
        for refused in [
            "/proc/1/environ",
            "/proc/1/ns/pid",
            "/proc/4711/root",
            "/proc/4711/mountinfo",
            "/sys/firmware/acpi/tables/FACP",
            "/sys/firmware/dmi/entries/0-0/raw",
            "/sys/class/dmi/id/product_serial",
            "/sys/class/dmi/id/product_uuid",
            "/dev/kvm",
            "/dev",
            "/etc/../dev/kvm",
        ] {
            assert!(is_refused(refused), "{refused}");
        }
        for open in [
            "/proc/1/comm",
            "/proc/1/cgroup",
            "/proc/self/mountinfo",
            "/proc/self/ns/pid",
            "/proc/device-tree/model",
            "/sys/class/dmi/id/sys_vendor",
            "/sys/firmware/uv/prot_virt_guest",
            "/etc/os-release",
            "/device",
        ] {
            assert!(!is_refused(open), "{open}");
        }
    }
}
