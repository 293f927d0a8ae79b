//! By cargo-deb, with the tables `package.metadata.deb` in the packages' Cargo.toml.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use super::made::Made;
use crate::run;
use crate::setup;
use crate::static_build;
use crate::workspace::{PROGRAMS, Program};

/// The first packaging of a version.
const REVISION: &str = "1";

/// Whom the packages name. There is no address yet.
const MAINTAINER: &str = "The contributors of anonymous-statistics <contributors@anonymous-statistics.invalid>";

pub(super) fn build(made: &Made<'_>) -> Result<Vec<PathBuf>> {
    let cargo_deb = setup::cargo_tool(made.tools, &setup::CARGO_DEB)?;
    let target = static_build::target(made.arch);
    let version = format!("{}-{REVISION}", made.version);
    let mut packages = Vec::new();
    for program in PROGRAMS {
        changelog(made, &program, &version)?;
        let package = made.out.join(format!("{}_{version}_{}.deb", program.name, architecture(made.arch)?));
        let mut command = run::program(&cargo_deb, ["--no-build", "--no-strip", "--maintainer", MAINTAINER]);
        command.args(["--deb-revision", REVISION, "--target", &target, "--package", program.package, "--output"]);
        command.arg(&package).current_dir(&made.checkout.root);
        command.env("CARGO_TARGET_DIR", &made.work).env("SOURCE_DATE_EPOCH", &made.time);
        // It prints the file's name.
        run::run(command.stdout(Stdio::null()))?;
        packages.push(package);
    }
    Ok(packages)
}

/// Debian's name of a processor.
fn architecture(arch: &str) -> Result<&'static str> {
    Ok(match arch {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        _ => bail!("which architecture of Debian is {arch}? xtask/src/packages/deb.rs does not know"),
    })
}

/// The packaging's own changelog (deb-changelog(5)); that of the programs is CHANGELOG.md.
fn changelog(made: &Made<'_>, program: &Program, version: &str) -> Result<()> {
    let at = format!("@{}", made.time);
    let date = run::text(&mut run::program("date", ["--utc", "--rfc-email", "--date", &at]))?;
    let name = program.name;
    let text = format!(
        "{name} ({version}) stable; urgency=medium\n\n  * The changes are in changelog.gz.\n\n -- {MAINTAINER}  {date}"
    );
    let file = made.staged.join(format!("{name}.changelog"));
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    run::run(run::program("gzip", ["--best", "--no-name"]).arg(&file))
}
