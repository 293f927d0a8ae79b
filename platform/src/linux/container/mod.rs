//! Whether this is a container, and whose.
//!
//! A container is proven by the pid or the cgroup namespace not being the initial one, by its manager's mark on pid 1, by its
//! mounts or by its cgroup. A mount, UTS, IPC, user or network namespace proves nothing: a hardened service has all five.
//! A marker file only names what something else proves.

pub(crate) mod cgroup;
pub(crate) mod mountinfo;

use crate::ask::{Ask, Machine};
use crate::fact::State;
use crate::facts::{Container, Kernel};
use crate::host::Error;
use crate::linux::container::mountinfo::Mark;
use crate::source::Source;
use crate::tables::CONTAINER_WORDS;
use crate::text::{VALUE_LIMIT, clean, leading_number};
use crate::unix;

/// systemd's word for a container that nothing names.
pub(crate) const OTHER: &str = "container-other";

/// The manager's mounts come first: they are made with the container, before anything runs in it.
pub(crate) const MOUNTINFO_LIMIT: usize = 256 * 1024;
const CGROUP_LIMIT: usize = 64 * 1024;
const STATUS_LIMIT: usize = 16 * 1024;
const ENVIRON_LIMIT: usize = 128 * 1024;

/// The inode numbers of the initial namespaces (include/uapi/linux/nsfs.h; fixed in `include/linux/proc_ns.h` since 3.8).
const INITIAL_PID: &str = "pid:[4026531836]";
const INITIAL_CGROUP: &str = "cgroup:[4026531835]";

/// The cgroup that kubelet makes for its pods. It is in memory only, so a kubelet has run since this machine's start.
const POD_GROUPS: [&str; 4] = [
    "/sys/fs/cgroup/kubepods.slice",
    "/sys/fs/cgroup/kubepods",
    "/sys/fs/cgroup/systemd/kubepods.slice",
    "/sys/fs/cgroup/systemd/kubepods",
];

/// What was found so far: the strongest evidence is asked first, so the first word stands.
#[derive(Default)]
struct Findings {
    proof: Option<Source>,
    name: Option<(&'static str, Source)>,
    pod: Option<Source>,
    /// Something that would have proven a container says that there is none.
    initial: Option<Source>,
    /// The namespaces are there and may not be seen: then a cgroup without marks says nothing.
    hidden: bool,
    /// All mounts were seen.
    mounts: bool,
    /// The kernel is Microsoft's for Linux on Windows, which containers inside share.
    wsl: bool,
}

impl Findings {
    fn proves(&mut self, source: Source) {
        self.proof.get_or_insert(source);
    }

    fn names(&mut self, name: &'static str, source: Source) {
        if name != OTHER {
            self.name.get_or_insert((name, source));
        }
    }

    fn found(&mut self, name: &'static str, source: Source) {
        self.proves(source);
        self.names(name, source);
    }

    fn marked(&mut self, marks: &[Mark], source: Source) {
        for mark in marks {
            match mark {
                Mark::Manager(name) => self.found(name, source),
                Mark::Pod => {
                    self.proves(source);
                    self.pod.get_or_insert(source);
                }
            }
        }
    }
}

/// What a manager's own word means here.
fn word(word: &str) -> &'static str {
    CONTAINER_WORDS.iter().find(|row| row.word == word).map_or(OTHER, |row| row.name)
}

pub(crate) fn container(machine: &Machine<'_>, kernel: &Kernel) -> Container {
    let mut ask = Ask::new(machine);
    let mut findings = Findings::default();
    for step in STEPS {
        (step.look)(&mut ask, &mut findings, kernel);
    }
    conclude(machine, ask, &findings)
}

/// One place to look, and what it is called in the documentation.
struct Step {
    what: &'static str,
    look: fn(&mut Ask<'_, '_>, &mut Findings, &Kernel),
}

/// The strongest evidence first: what is found later neither takes back a proof nor replaces a name.
const STEPS: &[Step] = &[
    Step { what: "the kernel itself: WSL, gVisor, illumos' zones, OpenVZ", look: kernels },
    Step {
        what: "proof: the pid and the cgroup namespace are not the first ones",
        look: |ask, findings, _| namespaces(ask, findings),
    },
    Step { what: "`/proc/self/status`: tracer, context", look: |ask, findings, _| status(ask, findings) },
    Step {
        what: "the manager's mark on process 1 (with `--privileged`)",
        look: |ask, findings, _| pid1_environment(ask, findings),
    },
    Step { what: "mounts, then cgroups", look: |ask, findings, _| mounts_and_cgroups(ask, findings) },
    Step {
        what: "the manager's files: a name; a proof only where namespaces cannot be seen",
        look: |ask, findings, _| manager_files(ask, findings),
    },
    Step {
        what: "a kernel without namespace files: a cgroup without marks means none",
        look: |ask, findings, _| no_namespaces(ask, findings),
    },
    Step {
        what: "WSL, where nothing inside it was named",
        look: |_, findings, _| {
            if findings.wsl {
                findings.names("wsl", Source::UNAME);
            }
        },
    },
    Step {
        what: "names only, for what is proven: process 1, marker files",
        look: |ask, findings, _| markers(ask, findings),
    },
    Step {
        what: "podman's mounts in a pod are CRI-O's: both mount the same files, only CRI-O works for kubelet",
        look: |_, findings, _| {
            if let (Some(("podman", source)), true) = (findings.name, findings.pod.is_some()) {
                findings.name = Some(("crio", source));
            }
        },
    },
];

/// What is looked at, in this order.
pub(crate) fn precedence() -> impl Iterator<Item = &'static str> {
    STEPS.iter().map(|step| step.what)
}

fn conclude(machine: &Machine<'_>, ask: Ask<'_, '_>, findings: &Findings) -> Container {
    let conclusion = ask.done();
    let name = match (findings.proof, findings.name, findings.initial) {
        (Some(_), Some((name, source)), _) => conclusion.fact(State::Known(name.to_owned()), source),
        (Some(proof), None, _) => conclusion.fact(State::Known(OTHER.to_owned()), proof),
        (None, _, Some(source)) => conclusion.fact(State::None, source),
        (None, _, None) => conclusion.unknown(),
    };
    let kubernetes = match (findings.pod, findings.proof, findings.initial) {
        (Some(source), ..) => conclusion.fact(State::Known(true), source),
        (None, Some(source), _) | (None, None, Some(source)) => conclusion.fact(State::Known(false), source),
        (None, None, None) => conclusion.unknown(),
    };
    let kubernetes_node = if findings.pod.is_some() {
        kubernetes.clone()
    } else {
        let mut ask = Ask::new(machine);
        let runs_pods = POD_GROUPS.iter().any(|path| ask.exists(*path) == Some(true));
        ask.done().fact(State::Known(runs_pods), Source::CGROUP_TREE)
    };
    Container { name, kubernetes, kubernetes_node, official_image: crate::Fact::default() }
}

/// Kernels that are no kernel of their own machine.
fn kernels(ask: &mut Ask<'_, '_>, findings: &mut Findings, kernel: &Kernel) {
    let release = kernel.release.known().map_or("", String::as_str);
    // WSL 1 says `4.4.0-19041-Microsoft`, WSL 2 `5.15.90.1-microsoft-standard-WSL2`.
    if release.contains("Microsoft") || release.contains("WSL") {
        ask.saw("uname: release", release);
        findings.proves(Source::UNAME);
        findings.wsl = true;
    }
    // runsc's own name for the kernel that it is (gVisor pkg/sentry/syscalls/linux).
    if release.ends_with("-gvisor") {
        ask.saw("uname: release", release);
        findings.found("gvisor", Source::UNAME);
    }
    // illumos' Linux zones, usr/src/uts/common/brand/lx.
    let version = match kernel.version.known() {
        Some(version) => Some((version.clone(), Source::UNAME)),
        None => unix::proc_version(ask).map(|version| (version, Source::PROC_VERSION)),
    };
    if let Some((version, source)) = version
        && version.contains("BrandZ virtual linux")
    {
        findings.found("illumos-lx", source);
    }
    // OpenVZ shows /proc/vz to containers and host, /proc/bc to the host only.
    if ask.exists("/proc/vz") == Some(true) && ask.exists("/proc/bc") == Some(false) {
        findings.found("openvz", Source::PROC_VZ);
    }
}

/// A namespace's number in the text of its link.
#[cfg(feature = "recorded")]
pub(crate) fn kept_namespace(link: &str) -> Vec<&str> {
    let link = crate::text::beginning(link);
    let number = ["pid:[", "cgroup:["].iter().find_map(|kind| link.strip_prefix(kind)?.strip_suffix(']'));
    if number.is_some_and(|number| number.parse::<u32>().is_ok()) { vec![link] } else { Vec::new() }
}

/// The two namespaces that only containers leave.
fn namespaces(ask: &mut Ask<'_, '_>, findings: &mut Findings) {
    let both = [(Source::PID_NAMESPACE, INITIAL_PID), (Source::CGROUP_NAMESPACE, INITIAL_CGROUP)];
    for (source, initial) in both {
        let answer = ask.host().read_link(source.name());
        findings.hidden |= answer.as_ref().is_err_and(|error| *error != Error::NotFound);
        let Some(link) = ask.answer(source.name(), answer) else { continue };
        let link = clean(&link, VALUE_LIMIT);
        ask.saw(source.name(), &link);
        if link == initial {
            findings.initial.get_or_insert(source);
        } else if link.contains(":[") {
            findings.proves(source);
        }
    }
}

/// `proc_pid_status(5)` of this process: its tracer, and the context numbers of two old container systems.
fn status(ask: &mut Ask<'_, '_>, findings: &mut Findings) {
    let Some(file) = ask.text(Source::SELF_STATUS.name(), STATUS_LIMIT) else { return };
    for line in file.text.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        let number = || leading_number(value).unwrap_or(0);
        match key {
            // proot is a tracer that shows another root.
            "TracerPid" if number() > 0 && is_proot(ask, number()) => findings.found("proot", Source::SELF_STATUS),
            // Linux-VServer: context 0 is the host, 1 sees all of them.
            "VxID" | "s_context" if number() > 1 => {
                ask.saw("/proc/self/status: VxID", value);
                findings.found("linux-vserver", Source::SELF_STATUS);
            }
            "envID" if number() > 0 => {
                ask.saw("/proc/self/status: envID", value);
                findings.found("openvz", Source::SELF_STATUS);
            }
            _ => {}
        }
    }
}

#[cfg(feature = "recorded")]
pub(crate) fn kept_status(status: &str) -> Vec<&str> {
    let read = |(key, _): &(&str, &str)| ["TracerPid", "VxID", "s_context", "envID"].contains(key);
    let lines = status.lines().filter_map(|line| line.split_once(':')).filter(read);
    lines.flat_map(|(key, value)| [Some(key), crate::text::digits(value)]).flatten().collect()
}

fn is_proot(ask: &mut Ask<'_, '_>, process: u64) -> bool {
    ask.line(format!("/proc/{process}/comm")).is_some_and(|name| name.starts_with("proot"))
}

/// Process 1's variables that are looked at, and of their values a manager's own word.
#[cfg(feature = "recorded")]
pub(crate) fn kept_environment(environment: &[u8]) -> Vec<u8> {
    let values = |name: &'static [u8]| {
        environment.split(|byte| *byte == 0).filter_map(move |variable| variable.strip_prefix(name))
    };
    let words = || values(b"container=").filter(|value| !value.is_empty()).map(|value| clean(value, VALUE_LIMIT));
    let known = words().find_map(|value| CONTAINER_WORDS.iter().find(|row| row.word == value)).map(|row| row.word);
    let mut kept = Vec::new();
    // Which of the others' it is does not matter.
    if let Some(word) = known.or_else(|| words().next().map(|_| "other")) {
        kept.extend([b"container=", word.as_bytes(), b"\0"].concat());
    }
    if values(b"KUBERNETES_SERVICE_HOST=").next().is_some() {
        kept.extend(b"KUBERNETES_SERVICE_HOST=set\0");
    }
    kept
}

/// The manager's mark on pid 1, `systemd.io/CONTAINER_INTERFACE`. Only root may see it.
fn pid1_environment(ask: &mut Ask<'_, '_>, findings: &mut Findings) {
    let Some(environment) = ask.bytes(Source::PID1_ENVIRON.name(), ENVIRON_LIMIT) else { return };
    for variable in environment.split(|byte| *byte == 0) {
        if let Some(value) = variable.strip_prefix(b"container=")
            && !value.is_empty()
        {
            let value = clean(value, VALUE_LIMIT);
            ask.saw("/proc/1/environ: container", &value);
            findings.found(word(&value), Source::PID1_ENVIRON);
        } else if variable.starts_with(b"KUBERNETES_SERVICE_HOST=") {
            ask.saw("/proc/1/environ: KUBERNETES_SERVICE_HOST", "set");
            findings.proves(Source::PID1_ENVIRON);
            findings.pod.get_or_insert(Source::PID1_ENVIRON);
        }
    }
}

/// The same mark where every user may read it. Files can be left over, so they count as proof only where the
/// namespaces cannot tell, and name only what mounts and cgroup do not.
fn manager_files(ask: &mut Ask<'_, '_>, findings: &mut Findings) {
    for source in [Source::CONTAINER_MANAGER, Source::RUN_SYSTEMD_CONTAINER] {
        let Some(value) = ask.line(source.name()) else { continue };
        let name = word(&value);
        if findings.proof.is_some() || findings.initial.is_none() {
            findings.found(name, source);
        } else {
            // Mounts or a cgroup may still prove what it names.
            ask.contradicted(source.name(), UNPROVEN);
            findings.names(name, source);
        }
    }
}

fn mounts_and_cgroups(ask: &mut Ask<'_, '_>, findings: &mut Findings) {
    if let Some(file) = ask.text(Source::MOUNTINFO.name(), MOUNTINFO_LIMIT) {
        let mut marks = Vec::new();
        for mount in mountinfo::parse(&file.text) {
            if let Some(mark) = mountinfo::mark(mount)
                && !marks.contains(&mark)
            {
                ask.saw(format!("/proc/self/mountinfo: {}", clean(mount.point.as_bytes(), 64)), mount.root);
                marks.push(mark);
            }
        }
        if marks.is_empty() {
            ask.saw(Source::MOUNTINFO.name(), "no mounts of a container's manager");
        }
        findings.mounts = file.whole;
        findings.marked(&marks, Source::MOUNTINFO);
    }
    if let Some(file) = ask.text(Source::CGROUP.name(), CGROUP_LIMIT) {
        let marks = cgroup::marks(&file.text);
        if let Some(line) = file.text.lines().next() {
            ask.saw(Source::CGROUP.name(), line);
        }
        findings.marked(&marks, Source::CGROUP);
    }
}

/// Kernels without namespace files, before 3.8: a cgroup without marks is the best answer that they have.
fn no_namespaces(ask: &mut Ask<'_, '_>, findings: &mut Findings) {
    if findings.initial.is_some() || findings.hidden {
        return;
    }
    let readable = ask.text(Source::CGROUP.name(), CGROUP_LIMIT).is_some();
    // procfs is mounted and has no such file: the kernel was made without control groups.
    let none_made = !readable
        && ask.exists(Source::CGROUP.name()) == Some(false)
        && ask.exists(Source::PROC_CPUINFO.name()) == Some(true);
    if readable || none_made {
        findings.initial = Some(Source::CGROUP);
    }
    // Every manager mounts procfs in its containers (OCI runtime specification, config-linux.md, "Default Filesystems"). A
    // system with the kernel's sysfs and without procfs has not come so far: it is starting.
    if ask.exists("/proc") == Some(false) && ask.exists(Source::DMI.name()) == Some(true) {
        findings.initial.get_or_insert(Source::DMI);
    }
}

const UNPROVEN: &str = "a file can be left over, and nothing proves a container";

/// What process 1 of some containers is called.
pub(crate) const FIRST_PROCESSES: &[(&str, &str)] =
    &[("lxc-execute", "lxc"), ("lxc-init", "lxc"), ("(sd-stubinit)", "systemd-nspawn"), ("bwrap", "bubblewrap")];

/// A file that a manager leaves in its containers, and others in images made from them.
struct Marker {
    source: Source,
    name: &'static str,
    /// Its manager also mounts files into every container, so that mounts tell better: Docker's `NetworkMounts`, Podman's
    /// own mount of the file.
    mounts: bool,
}

const MARKERS: &[Marker] = &[
    Marker { source: Source::FLATPAK_INFO, name: "flatpak", mounts: false },
    Marker { source: Source::SINGULARITY_D, name: "apptainer", mounts: false },
    Marker { source: Source::CONTAINERENV, name: "podman", mounts: true },
    Marker { source: Source::DOCKERENV, name: "docker", mounts: true },
];

/// What names a container that is proven and that nothing stronger names.
fn markers(ask: &mut Ask<'_, '_>, findings: &mut Findings) {
    // With the host's pids, process 1 is the host's.
    if findings.proof == Some(Source::PID_NAMESPACE)
        && findings.name.is_none()
        && let Some(comm) = ask.line(Source::PID1_COMM.name())
        && let Some((_, name)) = FIRST_PROCESSES.iter().find(|(known, _)| *known == comm)
    {
        findings.names(name, Source::PID1_COMM);
    }
    let proven = findings.proof.is_some();
    for marker in MARKERS {
        let asked = !proven || findings.name.is_none();
        if !asked || ask.host().metadata(marker.source.name()).is_err() {
            continue;
        }
        if !proven {
            ask.contradicted(marker.source.name(), UNPROVEN);
        } else if marker.mounts && findings.mounts {
            ask.contradicted(marker.source.name(), "a file can be left over, and its manager's mounts are not there");
        } else {
            ask.saw(marker.source.name(), "exists");
            findings.names(marker.name, marker.source);
        }
    }
}
