//! Arm processors by two numbers of the Main ID Register (`MIDR_EL1`), as /proc/cpuinfo shows them.
//!
//! Implementers: Arm Architecture Reference Manual, `MIDR_EL1`. Parts: arch/arm64/include/asm/cputype.h of Linux and each
//! maker's Technical Reference Manual.

const MIDR: &str = "Arm Architecture Reference Manual, MIDR_EL1; Linux arch/arm64/include/asm/cputype.h";
const LSCPU: &str = "util-linux sys-utils/lscpu-arm.c";
const MANUAL: &str = "the processor's Technical Reference Manual, Main ID Register";
const CPUTYPE: &str = "Linux arch/arm64/include/asm/cputype.h";

/// A maker, by bits 31 to 24 of the register.
#[derive(Clone, Copy, Debug)]
pub struct Implementer {
    /// The number in /proc/cpuinfo.
    pub code: u32,
    /// The maker's name.
    pub name: &'static str,
    /// Its documentation.
    pub citation: &'static str,
}

/// A model, by maker and by bits 15 to 4.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The maker's number.
    pub implementer: u32,
    /// The number in /proc/cpuinfo.
    pub part: u32,
    /// The model's name.
    pub name: &'static str,
    /// Its documentation.
    pub citation: &'static str,
}

const fn maker(code: u32, name: &'static str, citation: &'static str) -> Implementer {
    Implementer { code, name, citation }
}

const fn model(implementer: u32, part: u32, name: &'static str, citation: &'static str) -> Part {
    Part { implementer, part, name, citation }
}

/// The makers.
pub const IMPLEMENTERS: &[Implementer] = &[
    maker(0x41, "ARM", MIDR),
    maker(0x42, "Broadcom", MIDR),
    maker(0x43, "Cavium", MIDR),
    maker(0x44, "DEC", LSCPU),
    maker(0x46, "FUJITSU", MIDR),
    maker(0x48, "HiSilicon", MIDR),
    maker(0x49, "Infineon", LSCPU),
    maker(0x4d, "Motorola/Freescale", LSCPU),
    maker(0x4e, "NVIDIA", MIDR),
    maker(0x50, "APM", MIDR),
    maker(0x51, "Qualcomm", MIDR),
    maker(0x53, "Samsung", MIDR),
    maker(0x56, "Marvell", LSCPU),
    maker(0x61, "Apple", MIDR),
    maker(0x66, "Faraday", LSCPU),
    maker(0x69, "Intel", LSCPU),
    maker(0x6d, "Microsoft", LSCPU),
    maker(0x70, "Phytium", MIDR),
    maker(0xc0, "Ampere", MIDR),
];

/// The models.
pub const PARTS: &[Part] = &[
    model(0x41, 0x920, "ARM920T", MANUAL),
    model(0x41, 0x926, "ARM926EJ-S", MANUAL),
    model(0x41, 0xb36, "ARM1136J-S", MANUAL),
    model(0x41, 0xb76, "ARM1176JZF-S", MANUAL),
    model(0x41, 0xc05, "Cortex-A5", MANUAL),
    model(0x41, 0xc07, "Cortex-A7", MANUAL),
    model(0x41, 0xc08, "Cortex-A8", MANUAL),
    model(0x41, 0xc09, "Cortex-A9", MANUAL),
    model(0x41, 0xc0d, "Cortex-A17", MANUAL),
    model(0x41, 0xc0e, "Cortex-A17", MANUAL),
    model(0x41, 0xc0f, "Cortex-A15", MANUAL),
    model(0x41, 0xd01, "Cortex-A32", MANUAL),
    model(0x41, 0xd02, "Cortex-A34", MANUAL),
    model(0x41, 0xd03, "Cortex-A53", MANUAL),
    model(0x41, 0xd04, "Cortex-A35", MANUAL),
    model(0x41, 0xd05, "Cortex-A55", MANUAL),
    model(0x41, 0xd06, "Cortex-A65", MANUAL),
    model(0x41, 0xd07, "Cortex-A57", MANUAL),
    model(0x41, 0xd08, "Cortex-A72", MANUAL),
    model(0x41, 0xd09, "Cortex-A73", MANUAL),
    model(0x41, 0xd0a, "Cortex-A75", MANUAL),
    model(0x41, 0xd0b, "Cortex-A76", MANUAL),
    model(0x41, 0xd0c, "Neoverse-N1", MANUAL),
    model(0x41, 0xd0d, "Cortex-A77", MANUAL),
    model(0x41, 0xd0e, "Cortex-A76AE", MANUAL),
    model(0x41, 0xd40, "Neoverse-V1", MANUAL),
    model(0x41, 0xd41, "Cortex-A78", MANUAL),
    model(0x41, 0xd42, "Cortex-A78AE", MANUAL),
    model(0x41, 0xd43, "Cortex-A65AE", MANUAL),
    model(0x41, 0xd44, "Cortex-X1", MANUAL),
    model(0x41, 0xd46, "Cortex-A510", MANUAL),
    model(0x41, 0xd47, "Cortex-A710", MANUAL),
    model(0x41, 0xd48, "Cortex-X2", MANUAL),
    model(0x41, 0xd49, "Neoverse-N2", MANUAL),
    model(0x41, 0xd4a, "Neoverse-E1", MANUAL),
    model(0x41, 0xd4b, "Cortex-A78C", MANUAL),
    model(0x41, 0xd4c, "Cortex-X1C", MANUAL),
    model(0x41, 0xd4d, "Cortex-A715", MANUAL),
    model(0x41, 0xd4e, "Cortex-X3", MANUAL),
    model(0x41, 0xd4f, "Neoverse-V2", MANUAL),
    model(0x41, 0xd80, "Cortex-A520", MANUAL),
    model(0x41, 0xd81, "Cortex-A720", MANUAL),
    model(0x41, 0xd82, "Cortex-X4", MANUAL),
    model(0x41, 0xd83, "Neoverse-V3AE", MANUAL),
    model(0x41, 0xd84, "Neoverse-V3", MANUAL),
    model(0x41, 0xd85, "Cortex-X925", MANUAL),
    model(0x41, 0xd87, "Cortex-A725", MANUAL),
    model(0x41, 0xd8e, "Neoverse-N3", MANUAL),
    model(0x42, 0x516, "ThunderX2", CPUTYPE),
    model(0x43, 0x0a1, "ThunderX-88XX", CPUTYPE),
    model(0x43, 0x0a2, "ThunderX-81XX", CPUTYPE),
    model(0x43, 0x0a3, "ThunderX-83XX", CPUTYPE),
    model(0x43, 0x0af, "ThunderX2-99xx", CPUTYPE),
    model(0x46, 0x001, "A64FX", CPUTYPE),
    model(0x48, 0xd01, "TaiShan-v110", CPUTYPE),
    model(0x4e, 0x003, "Denver 2", CPUTYPE),
    model(0x4e, 0x004, "Carmel", CPUTYPE),
    model(0x50, 0x000, "X-Gene", CPUTYPE),
    model(0x51, 0x001, "Oryon", CPUTYPE),
    model(0x51, 0x800, "Falkor-V1/Kryo", CPUTYPE),
    model(0x51, 0xc00, "Falkor", CPUTYPE),
    model(0x61, 0x022, "Icestorm", CPUTYPE),
    model(0x61, 0x023, "Firestorm", CPUTYPE),
    model(0xc0, 0xac3, "Ampere-1", CPUTYPE),
    model(0xc0, 0xac4, "Ampere-1a", CPUTYPE),
];

pub(crate) fn implementer(code: u32) -> Option<&'static str> {
    IMPLEMENTERS.iter().find(|row| row.code == code).map(|row| row.name)
}

pub(crate) fn part(implementer: u32, part: u32) -> Option<&'static str> {
    PARTS.iter().find(|row| (row.implementer, row.part) == (implementer, part)).map(|row| row.name)
}
