//! The maintainer scripts of the .deb in a root with nothing but small packages; tests/packages has the real ones.

#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]

#[path = "packages/place.rs"]
mod place;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use place::{DEBIANS, NAMES, NETDATAS, Place, below};
use testkit::{said, this_test};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/deb/anonymous-statistics");
const OURS: [(&str, &str); 2] = [("usr/bin/anonymous-statistics", "ours"), ("usr/bin/system-info", "ours")];

/// dpkg's database and files, below a root in which no program is.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new(test: &str) -> Option<Self> {
        if testkit::find("dpkg-deb").is_none() {
            testkit::skip(test, "there is no dpkg");
            return None;
        }
        if !rustix::process::geteuid().is_root() {
            testkit::skip(test, "only root can install packages");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("root/var/lib/dpkg/info")).unwrap();
        fs::create_dir_all(folder.path().join("root/var/lib/dpkg/updates")).unwrap();
        fs::write(folder.path().join("root/var/lib/dpkg/status"), "").unwrap();
        Some(Self { folder })
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// dpkg's output, and whether it succeeded.
    fn dpkg(&self, words: &[&str]) -> (String, bool) {
        let mut dpkg = Command::new("dpkg");
        dpkg.arg("--root").arg(self.root()).args(["--force-script-chrootless", "--force-unsafe-io"]).args(words);
        let output = dpkg.env("LC_ALL", "C").output().unwrap();
        let (out, err, status) = said(&output);
        (out + &err, status == 0)
    }

    fn done(&self, words: &[&str]) {
        let (said, done) = self.dpkg(words);
        assert!(done, "{words:?}: {said}");
    }

    fn refused(&self, words: &[&str]) -> String {
        let (said, done) = self.dpkg(words);
        assert!(!done, "{words:?}: {said}");
        said
    }

    /// A package of these files: a control file, which is executable, or one in the root.
    fn package(&self, name: &str, version: &str, fields: &str, files: &[(&str, &str)]) -> String {
        let tree = tempfile::tempdir_in(self.folder.path()).unwrap();
        testkit::set_mode(tree.path(), 0o755);
        let control = format!(
            "Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: a <a@b.invalid>\n\
             Description: a\n{fields}"
        );
        for (path, text) in [("DEBIAN/control", &*control)].iter().chain(files) {
            let file = tree.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, text).unwrap();
            testkit::set_mode(&file, 0o755);
        }
        let package = self.folder.path().join(format!("{name}_{version}.deb"));
        let mut build = Command::new("dpkg-deb");
        build.args(["--root-owner-group", "-Znone", "--build"]).arg(tree.path()).arg(&package);
        assert!(build.output().unwrap().status.success());
        package.into_os_string().into_string().unwrap()
    }

    /// Ours, with small programs; with these control files in place of its own.
    fn ours(&self, version: &str, control: &[(&str, &str)]) -> String {
        let own = ["preinst", "postinst", "postrm", "triggers"]
            .map(|name| (format!("DEBIAN/{name}"), fs::read_to_string(Path::new(SCRIPTS).join(name)).unwrap()));
        let own = own.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        let kept = own.filter(|(name, _)| control.iter().all(|(other, _)| name != other));
        let files: Vec<(&str, &str)> = kept.chain(control.iter().copied()).chain(OURS).collect();
        self.package("anonymous-statistics", version, "", &files)
    }

    fn netdata(&self, folder: &str, version: &str) -> String {
        let files = NAMES.map(|name| (format!("{}/{name}.sh", folder.trim_start_matches('/')), script(version, name)));
        let files = files.each_ref().map(|(path, text)| (path.as_str(), std::str::from_utf8(text).unwrap()));
        self.package("netdata", version, "", &files)
    }

    fn place(&self, folder: &str, version: &str) -> Place {
        assert_eq!(self.dpkg(&["--audit"]), (String::new(), true));
        assert_eq!(self.dpkg(&["--verify"]), (String::new(), true));
        place::look(&self.root(), folder, &|name| script(version, name))
    }

    fn diversions(&self) -> String {
        let list = Command::new("dpkg-divert").arg("--root").arg(self.root()).arg("--list").output().unwrap();
        said(&list).0
    }

    fn divert(&self, path: &str) {
        let mut divert = Command::new("dpkg-divert");
        divert.arg("--root").arg(self.root()).args(["--local", "--rename", "--divert", &format!("{path}.original")]);
        assert!(divert.args(["--add", path]).output().unwrap().status.success());
    }
}

fn script(version: &str, name: &str) -> Vec<u8> {
    format!("#!/bin/sh\n# {name} of {version}\n").into_bytes()
}

#[test]
fn in_either_order_and_through_upgrades() {
    let Some(machine) = Machine::new(this_test!()) else { return };
    for folder in [DEBIANS, NETDATAS] {
        for ours_first in [true, false] {
            if ours_first {
                machine.done(&["--install", &machine.ours("1", &[])]);
                assert_eq!(machine.place(folder, ""), Place::Nobodys);
                assert!(!machine.root().join("usr/lib").exists() && !machine.root().join("usr/libexec").exists());
            }
            machine.done(&["--install", &machine.netdata(folder, "1")]);
            machine.done(&["--install", &machine.ours("1", &[])]);
            assert_eq!(machine.place(folder, "1"), Place::Ours);
            machine.done(&["--install", &machine.netdata(folder, "2")]);
            machine.done(&["--install", &machine.ours("2", &[])]);
            assert_eq!(machine.place(folder, "2"), Place::Ours);
            machine.done(&["--install", &machine.netdata(folder, "1")]);
            machine.done(&["--install", &machine.ours("1", &[])]);
            assert_eq!(machine.place(folder, "1"), Place::Ours);
            machine.done(&["--remove", "anonymous-statistics"]);
            assert_eq!((machine.place(folder, "1"), machine.diversions()), (Place::Netdatas, String::new()));
            machine.done(&["--install", &machine.ours("1", &[])]);
            assert_eq!(machine.place(folder, "1"), Place::Ours);
            let both =
                if ours_first { ["netdata", "anonymous-statistics"] } else { ["anonymous-statistics", "netdata"] };
            for package in both {
                machine.done(&["--purge", package]);
            }
            assert_eq!((machine.place(folder, "1"), machine.diversions()), (Place::Nobodys, String::new()));
            let left = below(&machine.root(), folder);
            assert!(!left.parent().unwrap().exists(), "what is left of the agent because of us");
        }
    }
}

#[test]
fn a_failed_upgrade_leaves_ours_in_place() {
    let Some(machine) = Machine::new(this_test!()) else { return };
    machine.done(&["--install", &machine.netdata(DEBIANS, "1"), &machine.ours("1", &[])]);
    let fails = "#!/bin/sh\nexit 1\n";
    machine.refused(&["--install", &machine.ours("2", &[("DEBIAN/preinst", fails)])]);
    assert_eq!(machine.place(DEBIANS, "1"), Place::Ours);
    // The new version's postinst: half configured until it is repaired, and never without a sender of ours.
    machine.refused(&["--install", &machine.ours("2", &[("DEBIAN/postinst", fails)])]);
    assert_eq!(place::look(&machine.root(), DEBIANS, &|name| script("1", name)), Place::Ours);
    machine.done(&["--install", &machine.ours("3", &[])]);
    assert_eq!(machine.place(DEBIANS, "1"), Place::Ours);
    // A first installation that is never configured has changed nothing.
    machine.done(&["--purge", "anonymous-statistics"]);
    machine.done(&["--unpack", &machine.ours("1", &[])]);
    assert_eq!(place::look(&machine.root(), DEBIANS, &|name| script("1", name)), Place::Netdatas);
    machine.done(&["--remove", "anonymous-statistics"]);
    assert_eq!((machine.place(DEBIANS, "1"), machine.diversions()), (Place::Netdatas, String::new()));
}

/// Policy 6.6: a package disappears when others have taken over all its files, and its postrm is all that is called.
#[test]
fn a_package_that_disappears_gives_the_scripts_back() {
    let Some(machine) = Machine::new(this_test!()) else { return };
    machine.done(&["--install", &machine.netdata(DEBIANS, "1"), &machine.ours("1", &[])]);
    assert_eq!(machine.place(DEBIANS, "1"), Place::Ours);
    machine.done(&["--install", &machine.package("another", "1", "Replaces: anonymous-statistics\n", &OURS)]);
    assert_eq!((machine.place(DEBIANS, "1"), machine.diversions()), (Place::Netdatas, String::new()));
}

#[test]
fn what_install_sh_did_is_refused_before_anything_is_changed() {
    let kept_beside = |at: &Path| {
        fs::rename(at, at.with_extension("sh.original")).unwrap();
        fs::write(at, "\u{7f}ELF").unwrap();
    };
    let nothing_kept = |at: &Path| fs::write(at, "\u{7f}ELF").unwrap();
    for name in NAMES {
        for (change, word) in [
            (None, "is diverted already"),
            (Some(&kept_beside as &dyn Fn(&Path)), "was replaced already"),
            (Some(&nothing_kept), "is no script"),
        ] {
            let Some(machine) = Machine::new(this_test!()) else { return };
            machine.done(&["--install", &machine.netdata(NETDATAS, "1")]);
            let path = format!("{NETDATAS}/{name}.sh");
            match change {
                Some(change) => change(&below(&machine.root(), &path)),
                None => machine.divert(&path),
            }
            let before = machine.diversions();
            let said = machine.refused(&["--install", &machine.ours("1", &[])]);
            assert!(said.contains(word) && said.contains("sh install.sh --uninstall"), "{said}");
            assert_eq!(machine.diversions(), before);
            assert!(!machine.root().join("usr/bin/anonymous-statistics").exists());
            assert_eq!(machine.dpkg(&["--audit"]), (String::new(), true));
        }
    }
}

#[test]
fn what_others_put_in_our_place_is_left_to_them() {
    let Some(machine) = Machine::new(this_test!()) else { return };
    machine.done(&["--install", &machine.netdata(DEBIANS, "1"), &machine.ours("1", &[])]);
    let at = below(&machine.root(), DEBIANS).join("anonymous-statistics.sh");
    fs::remove_file(&at).unwrap();
    fs::write(&at, "mine").unwrap();
    let (said, done) = machine.dpkg(&["--install", &machine.ours("2", &[])]);
    assert!(done && said.contains("is left as it is"), "{said}");
    let (said, done) = machine.dpkg(&["--remove", "anonymous-statistics"]);
    assert!(done && said.contains("is not what was installed"), "{said}");
    assert_eq!(fs::read(&at).unwrap(), b"mine");
    assert_eq!(fs::read(at.with_extension("sh.original")).unwrap(), script("1", "anonymous-statistics"));
}

#[test]
fn a_diversion_of_others_is_left_to_them() {
    let Some(machine) = Machine::new(this_test!()) else { return };
    machine.done(&["--install", &machine.ours("1", &[])]);
    machine.divert(&format!("{DEBIANS}/system-info.sh"));
    let (said, done) = machine.dpkg(&["--install", &machine.netdata(DEBIANS, "1")]);
    assert!(done && said.contains("system-info.sh is diverted by somebody else"), "{said}");
    machine.done(&["--remove", "anonymous-statistics"]);
    let at = below(&machine.root(), DEBIANS);
    assert_eq!(fs::read(at.join("anonymous-statistics.sh")).unwrap(), script("1", "anonymous-statistics"));
    assert_eq!(fs::read(at.join("system-info.sh.original")).unwrap(), script("1", "system-info"));
    assert_eq!(machine.diversions().lines().count(), 1);
}
