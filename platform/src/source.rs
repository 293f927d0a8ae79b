//! The fixed list of sources.

use std::fmt;

/// The source of a fact: a word from a fixed list, so it holds no text from a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source(&'static str);

macro_rules! sources {
    ($($name:ident = $text:literal;)*) => {
        impl Source {
            $(#[doc = concat!("`", $text, "`")] pub const $name: Self = Self($text);)*

            /// All sources.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
        }
    };
}

sources! {
    // The operating system's identity.
    OS_RELEASE = "/etc/os-release";
    USR_LIB_OS_RELEASE = "/usr/lib/os-release";
    HOST_OS_RELEASE = "/host/etc/os-release";
    LSB_RELEASE = "/etc/lsb-release";
    REDHAT_RELEASE = "/etc/redhat-release";
    SYSTEM_RELEASE = "/etc/system-release";
    SUSE_RELEASE = "/etc/SuSE-release";
    ALTLINUX_RELEASE = "/etc/altlinux-release";
    MAGEIA_RELEASE = "/etc/mageia-release";
    MANDRIVA_RELEASE = "/etc/mandriva-release";
    MANDRAKELINUX_RELEASE = "/etc/mandrakelinux-release";
    MANDRAKE_RELEASE = "/etc/mandrake-release";
    SYNOLOGY_DEFAULTS_VERSION = "/etc.defaults/VERSION";
    SYNOLOGY_VERSION = "/etc/VERSION";
    PROXMOX = "/etc/pve";
    DPKG_STATUS = "/var/lib/dpkg/status";
    DEBIAN_VERSION = "/etc/debian_version";
    ALPINE_RELEASE = "/etc/alpine-release";
    ARCH_RELEASE = "/etc/arch-release";
    GENTOO_RELEASE = "/etc/gentoo-release";
    SLACKWARE_VERSION = "/etc/slackware-version";
    SOURCEMAGE_RELEASE = "/etc/sourcemage-release";
    UNAME = "uname";
    FREEBSD_VERSION = "/bin/freebsd-version";
    ETC_VERSION = "/etc/version";
    ETC_PLATFORM = "/etc/platform";
    ETC_PRODUCT = "/etc/prd.name";
    OPNSENSE_VERSION = "/usr/local/opnsense/version/core";
    SYSTEM_VERSION = "/System/Library/CoreServices/SystemVersion.plist";
    SYSTEM_VERSION_PLATFORM = "/System/Library/CoreServices/.SystemVersionPlatform.plist";
    // Virtualization.
    PROVIDED = "provided";
    CPUID = "cpuid";
    DMI = "/sys/class/dmi/id";
    DMI_ENTRY = "/sys/firmware/dmi/entries/0-0/raw";
    ACPI_TABLES = "/sys/firmware/acpi/tables";
    ACPI_DEVICES = "/sys/bus/acpi/devices";
    PCI_DEVICES = "/sys/bus/pci/devices";
    DEVICE_TREE = "/proc/device-tree";
    SYS_HYPERVISOR = "/sys/hypervisor";
    PROC_XEN = "/proc/xen";
    PROC_CPUINFO = "/proc/cpuinfo";
    PROC_SYSINFO = "/proc/sysinfo";
    LPARCFG = "/proc/ppc64/lparcfg";
    CMDLINE = "/proc/cmdline";
    UV_GUEST = "/sys/firmware/uv/prot_virt_guest";
    SEV_VMPL = "/sys/devices/system/cpu/sev/vmpl";
    // Containers.
    PID_NAMESPACE = "/proc/self/ns/pid";
    CGROUP_NAMESPACE = "/proc/self/ns/cgroup";
    PID1_ENVIRON = "/proc/1/environ";
    PID1_COMM = "/proc/1/comm";
    SELF_STATUS = "/proc/self/status";
    MOUNTINFO = "/proc/self/mountinfo";
    CGROUP = "/proc/self/cgroup";
    CGROUP_TREE = "/sys/fs/cgroup";
    CONTAINER_MANAGER = "/run/host/container-manager";
    RUN_SYSTEMD_CONTAINER = "/run/systemd/container";
    CONTAINERENV = "/run/.containerenv";
    DOCKERENV = "/.dockerenv";
    FLATPAK_INFO = "/.flatpak-info";
    SINGULARITY_D = "/.singularity.d";
    PROC_VZ = "/proc/vz";
    PROC_VERSION = "/proc/version";
    OFFICIAL_IMAGE = "NETDATA_OFFICIAL_IMAGE";
    // Quantities.
    SYS_CPU = "/sys/devices/system/cpu";
    CPUFREQ = "/sys/devices/system/cpu/cpu0/cpufreq";
    MEMINFO = "/proc/meminfo";
    SYS_BLOCK = "/sys/block";
    DEVICE_TREE_MODEL = "/proc/device-tree/model";
    SYSINFO = "sysinfo";
    STATFS = "statfs";
    // For the daemon alone, in its script's word.
    PROCFS = "procfs";
    CLOUD_INIT = "/run/cloud-init/instance-data.json";
    // macOS and FreeBSD.
    SYSCTL = "sysctl";
    KENV = "kenv";
}

impl Source {
    /// The word.
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// The source with this word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|source| source.0 == name)
    }

    /// Whether only a privileged user can read it.
    pub fn is_privileged(self) -> bool {
        crate::host::common::is_refused(self.0)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_source_has_a_name_of_its_own() {
        let names: BTreeSet<_> = Source::ALL.iter().map(|source| source.name()).collect();
        assert_eq!(names.len(), Source::ALL.len());
        assert_eq!(Source::from_name("cpuid"), Some(Source::CPUID));
        assert_eq!(Source::from_name("/home/someone"), None);
    }

    #[test]
    fn privileged_sources_are_the_refused_ones() {
        assert!(Source::PID1_ENVIRON.is_privileged());
        assert!(Source::ACPI_TABLES.is_privileged());
        assert!(!Source::OS_RELEASE.is_privileged());
        assert!(!Source::MOUNTINFO.is_privileged());
    }
}
