//! The texts of SMBIOS that name a kind of machine, whoever reads them: Linux has a file for each in /sys/class/dmi/id
//! (drivers/firmware/dmi-id.c), FreeBSD a variable of kenv(1).

use crate::ask::Ask;
use crate::tables::{CLOUDS, Cloud, DMI_VIRTUAL, DmiField, DmiVirtual, QEMU_MACHINES};
use crate::text::{VALUE_LIMIT, clean_text};

const CHASSIS_VENDOR: &str = "/sys/class/dmi/id/chassis_vendor";

/// The fields that identify a kind of machine or its hypervisor, without serial numbers.
#[derive(Debug, Default)]
pub(crate) struct Dmi {
    pub(crate) sys_vendor: Option<String>,
    pub(crate) product_name: Option<String>,
    pub(crate) product_version: Option<String>,
    pub(crate) board_vendor: Option<String>,
    pub(crate) bios_vendor: Option<String>,
    pub(crate) chassis_vendor: Option<String>,
    pub(crate) chassis_asset_tag: Option<String>,
}

impl Dmi {
    pub(crate) fn of_linux(ask: &mut Ask<'_, '_>) -> Self {
        const ASSET_TAG: &str = "/sys/class/dmi/id/chassis_asset_tag";
        Self {
            sys_vendor: ask.line("/sys/class/dmi/id/sys_vendor"),
            product_name: ask.line("/sys/class/dmi/id/product_name"),
            product_version: ask.line("/sys/class/dmi/id/product_version"),
            board_vendor: ask.line("/sys/class/dmi/id/board_vendor"),
            bios_vendor: ask.line("/sys/class/dmi/id/bios_vendor"),
            chassis_vendor: None,
            chassis_asset_tag: ask.text(ASSET_TAG, 4096).and_then(|file| Self::asset_tag(ask, ASSET_TAG, &file.text)),
        }
    }

    /// The same from the variables that FreeBSD's loader or kernel sets (stand/libsa/smbios.c).
    pub(crate) fn of_freebsd(ask: &mut Ask<'_, '_>) -> Self {
        const ASSET_TAG: &str = "smbios.chassis.tag";
        let mut dmi = Self {
            sys_vendor: ask.kenv("smbios.system.maker"),
            product_name: ask.kenv("smbios.system.product"),
            product_version: ask.kenv("smbios.system.version"),
            board_vendor: ask.kenv("smbios.planar.maker"),
            bios_vendor: ask.kenv("smbios.bios.vendor"),
            chassis_vendor: None,
            chassis_asset_tag: ask.kenv_raw(ASSET_TAG).and_then(|tag| Self::asset_tag(ask, ASSET_TAG, &tag)),
        };
        if dmi.is_there() && dmi.cloud().is_none() {
            dmi.chassis_vendor = ask.kenv("smbios.chassis.maker");
        }
        dmi
    }

    /// One cloud has its name only here: so it is asked for last, and only in a machine of no other cloud.
    pub(crate) fn look_at_chassis(&mut self, ask: &mut Ask<'_, '_>) {
        if self.is_there() && self.cloud().is_none() {
            self.chassis_vendor = ask.line(CHASSIS_VENDOR);
        }
    }

    /// Only the constant of a known cloud: people write inventory numbers here.
    fn asset_tag(ask: &mut Ask<'_, '_>, asked: &'static str, tag: &str) -> Option<String> {
        let tag = clean_text(tag, VALUE_LIMIT);
        let part = cloud_part(DmiField::ChassisAssetTag, &tag);
        ask.saw(asked, part.unwrap_or("not a cloud's"));
        part.map(str::to_owned)
    }

    /// Whether the firmware fills any field.
    pub(crate) fn is_there(&self) -> bool {
        [&self.sys_vendor, &self.product_name, &self.board_vendor, &self.bios_vendor]
            .iter()
            .any(|field| field.is_some())
    }

    fn begins(field: Option<&str>, prefix: &str) -> bool {
        field.is_some_and(|value| value.starts_with(prefix))
    }

    /// The virtual machine in one of the fields, which are systemd's in its order.
    pub(crate) fn virtual_machine(&self) -> Option<&'static DmiVirtual> {
        let fields =
            [&self.product_name, &self.sys_vendor, &self.board_vendor, &self.bios_vendor, &self.product_version];
        fields.iter().find_map(|field| DMI_VIRTUAL.iter().find(|row| Self::begins(field.as_deref(), row.prefix)))
    }

    /// The product of Hyper-V's machines. Microsoft's hardware has others.
    pub(crate) fn is_microsoft_virtual_machine(&self) -> bool {
        self.sys_vendor.as_deref() == Some("Microsoft Corporation")
            && self.product_name.as_deref() == Some("Virtual Machine")
    }

    /// The version is the name of one of QEMU's machines.
    pub(crate) fn is_qemu_machine(&self) -> bool {
        QEMU_MACHINES.iter().any(|machine| Self::begins(self.product_version.as_deref(), machine))
    }

    /// Nutanix' AHV, which is KVM. Nutanix' servers have other products.
    pub(crate) fn is_nutanix_virtual_machine(&self) -> bool {
        Self::begins(self.sys_vendor.as_deref(), "Nutanix") && self.product_name.as_deref() == Some("AHV")
    }

    /// VirtualBox's board in a machine whose vendor is another. Oracle's servers have both.
    pub(crate) fn has_virtualbox_board(&self) -> bool {
        self.board_vendor.as_deref() == Some("Oracle Corporation")
            && self
                .sys_vendor
                .as_deref()
                .is_some_and(|vendor| !vendor.starts_with("Oracle") && !vendor.starts_with("Sun "))
    }

    fn field(&self, field: DmiField) -> Option<&str> {
        let value = match field {
            DmiField::SysVendor => &self.sys_vendor,
            DmiField::ProductName => &self.product_name,
            DmiField::ProductVersion => &self.product_version,
            DmiField::BiosVendor => &self.bios_vendor,
            DmiField::ChassisVendor => &self.chassis_vendor,
            DmiField::ChassisAssetTag => &self.chassis_asset_tag,
        };
        value.as_deref()
    }

    pub(crate) fn cloud(&self) -> Option<&'static Cloud> {
        CLOUDS.iter().find(|row| self.field(row.field).is_some_and(|value| row.text.part(value).is_some()))
    }

    /// Whether a cloud rents this as a real machine, as its product says: `m5.metal`, `bx2-metal-96x384`.
    pub(crate) fn is_metal_product(&self) -> bool {
        let metal = self.cloud().map_or(&[][..], |cloud| cloud.metal);
        [&self.product_name, &self.chassis_vendor].into_iter().flatten().any(|text| {
            let mut words = text.split(|c: char| !c.is_alphanumeric());
            words.any(|word| metal.iter().any(|known| known.eq_ignore_ascii_case(word)))
        })
    }

    /// The virtual machine that the cloud's name means, for hosts whose processor does not show a hypervisor.
    pub(crate) fn cloud_machine(&self) -> Option<&'static str> {
        self.cloud().and_then(|cloud| cloud.machine).filter(|_| !self.is_metal_product())
    }
}

/// The part of a text by which a cloud is known.
pub(crate) fn cloud_part(field: DmiField, text: &str) -> Option<&str> {
    CLOUDS.iter().filter(|row| row.field == field).find_map(|row| row.text.part(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dmi(sys_vendor: &str, product_name: &str) -> Dmi {
        Dmi { sys_vendor: Some(sys_vendor.to_owned()), product_name: Some(product_name.to_owned()), ..Dmi::default() }
    }

    #[test]
    fn products_name_hypervisors() {
        let name = |vendor, product| dmi(vendor, product).virtual_machine().map(|row| row.name);
        assert_eq!(name("innotek GmbH", "VirtualBox"), Some("oracle"));
        assert_eq!(name("VMware, Inc.", "VMware7,1"), Some("vmware"));
        assert_eq!(name("OpenStack Foundation", "OpenStack Nova"), Some("kvm"));
        assert_eq!(name("Oracle Corporation", "SUN FIRE X4170 M2 SERVER"), None);
        assert_eq!(name("Microsoft Corporation", "Surface Pro 7"), None);
        assert_eq!(name("Google", "Chell"), None);
        assert_eq!(name("Nutanix", "NX-3060-G5"), None);
    }

    /// The fields in the order of [`dmi`], then version, firmware vendor, chassis vendor and asset tag.
    fn full(texts: [&str; 6]) -> Dmi {
        let [sys_vendor, product_name, product_version, bios_vendor, chassis_vendor, chassis_asset_tag] =
            texts.map(|text| (!text.is_empty()).then(|| text.to_owned()));
        Dmi {
            sys_vendor,
            product_name,
            product_version,
            bios_vendor,
            chassis_vendor,
            chassis_asset_tag,
            ..Dmi::default()
        }
    }

    #[test]
    fn clouds_and_the_machines_that_they_mean() {
        let azure = "7783-7084-3265-9085-8269-3286-77";
        for (texts, cloud, machine) in [
            (["Amazon EC2", "m5.large", "", "Amazon EC2", "", "Amazon EC2"], "aws", Some("amazon")),
            (["Amazon EC2", "m5.metal", "", "Amazon EC2", "", ""], "aws", None),
            (["Amazon EC2", "c7i.metal-24xl", "", "", "", ""], "aws", None),
            (["Amazon EC2", "m7g.16xlarge", "", "", "", ""], "aws", Some("amazon")),
            (["Xen", "HVM domU", "4.11.amazon", "Xen", "Xen", ""], "aws", Some("xen")),
            (["Google", "Google Compute Engine", "", "Google", "Google", ""], "gcp", Some("google")),
            (["Google", "Google", "", "Google", "Google", ""], "gcp", Some("google")),
            (["Microsoft Corporation", "Virtual Machine", "7.0", "", "", azure], "azure", Some("microsoft")),
            (["Oracle Corporation", "ORACLE SERVER E4-2c", "", "", "", "OracleCloud.com"], "oci", None),
            (["Huawei", "TaiShan 200 (Model 2280)", "", "", "", "HUAWEICLOUD"], "huawei", None),
            (["VMware, Inc.", "VMware Virtual Platform", "", "", "", "SAP CCloud VM"], "sap", Some("vm-other")),
            (
                ["OpenStack Foundation", "OpenStack Nova", "", "", "", "Samsung Cloud Platform"],
                "samsung",
                Some("vm-other"),
            ),
            (["QEMU", "Standard PC", "", "", "", "a.zstack.io"], "zstack", Some("kvm")),
            (["QEMU", "KVM", "", "", "IBM:Cloud Compute Server 1.0:bx2-2x8", ""], "ibm", Some("kvm")),
            (["QEMU", "KVM", "", "", "IBM:Cloud Compute Server 1.0:bx2-metal-96x384", ""], "ibm", None),
            (["Alibaba Cloud", "Alibaba Cloud ECS", "", "", "", ""], "alibaba", Some("kvm")),
            (["Alibaba Cloud", "AliServer-Xuanwu3.0", "", "", "", ""], "alibaba", None),
            (["Tencent Cloud", "CVM", "3.0", "SeaBIOS", "Smdbmds", ""], "tencent", Some("kvm")),
            (["Yandex", "standard-v3", "pc-q35-yc-5.0", "Yandex", "", ""], "yandex", None),
            (["DigitalOcean", "Droplet", "", "DigitalOcean", "Bochs", ""], "digitalocean", Some("kvm")),
            (["Hetzner", "vServer", "20171111", "Hetzner", "QEMU", ""], "hetzner", Some("kvm")),
            (["Hetzner", "", "1.0", "American Megatrends Inc.", "", ""], "hetzner", None),
            (["Scaleway", "SCW-COPARM1-2C-8G", "", "", "", ""], "scaleway", Some("kvm")),
            (["Vultr", "VC2", "pc-q35-8.2", "Vultr", "QEMU", ""], "vultr", Some("kvm")),
            (["3DS Outscale", "3DS Outscale VM", "", "", "", ""], "outscale", Some("kvm")),
            (["Tilaa", "VPS", "", "", "", ""], "tilaa", Some("kvm")),
            (["e24cloud", "", "", "", "", ""], "e24cloud", Some("kvm")),
            (["NWCS", "", "", "", "", ""], "nwcs", Some("kvm")),
            (["CloudSigma", "CloudSigma", "", "", "", ""], "cloudsigma", Some("kvm")),
            (["", "CloudCIX", "", "", "", ""], "cloudcix", None),
            (["Joyent", "SmartDC HVM", "7.20200101", "", "", ""], "smartos", None),
            (["RDO", "OpenStack Compute", "", "", "", ""], "openstack", Some("kvm")),
            (["VMware, Inc.", "VMware20,1", "", "", "", "OpenStack Nova"], "openstack", Some("kvm")),
        ] {
            let dmi = full(texts);
            assert_eq!(dmi.cloud().map(|cloud| cloud.id), Some(cloud), "{texts:?}");
            assert_eq!(dmi.cloud_machine(), machine, "{texts:?}");
        }
    }

    #[test]
    fn machines_of_qemu_keep_their_name() {
        let of_version = |version: &str| full(["Acme", "VPS 3", version, "", "", ""]).is_qemu_machine();
        assert!(["pc-i440fx-2.1", "pc-q35-yc-5.0", "virt-8.2", "virt-rhel9.4.0"].into_iter().all(of_version));
        assert!(!["", "1.0", "virtual", "A0071", "PC"].into_iter().any(of_version));
    }

    #[test]
    fn real_machines_are_of_no_cloud() {
        for texts in [
            ["Dell Inc.", "PowerEdge R750", "", "Dell Inc.", "Dell Inc.", ""],
            ["Google", "Chell", "rev1", "coreboot", "Google", ""],
            ["Oracle Corporation", "SUN FIRE X4170 M2 SERVER", "", "", "", ""],
            ["OVH", "SP", "A0071", "Intel Corp.", "OVH", ""],
            ["IBM", "System x3550", "", "IBM", "IBM", ""],
            ["Tilaanstra", "x", "", "", "", ""],
        ] {
            assert!(full(texts).cloud().is_none(), "{texts:?}");
        }
        assert!(dmi("Microsoft Corporation", "Virtual Machine").is_microsoft_virtual_machine());
        assert!(!dmi("Microsoft Corporation", "Surface Pro 7").is_microsoft_virtual_machine());
    }
}
