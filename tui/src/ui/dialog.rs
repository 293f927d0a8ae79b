//! What can lie over a screen.

use crate::actions::opting::{OptIn, OptOut};
use crate::actions::report::Report;
use crate::actions::saving::Save;
use crate::ui::widgets::page::Scroll;

/// A box over the screen.
#[derive(Debug)]
pub(crate) enum Overlay {
    /// Every key.
    Help(Scroll),
    /// Really opt out?
    OptOut(OptOut),
    /// Really opt in? What was typed so far.
    OptIn(Box<OptIn>, String),
    /// Really create this file?
    Save(Save),
    /// What was confirmed is under way.
    Working(&'static str),
    /// What came of it.
    Report(Box<Report>, Scroll),
}

/// The word that has to be typed to opt in. Opting in must never happen by accident.
pub(crate) const OPT_IN_WORD: &str = "telemetry";
