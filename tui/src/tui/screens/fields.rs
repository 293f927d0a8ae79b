//! Fields: every field of the event, and all that is known about the chosen one.

use anonymous_statistics::assemble::Assembly;
use anonymous_statistics::event::Entry;
use anonymous_statistics::schema::{Group, Sensitivity};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};

use super::{Handled, OwnKey, Screen, View};
use crate::tui::key::Key;
use crate::tui::look;
use crate::tui::page::{Page, Row, Scroll, bar, fit};
use crate::{way, words};

/// From this width on the details stand beside the list.
const WIDE: u16 = 110;

#[derive(Debug, Default)]
pub(crate) struct Fields {
    /// The chosen field's name; `None`, or a field that is not listed: the first.
    chosen: Option<&'static str>,
    by_sensitivity: bool,
    /// Whether the details have the whole screen.
    open: bool,
    scroll: Scroll,
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
        let last = listed.len().saturating_sub(1);
        let now = self.place(&listed);
        if self.open {
            return match (key, listed.get(now)) {
                (Key::Enter | Key::Escape, _) | (_, None) => {
                    self.open = false;
                    Handled::Yes
                }
                (key, Some((_, entry))) => {
                    let rows = details(entry, assembly, view, view.size);
                    self.scroll.on_key(key, &rows, view.size.height, view.search).into()
                }
            };
        }
        let page = usize::from(list_height(view.size)).saturating_sub(1).max(1);
        let next = match key {
            Key::Up => now.saturating_sub(1),
            Key::Down => now + 1,
            Key::PageUp => now.saturating_sub(page),
            Key::PageDown => now + page,
            Key::Home | Key::FirstMatch => 0,
            Key::End => last,
            // Only what holds the text that is searched for is listed.
            Key::NextMatch => (now + 1) % listed.len().max(1),
            Key::PreviousMatch => (now + last) % listed.len().max(1),
            Key::Enter => {
                self.open = !listed.is_empty();
                self.scroll = Scroll::default();
                now
            }
            Key::Char('s') => {
                self.by_sensitivity = !self.by_sensitivity;
                return Handled::Yes;
            }
            _ => return Handled::No,
        };
        self.chosen = listed.get(next.min(last)).map(|(_, entry)| entry.field.name);
        Handled::Yes
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
        if self.open {
            let rows = details(entry, assembly, view, area.as_size());
            self.scroll.draw(rows, view.look, view.search, area, buffer);
            return;
        }
        let (list, rule, detail) = split(area);
        draw_list(&listed, chosen, assembly, view, list, buffer);
        let mark = if area.width >= WIDE { view.look.bar().0 } else { view.look.rule() };
        for position in rule.positions() {
            buffer[position].set_symbol(mark);
        }
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

/// The list, the line that separates, and the details.
fn split(area: Rect) -> (Rect, Rect, Rect) {
    if area.width >= WIDE {
        let list = area.width * 11 / 20;
        let column = |x: u16, width: u16| Rect { x: area.x + x, width, ..area };
        (column(0, list), column(list + 1, 1), column(list + 3, area.width - list - 3))
    } else {
        let list = list_height(area.as_size());
        let row = |y: u16, height: u16| Rect { y: area.y + y, height, ..area };
        (
            row(0, list),
            row(list, 1.min(area.height)),
            row((list + 1).min(area.height), area.height.saturating_sub(list + 1)),
        )
    }
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
    // The chosen line stays in the middle, so that what is around it can be seen.
    let height = usize::from(area.height);
    let last = lines.len().saturating_sub(height);
    let first = chosen_line.saturating_sub(height / 2).min(last);
    Paragraph::new(lines.into_iter().skip(first).take(height).collect::<Vec<_>>()).render(area, buffer);
    bar(first, last, view.look, area, buffer);
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
