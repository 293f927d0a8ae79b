//! A table of names and values under headings, with the details of the chosen line below, beside it on a wide terminal,
//! or in full screen.

use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::text::Line;

use crate::ui::keys::Key;
use crate::ui::screen::View;
use crate::ui::theme::{self, Look};
use crate::ui::widgets::list::{self, List};
use crate::ui::widgets::page::{Page, Row, Scroll, fit};

/// From this width on the details are beside the list.
const WIDE: u16 = 110;

pub(crate) struct Item<'a> {
    /// Shown above the first of the lines that share it.
    pub(crate) heading: String,
    /// Unique in the table.
    pub(crate) name: &'static str,
    pub(crate) value: String,
    pub(crate) details: Box<dyn Fn(Size) -> Vec<Row> + 'a>,
}

#[derive(Debug, Default)]
pub(crate) struct Table {
    /// `None`, or a name that is not listed: the first line.
    chosen: Option<&'static str>,
    list: List,
}

impl Table {
    pub(crate) fn is_open(&self) -> bool {
        self.list.is_open()
    }

    fn place(&self, items: &[Item<'_>]) -> usize {
        items.iter().position(|item| Some(item.name) == self.chosen).unwrap_or(0)
    }

    /// Handles a key, and returns whether it was for a table.
    pub(crate) fn on_key(&mut self, key: Key, items: &[Item<'_>], view: View<'_>) -> bool {
        let now = self.place(items);
        let open = || items.get(now).map_or_else(Vec::new, |item| (item.details)(view.size));
        let moved = self.list.on_key(key, (now, items.len()), list_height(view.size), view, &open);
        if let Some(next) = moved {
            self.chosen = items.get(next).map(|item| item.name);
        }
        moved.is_some()
    }

    pub(crate) fn draw(&self, items: &[Item<'_>], view: View<'_>, area: Rect, buffer: &mut Buffer) {
        let chosen = self.place(items);
        let Some(item) = items.get(chosen) else {
            let mut page = Page::new(view.look, view.size);
            page.text(&format!("No field, value or source holds \"{}\". Esc shows all fields again.", view.search));
            return Scroll::default().draw(page.into_rows(), view.look, "", area, buffer);
        };
        if self.is_open() {
            return self.list.draw_open((item.details)(area.as_size()), view, area, buffer);
        }
        let (list, below) = split(area, view.look, buffer);
        draw_list(items, chosen, view.look, list, buffer);
        Scroll::default().draw((item.details)(below.as_size()), view.look, view.search, below, buffer);
    }
}

/// Divides the area into the list and its details, with a line between them.
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

fn draw_list(items: &[Item<'_>], chosen: usize, look: Look, area: Rect, buffer: &mut Buffer) {
    let width = usize::from(area.width.saturating_sub(2));
    let longest = items.iter().map(|item| item.name.len()).max().unwrap_or_default();
    let names = longest.min((width * 2 / 5).max(24));
    let mut lines: Vec<Line<'static>> = Vec::new();
    let mut chosen_line = 0;
    let mut under = "";
    for (number, Item { heading, name, value, .. }) in items.iter().enumerate() {
        if under != heading {
            under = heading;
            lines.push(Line::styled(fit(heading, width, look), theme::LABEL));
        }
        let mark = if number == chosen { ">" } else { " " };
        let value = fit(&look.text(value), width.saturating_sub(names + 3), look);
        let text = format!("{mark} {} {value}", fit(name, names, look));
        if number == chosen {
            chosen_line = lines.len();
            lines.push(Line::styled(text, theme::CHOSEN));
        } else {
            lines.push(Line::from(text));
        }
    }
    list::draw(lines, chosen_line, look, area, buffer);
}
