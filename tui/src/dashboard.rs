//! The events of the agent's dashboard in words, for the command and for the screen.

use anonymous_statistics::config::DEFAULT_URL;
use anonymous_statistics::dashboard::{self, Recording};
use anonymous_statistics::event::{Cause, Content, Entry};
use anonymous_statistics::preview::Preview;
use anonymous_statistics::schema::Origin;
use anonymous_statistics::text::printable;

/// What these events are, in sentences.
pub(crate) const ABOUT: &str = "The dashboard's events leave from the browser of whoever looks at it. They are shown here as \
    dashboard/telemetry.js sends them: it asks the agent first, and again before it sends. This program cannot see into a \
    browser, and asks the agent nothing.";

/// What is recorded of the agent's own dashboard, in sentences.
pub(crate) const STOCK: &str = "The dashboard that comes with the agent does not use telemetry.js. It loads PostHog's client \
    from app.posthog.com, and masks what it sends only after the first events were made.";

/// What is known of the channel on this machine.
pub(crate) fn state(preview: &Preview) -> String {
    let channel = preview.channels.iter().find(|channel| channel.name == "dashboard");
    channel.map_or_else(String::new, |channel| printable(&channel.state).into_owned())
}

/// Where the events go.
pub(crate) fn destination() -> String {
    format!("{}, unless the dashboard names another", DEFAULT_URL.replace("capture", "batch"))
}

/// A field's value, or who sets it.
pub(crate) fn value(entry: &Entry) -> String {
    match (&entry.content, entry.field.origin) {
        (Content::Sent(value), _) => printable(&serde_json::to_string(value).unwrap_or_default()).into_owned(),
        (Content::Dropped(misfit), _) => format!("left out: {}", misfit.describe()),
        (_, Origin::Hello(_)) => "set by the agent".to_owned(),
        (_, Origin::Page) => "set by the dashboard".to_owned(),
        _ => "set by the browser".to_owned(),
    }
}

/// Its form and an example, where the value is not known here.
pub(crate) fn form(entry: &Entry) -> Option<String> {
    let known = matches!(entry.content, Content::Sent(_));
    (!known).then(|| format!("{}; for example {}", entry.field.shape.describe(), entry.field.example))
}

/// Where the value comes from.
pub(crate) fn source(entry: &Entry) -> String {
    let origin = entry.field.origin_in_words();
    match &entry.cause {
        Cause::Said(provenance) => format!("{origin} ({provenance})"),
        _ => origin,
    }
}

/// What PostHog's client adds by itself: a heading and the names, for those that pass and those that do not.
pub(crate) fn client() -> (Recording, [(&'static str, Vec<&'static str>); 2]) {
    let recording = dashboard::client();
    let (kept, removed) = recording.kept_and_removed();
    (recording, [("telemetry.js lets pass", kept), ("telemetry.js removes or masks", removed)])
}
