//! Events: START, EXIT, FATAL and the others side by side, with their differences.

use std::ops::Range;

use anonymous_statistics::fields::{FIELDS, Field};
use anonymous_statistics::inspect::comparison::{Cell, Column, Comparison, Side};
use anonymous_statistics::request::event::{Cause, Content};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};

use crate::present::last_event;
use crate::present::words;
use crate::ui::keys::{Key, OwnKey};
use crate::ui::screen::{Handled, Screen, View};
use crate::ui::theme;
use crate::ui::widgets::list::{self, List};
use crate::ui::widgets::page::{Page, Row, Scroll, bar, fit};

#[derive(Debug, Default)]
pub(crate) struct Events {
    /// `None`, or a field that is not listed: the first one.
    chosen: Option<&'static str>,
    /// The number of events that are scrolled past, after the leftmost one.
    skipped: usize,
    only_differing: bool,
    list: List,
}

const KEYS: [OwnKey; 3] = [
    OwnKey { key: ", .", word: "more events", does: "other events beside the one on the left; e changes that one" },
    OwnKey { key: "d", word: "differences", does: "only the fields in which the shown events differ, or all" },
    OwnKey { key: "Enter", word: "details", does: "the chosen field in all events; Enter or Esc goes back" },
];

/// The minimum columns of a value.
const VALUE: usize = 15;

/// An event as a column.
struct Shown<'a> {
    column: &'a Column,
    side: Side,
}

/// A field as a row.
struct Compared {
    field: &'static Field,
    /// The content in each shown event, from left to right.
    cells: Vec<Cell>,
    /// The comparison of each with the first.
    verdicts: Vec<Comparison>,
}

impl Compared {
    /// The verdict over all shown events.
    fn verdict(&self) -> Comparison {
        let has = |verdict| self.verdicts.contains(&verdict);
        [Comparison::Differs, Comparison::CannotTell, Comparison::Fresh]
            .into_iter()
            .find(|v| has(*v))
            .unwrap_or(Comparison::Same)
    }
}

impl Screen for Events {
    fn title(&self) -> &'static str {
        "Events"
    }

    fn keys(&self, _view: View<'_>) -> &'static [OwnKey] {
        if self.list.is_open() { &list::OPEN } else { &KEYS }
    }

    fn on_key(&mut self, key: Key, view: View<'_>) -> Handled {
        let listed = self.listed(&self.shown(view), view);
        let now = self.place(&listed);
        let details = || listed.get(now).map_or_else(Vec::new, |row| everywhere(row.field, view));
        if let Some(next) = self.list.on_key(key, (now, listed.len()), view.size.height / 2, view, &details) {
            self.chosen = listed.get(next).map(|row| row.field.name);
            return Handled::Yes;
        }
        let beside = columns_in(view).saturating_sub(1);
        match key {
            _ if self.list.is_open() => return Handled::No,
            Key::Char('.' | '>') => {
                self.skipped = (self.skipped + beside).min(view.columns.len().saturating_sub(1 + beside));
            }
            Key::Char(',' | '<') => self.skipped = self.skipped.saturating_sub(beside),
            Key::Char('d') => self.only_differing = !self.only_differing,
            _ => return Handled::No,
        }
        Handled::Yes
    }

    fn matches(&self, view: View<'_>) -> usize {
        self.listed(&self.shown(view), view).len()
    }

    fn draw(&self, view: View<'_>, area: Rect, buffer: &mut Buffer) {
        let shown = self.shown(view);
        let mut page = Page::new(view.look, view.size);
        if shown.is_empty() {
            page.text(&match (&view.preview.assembly, view.columns.is_empty()) {
                (_, true) => "The events are being made ...".to_owned(),
                (Err(error), false) => format!("There is no event: {error}"),
                (Ok(_), false) => "There is no event.".to_owned(),
            });
            return Scroll::default().draw(page.into_rows(), view.look, "", area, buffer);
        }
        let listed = self.listed(&shown, view);
        let chosen = self.place(&listed);
        if let (true, Some(row)) = (self.list.is_open(), listed.get(chosen)) {
            return self.list.draw_open(everywhere(row.field, view), view, area, buffer);
        }
        let details = u16::try_from(shown.len() + 2).unwrap_or(u16::MAX).min(area.height / 3);
        let (table, details) = list::above_details(area, area.height.saturating_sub(details + 1), view.look, buffer);
        let rows = usize::from(table.height).saturating_sub(HEADING);
        let last = listed.len().saturating_sub(rows);
        let first = chosen.saturating_sub(rows / 2).min(last);
        Paragraph::new(self.table(&shown, &listed, chosen, view, first..first + rows)).render(table, buffer);
        let heading = u16::try_from(HEADING).unwrap_or_default().min(table.height);
        let beside = Rect { y: table.y + heading, height: table.height - heading, ..table };
        bar(first, last, view.look, beside, buffer);
        if let Some(compared) = listed.get(chosen) {
            page.heading(&format!("{}: {}", compared.field.name, compared.field.origin_in_words()));
            for event in &shown {
                page.row(&event.column.action, ACTION, &in_words(compared.field, event.column, view.columns));
            }
        } else {
            page.text("No field is left. Esc ends the search, d shows fields that do not differ.");
        }
        Scroll::default().draw(page.into_rows(), view.look, view.search, details, buffer);
    }
}

/// Lines above the table.
const HEADING: usize = 2;

/// Columns of an action's name.
const ACTION: usize = 21;

fn names(view: View<'_>) -> usize {
    (usize::from(view.size.width) / 4).clamp(20, 34)
}

/// The number of events that fit side by side.
fn columns_in(view: View<'_>) -> usize {
    let room = usize::from(view.size.width).saturating_sub(names(view) + 5);
    (room / (VALUE + 1)).clamp(2, view.columns.len().max(2))
}

impl Events {
    /// The shown events: the selected one, then others.
    fn shown<'a>(&self, view: View<'a>) -> Vec<Shown<'a>> {
        let (own, others): (Vec<&Column>, Vec<&Column>) =
            view.columns.iter().partition(|column| column.action == view.preview.action);
        let beside = others.len().saturating_sub(columns_in(view).saturating_sub(1));
        let others = others.into_iter().skip(self.skipped.min(beside));
        own.into_iter()
            .chain(others)
            .take(columns_in(view))
            .filter_map(|column| {
                let event = &column.assembly.as_ref().ok()?.event;
                Some(Shown { column, side: Side::of_event(event) })
            })
            .collect()
    }

    /// The fields of the shown events, perhaps only the different ones.
    fn listed(&self, shown: &[Shown<'_>], view: View<'_>) -> Vec<Compared> {
        let all = compared(shown, view);
        all.into_iter().filter(|row| !self.only_differing || row.verdict() == Comparison::Differs).collect()
    }

    fn place(&self, listed: &[Compared]) -> usize {
        listed.iter().position(|row| Some(row.field.name) == self.chosen).unwrap_or(0)
    }

    fn table(
        &self,
        shown: &[Shown<'_>],
        listed: &[Compared],
        chosen: usize,
        view: View<'_>,
        rows: Range<usize>,
    ) -> Vec<Line<'static>> {
        let names = names(view);
        let width = usize::from(view.size.width).saturating_sub(names + 5) / shown.len().max(1);
        let value = width.saturating_sub(1);
        let all = compared(shown, view);
        let count = |verdict| all.iter().filter(|row| row.verdict() == verdict).count();
        let what = if self.only_differing { "d: all fields" } else { "d: only these" };
        let summary = format!(
            "Differences: {} ({what}). Not known here: {}. {} set by the daemon",
            count(Comparison::Differs),
            count(Comparison::CannotTell),
            last_event::MARK
        );
        let mut lines = vec![Line::from(fit(&summary, usize::from(view.size.width).saturating_sub(2), view.look))];
        let mut heading = format!("  {}", fit("field", names, view.look));
        for event in shown {
            heading.push(' ');
            heading.push_str(&fit(&event.column.action, value, view.look));
        }
        lines.push(Line::styled(heading, theme::LABEL));
        for (number, row) in listed.iter().enumerate().skip(rows.start).take(rows.len()) {
            let style = if number == chosen { theme::CHOSEN } else { Style::new() };
            let front = if number == chosen { ">" } else { " " };
            let mut spans = vec![Span::styled(
                format!("{front}{}{}", sign(row.verdict(), view), fit(row.field.name, names, view.look)),
                style,
            )];
            for (cell, verdict) in row.cells.iter().zip(&row.verdicts) {
                let text = view.look.text(&last_event::short(row.field, cell)).into_owned();
                let differs = if *verdict == Comparison::Differs { theme::LABEL } else { Style::new() };
                spans.push(Span::styled(format!(" {}", fit(&text, value, view.look)), style.patch(differs)));
            }
            lines.push(Line::from(spans));
        }
        lines
    }
}

/// All fields that occur in a shown event, filtered by the search.
fn compared(shown: &[Shown<'_>], view: View<'_>) -> Vec<Compared> {
    let wanted = view.search.to_lowercase();
    let compared = FIELDS.iter().filter_map(|field| {
        let cells: Vec<Cell> = shown.iter().map(|event| event.side.cell(field.name).clone()).collect();
        let first = cells.first()?;
        let verdicts = cells.iter().map(|cell| Comparison::of(field.name, first, cell)).collect();
        let somewhere = cells.iter().any(|cell| !cell.is_absent());
        somewhere.then_some(Compared { field, cells, verdicts })
    });
    compared
        .filter(|row| {
            let holds = |text: &str| text.to_lowercase().contains(&wanted);
            holds(row.field.name) || row.cells.iter().any(|cell| holds(&cell.to_string()))
        })
        .collect()
}

/// The comparison of a row in one character.
fn sign(verdict: Comparison, view: View<'_>) -> &'static str {
    match verdict {
        Comparison::Same | Comparison::Fresh => " ",
        Comparison::Differs => view.look.differs(),
        Comparison::CannotTell => "?",
    }
}

fn everywhere(field: &'static Field, view: View<'_>) -> Vec<Row> {
    let mut page = Page::new(view.look, view.size);
    page.heading(field.name).text(field.what);
    page.row("From", ACTION, &field.origin_in_words()).blank();
    for column in view.columns {
        page.row(&column.action, ACTION, &in_words(field, column, view.columns));
    }
    page.into_rows()
}

/// The content of a field in one event, and its source.
fn in_words(field: &Field, column: &Column, all: &[Column]) -> String {
    let assembly = match &column.assembly {
        Ok(assembly) => assembly,
        Err(error) => return format!("no event: {error}"),
    };
    let Some(entry) = assembly.event.entry(field.name) else { return Cell::Absent.to_string() };
    let value = words::value(entry, &assembly.stamp);
    match (&entry.cause, last_event::last(field, all)) {
        (Cause::Said(provenance), _) => format!("{value} ({provenance})"),
        (_, Some(last)) if entry.content == Content::NotKnownHere => format!("{value}; last known: {last}"),
        _ => value,
    }
}
