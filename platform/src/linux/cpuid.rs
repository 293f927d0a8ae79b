//! What the CPUID instruction says about a hypervisor.

use crate::ask::Ask;
use crate::host::{CpuidRegisters, Error};
use crate::text::{EXCERPT_LIMIT, clean};

const FEATURES: u32 = 1;
const HYPERVISOR_PRESENT: u32 = 1 << 31;

/// Where a hypervisor says who it is. One that also speaks Hyper-V's interface moves its own up by 0x100 (Xen
/// public/arch-x86/cpuid.h, Linux `hypervisor_cpuid_base`).
const FIRST_BASE: u32 = 0x4000_0000;
const NEXT_BASES: [u32; 2] = [0x4000_0100, 0x4000_0200];
const HYPER_V: &str = "Microsoft Hv";

#[derive(Debug, Default)]
pub(crate) struct Hypervisor {
    /// Whether CPUID says that there is one; `None` where CPUID could not be asked.
    pub(crate) present: Option<bool>,
    /// Its signatures, the first base first.
    pub(crate) signatures: Vec<String>,
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
    // Without the bit these leaves hold whatever the last basic leaf holds (Intel SDM, CPUID).
    if present {
        signatures.extend(ask_signature(ask, FIRST_BASE));
        if signatures.first().is_some_and(|first| first == HYPER_V) {
            signatures.extend(NEXT_BASES.iter().map_while(|base| ask_signature(ask, *base)));
        }
    }
    Hypervisor { present: Some(present), signatures }
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
    // EAX is the highest leaf of this base; an unused base answers with something else.
    let used = registers.eax == 0 || (base..base + 0x100).contains(&registers.eax);
    (used && !found.trim().is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

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
