//! A value, what decided it, and what was asked on the way.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::host::Error;
use crate::source::Source;

/// What is known of one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State<T> {
    /// Found out, and this is it.
    Known(T),
    /// Found out: there is none.
    None,
    /// Could not be found out.
    #[default]
    Unknown,
}

impl<T> State<T> {
    /// The value, where there is one.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::None | Self::Unknown => None,
        }
    }
}

/// One fact about a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<T> {
    /// What is known.
    pub state: State<T>,
    /// What decided it; nothing did when it is unknown.
    pub source: Option<Source>,
    /// What was asked, in that order, failures included. Facts that are decided together share it.
    pub evidence: Arc<[Evidence]>,
}

impl<T> Default for Fact<T> {
    fn default() -> Self {
        Self { state: State::Unknown, source: None, evidence: Arc::default() }
    }
}

impl<T> Fact<T> {
    /// The value, where there is one.
    pub fn known(&self) -> Option<&T> {
        self.state.known()
    }

    /// Whether the value rests on what only a privileged user may see.
    pub fn is_privileged(&self) -> bool {
        self.source.is_some_and(Source::is_privileged)
    }
}

/// One question and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What was asked for: a path, a CPUID leaf, a name of sysctl, or what was looked for in one of them.
    pub asked: Cow<'static, str>,
    /// What came of it.
    pub outcome: Outcome,
    /// Whether only a privileged user may ask this.
    pub privileged: bool,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This was seen; cleaned and shortened.
    Saw(String),
    /// There was no answer.
    Failed(Error),
    /// It was answered, and something stronger says otherwise.
    Contradicted(Cow<'static, str>),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Saw(value) if value.is_empty() => f.write_str("(empty)"),
            Self::Saw(value) => f.write_str(value),
            Self::Failed(error) => write!(f, "{error}"),
            Self::Contradicted(why) => write!(f, "passed over: {why}"),
        }
    }
}
