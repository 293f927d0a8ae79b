//! What Netdata's own script would send, in words.

use std::fmt::Write as _;

use anonymous_statistics::agent::netdatas_script::Value;
use anonymous_statistics::inspect::{Original, Preview};
use anonymous_statistics::request::http::METHOD;
use anonymous_statistics::text::printable;

use crate::present::words;

const ABOUT: &str = "Netdata's own script is the sender here. This is what it would post, read from its text; it was not run. \
    show --sender this shows what this project's sender would send in its place.";

pub(crate) const CURL_ADDS: &str = "curl adds Host, User-Agent, Accept and Content-Length";

/// How a value is known, for programs and in words.
pub(crate) fn known(value: &Value) -> (&'static str, &'static str) {
    match value {
        Value::Known(_) => ("now", ""),
        Value::Likely(_) => ("likely", "  (likely: the daemon may say otherwise)"),
        Value::Daemons => ("not-here", "set by the daemon"),
        Value::Made => ("made", "made when the script runs"),
    }
}

/// The request; paragraphs are not wrapped.
pub(crate) fn text(preview: &Preview, original: &Original) -> String {
    let mut text = format!("{ABOUT}\n");
    let mut rows = vec![("Event", printable(&preview.action).into_owned())];
    rows.extend(preview.script.path.as_deref().map(|place| ("Script", words::path(place))));
    rows.extend(words::agent_version(preview).map(|version| ("Netdata", version)));
    let _ = writeln!(text, "\n{}", words::aligned(&rows));
    match &original.request {
        Ok((script, filled)) => {
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
        Err(why) => {
            let _ =
                writeln!(text, "NOT UNDERSTOOD: {}. What it sends is not known; this is its text:\n", printable(why));
            for line in original.text.lines() {
                let _ = writeln!(text, "  {}", printable(line));
            }
        }
    }
    text
}
