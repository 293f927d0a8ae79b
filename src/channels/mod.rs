//! Every way in which an agent can report about its machine, and the effect of the opt-out: one file each.
//!
//! One of them is this project's sender. The others are judged by the agent's files alone.

mod channel;
mod cloud;
mod crash_reports;
pub mod dashboard;
pub mod events;
mod installers;
mod registry;

pub use channel::{Channel, Files, OptOutEffect, Seen};

/// Every channel, with its state on this machine.
pub fn channels(events: &events::Events<'_>, seen: &Seen<'_>) -> Vec<Channel> {
    vec![
        events.channel(),
        dashboard::channel(seen),
        crash_reports::channel(seen),
        cloud::channel(seen),
        registry::channel(seen),
        installers::channel(),
    ]
}
