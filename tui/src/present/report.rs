//! The daemon's own report in words.

use std::fmt::Write as _;

use anonymous_statistics::channels::crash_reports::fields::ReportField;
use anonymous_statistics::channels::crash_reports::posted::{LOG, logged};
use anonymous_statistics::channels::crash_reports::{HOST, Known, NoReport, Report, Row, StatusFile, Unknown};
use anonymous_statistics::clock::UnixMillis;
use anonymous_statistics::digest::sha256;
use anonymous_statistics::inspect::Preview;
use anonymous_statistics::text::printable;
use serde::Serialize;

use crate::present::words;

/// This channel, in sentences.
const ABOUT: &str = "The daemon posts this by itself when it starts next, from the status file that its last run \
    left. This preview reads that file as the daemon does; it starts nothing and asks nobody.";

/// Why there is no report to show.
pub(crate) fn missing(why: &NoReport) -> String {
    match why {
        NoReport::Unseen(why) => format!("there is no report to show: {why}"),
        NoReport::Version => "there is no report to show: the daemon's version is not known here; --daemon-version \
                              names one"
            .to_owned(),
        NoReport::Rules(Unknown::File(version)) => {
            format!("there is no report to show: version {version} of the status file is unknown")
        }
        NoReport::Rules(Unknown::Daemon) => {
            "there is no report to show: how a daemon of this version writes it is not known; it would be one of v2.4 to \
             v2.11, or have written the status file itself"
                .to_owned()
        }
    }
}

/// The file that the report is made from.
pub(crate) fn file(preview: &Preview) -> String {
    match &preview.kept.status {
        StatusFile::None => "none: the daemon has not run yet".to_owned(),
        StatusFile::Unreadable(path) => format!("{}, which the daemon does not read", words::path(path)),
        StatusFile::Read(path, _) => words::path(path),
        StatusFile::Unseen(why) => printable(why).into_owned(),
    }
}

/// A value, and how far it is known.
pub(crate) fn value(row: &Row) -> String {
    let value = printable(&String::from_utf8_lossy(&row.value)).into_owned();
    match row.known {
        Known::Now => value,
        Known::AtStart => format!("{value}  (known only when it starts)"),
        Known::AtStop => format!("{value}  (now; known only when it stops)"),
        Known::NotHere => format!("{value}  (not found out here)"),
    }
}

/// For programs.
pub(crate) const fn known(row: &Row) -> &'static str {
    match row.known {
        Known::Now => "now",
        Known::AtStart => "at-start",
        Known::AtStop => "at-stop",
        Known::NotHere => "not-here",
    }
}

pub(crate) fn open(report: &Report) -> Vec<&'static str> {
    report.rows.iter().filter(|row| row.known != Known::Now).map(|row| row.path).collect()
}

/// The report with its circumstances; paragraphs are not wrapped.
pub(crate) fn whole(preview: &Preview, report: &Report) -> String {
    let mut rows = vec![
        ("Destination", format!("https://{HOST}/agent-events")),
        ("Status file", file(preview)),
        ("Says", printable(report.ending.message).into_owned()),
        ("Cause", report.ending.cause.to_owned()),
    ];
    rows.extend(words::agent_version(preview).map(|version| ("Netdata", version)));
    let mut text = format!("{}\n{ABOUT}\n", words::aligned(&rows));
    let body = report.body();
    let _ = writeln!(text, "\nREQUEST\n{}", report.head().trim_end().replace("\r\n", "\n"));
    let _ = writeln!(
        text,
        "\nBODY: {} bytes of JSON (show --raw prints them). # identifies this installation or machine, ! is free text \
         that nobody has checked for names, paths or addresses",
        body.len()
    );
    text.push_str(&self::text(&report.rows));
    let open = open(report);
    if !open.is_empty() {
        let sentence = format!("Not known before the start: {}.", open.join(", "));
        let _ = writeln!(text, "\n{sentence}");
    }
    let _ = writeln!(text, "\nSHA-256 of the body, with null for the process id: {}", sha256(&body));
    text.push_str(&before(preview, report));
    text
}

/// The line of the daemon's log about its start, in the journal (sd-id128(3)).
const JOURNAL: &str = "journalctl --namespace=netdata MESSAGE_ID=1e6061a9fbd44501b3ccc368119f2b69";

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

/// A mark before a field that deserves attention.
pub(crate) const fn mark(field: &ReportField) -> &'static str {
    use anonymous_statistics::fields::Sensitivity;
    match field.sensitivity {
        _ if field.free_text => "!",
        Sensitivity::Identifier => "#",
        _ => " ",
    }
}

/// The rows by the object that they are in.
pub(crate) fn text(rows: &[Row]) -> String {
    let mut text = String::new();
    let mut group = None;
    for row in rows {
        let Some(field) = row.field() else { continue };
        let object = row.path.split_once('.').map_or("computed", |(object, _)| object);
        if group != Some(object) {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "\n{object}");
            group = Some(object);
        }
        let _ = writeln!(text, "{} {} = {}", mark(field), row.path, value(row));
        let _ = writeln!(
            text,
            "      {} ({}; from: {})",
            field.what,
            field.sensitivity.describe(),
            field.source.describe()
        );
    }
    text
}

/// What the table says about a field, for programs.
#[derive(Serialize)]
pub(crate) struct About {
    what: &'static str,
    why: &'static str,
    sensitivity: &'static str,
    from: &'static str,
    /// The first version of the status file with it.
    since: u64,
    free_text: bool,
}

impl About {
    pub(crate) fn of(field: &'static ReportField) -> Self {
        Self {
            what: field.what,
            why: field.why.describe(),
            sensitivity: field.sensitivity.describe(),
            from: field.source.describe(),
            since: field.since.version(),
            free_text: field.free_text,
        }
    }
}
