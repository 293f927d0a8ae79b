//! The daemon's own report in words.

use std::fmt::Write as _;

use anonymous_statistics::channels::crash_reports::fields::ReportField;
use anonymous_statistics::channels::crash_reports::{Known, NoReport, Row, StatusFile, Unknown};
use anonymous_statistics::inspect::Preview;
use anonymous_statistics::text::printable;
use serde::Serialize;

use crate::present::words;

/// This channel, in sentences.
pub(crate) const ABOUT: &str = "The daemon posts this by itself when it starts next, from the status file that its last run \
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
