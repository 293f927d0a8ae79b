//! The daemon's own report in words.

use anonymous_statistics::agent::status_file::ending::Ending;
use anonymous_statistics::channels::crash_reports::fields::ReportField;
use anonymous_statistics::channels::crash_reports::{HOST, If, Known, NoReport, Report, Row, StatusFile, Unknown};
use anonymous_statistics::inspect::Preview;
use anonymous_statistics::text::printable;
use serde::Serialize;

use crate::output::object;
use crate::present::words::{self, EXAMPLE};

pub(crate) fn destination() -> String {
    format!("https://{HOST}/agent-events")
}

/// Why there is no report to show.
pub(crate) fn missing(why: &NoReport) -> String {
    let why = match why {
        NoReport::Unseen(why) => why.clone(),
        NoReport::Version => "the daemon's version is not known here; --daemon-version names one".to_owned(),
        NoReport::Rules(Unknown::File(version)) => format!("version {version} of the status file is unknown"),
        NoReport::Rules(Unknown::Daemon) => "how a daemon of this version writes it is not known; it would be one of \
                                             v2.4 to v2.11, or have written the status file itself"
            .to_owned(),
    };
    format!("there is no report to show: {why}")
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
    known(row).1.map_or_else(|| value.clone(), |doubt| format!("{value}  ({doubt})"))
}

/// How far a value is known: for programs, and for people if it is not that of now.
pub(crate) const fn known(row: &Row) -> (&'static str, Option<&'static str>) {
    match row.known {
        Known::Now => ("now", None),
        Known::AtStart => ("at-start", Some("known only when it starts")),
        Known::AtStop => ("at-stop", Some("now; known only when it stops")),
        Known::NotHere => ("not-here", Some("not known here")),
        Known::Example => ("example", Some(EXAMPLE)),
    }
}

/// Why what happens until the start changes nothing, or a crash nothing beyond a kill.
pub(crate) fn alike(preview: &Preview, case: If) -> Option<&'static str> {
    let [killed, others @ ..] = If::ALL.map(|case| preview.kept.report(preview.version.as_ref(), case));
    let Ok(killed) = &killed else { return None };
    let is_same = |other: &Result<Report, NoReport>| other.as_ref().is_ok_and(|other| other.rows == killed.rows);
    if others.iter().all(is_same) {
        Some(if killed.ending == Ending::NO_STATUS {
            "The agent has left no status yet: a kill, a stop, a crash and a power loss look the same until it has run."
        } else {
            "The agent has stopped: a kill, a stop, a crash and a power loss look the same until it runs again."
        })
    } else if case == If::Crash && others.last().is_some_and(is_same) {
        Some(if killed.ending.cause.starts_with("killed hard") {
            "This daemon records no stack traces: a crash leaves no more in its status file than a kill."
        } else {
            "The agent's last run did not end well already: this is the report of that."
        })
    } else {
        None
    }
}

pub(crate) fn open(report: &Report) -> Vec<&'static str> {
    report.rows.iter().filter(|row| row.known != Known::Now).map(|row| row.path).collect()
}

/// What the table says about a field, for programs; since which version of the status file there is one.
pub(crate) fn about(field: &'static ReportField) -> impl Serialize {
    object! {
        what: field.what,
        why: field.why.describe(),
        sensitivity: field.sensitivity.describe(),
        from: field.source.describe(),
        since: field.since.version(),
        free_text: field.free_text,
    }
}
