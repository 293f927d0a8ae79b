//! The trace of one value, from the question to the request.

use anonymous_statistics::config::WITHHELD;
use anonymous_statistics::fields::Field;
use anonymous_statistics::request::event::{Cause, Content, Entry};
use anonymous_statistics::request::payload::EventId;
use anonymous_statistics::text::printable;

use crate::present::words;

pub(crate) fn steps(entry: &Entry, stamp: &EventId) -> Vec<(&'static str, String)> {
    let mut steps: Vec<_> = words::evidence(entry).into_iter().map(|asked| ("asked", asked)).collect();
    if let Some(raw) = raw(entry) {
        let whose = match &entry.cause {
            Cause::Said(provenance) => provenance.to_string(),
            Cause::Collected { source: Some(source), .. } => format!("decided by {source}"),
            _ => "found".to_owned(),
        };
        steps.push(("raw", format!("{raw} ({whose})")));
    }
    let form = entry.field.shape.describe();
    match &entry.content {
        Content::Sent(_) => {
            steps.push(("checked", format!("it is {form}")));
            steps.push(("sent", words::value(entry, stamp)));
        }
        Content::Frozen => steps.push(("sent", format!("{} (another in every event)", words::value(entry, stamp)))),
        Content::Dropped(misfit) => {
            steps.push(("checked", format!("{}; it must be {form}", misfit.describe())));
            steps.push(("sent", "nothing but this field's name, in dropped_fields".to_owned()));
        }
        Content::NotKnownHere if words::is_of_browser(entry.field) => {
            let by = words::set_by(entry.field).trim_start_matches("set ");
            steps.push(("set", format!("{by} when an event is made; nobody knows it before")));
        }
        Content::NotKnownHere => {
            steps.push(("checked", format!("when the daemon says it: it must be {form}, or it is left out")));
        }
        Content::Withheld => steps.push(("sent", format!("nothing: {WITHHELD}"))),
        Content::Absent => steps.push(("sent", "nothing".to_owned())),
    }
    steps
}

/// The answer of the daemon or the machine, safe for a terminal.
pub(crate) fn raw(entry: &Entry) -> Option<String> {
    entry.raw.as_deref().map(|raw| if raw.is_empty() { "(empty)".to_owned() } else { printable(raw).into_owned() })
}

/// Whether Netdata says that it collects a field.
pub(crate) const fn documentation(field: &Field) -> &'static str {
    if field.documented { "named by Netdata's own telemetry page" } else { "not named by Netdata's own telemetry page" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use anonymous_statistics::agent::installed_sender::Program;
    use anonymous_statistics::call::Invocation;

    fn way(invocation: &Invocation, field: &str) -> Vec<(&'static str, String)> {
        let assembly = example::with(invocation, Program::Missing).assembly.unwrap();
        steps(assembly.event.entry(field).unwrap(), &assembly.stamp)
    }

    #[test]
    fn from_what_was_asked_to_what_is_sent() {
        let known = example::last_call("START");
        let labels = |field| way(&known, field).iter().map(|(label, _)| *label).collect::<Vec<_>>();
        assert_eq!(labels("system_kernel_version"), ["asked", "raw", "checked", "sent"]);
        assert_eq!(labels("netdata_version"), ["raw", "checked", "sent"]);
        assert_eq!(labels("uuid"), ["sent"]);
        assert_eq!(labels("$host"), ["checked", "sent"]);
        let open = way(&Invocation::expected("START"), "netdata_version");
        assert_eq!(open.len(), 1);
        assert!(open[0].1.starts_with("when the daemon says it"), "{open:?}");
    }

    #[test]
    fn a_refused_value_is_shown_here_and_not_sent() {
        let mut call = Invocation::expected("START");
        call.know_variable(
            "NETDATA_VERSION",
            "v1 at /home/joe\u{1b}[2J",
            anonymous_statistics::call::Provenance::CallFile,
        );
        let way = way(&call, "netdata_version");
        assert!(way[0].1.starts_with("v1 at /home/joe\\u{1b}[2J (the recorded call)"), "{way:?}");
        assert_eq!(way.last().unwrap().1, "nothing but this field's name, in dropped_fields");
    }
}
