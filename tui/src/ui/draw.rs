//! Drawing the head, the tabs, the keys and the dialogs. It reads the state and changes nothing.

use anonymous_statistics::inspect::Stage;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph, Widget};
use unicode_width::UnicodeWidthStr;

use crate::ui::dialog::Overlay;
use crate::ui::frame::{Frame, SMALLEST, fits};
use crate::ui::state::{Looking, State};
use crate::ui::theme;
use crate::ui::widgets::page::{fit, wrap};

/// Draws into a buffer of the actual size; the size in the state may be an older one.
pub(crate) fn draw(state: &State, buffer: &mut Buffer) {
    let area = buffer.area;
    let size = area.as_size();
    if !fits(size) {
        let text = format!("too small: {}x{} are needed; q leaves", SMALLEST.width, SMALLEST.height);
        Paragraph::new(wrap(&text, usize::from(area.width)).into_iter().map(Line::from).collect::<Vec<_>>())
            .render(area, buffer);
        return;
    }
    let frame = state.frame();
    let areas = frame.areas(size);
    draw_tabs(&frame, areas.tabs, buffer);
    Paragraph::new(frame.head(size.width)).render(areas.head, buffer);
    if let (Some(view), Some(screen)) = (state.view(size), state.screens.get(state.current)) {
        screen.draw(view, areas.body, buffer);
    }
    draw_foot(state, size, areas.foot, buffer);
    if let Some(overlay) = &state.overlay {
        draw_overlay(state, overlay, size, buffer);
    }
}

fn draw_tabs(frame: &Frame<'_>, area: Rect, buffer: &mut Buffer) {
    if frame.has_event_beside_tabs(area.width) {
        Line::from(format!("{} ", frame.event())).right_aligned().render(area, buffer);
    }
    frame.tabs(area.width).render(area, buffer);
}

fn draw_foot(state: &State, size: Size, area: Rect, buffer: &mut Buffer) {
    let text = match (state.note, &state.overlay) {
        (Some(note), _) => format!(" {note}"),
        (None, Some(overlay)) => overlay.foot(),
        (None, None) => foot(state, size),
    };
    let text = fit(&text, usize::from(area.width), state.look);
    Line::styled(text, theme::CHOSEN).render(area, buffer);
}

/// The last line, without a dialog.
fn foot(state: &State, size: Size) -> String {
    if state.search.typing || !state.search.text.is_empty() {
        let found = state.matches(size);
        let places = match found {
            _ if state.search.text.is_empty() => String::new(),
            1 => "1 place".to_owned(),
            places => format!("{places} places"),
        };
        let keys = match (state.search.typing, found) {
            (true, _) => "_   Enter done   Esc end",
            (false, 0) => "   Esc end",
            (false, _) => "   n next   N previous   Esc end",
        };
        return format!(" /{}{keys}   {places}", state.look.text(&state.search.text));
    }
    if let Some(Looking { stage, seconds: seconds @ 1.., .. }) = &state.looking {
        let busy = stage.map_or("looking at this machine", Stage::describe);
        return format!(" q leave   {seconds} s: {busy}; a file system may hang");
    }
    let usual = " o opt out   / search   e event   r again   ? help   q leave";
    // The help lists the keys that do not fit.
    state.own_keys(size).iter().fold(usual.to_owned(), |text, own| {
        let longer = format!("{text}   {} {}", own.key, own.word);
        if longer.width() > usize::from(size.width) { text } else { longer }
    })
}

fn draw_overlay(state: &State, overlay: &Overlay, size: Size, buffer: &mut Buffer) {
    let (rows, height) = state.rows(overlay, size);
    let inner = draw_box(state, overlay.title(), height, state.areas(size).body, buffer);
    overlay.scroll().draw(rows, state.look, "", inner, buffer);
}

/// Draws an empty box in the middle of the body, and returns its inner area.
fn draw_box(state: &State, title: &str, height: u16, body: Rect, buffer: &mut Buffer) -> Rect {
    let height = height.saturating_add(2).min(body.height);
    let area = Rect { y: body.y + (body.height - height) / 2, height, ..body };
    Clear.render(area, buffer);
    let block = Block::bordered().border_set(state.look.border()).title(format!(" {title} "));
    let inside = block.inner(area);
    block.render(area, buffer);
    Rect { x: inside.x + 1, width: inside.width.saturating_sub(1), ..inside }
}
