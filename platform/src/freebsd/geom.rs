//! The disks of the GEOM framework, geom(4).

use std::collections::BTreeSet;
use std::str::SplitAsciiWhitespace;

/// A disk: a provider at the lowest level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Disk<'t> {
    pub(crate) name: &'t str,
    pub(crate) bytes: u64,
}

/// A line: how many providers are below it, its class, and its name.
fn split(line: &str) -> Option<(u32, &str, &str, SplitAsciiWhitespace<'_>)> {
    let mut words = line.split_ascii_whitespace();
    Some((words.next()?.parse().ok()?, words.next()?, words.next()?, words))
}

/// The real disks of `kern.geom.conftxt`. A line has level, class, name, bytes, bytes of a sector, and fields of the class
/// (`sys/geom/geom_dump.c`, `g_conftxt_geom`): `0 DISK ada0 500107862016 512 hd 16 sc 63`. What uses a provider follows it.
/// Nothing, if the line of a disk is not whole: a sum without it would be wrong.
pub(crate) fn disks(text: &str) -> Option<Vec<Disk<'_>>> {
    let mut disks = Vec::new();
    let mut multipath = BTreeSet::new();
    // Whether the lines at hand are those of the last disk.
    let mut of_a_disk = false;
    for line in text.lines() {
        match split(line) {
            Some((0, DISK, name, mut words)) if !is_no_disk(name) => {
                let bytes = words.next()?.parse().ok()?;
                let _sector: u64 = words.next()?.parse().ok()?;
                // A drive without a medium has no size.
                of_a_disk = bytes > 0;
                disks.extend(of_a_disk.then_some(Disk { name, bytes }));
            }
            Some((0, _, _, _)) => of_a_disk = false,
            // Two ways to one disk are two disks here, with the same device above them (gmultipath(8)).
            Some((1, MULTIPATH, name, _)) if of_a_disk => {
                if !multipath.insert(name) {
                    disks.pop();
                }
                of_a_disk = false;
            }
            None if line.starts_with("0 DISK") => return None,
            _ => {}
        }
    }
    Some(disks)
}

const DISK: &str = "DISK";
const MULTIPATH: &str = "MULTIPATH";

/// Optical drives, cd(4), the boot and RPMB areas of an eMMC chip, mmcsd(4), and the chips with the firmware, mx25l(4).
fn is_no_disk(name: &str) -> bool {
    let numbered =
        |prefix: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    numbered("cd")
        || name.starts_with("flash/")
        || (numbered("mmcsd") && (name.contains("boot") || name.contains("rpmb")))
}

/// Drivers that number their disks: ada(4), da(4), nda(4), nvd(4), vtblk(4), xnb(4), mfi(4).
#[cfg(feature = "recorded")]
const DRIVERS: &[&str] = &["ada", "da", "nda", "nvd", "vtbd", "xbd", "mfid", "mmcsd", "cd", "flash/spi"];

/// The text with a number for the name of each multipath device, which a person gave it.
#[cfg(feature = "recorded")]
pub(crate) fn numbered(text: &str) -> String {
    let mut names = Vec::new();
    let mut number = |line: &str| {
        let (1, MULTIPATH, name, _) = split(line)? else { return None };
        let at = names.iter().position(|known| known == name).unwrap_or_else(|| {
            names.push(name.to_owned());
            names.len() - 1
        });
        Some(line.replacen(name, &format!("multipath/{at}"), 1))
    };
    text.split_inclusive('\n').map(|line| number(line).unwrap_or_else(|| line.to_owned())).collect()
}

/// The lines of disks up to the size of a sector, with the part of the name that a driver gives, and the beginning of those of
/// multipath devices.
#[cfg(feature = "recorded")]
pub(crate) fn kept(text: &str) -> Vec<&str> {
    let mut kept = Vec::new();
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        let (level, class) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let name = words.next().unwrap_or_default();
        // Of other lines the level tells where those of a disk end.
        kept.extend(Some(level).filter(|level| is_number(level)));
        if (level, class) == ("1", MULTIPATH) && name.strip_prefix("multipath/").is_some_and(is_number) {
            kept.extend([class, name]);
        }
        if (level, class) == ("0", DISK) {
            kept.push(class);
            kept.extend(words.take(2).take_while(|word| is_number(word)));
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

#[cfg(feature = "recorded")]
fn is_number(text: &str) -> bool {
    text.parse::<u64>().is_ok()
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
        let found = disks(text).unwrap();
        assert_eq!(
            found,
            [Disk { name: "nda0", bytes: 256_060_514_304 }, Disk { name: "mmcsd0", bytes: 31_268_536_320 }]
        );
    }

    #[test]
    fn two_ways_to_a_disk_are_one_disk() {
        let text = "0 DISK da0 1000 512 hd 255 sc 63\n1 MULTIPATH multipath/a 488 512 s OPTIMAL\n\
                    2 PART multipath/ap1 400 512 i 1 o 40\n\
                    0 DISK da1 1000 512 hd 255 sc 63\n1 MULTIPATH multipath/b 488 512 s OPTIMAL\n\
                    0 DISK da2 1000 512 hd 255 sc 63\n1 MULTIPATH multipath/a 488 512 s OPTIMAL\n\
                    0 DISK da3 0 512 hd 0 sc 0\n1 MULTIPATH multipath/b 488 512 s OPTIMAL\n\
                    0 DISK da4 30 512 hd 0 sc 0\n1 PART da4p1 20 512\n0 MD md0 9 512\n1 MULTIPATH multipath/b 9 512\n";
        let names: Vec<_> = disks(text).unwrap().iter().map(|disk| disk.name).collect();
        assert_eq!(names, ["da0", "da1", "da4"]);
        #[cfg(feature = "recorded")]
        {
            assert!(numbered(text).contains("0 DISK da2 1000 512 hd 255 sc 63\n1 MULTIPATH multipath/0 488"));
            assert_eq!(disks(&numbered(text)), disks(text));
        }
    }

    #[test]
    fn no_disk_is_lost_silently() {
        assert_eq!(disks(""), Some(Vec::new()));
        assert_eq!(disks("geom\n\0\n1 DISK\nx DISK ada0 1 512\n"), Some(Vec::new()));
        let whole = "0 DISK ada0 1000 512 hd 16 sc 63\n";
        for cut in [
            "0 DISK",
            "0 DISK ada1",
            "0 DISK ada1 10",
            "0 DISK ada1 many 512",
            "0 DISK ada1 -1 512",
            "0 DISK ada1 99999999999999999999 512",
            "0 DISK ada1 1000 5x2",
        ] {
            assert_eq!(disks(&format!("{cut}\n{whole}")), None, "{cut}");
            assert_eq!(disks(&format!("{whole}{cut}")), None, "{cut}");
        }
    }
}
