//! `schema`: every field and event that can ever be sent. The README's list is made from it.

use std::fmt::Write as _;
use std::process::ExitCode;

use anonymous_statistics::schema::{ACTIONS, FIELDS, Field, Group, Place, Purpose, VERSION};
use serde::Serialize;

use crate::cli::SchemaFormat;
use crate::output::{self, Failure};

pub(crate) fn run(format: SchemaFormat) -> Result<ExitCode, Failure> {
    match format {
        SchemaFormat::Md => output::answer(markdown())?,
        SchemaFormat::Json => output::json(&Schema::new())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn markdown() -> String {
    let mut text = format!(
        "{} fields can ever be sent (schema version {VERSION}); an event has those that apply to it. \
         *Says* is how much a value says about one machine: *constant* (the same for everybody), *coarse* (many machines \
         share it), *exact* (few may share it), *identifier* (tells this installation from all others). *Page*: whether \
         Netdata's own telemetry page names the field.\n",
        FIELDS.len()
    );
    for group in Group::ALL {
        let _ = write!(
            text,
            "\n**{}**\n\n| name | what | why | says | from | page |\n|---|---|---|---|---|---|\n",
            group.title()
        );
        for field in FIELDS.iter().filter(|field| field.group == group) {
            let only = field.only.map_or_else(String::new, |action| format!(" ({action} only)"));
            let _ = writeln!(
                text,
                "| `{}` | {}{only} | {} | {} | {} | {} |",
                field.name,
                cell(field.what),
                why(field.purpose),
                field.sensitivity.describe(),
                cell(&field.origin_in_words()),
                if field.documented { "Y" } else { "-" },
            );
        }
    }
    text.push_str("\n**Events**\n\n| event | when |\n|---|---|\n");
    for action in ACTIONS {
        let _ = writeln!(text, "| `{}` | {} |", action.name, cell(action.when));
    }
    text
}

/// The purpose, short enough for a column.
const fn why(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Both => "quality, usage",
        Purpose::QualityAssurance => "quality",
        Purpose::UsageStatistics => "usage",
        Purpose::Delivery => "delivery",
        Purpose::Protection => "protection",
    }
}

/// Text in a table: a bar would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[derive(Serialize)]
struct Schema {
    version: u32,
    fields: Vec<Row>,
    events: Vec<Event>,
}

#[derive(Serialize)]
struct Row {
    name: &'static str,
    place: &'static str,
    group: &'static str,
    what: &'static str,
    why: &'static str,
    sensitivity: &'static str,
    from: String,
    form: String,
    example: &'static str,
    since: u32,
    only_in: Option<&'static str>,
    documented: bool,
}

#[derive(Serialize)]
struct Event {
    name: &'static str,
    when: &'static str,
}

impl Schema {
    fn new() -> Self {
        let row = |field: &Field| Row {
            name: field.name,
            place: match field.place {
                Place::Top => "top",
                Place::Properties => "properties",
            },
            group: field.group.title(),
            what: field.what,
            why: field.purpose.describe(),
            sensitivity: field.sensitivity.describe(),
            from: field.origin_in_words(),
            form: field.shape.describe(),
            example: field.example,
            since: field.since,
            only_in: field.only,
            documented: field.documented,
        };
        let events = ACTIONS.iter().map(|action| Event { name: action.name, when: action.when });
        Self { version: VERSION, fields: FIELDS.iter().map(row).collect(), events: events.collect() }
    }
}
