//! A list under headings, with the details of the chosen line beside it, below it, or in full screen.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, List, ListState, Padding, Paragraph, StatefulWidget, Widget};

use crate::ui::keys::{Key, OwnKey};
use crate::ui::theme;
use crate::ui::widgets::page::{Page, Row};
use crate::ui::widgets::scroll::{Scroll, bar};
use crate::ui::widgets::{Window, above, left};

/// From this width on the details are beside the list.
const WIDE: u16 = 120;

/// The key to close the full-screen details.
pub(crate) const OPEN: OwnKey = OwnKey { key: "Enter", word: "back", does: "back to the list; also Esc" };

pub(crate) struct Item {
    /// Shown above the first of the lines that share it.
    pub(crate) heading: String,
    /// Unique in the list.
    pub(crate) key: String,
    pub(crate) line: Line<'static>,
}

pub(crate) struct Choice<'a> {
    /// Above the list.
    pub(crate) above: Vec<Line<'static>>,
    pub(crate) items: Vec<Item>,
    /// The text in place of an empty list.
    pub(crate) without: String,
    /// The details of the line of this number.
    pub(crate) details: Box<dyn Fn(usize, Size) -> Vec<Row> + 'a>,
    /// Whether the details are always below, as the lines need the whole width.
    pub(crate) is_wide: bool,
}

impl Choice<'_> {
    /// The rows above the list, the list, and its details.
    fn areas(&self, area: Rect) -> (Rect, Rect, Rect) {
        let (top, rest) = above(area, u16::try_from(self.above.len()).unwrap_or(u16::MAX));
        let part = |whole: u16| u16::try_from(u32::from(whole) * 11 / 20).unwrap_or_default();
        let beside = area.width >= WIDE && !self.is_wide;
        let (list, details) = if beside { left(rest, part(rest.width)) } else { above(rest, part(rest.height)) };
        (top, list, details)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Chooser {
    /// `None`, or a key that is not listed: the first line.
    chosen: Option<String>,
    /// The first visible row, unless that hides the chosen line. It stays where it can: a second click hits the same line.
    top: usize,
    /// Whether the details are open in full screen.
    open: bool,
    scroll: Scroll,
}

impl Chooser {
    pub(crate) const fn is_open(&self) -> bool {
        self.open
    }

    pub(crate) fn place(&self, items: &[Item]) -> usize {
        items.iter().position(|item| Some(&item.key) == self.chosen.as_ref()).unwrap_or(0)
    }

    /// Returns whether the key was for a list.
    pub(crate) fn on_key(&mut self, key: Key, choice: &Choice<'_>, view: Window<'_>) -> bool {
        let (now, count) = (self.place(&choice.items), choice.items.len());
        let last = count.saturating_sub(1);
        if self.open {
            if matches!(key, Key::Enter | Key::Escape) || count == 0 {
                self.open = false;
                return true;
            }
            return self.scroll.on_key(key, &(choice.details)(now, view.size), view.size.height, view.search);
        }
        let page = usize::from(choice.areas(Rect::from(view.size)).1.height).saturating_sub(1).max(1);
        let next = match key {
            Key::Up => now.saturating_sub(1),
            Key::Down => now + 1,
            Key::PageUp => now.saturating_sub(page),
            Key::PageDown => now + page,
            Key::Home | Key::FirstMatch => 0,
            Key::End => last,
            // Every line of the list matches.
            Key::NextMatch => (now + 1) % count.max(1),
            Key::PreviousMatch => (now + last) % count.max(1),
            Key::Enter => {
                self.open = count > 0;
                self.scroll = Scroll::default();
                now
            }
            _ => return false,
        };
        self.choose(next.min(last), choice, view.size);
        true
    }

    fn choose(&mut self, number: usize, choice: &Choice<'_>, size: Size) {
        self.chosen = choice.items.get(number).map(|item| item.key.clone());
        self.top = self.first(&rows(&choice.items), number, choice.areas(Rect::from(size)).1.height).0;
    }

    /// Chooses the clicked line; a click on the chosen one opens its details.
    pub(crate) fn on_click(&mut self, at: Position, list: &Choice<'_>, size: Size) -> bool {
        let (_, area, _) = list.areas(Rect::from(size));
        if self.open || !area.contains(at) {
            return false;
        }
        let (rows, now) = (rows(&list.items), self.place(&list.items));
        let (first, _) = self.first(&rows, now, area.height);
        let Some(Some(number)) = rows.get(first + usize::from(at.y - area.y)) else { return false };
        self.open = *number == now;
        self.scroll = Scroll::default();
        self.choose(*number, list, size);
        true
    }

    pub(crate) fn draw(&self, list: &Choice<'_>, view: Window<'_>, area: Rect, buffer: &mut Buffer) {
        let Choice { items, details, .. } = list;
        let chosen = self.place(items);
        if self.open && !items.is_empty() {
            return self.scroll.draw(details(chosen, area.as_size()), view.look, view.search, area, buffer);
        }
        let (top, area, below) = list.areas(area);
        Paragraph::new(list.above.clone()).render(top, buffer);
        if items.is_empty() {
            let area = area.union(below);
            let mut page = Page::new(view.look, area.as_size());
            page.text(&list.without);
            return Scroll::default().draw(page.into_rows(), view.look, "", area, buffer);
        }
        let list = area;
        let rows = rows(items);
        let (top, end) = self.first(&rows, chosen, list.height);
        let line = |(at, row): (usize, &Option<usize>)| {
            if let Some(number) = row {
                let mut line = items[*number].line.clone();
                line.spans.insert(0, if *number == chosen { "> " } else { "  " }.into());
                return line;
            }
            let below = rows.get(at + 1).copied().flatten().and_then(|next| items.get(next));
            let heading = below.map_or("", |item| &item.heading);
            Line::styled(view.look.text(heading).into_owned(), theme::LABEL)
        };
        let lines: Vec<Line<'_>> = rows.iter().enumerate().map(line).collect();
        let selected = rows.iter().position(|row| *row == Some(chosen));
        let mut state = ListState::default().with_offset(top).with_selected(selected);
        let narrow = Rect { width: list.width.saturating_sub(1), ..list };
        let widths: Vec<usize> = lines.iter().skip(top).map(Line::width).collect();
        StatefulWidget::render(List::new(lines).highlight_style(theme::CHOSEN), narrow, buffer, &mut state);
        for (y, _) in (narrow.top()..narrow.bottom()).zip(widths).filter(|(_, width)| *width > narrow.width.into()) {
            buffer[(narrow.right() - 1, y)].set_symbol(view.look.cut());
        }
        bar(top, end, view.look, list, buffer);
        let is_beside = below.y == list.y;
        let (side, padding) = if is_beside { (Borders::LEFT, 1) } else { (Borders::TOP, 0) };
        let block = Block::new().borders(side).border_set(view.look.border()).padding(Padding::left(padding));
        let inside = block.inner(below);
        block.render(below, buffer);
        Scroll::default().draw(details(chosen, inside.as_size()), view.look, view.search, inside, buffer);
    }

    /// The first visible row, and the last one that can be it. A heading is visible with its first line.
    fn first(&self, rows: &[Option<usize>], chosen: usize, height: u16) -> (usize, usize) {
        let height = usize::from(height);
        let at = rows.iter().position(|row| *row == Some(chosen)).unwrap_or(0);
        let from = if at > 0 && rows.get(at - 1) == Some(&None) { at - 1 } else { at };
        let last = rows.len().saturating_sub(height);
        (self.top.clamp((at + 1).saturating_sub(height), from.max((at + 1).saturating_sub(height))).min(last), last)
    }
}

/// The lines by number; `None`: a heading.
fn rows(items: &[Item]) -> Vec<Option<usize>> {
    let mut rows = Vec::new();
    let mut under = "";
    for (number, item) in items.iter().enumerate() {
        if under != item.heading {
            under = &item.heading;
            rows.push(None);
        }
        rows.push(Some(number));
    }
    rows
}
