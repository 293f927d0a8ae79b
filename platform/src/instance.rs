//! Kind and region of a cloud's instance, as far as the machine itself knows them: the daemon's script asks the cloud's
//! metadata service, and nothing here uses the network. They are for the daemon alone, as the network's interface is.

use crate::ask::{Ask, Machine};
use crate::fact::Fact;
use crate::facts::Facts;
use crate::source::Source;

/// An instance of a cloud.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instance {
    /// `m5.large`
    pub kind: Fact<String>,
    /// `eu-central-1`
    pub region: Fact<String>,
}

/// What cloud-init learned from the cloud when the machine started. Since its version 19.1 every user can read this file;
/// secrets are in another one (`persist_instance_data` in cloudinit/sources/__init__.py).
#[cfg(feature = "recorded")]
const CLOUD_INIT: &str = Source::CLOUD_INIT.name();

/// Longer than any that is known: a few tens of kilobytes.
#[cfg(feature = "recorded")]
const LIMIT: usize = 512 * 1024;

/// What one source says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) kind: Option<String>,
    pub(crate) region: Option<String>,
}

pub(crate) fn instance(machine: &Machine<'_>, facts: &Facts) -> Instance {
    let Some(cloud) = facts.virtualization.cloud.known() else { return Instance::default() };
    let mut ask = Ask::new(machine);
    // SMBIOS calls a machine of EC2 by the type of its instance; one on Xen is called `HVM domU`.
    let product = facts.hardware.product.known().filter(|product| cloud == "aws" && is_ec2_type(product));
    if let Some(product) = product {
        ask.saw("hardware.product", product);
    }
    let Said { kind, region } = ask_cloud_init(&mut ask);
    let of_product = product.cloned().zip(facts.hardware.product.source);
    let of_cloud_init = |said: Option<String>| said.map(|said| (said, Source::CLOUD_INIT));
    let conclusion = ask.done();
    Instance {
        kind: conclusion.found(of_product.or_else(|| of_cloud_init(kind))),
        region: conclusion.found(of_cloud_init(region)),
    }
}

/// A family and a size: `m5.large`, `u-6tb1.metal`, `mac2-m2.metal` (EC2 User Guide, "Instance type naming conventions").
fn is_ec2_type(text: &str) -> bool {
    let is_part =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    text.split_once('.').is_some_and(|(family, size)| {
        is_part(family) && is_part(size) && family.starts_with(|c: char| c.is_ascii_lowercase())
    })
}

#[cfg(not(feature = "recorded"))]
fn ask_cloud_init(_ask: &mut Ask<'_, '_>) -> Said {
    Said::default()
}

#[cfg(feature = "recorded")]
fn ask_cloud_init(ask: &mut Ask<'_, '_>) -> Said {
    let Some(file) = ask.text(CLOUD_INIT, LIMIT) else { return Said::default() };
    if !file.whole {
        ask.failed(CLOUD_INIT, crate::host::Error::TooLarge);
        return Said::default();
    }
    let Some(said) = cloud_init(&file.text) else {
        ask.failed(CLOUD_INIT, crate::host::Error::Malformed);
        return Said::default();
    };
    for (what, value) in [("instance type", &said.kind), ("region", &said.region)] {
        if let Some(value) = value {
            ask.saw(format!("{CLOUD_INIT}: {what}"), value);
        }
    }
    said
}

/// The region is one of the keys that are the same for every cloud. The type is where each cloud's own data have it: those that
/// answer like EC2 (Alibaba, `OpenStack`), and Azure. Nothing where it is no such file.
#[cfg(feature = "recorded")]
pub(crate) fn cloud_init(text: &str) -> Option<Said> {
    use serde_json::Value;

    let document: Value = serde_json::from_str(text).ok()?;
    // Older versions wrote the same file for root alone, without this list.
    document.get("sensitive_keys")?.as_array()?;
    let at = |path: &[&str]| -> Option<String> {
        let found = path.iter().try_fold(&document, |place, key| place.get(key))?;
        found.as_str().filter(|text| is_word(text)).map(str::to_owned)
    };
    let kind = [
        &["ds", "meta-data", "instance-type"][..],
        &["ds", "meta_data", "instance-type"],
        &["ds", "meta_data", "instance_type"],
        &["ds", "ec2_metadata", "instance-type"],
        &["ds", "meta_data", "imds", "compute", "vmSize"],
    ];
    Some(Said { kind: kind.into_iter().find_map(at), region: at(&["v1", "region"]) })
}

/// `Standard_D2s_v3`, `us-gov-west-1`; not the words for what is missing.
#[cfg(feature = "recorded")]
fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && !["none", "unknown"].iter().any(|missing| text.eq_ignore_ascii_case(missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_ec2_are_told_from_other_products() {
        for name in ["m5.large", "t2.micro", "u-6tb1.metal", "mac2-m2.metal", "c7gn.16xlarge", "u7i-12tb.224xlarge"] {
            assert!(is_ec2_type(name), "{name}");
        }
        for other in ["", "HVM domU", "m5", ".large", "m5.", "5m.large", "Not Specified", "1.0", "a.b.c", "m5.LARGE"] {
            assert!(!is_ec2_type(other), "{other}");
        }
    }

    #[test]
    #[cfg(feature = "recorded")]
    fn cloud_init_names_region_and_type() {
        let said = |kind: Option<&str>, region: Option<&str>| {
            Some(Said { kind: kind.map(str::to_owned), region: region.map(str::to_owned) })
        };
        for (data, expected) in [
            (
                r#""ds": {"meta-data": {"instance-type": "t2.micro"}}, "v1": {"region": "us-east-2"}"#,
                said(Some("t2.micro"), Some("us-east-2")),
            ),
            (
                r#""ds": {"meta_data": {"imds": {"compute": {"vmSize": "Standard_D2s_v3", "location": "westus2"}}}}, "v1": {"region": "westus2"}"#,
                said(Some("Standard_D2s_v3"), Some("westus2")),
            ),
            (r#""ds": {"meta_data": {}}, "v1": {"region": "europe-west3"}"#, said(None, Some("europe-west3"))),
            (r#""ds": {"ec2_metadata": "_unset"}, "v1": {"region": null}"#, said(None, None)),
            (r#""ds": "redacted for non-root user", "v1": {"region": "_unset"}"#, said(None, None)),
            (r#""ds": {"meta_data": {"instance-type": "redacted for non-root user"}}"#, said(None, None)),
            (r#""v1": {"region": "None"}"#, said(None, None)),
            (r#""v1": []"#, said(None, None)),
        ] {
            assert_eq!(cloud_init(&format!(r#"{{{data}, "sensitive_keys": ["merged_cfg"]}}"#)), expected, "{data}");
            assert_eq!(cloud_init(&format!("{{{data}}}")), None, "what only root can read: {data}");
        }
        for wrong in ["", "[]", "{", "null", r#"{"sensitive_keys": 1}"#, &"[".repeat(100_000)] {
            assert_eq!(cloud_init(wrong), None);
        }
    }
}
