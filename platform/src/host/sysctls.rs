//! Every name of sysctl(3) in use, with the type of its value and the unit of its number.

use crate::host::{Error, Result};

/// The C type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    /// Text of at most this many bytes, with the NUL at its end.
    Text(usize),
    /// `int`
    Int,
    /// `unsigned long`: as wide as a pointer on both systems.
    Long,
    /// 64 bits on every processor.
    Quad,
}

/// The unit of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A count, a version, or yes and no.
    One,
    /// Bytes.
    Bytes,
    /// Hertz.
    Hertz,
    /// A million hertz.
    Megahertz,
    /// Not a number.
    None,
}

impl Unit {
    /// The value of this unit in that of the fact.
    const fn factor(self) -> u64 {
        match self {
            Self::Megahertz => 1_000_000,
            Self::One | Self::Bytes | Self::Hertz | Self::None => 1,
        }
    }
}

/// A name and its value's type and unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sysctl {
    pub(crate) name: &'static str,
    pub(crate) kind: Type,
    pub(crate) unit: Unit,
    /// The system's documentation of it.
    #[allow(dead_code, reason = "read by a test and by people")]
    pub(crate) citation: &'static str,
}

const fn row(name: &'static str, kind: Type, unit: Unit, citation: &'static str) -> Sysctl {
    Sysctl { name, kind, unit, citation }
}

const FIRST_ROOM: usize = 4096;

/// Longest text of most names.
const TEXT: Type = Type::Text(4096);

/// Every name in use. The citation is a page of FreeBSD's manual, Apple's sysctl(3) or "Determining system capabilities", or
/// else a file of the kernel.
#[rustfmt::skip]
pub(crate) const SYSCTLS: &[Sysctl] = &[
    // Both systems.
    row("hw.model", TEXT, Unit::None, "sysctl(3), HW_MODEL"),
    row("hw.ncpu", Type::Int, Unit::One, "sysctl(3), HW_NCPU"),
    // FreeBSD.
    row("dev.cpu.0.freq", Type::Int, Unit::Megahertz, "cpufreq(4)"),
    row("hw.hv_vendor", TEXT, Unit::None, "sys/x86/x86/identcpu.c"),
    row("hw.machine_arch", TEXT, Unit::None, "sysctl(3), HW_MACHINE_ARCH"),
    row("hw.physmem", Type::Long, Unit::Bytes, "sysctl(3), HW_PHYSMEM"),
    row("kern.geom.conftxt", Type::Text(16 << 20), Unit::None, "sys/geom/geom_dump.c, g_conftxt"),
    row("kern.ident", TEXT, Unit::None, "config(5), ident"),
    row("kern.osreldate", Type::Int, Unit::One, "sysctl(3), KERN_OSRELDATE"),
    row("kern.smp.cores", Type::Int, Unit::One, "smp(4)"),
    row("kern.smp.threads_per_core", Type::Int, Unit::One, "smp(4)"),
    row("kern.vm_guest", TEXT, Unit::None, "sys/kern/subr_param.c, sysctl_kern_vm_guest"),
    row("machdep.tsc_freq", Type::Quad, Unit::Hertz, "sys/x86/x86/tsc.c, sysctl_machdep_tsc_freq"),
    row("security.bsd.see_other_uids", Type::Int, Unit::One, "security(7), security.bsd.see_other_uids"),
    row("security.jail.jailed", Type::Int, Unit::One, "sys/kern/kern_jail.c, sysctl_jail_jailed"),
    row("security.jail.vnet", Type::Int, Unit::One, "sys/kern/kern_jail.c, sysctl_jail_vnet"),
    // macOS.
    row("hw.activecpu", Type::Int, Unit::One, "sysctl(3), HW_AVAILCPU"),
    row("hw.cpufrequency", Type::Quad, Unit::Hertz, "bsd/kern/kern_mib.c, HW_CPU_FREQ"),
    row("hw.logicalcpu", Type::Int, Unit::One, "sysctl(3), hw.logicalcpu"),
    row("hw.logicalcpu_max", Type::Int, Unit::One, "sysctl(3), hw.logicalcpu_max"),
    row("hw.memsize", Type::Quad, Unit::Bytes, "sysctl(3), HW_MEMSIZE"),
    row("hw.nperflevels", Type::Int, Unit::One, "Determining system capabilities"),
    row("hw.optional.arm64", Type::Int, Unit::One, "Determining instruction set characteristics"),
    row("hw.packages", Type::Int, Unit::One, "bsd/kern/kern_mib.c, hw_packages"),
    row("hw.perflevel0.name", TEXT, Unit::None, "Determining system capabilities"),
    row("hw.perflevel0.physicalcpu", Type::Int, Unit::One, "Determining system capabilities"),
    row("hw.perflevel1.name", TEXT, Unit::None, "Determining system capabilities"),
    row("hw.perflevel1.physicalcpu", Type::Int, Unit::One, "Determining system capabilities"),
    row("hw.perflevel2.name", TEXT, Unit::None, "Determining system capabilities"),
    row("hw.perflevel2.physicalcpu", Type::Int, Unit::One, "Determining system capabilities"),
    row("hw.perflevel3.name", TEXT, Unit::None, "Determining system capabilities"),
    row("hw.perflevel3.physicalcpu", Type::Int, Unit::One, "Determining system capabilities"),
    row("hw.physicalcpu", Type::Int, Unit::One, "sysctl(3), hw.physicalcpu"),
    row("hw.physicalcpu_max", Type::Int, Unit::One, "sysctl(3), hw.physicalcpu_max"),
    row("kern.hv_vmm_present", Type::Int, Unit::One, "bsd/kern/kern_sysctl.c, sysctl_hv_vmm_present"),
    row("kern.osproductversion", TEXT, Unit::None, "bsd/kern/kern_sysctl.c, osproductversion"),
    row("kern.osversion", TEXT, Unit::None, "sysctl(3), KERN_OSVERSION"),
    row("machdep.cpu.brand_string", TEXT, Unit::None, "osfmk/i386/cpuid.c; bsd/dev/arm64/sysctl.c"),
    row("machdep.cpu.core_count", Type::Int, Unit::One, "bsd/dev/i386/sysctl.c; bsd/dev/arm64/sysctl.c"),
    row("machdep.cpu.features", TEXT, Unit::None, "bsd/dev/i386/sysctl.c"),
    row("machdep.cpu.thread_count", Type::Int, Unit::One, "bsd/dev/i386/sysctl.c; bsd/dev/arm64/sysctl.c"),
    row("machdep.cpu.vendor", TEXT, Unit::None, "bsd/dev/i386/sysctl.c"),
    row("sysctl.proc_translated", Type::Int, Unit::One, "About the Rosetta translation environment"),
];

/// A name in use; others are never asked.
fn find(name: &str) -> Result<&'static Sysctl> {
    SYSCTLS.iter().find(|row| row.name == name).ok_or(Error::Unsupported)
}

/// Whether the value is a number.
pub(crate) fn is_number(name: &str) -> bool {
    find(name).is_ok_and(|row| !matches!(row.kind, Type::Text(_)))
}

/// Most bytes of a text, with its NUL.
pub(crate) fn text_limit(name: &str) -> Result<usize> {
    match find(name)?.kind {
        Type::Text(limit) => Ok(limit),
        Type::Int | Type::Long | Type::Quad => Err(Error::Malformed),
    }
}

/// A text for which `ask` fills the given room and says how much of it is used, or [`Error::TooLarge`]. A longer text than the
/// name can have is malformed, and never cut.
#[cfg_attr(not(any(target_os = "macos", target_os = "freebsd")), allow(dead_code, reason = "only these have sysctl"))]
pub(crate) fn text(name: &str, mut ask: impl FnMut(&mut [u8]) -> Result<usize>) -> Result<String> {
    let limit = text_limit(name)?;
    // Almost every text is short.
    let mut room = limit.min(FIRST_ROOM);
    loop {
        let mut value = vec![0; room];
        match ask(&mut value) {
            Ok(length) => {
                let text = value.get(..length).ok_or(Error::Malformed)?;
                let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
                return Ok(String::from_utf8_lossy(text).into_owned());
            }
            Err(Error::TooLarge) if room < limit => room = room.saturating_mul(8).min(limit),
            Err(Error::TooLarge) => return Err(Error::Malformed),
            Err(error) => return Err(error),
        }
    }
}

/// The number in the system's answer, whose length must be that of the type.
#[cfg_attr(not(any(target_os = "macos", target_os = "freebsd")), allow(dead_code, reason = "only these have sysctl"))]
pub(crate) fn number(name: &str, bytes: &[u8]) -> Result<i64> {
    let unsigned = match find(name)?.kind {
        Type::Text(_) => None,
        Type::Int => {
            return bytes.try_into().map(|four| i32::from_ne_bytes(four).into()).map_err(|_length| Error::Malformed);
        }
        Type::Long => bytes.try_into().ok().map(usize::from_ne_bytes).and_then(|value| u64::try_from(value).ok()),
        Type::Quad => bytes.try_into().ok().map(u64::from_ne_bytes),
    };
    unsigned.and_then(|value| i64::try_from(value).ok()).ok_or(Error::Malformed)
}

/// An amount in the fact's unit; nothing unless it is above zero.
pub(crate) fn amount(name: &str, value: i64) -> Option<u64> {
    let value = u64::try_from(value).ok().filter(|value| *value > 0)?;
    value.checked_mul(find(name).ok()?.unit.factor())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_width_of_its_type() {
        assert_eq!(number("hw.ncpu", &8_i32.to_ne_bytes()), Ok(8));
        assert_eq!(number("hw.ncpu", &(-1_i32).to_ne_bytes()), Ok(-1));
        assert_eq!(number("hw.ncpu", &8_i64.to_ne_bytes()), Err(Error::Malformed));
        assert_eq!(number("hw.memsize", &(32_u64 << 30).to_ne_bytes()), Ok(32 << 30));
        assert_eq!(number("hw.memsize", &8_i32.to_ne_bytes()), Err(Error::Malformed));
        assert_eq!(number("hw.memsize", &u64::MAX.to_ne_bytes()), Err(Error::Malformed));
        assert_eq!(number("hw.physmem", &(1_usize << 30).to_ne_bytes()), Ok(1 << 30));
        for bytes in [&[][..], &[0; 3], &[0; 5], &[0; 7], &[0; 9]] {
            for row in SYSCTLS.iter().filter(|row| !matches!(row.kind, Type::Text(_))) {
                assert_eq!(number(row.name, bytes), Err(Error::Malformed), "{}", row.name);
            }
        }
    }

    /// A kernel with a text, which it copies as far as there is room.
    fn kernel(text: &[u8]) -> impl FnMut(&mut [u8]) -> Result<usize> + '_ {
        |room| {
            let fits = text.len().min(room.len());
            room[..fits].copy_from_slice(&text[..fits]);
            if fits < text.len() { Err(Error::TooLarge) } else { Ok(fits) }
        }
    }

    #[test]
    fn a_text_has_as_much_room_as_it_needs() {
        let limit = text_limit("kern.geom.conftxt").unwrap();
        assert!(limit >= 8 << 20, "thousands of disks");
        for length in [0, 1, FIRST_ROOM - 1, FIRST_ROOM, 300 * 1024, 5 << 20, limit - 1] {
            let mut bytes = vec![b'x'; length];
            bytes.push(0);
            assert_eq!(text("kern.geom.conftxt", kernel(&bytes)).map(|text| text.len()), Ok(length));
        }
        assert_eq!(text("kern.geom.conftxt", kernel(&vec![b'x'; limit + 1])), Err(Error::Malformed));
        assert_eq!(text("hw.model", kernel(&[b'x'; FIRST_ROOM + 1])), Err(Error::Malformed));
        assert_eq!(text("hw.model", |_room| Err(Error::NotFound)), Err(Error::NotFound));
        assert_eq!(text("hw.model", |room| Ok(room.len() + 1)), Err(Error::Malformed));
        assert_eq!(text("hw.ncpu", kernel(b"x")), Err(Error::Malformed));
    }

    #[test]
    fn a_text_is_no_number_and_a_number_no_text() {
        assert_eq!(number("hw.model", &[0; 4]), Err(Error::Malformed));
        assert_eq!(text_limit("hw.ncpu"), Err(Error::Malformed));
        assert_eq!(text_limit("hw.model"), Ok(4096));
    }

    #[test]
    fn what_no_backend_asks_for_is_not_asked() {
        assert_eq!(number("kern.hostuuid", &[0; 4]), Err(Error::Unsupported));
        assert_eq!(text_limit("kern.hostname"), Err(Error::Unsupported));
    }

    #[test]
    fn amounts_are_in_the_unit_of_the_fact() {
        assert_eq!(amount("dev.cpu.0.freq", 2400), Some(2_400_000_000));
        assert_eq!(amount("hw.cpufrequency", 2_400_000_000), Some(2_400_000_000));
        assert_eq!(amount("hw.ncpu", 0), None);
        assert_eq!(amount("hw.ncpu", -3), None);
        assert_eq!(amount("dev.cpu.0.freq", i64::MAX), None);
    }

    #[test]
    fn every_name_stands_once_with_a_unit_and_a_citation() {
        let names: std::collections::BTreeSet<_> = SYSCTLS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), SYSCTLS.len());
        for row in SYSCTLS {
            assert_eq!(matches!(row.kind, Type::Text(_)), row.unit == Unit::None, "{row:?}");
            assert!(row.citation.len() > 5, "{row:?}");
        }
    }
}
