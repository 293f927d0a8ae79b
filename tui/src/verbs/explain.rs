//! `explain`: a field in the schema, and its value on this machine.

use std::fmt::Write as _;
use std::process::ExitCode;

use anonymous_statistics::channels::crash_reports::If;
use anonymous_statistics::channels::crash_reports::fields::{
    FIELDS as REPORT_FIELDS, ReportField, field as report_field,
};
use anonymous_statistics::fields::{self, FIELDS, Field};
use anonymous_statistics::inspect::comparison::{self, Column};
use anonymous_statistics::inspect::{Preview, Question};
use anonymous_statistics::text::printable;

use crate::output::{self, Failure, USAGE};
use crate::present::fields::documentation;
use crate::present::{report, words};

pub(crate) fn run(question: &Question, name: Option<&str>, all: bool) -> Result<ExitCode, Failure> {
    let preview = Preview::look(question);
    let named = |name: &str| fields::field(name).map(|field| vec![field]);
    let fields = match name {
        _ if all => FIELDS.iter().collect(),
        Some(name) => match (named(name), report_field(name)) {
            (Some(fields), _) => fields,
            (None, Some(field)) => {
                output::answer(explain_report(field, &preview))?;
                return Ok(ExitCode::SUCCESS);
            }
            (None, None) => return Err(unknown(name)),
        },
        None => return Err(unknown("")),
    };
    let columns = comparison::columns(question, &preview);
    let explained: Vec<String> =
        fields.into_iter().map(|field| explain(field, event_with(field, &preview, &columns))).collect();
    let mut text = explained.join("\n");
    if all {
        let reported = REPORT_FIELDS.iter().map(|field| explain_report(field, &preview));
        text.push_str("\nThe daemon's own report (from v2.3 on):\n\n");
        text.push_str(&reported.collect::<Vec<_>>().join("\n"));
    }
    output::answer(text)?;
    Ok(ExitCode::SUCCESS)
}

/// The only event with the field, or else that of the preview.
fn event_with<'c>(field: &Field, preview: &Preview, columns: &'c [Column]) -> Option<&'c Column> {
    let action = field.only.unwrap_or(&preview.action);
    columns.iter().find(|column| column.action == action)
}

fn explain(field: &Field, event: Option<&Column>) -> String {
    let mut text = format!("{}: {}\n", field.name, field.what);
    let mut row = |label: &str, words: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {label:12} {words}");
    };
    let class = field.sensitivity;
    row("why", field.purpose.describe());
    row("sensitivity", &format!("{} ({})", class.describe(), words::sensitivity_means(class)));
    row("from", &field.origin_in_words());
    row("form", &field.shape.describe());
    row("example", field.example);
    row("events", &field.only.map_or_else(|| "all".to_owned(), |action| format!("{action} only")));
    row("Netdata", documentation(field));
    let Some(Column { action, assembly }) = event else { return text };
    match assembly {
        Err(error) => row("here", &format!("there is no {} event: {error}", printable(action))),
        Ok(assembly) => {
            if let Some(entry) = assembly.event.entry(field.name) {
                row("here", &format!("{} (in {})", words::value(entry, &assembly.stamp), printable(action)));
                row("known from", &words::source(entry));
                for (number, asked) in words::evidence(entry).iter().enumerate() {
                    row(if number == 0 { "evidence" } else { "" }, &words::asked(asked));
                }
            }
        }
    }
    text
}

/// A field of the daemon's own report.
fn explain_report(field: &ReportField, preview: &Preview) -> String {
    let mut text = format!("{}: {}\n", field.path, field.what);
    let mut row = |label: &str, words: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {label:12} {words}");
    };
    row("why", field.why.describe());
    let class = field.sensitivity;
    row("sensitivity", &format!("{} ({})", class.describe(), words::sensitivity_means(class)));
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
        Err(why) => row("here", &report::missing(&why)),
    }
    text
}

fn unknown(name: &str) -> Failure {
    let reported = REPORT_FIELDS.iter().map(|field| field.path);
    let alike: Vec<&str> = FIELDS
        .iter()
        .map(|field| field.name)
        .chain(reported)
        .filter(|known| !name.is_empty() && known.contains(name))
        .take(5)
        .collect();
    let hint =
        if alike.is_empty() { "explain --all lists all".to_owned() } else { format!("perhaps {}", alike.join(", ")) };
    Failure::new(USAGE, format!("there is no field {name:?}; {hint}"))
}
