//! Xen, as guest and as dom0.

use crate::ask::Ask;
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
