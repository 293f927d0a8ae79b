//! Makers of processors whose /proc/cpuinfo has no line for the maker.

/// RISC-V: the register `mvendorid`, a number of JEDEC's list JEP106.
///
/// Linux' `vendorid_list.h` below arch/riscv, QEMU's `cpu_vendorid.h` below target/riscv, and `RISCVProcessors.td` of LLVM.
const OF_RISCV: &[(u64, &str)] = &[
    (0x029, "Microchip"),
    (0x31e, "Andes"),
    (0x489, "SiFive"),
    (0x5b7, "T-Head"),
    (0x61f, "Ventana"),
    (0x710, "SpacemiT"),
    (0x722, "MIPS"),
    (0x7a1, "Tenstorrent"),
];

/// By the names that the kernel gives to models.
const OF_MODELS: &[(&str, &str)] = &[
    // RISC-V's `uarch` is the device tree's `compatible`: Documentation/devicetree/bindings/vendor-prefixes.yaml. `riscv` is
    // nobody.
    ("amd,", "AMD"),
    ("andestech,", "Andes"),
    ("canaan,", "Canaan"),
    ("microchip,", "Microchip"),
    ("mips,", "MIPS"),
    ("nuclei,", "Nuclei"),
    ("sifive,", "SiFive"),
    ("spacemit,", "SpacemiT"),
    ("starfive,", "StarFive"),
    ("tenstorrent,", "Tenstorrent"),
    ("thead,", "T-Head"),
    ("ultrarisc,", "UltraRISC"),
    ("ventana,", "Ventana"),
    // POWER: `arch/powerpc/kernel/cpu_specs*.h`.
    ("POWER", "IBM"),
    ("PPC970", "IBM"),
    ("Cell Broadband Engine", "IBM"),
    ("RS64", "IBM"),
    ("e300", "Freescale"),
    ("e500", "Freescale"),
    ("e5500", "Freescale"),
    ("e6500", "Freescale"),
    ("PA6T", "P.A. Semi"),
    // SPARC: arch/sparc/kernel/cpu.c. Since the T3 of 2010 Sun's are Oracle's.
    ("UltraSparc T3", "Oracle"),
    ("UltraSparc T4", "Oracle"),
    ("UltraSparc T5", "Oracle"),
    ("SPARC-M", "Oracle"),
    ("SPARC-S", "Oracle"),
    ("SPARC64", "Fujitsu"),
    ("Fujitsu", "Fujitsu"),
    ("TI UltraSparc", "TI"),
    ("UltraSparc", "Sun"),
    ("LEON", "Gaisler"),
    // MIPS, and LoongArch after it: `cpu-probe.c` below arch/mips and arch/loongarch.
    ("ICT Loongson", "Loongson"),
    ("Loongson", "Loongson"),
    ("Cavium", "Cavium"),
    ("Broadcom", "Broadcom"),
    ("Netlogic", "Netlogic"),
    ("Ingenic", "Ingenic"),
    ("MIPS", "MIPS"),
];

/// By what other keys say, each with the beginning of its value: families of `LoongArch` (arch/loongarch/kernel/proc.c), and the
/// only maker of Alpha (arch/alpha/kernel/setup.c) and of PA-RISC (arch/parisc/kernel/processor.c).
pub(crate) const OF_KEYS: &[(&str, &str, &str)] =
    &[("CPU Family", "Loongson", "Loongson"), ("cpu", "Alpha", "DEC"), ("cpu family", "PA-RISC", "HP")];

pub(crate) fn of_riscv(mvendorid: u64) -> Option<&'static str> {
    OF_RISCV.iter().find(|(id, _)| *id == mvendorid).map(|(_, maker)| *maker)
}

pub(crate) fn of_model(model: &str) -> Option<&'static str> {
    OF_MODELS.iter().find(|(beginning, _)| model.starts_with(beginning)).map(|(_, maker)| *maker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_beginning_stands_before_a_shorter_one() {
        for (at, (beginning, _)) in OF_MODELS.iter().enumerate() {
            let hidden = OF_MODELS.iter().take(at).any(|(before, _)| beginning.starts_with(before));
            assert!(!hidden, "{beginning} is never reached");
        }
    }
}
