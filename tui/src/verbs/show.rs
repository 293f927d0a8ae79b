//! `show`: the request as text, as bytes, or as JSON.

use std::fmt::Write as _;
use std::process::ExitCode;

use anonymous_statistics::agent::version::Calls;
use anonymous_statistics::digest::sha256;
use anonymous_statistics::inspect::{Original, Preview, Question};
use anonymous_statistics::request::Assembly;
use anonymous_statistics::request::event::Known;
use anonymous_statistics::request::http::{METHOD, PreparedRequest};
use anonymous_statistics::text::printable;
use serde::{Serialize, Serializer};

use crate::cli::{Sender, ShowOptions};
use crate::output::{self, Failure, NOT_EXACT, USAGE};
use crate::present::{dashboard, field_trace, fields, words};
use crate::verbs::{show_original, show_report};

/// `about_an_event`: the caller names an event, and does not ask for whatever is sent.
pub(crate) fn run(question: &Question, options: ShowOptions, about_an_event: bool) -> Result<ExitCode, Failure> {
    let preview = Preview::look(&Question { examples: options.example, ..question.clone() });
    // The daemon reports by itself, and calls no script; nothing on the command line asks for an event.
    let reports_only = preview.version.as_ref().is_some_and(|version| version.calls() == Calls::Never);
    if reports_only && options.channel.is_none() && options.sender.is_none() && !options.example && !about_an_event {
        return show_report::show(&preview, options);
    }
    if let Some(original) = original(&preview, options)? {
        return show_original::run(&preview, original, options);
    }
    let assembly = match &preview.assembly {
        Ok(assembly) => assembly,
        Err(error) => return Err(Failure::new(USAGE, format!("there is no request to show: {error}"))),
    };
    if options.raw {
        output::raw(&assembly.request.to_bytes())?;
    } else if options.json {
        output::json(&Shown::of(&preview, assembly))?;
    } else {
        output::answer(text(&preview, assembly))?;
    }
    say_beside(&preview, assembly, options);
    Ok(if options.strict && !preview.is_exact() { ExitCode::from(NOT_EXACT) } else { ExitCode::SUCCESS })
}

/// The script of Netdata's whose request is shown in place of this sender's.
fn original(preview: &Preview, options: ShowOptions) -> Result<Option<&Original>, Failure> {
    match (options.sender, &preview.original) {
        (Some(Sender::This), _) => Ok(None),
        (Some(Sender::Installed), None) if !preview.script.is_this_sender() => {
            Err(Failure::new(USAGE, format!("there is no request to show: who would send: {}", preview.script)))
        }
        (Some(Sender::Installed), original) => Ok(original.as_ref()),
        (None, original) => Ok(original.as_ref().filter(|_original| preview.events().is_called())),
    }
}

/// Writes the sender and the inexact values to standard error: standard output may be a file.
fn say_beside(preview: &Preview, assembly: &Assembly, options: ShowOptions) {
    if options.raw || options.json {
        output::hint(&words::headline(preview));
    }
    output::hint(&format!("Who would send: {}", preview.script));
    if !preview.script.is_this_sender() {
        output::hint(&preview.events().condition());
    }
    if options.raw || options.json || options.strict {
        for sentence in not_exact(assembly, options.raw) {
            output::hint(&format!("Not exact: {sentence}"));
        }
    }
}

/// The values that may change with the daemon's call.
fn not_exact(assembly: &Assembly, raw: bool) -> Vec<String> {
    let named = |is: &dyn Fn(Known) -> bool| -> Vec<&str> {
        assembly.event.not_of_now().filter(|entry| is(entry.known())).map(|entry| entry.field.name).collect()
    };
    let null = if raw { "null here: " } else { "" };
    [
        (named(&|known| known == Known::NotHere), format!("{null}values that only the daemon knows")),
        (named(&|known| matches!(known, Known::LastEvent(_))), "values of the last event of this kind".to_owned()),
        (named(&|known| known == Known::Example), "examples, not of this machine".to_owned()),
    ]
    .into_iter()
    .filter(|(names, _)| !names.is_empty())
    .map(|(names, what)| format!("{what} ({}): {}", names.len(), names.join(", ")))
    .collect()
}

fn text(preview: &Preview, assembly: &Assembly) -> String {
    let mut text = format!("{}\n", words::headline(preview));
    for line in words::telemetry(preview) {
        let _ = writeln!(text, "  {line}");
    }
    text.push('\n');
    text.push_str(&words::aligned(&words::overview(preview)));
    for sentences in [
        format!("{} {}", preview.events().condition(), words::daemons()),
        format!("Why: {}", words::WHY),
        format!("This preview {}. {}", words::NO_SOCKET, words::PSEUDONYMOUS),
        format!("Never sent: {}", words::NEVER_SENT),
        format!(
            "The agent's dashboard may send events of its own (--channel dashboard). Here: {}.",
            dashboard::state(preview)
        ),
    ] {
        let _ = write!(text, "\n{}", words::paragraph(&sentences));
    }
    text.push_str("\n\n");
    let request = &assembly.request;
    let _ = writeln!(text, "REQUEST\n{METHOD} {}", words::destination_of(request));
    for (name, value) in request.headers() {
        let _ = writeln!(text, "{name}: {}", printable(value));
    }
    if has_examples(assembly) {
        text.push_str("\nBODY: JSON with these fields; values marked (example) are not of this machine\n");
    } else {
        let _ = writeln!(
            text,
            "\nBODY: {} bytes of JSON with these fields (show --raw prints the bytes)",
            request.body().len()
        );
    }
    text.push_str(&fields::text(assembly.event.entries(), &assembly.stamp));
    if !preview.is_exact() {
        let _ = writeln!(text, "\n{}", words::paragraph(words::NOT_EXACT));
    }
    if !has_examples(assembly) {
        let _ = writeln!(
            text,
            "\nSHA-256 of the {} bytes of this request: {}",
            request.to_bytes().len(),
            request_digest(request)
        );
    }
    text.push_str("\nMore: status (what decides), history, diff --events START EXIT, explain FIELD. To stop: opt-out.\n\nNothing was sent.\n");
    text
}

/// Whether some values are examples: then no request has these bytes.
fn has_examples(assembly: &Assembly) -> bool {
    assembly.event.not_of_now().any(|entry| entry.known() == Known::Example)
}

fn request_digest(request: &PreparedRequest) -> String {
    sha256(&request.to_bytes())
}

/// The JSON answer.
#[derive(Serialize)]
struct Shown<'a> {
    state: &'static str,
    headline: String,
    event: &'a str,
    exact: bool,
    sent: bool,
    who_would_send: String,
    /// Null: not known here.
    destination: Option<String>,
    method: &'static str,
    headers: Headers<'a>,
    /// Null with examples.
    body: Option<Body<'a>>,
    /// Of all bytes of the request.
    sha256: Option<String>,
    fields: Vec<Field>,
    config: String,
    proxy: String,
    trust_store: String,
}

#[derive(Serialize)]
struct Field {
    name: &'static str,
    group: &'static str,
    /// As in the body; null if it is unknown here, or left out.
    value: serde_json::Value,
    /// `now`, `last-event`, `example` or `not-here`.
    known: &'static str,
    /// The time of the event with this value.
    of: Option<String>,
    note: Option<String>,
    in_body: bool,
    source: String,
    /// The answer of the daemon or the machine, before its form was checked.
    raw: Option<String>,
    evidence: Vec<String>,
    way: Vec<Step>,
    #[serde(flatten)]
    about: fields::About,
}

#[derive(Serialize)]
struct Step {
    step: &'static str,
    what: String,
}

impl<'a> Shown<'a> {
    fn of(preview: &'a Preview, assembly: &'a Assembly) -> Self {
        let fields = assembly.event.entries().iter().filter(|entry| words::is_shown(entry)).map(|entry| Field {
            name: entry.field.name,
            group: entry.field.group.title(),
            value: words::value_in_body(entry, &assembly.stamp),
            known: match entry.known() {
                Known::Now => "now",
                Known::LastEvent(_) => "last-event",
                Known::Example => "example",
                Known::NotHere => "not-here",
            },
            of: match entry.known() {
                Known::LastEvent(time) => Some(time.to_string()),
                _ => None,
            },
            note: words::instead_of_value(entry).map(|_form| words::value(entry, &assembly.stamp)),
            in_body: entry.content.is_in_body(),
            source: words::source(entry),
            raw: field_trace::raw(entry),
            evidence: words::evidence(entry).iter().map(words::asked).collect(),
            way: field_trace::steps(entry, &assembly.stamp)
                .into_iter()
                .map(|(step, what)| Step { step, what })
                .collect(),
            about: fields::About::of(entry.field),
        });
        Self {
            state: preview.verdict().name(),
            headline: preview.verdict().to_string(),
            event: &preview.action,
            exact: preview.is_exact(),
            sent: false,
            who_would_send: preview.script.to_string(),
            destination: assembly.request.endpoint().map(ToString::to_string),
            method: METHOD,
            headers: Headers(assembly.request.headers()),
            body: (!has_examples(assembly)).then(|| Body(assembly.request.body())),
            sha256: (!has_examples(assembly)).then(|| request_digest(&assembly.request)),
            fields: fields.collect(),
            config: words::config(preview),
            proxy: words::proxy(preview),
            trust_store: words::trust_store(preview),
        }
    }
}

/// The headers in wire order.
struct Headers<'a>(&'a [(&'static str, String)]);

impl Serialize for Headers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// The body as JSON, its fields in wire order.
struct Body<'a>(&'a [u8]);

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_transcode::transcode(&mut serde_json::Deserializer::from_slice(self.0), serializer)
    }
}
