//! Common evidence: the answers that every user of a machine gets.

use std::borrow::Cow;

use crate::host::{CpuidRegisters, Error, Host, Metadata, NetworkTable, Platform, Quantities, Result, Start, Uname};
use crate::text::parts;

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

/// Of those, what every process may ask about itself without an answer of its own: where it runs, not what it is.
const OPEN_TO_ITSELF: &[&str] = &["ns", "mountinfo", "mounts", "mountstats"];

/// Where Netdata's image has the host's files.
const HOST: &str = "/host";

/// The path without empty names and `.`, as the kernel walks it (`path_resolution(7)`). What is relative stays so.
fn normal(path: &str) -> Cow<'_, str> {
    let is_name = |name: &&str| !matches!(*name, "" | ".");
    let Some(below) = path.strip_prefix('/') else { return Cow::Borrowed(path) };
    if parts(below, b'/').all(|name| is_name(&name)) {
        return Cow::Borrowed(path);
    }
    let names: Vec<&str> = parts(below, b'/').filter(is_name).collect();
    Cow::Owned(format!("/{}", names.join("/")))
}

/// What is left of a path below a folder. Some systems do not tell small letters from capitals.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let (start, rest) = path.split_at_checked(folder.len())?;
    ((rest.is_empty() || rest.starts_with('/')) && start.eq_ignore_ascii_case(folder)).then_some(rest)
}

/// Whether a path is no common evidence, however it is spelled. It compares the text of the path alone: this makes answers equal,
/// and is no sandbox.
pub(crate) fn is_refused(path: &str) -> bool {
    let path = normal(path);
    let path = below(&path, HOST).unwrap_or(&path);
    if parts(path, b'/').any(|name| name == "..")
        || REFUSED_FOLDERS.iter().any(|folder| below(path, folder).is_some())
        || below(path, "/dev").is_some()
    {
        return true;
    }
    // /sys/class/dmi/id leads to /sys/devices/virtual/dmi/id.
    if path.starts_with("/sys/")
        && let Some((_, name)) = path.split_once("/dmi/id/")
    {
        return REFUSED_DMI.contains(&name);
    }
    let Some((process, name)) = path.strip_prefix("/proc/").and_then(|rest| rest.split_once('/')) else {
        return false;
    };
    let name = parts(name, b'/').next().unwrap_or_default();
    let of_itself = matches!(process, "self" | "thread-self");
    (of_itself || process.bytes().all(|byte| byte.is_ascii_digit()))
        && REFUSED_OF_PROCESSES.contains(&name)
        && !(of_itself && OPEN_TO_ITSELF.contains(&name))
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
    // Where a relative path leads depends on the caller's folder.
    if !path.starts_with('/') || is_refused(path) { Err(Error::Refused) } else { Ok(()) }
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
    fn network(&self, table: NetworkTable) -> Result<Vec<u8>> {
        self.0.network(table)
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use super::*;
    use crate::host::live::LiveHost;

    const REFUSED: &[&str] = &[
        "/proc/1/environ",
        "/proc/1/ns/pid",
        "/proc/4711/root",
        "/proc/4711/mountinfo",
        "/proc/1/task/1/environ",
        "/proc/self/environ",
        "/proc/self/root/dev/kvm",
        "/proc/thread-self/cwd",
        "/proc/self/fd/3",
        "/sys/firmware/acpi/tables/FACP",
        "/sys/firmware/dmi/entries/0-0/raw",
        "/sys/class/dmi/id/product_serial",
        "/sys/class/dmi/id/product_uuid",
        "/sys/devices/virtual/dmi/id/board_serial",
        "/dev/kvm",
        "/dev",
        "/DEV/kvm",
        "/Home/alice",
        "/root/x",
        "/host/proc/1/environ",
        "/host/dev/kvm",
        "/etc/../dev/kvm",
    ];

    const OPEN: &[&str] = &[
        "/proc/1/comm",
        "/proc/1/cgroup",
        "/proc/self/mountinfo",
        "/proc/self/ns/pid",
        "/proc/self/status",
        "/proc/environ",
        "/proc/device-tree/model",
        "/sys/class/dmi/id/sys_vendor",
        "/sys/devices/virtual/dmi/id/product_name",
        "/sys/firmware/uv/prot_virt_guest",
        "/etc/os-release",
        "/host/etc/os-release",
        "/host",
        "/device",
        "/homes/x",
        "/",
    ];

    #[test]
    fn the_table_of_refused_paths() {
        for path in REFUSED {
            assert!(is_refused(path), "{path}");
        }
        for path in OPEN {
            assert!(!is_refused(path), "{path}");
        }
    }

    /// Every way to write each path: with more slashes and with names that lead nowhere.
    #[test]
    fn no_spelling_of_a_path_changes_the_answer() {
        const GAPS: [&str; 4] = ["/", "//", "/./", "/.///././"];
        for (path, refused) in REFUSED.iter().map(|path| (path, true)).chain(OPEN.iter().map(|path| (path, false))) {
            let names: Vec<&str> = path.split('/').skip(1).collect();
            for mut choice in 0..GAPS.len().pow(u32::try_from(names.len() + 1).unwrap()) {
                let mut gap = || {
                    let gap = GAPS[choice % GAPS.len()];
                    choice /= GAPS.len();
                    gap
                };
                let mut spelled = names.iter().flat_map(|name| [gap(), name]).collect::<String>();
                spelled.push_str(Some(gap()).filter(|end| *end != "/").unwrap_or_default());
                assert_eq!(is_refused(&spelled), refused, "{path}: {spelled}");
            }
        }
    }

    /// Any row of names, slashes and dots is refused as the path is that the standard library reads in it.
    #[test]
    fn a_path_is_refused_as_its_names_are() {
        const WORDS: [&str; 16] = [
            "/", "/", "/", ".", "..", "dev", "proc", "1", "self", "environ", "ns", "sys", "firmware", "acpi", "host",
            "root",
        ];
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % 1024).unwrap()
        };
        let mut count = 0;
        for _ in 0..100_000 {
            let length = 1 + next() % 12;
            let path: String = std::iter::once("/").chain((0..length).map(|_| WORDS[next() % WORDS.len()])).collect();
            let names: Vec<Component<'_>> = Path::new(&path).components().collect();
            let plain: Vec<&str> = names.iter().skip(1).map(|name| name.as_os_str().to_str().unwrap()).collect();
            let expected = names.contains(&Component::ParentDir) || is_refused(&format!("/{}", plain.join("/")));
            assert_eq!(is_refused(&path), expected, "{path}");
            count += u32::from(expected);
        }
        assert!(count > 1000, "{count}");
    }

    #[test]
    fn every_question_about_files_is_held_to_it() {
        let host = CommonEvidence::new(LiveHost::new());
        for path in ["//dev/null", "/proc/1//environ", "/proc/./1/environ", "/dev/", "dev/null", "../dev/null", ""] {
            assert_eq!(host.read_start(path, 1).map(|_| ()), Err(Error::Refused), "{path}");
            assert_eq!(host.read_link(path).map(|_| ()), Err(Error::Refused), "{path}");
            assert_eq!(host.list(path, 1).map(|_| ()), Err(Error::Refused), "{path}");
            assert_eq!(host.metadata(path).map(|_| ()), Err(Error::Refused), "{path}");
            assert_eq!(host.filesystem_size(path).map(|_| ()), Err(Error::Refused), "{path}");
        }
        assert!(host.metadata("//").is_ok());
    }
}
