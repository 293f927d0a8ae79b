//! `schema`: every possible field and event. The list in `docs/what-is-sent.md` is generated from it.

use std::fmt::Write as _;

use anonymous_statistics::agent::status_file::{KNOWN, Release};
use anonymous_statistics::channels::crash_reports::fields::{FIELDS as REPORT_FIELDS, ReportField};
use anonymous_statistics::channels::dashboard;
use anonymous_statistics::fields::withholding::{needed, together};
use anonymous_statistics::fields::{
    ACTIONS, Action, DASHBOARD_FIELDS, FIELDS, Field, Group, Place, Purpose, TEST, VERSION,
};
use anonymous_statistics::request::test_event::IDENTIFIER;
use serde::Serialize;

use crate::cli::{Channel, SchemaFormat};
use crate::output::{self, Failure, USAGE, object};
use crate::present::dashboard::recorded;
use crate::present::fields::about;
use crate::present::report;
use crate::present::request::Class;

pub(crate) fn run(format: SchemaFormat, channel: Channel, since: Option<&str>) -> Result<(), Failure> {
    if let Some(version) = since {
        return newer(version, format);
    }
    match (format, channel) {
        (SchemaFormat::Md, Channel::Events) => output::answer(fields(FIELDS) + &events()),
        (SchemaFormat::Md, Channel::Dashboard) => output::answer(fields(DASHBOARD_FIELDS) + &recordings()),
        (SchemaFormat::Md, Channel::CrashReports) => output::answer(report_fields()),
        (SchemaFormat::Json, _) => output::json(&schema()),
    }
}

/// What the reports of newer daemons have beside those of this version. The fields of the events depend on no daemon.
fn newer(version: &str, format: SchemaFormat) -> Result<(), Failure> {
    let known = Release::new(version).and_then(|release| release.schema()).ok_or_else(|| {
        let why = "is no release of Netdata whose report is known (v2.4 to v2.11 are)";
        Failure::new(USAGE, format!("--since: {version:?} {why}"))
    })?;
    let fields = || REPORT_FIELDS.iter().filter(|field| field.since.version() > known);
    match format {
        SchemaFormat::Json => output::json(&fields().map(of_report).collect::<Vec<_>>()),
        SchemaFormat::Md if fields().next().is_none() => {
            output::answer(format!("No known daemon reports any field that {version} does not.\n"))
        }
        SchemaFormat::Md => output::answer(format!(
            "Daemons newer than {version} report these fields as well.\n\n{}",
            report_table(fields())
        )),
    }
}

/// A table of Markdown. A cell beyond the columns is left out.
fn table<const N: usize>(columns: &[&str], rows: impl Iterator<Item = [String; N]>) -> String {
    let head = format!("| {} |\n|{}\n", columns.join(" | "), "---|".repeat(columns.len()));
    let row = |cells: [String; N]| {
        let cells: Vec<_> = cells.iter().take(columns.len()).map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    head + &rows.map(row).collect::<String>()
}

fn fields(fields: &[Field]) -> String {
    let columns = ["name", "what", "why", "says", "from", "page", "withhold"];
    let (note, columns) = if std::ptr::eq(fields, FIELDS) {
        (" *Withhold*: whether the sender's configuration can leave it out.", &columns[..])
    } else {
        ("", &columns[..6])
    };
    let yes = |is: bool| if is { "Y" } else { "-" }.to_owned();
    let row = |field: &Field| {
        let only = field.only.map_or_else(String::new, |action| format!(" ({action} only)"));
        [
            format!("`{}`", field.name),
            format!("{}{only}", field.what),
            why(field.purpose).to_owned(),
            Class::of(field.sensitivity).says().to_owned(),
            field.origin_in_words(),
            yes(field.documented),
            yes(can_be_withheld(field)),
        ]
    };
    let mut text = format!(
        "{} fields can ever be sent (schema version {VERSION}); an event has those that apply to it. \
         *Says* is how much a value says about one machine: *constant* (the same for everybody), *common* (many machines \
         share it), *rarely shared* (few may share it), *identifier* (tells this installation from all others). *Page*: whether \
         Netdata's own telemetry page names the field.{note}\n",
        fields.len()
    );
    for group in Group::ALL.into_iter().filter(|group| fields.iter().any(|field| field.group == *group)) {
        let rows = fields.iter().filter(|field| field.group == group).map(row);
        // Writing to a String cannot fail.
        let _ = write!(text, "\n**{}**\n\n{}", group.title(), table(columns, rows));
    }
    text
}

/// The dashboard's events have nothing to do with the sender's configuration.
fn can_be_withheld(field: &Field) -> bool {
    FIELDS.iter().any(|known| std::ptr::eq(known, field)) && needed(field).is_none()
}

/// The daemon's own report.
fn report_fields() -> String {
    format!(
        "{} fields can be in the daemon's own report (versions {} to {} of its status file). *Says* as above; **free text** \
         is unchecked, and may hold names, paths or addresses. *Since* is the version of the status file.\n\n{}",
        REPORT_FIELDS.len(),
        KNOWN.start(),
        KNOWN.end(),
        report_table(REPORT_FIELDS.iter())
    )
}

fn report_table(fields: impl Iterator<Item = &'static ReportField>) -> String {
    let row = |field: &'static ReportField| {
        let free = if field.free_text { ", **free text**" } else { "" };
        [
            format!("`{}`", field.path),
            field.what.to_owned(),
            field.why.describe().to_owned(),
            format!("{}{free}", Class::of(field.sensitivity).says()),
            field.source.describe().to_owned(),
            Some(field.since.version())
                .filter(|since| *since > 0)
                .map_or_else(|| "-".to_owned(), |since| since.to_string()),
        ]
    };
    table(&["name", "what", "why", "says", "from", "since"], fields.map(row))
}

fn events() -> String {
    let rows = ACTIONS.iter().map(|action| [format!("`{}`", action.name), action.when.to_owned()]);
    format!(
        "\n**Events**\n\n{}\nNone of the daemon's is `{}`: {}. Its identifier is `{IDENTIFIER}` for everybody, and what \
         only the daemon knows is not in it.\n",
        table(&["event", "when"], rows),
        TEST.name,
        TEST.when
    )
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

fn of_report(field: &'static ReportField) -> impl Serialize {
    object! { name: field.path, #[serde(flatten)] about: report::about(field) }
}

fn schema() -> impl Serialize {
    let row = |field: &'static Field| {
        object! {
            name: field.name,
            place: match field.place {
                Place::Top => "top",
                Place::Properties => "properties",
            },
            group: field.group.title(),
            from: field.origin_in_words(),
            only_in: field.only,
            #[serde(flatten)]
            about: about(field),
            can_be_withheld: can_be_withheld(field),
            withheld_together: together(field).filter(|_other| can_be_withheld(field)).collect::<Vec<_>>(),
        }
    };
    let event = |action: &Action| object! { name: action.name, when: action.when };
    let (client, stock) = recorded();
    let dashboards =
        object! { fields: DASHBOARD_FIELDS.iter().map(row).collect::<Vec<_>>(), client: client, stock: stock };
    object! {
        version: VERSION,
        fields: FIELDS.iter().map(row).collect::<Vec<_>>(),
        events: ACTIONS.iter().map(event).collect::<Vec<_>>(),
        test_event: event(&TEST),
        dashboard: dashboards,
        crash_reports: REPORT_FIELDS.iter().map(of_report).collect::<Vec<_>>(),
    }
}
