//! Derivatives of FreeBSD with files of their own, since their uname(1) and os-release(5) often still say FreeBSD. `GhostBSD` and
//! `MidnightBSD` have none: the first names itself in os-release at most, the second in uname.

use crate::ask::Ask;
use crate::facts::Kernel;
use crate::source::Source;
use crate::text::{VALUE_LIMIT, clean_text};
#[cfg(feature = "recorded")]
use crate::text::{beginning, first_characters};

const FILE_LIMIT: usize = 16 * 1024;

/// pfSense src/etc/inc/globals.inc, `product_label_file`
pub(crate) const PFSENSE_LABEL: &str = "/etc/product_label";
pub(crate) const PFSENSE_PLUS: &str = "pfSense Plus";

/// Products whose `/etc/version` has the form `NAME-VERSION (COMMIT)`: iXsystems' build/tools and zVault's zvio-build.
const VERSIONED_PRODUCTS: &[(&str, &str)] = &[("truenas", "TrueNAS"), ("freenas", "FreeNAS"), ("zvault", "zVault")];

/// Products that `/etc/prd.name` names: `XigmaNAS` build/make.sh, and the names that it had before.
const NAMED_PRODUCTS: &[(&str, &str)] = &[("xigmanas", "XigmaNAS"), ("nas4free", "NAS4Free"), ("freenas", "FreeNAS")];

/// A derivative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Derivative {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    /// Its own version; `None` if it has FreeBSD's.
    pub(crate) version: Option<String>,
    pub(crate) source: Source,
}

/// The derivative that a file names. A product comes before the system that it derives from.
pub(crate) fn find(ask: &mut Ask<'_, '_>, kernel: &Kernel) -> Option<Derivative> {
    if let Some(core) = ask.text(Source::OPNSENSE_VERSION.name(), FILE_LIMIT) {
        let version = product_version(&core.text).map(|version| clean_text(version, VALUE_LIMIT));
        ask.saw(Source::OPNSENSE_VERSION.name(), version.as_deref().unwrap_or("no product_version"));
        return Some(Derivative { id: "opnsense", name: "OPNsense", version, source: Source::OPNSENSE_VERSION });
    }
    let platform = ask.line(Source::ETC_PLATFORM.name());
    let version = ask.line(Source::ETC_VERSION.name());
    if platform.as_deref() == Some("pfSense") {
        let version = version.filter(|version| is_version(version));
        // The edition that is sold has a name of its own, and the same id for programs.
        let plus = ask.line(PFSENSE_LABEL).as_deref() == Some(PFSENSE_PLUS);
        let name = if plus { PFSENSE_PLUS } else { "pfSense" };
        return Some(Derivative { id: "pfsense", name, version, source: Source::ETC_PLATFORM });
    }
    if let Some(found) = version.as_deref().and_then(nas) {
        return Some(found);
    }
    let name = ask.line(Source::ETC_PRODUCT.name());
    if let Some((id, name)) = NAMED_PRODUCTS.iter().find(|(_, product)| name.as_deref() == Some(*product)) {
        // Its own version is FreeBSD's and two more numbers: four of them could be an address.
        return Some(Derivative { id, name, version: None, source: Source::ETC_PRODUCT });
    }
    // A product built from HardenedBSD has the suffix too, and a kernel configuration of its own name.
    let hardened = kernel.release.known().is_some_and(|release| release.ends_with("-HBSD"));
    (hardened && ask.sysctl_text("kern.ident").as_deref() == Some("HARDENEDBSD")).then_some(Derivative {
        id: "hardenedbsd",
        name: "HardenedBSD",
        version: None,
        source: Source::SYSCTL,
    })
}

/// `TrueNAS-13.0-U6.1 (0a8d4b8a2b)`
fn nas(version: &str) -> Option<Derivative> {
    let found = |(id, name): &(&'static str, &'static str)| {
        let rest = version.strip_prefix(name)?.strip_prefix('-')?;
        let own = rest.split(' ').next().filter(|own| !own.is_empty())?.to_owned();
        Some(Derivative { id, name, version: Some(own), source: Source::ETC_VERSION })
    };
    VERSIONED_PRODUCTS.iter().find_map(found)
}

/// `2.7.2-RELEASE`. An administrator may have written anything else.
fn is_version(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && is_plain(text)
}

/// A product's name.
#[cfg(feature = "recorded")]
pub(crate) fn kept_product(text: &str) -> Vec<&str> {
    let line = text.split(['\n', '\0']).next().unwrap_or_default();
    let value = clean_text(line, VALUE_LIMIT);
    if NAMED_PRODUCTS.iter().any(|(_, name)| *name == value) { vec![beginning(line)] } else { Vec::new() }
}

/// A product's name with its version, or the version alone.
#[cfg(feature = "recorded")]
pub(crate) fn kept_version(text: &str) -> Vec<&str> {
    let line = text.split(['\n', '\0']).next().unwrap_or_default();
    let value = clean_text(line, VALUE_LIMIT);
    let end = match value.split_ascii_whitespace().next() {
        Some(name) if nas(&value).is_some() => name.chars().count(),
        _ if is_version(&value) => value.len(),
        _ => return Vec::new(),
    };
    vec![first_characters(beginning(line), end)]
}

/// The version of the firewall.
#[cfg(feature = "recorded")]
pub(crate) fn kept_product_version(text: &str) -> Vec<&str> {
    let Some(version) = product_version(text) else { return Vec::new() };
    std::iter::once(beginning(version)).chain(text.matches("product_version").next()).collect()
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

/// `"product_version": "25.7.11_9"` in the flat JSON object of the firewall's package.
fn product_version(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("\"product_version\"")?;
    let value = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let (value, _) = value.split_once('"')?;
    (is_plain(value) && !value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nas_says_its_name_and_version() {
        let found = nas("TrueNAS-13.0-U6.1 (0a8d4b8a2b)").unwrap();
        assert_eq!((found.id, found.version.as_deref()), ("truenas", Some("13.0-U6.1")));
        assert_eq!(nas("FreeNAS-11.3-U5").unwrap().id, "freenas");
        let found = nas("zVault-13.3-MASTER-202501010000 (0123456789)").unwrap();
        assert_eq!((found.name, found.version.as_deref()), ("zVault", Some("13.3-MASTER-202501010000")));
        assert_eq!(nas("TrueNAS"), None);
        assert_eq!(nas("TrueNAS- "), None);
        assert_eq!(nas("TrueNAS- 13"), None);
        assert_eq!(nas("13.2-RELEASE"), None);
    }

    #[test]
    fn a_firewalls_version_is_read_where_it_is_plain() {
        assert_eq!(product_version("{\n  \"product_version\": \"25.7.11_9\"\n}\n"), Some("25.7.11_9"));
        assert_eq!(product_version("{\"product_version\" : \"\"}"), None);
        assert_eq!(product_version("{\"product_version\": \"25\\n7\"}"), None);
        assert_eq!(product_version("{\"product_version\": 25}"), None);
        assert_eq!(product_version("25.7"), None);
    }
}
