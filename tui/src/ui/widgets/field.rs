//! The fields of an event as lines of a table: their order, and the details of each.

use anonymous_statistics::fields::{Group, Sensitivity};
use anonymous_statistics::request::event::Entry;
use anonymous_statistics::request::payload::EventId;
use ratatui::layout::Size;

use crate::present::{field_trace, fields, words};
use crate::ui::keys::OwnKey;
use crate::ui::screen::View;
use crate::ui::theme::Look;
use crate::ui::widgets::list;
use crate::ui::widgets::page::{Page, Row};
use crate::ui::widgets::table::{Item, Table};

pub(crate) fn keys(table: &Table) -> &'static [OwnKey] {
    if table.is_open() { &list::OPEN } else { &KEYS }
}

const KEYS: [OwnKey; 2] = [
    OwnKey { key: "Enter", word: "details", does: "all about the chosen line; Enter or Esc goes back" },
    OwnKey { key: "s", word: "sort", does: "by subject, or by how much a field says about this machine" },
];

/// The classes, the most revealing first.
const CLASSES: [Sensitivity; 4] =
    [Sensitivity::Identifier, Sensitivity::Exact, Sensitivity::Coarse, Sensitivity::Constant];

/// The visible fields in the order of the list, filtered by the search.
pub(crate) fn items<'a>(
    entries: &'a [Entry],
    stamp: &'a EventId,
    by_sensitivity: bool,
    view: View<'_>,
) -> Vec<Item<'a>> {
    let (wanted, look) = (view.search.to_lowercase(), view.look);
    let shown: Vec<&Entry> =
        entries.iter().filter(|entry| words::is_shown(entry) && holds(entry, stamp, &wanted)).collect();
    let of = |heading: &str, is: &dyn Fn(&Entry) -> bool| -> Vec<Item<'a>> {
        let item = |entry: &&'a Entry| {
            let entry = *entry;
            Item {
                heading: heading.to_owned(),
                name: entry.field.name,
                value: words::value(entry, stamp),
                details: Box::new(move |size| details(entry, stamp, look, size)),
            }
        };
        shown.iter().filter(|entry| is(entry)).map(item).collect()
    };
    if by_sensitivity {
        let class = |class: Sensitivity| {
            let heading = format!("{}: {}", class.describe(), words::sensitivity_means(class));
            of(&heading, &|entry| entry.field.sensitivity == class)
        };
        CLASSES.into_iter().flat_map(class).collect()
    } else {
        Group::ALL.into_iter().flat_map(|group| of(group.title(), &|entry| entry.field.group == group)).collect()
    }
}

/// Whether the texts of a field contain this lower-case text.
fn holds(entry: &Entry, stamp: &EventId, wanted: &str) -> bool {
    let field = entry.field;
    let value = words::value(entry, stamp);
    let source = words::source(entry);
    wanted.is_empty()
        || [field.name, field.group.title(), field.sensitivity.describe(), field.what, &value, &source]
            .iter()
            .any(|text| text.to_lowercase().contains(wanted))
}

/// Columns of the labels.
const LABEL: usize = 13;

fn details(entry: &Entry, stamp: &EventId, look: Look, size: Size) -> Vec<Row> {
    let field = entry.field;
    let mut page = Page::new(look, size);
    page.heading(field.name).text(field.what);
    page.row("Value", LABEL, &words::value(entry, stamp));
    if let Some(instead) = words::instead_of_value(entry) {
        page.row("Form", LABEL, &instead);
    }
    page.row("From", LABEL, &words::source(entry));
    page.row("Why", LABEL, field.purpose.describe());
    let class = field.sensitivity;
    page.row("Sensitivity", LABEL, &format!("{}: {}", class.describe(), words::sensitivity_means(class)));
    page.row("Netdata", LABEL, fields::documentation(field));
    page.blank().heading("The way to the sent value");
    for (label, text) in field_trace::steps(entry, stamp) {
        page.row(label, LABEL, &text);
    }
    page.into_rows()
}
