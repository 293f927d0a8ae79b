//! The identity of the operating system.

use crate::ask::{Ask, Conclusion, Machine};
use crate::facts::Os;
use crate::linux::release_files::{self, Identity, RELEASE_FILES};
use crate::os_release::{OsRelease, codename};
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
    // Before there was VERSION_CODENAME, systems wrote the codename into VERSION.
    let codename =
        file.get("VERSION_CODENAME").or(file.get("UBUNTU_CODENAME")).or_else(|| file.get("VERSION").and_then(codename));
    Os {
        family: conclusion.known("linux", source),
        name: fact("NAME", Some("Linux")),
        id: fact("ID", Some("linux")),
        id_like: fact("ID_LIKE", None),
        version: fact("VERSION", version),
        version_id: fact("VERSION_ID", None),
        version_codename: fact("VERSION_CODENAME", codename),
        pretty_name: fact("PRETTY_NAME", Some("Linux")),
        variant_id: fact("VARIANT_ID", None),
        build_id: fact("BUILD_ID", None),
    }
}

/// The version of rolling systems, such as Gentoo and Debian's testing: only a file of their own has it.
fn version_elsewhere(ask: &mut Ask<'_, '_>, os_release: &OsRelease) -> Option<(String, Option<String>, Source)> {
    let id = os_release.get("ID")?;
    let file = RELEASE_FILES.iter().find(|file| file.id == Some(id) && file.has_version())?;
    let identity = release_files::parse(*file, &ask.text(file.source.name(), RELEASE_LIMIT)?.text);
    let version = identity.version?;
    ask.saw(file.source.name(), &version);
    Some((version, identity.version_id, file.source))
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
        ..Os::all(&conclusion.none(source))
    }
}

/// From os-release(5) in both of its places, or from the files of older systems.
pub(crate) fn os(machine: &Machine<'_>) -> Os {
    let mut ask = Ask::new(machine);
    for source in [Source::OS_RELEASE, Source::USR_LIB_OS_RELEASE] {
        if let Some(file) = os_release(&mut ask, source) {
            let version = if file.has_version() { None } else { version_elsewhere(&mut ask, &file) };
            let conclusion = ask.done();
            let mut os = from_os_release(&conclusion, &file, source);
            if let Some((version, version_id, source)) = version {
                os.version = conclusion.known(version, source);
                os.version_id = conclusion.known_or_none(version_id, source);
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
