//! `show --channel crash-reports`: the report that the daemon posts by itself at its next start.

use std::fmt::Write as _;
use std::process::ExitCode;

use anonymous_statistics::channels::crash_reports::posted::{LOG, logged};
use anonymous_statistics::channels::crash_reports::{HOST, If, NoReport, Report, StatusFile, Unknown};
use anonymous_statistics::clock::UnixMillis;
use anonymous_statistics::digest::sha256;
use anonymous_statistics::inspect::{Preview, Question};
use anonymous_statistics::text::printable;
use serde::Serialize;

use crate::cli::{Case, ShowOptions};
use crate::output::{self, Failure, NOT_EXACT, USAGE};
use crate::present::report::{self, ABOUT, About};
use crate::present::words;

/// The line of the daemon's log about its start, in the journal (sd-id128(3)).
const JOURNAL: &str = "journalctl --namespace=netdata MESSAGE_ID=1e6061a9fbd44501b3ccc368119f2b69";

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
        let open = open(&report);
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

fn open(report: &Report) -> Vec<&'static str> {
    use anonymous_statistics::channels::crash_reports::Known;
    report.rows.iter().filter(|row| row.known != Known::Now).map(|row| row.path).collect()
}

fn text(preview: &Preview, report: &Report) -> String {
    let mut text = format!("{}\n", words::headline(preview));
    for line in words::telemetry(preview) {
        let _ = writeln!(text, "  {line}");
    }
    let mut rows = vec![
        ("Destination", format!("https://{HOST}/agent-events")),
        ("Status file", report::file(preview)),
        ("Says", printable(report.ending.message).into_owned()),
        ("Cause", report.ending.cause.to_owned()),
    ];
    rows.extend(words::agent_version(preview).map(|version| ("Netdata", version)));
    let _ = writeln!(text, "\n{}\n{}", words::aligned(&rows), words::paragraph(ABOUT));
    let body = report.body();
    let _ = writeln!(text, "\nREQUEST\n{}", report.head().trim_end().replace("\r\n", "\n"));
    let _ = writeln!(
        text,
        "\nBODY: {} bytes of JSON (show --raw prints them). # identifies this installation or machine, ! is free text \
         that nobody has checked for names, paths or addresses",
        body.len()
    );
    text.push_str(&report::text(&report.rows));
    let open = open(report);
    if !open.is_empty() {
        let sentence = format!("Not known before the start: {}.", open.join(", "));
        let _ = writeln!(text, "\n{}", words::paragraph(&sentence));
    }
    let _ = writeln!(text, "\nSHA-256 of the body, with null for the process id: {}", sha256(&body));
    text.push_str(&before(preview, report));
    text.push_str("\nMore: status (what decides), explain FIELD, schema --channel crash-reports. To stop: opt-out.\n\nNothing was sent.\n");
    text
}

/// The reports that were posted before, as far as files tell.
fn before(preview: &Preview, report: &Report) -> String {
    let mut text = String::from("\nPOSTED BEFORE\n");
    if let Some(row) = report.rows.iter().find(|row| row.path == "agent.posts") {
        let _ = writeln!(text, "  by the daemon's own count: {}", printable(&String::from_utf8_lossy(&row.value)));
    }
    let mut times: Vec<u64> = preview.kept.posted.iter().filter(|post| !post.sentry).map(|post| post.time).collect();
    times.sort_unstable();
    for time in times {
        let _ = writeln!(text, "  {}", UnixMillis(time / 1000));
    }
    match preview.kept.logs.as_deref().map(|folder| (folder, logged(folder))) {
        Some((folder, Ok(times))) => {
            let _ =
                writeln!(text, "  in {}: {} times {}", words::path(&folder.join(LOG)), times.len(), times.join(" "));
        }
        Some((folder, Err(why))) => {
            let _ = writeln!(text, "  {} cannot be read: {}", words::path(&folder.join(LOG)), printable(&why));
        }
        None => {}
    }
    let _ = writeln!(text, "  the journal has the starts, and the reports with them:\n    {JOURNAL}");
    text
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
