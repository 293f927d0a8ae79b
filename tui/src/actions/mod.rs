//! The actions that a person can start, and their results.

pub(crate) mod configuring;
mod elsewhere;
pub(crate) mod netdata_conf;
pub(crate) mod opting;
pub(crate) mod report;
pub(crate) mod rights;
pub(crate) mod saving;
pub(crate) mod step;
pub(crate) mod testing;
pub(crate) mod withholding;

use std::os::fd::AsFd;

use opting::{OptIn, OptOut};
use report::Report;
use saving::Save;
use step::Step;
use withholding::Withhold;

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
            Self::Withhold(plan) => vec![plan.configure.step()],
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
