//! Why there is no request.

use std::fmt;

use crate::config::ConfigError;
use crate::destination::NoDestination;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoRequest {
    Config(ConfigError),
    Destination(NoDestination),
    /// The action is not letters, digits and underscores.
    Action,
    /// No usable identifier. None is made up, and none is derived from the machine.
    Identity,
    /// The body would be larger than this many bytes.
    TooLarge(usize),
    /// Without a random number no event can be told from another.
    NoRandomNumber(getrandom::Error),
}

impl fmt::Display for NoRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Destination(none) => none.fmt(f),
            Self::Action => {
                f.write_str("the action must be letters, digits and underscores, at most 32 (START, EXIT, FATAL ...)")
            }
            Self::Identity => f.write_str(
                "NETDATA_REGISTRY_UNIQUE_ID is not a GUID, so there is no identifier to send an event under",
            ),
            Self::TooLarge(bytes) => write!(f, "the body would be larger than {bytes} bytes"),
            Self::NoRandomNumber(error) => write!(
                f,
                "nothing is sent: the system gives no random number, by which one event is told from another ({error})"
            ),
        }
    }
}

impl std::error::Error for NoRequest {}

impl From<NoDestination> for NoRequest {
    fn from(none: NoDestination) -> Self {
        Self::Destination(none)
    }
}

impl From<ConfigError> for NoRequest {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}
