//! The marks of a container in /proc/PID/cgroup, cgroups(7): lines `hierarchy:controllers:path`, in version 2 one line `0::path`.

use crate::ask::Ask;
use crate::linux::container::findings::{Findings, Mark, OTHER};
use crate::linux::container::mountinfo::{CONTAINER_ID, is_container_id};
use crate::rules::{Rule, rule};
use crate::source::Source;
use crate::text::parts;

pub(super) const CGROUP_LIMIT: usize = 64 * 1024;

pub(super) const GROUPS: &[Rule] = &[
    rule("docker", "cgroup `docker-ID.scope`, `/docker/…`", "moby daemon/daemon_unix.go: getCgroupDriver"),
    rule("docker", "cgroup `/ecs/…/ID`", "Amazon ECS agent, agent/taskresource/cgroup"),
    rule("podman", "cgroup `libpod-ID.scope`", "Podman libpod/container_internal_linux.go"),
    rule("crio", "cgroup `crio-ID.scope`", "CRI-O internal/config/cgmgr"),
    rule("containerd", "cgroup `cri-containerd-ID.scope`, `…:cri-containerd:ID`", "containerd internal/cri/server"),
    rule("lxc", "cgroup `lxc.payload.…`, `/lxc/…`", "LXC src/lxc/cgroups/cgfsng.c"),
    rule("lxc-libvirt", "cgroup `machine-lxc…`", "libvirt src/lxc/lxc_cgroup.c"),
    rule("systemd-nspawn", "cgroup `machine.slice/…/payload`", "systemd src/nspawn/nspawn-cgroup.c"),
    rule(OTHER, "cgroup named by an id of 64 digits", "OCI runtimes: an id as the last folder"),
];

pub(super) fn cgroups(ask: &mut Ask<'_, '_>, findings: &mut Findings) {
    let Some(file) = ask.text(Source::CGROUP.name(), CGROUP_LIMIT) else { return };
    if let Some(line) = file.text.lines().next() {
        ask.saw(Source::CGROUP.name(), line);
    }
    findings.marked(&marks(&file.text), Source::CGROUP);
}

/// The marks in all paths.
pub(crate) fn marks(text: &str) -> Vec<Mark> {
    let mut all = Vec::new();
    for path in parts(text, b'\n').filter_map(|line| Some(line.split_once(':')?.1.split_once(':')?.1)) {
        for found in path_marks(path) {
            if !all.contains(&found) {
                all.push(found);
            }
        }
    }
    all
}

/// The part of a name before a container's id at its end, as a systemd scope or a folder of cgroupfs.
fn before_id(name: &str) -> Option<&str> {
    let name = name.strip_suffix(".scope").unwrap_or(name);
    let (before, id) = name.split_at_checked(name.len().checked_sub(CONTAINER_ID)?)?;
    is_container_id(id).then_some(before)
}

/// Whether a name begins with these words and no letter or digit follows.
fn begins(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || !c.is_ascii()))
}

fn path_marks(path: &str) -> Vec<Mark> {
    let mut names = parts(path, b'/').filter(|name| !name.is_empty()).enumerate().peekable();
    let first = names.peek().map_or("", |(_, first)| *first);
    let mut pod = None;
    // Containers can be in containers: the last name is the innermost.
    let mut innermost = None;
    let mut previous = "";
    while let Some((at, name)) = names.next() {
        let manager = match before_id(name) {
            _ if previous == "docker" && (at == 1 || is_container_id(name)) => Some("docker"),
            // ECS' agent gives each task a group, and makes its containers with Docker.
            _ if first == "ecs" && is_container_id(name) => Some("docker"),
            Some("docker-") => Some("docker"),
            Some("libpod-" | "libpod-payload-") => Some("podman"),
            Some("crio-") => Some("crio"),
            Some("cri-containerd-") => Some("containerd"),
            _ if name.contains(":cri-containerd:") => Some("containerd"),
            _ if begins(name, "lxc.payload") || previous == "lxc" => Some("lxc"),
            _ if begins(name, "machine-lxc") => Some("lxc-libvirt"),
            _ if name == "payload" && first == "machine.slice" => Some("systemd-nspawn"),
            _ => None,
        };
        innermost = manager.or(innermost);
        // kubelet puts every pod below this group (pkg/kubelet/cm), with either driver; its own group can be a container's.
        if (name == "kubepods" || name == "kubepods.slice") && names.peek().is_some() {
            pod = Some(Mark::Pod);
        }
        previous = name;
    }
    // Only container managers use a bare id of this length as a name.
    if innermost.is_none() && pod.is_none() && is_container_id(previous) {
        innermost = Some(OTHER);
    }
    pod.into_iter().chain(innermost.map(Mark::Manager)).collect()
}

/// The words of all marks.
#[cfg(feature = "recorded")]
pub(crate) const WORDS: &[&str] = &[
    "containerd",
    "cri",
    "crio",
    "docker",
    "ecs",
    "kubepods",
    "libpod",
    "lxc",
    "machine",
    "payload",
    "scope",
    "slice",
];

/// A line of each kind with its marks; `ID` is the container's id.
#[cfg(test)]
pub(crate) const MARKED: &[(&str, &[Mark])] = &[
    ("1:name=systemd:/docker/ID", &[Mark::Manager("docker")]),
    ("0::/system.slice/docker-ID.scope", &[Mark::Manager("docker")]),
    ("0::/user.slice/user-1000.slice/libpod-ID.scope/container", &[Mark::Manager("podman")]),
    ("0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-ID.scope", &[Mark::Pod, Mark::Manager("containerd")]),
    ("0::/kubepods.slice/kubepods-pod1.slice/crio-ID.scope", &[Mark::Pod, Mark::Manager("crio")]),
    ("4:memory:/kubepods/besteffort/pod1/ID", &[Mark::Pod]),
    ("0::/lxc.payload.web/init.scope", &[Mark::Manager("lxc")]),
    ("1:name=systemd:/lxc/web", &[Mark::Manager("lxc")]),
    ("0::/machine.slice/machine-x.scope/payload", &[Mark::Manager("systemd-nspawn")]),
    ("2:cpu:/docker/web", &[Mark::Manager("docker")]),
    ("2:cpu:/ecs/task/ID", &[Mark::Manager("docker")]),
    ("2:cpu:/ecs/cluster/task/ID", &[Mark::Manager("docker")]),
    ("1:name=systemd:/lxc/web/docker/ID", &[Mark::Manager("docker")]),
    ("1:name=systemd:/docker/ID/docker/ID", &[Mark::Manager("docker")]),
    ("4:memory:/docker/ID/kubelet/kubepods/pod1/cri-containerd-ID.scope", &[Mark::Pod, Mark::Manager("containerd")]),
    ("2:cpu:/actions_job/ID", &[Mark::Manager("container-other")]),
];

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn managers_are_told_by_their_groups() {
        for (line, expected) in MARKED {
            assert_eq!(marks(&line.replace("ID", ID)), *expected, "{line}");
        }
    }

    #[test]
    fn services_and_people_have_none() {
        for line in [
            "0::/",
            "0::/init.scope",
            "0::/system.slice/docker.service",
            "0::/system.slice/containerd.service",
            "0::/system.slice/netdata.service",
            "0::/user.slice/user-1000.slice/session-2.scope",
            "0::/user.slice/libpod-conmon-ID.scope",
            "0::/lxc.monitor.web",
            "0::/kubepods.slice",
            "garbage",
            "",
        ] {
            assert_eq!(marks(&line.replace("ID", ID)), [], "{line}");
        }
    }
}
