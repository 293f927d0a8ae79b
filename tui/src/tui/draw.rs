//! Drawing: the head that is always visible, the tabs, the keys, and the boxes. It reads the state and changes nothing.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph, Widget};
use unicode_width::UnicodeWidthStr;

use super::look;
use super::overlay::Overlay;
use super::page::{Page, Scroll, clip, wrap};
use super::screens::OwnKey;
use super::state::State;
use super::{SMALLEST, fits};
use crate::opting::{OptOut, Outcome};
use crate::words;

/// The keys of every screen, with what they do.
const KEYS: [(&str, &str); 10] = [
    ("1 2 3 ...", "the screens; also Tab, Shift-Tab, left and right, h and l"),
    ("up, down", "one line; also k and j"),
    ("PgUp, PgDn", "one page; also Ctrl-B, Ctrl-F and Space"),
    ("Home, End", "the first and the last; also g and G"),
    ("e", "the next event (START, EXIT, FATAL ...)"),
    ("r", "look at the machine again"),
    ("o", "opt out: names the file, asks, and creates it"),
    ("?", "this help"),
    ("q", "leave; nothing changes"),
    ("Esc", "close what is open, else leave; also Ctrl-C to leave"),
];

/// Rows that the state's words may take.
const HEADLINE_ROWS: usize = 3;
/// Columns of the symbol before them.
const SYMBOL: usize = 4;

pub(crate) fn draw(state: &State, frame: &mut Frame<'_>) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    if !fits(area.as_size()) {
        let text = format!("too small: {}x{} are needed; q leaves", SMALLEST.width, SMALLEST.height);
        Paragraph::new(wrap(&text, usize::from(area.width)).into_iter().map(Line::from).collect::<Vec<_>>())
            .render(area, buffer);
        return;
    }
    let areas = state.areas();
    draw_tabs(state, areas.tabs, buffer);
    Paragraph::new(head(state)).render(areas.head, buffer);
    if let (Some(view), Some(screen)) = (state.view(), state.screens.get(state.current)) {
        screen.draw(view, areas.body, buffer);
    }
    draw_foot(state, areas.foot, buffer);
    if let Some(overlay) = &state.overlay {
        draw_overlay(state, overlay, areas.body, buffer);
    }
}

fn draw_tabs(state: &State, area: Rect, buffer: &mut Buffer) {
    let mut spans = Vec::new();
    for (number, screen) in state.screens.iter().enumerate() {
        // The brackets say it where a terminal cannot.
        let (open, close) = if number == state.current { ("[", "]") } else { (" ", " ") };
        let text = format!("{open}{} {}{close}", number + 1, screen.title());
        let style = if number == state.current { look::CHOSEN } else { ratatui::style::Style::new() };
        spans.extend([Span::styled(text, style), Span::raw(" ")]);
    }
    let tabs = Line::from(spans);
    let room = usize::from(area.width).saturating_sub(tabs.width() + 1);
    let event = clip(&state.look.text(&format!("event: {}", state.action)), room, state.look);
    tabs.render(area, buffer);
    Line::from(format!("{event} ")).right_aligned().render(area, buffer);
}

pub(crate) fn head_height(state: &State) -> u16 {
    u16::try_from(head(state).len()).unwrap_or(u16::MAX)
}

/// The head, with the rule below it.
fn head(state: &State) -> Vec<Line<'static>> {
    let look = state.look;
    let width = usize::from(state.size.width).saturating_sub(2);
    let mut lines = Vec::new();
    if let Some(preview) = &state.preview {
        let mut rows = wrap(&look.text(&preview.headline()), width.saturating_sub(SYMBOL));
        if rows.len() > HEADLINE_ROWS {
            rows.truncate(HEADLINE_ROWS);
            if let Some(last) = rows.last_mut() {
                last.push_str(look.cut());
                *last = clip(last, width.saturating_sub(SYMBOL), look);
            }
        }
        let style = look.outlook(preview.outlook());
        for (number, row) in rows.into_iter().enumerate() {
            let front = if number == 0 {
                Span::styled(look.symbol(preview.outlook()), style)
            } else {
                Span::raw(" ".repeat(SYMBOL - 1))
            };
            lines.push(Line::from(vec![front, Span::raw(" "), Span::styled(row, Modifier::BOLD)]));
        }
        let destination = match &preview.config {
            Ok(config) => format!("to {}: {}", config.endpoint.host(), words::Count::of(preview)),
            Err(_) => "to nowhere: the configuration cannot be used".to_owned(),
        };
        lines.push(Line::from(clip(&look.text(&destination), width, look)));
        let sender = format!("sender: {}", words::sender(&preview.script));
        let room = width.saturating_sub(words::NO_SOCKET.width() + 2);
        let sender = clip(&look.text(&sender), room, look);
        let gap = width.saturating_sub(sender.width() + words::NO_SOCKET.width());
        lines.push(Line::from(format!("{sender}{:gap$}{}", "", words::NO_SOCKET)));
    } else {
        lines.push(Line::from(format!("Looking at this machine; this preview {}.", words::NO_SOCKET)));
    }
    lines.push(Line::from(look.rule().repeat(width)));
    lines
}

fn draw_foot(state: &State, area: Rect, buffer: &mut Buffer) {
    let text = match (state.note, &state.overlay) {
        (Some(note), _) => format!(" {note}"),
        (None, Some(Overlay::Confirm(_))) => " Enter opt out   Esc cancel".to_owned(),
        (None, Some(Overlay::Outcome(..))) => " Enter close   r look again   q leave".to_owned(),
        (None, Some(Overlay::Help(_))) => " Esc close".to_owned(),
        (None, Some(Overlay::Working)) => " opting out".to_owned(),
        (None, None) => {
            let usual = " o opt out   e event   r again   ? help   q leave";
            let own = own_keys(state).iter().fold(String::new(), |text, own| text + "   " + own.key + " " + own.word);
            // What does not fit stands in the help.
            let room = usize::from(area.width).saturating_sub(usual.width());
            if own.width() > room { usual.to_owned() } else { usual.to_owned() + &own }
        }
    };
    let text = super::page::fit(&text, usize::from(area.width), state.look);
    Line::styled(text, look::CHOSEN).render(area, buffer);
}

fn draw_overlay(state: &State, overlay: &Overlay, body: Rect, buffer: &mut Buffer) {
    match overlay {
        Overlay::Help(scroll) => {
            let inner = draw_box(state, "Keys", box_height(state, &help(state)), body, buffer);
            scroll.draw(help(state), state.look, inner, buffer);
        }
        Overlay::Confirm(plan) => draw_text(state, "Opt out?", confirm(state, plan), body, buffer),
        Overlay::Working => draw_text(state, "Opting out", vec![Line::from("...")], body, buffer),
        Overlay::Outcome(outcome, scroll) => {
            let title = if outcome.error().is_none() { "Opted out" } else { "Not done" };
            let inner = draw_box(state, title, box_height(state, &result(state, outcome)), body, buffer);
            scroll.draw(result(state, outcome), state.look, inner, buffer);
        }
    }
}

/// The room inside a box: its width is that of the body, less the border and a column of air on each side.
fn inner_size(state: &State) -> Size {
    let body = state.areas().body;
    Size::new(body.width.saturating_sub(4), body.height.saturating_sub(2))
}

fn draw_text(state: &State, title: &str, lines: Vec<Line<'static>>, body: Rect, buffer: &mut Buffer) {
    let inner = draw_box(state, title, box_height(state, &lines), body, buffer);
    Scroll::default().draw(lines, state.look, inner, buffer);
}

/// Draws an empty box in the middle of the body and returns the room in it.
fn draw_box(state: &State, title: &str, height: u16, body: Rect, buffer: &mut Buffer) -> Rect {
    let height = height.saturating_add(2).min(body.height);
    let area = Rect { y: body.y + (body.height - height) / 2, height, ..body };
    Clear.render(area, buffer);
    let block = Block::bordered().border_set(state.look.border()).title(format!(" {title} "));
    let inside = block.inner(area);
    block.render(area, buffer);
    Rect { x: inside.x + 1, width: inside.width.saturating_sub(1), ..inside }
}

fn own_keys(state: &State) -> &'static [OwnKey] {
    state.screens.get(state.current).map_or(&[], |screen| screen.keys())
}

/// Every key that the current screen knows.
pub(crate) fn help(state: &State) -> Vec<Line<'static>> {
    let mut page = Page::new(state.look, inner_size(state));
    for own in own_keys(state) {
        page.row(own.key, 12, own.does);
    }
    for (key, does) in KEYS {
        page.row(key, 12, does);
    }
    page.into_lines()
}

/// Rows of a box's lines that can be seen at once.
pub(crate) fn box_height(state: &State, lines: &[Line<'_>]) -> u16 {
    u16::try_from(lines.len()).unwrap_or(u16::MAX).min(inner_size(state).height)
}

fn confirm(state: &State, plan: &OptOut) -> Vec<Line<'static>> {
    let mut page = Page::new(state.look, inner_size(state));
    let folder = if plan.may_create_folder() { ", and its folder if that is missing," } else { "" };
    page.text(&format!("This creates the file{folder}"));
    page.indented(2, &words::path(&plan.file()));
    page.text("and deletes events that wait to be sent. From then on the sender sends nothing.");
    page.blank().text("Enter: opt out    Esc: cancel");
    page.into_lines()
}

/// What opting out did, and what the disk says since.
pub(crate) fn result(state: &State, outcome: &Outcome) -> Vec<Line<'static>> {
    let mut page = Page::new(state.look, inner_size(state));
    if let Some(error) = outcome.error() {
        page.text(&error).blank().text("Run one of these in another terminal, then press r:");
        for command in outcome.commands() {
            page.indented(2, &command);
        }
        page.text("They are printed once more when you leave, so that you can copy them.").blank();
    }
    for sentence in outcome.sentences() {
        page.text(&sentence);
    }
    let now = match &state.preview {
        Some(preview) if !state.looking => preview.headline(),
        _ => "looking ...".to_owned(),
    };
    page.text(&format!("The disk says now: {now}"));
    page.into_lines()
}
