//! Compare: the events of the chosen channel beside each other, or the last one that was sent beside the next.

use std::borrow::Cow;

use anonymous_statistics::channels::crash_reports::If;
use anonymous_statistics::fields::field;
use anonymous_statistics::inspect::before::{About, Before};
use anonymous_statistics::inspect::comparison::{Cell, Column, Comparison, Row as Compared, Side, compare, last, now};
use ratatui::layout::Size;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::present::palette::Role;
use crate::present::{before, last_event, report};
use crate::ui::keys::{Key, OwnKey};
use crate::ui::screen::{Content, Handled, Screen, View};
use crate::ui::theme;
use crate::ui::widgets::chooser::{Choice, Item};
use crate::ui::widgets::page::{Page, Row};
use crate::ui::widgets::text::{clip, fit};

#[derive(Debug)]
pub(crate) struct Compare {
    beside: Beside,
    before: Option<Before>,
    /// The number of columns that are scrolled past, after the leftmost one.
    skipped: usize,
    all: bool,
}

/// The columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beside {
    /// All that the channel could send.
    Kinds,
    /// The last event that was sent, and the next one.
    Last,
    /// The answer that was kept, and that of now.
    Before,
}

impl Compare {
    pub(crate) fn with(before: Option<Before>) -> Self {
        let beside = if before.is_some() { Beside::Before } else { Beside::Kinds };
        Self { beside, before, skipped: 0, all: false }
    }

    fn next(&self, view: View<'_>) -> Beside {
        match (self.beside, &self.before) {
            (Beside::Kinds, _) if view.is_event() => Beside::Last,
            (Beside::Kinds | Beside::Last, Some(_)) => Beside::Before,
            _ => Beside::Kinds,
        }
    }
}

const KEYS: [OwnKey; 5] = [
    OwnKey { key: "d", word: "all", does: "all fields, or only those that differ" },
    OwnKey { key: ", .", word: "more", does: "other columns beside the one on the left" },
    OwnKey { key: "m", word: "last sent", does: "the last event that was sent, or --before's, beside that of now" },
    OwnKey { key: "Enter", word: "details", does: "the chosen field in all columns; Enter or Esc goes back" },
    OwnKey { key: "y", word: "copy", does: "copy the chosen field's values, through the terminal (OSC 52)" },
];

/// The channels with events.
const EVENTS: &[&str] = &["events", "hooks"];
const REPORTS: &str = "crash-reports";

/// The minimum columns of a value.
const VALUE: usize = 15;

/// Something to compare: its title and its cells.
type Shown<'a> = (Cow<'a, str>, Cow<'a, Side>);

fn own(title: impl Into<String>, side: Side) -> Shown<'static> {
    (Cow::Owned(title.into()), Cow::Owned(side))
}

impl Screen for Compare {
    fn title(&self) -> &'static str {
        "Compare"
    }

    fn asks_about(&self) -> &'static [&'static str] {
        match self.before.as_ref().map(|before| &before.about) {
            Some(About::Event(_)) => EVENTS,
            Some(About::Report) => &[REPORTS],
            None => &[],
        }
    }

    fn content<'a>(&'a self, view: View<'a>) -> Content<'a> {
        let all = self.all(view);
        let beside = self.beside(&all, view);
        let listed = self.listed(&beside, view);
        Content::List(Choice {
            above: if beside.is_empty() { Vec::new() } else { self.heading(&beside, &listed, view) },
            items: Self::items(&listed, view),
            without: self.without(&all, view),
            details: Box::new(move |number, size| details(listed.get(number), &all, view, size)),
            is_wide: true,
        })
    }

    fn keys(&self, view: View<'_>, _chosen: usize) -> Vec<OwnKey> {
        let is_listed = view.is_event() || view.channel().is_some_and(|channel| channel.name == REPORTS);
        let acts = |key: &OwnKey| key.key != "m" || self.next(view) != self.beside;
        let mut keys = KEYS;
        keys[0].word = if self.all { "differences" } else { "all" };
        keys.into_iter().filter(|key| is_listed && acts(key)).collect()
    }

    fn on_key(&mut self, key: Key, view: View<'_>, chosen: usize) -> Handled {
        let beside = columns_in(view).saturating_sub(1);
        match key {
            Key::Char('.' | '>') => {
                self.skipped = (self.skipped + beside).min(self.all(view).len().saturating_sub(1 + beside));
            }
            Key::Char(',' | '<') => self.skipped = self.skipped.saturating_sub(beside),
            Key::Char('d') => self.all = !self.all,
            Key::Char('m') => (self.beside, self.skipped) = (self.next(view), 0),
            Key::Char('y') => {
                let all = self.all(view);
                let listed = self.listed(&self.beside(&all, view), view);
                let Some(row) = listed.get(chosen) else { return Handled::No };
                let values: Vec<String> = all.iter().map(|(_, side)| side.cell(&row.field).to_string()).collect();
                return Handled::Copy(format!("{}: {}", row.field, values.join(" | ")));
            }
            _ => return Handled::No,
        }
        Handled::Yes
    }
}

fn names(view: View<'_>) -> usize {
    (usize::from(view.size.width) / 4).clamp(20, 34)
}

/// The number of events that fit side by side.
fn columns_in(view: View<'_>) -> usize {
    (usize::from(view.size.width).saturating_sub(names(view) + 6) / (VALUE + 1)).max(2)
}

impl Compare {
    fn all<'a>(&self, view: View<'a>) -> Vec<Shown<'a>> {
        match view.channel().map(|channel| channel.name) {
            Some(_) if self.beside == Beside::Before => self.before_and_now(view).unwrap_or_default(),
            Some("events" | "hooks") if self.beside == Beside::Last => last_and_next(view).unwrap_or_default(),
            Some("events" | "hooks") => {
                let is_chosen = |column: &&Column| column.action == view.preview.action;
                let (chosen, others): (Vec<_>, Vec<_>) = view.columns.iter().partition(is_chosen);
                let shown =
                    |column: &'a Column| Some((column.action.as_str().into(), Cow::Borrowed(column.side.as_ref()?)));
                chosen.into_iter().chain(others).filter_map(shown).collect()
            }
            Some("crash-reports") => {
                let titles = ["if killed", "if stopped", "if power is lost", "if it crashes"];
                let made = |(case, title)| {
                    let report = view.preview.kept.report(view.preview.version.as_ref(), case).ok()?;
                    Some(own(title, Side::of_report(&report)))
                };
                If::ALL.into_iter().zip(titles).filter_map(made).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The answer that was kept, where it is about what is looked at.
    fn kept(&self, view: View<'_>) -> Option<&Before> {
        let channel = view.channel()?.name;
        self.before.as_ref().filter(|kept| match &kept.about {
            About::Report => channel == REPORTS,
            About::Event(action) => EVENTS.contains(&channel) && *action == view.preview.action,
        })
    }

    fn before_and_now(&self, view: View<'_>) -> Option<Vec<Shown<'static>>> {
        let kept = self.kept(view)?;
        let (now, none) = before::now(view.preview, kept).ok()?;
        Some(vec![own("before", kept.side.clone()), own(if none.is_some() { "now: none" } else { "now" }, now)])
    }

    /// The leftmost one, and others as far as they fit.
    fn beside<'a, 'b>(&self, all: &'b [Shown<'a>], view: View<'_>) -> Vec<&'b Shown<'a>> {
        let others = all.get(1..).unwrap_or_default();
        let room = columns_in(view).saturating_sub(1);
        let skipped = self.skipped.min(others.len().saturating_sub(room));
        all.first().into_iter().chain(others.iter().skip(skipped).take(room)).collect()
    }

    /// The text in place of an empty list.
    fn without(&self, all: &[Shown<'_>], view: View<'_>) -> String {
        match (view.request(), view.channel().map(|channel| channel.name)) {
            _ if !all.is_empty() && !view.search.is_empty() => {
                let which = if self.all { "No" } else { "No differing" };
                format!("{which} field or value holds \"{}\". d shows all fields; Esc ends the search.", view.search)
            }
            (_, channel) if !all.is_empty() => {
                let of_reports = channel == Some(REPORTS) && self.beside != Beside::Before;
                let why = report::alike(view.preview, If::Killed).filter(|_| of_reports);
                format!("{} The key d shows all.", why.unwrap_or("No field differs."))
            }
            (_, Some("events" | "hooks")) if view.columns.is_empty() => "The events are being made ...".to_owned(),
            (_, Some(channel)) if self.beside == Beside::Before && self.kept(view).is_none() => {
                let about = self.before.as_ref().map(|kept| &kept.about);
                let (what, key) = match about {
                    Some(About::Event(action)) if EVENTS.contains(&channel) => (action.as_str(), "e chooses it"),
                    Some(About::Event(action)) => (action.as_str(), "c chooses the channel events"),
                    _ => ("the daemon's own report", "c chooses the channel crash-reports"),
                };
                format!("The file of --before has {what}: the key {key}.")
            }
            (_, Some("events" | "hooks")) if self.beside == Beside::Last => {
                format!("No {} that was sent is kept here. The key m compares the events.", view.preview.action)
            }
            (Err(why), _) => why.to_owned(),
            (Ok(_), _) => "This channel has one kind of request: there is nothing to compare.".to_owned(),
        }
    }

    /// The fields of the columns, perhaps only the different ones.
    fn listed(&self, shown: &[&Shown<'_>], view: View<'_>) -> Vec<Compared> {
        let sides: Vec<&Side> = shown.iter().map(|(_, side)| &**side).collect();
        let wanted = |row: &Compared| self.all || row.verdict == Comparison::Differs;
        let holds =
            |row: &Compared| view.finds([row.field.clone()].into_iter().chain(row.cells.iter().map(Cell::to_string)));
        compare(&sides).into_iter().filter(wanted).filter(holds).collect()
    }

    /// Columns of one value.
    fn value(columns: usize, view: View<'_>) -> usize {
        (usize::from(view.size.width).saturating_sub(names(view) + 6) / columns.max(1)).saturating_sub(1)
    }

    fn heading(&self, shown: &[&Shown<'_>], listed: &[Compared], view: View<'_>) -> Vec<Line<'static>> {
        let what = if self.all { "d: differences" } else { "d: all fields" };
        let differ = listed.iter().filter(|row| row.verdict == Comparison::Differs).count();
        let set = last_event::MARK;
        let differ = if differ == 1 { "1 differs".to_owned() } else { format!("{differ} differ") };
        // What comes last may be cut off: the line of keys says it too.
        let legend = format!("{differ} {}; ? unknown here; {set} set by the daemon; {what}", view.look.differs());
        let mut columns = format!("    {}", fit("", names(view), view.look));
        for (title, _) in shown {
            columns.push(' ');
            columns.push_str(&fit(&view.look.text(title), Self::value(shown.len(), view), view.look));
        }
        vec![Line::from(clip(&legend, view.size.width.into(), view.look)), Line::styled(columns, theme::LABEL)]
    }

    fn items(listed: &[Compared], view: View<'_>) -> Vec<Item> {
        let look = view.look;
        let item = |row: &Compared| {
            let (sign, style) = match row.verdict {
                Comparison::Same | Comparison::Fresh => (" ", Style::new()),
                Comparison::Differs => (look.differs(), look.role(Role::Difference)),
                Comparison::CannotTell => ("?", look.role(Role::Unknown)),
            };
            let mut spans = vec![
                Span::styled(format!("{sign} "), style),
                Span::styled(fit(&row.field, names(view), look), look.role(Role::Name)),
            ];
            for cell in &row.cells {
                let text = field(&row.field).map_or_else(|| cell.to_string(), |field| last_event::short(field, cell));
                let differs = row.beside(cell) == Comparison::Differs;
                let style = if differs { style.patch(theme::LABEL) } else { Style::new() };
                let text = fit(&look.text(&text), Self::value(row.cells.len(), view), look);
                spans.push(Span::styled(format!(" {text}"), style));
            }
            Item { heading: String::new(), key: row.field.clone(), line: Line::from(spans) }
        };
        listed.iter().map(item).collect()
    }
}

/// The last event of this kind that is kept here, and the one that would be sent now.
fn last_and_next(view: View<'_>) -> Option<Vec<Shown<'static>>> {
    let (time, last) = last(view.preview)?;
    let waiting = view.preview.history.as_ref().map_or(&[][..], |kept| &kept.waiting);
    let waits = waiting.iter().any(|(item, _)| item.name.time == time);
    let title = format!("{} {time}", if waits { "waits since" } else { "sent" });
    Some(vec![own(title, last), own("now", now(view.preview)?)])
}

fn details(row: Option<&Compared>, all: &[Shown<'_>], view: View<'_>, size: Size) -> Vec<Row> {
    let mut page = Page::new(view.look, size);
    let Some(Compared { field: name, .. }) = row else { return page.into_rows() };
    let column = all.iter().map(|(title, _)| title.width()).max().unwrap_or_default().max(10) + 1;
    page.heading(name);
    if let Some(field) = field(name) {
        page.text(field.what).row("From", column, &field.origin_in_words());
        if let Some(last) = last_event::last(field, view.columns) {
            page.row("Last known", column, &last);
        }
    }
    for (title, side) in all {
        page.row(title, column, &side.cell(name).to_string());
    }
    page.into_rows()
}
