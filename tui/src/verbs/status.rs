//! `status`: may this machine send, what decides that, and who would send.

use std::fmt::Write as _;
use std::process::ExitCode;

use anonymous_statistics::consent::{Decision, Source};
use anonymous_statistics::preview::{Preview, Question};
use serde::Serialize;

use crate::output::{self, Failure};
use crate::words;

pub(crate) fn run(question: &Question, json: bool) -> Result<ExitCode, Failure> {
    let preview = Preview::look(question);
    if json {
        output::json(&Status::of(&preview))?;
    } else {
        output::answer(text(&preview, question.call.is_some()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Whose environment the variables are read from.
pub(crate) fn whose_environment(recorded: bool) -> &'static str {
    if recorded {
        "Variables, folders, proxy and trust store are those of the recorded call."
    } else {
        "Variables, proxy and trust store are those of this shell; the daemon has an environment of its own."
    }
}

fn text(preview: &Preview, recorded: bool) -> String {
    let consent = &preview.consent;
    let mut text = format!("{}\n\n", words::headline(preview));
    let _ = writeln!(text, "Decision: {}\n", words::decision(consent.decision()));
    let rows: Vec<(String, &str, String)> = consent
        .steps
        .iter()
        .map(|step| (step.source.to_string(), words::verdict(step), words::finding(step)))
        .collect();
    let width = rows.iter().map(|(source, ..)| source.len()).max().unwrap_or_default();
    for ((source, verdict, finding), step) in rows.iter().zip(&consent.steps) {
        let _ = writeln!(text, "  {source:width$}  {verdict:15}  {finding}");
        if let Some(change) = step.what_would_change_it() {
            let _ = writeln!(text, "  {:width$}  what would change it: {change}", "");
        }
    }
    let _ = writeln!(text, "\n{}\n", words::paragraph(explanation(consent.decision())));
    text.push_str(&words::aligned(&words::overview(preview)));
    for sentences in
        [format!("{} {}", words::condition(preview), words::daemons()), whose_environment(recorded).to_owned()]
    {
        let _ = write!(text, "\n{}", words::paragraph(&sentences));
    }
    text.push('\n');
    let _ = match consent.decision() {
        Decision::OptedOut => writeln!(text, "\nTo opt in again: sudo telemetry-preview opt-in"),
        Decision::Allowed | Decision::Unknown => writeln!(text, "\nTo opt out: sudo telemetry-preview opt-out"),
    };
    text
}

/// How the decision follows from the trace.
pub(crate) const fn explanation(decision: Decision) -> &'static str {
    match decision {
        Decision::Allowed => {
            "Every place was looked at, and none objects. One objection would be enough to send nothing."
        }
        Decision::OptedOut => "One objection is enough: nothing is sent.",
        Decision::Unknown => {
            "No objection was found, but not every place could be looked at from this account. The daemon may see \
             what this account cannot. In doubt the sender sends nothing."
        }
    }
}

#[derive(Serialize)]
struct Status {
    state: &'static str,
    headline: String,
    decision: &'static str,
    trace: Vec<Step>,
    who_would_send: String,
    who_would_send_means: String,
    looked_at: Option<String>,
    destination: Option<String>,
    config_directory: Option<String>,
    configuration: String,
    proxy: String,
    trust_store: String,
    state_folder: Option<String>,
    netdata_version: Option<String>,
}

#[derive(Serialize)]
struct Step {
    kind: &'static str,
    source: String,
    finding: String,
    verdict: &'static str,
    what_would_change_it: Option<String>,
}

impl Status {
    fn of(preview: &Preview) -> Self {
        let trace = preview.consent.steps.iter().map(|step| Step {
            kind: match step.source {
                Source::File(_) => "file",
                Source::Variable(_) => "variable",
            },
            source: step.source.to_string(),
            finding: words::finding(step),
            verdict: words::verdict(step),
            what_would_change_it: step.what_would_change_it(),
        });
        Self {
            state: preview.outlook().name(),
            headline: preview.headline(),
            decision: words::decision(preview.consent.decision()),
            trace: trace.collect(),
            who_would_send: preview.script.to_string(),
            who_would_send_means: words::condition(preview),
            looked_at: preview.script.path.as_deref().map(words::path),
            destination: preview.config.as_ref().ok().map(|config| config.endpoint.to_string()),
            config_directory: preview.folders.config.as_ref().map(|(directory, _)| words::path(directory)),
            configuration: words::config(preview),
            proxy: words::proxy(preview),
            trust_store: words::trust_store(preview),
            state_folder: preview.folders.state().map(|state| words::path(&state)),
            netdata_version: words::agent_version(preview),
        }
    }
}
