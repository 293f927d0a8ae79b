//! What one program is made of, from `cargo tree`. `cargo metadata` knows only the features of the whole workspace
//! together, and would claim dependencies that a program does not have.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::run;
use crate::workspace::{Program, Workspace};

const CRATES_IO: &str = "https://github.com/rust-lang/crates.io-index";

/// A list of dependencies is a few thousand bytes long.
const EMBEDDED_LIMIT: usize = 1 << 20;

/// A package's name and version: two sources of one name would be two packages to nobody here.
pub(super) type Id = (String, String);

#[derive(Debug, Default, PartialEq)]
pub(super) struct Package {
    pub(super) license: String,
    /// The SHA-256 sum of what crates.io gives; `None` for our own.
    pub(super) checksum: Option<String>,
    /// Whether it is in the program; else it was used while building.
    pub(super) runtime: bool,
    pub(super) dependencies: BTreeSet<Id>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Graph {
    pub(super) root: Id,
    pub(super) packages: BTreeMap<Id, Package>,
}

impl Graph {
    pub(super) fn of(workspace: &Workspace, program: &Program, target: &str) -> Result<Self> {
        let tree = |edges| {
            let mut command = workspace.cargo(["tree", "--locked", "--target", target, "--edges", edges]);
            command.args(program.selection()).args(["--prefix", "depth", "--format", "\t{p}\t{l}"]);
            run::text(&mut command)
        };
        let mut graph = Self::from_tree(&tree("normal,build")?)?;
        for id in Self::from_tree(&tree("normal,no-proc-macro")?)?.packages.into_keys() {
            graph.packages.get_mut(&id).with_context(|| format!("{} is in one tree only", id.0))?.runtime = true;
        }
        let path = workspace.root.join("Cargo.lock");
        let lock = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        graph.add_checksums(&toml::from_str(&lock).context("cannot understand Cargo.lock")?);
        Ok(graph)
    }

    /// Lines of depth, name with version and remarks, licence. A package that was shown before has a star, and no
    /// dependencies below it.
    fn from_tree(text: &str) -> Result<Self> {
        let mut packages: BTreeMap<Id, Package> = BTreeMap::new();
        let mut above: Vec<Id> = Vec::new();
        for line in text.lines() {
            let describe = || format!("cargo tree prints {line:?}");
            let mut fields = line.split('\t');
            let (Some(depth), Some(package), Some(license)) = (fields.next(), fields.next(), fields.next()) else {
                bail!(describe());
            };
            let mut words = package.split(' ');
            let (Some(name), Some(version)) = (words.next(), words.next().and_then(|word| word.strip_prefix('v')))
            else {
                bail!(describe());
            };
            let id = (name.to_owned(), version.to_owned());
            above.truncate(depth.parse().with_context(describe)?);
            if let Some(parent) = above.last() {
                packages.entry(parent.clone()).or_default().dependencies.insert(id.clone());
            }
            // An older form of "either".
            packages.entry(id.clone()).or_default().license = license.trim_end_matches(" (*)").replace('/', " OR ");
            above.push(id);
        }
        let root = above.into_iter().next().context("cargo tree prints nothing")?;
        Ok(Self { root, packages })
    }

    fn add_checksums(&mut self, lock: &toml::Table) {
        let packages = lock.get("package").and_then(toml::Value::as_array);
        for locked in packages.into_iter().flatten() {
            let text = |key| locked.get(key).and_then(toml::Value::as_str).map(str::to_owned);
            if let (Some(name), Some(version)) = (text("name"), text("version"))
                && let Some(package) = self.packages.get_mut(&(name, version))
            {
                package.checksum = text("checksum");
            }
        }
    }

    /// The same in the form in which a newer cargo will tell cargo-auditable (cargo's documentation, unstable features,
    /// SBOM). What is only used while building is a dependency of kind "build" of whoever needs it.
    pub(super) fn precursor(&self) -> Value {
        let index: BTreeMap<&Id, usize> = self.packages.keys().enumerate().map(|(at, id)| (id, at)).collect();
        let crates: Vec<Value> = self
            .packages
            .iter()
            .map(|((name, version), package)| {
                let source = match package.checksum {
                    Some(_) => format!("registry+{CRATES_IO}"),
                    None => "path+file:///".to_owned(),
                };
                let dependencies = package.dependencies.iter().filter_map(|id| {
                    let in_program = package.runtime && self.packages.get(id)?.runtime;
                    let kind = if in_program { "normal" } else { "build" };
                    Some(json!({"index": index.get(id)?, "kind": kind}))
                });
                json!({
                    "id": format!("{source}#{name}@{version}"),
                    "kind": [],
                    "features": [],
                    "dependencies": dependencies.collect::<Vec<_>>(),
                })
            })
            .collect();
        let rustc = json!({"version": "", "wrapper": null, "workspace_wrapper": null, "commit_hash": "", "host": "",
            "verbose_version": ""});
        json!({"version": 1, "root": index.get(&self.root), "crates": crates, "rustc": rustc})
    }

    /// Fails unless a program holds the same list, for everybody who asks it with tools of cargo-auditable.
    pub(super) fn check_embedded(&self, program: &[u8]) -> Result<()> {
        let embedded = auditable_info::audit_info_from_slice(program, EMBEDDED_LIMIT)
            .map_err(|error| anyhow::anyhow!("no list of dependencies for cargo-auditable: {error}"))?;
        let named: BTreeSet<(Id, bool)> = embedded
            .packages
            .into_iter()
            .map(|package| {
                let runtime = serde_json::to_value(package.kind).is_ok_and(|kind| kind == "runtime");
                ((package.name, package.version.to_string()), runtime)
            })
            .collect();
        let ours = self.packages.iter().map(|(id, package)| (id.clone(), package.runtime)).collect();
        if named != ours {
            let differences: Vec<_> = named.symmetric_difference(&ours).map(|((name, _), _)| name.as_str()).collect();
            bail!("its list of dependencies is not cargo's: {}", differences.join(" "));
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const TREE: &str = "0\tapp v1.0.0 (/somewhere/app)\tMIT\n\
        1\tlibrary v2.0.0+x\tMIT/Apache-2.0\n\
        2\tsmall v0.1.0\tISC\n\
        1\tmacros v3.0.0 (proc-macro)\tMIT\n\
        2\tsmall v0.1.0\tISC (*)\n";
    const IN_PROGRAM: [&str; 3] = ["app", "library", "small"];

    pub(in crate::dist) fn example() -> Graph {
        let mut graph = Graph::from_tree(TREE).unwrap();
        for (id, package) in &mut graph.packages {
            package.runtime = IN_PROGRAM.contains(&id.0.as_str());
        }
        let lock = "[[package]]\nname = 'small'\nversion = '0.1.0'\nchecksum = 'abc'\n\
            [[package]]\nname = 'library'\nversion = '2.0.0+x'\nchecksum = 'def'\n\
            [[package]]\nname = 'macros'\nversion = '3.0.0'\nchecksum = 'fed'\n\
            [[package]]\nname = 'small'\nversion = '9.0.0'\nchecksum = 'of another'\n";
        graph.add_checksums(&toml::from_str(lock).unwrap());
        graph
    }

    #[test]
    fn a_tree_is_read() {
        let graph = example();
        let id = |name: &str, version: &str| (name.to_owned(), version.to_owned());
        assert_eq!(graph.root, id("app", "1.0.0"));
        let app = &graph.packages[&graph.root];
        assert_eq!(app.dependencies, [id("library", "2.0.0+x"), id("macros", "3.0.0")].into());
        assert_eq!(app.checksum, None);
        let small = &graph.packages[&id("small", "0.1.0")];
        assert_eq!((small.license.as_str(), small.checksum.as_deref()), ("ISC", Some("abc")));
        assert_eq!(graph.packages[&id("library", "2.0.0+x")].license, "MIT OR Apache-2.0");
        for wrong in ["", "0\tapp\tMIT\n", "0 app v1.0.0\n", "x\tapp v1.0.0\tMIT\n"] {
            assert!(Graph::from_tree(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_only_builds_is_told_from_what_is_in_the_program() {
        let precursor = example().precursor();
        let crates = precursor["crates"].as_array().unwrap();
        let named = |id: &str| crates.iter().find(|package| package["id"] == id).unwrap();
        let app = named("path+file:///#app@1.0.0");
        let kinds: Vec<_> = app["dependencies"].as_array().unwrap().iter().map(|edge| &edge["kind"]).collect();
        assert_eq!(kinds, ["normal", "build"], "library, macros");
        let macros = named("registry+https://github.com/rust-lang/crates.io-index#macros@3.0.0");
        assert_eq!(macros["dependencies"][0]["kind"], "build");
        assert_eq!(precursor["root"], crates.iter().position(|package| package == app).unwrap());
    }

    #[test]
    fn a_program_without_a_list_is_found() {
        let this_test = fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(example().check_embedded(&this_test).is_err());
    }
}
