//! The facts, and one way to walk over all of them.

use crate::fact::{Evidence, Fact, State};
use crate::source::Source;

/// Everything that is found out about a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The operating system that this program runs in: a container's own, in a container.
    pub os: Os,
    /// The operating system of the machine that a container runs on, where it is mounted at /host.
    pub host_os: Option<Os>,
    /// The kernel.
    pub kernel: Kernel,
    /// The machine underneath.
    pub virtualization: Virtualization,
    /// The container, if any.
    pub container: Container,
    /// The processors.
    pub cpu: Cpu,
    /// The memory.
    pub memory: Memory,
    /// The disks.
    pub disk: Disk,
    /// Who made the machine.
    pub hardware: Hardware,
}

/// Identity of an operating system, os-release(5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Os {
    /// `linux`, `macos`, `freebsd`
    pub family: Fact<String>,
    /// `Debian GNU/Linux`
    pub name: Fact<String>,
    /// `debian`
    pub id: Fact<String>,
    /// The ids of the systems that it is made from, separated by spaces, the closest first.
    pub id_like: Fact<String>,
    /// Version as its makers write it for people.
    pub version: Fact<String>,
    /// Version for programs.
    pub version_id: Fact<String>,
    /// `bookworm`
    pub version_codename: Fact<String>,
    /// Name and version for people.
    pub pretty_name: Fact<String>,
    /// `server`
    pub variant_id: Fact<String>,
    /// Which build of it.
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

/// uname(2)
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

/// What the machine runs on. Container and virtual machine are separate facts: one can be inside the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Virtualization {
    /// In the words of systemd-detect-virt(1) where it has one; `none` is [`State::None`].
    pub name: Fact<String>,
    /// The technology below a product: `kvm` below `amazon`.
    pub hypervisor: Fact<String>,
    /// Of what this machine is the privileged host: `xen` in dom0.
    pub host_of: Fact<String>,
    /// The cloud that the machine belongs to, from what the machine itself says.
    pub cloud: Fact<String>,
    /// How the guest is protected from its host: `sev-snp`, `tdx`, `protvirt`.
    pub confidential: Fact<String>,
}

/// The container, if any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    /// In the words of systemd-detect-virt(1) where it has one; `none` is [`State::None`].
    pub name: Fact<String>,
    /// Whether it is part of a Kubernetes pod.
    pub kubernetes: Fact<bool>,
    /// Whether the machine is a Kubernetes node: in a pod, or with the pods' cgroup of a running kubelet.
    pub kubernetes_node: Fact<bool>,
    /// Whether it is Netdata's own image, as the image says.
    pub official_image: Fact<bool>,
}

/// The processors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cpu {
    /// Name of the model.
    pub model: Fact<String>,
    /// Vendor, as the processor says: `GenuineIntel`.
    pub vendor: Fact<String>,
    /// Logical CPUs that are online.
    pub logical_count: Fact<u64>,
    /// Cores in all sockets.
    pub core_count: Fact<u64>,
    /// Sockets.
    pub socket_count: Fact<u64>,
    /// Logical CPUs in a core.
    pub threads_per_core: Fact<u64>,
    /// Highest frequency, or the nominal one where that is all there is.
    pub frequency_hz: Fact<u64>,
}

/// The memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// What the machine has, not what a container may use.
    pub total_bytes: Fact<u64>,
}

/// The disks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disk {
    /// Sum of the real disks, each once.
    pub total_bytes: Fact<u64>,
}

/// Who made the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hardware {
    /// `Dell Inc.`
    pub vendor: Fact<String>,
    /// `PowerEdge R750`
    pub product: Fact<String>,
}

/// The value of a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'f> {
    /// Text: clean, one line. `none` for the name of a machine or container that there is not.
    Text(&'f str),
    /// A number.
    Number(u64),
    /// Yes or no.
    Bool(bool),
    /// Found out: there is none.
    None,
    /// Could not be found out.
    Unknown,
}

/// One fact with its place among all.
#[derive(Clone, Copy, Debug)]
pub struct Leaf<'f> {
    /// `os`, `host_os`, `kernel` …
    pub group: &'static str,
    /// `name`, `id` …
    pub name: &'static str,
    /// What is known.
    pub value: Value<'f>,
    /// What decided it.
    pub source: Option<Source>,
    /// What was asked.
    pub evidence: &'f [Evidence],
}

impl Leaf<'_> {
    /// Whether the value rests on what only a privileged user may see.
    pub fn is_privileged(&self) -> bool {
        self.source.is_some_and(Source::is_privileged)
    }
}

/// What a fact's value looks like to those who print it.
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

/// A name of systemd-detect-virt(1), which calls it `none` where there is none.
fn named<'f>(group: &'static str, fact: &'f Fact<String>) -> Leaf<'f> {
    let leaf = leaf(group, "name", fact);
    if leaf.value == Value::None { Leaf { value: Value::Text("none"), ..leaf } } else { leaf }
}

macro_rules! leaves {
    ($group:expr, $from:expr, $($name:ident),*) => {
        [$(leaf($group, stringify!($name), &$from.$name)),*]
    };
}

/// The group whose object may be missing.
pub(crate) const HOST_OS: &str = "host_os";

impl Facts {
    /// Every fact in a fixed order, group by group. `host_os` is there only where it is known of.
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
