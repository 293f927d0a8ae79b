//! The answers of every system's backend, on Linux, macOS and FreeBSD.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::fs;
use std::os::unix::fs::symlink;

use system_facts::{Error, FileKind, Host, LiveHost, Platform, collect};

/// The platform of this build and its kernel's name.
const HERE: Option<(Platform, &str)> = if cfg!(target_os = "linux") {
    Some((Platform::Linux, "Linux"))
} else if cfg!(target_os = "macos") {
    Some((Platform::MacOs, "Darwin"))
} else if cfg!(target_os = "freebsd") {
    Some((Platform::FreeBsd, "FreeBSD"))
} else {
    None
};

fn has_sysctl() -> bool {
    matches!(LiveHost::new().platform(), Platform::MacOs | Platform::FreeBsd)
}

#[test]
fn the_backend_is_that_of_the_build() {
    assert_eq!(LiveHost::new().platform(), HERE.map_or(Platform::Other, |(platform, _)| platform));
}

#[test]
fn the_environment_is_that_of_the_process() {
    let host = LiveHost::new();
    assert_eq!(host.environment("NO_SUCH_VARIABLE_HERE"), Err(Error::NotFound));
    let other = LiveHost::with_environment([("NO_SUCH_VARIABLE_HERE".to_owned(), "set".into())]);
    assert_eq!(other.environment("NO_SUCH_VARIABLE_HERE"), Ok(b"set".to_vec()));
}

#[test]
fn a_file_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("file"), "some bytes").unwrap();
    let host = LiveHost::new();
    assert_eq!(host.read(&path("file"), 10), Ok(b"some bytes".to_vec()));
    assert_eq!(host.read(&path("file"), 9), Err(Error::TooLarge));
    assert_eq!(host.read(&path("missing"), 9), Err(Error::NotFound));
}

#[test]
fn a_link_is_read_and_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("file"), "some bytes").unwrap();
    symlink("file", path("link")).unwrap();
    assert_eq!(LiveHost::new().read_link(&path("link")), Ok(b"file".to_vec()));
}

#[test]
fn files_folders_and_links_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("file"), "some bytes").unwrap();
    symlink("file", path("link")).unwrap();
    for (name, kind) in [("file", FileKind::File), ("link", FileKind::Link), ("", FileKind::Folder)] {
        assert_eq!(LiveHost::new().metadata(&path(name)).map(|metadata| metadata.kind), Ok(kind), "{name}");
    }
    assert_eq!(LiveHost::new().metadata(&path("file")).map(|metadata| metadata.size), Ok(10));
}

#[test]
fn a_folder_is_listed_in_order() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b", "c", "a"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    let host = LiveHost::new();
    let path = folder.path().to_str().unwrap();
    assert_eq!(host.list(path, 3), Ok(vec!["a".to_owned(), "b".to_owned(), "c".to_owned()]));
    assert_eq!(host.list(path, 2), Err(Error::TooLarge));
}

#[test]
fn the_kernel_says_its_name() {
    let name = LiveHost::new().uname().unwrap().sysname;
    assert_eq!(name, HERE.map_or(name.as_str(), |(_, name)| name));
}

#[test]
fn the_root_file_system_has_a_size() {
    assert!(LiveHost::new().filesystem_size("/").unwrap() > 0);
    assert_eq!(LiveHost::new().filesystem_size("/no/such/folder"), Err(Error::NotFound));
}

#[test]
fn sysctl_answers_where_there_is_one() {
    let host = LiveHost::new();
    if has_sysctl() {
        assert_ne!(host.sysctl_text("hw.model").unwrap(), "");
        assert!(host.sysctl_integer("hw.ncpu").unwrap() > 0);
    } else {
        assert_eq!(host.sysctl_text("hw.model"), Err(Error::Unsupported));
        assert_eq!(host.sysctl_integer("hw.ncpu"), Err(Error::Unsupported));
    }
}

#[test]
fn kenv_answers_where_there_is_one() {
    let answer = LiveHost::new().kenv("no.such.variable.here");
    assert_eq!(answer, Err(if cfg!(target_os = "freebsd") { Error::NotFound } else { Error::Unsupported }));
}

#[test]
fn the_processor_answers_where_it_has_the_instruction() {
    let answer = LiveHost::new().cpuid(0, 0);
    assert_eq!(answer.is_ok(), cfg!(target_arch = "x86_64"), "{answer:?}");
}

#[test]
fn there_is_memory() {
    if HERE.is_some() {
        assert!(LiveHost::new().quantities().unwrap().memory_bytes.unwrap() > 0);
    }
}

#[test]
fn the_facts_are_those_of_the_build() {
    let facts = collect();
    let name = facts.kernel.name.known().unwrap();
    assert_eq!(name, HERE.map_or(name.as_str(), |(_, name)| name));
    assert!(HERE.is_none() || facts.memory.total_bytes.known().is_some());
}
