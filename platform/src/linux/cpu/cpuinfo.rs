//! /proc/cpuinfo: `key : value` lines, each architecture with keys of its own (`c_show`/`show_cpuinfo` under arch/*/kernel).

use std::collections::{BTreeMap, BTreeSet};

use crate::linux::cpu::{arm, vendors};
use crate::text::{VALUE_LIMIT, clean_text, leading_number, mega, parts};

/// Room for the lines before the processors, and for the first processor with its flags.
pub(crate) const HEAD_LIMIT: usize = 16 * 1024;
/// Room for some thousand processors.
pub(crate) const WHOLE_LIMIT: usize = 16 << 20;

/// Keys of a processor's place: its package, on s390 in a book in a drawer, and its core.
const PACKAGE: [&str; 2] = ["physical id", "package"];
const BOOK: &str = "book id";
const DRAWER: &str = "drawer id";
const CORE: [&str; 2] = ["core id", "core"];
/// The kernel's own count of the cores in the processor's package.
const CORES: &str = "cpu cores";

/// Keys with the name of a model: on x86 and some Arm kernels, and on `LoongArch`.
const MODEL_NAMES: [&str; 2] = ["model name", "Model Name"];
/// RISC-V, MIPS, old 32-bit Arm, POWER and SPARC.
const OTHER_MODEL_NAMES: [&str; 4] = ["uarch", "cpu model", "Processor", "cpu"];
/// In MHz: x86, MIPS and others; `LoongArch`; s390, beside a dynamic one; POWER.
const CLOCKS: [&str; 4] = ["cpu MHz", "CPU MHz", "cpu MHz static", "clock"];
/// SPARC: `Cpu0ClkTck`, in Hz.
const HEXADECIMAL_CLOCK: &str = "ClkTck";
const VENDORS: [&str; 2] = ["vendor_id", "vendor"];
/// RISC-V.
const VENDOR_NUMBER: &str = "mvendorid";

/// Whether a key begins a processor. On s390 the key has its number: `processor 0: version = 00,  identification = ...`. On 32-bit
/// Arm `Processor : ARMv7 ...` differs in case from `processor : 0`.
fn is_processor(key: &str) -> bool {
    key == "processor" || key.strip_prefix("processor ").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
}

/// A package: on s390 the same number stands for another one in each book and drawer.
type PackageId = [u64; 3];

/// What the processors say about one package.
#[derive(Debug, Default)]
struct Package {
    processors: u64,
    cores: BTreeSet<u64>,
    named_cores: u64,
}

impl Package {
    /// AMD's first packages of two dies have each number of a core twice, and Xen's guests one number for all cores.
    fn cores(&self) -> u64 {
        self.named_cores.max(self.cores.len() as u64)
    }
}

/// The place of the processor whose lines are being read.
#[derive(Debug, Default)]
struct Place {
    package: Option<u64>,
    book: u64,
    drawer: u64,
    core: Option<u64>,
    named_cores: u64,
}

impl Place {
    /// Counts a processor whose lines have ended, if it names its package and core.
    fn count_in(self, packages: &mut BTreeMap<PackageId, Package>) {
        let (Some(package), Some(core)) = (self.package, self.core) else { return };
        let package = packages.entry([self.drawer, self.book, package]).or_default();
        package.processors += 1;
        package.cores.insert(core);
        package.named_cores = package.named_cores.max(self.named_cores);
    }
}

/// Packages, cores and threads, as the processors of a file count them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// The processors that name their place.
    pub(crate) processors: u64,
    pub(crate) sockets: u64,
    pub(crate) cores: u64,
    /// Of the core with the most.
    pub(crate) threads: u64,
}

/// The lines. Each question goes through them: most are answered by the first processor's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CpuInfo<'t>(&'t str);

impl<'t> CpuInfo<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self(text)
    }

    fn lines(self) -> impl Iterator<Item = (&'t str, &'t str)> {
        let lines = parts(self.0, b'\n').filter_map(|line| line.split_once(':'));
        lines.map(|(key, value)| (key.trim_ascii(), value.trim_ascii()))
    }

    /// The first line of a key.
    fn first(self, key: &str) -> Option<(&'t str, &'t str)> {
        self.lines().find(|(known, _)| *known == key)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'t str> {
        self.first(key).map(|(_, value)| value).filter(|value| !value.is_empty())
    }

    pub(crate) fn number(&self, key: &str) -> Option<u64> {
        self.get(key).and_then(leading_number)
    }

    /// The first of these keys with a value, cleaned.
    fn first_of(&self, keys: &[&'static str]) -> Option<(&'static str, String)> {
        let cleaned = |key: &&'static str| Some((*key, clean_text(self.get(key)?, VALUE_LIMIT)));
        keys.iter().filter_map(cleaned).find(|(_, value)| !value.is_empty())
    }

    fn hexadecimal(&self, key: &str) -> Option<u64> {
        u64::from_str_radix(self.get(key)?.strip_prefix("0x")?, 16).ok()
    }

    fn implementer(&self) -> Option<u32> {
        self.hexadecimal("CPU implementer")?.try_into().ok()
    }

    /// The model of an Arm processor.
    fn part(&self) -> Option<&'static str> {
        arm::part(self.implementer()?, self.hexadecimal("CPU part")?.try_into().ok()?)
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

    /// Vendor in the processor's own word; without one the maker by a number, or by the name of the model.
    pub(crate) fn vendor(&self) -> Option<String> {
        let maker = || {
            let by_number = || self.hexadecimal(VENDOR_NUMBER).and_then(vendors::of_riscv);
            let by_key = |(key, beginning, maker): &(&str, &str, &'static str)| {
                self.get(key).filter(|value| value.starts_with(beginning)).map(|_| *maker)
            };
            let by_model = || self.model().and_then(|model| vendors::of_model(&model));
            let by_arm = self.implementer().and_then(arm::implementer);
            by_arm.or_else(by_number).or_else(by_model).or_else(|| vendors::OF_KEYS.iter().find_map(by_key))
        };
        self.first_of(&VENDORS).map(|(_, vendor)| vendor).or_else(|| maker().map(str::to_owned))
    }

    /// Logical CPUs: the file's own count, or the number of its processors.
    pub(crate) fn logical_count(&self) -> Option<u64> {
        self.number("# processors")
            .or_else(|| self.number("ncpus active"))
            .or_else(|| self.number("cpus active"))
            .or_else(|| Some(self.lines().filter(|(key, _)| is_processor(key)).count() as u64))
            .filter(|count| *count > 0)
    }

    /// Packages, cores and threads, if the processors name theirs.
    pub(crate) fn places(&self) -> Option<Places> {
        let mut places = Places { processors: 0, sockets: 0, cores: 0, threads: 0 };
        for package in self.packages().values() {
            places.processors = places.processors.saturating_add(package.processors);
            places.sockets += 1;
            places.cores = places.cores.saturating_add(package.cores());
            // Efficiency cores have one thread, and offline threads are missing.
            places.threads = places.threads.max(package.processors.div_ceil(package.cores()));
        }
        (places.sockets > 0).then_some(places)
    }

    fn packages(self) -> BTreeMap<PackageId, Package> {
        let mut packages = BTreeMap::new();
        let mut place = Place::default();
        for (key, value) in self.lines() {
            let number = || leading_number(value);
            if is_processor(key) || key == "cpu number" {
                std::mem::take(&mut place).count_in(&mut packages);
            } else if PACKAGE.contains(&key) {
                place.package = number();
            } else if CORE.contains(&key) {
                place.core = number();
            } else if key == BOOK {
                place.book = number().unwrap_or_default();
            } else if key == DRAWER {
                place.drawer = number().unwrap_or_default();
            } else if key == CORES {
                place.named_cores = number().unwrap_or_default();
            }
        }
        place.count_in(&mut packages);
        packages
    }

    /// The highest frequency of the processors, and its key.
    fn clock(self) -> Option<(&'static str, u64)> {
        let clocks = self.lines().filter_map(|(key, value)| clock(key, value));
        clocks.reduce(|known, next| if known.0 == next.0 && known.1 < next.1 { next } else { known })
    }

    /// Frequency in hertz, of the fastest processor.
    pub(crate) fn frequency(&self) -> Option<u64> {
        self.clock().map(|(_, hertz)| hertz)
    }

    /// Whether x86 has the hypervisor flag; `None` without flags.
    pub(crate) fn hypervisor_flag(&self) -> Option<bool> {
        self.get("flags").map(|flags| flags.split_ascii_whitespace().any(|flag| flag == "hypervisor"))
    }
}

/// The kind of the key and the frequency in hertz, if a line says one.
fn clock(key: &str, value: &str) -> Option<(&'static str, u64)> {
    let (kind, hertz) = if key.starts_with("Cpu") && key.ends_with(HEXADECIMAL_CLOCK) {
        (HEXADECIMAL_CLOCK, u64::from_str_radix(value, 16).ok()?)
    } else {
        let kind = *CLOCKS.iter().find(|known| **known == key)?;
        // POWER writes `clock : 3550.000000MHz`.
        let number = if kind == "clock" { value.strip_suffix("MHz")? } else { value };
        (kind, mega(number)?)
    };
    (hertz > 0).then_some((kind, hertz))
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

    let info = CpuInfo::new(text);
    let clock_kind = info.clock().map(|(kind, _)| kind);
    let mut kept = Vec::new();
    let of_each = |key| PACKAGE.contains(&key) || CORE.contains(&key) || [BOOK, DRAWER, CORES].contains(&key);
    for (key, value) in info.lines() {
        if is_processor(key) {
            kept.extend(key.get(.."processor".len()));
        } else if key == "cpu number" {
            kept.push(key);
        } else if of_each(key) {
            kept.extend(digits(value).into_iter().flat_map(|number| [key, number]));
        } else if let Some((kind, _)) = clock(key, value)
            && clock_kind == Some(kind)
        {
            kept.push(key);
            kept.extend(if kind == HEXADECIMAL_CLOCK { vec![value] } else { number(value) });
        }
    }
    let mut keep = |key: &str, part: &dyn for<'t> Fn(&'t str) -> Vec<&'t str>| {
        if let Some((key, value)) = info.first(key) {
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
    for (key, beginning, _) in vendors::OF_KEYS {
        keep(key, &|value| value.get(..beginning.len()).filter(|start| start == beginning).into_iter().collect());
    }
    for key in ["CPU implementer", "CPU part", VENDOR_NUMBER] {
        if info.hexadecimal(key).is_some() {
            keep(key, &|value| vec![value]);
        }
    }
    for key in ["# processors", "ncpus active", "cpus active", "siblings"] {
        keep(key, &|value| digits(value).into_iter().collect());
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
        let info = CpuInfo::new(concat!(
            "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Intel(R) Xeon(R) CPU @ 2.20GHz\n",
            "cpu MHz\t\t: 2199.998\nphysical id\t: 0\nsiblings\t: 2\ncore id\t\t: 0\ncpu cores\t: 1\nflags\t\t: fpu hypervisor\n\n",
            "processor\t: 1\nphysical id\t: 0\ncore id\t\t: 0\n\nprocessor\t: 2\nphysical id\t: 1\ncore id\t\t: 0\n",
        ));
        assert_eq!(info.model().as_deref(), Some("Intel(R) Xeon(R) CPU @ 2.20GHz"));
        assert_eq!(info.vendor().as_deref(), Some("GenuineIntel"));
        assert_eq!(info.logical_count(), Some(3));
        assert_eq!(info.places(), Some(Places { processors: 3, sockets: 2, cores: 2, threads: 2 }));
        assert_eq!(info.frequency(), Some(2_199_998_000));
        assert_eq!(info.hypervisor_flag(), Some(true));
    }

    #[test]
    fn other_architectures() {
        let arm = CpuInfo::new("processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n");
        assert_eq!(arm.model().as_deref(), Some("Neoverse-N1"));
        assert_eq!(arm.vendor().as_deref(), Some("ARM"));
        assert_eq!(arm.hypervisor_flag(), None);

        let old_arm = CpuInfo::new("Processor\t: ARMv7 Processor rev 4 (v7l)\nprocessor\t: 0\nprocessor\t: 1\n");
        assert_eq!(old_arm.model().as_deref(), Some("ARMv7 Processor rev 4 (v7l)"));
        assert_eq!(old_arm.logical_count(), Some(2));

        let power = CpuInfo::new("processor\t: 0\ncpu\t\t: POWER9 (raw)\nclock\t\t: 2200.000000MHz\n");
        assert_eq!((power.model().as_deref(), power.frequency()), (Some("POWER9 (raw)"), Some(2_200_000_000)));

        let s390 = CpuInfo::new("vendor_id       : IBM/S390\n# processors    : 2\nprocessor 0: version = FF\n");
        assert_eq!((s390.model().as_deref(), s390.logical_count()), (Some("IBM/S390"), Some(2)));

        let riscv = CpuInfo::new("processor\t: 0\nhart\t: 0\nisa\t: rv64imafdc\nuarch\t: sifive,u74-mc\n");
        assert_eq!(riscv.model().as_deref(), Some("sifive,u74-mc"));

        // What holds nothing but control bytes names nothing.
        let power = CpuInfo::new("cpu model\t: \u{7f}\u{0}\ncpu\t\t: POWER9\n");
        assert_eq!(power.model().as_deref(), Some("POWER9"));

        let mips = CpuInfo::new("system type\t: MT7621\nprocessor\t: 0\ncpu model\t: MIPS 1004Kc V2.15\n");
        assert_eq!(mips.model().as_deref(), Some("MIPS 1004Kc V2.15"));

        let sparc =
            CpuInfo::new("cpu\t: UltraSparc T5 (Niagara5)\nncpus active\t: 24\nCpu0ClkTck\t: 00000000d68d6f40\n");
        assert_eq!((sparc.logical_count(), sparc.frequency()), (Some(24), Some(0xd68d_6f40)));

        let loong = CpuInfo::new("processor\t: 0\npackage\t: 0\ncore\t: 1\nModel Name\t: 3A5000\nCPU MHz\t: 2500.00\n");
        assert_eq!((loong.model().as_deref(), loong.frequency()), (Some("3A5000"), Some(2_500_000_000)));
    }

    #[test]
    fn makers_without_a_line_of_their_own() {
        for (text, maker) in [
            ("mvendorid\t: 0x489\n", Some("SiFive")),
            ("mvendorid\t: 0x710\nuarch\t: riscv\n", Some("SpacemiT")),
            ("mvendorid\t: 0x0\nuarch\t: thead,c910\n", Some("T-Head")),
            ("uarch\t: riscv\nmmu\t: sv48\n", None),
            ("cpu\t: POWER10 (architected), altivec supported\n", Some("IBM")),
            ("cpu\t: e5500\n", Some("Freescale")),
            ("CPU Family\t: Loongson-64bit\nModel Name\t: Unknown\n", Some("Loongson")),
            ("Model Name\t: Loongson-3A6000\n", Some("Loongson")),
            ("cpu model\t: Cavium Octeon III V0.2  FPU V0.0\n", Some("Cavium")),
            ("cpu\t: UltraSparc T5 (Niagara5)\n", Some("Oracle")),
            ("cpu\t: UltraSparc T2 (Niagara2)\n", Some("Sun")),
            ("cpu\t: Alpha\ncpu model\t: EV67\n", Some("DEC")),
            ("vendor_id       : IBM/S390\n", Some("IBM/S390")),
            ("CPU implementer\t: 0x6d\nCPU part\t: 0xd49\n", Some("Microsoft")),
            ("CPU implementer\t: 0xffffffff61\n", None),
        ] {
            assert_eq!(CpuInfo::new(text).vendor().as_deref(), maker, "{text}");
        }
    }

    #[test]
    fn places() {
        let places = |processors, sockets, cores, threads| Some(Places { processors, sockets, cores, threads });
        for (what, text, expected) in [
            (
                "LoongArch",
                "processor: 0\npackage: 0\ncore: 0\n\nprocessor: 1\npackage: 0\ncore: 0\n\nprocessor: 2\npackage: 0\ncore: 1\n",
                places(3, 1, 2, 2),
            ),
            (
                "s390: the same number in two books",
                "processor 0: version = FF\nprocessor 1: version = FF\n\ncpu number: 0\nphysical id: 1\ncore id: 0\nbook id: 1\ndrawer id: 4\n\n\
                 cpu number: 1\nphysical id: 1\ncore id: 0\nbook id: 2\ndrawer id: 4\n",
                places(2, 2, 2, 1),
            ),
            (
                "two dies in a package number their cores alike",
                "processor: 0\nphysical id: 0\ncore id: 0\ncpu cores: 2\n\nprocessor: 1\nphysical id: 0\ncore id: 0\ncpu cores: 2\n",
                places(2, 1, 2, 1),
            ),
            ("a processor without a place", "processor: 0\nphysical id: 0\nprocessor: 1\ncore id: 1\n", None),
        ] {
            assert_eq!(CpuInfo::new(text).places(), expected, "{what}");
        }
    }

    #[test]
    fn the_fastest_processor_counts() {
        for (text, hertz) in [
            ("cpu MHz: 1000\nprocessor: 1\ncpu MHz: 2000.5\n", 2_000_500_000),
            ("cpu MHz dynamic : 5000\ncpu MHz static : 5200\n", 5_200_000_000),
            ("clock\t: 2200.0MHz\nclock\t: 3800.0MHz\n", 3_800_000_000),
            ("Cpu0ClkTck\t: 0000000000000010\nCpu1ClkTck\t: 0000000000000020\n", 0x20),
        ] {
            assert_eq!(CpuInfo::new(text).frequency(), Some(hertz), "{text}");
        }
    }

    #[test]
    fn nonsense_is_no_answer() {
        let info = CpuInfo::new(":::\nprocessor\ncpu MHz : fast\nphysical id : x\n\u{1b}[2J : \u{1b}\n");
        assert_eq!((info.model(), info.logical_count(), info.frequency()), (None, None, None));
        assert_eq!(info.places(), None);
    }
}
