//! The actions that a person can start, and their results.

pub(crate) mod configuring;
mod elsewhere;
pub(crate) mod netdata_conf;
pub(crate) mod opting;
pub(crate) mod report;
pub(crate) mod rights;
pub(crate) mod saving;
pub(crate) mod testing;
pub(crate) mod withholding;

use std::fmt;
use std::os::fd::AsFd;
use std::path::Path;

use opting::{OptIn, OptOut};
use report::Report;
use saving::Save;
use withholding::Withhold;

use crate::present::words;

/// An action that begins once it is confirmed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    OptOut(OptOut),
    OptIn(OptIn),
    Save(Save),
    Withhold(Withhold),
}

impl Plan {
    pub(crate) fn steps(&self) -> Vec<Step> {
        match self {
            Self::OptOut(plan) => plan.steps(),
            Self::OptIn(plan) => plan.steps(),
            Self::Save(plan) => vec![plan.step()],
            Self::Withhold(plan) => vec![plan.step()],
        }
    }

    /// What else there is to know, in sentences.
    pub(crate) fn notes(&self) -> Vec<String> {
        match self {
            Self::OptOut(plan) => plan.notes(),
            Self::OptIn(plan) => plan.notes(),
            Self::Save(_) => vec!["Nothing is overwritten, and nothing is sent.".to_owned()],
            Self::Withhold(plan) => plan.notes(),
        }
    }

    /// `folder` receives a saved request.
    pub(crate) fn perform(self, folder: impl AsFd) -> Report {
        match self {
            Self::OptOut(plan) => plan.perform().report(),
            Self::OptIn(plan) => plan.report(),
            Self::Save(plan) => plan.perform(folder),
            Self::Withhold(plan) => plan.report(),
        }
    }
}

/// A part of a plan: the end of a sentence that begins with "this will".
#[derive(Debug, Default)]
pub(crate) struct Step {
    pub(crate) does: &'static str,
    /// The file; screens show it on a line of its own. Empty without one.
    pub(crate) path: String,
    pub(crate) how: String,
    /// The lines of the file that change.
    pub(crate) lines: Vec<String>,
}

impl Step {
    fn with(does: &'static str, path: &Path) -> Self {
        Self { does, path: words::path(path), ..Self::default() }
    }

    fn delete_events() -> Self {
        Self { does: "delete events that wait to be sent", ..Self::default() }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { does, path, how, lines } = self;
        let (between, end) = (if path.is_empty() { "" } else { " " }, if lines.is_empty() { "." } else { ":" });
        write!(f, "{does}{between}{path}{how}{end}")?;
        lines.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}
