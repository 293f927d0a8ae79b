//! The disks of the GEOM framework, geom(4).

/// A disk: a provider at the lowest level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Disk<'t> {
    pub(crate) name: &'t str,
    pub(crate) bytes: u64,
}

/// The real disks of `kern.geom.conftxt`. A line has level, class, name, bytes, bytes of a sector, and fields of the class
/// (`sys/geom/geom_dump.c`, `g_conftxt_geom`): `0 DISK ada0 500107862016 512 hd 16 sc 63`.
pub(crate) fn disks(text: &str) -> impl Iterator<Item = Disk<'_>> {
    text.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let (level, class, name) = (words.next()?, words.next()?, words.next()?);
        let bytes = words.next()?.parse().ok().filter(|bytes| *bytes > 0)?;
        (level == "0" && class == "DISK" && !is_no_disk(name)).then_some(Disk { name, bytes })
    })
}

/// Optical drives, cd(4), and the boot and RPMB areas of an eMMC chip, mmcsd(4).
fn is_no_disk(name: &str) -> bool {
    let numbered =
        |prefix: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    numbered("cd") || (numbered("mmcsd") && (name.contains("boot") || name.contains("rpmb")))
}

/// Drivers that number their disks: ada(4), da(4), nda(4), nvd(4), vtblk(4), xnb(4), mfi(4).
#[cfg(feature = "recorded")]
const DRIVERS: &[&str] = &["ada", "da", "nda", "nvd", "vtbd", "xbd", "mfid", "mmcsd", "cd"];

/// The lines of disks up to their size, with the part of the name that a driver gives.
#[cfg(feature = "recorded")]
pub(crate) fn kept(text: &str) -> Vec<&str> {
    let mut kept = Vec::new();
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        if let (Some(level @ "0"), Some(class @ "DISK"), Some(name), Some(bytes)) =
            (words.next(), words.next(), words.next(), words.next())
            && bytes.parse::<u64>().is_ok()
        {
            kept.extend([level, class, bytes]);
            let end = name.find(|c: char| c.is_ascii_digit()).unwrap_or(name.len());
            if name.get(..end).is_some_and(|driver| DRIVERS.contains(&driver)) {
                let number = name.get(end..).unwrap_or_default();
                kept.extend(name.get(..end));
                kept.extend(crate::text::digits(number));
                kept.extend(["boot", "rpmb"].iter().filter_map(|part| number.matches(part).next()));
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_disks_count() {
        let text = "0 DISK nda0 256060514304 512 hd 255 sc 63\n\
                    1 PART nda0p2 255000000000 512 i 2 o 272629760 ty freebsd-zfs xs GPT xt 516e7cba\n\
                    2 LABEL gpt/zfs0 255000000000 512 i 0 o 0\n\
                    0 DISK cd0 4700372992 2048 hd 0 sc 0\n\
                    0 DISK da0 0 512 hd 0 sc 0\n\
                    0 DISK mmcsd0 31268536320 512 hd 0 sc 0\n0 DISK mmcsd0boot0 4194304 512 hd 0 sc 0\n\
                    0 MD md0 1048576 512 u 0 s 512 f 0 fs 0 l 1048576 t swap\n\
                    0 ZFS::ZVOL zvol/tank/vm 10737418240 512\n";
        let found: Vec<_> = disks(text).collect();
        assert_eq!(
            found,
            [Disk { name: "nda0", bytes: 256_060_514_304 }, Disk { name: "mmcsd0", bytes: 31_268_536_320 }]
        );
    }

    #[test]
    fn what_is_no_such_line_is_passed_over() {
        assert_eq!(disks("").count(), 0);
        assert_eq!(disks("0 DISK\n0 DISK ada0\n0 DISK ada0 many 512\n0 DISK ada0 -1 512\n\0\n").count(), 0);
        assert_eq!(disks("0 DISK ada0 99999999999999999999 512\n").count(), 0);
    }
}
