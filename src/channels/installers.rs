//! Netdata's installers.

use crate::channels::channel::{Channel, OptOutEffect};

pub(super) fn channel() -> Channel {
    Channel {
        name: "installers",
        what: "Netdata's installer and updater (kickstart.sh and others) report how an installation went.",
        reach: OptOutEffect::Not,
        state: "they report only while they run".to_owned(),
        how_to_stop: "run them with DISABLE_TELEMETRY=1 or --disable-telemetry",
    }
}
