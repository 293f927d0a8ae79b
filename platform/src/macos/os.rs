//! Name and version of macOS.
//!
//! A program that was built with an old SDK, or runs with `SYSTEM_VERSION_COMPAT=1`, gets the version that such programs expect:
//! 10.16 from macOS 11 on, 16 from macOS 26 on. So answers `kern.osproductversion` (XNU `bsd/kern/kern_sysctl.c`,
//! `sysctl_osproductversion`), and the C library opens `SystemVersionCompat.plist` in place of `SystemVersion.plist` (XNU
//! libsyscall/wrappers/system-version-compat.c, `tests/system_version_compat.c`). The file under its other name is never exchanged,
//! and uname(2) tells every program the same.

use crate::ask::{Ask, Machine};
use crate::facts::{Kernel, Os};
use crate::macos::plist;
use crate::source::Source;
use crate::text::{VALUE_LIMIT, clean_text, leading_number};

const PLIST_LIMIT: usize = 64 * 1024;
const VERSION: &str = "ProductVersion";

/// The strings of a file about the system.
struct File(Option<std::collections::BTreeMap<String, String>>);

impl File {
    fn read(ask: &mut Ask<'_, '_>, source: Source) -> Self {
        let strings = ask.text(source.name(), PLIST_LIMIT).map(|file| plist::strings(&file.text));
        for (key, value) in plist::FIELDS.iter().filter_map(|key| strings.as_ref()?.get_key_value(*key)) {
            ask.saw(format!("{source}: {key}"), value);
        }
        Self(strings)
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.0.as_ref()?.get(key).map(String::as_str).filter(|value| plist::is_of(key, value))
    }
}

/// The first two numbers of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Numbers {
    major: u64,
    minor: u64,
}

impl Numbers {
    fn of(version: &str) -> Option<Self> {
        if !plist::is_version(version) {
            return None;
        }
        let mut parts = version.split('.');
        let major = leading_number(parts.next()?)?;
        Some(Self { major, minor: parts.next().map_or(Some(0), leading_number)? })
    }

    /// Whether a macOS had this version: 15 was followed by 26.
    fn is_real(self) -> bool {
        matches!((self.major, self.minor), (10, 0..=15) | (11..=15 | 26.., _))
    }
}

/// The versions of macOS with one kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Series {
    /// 10.x
    Ten(u64),
    /// 11 and later.
    Major(u64),
}

impl Series {
    /// The series of a Darwin: XNU's own number went with 10.x from 10.1 on, and is that of macOS since 27. No macOS had 26.
    fn of(darwin: Numbers) -> Option<Self> {
        match darwin.major {
            5..=19 => Some(Self::Ten(darwin.major - 4)),
            20..=24 => Some(Self::Major(darwin.major - 9)),
            25 => Some(Self::Major(26)),
            27.. => Some(Self::Major(darwin.major)),
            _ => None,
        }
    }

    fn has(self, version: Numbers) -> bool {
        match self {
            Self::Ten(minor) => version == Numbers { major: 10, minor },
            Self::Major(major) => version.major == major,
        }
    }

    fn product_name(self) -> &'static str {
        match self {
            Self::Ten(0..=7) => "Mac OS X",
            Self::Ten(8..=11) => "OS X",
            Self::Ten(_) | Self::Major(_) => "macOS",
        }
    }
}

/// The trade name of a version. SystemVersion.plist has "Mac OS X" up to 10.15, and takes precedence.
fn product_name(version: &str) -> &'static str {
    match Numbers::of(version) {
        Some(Numbers { major: 10, minor }) => Series::Ten(minor).product_name(),
        _ => "macOS",
    }
}

/// Darwin's number, which uname(2) has twice.
fn darwin(kernel: &Kernel) -> Option<Numbers> {
    let by_version = || Numbers::of(kernel.version.known()?.strip_prefix("Darwin Kernel Version ")?.split(':').next()?);
    kernel.release.known().and_then(|release| Numbers::of(release)).or_else(by_version)
}

/// Whether a version can be that of this kernel.
fn fits(version: &str, series: Option<Series>) -> bool {
    Numbers::of(version).is_some_and(|numbers| series.map_or(numbers.is_real(), |series| series.has(numbers)))
}

/// 16.1 of Darwin 25.1 is 26.1. Without the kernel's consent it could be that of any later system.
fn translated(version: &str, darwin: Option<Numbers>) -> Option<String> {
    let (rest, numbers) = (version.strip_prefix("16")?, Numbers::of(version)?);
    let agrees = darwin? == Numbers { major: 25, minor: numbers.minor } && numbers.major == 16;
    agrees.then(|| format!("26{rest}"))
}

pub(super) fn os(machine: &Machine<'_>, kernel: &Kernel) -> Os {
    let mut ask = Ask::new(machine);
    let darwin = darwin(kernel);
    let series = darwin.and_then(Series::of);
    let by_kernel = ask.sysctl_text("kern.osproductversion");
    let build = ask.sysctl_text("kern.osversion");
    let file = File::read(&mut ask, Source::SYSTEM_VERSION);
    let by_file = file.get(VERSION);
    let kernels = darwin.map_or_else(String::new, |darwin| format!(", of Darwin {}.{}", darwin.major, darwin.minor));
    let mut check = |asked: String, version: Option<&str>| {
        let version = version.filter(|version| !fits(version, series))?;
        ask.contradicted(asked, format!("{version} is no version of macOS{kernels}"));
        Some(version.to_owned())
    };
    let compatible = check("kern.osproductversion".to_owned(), by_kernel.as_deref());
    let compatible = check(format!("{}: {VERSION}", Source::SYSTEM_VERSION), by_file).or(compatible);

    let true_version = |version: Option<&str>| version.filter(|version| fits(version, series)).map(str::to_owned);
    let by_kernel = true_version(by_kernel.as_deref()).map(|version| (version, Source::SYSCTL));
    let by_file = true_version(by_file).map(|version| (version, Source::SYSTEM_VERSION));
    // Only where something is in doubt.
    let unshimmed = match (&by_kernel, &by_file, &compatible) {
        (Some(_), _, _) | (None, Some(_), None) => File(None),
        _ => File::read(&mut ask, Source::SYSTEM_VERSION_PLATFORM),
    };
    let version = by_kernel
        .or_else(|| unshimmed.get(VERSION).map(|version| (version.to_owned(), Source::SYSTEM_VERSION_PLATFORM)))
        .or(by_file)
        .or_else(|| compatible.as_deref().and_then(|version| Some((translated(version, darwin)?, Source::UNAME))));

    let build = build
        .map(|build| (build, Source::SYSCTL))
        .or_else(|| file.get("ProductBuildVersion").map(|build| (build.to_owned(), Source::SYSTEM_VERSION)))
        .or_else(|| {
            unshimmed.get("ProductBuildVersion").map(|build| (build.to_owned(), Source::SYSTEM_VERSION_PLATFORM))
        });
    let name = match (&version, series) {
        // The file's name is that of its version.
        (Some((version, source)), _) => Some(match file.get("ProductName") {
            Some(name) if file.get(VERSION) == Some(version) => (name.to_owned(), Source::SYSTEM_VERSION),
            _ => (product_name(version).to_owned(), *source),
        }),
        (None, Some(series)) => Some((series.product_name().to_owned(), Source::UNAME)),
        // 10.16 and 16 are answers of macOS alone.
        (None, None) if compatible.is_some() => Some(("macOS".to_owned(), Source::UNAME)),
        (None, None) => file.get("ProductName").map(|name| (name.to_owned(), Source::SYSTEM_VERSION)),
    };
    let pretty = name
        .as_ref()
        .zip(version.as_ref())
        .map(|((name, _), (version, source))| (clean_text(&format!("{name} {version}"), VALUE_LIMIT), *source));
    let conclusion = ask.done();
    Os {
        family: conclusion.known("macos", Source::UNAME),
        name: conclusion.found(name),
        id: conclusion.known("macos", Source::UNAME),
        version: conclusion.found(version.clone()),
        version_id: conclusion.found(version),
        pretty_name: conclusion.found(pretty),
        build_id: conclusion.found(build),
        ..Os::all(&conclusion.none(Source::UNAME))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Apple's releases, as uname(1) and `sw_vers(1)` printed them.
    #[test]
    fn each_kernel_has_its_versions() {
        for (darwin, version, other) in [
            ("9.8.0", "10.5.8", "10.6"),
            ("10.4.0", "10.6.4", "10.16"),
            ("18.7.0", "10.14.6", "10.15"),
            ("19.6.0", "10.15.7", "10.16"),
            ("20.6.0", "11.7", "10.16"),
            ("21.3.0", "12.2", "10.16"),
            ("24.6.0", "15.7.7", "16.0"),
            ("25.0.0", "26.0", "16.0"),
            ("25.5.0", "26.5.2", "25.5.0"),
            ("27.0.0", "27.0", "16.0"),
            ("27.1.0", "27.1", "17.1"),
        ] {
            let series = Numbers::of(darwin).and_then(Series::of);
            assert!(series.is_some() && fits(version, series) && !fits(other, series), "{darwin}: {series:?}");
            assert!(fits(version, None), "{version}");
        }
        for darwin in ["1.4", "26.0.0", "", "x"] {
            assert_eq!(Numbers::of(darwin).and_then(Series::of), None, "{darwin}");
        }
        for unreal in ["10.16", "10.17", "16.0", "16", "25.4", "9.2", "0", "", "x", "10.x", "99999999999999999999"] {
            assert!(!fits(unreal, None), "{unreal}");
        }
    }

    #[test]
    fn the_version_for_old_programs_is_translated_where_the_kernel_agrees() {
        let of = |version, darwin| translated(version, Numbers::of(darwin));
        assert_eq!(of("16.0", "25.0.0").as_deref(), Some("26.0"));
        assert_eq!(of("16.5.2", "25.5.0").as_deref(), Some("26.5.2"));
        for (version, darwin) in
            [("16.0", "25.5.0"), ("16.0", "27.0.0"), ("16.0", ""), ("160.0", "25.0.0"), ("10.16", "25.16.0")]
        {
            assert_eq!(of(version, darwin), None, "{version} {darwin}");
        }
    }
}
