//! History: when events were sent, refused or kept waiting, and the difference of each from now.

use anonymous_statistics::clock::UnixMillis;
use anonymous_statistics::inspect::comparison::{Comparison, Side, compare};
use anonymous_statistics::outbox::Item as Kept;
use anonymous_statistics::outbox::history::{History as Outbox, RetryPlan};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Rect, Size};
use ratatui::text::Line;
use ratatui::widgets::{Sparkline, Widget};
use unicode_width::UnicodeWidthStr;

use crate::actions::rights;
use crate::present::palette::Role;
use crate::present::{history, words};
use crate::ui::keys::OwnKey;
use crate::ui::screen::{Content, Screen, View};
use crate::ui::theme;
use crate::ui::widgets::chooser::{Choice, Item};
use crate::ui::widgets::page::{Page, Row};
use crate::ui::widgets::text::fit;

#[derive(Debug)]
pub(crate) struct History;

const DETAILS: OwnKey =
    OwnKey { key: "Enter", word: "details", does: "how the event differs from now, its bytes; Enter or Esc goes back" };

/// A kept event; with the sender's plan for it while it waits.
type Listed<'a> = (&'a Kept, Option<&'a RetryPlan>);

impl Screen for History {
    fn title(&self) -> &'static str {
        "History"
    }

    fn is_of_channel(&self) -> bool {
        false
    }

    fn content<'a>(&'a self, view: View<'a>) -> Content<'a> {
        let listed = listed(view);
        if listed.is_empty() && view.search.is_empty() {
            return Content::Page(without(view));
        }
        Content::List(Choice {
            above: timeline(view),
            items: items(&listed, view),
            without: format!("No event holds \"{}\". Esc shows all again.", view.search),
            details: Box::new(move |number, size| details(&listed, number, view, size)),
            is_wide: false,
        })
    }

    fn keys(&self, view: View<'_>, _chosen: usize) -> Vec<OwnKey> {
        if listed(view).is_empty() { Vec::new() } else { vec![DETAILS] }
    }
}

/// One day, in milliseconds.
const DAY: u64 = 24 * 60 * 60 * 1000;

/// A bar for each day between the first event and the last one.
fn timeline(view: View<'_>) -> Vec<Line<'static>> {
    let Ok(Outbox { sent, waiting, unread }) = &view.preview.history else { return Vec::new() };
    let days: Vec<u64> =
        sent.iter().chain(waiting.iter().map(|(item, _)| item)).map(|item| item.name.time.0 / DAY).collect();
    let (Some(first), Some(last)) = (days.iter().min(), days.iter().max()) else { return Vec::new() };
    let width = view.size.width;
    let first = (*first).max(last.saturating_sub(u64::from(width / 2).max(1) - 1));
    let counts: Vec<u64> = (first..=*last).map(|day| days.iter().filter(|at| **at == day).count() as u64).collect();
    let date = UnixMillis(last * DAY).to_string();
    let date = date.split('T').next().unwrap_or_default();
    let counts_said = format!("{} sent or refused, {} waiting", sent.len(), waiting.len());
    let legends =
        [format!("{counts_said}; a bar a day, the last {date}"), format!("{counts_said}; bars: days to {date}")];
    let legend = legends.into_iter().find(|legend| legend.width() <= width.into()).unwrap_or(counts_said);
    let text = words::not_read(*unread).unwrap_or(legend);
    let mut bars = Buffer::empty(Rect::new(0, 0, u16::try_from(counts.len()).unwrap_or(width).min(width), 1));
    Sparkline::default().data(counts).bar_set(view.look.levels()).render(bars.area, &mut bars);
    let bars: String = bars.content.iter().map(Cell::symbol).collect();
    vec![fit(&view.look.text(&text), width.into(), view.look).into(), bars.into()]
}

/// The newest first, and what waits before what was answered; filtered by the search.
fn listed(view: View<'_>) -> Vec<Listed<'_>> {
    let Ok(Outbox { sent, waiting, .. }) = &view.preview.history else { return Vec::new() };
    let waiting = waiting.iter().map(|(item, prospect)| (item, Some(prospect)));
    let sent = sent.iter().rev().map(|item| (item, None));
    let holds = |(item, _): &Listed<'_>| view.finds([history::cells(item, view.reader.clock).join(" ")].iter());
    waiting.chain(sent).filter(holds).collect()
}

fn items(listed: &[Listed<'_>], view: View<'_>) -> Vec<Item> {
    let cells: Vec<_> = listed.iter().map(|(item, _)| history::cells(item, view.reader.clock)).collect();
    let widths = std::array::from_fn::<usize, 5, _>(|at| cells.iter().map(|row| row[at].width()).max().unwrap_or(0));
    let item = |((item, prospect), cells): (&Listed<'_>, &[String; 5])| {
        let text =
            cells.iter().zip(widths).fold(String::new(), |text, (cell, width)| text + &fit(cell, width + 2, view.look));
        Item {
            heading: if prospect.is_some() { "Waiting to be sent" } else { "Sent or refused, the newest first" }
                .to_owned(),
            key: format!("{}{}", item.name.time.0, item.name.uuid),
            line: Line::from(view.look.text(text.trim_end()).into_owned()),
        }
    };
    listed.iter().zip(&cells).map(item).collect()
}

/// The text that replaces an empty list.
fn without(view: View<'_>) -> Vec<Row> {
    let preview = view.preview;
    let mut page = Page::new(view.look, view.size);
    match &preview.history {
        Err(error) => {
            page.text(&format!("{} cannot be read: {error}", words::state_folder(&preview.folders))).blank();
            for command in rights::with_more_rights("history", preview) {
                page.text("Run this in another terminal:").command(&command);
            }
        }
        Ok(kept) if words::unread(kept.unread).is_some() => {
            words::unread(kept.unread).iter().fold(&mut page, |page, sentence| page.text(sentence));
        }
        Ok(_) => {
            page.heading("Nothing is recorded");
            page.text("Nothing that was sent from here is kept, and nothing waits to be sent.");
            page.text("Kept in").path(2, &words::state_folder(&preview.folders)).blank();
            page.text("The sender keeps what it delivered, and what it could not deliver yet. It starts with its first event.");
        }
    }
    if let Some(sentence) = history::recorded(preview) {
        page.blank().text(&sentence);
    }
    page.into_rows()
}

/// Columns of the labels.
const LABEL: usize = 9;

fn details(listed: &[Listed<'_>], number: usize, view: View<'_>, size: Size) -> Vec<Row> {
    let mut page = Page::new(view.look, size);
    let Some((item, prospect)) = listed.get(number) else { return page.into_rows() };
    for (label, cell) in history::COLUMNS.into_iter().zip(history::cells(item, view.reader.clock)) {
        page.row(label, LABEL, &cell);
    }
    if let Some(prospect) = prospect {
        page.row("next", LABEL, &history::becomes(prospect));
    }
    let Ok(entry) = &item.entry else { return page.into_rows() };
    page.blank();
    match (entry.action().and_then(|action| now(&action, view)), entry.json()) {
        (Some(now), Some(body)) => differences(&mut page, &Side::of_body(&body), now, view),
        _ => {
            page.text("There is nothing to compare it with now.");
        }
    }
    page.blank().heading("Its bytes, as they went or will go onto the wire");
    page.exact(&String::from_utf8_lossy(&entry.request));
    page.into_rows()
}

fn now<'a>(action: &str, view: View<'a>) -> Option<&'a Side> {
    view.columns.iter().find(|column| column.action == action)?.side.as_ref()
}

fn differences(page: &mut Page, then: &Side, now: &Side, view: View<'_>) {
    let rows = compare(&[then, now]);
    let of = |verdict| rows.iter().filter(move |row| row.verdict == verdict);
    let sender = view.preview.sending_original().map_or("", |_| ", when Netdata's own script sends");
    page.heading(&format!("Fields that differ now{sender}: {}", of(Comparison::Differs).count()));
    for row in of(Comparison::Differs) {
        page.styled_row("", 2, &format!("{} {}", view.look.differs(), row.field), theme::LABEL);
        let style = view.look.role(Role::Difference);
        page.styled_row("    then", 10, &row.left().to_string(), style);
        page.styled_row("    now", 10, &row.right().to_string(), style);
    }
    let open = of(Comparison::CannotTell).count();
    if open > 0 {
        page.text(&format!("{open} more are known only when the daemon calls."));
    }
}
