//! `show --channel crash-reports`: the report that the daemon posts by itself at its next start.

use std::process::ExitCode;

use anonymous_statistics::channels::crash_reports::{HOST, If, NoReport, Report, StatusFile, Unknown};
use anonymous_statistics::digest::sha256;
use anonymous_statistics::inspect::{Preview, Question};
use anonymous_statistics::text::printable;
use serde::Serialize;

use crate::cli::{Case, ShowOptions};
use crate::output::{self, Failure, NOT_EXACT, USAGE};
use crate::present::report::{self, About};
use crate::present::words;

pub(crate) fn run(question: &Question, options: ShowOptions) -> Result<ExitCode, Failure> {
    let preview = Preview::look(question);
    show(&preview, options)
}

pub(crate) fn show(preview: &Preview, options: ShowOptions) -> Result<ExitCode, Failure> {
    if options.raw && options.r#if == Case::Stopped {
        return Err(Failure::new(
            USAGE,
            "the bytes after a stop are made by the stop; --if killed and power-loss have some",
        ));
    }
    let report = match preview.kept.report(preview.version.as_ref(), If::from(options.r#if)) {
        Ok(report) => report,
        Err(NoReport::Rules(Unknown::File(version))) if !options.raw && !options.json => {
            return unknown_version(preview, version);
        }
        Err(why) => return Err(Failure::new(USAGE, report::missing(&why))),
    };
    if options.raw {
        output::raw(&bytes(&report))?;
    } else if options.json {
        output::json(&Shown::of(preview, &report))?;
    } else {
        output::answer(text(preview, &report))?;
    }
    if options.raw || options.json {
        output::hint(&words::headline(preview));
    }
    if options.raw || options.strict {
        let open = report::open(&report);
        output::hint(&format!("Not exact: not known before the start ({}): {}", open.len(), open.join(", ")));
    }
    // The process id is never known.
    Ok(if options.strict && !report.is_exact() { ExitCode::from(NOT_EXACT) } else { ExitCode::SUCCESS })
}

/// A status file of unknown rules is shown as it is, and not guessed at.
fn unknown_version(preview: &Preview, version: u64) -> Result<ExitCode, Failure> {
    let mut text = format!(
        "{}\n\nUnknown version {version} of the status file, {}: what the daemon makes of it is not known. The file:\n\n",
        words::headline(preview),
        report::file(preview)
    );
    if let StatusFile::Read(_, bytes) = &preview.kept.status {
        text.push_str(&printable(&String::from_utf8_lossy(bytes)));
    }
    output::answer(text + "\n\nNothing was sent.\n")?;
    Ok(ExitCode::SUCCESS)
}

fn bytes(report: &Report) -> Vec<u8> {
    [report.head().into_bytes(), report.body()].concat()
}

fn text(preview: &Preview, report: &Report) -> String {
    format!(
        "{}\n{}\nMore: status (what decides), explain FIELD, schema --channel crash-reports. To stop: opt-out.\n\nNothing was sent.\n",
        words::headline_and_channels(preview),
        words::filled(&report::whole(preview, report))
    )
}

/// The JSON answer.
#[derive(Serialize)]
struct Shown {
    channel: &'static str,
    /// That of the machine.
    state: &'static str,
    headline: String,
    sent: bool,
    destination: String,
    status_file: String,
    cause: &'static str,
    message: &'static str,
    exact: bool,
    head: String,
    /// As text; bytes that are not UTF-8 are replaced.
    body: String,
    sha256: String,
    fields: Vec<Field>,
}

#[derive(Serialize)]
struct Field {
    name: &'static str,
    /// JSON; bytes that are not UTF-8 are replaced.
    value: String,
    /// `now`, `at-start`, `at-stop` or `not-here`.
    known: &'static str,
    #[serde(flatten)]
    about: Option<About>,
}

impl Shown {
    fn of(preview: &Preview, report: &Report) -> Self {
        let body = report.body();
        let fields = report.rows.iter().map(|row| Field {
            name: row.path,
            value: String::from_utf8_lossy(&row.value).into_owned(),
            known: report::known(row),
            about: row.field().map(About::of),
        });
        Self {
            channel: "crash-reports",
            state: preview.verdict().name(),
            headline: preview.verdict().to_string(),
            sent: false,
            destination: format!("https://{HOST}/agent-events"),
            status_file: report::file(preview),
            cause: report.ending.cause,
            message: report.ending.message,
            exact: report.is_exact(),
            head: report.head(),
            sha256: sha256(&body),
            body: String::from_utf8_lossy(&body).into_owned(),
            fields: fields.collect(),
        }
    }
}
