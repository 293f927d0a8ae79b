//! Nothing of others is overwritten, and nothing is put where others could put a link.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;

use testkit::scratch::{PLUGINS, SCRIPTS, Scratch, mode, same_content, under_each_shell, under_some_shell};
use testkit::{set_mode, skip, this_test};

use crate::{has_originals, original, renew, upgrade};

#[test]
fn what_is_not_ours_is_neither_replaced_nor_removed() {
    under_some_shell(this_test!(), |shell| {
        let stands = "is not what this script has put there";
        let places = [
            ("usr/local/bin/system-info", stands),
            ("usr/local/share/man/man1/system-info.1", stands),
            ("etc/systemd/system/netdata.service.d/anonymous-statistics.conf", stands),
            (&format!("{PLUGINS}/system-info.sh.original"), stands),
            ("usr/local/bin/.system-info.new", "is in the way"),
            (&format!("{PLUGINS}/.system-info.sh.old"), "is in the way"),
        ];
        let makes = [
            |path: &Path| fs::write(path, "#!/bin/sh\n").unwrap(),
            |path: &Path| fs::create_dir(path).unwrap(),
            |path: &Path| symlink("nowhere", path).unwrap(),
        ];
        for (place, complaint) in places {
            for make in makes {
                let scratch = Scratch::with_agent(shell).with_small_programs().with_pages();
                crate::hooks::add_unit(&scratch);
                fs::create_dir_all(scratch.path(place).parent().unwrap()).unwrap();
                make(&scratch.path(place));
                scratch.refused(&["--yes", "--service-hooks"], 1, complaint);
            }
        }
        // What somebody has changed since stays, and is named.
        for (place, _) in &places[..4] {
            let scratch = Scratch::with_agent(shell).with_small_programs().with_pages();
            crate::hooks::add_unit(&scratch);
            let before = scratch.files();
            scratch.installed(&["--yes", "--service-hooks"]);
            fs::write(scratch.path(place), "changed\n").unwrap();
            scratch.refused(&["--yes", "--service-hooks"], i32::from(!place.contains("original")), "");
            let out = scratch.installed(&["--uninstall"]);
            assert!(out.contains(&format!("Left: /{place} is not what was installed.")), "{out}");
            assert_eq!(fs::read_to_string(scratch.path(place)).unwrap(), "changed\n");
            let mut after = scratch.files();
            after.retain(|path, _| path != Path::new(place) && !before.contains_key(path));
            assert!(after.is_empty(), "{after:?}");
        }
    });
}

/// This project's programs, copied by hand, are replaced without a question and never become originals.
#[test]
fn our_own_program_is_never_kept_as_an_original() {
    under_each_shell(this_test!(), |shell| {
        let mut scratch = Scratch::with_agent(shell).with_small_programs();
        for name in SCRIPTS {
            fs::copy(scratch.programs.join(name), scratch.script(name)).unwrap();
        }
        renew(&mut scratch);
        scratch.installed(&[]);
        assert!(same_content(&scratch.script("system-info"), &scratch.programs.join("system-info")));
        assert!(!original(&scratch, "system-info").exists());
        scratch.installed(&["--uninstall"]);
        assert!(!scratch.script("system-info").exists(), "there is nothing to put back");
    });
}

#[test]
fn what_an_upgrade_of_the_agent_put_there_is_the_new_original() {
    under_each_shell(this_test!(), |shell| {
        let scratch = Scratch::with_agent(shell).with_small_programs();
        scratch.installed(&["--yes"]);
        upgrade(&scratch);
        scratch.refused(&[], 1, "run it again with --yes");
        scratch.installed(&["--yes"]);
        assert!(same_content(&scratch.script("system-info"), &scratch.programs.join("system-info")));
        let next = "#!/bin/sh\n# of the next version\n";
        assert_eq!(fs::read_to_string(original(&scratch, "system-info")).unwrap(), next);
        upgrade(&scratch);
        let out = scratch.installed(&["--uninstall"]);
        assert_eq!(fs::read_to_string(scratch.script("system-info")).unwrap(), next);
        for file in ["system-info.sh", "system-info.sh.original"] {
            assert!(out.contains(&format!("{file} is not what was installed")), "{out}");
        }
        assert!(original(&scratch, "system-info").exists());
    });
}

/// An account and a group other than root's and the caller's.
const SOMEBODY: u32 = 54_321;

#[test]
fn where_others_can_rename_nothing_is_put_and_nothing_removed() {
    let test = this_test!();
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        skip(test, "in part: only root can give folders to others");
    }
    under_some_shell(test, |shell| {
        type Make = fn(&Path);
        let everybodys: [(Make, &str); 2] =
            [(|path| set_mode(path, 0o757), "everybody"), (|path| set_mode(path, 0o1777), "everybody")];
        let somebodys: [(Make, &str); 2] = [
            (|path| chown(path, Some(SOMEBODY), None).unwrap(), "account 54321"),
            (
                |path| {
                    chown(path, None, Some(SOMEBODY)).unwrap();
                    set_mode(path, 0o775);
                },
                "group 54321",
            ),
        ];
        let somebodys = if is_root { &somebodys[..] } else { &[] };
        for (make, who) in everybodys.iter().chain(somebodys) {
            for place in ["usr/local/bin", "usr/local/share/man", PLUGINS, "usr", "etc/systemd/system"] {
                let scratch = Scratch::with_agent(shell).with_small_programs().with_pages();
                crate::hooks::add_unit(&scratch);
                let folder = scratch.path(place);
                fs::create_dir_all(&folder).unwrap();
                make(&folder);
                let arguments = ["--yes", "--service-hooks", "--plugins-dir", &format!("/{PLUGINS}")];
                // A sticky folder is safe above the target's folder.
                if mode(&folder) == 0o1777 && !["usr/local/bin", PLUGINS].contains(&place) {
                    scratch.installed(&arguments);
                    scratch.installed(&["--uninstall"]);
                } else {
                    scratch.refused(&arguments, 1, &format!("{who} can rename what is in /{place} "));
                }
            }
        }
        let scratch = Scratch::with_agent(shell).with_small_programs();
        scratch.installed(&["--yes"]);
        set_mode(&scratch.path(PLUGINS), 0o757);
        scratch.refused(&["--uninstall"], 1, "everybody can rename");
    });
}

/// A group may have write access if its only members are root and the caller, as in Debian's /usr/local and with user
/// private groups.
#[test]
fn a_group_that_may_rename_counts_by_its_members() {
    let test = this_test!();
    if !rustix::process::geteuid().is_root() {
        return skip(test, "only root can give folders to others");
    }
    under_some_shell(test, |shell| {
        let root = "root:x:0:0::/root:/bin/sh\nsync:x:5:0::/bin:/bin/sh\n";
        let with_joe = &format!("{root}joe:x:1234:1234::/home/joe:/bin/sh\n");
        for (owner, group, groups, accounts, sudo, fits) in [
            (0, 0, "", root, None, true),
            // Nobody's, as in older Debians.
            (0, 50, "staff:x:50:\n", with_joe, None, true),
            (0, 50, "staff:x:50:root\n", with_joe, None, true),
            (0, 50, "staff:x:50:root,joe\n", with_joe, None, false),
            // Members and groups of which nothing is known.
            (0, 50, "staff:x:50:somebody\n", root, None, false),
            (0, 50, "stuff:x:51:\n", root, None, false),
            (0, 1234, "joe:x:1234:\n", with_joe, None, false),
            (1234, 1234, "joe:x:1234:\n", with_joe, None, false),
            // Joe became root with sudo.
            (1234, 1234, "joe:x:1234:\n", with_joe, Some("1234"), true),
            (0, 50, "staff:x:50:root,joe\n", with_joe, Some("1234"), true),
            (123, 1234, "joe:x:1234:\n", with_joe, Some("1234"), false),
        ] {
            let mut scratch = Scratch::bare(shell).with_small_programs();
            if let Some(sudo) = sudo {
                scratch = scratch.with("SUDO_UID", sudo);
            }
            fs::write(scratch.path("etc/group"), groups).unwrap();
            fs::write(scratch.path("etc/passwd"), accounts).unwrap();
            let folder = scratch.path("usr/local");
            fs::create_dir_all(&folder).unwrap();
            chown(&folder, Some(owner), Some(group)).unwrap();
            set_mode(&folder, 0o2775);
            let (_, err, status) = scratch.install(&[]);
            assert!(status == 0 || err.contains("can rename what is in"), "{err}");
            assert_eq!(status == 0, fits, "{owner}:{group}, {groups}{accounts}{sudo:?}");
        }
    });
}

/// A link in the place of a new file is not written through: the file's own name is free or somebody is told.
#[test]
fn a_link_that_somebody_prepared_is_not_followed() {
    under_each_shell(this_test!(), |shell| {
        let scratch = Scratch::with_agent(shell).with_small_programs();
        let victim = scratch.path("etc/victim");
        fs::write(&victim, "precious\n").unwrap();
        for link in ["usr/local/share/anonymous-statistics/.journal.new", "usr/local/bin/.system-info.new"] {
            let link = scratch.path(link);
            fs::create_dir_all(link.parent().unwrap()).unwrap();
            symlink("/etc/victim", &link).unwrap();
            let (_, err, status) = scratch.install(&["--yes"]);
            assert!(status == 0 || err.contains("is in the way"), "{err}");
            assert_eq!(fs::read_to_string(&victim).unwrap(), "precious\n");
            let _ = fs::remove_file(link);
        }
        scratch.installed(&["--yes"]);
        assert!(has_originals(&scratch));
    });
}
