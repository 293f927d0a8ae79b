//! The deciding environment in words, beside that of the caller's shell.

use anonymous_statistics::agent::process::{Daemon, EnvSource};
use anonymous_statistics::consent::{Consent, Decision, Source, Step};
use anonymous_statistics::inspect::Preview;
use anonymous_statistics::text::printable;

use crate::present::words;

/// The owner of the deciding environment, and the consequence.
pub(crate) fn whose(preview: &Preview) -> String {
    let surroundings = &preview.surroundings;
    let sentence = match &surroundings.whose {
        EnvSource::Call => "Variables, folders, proxy and trust store are those of the recorded call.".to_owned(),
        EnvSource::Daemon(process) => {
            format!("Decided for the running daemon, process {process}: its variables count, not those of this shell.")
        }
        EnvSource::Unseen => "A daemon may run that cannot be seen from here; it would decide.".to_owned(),
        EnvSource::Unit(path) => format!(
            "No daemon runs. Decided for the one that systemd would start: {} and its drop-ins say which variables it gets.",
            words::path(path)
        ),
        EnvSource::Asker => {
            "No daemon runs for this configuration, and no unit of systemd starts one: the variables of this \
                         shell count, as if netdata were started from it."
                .to_owned()
        }
    };
    let unseen =
        surroundings.unseen().map(|why| format!(" Not seen from this account: {}.", printable(&why.to_string())));
    sentence + &unseen.unwrap_or_default()
}

/// A variable with different values in the two environments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) variable: String,
    pub(crate) daemon: String,
    pub(crate) shell: String,
}

pub(crate) fn differences(preview: &Preview) -> Vec<Difference> {
    let Some(askers) = &preview.askers else { return Vec::new() };
    let pairs =
        variables(&preview.consent).zip(variables(askers)).filter(|(daemon, shell)| daemon.finding != shell.finding);
    pairs
        .map(|(daemon, shell)| Difference {
            variable: daemon.source.to_string(),
            daemon: daemon.found(),
            shell: shell.found(),
        })
        .collect()
}

fn variables(consent: &Consent) -> impl Iterator<Item = &Step> {
    consent.steps.iter().filter(|step| matches!(step.source, Source::Variable(_)))
}

/// The running daemons, one line each.
pub(crate) fn daemons(preview: &Preview) -> Vec<String> {
    preview.daemons.running.iter().map(|daemon| line(preview, daemon)).collect()
}

fn line(preview: &Preview, daemon: &Daemon) -> String {
    let started = daemon.started.map_or_else(String::new, |time| format!(", started {time}"));
    let other = preview.others.iter().find(|other| other.whose == EnvSource::Daemon(daemon.process));
    let what = if daemon.contained {
        "runs in a container with files of its own: run this program inside it".to_owned()
    } else if preview.surroundings.whose == EnvSource::Daemon(daemon.process) {
        format!("{}; this one decides here", decided(&preview.consent))
    } else if let Some(other) = other {
        decided(&other.consent)
    } else {
        "uses another configuration than the one asked for".to_owned()
    };
    format!("process {}, user id {}{started}: {what}", daemon.process, daemon.owner)
}

/// The decision, and its reason.
pub(crate) fn decided(consent: &Consent) -> String {
    let decision = words::decision(consent.decision());
    match consent.reason() {
        Some(step) => format!("{decision}: {} {}", step.source, step.found()),
        None => decision.to_owned(),
    }
}

/// Advises to create the file where only a variable opts out.
pub(crate) fn advice(preview: &Preview) -> Option<&'static str> {
    preview.consent.is_by_variable_alone().then_some(
        "Only a variable opts out. The agent's dashboard looks at the file alone: create it as well (telemetry-preview \
         opt-out), and restart netdata.",
    )
}

/// How the decision follows from the trace.
pub(crate) fn explanation(consent: &Consent) -> String {
    let places = consent.steps.len();
    match consent.decision() {
        Decision::Allowed => format!("{places} places checked, no opt-out found. One would be enough to send nothing."),
        Decision::OptedOut => "One opt-out is enough: the sender sends nothing.".to_owned(),
        Decision::Unknown => {
            "No opt-out was found, but not every place can be seen from this account, and the daemon may \
            see more. In doubt the sender sends nothing."
                .to_owned()
        }
    }
}
