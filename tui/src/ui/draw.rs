//! Drawing the head, the tabs, the keys and the dialogs. It reads the state and changes nothing.

use anonymous_statistics::inspect::Stage;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::text::Line;
use ratatui::widgets::{Block, Borders, Clear, Paragraph, Tabs, Widget};
use unicode_width::UnicodeWidthStr;

use crate::ui::dialog::Overlay;
use crate::ui::frame::{SMALLEST, fits};
use crate::ui::state::{Looking, State};
use crate::ui::theme;
use crate::ui::widgets::chooser;
use crate::ui::widgets::text::{fit, wrap};

/// Draws into a buffer of the actual size; the size in the state may be an older one.
pub(crate) fn draw(state: &State, buffer: &mut Buffer) {
    let area = buffer.area;
    let size = area.as_size();
    if !fits(size) {
        let text = format!("q quits. Too small: {}x{} needed", SMALLEST.width, SMALLEST.height);
        Paragraph::new(wrap(&text, usize::from(area.width)).into_iter().map(Line::from).collect::<Vec<_>>())
            .render(area, buffer);
        return;
    }
    let areas = state.areas(size);
    let titles = state.tabs().into_iter().map(|(title, _)| Line::from(title));
    Tabs::new(titles).select(None).divider(" ").padding("", "").render(areas.tabs, buffer);
    Paragraph::new(state.head(size.width)).render(areas.head, buffer);
    if areas.side.width > 0 {
        let block = Block::new().borders(Borders::RIGHT).border_set(state.look.border());
        let inside = Rect { width: areas.side.width - 1, ..areas.side };
        Paragraph::new(state.side(inside.width)).block(block).render(inside, buffer);
    }
    if let (Some(view), Some(screen)) = (state.view(size), state.screens.get(state.current)) {
        screen.draw(view, areas.body, buffer);
    }
    draw_foot(state, size, areas.foot, buffer);
    if let Some(overlay) = &state.overlay {
        draw_overlay(state, overlay, size, buffer);
    }
}

fn draw_foot(state: &State, size: Size, area: Rect, buffer: &mut Buffer) {
    let text = match (state.note, &state.overlay) {
        (Some(note), _) => format!(" {note}"),
        (None, Some(overlay)) => {
            let (rows, height) = state.rows(overlay, size);
            let scroll = if rows.len() > usize::from(height) { "   up, down scroll" } else { "" };
            overlay.foot() + scroll
        }
        (None, None) => foot(state, size),
    };
    let text = fit(&text, usize::from(area.width), state.look);
    Line::styled(text, theme::CHOSEN).render(area, buffer);
}

/// The last line, without a dialog.
fn foot(state: &State, size: Size) -> String {
    let own = state.own_keys(size);
    if state.search.typing || !state.search.text.is_empty() {
        let found = state.matches(size);
        let places = match found {
            _ if state.search.text.is_empty() => String::new(),
            1 => "   1 place".to_owned(),
            places => format!("   {places} places"),
        };
        // Esc closes the details first.
        let end = if own.iter().any(|own| own.word == chooser::OPEN.word) { "Enter back" } else { "Esc end" };
        let keys = match (state.search.typing, found) {
            (true, _) => "_   Enter done   Esc end".to_owned(),
            (false, 0) => format!("   {end}"),
            (false, _) => format!("   n next   N previous   {end}"),
        };
        return format!(" /{}{keys}{places}", state.look.text(&state.search.text));
    }
    if let Some(Looking { stage, seconds: seconds @ 1.., .. }) = &state.looking {
        let busy = stage.map_or("looking at this machine", Stage::describe);
        return format!(" q quit   {seconds} s: {busy}; a file system may hang");
    }
    // The screen's own keys come first; the help lists those that do not fit.
    let consent = if state.is_off() { "i opt in" } else { "o opt out" };
    let last = [consent, "? help", "q quit"];
    let own = own.iter().map(|own| format!("{} {}", own.key, own.word));
    let others = [
        (state.preview.is_some(), "c channel"),
        (state.is_of_events(), "e event"),
        (state.is_of_events(), "x examples"),
        (true, "/ search"),
    ];
    let others = others.into_iter().filter(|(acts, _)| *acts).map(|(_, key)| key.to_owned());
    let room = usize::from(size.width).saturating_sub(last.iter().map(|key| key.width() + 3).sum::<usize>());
    let mut text = String::new();
    for key in own.chain(others) {
        if text.width() + key.width() + 3 <= room {
            text.push_str(&key);
            text.push_str("   ");
        }
    }
    format!(" {text}{}", last.join("   "))
}

fn draw_overlay(state: &State, overlay: &Overlay, size: Size, buffer: &mut Buffer) {
    let (rows, height) = state.rows(overlay, size);
    let inner = draw_box(state, overlay.title(), height, state.middle(size), buffer);
    state.scroll.draw(rows, state.look, "", inner, buffer);
}

/// Draws an empty box in the middle of an area, and returns its inner area.
fn draw_box(state: &State, title: &str, height: u16, area: Rect, buffer: &mut Buffer) -> Rect {
    let height = height.saturating_add(2).min(area.height);
    let area = Rect { y: area.y + (area.height - height) / 2, height, ..area };
    Clear.render(area, buffer);
    let block = Block::bordered().border_set(state.look.border()).title(format!(" {title} "));
    let inside = block.inner(area);
    block.render(area, buffer);
    Rect { x: inside.x + 1, width: inside.width.saturating_sub(1), ..inside }
}
