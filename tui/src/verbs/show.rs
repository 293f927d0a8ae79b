//! `show`: the request as text, as bytes, or as JSON.

use std::fmt::Write as _;
use std::process::ExitCode;

use anonymous_statistics::agent::version::Calls;
use anonymous_statistics::channels::crash_reports::If;
use anonymous_statistics::digest::sha256;
use anonymous_statistics::inspect::{Original, Preview, Question};
use anonymous_statistics::request::Assembly;
use anonymous_statistics::request::event::Known;
use anonymous_statistics::request::http::METHOD;
use anonymous_statistics::text::printable;
use serde::{Serialize, Serializer};

use crate::cli::{Sender, ShowOptions};
use crate::output::{self, Failure, NOT_EXACT, USAGE, object};
use crate::present::palette::heading;
use crate::present::request::{assembly, of_assembly};
use crate::present::{before, dashboard, fields, overview, words};
use crate::verbs::{done, show_original, show_report};

/// `about_an_event`: the caller names an event, and does not ask for whatever is sent.
pub(crate) fn run(question: &Question, options: ShowOptions, about_an_event: bool) -> Result<ExitCode, Failure> {
    let preview = Preview::look(&Question { examples: options.example, ..question.clone() });
    // The daemon reports by itself, and calls no script; nothing on the command line asks for an event.
    let reports_only = preview.version.as_ref().is_some_and(|version| version.calls() == Calls::Never)
        && !preview.events().is_sent_by_hooks();
    if reports_only && options.channel.is_none() && options.sender.is_none() && !options.example && !about_an_event {
        return show_report::run(&preview, options);
    }
    if If::from(options.r#if) != If::Killed {
        return Err(Failure::new(USAGE, "--if means something to the daemon's own report: --channel crash-reports"));
    }
    if let Some(original) = original(&preview, options)? {
        return show_original::run(&preview, original, options);
    }
    let assembly =
        assembly(&preview).map_err(|why| Failure::new(USAGE, format!("there is no request to show: {why}")))?;
    if options.raw {
        output::raw(&assembly.request.to_bytes())?;
    } else {
        done::found(options.format, || shown(&preview, assembly), || text(&preview, assembly, options.long))?;
    }
    // Standard output may be a file.
    if options.raw || options.format.is_json() {
        output::hint(&words::headline(&preview));
        output::hint(&format!("Sender: {}", preview.script));
        if !preview.script.is_this_sender() {
            output::hint(&preview.events().condition());
        }
    }
    if options.raw || options.format.is_json() || options.strict {
        for sentence in not_exact(assembly, options.raw) {
            output::hint(&format!("Not exact: {sentence}"));
        }
    }
    Ok(if options.strict && !preview.is_exact() { ExitCode::from(NOT_EXACT) } else { ExitCode::SUCCESS })
}

/// The script of Netdata's whose request is shown in place of this sender's.
fn original(preview: &Preview, options: ShowOptions) -> Result<Option<&Original>, Failure> {
    match (options.sender, &preview.original) {
        (Some(Sender::This), _) => Ok(None),
        (Some(Sender::Installed), None) if !preview.script.is_this_sender() => {
            Err(Failure::new(USAGE, format!("there is no request to show: {}", preview.script)))
        }
        (Some(Sender::Installed), original) => Ok(original.as_ref()),
        (None, _) => Ok(preview.sending_original()),
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

fn text(preview: &Preview, assembly: &Assembly, long: bool) -> String {
    let request = of_assembly(preview, assembly);
    let mut text = words::headline_and_channels(preview) + "\n";
    let rows = overview::circumstances(preview, Some(&request));
    // Writing to a String cannot fail.
    text.push_str(&words::aligned(if long { &rows } else { rows.get(..SHORT).unwrap_or(&rows) }));
    text.push('\n');
    if long {
        let (daemons, why, no_socket) = (words::daemons(), words::WHY, words::NO_SOCKET);
        let (state, bytes) = (dashboard::state(preview), bytes(assembly));
        let _ = write!(
            text,
            "{daemons}\n\nWhy: {why}\n\nThis preview {no_socket}.\n\nThe agent's dashboard may send events of its own \
             (--channel dashboard). Here: {state}.\n\n{bytes}"
        );
    }
    let mut sentences = vec![request.by_class(), words::PSEUDONYMOUS.to_owned()];
    if long || !preview.script.is_this_sender() {
        sentences.insert(0, preview.events().condition());
    }
    sentences.extend((!preview.is_exact()).then(|| words::NOT_EXACT.to_owned()));
    let _ = writeln!(text, "{}\nNever sent: {}\n", sentences.join(" "), words::NEVER_SENT);
    text + &fields::text(&request.lines, long)
        + &fields::end(preview, "show --long (form, source and reason of each field), status, history, explain FIELD")
}

/// How many rows of the circumstances answer where to, what and who.
const SHORT: usize = 3;

/// The bytes around the fields.
fn bytes(assembly: &Assembly) -> String {
    let request = &assembly.request;
    let mut text = format!("{}\n{METHOD} {}\n", heading("Request"), words::destination_of(request));
    text.extend(request.headers().iter().map(|(name, value)| format!("{name}: {}\n", printable(value))));
    let all = request.to_bytes();
    let _ = if has_examples(assembly) {
        writeln!(text, "\nA body of JSON with these fields. Examples are not of this machine.\n")
    } else {
        writeln!(
            text,
            "\nA body of {} bytes of JSON with these fields (show --raw prints it).\nSHA-256 of all {} bytes: {}\n",
            request.body().len(),
            all.len(),
            sha256(&all)
        )
    };
    text
}

/// Whether some values are examples: then no request has these bytes.
fn has_examples(assembly: &Assembly) -> bool {
    assembly.event.not_of_now().any(|entry| entry.known() == Known::Example)
}

/// The JSON answer. The destination is null if it is not known here; the body and the digest of all bytes are null with
/// examples.
fn shown(preview: &Preview, assembly: &Assembly) -> impl Serialize {
    let request = &assembly.request;
    let entries = assembly.event.entries().iter().filter(|entry| words::is_shown(entry));
    let is_real = !has_examples(assembly);
    object! {
        #[serde(flatten)]
        surroundings: before::surroundings(preview),
        event: &preview.action,
        exact: preview.is_exact(),
        sent: false,
        who_would_send: preview.script.to_string(),
        destination: request.endpoint().map(ToString::to_string),
        method: METHOD,
        headers: Headers(request.headers()),
        body: is_real.then(|| Body(request.body())),
        sha256: is_real.then(|| sha256(&request.to_bytes())),
        fields: entries.map(|entry| fields::json(entry, &assembly.stamp)).collect::<Vec<_>>(),
        config: words::config(preview),
        proxy: words::proxy(preview),
        trust_store: words::trust_store(preview),
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
pub(crate) struct Body<'a>(pub(crate) &'a [u8]);

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_transcode::transcode(&mut serde_json::Deserializer::from_slice(self.0), serializer)
    }
}
