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
    pub(crate) build_id: Option<String>,
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
            build_id: bounded(self.build_id),
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
    /// `key="value"` lines with the version of a Synology.
    Synology,
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
    file(Source::SYNOLOGY_DEFAULTS_VERSION, Format::Synology, None, None),
    file(Source::SYNOLOGY_VERSION, Format::Synology, None, None),
    file(Source::SUSE_RELEASE, Format::Sentence, None, None),
    // Each has the files of those that it derives from as well.
    file(Source::ALTLINUX_RELEASE, Format::Sentence, Some("altlinux"), None),
    file(Source::MAGEIA_RELEASE, Format::Sentence, Some("mageia"), None),
    file(Source::MANDRIVA_RELEASE, Format::Sentence, None, None),
    file(Source::MANDRAKELINUX_RELEASE, Format::Sentence, None, None),
    file(Source::MANDRAKE_RELEASE, Format::Sentence, None, None),
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
    ("alt", "altlinux"),
    ("mandriva", "mandriva"),
    ("mandrake", "mandrake"),
    ("openmandriva", "openmandriva"),
    ("mageia", "mageia"),
    ("gentoo", "gentoo"),
    ("slackware", "slackware"),
];

fn known_id(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase();
    let begins = |prefix: &str| {
        // `ALT Workstation`, but not `Altair`.
        name.strip_prefix(prefix).is_some_and(|rest| prefix != "alt" || rest.is_empty() || rest.starts_with(' '))
    };
    IDS.iter().find(|(prefix, _)| begins(prefix)).map(|(_, id)| *id)
}

/// Words in brackets that are no codenames: the states of releases of Mandriva and Mageia, and SUSE's architectures.
const NO_CODENAMES: &[&str] = &["Official", "Community", "Free", "i586", "i386", "ppc"];

fn sentence_codename(line: &str) -> Option<&str> {
    codename(line).filter(|word| !NO_CODENAMES.contains(word))
}

/// The first of the two codenames of Debian's testing: `trixie/sid`, as in the `VERSION_CODENAME` of its os-release.
fn testing_codename(version: &str) -> Option<&str> {
    version.strip_suffix("/sid").filter(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase()))
}

/// The fields in use of a Synology's VERSION.
#[cfg(feature = "recorded")]
const SYNOLOGY_FIELDS: &[&str] =
    &["os_name", "productversion", "majorversion", "minorversion", "buildnumber", "smallfixnumber"];

/// `productversion="7.2.1"`, `buildnumber="69057"`, `smallfixnumber="5"`; shown as `7.2.1-69057 Update 5`. Systems before DSM 6
/// have the first two parts of the version only.
fn synology(text: &str) -> Identity {
    let file = OsRelease::parse(text);
    let parts = || Some(format!("{}.{}", file.get("majorversion")?, file.get("minorversion")?));
    let build = file.get("buildnumber");
    let Some(version_id) = file.get("productversion").map(str::to_owned).or_else(parts).filter(|_| build.is_some())
    else {
        return Identity::default();
    };
    let name = format!("Synology {}", file.get("os_name").unwrap_or("DSM"));
    let mut version = version_id.clone();
    if let Some(build) = build {
        version = format!("{version}-{build}");
    }
    if let Some(update) = file.get("smallfixnumber").filter(|update| *update != "0") {
        version = format!("{version} Update {update}");
    }
    Identity {
        id: Some("synology".to_owned()),
        pretty_name: Some(format!("{name} {version}")),
        name: Some(name),
        version: Some(version),
        version_id: Some(version_id),
        build_id: build.map(str::to_owned),
        codename: None,
    }
    .bounded()
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
        Format::Synology => crate::os_release::kept(SYNOLOGY_FIELDS, text),
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
                codename: version.as_deref().and_then(testing_codename).map(str::to_owned),
                version,
                ..Identity::default()
            }
            .bounded()
        }
        Format::Synology => synology(text),
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
    let codename = sentence_codename(line).map(str::to_owned);
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
        build_id: None,
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
        build_id: None,
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
        assert_eq!(testing.codename.as_deref(), Some("trixie"));
        assert_eq!(debian.codename, None);
        assert_eq!(read(Source::ARCH_RELEASE, "").id.as_deref(), Some("arch"));
    }

    #[test]
    fn codenames_of_sentences() {
        for (source, text, id, version, codename) in [
            (Source::ALTLINUX_RELEASE, "ALT Workstation 10.1 (Autolycus)\n", "altlinux", "10.1", Some("Autolycus")),
            (Source::REDHAT_RELEASE, "ALT Linux 4.0.0 Desktop (Cypress)\n", "altlinux", "4.0.0", Some("Cypress")),
            (Source::MAGEIA_RELEASE, "Mageia release 8 (Official) for x86_64\n", "mageia", "8", None),
            (Source::MAGEIA_RELEASE, "Mageia release 10 (Cauldron) for x86_64\n", "mageia", "10", Some("Cauldron")),
            (
                Source::MANDRIVA_RELEASE,
                "Mandriva Linux release 2010.2 (Official) for i586\n",
                "mandriva",
                "2010.2",
                None,
            ),
            (
                Source::MANDRIVA_RELEASE,
                "OpenMandriva Lx release 4.3 (Cobalt) for x86_64\n",
                "openmandriva",
                "4.3",
                Some("Cobalt"),
            ),
            (
                Source::MANDRAKE_RELEASE,
                "Mandrake Linux release 9.0 (dolphin) for i586\n",
                "mandrake",
                "9.0",
                Some("dolphin"),
            ),
            (Source::SYSTEM_RELEASE, "Altair release 1 (Eagle)\n", "altair", "1", Some("Eagle")),
        ] {
            let identity = read(source, text);
            assert_eq!(identity.id.as_deref(), Some(id), "{text}");
            assert_eq!(identity.version_id.as_deref(), Some(version), "{text}");
            assert_eq!(identity.codename.as_deref(), codename, "{text}");
        }
    }

    #[test]
    fn synology() {
        let now = read(
            Source::SYNOLOGY_VERSION,
            "majorversion=\"7\"\nminorversion=\"2\"\nos_name=\"DSM\"\nproductversion=\"7.2.1\"\nbuildnumber=\"69057\"\nsmallfixnumber=\"5\"\n",
        );
        assert_eq!(now.id.as_deref(), Some("synology"));
        assert_eq!(now.pretty_name.as_deref(), Some("Synology DSM 7.2.1-69057 Update 5"));
        assert_eq!((now.version_id.as_deref(), now.build_id.as_deref()), (Some("7.2.1"), Some("69057")));
        let old = read(Source::SYNOLOGY_VERSION, "majorversion=\"5\"\nminorversion=\"2\"\nbuildnumber=\"5967\"\n");
        assert_eq!((old.name.as_deref(), old.version.as_deref()), (Some("Synology DSM"), Some("5.2-5967")));
        assert!(!read(Source::SYNOLOGY_VERSION, "VERSION=1\n").identifies());
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
