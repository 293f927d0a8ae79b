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

/// The folder in the library directory in which events wait and are kept.
pub const STATE_FOLDER: &str = "anonymous-statistics";

/// How a folder was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundBy {
    /// The command line names it.
    Option,
    /// The environment names it.
    Variable,
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

/// What names folders.
#[derive(Debug, Clone, Copy, Default)]
pub struct Named<'a> {
    /// `--config-dir`.
    pub config_dir: Option<&'a Path>,
    /// `--lib-dir`.
    pub lib_dir: Option<&'a Path>,
}

/// Every directory in which the opt-out file counts: the ones that are named and all usual ones, whether or not they
/// exist. To say so, no file is looked at.
pub fn consent_directories<'v>(named: Named<'_>, variable: impl Fn(&str) -> Option<&'v OsStr>) -> Vec<PathBuf> {
    let named_first = [absolute(named.config_dir), absolute(variable("NETDATA_USER_CONFIG_DIR").map(Path::new))];
    let mut directories: Vec<PathBuf> = Vec::new();
    for path in named_first.into_iter().flatten().chain(CONFIG_DIRECTORIES.iter().map(PathBuf::from)) {
        if !directories.contains(&path) {
            directories.push(path);
        }
    }
    directories
}

/// Only absolute paths count: what a relative one means depends on who asks.
fn absolute(path: Option<&Path>) -> Option<PathBuf> {
    path.filter(|path| path.is_absolute()).map(Path::to_owned)
}

/// The library directory, in which events wait and are kept.
pub fn library_directory<'v>(
    named: Named<'_>,
    variable: impl Fn(&str) -> Option<&'v OsStr>,
    exists: impl Fn(&Path) -> bool,
) -> Option<(PathBuf, FoundBy)> {
    choose(named.lib_dir, variable("NETDATA_LIB_DIR"), &LIBRARY_DIRECTORIES, exists)
}

/// *The* config directory, which holds the configuration.
pub fn config_directory<'v>(
    named: Named<'_>,
    variable: impl Fn(&str) -> Option<&'v OsStr>,
    exists: impl Fn(&Path) -> bool,
) -> Option<(PathBuf, FoundBy)> {
    choose(named.config_dir, variable("NETDATA_USER_CONFIG_DIR"), &CONFIG_DIRECTORIES, exists)
}

/// An option wins over a variable, and that over the first usual place that exists.
fn choose(
    option: Option<&Path>,
    variable: Option<&OsStr>,
    usual: &[&str],
    exists: impl Fn(&Path) -> bool,
) -> Option<(PathBuf, FoundBy)> {
    absolute(option)
        .map(|path| (path, FoundBy::Option))
        .or_else(|| absolute(variable.map(Path::new)).map(|path| (path, FoundBy::Variable)))
        .or_else(|| usual.iter().map(PathBuf::from).find(|path| exists(path)).map(|path| (path, FoundBy::Usual)))
}

impl Folders {
    /// Finds the folders.
    pub fn find<'v>(
        named: Named<'_>,
        variable: impl Fn(&str) -> Option<&'v OsStr>,
        exists: impl Fn(&Path) -> bool,
    ) -> Self {
        Self {
            config: config_directory(named, &variable, &exists),
            library: library_directory(named, &variable, &exists),
            plugins: choose(None, variable("NETDATA_PLUGINS_DIR"), &PLUGIN_DIRECTORIES, &exists),
            consent: consent_directories(named, &variable),
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

    fn find(named: Named<'_>, variables: &[(&str, &'static str)], existing: &[&str]) -> Folders {
        let variable = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| OsStr::new(*value));
        Folders::find(named, variable, |path| existing.iter().any(|e| Path::new(e) == path))
    }

    #[test]
    fn an_option_wins_over_a_variable_and_that_over_what_exists() {
        let named = Named { config_dir: Some(Path::new("/a")), lib_dir: None };
        let variables = [("NETDATA_USER_CONFIG_DIR", "/b"), ("NETDATA_LIB_DIR", "/c")];
        let found = find(named, &variables, &["/etc/netdata", "/var/lib/netdata"]);
        assert_eq!(found.config, Some(("/a".into(), FoundBy::Option)));
        assert_eq!(found.library, Some(("/c".into(), FoundBy::Variable)));
        assert_eq!(found.consent.len(), 6);
        assert_eq!(found.consent[..2], [PathBuf::from("/a"), PathBuf::from("/b")]);
    }

    #[test]
    fn the_first_usual_place_that_exists() {
        let found =
            find(Named::default(), &[], &["/usr/local/etc/netdata", "/opt/homebrew/etc/netdata", "/var/db/netdata"]);
        assert_eq!(found.config, Some(("/usr/local/etc/netdata".into(), FoundBy::Usual)));
        assert_eq!(found.state(), Some("/var/db/netdata/anonymous-statistics".into()));
        assert_eq!(found.consent, CONFIG_DIRECTORIES.map(PathBuf::from));
    }

    #[test]
    fn relative_paths_do_not_count() {
        let named = Named { config_dir: Some(Path::new("a")), lib_dir: Some(Path::new("b")) };
        let found = find(named, &[("NETDATA_USER_CONFIG_DIR", "c"), ("NETDATA_LIB_DIR", "")], &[]);
        assert_eq!((found.config, found.library), (None, None));
        assert_eq!(found.consent, CONFIG_DIRECTORIES.map(PathBuf::from));
    }
}
