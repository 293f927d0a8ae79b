//! The strings of a property list in XML (plist(5)), as far as SystemVersion.plist needs: one dictionary of strings.

use std::collections::BTreeMap;

use crate::text::{VALUE_LIMIT, clean_text};

/// Pairs of `<key>` and the `<string>` right after it; everything else is passed over.
pub(crate) fn strings(text: &str) -> BTreeMap<String, String> {
    let mut pairs = BTreeMap::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("<key>") {
        let Some((key, after)) = after.split_once("</key>") else { break };
        rest = after;
        if let Some(value) = after.trim_start().strip_prefix("<string>").and_then(|value| value.split_once("</string>"))
        {
            pairs.insert(plain(key), plain(value.0));
            rest = value.1;
        }
    }
    pairs
}

/// The five entities that XML always has.
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
