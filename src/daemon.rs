//! The daemon's view: what the sender would find if the daemon called it, which need not be what a person's shell has.
//!
//! The environment of a running daemon decides where it may be seen. Where none runs, it is what systemd would give to the
//! next one, and where no unit starts one, that of whoever asks.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};

use system_facts::{Host, Process, processes_named};

use crate::consent::OPT_OUT_VARIABLES;
use crate::folders::{self, CONFIG_DIRECTORIES, FoundBy, Named};
use crate::netdata_conf::{self, NetdataConf};
use crate::proxy::VARIABLES as PROXY_VARIABLES;
use crate::text::printable;
use crate::unit::Unit;

/// The name of the daemon's executable file.
pub const PROGRAM: &str = "netdata";

/// The variables that name a trust store, the first that is set counts.
pub const TRUST_STORE_VARIABLES: [&str; 3] = ["CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/// The variables that are read from a daemon's environment. Nothing else of it is kept or shown.
pub fn read_variables() -> impl Iterator<Item = &'static str> {
    OPT_OUT_VARIABLES.into_iter().chain(folders::VARIABLES).chain(PROXY_VARIABLES).chain(TRUST_STORE_VARIABLES)
}

/// A running daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Daemon {
    /// Its process id.
    pub process: u32,
    /// The user that it runs as.
    pub owner: u32,
    /// Whether it runs in a container: its files are then not those that are seen here.
    pub contained: bool,
    /// When it was started: milliseconds since 1970.
    pub started: Option<u64>,
    /// What of its environment is read; an error says why it cannot be seen.
    pub environment: Result<BTreeMap<&'static str, OsString>, String>,
    /// The folders that its command line, its configuration and its environment name.
    pub named: Named,
}

/// Whose environment decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// That of a recorded call.
    Call,
    /// That of the running daemon with this process id.
    Daemon(u32),
    /// What systemd would give, as this unit says.
    Unit(PathBuf),
    /// That of whoever asks: no daemon runs here, and no unit of systemd starts one.
    Asker,
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call => f.write_str("the recorded call"),
            Self::Daemon(process) => write!(f, "the running daemon, process {process}"),
            Self::Unit(path) => write!(f, "systemd's unit {}", printable(&path.to_string_lossy())),
            Self::Asker => f.write_str("this shell"),
        }
    }
}

/// An environment that decides, as far as it can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surroundings {
    /// Whose it is.
    pub whose: Whose,
    variables: BTreeMap<&'static str, Result<OsString, String>>,
}

impl Surroundings {
    /// All of an environment that matters.
    pub fn new<'v>(whose: Whose, variable: impl Fn(&str) -> Option<&'v OsStr>) -> Self {
        let set = read_variables().filter_map(|name| Some((name, Ok(variable(name)?.to_owned()))));
        Self { whose, variables: set.collect() }
    }

    fn of_daemon(daemon: &Daemon) -> Self {
        let variables = match &daemon.environment {
            Ok(environment) => environment.iter().map(|(name, value)| (*name, Ok(value.clone()))).collect(),
            Err(why) => read_variables().map(|name| (name, Err(why.clone()))).collect(),
        };
        Self { whose: Whose::Daemon(daemon.process), variables }
    }

    fn of_unit(unit: &Unit) -> Self {
        let setting = |name: &'static str| match unit.variable(name) {
            Ok(value) => value.map(|value| (name, Ok(value.into()))),
            Err(why) => Some((name, Err(why))),
        };
        let variables = read_variables().filter_map(setting).collect();
        Self { whose: Whose::Unit(unit.path.clone().into()), variables }
    }

    /// A variable's value; an error says why it cannot be seen whether it is set.
    pub fn variable(&self, name: &str) -> Result<Option<OsString>, String> {
        self.variables.get(name).cloned().transpose()
    }

    /// A variable's value, where it can be seen.
    pub fn known(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(name)?.as_deref().ok()
    }

    /// Why not everything could be seen.
    pub fn unseen(&self) -> Option<&str> {
        self.variables.values().find_map(|value| value.as_ref().err()).map(String::as_str)
    }
}

/// What runs here, and what would start it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Daemons {
    /// Every daemon that runs, in the order of their process ids.
    pub running: Vec<Daemon>,
    /// systemd's unit of the agent.
    pub unit: Option<Unit>,
}

/// The folders of the file system and who owns them.
pub type OwnerOf<'a> = &'a dyn Fn(&Path) -> Option<u32>;

impl Daemons {
    /// Looks for running daemons and for systemd's unit. Nothing but [`read_variables`] is kept of an environment.
    pub fn find(host: &dyn Host, owner_of: OwnerOf<'_>) -> Self {
        let processes = processes_named(host, PROGRAM).unwrap_or_default();
        let own_child = |process: &Process| processes.iter().any(|other| other.id == process.parent);
        let running = processes
            .iter()
            // The daemon starts its plugins through a copy of itself.
            .filter(|process| !own_child(process))
            .filter_map(|process| Daemon::read(host, owner_of, process));
        Self { running: running.collect(), unit: Unit::find(host) }
    }

    /// The environments that may decide for the agent that somebody names with these folders, or for whatever agent there
    /// is: those of running daemons, else systemd's. None: that of whoever asks decides.
    pub fn surroundings(&self, asked: &[Named]) -> Vec<(Surroundings, Named)> {
        let asked = asked.iter().find_map(|named| named.config.as_deref());
        let running: Vec<_> = self
            .running
            .iter()
            .filter(|daemon| !daemon.contained && daemon.named.may_be(asked))
            .map(|daemon| (Surroundings::of_daemon(daemon), daemon.named.clone()))
            .collect();
        if !running.is_empty() {
            return running;
        }
        let unit = self.unit.as_ref().map(|unit| {
            let surroundings = Surroundings::of_unit(unit);
            let named = Named { by: FoundBy::Daemon, ..Named::by_variables(|name| surroundings.known(name)) };
            (surroundings, named)
        });
        unit.into_iter().filter(|(_, named)| named.may_be(asked)).collect()
    }
}

impl Named {
    /// Whether the agent that names these folders may be the one that somebody asks for by its config directory.
    pub(crate) fn may_be(&self, asked: Option<&Path>) -> bool {
        match (asked, &self.config) {
            (None, _) => true,
            (Some(asked), Some(own)) => asked == own,
            (Some(asked), None) => CONFIG_DIRECTORIES.iter().any(|usual| Path::new(usual) == asked),
        }
    }
}

impl Daemon {
    /// A process counts as the daemon only if it belongs to root or to the owner of the library directory: anyone can call a
    /// program `netdata`.
    fn read(host: &dyn Host, owner_of: OwnerOf<'_>, process: &Process) -> Option<Self> {
        let environment = match &process.environment {
            Ok(all) => {
                let kept = read_variables().filter_map(|name| {
                    all.iter().find(|(found, _)| found == name).map(|(_, value)| (name, value.clone()))
                });
                Ok(kept.collect::<BTreeMap<_, _>>())
            }
            Err(error) => Err(format!("the environment of process {}: {error}", process.id)),
        };
        let named = named(host, process.arguments.as_deref().unwrap_or_default(), environment.as_ref().ok());
        let library = folders::library_directory(std::slice::from_ref(&named), |path| owner_of(path).is_some());
        let trusted =
            process.owner == 0 || library.is_some_and(|(library, _)| owner_of(&library) == Some(process.owner));
        trusted.then_some(Self {
            process: process.id,
            owner: process.owner,
            contained: process.contained,
            started: process.started,
            environment,
            named,
        })
    }
}

/// The folders that a daemon uses: its configuration names them, which an option may name (`netdata -c FILE`).
fn named(host: &dyn Host, arguments: &[OsString], environment: Option<&BTreeMap<&'static str, OsString>>) -> Named {
    let by_variables = Named::by_variables(|name| environment?.get(name).map(OsString::as_os_str));
    let option = arguments.iter().position(|argument| argument == "-c").and_then(|at| arguments.get(at + 1));
    let file = match (option, &by_variables.config) {
        (Some(file), _) => PathBuf::from(file),
        (None, Some(directory)) => directory.join(netdata_conf::FILE),
        (None, None) => {
            let usual = CONFIG_DIRECTORIES.iter().map(|directory| Path::new(directory).join(netdata_conf::FILE));
            let found = usual.into_iter().find(|path| path.to_str().is_some_and(|path| host.metadata(path).is_ok()));
            found.unwrap_or_default()
        }
    };
    let conf = file.to_str().map(|path| NetdataConf::read(host, path).unwrap_or_default()).unwrap_or_default();
    let path = |name| conf.get("directories", name).map(PathBuf::from).filter(|path| path.is_absolute());
    // Several folders of plugins may be named, each in quotes; the first holds the agent's own.
    let plugins =
        conf.get("directories", "plugins").and_then(|text| text.split('"').find(|part| part.starts_with('/')));
    Named {
        by: FoundBy::Daemon,
        config: path("config").or(by_variables.config),
        library: path("lib").or(by_variables.library),
        plugins: plugins.map(PathBuf::from).or(by_variables.plugins),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::UNIT;
    use std::fs;
    use system_facts::RecordedHost;

    const DAEMON: u32 = 998;
    const NOBODY: u32 = 65534;

    /// A machine whose library directory belongs to the daemon's user.
    struct Scene {
        folder: tempfile::TempDir,
        unreadable: Vec<String>,
    }

    impl Scene {
        fn new() -> Self {
            let scene = Self { folder: tempfile::tempdir().unwrap(), unreadable: Vec::new() };
            scene.file("/proc/stat", "cpu 1\nbtime 1700000000\n");
            scene
        }

        fn file(&self, path: &str, text: impl AsRef<[u8]>) {
            let path = self.folder.path().join("root").join(path.trim_start_matches('/'));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }

        fn process(&mut self, id: u32, owner: u32, more: &[(&str, &str)]) {
            let of = |name: &str, usual: &str| {
                more.iter()
                    .find(|(key, _)| *key == name)
                    .map_or_else(|| usual.to_owned(), |(_, text)| (*text).to_owned())
            };
            let file = |name: &str| format!("/proc/{id}/{name}");
            let link = self.folder.path().join(format!("root/proc/{id}/exe"));
            let status =
                format!("Name:\tx\nPPid:\t{}\nUid:\t0\t{owner}\t0\t0\n{}\n", of("parent", "1"), of("status", ""));
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
            let unreadable: Vec<String> = self.unreadable.iter().map(|path| format!("{path:?}")).collect();
            let machine = format!("{{\"platform\": \"linux\", \"unreadable\": [{}]}}", unreadable.join(", "));
            fs::write(self.folder.path().join("machine.json"), machine).unwrap();
            let host = RecordedHost::open(self.folder.path()).unwrap();
            let owner_of = |path: &Path| match path.to_str().unwrap() {
                "/var/lib/netdata" => Some(DAEMON),
                "/srv/lib" => Some(1234),
                _ => None,
            };
            Daemons::find(&host, &owner_of)
        }

        /// What decides, and what it says of `DO_NOT_TRACK`.
        fn decides(&self, asked: Option<&str>) -> Vec<(Whose, Result<Option<OsString>, String>)> {
            let asked = Named::by_options(asked.map(Path::new), None);
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
        let names: Vec<&str> = daemon.environment.as_ref().unwrap().keys().copied().collect();
        assert_eq!(names, ["DO_NOT_TRACK", "https_proxy"]);
        assert!(!format!("{daemons:?}").contains("secret"));
        assert_eq!((daemon.process, daemon.owner, daemon.started), (7, DAEMON, Some(1_700_000_005_000)));
        assert_eq!(scene.decides(None), [(Whose::Daemon(7), Ok(Some(OsString::new())))]);
    }

    #[test]
    fn not_everything_that_is_called_netdata_is_the_daemon() {
        let mut scene = Scene::new();
        scene.process(5, NOBODY, &[]);
        scene.process(6, NOBODY, &[("environ", "hidden")]);
        scene.process(7, 0, &[("exe", "/usr/bin/netdata-updater")]);
        assert_eq!(scene.look().running, []);
        scene.process(8, 0, &[("exe", "/opt/netdata/usr/sbin/netdata (deleted)")]);
        scene.process(9, DAEMON, &[("parent", "8")]);
        scene.process(10, 1234, &[("cmdline", "netdata\0-c\0/srv/netdata.conf\0")]);
        scene.file(
            "/srv/netdata.conf",
            "[directories]\n config = /srv/etc\n lib = /srv/lib\n plugins = \"/a b\" \"/c\"\n",
        );
        let found = scene.look().running;
        assert_eq!(found.iter().map(|daemon| daemon.process).collect::<Vec<_>>(), [8, 10]);
        let named = Named {
            by: FoundBy::Daemon,
            config: Some("/srv/etc".into()),
            library: Some("/srv/lib".into()),
            plugins: Some("/a b".into()),
        };
        assert_eq!(found[1].named, named);
    }

    #[test]
    fn a_daemon_that_cannot_be_looked_at_leaves_the_matter_open() {
        let mut scene = Scene::new();
        scene.process(7, DAEMON, &[("environ", "hidden")]);
        for asked in [None, Some("/etc/netdata")] {
            let decides = scene.decides(asked);
            assert!(matches!(decides.as_slice(), [(Whose::Daemon(7), Err(_))]), "{decides:?}");
        }
        // Another agent is asked for.
        assert_eq!(scene.decides(Some("/srv/etc")), []);
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
        let decides = |expected: Result<Option<&str>, String>| {
            let found = scene.decides(None);
            let expected = expected.map(|value| value.map(OsString::from));
            assert_eq!(found, [(Whose::Unit(unit.clone().into()), expected)]);
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
        decides(Err(format!("{unit} passes it on from systemd's own environment")));
    }

    #[test]
    fn what_cannot_be_read_of_the_unit_leaves_the_matter_open() {
        let mut scene = Scene::new();
        scene.file(&format!("/lib/systemd/system/{UNIT}"), "[Service]\nEnvironmentFile=/etc/default/netdata\n");
        scene.file("/etc/default/netdata", "");
        scene.unreadable.push("/etc/default/netdata".into());
        assert!(matches!(scene.decides(None).as_slice(), [(Whose::Unit(_), Err(_))]));
        // An empty file, like a link to /dev/null, masks the unit.
        scene.file(&format!("/etc/systemd/system/{UNIT}"), "");
        assert_eq!(scene.decides(None), []);
    }
}
