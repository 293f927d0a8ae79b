use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use super::*;

const TEXT: &str = "[global]\n\thostname = a\n\tcrash reports = all\n";

/// An agent's config folder, which only the caller can write.
struct Config {
    folder: tempfile::TempDir,
}

impl Config {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("etc")).unwrap();
        let config = Self { folder };
        config.mode("etc", 0o755);
        config
    }

    fn with(text: &str) -> Self {
        let config = Self::new();
        fs::write(config.file(), text).unwrap();
        config.mode("etc/netdata.conf", 0o640);
        config
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self) -> PathBuf {
        self.path("etc/netdata.conf")
    }

    fn mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), Permissions::from_mode(mode)).unwrap();
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap()
    }

    /// Each file in the folder, with its content.
    fn files(&self) -> Vec<(OsString, Vec<u8>)> {
        let entries = fs::read_dir(self.path("etc")).unwrap().map(Result::unwrap);
        let mut files: Vec<_> = entries.map(|entry| (entry.file_name(), fs::read(entry.path()).unwrap())).collect();
        files.sort();
        files
    }

    fn off(&self, stock: Option<&Path>) -> Change {
        let change = turn_off(&self.file(), stock).unwrap().unwrap();
        change.perform().unwrap();
        assert_eq!(turn_off(&self.file(), stock), Ok(None), "twice is once");
        change
    }

    fn on(&self, stock: Option<&Path>) {
        turn_on(&self.file(), stock).unwrap().unwrap().perform().unwrap();
        assert_eq!(turn_on(&self.file(), stock), Ok(None), "twice is once");
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn off_and_on_again() {
    let config = Config::with(TEXT);
    assert_eq!(turn_on(&config.file(), None), Ok(None));
    let before = config.files();
    let change = config.off(None);
    assert!(config.text().contains("\tcrash reports = off\n"), "{}", config.text());
    let backup = change.backup().unwrap();
    assert_eq!(fs::read_to_string(&backup).unwrap(), TEXT);
    for path in [&config.file(), &backup] {
        assert_eq!(fs::metadata(path).unwrap().mode() & 0o7777, 0o640, "{}", path.display());
    }
    assert_eq!(config.files().len(), 2, "nothing else stays");
    config.on(None);
    assert_eq!(config.files(), before);
    assert_eq!(fs::metadata(config.file()).unwrap().mode() & 0o7777, 0o640);
}

#[test]
fn a_backup_of_another_text_stays() {
    let config = Config::with(TEXT);
    let backup = config.off(None).backup().unwrap();
    fs::write(config.file(), config.text() + "# a note\n").unwrap();
    config.on(None);
    assert_eq!(config.text(), format!("{TEXT}# a note\n"));
    assert!(backup.exists());
}

#[test]
fn without_a_file_the_stock_file_is_continued() {
    let config = Config::new();
    let stock = config.path("stock.conf");
    fs::write(&stock, "[db]\n\tmode = ram\n").unwrap();
    config.mode("stock.conf", 0o644);
    let change = config.off(Some(&stock));
    assert_eq!((change.stock(), change.creates_file(), change.backup()), (Some(stock.as_path()), true, None));
    assert!(change.diff().starts_with(&format!("--- {}\n+++ {}\n", stock.display(), config.file().display())));
    assert!(config.text().starts_with("[db]\n\tmode = ram\n[global]\n    crash reports = off\n"), "{}", config.text());
    assert_eq!(fs::metadata(config.file()).unwrap().mode() & 0o7777, 0o644);
    fs::remove_file(config.file()).unwrap();
    config.mode("stock.conf", 0o600);
    config.off(Some(&stock));
    assert_eq!(fs::metadata(config.file()).unwrap().mode() & 0o7777, 0o600, "nobody reads what was secret");
    assert!(turn_on(&config.file(), Some(&stock)).unwrap().unwrap().removes_file());
    config.on(Some(&stock));
    assert_eq!(config.files(), []);
    // What somebody added to the new file stays.
    config.off(Some(&stock));
    fs::write(config.file(), format!("# mine\n{}", config.text())).unwrap();
    config.on(Some(&stock));
    assert_eq!(config.text(), "# mine\n[db]\n\tmode = ram\n");
}

#[test]
fn without_any_file_a_new_one_has_the_setting_alone() {
    let config = Config::new();
    config.off(None);
    assert!(config.text().starts_with("[global]\n    crash reports = off\n#"), "{}", config.text());
    config.on(None);
    assert_eq!(config.files(), []);
}

#[test]
fn what_others_can_change_or_what_has_another_name_is_refused() {
    type Prepare = fn(&Config);
    let cases: [(Prepare, &str); 8] = [
        (
            |config| {
                fs::rename(config.file(), config.path("elsewhere")).unwrap();
                symlink("../elsewhere", config.file()).unwrap();
            },
            "it is a link to ../elsewhere",
        ),
        (
            |config| {
                fs::rename(config.path("etc"), config.path("real")).unwrap();
                symlink("real", config.path("etc")).unwrap();
            },
            "it is a link to real",
        ),
        (|config| fs::hard_link(config.file(), config.path("other name")).unwrap(), "hard links"),
        (|config| config.mode("etc", 0o777), "an account other than root can write it"),
        (|config| config.mode("etc", 0o775), "an account other than root can write it"),
        (|config| config.mode("etc/netdata.conf", 0o660), "an account other than root can write it"),
        (|config| config.mode("etc/netdata.conf", 0o602), "an account other than root can write it"),
        (
            |config| {
                fs::remove_file(config.file()).unwrap();
                fs::create_dir(config.file()).unwrap();
            },
            "it is not a regular file",
        ),
    ];
    for (prepare, why) in cases {
        let undone = Config::with(TEXT);
        prepare(&undone);
        let refusal = turn_off(&undone.file(), None).unwrap_err();
        assert!(refusal.to_string().contains(why), "{refusal}, not {why}");
        // The same for undoing, where there is a file.
        let done = Config::with(TEXT);
        done.off(None);
        let files = done.files();
        fs::remove_file(done.path("etc/netdata.conf.before-opt-out")).unwrap();
        prepare(&done);
        if !done.file().is_dir() {
            let refusal = turn_on(&done.file(), None).unwrap_err();
            assert!(refusal.to_string().contains(why), "{refusal}, not {why}");
            assert_eq!(fs::read(done.file()).unwrap(), files[0].1);
        }
    }
}

#[test]
fn another_owner_is_refused_or_kept() {
    if !is_root() {
        return testkit::skip(testkit::this_test!(), "only root can give files away");
    }
    let chown = |path: &Path, owner: u32, group: u32| {
        std::os::unix::fs::chown(path, Some(owner), Some(group)).unwrap();
    };
    for name in ["etc", "etc/netdata.conf"] {
        let config = Config::with(TEXT);
        chown(&config.path(name), 1234, 0);
        let refusal = turn_off(&config.file(), None).unwrap_err();
        assert_eq!(refusal, Refusal::Others(config.path(name)));
    }
    let config = Config::with(TEXT);
    chown(&config.file(), 0, 1234);
    let backup = config.off(None).backup().unwrap();
    for path in [config.file(), backup] {
        let stat = fs::metadata(&path).unwrap();
        assert_eq!((stat.uid(), stat.gid(), stat.mode() & 0o7777), (0, 1234, 0o640), "{}", path.display());
    }
    config.on(None);
    assert_eq!(fs::metadata(config.file()).unwrap().gid(), 1234);
}

#[test]
fn a_file_that_was_changed_after_the_plan_is_left_alone() {
    let config = Config::with(TEXT);
    let change = turn_off(&config.file(), None).unwrap().unwrap();
    fs::write(config.file(), "[web]\n").unwrap();
    let files = config.files();
    assert_eq!(change.perform(), Err(Refusal::Changed(config.file())));
    fs::remove_file(config.file()).unwrap();
    assert_eq!(change.perform(), Err(Refusal::Changed(config.file())));
    let change = turn_off(&config.file(), None).unwrap().unwrap();
    fs::write(config.file(), "[web]\n").unwrap();
    assert_eq!(change.perform(), Err(Refusal::Changed(config.file())));
    assert_eq!(config.files(), files);
}

#[test]
fn a_failure_leaves_everything_as_it_was() {
    let config = Config::with(TEXT);
    // A folder that is not empty cannot be replaced by a file.
    fs::create_dir_all(config.path("etc/netdata.conf.before-opt-out/x")).unwrap();
    let change = turn_off(&config.file(), None).unwrap().unwrap();
    assert!(matches!(change.perform(), Err(Refusal::System(..))));
    assert_eq!(config.text(), TEXT);
    assert_eq!(fs::read_dir(config.path("etc")).unwrap().count(), 2);
    let change = turn_off(Path::new("/nonexistent/netdata/netdata.conf"), None).unwrap().unwrap();
    assert!(change.creates_file() && change.perform().is_err(), "the folder comes with the opt-out file, or not");
}

/// xattr(7) and acl(5): the list is an extended attribute, with a version and eight bytes for each entry.
#[cfg(target_os = "linux")]
mod attributes {
    use super::*;
    use rustix::fs::{XattrFlags, getxattr, setxattr};

    const ACCESS: &str = "system.posix_acl_access";

    /// The owner may write, and the user with this id read, as far as the mask lets him.
    fn list(user: u32, mask: u16) -> Vec<u8> {
        let entries =
            [(1_u16, 6_u16, u32::MAX), (2, 4, user), (4, 0, u32::MAX), (0x10, mask, u32::MAX), (0x20, 0, u32::MAX)];
        let entry = |(tag, rights, id): (u16, u16, u32)| {
            [&tag.to_le_bytes()[..], &rights.to_le_bytes(), &id.to_le_bytes()].concat()
        };
        [2_u32.to_le_bytes().to_vec(), entries.into_iter().flat_map(entry).collect()].concat()
    }

    fn value(path: &Path, name: &str) -> Option<Vec<u8>> {
        let mut value = vec![0; 1000];
        let length = getxattr(path, name, value.as_mut_slice()).ok()?;
        value.truncate(length);
        Some(value)
    }

    /// Whether the attribute is set now; if not, that is said.
    fn set(test: &str, path: &Path, name: &str, value: &[u8]) -> bool {
        let set = setxattr(path, name, value, XattrFlags::empty());
        if let Err(errno) = set {
            testkit::skip(test, &format!("{name} cannot be set here: {errno}"));
        }
        set.is_ok()
    }

    #[test]
    fn an_access_list_and_a_label_stay() {
        for (name, held) in [
            (ACCESS, list(1234, 4)),
            ("user.note", b"kept".to_vec()),
            ("security.selinux", b"system_u:object_r:etc_t:s0\0".to_vec()),
        ] {
            let config = Config::with(TEXT);
            if !set(testkit::this_test!(), &config.file(), name, &held) {
                continue;
            }
            let backup = config.off(None).backup().unwrap();
            assert_eq!(value(&config.file(), name), Some(held.clone()), "{name}");
            assert_eq!(value(&backup, name), Some(held.clone()), "{name}");
            assert_eq!(fs::metadata(&backup).unwrap().mode() & 0o7777, 0o640);
            config.on(None);
            assert_eq!(value(&config.file(), name), Some(held), "{name}");
        }
    }

    #[test]
    fn who_could_not_read_the_file_cannot_read_the_new_one() {
        let config = Config::with(TEXT);
        // New files get this list from their folder.
        if !set(testkit::this_test!(), &config.path("etc"), "system.posix_acl_default", &list(1234, 4)) {
            return;
        }
        let backup = config.off(None).backup().unwrap();
        for path in [config.file(), backup] {
            assert_eq!(value(&path, ACCESS), None);
            assert_eq!(fs::metadata(path).unwrap().mode() & 0o7777, 0o640);
        }
    }

    #[test]
    fn who_can_write_by_a_list_is_another_account() {
        let config = Config::with(TEXT);
        if set(testkit::this_test!(), &config.file(), ACCESS, &list(1234, 6)) {
            assert_eq!(turn_off(&config.file(), None), Err(Refusal::Others(config.file())));
        }
    }
}
