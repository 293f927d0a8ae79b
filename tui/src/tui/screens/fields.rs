//! Fields: every field of the event, and all that is known about the chosen one.

use anonymous_statistics::assemble::Assembly;
use anonymous_statistics::event::Entry;
use anonymous_statistics::schema::{Group, Sensitivity};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::text::{Line, Span};

use super::{Handled, OwnKey, Screen, View};
use crate::tui::key::Key;
use crate::tui::list::{self, List};
use crate::tui::look::{self, Look};
use crate::tui::page::{Page, Row, Scroll, fit};
use crate::{way, words};

/// From this width on the details stand beside the list.
const WIDE: u16 = 110;

#[derive(Debug, Default)]
pub(crate) struct Fields {
    /// The chosen field's name; `None`, or a field that is not listed: the first.
    chosen: Option<&'static str>,
    by_sensitivity: bool,
    list: List,
}

const KEYS: [OwnKey; 2] = [
    OwnKey { key: "Enter", word: "details", does: "all about the chosen field; Enter or Esc goes back" },
    OwnKey { key: "s", word: "sort", does: "by subject, or by how much a field says about this machine" },
];

/// The classes, those that say most first.
const CLASSES: [Sensitivity; 4] =
    [Sensitivity::Identifier, Sensitivity::Exact, Sensitivity::Coarse, Sensitivity::Constant];

impl Screen for Fields {
    fn title(&self) -> &'static str {
        "Fields"
    }

    fn keys(&self) -> &'static [OwnKey] {
        &KEYS
    }

    fn on_key(&mut self, key: Key, view: View<'_>) -> Handled {
        let Ok(assembly) = &view.preview.assembly else { return Handled::No };
        let listed = self.listed(assembly, view);
        let now = self.place(&listed);
        let details = || listed.get(now).map_or_else(Vec::new, |(_, entry)| details(entry, assembly, view, view.size));
        if key == Key::Char('s') && !self.list.is_open() {
            self.by_sensitivity = !self.by_sensitivity;
            return Handled::Yes;
        }
        let moved = self.list.on_key(key, (now, listed.len()), list_height(view.size), view, details);
        if let Some(next) = moved {
            self.chosen = listed.get(next).map(|(_, entry)| entry.field.name);
        }
        moved.is_some().into()
    }

    fn matches(&self, view: View<'_>) -> usize {
        view.preview.assembly.as_ref().map_or(0, |assembly| self.listed(assembly, view).len())
    }

    fn draw(&self, view: View<'_>, area: Rect, buffer: &mut Buffer) {
        let mut page = Page::new(view.look, view.size);
        let assembly = match &view.preview.assembly {
            Ok(assembly) => assembly,
            Err(error) => {
                page.text(&format!("There is no event: {error}"));
                Scroll::default().draw(page.into_rows(), view.look, "", area, buffer);
                return;
            }
        };
        let listed = self.listed(assembly, view);
        let chosen = self.place(&listed);
        let Some((_, entry)) = listed.get(chosen) else {
            page.text(&format!("No field, value or source holds \"{}\". Esc shows all fields again.", view.search));
            Scroll::default().draw(page.into_rows(), view.look, "", area, buffer);
            return;
        };
        if self.list.is_open() {
            return self.list.draw_open(details(entry, assembly, view, area.as_size()), view, area, buffer);
        }
        let (list, detail) = split(area, view.look, buffer);
        draw_list(&listed, chosen, assembly, view, list, buffer);
        let rows = details(entry, assembly, view, detail.as_size());
        Scroll::default().draw(rows, view.look, view.search, detail, buffer);
    }
}

/// A field under its heading.
type Listed<'a> = (String, &'a Entry);

impl Fields {
    /// The fields that are shown, in the order of the list. What is searched for leaves out the others.
    fn listed<'a>(&self, assembly: &'a Assembly, view: View<'_>) -> Vec<Listed<'a>> {
        let entries = assembly.event.entries().iter().filter(|entry| words::is_shown(entry));
        let wanted = view.search.to_lowercase();
        let holds = |entry: &&Entry| wanted.is_empty() || holds(entry, assembly, &wanted);
        let shown: Vec<&Entry> = entries.filter(holds).collect();
        let of = |heading: &str, is: &dyn Fn(&Entry) -> bool| -> Vec<Listed<'a>> {
            shown.iter().filter(|entry| is(entry)).map(|entry| (heading.to_owned(), *entry)).collect()
        };
        if self.by_sensitivity {
            let class = |class: Sensitivity| {
                let heading = format!("{}: {}", class.describe(), words::sensitivity_means(class));
                of(&heading, &|entry| entry.field.sensitivity == class)
            };
            CLASSES.into_iter().flat_map(class).collect()
        } else {
            Group::ALL.into_iter().flat_map(|group| of(group.title(), &|entry| entry.field.group == group)).collect()
        }
    }

    /// Where in the list the chosen field stands.
    fn place(&self, listed: &[Listed<'_>]) -> usize {
        listed.iter().position(|(_, entry)| Some(entry.field.name) == self.chosen).unwrap_or(0)
    }
}

/// Whether a field has a text, in small letters, in something that is shown of it.
fn holds(entry: &Entry, assembly: &Assembly, wanted: &str) -> bool {
    let field = entry.field;
    let value = words::value(entry, &assembly.stamp);
    let source = words::source(entry);
    [field.name, field.group.title(), field.sensitivity.describe(), field.what, &value, &source]
        .iter()
        .any(|text| text.to_lowercase().contains(wanted))
}

/// The list and its details, with a line between them.
fn split(area: Rect, look: Look, buffer: &mut Buffer) -> (Rect, Rect) {
    if area.width < WIDE {
        return list::above_details(area, list_height(area.as_size()), look, buffer);
    }
    let list = area.width * 11 / 20;
    let column = |x: u16, width: u16| Rect { x: area.x + x, width, ..area };
    for position in column(list + 1, 1).positions() {
        buffer[position].set_symbol(look.bar().0);
    }
    (column(0, list), column(list + 3, area.width - list - 3))
}

const fn list_height(size: Size) -> u16 {
    if size.width >= WIDE { size.height } else { size.height / 2 }
}

fn draw_list(
    listed: &[Listed<'_>],
    chosen: usize,
    assembly: &Assembly,
    view: View<'_>,
    area: Rect,
    buffer: &mut Buffer,
) {
    let width = usize::from(area.width.saturating_sub(2));
    let names = (width * 2 / 5).clamp(24, 32);
    let mut lines: Vec<Line<'static>> = Vec::new();
    let mut chosen_line = 0;
    let mut under = "";
    for (number, (heading, entry)) in listed.iter().enumerate() {
        if under != heading {
            under = heading;
            lines.push(Line::styled(fit(heading, width, view.look), look::LABEL));
        }
        let mark = if number == chosen { ">" } else { " " };
        let value = words::value(entry, &assembly.stamp);
        let text = format!(
            "{mark} {} {}",
            fit(entry.field.name, names, view.look),
            fit(&view.look.text(&value), width.saturating_sub(names + 3), view.look)
        );
        if number == chosen {
            chosen_line = lines.len();
            lines.push(Line::from(Span::styled(text, look::CHOSEN)));
        } else {
            lines.push(Line::from(text));
        }
    }
    list::draw(lines, chosen_line, view.look, area, buffer);
}

/// Columns of the labels.
const LABEL: usize = 13;

fn details(entry: &Entry, assembly: &Assembly, view: View<'_>, size: Size) -> Vec<Row> {
    let field = entry.field;
    let mut page = Page::new(view.look, size);
    page.heading(field.name).text(field.what);
    page.row("Value", LABEL, &words::value(entry, &assembly.stamp));
    if let Some(instead) = words::instead_of_value(entry) {
        page.row("Form", LABEL, &instead);
    }
    page.row("From", LABEL, &words::source(entry));
    page.row("Why", LABEL, field.purpose.describe());
    let class = field.sensitivity;
    page.row("Sensitivity", LABEL, &format!("{}: {}", class.describe(), words::sensitivity_means(class)));
    let named = if field.documented { "named" } else { "not named" };
    page.row("Since", LABEL, &format!("schema version {}; {named} by Netdata's own telemetry page", field.since));
    page.blank().heading("The way to the sent value");
    for (label, text) in way::steps(entry, &assembly.stamp) {
        page.row(label, LABEL, &text);
    }
    page.into_rows()
}
