//! `show --channel dashboard`: the events that the agent's dashboard sends from a browser.

use std::fmt::Write as _;
use std::process::ExitCode;

use anonymous_statistics::inspect::{Preview, Question};
use anonymous_statistics::request::event::Content;
use serde::Serialize;

use crate::cli::ShowOptions;
use crate::output::{Failure, NOT_EXACT, USAGE, object};
use crate::present::dashboard::{ABOUT, DECIDES, STAMP, destination, recorded, recordings, state};
use crate::present::palette::heading;
use crate::present::request::of_dashboard;
use crate::present::{fields, words};
use crate::verbs::done;

pub(crate) fn run(question: &Question, options: ShowOptions) -> Result<ExitCode, Failure> {
    if options.raw {
        let line =
            "the bytes of these requests are made in a browser; telemetry.js shows the last ones (status().last)";
        return Err(Failure::new(USAGE, line));
    }
    let preview = Preview::look(question);
    done::found(options.format, || shown(&preview), || text(&preview, options.long))?;
    let exact = preview.dashboard.iter().all(|entry| matches!(entry.content, Content::Sent(_)));
    Ok(if options.strict && !exact { ExitCode::from(NOT_EXACT) } else { ExitCode::SUCCESS })
}

fn text(preview: &Preview, long: bool) -> String {
    let mut text = words::headline_and_channels(preview) + "\n";
    text.push_str(&words::aligned(&[("The agent's dashboard", state(preview)), ("Destination", destination())]));
    // Writing to a String cannot fail.
    let _ = writeln!(text, "\n{ABOUT} {DECIDES}\n\nIn every event, beside what the dashboard declares for it:\n");
    text.push_str(&fields::text(&of_dashboard(preview).lines, long));
    for (what, sentences) in recordings() {
        let _ = writeln!(text, "\n{}\n  {}", heading(&what), sentences.join("\n  "));
    }
    text + "\nNothing was sent.\n"
}

/// The JSON answer.
fn shown(preview: &Preview) -> impl Serialize {
    let (client, stock) = recorded();
    object! {
        channel: "dashboard",
        state: state(preview),
        sent: false,
        destination: destination(),
        fields: preview.dashboard.iter().map(|entry| fields::json(entry, &STAMP)).collect::<Vec<_>>(),
        client: client,
        stock: stock,
    }
}
