//! Why there is nothing to report, in the words for the service's log.

use std::fmt;

use crate::release::Release;
use crate::text::printable;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Nothing {
    /// A start or end, and all before it, was reported by an earlier call.
    Reported,
    /// The first call: what was before is not reported.
    OnlyNoted,
    /// The run of the status file goes on.
    StillRuns,
    /// Nothing says which run has ended.
    NoRun,
    /// The version of the daemon calls the telemetry script by itself.
    CallsItself(String),
    UnknownVersion(Option<String>),
    /// A version of the status file whose rules are not known.
    UnknownFile(u64),
    /// The status file cannot be seen, or not be trusted, for this reason.
    Unseen(String),
    /// The agent has no identifier yet.
    Identity,
}

impl fmt::Display for Nothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing to send: ")?;
        match self {
            Self::Reported => f.write_str("this was reported before"),
            Self::OnlyNoted => f.write_str("this is the first call, and what was before it is not reported"),
            Self::StillRuns => f.write_str("the agent is running"),
            Self::NoRun => f.write_str("neither the status file nor the service says which run has ended"),
            Self::CallsItself(version) => {
                write!(f, "an agent of version {} calls the telemetry script by itself", printable(version))
            }
            Self::UnknownVersion(None) => f.write_str("the agent's version is not known"),
            Self::UnknownVersion(Some(version)) => {
                let newest = Release::NEWEST_KNOWN;
                write!(f, "the rules are known up to v{newest}, and not those of version {}", printable(version))
            }
            Self::UnknownFile(version) => {
                write!(f, "the rules of version {version} of the status file are not known")
            }
            Self::Unseen(why) => write!(f, "{}", printable(why)),
            Self::Identity => f.write_str("the agent has no identifier yet; none is made up"),
        }
    }
}
