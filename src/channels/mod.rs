//! Every way in which an agent can tell somebody about its machine, and what the opt-out does about it: one file each.
//!
//! This project's sender is one of them. Of the others only what their own files say can be told.

mod channel;
mod cloud;
mod crash_reports;
pub mod dashboard;
pub mod events;
mod installers;
mod registry;

pub use channel::{Channel, Files, Reach, Seen};

/// Every channel, with what is known of it on this machine.
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
