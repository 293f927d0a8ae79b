//! `show`, where Netdata's own script is the sender: what it would send, read from its text.

use std::fmt::Write as _;
use std::process::ExitCode;

use anonymous_statistics::agent::netdatas_script::{Filled, NetdatasScript, Value};
use anonymous_statistics::inspect::{Original, Preview};
use anonymous_statistics::request::http::METHOD;
use anonymous_statistics::text::printable;
use serde::Serialize;

use crate::cli::ShowOptions;
use crate::output::{self, Failure, NOT_EXACT, USAGE};
use crate::present::words;

const ABOUT: &str = "Netdata's own script is the sender here. This is what it would post, read from its text; it was not run. \
    show --sender this shows what this project's sender would send in its place.";

const CURL_ADDS: &str = "curl adds Host, User-Agent, Accept and Content-Length";

pub(crate) fn run(preview: &Preview, original: &Original, options: ShowOptions) -> Result<ExitCode, Failure> {
    let is_exact = original.request.as_ref().is_ok_and(|(_, filled)| filled.is_exact());
    match &original.request {
        Err(why) if options.raw => {
            let line = format!("there is no request to show: Netdata's own script is not understood: {why}");
            return Err(Failure::new(USAGE, line));
        }
        Ok((_, filled)) if options.raw => output::raw(&filled.bytes)?,
        _ if options.json => output::json(&Shown::of(preview, original))?,
        request => output::answer(text(preview, original, request.as_ref().ok()))?,
    }
    if options.raw || options.json {
        output::hint(&words::headline(preview));
    }
    output::hint("Who would send: Netdata's own script");
    if options.raw {
        output::hint(&format!("These are the bytes of the body; {CURL_ADDS}"));
    }
    if let Ok((_, filled)) = &original.request
        && (options.raw || options.strict)
    {
        let open = open(filled);
        if !open.is_empty() {
            let null = if options.raw { "null here: " } else { "" };
            output::hint(&format!("Not exact: {null}not known before the call ({}): {}", open.len(), open.join(", ")));
        }
    }
    Ok(if options.strict && !is_exact { ExitCode::from(NOT_EXACT) } else { ExitCode::SUCCESS })
}

fn open(filled: &Filled) -> Vec<&str> {
    let open = filled.rows.iter().filter(|row| !matches!(row.value, Value::Known(_)));
    open.map(|row| row.path.as_str()).collect()
}

/// How a value is known, for programs and in words.
fn known(value: &Value) -> (&'static str, &'static str) {
    match value {
        Value::Known(_) => ("now", ""),
        Value::Likely(_) => ("likely", "  (likely: the daemon may say otherwise)"),
        Value::Daemons => ("not-here", "set by the daemon"),
        Value::Made => ("made", "made when the script runs"),
    }
}

fn text(preview: &Preview, original: &Original, request: Option<&(NetdatasScript, Filled)>) -> String {
    let mut text = format!("{}\n", words::headline(preview));
    for line in words::telemetry(preview) {
        let _ = writeln!(text, "  {line}");
    }
    let _ = writeln!(text, "\n{}", words::paragraph(ABOUT));
    let mut rows = vec![("Event", printable(&preview.action).into_owned())];
    rows.extend(preview.script.path.as_deref().map(|place| ("Script", words::path(place))));
    rows.extend(words::agent_version(preview).map(|version| ("Netdata", version)));
    let _ = writeln!(text, "\n{}", words::aligned(&rows));
    match (request, &original.request) {
        (Some((script, filled)), _) => {
            let _ = writeln!(text, "REQUEST\n{METHOD} {}", printable(&script.url));
            for header in &script.headers {
                let _ = writeln!(text, "{}", printable(header));
            }
            let _ = writeln!(text, "({CURL_ADDS})");
            if script.wget_trusts_everyone {
                text.push_str("Where there is no curl, wget sends it, and accepts any server's certificate.\n");
            }
            text.push_str("\nBODY: JSON with these values (show --raw prints it)\n\n");
            for row in &filled.rows {
                let value = if let Value::Known(value) | Value::Likely(value) = &row.value { value } else { "" };
                let _ = writeln!(text, "  {} = {}{}", printable(&row.path), printable(value), known(&row.value).1);
                let _ = writeln!(text, "      from: {}", printable(&row.from));
            }
        }
        (None, Err(why)) => {
            let _ =
                writeln!(text, "NOT UNDERSTOOD: {}. What it sends is not known; this is its text:\n", printable(why));
            for line in original.text.lines() {
                let _ = writeln!(text, "  {}", printable(line));
            }
        }
        (None, Ok(_)) => {}
    }
    text.push_str("\nTo stop: opt-out.\n\nNothing was sent.\n");
    text
}

/// The JSON answer.
#[derive(Serialize)]
struct Shown<'a> {
    state: &'static str,
    headline: String,
    event: &'a str,
    sender: &'static str,
    understood: bool,
    why_not: Option<&'a str>,
    /// The script's text, if it is not understood.
    text: Option<&'a str>,
    exact: bool,
    sent: bool,
    destination: Option<&'a str>,
    method: &'static str,
    headers: &'a [String],
    fields: Vec<Field<'a>>,
    /// The script does not always make JSON.
    body: Option<String>,
}

#[derive(Serialize)]
struct Field<'a> {
    name: &'a str,
    /// As it stands in the body; null: not known here.
    value: Option<&'a str>,
    /// `now`, `likely`, `not-here` or `made`.
    known: &'static str,
    source: &'a str,
}

impl<'a> Shown<'a> {
    fn of(preview: &'a Preview, original: &'a Original) -> Self {
        let (script, filled) = original.request.as_ref().ok().map_or((None, None), |(s, f)| (Some(s), Some(f)));
        let field = |row: &'a anonymous_statistics::agent::netdatas_script::Row| Field {
            name: &row.path,
            value: if let Value::Known(value) | Value::Likely(value) = &row.value { Some(value) } else { None },
            known: known(&row.value).0,
            source: &row.from,
        };
        Self {
            state: preview.verdict().name(),
            headline: preview.verdict().to_string(),
            event: &preview.action,
            sender: "netdatas-script",
            understood: script.is_some(),
            why_not: original.request.as_ref().err().map(String::as_str),
            text: script.is_none().then_some(&original.text),
            exact: filled.is_some_and(Filled::is_exact),
            sent: false,
            destination: script.map(|script| script.url.as_str()),
            method: METHOD,
            headers: script.map_or(&[], |script| &script.headers),
            fields: filled.map_or_else(Vec::new, |filled| filled.rows.iter().map(field).collect()),
            body: filled.map(|filled| String::from_utf8_lossy(&filled.bytes).into_owned()),
        }
    }
}
