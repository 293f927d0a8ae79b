//! What came of something that a person asked the screens to do.

/// It stays on the screen until it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) title: &'static str,
    pub(crate) sentences: Vec<String>,
    /// What would do it where it was not possible here.
    pub(crate) commands: Vec<String>,
    /// Whether it was about consent, so that the disk is read again and what it says is shown.
    pub(crate) consent: bool,
}
