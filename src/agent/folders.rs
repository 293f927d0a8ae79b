//! Where the agent keeps its configuration and its state: found by one function for all three programs.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use system_facts::Host;

use crate::agent::conf::{self, NetdataConf};
use crate::outbox::STATE_FOLDER;

/// The config directories of Linux packages, static builds, FreeBSD and Homebrew. The opt-out file counts in each of
/// them, whichever the daemon uses.
pub const CONFIG_DIRECTORIES: [&str; 4] =
    ["/etc/netdata", "/opt/netdata/etc/netdata", "/usr/local/etc/netdata", "/opt/homebrew/etc/netdata"];

/// The library directories of the same.
pub const LIBRARY_DIRECTORIES: [&str; 5] = [
    "/var/lib/netdata",
    "/opt/netdata/var/lib/netdata",
    "/var/db/netdata",
    "/usr/local/var/lib/netdata",
    "/opt/homebrew/var/lib/netdata",
];

/// The folders of the agent's plugins, where the daemon looks for the scripts that this project replaces.
pub const PLUGIN_DIRECTORIES: [&str; 6] = [
    "/usr/libexec/netdata/plugins.d",
    "/usr/lib/netdata/plugins.d",
    "/opt/netdata/usr/libexec/netdata/plugins.d",
    "/usr/local/libexec/netdata/plugins.d",
    "/opt/homebrew/libexec/netdata/plugins.d",
    "/usr/local/lib/netdata/plugins.d",
];

/// The variables that name an agent's config directory, library directory and plugins.
pub const VARIABLES: [&str; 3] = ["NETDATA_USER_CONFIG_DIR", "NETDATA_LIB_DIR", "NETDATA_PLUGINS_DIR"];

/// How a folder was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FoundBy {
    /// The command line names it.
    #[default]
    Option,
    /// The environment names it.
    Variable,
    /// The daemon's own configuration or environment names it.
    Daemon,
    /// It is the first usual place that exists.
    Usual,
}

/// A folder of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dir {
    /// Where it is.
    pub path: PathBuf,
    /// How it was found.
    pub by: FoundBy,
}

/// The folders of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// *The* config directory, which holds the configuration; `None` where none exists.
    pub config: Option<Dir>,
    /// The library directory; `None` where none exists.
    pub library: Option<Dir>,
    /// The folder of the daemon's plugins; `None` where none exists.
    pub plugins: Option<Dir>,
    /// Every directory in which the opt-out file counts.
    pub consent: Vec<PathBuf>,
    /// The agent's own configuration; `None` where no config directory exists.
    pub conf: Option<PathBuf>,
    /// Why the agent may use another config directory after all.
    pub doubt: Option<String>,
}

/// Folders that somebody names.
///
/// Only absolute paths can be used: what a relative one means depends on who asks. A relative config directory is kept all
/// the same, so that the decision about consent says that it cannot look there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// Who names them.
    pub by: FoundBy,
    /// The config directory.
    pub config: Option<PathBuf>,
    /// The library directory.
    pub library: Option<PathBuf>,
    /// The folder of the plugins.
    pub plugins: Option<PathBuf>,
    /// The agent's own configuration, where it is not the config directory's.
    pub conf: Option<PathBuf>,
    /// The prefix of the installation, as the place of the program says it.
    pub prefix: Option<PathBuf>,
    /// Why more may be named than this.
    pub doubt: Option<String>,
}

impl Named {
    /// What the command line names: `--config-dir` and `--lib-dir`.
    pub fn by_options(config_dir: Option<&Path>, lib_dir: Option<&Path>) -> Self {
        let [config, library] = [config_dir, lib_dir].map(|path| path.map(Path::to_owned));
        Self { by: FoundBy::Option, config, library, ..Self::default() }
    }

    /// What an environment names. An empty variable names nothing.
    pub fn by_variables<'v>(variable: impl Fn(&str) -> Option<&'v OsStr>) -> Self {
        let [config, library, plugins] =
            VARIABLES.map(|name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from));
        Self { by: FoundBy::Variable, config, library, plugins, ..Self::default() }
    }

    /// Adds what the command that starts an agent names: its program says where it is installed, and `-c` names its
    /// configuration.
    #[must_use]
    pub fn and_command(mut self, command: &[OsString]) -> Self {
        let option = command.iter().position(|word| word == "-c").and_then(|at| command.get(at + 1)).map(PathBuf::from);
        let (conf, relative) = option
            .map_or((None, None), |path| if path.is_absolute() { (Some(path), None) } else { (None, Some(path)) });
        self.conf = conf;
        self.doubt = self.doubt.or_else(|| relative.map(|path| format!("-c {}: not an absolute path", path.display())));
        self.prefix = command.first().and_then(|program| prefix_of(Path::new(program), &PROGRAMS));
        self
    }
}

/// Every directory in which the opt-out file counts: the ones that are named and all usual ones, whether or not they
/// exist. To say so, no file is looked at.
pub fn consent_directories(named: &[Named]) -> Vec<PathBuf> {
    let mut directories: Vec<PathBuf> = Vec::new();
    let named = named.iter().filter_map(|named| named.config.clone());
    for path in named.chain(CONFIG_DIRECTORIES.iter().map(PathBuf::from)) {
        if !directories.contains(&path) {
            directories.push(path);
        }
    }
    directories
}

/// The library directory, in which events wait and are kept.
pub fn library_directory(named: &[Named], exists: impl Fn(&Path) -> bool) -> Option<Dir> {
    Folders::find(named, exists).library
}

/// *The* config directory, which holds the configuration.
pub fn config_directory(named: &[Named], exists: impl Fn(&Path) -> bool) -> Option<Dir> {
    Folders::find(named, exists).config
}

/// Below the prefix of an installation: where its configuration, its state and its plugins are.
const CONFIG: [&str; 1] = ["etc/netdata"];
const LIBRARY: [&str; 1] = ["var/lib/netdata"];
const PLUGINS: [&str; 4] = [
    "usr/libexec/netdata/plugins.d",
    "usr/lib/netdata/plugins.d",
    "libexec/netdata/plugins.d",
    "lib/netdata/plugins.d",
];

/// Likewise the daemon's program.
const PROGRAMS: [&str; 4] = ["usr/sbin/netdata", "sbin/netdata", "bin/srv/netdata", "bin/netdata"];

/// The prefixes of the usual installations, in the order of [`CONFIG_DIRECTORIES`].
const PREFIXES: [&str; 4] = ["/", "/opt/netdata", "/usr/local", "/opt/homebrew"];

/// FreeBSD keeps state outside the prefix of its packages (hier(7)).
const FREEBSD: (&str, &str) = ("/usr/local", "/var/db/netdata");

/// The prefix of the installation to which a folder belongs, as far as its name says it.
fn prefix_of(folder: &Path, below: &[&str]) -> Option<PathBuf> {
    if folder == Path::new(FREEBSD.1) {
        return Some(FREEBSD.0.into());
    }
    let parts = |end: &&&str| folder.ends_with(end);
    let end = below.iter().filter(parts).max_by_key(|end| end.len())?;
    folder.ancestors().nth(Path::new(end).components().count()).map(Path::to_owned)
}

/// The first of an installation's folders of one kind that exists.
fn in_prefix(prefix: &Path, below: &[&str], exists: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let freebsd = (prefix == Path::new(FREEBSD.0) && below == LIBRARY).then(|| PathBuf::from(FREEBSD.1));
    freebsd.into_iter().chain(below.iter().map(|end| prefix.join(end))).find(|path| exists(path))
}

/// The prefixes of the usual installations that exist. A config directory alone may be left from an agent that was removed.
fn installed(exists: impl Fn(&Path) -> bool) -> impl Iterator<Item = &'static Path> {
    let has_agent =
        move |prefix: &&Path| [&PLUGINS[..], &LIBRARY].iter().any(|below| in_prefix(prefix, below, &exists).is_some());
    PREFIXES.iter().map(Path::new).filter(has_agent)
}

impl Folders {
    /// Finds the folders of one agent: whoever is first in the list wins. What nobody names is looked for in the same
    /// installation, and is not known where the names do not say which that is: another agent's folder would be worse.
    pub fn find(named: &[Named], exists: impl Fn(&Path) -> bool) -> Self {
        let name = |one: fn(&Named) -> Option<&PathBuf>| {
            let usable =
                |named: &Named| Some(Dir { path: one(named).filter(|path| path.is_absolute())?.clone(), by: named.by });
            named.iter().find_map(usable)
        };
        let mut found = Self {
            config: name(|named| named.config.as_ref()),
            library: name(|named| named.library.as_ref()),
            plugins: name(|named| named.plugins.as_ref()),
            consent: consent_directories(named),
            conf: name(|named| named.conf.as_ref()).map(|conf| conf.path),
            doubt: None,
        };
        if !matches!(found.config, Some(Dir { by: FoundBy::Option | FoundBy::Variable, .. })) {
            found.doubt = named.iter().find_map(|named| named.doubt.clone());
        }
        if found.each().any(|(folder, _)| folder.is_some()) {
            if let Some(prefix) = found.prefix() {
                found.fill(&prefix, FoundBy::Usual, &exists);
            }
        } else {
            // A program that has no folder beside it was built to look elsewhere.
            let beside = name(|named| named.prefix.as_ref())
                .filter(|prefix| in_prefix(&prefix.path, &CONFIG, &exists).is_some());
            let left = || PREFIXES.iter().map(Path::new).find(|prefix| in_prefix(prefix, &CONFIG, &exists).is_some());
            if let Some(Dir { path, by }) = beside {
                found.fill(&path, by, &exists);
            } else if let Some(prefix) = installed(&exists).next().or_else(left) {
                found.fill(prefix, FoundBy::Usual, &exists);
            }
        }
        found.conf = found.conf.take().or_else(|| found.config_path().map(|folder| folder.join(conf::FILE)));
        found
    }

    /// The folders of each agent that is installed in a usual place; its config directory need not exist.
    pub fn of_installations(exists: impl Fn(&Path) -> bool) -> Vec<Self> {
        let of = |prefix: &Path| {
            let usual = Named { by: FoundBy::Usual, config: Some(prefix.join(CONFIG[0])), ..Named::default() };
            Self::find(&[usual], &exists)
        };
        installed(&exists).map(of).collect()
    }

    /// Takes from an installation what nobody names.
    fn fill(&mut self, prefix: &Path, by: FoundBy, exists: impl Fn(&Path) -> bool) {
        let kinds: [(_, &[_]); 3] =
            [(&mut self.config, &CONFIG), (&mut self.library, &LIBRARY), (&mut self.plugins, &PLUGINS)];
        for (folder, below) in kinds {
            if folder.is_none() {
                *folder = in_prefix(prefix, below, &exists).map(|path| Dir { path, by });
            }
        }
    }

    /// Follows the agent's own configuration where it moves folders that whoever asks does not name.
    #[must_use]
    pub fn configured(mut self, host: &dyn Host) -> Self {
        let Some(path) = &self.conf else { return self };
        let read = path.to_str().ok_or(system_facts::Error::Malformed).and_then(|path| NetdataConf::read(host, path));
        let directories = match &read {
            Ok(conf) => conf.directories(),
            Err(error) => {
                self.doubt = self.doubt.or_else(|| Some(format!("{}: {error}", path.display())));
                [None; 3]
            }
        };
        for (folder, named) in [&mut self.config, &mut self.library, &mut self.plugins].into_iter().zip(directories) {
            match named {
                Some(named) if !matches!(folder, Some(Dir { by: FoundBy::Option | FoundBy::Variable, .. })) => {
                    *folder = Some(Dir { path: named.into(), by: FoundBy::Daemon });
                }
                _ => {}
            }
        }
        if let Some(Dir { path, .. }) = &self.config
            && !self.consent.contains(path)
        {
            self.consent.insert(0, path.clone());
        }
        // What a relative path means, the daemon alone knows.
        for folder in [&mut self.config, &mut self.library, &mut self.plugins] {
            *folder = folder.take().filter(|folder| folder.path.is_absolute());
        }
        self
    }

    /// Whether these may be the folders of the agent that somebody asks for by its config directory.
    pub fn may_be(&self, asked: Option<&Path>) -> bool {
        let is_usual = |asked: &Path| CONFIG_DIRECTORIES.iter().any(|usual| Path::new(usual) == asked);
        asked.is_none_or(|asked| match &self.config {
            _ if self.doubt.is_some() => true,
            Some(own) => own.path == asked || (own.by == FoundBy::Usual && is_usual(asked)),
            None => is_usual(asked),
        })
    }

    /// The folders, each with where one of its kind is in an installation.
    fn each(&self) -> impl Iterator<Item = (Option<&Path>, &'static [&'static str])> {
        let kinds: [(_, &'static [_]); 3] =
            [(&self.config, &CONFIG), (&self.library, &LIBRARY), (&self.plugins, &PLUGINS)];
        kinds.into_iter().map(|(folder, below)| (path(folder.as_ref()), below))
    }

    /// The prefix of the installation to which all known folders belong; `None`: they do not say it.
    pub fn prefix(&self) -> Option<PathBuf> {
        let mut prefixes = self.each().filter_map(|(folder, below)| folder.map(|folder| prefix_of(folder, below)));
        let first = prefixes.next()??;
        prefixes.all(|prefix| prefix.as_ref() == Some(&first)).then_some(first)
    }

    /// Whether an agent is installed, as far as its folders say it.
    pub fn has_agent(&self) -> bool {
        self.library.is_some() || self.plugins.is_some()
    }

    /// The config directory's path.
    pub fn config_path(&self) -> Option<&Path> {
        path(self.config.as_ref())
    }

    /// The library directory's path.
    pub fn library_path(&self) -> Option<&Path> {
        path(self.library.as_ref())
    }

    /// The path of the plugins' folder.
    pub fn plugins_path(&self) -> Option<&Path> {
        path(self.plugins.as_ref())
    }

    /// The folder in which events wait and are kept.
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
        let named =
            [Named::by_options(options.0.map(Path::new), options.1.map(Path::new)), Named::by_variables(variable)];
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
        // What was opted out of before the agent came is no agent.
        let found = find((None, None), &[], &[&debian[..1], &opt].concat());
        assert_eq!(paths(&found), [some(opt[0]), None, some(opt[1])]);
        // A name that says nothing of an installation.
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
        assert_eq!(found.config, Some(Dir { path: "/a".into(), by: FoundBy::Option }));
        assert_eq!(found.library, Some(Dir { path: "/c".into(), by: FoundBy::Variable }));
        assert_eq!(found.consent.len(), 6);
        assert_eq!(found.consent[..2], [PathBuf::from("/a"), PathBuf::from("/b")]);
    }

    #[test]
    fn the_first_usual_place_that_exists() {
        let existing = ["/opt/homebrew/etc/netdata", "/usr/local/etc/netdata", "/var/db/netdata"];
        let found = find((None, None), &[], &existing);
        assert_eq!(found.config, Some(Dir { path: "/usr/local/etc/netdata".into(), by: FoundBy::Usual }));
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
        // Its config directory does not exist yet.
        assert_eq!(folders, [debian, ("/opt/netdata/etc/netdata".into(), None)]);
    }
}
