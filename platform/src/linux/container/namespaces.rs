//! The pid and the cgroup namespace.

use crate::ask::Ask;
use crate::host::Error;
use crate::linux::container::cgroup::CGROUP_LIMIT;
use crate::linux::container::findings::{Findings, OTHER};
use crate::rules::{Rule, rule};
use crate::source::Source;
use crate::text::{VALUE_LIMIT, clean};

/// The initial namespaces by their inode numbers (include/uapi/linux/nsfs.h; fixed in `include/linux/proc_ns.h` since 3.8).
const INITIAL_PID: &str = "pid:[4026531836]";
const INITIAL_CGROUP: &str = "cgroup:[4026531835]";

pub(super) const NAMESPACES: &[Rule] =
    &[rule(OTHER, "pid namespace is not `4026531836`", "Linux include/uapi/linux/nsfs.h")];

/// The target of a namespace's link.
#[cfg(feature = "recorded")]
pub(crate) fn kept_namespace(link: &str) -> Vec<&str> {
    let link = crate::text::beginning(link);
    let number = ["pid:[", "cgroup:["].iter().find_map(|kind| link.strip_prefix(kind)?.strip_suffix(']'));
    if number.is_some_and(|number| number.parse::<u32>().is_ok()) { vec![link] } else { Vec::new() }
}

/// The pid namespace, and where its link cannot be read the cgroup namespace. A cgroup namespace of its own proves nothing, as
/// systemd makes one for a service (systemd.exec(5), `ProtectControlGroups=private`).
pub(super) fn namespaces(ask: &mut Ask<'_, '_>, findings: &mut Findings) {
    match namespace(ask, findings, Source::PID_NAMESPACE).as_deref() {
        Some(INITIAL_PID) => findings.initial = Some(Source::PID_NAMESPACE),
        Some(_) => findings.proves(Source::PID_NAMESPACE),
        None => {
            let link = namespace(ask, findings, Source::CGROUP_NAMESPACE);
            if link.as_deref() == Some(INITIAL_CGROUP) {
                findings.initial = Some(Source::CGROUP_NAMESPACE);
            }
        }
    }
}

/// The target of a link to a namespace.
fn namespace(ask: &mut Ask<'_, '_>, findings: &mut Findings, source: Source) -> Option<String> {
    let answer = ask.host().read_link(source.name());
    findings.hidden |= answer.as_ref().is_err_and(|error| *error != Error::NotFound);
    let link = clean(&ask.answer(source.name(), answer)?, VALUE_LIMIT);
    ask.saw(source.name(), &link);
    link.contains(":[").then_some(link)
}

/// Kernels before 3.8 have no namespace files: a cgroup without marks is the best evidence against a container.
pub(super) fn no_namespaces(ask: &mut Ask<'_, '_>, findings: &mut Findings) {
    if findings.initial.is_some() || findings.hidden {
        return;
    }
    let readable = ask.text(Source::CGROUP.name(), CGROUP_LIMIT).is_some();
    // procfs is mounted and has no such file: this kernel has no control groups.
    let none_made = !readable
        && ask.exists(Source::CGROUP.name()) == Some(false)
        && ask.exists(Source::PROC_CPUINFO.name()) == Some(true);
    if readable || none_made {
        findings.initial = Some(Source::CGROUP);
    }
    // Every manager mounts procfs in its containers (OCI runtime specification, config-linux.md, "Default Filesystems"). A
    // system with sysfs and without procfs is still starting.
    if ask.exists("/proc") == Some(false) && ask.exists(Source::DMI.name()) == Some(true) {
        findings.initial.get_or_insert(Source::DMI);
    }
}
