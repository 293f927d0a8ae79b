//! The events of the agent's dashboard in words, for the command and the screen.

use anonymous_statistics::channels::dashboard;
use anonymous_statistics::clock::UnixMillis;
use anonymous_statistics::inspect::Preview;
use anonymous_statistics::request::payload::{EventId, Uuid};
use serde::Serialize;

use crate::output::object;
use crate::present::words;

/// These events, in sentences.
pub(crate) const ABOUT: &str = "The dashboard's events leave from the browser of whoever looks at it. They are shown here as \
    dashboard/telemetry.js sends them: it asks the agent first, and again before it sends. This program cannot see into a \
    browser, and asks the agent nothing.";

/// The decision about them, in sentences.
pub(crate) const DECIDES: &str = "The agent decides: a dashboard asks it, and it says true or false (anonymous_statistics). \
    It goes by whether it found the opt-out file when it started, and from v2.3 on by DISABLE_TELEMETRY too.";

/// The recording of the agent's own dashboard, in sentences.
const STOCK: &str = "The dashboard that comes with the agent does not use telemetry.js. It loads PostHog's client \
    from app.posthog.com, and masks what it sends only after the first events were made.";

/// Unused values: a browser makes the numbers and times of these events.
pub(crate) static STAMP: EventId = EventId { uuid: Uuid::nil(), time: UnixMillis(0) };

/// That of the dashboard's channel on this machine.
pub(crate) fn state(preview: &Preview) -> String {
    let channels = preview.channels();
    let channel = channels.iter().find(|channel| channel.name == "dashboard");
    channel.map_or_else(String::new, words::judged)
}

pub(crate) fn destination() -> String {
    format!("{}batch/, unless the dashboard names another", dashboard::DESTINATION)
}

/// What others send, as recorded: a heading each, and sentences.
pub(crate) fn recordings() -> [(String, Vec<String>); 2] {
    let (client, stock) = (dashboard::client(), dashboard::stock());
    let (kept, removed) = client.kept_and_removed();
    let listed = |what: &str, names: &[&str]| format!("{what}: {}", names.join(", "));
    let passes = [listed("telemetry.js lets pass", &kept), listed("telemetry.js removes or masks", &removed)];
    [
        (format!("PostHog's client adds ({}, recorded)", client.program), passes.into()),
        (
            format!("The agent's own dashboard ({}, recorded)", stock.program),
            vec![STOCK.to_owned(), listed("It sends", &stock.names)],
        ),
    ]
}

/// The same for programs.
pub(crate) fn recorded() -> (impl Serialize, impl Serialize) {
    let (client, stock) = (dashboard::client(), dashboard::stock());
    let (kept, removed) = client.kept_and_removed();
    (
        object! { program: client.program, kept: kept, removed: removed },
        object! { program: stock.program, properties: stock.names },
    )
}
