//! The builder's own folders: the names that replace them in a program, and a check that none is left.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use memchr::memmem;

use crate::run;
use crate::workspace::Workspace;

/// rustc's flags by which a source file has the same name wherever it lies.
pub(super) fn remapped(checkout: &Workspace) -> Result<Vec<String>> {
    let version = run::text(&mut run::program("rustc", ["-vV"]))?;
    let commit = version.lines().find_map(|line| line.strip_prefix("commit-hash: ")).unwrap_or("unknown");
    let mut pairs = vec![
        (checkout.root.clone(), "/anonymous-statistics".to_owned()),
        (checkout.target.clone(), "/target".into()),
        // Where the component rust-src is, rustc names its files instead of those of whoever built it.
        (sysroot()?.join("lib/rustlib/src/rust"), format!("/rustc/{commit}")),
    ];
    pairs.extend(registries()?.into_iter().map(|registry| (registry, "/crates".into())));
    flags(pairs)
}

/// Where cargo keeps the packages' sources: a folder for each registry, whose name may be that of a mirror.
pub(super) fn registries() -> Result<Vec<PathBuf>> {
    let folder = cargo_home().join("registry/src");
    let describe = || format!("cannot read {}", folder.display());
    let entries = fs::read_dir(&folder).with_context(describe)?;
    entries.map(|entry| Ok(entry.with_context(describe)?.path())).collect()
}

/// The deepest folder last: rustc takes the last one that fits.
fn flags(mut pairs: Vec<(PathBuf, String)>) -> Result<Vec<String>> {
    pairs.sort_by_key(|(from, _)| from.as_os_str().len());
    pairs
        .iter()
        .map(|(from, to)| {
            let from = from.to_str().with_context(|| format!("{} is not UTF-8", from.display()))?;
            Ok(format!("--remap-path-prefix={from}={to}"))
        })
        .collect()
}

/// What no released file may name.
pub(super) fn private(checkout: &Workspace) -> Vec<PathBuf> {
    let rustup = env::var_os("RUSTUP_HOME").map_or_else(|| home().join(".rustup"), PathBuf::from);
    let mut folders = vec![checkout.root.clone(), checkout.target.clone(), cargo_home(), rustup];
    // The programs themselves know of root's home.
    folders.extend((home() != Path::new("/root")).then(home));
    folders.retain(|folder| folder.components().count() > 1);
    folders
}

/// Fails if a file names one of the folders.
pub(super) fn check(name: &str, bytes: &[u8], private: &[PathBuf]) -> Result<()> {
    for folder in private {
        if memmem::find(bytes, folder.as_os_str().as_encoded_bytes()).is_some() {
            bail!("{name} names {}, a folder of this machine", folder.display());
        }
    }
    Ok(())
}

pub(super) fn sysroot() -> Result<PathBuf> {
    Ok(PathBuf::from(run::text(&mut run::program("rustc", ["--print", "sysroot"]))?.trim()))
}

fn home() -> PathBuf {
    env::home_dir().unwrap_or_default()
}

fn cargo_home() -> PathBuf {
    env::var_os("CARGO_HOME").map_or_else(|| home().join(".cargo"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_names_a_folder_of_its_builder_is_found() {
        let private = [PathBuf::from("/home/ada/src"), PathBuf::from("/home/ada/.cargo")];
        let error = check("p", b"\0/home/ada/.cargo/registry/src/x/lib.rs\0", &private).unwrap_err().to_string();
        assert_eq!(error, "p names /home/ada/.cargo, a folder of this machine");
        check("p", b"\0/home/eve/src/home/ada/\0/crates/x-1.0.0/src/lib.rs", &private).unwrap();
    }

    #[test]
    fn this_test_was_not_built_for_a_release() {
        let Some(workspace) = Workspace::of_a_test(testkit::this_test!()) else { return };
        let bytes = fs::read(env::current_exe().unwrap()).unwrap();
        assert!(check("this test", &bytes, &private(&workspace)).is_err());
    }

    #[test]
    fn the_deepest_folder_is_the_last() {
        let pairs = [("/a/target/deep", "/target"), ("/a", "/b")].map(|(from, to)| (from.into(), to.to_owned()));
        let expected = ["--remap-path-prefix=/a=/b", "--remap-path-prefix=/a/target/deep=/target"];
        assert_eq!(flags(pairs.into()).unwrap(), expected);
    }
}
