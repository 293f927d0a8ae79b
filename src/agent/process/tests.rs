use super::*;
use crate::agent::conf::SettingSource;
use crate::agent::folders::Dir;
use crate::agent::systemd::UNIT;
use std::fs;
use system_facts::RecordedHost;

const DAEMON: u32 = 998;
const NOBODY: u32 = 65534;
const MALLORY: u32 = 1234;

/// A machine whose library directory belongs to the daemon's user.
struct Scene {
    folder: tempfile::TempDir,
    unreadable: Vec<String>,
}

impl Scene {
    fn new() -> Self {
        let scene = Self { folder: tempfile::tempdir().unwrap(), unreadable: Vec::new() };
        scene.file("/proc/stat", "cpu 1\nbtime 1700000000\n");
        scene.file("/proc/self/mountinfo", "22 1 0:20 / /proc rw - proc proc rw\n");
        scene.file("/proc/1/comm", "init\n");
        scene
    }

    fn file(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.folder.path().join("root").join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn process(&mut self, id: u32, owner: u32, more: &[(&str, &str)]) {
        let of = |name: &str, usual: &str| {
            more.iter().find(|(key, _)| *key == name).map_or_else(|| usual.to_owned(), |(_, text)| (*text).to_owned())
        };
        let file = |name: &str| format!("/proc/{id}/{name}");
        let link = self.folder.path().join(format!("root/proc/{id}/exe"));
        let status =
            format!("PPid:\t{}\nUid:\t{owner}\t{owner}\t{owner}\t{owner}\n{}\n", of("parent", "1"), of("status", ""));
        self.file(&file("status"), status);
        self.file(&file("comm"), format!("{}\n", of("comm", "netdata")));
        self.file(&file("cmdline"), of("cmdline", "netdata\0-D\0"));
        self.file(&file("stat"), format!("{id} (x) S {} 500 0", "0 ".repeat(18)));
        let environ = of("environ", "PATH=/bin\0");
        if environ == "hidden" {
            self.unreadable.extend([file("environ"), file("exe")]);
        } else {
            self.file(&file("environ"), environ);
        }
        std::os::unix::fs::symlink(of("exe", "/usr/sbin/netdata"), link).unwrap();
    }

    fn look(&self) -> Daemons {
        self.look_for(&[])
    }

    fn look_for(&self, asked: &[DirOverrides]) -> Daemons {
        let unreadable: Vec<String> = self.unreadable.iter().map(|path| format!("{path:?}")).collect();
        let machine = format!("{{\"platform\": \"linux\", \"unreadable\": [{}]}}", unreadable.join(", "));
        fs::write(self.folder.path().join("machine.json"), machine).unwrap();
        let host = RecordedHost::open(self.folder.path()).unwrap();
        let owner_of = |path: &Path| match path.to_str().unwrap() {
            "/var/lib/netdata" => Some(DAEMON),
            "/srv/lib" | "/home/mallory" => Some(MALLORY),
            "/opt/netdata/etc/netdata" => Some(0),
            _ => None,
        };
        Daemons::find(&host, &owner_of, asked)
    }

    /// What decides, and what it says of `DO_NOT_TRACK`.
    fn decides(&self, asked: Option<&str>) -> Vec<(EnvSource, Result<Option<OsString>, Doubt>)> {
        let asked = DirOverrides::by_options(asked.map(Path::new), None);
        let all = self.look().surroundings(&[asked]);
        all.into_iter().map(|(all, _)| (all.whose.clone(), all.variable("DO_NOT_TRACK"))).collect()
    }
}

#[test]
fn of_an_environment_only_what_is_needed_is_kept() {
    let mut scene = Scene::new();
    scene.process(7, DAEMON, &[("environ", "TOKEN=secret\0DO_NOT_TRACK=\0https_proxy=http://p:1\0HOME=/x\0")]);
    let daemons = scene.look();
    let [daemon] = daemons.running.as_slice() else { panic!("{daemons:?}") };
    let names: Vec<&str> = daemon.environment.as_ref().unwrap().iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["DO_NOT_TRACK", "https_proxy"]);
    assert!(!format!("{daemons:?}").contains("secret"));
    assert_eq!((daemon.process, daemon.owner, daemon.started), (7, DAEMON, Some(UnixMillis(1_700_000_005_000))));
    assert_eq!(scene.decides(None), [(EnvSource::Daemon(7), Ok(Some(OsString::new())))]);
}

#[test]
fn not_everything_that_is_called_netdata_is_the_daemon() {
    let mut scene = Scene::new();
    scene.process(5, NOBODY, &[]);
    scene.process(6, NOBODY, &[("environ", "hidden")]);
    scene.process(7, 0, &[("exe", "/usr/bin/netdata-updater")]);
    // It owns the library directory that it names.
    let own = "NETDATA_LIB_DIR=/home/mallory\0NETDATA_USER_CONFIG_DIR=/etc/nologin\0";
    scene.process(10, MALLORY, &[("environ", own), ("cmdline", "netdata\0-c\0/srv/netdata.conf\0")]);
    scene.file("/srv/netdata.conf", "[directories]\n lib = /srv/lib\n");
    assert_eq!((scene.look().running, scene.look().unseen), (Vec::new(), None));
    scene.process(8, 0, &[("exe", "/opt/netdata/usr/sbin/netdata (deleted)")]);
    scene.process(9, DAEMON, &[("parent", "8")]);
    let running = |asked: &[DirOverrides]| -> Vec<u32> {
        scene.look_for(asked).running.iter().map(|daemon| daemon.process).collect()
    };
    assert_eq!(running(&[]), [8]);
    // Whoever asks for an agent by its library directory means its owner's.
    assert_eq!(running(&[DirOverrides::by_options(None, Some(Path::new("/srv/lib")))]), [8, 10]);
}

#[test]
fn its_command_line_and_configuration_say_which_folders_are_the_agents() {
    let config = |more: &[(&str, &str)], conf: &[(&str, &str)]| {
        let mut scene = Scene::new();
        scene.process(7, DAEMON, more);
        for (path, text) in conf {
            scene.file(path, text);
        }
        let folders = scene.look().running[0].folders.clone();
        (folders.config.map(|config| config.path.display().to_string()), folders.doubt)
    };
    let known = |path: &str| (Some(path.to_owned()), None);
    let moved = "[directories]\n config = /srv/etc\n";
    assert_eq!(config(&[("cmdline", "netdata\0-c\0/srv/a.conf\0")], &[("/srv/a.conf", moved)]), known("/srv/etc"));
    let of_opt = ("cmdline", "/opt/netdata/bin/srv/netdata\0-D\0");
    assert_eq!(config(&[of_opt], &[]), known("/opt/netdata/etc/netdata"));
    let own = "/opt/netdata/etc/netdata/netdata.conf";
    assert_eq!(config(&[of_opt], &[(own, "[global]\n config directory = /srv/old\n")]), known("/srv/old"));
    // What cannot be followed leaves the matter open.
    for (more, conf) in [(("cmdline", "netdata\0-c\0a.conf\0"), moved), (of_opt, "[directories]\nconfig = etc\n")] {
        let (folder, doubt) = config(&[more], &[(own, conf)]);
        assert!(folder.is_none() || doubt.is_some(), "{more:?}: {folder:?}, {doubt:?}");
    }
}

#[test]
fn one_file_counts_and_the_command_line_wins_over_its_usual_place() {
    let [own, stock, named] =
        ["/opt/netdata/etc/netdata/netdata.conf", "/opt/netdata/usr/lib/netdata/conf.d/netdata.conf", "/srv/a.conf"];
    let usual = "/opt/netdata/bin/srv/netdata\0";
    let set = "/opt/netdata/bin/srv/netdata\0-D\0-W\0set\0global\0crash reports\0off\0";
    let with_file = format!("{set}-c\0{named}\0");
    for (line, files, expected) in [
        (usual, &[][..], None),
        (usual, &[own, stock], Some((own, Some(own)))),
        (usual, &[stock], Some((stock, Some(stock)))),
        (set, &[], Some(("off", None))),
        (set, &[own, stock], Some(("off", None))),
        (&with_file, &[own, stock, named], Some((named, Some(named)))),
        // The daemon does not start without it.
        (&with_file, &[own, stock], Some(("off", None))),
    ] {
        let mut scene = Scene::new();
        scene.process(7, DAEMON, &[("cmdline", line)]);
        for path in files {
            scene.file(path, format!("[global]\ncrash reports = {path}\n"));
        }
        let folders = scene.look().running[0].folders.clone();
        let conf = folders.conf_in_force(&RecordedHost::open(scene.folder.path()).unwrap()).unwrap();
        let source = |source| match source {
            SettingSource::CommandLine => None,
            SettingSource::File(path) => path.to_str(),
        };
        let setting = conf.setting("global", "crash reports").map(|(value, of)| (value, source(of)));
        assert_eq!(setting, expected, "{line}, {files:?}");
    }
}

#[test]
fn of_the_plugins_folders_the_first_is_the_agents_own() {
    let mut scene = Scene::new();
    scene.process(7, DAEMON, &[("cmdline", "netdata\0-c\0/srv/netdata.conf\0")]);
    let conf = "[directories]\n config = /srv/etc\n lib = /srv/lib\n plugins = \"/a b\" \"/c\"\n";
    scene.file("/srv/netdata.conf", conf);
    let Folders { config, library, plugins, .. } = scene.look().running[0].folders.clone();
    let by_daemon = |path: &str| Some(Dir { path: PathBuf::from(path), by: DirSource::Daemon });
    assert_eq!([config, library, plugins], ["/srv/etc", "/srv/lib", "/a b"].map(by_daemon));
}

#[test]
fn where_not_every_process_is_seen_the_matter_is_open() {
    let unknown = |scene: &Scene, asked: Option<&str>| {
        scene.decides(asked).iter().any(|(whose, value)| *whose == EnvSource::Unseen && value.is_err())
    };
    let scene = Scene::new();
    assert!(!unknown(&scene, None));
    // hidepid, as proc(5) describes it: not even process 1 is listed.
    fs::remove_dir_all(scene.folder.path().join("root/proc/1")).unwrap();
    scene.file("/proc/7/comm", "bash\n");
    for asked in [None, Some("/etc/netdata"), Some("/srv/etc")] {
        assert!(unknown(&scene, asked), "{asked:?}");
    }
    // No /proc at all.
    fs::remove_dir_all(scene.folder.path().join("root/proc")).unwrap();
    assert!(unknown(&scene, None));
}

#[test]
fn a_daemon_that_cannot_be_looked_at_leaves_the_matter_open() {
    let mut scene = Scene::new();
    scene.process(7, DAEMON, &[("environ", "hidden")]);
    for asked in [None, Some("/etc/netdata")] {
        let decides = scene.decides(asked);
        assert!(matches!(decides.as_slice(), [(EnvSource::Daemon(7), Err(_))]), "{decides:?}");
    }
    // Another agent is asked for.
    assert_eq!(scene.decides(Some("/srv/etc")), []);
    // No right of an account: nobody knows which agent this is.
    let mut scene = Scene::new();
    scene.process(7, DAEMON, &[("environ", &"A=1\0".repeat(100_000))]);
    let decides = scene.decides(Some("/srv/etc"));
    assert!(matches!(decides.as_slice(), [(EnvSource::Daemon(7), Err(_))]), "{decides:?}");
}

/// Netdata's own image runs it under an account that this machine does not know.
#[test]
fn in_a_container_any_account_may_run_one_of_which_nothing_is_read() {
    let mut scene = Scene::new();
    scene.process(7, 201, &[("status", "NSpid:\t7\t1"), ("environ", "DO_NOT_TRACK=1\0")]);
    scene.process(8, 201, &[("environ", "DO_NOT_TRACK=1\0")]);
    let daemons = scene.look();
    let [contained] = daemons.running.as_slice() else { panic!("{daemons:?}") };
    assert_eq!((contained.process, contained.owner, contained.contained), (7, 201, true));
    assert!(contained.environment.is_err() && contained.named.conf.is_none() && contained.named.prefix.is_none());
    assert_eq!(scene.decides(None), []);
}

#[test]
fn a_daemon_in_a_container_does_not_decide_for_this_machine() {
    let mut scene = Scene::new();
    scene.process(7, 0, &[("status", "NSpid:\t7\t1"), ("environ", "DO_NOT_TRACK=1\0")]);
    assert!(scene.look().running[0].contained);
    assert_eq!(scene.decides(None), []);
}

#[test]
fn without_a_daemon_the_unit_decides() {
    let scene = Scene::new();
    assert_eq!(scene.decides(None), []);
    let unit = format!("/usr/lib/systemd/system/{UNIT}");
    let decides = |expected: Result<Option<&str>, Doubt>| {
        let found = scene.decides(None);
        let expected = expected.map(|value| value.map(OsString::from));
        assert_eq!(found, [(EnvSource::Unit(unit.clone().into()), expected)]);
    };
    scene.file(&unit, "[Service]\nExecStart=/usr/sbin/netdata\n");
    decides(Ok(None));
    scene.file("/etc/systemd/system.conf", "[Manager]\nDefaultEnvironment=DO_NOT_TRACK=default\n");
    decides(Ok(Some("default")));
    scene.file(&unit, "[Service]\nEnvironment=A=1 DO_NOT_TRACK=unit\n");
    decides(Ok(Some("unit")));
    // The same name in a stronger folder hides the weaker one.
    scene.file(&format!("/run/systemd/system/{UNIT}.d/50.conf"), "[Service]\nEnvironment=DO_NOT_TRACK=weak\n");
    scene.file(&format!("/etc/systemd/system/{UNIT}.d/50.conf"), "[Service]\nEnvironment=\"DO_NOT_TRACK=a b\"\n");
    decides(Ok(Some("a b")));
    scene.file("/etc/systemd/system/service.d/60.conf", "[Service]\nEnvironmentFile=-/etc/default/netdata\n");
    decides(Ok(Some("a b")));
    scene.file("/etc/default/netdata", "# a comment\nDO_NOT_TRACK='of the file'\n");
    decides(Ok(Some("of the file")));
    scene.file("/etc/systemd/system/service.d/70.conf", "[Service]\nUnsetEnvironment=DO_NOT_TRACK\n");
    decides(Ok(Some("")));
    scene.file("/etc/systemd/system/service.d/70.conf", "[Service]\nUnsetEnvironment=\n");
    scene.file("/etc/systemd/system/service.d/80.conf", "[Service]\nEnvironment=\nEnvironmentFile=\n");
    decides(Ok(Some("default")));
    scene.file("/etc/systemd/system/service.d/90.conf", "[Service]\nPassEnvironment=DO_NOT_TRACK\n");
    decides(Err(Doubt::PassedOn(unit.clone())));
}

#[test]
fn the_command_of_a_unit_says_which_folders_are_the_agents() {
    let config = |starts: &str, conf: &[(&str, &str)]| {
        let scene = Scene::new();
        scene.file(&format!("/usr/lib/systemd/system/{UNIT}"), format!("[Service]\n{starts}\n"));
        for (path, text) in conf {
            scene.file(path, text);
        }
        let (_, folders) = scene.look().unit.unwrap();
        folders.config.map(|config| config.path.display().to_string())
    };
    let opt = Some("/opt/netdata/etc/netdata".to_owned());
    for starts in [
        "/opt/netdata/bin/srv/netdata -D",
        "-@/opt/netdata/usr/sbin/netdata agent -P /run/x",
        "/a\nExecStart=\nExecStart=!/opt/netdata/bin/netdata",
    ] {
        assert_eq!(config(&format!("ExecStart={starts}"), &[]), opt, "{starts}");
    }
    let nix = "ExecStart=/nix/store/x-netdata/bin/netdata -P /run/netdata/netdata.pid -D -c /srv/netdata.conf";
    let moved = config(nix, &[("/srv/netdata.conf", "[global]\nconfig directory = /etc/netdata/conf.d\n")]);
    assert_eq!(moved.as_deref(), Some("/etc/netdata/conf.d"));
}

#[test]
fn what_cannot_be_read_of_the_unit_leaves_the_matter_open() {
    let mut scene = Scene::new();
    scene.file(&format!("/lib/systemd/system/{UNIT}"), "[Service]\nEnvironmentFile=/etc/default/netdata\n");
    scene.file("/etc/default/netdata", "");
    scene.unreadable.push("/etc/default/netdata".into());
    assert!(matches!(scene.decides(None).as_slice(), [(EnvSource::Unit(_), Err(_))]));
    // An empty file, like a link to /dev/null, masks the unit.
    scene.file(&format!("/etc/systemd/system/{UNIT}"), "");
    assert_eq!(scene.decides(None), []);
}
