//! The strings of a property list in XML (plist(5)). It reads one dictionary of strings, such as SystemVersion.plist.

use std::collections::BTreeMap;

use crate::text::{VALUE_LIMIT, beginning, clean_text};

/// The strings in use.
pub(crate) const FIELDS: [&str; 3] = ["ProductName", "ProductVersion", "ProductBuildVersion"];

/// The names that macOS has had.
const NAMES: [&str; 4] = ["macOS", "OS X", "Mac OS X", "Mac OS X Server"];

/// Whether a value can be what a field holds: a name, `26.0.1`, `25A8364`, `25A5279m`.
pub(crate) fn is_of(field: &str, value: &str) -> bool {
    match field {
        "ProductName" => NAMES.contains(&value),
        "ProductVersion" => is_version(value),
        _ => is_build(value),
    }
}

/// At most three numbers; four could be an address.
pub(crate) fn is_version(value: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    value.len() <= VALUE_LIMIT && value.split('.').all(is_number) && value.split('.').count() <= 3
}

fn is_build(value: &str) -> bool {
    let rest = value.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = rest.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or_default();
    let number = number.strip_suffix(|c: char| c.is_ascii_lowercase()).unwrap_or(number);
    value.len() <= 16 && rest.len() < value.len() && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
}

/// Each `<key>` with the `<string>` right after it; everything else is ignored.
fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        while let Some((key, after)) = rest.split_once("<key>").and_then(|(_, after)| after.split_once("</key>")) {
            rest = after;
            if let Some((value, after)) =
                after.trim_start().strip_prefix("<string>").and_then(|value| value.split_once("</string>"))
            {
                rest = after;
                return Some((key, value));
            }
        }
        None
    })
}

/// The strings by their keys; the last one of a key counts.
pub(crate) fn strings(text: &str) -> BTreeMap<String, String> {
    pairs(text).map(|(key, value)| (plain(key), plain(beginning(value)))).collect()
}

/// The pairs in use, and the tags of all.
#[cfg(feature = "recorded")]
pub(crate) fn kept(text: &str) -> Vec<&str> {
    let tags = ["<key>", "</key>", "<string>", "</string>"];
    let mut last = BTreeMap::new();
    for (key, value) in pairs(text) {
        if let Some(field) = FIELDS.iter().find(|field| **field == plain(key)) {
            last.insert(*field, (key, value));
        }
    }
    let fields = last.into_iter().flat_map(|(field, (key, value))| {
        let value = Some(beginning(value)).filter(|value| is_of(field, &plain(value)));
        std::iter::once(key).chain(value)
    });
    fields.chain(tags.iter().flat_map(|tag| text.matches(*tag))).collect()
}

/// Replaces the five predefined entities of XML.
fn plain(text: &str) -> String {
    let mut text = text.to_owned();
    for (entity, character) in [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")] {
        text = text.replace(entity, character);
    }
    clean_text(&text, VALUE_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_field_can_hold_counts() {
        for (field, value) in [
            ("ProductName", "Mac OS X"),
            ("ProductVersion", "10.4.11"),
            ("ProductVersion", "26"),
            ("ProductBuildVersion", "8S165"),
            ("ProductBuildVersion", "25A354"),
            ("ProductBuildVersion", "23A5286i"),
        ] {
            assert!(is_of(field, value), "{field} {value}");
        }
        for (field, value) in [
            ("ProductName", "Alice's Mac"),
            ("ProductName", ""),
            ("ProductVersion", "26.0 beta"),
            ("ProductVersion", "26."),
            ("ProductVersion", "10.99.88.77"),
            ("ProductVersion", ""),
            ("ProductBuildVersion", "alice"),
            ("ProductBuildVersion", "25A"),
            ("ProductBuildVersion", "A354"),
            ("ProductBuildVersion", "25A354ab"),
            ("ProductBuildVersion", "25A35400000000000"),
            ("ProductBuildVersion", ""),
        ] {
            assert!(!is_of(field, value), "{field} {value}");
        }
    }

    #[test]
    fn pairs_of_keys_and_strings() {
        let pairs = strings(concat!(
            "<?xml version=\"1.0\"?>\n<plist version=\"1.0\">\n<dict>\n\t<key>ProductName</key>\n\t<string>macOS</string>\n",
            "\t<key>Other</key>\n\t<true/>\n\t<key>ProductVersion</key><string>14.2.1 &amp;lt;</string>\n</dict></plist>",
        ));
        assert_eq!(pairs.get("ProductName").map(String::as_str), Some("macOS"));
        assert_eq!(pairs.get("ProductVersion").map(String::as_str), Some("14.2.1 &lt;"));
        assert_eq!(pairs.get("Other"), None);
        assert!(strings("<key>open").is_empty());
        assert!(strings("<key>a</key><string>never closed").is_empty());
    }
}
