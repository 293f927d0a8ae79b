//! `explain`: a field in the schema, and its value on this machine.

use std::fmt::Write as _;

use anonymous_statistics::channels::crash_reports::If;
use anonymous_statistics::channels::crash_reports::fields::{FIELDS as REPORT_FIELDS, ReportField};
use anonymous_statistics::fields::{DASHBOARD_FIELDS, FIELDS, Field, Sensitivity};
use anonymous_statistics::inspect::comparison::{self, Column};
use anonymous_statistics::inspect::{Preview, Question};
use anonymous_statistics::text::{nearest, printable};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::cli::Format;
use crate::output::{Failure, USAGE};
use crate::present::field_trace::documentation;
use crate::present::fields::withholding;
use crate::present::palette::Role;
use crate::present::request::Class;
use crate::present::{report, words};
use crate::verbs::done;

pub(crate) fn run(question: &Question, name: Option<&str>, format: Format) -> Result<(), Failure> {
    let preview = Preview::look(question);
    let columns = comparison::columns(question, &preview);
    let named = |known: &str| name.is_none_or(|name| name == known);
    let own = name.is_none_or(|name| FIELDS.iter().any(|field| field.name == name));
    let of_events = if own { FIELDS } else { DASHBOARD_FIELDS }.iter().filter(|field| named(field.name));
    // The only event with the field, or else that of the preview.
    let event = |field: &Field| {
        let action = field.only.unwrap_or(&preview.action);
        columns.iter().find(|column| column.action == action)
    };
    let mut explained: Vec<Explained> = of_events.map(|field| explain(field, event(field))).collect();
    // A name of both is that of the events.
    if name.is_none() || explained.is_empty() {
        let of_report = REPORT_FIELDS.iter().filter(|field| named(field.path));
        explained.extend(of_report.map(|field| explain_report(field, &preview, name.is_none())));
    }
    match (name, explained.as_slice()) {
        (Some(name), []) => Err(unknown(name)),
        (Some(_), [one, ..]) => done::found(format, || one, || one.rows()),
        (None, all) => done::found(format, || all, || all.iter().map(Explained::paragraph).collect()),
    }
}

/// A field, and what there is to say about it: a label and the words each.
struct Explained {
    name: &'static str,
    what: &'static str,
    sensitivity: Sensitivity,
    said: Vec<(&'static str, String)>,
    /// The questions to this machine, with their answers.
    evidence: Vec<String>,
}

impl Explained {
    fn rows(&self) -> String {
        let mut text = format!("{}: {}\n", Role::Name.paint(self.name), self.what);
        let labels = ["evidence"].into_iter().chain(std::iter::repeat(""));
        let said = self.said.iter().map(|(label, words)| (*label, words));
        for (label, words) in said.chain(labels.zip(&self.evidence)) {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {label:12} {words}");
        }
        text
    }

    fn paragraph(&self) -> String {
        let said: Vec<String> = self.said.iter().map(|(label, words)| format!("{label}: {words}")).collect();
        format!("{}: {} {}.\n\n", Role::Name.paint(self.name), self.what, said.join("; "))
    }
}

impl Serialize for Explained {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", self.name)?;
        map.serialize_entry("what", self.what)?;
        for (label, words) in &self.said {
            match *label {
                // For programs it has the name of the schema.
                SENSITIVITY => {
                    let class = self.sensitivity;
                    let text = format!("{} ({})", class.describe(), Class::of(class).meaning());
                    map.serialize_entry(SENSITIVITY, &text)?;
                }
                label => map.serialize_entry(&label.to_lowercase().replace(' ', "_"), words)?,
            }
        }
        map.serialize_entry("evidence", &self.evidence)?;
        map.end()
    }
}

const SENSITIVITY: &str = "sensitivity";

fn sensitivity(class: Sensitivity) -> String {
    let class = Class::of(class);
    format!("{}: {}", class.says(), class.meaning())
}

fn explain(field: &Field, event: Option<&Column>) -> Explained {
    let (mut said, mut evidence) = (Vec::new(), Vec::new());
    let mut row = |label, words: &str| said.push((label, words.to_owned()));
    row("why", field.purpose.describe());
    row(SENSITIVITY, &sensitivity(field.sensitivity));
    row("from", &words::origin(field));
    row("form", &field.shape.describe());
    row("example", field.example);
    let is_of_events = FIELDS.iter().any(|known| known.name == field.name);
    let all = if is_of_events { "all" } else { "those of the dashboard only" };
    row("events", &field.only.map_or_else(|| all.to_owned(), |action| format!("{action} only")));
    row("Netdata", documentation(field));
    if is_of_events {
        row("withholding", &withholding(field));
    }
    match event.map(|Column { action, assembly, .. }| (action, assembly)) {
        None => {}
        Some((action, Err(error))) => row("here", &format!("there is no {} event: {error}", printable(action))),
        Some((action, Ok(assembly))) => {
            if let Some(entry) = assembly.event.entry(field.name) {
                row("here", &format!("{} (in {})", words::value(entry, &assembly.stamp), printable(action)));
                row("known from", &words::source(entry));
                evidence = words::evidence(entry);
            }
        }
    }
    Explained { name: field.name, what: field.what, sensitivity: field.sensitivity, said, evidence }
}

/// A field of the daemon's own report.
fn explain_report(field: &ReportField, preview: &Preview, all: bool) -> Explained {
    let mut said = Vec::new();
    let mut row = |label, words: &str| said.push((label, words.to_owned()));
    row("why", field.why.describe());
    row(SENSITIVITY, &sensitivity(field.sensitivity));
    if field.free_text {
        row("form", "free text: nobody has checked it for names, paths or addresses");
    }
    row("from", field.source.describe());
    row("channel", "crash-reports, the daemon's own report at its next start");
    match preview.kept.report(preview.version.as_ref(), If::Killed) {
        Ok(made) => match made.rows.iter().find(|row| row.path == field.path) {
            Some(found) => row("here", &report::value(found)),
            None => row("here", "not in the report of this version"),
        },
        // Once is enough: show --channel crash-reports says it.
        Err(_) if all => {}
        Err(why) => row("here", &report::missing(&why)),
    }
    let (name, what, sensitivity) = (field.path, field.what, field.sensitivity);
    Explained { name, what, sensitivity, said, evidence: Vec::new() }
}

fn unknown(name: &str) -> Failure {
    let of_events = FIELDS.iter().chain(DASHBOARD_FIELDS).map(|field| field.name);
    let names = || of_events.clone().chain(REPORT_FIELDS.iter().map(|field| field.path));
    let wanted = name.to_lowercase();
    let mut alike: Vec<_> = names().filter(|known| known.to_lowercase().contains(&wanted)).take(5).collect();
    if alike.is_empty() {
        alike.extend(nearest(name, names()));
    }
    let hint = match alike[..] {
        [] => "explain --all lists all".to_owned(),
        _ => format!("did you mean {}?", alike.join(", ")),
    };
    Failure::new(USAGE, format!("there is no field {name:?}; {hint}"))
}
