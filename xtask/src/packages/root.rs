//! A root of Debian's base system, what netdata depends on, and its downloaded packages, for the tests of the packages.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::run;
use crate::workspace::Workspace;

/// As on the images of Debian's containers: nothing that is installed there starts a service.
const NO_SERVICES: &str = "#!/bin/sh\nexit 101\n";

/// What netdata depends on is installed. netdata itself is left in apt's cache, and apt knows no other packages, which
/// would cost most of its time.
const PREPARE: &str = "set -e
apt='apt-get --quiet --quiet --yes --no-install-recommends'
$apt update
$apt --download-only install netdata
cd /var/cache/apt/archives
others=$(ls -d \"$PWD\"/*.deb | grep -v /netdata)
$apt install $others
rm -f $others /var/cache/apt/*.bin
find /var/lib/apt/lists -type f -delete";

/// The archive of the root, in target/tools. It is of this machine's release, from where its apt gets packages.
pub(crate) fn archive(workspace: &Workspace) -> Result<PathBuf> {
    let tools = workspace.target.join("tools");
    let archive = tools.join("debian-with-netdata.tar");
    if archive.is_file() {
        return Ok(archive);
    }
    fs::create_dir_all(&tools).with_context(|| format!("cannot create {}", tools.display()))?;
    let folder = tempfile::Builder::new().prefix("debian-").tempdir_in(&tools)?;
    let root = folder.path().join("root");
    let (release, source) = release()?;
    run::run(run::program("debootstrap", ["--variant=minbase", &release]).arg(&root).arg(&source))?;
    write(&root, "usr/sbin/policy-rc.d", NO_SERVICES)?;
    run::run(run::program("chmod", ["755"]).arg(root.join("usr/sbin/policy-rc.d")))?;
    write(&root, "etc/resolv.conf", &fs::read_to_string("/etc/resolv.conf").unwrap_or_default())?;
    let mut prepare = run::program("chroot", [&root]);
    run::run(prepare.args(["sh", "-c", PREPARE]).env("DEBIAN_FRONTEND", "noninteractive"))?;
    let unfinished = folder.path().join("tar");
    run::run(run::program("tar", ["--create", "--file"]).arg(&unfinished).arg("--directory").arg(&root).arg("."))?;
    fs::rename(&unfinished, &archive).with_context(|| format!("cannot write {}", archive.display()))?;
    Ok(archive)
}

fn write(root: &Path, name: &str, text: &str) -> Result<()> {
    let path = root.join(name);
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Debian's release here, and the address of its packages.
fn release() -> Result<(String, String)> {
    let mut ask = run::program("apt-get", ["indextargets", "--format", "$(CODENAME) $(REPO_URI)"]);
    let text = run::text(ask.args(["Created-By: Packages", "Origin: Debian", "Component: main"]))?;
    match first_release(&text) {
        Some((release, source)) => Ok((release.to_owned(), source.to_owned())),
        None => bail!("apt knows no release of Debian here"),
    }
}

/// The release itself is listed beside its updates.
fn first_release(targets: &str) -> Option<(&str, &str)> {
    targets.lines().filter_map(|line| line.split_once(' ')).find(|(name, _)| !name.contains('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_is_told_from_its_updates() {
        let targets = "bookworm-updates http://a/debian/\nbookworm http://a/debian/\nbookworm-security http://b/\n";
        assert_eq!(first_release(targets), Some(("bookworm", "http://a/debian/")));
        assert_eq!(first_release(""), None);
    }
}
