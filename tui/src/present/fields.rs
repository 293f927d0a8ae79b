//! The fields of an event: as text, and the part of their JSON that is the same everywhere.

use std::fmt::Write as _;

use anonymous_statistics::fields::{Field, Group};
use anonymous_statistics::request::event::{Entry, Known};
use anonymous_statistics::request::payload::EventId;
use serde::Serialize;

use crate::present::words;

/// What the table says about a field, for programs.
#[derive(Serialize)]
pub(crate) struct About {
    why: &'static str,
    what: &'static str,
    sensitivity: &'static str,
    form: String,
    example: &'static str,
    documented: bool,
}

impl About {
    pub(crate) fn of(field: &'static Field) -> Self {
        Self {
            why: field.purpose.describe(),
            what: field.what,
            sensitivity: field.sensitivity.describe(),
            form: field.shape.describe(),
            example: field.example,
            documented: field.documented,
        }
    }
}

/// The visible fields by group, each with its value, source and purpose.
pub(crate) fn text(entries: &[Entry], stamp: &EventId) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    for group in Group::ALL {
        let of_group: Vec<_> =
            entries.iter().filter(|entry| entry.field.group == group && words::is_shown(entry)).collect();
        if !of_group.is_empty() {
            let _ = writeln!(text, "\n{}", group.title());
        }
        for entry in of_group {
            let example = if entry.known() == Known::Example { "  (example)" } else { "" };
            let _ = writeln!(text, "  {} = {}{example}", entry.field.name, words::value(entry, stamp));
            if let Some(form) = words::instead_of_value(entry) {
                let _ = writeln!(text, "      form: {form}");
            }
            let _ = writeln!(text, "      from: {}", words::source(entry));
            let _ = writeln!(text, "      why:  {}", entry.field.purpose.describe());
        }
    }
    text
}

/// Whether Netdata says that it collects a field.
pub(crate) const fn documentation(field: &Field) -> &'static str {
    if field.documented { "named by Netdata's own telemetry page" } else { "not named by Netdata's own telemetry page" }
}
