//! `status`: the decision, its trace, and the sender.

use std::fmt::Write as _;

use anonymous_statistics::agent::process::EnvSource;
use anonymous_statistics::channels::{Channel, Step as ChannelStep};
use anonymous_statistics::consent::{Decision, Source};
use anonymous_statistics::inspect::{Preview, Question};
use anonymous_statistics::outbox::Unread;
use anonymous_statistics::text::printable;
use serde::Serialize;

use crate::cli::Format;
use crate::output::{Failure, WHOLE};
use crate::present::commands::Caller;
use crate::present::request::of_sender;
use crate::present::{consent, overview, words};
use crate::verbs::done;

pub(crate) fn run(question: &Question, format: Format) -> Result<(), Failure> {
    let preview = Preview::look(question);
    done::found(format, || Status::of(&preview), || text(&preview))
}

fn text(preview: &Preview) -> String {
    let consent = &preview.consent;
    let caller = Caller::now();
    let mut text = words::headline_and(preview, &words::telemetry(preview));
    let (decision, whose) = (words::decision(consent.decision()), consent::whose(preview));
    let _ = writeln!(text, "\nThis project's sender: {decision}\n{whose}\n");
    let width = consent.steps.iter().map(|step| step.source.to_string().len()).max().unwrap_or_default();
    for step in &consent.steps {
        let (verdict, finding) = words::checked(step);
        let _ = writeln!(text, "  {:width$}  {verdict:11}  {finding}", step.source.to_string());
        text.extend(step.what_would_change_it().map(|change| format!("      to change this, {change}\n")));
    }
    let _ = writeln!(text, "\n{}", consent::explanation(consent));
    let differences = consent::differences(preview);
    if !differences.is_empty() {
        text.push_str("\nThis shell has other variables than the daemon; they do not count:\n");
        for row in &differences {
            let _ = writeln!(text, "  {:17}  daemon: {}\n  {:17}  shell:  {}", row.variable, row.daemon, "", row.shell);
        }
    }
    text.extend(consent::advice(preview).map(|advice| format!("\n{advice}\n")));
    let daemons = consent::daemons(preview);
    if !daemons.is_empty() {
        let _ = writeln!(text, "\nRunning daemons:\n  {}", daemons.join("\n  "));
    }
    let rows = words::aligned(&overview::circumstances(preview, of_sender(preview).as_ref().ok()));
    let _ = write!(text, "\nEvents by this project's sender:\n{rows}");
    let _ = writeln!(text, "\n{} {}", preview.events().condition(), words::daemons());
    text.push_str("\nEvery channel of the agent:\n");
    for channel in &preview.channels() {
        let _ = writeln!(text, "  {}: {}", channel.name, channel.what);
        let _ = writeln!(text, "    {:8} {}", "here", words::judged(channel));
        for step in &channel.judgement.trace {
            let _ = {
                let said = format!("{}: {} ({})", step.asked, step.found, step.effect.describe());
                writeln!(text, "      {}", printable(&said))
            };
        }
        let _ = writeln!(text, "    {:8} {}", "goes to", printable(&channel.destination));
        if channel.judgement.state.is_silent() {
            continue;
        }
        let _ = match caller.how_to_stop(channel, &preview.folders) {
            (None, words) => writeln!(text, "    {:8} {words}", "to stop"),
            (Some(command), "") => writeln!(text, "    {:8} run this:\n{WHOLE}      {command}", "to stop"),
            (Some(command), words) => writeln!(text, "    {:8} run this, {words}:\n{WHOLE}      {command}", "to stop"),
        };
    }
    let (to, verb) = match (consent.decision(), preview.verdict().sends()) {
        (Decision::OptedOut, Some(false)) => ("opt in again", "opt-in"),
        _ => ("opt out", "opt-out"),
    };
    let _ = writeln!(text, "\nTo {to}:\n{WHOLE}  {}", caller.command(verb, &preview.folders));
    text
}

/// The JSON answer. Names and meanings stay the same in later versions, which may add some.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Status {
    /// Whether this machine sends telemetry, through any channel; null: it cannot be told.
    anonymous_statistics: Option<bool>,
    /// `sends`, `off`, `cannot-tell` or `no-agent`.
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
    other_agents: Vec<Agent>,
    who_would_send: String,
    who_would_send_means: String,
    looked_at: Option<String>,
    destination: Option<String>,
    config_directory: Option<String>,
    configuration: String,
    proxy: String,
    trust_store: String,
    state_folder: Option<String>,
    /// The unread rest of the state folder; null: it cannot be read.
    #[cfg_attr(test, schemars(with = "Option<tests::Rest>"))]
    unread: Option<Unread>,
    netdata_version: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Step {
    kind: &'static str,
    source: String,
    finding: String,
    verdict: &'static str,
    what_would_change_it: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Running {
    process: u32,
    user_id: u32,
    in_a_container: bool,
    started: Option<String>,
    environment_seen: bool,
    config_directory: Option<String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Way {
    name: &'static str,
    what: &'static str,
    /// Whether it counts for the state of the machine.
    is_telemetry: bool,
    /// `on`, `on-later`, `off`, `not-there` or `unknown`.
    state: &'static str,
    why: String,
    trace: Vec<WayStep>,
    destination: String,
    how_to_stop: &'static str,
}

/// A question of the sending program.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct WayStep {
    asked: String,
    found: String,
    effect: &'static str,
}

/// Another agent of this machine.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Agent {
    config_directory: Option<String>,
    channels: Vec<Way>,
}

impl Way {
    fn of(channel: &Channel) -> Self {
        let step = |step: &ChannelStep| WayStep {
            asked: printable(&step.asked).into_owned(),
            found: printable(&step.found).into_owned(),
            effect: step.effect.describe(),
        };
        Self {
            name: channel.name,
            what: channel.what,
            is_telemetry: channel.is_telemetry,
            state: channel.judgement.state.name(),
            why: printable(&channel.judgement.why).into_owned(),
            trace: channel.judgement.trace.iter().map(step).collect(),
            destination: printable(&channel.destination).into_owned(),
            how_to_stop: channel.how_to_stop,
        }
    }
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
        let others = preview.others.iter().map(|other| Agent {
            config_directory: other.config_directory.as_deref().map(words::path),
            channels: other.channels.iter().map(Way::of).collect(),
        });
        let trace = preview.consent.steps.iter().map(|step| Step {
            kind: match step.source {
                Source::File(_) => "file",
                Source::Variable(_) => "variable",
            },
            source: step.source.to_string(),
            finding: step.found(),
            verdict: words::verdict(step),
            what_would_change_it: step.what_would_change_it(),
        });
        Self {
            anonymous_statistics: preview.verdict().sends(),
            state: preview.verdict().name(),
            headline: preview.verdict().to_string(),
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
            channels: preview.channels().iter().map(Way::of).collect(),
            other_agents: others.collect(),
            who_would_send: preview.script.to_string(),
            who_would_send_means: preview.events().condition(),
            looked_at: preview.script.path.as_deref().map(words::path),
            destination: preview.destination.as_ref().ok().and_then(Option::as_ref).map(|to| to.endpoint.to_string()),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries of the state folder that were not read.
    #[derive(schemars::JsonSchema)]
    #[expect(dead_code, reason = "a schema of the core's Unread, which has none")]
    pub(super) struct Rest {
        number: usize,
        /// Whether there may be more.
        or_more: bool,
    }

    /// Programs rely on names and types: a change shows as a changed file.
    #[test]
    fn the_schema_of_the_json_is_up_to_date() {
        let schema = schemars::schema_for!(Status);
        let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/status.schema.json");
        if std::env::var_os("DRAW").is_some() {
            std::fs::write(&file, &text).unwrap();
        }
        let kept = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(kept == text, "{} is out of date; run: cargo xtask generate", file.display());
    }
}
