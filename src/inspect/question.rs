//! What a person asks for.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use crate::agent::folders::DirOverrides;
use crate::call::Invocation;

/// A snapshot of an environment.
pub type Environment = BTreeMap<OsString, OsString>;

/// A person's request for a preview.
#[derive(Debug, Clone)]
pub struct Question {
    /// Ignored for a recorded call, which has its own.
    pub action: String,
    /// A recorded call (`--call FILE`).
    pub call: Option<Invocation>,
    /// Whether to fill unknown values with examples.
    pub examples: bool,
    /// `--config-dir`.
    pub config_dir: Option<PathBuf>,
    /// `--lib-dir`.
    pub lib_dir: Option<PathBuf>,
    /// `--plugins-dir`.
    pub plugins_dir: Option<PathBuf>,
    /// `--daemon-version`: as if a daemon of this version made the call.
    pub daemon_version: Option<String>,
    /// The caller's environment. That of a recorded call has precedence.
    pub environment: Environment,
}

impl Question {
    pub(crate) fn named(&self) -> DirOverrides {
        let plugins = self.plugins_dir.clone();
        DirOverrides { plugins, ..DirOverrides::by_options(self.config_dir.as_deref(), self.lib_dir.as_deref()) }
    }
}
