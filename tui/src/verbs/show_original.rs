//! `show`, where Netdata's own script is the sender: what it would send, read from its text.

use std::process::ExitCode;

use anonymous_statistics::agent::netdatas_script::{Filled, Value};
use anonymous_statistics::inspect::{Original, Preview};
use anonymous_statistics::request::http::METHOD;
use serde::Serialize;

use crate::cli::ShowOptions;
use crate::output::{self, Failure, NOT_EXACT, USAGE};
use crate::present::original::{self as present, CURL_ADDS, known};
use crate::present::words;

pub(crate) fn run(preview: &Preview, original: &Original, options: ShowOptions) -> Result<ExitCode, Failure> {
    let is_exact = original.request.as_ref().is_ok_and(|(_, filled)| filled.is_exact());
    match &original.request {
        Err(why) if options.raw => {
            let line = format!("there is no request to show: Netdata's own script is not understood: {why}");
            return Err(Failure::new(USAGE, line));
        }
        Ok((_, filled)) if options.raw => output::raw(&filled.bytes)?,
        _ if options.json => output::json(&Shown::of(preview, original))?,
        _ => output::answer(text(preview, original))?,
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

fn text(preview: &Preview, original: &Original) -> String {
    format!(
        "{}\n{}\nTo stop: opt-out.\n\nNothing was sent.\n",
        words::headline_and_channels(preview),
        words::filled(&present::text(preview, original))
    )
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
