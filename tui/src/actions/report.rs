//! The result of an action on the screens.

use crate::output::Failure;

/// Stays on the screen until it is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) title: &'static str,
    pub(crate) sentences: Vec<String>,
    /// Commands that would have succeeded where this program could not.
    pub(crate) commands: Vec<String>,
    /// Whether consent was concerned: then the disk is read again, and the new state is shown.
    pub(crate) consent: bool,
}

impl Report {
    pub(super) fn done(title: &'static str, sentences: Vec<String>) -> Self {
        Self { title, sentences, commands: Vec::new(), consent: true }
    }
}

impl From<Failure> for Report {
    fn from(failure: Failure) -> Self {
        // There is no room for other places beside a command.
        let elsewhere = if failure.instead.is_empty() { failure.elsewhere } else { Vec::new() };
        let sentences = std::iter::once(failure.line).chain(failure.said).chain(elsewhere).collect();
        Self { title: "Not done", sentences, commands: failure.instead, consent: true }
    }
}
