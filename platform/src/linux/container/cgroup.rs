//! The marks of a container in /proc/PID/cgroup, cgroups(7): lines `hierarchy:controllers:path`, in version 2 one line `0::path`.

use crate::ask::Ask;
use crate::linux::container::findings::{Findings, Mark, OTHER};
use crate::linux::container::mountinfo::is_container_id;
use crate::rules::{Rule, rule};
use crate::source::Source;

pub(super) const CGROUP_LIMIT: usize = 64 * 1024;

pub(super) const GROUPS: &[Rule] = &[
    rule("docker", "cgroup `docker-ID.scope`, `/docker/…`", "moby daemon/daemon_unix.go: getCgroupDriver"),
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
    for path in text.lines().filter_map(|line| line.splitn(3, ':').nth(2)) {
        for found in path_marks(path) {
            if !all.contains(&found) {
                all.push(found);
            }
        }
    }
    all
}

/// Whether a name is this prefix and a container's id, as a systemd scope or a folder of cgroupfs.
fn has_id(name: &str, prefix: &str) -> bool {
    let name = name.strip_suffix(".scope").unwrap_or(name);
    name.strip_prefix(prefix).is_some_and(is_container_id)
}

/// Whether a name begins with these words and no letter or digit follows.
fn begins(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || !c.is_ascii()))
}

fn path_marks(path: &str) -> Vec<Mark> {
    let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
    let mut marks = Vec::new();
    let mut previous = "";
    for (at, name) in names.iter().enumerate() {
        let manager = if has_id(name, "docker-")
            || (previous == "docker" && at == 1)
            || (previous == "ecs" && is_container_id(name))
        {
            Some("docker")
        } else if has_id(name, "libpod-") || has_id(name, "libpod-payload-") {
            Some("podman")
        } else if has_id(name, "crio-") {
            Some("crio")
        } else if has_id(name, "cri-containerd-") || name.contains(":cri-containerd:") {
            Some("containerd")
        } else if begins(name, "lxc.payload") || previous == "lxc" {
            Some("lxc")
        } else if begins(name, "machine-lxc") {
            Some("lxc-libvirt")
        } else if *name == "payload" && names.first() == Some(&"machine.slice") {
            Some("systemd-nspawn")
        } else {
            None
        };
        marks.extend(manager.map(Mark::Manager));
        // kubelet puts every pod below this group (pkg/kubelet/cm), with either driver.
        if at < 3 && (*name == "kubepods" || *name == "kubepods.slice") && at + 1 < names.len() {
            marks.push(Mark::Pod);
        }
        previous = name;
    }
    // Only container managers use a bare id of this length as a name.
    if marks.is_empty() && names.last().is_some_and(|name| is_container_id(name)) {
        marks.push(Mark::Manager(OTHER));
    }
    marks
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
    ("2:cpu:/ecs/task/ID", &[Mark::Manager("container-other")]),
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
