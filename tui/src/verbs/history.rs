//! `history`: sent, refused and waiting events.

use std::fmt::Write as _;
use std::process::ExitCode;

use anonymous_statistics::consent::Decision;
use anonymous_statistics::inspect::{Preview, Question};
use anonymous_statistics::outbox::history::{History, RetryPlan};
use anonymous_statistics::outbox::{Entry, Item, Unread};
use serde::Serialize;

use crate::actions::rights;
use crate::output::{self, Failure, NO_PERMISSION, USAGE};
use crate::present::history::{becomes, line, recorded};
use crate::present::words;

pub(crate) fn run(question: &Question, json: bool, raw: Option<usize>) -> Result<ExitCode, Failure> {
    let preview = Preview::look(question);
    let history = preview.history.as_ref().map_err(|error| {
        let state = words::state_folder(&preview.folders);
        Failure::new(NO_PERMISSION, format!("cannot read {state}: {error}"))
            .instead(rights::with_more_rights("history", &preview))
    })?;
    match raw {
        Some(number) => output::raw(bytes(history, number)?)?,
        None if json => output::json(&Shown::of(&preview, history))?,
        None => output::answer(text(&preview, history))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The events with their numbers: the sent ones, then the waiting ones.
fn numbered(history: &History) -> impl Iterator<Item = (usize, &Item, Option<&RetryPlan>)> {
    let sent = history.sent.iter().map(|item| (item, None));
    let waiting = history.waiting.iter().map(|(item, prospect)| (item, Some(prospect)));
    sent.chain(waiting).enumerate().map(|(number, (item, prospect))| (number + 1, item, prospect))
}

fn bytes(history: &History, number: usize) -> Result<&[u8], Failure> {
    let item = numbered(history).find(|(found, ..)| *found == number);
    match item.map(|(_, item, _)| &item.entry) {
        Some(Ok(entry)) => Ok(&entry.request),
        Some(Err(error)) => Err(Failure::new(USAGE, format!("number {number} cannot be shown: {error}"))),
        None => Err(Failure::new(USAGE, format!("there is no number {number}; history lists what there is"))),
    }
}

fn text(preview: &Preview, history: &History) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "Sent or refused, kept in {}:", words::state_folder(&preview.folders));
    let mut rows = numbered(history).peekable();
    if history.sent.is_empty() {
        text.push_str("  nothing\n");
    }
    while let Some((number, item, _)) = rows.next_if(|(.., prospect)| prospect.is_none()) {
        let _ = writeln!(text, "  {number:>3}  {}", line(item));
    }
    text.push_str("\nWaiting to be sent:\n");
    if history.waiting.is_empty() {
        text.push_str("  nothing\n");
    }
    for (number, item, prospect) in rows {
        let _ = writeln!(text, "  {number:>3}  {}", line(item));
        if let Some(prospect) = prospect {
            let _ = writeln!(text, "       {}", becomes(prospect));
        }
    }
    if let Some(sentence) = words::unread(history.unread) {
        let _ = writeln!(text, "\n{sentence}");
    }
    if let Some(sentence) = recorded(preview) {
        let _ = writeln!(text, "\n{}", words::paragraph(&sentence));
    }
    text.push_str("\nhistory --raw NUMBER prints the bytes of one; forget deletes them all.\n");
    text
}

/// The JSON answer.
#[derive(Serialize)]
struct Shown {
    state_folder: Option<String>,
    /// Whether future requests are kept.
    recording: bool,
    sent: Vec<Row>,
    waiting: Vec<Row>,
    unread: Unread,
}

#[derive(Serialize)]
struct Row {
    number: usize,
    frozen: String,
    event: Option<String>,
    url: Option<String>,
    attempts: Option<u32>,
    status: Option<u16>,
    last_attempt: Option<String>,
    /// The sender's plan for a waiting event.
    becomes: Option<String>,
    damaged: Option<String>,
    body: Option<serde_json::Value>,
}

impl Shown {
    fn of(preview: &Preview, history: &History) -> Self {
        let row = |(number, item, prospect): (usize, &Item, Option<&RetryPlan>)| {
            let entry = item.entry.as_ref().ok();
            Row {
                number,
                frozen: item.name.time.to_string(),
                event: entry.and_then(Entry::action),
                url: entry.map(|entry| entry.record.url.clone()),
                attempts: entry.map(|entry| entry.record.attempts),
                status: entry.and_then(|entry| entry.record.status),
                last_attempt: entry.and_then(|entry| entry.record.time).map(|time| time.to_string()),
                becomes: prospect.map(becomes),
                damaged: item.entry.as_ref().err().cloned(),
                body: entry.and_then(Entry::json),
            }
        };
        let (sent, waiting) = numbered(history).map(row).partition(|row: &Row| row.becomes.is_none());
        let keeps = preview.config.as_ref().is_ok_and(|config| config.history > 0);
        Self {
            state_folder: preview.folders.state().map(|state| words::path(&state)),
            recording: keeps && preview.consent.decision() == Decision::Allowed,
            sent,
            waiting,
            unread: history.unread,
        }
    }
}
