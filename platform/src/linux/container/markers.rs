//! Names for a container that something else proves.

use crate::ask::Ask;
use crate::linux::container::findings::{Findings, Strength, UNPROVEN};
use crate::rules::{Rule, rule};
use crate::source::Source;

/// The command names of process 1 in some containers.
pub(crate) const FIRST_PROCESSES: &[(&str, &str)] =
    &[("lxc-execute", "lxc"), ("lxc-init", "lxc"), ("(sd-stubinit)", "systemd-nspawn"), ("bwrap", "bubblewrap")];

/// A file that a manager leaves in its containers, and that can stay in images made from them.
struct Marker {
    source: Source,
    name: &'static str,
    /// Its manager also mounts files into every container, which is stronger evidence: Docker's `NetworkMounts`, Podman's mount
    /// of this very file.
    mounts: bool,
}

const MARKERS: &[Marker] = &[
    Marker { source: Source::FLATPAK_INFO, name: "flatpak", mounts: false },
    Marker { source: Source::SINGULARITY_D, name: "apptainer", mounts: false },
    Marker { source: Source::CONTAINERENV, name: "podman", mounts: true },
    Marker { source: Source::DOCKERENV, name: "docker", mounts: true },
];

pub(super) const NAMES: &[Rule] = &[
    rule("lxc", "process 1 is `lxc-init` or `lxc-execute`, a name only", "LXC src/lxc/cmd/lxc_init.c; measured"),
    rule("systemd-nspawn", "process 1 is `(sd-stubinit)`, a name only", "systemd src/nspawn/nspawn-stub-pid1.c"),
    rule("bubblewrap", "process 1 is `bwrap`, a name only", "bubblewrap bubblewrap.c: do_init"),
    rule("flatpak", "`/.flatpak-info`, a name only", "flatpak-metadata(5); flatpak common/flatpak-run.c"),
    rule("apptainer", "`/.singularity.d`, a name only", "Apptainer docs: the image's meta data"),
    rule("podman", "`/run/.containerenv`, a name only", "Podman libpod/container_internal_common.go"),
    rule("docker", "`/.dockerenv`, a name only", "moby daemon/initlayer"),
    rule(
        "docker",
        "`/.dockerenv` with mounts `/ID/{hostname,hosts,resolv.conf}`",
        "moby daemon/container: NetworkMounts",
    ),
];

/// Names for a container that is proven and has no name yet.
pub(super) fn markers(ask: &mut Ask<'_, '_>, findings: &mut Findings) {
    // Without a pid namespace of its own, the container's process 1 is the host's.
    if findings.proof == Some(Source::PID_NAMESPACE)
        && findings.name.is_none()
        && let Some(comm) = ask.line(Source::PID1_COMM.name())
        && let Some((_, name)) = FIRST_PROCESSES.iter().find(|(known, _)| *known == comm)
    {
        findings.names(name, Strength::File, Source::PID1_COMM);
    }
    let proven = findings.proof.is_some();
    // Docker's files, if its data folder is a mount of its own. The path that names Docker ends above that mount.
    let unnamed_files = findings.id && findings.strength < Strength::Own;
    for marker in MARKERS {
        let of_files = unnamed_files && marker.name == "docker";
        let asked = !proven || findings.name.is_none() || of_files;
        if !asked || ask.host().metadata(marker.source.name()).is_err() {
            continue;
        }
        if !proven {
            ask.contradicted(marker.source.name(), UNPROVEN);
        } else if of_files {
            ask.saw(marker.source.name(), "exists");
            findings.names(marker.name, Strength::Own, marker.source);
        } else if marker.mounts && findings.mounts {
            ask.contradicted(marker.source.name(), "a file can be left over, and its manager's mounts are not there");
        } else {
            ask.saw(marker.source.name(), "exists");
            findings.names(marker.name, Strength::File, marker.source);
        }
    }
}
