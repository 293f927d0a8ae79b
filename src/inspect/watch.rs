//! Detects changes of the files behind a preview.
//!
//! It compares the lstat(2) results of about forty paths, in about fifty microseconds. Once a second that is far below
//! 0.1 % of a processor. inotify(7) would cost nothing between changes, but it exists only on Linux, misses changes by
//! other hosts on network file systems, and needs existing, readable folders: an agent that is installed meanwhile
//! would need a watch on each folder above it.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::agent::folders::{CONFIG_DIRECTORIES, DirOverrides, Folders, LIBRARY_DIRECTORIES, PLUGIN_DIRECTORIES};
use crate::agent::installed_sender::SCRIPT;
use crate::agent::next_call::IDENTITY_FILE;
use crate::config;
use crate::consent::OPT_OUT_FILE;
use crate::consent::opt_out_file::opt_out_file;
use crate::inspect::{Preview, Question};

/// The watched aspect of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aspect {
    /// The lstat(2) metadata of its content: a folder's changes when a file in it comes or goes.
    Content,
    /// Its existence. The agent writes into its own folders all the time, which does not matter here.
    Existence,
}

/// The state of a path. Times are seconds and nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    There,
    Missing(Option<i32>),
    Content { file: (u64, u64), size: u64, mode: u32, modified: (i64, i64), changed: (i64, i64) },
}

/// The state of all files behind a preview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    marks: Vec<(PathBuf, Aspect, Mark)>,
}

impl Snapshot {
    /// Records the files that are known to matter before the question is answered, including those of the last answer.
    pub fn before(question: &Question, last: Option<&Self>) -> Self {
        let variable = |name: &str| match &question.call {
            Some(call) => call.known_variable(name),
            None => question.environment.get(OsStr::new(name)).map(OsString::as_os_str),
        };
        let mut places =
            places(&Folders::find(&[question.named(), DirOverrides::by_variables(variable)], Path::is_dir));
        // The choice of the agent's folders depends on which exist, and on the running daemon.
        let usual = CONFIG_DIRECTORIES.iter().chain(&LIBRARY_DIRECTORIES).chain(&PLUGIN_DIRECTORIES);
        places.extend(usual.map(|folder| (PathBuf::from(folder), Aspect::Existence)));
        places.extend(PROCESS_FILES.map(|file| (PathBuf::from(file), Aspect::Content)));
        places.extend(last.into_iter().flat_map(|last| &last.marks).map(|(path, aspect, _)| (path.clone(), *aspect)));
        let mut watched = Self { marks: Vec::new() };
        watched.add(places);
        watched
    }

    /// Adds the files that the answer revealed: a daemon may name folders of its own.
    #[must_use]
    pub fn after(mut self, preview: &Preview) -> Self {
        self.add(places(&preview.folders));
        self.add(preview.targets.iter().map(|target| (opt_out_file(&target.folder), Aspect::Content)).collect());
        let processes = preview.daemons.running.iter().map(|daemon| PathBuf::from(format!("/proc/{}", daemon.process)));
        self.add(processes.map(|process| (process, Aspect::Existence)).collect());
        if let Some((unit, _)) = &preview.daemons.unit {
            self.add(vec![(PathBuf::from(&unit.path), Aspect::Content)]);
        }
        self
    }

    fn add(&mut self, places: Vec<(PathBuf, Aspect)>) {
        for (path, aspect) in places {
            if !self.marks.iter().any(|(known, how, _)| (known, how) == (&path, &aspect)) {
                let mark = look(&path, aspect);
                self.marks.push((path, aspect, mark));
            }
        }
    }

    pub fn has_changed(&self) -> bool {
        self.marks.iter().any(|(path, aspect, mark)| look(path, *aspect) != *mark)
    }
}

/// The files in which a starting daemon writes its process id.
const PROCESS_FILES: [&str; 3] =
    ["/run/netdata/netdata.pid", "/run/netdata.pid", "/opt/netdata/var/run/netdata/netdata.pid"];

fn places(folders: &Folders) -> Vec<(PathBuf, Aspect)> {
    let content = |path: PathBuf| (path, Aspect::Content);
    let mut places: Vec<_> = folders.consent.iter().map(|folder| content(folder.join(OPT_OUT_FILE))).collect();
    if let Some(folder) = folders.config_path() {
        places.push(content(folder.join(config::FILE)));
    }
    places.extend(folders.conf.iter().cloned().map(content));
    if let Some(folder) = folders.library_path() {
        places.push(content(folder.join(IDENTITY_FILE)));
    }
    if let Some(state) = folders.state() {
        places.extend(["waiting", "sent"].map(|name| content(state.join(name))));
    }
    if let Some(folder) = folders.plugins_path() {
        places.push(content(folder.join(SCRIPT)));
    }
    places
}

fn look(path: &Path, aspect: Aspect) -> Mark {
    match std::fs::symlink_metadata(path) {
        Err(error) => Mark::Missing(error.raw_os_error()),
        Ok(_) if aspect == Aspect::Existence => Mark::There,
        Ok(metadata) => Mark::Content {
            file: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            mode: metadata.mode(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::fs;

    #[test]
    fn every_change_that_matters_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["etc", "lib", "lib/anonymous-statistics", "lib/anonymous-statistics/waiting", "plugins"] {
            fs::create_dir(path(name)).unwrap();
        }
        let question = Question {
            action: "START".to_owned(),
            call: None,
            examples: false,
            config_dir: Some(path("etc")),
            lib_dir: Some(path("lib")),
            plugins_dir: None,
            daemon_version: None,
            environment: BTreeMap::from([("NETDATA_PLUGINS_DIR".into(), path("plugins").into_os_string())]),
        };
        let event = path("lib/anonymous-statistics/waiting/1-0b5d7d7e-4f0f-4f3a-9a57-3c1a6a2f1c11");
        let steps: [(&str, &dyn Fn()); 8] = [
            ("the file opts out", &|| fs::write(path("etc").join(OPT_OUT_FILE), "").unwrap()),
            ("and is gone", &|| fs::remove_file(path("etc").join(OPT_OUT_FILE)).unwrap()),
            ("configured", &|| fs::write(path("etc").join(config::FILE), "").unwrap()),
            ("otherwise", &|| fs::write(path("etc").join(config::FILE), "history = 0").unwrap()),
            ("an event waits", &|| fs::write(&event, "").unwrap()),
            ("and is sent", &|| fs::remove_file(&event).unwrap()),
            ("history", &|| fs::create_dir(path("lib/anonymous-statistics/sent")).unwrap()),
            ("a sender", &|| fs::write(path("plugins").join(SCRIPT), "").unwrap()),
        ];
        for (what, change) in steps {
            let watched = Snapshot::before(&question, None);
            assert!(!watched.has_changed(), "before: {what}");
            // Some file systems have the time resolution of a clock tick.
            std::thread::sleep(std::time::Duration::from_millis(20));
            change();
            assert!(watched.has_changed(), "{what}");
        }
        let watched = Snapshot::before(&question, None);
        fs::write(path("lib/other"), "").unwrap();
        fs::write(path("etc/other.conf"), "").unwrap();
        assert!(!watched.has_changed(), "the agent's other files do not matter");
        fs::write(path("etc/netdata.conf"), "").unwrap();
        assert!(watched.has_changed(), "but those that are read do");
    }

    #[test]
    fn what_a_look_rested_on_is_looked_at_before_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let question = Question {
            action: "START".to_owned(),
            call: None,
            examples: false,
            config_dir: Some(folder.path().join("etc")),
            lib_dir: None,
            plugins_dir: None,
            daemon_version: None,
            environment: BTreeMap::new(),
        };
        let other = Question { config_dir: Some(folder.path().join("other")), ..question.clone() };
        let last = Snapshot::before(&question, None).after(&Preview::look(&other));
        let next = Snapshot::before(&question, Some(&last));
        assert_eq!(next.marks.len(), last.marks.len());
        fs::create_dir(folder.path().join("other")).unwrap();
        fs::write(folder.path().join("other").join(OPT_OUT_FILE), "").unwrap();
        assert!(next.has_changed());
    }
}
