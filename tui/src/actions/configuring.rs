//! Changing the sender's configuration, and naming a server and a key of one's own in it. The core library acts; the words
//! are here.

use std::ffi::OsStr;
use std::io::ErrorKind;

use anonymous_statistics::agent::conf_file::Refusal;
use anonymous_statistics::agent::own_config::{Barred, Change};
use anonymous_statistics::config::edit::Edit;
use anonymous_statistics::destination::Destination;
use anonymous_statistics::inspect::Preview;

use crate::actions::rights::with_more_rights;
use crate::actions::step::Step;
use crate::output::{Failure, NO_PERMISSION, USAGE};
use crate::present::commands::quoted;
use crate::present::words;

/// A planned change, and the command that repeats it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Configure {
    pub(crate) change: Change,
    commands: Vec<String>,
}

impl Configure {
    pub(crate) fn plan(preview: &Preview, own: &Destination, test: bool) -> Result<Self, Failure> {
        let key = own.api_key.as_deref().unwrap_or_default();
        let (url, test) = (quoted(OsStr::new(&own.endpoint.to_string())), if test { " --test" } else { "" });
        let verb = format!("configure --url {url} --api-key {}{test}", quoted(OsStr::new(key)));
        Self::of(preview, Edit::Server(own), &verb)
    }

    /// `verb` does the same.
    pub(super) fn of(preview: &Preview, edit: Edit<'_>, verb: &str) -> Result<Self, Failure> {
        let folder = preview
            .folders
            .config_path()
            .ok_or_else(|| Failure::new(USAGE, "the agent's config directory was not found; --config-dir names it"))?;
        let commands = with_more_rights(verb, preview);
        match Change::plan(folder, edit, preview.accounts.1) {
            Ok(change) => Ok(Self { change, commands }),
            Err(barred) => Err(failure(&barred, commands)),
        }
    }

    /// What will be written where.
    pub(crate) fn lines(&self) -> Vec<String> {
        let path = words::path(self.change.path());
        if self.change.is_nothing() {
            return vec![format!("{path} already names this server and this key.")];
        }
        format!("This will {}", self.step()).lines().map(str::to_owned).collect()
    }

    pub(super) fn step(&self) -> Step {
        let does = if self.change.creates_file() { "create" } else { "change" };
        // The first three lines are the two paths and the place.
        let diff = self.change.diff();
        let lines = diff.lines().skip(3).filter(|line| !line.starts_with(' ')).map(str::to_owned).collect();
        Step { lines, ..Step::with(does, self.change.path()) }
    }

    pub(crate) fn perform(&self) -> Result<Vec<String>, Failure> {
        if self.change.is_nothing() {
            return Ok(Vec::new());
        }
        self.change.perform().map_err(|refusal| failure(&Barred::File(refusal), self.commands.clone()))?;
        let mut said = vec![format!("Wrote {}.", words::path(self.change.path()))];
        if self.change.is_closed() {
            said.push("As before, not every account may read it: make sure that the daemon's can.".to_owned());
        }
        Ok(said)
    }
}

fn failure(barred: &Barred, commands: Vec<String>) -> Failure {
    let commands = if barred.kind() == ErrorKind::PermissionDenied { commands } else { Vec::new() };
    let what = match barred {
        // It says so itself.
        Barred::Config(error) => error.to_string(),
        barred => format!("cannot write {barred}"),
    };
    let advice = match barred {
        Barred::File(Refusal::Others(path)) => {
            let path = quoted(path.as_os_str());
            vec![format!("Root must own it, and nobody else may write it: chown root {path} && chmod go-w {path}")]
        }
        _ => Vec::new(),
    };
    Failure::new(NO_PERMISSION, what).instead(commands).elsewhere(advice)
}
