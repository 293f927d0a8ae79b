//! The environments, each with the answer that follows from its setup.

use std::process::Command;

use crate::guest;
use crate::make::{self, Scene};

#[expect(clippy::struct_excessive_bools, reason = "each is a column of the table")]
pub struct Environment {
    pub name: &'static str,
    pub why: &'static str,
    /// Only in the complete run.
    pub slow: bool,
    /// The command for the questions, or the reason why it cannot be made here.
    pub make: fn(&Scene) -> Result<Command, String>,
    pub machine: Machine,
    /// `None`: as outside.
    pub container: Option<&'static str>,
    pub kubernetes: bool,
    /// Its answer is another one in a container with a name, which it would show or hide.
    pub bare: bool,
    /// It has its own files, including `os-release`.
    pub own_root: bool,
    /// The users who must be able to ask, besides the one who starts it. Any other who can ask must get the same answer
    /// too.
    pub askers: &'static [&'static str],
    /// The users who are known to get another answer.
    pub misled: &'static [&'static str],
}

#[derive(Clone, Copy)]
pub enum Machine {
    /// The machine of the tests: the answer is the one from outside.
    Outside,
    Emulated {
        name: &'static str,
        /// `None`: the identity is borrowed, so nothing is known of an underlying one.
        hypervisor: Option<&'static str>,
        cloud: Option<&'static str>,
    },
}

/// nobody, another user, one who cannot see process 1, and a hardened service.
const EVERYBODY: &[&str] = &["nobody", "user", "blind", "service"];
const USERS: &[&str] = &["nobody", "user"];

const OUTSIDE: Environment = Environment {
    name: "no environment",
    why: "nothing lies between",
    slow: false,
    make: make::outside,
    machine: Machine::Outside,
    container: None,
    kubernetes: false,
    bare: false,
    own_root: false,
    askers: EVERYBODY,
    misled: &[],
};

/// A container with its own root.
const CONTAINER: Environment = Environment { own_root: true, ..OUTSIDE };

/// An emulated machine. It can borrow another's SMBIOS identity; CPUID then shows a nameless hypervisor, because the
/// emulator cannot show another's.
const GUEST: Environment = Environment { own_root: true, container: Some("none"), ..OUTSIDE };

const fn borrowed(name: &'static str, cloud: Option<&'static str>) -> Machine {
    Machine::Emulated { name, hypervisor: None, cloud }
}

const QEMU: Machine = Machine::Emulated { name: "qemu", hypervisor: Some("qemu"), cloud: None };

/// A processor with the hypervisor bit and no name, and one with neither.
const NAMELESS: &str = "max,tcg-cpuid=off";
const HIDDEN: &str = "max,hypervisor=off,tcg-cpuid=off";

pub const ENVIRONMENTS: &[Environment] = &[
    OUTSIDE,
    Environment {
        name: "hardened service",
        why: "systemd gives a service these namespaces (PrivateUsers, PrivateNetwork, PrivateIPC, ProtectHostname)",
        make: |scene| {
            make::outside_in(scene, &["unshare", "--mount", "--uts", "--ipc", "--net", "--user", "--map-root-user"])
        },
        askers: &[],
        ..OUTSIDE
    },
    Environment {
        name: "chroot",
        why: "another root folder is no container",
        make: make::chroot,
        bare: true,
        // The kernel makes no user namespace for a process in a chroot (user_namespaces(7)).
        askers: &["nobody", "user", "blind"],
        ..CONTAINER
    },
    Environment {
        name: "unshare, pid namespace",
        why: "a pid namespace of its own, and no manager that names it",
        make: |scene| {
            let all = ["unshare", "--fork", "--pid", "--mount", "--uts", "--ipc", "--net", "--cgroup", "--mount-proc"];
            make::outside_in(scene, &all)
        },
        bare: true,
        container: Some("container-other"),
        ..OUTSIDE
    },
    Environment {
        name: "bubblewrap",
        why: "a pid namespace whose process 1 is bwrap",
        make: make::bubblewrap,
        container: Some("bubblewrap"),
        askers: &["service"],
        ..CONTAINER
    },
    Environment {
        name: "proot",
        why: "traced by proot, which shows another root",
        make: make::proot,
        container: Some("proot"),
        askers: &["nobody"],
        // proot is detected by the tracing process's name only, and hidepid hides that process.
        misled: &["blind"],
        ..CONTAINER
    },
    Environment {
        name: "runc",
        why: "its default configuration: a pid namespace, and no manager that names it",
        make: |scene| make::runc(scene, "runc", &[]),
        container: Some("container-other"),
        askers: &[],
        ..CONTAINER
    },
    Environment {
        name: "runc with capabilities",
        why: "the same, with enough rights that every user can ask",
        make: |scene| {
            let rights = ["CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID", "CAP_DAC_OVERRIDE", "CAP_SYS_PTRACE"];
            make::runc(scene, "runc-capabilities", &rights)
        },
        container: Some("container-other"),
        ..CONTAINER
    },
    Environment {
        name: "docker",
        why: "made by docker run",
        make: |scene| make::docker(scene, &[]),
        container: Some("docker"),
        askers: USERS,
        ..CONTAINER
    },
    Environment {
        name: "docker --cgroupns private",
        why: "made by docker run; the path of its cgroup is hidden",
        make: |scene| make::docker(scene, &["--cgroupns", "private"]),
        container: Some("docker"),
        askers: USERS,
        ..CONTAINER
    },
    Environment {
        name: "docker --pid host",
        why: "made by docker run; the pid namespace is the outer one",
        make: |scene| make::docker(scene, &["--pid", "host"]),
        container: Some("docker"),
        askers: USERS,
        ..CONTAINER
    },
    Environment {
        name: "docker --cap-add SYS_ADMIN",
        why: "made by docker run, with enough rights that every user can ask",
        make: |scene| make::docker(scene, &["--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined"]),
        container: Some("docker"),
        ..CONTAINER
    },
    Environment {
        name: "podman",
        why: "made by podman run, with runc",
        make: |scene| make::podman(scene, "podman", &[]),
        container: Some("podman"),
        askers: USERS,
        ..CONTAINER
    },
    Environment {
        name: "podman --cap-add SYS_ADMIN",
        why: "the same, with enough rights that every user can ask",
        make: |scene| {
            make::podman(scene, "podman-rights", &["--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined"])
        },
        container: Some("podman"),
        ..CONTAINER
    },
    Environment {
        name: "containerd",
        why: "made by ctr run; containerd leaves no name of its own in a container",
        make: |scene| make::containerd(scene, "containerd", &[]),
        container: Some("container-other"),
        askers: USERS,
        ..CONTAINER
    },
    Environment {
        name: "containerd, pod's cgroup",
        why: "the cgroup that kubelet and containerd give a pod's container",
        make: |scene| make::containerd(scene, "containerd-pod", &["--cgroup", make::POD_CGROUP]),
        container: Some("containerd"),
        kubernetes: true,
        askers: USERS,
        ..CONTAINER
    },
    Environment {
        name: "lxc-start",
        why: "made by LXC",
        make: |scene| make::lxc(scene, "lxc-start"),
        container: Some("lxc"),
        ..CONTAINER
    },
    Environment {
        name: "lxc-execute",
        why: "made by LXC, which sets no variable here",
        make: |scene| make::lxc(scene, "lxc-execute"),
        container: Some("lxc"),
        ..CONTAINER
    },
    Environment {
        name: "systemd-nspawn",
        why: "made by systemd-nspawn",
        make: |scene| make::nspawn(scene, "nspawn", &[]),
        container: Some("systemd-nspawn"),
        ..CONTAINER
    },
    Environment {
        name: "systemd-nspawn --as-pid2",
        why: "made by systemd-nspawn, with its own stub as process 1",
        make: |scene| make::nspawn(scene, "nspawn-pid2", &["--as-pid2"]),
        container: Some("systemd-nspawn"),
        ..CONTAINER
    },
    Environment {
        name: "QEMU pc",
        why: "QEMU without KVM shows its own name in CPUID",
        make: |scene| guest::boot(scene, "pc", "max", &[]),
        machine: QEMU,
        ..GUEST
    },
    Environment {
        name: "VMware's identity",
        why: "SMBIOS as VMware writes it",
        make: |scene| {
            let system = "type=1,manufacturer=VMware,, Inc.,product=VMware Virtual Platform,serial=VMware-56 4d";
            guest::boot(scene, "pc", NAMELESS, &["type=0,vendor=Phoenix Technologies LTD", system])
        },
        machine: borrowed("vmware", None),
        ..GUEST
    },
    Environment {
        name: "QEMU q35",
        why: "QEMU without KVM shows its own name in CPUID",
        slow: true,
        make: |scene| guest::boot(scene, "q35", "max", &[]),
        machine: QEMU,
        ..GUEST
    },
    Environment {
        name: "QEMU microvm",
        why: "no SMBIOS, only CPUID",
        slow: true,
        make: |scene| guest::boot(scene, "microvm", "max", &[]),
        machine: QEMU,
        ..GUEST
    },
    Environment {
        name: "VirtualBox' identity",
        why: "SMBIOS as VirtualBox writes it",
        slow: true,
        make: |scene| {
            let identity = [
                "type=0,vendor=innotek GmbH,version=VirtualBox",
                "type=1,manufacturer=innotek GmbH,product=VirtualBox,version=1.2",
                "type=2,manufacturer=Oracle Corporation,product=VirtualBox",
            ];
            guest::boot(scene, "pc", NAMELESS, &identity)
        },
        machine: borrowed("oracle", None),
        ..GUEST
    },
    Environment {
        name: "Hyper-V's identity",
        why: "SMBIOS as Hyper-V writes it",
        slow: true,
        make: |scene| {
            let system =
                "type=1,manufacturer=Microsoft Corporation,product=Virtual Machine,version=Hyper-V UEFI Release v4.1";
            guest::boot(scene, "pc", NAMELESS, &["type=0,vendor=Microsoft Corporation", system])
        },
        machine: borrowed("microsoft", None),
        ..GUEST
    },
    Environment {
        name: "Xen's identity",
        why: "SMBIOS as Xen writes it for HVM guests",
        slow: true,
        make: |scene| {
            guest::boot(scene, "pc", NAMELESS, &["type=0,vendor=Xen", "type=1,manufacturer=Xen,product=HVM domU"])
        },
        machine: borrowed("xen", None),
        ..GUEST
    },
    Environment {
        name: "Parallels' identity",
        why: "SMBIOS as Parallels writes it",
        slow: true,
        make: |scene| {
            let system = "type=1,manufacturer=Parallels Software International Inc.,product=Parallels Virtual Platform";
            guest::boot(scene, "pc", NAMELESS, &["type=0,vendor=Parallels Software International Inc.", system])
        },
        machine: borrowed("parallels", None),
        ..GUEST
    },
    Environment {
        name: "bhyve's identity",
        why: "SMBIOS as bhyve writes it",
        slow: true,
        make: |scene| {
            guest::boot(scene, "pc", NAMELESS, &["type=0,vendor=BHYVE", "type=1,manufacturer=FreeBSD,product=BHYVE"])
        },
        machine: borrowed("bhyve", None),
        ..GUEST
    },
    Environment {
        name: "Apple's identity",
        why: "SMBIOS as Apple's Virtualization framework writes it",
        slow: true,
        make: |scene| {
            let system = "type=1,manufacturer=Apple Inc.,product=Apple Virtualization Generic Platform";
            guest::boot(scene, "pc", NAMELESS, &["type=0,vendor=Apple Inc.", system])
        },
        machine: borrowed("apple", None),
        ..GUEST
    },
    Environment {
        name: "EC2's identity",
        why: "SMBIOS as EC2's Nitro machines write it",
        slow: true,
        make: |scene| {
            let identity = [
                "type=0,vendor=Amazon EC2,version=1.0",
                "type=1,manufacturer=Amazon EC2,product=m5.large",
                "type=3,manufacturer=Amazon EC2,asset=Amazon EC2",
            ];
            guest::boot(scene, "q35", NAMELESS, &identity)
        },
        machine: borrowed("amazon", Some("aws")),
        ..GUEST
    },
    Environment {
        name: "Google's identity",
        why: "SMBIOS as Google's cloud writes it",
        slow: true,
        make: |scene| {
            let identity = [
                "type=0,vendor=Google,version=Google",
                "type=1,manufacturer=Google,product=Google Compute Engine",
                "type=2,manufacturer=Google,product=Google Compute Engine",
            ];
            guest::boot(scene, "q35", NAMELESS, &identity)
        },
        machine: borrowed("google", Some("gcp")),
        ..GUEST
    },
    Environment {
        name: "OpenStack's identity",
        why: "OpenStack Nova runs its machines on KVM",
        slow: true,
        make: |scene| {
            let system = "type=1,manufacturer=OpenStack Foundation,product=OpenStack Nova,version=26.1.0";
            guest::boot(scene, "q35", NAMELESS, &[system])
        },
        machine: borrowed("kvm", Some("openstack")),
        ..GUEST
    },
    Environment {
        name: "KubeVirt's identity",
        why: "KubeVirt runs its machines on KVM",
        slow: true,
        make: |scene| {
            guest::boot(scene, "q35", NAMELESS, &["type=1,manufacturer=KubeVirt,product=None,family=KubeVirt"])
        },
        machine: borrowed("kvm", None),
        ..GUEST
    },
    Environment {
        name: "Dell's identity, CPUID shown",
        why: "firmware may say what it likes: CPUID shows QEMU",
        slow: true,
        make: |scene| guest::boot(scene, "q35", "max", DELL),
        machine: QEMU,
        ..GUEST
    },
    Environment {
        name: "Dell's identity, CPUID hidden",
        why: "QEMU's own devices are still there",
        slow: true,
        make: |scene| guest::boot(scene, "q35", HIDDEN, DELL),
        machine: Machine::Emulated { name: "qemu", hypervisor: None, cloud: None },
        ..GUEST
    },
];

const DELL: &[&str] = &[
    "type=0,vendor=Dell Inc.,version=2.18.1",
    "type=1,manufacturer=Dell Inc.,product=PowerEdge R640",
    "type=2,manufacturer=Dell Inc.,product=0W23H8",
    "type=3,manufacturer=Dell Inc.",
];
