//! Who made the machine.

use crate::ask::{Ask, Machine};
use crate::facts::Hardware;
use crate::source::Source;

/// What makers of boards leave in the fields that the maker of the machine should have filled.
const PLACEHOLDERS: &[&str] = &[
    "to be filled by o.e.m.",
    "to be filled by o.e.m",
    "system manufacturer",
    "system product name",
    "default string",
    "not specified",
    "not applicable",
    "none",
    "o.e.m.",
    "oem",
    "empty",
    "unknown",
];

fn meaningful(value: String) -> Option<String> {
    let filling = PLACEHOLDERS.contains(&value.to_lowercase().as_str());
    (!filling).then_some(value)
}

pub(crate) fn hardware(machine: &Machine<'_>) -> Hardware {
    let mut ask = Ask::new(machine);
    let mut vendor = ask.line("/sys/class/dmi/id/sys_vendor").and_then(meaningful).map(|value| (value, Source::DMI));
    let mut product = ask.line("/sys/class/dmi/id/product_name").and_then(meaningful).map(|value| (value, Source::DMI));
    if vendor.is_none() && product.is_none() {
        // Arm and POWER machines without SMBIOS have a name in their device tree.
        product = ask.line(Source::DEVICE_TREE_MODEL.name()).map(|value| (value, Source::DEVICE_TREE_MODEL));
    }
    if vendor.is_none() && product.is_some() {
        vendor = ask.line("/sys/class/dmi/id/board_vendor").and_then(meaningful).map(|value| (value, Source::DMI));
    }
    let conclusion = ask.done();
    Hardware { vendor: conclusion.found(vendor), product: conclusion.found(product) }
}
