//! `show`, where Netdata's own script is the sender: what it would send, read from its text.

use std::fmt::Write as _;
use std::process::ExitCode;

use anonymous_statistics::agent::netdatas_script::{Filled, Row, Value};
use anonymous_statistics::inspect::{Original, Preview};
use anonymous_statistics::request::http::METHOD;
use anonymous_statistics::text::printable;
use serde::Serialize;

use crate::cli::ShowOptions;
use crate::output::{self, Failure, NOT_EXACT, USAGE, WHOLE, object};
use crate::present::palette::heading;
use crate::present::request::{CURL_ADDS, known, of_script};
use crate::present::{before, fields, words};
use crate::verbs::done;

const ABOUT: &str = "This is what Netdata's own script would post, read from its text; it was not run. show --sender this shows what \
    this project's sender would send.";

pub(crate) fn run(preview: &Preview, original: &Original, options: ShowOptions) -> Result<ExitCode, Failure> {
    match &original.request {
        Err(why) if options.raw => {
            let line = format!("there is no request to show: Netdata's own script is not understood: {why}");
            return Err(Failure::new(USAGE, line));
        }
        Ok((_, filled)) if options.raw => output::raw(&filled.bytes)?,
        _ => done::found(options.format, || shown(preview, original), || text(preview, original, options.long))?,
    }
    if options.raw || options.format.is_json() {
        output::hint(&words::headline(preview));
        output::hint("Sender: Netdata's own script");
    }
    if options.raw {
        output::hint(&format!("These are the bytes of the body; {CURL_ADDS}"));
    }
    let filled = original.request.as_ref().ok().map(|(_, filled)| filled);
    let open = filled.iter().flat_map(|filled| &filled.rows).filter(|row| !matches!(row.value, Value::Known(_)));
    let open: Vec<&str> = open.map(|row| row.path.as_str()).collect();
    if (options.raw || options.strict) && !open.is_empty() {
        let null = if options.raw { "null here: " } else { "" };
        output::hint(&format!("Not exact: {null}not known before the call ({}): {}", open.len(), open.join(", ")));
    }
    let is_exact = filled.is_some_and(Filled::is_exact);
    Ok(if options.strict && !is_exact { ExitCode::from(NOT_EXACT) } else { ExitCode::SUCCESS })
}

fn text(preview: &Preview, original: &Original, long: bool) -> String {
    let mut rows = vec![("Event", words::event(preview))];
    if let Ok((script, _)) = &original.request {
        rows.insert(0, ("Destination", printable(&script.url).into_owned()));
    }
    rows.push(("Sender", "Netdata's own script (recognised by its contents)".to_owned()));
    rows.extend(preview.script.path.as_deref().map(|place| ("Script", words::path(place))));
    rows.extend(words::agent_version(preview).map(|version| ("Netdata", version)));
    let mut text = format!("{}\n{}\n{ABOUT}\n", words::headline_and_channels(preview), words::aligned(&rows));
    // Writing to a String cannot fail.
    match original.request.as_ref().map(|(script, filled)| (script, of_script(preview, script, filled))) {
        Ok((script, request)) => {
            if long {
                let _ = writeln!(text, "\n{}\n{METHOD} {}", heading("Request"), printable(&script.url));
                text.extend(script.headers.iter().map(|header| format!("{}\n", printable(header))));
                let _ = writeln!(text, "({CURL_ADDS})");
                if script.wget_trusts_everyone {
                    text.push_str("Where there is no curl, wget sends it, and accepts any server's certificate.\n");
                }
            }
            let _ = writeln!(text, "\n{} (likely: the daemon may say otherwise):\n", request.count());
            text.push_str(&fields::text(&request.lines, long));
        }
        Err(why) => {
            let _ =
                writeln!(text, "\nNOT UNDERSTOOD: {}. What it sends is not known; this is its text:\n", printable(why));
            text.extend(original.text.lines().map(|line| format!("{WHOLE}  {}\n", printable(line))));
        }
    }
    text + "\n" + &fields::end(preview, "show --long (sources of the values)")
}

/// The JSON answer. The text is that of a script that is not understood. The body is text, because the script does not
/// always make JSON, and null with examples.
fn shown(preview: &Preview, original: &Original) -> impl Serialize {
    let (script, filled) = original.request.as_ref().ok().map_or((None, None), |(s, f)| (Some(s), Some(f)));
    let field = |row: &Row| {
        // Null: not known here.
        let (value, known, _) = known(&row.value);
        object! { name: row.path.clone(), value: value.map(str::to_owned), known: known, source: row.from.clone() }
    };
    object! {
        #[serde(flatten)]
        surroundings: before::surroundings(preview),
        event: &preview.action,
        sender: "netdatas-script",
        understood: script.is_some(),
        why_not: original.request.as_ref().err(),
        text: script.is_none().then_some(&original.text),
        exact: filled.is_some_and(Filled::is_exact),
        sent: false,
        destination: script.map(|script| &script.url),
        method: METHOD,
        headers: script.map_or(&[][..], |script| &script.headers),
        fields: filled.iter().flat_map(|filled| &filled.rows).map(field).collect::<Vec<_>>(),
        body: filled.filter(|filled| filled.examples() == 0).map(|filled| String::from_utf8_lossy(&filled.bytes)),
    }
}
