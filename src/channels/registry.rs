//! The registry of the dashboards that a browser has opened.

use crate::channels::channel::{Channel, OptOutEffect, Seen, UNREADABLE};

pub(super) fn channel(seen: &Seen<'_>) -> Channel {
    Channel {
        name: "registry",
        what: "The registry: the browser of whoever looks at the dashboard tells it the agent's identifier, and in a header the dashboard's address.",
        reach: OptOutEffect::Not,
        state: match seen.files.conf.as_ref().map(|conf| conf.get("registry", "registry to announce")) {
            Some(None) => "the agent's default: Netdata's public registry".to_owned(),
            Some(Some(registry)) => format!("{registry} (netdata.conf)"),
            None => UNREADABLE.to_owned(),
        },
        how_to_stop: "\"registry to announce\" in section [registry] of netdata.conf, to a registry of your own",
    }
}
