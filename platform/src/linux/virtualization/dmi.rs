//! SMBIOS in /sys/class/dmi/id, one file per field (Linux drivers/firmware/dmi-id.c).

use crate::ask::Ask;
use crate::tables::{CLOUDS, Cloud, DMI_VIRTUAL, DmiField, DmiVirtual};
use crate::text::{VALUE_LIMIT, clean_text};

/// The fields that identify a kind of machine or its hypervisor, without serial numbers.
#[derive(Debug, Default)]
pub(crate) struct Dmi {
    pub(crate) sys_vendor: Option<String>,
    pub(crate) product_name: Option<String>,
    pub(crate) product_version: Option<String>,
    pub(crate) board_vendor: Option<String>,
    pub(crate) bios_vendor: Option<String>,
    pub(crate) chassis_asset_tag: Option<String>,
}

impl Dmi {
    pub(crate) fn read(ask: &mut Ask<'_, '_>) -> Self {
        Self {
            sys_vendor: ask.line("/sys/class/dmi/id/sys_vendor"),
            product_name: ask.line("/sys/class/dmi/id/product_name"),
            product_version: ask.line("/sys/class/dmi/id/product_version"),
            board_vendor: ask.line("/sys/class/dmi/id/board_vendor"),
            bios_vendor: ask.line("/sys/class/dmi/id/bios_vendor"),
            chassis_asset_tag: Self::asset_tag(ask),
        }
    }

    /// Only the constant of a known cloud: people write inventory numbers here.
    fn asset_tag(ask: &mut Ask<'_, '_>) -> Option<String> {
        const PATH: &str = "/sys/class/dmi/id/chassis_asset_tag";
        let file = ask.text(PATH, 4096)?;
        let tag = file.text.trim();
        let of_a_cloud = CLOUDS.iter().any(|row| row.field == DmiField::ChassisAssetTag && tag.starts_with(row.prefix));
        ask.saw(PATH, if of_a_cloud { tag } else { "not a cloud's" });
        of_a_cloud.then(|| clean_text(tag, VALUE_LIMIT))
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

    pub(crate) fn cloud(&self) -> Option<&'static Cloud> {
        CLOUDS.iter().find(|row| {
            let field = match row.field {
                DmiField::SysVendor => &self.sys_vendor,
                DmiField::ProductName => &self.product_name,
                DmiField::ChassisAssetTag => &self.chassis_asset_tag,
            };
            Self::begins(field.as_deref(), row.prefix)
        })
    }

    /// The sizes `metal`, `metal-24xl` and so on are EC2's real machines (EC2 user guide, instance types).
    pub(crate) fn is_metal_product(&self) -> bool {
        let size = self.product_name.as_deref().and_then(|product| product.split_once('.')).map(|(_, size)| size);
        size.is_some_and(|size| size == "metal" || size.starts_with("metal-"))
    }
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

    #[test]
    fn clouds_and_metal() {
        assert_eq!(dmi("Amazon EC2", "m5.large").cloud().map(|cloud| cloud.id), Some("aws"));
        assert!(dmi("Amazon EC2", "m5.metal").is_metal_product());
        assert!(dmi("Amazon EC2", "c7i.metal-24xl").is_metal_product());
        assert!(!dmi("Amazon EC2", "m5.large").is_metal_product());
        assert!(dmi("Dell Inc.", "PowerEdge R750").cloud().is_none());
        assert!(dmi("Microsoft Corporation", "Virtual Machine").is_microsoft_virtual_machine());
        assert!(!dmi("Microsoft Corporation", "Surface Pro 7").is_microsoft_virtual_machine());
    }
}
