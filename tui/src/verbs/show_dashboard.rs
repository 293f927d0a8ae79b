//! `show --channel dashboard`: what the agent's dashboard sends from a browser.

use std::fmt::Write as _;
use std::process::ExitCode;

use anonymous_statistics::channels::dashboard;
use anonymous_statistics::fields::Group;
use anonymous_statistics::inspect::{Preview, Question};
use anonymous_statistics::request::event::Content;
use serde::Serialize;

use crate::cli::ShowOptions;
use crate::output::{self, Failure, NOT_EXACT, USAGE};
use crate::present::dashboard::{ABOUT, Client, DECIDES, STAMP, STOCK, Stock, client, destination, state};
use crate::present::words;

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
    for group in Group::ALL {
        let of_group: Vec<_> = preview.dashboard.iter().filter(|entry| entry.field.group == group).collect();
        if of_group.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n{}", group.title());
        for entry in of_group {
            let _ = writeln!(text, "  {} = {}", entry.field.name, words::value(entry, &STAMP));
            if let Some(form) = words::instead_of_value(entry) {
                let _ = writeln!(text, "      form: {form}");
            }
            let _ = writeln!(text, "      from: {}", words::source(entry));
            let _ = writeln!(text, "      why:  {}", entry.field.purpose.describe());
        }
    }
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

/// The answer for programs.
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
    /// Null where it is not known here.
    value: serde_json::Value,
    known: bool,
    note: Option<String>,
    source: String,
    why: &'static str,
    what: &'static str,
    sensitivity: &'static str,
    form: String,
    example: &'static str,
    documented: bool,
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
            why: entry.field.purpose.describe(),
            what: entry.field.what,
            sensitivity: entry.field.sensitivity.describe(),
            form: entry.field.shape.describe(),
            example: entry.field.example,
            documented: entry.field.documented,
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
