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
    choose(named, |named| named.library.as_ref(), &LIBRARY_DIRECTORIES, exists)
}

/// *The* config directory, which holds the configuration.
pub fn config_directory(named: &[Named], exists: impl Fn(&Path) -> bool) -> Option<(PathBuf, FoundBy)> {
    choose(named, |named| named.config.as_ref(), &CONFIG_DIRECTORIES, exists)
}

/// Whoever names one first wins, and that over the first usual place that exists.
fn choose(
    named: &[Named],
    one: impl Fn(&Named) -> Option<&PathBuf>,
    usual: &[&str],
    exists: impl Fn(&Path) -> bool,
) -> Option<(PathBuf, FoundBy)> {
    named
        .iter()
        .find_map(|named| one(named).map(|path| (path.clone(), named.by)))
        .or_else(|| usual.iter().map(PathBuf::from).find(|path| exists(path)).map(|path| (path, FoundBy::Usual)))
}

impl Folders {
    /// Finds the folders: whoever is first in the list wins.
    pub fn find(named: &[Named], exists: impl Fn(&Path) -> bool) -> Self {
        Self {
            config: config_directory(named, &exists),
            library: library_directory(named, &exists),
            plugins: choose(named, |named| named.plugins.as_ref(), &PLUGIN_DIRECTORIES, &exists),
            consent: consent_directories(named),
        }
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
        let existing = ["/usr/local/etc/netdata", "/opt/homebrew/etc/netdata", "/var/db/netdata"];
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
