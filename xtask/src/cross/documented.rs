//! The programs' allowed symbols from libraries other than the C library, each with the page of the real system's
//! documentation. The stub libraries of `cargo xtask cross --link` contain exactly these symbols.

use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    FreeBsd,
    MacOs,
}

struct Symbol {
    system: System,
    library: &'static str,
    name: &'static str,
    #[allow(dead_code, reason = "read by a test and by people")]
    page: &'static str,
}

const fn freebsd(library: &'static str, name: &'static str, page: &'static str) -> Symbol {
    Symbol { system: System::FreeBsd, library, name, page }
}

const fn macos(library: &'static str, name: &'static str, page: &'static str) -> Symbol {
    Symbol { system: System::MacOs, library, name, page }
}

#[rustfmt::skip]
const SYMBOLS: &[Symbol] = &[
    freebsd("devstat", "devstat_getversion", "devstat(3)"),
    freebsd("geom", "geom_stats_open", "libgeom(3)"),
    freebsd("geom", "geom_stats_snapshot_free", "libgeom(3)"),
    freebsd("geom", "geom_stats_snapshot_get", "libgeom(3)"),
    freebsd("geom", "geom_stats_snapshot_next", "libgeom(3)"),
    freebsd("geom", "geom_stats_snapshot_reset", "libgeom(3)"),
    freebsd("kvm", "kvm_close", "kvm_open(3)"),
    freebsd("kvm", "kvm_getargv", "kvm_getprocs(3)"),
    freebsd("kvm", "kvm_getenvv", "kvm_getprocs(3)"),
    freebsd("kvm", "kvm_getprocs", "kvm_getprocs(3)"),
    freebsd("kvm", "kvm_getswapinfo", "kvm_getswapinfo(3)"),
    freebsd("kvm", "kvm_openfiles", "kvm_open(3)"),
    freebsd("memstat", "memstat_strerror", "libmemstat(3)"),
    freebsd("procstat", "procstat_close", "libprocstat(3)"),
    freebsd("procstat", "procstat_freefiles", "libprocstat(3)"),
    freebsd("procstat", "procstat_getfiles", "libprocstat(3)"),
    freebsd("procstat", "procstat_open_sysctl", "libprocstat(3)"),
    macos("CoreFoundation", "CFArrayCreate", "Core Foundation, CFArray"),
    macos("CoreFoundation", "CFArrayGetCount", "Core Foundation, CFArray"),
    macos("CoreFoundation", "CFArrayGetValueAtIndex", "Core Foundation, CFArray"),
    macos("CoreFoundation", "CFDataGetBytePtr", "Core Foundation, CFData"),
    macos("CoreFoundation", "CFDataGetBytes", "Core Foundation, CFData"),
    macos("CoreFoundation", "CFDataGetLength", "Core Foundation, CFData"),
    macos("CoreFoundation", "CFDataGetTypeID", "Core Foundation, CFData"),
    macos("CoreFoundation", "CFDictionaryGetValueIfPresent", "Core Foundation, CFDictionary"),
    macos("CoreFoundation", "CFEqual", "Core Foundation, CFType"),
    macos("CoreFoundation", "CFGetTypeID", "Core Foundation, CFType"),
    macos("CoreFoundation", "CFNumberGetValue", "Core Foundation, CFNumber"),
    macos("CoreFoundation", "CFRelease", "Core Foundation, CFType"),
    macos("CoreFoundation", "CFRetain", "Core Foundation, CFType"),
    macos("CoreFoundation", "CFStringCreateWithBytesNoCopy", "Core Foundation, CFString"),
    macos("CoreFoundation", "CFStringGetBytes", "Core Foundation, CFString"),
    macos("CoreFoundation", "CFStringGetCStringPtr", "Core Foundation, CFString"),
    macos("CoreFoundation", "CFStringGetLength", "Core Foundation, CFString"),
    macos("CoreFoundation", "kCFAllocatorDefault", "Core Foundation, CFAllocator"),
    macos("CoreFoundation", "kCFAllocatorNull", "Core Foundation, CFAllocator"),
    macos("CoreFoundation", "kCFTypeArrayCallBacks", "Core Foundation, CFArray"),
    // sysinfo's frequency of Apple's processors, compiled in but not used.
    macos("IOKit", "IOIteratorNext", "IOKit, IOKitLib.h"),
    macos("IOKit", "IOObjectRelease", "IOKit, IOKitLib.h"),
    macos("IOKit", "IORegistryEntryCreateCFProperty", "IOKit, IOKitLib.h"),
    macos("IOKit", "IORegistryEntryGetName", "IOKit, IOKitLib.h"),
    macos("IOKit", "IOServiceGetMatchingServices", "IOKit, IOKitLib.h"),
    macos("IOKit", "IOServiceMatching", "IOKit, IOKitLib.h"),
    macos("IOKit", "kIOMasterPortDefault", "IOKit, IOKitLib.h"),
    macos("Security", "SecCertificateCopyData", "Security, Certificate, Key, and Trust Services"),
    macos("Security", "SecCopyErrorMessageString", "Security, Security Framework Result Codes"),
    macos("Security", "SecTrustSettingsCopyCertificates", "Security, Trust Settings"),
    macos("Security", "SecTrustSettingsCopyTrustSettings", "Security, Trust Settings"),
    macos("iconv", "iconv", "iconv(3)"),
    macos("objc", "objc_autoreleasePoolPop", "Objective-C Runtime, objc-internal.h; Clang's ARC specification"),
    macos("objc", "objc_autoreleasePoolPush", "Objective-C Runtime, objc-internal.h; Clang's ARC specification"),
];

/// A symbol's library; `None`: the C library, or unknown.
pub(super) fn library(system: System, name: &str) -> Option<&'static str> {
    SYMBOLS.iter().find(|symbol| symbol.system == system && symbol.name == name).map(|symbol| symbol.library)
}

pub(super) fn by_library(system: System) -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut libraries: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for symbol in SYMBOLS.iter().filter(|symbol| symbol.system == system) {
        libraries.entry(symbol.library).or_default().push(symbol.name);
    }
    libraries
}

fn is_framework(library: &str) -> bool {
    library.starts_with(|first: char| first.is_ascii_uppercase())
}

/// The path of a macOS library's stub.
pub(super) fn text_stub(library: &str) -> String {
    if is_framework(library) { format!("{library}.framework/{library}.tbd") } else { format!("lib{library}.tbd") }
}

/// The path of the real library.
pub(super) fn install_name(library: &str) -> String {
    match library {
        "iconv" => "/usr/lib/libiconv.2.dylib".into(),
        "objc" => "/usr/lib/libobjc.A.dylib".into(),
        _ => format!("/System/Library/Frameworks/{library}.framework/Versions/A/{library}"),
    }
}

/// The name with the version in FreeBSD 14, hier(7).
pub(super) fn soname(library: &str) -> String {
    let version = match library {
        "geom" => 5,
        "kvm" | "devstat" => 7,
        "memstat" => 3,
        _ => 1,
    };
    format!("lib{library}.so.{version}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_stands_once_with_its_page() {
        let mut seen = std::collections::BTreeSet::new();
        for symbol in SYMBOLS {
            assert!(seen.insert(symbol.name), "{} twice", symbol.name);
            assert!(symbol.page.len() > 7, "{}", symbol.name);
        }
        assert_eq!(library(System::FreeBsd, "kvm_close"), Some("kvm"));
        assert_eq!(library(System::MacOs, "kvm_close"), None);
    }
}
