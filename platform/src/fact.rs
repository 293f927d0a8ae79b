//! A value, its source and its evidence.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::host::Error;
use crate::host::common::is_refused;
use crate::source::Source;

/// The three possible answers to a question. There will be no fourth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State<T> {
    /// There is one, with this value.
    Known(T),
    /// Known to be absent.
    None,
    /// The machine gave no answer.
    #[default]
    Unknown,
}

impl<T> State<T> {
    /// The value, if there is one: nothing for both [`State::None`] and [`State::Unknown`].
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::None | Self::Unknown => None,
        }
    }
}

/// One fact about a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fact<T> {
    /// The answer.
    pub state: State<T>,
    /// What decided the answer; `None` if it is unknown.
    pub source: Option<Source>,
    /// Every question in order, failed ones included. Facts that are decided together share it.
    pub evidence: Arc<[Evidence]>,
}

impl<T> Default for Fact<T> {
    fn default() -> Self {
        Self { state: State::Unknown, source: None, evidence: Arc::default() }
    }
}

impl<T> Fact<T> {
    /// A fact of your own making, for tests of code that reads facts.
    pub fn new(state: State<T>, source: Option<Source>, evidence: impl Into<Arc<[Evidence]>>) -> Self {
        Self { state, source, evidence: evidence.into() }
    }

    /// The value, if there is one.
    pub fn known(&self) -> Option<&T> {
        self.state.known()
    }

    /// Whether only a privileged user can read the source.
    pub fn is_privileged(&self) -> bool {
        self.source.is_some_and(Source::is_privileged)
    }
}

/// One question and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Evidence {
    /// The question: a path, a CPUID leaf or a name of sysctl, and after `: ` the part of it that matters.
    pub asked: Cow<'static, str>,
    /// The answer.
    pub outcome: Outcome,
}

impl Evidence {
    /// A question and its answer.
    pub fn new(asked: impl Into<Cow<'static, str>>, outcome: Outcome) -> Self {
        Self { asked: asked.into(), outcome }
    }

    /// Whether only a privileged user gets an answer.
    pub fn is_privileged(&self) -> bool {
        is_refused(self.asked.split(": ").next().unwrap_or_default())
    }
}

/// The answer to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// A value, cleaned and shortened.
    Saw(String),
    /// No answer.
    Failed(Error),
    /// An answer that does not count, because of stronger evidence.
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
