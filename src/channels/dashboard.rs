//! The agent's dashboard, which sends events from the browser of its users.
//!
//! This library does not send them. It knows their content: [`DASHBOARD_FIELDS`] is what `dashboard/telemetry.js` lets
//! pass, and the recordings list what PostHog's client and the stock dashboard would add.

use std::fmt::Write as _;
use std::path::PathBuf;

use crate::agent::installed_sender::Program;
use crate::call::Provenance;
use crate::channels::channel::{Channel, NO_PLUGINS, Seen, When};
use crate::channels::judgement::{Effect, Judgement, State, Step, by_version};
use crate::fields::personal::HostNames;
use crate::fields::shape::{Shape, Value};
use crate::fields::{DASHBOARD_FIELDS, Field, Origin, PUBLIC_KEY, Place, VERSION};
use crate::release::Release;
use crate::request::event::{Cause, Content, Entry};

/// Where `dashboard/telemetry.js` sends if the dashboard names no other server.
pub const DESTINATION: &str = "https://posthog.netdata.cloud/";

/// Recorded names of the properties that a program sends.
///
/// The tests in `tests/dashboard` record them in a real browser, and fail on a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    pub program: &'static str,
    /// Sorted.
    pub names: Vec<&'static str>,
}

impl Recording {
    /// The first line names the program; lines that begin with `#` are comments.
    fn read(text: &'static str) -> Self {
        let mut lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self { program: lines.next().unwrap_or_default(), names: lines.collect() }
    }

    /// The names that `dashboard/telemetry.js` lets pass, and those that it removes or replaces.
    pub fn kept_and_removed(&self) -> (Vec<&'static str>, Vec<&'static str>) {
        self.names.iter().partition(|name| is_of_client(name))
    }
}

/// What PostHog's client adds with its default settings.
pub fn client() -> Recording {
    Recording::read(include_str!("../../dashboard/recorded/posthog-js.txt"))
}

/// What the dashboard of Debian's agent sends, including its PostHog client.
pub fn stock() -> Recording {
    Recording::read(include_str!("../../dashboard/recorded/stock-dashboard.txt"))
}

fn is_of_client(name: &str) -> bool {
    DASHBOARD_FIELDS.iter().any(|field| field.name == name && field.origin == Origin::Client)
}

/// All fields of a dashboard's event, with the values that are known here: constants, and the agent's identifier with
/// its file.
pub fn entries(identity: Option<&(String, PathBuf)>) -> Vec<Entry> {
    let entry = |field: &'static Field| {
        let (content, cause) = match field.origin {
            Origin::Constant(value) => (checked(field, value), Cause::Fixed),
            Origin::Hello(_) => match identity {
                Some((guid, path)) => (checked(field, guid), Cause::Said(Provenance::File(path.clone()))),
                None => (Content::NotKnownHere, Cause::Made),
            },
            _ => (Content::NotKnownHere, Cause::Made),
        };
        let raw = identity.map(|(guid, _)| guid.clone()).filter(|_guid| matches!(cause, Cause::Said(_)));
        Entry { field, content, cause, raw }
    };
    DASHBOARD_FIELDS.iter().map(entry).collect()
}

fn checked(field: &Field, text: &str) -> Content {
    field.shape.check_text(text, &HostNames::default()).map_or_else(Content::Dropped, Content::Sent)
}

/// The constants of `dashboard/telemetry.js`, in JavaScript.
pub fn constants() -> String {
    let mut masks = String::new();
    let mut kept = String::new();
    for field in DASHBOARD_FIELDS.iter().filter(|field| field.place == Place::Properties) {
        // Writing into a string cannot fail.
        let _ = match (field.origin, checked(field, field.example)) {
            (Origin::Constant(_), Content::Sent(value)) => writeln!(masks, "    {}: {},", field.name, literal(&value)),
            (Origin::Client, _) => writeln!(kept, "    {}: \"{}\",", field.name, form(field.shape)),
            _ => Ok(()),
        };
    }
    format!(
        "/** The version of the table of fields (`telemetry-preview schema --channel dashboard`). */\n\
         export const SCHEMA_VERSION = {VERSION};\n\
         const API_KEY = \"{PUBLIC_KEY}\";\n\
         const DESTINATION = \"{DESTINATION}\";\n\
         /** What every event says in place of the truth. */\n\
         const MASKS = Object.freeze({{\n{masks}}});\n\
         /** What PostHog's client may say, with its form; nothing else that it adds is sent. */\n\
         const KEPT = Object.freeze({{\n{kept}}});\n"
    )
}

fn literal(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_else(|_no_json| "null".to_owned())
}

/// A shape's name in `dashboard/telemetry.js`.
const fn form(shape: Shape) -> &'static str {
    match shape {
        Shape::Integer { .. } => "number",
        Shape::Boolean | Shape::ConstantBoolean(_) => "boolean",
        Shape::Uuid | Shape::Guid => "id",
        _ => "word",
    }
}

pub(super) fn channel(seen: &Seen<'_>) -> Channel {
    Channel {
        name: "dashboard",
        what: "Events of the agent's dashboard, sent by the browser of whoever looks at it. The verdict is about what the \
               agent tells the browser; whether Netdata's page sends all the same is not known.",
        is_telemetry: true,
        destination: "app.posthog.com, us-assets.i.posthog.com, us.i.posthog.com, www.googletagmanager.com, *.ingest.sentry.io, app.netdata.cloud".to_owned(),
        judgement: by_version(seen.version, |release| judge(release, seen)),
        how_to_stop: "the opt-out file, and a restart of netdata after it was created",
    }
}

/// What the agent tells a dashboard (`anonymous_statistics`). Up to v2.2 the file counts, and whether there is a script;
/// from v2.3 on the file and `DISABLE_TELEMETRY`.
fn judge(release: Release, seen: &Seen<'_>) -> Judgement {
    let served = match &seen.files.settings {
        Ok(settings) if settings.web_mode.as_deref() == Some("none") => {
            // The daemon reads it at its start.
            let judgement = seen.off_since_start(settings.changed);
            return if judgement.state == State::Off {
                Judgement::new(State::NotThere, "netdata.conf turns the agent's web server off")
            } else {
                judgement
            };
        }
        Ok(_) if seen.files.dashboard == Some(false) => {
            return Judgement::new(State::NotThere, "no dashboard is installed");
        }
        Ok(_) => None,
        Err(why) => Some(why),
    };
    let reports = release >= Release::REPORTS;
    // Earlier daemons ask when they have changed their account already.
    let (disabled, mut trace) = seen.disabled(release, if reports { When::AtStart } else { When::Running });
    if !reports {
        let (found, effect) = match &seen.script.program {
            Program::Missing if seen.script.path.is_none() => ("its folder is not known", Effect::Unknown),
            Program::Missing => ("there is none, so the agent says no", Effect::Off),
            Program::CannotTell(_) => ("cannot be looked at", Effect::Unknown),
            _ => ("there is one", Effect::None),
        };
        trace.push(Step::new("the telemetry script", found, effect));
    }
    let judgement = match disabled {
        Ok(true) => seen.off_since_start(seen.opted_out_since()),
        Err(why) => Judgement::new(State::Unknown, why),
        Ok(false) if !reports && seen.script.path.is_none() => Judgement::new(State::Unknown, NO_PLUGINS),
        Ok(false) if !reports && seen.script.program == Program::Missing => {
            Judgement::new(State::Off, "the agent has no telemetry script, and tells browsers to send nothing")
        }
        Ok(false) => match (&seen.script.program, served) {
            (Program::CannotTell(why), _) if !reports => Judgement::new(State::Unknown, why),
            (_, Some(why)) => Judgement::new(State::Unknown, why),
            _ => Judgement::new(State::On, "the agent tells browsers that they may send"),
        },
    };
    judgement.with(trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_name_a_program_and_sorted_properties() {
        for recording in [client(), stock()] {
            assert!(
                recording
                    .program
                    .split_once(' ')
                    .is_some_and(|(_, version)| version.starts_with(|c: char| c.is_ascii_digit())),
                "{}",
                recording.program
            );
            assert!(recording.names.is_sorted() && recording.names.len() > 20, "{recording:?}");
        }
        let (kept, removed) = client().kept_and_removed();
        assert!(
            kept.contains(&"$browser") && removed.contains(&"$raw_user_agent") && removed.contains(&"$current_url")
        );
    }

    #[test]
    fn every_field_that_the_client_gives_was_seen_in_its_recording() {
        let recording = client();
        for field in
            DASHBOARD_FIELDS.iter().filter(|field| field.origin == Origin::Client && field.place == Place::Properties)
        {
            // Chromium on Linux does not tell the version of its operating system.
            assert!(recording.names.contains(&field.name) || field.name == "$os_version", "{}", field.name);
        }
    }

    #[test]
    fn constants_are_masks_and_forms() {
        let constants = constants();
        for line in [
            "    $ip: \"127.0.0.1\",",
            "    $process_person_profile: false,",
            "    $session_id: \"id\",",
            "    $screen_width: \"number\",",
        ] {
            assert!(constants.lines().any(|known| known == line), "{line}");
        }
        assert!(constants.contains("const DESTINATION = \"https://posthog.netdata.cloud/\";"), "{constants}");
        assert!(!constants.contains("distinct_id"));
    }
}
