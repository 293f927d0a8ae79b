//! History: sent, refused and waiting events, and how each differs from the one that would be sent now.

use anonymous_statistics::inspect::comparison::{Comparison, Side, compare};
use anonymous_statistics::outbox::Item;
use anonymous_statistics::outbox::history::{History as Kept, RetryPlan};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::text::Line;
use unicode_width::UnicodeWidthStr;

use crate::actions::rights;
use crate::present::history;
use crate::present::words;
use crate::ui::keys::{Key, OwnKey};
use crate::ui::screen::{Handled, Screen, View};
use crate::ui::theme;
use crate::ui::widgets::list::{self, List};
use crate::ui::widgets::page::{Page, Row, Scroll, fit};

#[derive(Debug, Default)]
pub(crate) struct History {
    chosen: usize,
    list: List,
    /// Of the text that replaces an empty list.
    scroll: Scroll,
}

const KEYS: [OwnKey; 1] = [OwnKey {
    key: "Enter",
    word: "details",
    does: "the chosen event, its difference from now and its bytes; Enter or Esc goes back",
}];

/// A kept event; with the sender's plan for it while it waits.
type Listed<'a> = (&'a Item, Option<&'a RetryPlan>);

impl Screen for History {
    fn title(&self) -> &'static str {
        "History"
    }

    fn keys(&self, view: View<'_>) -> &'static [OwnKey] {
        match self.list.is_open() {
            true => &list::OPEN,
            false if listed(view).is_empty() => &[],
            false => &KEYS,
        }
    }

    fn on_key(&mut self, key: Key, view: View<'_>) -> Handled {
        let listed = listed(view);
        if listed.is_empty() {
            return self.scroll.on_key(key, &without(view), view.size.height, view.search).into();
        }
        let now = self.chosen.min(listed.len() - 1);
        let details = || listed.get(now).map_or_else(Vec::new, |item| details(*item, view, view.size));
        let moved = self.list.on_key(key, (now, listed.len()), view.size.height / 2, view, &details);
        self.chosen = moved.unwrap_or(now);
        moved.is_some().into()
    }

    fn matches(&self, view: View<'_>) -> usize {
        listed(view).len()
    }

    fn draw(&self, view: View<'_>, area: Rect, buffer: &mut Buffer) {
        let listed = listed(view);
        let chosen = self.chosen.min(listed.len().saturating_sub(1));
        let Some(item) = listed.get(chosen) else {
            return self.scroll.draw(without(view), view.look, view.search, area, buffer);
        };
        if self.list.is_open() {
            return self.list.draw_open(details(*item, view, area.as_size()), view, area, buffer);
        }
        let (list, below) = list::above_details(area, area.height / 2, view.look, buffer);
        draw_list(&listed, chosen, view, list, buffer);
        Scroll::default().draw(details(*item, view, below.as_size()), view.look, view.search, below, buffer);
    }
}

/// The answered events, the oldest first, then the waiting ones in sending order; filtered by the search.
fn listed(view: View<'_>) -> Vec<Listed<'_>> {
    let Ok(Kept { sent, waiting, .. }) = &view.preview.history else { return Vec::new() };
    let sent = sent.iter().map(|item| (item, None));
    let waiting = waiting.iter().map(|(item, prospect)| (item, Some(prospect)));
    let wanted = view.search.to_lowercase();
    sent.chain(waiting).filter(|(item, _)| history::line(item).to_lowercase().contains(&wanted)).collect()
}

/// The text that replaces an empty list.
fn without(view: View<'_>) -> Vec<Row> {
    let preview = view.preview;
    let mut page = Page::new(view.look, view.size);
    match &preview.history {
        Err(error) => {
            page.text(&format!("{} cannot be read: {error}", words::state_folder(&preview.folders))).blank();
            for command in rights::with_more_rights("history", preview) {
                page.text("Run this in another terminal:").indented(2, &command);
            }
        }
        Ok(kept) if !kept.sent.is_empty() || !kept.waiting.is_empty() => {
            page.text(&format!("No event holds \"{}\". Esc shows all again.", view.search));
        }
        Ok(kept) if words::unread(kept.unread).is_some() => {
            words::unread(kept.unread).iter().fold(&mut page, |page, sentence| page.text(sentence));
        }
        Ok(_) => {
            page.heading("Nothing is recorded");
            page.text("Nothing that was sent from here is kept, and nothing waits to be sent.");
            page.row("Kept in", 9, &words::state_folder(&preview.folders)).blank();
            page.text("The sender keeps what it delivered, and what it could not deliver yet. It starts with its first event.");
        }
    }
    if let Some(sentence) = history::recorded(preview) {
        page.blank().text(&sentence);
    }
    page.into_rows()
}

fn draw_list(listed: &[Listed<'_>], chosen: usize, view: View<'_>, area: Rect, buffer: &mut Buffer) {
    let width = usize::from(area.width.saturating_sub(2));
    let mut lines: Vec<Line<'static>> = Vec::new();
    let not_read = view.preview.history.as_ref().ok().and_then(|kept| words::not_read(kept.unread));
    lines.extend(not_read.map(|text| Line::from(fit(&text, width, view.look))));
    let mut chosen_line = 0;
    let mut under = None;
    let actions = listed.iter().filter_map(|(item, _)| item.entry.as_ref().ok()?.action()).map(|action| action.len());
    let actions = actions.max().unwrap_or_default();
    for (number, (item, prospect)) in listed.iter().enumerate() {
        if under != Some(prospect.is_some()) {
            under = Some(prospect.is_some());
            lines.push(Line::styled(
                if prospect.is_some() { "Waiting to be sent" } else { "Sent or refused" },
                theme::LABEL,
            ));
        }
        let mark = if number == chosen { ">" } else { " " };
        let room = width.saturating_sub(2);
        let all = history::line(item);
        let line = if all.width() <= room { all } else { history::short(item, actions) };
        let text = fit(&view.look.text(&format!("{mark} {line}")), width, view.look);
        if number == chosen {
            chosen_line = lines.len();
            lines.push(Line::styled(text, theme::CHOSEN));
        } else {
            lines.push(Line::from(text));
        }
    }
    list::draw(lines, chosen_line, view.look, area, buffer);
}

fn details((item, prospect): Listed<'_>, view: View<'_>, size: Size) -> Vec<Row> {
    let mut page = Page::new(view.look, size);
    page.text(&history::line(item));
    if let Some(prospect) = prospect {
        page.row("Next", 6, &history::becomes(prospect));
    }
    let Ok(entry) = &item.entry else { return page.into_rows() };
    page.blank();
    match (entry.action().and_then(|action| now(&action, view)), entry.json()) {
        (Some(now), Some(body)) => differences(&mut page, &Side::of_body(&body), &now),
        _ => {
            page.text("There is nothing to compare it with now.");
        }
    }
    page.blank().heading("Its bytes, as they went or will go onto the wire");
    page.exact(&String::from_utf8_lossy(&entry.request));
    page.into_rows()
}

fn now(action: &str, view: View<'_>) -> Option<Side> {
    let column = view.columns.iter().find(|column| column.action == action)?;
    Some(Side::of_event(&column.assembly.as_ref().ok()?.event))
}

fn differences(page: &mut Page, then: &Side, now: &Side) {
    let rows = compare(then, now);
    let of = |verdict| rows.iter().filter(move |row| row.verdict == verdict);
    page.heading(&format!("Fields that differ now: {}", of(Comparison::Differs).count()));
    for row in of(Comparison::Differs) {
        page.row("", 2, &row.field);
        page.row("    then", 10, &row.left.to_string()).row("    now", 10, &row.right.to_string());
    }
    let open = of(Comparison::CannotTell).count();
    if open > 0 {
        page.text(&format!("{open} more are known only when the daemon calls."));
    }
}
