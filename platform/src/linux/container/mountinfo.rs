//! The marks of a container in its mounts.

use crate::ask::Ask;
use crate::linux::container::findings::{Findings, Mark};
pub(crate) use crate::mountinfo::parse;
use crate::mountinfo::{LIMIT, Mount};
use crate::rules::{Rule, rule};
use crate::source::Source;
use crate::text::clean;

pub(super) const MOUNTS: &[Rule] = &[
    rule("kata", "a mount from the share `kataShared`", "Kata Containers src/agent/src/mount.rs"),
    rule(
        "podman",
        "mount `/run/.containerenv`, files of `/overlay-containers/ID/`, with or without root",
        "Podman libpod/container_internal_common.go",
    ),
    rule(
        "containerd",
        "mounts of `io.containerd.grpc.v1.cri`, of nerdctl, root from `io.containerd.snapshotter.v1.`",
        "containerd internal/cri, plugins/snapshots",
    ),
    rule(
        "docker",
        "mounts `…/containers/ID/{hostname,hosts,resolv.conf}`, root from `/docker/overlay2/`",
        "moby daemon/container: NetworkMounts; daemon/graphdriver/overlay2",
    ),
    rule("lxc", "LXCFS over files of `/proc`, `/.lxc-boot-id`", "lxcfs(1); LXC src/lxc/conf.c"),
    rule(
        "systemd-nspawn",
        "mount `/run/host/incoming` from `/systemd/nspawn/propagate/`",
        "systemd src/nspawn/nspawn.c",
    ),
];

pub(super) fn mounts(ask: &mut Ask<'_, '_>, findings: &mut Findings) {
    let Some(file) = ask.text(Source::MOUNTINFO.name(), LIMIT) else { return };
    let mut marks = Vec::new();
    for mount in parse(&file.text) {
        if let Some(mark) = mark(mount)
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

/// Files that a manager writes for each container and mounts over the image's.
fn is_written_file(point: &str) -> bool {
    matches!(point, "/etc/hostname" | "/etc/hosts" | "/etc/resolv.conf")
}

/// A container's id: 64 lower-case hexadecimal digits (OCI managers use SHA-256 or random bytes of that length).
pub(crate) fn is_container_id(word: &str) -> bool {
    word.len() == 64 && word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a container's id follows this folder in a path.
fn has_id_below(path: &str, folder: &str) -> bool {
    path.split_once(folder).is_some_and(|(_, rest)| is_container_id(rest.split('/').next().unwrap_or_default()))
}

pub(crate) fn mark(mount: Mount<'_>) -> Option<Mark> {
    let Mount { root, point, kind, source, super_options } = mount;
    // The tag of the host's share in Kata Containers (src/agent/src/mount.rs). They run in machines of their own, so their
    // namespaces can be the initial ones.
    if source == "kataShared" && matches!(kind, "virtiofs" | "9p") {
        return Some(Mark::Manager("kata"));
    }
    // Podman and CRI-O both use containers/storage; a pod means CRI-O.
    if point == "/run/.containerenv" || (is_written_file(point) && has_id_below(root, "/overlay-containers/")) {
        return Some(Mark::Manager("podman"));
    }
    // kubelet mounts /etc/hosts and the token of the account into every container of a pod (pkg/kubelet/kubelet_pods.go).
    if (point == "/etc/hosts" && root.contains("/pods/") && root.ends_with("/etc-hosts"))
        || point.ends_with("/run/secrets/kubernetes.io/serviceaccount")
    {
        return Some(Mark::Pod);
    }
    if is_written_file(point) {
        // containerd's plugin for Kubernetes (pkg/cri) and nerdctl; below, Docker with any data folder.
        if root.contains("/io.containerd.grpc.v1.cri/") || root.contains("/nerdctl/") {
            return Some(Mark::Manager("containerd"));
        }
        if has_id_below(root, "/containers/") && root.ends_with(point.strip_prefix("/etc").unwrap_or(point)) {
            return Some(Mark::Manager("docker"));
        }
    }
    if point == "/" && kind == "overlay" {
        let layers = |folder: &str| super_options.contains(folder);
        if layers("/docker/overlay2/") {
            return Some(Mark::Manager("docker"));
        }
        if layers("/io.containerd.snapshotter.v1.") {
            return Some(Mark::Manager("containerd"));
        }
    }
    // LXC has a boot id of its own. LXCFS covers files of /proc in containers only (lxcfs(1)).
    if root == "/.lxc-boot-id" || (kind == "fuse.lxcfs" && point.starts_with("/proc/")) {
        return Some(Mark::Manager("lxc"));
    }
    // The folder by which the host propagates mounts, systemd-nspawn(1).
    if point == "/run/host/incoming" && root.contains("/systemd/nspawn/propagate/") {
        return Some(Mark::Manager("systemd-nspawn"));
    }
    None
}

/// The words of all marks, and those of `/proc/meminfo` as a mount point.
#[cfg(feature = "recorded")]
pub(crate) const WORDS: &[&str] = &[
    "9p",
    "boot",
    "conf",
    "containerd",
    "containerenv",
    "containers",
    "cri",
    "docker",
    "etc",
    "fuse",
    "grpc",
    "host",
    "hostname",
    "hosts",
    "id",
    "incoming",
    "io",
    "kataShared",
    "kubernetes",
    "lxc",
    "lxcfs",
    "meminfo",
    "nerdctl",
    "nspawn",
    "overlay",
    "overlay2",
    "pods",
    "proc",
    "propagate",
    "resolv",
    "run",
    "secrets",
    "serviceaccount",
    "snapshotter",
    "systemd",
    "v1",
    "virtiofs",
];

/// A line of each kind; `ID` is the container's id.
#[cfg(test)]
pub(crate) const MARKED: &[&str] = &[
    "1 2 8:1 /var/lib/docker/containers/ID/hostname /etc/hostname rw - ext4 /dev/sda rw",
    "1 2 8:1 /data/containers/ID/resolv.conf /etc/resolv.conf rw - ext4 /dev/sda rw",
    "1 2 0:1 / / rw master:1 - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A,upperdir=x",
    "1 2 0:9 /containers/overlay-containers/ID/userdata/.containerenv /run/.containerenv rw - tmpfs tmpfs rw",
    "1 2 8:1 /home/a/containers/storage/overlay-containers/ID/userdata/hosts /etc/hosts rw - ext4 /dev/sda rw",
    "1 2 8:1 /var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/ID/hostname /etc/hostname rw - ext4 x rw",
    "1 2 8:1 /var/lib/nerdctl/1935db59/containers/default/ID/resolv.conf /etc/resolv.conf rw - ext4 x rw",
    "1 2 0:1 / / rw - overlay overlay rw,lowerdir=/x/io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs,upperdir=y",
    "1 2 8:1 /var/lib/kubelet/pods/11-22/etc-hosts /etc/hosts rw - ext4 /dev/sda rw",
    "1 2 0:9 / /run/secrets/kubernetes.io/serviceaccount ro - tmpfs tmpfs rw",
    "1 2 0:3 / /proc/cpuinfo rw - fuse.lxcfs lxcfs rw",
    "1 2 0:3 /.lxc-boot-id /proc/sys/kernel/random/boot_id ro - tmpfs none rw",
    "1 2 0:40 /ID/rootfs / rw - virtiofs kataShared rw",
    "1 2 8:1 /run/systemd/nspawn/propagate/m /run/host/incoming ro - ext4 x rw",
];

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn marks(lines: &str) -> Vec<Mark> {
        parse(&lines.replace("ID", ID)).filter_map(mark).collect()
    }

    #[test]
    fn managers_are_told_by_what_they_mount() {
        let expected = [
            Mark::Manager("docker"),
            Mark::Manager("docker"),
            Mark::Manager("docker"),
            Mark::Manager("podman"),
            Mark::Manager("podman"),
            Mark::Manager("containerd"),
            Mark::Manager("containerd"),
            Mark::Manager("containerd"),
            Mark::Pod,
            Mark::Pod,
            Mark::Manager("lxc"),
            Mark::Manager("lxc"),
            Mark::Manager("kata"),
            Mark::Manager("systemd-nspawn"),
        ];
        assert_eq!(MARKED.len(), expected.len());
        for (line, expected) in MARKED.iter().zip(expected) {
            assert_eq!(marks(line), [expected], "{line}");
        }
    }

    #[test]
    fn hosts_have_none() {
        for line in [
            "1 2 8:1 / / rw shared:1 - ext4 /dev/sda rw",
            "1 2 0:1 / / rw - overlay overlay rw,lowerdir=/run/live/rootfs",
            "1 2 0:44 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A",
            "1 2 0:3 / /var/lib/lxcfs rw - fuse.lxcfs lxcfs rw",
            "1 2 8:1 /etc/other /etc/hosts rw - ext4 /dev/sda rw",
            "cut off",
            "1 2 3 - ",
            "",
        ] {
            assert_eq!(marks(line), [], "{line}");
        }
    }
}
