//! cargo's metadata of this workspace.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::run;

/// The cargo feature of the tests that install packages, start daemons or need root.
pub(crate) const SYSTEM_TESTS: &str = "system-tests";

/// An installed program, with the design's budget for its static release build.
#[derive(Clone, Copy)]
pub(crate) struct Program {
    pub(crate) package: &'static str,
    pub(crate) name: &'static str,
    /// The features that it needs beside its package's own choice.
    pub(crate) features: &'static str,
    pub(crate) size_budget: u64,
    /// The static build's optimization, if it differs from the profile's.
    pub(crate) optimise: Option<&'static str>,
}

pub(crate) const PROGRAMS: [Program; 3] = [SENDER, PREVIEW, SYSTEM_INFO];

impl Program {
    /// The arguments by which cargo builds this program alone: in a common build, the sender's features would reach the
    /// preview, which must not have them.
    pub(crate) fn selection(&self) -> [&'static str; 4] {
        ["--package", self.package, "--features", self.features]
    }
}

pub(crate) const SENDER: Program = Program {
    package: "anonymous-statistics",
    name: "anonymous-statistics",
    features: "",
    size_budget: 2_200_000,
    optimise: Some("z"),
};

pub(crate) const PREVIEW: Program = Program {
    package: "telemetry-preview",
    name: "telemetry-preview",
    features: "",
    size_budget: 1_900_000,
    optimise: Some("z"),
};

pub(crate) const SYSTEM_INFO: Program =
    Program { package: "system-facts", name: "system-info", features: "cli", size_budget: 1_000_000, optimise: None };

#[derive(Clone, Deserialize)]
pub(crate) struct Workspace {
    #[serde(rename = "workspace_root")]
    pub(crate) root: PathBuf,
    #[serde(rename = "target_directory")]
    pub(crate) target: PathBuf,
    /// This program's file, determined before a build replaces it.
    #[serde(skip)]
    pub(crate) xtask: PathBuf,
    packages: Vec<Package>,
}

#[derive(Clone, Deserialize)]
struct Package {
    name: String,
    version: String,
    features: BTreeMap<String, Vec<String>>,
    targets: Vec<Target>,
}

#[derive(Clone, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
    #[serde(rename = "required-features", default)]
    required_features: Vec<String>,
}

impl Target {
    fn is_system_test(&self) -> bool {
        self.required_features.iter().any(|feature| feature == SYSTEM_TESTS)
    }
}

impl Workspace {
    pub(crate) fn load() -> Result<Self> {
        let xtask = std::env::current_exe().context("cannot find this program's own file")?;
        let text = run::text(&mut run::cargo(["metadata", "--format-version=1", "--no-deps", "--locked"]))?;
        let mut workspace: Self = serde_json::from_str(&text).context("cannot read what cargo metadata prints")?;
        workspace.xtask = xtask;
        Ok(workspace)
    }

    /// A copy of this workspace at another path, with this target folder.
    pub(crate) fn at(&self, root: PathBuf, target: PathBuf) -> Self {
        Self { root, target, ..self.clone() }
    }

    /// cargo for this workspace, with its target folder.
    pub(crate) fn cargo<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, arguments: I) -> Command {
        let mut command = run::cargo(arguments);
        command.current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// For this package's tests, whose user may be unable to start cargo.
    #[cfg(test)]
    pub(crate) fn of_a_test(test: &str) -> Option<Self> {
        let closed = std::env::var_os("CARGO_HOME").is_some_and(|home| std::fs::read_dir(home).is_err());
        if closed || run::output(&mut run::cargo(["--version"])).is_err() {
            testkit::skip(test, "cargo or its folder is closed to this user");
            return None;
        }
        Some(Self::load().unwrap())
    }

    /// Every feature, for `--features` with a whole workspace: that of the system tests too, since with another set of
    /// features cargo would build the whole workspace again for them.
    pub(crate) fn features(&self) -> String {
        let names = self
            .packages
            .iter()
            .flat_map(|package| package.features.keys().map(|feature| format!("{}/{feature}", package.name)));
        names.collect::<Vec<_>>().join(",")
    }

    /// cargo's arguments for these tests and those of the libraries and programs, all with [`Workspace::features`].
    pub(crate) fn selection<'w>(&'w self, tests: impl Iterator<Item = &'w str>) -> Vec<String> {
        let begin = ["--workspace", "--features", &self.features(), "--lib", "--bins"].map(str::to_owned);
        begin.into_iter().chain(tests.flat_map(|name| ["--test".to_owned(), name.to_owned()])).collect()
    }

    /// The name of each system test target.
    pub(crate) fn system_tests(&self) -> impl Iterator<Item = &str> {
        let targets = self.packages.iter().flat_map(|package| &package.targets);
        targets.filter(|target| target.is_system_test()).map(|target| target.name.as_str())
    }

    /// The names of all other test targets, except names shared with a system test, since cargo would select both.
    pub(crate) fn tests(&self) -> impl Iterator<Item = &str> {
        let system: BTreeSet<&str> = self.system_tests().collect();
        let targets = self.packages.iter().flat_map(|package| &package.targets);
        let tests = targets.filter(|target| target.kind.iter().any(|kind| kind == "test"));
        tests.map(|target| target.name.as_str()).filter(move |name| !system.contains(name))
    }

    /// The version that all packages have.
    pub(crate) fn version(&self) -> &str {
        self.packages.first().map_or("", |package| &package.version)
    }

    /// The packages with a library.
    pub(crate) fn libraries(&self) -> Vec<&str> {
        let packages = self.packages.iter();
        packages
            .filter(|package| package.targets.iter().any(|target| target.kind.iter().any(|kind| kind == "lib")))
            .map(|package| package.name.as_str())
            .collect()
    }

    /// When the commit was made, for every file of a release, in seconds since 1970. `SOURCE_DATE_EPOCH` may say another
    /// time (reproducible-builds.org).
    pub(crate) fn commit_time(&self) -> Result<u64> {
        let told = match std::env::var("SOURCE_DATE_EPOCH") {
            Ok(told) => told,
            Err(_) => run::text(run::git(&self.root).args(["log", "-1", "--format=%ct"]))?,
        };
        told.trim().parse().with_context(|| format!("not a number of seconds: {told:?}"))
    }

    /// The folder for xtask's own files.
    pub(crate) fn own_folder(&self) -> Result<PathBuf> {
        let folder = self.target.join("xtask");
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = r#"{"workspace_root": "/w", "target_directory": "/w/target", "packages": [
        {"name": "a", "version": "1.2.3", "features": {"default": ["sender"], "sender": [], "system-tests": []}, "targets": [
            {"name": "a", "kind": ["lib"]},
            {"name": "a", "kind": ["bin"], "required-features": ["sender"]},
            {"name": "plain", "kind": ["test"]},
            {"name": "daemon", "kind": ["test"], "required-features": ["sender", "system-tests"]}]},
        {"name": "b", "version": "1.2.3", "features": {}, "targets": [{"name": "b", "kind": ["bin"]}]}]}"#;

    #[test]
    fn system_tests_are_told_from_the_rest() {
        let workspace: Workspace = serde_json::from_str(METADATA).unwrap();
        assert_eq!(workspace.features(), "a/default,a/sender,a/system-tests");
        assert_eq!(workspace.system_tests().collect::<Vec<_>>(), ["daemon"]);
        assert_eq!(workspace.tests().collect::<Vec<_>>(), ["plain"]);
        assert_eq!(workspace.libraries(), ["a"]);
        assert_eq!(workspace.version(), "1.2.3");
    }

    #[test]
    fn cargo_metadata_of_this_workspace_is_understood() {
        let Some(workspace) = Workspace::of_a_test(testkit::this_test!()) else { return };
        assert!(workspace.root.join("xtask/Cargo.toml").is_file());
        for program in PROGRAMS {
            let package = workspace.packages.iter().find(|known| known.name == program.package).unwrap();
            let binary = package.targets.iter().find(|target| target.name == program.name && target.kind == ["bin"]);
            assert!(binary.is_some(), "{}", program.name);
        }
    }
}
