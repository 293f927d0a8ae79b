//! Fields as text and as JSON, the same wherever they stand.

use std::fmt::Write as _;

use anonymous_statistics::fields::{Field, Group, withholding};
use anonymous_statistics::inspect::Preview;
use anonymous_statistics::request::event::{Entry, Known};
use anonymous_statistics::request::payload::EventId;
use serde::Serialize;

use crate::output::{WHOLE, object};
use crate::present::commands::Caller;
use crate::present::palette::{Role, heading};
use crate::present::request::Line;
use crate::present::{field_trace, words};

/// What the table says about a field, for programs.
pub(crate) fn about(field: &'static Field) -> impl Serialize {
    object! {
        why: field.purpose.describe(),
        what: field.what,
        sensitivity: field.sensitivity.describe(),
        form: field.shape.describe(),
        example: field.example,
        documented: field.documented,
    }
}

/// A field of an event, for programs.
pub(crate) fn json(entry: &Entry, stamp: &EventId) -> impl Serialize {
    let step = |(step, what)| object! { step: step, what: what };
    let (known, of) = match entry.known() {
        Known::Now => ("now", None),
        Known::LastEvent(time) => ("last-event", Some(time.to_string())),
        Known::Example => ("example", None),
        Known::NotHere => ("not-here", None),
    };
    object! {
        name: entry.field.name,
        group: entry.field.group.title(),
        // As in the body; null if it is unknown here, or left out.
        value: words::value_in_body(entry, stamp),
        known: known,
        // The time of the event with this value.
        of: of,
        note: words::instead_of_value(entry).map(|_form| words::value(entry, stamp)),
        in_body: entry.content.is_in_body(),
        source: words::source(entry),
        // The answer of the daemon or the machine, before its form was checked.
        raw: field_trace::raw(entry),
        evidence: words::evidence(entry),
        way: field_trace::steps(entry, stamp).into_iter().map(step).collect::<Vec<_>>(),
        #[serde(flatten)]
        about: about(entry.field),
    }
}

/// The lines by group, each with the form, the source and the reason of the value below it if that is wanted.
pub(crate) fn text(lines: &[Line], long: bool) -> String {
    let mut text = String::new();
    // The groups of the schema in its order, then the others in theirs.
    let place =
        |line: &&Line| Group::ALL.iter().position(|known| known.title() == line.group).unwrap_or(Group::ALL.len());
    let first = |line: &&Line| lines.iter().position(|other| other.group == line.group);
    let mut sorted: Vec<&Line> = lines.iter().collect();
    sorted.sort_by_key(|line| (place(line), first(line)));
    // Writing to a String cannot fail.
    for group in sorted.chunk_by(|line, next| line.group == next.group) {
        let _ = writeln!(text, "{}", heading(group[0].group));
        for line in group {
            let value = line.role().map_or_else(|| line.value.clone(), |role| role.paint(&line.value));
            let notes = line.notes().join(", ");
            let notes = if notes.is_empty() { notes } else { format!("  ({notes})") };
            let _ = writeln!(text, "  {} = {value}{notes}", Role::Name.paint(&line.name));
            for (label, words) in line.about.iter().filter(|(label, _)| long && SHOWN.contains(label)) {
                let _ = writeln!(text, "      {:6}{words}", format!("{}:", label.to_lowercase()));
            }
            if long {
                let _ = writeln!(text, "      what: {}", line.what);
            }
        }
    }
    text
}

/// The labels of the lines below a value.
const SHOWN: [&str; 3] = ["Form", "From", "Why"];

/// Whether the configuration can withhold the field, and which others go with it.
pub(crate) fn withholding(field: &Field) -> String {
    let others = withholding::together(field).collect::<Vec<_>>().join(", ");
    match withholding::needed(field) {
        Some(why) => format!("not possible: {why}"),
        None if others.is_empty() => "possible (configure --withhold)".to_owned(),
        None => format!("possible (configure --withhold), together with {others}"),
    }
}

/// The last lines of a request as text.
pub(crate) fn end(preview: &Preview, more: &str) -> String {
    let command = Caller::now().command("opt-out", &preview.folders);
    format!("More: {more}.\n{WHOLE}To stop:  {command}\nNothing was sent.\n")
}
