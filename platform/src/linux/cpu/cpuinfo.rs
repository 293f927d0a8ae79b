//! /proc/cpuinfo: `key : value` lines, each architecture with keys of its own (`c_show`/`show_cpuinfo` under arch/*/kernel).

use std::collections::{BTreeMap, BTreeSet};

use crate::linux::cpu::arm;
use crate::text::{VALUE_LIMIT, clean_text, leading_number, mega};

/// Room for the lines before the processors, and for the first processor with its flags.
pub(crate) const HEAD_LIMIT: usize = 16 * 1024;
/// Room for some thousand processors.
pub(crate) const WHOLE_LIMIT: usize = 16 << 20;

/// Keys of a processor's package and core.
const PACKAGE: [&str; 2] = ["physical id", "package"];
const CORE: [&str; 2] = ["core id", "core"];

/// Keys with the name of a model: on x86 and some Arm kernels, and on `LoongArch`.
const MODEL_NAMES: [&str; 2] = ["model name", "Model Name"];
/// RISC-V, MIPS, old 32-bit Arm, POWER and SPARC.
const OTHER_MODEL_NAMES: [&str; 4] = ["uarch", "cpu model", "Processor", "cpu"];
/// SPARC.
const HEXADECIMAL_CLOCK: &str = "Cpu0ClkTck";
const VENDORS: [&str; 2] = ["vendor_id", "vendor"];

/// Whether a key begins a processor. On s390 the key has its number: `processor 0: version = 00,  identification = ...`. On 32-bit
/// Arm `Processor : ARMv7 ...` differs in case from `processor : 0`.
fn is_processor(key: &str) -> bool {
    key == "processor" || key.strip_prefix("processor ").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
}

/// The first line of each key, and counts.
#[derive(Debug, Default)]
pub(crate) struct CpuInfo<'t> {
    first: BTreeMap<&'t str, &'t str>,
    processors: u64,
    /// The cores of each package.
    packages: BTreeMap<u64, BTreeSet<u64>>,
}

impl<'t> CpuInfo<'t> {
    pub(crate) fn parse(text: &'t str) -> Self {
        let mut info = Self::default();
        let mut package = None;
        for line in text.lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            let (key, value) = (key.trim_ascii(), value.trim_ascii());
            if is_processor(key) {
                info.processors += 1;
            }
            if PACKAGE.contains(&key) {
                package = leading_number(value).or(package);
            }
            if CORE.contains(&key)
                && let (Some(package), Some(core)) = (package, leading_number(value))
            {
                info.packages.entry(package).or_default().insert(core);
            }
            info.first.entry(key).or_insert(value);
        }
        info
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'t str> {
        self.first.get(key).copied().filter(|value| !value.is_empty())
    }

    pub(crate) fn number(&self, key: &str) -> Option<u64> {
        self.get(key).and_then(leading_number)
    }

    /// The first of these keys with a value, cleaned.
    fn first_of(&self, keys: &[&'static str]) -> Option<(&'static str, String)> {
        let cleaned = |key: &&'static str| Some((*key, clean_text(self.get(key)?, VALUE_LIMIT)));
        keys.iter().filter_map(cleaned).find(|(_, value)| !value.is_empty())
    }

    fn hexadecimal(&self, key: &str) -> Option<u32> {
        u32::from_str_radix(self.get(key)?.strip_prefix("0x")?, 16).ok()
    }

    /// The model of an Arm processor.
    fn part(&self) -> Option<&'static str> {
        arm::part(self.hexadecimal("CPU implementer")?, self.hexadecimal("CPU part")?)
    }

    /// Name of the model.
    pub(crate) fn model(&self) -> Option<String> {
        let named = |keys| self.first_of(keys).map(|(_, name)| name);
        named(&MODEL_NAMES)
            .or_else(|| self.part().map(str::to_owned))
            .or_else(|| named(&OTHER_MODEL_NAMES))
            // s390 has only a vendor.
            .or_else(|| self.get("vendor_id").filter(|vendor| *vendor == "IBM/S390").map(str::to_owned))
    }

    /// Vendor in the processor's own word, on Arm the implementer's name.
    pub(crate) fn vendor(&self) -> Option<String> {
        self.first_of(&VENDORS)
            .map(|(_, vendor)| vendor)
            .or_else(|| self.hexadecimal("CPU implementer").and_then(arm::implementer).map(str::to_owned))
    }

    /// Logical CPUs: the file's own count, or the number of its processors.
    pub(crate) fn logical_count(&self) -> Option<u64> {
        self.number("# processors")
            .or_else(|| self.number("ncpus active"))
            .or(Some(self.processors))
            .filter(|count| *count > 0)
    }

    /// Sockets and cores, if the processors name theirs.
    pub(crate) fn sockets_and_cores(&self) -> Option<(u64, u64)> {
        let sockets = u64::try_from(self.packages.len()).ok().filter(|count| *count > 0)?;
        let cores = self.packages.values().map(|cores| cores.len() as u64).sum();
        Some((sockets, cores))
    }

    /// The key of the architecture's frequency, and its hertz.
    fn clock(&self) -> Option<(&'static str, u64)> {
        let megahertz = |key: &'static str| self.get(key).and_then(mega).map(|hertz| (key, hertz));
        // POWER writes `clock : 3550.000000MHz`.
        megahertz("cpu MHz")
            .or_else(|| megahertz("CPU MHz"))
            .or_else(|| megahertz("cpu MHz static"))
            .or_else(|| {
                self.get("clock").and_then(|clock| mega(clock.strip_suffix("MHz")?)).map(|hertz| ("clock", hertz))
            })
            .or_else(|| Some((HEXADECIMAL_CLOCK, u64::from_str_radix(self.get(HEXADECIMAL_CLOCK)?, 16).ok()?)))
    }

    /// Frequency in hertz.
    pub(crate) fn frequency(&self) -> Option<u64> {
        self.clock().map(|(_, hertz)| hertz).filter(|hertz| *hertz > 0)
    }

    /// Whether x86 has the hypervisor flag; `None` without flags.
    pub(crate) fn hypervisor_flag(&self) -> Option<bool> {
        self.get("flags").map(|flags| flags.split_ascii_whitespace().any(|flag| flag == "hypervisor"))
    }
}

/// The digits that [`mega`] reads, and the unit after them on POWER.
#[cfg(feature = "recorded")]
fn number(megahertz: &str) -> Vec<&str> {
    let (whole, fraction) = megahertz.split_once('.').unwrap_or((megahertz, ""));
    let end = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len()).min(6);
    let unit = megahertz.ends_with("MHz").then(|| megahertz.rmatches("MHz").next()).flatten();
    [crate::text::digits(whole), fraction.get(..end), unit].into_iter().flatten().collect()
}

/// The parts that decide facts: of several names of a model only the one in use, of other processors only their places.
#[cfg(feature = "recorded")]
pub(crate) fn kept(text: &str) -> Vec<&str> {
    use crate::text::{beginning, digits};

    let info = CpuInfo::parse(text);
    let mut kept = Vec::new();
    for (key, value) in text.lines().filter_map(|line| line.split_once(':')) {
        let key = key.trim_ascii();
        if is_processor(key) {
            kept.extend(key.get(.."processor".len()));
        } else if PACKAGE.contains(&key) || CORE.contains(&key) {
            kept.extend(digits(value).into_iter().flat_map(|number| [key, number]));
        }
    }
    let mut keep = |key: &str, part: &dyn for<'t> Fn(&'t str) -> Vec<&'t str>| {
        if let Some((key, value)) = info.first.get_key_value(key) {
            kept.push(key);
            kept.extend(part(value));
        }
    };
    let named = info
        .first_of(&MODEL_NAMES)
        .or_else(|| if info.part().is_some() { None } else { info.first_of(&OTHER_MODEL_NAMES) });
    for (key, _) in named.into_iter().chain(info.first_of(&VENDORS)) {
        keep(key, &|value| vec![beginning(value)]);
    }
    for key in ["CPU implementer", "CPU part"] {
        if info.hexadecimal(key).is_some() {
            keep(key, &|value| vec![value]);
        }
    }
    for key in ["# processors", "ncpus active", "siblings", "cpu cores"] {
        keep(key, &|value| digits(value).into_iter().collect());
    }
    if let Some((key, _)) = info.clock() {
        keep(key, &|value| if key == HEXADECIMAL_CLOCK { vec![value] } else { number(value) });
    }
    keep("flags", &|value| value.split_ascii_whitespace().find(|flag| *flag == "hypervisor").into_iter().collect());
    keep("platform", &|value| if value == "pSeries" { vec![value] } else { Vec::new() });
    keep("machine", &|value| value.matches("qemu").collect());
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x86() {
        let info = CpuInfo::parse(concat!(
            "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R) CPU @ 2.20GHz\n",
            "cpu MHz\t\t: 2199.998\nphysical id\t: 0\nsiblings\t: 2\ncore id\t\t: 0\ncpu cores\t: 1\nflags\t\t: fpu hypervisor\n\n",
            "processor\t: 1\nphysical id\t: 0\ncore id\t\t: 0\n\nprocessor\t: 2\nphysical id\t: 1\ncore id\t\t: 0\n",
        ));
        assert_eq!(info.model().as_deref(), Some("Intel(R) Xeon(R) CPU @ 2.20GHz"));
        assert_eq!(info.vendor().as_deref(), Some("GenuineIntel"));
        assert_eq!(info.logical_count(), Some(3));
        assert_eq!(info.sockets_and_cores(), Some((2, 2)));
        assert_eq!(info.frequency(), Some(2_199_998_000));
        assert_eq!(info.hypervisor_flag(), Some(true));
    }

    #[test]
    fn other_architectures() {
        let arm = CpuInfo::parse("processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n");
        assert_eq!(arm.model().as_deref(), Some("Neoverse-N1"));
        assert_eq!(arm.vendor().as_deref(), Some("ARM"));
        assert_eq!(arm.hypervisor_flag(), None);

        let old_arm = CpuInfo::parse("Processor\t: ARMv7 Processor rev 4 (v7l)\nprocessor\t: 0\nprocessor\t: 1\n");
        assert_eq!(old_arm.model().as_deref(), Some("ARMv7 Processor rev 4 (v7l)"));
        assert_eq!(old_arm.logical_count(), Some(2));

        let power = CpuInfo::parse("processor\t: 0\ncpu\t\t: POWER9 (raw)\nclock\t\t: 2200.000000MHz\n");
        assert_eq!((power.model().as_deref(), power.frequency()), (Some("POWER9 (raw)"), Some(2_200_000_000)));

        let s390 = CpuInfo::parse("vendor_id       : IBM/S390\n# processors    : 2\nprocessor 0: version = FF\n");
        assert_eq!((s390.model().as_deref(), s390.logical_count()), (Some("IBM/S390"), Some(2)));

        let riscv = CpuInfo::parse("processor\t: 0\nhart\t: 0\nisa\t: rv64imafdc\nuarch\t: sifive,u74-mc\n");
        assert_eq!(riscv.model().as_deref(), Some("sifive,u74-mc"));

        // What holds nothing but control bytes names nothing.
        let power = CpuInfo::parse("cpu model\t: \u{7f}\u{0}\ncpu\t\t: POWER9\n");
        assert_eq!(power.model().as_deref(), Some("POWER9"));

        let mips = CpuInfo::parse("system type\t: MT7621\nprocessor\t: 0\ncpu model\t: MIPS 1004Kc V2.15\n");
        assert_eq!(mips.model().as_deref(), Some("MIPS 1004Kc V2.15"));

        let sparc =
            CpuInfo::parse("cpu\t: UltraSparc T5 (Niagara5)\nncpus active\t: 24\nCpu0ClkTck\t: 00000000d68d6f40\n");
        assert_eq!((sparc.logical_count(), sparc.frequency()), (Some(24), Some(0xd68d_6f40)));

        let loong =
            CpuInfo::parse("processor\t: 0\npackage\t: 0\ncore\t: 1\nModel Name\t: 3A5000\nCPU MHz\t: 2500.00\n");
        assert_eq!((loong.model().as_deref(), loong.frequency()), (Some("3A5000"), Some(2_500_000_000)));
    }

    #[test]
    fn nonsense_is_no_answer() {
        let info = CpuInfo::parse(":::\nprocessor\ncpu MHz : fast\nphysical id : x\n\u{1b}[2J : \u{1b}\n");
        assert_eq!((info.model(), info.logical_count(), info.frequency()), (None, None, None));
        assert_eq!(info.sockets_and_cores(), None);
    }
}
