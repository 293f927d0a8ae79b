//! The marks of a container in its mounts.

use crate::ask::Ask;
use crate::linux::container::findings::{Findings, Mark};
pub(crate) use crate::mountinfo::parse;
use crate::mountinfo::{KATA, Mount};
use crate::rules::{Rule, rule};
use crate::source::Source;
use crate::text::clean;

pub(super) const MOUNTS: &[Rule] = &[
    rule("kata", "a mount from the share `kataShared`", "Kata Containers src/agent/src/mount.rs"),
    rule(
        "podman",
        "mount `/run/.containerenv`, files of `…-containers/ID/` or `/ID/userdata/`, with or without root",
        "Podman libpod/container_internal_common.go",
    ),
    rule(
        "containerd",
        "mounts of `io.containerd.grpc.v1.cri`, `/sandboxes/ID/`, of nerdctl",
        "containerd internal/cri; nerdctl pkg/containerutil",
    ),
    rule(
        "docker",
        "mounts `…/containers/ID/{hostname,hosts,resolv.conf}`, root from `/docker/overlay2/`",
        "moby daemon/container: NetworkMounts; daemon/graphdriver/overlay2",
    ),
    rule(
        "docker",
        "root from `/docker/btrfs/subvolumes/`, `/docker/vfs/dir/`, device `docker-…`",
        "moby daemon/graphdriver",
    ),
    rule(
        "containerd",
        "root from `io.containerd.snapshotter.v1.`, unless another mark says docker",
        "containerd plugins/snapshots",
    ),
    rule("podman", "root from `/containers/storage/`, unless another mark is stronger", "containers-storage.conf(5)"),
    rule("apple", "mount `/run/.containerenv` by virtiofs", "apple/container pull request 1779"),
    rule(
        "lxc",
        "`/.lxc-boot-id`; LXCFS over files of `/proc`, unless another mark is stronger",
        "lxcfs(1); LXC src/lxc/conf.c",
    ),
    rule("wsl", "mounts `/mnt/wsl`, `/usr/lib/wsl/…`, unless a container inside has a name", "WSL src/linux/init"),
    rule(
        "systemd-nspawn",
        "mount `/run/host/incoming` from `/systemd/nspawn/propagate/`",
        "systemd src/nspawn/nspawn.c",
    ),
];

pub(super) fn mounts(ask: &mut Ask<'_, '_>, findings: &mut Findings) {
    let Some(file) = ask.mounts() else { return };
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

/// The length of a container's id: OCI managers use SHA-256, or random bytes of that length, in lower-case hexadecimal digits.
pub(super) const CONTAINER_ID: usize = 64;

pub(crate) fn is_container_id(word: &str) -> bool {
    word.len() == CONTAINER_ID && word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a container's id follows this folder in a path.
fn has_id_below(path: &str, folder: &str) -> bool {
    path.split_once(folder).is_some_and(|(_, rest)| is_container_id(rest.split('/').next().unwrap_or_default()))
}

pub(crate) fn mark(mount: Mount<'_>) -> Option<Mark> {
    let Mount { root, point, kind, source, .. } = mount;
    // Kata Containers run in machines of their own, so their namespaces can be the initial ones.
    if source == KATA && matches!(kind, "virtiofs" | "9p") {
        return Some(Mark::Manager("kata"));
    }
    // Podman and CRI-O both use containers/storage; a pod means CRI-O. Apple's containers share the same file from the host.
    if point == "/run/.containerenv" {
        return Some(Mark::Manager(if kind == "virtiofs" { "apple" } else { "podman" }));
    }
    if is_written_file(point) && (has_id_below(root, "-containers/") || id_folder(root).is_some_and(is_user_data)) {
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
        if root.contains("/io.containerd.grpc.v1.cri/")
            || root.contains("/nerdctl/")
            || has_id_below(root, "/sandboxes/")
        {
            return Some(Mark::Manager("containerd"));
        }
        let file = point.strip_prefix("/etc").unwrap_or(point);
        if has_id_below(root, "/containers/") && root.ends_with(file) {
            return Some(Mark::Manager("docker"));
        }
        if id_folder(root).is_some_and(|below| file.strip_prefix('/') == Some(below)) {
            return Some(Mark::Id);
        }
    }
    if point == "/" {
        return store(mount);
    }
    // LXC has a boot id of its own.
    if root == "/.lxc-boot-id" {
        return Some(Mark::Manager("lxc"));
    }
    // LXCFS covers files of /proc in containers only (lxcfs(1)): in LXC's by itself, in others by their user's wish.
    if kind == "fuse.lxcfs" && point.starts_with("/proc/") {
        return Some(Mark::Weak("lxc"));
    }
    if point == "/mnt/wsl" || (point.starts_with("/usr/lib/wsl/") && matches!(kind, "9p" | "virtiofs" | "overlay")) {
        return Some(Mark::Wsl);
    }
    // The folder by which the host propagates mounts, systemd-nspawn(1).
    if point == "/run/host/incoming" && root.contains("/systemd/nspawn/propagate/") {
        return Some(Mark::Manager("systemd-nspawn"));
    }
    None
}

/// The path below a folder that is the mount's own and is named by a container's id.
fn id_folder(root: &str) -> Option<&str> {
    let (id, rest) = root.strip_prefix('/')?.split_once('/')?;
    is_container_id(id).then_some(rest)
}

/// containers/storage keeps a container's files in `userdata`.
fn is_user_data(path: &str) -> bool {
    path.starts_with("userdata/")
}

/// The store that the image is in, by the root's layers, or by its folder or device where the store uses no overlay.
fn store(mount: Mount<'_>) -> Option<Mark> {
    let Mount { root, kind, source, super_options, .. } = mount;
    let layers = |folder: &str| kind == "overlay" && super_options.contains(folder);
    // The engine has a data folder for its own containerd (moby daemon/command/daemon_unix.go).
    if layers("/docker/overlay2/")
        || layers("/containerd/daemon/io.containerd.snapshotter.v1.")
        || root.contains("/docker/btrfs/subvolumes/")
        || root.contains("/docker/vfs/dir/")
        || (source.starts_with("/dev/mapper/docker-") && root == "/rootfs")
    {
        return Some(Mark::Manager("docker"));
    }
    if layers("/io.containerd.snapshotter.v1.") || root.contains("/io.containerd.snapshotter.v1.") {
        return Some(Mark::Store("containerd"));
    }
    if layers("/containers/storage/overlay/")
        || root.contains("/containers/storage/vfs/dir/")
        || root.contains("/containers/storage/btrfs/subvolumes/")
    {
        return Some(Mark::Store("podman"));
    }
    None
}

/// The words of all marks, and those of the mount points where LXCFS covers amounts.
#[cfg(feature = "recorded")]
pub(crate) const WORDS: &[&str] = &[
    "9p",
    "boot",
    "btrfs",
    "conf",
    "containerd",
    "containerenv",
    "containers",
    "cpu",
    "cpuinfo",
    "cri",
    "daemon",
    "dev",
    "dir",
    "devices",
    "docker",
    "drivers",
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
    "lib",
    "lxc",
    "lxcfs",
    "mapper",
    "meminfo",
    "mnt",
    "nerdctl",
    "nspawn",
    "online",
    "overlay",
    "overlay2",
    "pods",
    "proc",
    "propagate",
    "resolv",
    "rootfs",
    "run",
    "sandboxes",
    "secrets",
    "serviceaccount",
    "snapshotter",
    "storage",
    "subvolumes",
    "sys",
    "sysfs",
    "system",
    "systemd",
    "userdata",
    "usr",
    "v1",
    "vfs",
    "virtiofs",
    "wsl",
];

/// A line of each kind with its mark; `ID` is the container's id.
#[cfg(test)]
pub(crate) const MARKED: &[(&str, Mark)] = &[
    ("1 2 8:1 /var/lib/docker/containers/ID/hostname /etc/hostname rw - ext4 /dev/sda rw", Mark::Manager("docker")),
    ("1 2 8:1 /data/containers/ID/resolv.conf /etc/resolv.conf rw - ext4 /dev/sda rw", Mark::Manager("docker")),
    ("1 2 8:1 /ID/hosts /etc/hosts rw - ext4 /dev/sda rw", Mark::Id),
    (
        "1 2 0:1 / / rw master:1 - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A,upperdir=x",
        Mark::Manager("docker"),
    ),
    (
        "1 2 0:1 / / rw - overlay overlay rw,lowerdir=/d/containerd/daemon/io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs",
        Mark::Manager("docker"),
    ),
    ("1 2 0:1 /var/lib/docker/btrfs/subvolumes/x / rw - btrfs /dev/sda rw", Mark::Manager("docker")),
    ("1 2 8:1 /var/lib/docker/vfs/dir/x / rw - ext4 /dev/sda rw", Mark::Manager("docker")),
    ("1 2 253:1 /rootfs / rw - ext4 /dev/mapper/docker-8:1-2-x rw", Mark::Manager("docker")),
    (
        "1 2 0:9 /containers/overlay-containers/ID/userdata/.containerenv /run/.containerenv rw - tmpfs tmpfs rw",
        Mark::Manager("podman"),
    ),
    (
        "1 2 8:1 /home/a/containers/storage/overlay-containers/ID/userdata/hosts /etc/hosts rw - ext4 /dev/sda rw",
        Mark::Manager("podman"),
    ),
    ("1 2 8:1 /containers/storage/vfs-containers/ID/userdata/hosts /etc/hosts rw - ext4 x rw", Mark::Manager("podman")),
    ("1 2 0:9 /ID/userdata/resolv.conf /etc/resolv.conf rw - tmpfs tmpfs rw", Mark::Manager("podman")),
    ("1 2 0:1 / / rw - overlay overlay rw,lowerdir=/var/lib/containers/storage/overlay/l/A", Mark::Store("podman")),
    (
        "1 2 8:1 /var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/ID/hostname /etc/hostname rw - ext4 x rw",
        Mark::Manager("containerd"),
    ),
    ("1 2 8:1 /sandboxes/ID/resolv.conf /etc/resolv.conf rw - ext4 x rw", Mark::Manager("containerd")),
    (
        "1 2 8:1 /var/lib/nerdctl/1935db59/containers/default/ID/resolv.conf /etc/resolv.conf rw - ext4 x rw",
        Mark::Manager("containerd"),
    ),
    (
        "1 2 0:1 / / rw - overlay overlay rw,lowerdir=/x/io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs,upperdir=y",
        Mark::Store("containerd"),
    ),
    ("1 2 8:1 /var/lib/kubelet/pods/11-22/etc-hosts /etc/hosts rw - ext4 /dev/sda rw", Mark::Pod),
    ("1 2 0:9 / /run/secrets/kubernetes.io/serviceaccount ro - tmpfs tmpfs rw", Mark::Pod),
    ("1 2 0:3 / /proc/cpuinfo rw - fuse.lxcfs lxcfs rw", Mark::Weak("lxc")),
    ("1 2 0:3 /.lxc-boot-id /proc/sys/kernel/random/boot_id ro - tmpfs none rw", Mark::Manager("lxc")),
    ("1 2 0:40 /ID/rootfs / rw - virtiofs kataShared rw", Mark::Manager("kata")),
    ("1 2 8:1 /run/systemd/nspawn/propagate/m /run/host/incoming ro - ext4 x rw", Mark::Manager("systemd-nspawn")),
    ("1 2 0:40 /.containerenv /run/.containerenv ro - virtiofs 0123 rw", Mark::Manager("apple")),
    ("1 2 0:27 / /usr/lib/wsl/drivers ro - 9p none ro,dirsync,aname=drivers", Mark::Wsl),
    ("1 2 0:25 / /mnt/wsl rw shared:1 - tmpfs none rw", Mark::Wsl),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mountinfo::notable;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn marks(lines: &str) -> Vec<Mark> {
        parse(&notable(&lines.replace("ID", ID))).filter_map(mark).collect()
    }

    #[test]
    fn managers_are_told_by_what_they_mount() {
        for (line, expected) in MARKED {
            assert_eq!(marks(line), [*expected], "{line}");
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
            "1 2 8:1 /0123/hosts /etc/hosts rw - ext4 /dev/sda rw",
            "1 2 8:1 /ID/hosts /etc/hostname rw - ext4 /dev/sda rw",
            "1 2 8:1 / /mnt/wsl2 rw - ext4 /dev/sda rw",
            "1 2 8:1 / /usr/lib/wsl/lib rw - ext4 /dev/sda rw",
            "cut off",
            "1 2 3 - ",
            "",
        ] {
            assert_eq!(marks(line), [], "{line}");
        }
    }
}
