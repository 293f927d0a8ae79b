//! The daemon's own report about its last run, which it posts at its start (from v2.3 on).

mod circumstances;
mod crash;
pub mod dedup;
mod field;
pub mod fields;
pub(crate) mod last;
pub mod posted;
mod report;
mod rules;
mod session;

pub use circumstances::{Circumstances, If, Known, ThisMachine};
pub use last::{Kept, LastRun, LastSeen, NoReport, Place, StatusFile};
pub use report::{HOST, Report, Row, Unknown};
pub use rules::{SENDING, go_on_opted_out};

use crate::channels::channel::{Channel, Seen};
use crate::channels::judgement::{Judgement, by_version};

pub(super) fn channel(seen: &Seen<'_>) -> Channel {
    Channel {
        name: "crash-reports",
        what: "The daemon's own report, at each of its starts (from v2.3 on), about its last run and this machine.",
        is_telemetry: true,
        destination: "agent-events.netdata.cloud".to_owned(),
        judgement: judgement(seen),
        how_to_stop: "crash reports = off, in section [global] of netdata.conf; the opt-out file alone does not stop them \
                      on an agent that was ever connected to the Cloud",
    }
}

/// Whether the daemon reports, by the rules of its version.
pub fn judgement(seen: &Seen<'_>) -> Judgement {
    by_version(seen.version, |release| rules::judge(release, seen))
}
