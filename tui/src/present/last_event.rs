//! What is known here about the values that only the daemon sets.

use anonymous_statistics::call::Provenance;
use anonymous_statistics::fields::{Field, Origin};
use anonymous_statistics::inspect::comparison::{Cell, Column};
use anonymous_statistics::request::event::Cause;

use crate::present::words;

/// Precedes a value that the daemon sets.
pub(crate) const MARK: &str = "*";

/// A cell in a word or two, with a mark if the daemon sets the value.
pub(crate) fn short(field: &Field, cell: &Cell) -> String {
    let mark = match field.origin {
        Origin::Argument(_) | Origin::ArgumentOf { .. } | Origin::Variable(_) | Origin::EventPart(_) => MARK,
        _ => "",
    };
    match cell {
        Cell::Value(value) | Cell::Likely(value) => format!("{mark}{value}"),
        Cell::Then(then, _) => short(field, then),
        Cell::Example(value) => format!("{mark}e.g. {value}"),
        Cell::SetByDaemon => format!("{MARK}not known here"),
        Cell::Fresh => "new each time".to_owned(),
        Cell::LeftOut(_) => "left out".to_owned(),
        Cell::Withheld => "withheld".to_owned(),
        Cell::Absent => "-".to_owned(),
    }
}

/// The newest known value in an event of any kind, with that event and its time.
pub(crate) fn last(field: &Field, columns: &[Column]) -> Option<String> {
    let said = columns.iter().filter_map(|column| {
        let assembly = column.assembly.as_ref().ok()?;
        let entry = assembly.event.entry(field.name)?;
        let Cause::Said(Provenance::LastEvent(time)) = entry.cause else { return None };
        Some((time, &column.action, words::value(entry, &assembly.stamp)))
    });
    let (time, action, value) = said.max_by_key(|(time, ..)| *time)?;
    Some(format!("{value} in {action} of {time}"))
}
