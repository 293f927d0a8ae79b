//! Compares events: those of several actions, or the next one with the last one sent.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value as Json;

use crate::agent::netdatas_script::{Filled, Value};
use crate::channels::crash_reports::fields::FIELDS as REPORT_FIELDS;
use crate::channels::crash_reports::{self, Report};
use crate::clock::UnixMillis;
use crate::config::WITHHELD;
use crate::fields::shape::Rejection;
use crate::fields::{self, ACTIONS, Action, FIELDS, Field, Origin};
use crate::inspect::agents::expected;
use crate::inspect::{Preview, Question};
use crate::request::event::{Content, Event, Known};
use crate::request::payload::EventId;
use crate::request::{Assembly, NoRequest};

#[derive(Debug, Clone)]
pub struct Column {
    pub action: String,
    /// The event of this project's sender.
    pub assembly: Result<Assembly, NoRequest>,
    /// The event of the program that sends it here: this sender, or Netdata's own script.
    pub side: Option<Side>,
}

impl Column {
    /// An event of this project's sender.
    pub fn new(action: &str, assembly: Result<Assembly, NoRequest>) -> Self {
        let side = assembly.as_ref().ok().map(|assembly| Side::of_event(&assembly.event));
        Self { action: action.to_owned(), assembly, side }
    }
}

/// The events of all known actions and of the preview, by the program that sends that of the preview.
pub fn columns(question: &Question, preview: &Preview) -> Vec<Column> {
    // The preview knows more about its own event.
    let own = || Column { side: now(preview), ..Column::new(&preview.action, preview.assembly.clone()) };
    let of = |action: &str| {
        let history = preview.history.as_ref().ok();
        let call = expected(question, action, &preview.events().by_hooks(), &preview.folders, history);
        let config = preview.config.as_ref().map_err(|error| error.clone().into());
        let assembly = config.and_then(|config| {
            let destination = preview.destination.as_ref().map_err(Clone::clone)?;
            Assembly::build(&call, &preview.machine, config, destination.as_ref(), EventId::now())
        });
        let mut column = Column::new(action, assembly);
        if let Some(original) = preview.sending_original() {
            column.side = original.of(&call, &preview.machine).map(|filled| Side::of_script(&filled));
        }
        column
    };
    let unknown = Action::named(&preview.action).is_none().then(own);
    let known = ACTIONS.iter().map(|action| if action.name == preview.action { own() } else { of(action.name) });
    unknown.into_iter().chain(known).collect()
}

/// The event of the preview, by the program that sends it.
pub fn now(preview: &Preview) -> Option<Side> {
    match preview.sending_original() {
        Some(original) => original.request.as_ref().ok().map(|(_, filled)| Side::of_script(filled)),
        None => preview.assembly.as_ref().ok().map(|assembly| Side::of_event(&assembly.event)),
    }
}

/// The content of one field in one event.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Value(Json),
    /// A new value in every event.
    Fresh,
    /// Only the daemon knows the value.
    SetByDaemon,
    /// Only the daemon knows the value; this is what Netdata's own script would find out here.
    Likely(Json),
    /// Only the daemon knows the value; this is the schema's.
    Example(Json),
    /// The value was refused.
    LeftOut(Rejection),
    /// The content in the last event of this kind. The daemon may have another value now.
    Then(Box<Self>, UnixMillis),
    Withheld,
    Absent,
}

impl Cell {
    /// Whether the field has no known value.
    pub fn is_absent(&self) -> bool {
        match self {
            Self::Absent => true,
            Self::Then(then, _) => then.is_absent(),
            _ => false,
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => write!(f, "{value}"),
            Self::Fresh => f.write_str("new in every event"),
            Self::SetByDaemon => f.write_str("set by the daemon"),
            Self::Likely(value) => write!(f, "{value}, likely"),
            Self::Example(value) => write!(f, "{value}, an example"),
            Self::LeftOut(misfit) => write!(f, "left out: {}", misfit.describe()),
            Self::Then(cell, time) => write!(f, "{cell}, in the event of {time}"),
            Self::Withheld => f.write_str(WITHHELD),
            Self::Absent => f.write_str("not sent"),
        }
    }
}

/// One of two compared events.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    cells: BTreeMap<String, Cell>,
}

impl Side {
    pub fn of(cells: impl IntoIterator<Item = (String, Cell)>) -> Self {
        let mut side = Self { cells: BTreeMap::new() };
        side.cells.extend(cells);
        side
    }

    pub fn of_event(event: &Event) -> Self {
        let exact = event.not_of_now().next().is_none();
        let cells = event.entries().iter().map(|entry| {
            let cell = match &entry.content {
                // The refused values are known only with all values.
                _ if entry.field.origin == Origin::Dropped && !exact => Cell::SetByDaemon,
                // Plain data always has a form in JSON.
                Content::Sent(value) => Cell::Value(serde_json::to_value(value).unwrap_or_default()),
                Content::Frozen => Cell::Fresh,
                Content::NotKnownHere => Cell::SetByDaemon,
                Content::Dropped(misfit) => Cell::LeftOut(*misfit),
                Content::Withheld => Cell::Withheld,
                Content::Absent => Cell::Absent,
            };
            let cell = match entry.known() {
                Known::LastEvent(time) => Cell::Then(Box::new(cell), time),
                Known::Example => match cell {
                    Cell::Value(value) => Cell::Example(value),
                    _ => Cell::SetByDaemon,
                },
                Known::Now | Known::NotHere => cell,
            };
            (entry.field.name.to_owned(), cell)
        });
        Self::of(cells)
    }

    /// A sent body, perhaps of another version of the sender.
    pub fn of_body(body: &Json) -> Self {
        let mut cells = BTreeMap::new();
        for (name, value) in body.as_object().into_iter().flatten() {
            match (name.as_str(), value) {
                ("properties", Json::Object(properties)) => {
                    let cell = |(name, value): (&String, &Json)| (name.clone(), cell_of(name, value));
                    cells.extend(properties.iter().map(cell));
                }
                _ => {
                    cells.insert(name.clone(), cell_of(name, value));
                }
            }
        }
        Self { cells }
    }

    pub fn of_report(report: &Report) -> Self {
        Self::of(report.rows.iter().map(|row| {
            let value = serde_json::from_slice(&row.value).unwrap_or_default();
            let cell = match row.known {
                crash_reports::Known::Now | crash_reports::Known::AtStop => Cell::Value(value),
                crash_reports::Known::AtStart | crash_reports::Known::NotHere => Cell::SetByDaemon,
                crash_reports::Known::Example => Cell::Example(value),
            };
            (row.path.to_owned(), cell)
        }))
    }

    /// What Netdata's own script would send.
    pub fn of_script(filled: &Filled) -> Self {
        Self::of(filled.rows.iter().map(|row| {
            let name = row.path.strip_prefix("properties.").unwrap_or(&row.path);
            let json = |piece: &str| serde_json::from_str(piece).unwrap_or_else(|_text| piece.into());
            let cell = match &row.value {
                Value::Known(piece) => Cell::Value(json(piece)),
                Value::Example(piece) => Cell::Example(json(piece)),
                Value::Likely(piece) => Cell::Likely(json(piece)),
                Value::Daemons | Value::Made => Cell::SetByDaemon,
            };
            (name.to_owned(), cell)
        }))
    }

    /// With those of these cells that are there to compare with: an older answer has fewer.
    #[must_use]
    pub fn and_around(mut self, cells: impl IntoIterator<Item = (String, Cell)>, as_in: &Self) -> Self {
        self.cells.extend(cells.into_iter().filter(|(name, _)| as_in.cells.contains_key(name)));
        self
    }

    /// Among bytes, an unknown value is null.
    pub(super) fn with_open_nulls(mut self) -> Self {
        for cell in self.cells.values_mut().filter(|cell| **cell == Cell::Value(Json::Null)) {
            *cell = Cell::SetByDaemon;
        }
        self
    }

    pub fn cell(&self, name: &str) -> &Cell {
        self.cells.get(name).unwrap_or(&Cell::Absent)
    }
}

pub(super) fn cell_of(name: &str, value: &Json) -> Cell {
    if fields::field(name).is_some_and(is_fresh) { Cell::Fresh } else { Cell::Value(value.clone()) }
}

fn is_fresh(field: &Field) -> bool {
    matches!(field.origin, Origin::FrozenUuid | Origin::FrozenTime)
}

/// The comparison of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Equal.
    Same,
    /// Different.
    Differs,
    /// New in every event, so the comparison says nothing.
    Fresh,
    /// At least one value is known only when the daemon calls.
    CannotTell,
}

impl Comparison {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Differs => "differs",
            Self::Fresh => "new in every event",
            Self::CannotTell => "cannot tell",
        }
    }

    pub fn of(name: &str, left: &Cell, right: &Cell) -> Self {
        let only = fields::field(name).is_some_and(|field| field.only.is_some());
        let is_open =
            |cell: &Cell| matches!(cell, Cell::SetByDaemon | Cell::Likely(_) | Cell::Example(_) | Cell::Then(..));
        match (left, right) {
            (Cell::Fresh, Cell::Fresh) => Self::Fresh,
            // The daemon may also leave it out, unless such events never have it.
            (open, Cell::Absent) | (Cell::Absent, open) if only && is_open(open) => Self::Differs,
            // What the example is of, a crash: it fills what is empty otherwise.
            (Cell::Example(example), Cell::Value(value)) | (Cell::Value(value), Cell::Example(example))
                if example != value && REPORT_FIELDS.iter().any(|field| field.path == name) =>
            {
                Self::Differs
            }
            (left, right) if is_open(left) || is_open(right) => Self::CannotTell,
            (Cell::Absent | Cell::LeftOut(_) | Cell::Withheld, Cell::Absent | Cell::LeftOut(_) | Cell::Withheld) => {
                Self::Same
            }
            (left, right) if left == right => Self::Same,
            _ => Self::Differs,
        }
    }
}

/// A field that at least one side has.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub field: String,
    /// In the order of the sides.
    pub cells: Vec<Cell>,
    /// The first side's cell beside all others.
    pub verdict: Comparison,
}

impl Row {
    pub fn left(&self) -> &Cell {
        self.cells.first().unwrap_or(&Cell::Absent)
    }

    pub fn right(&self) -> &Cell {
        self.cells.last().unwrap_or(&Cell::Absent)
    }

    /// The first side's cell beside this one.
    pub fn beside(&self, cell: &Cell) -> Comparison {
        Comparison::of(&self.field, self.left(), cell)
    }

    fn of(field: &str, sides: &[&Side]) -> Self {
        let cells = sides.iter().map(|side| side.cell(field).clone()).collect();
        let mut row = Self { field: field.to_owned(), cells, verdict: Comparison::Same };
        let verdicts: Vec<Comparison> = row.cells.iter().map(|cell| row.beside(cell)).collect();
        let told = [Comparison::Differs, Comparison::CannotTell, Comparison::Fresh];
        row.verdict = told.into_iter().find(|told| verdicts.contains(told)).unwrap_or(Comparison::Same);
        row
    }
}

/// What surrounds a request, beside its fields: the daemon's version, the server, and the state of each channel. No field
/// has such a name.
pub const AROUND: [&str; 10] = [
    "(Netdata)",
    "(server)",
    "(channel events)",
    "(channel hooks)",
    "(channel crash-reports)",
    "(channel sentry)",
    "(channel dashboard)",
    "(channel cloud)",
    "(channel registry)",
    "(channel installers)",
];

/// Compares what surrounds the requests, then the fields of the events and of the daemon's own report in the order of
/// their tables, then fields that only a sent body has.
pub fn compare(sides: &[&Side]) -> Vec<Row> {
    let fields = FIELDS.iter().map(|field| field.name).chain(REPORT_FIELDS.iter().map(|field| field.path));
    let known: Vec<&str> = AROUND.into_iter().chain(fields).collect();
    let all: BTreeSet<&str> = sides.iter().flat_map(|side| side.cells.keys()).map(String::as_str).collect();
    let others = all.into_iter().filter(|name| !known.contains(name));
    let rows = known.iter().copied().chain(others).map(|name| Row::of(name, sides));
    rows.filter(|row| !row.cells.iter().all(Cell::is_absent)).collect()
}

/// The newest kept event of the preview's action, and its time.
pub fn last(preview: &Preview) -> Option<(UnixMillis, Side)> {
    let (name, entry) = preview.history.as_ref().ok()?.newest(&preview.action)?;
    Some((name.time, Side::of_body(&entry.json()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channels;

    fn side(cells: &[(&str, Cell)]) -> Side {
        Side { cells: cells.iter().map(|(name, cell)| ((*name).to_owned(), cell.clone())).collect() }
    }

    fn text(text: &str) -> Cell {
        Cell::Value(Json::from(text))
    }

    fn then(text: &str) -> Cell {
        Cell::Then(Box::new(self::text(text)), UnixMillis(0))
    }

    #[test]
    fn what_is_not_known_is_neither_the_same_nor_different() {
        for (left, right, verdict) in [
            (text("a"), text("a"), Comparison::Same),
            (text("a"), text("b"), Comparison::Differs),
            (text("a"), Cell::Absent, Comparison::Differs),
            (text("a"), Cell::LeftOut(Rejection::TooLong), Comparison::Differs),
            (Cell::Absent, Cell::LeftOut(Rejection::TooLong), Comparison::Same),
            (Cell::SetByDaemon, Cell::SetByDaemon, Comparison::CannotTell),
            (Cell::SetByDaemon, text("a"), Comparison::CannotTell),
            (Cell::Absent, Cell::SetByDaemon, Comparison::CannotTell),
            (Cell::Fresh, Cell::Fresh, Comparison::Fresh),
            (Cell::Withheld, text("a"), Comparison::Differs),
            (Cell::Withheld, Cell::Absent, Comparison::Same),
            (then("a"), text("a"), Comparison::CannotTell),
            (Cell::Example("a".into()), text("a"), Comparison::CannotTell),
            (then("a"), then("b"), Comparison::CannotTell),
            (then("a"), Cell::Absent, Comparison::CannotTell),
        ] {
            assert_eq!(Comparison::of("netdata_version", &left, &right), verdict, "{left} and {right}");
            assert_eq!(Comparison::of("netdata_version", &right, &left), verdict, "{right} and {left}");
        }
        assert_eq!(Comparison::of("fatal_line", &Cell::Absent, &Cell::SetByDaemon), Comparison::Differs);
        for (value, verdict) in [("", Comparison::Differs), ("a", Comparison::CannotTell)] {
            assert_eq!(Comparison::of("fatal.thread", &text(value), &Cell::Example("a".into())), verdict);
        }
    }

    #[test]
    fn every_channel_is_around_a_request() {
        let named = channels::NAMES.map(|name| format!("(channel {name})"));
        assert_eq!(AROUND[2..], named);
        assert!(FIELDS.iter().all(|field| !field.name.starts_with('(')));
        assert!(REPORT_FIELDS.iter().all(|field| fields::field(field.path).is_none()), "a field is compared twice");
    }

    #[test]
    fn fields_of_another_version_are_compared_too() {
        let body = serde_json::json!({
            "event": "START -",
            "uuid": "one",
            "properties": { "netdata_version": "v1", "a_field_of_tomorrow": 1 },
            "at_the_top": true,
        });
        let now = side(&[("event", text("START -")), ("uuid", Cell::Fresh), ("netdata_version", text("v2"))]);
        let rows = compare(&[&Side::of_body(&body), &now]);
        let verdicts: Vec<_> = rows.iter().map(|row| (row.field.as_str(), row.verdict)).collect();
        assert_eq!(
            verdicts,
            [
                ("event", Comparison::Same),
                ("netdata_version", Comparison::Differs),
                ("uuid", Comparison::Fresh),
                ("a_field_of_tomorrow", Comparison::Differs),
                ("at_the_top", Comparison::Differs),
            ]
        );
    }
}
