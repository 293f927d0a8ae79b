//! The identity of the operating system.

use crate::ask::{Ask, Conclusion, Machine};
use crate::facts::{Kernel, Os};
use crate::linux::proxmox;
use crate::linux::release_files::{self, Identity, RELEASE_FILES};
use crate::os_release::OsRelease;
use crate::source::Source;

/// Real files have less than a kilobyte.
pub(crate) const RELEASE_LIMIT: usize = 64 * 1024;

/// Fields in the evidence.
const SHOWN: &[&str] = &["ID", "NAME", "VERSION_ID", "PRETTY_NAME"];

fn os_release(ask: &mut Ask<'_, '_>, source: Source) -> Option<OsRelease> {
    let file = OsRelease::parse(&ask.text(source.name(), RELEASE_LIMIT)?.text);
    if !file.identifies() {
        ask.contradicted(source.name(), "it names no operating system");
        return None;
    }
    for key in SHOWN {
        if let Some(value) = file.get(key) {
            ask.saw(format!("{source}: {key}"), value);
        }
    }
    Some(file)
}

/// The fields of os-release(5), or their defaults.
fn from_os_release(conclusion: &Conclusion, file: &OsRelease, source: Source) -> Os {
    let fact = |key: &str, default: Option<&str>| conclusion.known_or_none(file.get(key).or(default), source);
    let version = file.get("VERSION").or(file.get("VERSION_ID"));
    Os {
        family: conclusion.known("linux", source),
        name: fact("NAME", Some("Linux")),
        id: fact("ID", Some("linux")),
        id_like: fact("ID_LIKE", None),
        version: fact("VERSION", version),
        version_id: fact("VERSION_ID", None),
        version_codename: conclusion.known_or_none(file.codename(), source),
        pretty_name: fact("PRETTY_NAME", Some("Linux")),
        variant_id: fact("VARIANT_ID", None),
        build_id: fact("BUILD_ID", None),
    }
}

/// Systems whose os-release has no codename, and the file that has it.
const CODENAMES_ELSEWHERE: &[(&str, Source)] =
    &[("altlinux", Source::ALTLINUX_RELEASE), ("mageia", Source::LSB_RELEASE), ("mandriva", Source::LSB_RELEASE)];

/// What os-release leaves out: the version of rolling systems, such as Gentoo and Debian's testing, and some codenames. Only a file
/// of their own has it.
fn elsewhere(ask: &mut Ask<'_, '_>, os_release: &OsRelease) -> Option<(Identity, Source)> {
    let id = os_release.get("ID")?;
    let source = if os_release.has_version() {
        let (_, source) = CODENAMES_ELSEWHERE.iter().find(|(known, _)| *known == id && !os_release.says_codename())?;
        *source
    } else {
        RELEASE_FILES.iter().find(|file| file.id == Some(id) && file.has_version())?.source
    };
    let text = ask.text(source.name(), RELEASE_LIMIT)?;
    let identity = match RELEASE_FILES.iter().find(|file| file.source == source) {
        Some(file) => release_files::parse(*file, &text.text),
        None => release_files::lsb(&text.text),
    };
    for value in [&identity.version, &identity.codename].into_iter().flatten() {
        ask.saw(source.name(), value);
    }
    Some((identity, source))
}

fn from_identity(conclusion: &Conclusion, identity: Identity, source: Source) -> Os {
    let fact = |value: Option<String>| conclusion.known_or_none(value, source);
    Os {
        family: conclusion.known("linux", source),
        name: fact(identity.name),
        id: fact(identity.id),
        version: fact(identity.version),
        version_id: fact(identity.version_id),
        version_codename: fact(identity.codename),
        pretty_name: fact(identity.pretty_name),
        build_id: fact(identity.build_id),
        ..Os::all(&conclusion.none(source))
    }
}

/// From os-release(5) in both of its places, or from the files of older systems.
pub(crate) fn os(machine: &Machine<'_>, kernel: &Kernel) -> Os {
    let mut ask = Ask::new(machine);
    for source in [Source::OS_RELEASE, Source::USR_LIB_OS_RELEASE] {
        if let Some(file) = os_release(&mut ask, source) {
            let elsewhere = elsewhere(&mut ask, &file);
            let proxmox = if file.get("ID") == Some("debian") { proxmox::find(&mut ask, kernel) } else { None };
            let conclusion = ask.done();
            let mut os = from_os_release(&conclusion, &file, source);
            if let Some((identity, source)) = elsewhere {
                if let (Some(version), false) = (identity.version, file.has_version()) {
                    os.version = conclusion.known(version, source);
                    os.version_id = conclusion.known_or_none(identity.version_id, source);
                }
                if let (Some(codename), false) = (identity.codename, file.says_codename()) {
                    os.version_codename = conclusion.known(codename, source);
                }
            }
            if let Some(proxmox) = proxmox {
                proxmox.name(&conclusion, &mut os);
            }
            return os;
        }
    }
    if let Some(text) = ask.text(Source::LSB_RELEASE.name(), RELEASE_LIMIT) {
        let identity = release_files::lsb(&text.text);
        if identity.identifies() {
            ask.saw("/etc/lsb-release: DISTRIB_ID", identity.name.as_deref().unwrap_or_default());
            return from_identity(&ask.done(), identity, Source::LSB_RELEASE);
        }
    }
    for file in RELEASE_FILES {
        let Some(text) = ask.text(file.source.name(), RELEASE_LIMIT) else { continue };
        let identity = release_files::parse(*file, &text.text);
        if identity.identifies() {
            ask.saw(file.source.name(), text.text.lines().next().unwrap_or_default());
            return from_identity(&ask.done(), identity, file.source);
        }
    }
    let conclusion = ask.done();
    Os { family: conclusion.known("linux", Source::UNAME), ..Os::all(&conclusion.unknown()) }
}

/// The operating system of a container's host, if its os-release is mounted.
pub(crate) fn host(machine: &Machine<'_>) -> Option<Os> {
    let mut ask = Ask::new(machine);
    let file = os_release(&mut ask, Source::HOST_OS_RELEASE)?;
    Some(from_os_release(&ask.done(), &file, Source::HOST_OS_RELEASE))
}
