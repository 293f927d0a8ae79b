//! What can lie over a screen.

use super::page::Scroll;
use crate::opting::{OptOut, Outcome};

/// A box over the screen.
#[derive(Debug)]
pub(crate) enum Overlay {
    /// Every key.
    Help(Scroll),
    /// Really opt out?
    Confirm(OptOut),
    /// Opting out is under way.
    Working,
    /// What came of it.
    Outcome(Box<Outcome>, Scroll),
}
