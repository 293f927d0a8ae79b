//! The registry of the dashboards that a browser has opened.

use crate::channels::channel::{Channel, Seen};
use crate::channels::judgement::{Judgement, State};

pub(super) fn channel(seen: &Seen<'_>) -> Channel {
    Channel {
        name: "registry",
        what: "The registry: the browser of whoever looks at the dashboard tells it the agent's identifier, and in a header the dashboard's address.",
        is_telemetry: false,
        destination: match &seen.files.settings {
            Ok(settings) => settings.registry.clone().unwrap_or_else(|| "registry.my-netdata.io".to_owned()),
            Err(_) => "not known here".to_owned(),
        },
        judgement: match &seen.files.settings {
            Ok(settings) if settings.registry.is_some() => {
                Judgement::new(State::On, "netdata.conf names a registry of its own")
            }
            Ok(_) => Judgement::new(State::On, "the agent's default: Netdata's public registry"),
            Err(why) => Judgement::new(State::Unknown, why),
        },
        how_to_stop: "\"registry to announce\" in section [registry] of netdata.conf, to a registry of your own",
    }
}
