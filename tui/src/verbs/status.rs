//! `status`: the decision, its trace, and the sender.

use std::fmt::Write as _;
use std::process::ExitCode;

use anonymous_statistics::agent::process::EnvSource;
use anonymous_statistics::channels::OptOutEffect;
use anonymous_statistics::consent::{Decision, Source};
use anonymous_statistics::inspect::{Preview, Question};
use anonymous_statistics::outbox::Unread;
use anonymous_statistics::text::printable;
use serde::Serialize;

use crate::output::{self, Failure};
use crate::present::{consent, words};

pub(crate) fn run(question: &Question, json: bool) -> Result<ExitCode, Failure> {
    let preview = Preview::look(question);
    if json {
        output::json(&Status::of(&preview))?;
    } else {
        output::answer(text(&preview))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn text(preview: &Preview) -> String {
    let consent = &preview.consent;
    let mut text = format!("{}\n", words::headline(preview));
    for line in words::both_needed(preview) {
        let _ = writeln!(text, "{line}");
    }
    text.push('\n');
    let _ = writeln!(
        text,
        "Decision: {}\n{}\n",
        words::decision(consent.decision()),
        words::paragraph(&consent::whose(preview))
    );
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
    let _ = writeln!(text, "\n{}", words::paragraph(consent::explanation(preview.consent.decision())));
    let differences = consent::differences(preview);
    if !differences.is_empty() {
        text.push_str("\nThis shell has other variables than the daemon; they do not count:\n");
        for row in &differences {
            let _ = writeln!(text, "  {:17}  daemon: {}\n  {:17}  shell:  {}", row.variable, row.daemon, "", row.shell);
        }
    }
    if let Some(advice) = consent::advice(preview) {
        let _ = writeln!(text, "\n{}", words::paragraph(advice));
    }
    let daemons = consent::daemons(preview);
    if !daemons.is_empty() {
        let _ = writeln!(text, "\nRunning daemons:\n  {}", daemons.join("\n  "));
    }
    let _ = write!(text, "\n{}", words::aligned(&words::overview(preview)));
    let _ = writeln!(text, "\n{}", words::paragraph(&format!("{} {}", preview.events().condition(), words::daemons())));
    text.push_str("\nEvery channel of the agent:\n");
    for channel in &preview.channels() {
        let _ = writeln!(text, "  {}: {}", channel.name, channel.what);
        let rows = [
            ("opt-out", channel.reach.describe().to_owned()),
            ("here", printable(&channel.state).into_owned()),
            ("to stop", channel.how_to_stop.to_owned()),
        ];
        for (label, row) in rows {
            let _ = writeln!(text, "    {label:8} {row}");
        }
    }
    let _ = match consent.decision() {
        Decision::OptedOut => writeln!(text, "\nTo opt in again: sudo telemetry-preview opt-in"),
        Decision::Allowed | Decision::Unknown => writeln!(text, "\nTo opt out: sudo telemetry-preview opt-out"),
    };
    text
}

/// The JSON answer. Names and meanings stay the same in later versions, which may add some.
#[derive(Serialize)]
struct Status {
    /// Whether the agent's events may be sent; null: unknown.
    anonymous_statistics: Option<bool>,
    state: &'static str,
    headline: String,
    decision: &'static str,
    /// The owner of the deciding environment: `call`, `daemon`, `unseen`, `unit` or `shell`.
    decided_for: &'static str,
    trace: Vec<Step>,
    /// The decision for the shell's variables, if another environment decides.
    shell_would_decide: Option<&'static str>,
    daemons: Vec<Running>,
    channels: Vec<Way>,
    who_would_send: String,
    who_would_send_means: String,
    looked_at: Option<String>,
    destination: Option<String>,
    config_directory: Option<String>,
    configuration: String,
    proxy: String,
    trust_store: String,
    state_folder: Option<String>,
    /// The unread rest of the state folder; `None`: it cannot be read.
    unread: Option<Unread>,
    netdata_version: Option<String>,
}

/// Whether the agent's events may be sent. `None`: unknown, because this account cannot see enough, or because the
/// daemon may report by itself.
pub(crate) fn switched_on(preview: &Preview) -> Option<bool> {
    match preview.consent.decision() {
        Decision::Allowed => Some(true),
        Decision::OptedOut if preview.events().may_report_itself() => None,
        Decision::OptedOut => Some(false),
        Decision::Unknown => None,
    }
}

#[derive(Serialize)]
struct Step {
    kind: &'static str,
    source: String,
    finding: String,
    verdict: &'static str,
    what_would_change_it: Option<String>,
}

#[derive(Serialize)]
struct Running {
    process: u32,
    user_id: u32,
    in_a_container: bool,
    started: Option<String>,
    environment_seen: bool,
    config_directory: Option<String>,
}

#[derive(Serialize)]
struct Way {
    name: &'static str,
    what: &'static str,
    opt_out: &'static str,
    here: String,
    how_to_stop: &'static str,
}

impl Status {
    fn of(preview: &Preview) -> Self {
        let daemons = preview.daemons.running.iter().map(|daemon| Running {
            process: daemon.process,
            user_id: daemon.owner,
            in_a_container: daemon.contained,
            started: daemon.started.map(|time| time.to_string()),
            environment_seen: daemon.environment.is_ok(),
            config_directory: daemon.folders.config_path().map(words::path),
        });
        let channels = preview.channels().into_iter().map(|channel| Way {
            name: channel.name,
            what: channel.what,
            opt_out: match channel.reach {
                OptOutEffect::Stops => "stops",
                OptOutEffect::Partly => "partly",
                OptOutEffect::Not => "not",
            },
            here: printable(&channel.state).into_owned(),
            how_to_stop: channel.how_to_stop,
        });
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
            anonymous_statistics: switched_on(preview),
            state: preview.events().verdict().name(),
            headline: preview.events().headline(),
            decision: words::decision(preview.consent.decision()),
            decided_for: match preview.surroundings.whose {
                EnvSource::Call => "call",
                EnvSource::Daemon(_) => "daemon",
                EnvSource::Unseen => "unseen",
                EnvSource::Unit(_) => "unit",
                EnvSource::Asker => "shell",
            },
            trace: trace.collect(),
            shell_would_decide: preview.askers.as_ref().map(|consent| words::decision(consent.decision())),
            daemons: daemons.collect(),
            channels: channels.collect(),
            who_would_send: preview.script.to_string(),
            who_would_send_means: preview.events().condition(),
            looked_at: preview.script.path.as_deref().map(words::path),
            destination: preview.config.as_ref().ok().map(|config| config.endpoint.to_string()),
            config_directory: preview.folders.config_path().map(words::path),
            configuration: words::config(preview),
            proxy: words::proxy(preview),
            trust_store: words::trust_store(preview),
            state_folder: preview.folders.state().map(|state| words::path(&state)),
            unread: preview.history.as_ref().ok().map(|history| history.unread),
            netdata_version: words::agent_version(preview),
        }
    }
}
