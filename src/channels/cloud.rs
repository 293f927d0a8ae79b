//! The connection to Netdata Cloud.

use crate::channels::channel::{Channel, Seen};
use crate::channels::judgement::{Judgement, State};

pub(super) fn channel(seen: &Seen<'_>) -> Channel {
    Channel {
        name: "cloud",
        what: "The connection of a claimed agent to Netdata Cloud. It carries what the Cloud shows.",
        is_telemetry: false,
        destination: "app.netdata.cloud, *.netdata.cloud".to_owned(),
        judgement: match &seen.files.claimed {
            Ok(true) => Judgement::new(State::On, "this agent is claimed"),
            Ok(false) => Judgement::new(State::Off, "this agent is not claimed"),
            Err(why) => Judgement::new(State::Unknown, why),
        },
        how_to_stop: "remove the agent from its space, and the folder cloud.d from its library directory",
    }
}
