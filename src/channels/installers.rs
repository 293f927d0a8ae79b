//! Netdata's installers.

use crate::channels::channel::Channel;
use crate::channels::judgement::{Judgement, State};

pub(super) fn channel() -> Channel {
    Channel {
        name: "installers",
        what: "Netdata's installer kickstart.sh reports how an installation went.",
        is_telemetry: false,
        destination: "us-east1-netdata-analytics-bi.cloudfunctions.net".to_owned(),
        judgement: Judgement::new(State::NotThere, "no part of the agent: it reports only while somebody runs it"),
        how_to_stop: "run it with --disable-telemetry, or with DISABLE_TELEMETRY or DO_NOT_TRACK set to exactly 1: it \
                      ignores any other value",
    }
}
