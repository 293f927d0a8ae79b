//! Xen, as guest and as dom0.

use crate::ask::{Ask, LINE_FILE_LIMIT};
use crate::rules::{Rule, rule};
use crate::source::Source;
#[cfg(feature = "recorded")]
use crate::text::{VALUE_LIMIT, clean};

/// `XENFEAT_dom0` of Xen's features, public/features.h.
const XEN_FEATURE_DOM0: u64 = 1 << 11;

/// The role of this machine under Xen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Xen {
    Absent,
    Guest(Source),
    /// The privileged guest that controls the hypervisor.
    Dom0(Source),
}

pub(super) const GUEST: &[Rule] = &[rule(
    "xen",
    "`/proc/xen`, or `/sys/hypervisor/type` is `xen`, and not dom0",
    "Linux drivers/xen; Xen public/features.h",
)];

pub(crate) const DOM0: &[Rule] = &[rule(
    "xen",
    "features of `/sys/hypervisor/properties` have bit 11, or `/proc/xen/capabilities` says `control_d`",
    "Xen public/features.h",
)];

pub(crate) const ROOT_PARTITION: &[Rule] = &[rule(
    "microsoft",
    "CPUID leaf `0x40000003`: the right to make partitions and no isolation. With the right to manage processors it is the root \
     partition, else a guest",
    "Linux drivers/hv/hv_common.c: hv_identify_partition_type",
)];

pub(super) fn xen(ask: &mut Ask<'_, '_>) -> Xen {
    // /proc/xen/capabilities has `control_d` in dom0 and is empty elsewhere. The folder may exist without its file system.
    let folder = ask.exists("/proc/xen") == Some(true);
    let kind = ask.line("/sys/hypervisor/type");
    if !folder && kind.as_deref() != Some("xen") {
        return Xen::Absent;
    }
    let source = if folder { Source::PROC_XEN } else { Source::SYS_HYPERVISOR };
    if let Some(features) = ask.line("/sys/hypervisor/properties/features")
        && let Some(dom0) = says_dom0(&features)
    {
        return if dom0 { Xen::Dom0(Source::SYS_HYPERVISOR) } else { Xen::Guest(source) };
    }
    match ask.line("/proc/xen/capabilities") {
        Some(words) if words.contains("control_d") => Xen::Dom0(Source::PROC_XEN),
        _ => Xen::Guest(source),
    }
}

const UUID: &str = "/sys/hypervisor/uuid";

pub(crate) const EC2: &[Rule] = &[rule(
    "aws",
    "a guest of Xen: `/sys/hypervisor/uuid` begins with `ec2`, or `/sys/hypervisor/version/extra` is `.amazon`",
    "EC2 user guide, Detect whether a host is an EC2 instance; cloud-init tools/ds-identify",
)];

/// Whether a guest of Xen is EC2's. The rest of the number is the machine's own, and is not shown.
pub(super) fn is_ec2(ask: &mut Ask<'_, '_>) -> bool {
    let of_ec2 = ask.text(UUID, LINE_FILE_LIMIT).is_some_and(|uuid| begins_with_ec2(&uuid.text).is_some());
    ask.saw(UUID, if of_ec2 { "ec2…" } else { "not EC2's" });
    of_ec2 || ask.line("/sys/hypervisor/version/extra").as_deref() == Some(".amazon")
}

fn begins_with_ec2(uuid: &str) -> Option<&str> {
    uuid.get(..3).filter(|start| start.eq_ignore_ascii_case("ec2"))
}

/// The beginning of a number of EC2.
#[cfg(feature = "recorded")]
pub(crate) fn kept_uuid(uuid: &str) -> Vec<&str> {
    begins_with_ec2(uuid).into_iter().collect()
}

/// Whether Xen's features, a hexadecimal number, have dom0's bit.
fn says_dom0(features: &str) -> Option<bool> {
    let features = u64::from_str_radix(features.trim_start_matches("0x"), 16).ok()?;
    Some(features & XEN_FEATURE_DOM0 != 0)
}

/// Dom0's bit. A text that is no number becomes `x`.
#[cfg(feature = "recorded")]
pub(crate) fn kept_features(features: &[u8]) -> Vec<u8> {
    let line = clean(features.split(|byte| matches!(byte, b'\n' | 0)).next().unwrap_or_default(), VALUE_LIMIT);
    match says_dom0(&line) {
        Some(dom0) => format!("{:x}\n", if dom0 { XEN_FEATURE_DOM0 } else { 0 }).into(),
        None => b"x\n".into(),
    }
}
