//! `schema`: every possible field and event. The list in `docs/what-is-sent.md` is generated from it.

use std::fmt::Write as _;
use std::process::ExitCode;

use anonymous_statistics::agent::status_file::KNOWN;
use anonymous_statistics::channels::crash_reports::fields::FIELDS as REPORT_FIELDS;
use anonymous_statistics::channels::dashboard;
use anonymous_statistics::fields::{ACTIONS, DASHBOARD_FIELDS, FIELDS, Field, Group, Place, Purpose, VERSION};
use serde::Serialize;

use crate::cli::{Channel, SchemaFormat};
use crate::output::{self, Failure};
use crate::present::dashboard::{Client, Stock};
use crate::present::report::About;

pub(crate) fn run(format: SchemaFormat, channel: Channel) -> Result<ExitCode, Failure> {
    match (format, channel) {
        (SchemaFormat::Md, Channel::Events) => output::answer(fields(FIELDS) + &events())?,
        (SchemaFormat::Md, Channel::Dashboard) => output::answer(fields(DASHBOARD_FIELDS) + &recordings())?,
        (SchemaFormat::Md, Channel::CrashReports) => output::answer(report_fields())?,
        (SchemaFormat::Json, _) => output::json(&Schema::new())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn fields(fields: &[Field]) -> String {
    let mut text = format!(
        "{} fields can ever be sent (schema version {VERSION}); an event has those that apply to it. \
         *Says* is how much a value says about one machine: *constant* (the same for everybody), *coarse* (many machines \
         share it), *exact* (few may share it), *identifier* (tells this installation from all others). *Page*: whether \
         Netdata's own telemetry page names the field.\n",
        fields.len()
    );
    for group in Group::ALL.into_iter().filter(|group| fields.iter().any(|field| field.group == *group)) {
        let _ = write!(
            text,
            "\n**{}**\n\n| name | what | why | says | from | page |\n|---|---|---|---|---|---|\n",
            group.title()
        );
        for field in fields.iter().filter(|field| field.group == group) {
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
    text
}

/// The daemon's own report.
fn report_fields() -> String {
    let known = KNOWN;
    let mut text = format!(
        "{} fields can be in the daemon's own report (versions {} to {} of its status file). *Says* as above; **free text** \
         is unchecked, and may hold names, paths or addresses. *Since* is the version of the status file.\n\n\
         | name | what | why | says | from | since |\n|---|---|---|---|---|---|\n",
        REPORT_FIELDS.len(),
        known.start(),
        known.end()
    );
    for field in REPORT_FIELDS {
        let says = if field.free_text { "exact, **free text**" } else { field.sensitivity.describe() };
        let since = match field.since.version() {
            0 => "-".to_owned(),
            version => version.to_string(),
        };
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {says} | {} | {since} |",
            field.path,
            cell(field.what),
            cell(field.why.describe()),
            cell(field.source.describe())
        );
    }
    text
}

fn events() -> String {
    let mut text = String::from("\n**Events**\n\n| event | when |\n|---|---|\n");
    for action in ACTIONS {
        let _ = writeln!(text, "| `{}` | {} |", action.name, cell(action.when));
    }
    text
}

/// The names of the properties that others send.
fn recordings() -> String {
    let list = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let (client, stock) = (dashboard::client(), dashboard::stock());
    let (kept, removed) = client.kept_and_removed();
    format!(
        "\n**What PostHog's client adds by itself** ({}, recorded in Chromium with its default settings)\n\n\
         `telemetry.js` lets pass: {}.\n\n`telemetry.js` removes or masks: {}.\n\n\
         **What the agent's own dashboard sends** ({}, with the same client)\n\n{}.\n",
        client.program,
        list(&kept),
        list(&removed),
        stock.program,
        list(&stock.names),
    )
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

/// Text for a table cell, with bars escaped.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[derive(Serialize)]
struct Schema {
    version: u32,
    fields: Vec<Row>,
    events: Vec<Event>,
    dashboard: Dashboard,
    crash_reports: Vec<ReportRow>,
}

#[derive(Serialize)]
struct ReportRow {
    name: &'static str,
    #[serde(flatten)]
    about: About,
}

#[derive(Serialize)]
struct Dashboard {
    fields: Vec<Row>,
    client: Client,
    stock: Stock,
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
            only_in: field.only,
            documented: field.documented,
        };
        let events = ACTIONS.iter().map(|action| Event { name: action.name, when: action.when });
        Self {
            version: VERSION,
            fields: FIELDS.iter().map(row).collect(),
            events: events.collect(),
            dashboard: Dashboard {
                fields: DASHBOARD_FIELDS.iter().map(row).collect(),
                client: Client::recorded(),
                stock: Stock::recorded(),
            },
            crash_reports: REPORT_FIELDS
                .iter()
                .map(|field| ReportRow { name: field.path, about: About::of(field) })
                .collect(),
        }
    }
}
