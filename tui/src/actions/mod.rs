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

use std::os::fd::AsFd;

use opting::{OptIn, OptOut};
use report::Report;
use saving::Save;
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
