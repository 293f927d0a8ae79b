//! The outbox in words.

use anonymous_statistics::consent::Decision;
use anonymous_statistics::inspect::Preview;
use anonymous_statistics::outbox::history::RetryPlan;
use anonymous_statistics::outbox::{Entry, Item};
use anonymous_statistics::text::printable;

/// Whether future events are recorded, if that differs from the default.
pub(crate) fn recorded(preview: &Preview) -> Option<String> {
    match (preview.consent.decision(), &preview.config) {
        (Decision::OptedOut, _) => Some(
            "This machine has opted out: nothing is sent, and nothing is recorded. What waits is deleted when the sender \
             is called next; telemetry-preview forget deletes it now."
                .to_owned(),
        ),
        (_, Ok(config)) if config.history == 0 => {
            Some("The configuration says \"history = 0\": requests that were sent are not kept.".to_owned())
        }
        _ => None,
    }
}

pub(crate) fn line(item: &Item) -> String {
    let time = item.name.time.to_string();
    match &item.entry {
        Err(error) => format!("{time}  damaged, and never sent: {}", printable(error)),
        Ok(entry) => {
            let action = entry.action().unwrap_or_else(|| "?".to_owned());
            format!("{time}  {:12} {}", printable(&action), printable(&attempts(entry)))
        }
    }
}

/// A short line: the time, the action in this many columns, and the outcome.
pub(crate) fn short(item: &Item, actions: usize) -> String {
    let time = item.name.time.to_string();
    let second = time.split_once('.').map_or(&*time, |(second, _)| second);
    let (action, outcome) = match &item.entry {
        Err(_) => ("?".to_owned(), "damaged, and never sent".to_owned()),
        Ok(entry) => (entry.action().unwrap_or_else(|| "?".to_owned()), outcome(entry)),
    };
    format!("{second}Z  {:actions$}  {outcome}", printable(&action))
}

/// The result of the last attempt.
fn outcome(entry: &Entry) -> String {
    match entry.record.status {
        _ if entry.record.attempts == 0 => "not tried yet".to_owned(),
        Some(status @ 200..=299) => format!("accepted with status {status}"),
        Some(status @ (408 | 429 | 500..=599)) => format!("put off with status {status}"),
        Some(status) => format!("refused with status {status}"),
        None => "no answer".to_owned(),
    }
}

/// The number of attempts, with the result.
fn attempts(entry: &Entry) -> String {
    let record = &entry.record;
    let when = record.time.map_or_else(String::new, |time| format!(", last at {time}"));
    let tries = match record.attempts {
        0 => return outcome(entry),
        1 => format!("1 try{when}"),
        number => format!("{number} tries{when}"),
    };
    format!("{}; {tries}; to {}", outcome(entry), record.url)
}

/// The sender's plan for a waiting event.
pub(crate) fn becomes(prospect: &RetryPlan) -> String {
    let next = "at the daemon's next START or META";
    match prospect {
        RetryPlan::Next(place) => format!("sent {next}, as number {place} after that call's own event"),
        RetryPlan::NotBefore(time) => format!("sent {next} after {time}: the server asked for that"),
        RetryPlan::OtherDestination => {
            format!("deleted {next}: events go to another destination now, or the request was changed")
        }
        RetryPlan::NoDestination => "not sent as things are: events have no destination now".to_owned(),
        RetryPlan::TriedEnough => format!("deleted {next}: it was tried often enough"),
        RetryPlan::TooOld => format!("deleted {next}: it is too old"),
        RetryPlan::Damaged => "never sent; deleted when it is too old".to_owned(),
    }
}
