//! The event with which a person tries a server of their own. From here on it takes the way of every event.

use std::ffi::OsString;

use crate::call::{Invocation, Provenance};
use crate::fields::TEST;

/// In place of the installation's identifier: at the server, events of tests are one installation that nobody has.
pub const IDENTIFIER: &str = "7e577e57-7e57-4e57-8e57-7e577e577e57";

const IDENTITY: &str = "NETDATA_REGISTRY_UNIQUE_ID";

/// A call without what only the daemon knows. `environment`: for the host's names, which are kept out of free text.
pub fn invocation(environment: impl IntoIterator<Item = (OsString, OsString)>) -> Invocation {
    let others = environment.into_iter().filter(|(name, _)| name != IDENTITY);
    let environment = others.chain([(IDENTITY.into(), IDENTIFIER.into())]);
    Invocation::complete([TEST.name.into()], environment, &Provenance::Test)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::shape::is_guid;
    use crate::fields::{ACTIONS, Action};

    #[test]
    fn no_environment_brings_an_identifier() {
        let call = invocation([(IDENTITY.into(), "0f2b7e3a-5a4c-4c67-8f0e-6f1d2c3b4a59".into())]);
        assert!(is_guid(IDENTIFIER));
        assert_eq!(call.known_variable(IDENTITY).unwrap(), IDENTIFIER);
        assert_eq!((call.action(), call.count()), (Some("TEST"), Some(1)));
    }

    #[test]
    fn it_is_no_event_of_the_daemon() {
        assert!(Action::named(TEST.name).is_none() && !ACTIONS.contains(&TEST));
        assert!(!TEST.carries_backlog && !TEST.is_failure && !TEST.called_beside_reports);
    }
}
