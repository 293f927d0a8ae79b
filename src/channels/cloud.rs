//! The connection to Netdata Cloud.

use crate::channels::channel::{Channel, OptOutEffect, Seen};

pub(super) fn channel(seen: &Seen<'_>) -> Channel {
    Channel {
        name: "cloud",
        what: "The connection of a claimed agent to Netdata Cloud. It carries what the Cloud shows.",
        reach: OptOutEffect::Not,
        state: match seen.files.claimed {
            Some(true) => "this agent is claimed",
            Some(false) => "this agent is not claimed",
            None => "cannot be told from this account",
        }
        .to_owned(),
        how_to_stop: "remove the agent from its space, and the folder cloud.d from its library directory",
    }
}
