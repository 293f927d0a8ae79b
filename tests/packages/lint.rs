//! What the distributions' own tools say of the packages.

use std::process::Command;

use testkit::this_test;

use crate::root::{find, packages, succeed};

const OURS: [&str; 3] = ["anonymous-statistics", "system-info", "telemetry-preview"];

/// lintian's remarks that do not fit.
const NOT_HERE: [&str; 5] = [
    // The programs are static, by the name that the linker's form of each processor has.
    "shared-library-lacks-prerequisites",
    "statically-linked-binary",
    // So there is nothing to depend on; cargo-deb writes the field all the same.
    "empty-field",
    // The programs read whether there is a package, and name the file to people.
    "uses-dpkg-database-directly",
    // The packages are not made for Debian's archive.
    "initial-upload-closes-no-bugs",
];

#[test]
fn lintian_has_nothing_to_say() {
    let Some(packages) = packages(this_test!()) else { return };
    let mut lintian = Command::new("lintian");
    lintian.args(["--allow-root", "--fail-on", "error,warning", "--suppress-tags", &NOT_HERE.join(",")]);
    for architecture in ["amd64", "arm64"] {
        for name in OURS {
            let package = find(&packages, name, &format!("_{architecture}.deb"));
            let mut field = Command::new("dpkg-deb");
            assert_eq!(succeed(field.arg("--field").arg(&package).arg("Architecture")).trim(), architecture);
            lintian.arg(package);
        }
    }
    assert_eq!(succeed(&mut lintian), "");
}
