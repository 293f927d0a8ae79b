//! The daemon's own reports about the end of its last run, new in version 2.

use crate::agent::version::Calls;
use crate::channels::channel::{Channel, OptOutEffect, Seen, UNREADABLE};

pub(super) fn channel(seen: &Seen<'_>) -> Channel {
    Channel {
        name: "crash-reports",
        what: "Reports of newer agents (2.x) about how their last run ended.",
        reach: OptOutEffect::Partly,
        state: state(seen),
        how_to_stop: "\"crash reports = off\" in section [global] of netdata.conf; on a claimed agent the opt-out alone \
                      does not stop them",
    }
}

fn state(seen: &Seen<'_>) -> String {
    if seen.version.is_some_and(|version| version.calls() == Calls::All && version.major() != Some(2)) {
        return "this agent has none: they came with version 2".to_owned();
    }
    match (seen.files.conf.as_ref().map(|conf| conf.get("global", "crash reports")), seen.files.claimed) {
        (None, _) => UNREADABLE.to_owned(),
        (Some(Some(setting)), _) => format!("set to \"{setting}\" in netdata.conf"),
        (Some(None), Some(true)) => "the agent's default: on, because this agent is claimed".to_owned(),
        (Some(None), _) => "the agent's default: on unless it finds the opt-out file when it starts".to_owned(),
    }
}
