//! A test's own agent, and its daemon's calls.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::{Receiver, sender, set_mode};

/// The identifier in the tests' calls.
pub const GUID: &str = "5c1d2a34-0b7e-4f6a-9d21-7a3e9b8c4d10";

pub const OPT_OUT: &str = ".opt-out-from-anonymous-statistics";

/// The prefix of temporary files in the outbox.
pub const TEMPORARY: &str = ".new-";

/// An agent's folders, in a temporary place.
pub struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["config", "lib", "plugins"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    pub fn sending_to(receiver: &Receiver) -> Self {
        let home = Self::new();
        home.configure(&format!("url = \"{}\"\n", receiver.url()));
        home
    }

    pub fn configure(&self, text: &str) {
        let file = self.config().join("anonymous-statistics.toml");
        std::fs::write(&file, text).unwrap();
        set_mode(&file, 0o644);
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    pub fn lib(&self) -> PathBuf {
        self.folder.path().join("lib")
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn opt_out_file(&self) -> PathBuf {
        self.config().join(OPT_OUT)
    }

    /// Readdresses waiting events to another receiver: a test's server cannot return at its old port.
    pub fn redirect_waiting(&self, from: &Receiver, to: &Receiver) {
        self.configure(&format!("url = \"{}\"\n", to.url()));
        let folder = self.lib().join("anonymous-statistics/waiting");
        for name in self.events("waiting") {
            let entry = std::fs::read_to_string(folder.join(&name)).unwrap();
            std::fs::write(folder.join(&name), entry.replace(&from.address, &to.address)).unwrap();
        }
    }

    /// The names of the events in a state: `waiting` or `sent`. A sender out of time may have left a temporary file
    /// beside them, which a later one deletes.
    pub fn events(&self, state: &str) -> Vec<String> {
        self.files(state).into_iter().filter(|name| !name.starts_with(TEMPORARY)).collect()
    }

    /// The names of events and temporary files in a state.
    pub fn files(&self, state: &str) -> Vec<String> {
        let folder = self.lib().join("anonymous-statistics").join(state);
        let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub fn tree(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![self.folder.path().to_owned()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.symlink_metadata().unwrap().is_dir() {
                    open.push(path.clone());
                }
                found.push(path);
            }
        }
        found.sort();
        found
    }

    /// A call of the daemon with this home's folders in its environment.
    pub fn call(&self, arguments: &[&str]) -> Call {
        let path = |name: &str| self.path().join(name).into_os_string().into_string().unwrap();
        let (config, lib, plugins) = (path("config"), path("lib"), path("plugins"));
        let environment = [
            ("NETDATA_USER_CONFIG_DIR", config.as_str()),
            ("NETDATA_LIB_DIR", &lib),
            ("NETDATA_PLUGINS_DIR", &plugins),
            ("NETDATA_REGISTRY_UNIQUE_ID", GUID),
            ("NETDATA_VERSION", "v1.37.1"),
            ("NETDATA_HOSTNAME", "web1.example.org"),
            ("PATH", "/nonexistent"),
        ];
        Call {
            arguments: arguments.iter().map(ToString::to_string).collect(),
            environment: environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        }
    }

    /// A START call of a daemon of version 1.37.
    pub fn start(&self) -> Call {
        self.call(&full(["START", "-", "-"]))
    }
}

/// The 42 arguments of a daemon of version 1.37 for an action, its result and data.
pub fn full(happened: [&str; 3]) -> Vec<&str> {
    let mut arguments = vec!["null"; 42];
    arguments[..3].copy_from_slice(&happened);
    for (number, value) in [
        (4, "false"),
        (5, "\"dbengine\""),
        (12, r#"{"plugin":"apps.plugin","module":""}, {"plugin":"proc.plugin","module":"/proc/stat"}"#),
        (13, "2"),
        (14, "\"dbengine|Native HTTPS|TLS Host Verification|JSON-C|libcap\""),
        (15, "32"),
        (16, "256"),
        (17, "true"),
        (18, "true"),
        (19, "\"stable\""),
        (34, "\"Next Generation\""),
        (36, "false"),
        (38, "\"unknown\""),
        (41, "-1000"),
    ] {
        arguments[number - 1] = value;
    }
    arguments
}

#[derive(Clone)]
pub struct Call {
    pub arguments: Vec<String>,
    pub environment: BTreeMap<String, String>,
}

impl Call {
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    pub fn command(&self) -> Command {
        self.command_of(sender())
    }

    /// The same with another program.
    pub fn command_of(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.args(&self.arguments).env_clear().envs(&self.environment).current_dir("/").stdin(Stdio::null());
        command
    }

    pub fn run(&self) -> Output {
        self.command().output().unwrap()
    }

    /// In the format of `--call FILE`.
    pub fn record(&self, file: &Path) {
        let call = serde_json::json!({ "argv": self.arguments, "env": self.environment });
        std::fs::write(file, call.to_string()).unwrap();
    }
}
