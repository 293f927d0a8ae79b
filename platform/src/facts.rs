//! All facts, by group and as one list.

use std::fmt;

use crate::fact::{Evidence, Fact, State};
use crate::source::Source;

/// All facts of a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// The operating system around this program: in a container, the container's.
    pub os: Os,
    /// The operating system of the container's host, if its os-release is mounted below `/host`.
    pub host_os: Option<Os>,
    /// The kernel.
    pub kernel: Kernel,
    /// The virtual machine and the cloud.
    pub virtualization: Virtualization,
    /// The container around this program.
    pub container: Container,
    /// The processors.
    pub cpu: Cpu,
    /// The memory.
    pub memory: Memory,
    /// The disks.
    pub disk: Disk,
    /// The maker of the machine.
    pub hardware: Hardware,
}

/// Identity of an operating system, os-release(5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Os {
    /// `linux`, `macos`, `freebsd`
    pub family: Fact<String>,
    /// `Debian GNU/Linux`
    pub name: Fact<String>,
    /// `debian`
    pub id: Fact<String>,
    /// The ids of the systems that it derives from, separated by spaces, the closest first.
    pub id_like: Fact<String>,
    /// Version for people: `12 (bookworm)`.
    pub version: Fact<String>,
    /// Version for programs: `12`.
    pub version_id: Fact<String>,
    /// `bookworm`
    pub version_codename: Fact<String>,
    /// Name and version for people: `Debian GNU/Linux 12 (bookworm)`.
    pub pretty_name: Fact<String>,
    /// `server`
    pub variant_id: Fact<String>,
    /// Build of the system's image.
    pub build_id: Fact<String>,
}

impl Os {
    /// Every fact the same.
    pub(crate) fn all(fact: &Fact<String>) -> Self {
        Self {
            family: fact.clone(),
            name: fact.clone(),
            id: fact.clone(),
            id_like: fact.clone(),
            version: fact.clone(),
            version_id: fact.clone(),
            version_codename: fact.clone(),
            pretty_name: fact.clone(),
            variant_id: fact.clone(),
            build_id: fact.clone(),
        }
    }
}

/// The kernel, uname(2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kernel {
    /// `Linux`
    pub name: Fact<String>,
    /// `6.1.0-28-amd64`
    pub release: Fact<String>,
    /// `#1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)`
    pub version: Fact<String>,
    /// `x86_64`
    pub architecture: Fact<String>,
}

/// The virtual machine and the cloud. The container is a fact of its own, as one can be inside the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Virtualization {
    /// The word of systemd-detect-virt(1) where it has one; real hardware is [`State::None`].
    pub name: Fact<String>,
    /// The technology of a product: `kvm` for `amazon`.
    pub hypervisor: Fact<String>,
    /// The hypervisor whose privileged guest this is: `xen` in dom0.
    pub host_of: Fact<String>,
    /// The cloud, as the machine itself names it: `aws`.
    pub cloud: Fact<String>,
    /// Protection from the host: `sev-snp`, `tdx`, `protvirt`.
    pub confidential: Fact<String>,
}

/// The container around this program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Container {
    /// The word of systemd-detect-virt(1) where it has one; outside a container [`State::None`].
    pub name: Fact<String>,
    /// Whether it is part of a Kubernetes pod.
    pub kubernetes: Fact<bool>,
    /// Whether the machine is a Kubernetes node: this is a pod, or kubelet's cgroup for pods exists.
    pub kubernetes_node: Fact<bool>,
    /// Whether the image says that it is Netdata's own.
    pub official_image: Fact<bool>,
}

/// The processors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cpu {
    /// Name of the model: `Intel(R) Xeon(R) CPU @ 2.20GHz`.
    pub model: Fact<String>,
    /// Vendor in the processor's own word: `GenuineIntel`; without one, the maker's name. Never [`State::None`].
    pub vendor: Fact<String>,
    /// Online logical CPUs of the machine, not those that a container may use.
    pub logical_count: Fact<u64>,
    /// Cores in all sockets, those with a CPU online.
    pub core_count: Fact<u64>,
    /// Sockets.
    pub socket_count: Fact<u64>,
    /// Logical CPUs of the core with the most.
    pub threads_per_core: Fact<u64>,
    /// Highest frequency of any CPU in hertz, or else the nominal one.
    pub frequency_hz: Fact<u64>,
}

/// The memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memory {
    /// Memory of the machine in bytes, not a container's share.
    pub total_bytes: Fact<u64>,
}

/// The disks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disk {
    /// Bytes of all real disks of the machine, each counted once.
    pub total_bytes: Fact<u64>,
}

/// The maker of the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hardware {
    /// `Dell Inc.`
    pub vendor: Fact<String>,
    /// `PowerEdge R750`
    pub product: Fact<String>,
}

/// The value of a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value<'f> {
    /// One clean line. It is `none` for the name of the virtual machine or container where there is none.
    Text(&'f str),
    /// A count, or an amount in bytes or hertz.
    Number(u64),
    /// Yes or no.
    Bool(bool),
    /// Known to be absent.
    None,
    /// The machine gave no answer.
    Unknown,
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Bool(bool) => write!(f, "{bool}"),
            Self::None => f.write_str("none"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// One fact in the list of all.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Leaf<'f> {
    /// `os`, `host_os`, `kernel` …
    pub group: &'static str,
    /// `name`, `id` …
    pub name: &'static str,
    /// The answer.
    pub value: Value<'f>,
    /// What decided the answer.
    pub source: Option<Source>,
    /// Every question in order, failed ones included.
    pub evidence: &'f [Evidence],
}

impl Leaf<'_> {
    /// Whether only a privileged user can read the source.
    pub fn is_privileged(&self) -> bool {
        self.source.is_some_and(Source::is_privileged)
    }
}

/// A value as a leaf holds it.
trait AsValue {
    fn as_value(&self) -> Value<'_>;
}

impl AsValue for String {
    fn as_value(&self) -> Value<'_> {
        Value::Text(self)
    }
}

impl AsValue for u64 {
    fn as_value(&self) -> Value<'_> {
        Value::Number(*self)
    }
}

impl AsValue for bool {
    fn as_value(&self) -> Value<'_> {
        Value::Bool(*self)
    }
}

fn leaf<'f, T: AsValue>(group: &'static str, name: &'static str, fact: &'f Fact<T>) -> Leaf<'f> {
    let value = match &fact.state {
        State::Known(value) => value.as_value(),
        State::None => Value::None,
        State::Unknown => Value::Unknown,
    };
    Leaf { group, name, value, source: fact.source, evidence: &fact.evidence }
}

/// A name from systemd-detect-virt(1), which has the word `none`.
fn named<'f>(group: &'static str, fact: &'f Fact<String>) -> Leaf<'f> {
    let leaf = leaf(group, "name", fact);
    if leaf.value == Value::None { Leaf { value: Value::Text("none"), ..leaf } } else { leaf }
}

macro_rules! leaves {
    ($group:expr, $from:expr, $($name:ident),*) => {
        [$(leaf($group, stringify!($name), &$from.$name)),*]
    };
}

/// The one group that may be missing.
pub(crate) const HOST_OS: &str = "host_os";

impl Facts {
    /// Every fact in a fixed order, group by group; `host_os` only if there is one.
    pub fn leaves(&self) -> Vec<Leaf<'_>> {
        let mut all = Vec::with_capacity(56);
        all.extend(os_leaves("os", &self.os));
        if let Some(host_os) = &self.host_os {
            all.extend(os_leaves(HOST_OS, host_os));
        }
        all.extend(leaves!("kernel", self.kernel, name, release, version, architecture));
        all.push(named("virtualization", &self.virtualization.name));
        all.extend(leaves!("virtualization", self.virtualization, hypervisor, host_of, cloud, confidential));
        all.push(named("container", &self.container.name));
        all.extend(leaves!("container", self.container, kubernetes));
        all.extend(leaves!(
            "cpu",
            self.cpu,
            model,
            vendor,
            logical_count,
            core_count,
            socket_count,
            threads_per_core,
            frequency_hz
        ));
        all.extend(leaves!("memory", self.memory, total_bytes));
        all.extend(leaves!("disk", self.disk, total_bytes));
        all.extend(leaves!("hardware", self.hardware, vendor, product));
        all
    }
}

fn os_leaves<'f>(group: &'static str, os: &'f Os) -> [Leaf<'f>; 10] {
    leaves!(
        group,
        os,
        family,
        name,
        id,
        id_like,
        version,
        version_id,
        version_codename,
        pretty_name,
        variant_id,
        build_id
    )
}
