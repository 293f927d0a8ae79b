//! Every way in which an agent can report about its machine, each judged as its own program judges it: one file each.

mod channel;
mod cloud;
pub mod crash_reports;
pub mod dashboard;
pub mod events;
pub mod hooks;
mod installers;
mod judgement;
mod registry;
mod sentry;
mod verdict;

pub use channel::{Channel, Files, OPT_OUT, Seen, Settings};
pub use judgement::{Effect, Judgement, State, Step};
pub use verdict::Verdict;

/// The names of all channels, in their order.
pub const NAMES: [&str; 8] =
    ["events", "hooks", "crash-reports", "sentry", "dashboard", "cloud", "registry", "installers"];

/// Every channel, with its judgement on this machine.
pub fn channels(events: &events::Events<'_>, seen: &Seen<'_>) -> Vec<Channel> {
    vec![
        events.channel(seen),
        hooks::channel(&events.by_hooks()),
        crash_reports::channel(seen),
        sentry::channel(seen),
        dashboard::channel(seen),
        cloud::channel(seen),
        registry::channel(seen),
        installers::channel(),
    ]
}
