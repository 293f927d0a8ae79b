//! `history`: sent, refused and waiting events.

use anonymous_statistics::consent::Decision;
use anonymous_statistics::inspect::{Preview, Question};
use anonymous_statistics::outbox::history::{History, RetryPlan};
use anonymous_statistics::outbox::{Entry, Item};
use serde::Serialize;
use system_facts::internal::utc_offset;

use crate::actions::rights;
use crate::cli::Format;
use crate::output::{self, Failure, NO_PERMISSION, USAGE, object};
use crate::present::history::{COLUMNS, becomes, cells, recorded};
use crate::present::palette::heading;
use crate::present::words;
use crate::verbs::done;

pub(crate) fn run(question: &Question, format: Format, raw: Option<usize>) -> Result<(), Failure> {
    let preview = Preview::look(question);
    let history = preview.history.as_ref().map_err(|error| {
        let state = words::state_folder(&preview.folders);
        Failure::new(NO_PERMISSION, format!("cannot read {state}: {error}"))
            .instead(rights::with_more_rights("history", &preview))
    })?;
    match raw {
        Some(number) => output::raw(bytes(history, number)?),
        None => done::found(format, || shown(&preview, history), || text(&preview, history)),
    }
}

/// An event of the outbox; `Some`: it waits, and this becomes of it.
type Kept<'a> = (&'a Item, Option<&'a RetryPlan>);

/// The events with their numbers: the newest is the first.
fn numbered(history: &History) -> impl Iterator<Item = (usize, Kept<'_>)> {
    let sent = history.sent.iter().map(|item| (item, None));
    let mut all: Vec<Kept<'_>> =
        sent.chain(history.waiting.iter().map(|(item, prospect)| (item, Some(prospect)))).collect();
    all.sort_unstable_by_key(|(item, _)| std::cmp::Reverse(item.name));
    (1..).zip(all)
}

fn bytes(history: &History, number: usize) -> Result<&[u8], Failure> {
    match numbered(history).find(|(found, _)| *found == number).map(|(_, (item, _))| &item.entry) {
        Some(Ok(entry)) => Ok(&entry.request),
        Some(Err(error)) => Err(Failure::new(USAGE, format!("number {number} cannot be shown: {error}"))),
        None => Err(Failure::new(USAGE, format!("there is no number {number}; history lists what there is"))),
    }
}

fn text(preview: &Preview, history: &History) -> String {
    let mut text =
        format!("Sent, refused and waiting, the newest first, in {}:\n", words::state_folder(&preview.folders));
    let mut table = vec![COLUMNS.map(str::to_owned)];
    table.extend(numbered(history).map(|(_, (item, _))| cells(item, utc_offset)));
    let widths: [usize; COLUMNS.len()] =
        std::array::from_fn(|column| table.iter().map(|row| row[column].chars().count()).max().unwrap_or_default());
    let line = |label: &str, row: &[String; COLUMNS.len()]| {
        let cells =
            row.iter().zip(widths).fold(String::new(), |text, (cell, width)| text + &format!("  {cell:width$}"));
        format!("  {label:>3}{}\n", cells.trim_end())
    };
    if table.len() == 1 {
        text.push_str("  nothing\n");
    } else {
        text.push_str(&heading(&line("", &table[0])));
    }
    for ((number, (_, prospect)), row) in numbered(history).zip(table.iter().skip(1)) {
        text.push_str(&line(&number.to_string(), row));
        text.extend(prospect.map(|prospect| format!("       waits: {}\n", becomes(prospect))));
    }
    let sentences = words::unread(history.unread).into_iter().chain(recorded(preview));
    text.extend(sentences.map(|sentence| format!("\n{sentence}\n")));
    if table.len() > 1 {
        text.push_str("\nhistory --raw NUMBER prints the bytes of one; forget deletes them all.\n");
    }
    text
}

/// The JSON answer; `recording` is whether future requests are kept.
fn shown(preview: &Preview, history: &History) -> impl Serialize {
    let row = |(number, (item, prospect)): (usize, Kept<'_>)| {
        let entry = item.entry.as_ref().ok();
        object! {
            number: number,
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
    let rows = |waits: bool| numbered(history).filter(move |(_, (_, prospect))| prospect.is_some() == waits).map(row);
    let keeps = preview.config.as_ref().is_ok_and(|config| config.history > 0);
    object! {
        state_folder: preview.folders.state().map(|state| words::path(&state)),
        recording: keeps && preview.consent.decision() == Decision::Allowed,
        sent: rows(false).collect::<Vec<_>>(),
        waiting: rows(true).collect::<Vec<_>>(),
        unread: history.unread,
    }
}
