//! The virtual machine and the cloud: the kernel's own word, and SMBIOS by the same tables and in the same order as on Linux.

use crate::ask::{Ask, Machine};
use crate::dmi::Dmi;
use crate::facts::{Kernel, Virtualization};
use crate::source::Source;
use crate::tables::{self, VM_GUEST_WORDS};

/// Name, technology, source.
type Guest = (&'static str, Option<&'static str>, Source);

const MICROSOFT: &str = "microsoft";

pub(crate) fn virtualization(machine: &Machine<'_>, kernel: &Kernel) -> Virtualization {
    let mut ask = Ask::new(machine);
    let word = ask.sysctl_text("kern.vm_guest");
    // Only x86 has it.
    let vendor = ask.sysctl_raw("hw.hv_vendor").filter(|vendor| !vendor.trim().is_empty());
    if let Some(vendor) = &vendor {
        ask.saw("hw.hv_vendor", vendor);
    }
    let dmi = Dmi::of_freebsd(&mut ask);
    let architecture = kernel.architecture.known().map(String::as_str);
    let seen = Seen {
        word: word.as_deref(),
        vendor: vendor.as_deref(),
        dmi: &dmi,
        other_processor: vendor.is_none() && !matches!(architecture, None | Some("amd64" | "i386" | "x86_64")),
    };
    let found = seen.guest();
    let conclusion = ask.done();
    let (name, hypervisor) = match found {
        Some((name, below, source)) => (conclusion.known(name, source), conclusion.found_in(source, below)),
        None if word.as_deref() == Some("none") => (conclusion.none(Source::SYSCTL), conclusion.none(Source::SYSCTL)),
        None => (conclusion.unknown(), conclusion.unknown()),
    };
    Virtualization {
        name,
        hypervisor,
        host_of: conclusion.unknown(),
        // Without a cloud's name it is unknown, not none: not every cloud names itself.
        cloud: conclusion.found_in(Source::KENV, dmi.cloud().map(|cloud| cloud.id)),
        confidential: conclusion.unknown(),
    }
}

/// The evidence.
struct Seen<'s> {
    word: Option<&'s str>,
    vendor: Option<&'s str>,
    dmi: &'s Dmi,
    /// Whether the processor is not x86: then `none` means that the kernel does not look (`sys/kern/subr_param.c`).
    other_processor: bool,
}

impl Seen<'_> {
    /// Whether a hypervisor shows itself.
    fn present(&self) -> Option<bool> {
        match self.word {
            Some("none") if self.vendor.is_none() => (!self.other_processor).then_some(false),
            None if self.vendor.is_none() => None,
            Some(_) | None => Some(true),
        }
    }

    /// The hypervisor that the kernel names, and its technology.
    fn kernel(&self) -> Option<(&'static str, &'static str)> {
        let by_word = || self.word.and_then(|word| VM_GUEST_WORDS.iter().find(|row| row.word == word));
        let by_vendor = || self.vendor.and_then(tables::hypervisor).map(|row| (row.name, row.hypervisor));
        by_word().map(|row| (row.name, row.name)).or_else(by_vendor)
    }

    fn guest(&self) -> Option<Guest> {
        let kernel = self.kernel();
        // The kernel takes the first signature, which other hypervisors set to Hyper-V's for Windows (sys/x86/x86/identcpu.c).
        let clear = kernel.filter(|(name, _)| *name != MICROSOFT);
        let below = clear.map(|(_, below)| below);
        if let Some(name) = self.rented_by_name(below) {
            return Some((name, below, Source::KENV));
        }
        let product = self.dmi.virtual_machine();
        // VirtualBox shows its own signature, KVM's, Hyper-V's or none, as its user chooses.
        if product.is_none()
            && self.present() == Some(true)
            && matches!(below, None | Some("kvm" | "oracle"))
            && self.dmi.has_virtualbox_board()
        {
            return Some(("oracle", Some(below.unwrap_or("oracle")), Source::KENV));
        }
        if let Some(row) = product.filter(|row| row.before_cpuid) {
            return Some((row.name, Some(below.unwrap_or(row.name)), Source::KENV));
        }
        if let Some((name, below)) = clear {
            return Some((name, Some(below), Source::SYSCTL));
        }
        if self.dmi.is_nutanix_virtual_machine() {
            return Some(("kvm", Some("kvm"), Source::KENV));
        }
        if self.dmi.is_microsoft_virtual_machine() {
            return Some((MICROSOFT, Some(MICROSOFT), Source::KENV));
        }
        if let Some(row) = product {
            return Some((row.name, Some(row.name), Source::KENV));
        }
        let present = self.present();
        // On x86 a real machine shows no hypervisor.
        if let Some(name) = self.dmi.cloud_machine().filter(|_| present != Some(false)) {
            return Some((name, Some(name), Source::KENV));
        }
        // What stays where somebody set maker and product.
        if present != Some(false) && self.dmi.is_qemu_machine() {
            return Some(("qemu", Some("qemu"), Source::KENV));
        }
        if let Some((name, below)) = kernel {
            return Some((name, Some(below), Source::SYSCTL));
        }
        (present == Some(true)).then_some(("vm-other", None, Source::SYSCTL))
    }

    /// Two clouds have names of their own for their machines, and rent real ones with the same text.
    fn rented_by_name(&self, below: Option<&str>) -> Option<&'static str> {
        let name = self.dmi.cloud().and_then(|cloud| cloud.machine)?;
        let is_virtual = match name {
            "amazon" => self.present().unwrap_or(!self.dmi.is_metal_product()),
            "google" => self.other_processor || below.map_or(self.present() != Some(false), |below| below == "kvm"),
            _ => false,
        };
        is_virtual.then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_by_what_their_owner_does_not_set() {
        let text = |text: &str| Some(text.to_owned());
        let board = Dmi {
            sys_vendor: text("LENOVO"),
            product_name: text("20XW"),
            board_vendor: text("Oracle Corporation"),
            ..Dmi::default()
        };
        let nutanix = Dmi { sys_vendor: text("Nutanix"), product_name: text("AHV"), ..Dmi::default() };
        let rebranded = Dmi { sys_vendor: text("Acme"), product_version: text("pc-q35-8.2"), ..Dmi::default() };
        for (word, dmi, expected) in [
            ("generic", &board, Some("oracle")),
            ("hv", &board, Some("oracle")),
            ("bhyve", &board, Some("bhyve")),
            ("none", &board, None),
            ("hv", &nutanix, Some("kvm")),
            ("hv", &rebranded, Some("qemu")),
            ("generic", &rebranded, Some("qemu")),
            ("kvm", &rebranded, Some("kvm")),
            ("none", &rebranded, None),
        ] {
            let seen = Seen { word: Some(word), vendor: None, dmi, other_processor: false };
            assert_eq!(seen.guest().map(|(name, _, _)| name), expected, "{word} {dmi:?}");
        }
    }

    fn name(word: &str, vendor: &str, machine: &str, texts: [&str; 2]) -> Option<&'static str> {
        let [maker, product] = texts.map(|text| (!text.is_empty()).then(|| text.to_owned()));
        let dmi = Dmi { sys_vendor: maker, product_name: product, ..Dmi::default() };
        let text = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let other_processor = machine != "amd64";
        Seen { word: text(word), vendor: text(vendor), dmi: &dmi, other_processor }.guest().map(|(name, _, _)| name)
    }

    #[test]
    fn names_by_the_kernel_and_smbios() {
        for (word, vendor, machine, texts, expected) in [
            ("kvm", "KVMKVMKVM", "amd64", ["Amazon EC2", "t3.medium"], Some("amazon")),
            ("none", "", "amd64", ["Amazon EC2", "m5.metal"], None),
            ("none", "", "amd64", ["Amazon EC2", "m5.large"], None),
            ("none", "", "arm64", ["Amazon EC2", "m7g.large"], Some("amazon")),
            ("generic", "", "arm64", ["Amazon EC2", "m7g.large"], Some("amazon")),
            ("none", "", "arm64", ["Amazon EC2", "m7g.metal"], None),
            ("xen", "XenVMMXenVMM", "amd64", ["Xen", "HVM domU"], Some("xen")),
            ("hv", "Microsoft Hv", "amd64", ["Xen", "HVM domU"], Some("xen")),
            ("kvm", "KVMKVMKVM", "amd64", ["Google", "Google Compute Engine"], Some("google")),
            ("none", "", "amd64", ["Google", "Google Compute Engine"], None),
            ("bhyve", "bhyve bhyve ", "amd64", ["Google", "Google Compute Engine"], Some("bhyve")),
            ("none", "", "arm64", ["Google", "Google Compute Engine"], Some("google")),
            ("hv", "Microsoft Hv", "amd64", ["Microsoft Corporation", "Virtual Machine"], Some("microsoft")),
            ("none", "", "arm64", ["Microsoft Corporation", "Virtual Machine"], Some("microsoft")),
            ("none", "", "amd64", ["Microsoft Corporation", "Surface Pro 7"], None),
            ("hv", "Microsoft Hv", "amd64", ["", ""], Some("microsoft")),
            ("hv", "Microsoft Hv", "amd64", ["QEMU", "Standard PC (Q35 + ICH9, 2009)"], Some("qemu")),
            ("kvm", "KVMKVMKVM", "amd64", ["QEMU", "Standard PC (Q35 + ICH9, 2009)"], Some("kvm")),
            ("kvm", "KVMKVMKVM", "amd64", ["innotek GmbH", "VirtualBox"], Some("oracle")),
            ("generic", "", "amd64", ["innotek GmbH", "VirtualBox"], Some("oracle")),
            ("generic", "", "amd64", ["DigitalOcean", "Droplet"], Some("kvm")),
            ("none", "", "amd64", ["DigitalOcean", "Droplet"], None),
            ("none", "", "arm64", ["Hetzner", "vServer"], Some("kvm")),
            ("none", "", "arm64", ["QEMU", "QEMU Virtual Machine"], Some("qemu")),
            ("none", "", "arm64", ["Apple Inc.", "Apple Virtualization Generic Platform"], Some("apple")),
            ("none", "", "arm64", ["Ampere(TM)", "Mt. Jade"], None),
            ("generic", "ExampleHvsr", "amd64", ["", ""], Some("vm-other")),
            ("", "", "amd64", ["", ""], None),
        ] {
            assert_eq!(name(word, vendor, machine, texts), expected, "{word} {vendor} {machine} {texts:?}");
        }
    }
}
