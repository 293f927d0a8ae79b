//! The hypervisor in the answers of the CPUID instruction.

use crate::ask::Ask;
use crate::host::{CpuidRegisters, Error};
use crate::text::{EXCERPT_LIMIT, clean};

/// The highest basic leaf, in EAX.
pub(crate) const BASIC: u32 = 0;
const FEATURES: u32 = 1;
const HYPERVISOR_PRESENT: u32 = 1 << 31;

/// The leaf with a hypervisor's signature. A hypervisor that also offers Hyper-V's interface has its own signature 0x100 higher
/// (Xen public/arch-x86/cpuid.h, Linux `hypervisor_cpuid_base`).
const FIRST_BASE: u32 = 0x4000_0000;
const NEXT_BASES: [u32; 2] = [0x4000_0100, 0x4000_0200];
const HYPER_V: &str = "Microsoft Hv";

/// Hyper-V's privileges in EBX, with the bit for isolation, and the kind of isolation (Linux `arch/x86/kernel/cpu/mshyperv.c`).
pub(crate) const PRIVILEGES: u32 = 0x4000_0003;
pub(crate) const ISOLATION: u32 = 1 << 22;
/// The rights to make partitions and to manage processors (Linux `include/hyperv/hvgdk_mini.h`).
const CREATE_PARTITIONS: u32 = 1;
const CPU_MANAGEMENT: u32 = 1 << 12;
pub(crate) const CONFIGURATION: u32 = 0x4000_000c;
pub(crate) const ISOLATION_TYPE: u32 = 0xf;

/// Intel TDX module specification, CPUID leaf 0x21.
pub(crate) const TDX: u32 = 0x21;

/// `IntelTDX` and blanks in EBX, EDX, ECX.
pub(crate) fn is_tdx(found: CpuidRegisters) -> bool {
    (found.ebx, found.edx, found.ecx) == (0x6574_6e49, 0x5844_546c, 0x2020_2020)
}

/// The bits and the known signatures of a leaf. An unknown signature becomes `xxxxxxxxxxxx`.
#[cfg(feature = "recorded")]
pub(crate) fn kept(leaf: u32, found: CpuidRegisters) -> CpuidRegisters {
    const HIDDEN: u32 = u32::from_le_bytes(*b"xxxx");
    let none = CpuidRegisters::default();
    match leaf {
        BASIC => CpuidRegisters { eax: found.eax, ..none },
        FEATURES => CpuidRegisters { ecx: found.ecx & HYPERVISOR_PRESENT, ..none },
        PRIVILEGES => CpuidRegisters { ebx: found.ebx & (ISOLATION | CREATE_PARTITIONS | CPU_MANAGEMENT), ..none },
        CONFIGURATION => CpuidRegisters { ebx: found.ebx & ISOLATION_TYPE, ..none },
        TDX if is_tdx(found) => CpuidRegisters { eax: 0, ..found },
        base if base == FIRST_BASE || NEXT_BASES.contains(&base) => {
            // Only whether the base is in use, not the data of an unused one.
            let eax = if found.eax == 0 || is_within(base, found.eax) { found.eax } else { 1 };
            let name = signature(found);
            if crate::tables::hypervisor(&name).is_some() {
                CpuidRegisters { eax, ..found }
            } else if name.trim().is_empty() {
                CpuidRegisters { eax, ..none }
            } else {
                CpuidRegisters { eax, ebx: HIDDEN, ecx: HIDDEN, edx: HIDDEN }
            }
        }
        _ => none,
    }
}

/// Whether a leaf belongs to a base.
fn is_within(base: u32, leaf: u32) -> bool {
    (base..base + 0x100).contains(&leaf)
}

/// This machine's part under Hyper-V.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Partition {
    #[default]
    Guest,
    /// The one that owns the hardware.
    Root,
    /// A guest that makes guests beside itself ("L1VH").
    Parent,
}

impl Partition {
    /// The rule of Linux, `hv_identify_partition_type` in `drivers/hv/hv_common.c`: an isolated guest is never privileged.
    fn of(privileges: u32) -> Self {
        match privileges & (ISOLATION | CREATE_PARTITIONS | CPU_MANAGEMENT) {
            CREATE_PARTITIONS => Self::Parent,
            rights if rights == CREATE_PARTITIONS | CPU_MANAGEMENT => Self::Root,
            _ => Self::Guest,
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Hypervisor {
    /// The hypervisor bit; `None` without CPUID.
    pub(crate) present: Option<bool>,
    /// Its signatures, the first base first.
    pub(crate) signatures: Vec<String>,
    pub(crate) partition: Partition,
}

pub(crate) fn signature(registers: CpuidRegisters) -> String {
    let bytes: Vec<u8> =
        [registers.ebx, registers.ecx, registers.edx].iter().flat_map(|register| register.to_le_bytes()).collect();
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    bytes.get(..end).map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
}

pub(crate) fn hypervisor(ask: &mut Ask<'_, '_>) -> Hypervisor {
    let answer = ask.host().cpuid(FEATURES, 0);
    let Some(features) = ask.answer("cpuid: leaf 1", answer) else { return Hypervisor::default() };
    let present = features.ecx & HYPERVISOR_PRESENT != 0;
    ask.saw("cpuid: leaf 1", if present { "hypervisor bit set" } else { "hypervisor bit clear" });
    let mut signatures = Vec::new();
    // Without the bit these leaves repeat the data of the highest basic leaf (Intel SDM, CPUID).
    if present {
        signatures.extend(ask_signature(ask, FIRST_BASE));
        if signatures.first().is_some_and(|first| first == HYPER_V) {
            signatures.extend(NEXT_BASES.iter().map_while(|base| ask_signature(ask, *base)));
        }
    }
    // Another hypervisor that shows Hyper-V's interface shows its own signature too, or is found by its product.
    let partition = match &*signatures {
        [only] if only == HYPER_V => partition(ask),
        _ => Partition::Guest,
    };
    Hypervisor { present: Some(present), signatures, partition }
}

fn partition(ask: &mut Ask<'_, '_>) -> Partition {
    const ASKED: &str = "cpuid: leaf 0x40000003";
    let answer = ask.host().cpuid(PRIVILEGES, 0);
    let partition = ask.answer(ASKED, answer).map_or(Partition::Guest, |found| Partition::of(found.ebx));
    match partition {
        Partition::Guest => {}
        Partition::Root => ask.saw(ASKED, "root partition"),
        Partition::Parent => ask.saw(ASKED, "a guest that makes guests"),
    }
    partition
}

fn ask_signature(ask: &mut Ask<'_, '_>, base: u32) -> Option<String> {
    let asked = format!("cpuid: leaf {base:#x}");
    let answer = ask.host().cpuid(base, 0);
    if answer == Err(Error::Unsupported) && base != FIRST_BASE {
        return None;
    }
    let registers = ask.answer(asked.clone(), answer)?;
    let found = signature(registers);
    ask.saw(asked, &clean(found.as_bytes(), EXCERPT_LIMIT));
    // EAX is the highest leaf of a base in use.
    let used = registers.eax == 0 || is_within(base, registers.eax);
    (used && !found.trim().is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_told_by_its_rights() {
        for (privileges, expected) in [
            (0, Partition::Guest),
            (0x2830, Partition::Guest),
            (CPU_MANAGEMENT, Partition::Guest),
            (CREATE_PARTITIONS | 0x30, Partition::Parent),
            (CREATE_PARTITIONS | CPU_MANAGEMENT | 0xffe, Partition::Root),
            (CREATE_PARTITIONS | CPU_MANAGEMENT | ISOLATION, Partition::Guest),
        ] {
            assert_eq!(Partition::of(privileges), expected, "{privileges:#x}");
        }
    }

    #[test]
    fn signatures_are_read_from_the_registers() {
        let of = |text: &[u8; 12]| {
            let word = |at: usize| u32::from_le_bytes([text[at], text[at + 1], text[at + 2], text[at + 3]]);
            signature(CpuidRegisters { eax: 0, ebx: word(0), ecx: word(4), edx: word(8) })
        };
        assert_eq!(of(b"KVMKVMKVM\0\0\0"), "KVMKVMKVM");
        assert_eq!(of(b"bhyve bhyve "), "bhyve bhyve ");
        assert_eq!(of(&[0; 12]), "");
        assert_eq!(of(b"\xff\x1bxxxxxxxxxx").chars().count(), 12);
    }
}
