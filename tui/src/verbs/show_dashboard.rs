//! `show --channel dashboard`: the events that the agent's dashboard sends from a browser.

use std::fmt::Write as _;
use std::process::ExitCode;

use anonymous_statistics::channels::dashboard;
use anonymous_statistics::inspect::{Preview, Question};
use anonymous_statistics::request::event::Content;
use serde::Serialize;

use crate::cli::ShowOptions;
use crate::output::{self, Failure, NOT_EXACT, USAGE};
use crate::present::dashboard::{ABOUT, Client, DECIDES, STAMP, STOCK, Stock, client, destination, state};
use crate::present::{fields, words};

pub(crate) fn run(question: &Question, options: ShowOptions) -> Result<ExitCode, Failure> {
    if options.raw {
        let line =
            "the bytes of these requests are made in a browser; telemetry.js shows the last ones (status().last)";
        return Err(Failure::new(USAGE, line));
    }
    let preview = Preview::look(question);
    let entries = &preview.dashboard;
    if options.json {
        output::json(&Shown::of(&preview))?;
    } else {
        output::answer(text(&preview))?;
    }
    let exact = entries.iter().all(|entry| matches!(entry.content, Content::Sent(_)));
    Ok(if options.strict && !exact { ExitCode::from(NOT_EXACT) } else { ExitCode::SUCCESS })
}

fn text(preview: &Preview) -> String {
    let mut text = format!("The agent's dashboard: {}\n\n", state(preview));
    text.push_str(&words::aligned(&[("Destination", destination())]));
    let _ = writeln!(text, "\n{}\n", words::paragraph(&format!("{ABOUT} {DECIDES}")));
    text.push_str("FIELDS of every event, beside those that the dashboard has declared for it\n");
    text.push_str(&fields::text(&preview.dashboard, &STAMP));
    let (recording, parts) = client();
    let _ = writeln!(text, "\nPOSTHOG'S CLIENT adds this by itself ({}, recorded in a browser)", recording.program);
    for (heading, names) in parts {
        let _ = writeln!(text, "\n{heading}:\n{}", words::paragraph(&names.join(", ")));
    }
    let stock = dashboard::stock();
    let _ = writeln!(text, "\nTHE AGENT'S OWN DASHBOARD ({}, recorded in a browser)\n", stock.program);
    let _ = writeln!(text, "{}", words::paragraph(STOCK));
    let _ = writeln!(text, "\nIt sends:\n{}", words::paragraph(&stock.names.join(", ")));
    text.push_str("\nNothing was sent.\n");
    text
}

/// The JSON answer.
#[derive(Serialize)]
struct Shown {
    channel: &'static str,
    state: String,
    sent: bool,
    destination: String,
    fields: Vec<Field>,
    client: Client,
    stock: Stock,
}

#[derive(Serialize)]
struct Field {
    name: &'static str,
    group: &'static str,
    /// Null if it is unknown here.
    value: serde_json::Value,
    known: bool,
    note: Option<String>,
    source: String,
    #[serde(flatten)]
    about: fields::About,
}

impl Shown {
    fn of(preview: &Preview) -> Self {
        let fields = preview.dashboard.iter().map(|entry| Field {
            name: entry.field.name,
            group: entry.field.group.title(),
            value: words::value_in_body(entry, &STAMP),
            known: matches!(entry.content, Content::Sent(_)),
            note: words::instead_of_value(entry).map(|_form| words::value(entry, &STAMP)),
            source: words::source(entry),
            about: fields::About::of(entry.field),
        });
        Self {
            channel: "dashboard",
            state: state(preview),
            sent: false,
            destination: destination(),
            fields: fields.collect(),
            client: Client::recorded(),
            stock: Stock::recorded(),
        }
    }
}
