//! Drawing: the head that is always visible, the tabs, the keys, and the boxes. It reads the state and changes nothing.

use anonymous_statistics::inspect::Stage;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph, Widget};
use unicode_width::UnicodeWidthStr;

use super::{SMALLEST, fits};
use crate::actions::opting::{OptIn, OptOut};
use crate::actions::report::Report;
use crate::actions::saving::Save;
use crate::present::words;
use crate::screens::OwnKey;
use crate::ui::dialog::{OPT_IN_WORD, Overlay};
use crate::ui::state::{Looking, State};
use crate::ui::theme;
use crate::ui::widgets::page::{Page, Row, Scroll, clip, wrap};

/// The keys of every screen, with what they do.
const KEYS: [(&str, &str); 15] = [
    ("1 2 3 ...", "the screens; also Tab, Shift-Tab, left and right, h and l"),
    ("up, down", "one line; also k and j"),
    ("PgUp, PgDn", "one page; also Ctrl-B, Ctrl-F and Space"),
    ("Home, End", "the first and the last; also g and G"),
    ("/", "search: type, then Enter; Esc ends it"),
    ("n, N", "the next and the previous place that was found"),
    ("e", "the next event (START, EXIT, FATAL ...)"),
    ("r", "look at the machine again; changes are noticed by themselves"),
    ("o", "opt out: names the file, asks, and creates it"),
    ("i", "opt in: names the file, asks for a typed word, and removes it"),
    ("Ctrl-Z", "stop for now; the shell's fg comes back"),
    ("Ctrl-L", "draw everything again"),
    ("?", "this help"),
    ("Esc", "close what is open"),
    ("q", "leave; nothing changes; also Ctrl-C"),
];

/// Rows that the state's words may take.
const HEADLINE_ROWS: usize = 3;
/// Columns of the symbol before them.
const SYMBOL: usize = 4;

/// Fills a buffer. It alone says how much room there is: the size that the state has heard of may be an older one.
pub(crate) fn draw(state: &State, buffer: &mut Buffer) {
    let area = buffer.area;
    let size = area.as_size();
    if !fits(size) {
        let text = format!("too small: {}x{} are needed; q leaves", SMALLEST.width, SMALLEST.height);
        Paragraph::new(wrap(&text, usize::from(area.width)).into_iter().map(Line::from).collect::<Vec<_>>())
            .render(area, buffer);
        return;
    }
    let areas = state.areas(size);
    draw_tabs(state, areas.tabs, buffer);
    Paragraph::new(head(state, size.width)).render(areas.head, buffer);
    if let (Some(view), Some(screen)) = (state.view(size), state.screens.get(state.current)) {
        screen.draw(view, areas.body, buffer);
    }
    draw_foot(state, size, areas.foot, buffer);
    if let Some(overlay) = &state.overlay {
        draw_overlay(state, overlay, size, buffer);
    }
}

fn draw_tabs(state: &State, area: Rect, buffer: &mut Buffer) {
    let tabs = fitting_tabs(state, area.width);
    if has_event_beside_tabs(state, area.width) {
        Line::from(format!("{} ", event(state))).right_aligned().render(area, buffer);
    }
    tabs.render(area, buffer);
}

/// All titles; where they have no room, the open screen keeps its own and the others their numbers.
fn fitting_tabs(state: &State, width: u16) -> Line<'static> {
    let all = tabs(state, |_| true);
    let fits = all.width() <= usize::from(width);
    if fits { all } else { tabs(state, |number| number == state.current) }
}

/// Which event is shown.
fn event(state: &State) -> String {
    state.look.text(&format!("event: {}", state.action)).into_owned()
}

/// Whether the event has room in the row of tabs; else it stands a line lower.
fn has_event_beside_tabs(state: &State, width: u16) -> bool {
    fitting_tabs(state, width).width() + event(state).width() + 2 <= usize::from(width)
}

fn tabs(state: &State, titled: impl Fn(usize) -> bool) -> Line<'static> {
    let mut spans = Vec::new();
    for (number, screen) in state.screens.iter().enumerate() {
        // The brackets say it where a terminal cannot.
        let (open, close) = if number == state.current { ("[", "]") } else { (" ", " ") };
        let title = if titled(number) { format!(" {}", screen.title()) } else { String::new() };
        let style = if number == state.current { theme::CHOSEN } else { ratatui::style::Style::new() };
        spans.push(Span::styled(format!("{open}{}{title}{close}", number + 1), style));
    }
    Line::from(spans)
}

pub(crate) fn head_height(state: &State, width: u16) -> u16 {
    u16::try_from(head(state, width).len()).unwrap_or(u16::MAX)
}

/// The head, with the rule below it.
fn head(state: &State, columns: u16) -> Vec<Line<'static>> {
    let look = state.look;
    let width = usize::from(columns).saturating_sub(2);
    let mut lines = Vec::new();
    if let Some(preview) = &state.preview {
        let mut rows = wrap(&look.text(&preview.events().headline()), width.saturating_sub(SYMBOL));
        if rows.len() > HEADLINE_ROWS {
            rows.truncate(HEADLINE_ROWS);
            if let Some(last) = rows.last_mut() {
                last.push_str(look.cut());
                *last = clip(last, width.saturating_sub(SYMBOL), look);
            }
        }
        let style = look.outlook(preview.events().outlook());
        for (number, row) in rows.into_iter().enumerate() {
            let front = if number == 0 {
                Span::styled(look.symbol(preview.events().outlook()), style)
            } else {
                Span::raw(" ".repeat(SYMBOL - 1))
            };
            lines.push(Line::from(vec![front, Span::raw(" "), Span::styled(row, Modifier::BOLD)]));
        }
        let destination = match &preview.config {
            Ok(config) => format!("to {}: {}", config.endpoint.host(), words::Count::of(preview)),
            Err(_) => "to nowhere: the configuration cannot be used".to_owned(),
        };
        let destination = clip(&look.text(&destination), width, look);
        let room = width.saturating_sub(destination.width());
        let event = if has_event_beside_tabs(state, columns) || room < 3 { String::new() } else { event(state) };
        lines.push(Line::from(format!("{destination}{:>room$}", clip(&event, room.saturating_sub(2), look))));
        let sender = format!("sender: {}", preview.events().sender());
        let room = width.saturating_sub(words::NO_SOCKET.width() + 2);
        let sender = clip(&look.text(&sender), room, look);
        let gap = width.saturating_sub(sender.width() + words::NO_SOCKET.width());
        lines.push(Line::from(format!("{sender}{:gap$}{}", "", words::NO_SOCKET)));
    } else {
        let busy = state.looking.as_ref().and_then(|looking| looking.stage).map_or("", Stage::describe);
        lines.push(Line::from(clip(&format!("{busy} ..."), width, look)));
        lines.push(Line::from(format!("This preview {}.", words::NO_SOCKET)));
    }
    lines.push(Line::from(look.rule().repeat(width)));
    lines
}

fn draw_foot(state: &State, size: Size, area: Rect, buffer: &mut Buffer) {
    let text = match (state.note, &state.overlay) {
        (Some(note), _) => format!(" {note}"),
        (None, Some(Overlay::OptOut(_))) => " Enter opt out   Esc cancel".to_owned(),
        (None, Some(Overlay::OptIn(..))) => " Esc cancel   Enter opt in, once the word is typed".to_owned(),
        (None, Some(Overlay::Save(_))) => " Enter create the file   Esc cancel".to_owned(),
        (None, Some(Overlay::Report(..))) => " Enter close   r look again   q leave".to_owned(),
        (None, Some(Overlay::Help(_))) => " Esc close".to_owned(),
        (None, Some(Overlay::Working(what))) => format!(" {what} ..."),
        (None, None) => foot(state, size),
    };
    let text = crate::ui::widgets::page::fit(&text, usize::from(area.width), state.look);
    Line::styled(text, theme::CHOSEN).render(area, buffer);
}

/// The last line, where nothing lies over the screen.
fn foot(state: &State, size: Size) -> String {
    if state.search.typing || !state.search.text.is_empty() {
        let places = match state.matches(size) {
            _ if state.search.text.is_empty() => String::new(),
            1 => "1 place".to_owned(),
            places => format!("{places} places"),
        };
        let keys = if state.search.typing { "_   Enter done   Esc end" } else { "   n next   N previous   Esc end" };
        return format!(" /{}{keys}   {places}", state.look.text(&state.search.text));
    }
    if let Some(Looking { stage, seconds: seconds @ 1.., .. }) = &state.looking {
        let busy = stage.map_or("looking at this machine", Stage::describe);
        return format!(" q leave   {seconds} s: {busy}; a file system may hang");
    }
    let usual = " o opt out   / search   e event   r again   ? help   q leave";
    // What does not fit stands in the help.
    own_keys(state, size).iter().fold(usual.to_owned(), |text, own| {
        let longer = format!("{text}   {} {}", own.key, own.word);
        if longer.width() > usize::from(size.width) { text } else { longer }
    })
}

fn draw_overlay(state: &State, overlay: &Overlay, size: Size, buffer: &mut Buffer) {
    let (title, rows, scroll) = match overlay {
        Overlay::Help(scroll) => ("Keys", help(state, size), *scroll),
        Overlay::OptOut(plan) => ("Opt out?", opt_out(state, size, plan), Scroll::default()),
        Overlay::OptIn(plan, typed) => ("Opt in?", opt_in(state, size, plan, typed), Scroll::default()),
        Overlay::Save(plan) => ("Save the request?", save(state, size, plan), Scroll::default()),
        Overlay::Working(what) => (*what, vec![Row::new("...")], Scroll::default()),
        Overlay::Report(report, scroll) => (report.title, result(state, size, report), *scroll),
    };
    let inner = draw_box(state, title, box_height(state, size, &rows), state.areas(size).body, buffer);
    scroll.draw(rows, state.look, "", inner, buffer);
}

/// The room inside a box: its width is that of the body, less the border and a column of air on each side.
fn inner_size(state: &State, size: Size) -> Size {
    let body = state.areas(size).body;
    Size::new(body.width.saturating_sub(4), body.height.saturating_sub(2))
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

fn own_keys(state: &State, size: Size) -> &'static [OwnKey] {
    match (state.view(size), state.screens.get(state.current)) {
        (Some(view), Some(screen)) => screen.keys(view),
        _ => &[],
    }
}

/// Every key that the current screen knows.
pub(crate) fn help(state: &State, size: Size) -> Vec<Row> {
    let mut page = Page::new(state.look, inner_size(state, size));
    for own in own_keys(state, size) {
        page.row(own.key, 12, own.does);
    }
    for (key, does) in KEYS {
        page.row(key, 12, does);
    }
    page.into_rows()
}

/// How many of a box's rows can be seen at once.
pub(crate) fn box_height(state: &State, size: Size, rows: &[Row]) -> u16 {
    u16::try_from(rows.len()).unwrap_or(u16::MAX).min(inner_size(state, size).height)
}

fn opt_out(state: &State, size: Size, plan: &OptOut) -> Vec<Row> {
    let mut page = Page::new(state.look, inner_size(state, size));
    if plan.is_without_agent() {
        page.text("No Netdata agent was found here. One that is installed later will start opted out.");
    }
    let folder = if plan.files().any(|(_, folder)| folder) { ", and its folder if that is missing," } else { "" };
    page.text(&format!("This creates the file{folder}"));
    for (file, _) in plan.files() {
        page.indented(2, &words::path(&file));
    }
    page.text("and deletes events that wait to be sent. From then on the sender sends nothing.");
    page.blank().text("Enter: opt out    Esc: cancel");
    page.into_rows()
}

fn opt_in(state: &State, size: Size, plan: &OptIn, typed: &str) -> Vec<Row> {
    let mut page = Page::new(state.look, inner_size(state, size));
    page.text("From then on this machine may send telemetry. This deletes events that wait, and removes the file");
    for file in plan.files() {
        page.indented(2, &words::path(&file));
    }
    page.text(&format!("Type the word {OPT_IN_WORD} and press Enter: {typed}_"));
    if !plan.others().is_empty() {
        page.blank().text("Still in the way would be:");
        for other in plan.others() {
            page.indented(2, other);
        }
    }
    page.into_rows()
}

fn save(state: &State, size: Size, plan: &Save) -> Vec<Row> {
    let mut page = Page::new(state.look, inner_size(state, size));
    page.text(&format!("This creates a file with the {} bytes of the request, for you alone to read:", plan.size()));
    page.indented(2, &words::path(&plan.file()));
    page.text("Nothing is overwritten, and nothing is sent.");
    page.blank().text("Enter: create the file    Esc: cancel");
    page.into_rows()
}

/// What came of something that was confirmed, and where it was about consent, what the disk says since.
pub(crate) fn result(state: &State, size: Size, report: &Report) -> Vec<Row> {
    let mut page = Page::new(state.look, inner_size(state, size));
    for sentence in &report.sentences {
        page.text(sentence);
    }
    if !report.commands.is_empty() {
        page.blank().text("Run one of these in another terminal; this screen notices, or press r:");
        for command in &report.commands {
            page.indented(2, command);
        }
        page.text("They are printed once more when you leave, so that you can copy them.").blank();
    }
    if report.consent {
        let now = match (&state.preview, &state.looking) {
            (Some(preview), None) => preview.events().headline(),
            _ => "looking ...".to_owned(),
        };
        page.text(&format!("The disk says now: {now}"));
    }
    page.into_rows()
}
