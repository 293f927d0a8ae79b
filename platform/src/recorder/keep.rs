//! What a recording may keep of the answer to each question: of texts the facts themselves and the words that the detection
//! looks for, of numbers those that are read. The answer to any other question keeps nothing.
//!
//! What depends on how a file is read stands beside the function that reads it, and is called `kept`.

use crate::dmi;
use crate::freebsd::{self, derivative, geom};
use crate::linux::container::{self, cgroup, mountinfo};
use crate::linux::cpu::cpu_set::CpuSet;
use crate::linux::cpu::{self, cpuinfo};
use crate::linux::disk;
use crate::linux::proxmox;
use crate::linux::release_files::{self, Format};
use crate::linux::virtualization::{self, smbios};
use crate::macos::plist;
use crate::os_release;
use crate::tables::{self, CLOUDS, CONTAINER_WORDS, DMI_VIRTUAL, DmiField, VM_GUEST_WORDS};
use crate::text::{VALUE_LIMIT, beginning, clean_text, digits, first_characters, is_unprintable};

/// What may be kept of an answer.
#[derive(Clone, Copy)]
pub(crate) enum Keep {
    /// All of the text, as far as a fact is long: it is one.
    Text,
    /// The first line, which is one.
    Line,
    /// The number that it begins with.
    Number,
    /// The first line, where it is one of these.
    OneOf(&'static [&'static str]),
    /// These, wherever they are.
    Strings(&'static [&'static str]),
    /// These, where they are words of their own. Of a container's id it is kept that it is one.
    Words(&'static [&'static str]),
    /// What this function picks out of the text.
    Parts(for<'t> fn(&'t str) -> Vec<&'t str>),
    /// What this function writes in place of the bytes.
    Written(fn(&[u8]) -> Vec<u8>),
}

use Keep::{Line, Number, OneOf, Parts, Strings, Text, Words, Written};

/// A question, and what may be kept of its answer.
type Question = (&'static str, Keep);

/// Files, and the texts of links. `*` is any name. The first row that fits counts.
pub(crate) const FILES: &[Question] = &[
    // The operating system's identity.
    ("/etc/os-release", Parts(|text| os_release::kept(os_release::FIELDS, text))),
    ("/usr/lib/os-release", Parts(|text| os_release::kept(os_release::FIELDS, text))),
    ("/host/etc/os-release", Parts(|text| os_release::kept(os_release::FIELDS, text))),
    ("/etc/lsb-release", Parts(|text| os_release::kept(release_files::LSB_FIELDS, text))),
    ("/etc/SuSE-release", Parts(|text| release_files::kept(Format::Sentence, text))),
    ("/etc/altlinux-release", Parts(|text| release_files::kept(Format::Sentence, text))),
    ("/etc/mageia-release", Parts(|text| release_files::kept(Format::Sentence, text))),
    ("/etc/mandriva-release", Parts(|text| release_files::kept(Format::Sentence, text))),
    ("/etc/mandrakelinux-release", Parts(|text| release_files::kept(Format::Sentence, text))),
    ("/etc/mandrake-release", Parts(|text| release_files::kept(Format::Sentence, text))),
    ("/etc.defaults/VERSION", Parts(|text| release_files::kept(Format::Synology, text))),
    ("/etc/VERSION", Parts(|text| release_files::kept(Format::Synology, text))),
    ("/var/lib/dpkg/status", Written(proxmox::kept_status)),
    ("/etc/redhat-release", Parts(|text| release_files::kept(Format::Sentence, text))),
    ("/etc/system-release", Parts(|text| release_files::kept(Format::Sentence, text))),
    ("/etc/gentoo-release", Parts(|text| release_files::kept(Format::Sentence, text))),
    ("/etc/slackware-version", Parts(|text| release_files::kept(Format::Sentence, text))),
    ("/etc/sourcemage-release", Parts(|text| release_files::kept(Format::Sentence, text))),
    ("/etc/alpine-release", Parts(|text| release_files::kept(Format::Version, text))),
    ("/etc/debian_version", Parts(|text| release_files::kept(Format::Version, text))),
    ("/bin/freebsd-version", Parts(freebsd::kept_userland)),
    ("/etc/platform", OneOf(&["pfSense"])),
    (derivative::PFSENSE_LABEL, OneOf(&["pfSense", derivative::PFSENSE_PLUS])),
    ("/etc/version", Parts(derivative::kept_version)),
    ("/etc/prd.name", Parts(derivative::kept_product)),
    ("/usr/local/opnsense/version/core", Parts(derivative::kept_product_version)),
    ("/System/Library/CoreServices/SystemVersion.plist", Parts(plist::kept)),
    ("/proc/version", Strings(&[tables::ILLUMOS, container::GVISOR])),
    ("/System/Library/CoreServices/.SystemVersionPlatform.plist", Parts(plist::kept)),
    // What runs underneath.
    ("/sys/class/dmi/id/sys_vendor", Line),
    ("/sys/class/dmi/id/product_name", Line),
    ("/sys/class/dmi/id/board_vendor", Line),
    ("/sys/class/dmi/id/bios_vendor", Parts(|text| product(DmiField::BiosVendor, text))),
    ("/sys/class/dmi/id/product_version", Parts(|text| product(DmiField::ProductVersion, text))),
    ("/sys/class/dmi/id/product_family", OneOf(&[tables::NOVA_FAMILY])),
    ("/sys/class/dmi/id/chassis_vendor", Parts(|text| cloud(DmiField::ChassisVendor, text))),
    ("/sys/class/dmi/id/chassis_asset_tag", Parts(|text| cloud(DmiField::ChassisAssetTag, text))),
    ("/sys/firmware/dmi/entries/0-0/raw", Written(smbios::kept)),
    ("/sys/firmware/acpi/tables/FACP", Written(virtualization::kept_maker)),
    ("/sys/firmware/uv/prot_virt_guest", OneOf(&["1"])),
    ("/sys/devices/system/cpu/sev/vmpl", Number),
    ("/sys/bus/pci/devices/0000:00:00.0/subsystem_vendor", OneOf(&["0x1af4"])),
    ("/sys/bus/pci/devices/0000:00:00.0/subsystem_device", OneOf(&["0x1100"])),
    ("/sys/hypervisor/type", OneOf(&["xen"])),
    ("/sys/hypervisor/uuid", Parts(virtualization::kept_uuid)),
    ("/sys/hypervisor/version/extra", OneOf(&[".amazon"])),
    ("/sys/hypervisor/properties/features", Written(virtualization::kept_features)),
    ("/proc/xen/capabilities", Strings(&["control_d"])),
    ("/proc/device-tree/model", Line),
    ("/proc/device-tree/compatible", OneOf(&["qemu,pseries", "linux,dummy-virt", APPLE_MACHINE])),
    (
        "/proc/device-tree/hypervisor/compatible",
        Strings(&["linux,kvm", "xen", "vmware", "gunyah-hypervisor", APPLE_MACHINE]),
    ),
    ("/proc/cmdline", Words(&["init", "sbin", "vminitd"])),
    ("/proc/device-tree/chosen/qemu,graphic-width", OneOf(&[])),
    ("/proc/sysinfo", Strings(&["VM00 Control Program:", "z/VM", "KVM"])),
    ("/proc/ppc64/lparcfg", Strings(&["shared_processor_mode="])),
    // Containers.
    ("/proc/self/ns/pid", Parts(container::kept_namespace)),
    ("/proc/self/ns/cgroup", Parts(container::kept_namespace)),
    ("/proc/self/status", Parts(container::kept_status)),
    ("/proc/self/mountinfo", Words(mountinfo::WORDS)),
    ("/proc/self/cgroup", Words(cgroup::WORDS)),
    ("/proc/1/environ", Written(container::kept_environment)),
    ("/proc/1/comm", Parts(first_process)),
    ("/proc/*/comm", Strings(&["proot"])),
    ("/run/host/container-manager", Parts(manager)),
    ("/run/systemd/container", Parts(manager)),
    // Quantities.
    ("/proc/cpuinfo", Parts(cpuinfo::kept)),
    ("/proc/meminfo", Parts(crate::linux::memory::kept)),
    ("/proc/partitions", Parts(disk::kept_partitions)),
    ("/sys/devices/system/cpu/online", Parts(cpu_list)),
    ("/sys/devices/system/cpu/present", Parts(cpu_list)),
    ("/sys/devices/system/cpu/offline", Parts(cpu_list)),
    ("/sys/devices/system/cpu/*/topology/core_cpus_list", Parts(cpu_list)),
    ("/sys/devices/system/cpu/*/topology/thread_siblings_list", Parts(cpu_list)),
    ("/sys/devices/system/cpu/*/topology/package_cpus_list", Parts(cpu_list)),
    ("/sys/devices/system/cpu/*/topology/core_siblings_list", Parts(cpu_list)),
    ("/sys/devices/system/cpu/*/topology/physical_package_id", Number),
    ("/sys/devices/system/cpu/*/cpufreq/cpuinfo_max_freq", Number),
    ("/sys/devices/system/cpu/cpufreq/*/cpuinfo_max_freq", Number),
    ("/sys/block/*/size", Number),
    ("/sys/block/*/removable", Number),
    ("/sys/block/*/dm/uuid", Parts(multipath)),
    ("/sys/block/*", Strings(&[disk::WITHOUT_HARDWARE])),
    ("/sys/block/*/device", Parts(scsi_address)),
    ("/sys/class/scsi_host/*/proc_name", Parts(scsi_driver)),
];

/// The machines of Apple's Virtualization framework in a device tree.
const APPLE_MACHINE: &str = "apple,virtualization-generic-platform";

/// The names in a folder. Beside what may be kept of them, those that a question of [`FILES`] asks for are kept.
pub(crate) const FOLDERS: &[Question] = &[
    ("/sys/block", Parts(disk::kept_name)),
    ("/sys/block/*/slaves", Parts(disk::kept_name)),
    ("/sys/devices/system/cpu/cpufreq", Parts(cpu::kept_policy)),
    ("/proc/device-tree", Strings(&["ibm,partition-name", "hmc-managed?", "fw-cfg"])),
];

/// Texts of sysctl(3). Its numbers are kept as they are: all of them are counts, sizes, versions, or yes and no.
pub(crate) const SYSCTLS: &[Question] = &[
    ("hw.model", Text),
    ("hw.hv_vendor", Parts(|text| if tables::hypervisor(text).is_some() { vec![text] } else { Vec::new() })),
    ("hw.machine_arch", OneOf(&["aarch64", "amd64", "armv7", "i386", "powerpc64", "powerpc64le", "riscv64"])),
    ("kern.geom.conftxt", Written(conftxt)),
    ("kern.ident", OneOf(&["GENERIC", "HARDENEDBSD"])),
    ("kern.vm_guest", Parts(vm_guest)),
    ("hw.perflevel0.name", OneOf(CORES)),
    ("hw.perflevel1.name", OneOf(CORES)),
    ("hw.perflevel2.name", OneOf(CORES)),
    ("hw.perflevel3.name", OneOf(CORES)),
    ("kern.osproductversion", Parts(|text| one_of(plist::is_version, text))),
    ("kern.osversion", Text),
    ("machdep.cpu.brand_string", Text),
    ("machdep.cpu.features", Words(&["VMM"])),
    ("machdep.cpu.vendor", Text),
];

/// Apple's names for kinds of cores.
const CORES: &[&str] = &["Performance", "Efficiency", "Super"];

/// FreeBSD's kernel environment.
pub(crate) const KENV: &[Question] = &[
    ("smbios.system.maker", Text),
    ("smbios.system.product", Text),
    ("smbios.planar.maker", Parts(board)),
    ("smbios.bios.vendor", Parts(|text| product(DmiField::BiosVendor, text))),
    ("smbios.system.version", Parts(|text| product(DmiField::ProductVersion, text))),
    ("smbios.chassis.maker", Parts(|text| cloud(DmiField::ChassisVendor, text))),
    ("smbios.chassis.tag", Parts(|text| cloud(DmiField::ChassisAssetTag, text))),
];

/// Variables of the asker's environment.
pub(crate) const ENVIRONMENT: &[Question] = &[("NETDATA_OFFICIAL_IMAGE", OneOf(&["true"]))];

/// Where a machine says where it is, which only the Netdata daemon is told. A recorder does not even ask there.
const LEFT_OUT: &[&str] = &["/proc/net", "/proc/self/net", "/sys/class/net", "/run/cloud-init"];

/// Whether a recording has no such question.
pub(crate) fn is_left_out(path: &str) -> bool {
    let below = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    LEFT_OUT.iter().any(|folder| below(folder))
}

/// The text, or its first line, where it is one of these once it is cleaned as a value is.
fn one_of(known: impl Fn(&str) -> bool, text: &str) -> Vec<&str> {
    let found = [beginning(text), first_line(text)].into_iter().find(|text| known(&clean_text(text, VALUE_LIMIT)));
    found.into_iter().collect()
}

/// The longest of these beginnings that a text has.
fn beginning_of(known: impl Iterator<Item = &'static str>, text: &str) -> Vec<&str> {
    let value = clean_text(text, VALUE_LIMIT);
    let longest = known.filter(|known| value.starts_with(known)).map(|known| known.chars().count()).max();
    longest.map(|count| first_characters(beginning(text), count)).into_iter().collect()
}

fn virtual_product(text: &str) -> Vec<&str> {
    beginning_of(DMI_VIRTUAL.iter().map(|row| row.prefix).chain(tables::QEMU_MACHINES.iter().copied()), text)
}

/// The part by which a cloud is known, and the words for its real machines.
fn cloud(field: DmiField, text: &str) -> Vec<&str> {
    let line = first_line(text);
    let Some(part) = dmi::cloud_part(field, line) else { return Vec::new() };
    let metal = |word: &&str| CLOUDS.iter().any(|row| row.metal.contains(word));
    words(line).filter(metal).chain([part]).collect()
}

/// The beginning of a virtual machine's product, or VirtualBox's maker.
fn board(text: &str) -> Vec<&str> {
    let found = virtual_product(text);
    if found.is_empty() { one_of(|text| text == "Oracle Corporation", text) } else { found }
}

/// The beginning of a virtual machine's product, or what [`cloud`] keeps.
fn product(field: DmiField, text: &str) -> Vec<&str> {
    let found = virtual_product(text);
    if found.is_empty() { cloud(field, text) } else { found }
}

fn multipath(text: &str) -> Vec<&str> {
    beginning_of(["mpath-"].into_iter(), text)
}

fn scsi_address(link: &str) -> Vec<&str> {
    let address = link.rsplit('/').next().filter(|address| disk::scsi_host(address).is_some());
    address.into_iter().collect()
}

fn scsi_driver(text: &str) -> Vec<&str> {
    let modules = beginning_of([disk::USB_MODULES].into_iter(), text);
    if modules.is_empty() { one_of(|text| disk::REMOVABLE_HOSTS.contains(&text), text) } else { modules }
}

fn manager(text: &str) -> Vec<&str> {
    one_of(|text| CONTAINER_WORDS.iter().any(|row| row.word == text), text)
}

fn first_process(text: &str) -> Vec<&str> {
    one_of(|text| container::FIRST_PROCESSES.iter().any(|(name, _)| *name == text), text)
}

fn vm_guest(text: &str) -> Vec<&str> {
    one_of(|text| text == "none" || VM_GUEST_WORDS.iter().any(|row| row.word == text), text)
}

fn conftxt(bytes: &[u8]) -> Vec<u8> {
    Parts(geom::kept).apply(geom::numbered(&String::from_utf8_lossy(bytes)).as_bytes())
}

fn cpu_list(text: &str) -> Vec<&str> {
    one_of(|text| CpuSet::parse(text).is_some(), text)
}

fn first_line(text: &str) -> &str {
    beginning(text.split(['\n', '\0']).next().unwrap_or_default())
}

/// The runs of letters and digits.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || is_unprintable(c) || (c.is_ascii() && !c.is_ascii_alphanumeric()))
}

/// What becomes of a byte.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Hidden,
    Kept,
    /// Of a hexadecimal number it is kept that it is one.
    Zero,
}

/// Gives the bytes of a part of a text their fate.
fn decide(fates: &mut [Fate], text: &str, part: &str, fate: Fate) {
    let start = part.as_ptr().addr().saturating_sub(text.as_ptr().addr());
    if let Some(fates) = fates.get_mut(start..start.saturating_add(part.len())) {
        fates.fill(fate);
    }
}

impl Keep {
    /// Nothing at all.
    pub(crate) const NOTHING: Self = OneOf(&[]);

    /// The parts of a text that may be kept.
    fn parts(self, text: &str) -> Vec<&str> {
        match self {
            Text => vec![beginning(text)],
            Line => vec![first_line(text)],
            Number => digits(text).into_iter().collect(),
            OneOf(known) => one_of(|text| known.contains(&text), text),
            Strings(known) => known.iter().flat_map(|known| text.matches(known)).collect(),
            Words(known) => words(text).filter(|word| known.contains(word)).collect(),
            Parts(parts) => parts(text),
            Written(_) => Vec::new(),
        }
    }

    /// An answer with what may be kept of it, and with everything else in the same form: a letter becomes `x`; so does a
    /// digit where nothing is kept, so that what was no number does not become one, and else it becomes 0.
    pub(crate) fn apply(self, bytes: &[u8]) -> Vec<u8> {
        if let Written(write) = self {
            return write(bytes);
        }
        let text = String::from_utf8_lossy(bytes);
        let mut fates = vec![Fate::Hidden; text.len()];
        let parts = self.parts(&text);
        let digit = if parts.iter().all(|part| part.is_empty()) { b'x' } else { b'0' };
        for part in parts {
            decide(&mut fates, &text, part, Fate::Kept);
        }
        if let Words(_) = self {
            for id in words(&text).filter(|word| mountinfo::is_container_id(word)) {
                decide(&mut fates, &text, id, Fate::Zero);
            }
        }
        hide(bytes, &fates, digit)
    }

    /// The same for a text.
    pub(crate) fn apply_text(self, text: &str) -> String {
        String::from_utf8_lossy(&self.apply(text.as_bytes())).into_owned()
    }
}

/// Applies the fates to the bytes. In the text that they were decided on, each run of bytes that is not UTF-8 is one U+FFFD.
fn hide(bytes: &[u8], fates: &[Fate], digit: u8) -> Vec<u8> {
    let mut hidden = Vec::with_capacity(bytes.len());
    let mut at = 0;
    let mut next = |length: usize| {
        let fate = fates.get(at).copied().unwrap_or(Fate::Hidden);
        at += length;
        fate
    };
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            let filling = match (next(c.len_utf8()), c) {
                (Fate::Zero, _) => b'0',
                (Fate::Hidden, '0'..='9') => digit,
                (Fate::Hidden, 'A'..='Z' | 'a'..='z') => b'x',
                // What vanishes where a value is cleaned stays, so that it still does.
                (Fate::Hidden, c) if !c.is_ascii() && !c.is_whitespace() && !is_unprintable(c) => b'x',
                (Fate::Hidden | Fate::Kept, c) => {
                    hidden.extend(c.encode_utf8(&mut [0; 4]).bytes());
                    continue;
                }
            };
            hidden.resize(hidden.len() + c.len_utf8(), filling);
        }
        if !chunk.invalid().is_empty() {
            match next(char::REPLACEMENT_CHARACTER.len_utf8()) {
                Fate::Kept => hidden.extend(chunk.invalid()),
                Fate::Hidden | Fate::Zero => hidden.resize(hidden.len() + chunk.invalid().len(), b'x'),
            }
        }
    }
    hidden
}

/// Whether a path is one that a pattern means, in which `*` is any name; with `below` also one that leads to such.
fn fits(pattern: &str, path: &str, below: bool) -> bool {
    let mut names = path.split('/');
    for wanted in pattern.split('/') {
        match names.next() {
            Some(name) if wanted == "*" || wanted == name => {}
            Some(_) => return false,
            None => return below,
        }
    }
    names.next().is_none()
}

fn find(questions: &[Question], asked: &str) -> Keep {
    questions.iter().find(|(pattern, _)| fits(pattern, asked, false)).map_or(Keep::NOTHING, |(_, keep)| *keep)
}

/// What may be kept of a file, or of the text of a link.
pub(crate) fn file(path: &str) -> Keep {
    find(FILES, path)
}

/// What may be kept of a name in a folder.
pub(crate) fn name(folder: &str, name: &str) -> Keep {
    let path = format!("{folder}/{name}");
    // The name itself is in a question, not only a `*`.
    let at = path.split('/').count() - 1;
    let is_asked = |(pattern, _): &Question| fits(pattern, &path, true) && pattern.split('/').nth(at) != Some("*");
    if FILES.iter().chain(FOLDERS).any(is_asked) { Text } else { find(FOLDERS, folder) }
}

pub(crate) fn sysctl(name: &str) -> Keep {
    if crate::host::sysctls::is_number(name) { Number } else { find(SYSCTLS, name) }
}

pub(crate) fn kenv(name: &str) -> Keep {
    find(KENV, name)
}

pub(crate) fn environment(name: &str) -> Keep {
    find(ENVIRONMENT, name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::sysctls::{self, SYSCTLS as NAMES};

    #[test]
    fn every_text_of_sysctl_has_its_row() {
        let texts: Vec<&str> = NAMES.iter().map(|row| row.name).filter(|name| !sysctls::is_number(name)).collect();
        let kept: Vec<&str> = SYSCTLS.iter().map(|(name, _)| *name).collect();
        for name in &texts {
            assert!(kept.contains(name), "{name}");
        }
        for name in &kept {
            assert!(texts.contains(name), "{name}");
        }
    }

    #[test]
    fn a_question_is_found_by_its_path() {
        assert!(fits("/sys/block/*/size", "/sys/block/sda/size", false));
        assert!(!fits("/sys/block/*/size", "/sys/block/size", false));
        assert!(!fits("/sys/block/*/size", "/sys/block/sda/size/x", false));
        assert!(!fits("/sys/block/*/size", "/sys/block/sda", false));
        assert!(fits("/sys/block/*/size", "/sys/block/sda", true));
        assert!(!fits("/sys/block/*/size", "/sys/class/sda", true));
    }

    #[test]
    fn what_is_asked_for_keeps_its_name() {
        let shown = |folder, of| name(folder, of).apply_text(of);
        assert_eq!(shown("/proc/device-tree", "model"), "model");
        assert_eq!(shown("/proc/device-tree", "hypervisor"), "hypervisor");
        assert_eq!(shown("/proc/device-tree", "secret7"), "xxxxxxx");
        assert_eq!(shown("/sys/block", "sda"), "sda");
        assert_eq!(shown("/sys/block", "md_secret7"), "md_xxxxxx0");
        assert_eq!(shown("/srv", "secret"), "xxxxxx");
    }

    #[test]
    fn the_form_stays() {
        let shown = |keep: Keep, bytes: &[u8]| keep.apply(bytes);
        assert_eq!(shown(Keep::NOTHING, b"Ab-1 \xc3\xa9\xff\n"), b"xx-x xxx\n");
        assert_eq!(Keep::NOTHING.apply_text("\u{feff}a\u{2028}7"), "\u{feff}x\u{2028}x");
        assert_eq!(shown(Number, b" 12 kB 7\n"), b" 12 xx 0\n");
        assert_eq!(shown(Number, b"99999999999999999999999"), b"xxxxxxxxxxxxxxxxxxxxxxx");
        assert_eq!(shown(Line, b"a\xffb\nsecret"), b"a\xffb\nxxxxxx");
        assert_eq!(shown(Text, b" a b "), b" a b ");
        let id = "0123456789abcdef".repeat(4);
        let expected = format!("0::/docker/{}/xx", "0".repeat(64));
        assert_eq!(Words(&["docker"]).apply_text(&format!("7::/docker/{id}/me")), expected);
    }

    /// The mounts and the groups that prove and name a container still do.
    #[test]
    fn marks_stay() {
        for (line, _) in mountinfo::MARKED {
            let line = line.replace("ID", &"0123456789abcdef".repeat(4));
            let after = file("/proc/self/mountinfo").apply_text(&line);
            let marks = |text: &str| mountinfo::parse(text).filter_map(mountinfo::mark).collect::<Vec<_>>();
            assert_eq!(marks(&after), marks(&line), "{line}\n{after}");
            assert_eq!(marks(&line).len(), 1, "{line}");
        }
        for (line, marks) in cgroup::MARKED {
            let line = line.replace("ID", &"0123456789abcdef".repeat(4));
            assert_eq!(cgroup::marks(&file("/proc/self/cgroup").apply_text(&line)), *marks, "{line}");
        }
    }

    #[test]
    fn what_no_fact_needs_goes() {
        for (path, before, after) in [
            (
                "/proc/self/mountinfo",
                "9 1 0:4 /alice/x /home/alice rw - nfs4 10.0.0.5:/export rw,addr=10.0.0.5\n",
                "x x x:x /xxxxx/x /xxxx/xxxxx xx - xxxx xx.x.x.x:/xxxxxx xx,xxxx=xx.x.x.x\n",
            ),
            ("/proc/self/cgroup", "0::/lxc.payload.alice/alice.service\n", "0::/lxc.payload.xxxxx/xxxxx.xxxxxxx\n"),
            ("/proc/1/comm", "alice\n", "xxxxx\n"),
            ("/proc/77/comm", "proot-alice\n", "proot-xxxxx\n"),
            ("/proc/meminfo", "MemTotal:  12 kB\nMemFree:  7 kB\n", "MemTotal:  12 xx\nxxxxxxx:  0 xx\n"),
            ("/proc/self/status", "Name:\talice\nTracerPid:\t77\n", "xxxx:\txxxxx\nTracerPid:\t77\n"),
            (
                "/proc/sysinfo",
                "VM00 Name: ALICE1\nVM00 Control Program: z/VM    7.3\n",
                "xx00 xxxx: xxxxx0\nVM00 Control Program: z/VM    0.0\n",
            ),
            (
                "/proc/ppc64/lparcfg",
                "serial_number=IBM,01\nshared_processor_mode=1\n",
                "xxxxxx_xxxxxx=xxx,00\nshared_processor_mode=0\n",
            ),
            (
                "/proc/cpuinfo",
                "Serial\t: 00a1\nprocessor\t: 0\nmodel name\t: A 7\nflags\t: fpu hypervisor\nprocessor\t: 1\nmodel name\t: B\n",
                "xxxxxx\t: 00x0\nprocessor\t: 0\nmodel name\t: A 7\nflags\t: xxx hypervisor\nprocessor\t: 0\nxxxxx xxxx\t: x\n",
            ),
            (
                "/etc/os-release",
                "# alice\nNAME=old\nNAME=\"A \\\"B\\\" 1\"\nHOME_URL=https://alice.example/7\n",
                "# xxxxx\nxxxx=xxx\nNAME=\"A \\\"B\\\" 1\"\nxxxx_xxx=xxxxx://xxxxx.xxxxxxx/0\n",
            ),
            (
                "/etc/redhat-release",
                "Red Hat release 7.9 by alice (Core) 5\nalice\n",
                "Red Hat release 7.9 xx xxxxx (Core) 0\nxxxxx\n",
            ),
            ("/etc/debian_version", "12.1\nalice\n", "12.1\nxxxxx\n"),
            ("/sys/class/dmi/id/chassis_asset_tag", "Rack 7\n", "xxxx x\n"),
            ("/sys/class/dmi/id/chassis_asset_tag", "OracleCloud.com alice\n", "OracleCloud.com xxxxx\n"),
            ("/sys/class/dmi/id/bios_vendor", "VMware-56 4d\n", "VMware-00 0x\n"),
            ("/sys/class/dmi/id/product_serial", "VMware-56 4d\n", "xxxxxx-xx xx\n"),
            ("/sys/block/dm-0/dm/uuid", "mpath-36001405a\n", "mpath-00000000x\n"),
            ("/sys/block/dm-1/dm/uuid", "LVM-alice7\n", "xxx-xxxxxx\n"),
            ("/proc/cmdline", "root=/dev/sda ip=10.0.0.1\n", "xxxx=/xxx/xxx xx=xx.x.x.x\n"),
        ] {
            assert_eq!(file(path).apply_text(before), after, "{path}");
        }
        let tree =
            "0 DISK ada0 500 512 hd 16 ident ALICE7\n1 PART gpt/alice 500 512\n1 MULTIPATH multipath/alice 9 512\n";
        assert_eq!(
            sysctl("kern.geom.conftxt").apply_text(tree),
            "0 DISK ada0 500 512 xx 00 xxxxx xxxxx0\n1 xxxx xxx/xxxxx 000 000\n1 MULTIPATH multipath/0 0 000\n"
        );
        assert_eq!(sysctl("kern.hostuuid").apply_text("a-7"), "x-x");
    }
}
