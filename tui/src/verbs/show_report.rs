//! `show --channel crash-reports`: the report that the daemon posts by itself at its next start.

use std::fmt::Write as _;
use std::process::ExitCode;

use anonymous_statistics::channels::crash_reports::posted::{LOG, logged};
use anonymous_statistics::channels::crash_reports::{If, NoReport, Report, Row, StatusFile, Unknown};
use anonymous_statistics::clock::UnixMillis;
use anonymous_statistics::digest::sha256;
use anonymous_statistics::inspect::Preview;
use anonymous_statistics::text::printable;
use serde::Serialize;

use crate::cli::ShowOptions;
use crate::output::{self, Failure, NOT_EXACT, USAGE, WHOLE, object};
use crate::present::palette::heading;
use crate::present::request::of_made_report;
use crate::present::{before, fields, report, units, words};
use crate::verbs::done;

/// This channel, in sentences.
const ABOUT: &str = "The daemon posts this by itself when it starts next, from the status file that its last run \
    left. This preview reads that file as the daemon does; it starts nothing and asks nobody.";

pub(crate) fn run(preview: &Preview, options: ShowOptions) -> Result<ExitCode, Failure> {
    if options.example {
        let line =
            "the daemon's own report has no --example; show --channel crash-reports --if crash has examples of a crash";
        return Err(Failure::new(USAGE, line));
    }
    let case = If::from(options.r#if);
    if options.raw && matches!(case, If::Stopped | If::Crash) {
        return Err(Failure::new(
            USAGE,
            "the stop or crash itself writes these bytes, so they are not known yet; --if killed and --if power-loss \
             have some",
        ));
    }
    let report = match preview.kept.report(preview.version.as_ref(), case) {
        Ok(report) => report,
        Err(NoReport::Rules(Unknown::File(version))) if !options.raw && !options.format.is_json() => {
            return unknown_version(preview, version);
        }
        Err(why) => return Err(Failure::new(USAGE, report::missing(&why))),
    };
    if options.raw {
        output::raw(&[report.head().into_bytes(), report.body()].concat())?;
    } else {
        done::found(options.format, || shown(preview, &report), || text(preview, &report, case, options.long))?;
    }
    if options.raw || options.format.is_json() {
        output::hint(&words::headline(preview));
        report::alike(preview, case).filter(|_| case != If::Killed).iter().for_each(|why| output::hint(why));
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
    output::text(text + "\n\nNothing was sent.\n")?;
    Ok(ExitCode::SUCCESS)
}

fn text(preview: &Preview, report: &Report, case: If, long: bool) -> String {
    let mut rows = vec![
        ("Destination", report::destination()),
        ("Status file", report::file(preview)),
        ("Says", printable(report.ending.message).into_owned()),
        ("Cause", report.ending.cause.to_owned()),
    ];
    rows.extend(words::agent_version(preview).map(|version| ("Netdata", version)));
    let mut text = format!("{}\n{}\n{ABOUT}\n", words::headline_and_channels(preview), words::aligned(&rows));
    let body = report.body();
    text.extend(report::alike(preview, case).map(|why| format!("{why}\n")));
    // Writing to a String cannot fail.
    if long && !report.has_examples() {
        let _ = writeln!(text, "\n{}\n{}", heading("Request"), report.head().trim_end().replace("\r\n", "\n"));
    }
    let _ = writeln!(
        text,
        "\n{} fields, {}. Nobody has checked free text for names, paths or addresses.\n",
        report.rows.len(),
        units::size(body.len() as u64)
    );
    text.push_str(&fields::text(&of_made_report(report).lines, long));
    let open = report::open(report);
    if !open.is_empty() {
        let _ = writeln!(text, "\nNot known before the start: {}.", open.join(", "));
    }
    if long && !report.has_examples() {
        let _ = writeln!(text, "\nSHA-256 of the body, with null for the process id: {}", sha256(&body));
    }
    text + &posted_before(preview, report)
        + "\n"
        + &fields::end(preview, "show --long, status, explain FIELD, schema --channel crash-reports")
}

/// The line of the daemon's log about its start, in the journal (sd-id128(3)).
const JOURNAL: &str = "journalctl --namespace=netdata MESSAGE_ID=1e6061a9fbd44501b3ccc368119f2b69";

/// The reports that were posted before, as far as files tell.
fn posted_before(preview: &Preview, report: &Report) -> String {
    let mut text = format!("\n{}\n", heading("Posted before"));
    let posts = report.rows.iter().find(|row| row.path == "agent.posts").map(|row| String::from_utf8_lossy(&row.value));
    text.extend(posts.map(|posts| format!("  by the daemon's own count: {}\n", printable(&posts))));
    let mut times: Vec<u64> = preview.kept.posted.iter().filter(|post| !post.sentry).map(|post| post.time).collect();
    times.sort_unstable();
    text.extend(times.iter().map(|time| format!("  {}\n", UnixMillis(time / 1000))));
    if let Some(folder) = preview.kept.logs.as_deref() {
        let log = words::path(&folder.join(LOG));
        let _ = match logged(folder) {
            Ok(times) => writeln!(text, "  in {log}: {} times {}", times.len(), times.join(" ")),
            Err(why) => writeln!(text, "  {log} cannot be read: {}", printable(&why)),
        };
    }
    let _ = writeln!(text, "  the journal has the starts, and the reports with them:\n{WHOLE}    {JOURNAL}");
    text
}

/// The JSON answer; the state is that of the machine. Bytes that are not UTF-8 are replaced; with examples there are none.
fn shown(preview: &Preview, report: &Report) -> impl Serialize {
    let body = (!report.has_examples()).then(|| report.body());
    let field = |row: &Row| {
        let value = String::from_utf8_lossy(&row.value).into_owned();
        let about = row.field().map(report::about);
        object! { name: row.path, value: value, known: report::known(row).0, #[serde(flatten)] about: about }
    };
    object! {
        channel: "crash-reports",
        #[serde(flatten)]
        surroundings: before::surroundings(preview),
        sent: false,
        destination: report::destination(),
        status_file: report::file(preview),
        cause: report.ending.cause,
        message: report.ending.message,
        exact: report.is_exact(),
        head: body.as_ref().map(|_| report.head()),
        body: body.as_deref().map(|body| String::from_utf8_lossy(body).into_owned()),
        sha256: body.as_deref().map(sha256),
        fields: report.rows.iter().map(field).collect::<Vec<_>>(),
    }
}
