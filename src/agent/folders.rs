//! The agent's folders, found by one function for all three programs.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use system_facts::{Error, Host};

use crate::agent::command_line::CommandLine;
use crate::agent::conf::{self, InForce};
use crate::consent::Doubt;
use crate::outbox::STATE_FOLDER;

/// The config directories of Linux packages, static builds, FreeBSD and Homebrew. The opt-out file counts in all of
/// them.
pub const CONFIG_DIRECTORIES: [&str; 4] =
    ["/etc/netdata", "/opt/netdata/etc/netdata", "/usr/local/etc/netdata", "/opt/homebrew/etc/netdata"];

/// Their library directories.
pub const LIBRARY_DIRECTORIES: [&str; 5] = [
    "/var/lib/netdata",
    "/opt/netdata/var/lib/netdata",
    "/var/db/netdata",
    "/usr/local/var/lib/netdata",
    "/opt/homebrew/var/lib/netdata",
];

/// Their plugin directories, in which the daemon looks for the scripts that this project replaces.
pub const PLUGIN_DIRECTORIES: [&str; 6] = [
    "/usr/libexec/netdata/plugins.d",
    "/usr/lib/netdata/plugins.d",
    "/opt/netdata/usr/libexec/netdata/plugins.d",
    "/usr/local/libexec/netdata/plugins.d",
    "/opt/homebrew/libexec/netdata/plugins.d",
    "/usr/local/lib/netdata/plugins.d",
];

/// The variables for the agent's config, library and plugin directories.
pub const VARIABLES: [&str; 3] = ["NETDATA_USER_CONFIG_DIR", "NETDATA_LIB_DIR", "NETDATA_PLUGINS_DIR"];

/// The source of a folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DirSource {
    /// The command line.
    #[default]
    Option,
    /// The environment.
    Variable,
    /// The daemon's own configuration or environment.
    Daemon,
    /// The first usual place that exists.
    Usual,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dir {
    pub path: PathBuf,
    pub by: DirSource,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// *The* config directory, with the configuration. Each is `None` where none exists.
    pub config: Option<Dir>,
    pub library: Option<Dir>,
    pub plugins: Option<Dir>,
    /// The directories in which the opt-out file counts.
    pub consent: Vec<PathBuf>,
    /// The agent's own `netdata.conf`.
    pub conf: Option<PathBuf>,
    /// The one of its package, which counts where the own one is missing.
    pub stock_conf: Option<PathBuf>,
    pub command: Option<Arc<CommandLine>>,
    /// Why the agent may use another config directory.
    pub doubt: Option<Doubt>,
}

/// Folders from one source.
///
/// Only absolute paths are usable: a relative one depends on the process. A relative config directory is kept
/// nevertheless, so that the decision about consent reports that it cannot look there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirOverrides {
    pub by: DirSource,
    pub config: Option<PathBuf>,
    pub library: Option<PathBuf>,
    pub plugins: Option<PathBuf>,
    /// A `netdata.conf` outside the config directory.
    pub conf: Option<PathBuf>,
    pub command: Option<Arc<CommandLine>>,
    /// The installation's prefix, from the path of the daemon's program.
    pub prefix: Option<PathBuf>,
    /// Why the source may name more folders.
    pub doubt: Option<Doubt>,
}

impl DirOverrides {
    /// `--config-dir` and `--lib-dir`.
    pub fn by_options(config_dir: Option<&Path>, lib_dir: Option<&Path>) -> Self {
        let [config, library] = [config_dir, lib_dir].map(|path| path.map(Path::to_owned));
        Self { by: DirSource::Option, config, library, ..Self::default() }
    }

    /// Empty variables do not count.
    pub fn by_variables<'v>(variable: impl Fn(&str) -> Option<&'v OsStr>) -> Self {
        let [config, library, plugins] =
            VARIABLES.map(|name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from));
        Self { by: DirSource::Variable, config, library, plugins, ..Self::default() }
    }

    /// Adds the agent's command line: the program's path implies the prefix, and `-c` names its configuration.
    #[must_use]
    pub fn and_command(mut self, command: &[OsString]) -> Self {
        let command_line = CommandLine::read(command);
        let named = command_line.conf.clone();
        self.command = Some(Arc::new(command_line));
        let (conf, relative) =
            named.map_or((None, None), |path| if path.is_absolute() { (Some(path), None) } else { (None, Some(path)) });
        self.conf = conf;
        self.doubt = self.doubt.or_else(|| relative.map(Doubt::RelativeOption));
        self.prefix = command.first().and_then(|program| prefix_of(Path::new(program), &PROGRAMS));
        self
    }
}

/// Every directory in which the opt-out file counts: the named ones and all usual ones, whether they exist or not. No
/// file is accessed.
pub fn consent_directories(named: &[DirOverrides]) -> Vec<PathBuf> {
    let mut directories: Vec<PathBuf> = Vec::new();
    let named = named.iter().filter_map(|named| named.config.clone());
    for path in named.chain(CONFIG_DIRECTORIES.iter().map(PathBuf::from)) {
        if !directories.contains(&path) {
            directories.push(path);
        }
    }
    directories
}

/// The library directory, with the outbox.
pub fn library_directory(named: &[DirOverrides], exists: impl Fn(&Path) -> bool) -> Option<Dir> {
    Folders::find(named, exists).library
}

/// *The* config directory, with the configuration.
pub fn config_directory(named: &[DirOverrides], exists: impl Fn(&Path) -> bool) -> Option<Dir> {
    Folders::find(named, exists).config
}

/// The folders below the prefix of an installation.
const CONFIG: [&str; 1] = ["etc/netdata"];
const STOCK: [&str; 2] = ["usr/lib/netdata/conf.d", "lib/netdata/conf.d"];
const LIBRARY: [&str; 1] = ["var/lib/netdata"];
const PLUGINS: [&str; 4] = [
    "usr/libexec/netdata/plugins.d",
    "usr/lib/netdata/plugins.d",
    "libexec/netdata/plugins.d",
    "lib/netdata/plugins.d",
];

/// The daemon's program below a prefix.
const PROGRAMS: [&str; 4] = ["usr/sbin/netdata", "sbin/netdata", "bin/srv/netdata", "bin/netdata"];

/// The prefixes of the usual installations, in the order of [`CONFIG_DIRECTORIES`].
const PREFIXES: [&str; 4] = ["/", "/opt/netdata", "/usr/local", "/opt/homebrew"];

/// FreeBSD keeps state outside the prefix of its packages (hier(7)).
const FREEBSD: (&str, &str) = ("/usr/local", "/var/db/netdata");

/// The installation's prefix, if the path of a folder reveals it.
fn prefix_of(folder: &Path, below: &[&str]) -> Option<PathBuf> {
    if folder == Path::new(FREEBSD.1) {
        return Some(FREEBSD.0.into());
    }
    let parts = |end: &&&str| folder.ends_with(end);
    let end = below.iter().filter(parts).max_by_key(|end| end.len())?;
    folder.ancestors().nth(Path::new(end).components().count()).map(Path::to_owned)
}

fn in_prefix(prefix: &Path, below: &[&str], exists: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let freebsd = (prefix == Path::new(FREEBSD.0) && below == LIBRARY).then(|| PathBuf::from(FREEBSD.1));
    freebsd.into_iter().chain(below.iter().map(|end| prefix.join(end))).find(|path| exists(path))
}

/// The usual prefixes with an agent. A config directory alone may be the remains of a removed agent.
fn installed(exists: impl Fn(&Path) -> bool) -> impl Iterator<Item = &'static Path> {
    let has_agent =
        move |prefix: &&Path| [&PLUGINS[..], &LIBRARY].iter().any(|below| in_prefix(prefix, below, &exists).is_some());
    PREFIXES.iter().map(Path::new).filter(has_agent)
}

impl Folders {
    /// Finds the folders of one agent; the first source wins. Folders without a source are taken from the same
    /// installation, and stay unknown if it cannot be identified: another agent's folder would be worse.
    pub fn find(named: &[DirOverrides], exists: impl Fn(&Path) -> bool) -> Self {
        let name = |one: fn(&DirOverrides) -> Option<&PathBuf>| {
            let usable = |named: &DirOverrides| {
                Some(Dir { path: one(named).filter(|path| path.is_absolute())?.clone(), by: named.by })
            };
            named.iter().find_map(usable)
        };
        let mut found = Self {
            config: name(|named| named.config.as_ref()),
            library: name(|named| named.library.as_ref()),
            plugins: name(|named| named.plugins.as_ref()),
            consent: consent_directories(named),
            conf: name(|named| named.conf.as_ref()).map(|conf| conf.path),
            stock_conf: None,
            command: named.iter().find_map(|named| named.command.clone()),
            doubt: None,
        };
        if !matches!(found.config, Some(Dir { by: DirSource::Option | DirSource::Variable, .. })) {
            found.doubt = named.iter().find_map(|named| named.doubt.clone());
        }
        if found.each().any(|(folder, _)| folder.is_some()) {
            if let Some(prefix) = found.prefix() {
                found.fill(&prefix, DirSource::Usual, &exists);
            }
        } else {
            // A program without a config directory in its prefix was built for another one.
            let beside = name(|named| named.prefix.as_ref())
                .filter(|prefix| in_prefix(&prefix.path, &CONFIG, &exists).is_some());
            let left = || PREFIXES.iter().map(Path::new).find(|prefix| in_prefix(prefix, &CONFIG, &exists).is_some());
            if let Some(Dir { path, by }) = beside {
                found.fill(&path, by, &exists);
            } else if let Some(prefix) = installed(&exists).next().or_else(left) {
                found.fill(prefix, DirSource::Usual, &exists);
            }
        }
        found.conf = found.conf.take().or_else(|| found.config_path().map(|folder| folder.join(conf::FILE)));
        found
    }

    /// The folders of each agent in a usual place; its config directory need not exist.
    pub fn of_installations(exists: impl Fn(&Path) -> bool) -> Vec<Self> {
        let of = |prefix: &Path| {
            let usual =
                DirOverrides { by: DirSource::Usual, config: Some(prefix.join(CONFIG[0])), ..DirOverrides::default() };
            Self::find(&[usual], &exists)
        };
        installed(&exists).map(of).collect()
    }

    /// Takes missing folders from an installation.
    fn fill(&mut self, prefix: &Path, by: DirSource, exists: impl Fn(&Path) -> bool) {
        let kinds: [(_, &[_]); 3] =
            [(&mut self.config, &CONFIG), (&mut self.library, &LIBRARY), (&mut self.plugins, &PLUGINS)];
        for (folder, below) in kinds {
            if folder.is_none() {
                *folder = in_prefix(prefix, below, &exists).map(|path| Dir { path, by });
            }
        }
    }

    /// Applies the agent's own configuration to the folders that the caller does not name.
    #[must_use]
    pub fn configured(mut self, host: &dyn Host) -> Self {
        // From here on, the folders may be those of the configuration.
        let stock = |prefix: PathBuf| STOCK.map(|folder| prefix.join(folder).join(conf::FILE));
        let exists = |path: &PathBuf| path.to_str().is_some_and(|path| host.metadata(path).is_ok());
        self.stock_conf = self.prefix().and_then(|prefix| stock(prefix).into_iter().find(exists));
        let read = self.read_conf(host);
        let directories = match &read {
            Ok(conf) => conf.directories(),
            Err((path, error)) => {
                self.doubt = self.doubt.or_else(|| Some(Doubt::File(path.clone(), *error)));
                [None; 3]
            }
        };
        for (folder, named) in [&mut self.config, &mut self.library, &mut self.plugins].into_iter().zip(directories) {
            match named {
                Some(named) if !matches!(folder, Some(Dir { by: DirSource::Option | DirSource::Variable, .. })) => {
                    *folder = Some(Dir { path: named.into(), by: DirSource::Daemon });
                }
                _ => {}
            }
        }
        if let Some(Dir { path, .. }) = &self.config
            && !self.consent.contains(path)
        {
            self.consent.insert(0, path.clone());
        }
        // Only the daemon knows the meaning of a relative path.
        for folder in [&mut self.config, &mut self.library, &mut self.plugins] {
            *folder = folder.take().filter(|folder| folder.path.is_absolute());
        }
        self
    }

    /// The agent's whole configuration. An error names the file that cannot be read, or only by the daemon.
    pub fn conf_in_force(&self, host: &dyn Host) -> Result<InForce, (PathBuf, Error)> {
        let named = self.command.as_ref().and_then(|command| command.conf.as_ref());
        match named.filter(|path| path.is_relative()) {
            Some(relative) => Err((relative.clone(), Error::Malformed)),
            None => self.read_conf(host),
        }
    }

    fn read_conf(&self, host: &dyn Host) -> Result<InForce, (PathBuf, Error)> {
        let stock = self.stock_conf.as_ref().filter(|_| !self.names_conf());
        InForce::read(self.conf.as_ref(), stock, self.command.clone(), host)
    }

    /// Whether the command line names the configuration (`-c`). Then the stock file does not count.
    pub fn names_conf(&self) -> bool {
        self.command.as_ref().is_some_and(|command| command.conf.is_some())
    }

    /// Whether these may be the folders of the agent with this config directory.
    pub fn may_be(&self, asked: Option<&Path>) -> bool {
        let is_usual = |asked: &Path| CONFIG_DIRECTORIES.iter().any(|usual| Path::new(usual) == asked);
        asked.is_none_or(|asked| match &self.config {
            _ if self.doubt.is_some() => true,
            Some(own) => own.path == asked || (own.by == DirSource::Usual && is_usual(asked)),
            None => is_usual(asked),
        })
    }

    /// Each folder with the places of its kind below a prefix.
    fn each(&self) -> impl Iterator<Item = (Option<&Path>, &'static [&'static str])> {
        let kinds: [(_, &'static [_]); 3] =
            [(&self.config, &CONFIG), (&self.library, &LIBRARY), (&self.plugins, &PLUGINS)];
        kinds.into_iter().map(|(folder, below)| (path(folder.as_ref()), below))
    }

    /// The common prefix of all known folders, if they reveal one.
    pub fn prefix(&self) -> Option<PathBuf> {
        let mut prefixes = self.each().filter_map(|(folder, below)| folder.map(|folder| prefix_of(folder, below)));
        let first = prefixes.next()??;
        prefixes.all(|prefix| prefix.as_ref() == Some(&first)).then_some(first)
    }

    /// The prefix of the installation, even where single folders were moved.
    pub fn installation(&self) -> Option<PathBuf> {
        self.each().find_map(|(folder, below)| prefix_of(folder?, below))
    }

    /// The daemon's program, where these folders belong to an installation with one.
    pub fn program(&self, exists: impl Fn(&Path) -> bool) -> Option<PathBuf> {
        let prefix = self.prefix()?;
        PROGRAMS.iter().map(|program| prefix.join(program)).find(|path| exists(path))
    }

    /// Whether the folders indicate an installed agent.
    pub fn has_agent(&self) -> bool {
        self.library.is_some() || self.plugins.is_some()
    }

    pub fn config_path(&self) -> Option<&Path> {
        path(self.config.as_ref())
    }

    pub fn library_path(&self) -> Option<&Path> {
        path(self.library.as_ref())
    }

    pub fn plugins_path(&self) -> Option<&Path> {
        path(self.plugins.as_ref())
    }

    /// The outbox.
    pub fn state(&self) -> Option<PathBuf> {
        self.library_path().map(|path| path.join(STATE_FOLDER))
    }
}

fn path(folder: Option<&Dir>) -> Option<&Path> {
    folder.map(|folder| folder.path.as_path())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consent::{self, Consent, Decision};

    fn find(options: (Option<&str>, Option<&str>), variables: &[(&str, &'static str)], existing: &[&str]) -> Folders {
        let variable = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| OsStr::new(*value));
        let named = [
            DirOverrides::by_options(options.0.map(Path::new), options.1.map(Path::new)),
            DirOverrides::by_variables(variable),
        ];
        Folders::find(&named, |path| existing.iter().any(|e| Path::new(e) == path))
    }

    #[test]
    fn folders_of_one_installation_are_never_mixed_with_anothers() {
        let debian = ["/etc/netdata", "/var/lib/netdata", "/usr/lib/netdata/plugins.d"];
        let opt = ["/opt/netdata/etc/netdata", "/opt/netdata/usr/libexec/netdata/plugins.d"];
        let both = [&debian[..], &opt].concat();
        let paths = |found: &Folders| {
            let path = |folder: &Option<Dir>| folder.as_ref().map(|folder| folder.path.display().to_string());
            [path(&found.config), path(&found.library), path(&found.plugins)]
        };
        let some = |path: &str| Some(path.to_owned());
        let found = find((Some("/opt/netdata/etc/netdata"), None), &[], &both);
        assert_eq!(paths(&found), [some(opt[0]), None, some(opt[1])]);
        assert_eq!(found.prefix(), Some("/opt/netdata".into()));
        let found = find((None, None), &[], &both);
        assert_eq!(paths(&found), debian.map(some));
        assert_eq!(found.prefix(), Some("/".into()));
        // A config directory with nothing but the opt-out file is no agent.
        let found = find((None, None), &[], &[&debian[..1], &opt].concat());
        assert_eq!(paths(&found), [some(opt[0]), None, some(opt[1])]);
        // A path outside any installation.
        let found = find((Some("/srv/telemetry"), None), &[], &both);
        assert_eq!(paths(&found), [some("/srv/telemetry"), None, None]);
        assert!(!found.has_agent() && found.prefix().is_none());
        let found = find((Some("/opt/netdata/etc/netdata"), Some("/var/lib/netdata")), &[], &both);
        assert_eq!(paths(&found), [some(opt[0]), some(debian[1]), None]);
        let freebsd = ["/usr/local/etc/netdata", "/var/db/netdata", "/usr/local/libexec/netdata/plugins.d"];
        assert_eq!(paths(&find((None, Some("/var/db/netdata")), &[], &freebsd)), freebsd.map(some));
        assert_eq!(paths(&find((Some(freebsd[0]), None), &[], &freebsd)), freebsd.map(some));
    }

    #[test]
    fn an_option_wins_over_a_variable_and_that_over_what_exists() {
        let variables = [("NETDATA_USER_CONFIG_DIR", "/b"), ("NETDATA_LIB_DIR", "/c")];
        let found = find((Some("/a"), None), &variables, &["/etc/netdata", "/var/lib/netdata"]);
        assert_eq!(found.config, Some(Dir { path: "/a".into(), by: DirSource::Option }));
        assert_eq!(found.library, Some(Dir { path: "/c".into(), by: DirSource::Variable }));
        assert_eq!(found.consent.len(), 6);
        assert_eq!(found.consent[..2], [PathBuf::from("/a"), PathBuf::from("/b")]);
    }

    #[test]
    fn the_first_usual_place_that_exists() {
        let existing = ["/opt/homebrew/etc/netdata", "/usr/local/etc/netdata", "/var/db/netdata"];
        let found = find((None, None), &[], &existing);
        assert_eq!(found.config, Some(Dir { path: "/usr/local/etc/netdata".into(), by: DirSource::Usual }));
        assert_eq!(found.state(), Some("/var/db/netdata/anonymous-statistics".into()));
        assert_eq!(found.consent, CONFIG_DIRECTORIES.map(PathBuf::from));
    }

    #[test]
    fn a_relative_path_cannot_be_used_and_leaves_consent_open() {
        let found = find((Some("a"), Some("b")), &[("NETDATA_USER_CONFIG_DIR", "c"), ("NETDATA_LIB_DIR", "")], &[]);
        assert_eq!((found.config, found.library, found.conf), (None, None, None));
        let expected: Vec<PathBuf> = ["a", "c"].into_iter().chain(CONFIG_DIRECTORIES).map(PathBuf::from).collect();
        assert_eq!(found.consent, expected);
        let decide = |folders: &[PathBuf]| {
            Consent::decide(folders.iter().map(PathBuf::as_path), |_name| Ok(None), consent::look).decision()
        };
        assert_eq!(decide(&[PathBuf::from("a")]), Decision::Unknown);
    }

    #[test]
    fn each_installation_is_an_agent() {
        let existing = [
            "/var/lib/netdata",
            "/etc/netdata",
            "/opt/netdata/usr/libexec/netdata/plugins.d",
            "/usr/local/etc/netdata",
        ];
        let found = Folders::of_installations(|path| existing.iter().any(|e| Path::new(e) == path));
        let folders: Vec<_> = found
            .into_iter()
            .map(|folders| (folders.config.unwrap().path, folders.library.map(|library| library.path)))
            .collect();
        let debian = (PathBuf::from("/etc/netdata"), Some(PathBuf::from("/var/lib/netdata")));
        assert_eq!(folders, [debian, ("/opt/netdata/etc/netdata".into(), None)]);
    }
}
