//! The steps of a plan, before any is done.

use std::fmt;
use std::path::Path;

use crate::present::words;

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
    pub(super) fn with(does: &'static str, path: &Path) -> Self {
        Self { does, path: words::path(path), ..Self::default() }
    }

    pub(super) fn delete_events() -> Self {
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
