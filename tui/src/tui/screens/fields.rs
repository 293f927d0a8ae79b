//! Fields: every field of the event, and all that is known about the chosen one.

use anonymous_statistics::assemble::Assembly;
use anonymous_statistics::event::Entry;
use anonymous_statistics::schema::Group;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};

use super::{OwnKey, Screen, View};
use crate::tui::key::Key;
use crate::tui::look;
use crate::tui::page::{Page, Scroll, bar, fit};
use crate::words;

/// From this width on the details stand beside the list.
const WIDE: u16 = 110;

#[derive(Debug, Default)]
pub(crate) struct Fields {
    /// Which field, counted in the order of the list.
    chosen: usize,
    /// Whether the details have the whole screen.
    open: bool,
    scroll: Scroll,
}

impl Screen for Fields {
    fn title(&self) -> &'static str {
        "Fields"
    }

    fn keys(&self) -> &'static [OwnKey] {
        &[OwnKey { key: "Enter", word: "details", does: "all about the chosen field; Enter or Esc goes back" }]
    }

    fn on_key(&mut self, key: Key, view: View<'_>) -> bool {
        let Ok(assembly) = &view.preview.assembly else { return false };
        let entries = listed(assembly);
        let last = entries.len().saturating_sub(1);
        let now = self.chosen.min(last);
        if self.open {
            return match key {
                Key::Enter | Key::Escape => {
                    self.open = false;
                    true
                }
                key => {
                    let lines = entries.get(now).map_or(0, |entry| details(entry, assembly, view, view.size).len());
                    self.scroll.on_key(key, lines, view.size.height)
                }
            };
        }
        let page = usize::from(list_height(view.size)).saturating_sub(1).max(1);
        self.chosen = match key {
            Key::Up => now.saturating_sub(1),
            Key::Down => now + 1,
            Key::PageUp => now.saturating_sub(page),
            Key::PageDown => now + page,
            Key::Home => 0,
            Key::End => last,
            Key::Enter => {
                self.open = true;
                self.scroll = Scroll::default();
                now
            }
            _ => return false,
        }
        .min(last);
        true
    }

    fn draw(&self, view: View<'_>, area: Rect, buffer: &mut Buffer) {
        let assembly = match &view.preview.assembly {
            Ok(assembly) => assembly,
            Err(error) => {
                let mut page = Page::new(view.look, view.size);
                page.text(&format!("There is no event: {error}"));
                Scroll::default().draw(page.into_lines(), view.look, area, buffer);
                return;
            }
        };
        let entries = listed(assembly);
        let chosen = self.chosen.min(entries.len().saturating_sub(1));
        let Some(entry) = entries.get(chosen) else { return };
        if self.open {
            self.scroll.draw(details(entry, assembly, view, area.as_size()), view.look, area, buffer);
            return;
        }
        let (list, rule, detail) = split(area);
        draw_list(&entries, chosen, assembly, view, list, buffer);
        let mark = if area.width >= WIDE { view.look.bar().0 } else { view.look.rule() };
        for position in rule.positions() {
            buffer[position].set_symbol(mark);
        }
        Scroll::default().draw(details(entry, assembly, view, detail.as_size()), view.look, detail, buffer);
    }
}

/// The fields that are shown, group by group.
fn listed(assembly: &Assembly) -> Vec<&Entry> {
    let shown = |group| {
        let of_group = move |entry: &&Entry| entry.field.group == group && words::is_shown(entry);
        assembly.event.entries().iter().filter(of_group)
    };
    Group::ALL.into_iter().flat_map(shown).collect()
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

fn draw_list(entries: &[&Entry], chosen: usize, assembly: &Assembly, view: View<'_>, area: Rect, buffer: &mut Buffer) {
    let width = usize::from(area.width.saturating_sub(2));
    let names = (width * 2 / 5).clamp(24, 32);
    let mut lines: Vec<Line<'static>> = Vec::new();
    let mut chosen_line = 0;
    let mut group = None;
    for (number, entry) in entries.iter().enumerate() {
        if group != Some(entry.field.group) {
            group = Some(entry.field.group);
            lines.push(Line::styled(entry.field.group.title(), view.look.heading()));
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

fn details(entry: &Entry, assembly: &Assembly, view: View<'_>, size: Size) -> Vec<Line<'static>> {
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
    if words::instead_of_value(entry).is_none() {
        page.row("Form", LABEL, &field.shape.describe());
    }
    let named = if field.documented { "named" } else { "not named" };
    page.row("Since", LABEL, &format!("schema version {}; {named} by Netdata's own telemetry page", field.since));
    for (number, asked) in words::evidence(entry).iter().enumerate() {
        page.row(if number == 0 { "Evidence" } else { "" }, LABEL, &words::asked(asked));
    }
    page.into_lines()
}
