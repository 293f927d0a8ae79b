//! Where the agent keeps its configuration and its state: found by one function for all three programs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

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

/// The folder in the library directory in which events wait and are kept.
pub const STATE_FOLDER: &str = "anonymous-statistics";

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

/// The folders of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// *The* config directory, which holds the configuration; `None` where none exists.
    pub config: Option<(PathBuf, FoundBy)>,
    /// The library directory; `None` where none exists.
    pub library: Option<(PathBuf, FoundBy)>,
    /// The folder of the daemon's plugins; `None` where none exists.
    pub plugins: Option<(PathBuf, FoundBy)>,
    /// Every directory in which the opt-out file counts.
    pub consent: Vec<PathBuf>,
}

/// Folders that somebody names. Only absolute paths count: what a relative one means depends on who asks.
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
}

impl Named {
    /// What the command line names: `--config-dir` and `--lib-dir`.
    pub fn by_options(config_dir: Option<&Path>, lib_dir: Option<&Path>) -> Self {
        Self { by: FoundBy::Option, config: absolute(config_dir), library: absolute(lib_dir), plugins: None }
    }

    /// What an environment names.
    pub fn by_variables<'v>(variable: impl Fn(&str) -> Option<&'v OsStr>) -> Self {
        let [config, library, plugins] = VARIABLES.map(|name| absolute(variable(name).map(Path::new)));
        Self { by: FoundBy::Variable, config, library, plugins }
    }
}

fn absolute(path: Option<&Path>) -> Option<PathBuf> {
    path.filter(|path| path.is_absolute()).map(Path::to_owned)
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
pub fn library_directory(named: &[Named], exists: impl Fn(&Path) -> bool) -> Option<(PathBuf, FoundBy)> {
    Folders::find(named, exists).library
}

/// *The* config directory, which holds the configuration.
pub fn config_directory(named: &[Named], exists: impl Fn(&Path) -> bool) -> Option<(PathBuf, FoundBy)> {
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
fn in_prefix(prefix: &Path, below: &[&str], exists: impl Fn(&Path) -> bool) -> Option<(PathBuf, FoundBy)> {
    let freebsd = (prefix == Path::new(FREEBSD.0) && below == LIBRARY).then(|| PathBuf::from(FREEBSD.1));
    let usual = below.iter().map(|end| prefix.join(end));
    freebsd.into_iter().chain(usual).find(|path| exists(path)).map(|path| (path, FoundBy::Usual))
}

impl Folders {
    /// Finds the folders of one agent: whoever is first in the list wins. What nobody names is looked for in the same
    /// installation, and is not known where the names do not say which that is: another agent's folder would be worse.
    pub fn find(named: &[Named], exists: impl Fn(&Path) -> bool) -> Self {
        let name = |one: fn(&Named) -> Option<&PathBuf>| {
            named.iter().find_map(|named| one(named).map(|path| (path.clone(), named.by)))
        };
        let mut found = Self {
            config: name(|named| named.config.as_ref()),
            library: name(|named| named.library.as_ref()),
            plugins: name(|named| named.plugins.as_ref()),
            consent: consent_directories(named),
        };
        let prefix = if found.each().all(|(folder, _)| folder.is_none()) {
            let has = |below: &[&str], prefix: &Path| in_prefix(prefix, below, &exists).is_some();
            let prefixes = || PREFIXES.iter().map(Path::new);
            // A config directory alone may be left from an agent that was removed.
            let installed = prefixes().find(|prefix| has(&PLUGINS, prefix) || has(&LIBRARY, prefix));
            installed.or_else(|| prefixes().find(|prefix| has(&CONFIG, prefix))).map(Path::to_owned)
        } else {
            found.prefix()
        };
        if let Some(prefix) = prefix {
            found.config = found.config.or_else(|| in_prefix(&prefix, &CONFIG, &exists));
            found.library = found.library.or_else(|| in_prefix(&prefix, &LIBRARY, &exists));
            found.plugins = found.plugins.or_else(|| in_prefix(&prefix, &PLUGINS, &exists));
        }
        found
    }

    /// The folders, each with where one of its kind is in an installation.
    fn each(&self) -> impl Iterator<Item = (Option<&Path>, &'static [&'static str])> {
        let kinds: [(_, &'static [_]); 3] =
            [(&self.config, &CONFIG), (&self.library, &LIBRARY), (&self.plugins, &PLUGINS)];
        kinds.into_iter().map(|(folder, below)| (folder.as_ref().map(|(path, _)| path.as_path()), below))
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

    /// The folder in which events wait and are kept.
    pub fn state(&self) -> Option<PathBuf> {
        self.library.as_ref().map(|(path, _)| path.join(STATE_FOLDER))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let path =
                |folder: &Option<(PathBuf, FoundBy)>| folder.as_ref().map(|(path, _)| path.display().to_string());
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
        assert_eq!(found.config, Some(("/a".into(), FoundBy::Option)));
        assert_eq!(found.library, Some(("/c".into(), FoundBy::Variable)));
        assert_eq!(found.consent.len(), 6);
        assert_eq!(found.consent[..2], [PathBuf::from("/a"), PathBuf::from("/b")]);
    }

    #[test]
    fn the_first_usual_place_that_exists() {
        let existing = ["/opt/homebrew/etc/netdata", "/usr/local/etc/netdata", "/var/db/netdata"];
        let found = find((None, None), &[], &existing);
        assert_eq!(found.config, Some(("/usr/local/etc/netdata".into(), FoundBy::Usual)));
        assert_eq!(found.state(), Some("/var/db/netdata/anonymous-statistics".into()));
        assert_eq!(found.consent, CONFIG_DIRECTORIES.map(PathBuf::from));
    }

    #[test]
    fn relative_paths_do_not_count() {
        let found = find((Some("a"), Some("b")), &[("NETDATA_USER_CONFIG_DIR", "c"), ("NETDATA_LIB_DIR", "")], &[]);
        assert_eq!((found.config, found.library), (None, None));
        assert_eq!(found.consent, CONFIG_DIRECTORIES.map(PathBuf::from));
    }
}
