//! The events of the agent's dashboard in words, for the command and the screen.

use anonymous_statistics::channels::Channel;
use anonymous_statistics::channels::dashboard::{self, Recording};
use anonymous_statistics::clock::UnixMillis;
use anonymous_statistics::inspect::Preview;
use anonymous_statistics::request::payload::{EventId, Uuid};
use serde::Serialize;

use crate::present::words;

/// These events, in sentences.
pub(crate) const ABOUT: &str = "The dashboard's events leave from the browser of whoever looks at it. They are shown here as \
    dashboard/telemetry.js sends them: it asks the agent first, and again before it sends. This program cannot see into a \
    browser, and asks the agent nothing.";

/// The decision about them, in sentences.
pub(crate) const DECIDES: &str = "The agent decides: a dashboard asks it, and it says true or false (anonymous_statistics). \
    It goes by whether it found the opt-out file when it started, and from v2.3 on by DISABLE_TELEMETRY too.";

/// The recording of the agent's own dashboard, in sentences.
pub(crate) const STOCK: &str = "The dashboard that comes with the agent does not use telemetry.js. It loads PostHog's client \
    from app.posthog.com, and masks what it sends only after the first events were made.";

/// Unused values: a browser makes the numbers and times of these events.
pub(crate) static STAMP: EventId = EventId { uuid: Uuid::nil(), time: UnixMillis(0) };

/// The dashboard's channel on this machine.
pub(crate) fn channel(preview: &Preview) -> Option<Channel> {
    preview.channels().into_iter().find(|channel| channel.name == "dashboard")
}

pub(crate) fn state(preview: &Preview) -> String {
    channel(preview).map_or_else(String::new, |channel| words::judged(&channel))
}

pub(crate) fn destination() -> String {
    format!("{}batch/, unless the dashboard names another", dashboard::DESTINATION)
}

/// The properties that PostHog's client adds: a heading and the names, for the kept and the removed ones.
pub(crate) fn client() -> (Recording, [(&'static str, Vec<&'static str>); 2]) {
    let recording = dashboard::client();
    let (kept, removed) = recording.kept_and_removed();
    (recording, [("telemetry.js lets pass", kept), ("telemetry.js removes or masks", removed)])
}

/// The same for programs.
#[derive(Serialize)]
pub(crate) struct Client {
    program: &'static str,
    kept: Vec<&'static str>,
    removed: Vec<&'static str>,
}

impl Client {
    pub(crate) fn recorded() -> Self {
        let recording = dashboard::client();
        let (kept, removed) = recording.kept_and_removed();
        Self { program: recording.program, kept, removed }
    }
}

/// The properties that the agent's own dashboard sends, for programs.
#[derive(Serialize)]
pub(crate) struct Stock {
    program: &'static str,
    properties: Vec<&'static str>,
}

impl Stock {
    pub(crate) fn recorded() -> Self {
        let Recording { program, names } = dashboard::stock();
        Self { program, properties: names }
    }
}
