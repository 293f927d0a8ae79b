//! Files of systems older than os-release(5): lsb-release, and each distribution's own.

use crate::os_release::{OsRelease, codename};
use crate::source::Source;
use crate::text::{VALUE_LIMIT, clean_text};
#[cfg(feature = "recorded")]
use crate::text::{beginning, parts_words};

/// An identity in the terms of os-release(5).
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) name: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) version_id: Option<String>,
    pub(crate) codename: Option<String>,
    pub(crate) pretty_name: Option<String>,
}

impl Identity {
    /// Cuts values that are joined from several words.
    fn bounded(self) -> Self {
        let bounded = |value: Option<String>| value.map(|value| clean_text(&value, VALUE_LIMIT));
        Self {
            name: bounded(self.name),
            id: bounded(self.id),
            version: bounded(self.version),
            version_id: bounded(self.version_id),
            codename: bounded(self.codename),
            pretty_name: bounded(self.pretty_name),
        }
    }

    /// Whether it names a system.
    pub(crate) fn identifies(&self) -> bool {
        self.id.is_some() || self.name.is_some()
    }
}

/// The format of a release file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Format {
    /// `Name release 7.9 (Codename)`
    Sentence,
    /// Only the version: the file's name tells the system.
    Version,
    /// Nothing: the file's name tells the system.
    Mark,
}

/// A release file, with the id and name of its system if the text has none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReleaseFile {
    pub(crate) source: Source,
    pub(crate) format: Format,
    pub(crate) id: Option<&'static str>,
    pub(crate) name: Option<&'static str>,
}

impl ReleaseFile {
    /// Whether the text has a version.
    pub(crate) fn has_version(self) -> bool {
        !matches!(self.format, Format::Mark)
    }
}

const fn file(source: Source, format: Format, id: Option<&'static str>, name: Option<&'static str>) -> ReleaseFile {
    ReleaseFile { source, format, id, name }
}

/// In this order, the most specific files first. `/etc/debian_version` is last, as every derivative of Debian has one.
pub(crate) const RELEASE_FILES: &[ReleaseFile] = &[
    file(Source::SUSE_RELEASE, Format::Sentence, None, None),
    file(Source::REDHAT_RELEASE, Format::Sentence, None, None),
    file(Source::SYSTEM_RELEASE, Format::Sentence, None, None),
    file(Source::GENTOO_RELEASE, Format::Sentence, Some("gentoo"), None),
    file(Source::SLACKWARE_VERSION, Format::Sentence, Some("slackware"), None),
    file(Source::SOURCEMAGE_RELEASE, Format::Sentence, Some("smgl"), Some("Source Mage GNU/Linux")),
    file(Source::ALPINE_RELEASE, Format::Version, Some("alpine"), Some("Alpine Linux")),
    file(Source::ARCH_RELEASE, Format::Mark, Some("arch"), Some("Arch Linux")),
    file(Source::DEBIAN_VERSION, Format::Version, Some("debian"), Some("Debian GNU/Linux")),
];

/// The ids of later os-release files, by the names in earlier files.
const IDS: &[(&str, &str)] = &[
    ("red hat enterprise", "rhel"),
    ("redhat enterprise", "rhel"),
    ("centos", "centos"),
    ("cloudlinux", "cloudlinux"),
    ("fedora", "fedora"),
    ("scientific linux", "scientific"),
    ("oracle linux", "ol"),
    ("enterprise linux enterprise linux", "ol"),
    ("amazon linux", "amzn"),
    ("rocky linux", "rocky"),
    ("almalinux", "almalinux"),
    ("xenserver", "xenserver"),
    ("suse linux enterprise server", "sles"),
    ("suse linux enterprise desktop", "sled"),
    ("opensuse", "opensuse"),
    ("mandriva", "mandriva"),
    ("mageia", "mageia"),
    ("gentoo", "gentoo"),
    ("slackware", "slackware"),
];

fn known_id(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    IDS.iter().find(|(prefix, _)| name.starts_with(prefix)).map(|(_, id)| *id)
}

/// An id from a name, with the characters that os-release(5) allows: lower case, digits, `.`, `_` and `-`.
fn made_id(name: &str) -> String {
    let word = name.split_whitespace().next().unwrap_or_default().to_lowercase();
    word.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')).collect()
}

/// The first line that is not empty.
fn first_line(text: &str) -> &str {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default()
}

/// Whether a word is a version.
fn is_version(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

/// The service pack in SuSE-release, which became the minor version of `VERSION_ID` in os-release.
fn patch_level(text: &str) -> Option<(&str, &str)> {
    let mut lines = text.lines().filter_map(|line| line.split_once('=')).map(|(key, value)| (key.trim(), value.trim()));
    lines.find(|(key, _)| *key == "PATCHLEVEL")
}

/// The words that make an identity.
#[cfg(feature = "recorded")]
pub(crate) fn kept(format: Format, text: &str) -> Vec<&str> {
    let line = beginning(first_line(text));
    match format {
        Format::Mark => Vec::new(),
        Format::Version => vec![line],
        Format::Sentence => {
            let mut words = line.split(parts_words);
            let mut kept = Vec::new();
            for word in &mut words {
                kept.push(word);
                if is_version(&clean_text(word, VALUE_LIMIT)) {
                    break;
                }
            }
            kept.extend(codename(line));
            if let Some((key, level)) = patch_level(text).filter(|(_, level)| level.bytes().all(|b| b.is_ascii_digit()))
            {
                kept.extend([key, level]);
            }
            kept
        }
    }
}

pub(crate) fn parse(file: ReleaseFile, text: &str) -> Identity {
    let line = clean_text(first_line(text), VALUE_LIMIT);
    let fixed = |text: Option<&str>| text.map(str::to_owned);
    match file.format {
        Format::Mark => Identity {
            id: fixed(file.id),
            name: fixed(file.name),
            pretty_name: fixed(file.name),
            ..Identity::default()
        },
        Format::Version => {
            // Debian's testing has two codenames here: `trixie/sid`.
            let numbered = line.starts_with(|c: char| c.is_ascii_digit());
            let version = Some(line).filter(|line| !line.is_empty());
            let name = file.name.unwrap_or_default();
            Identity {
                id: fixed(file.id),
                name: fixed(file.name),
                pretty_name: Some(version.as_ref().map_or(name.to_owned(), |version| format!("{name} {version}"))),
                version_id: version.clone().filter(|_| numbered),
                version,
                ..Identity::default()
            }
            .bounded()
        }
        Format::Sentence => sentence(file, &line, text),
    }
}

/// `Name release 7.9 (Codename)`, `Name 12 (x86_64)`, `Name version 2.2`.
fn sentence(file: ReleaseFile, line: &str, text: &str) -> Identity {
    if line.is_empty() {
        return Identity::default();
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = words.iter().position(|word| is_version(word));
    let mut name = words.get(..at.unwrap_or(words.len())).unwrap_or_default().to_vec();
    if name.last().is_some_and(|word| matches!(word.to_ascii_lowercase().as_str(), "release" | "version")) {
        name.pop();
    }
    let name = match file.name {
        Some(fixed) => fixed.to_owned(),
        None => name.join(" "),
    };
    let mut version_id = at.and_then(|at| words.get(at)).map(|word| (*word).to_owned());
    if let (Some(version), Some((_, patch))) = (&mut version_id, patch_level(text))
        && patch != "0"
        && patch.bytes().all(|b| b.is_ascii_digit())
        && !version.contains('.')
    {
        version.push('.');
        version.push_str(patch);
    }
    let codename = codename(line).filter(|word| !matches!(*word, "i586" | "i386" | "ppc")).map(str::to_owned);
    let version = version_id.as_ref().map(|version| match &codename {
        Some(codename) => format!("{version} ({codename})"),
        None => version.clone(),
    });
    let id = file.id.or_else(|| known_id(&name)).map_or_else(|| made_id(&name), str::to_owned);
    let pretty_name = match (&version, file.name) {
        (_, Some(fixed)) => fixed.to_owned(),
        (Some(version), None) => format!("{name} {version}"),
        (None, None) => name.clone(),
    };
    Identity {
        id: Some(id).filter(|id| !id.is_empty()),
        name: Some(name).filter(|name| !name.is_empty()),
        version,
        version_id,
        codename,
        pretty_name: Some(pretty_name).filter(|name| !name.is_empty()),
    }
    .bounded()
}

/// The fields in use.
#[cfg(feature = "recorded")]
pub(crate) const LSB_FIELDS: &[&str] = &["DISTRIB_ID", "DISTRIB_RELEASE", "DISTRIB_CODENAME", "DISTRIB_DESCRIPTION"];

/// lsb-release: the assignments of `lsb_release(1)`, in the syntax of os-release(5).
pub(crate) fn lsb(text: &str) -> Identity {
    let file = OsRelease::parse(text);
    let get = |key: &str| file.get(key).map(str::to_owned);
    let Some(name) = get("DISTRIB_ID") else { return Identity::default() };
    let id = known_id(&name).map_or_else(|| made_id(&name), str::to_owned);
    Identity {
        id: Some(id).filter(|id| !id.is_empty()),
        version: get("DISTRIB_RELEASE"),
        version_id: get("DISTRIB_RELEASE"),
        codename: get("DISTRIB_CODENAME"),
        pretty_name: get("DISTRIB_DESCRIPTION"),
        name: Some(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: Source, text: &str) -> Identity {
        let file = RELEASE_FILES.iter().find(|file| file.source == source).copied();
        file.map(|file| parse(file, text)).unwrap_or_default()
    }

    #[test]
    fn sentences() {
        let rhel = read(Source::REDHAT_RELEASE, "Red Hat Enterprise Linux Server release 5.11 (Tikanga)\n");
        assert_eq!(rhel.id.as_deref(), Some("rhel"));
        assert_eq!(rhel.name.as_deref(), Some("Red Hat Enterprise Linux Server"));
        assert_eq!(rhel.version.as_deref(), Some("5.11 (Tikanga)"));
        assert_eq!(rhel.version_id.as_deref(), Some("5.11"));
        assert_eq!(rhel.codename.as_deref(), Some("Tikanga"));
        assert_eq!(rhel.pretty_name.as_deref(), Some("Red Hat Enterprise Linux Server 5.11 (Tikanga)"));

        let sles =
            read(Source::SUSE_RELEASE, "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n");
        assert_eq!(sles.id.as_deref(), Some("sles"));
        assert_eq!(sles.version_id.as_deref(), Some("11.4"));
        assert_eq!(sles.codename, None);

        let unknown = read(Source::SYSTEM_RELEASE, "Exotic OS\n");
        assert_eq!(unknown.id.as_deref(), Some("exotic"));
        assert_eq!(unknown.version_id, None);
        assert_eq!(read(Source::REDHAT_RELEASE, " \n"), Identity::default());
    }

    #[test]
    fn versions_and_marks() {
        let debian = read(Source::DEBIAN_VERSION, "7.9\n");
        assert_eq!(debian.version_id.as_deref(), Some("7.9"));
        let testing = read(Source::DEBIAN_VERSION, "trixie/sid\n");
        assert_eq!((testing.version.as_deref(), testing.version_id), (Some("trixie/sid"), None));
        assert_eq!(read(Source::ARCH_RELEASE, "").id.as_deref(), Some("arch"));
    }

    #[test]
    fn what_is_put_together_is_no_longer_than_one_value() {
        let suse = format!("SUSE Linux Enterprise Server 11\nVERSION = 11\nPATCHLEVEL = {}\n", "4".repeat(50_000));
        assert_eq!(read(Source::SUSE_RELEASE, &suse).version_id.map(|version| version.len()), Some(VALUE_LIMIT));
        let long = format!("{} release 7.9 (Codename)\n", "a".repeat(VALUE_LIMIT - 20));
        for file in RELEASE_FILES {
            let pretty = parse(*file, &long).pretty_name.unwrap_or_default();
            assert!(pretty.len() <= VALUE_LIMIT, "{pretty}");
        }
    }

    #[test]
    fn lsb_release() {
        let ubuntu = lsb(
            "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=8.04\nDISTRIB_CODENAME=hardy\nDISTRIB_DESCRIPTION=\"Ubuntu 8.04\"\n",
        );
        assert_eq!(ubuntu.id.as_deref(), Some("ubuntu"));
        assert_eq!(ubuntu.version_id.as_deref(), Some("8.04"));
        assert!(!lsb("LSB_VERSION=1.3\n").identifies());
    }
}
