//! The licences of others: the programs are static, and hold code whose authors ask for no more than to be named.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::graph::{Graph, Id};

/// How the files begin that hold a licence or a copyright, in capitals.
const NAMES: [&str; 6] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];

/// Which packages a text is of.
type Texts = BTreeMap<String, BTreeSet<Id>>;

/// Every text once, below the names of the packages in the programs that have it.
pub(super) fn page(graphs: &[Graph], registries: &[PathBuf]) -> Result<String> {
    let mut texts = Texts::new();
    for (id, package) in graphs.iter().flat_map(|graph| &graph.packages) {
        // Ours are beside it.
        if package.runtime && package.checksum.is_some() {
            for text in of(id, registries)? {
                texts.entry(text).or_default().insert(id.clone());
            }
        }
    }
    // By the packages' names, not by the texts.
    let mut parts: Vec<_> = texts.into_iter().map(|(text, packages)| (packages, text)).collect();
    parts.sort();
    let part = |(packages, text): &(BTreeSet<Id>, String)| {
        let names: Vec<_> = packages.iter().map(|(name, version)| format!("{name} {version}")).collect();
        format!("==== {}\n\n{}\n\n", names.join(", "), text.trim_end())
    };
    Ok(format!(
        "What the three programs hold beside our own code and Rust's standard library.\n\n{}",
        parts.iter().map(part).collect::<String>()
    ))
}

fn of((name, version): &Id, registries: &[PathBuf]) -> Result<Vec<String>> {
    let folders = registries.iter().map(|registry| registry.join(format!("{name}-{version}")));
    let folder = folders.into_iter().find(|folder| folder.is_dir());
    let folder = folder.with_context(|| format!("the source of {name} {version} is in no registry's folder"))?;
    let describe = || format!("cannot read {}", folder.display());
    let mut texts = Vec::new();
    for entry in fs::read_dir(&folder).with_context(describe)? {
        let path = entry.with_context(describe)?.path();
        if path.is_file() && is_license(&path) {
            texts.push(String::from_utf8_lossy(&fs::read(&path).with_context(describe)?).replace('\r', ""));
        }
    }
    if texts.is_empty() {
        bail!("{name} {version} has no file with its licence");
    }
    Ok(texts)
}

fn is_license(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
    NAMES.iter().any(|begin| name.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::super::graph::tests::example;
    use super::*;

    fn registry(files: &[(&str, &str)]) -> tempfile::TempDir {
        let registry = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = registry.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        registry
    }

    #[test]
    fn a_text_stands_once_with_all_whose_it_is() {
        let registry = registry(&[
            ("library-2.0.0+x/LICENSE-MIT", "do what you like\r\n"),
            ("library-2.0.0+x/src.rs", "code"),
            ("small-0.1.0/license.txt", "do what you like\n"),
            ("small-0.1.0/COPYRIGHT", "of Ada"),
        ]);
        let page = page(&[example(), example()], &["/nowhere".into(), registry.path().into()]).unwrap();
        let (_, parts) = page.split_once("\n\n").unwrap();
        // What only builds ("macros") and what is ours ("app") is not there.
        assert_eq!(parts, "==== library 2.0.0+x, small 0.1.0\n\ndo what you like\n\n==== small 0.1.0\n\nof Ada\n\n");
    }

    #[test]
    fn a_package_without_a_licence_is_no_part_of_a_release() {
        let registry = registry(&[("library-2.0.0+x/LICENSE", "x"), ("small-0.1.0/src.rs", "code")]);
        let error = page(&[example()], &[registry.path().into()]).unwrap_err().to_string();
        assert_eq!(error, "small 0.1.0 has no file with its licence");
        assert!(page(&[example()], &[]).is_err());
    }
}
