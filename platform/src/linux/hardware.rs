//! The maker of the machine.

use crate::ask::{Ask, Machine};
use crate::facts::Hardware;
use crate::source::Source;

/// The firmware's own words, even if they are a template's (`System manufacturer`).
pub(crate) fn hardware(machine: &Machine<'_>) -> Hardware {
    let mut ask = Ask::new(machine);
    let mut vendor = ask.line("/sys/class/dmi/id/sys_vendor").map(|value| (value, Source::DMI));
    let mut product = ask.line("/sys/class/dmi/id/product_name").map(|value| (value, Source::DMI));
    if vendor.is_none() && product.is_none() {
        // Arm and POWER machines without SMBIOS have a model in their device tree.
        product = ask.line(Source::DEVICE_TREE_MODEL.name()).map(|value| (value, Source::DEVICE_TREE_MODEL));
    }
    if vendor.is_none() && product.is_some() {
        vendor = ask.line("/sys/class/dmi/id/board_vendor").map(|value| (value, Source::DMI));
    }
    let conclusion = ask.done();
    Hardware { vendor: conclusion.found(vendor), product: conclusion.found(product) }
}
