//! The judgement of a channel by the rules of the program that sends there, with its trace.

use crate::agent::version::Version;
use crate::consent::Decision;
use crate::release::Release;

/// Whether a channel sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    On,
    /// It is on, but silent at the agent's next start.
    OnLater,
    /// It is off, and stays off until somebody changes something.
    Off,
    /// This agent has no such channel.
    NotThere,
    Unknown,
}

impl State {
    /// Stable between versions, for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::OnLater => "on-later",
            Self::Off => "off",
            Self::NotThere => "not-there",
            Self::Unknown => "unknown",
        }
    }

    pub const fn describe(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::OnLater => "on, not at the next start",
            Self::Off => "off",
            Self::NotThere => "not there",
            Self::Unknown => "cannot tell",
        }
    }

    pub const fn sends(self) -> bool {
        matches!(self, Self::On | Self::OnLater)
    }

    pub const fn is_silent(self) -> bool {
        matches!(self, Self::Off | Self::NotThere)
    }
}

/// The effect of a finding on a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    On,
    Off,
    /// It leaves the channel as it is.
    None,
    /// It could not be seen.
    Unknown,
}

impl Effect {
    pub(super) const fn of(decision: Decision) -> Self {
        match decision {
            Decision::Allowed => Self::None,
            Decision::OptedOut => Self::Off,
            Decision::Unknown => Self::Unknown,
        }
    }

    pub const fn describe(self) -> &'static str {
        match self {
            Self::On => "turns it on",
            Self::Off => "turns it off",
            Self::None => "no effect",
            Self::Unknown => "cannot tell",
        }
    }
}

/// A question of the sending program, and its answer here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub asked: String,
    pub found: String,
    pub effect: Effect,
}

impl Step {
    pub(super) fn new(asked: impl Into<String>, found: impl Into<String>, effect: Effect) -> Self {
        Self { asked: asked.into(), found: found.into(), effect }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    pub state: State,
    /// The reason, in words.
    pub why: String,
    /// In the order of the sending program.
    pub trace: Vec<Step>,
}

impl Judgement {
    pub(super) fn new(state: State, why: impl Into<String>) -> Self {
        Self { state, why: why.into(), trace: Vec::new() }
    }

    pub(super) fn with(self, trace: Vec<Step>) -> Self {
        Self { trace, ..self }
    }
}

/// Judges by the agent's version. An unknown one is judged as every version that it could be; a version that is newer
/// than the known rules is never called off.
pub(super) fn by_version(version: Option<&Version>, judge: impl Fn(Release) -> Judgement) -> Judgement {
    let Some((first, last)) = version.and_then(|version| Release::range(&version.text)) else {
        return newer(of_known(judge), "the agent's version is not known here");
    };
    let judgement = if first == last { judge(first) } else { of_any(vec![judge(first), judge(last)]) };
    if last > Release::NEWEST_KNOWN {
        newer(judgement, &format!("this is v{last}, or on the way to it"))
    } else {
        judgement
    }
}

/// The judgement that holds for every version whose rules are known.
pub(super) fn of_known(judge: impl Fn(Release) -> Judgement) -> Judgement {
    of_any(Release::ERAS.iter().map(|release| judge(*release)).collect())
}

/// What may be newer than the known rules is never called off.
fn newer(judgement: Judgement, version: &str) -> Judgement {
    if !judgement.state.is_silent() {
        return judgement;
    }
    let (newest, by_those) = (Release::NEWEST_KNOWN, judgement.state.describe());
    let why = format!("the rules are known up to v{newest}, and {version}; by the newest known ones: {by_those}");
    Judgement { state: State::Unknown, why, ..judgement }
}

/// The judgement that holds for all of these versions.
fn of_any(all: Vec<Judgement>) -> Judgement {
    let is = |one: fn(State) -> bool| all.iter().all(|judgement| one(judgement.state));
    let chosen = if is(|state| state == State::NotThere) {
        Some(State::NotThere)
    } else if is(State::is_silent) {
        Some(State::Off)
    } else if is(State::sends) {
        Some(State::On)
    } else {
        None
    };
    // The newest versions have the longest trace.
    let newest = |is: &dyn Fn(State) -> bool| all.iter().rev().find(|judgement| is(judgement.state)).cloned();
    if let Some(state) = chosen {
        let judgement = newest(&|one| one == state).or_else(|| newest(&|_state| true));
        return judgement.map_or_else(|| Judgement::new(State::Unknown, ""), |found| Judgement { state, ..found });
    }
    let why = newest(&|state| !state.is_silent()).map_or_else(String::new, |judgement| judgement.why);
    let trace = all.into_iter().next_back().map_or_else(Vec::new, |judgement| judgement.trace);
    let why = format!("it depends on the agent's version, which is not known exactly here: {why}");
    Judgement::new(State::Unknown, why).with(trace)
}
