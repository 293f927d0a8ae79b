//! The container around this program, and its manager.
//!
//! Proof is a pid namespace other than the initial one, the manager's mark on process 1, its mounts or its cgroup. A mount, UTS,
//! IPC, user, network or cgroup namespace proves nothing, as a hardened service has all six. A marker file gives a name to a
//! proven container only. Of two marks the stronger one names: what a manager wrote for this container counts more than where
//! its image is kept, and that more than LXCFS, which every manager can use.

pub(crate) mod cgroup;
mod findings;
mod kernels;
mod managers;
mod markers;
pub(crate) mod mountinfo;
mod namespaces;

use crate::ask::{Ask, Machine};
use crate::fact::Fact;
use crate::facts::{Container, Kernel};
use crate::linux::container::cgroup::{GROUPS, cgroups};
use crate::linux::container::findings::{Findings, OTHER, Strength};
#[cfg(feature = "recorded")]
pub(crate) use crate::linux::container::kernels::GVISOR;
#[cfg(feature = "recorded")]
pub(crate) use crate::linux::container::kernels::kept_status;
use crate::linux::container::kernels::{KERNELS, STATUS, WSL, kernels, status, wsl};
#[cfg(feature = "recorded")]
pub(crate) use crate::linux::container::managers::kept_environment;
use crate::linux::container::managers::{manager_files, pid1_environment};
#[cfg(feature = "recorded")]
pub(crate) use crate::linux::container::markers::FIRST_PROCESSES;
use crate::linux::container::markers::{NAMES, markers};
use crate::linux::container::mountinfo::{MOUNTS, mounts};
#[cfg(feature = "recorded")]
pub(crate) use crate::linux::container::namespaces::kept_namespace;
use crate::linux::container::namespaces::{NAMESPACES, namespaces, no_namespaces};
use crate::linux::vminitd::starts_vminitd;
use crate::rules::{Rule, Step, functions, rule};
use crate::source::Source;
use crate::tables::word_rules;

/// The cgroup that kubelet makes for its pods. It exists in memory only, so kubelet has run since the boot.
const POD_GROUPS: [&str; 4] = [
    "/sys/fs/cgroup/kubepods.slice",
    "/sys/fs/cgroup/kubepods",
    "/sys/fs/cgroup/systemd/kubepods.slice",
    "/sys/fs/cgroup/systemd/kubepods",
];

pub(crate) fn container(machine: &Machine<'_>, kernel: &Kernel) -> Container {
    let mut ask = Ask::new(machine);
    let mut findings = Findings::default();
    for look in LOOK {
        look(&mut ask, &mut findings, kernel);
    }
    conclude(machine, ask, &findings)
}

type Look = fn(&mut Ask<'_, '_>, &mut Findings, &Kernel);

/// A later step neither withdraws a proof nor replaces a name that is as strong.
pub(crate) const STEPS: &[Step<Look>] = &[
    Step { what: "the kernel: WSL, gVisor, illumos' zones, OpenVZ", rules: || KERNELS.to_vec(), run: kernels },
    Step {
        what: "proof: a pid namespace other than the initial one",
        rules: || NAMESPACES.to_vec(),
        run: |ask, findings, _| namespaces(ask, findings),
    },
    Step {
        what: "`/proc/self/status`: tracer, context",
        rules: || STATUS.to_vec(),
        run: |ask, findings, _| status(ask, findings),
    },
    Step {
        what: "the manager's mark on process 1 (with `--privileged`)",
        rules: Vec::new,
        run: |ask, findings, _| pid1_environment(ask, findings),
    },
    Step { what: "mounts", rules: || MOUNTS.to_vec(), run: |ask, findings, _| mounts(ask, findings) },
    Step { what: "cgroups", rules: || GROUPS.to_vec(), run: |ask, findings, _| cgroups(ask, findings) },
    Step {
        what: "the manager's files: a name; proof only if the namespaces are unreadable",
        rules: word_rules,
        run: |ask, findings, _| manager_files(ask, findings),
    },
    Step {
        what: "kernels without namespace files: a cgroup without marks means no container",
        rules: Vec::new,
        run: |ask, findings, _| no_namespaces(ask, findings),
    },
    Step { what: "WSL, unless a container inside it has a name", rules: || WSL.to_vec(), run: wsl },
    Step {
        what: "Apple's containers: on Arm the kernel's command line, in a container without a name",
        rules: || {
            vec![rule(
                "apple",
                "the kernel was started with `init=/sbin/vminitd`",
                "apple/containerization Sources/Containerization/Kernel+Commandline.swift",
            )]
        },
        run: |ask, findings, kernel| {
            let arm = kernel.architecture.known().is_some_and(|architecture| architecture == "aarch64");
            if arm && findings.proof.is_some() && findings.name.is_none() && starts_vminitd(ask) {
                findings.names("apple", Strength::Own, Source::CMDLINE);
            }
        },
    },
    Step {
        what: "names for a proven container: process 1, marker files",
        rules: || NAMES.to_vec(),
        run: |ask, findings, _| markers(ask, findings),
    },
    Step {
        what: "podman's mounts in a pod are CRI-O's: both mount the same files, but only CRI-O works for kubelet",
        rules: || {
            vec![rule("crio", "podman's mounts in a pod", "crio.conf(5): root, runroot; containers-storage.conf(5)")]
        },
        run: |_, findings, _| {
            if let (Some(("podman", source)), true) = (findings.name, findings.pod.is_some()) {
                findings.name = Some(("crio", source));
            }
        },
    },
];

const LOOK: [Look; STEPS.len()] = functions(STEPS);

/// Evidence for a pod.
pub(crate) const PODS: &[Rule] = &[
    rule(
        "kubernetes",
        "mounts `…/pods/…/etc-hosts`, `/run/secrets/kubernetes.io/serviceaccount`",
        "Kubernetes pkg/kubelet/kubelet_pods.go",
    ),
    rule("kubernetes", "cgroup below `kubepods`", "Kubernetes pkg/kubelet/cm"),
    rule(
        "kubernetes",
        "with `--privileged`: process 1 has `KUBERNETES_SERVICE_HOST`",
        "Kubernetes pkg/kubelet/envvars",
    ),
];

fn conclude(machine: &Machine<'_>, ask: Ask<'_, '_>, findings: &Findings) -> Container {
    let conclusion = ask.done();
    let name = match (findings.proof, findings.name, findings.initial) {
        (Some(_), Some((name, source)), _) => conclusion.known(name, source),
        (Some(proof), None, _) => conclusion.known(OTHER, proof),
        (None, _, Some(source)) => conclusion.none(source),
        (None, _, None) => conclusion.unknown(),
    };
    let kubernetes: Fact<bool> = match (findings.pod, findings.proof, findings.initial) {
        (Some(source), ..) => conclusion.known(true, source),
        (None, Some(source), _) | (None, None, Some(source)) => conclusion.known(false, source),
        (None, None, None) => conclusion.unknown(),
    };
    let kubernetes_node = if findings.pod.is_some() {
        kubernetes.clone()
    } else {
        let mut ask = Ask::new(machine);
        let runs_pods = POD_GROUPS.iter().any(|path| ask.exists(*path) == Some(true));
        ask.done().known(runs_pods, Source::CGROUP_TREE)
    };
    Container { name, kubernetes, kubernetes_node, official_image: Fact::default() }
}
