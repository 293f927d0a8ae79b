//! The decision about consent: may this machine send?
//!
//! Never send where Netdata's script or daemon would not have sent. When in doubt, do not send.

mod doubt;
pub mod opt_out_file;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::text::printable;

pub use doubt::Doubt;

pub const OPT_OUT_FILE: &str = ".opt-out-from-anonymous-statistics";

/// The variables that opt out with any value.
///
/// `0` and `false` opt out too: Netdata's script and daemon have always read them so, and sending from machines that
/// are silent today would be the worse mistake.
pub const OPT_OUT_VARIABLES: [&str; 2] = ["DISABLE_TELEMETRY", "DO_NOT_TRACK"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// Every source could be read, and none says no.
    Allowed,
    /// At least one source says no.
    OptedOut,
    /// No source says no, and at least one could not be read.
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The opt-out file in a config directory.
    File(PathBuf),
    Variable(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.write_str(&printable(&path.to_string_lossy())),
            Self::Variable(name) => f.write_str(name),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// No file, or the variable is unset.
    Nothing,
    /// The variable is empty.
    Empty,
    /// The file exists, as this kind of file.
    Exists(&'static str),
    Holds(OsString),
    /// The source could not be read, for this reason.
    CannotLook(String),
}

impl Finding {
    pub fn verdict(&self) -> Decision {
        match self {
            Self::Nothing | Self::Empty => Decision::Allowed,
            Self::Exists(_) | Self::Holds(_) => Decision::OptedOut,
            Self::CannotLook(_) => Decision::Unknown,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("not found"),
            Self::Empty => f.write_str("set, but empty"),
            Self::Exists(kind) => write!(f, "exists ({kind})"),
            Self::Holds(value) => {
                let value = value.to_string_lossy();
                write!(f, "set to \"{}\"", printable(&value))?;
                if matches!(value.trim(), "0" | "false" | "no" | "off") {
                    f.write_str(", which opts out too: Netdata has always read any value so")?;
                }
                Ok(())
            }
            Self::CannotLook(why) => write!(f, "cannot be looked at: {}", printable(why)),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub source: Source,
    pub finding: Finding,
}

impl Step {
    /// The finding in words.
    pub fn found(&self) -> String {
        match (&self.source, &self.finding) {
            (Source::Variable(_), Finding::Nothing) => "not set".to_owned(),
            (_, finding) => finding.to_string(),
        }
    }

    /// What would lift this objection or doubt, in words.
    pub fn what_would_change_it(&self) -> Option<String> {
        match (&self.source, self.finding.verdict()) {
            (_, Decision::Allowed) => None,
            (Source::File(path), Decision::OptedOut) => Some(format!("remove {}", printable(&path.to_string_lossy()))),
            (Source::File(path), Decision::Unknown) if path.is_relative() => Some("name an absolute path".to_owned()),
            (_, Decision::Unknown) => Some("look as a user who may".to_owned()),
            (Source::Variable(name), Decision::OptedOut) => Some(format!("unset {name}")),
        }
    }
}

/// A decision with its trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// In the order of checking.
    pub steps: Vec<Step>,
}

impl Consent {
    /// Decides from the sender's config directories and environment. An error of `variable` says why its value cannot
    /// be seen.
    pub fn decide<'a>(
        config_directories: impl IntoIterator<Item = &'a Path>,
        variable: impl Fn(&str) -> Result<Option<OsString>, Doubt>,
        look: impl Fn(&Path) -> Finding,
    ) -> Self {
        let files = config_directories.into_iter().map(|directory| {
            let path = directory.join(OPT_OUT_FILE);
            let finding = look(&path);
            Step { source: Source::File(path), finding }
        });
        let variables = OPT_OUT_VARIABLES.iter().map(|name| {
            let finding = match variable(name) {
                Ok(None) => Finding::Nothing,
                Ok(Some(value)) if value.as_os_str() == OsStr::new("") => Finding::Empty,
                Ok(Some(value)) => Finding::Holds(value),
                Err(doubt) => Finding::CannotLook(doubt.to_string()),
            };
            Step { source: Source::Variable(name), finding }
        });
        Self { steps: files.chain(variables).collect() }
    }

    pub fn decision(&self) -> Decision {
        let any = |decision| self.steps.iter().any(|step| step.finding.verdict() == decision);
        if any(Decision::OptedOut) {
            Decision::OptedOut
        } else if any(Decision::Unknown) || self.steps.is_empty() {
            Decision::Unknown
        } else {
            Decision::Allowed
        }
    }

    /// Whether only a variable opts out: the dashboard does not check variables.
    pub fn is_by_variable_alone(&self) -> bool {
        let objects = |is: fn(&Source) -> bool| {
            self.steps.iter().any(|step| is(&step.source) && step.finding.verdict() == Decision::OptedOut)
        };
        objects(|source| matches!(source, Source::Variable(_))) && !objects(|source| matches!(source, Source::File(_)))
    }

    /// The steps that do not say `allowed`.
    pub fn in_the_way(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.finding.verdict() != Decision::Allowed)
    }

    /// The first step that decided against sending.
    pub fn reason(&self) -> Option<&Step> {
        let decision = self.decision();
        self.in_the_way().find(|step| step.finding.verdict() == decision)
    }
}

/// Checks for the file without following a final link: it opts out in any form.
pub fn look(path: &Path) -> Finding {
    if path.is_relative() {
        return Finding::CannotLook("what a relative path means depends on who asks".to_owned());
    }
    match std::fs::symlink_metadata(path) {
        Ok(metadata) => {
            let kind = metadata.file_type();
            Finding::Exists(if kind.is_symlink() {
                "a link"
            } else if kind.is_dir() {
                "a folder"
            } else if kind.is_file() {
                "a file"
            } else {
                "a special file"
            })
        }
        // It does not exist, or cannot exist because a part of its path is not a folder.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Finding::Nothing
        }
        Err(error) => Finding::CannotLook(crate::text::reason(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(files: &[Finding], variables: &[(&str, &str)]) -> Decision {
        let directories: Vec<PathBuf> = (0..files.len()).map(|i| PathBuf::from(format!("/{i}"))).collect();
        let variable =
            |name: &str| Ok(variables.iter().find(|(n, _)| *n == name).map(|(_, value)| OsString::from(value)));
        let look = |path: &Path| {
            let index = directories.iter().position(|d| path.starts_with(d)).unwrap();
            files[index].clone()
        };
        Consent::decide(directories.iter().map(PathBuf::as_path), variable, look).decision()
    }

    #[test]
    fn one_no_is_enough_and_doubt_is_no_yes() {
        use Finding::{CannotLook, Exists, Nothing};
        let blind = || CannotLook("permission denied".into());
        assert_eq!(decide(&[Nothing, Nothing], &[]), Decision::Allowed);
        assert_eq!(decide(&[Nothing, Exists("a file")], &[]), Decision::OptedOut);
        assert_eq!(decide(&[blind(), Exists("a file")], &[]), Decision::OptedOut);
        assert_eq!(decide(&[blind(), Nothing], &[]), Decision::Unknown);
        assert_eq!(decide(&[blind()], &[("DO_NOT_TRACK", "1")]), Decision::OptedOut);
    }

    #[test]
    fn any_value_of_a_variable_opts_out() {
        for name in OPT_OUT_VARIABLES {
            for value in ["1", "0", "true", "false", "no", " "] {
                assert_eq!(decide(&[Finding::Nothing], &[(name, value)]), Decision::OptedOut, "{name}={value}");
            }
            assert_eq!(decide(&[Finding::Nothing], &[(name, "")]), Decision::Allowed);
        }
    }

    #[test]
    fn the_file_counts_in_every_form() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        assert_eq!(look(&path("missing")), Finding::Nothing);
        std::fs::write(path("file"), "").unwrap();
        assert_eq!(look(&path("file")), Finding::Exists("a file"));
        assert_eq!(look(&path("file/below")), Finding::Nothing);
        std::os::unix::fs::symlink("nowhere", path("dangling")).unwrap();
        assert_eq!(look(&path("dangling")), Finding::Exists("a link"));
        std::fs::create_dir(path("folder")).unwrap();
        assert_eq!(look(&path("folder")), Finding::Exists("a folder"));
        std::os::unix::fs::symlink("loop", path("loop")).unwrap();
        assert!(matches!(look(&path("loop/x")), Finding::CannotLook(_)));
        assert!(matches!(look(&path(&"x".repeat(300))), Finding::CannotLook(_)));
    }
}
