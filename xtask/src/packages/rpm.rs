//! By rpmbuild (Debian's package rpm), with packaging/rpm/anonymous-statistics.spec.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::made::Made;
use crate::run;
use crate::workspace::PROGRAMS;

pub(super) fn build(made: &Made<'_>) -> Result<Vec<PathBuf>> {
    let (arch, version) = (made.arch, made.version);
    let mut command = run::program("rpmbuild", ["-bb", "--quiet", "--target", &format!("{arch}-linux")]);
    for (name, value) in [
        ("_topdir", made.work.join("rpm").as_path()),
        ("_rpmdir", made.out),
        ("_build_name_fmt", Path::new("%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm")),
        ("programs", &made.staged),
        ("project", &made.checkout.root),
        ("number", Path::new(version)),
    ] {
        command.args(["--define", &format!("{name} {}", value.display())]);
    }
    let specification = made.checkout.root.join("packaging/rpm/anonymous-statistics.spec");
    run::run(command.arg(specification).env("SOURCE_DATE_EPOCH", &made.time))?;
    Ok(PROGRAMS.map(|program| made.out.join(format!("{}-{version}-1.{arch}.rpm", program.name))).into())
}
