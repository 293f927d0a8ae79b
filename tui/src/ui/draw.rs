//! The frame around a screen, and drawing. It reads the state and changes nothing.

use anonymous_statistics::inspect::Stage;
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Clear, Paragraph, Tabs, Widget};
use unicode_width::UnicodeWidthStr;

use crate::present::palette::Role;
use crate::present::{overview, words};
use crate::ui::screen::Shown;
use crate::ui::state::{Areas, DIALOG, Found, Looking, State};
use crate::ui::theme;
use crate::ui::widgets::chooser;
use crate::ui::widgets::text::{clip, fit, wrap};
use crate::ui::widgets::{above, left};

/// The smallest usable terminal.
pub(crate) const SMALLEST: Size = Size::new(60, 16);

pub(crate) const fn fits(size: Size) -> bool {
    size.width >= SMALLEST.width && size.height >= SMALLEST.height
}

/// The maximum rows of the headline.
const HEADLINE_ROWS: usize = 2;
/// Columns of the symbol before it.
const SYMBOL: usize = 4;

/// From this width on the channels are listed at the left.
const WIDE: u16 = 110;
/// Columns of that list, with the line and the gap beside it.
const SIDE: u16 = 20;

impl State {
    /// A terminal that is too small cuts off the lower areas.
    pub(crate) fn areas(&self, size: Size) -> Areas {
        let head = u16::try_from(self.head(size.width).len()).unwrap_or(u16::MAX);
        let (tabs, below) = above(Rect::from(size), 1);
        let (rest, foot) = above(below, below.height.saturating_sub(1));
        let (head, middle) = above(rest, head);
        // One column at the left, and none at the right: a scroll bar stands at the edge.
        let inset = |area: Rect| Rect { x: 1.min(area.width), width: area.width.saturating_sub(1), ..area };
        let is_of_channel = self.screens.get(self.current).is_some_and(|shown| shown.screen.is_of_channel());
        let wide = size.width >= WIDE && is_of_channel && self.found.is_some();
        let (channels, body) = left(inset(middle), if wide { SIDE } else { 0 });
        Areas { tabs, head: inset(head), side: channels, body, foot }
    }

    fn tabs(&self) -> Vec<Span<'static>> {
        let tab = |(at, shown): (usize, &Shown)| {
            let text = format!("{} {}", at + 1, shown.screen.title());
            // The brackets mark the current screen on terminals without styles.
            if at == self.current { Span::styled(format!("[{text}]"), theme::CHOSEN) } else { Span::raw(text) }
        };
        self.screens.iter().enumerate().map(tab).collect()
    }

    /// The screen whose title is in this column.
    pub(super) fn tab_at(&self, column: u16) -> Option<usize> {
        let mut right = 0;
        self.tabs().iter().position(|tab| {
            let left = right;
            right += tab.width() + 1;
            (left..right - 1).contains(&column.into())
        })
    }

    /// The verdict, what is sent and where to, and the rule below.
    fn head(&self, columns: u16) -> Vec<Line<'static>> {
        let look = self.reader.look;
        let width = usize::from(columns).saturating_sub(1);
        let mut lines = Vec::new();
        let mut about = vec![format!("this preview {}", words::NO_SOCKET)];
        if let Some(Found { verdict, preview, channels, requests, .. }) = &self.found {
            let room = width.saturating_sub(SYMBOL);
            let mut rows = wrap(&look.text(&verdict.to_string()), room);
            if rows.len() > HEADLINE_ROWS {
                rows.truncate(HEADLINE_ROWS);
                if let Some(last) = rows.last_mut() {
                    *last = clip(&format!("{last}{}", look.cut()), room, look);
                }
            }
            let bold = look.role(Role::State(verdict.state())).add_modifier(Modifier::BOLD);
            for (number, row) in rows.into_iter().enumerate() {
                let front = if number == 0 {
                    let symbol = format!(" {} ", look.state(verdict.state()));
                    Span::styled(symbol, bold.add_modifier(Modifier::REVERSED))
                } else {
                    Span::raw(" ".repeat(SYMBOL - 1))
                };
                lines.push(Line::from(vec![front, Span::raw(" "), Span::styled(row, bold)]));
            }
            let line = channels
                .get(self.channel())
                .map(|channel| overview::line(preview, channel, requests.of_channel(channel.name)));
            lines.push(Line::from(clip(&look.text(&line.unwrap_or_default()), width, look)));
            if self.is_of_events() {
                let examples = if self.examples { ", examples" } else { "" };
                about.insert(0, format!("event {}{examples}", look.text(&self.action)));
            }
        } else {
            let stage = self.looking.as_ref().and_then(|looking| looking.stage);
            lines.push(Line::from(clip(&format!("{} ...", stage.map_or("", Stage::describe)), width, look)));
        }
        // A rule with the texts in it, as far as they fit.
        let rule = look.rule();
        let mut line = String::new();
        for text in about {
            let part = format!("{} {text} ", rule.repeat(2));
            if line.width() + part.width() + 2 <= width {
                line.push_str(&part);
            }
        }
        let rest = width.saturating_sub(line.width());
        lines.push(Line::from(line + &rule.repeat(rest)));
        lines
    }
}

/// Draws into a buffer of the actual size; the size in the state may be an older one.
pub(super) fn draw(state: &State, buffer: &mut Buffer) {
    let area = buffer.area;
    let size = area.as_size();
    if !fits(size) {
        let text = format!("q quits. Too small: {SMALLEST} needed");
        let lines: Vec<_> = wrap(&text, usize::from(area.width)).into_iter().map(Line::from).collect();
        return Paragraph::new(lines).render(area, buffer);
    }
    let look = state.reader.look;
    let areas = state.areas(size);
    Tabs::new(state.tabs()).select(None).divider(" ").padding("", "").render(areas.tabs, buffer);
    Paragraph::new(state.head(size.width)).render(areas.head, buffer);
    if areas.side.width > 0 {
        let block = Block::new().borders(Borders::RIGHT).border_set(look.border());
        let inside = Rect { width: areas.side.width - 1, ..areas.side };
        let name = usize::from(inside.width.saturating_sub(5));
        let channels = state.channels().iter().enumerate();
        let lines = channels
            .map(|(number, channel)| look.channel(channel, number == state.channel(), name, Default::default()))
            .collect::<Vec<_>>();
        Paragraph::new(lines).block(block).render(inside, buffer);
    }
    if let Some((screen, view)) = state.shown(size) {
        screen.draw(view, areas.body, buffer);
    }
    let mut text = foot(state, size);
    if let Some(overlay) = &state.overlay {
        let (rows, inside) = state.rows(overlay, size);
        let scroll = if rows.len() > inside.height.into() { "   up, down scroll" } else { "" };
        text = overlay.foot() + scroll;
        let outside = inside.outer(DIALOG);
        Clear.render(outside, buffer);
        let title = format!(" {} ", overlay.title());
        Block::bordered().border_set(look.border()).title(title).render(outside, buffer);
        // The scroll bar stands in the margin.
        state.scroll.draw(rows, look, "", Rect { width: inside.width + 1, ..inside }, buffer);
    }
    let text = state.note.map_or(text, |note| format!(" {note}"));
    Line::styled(fit(&text, usize::from(area.width), look), theme::CHOSEN).render(areas.foot, buffer);
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
        return format!(" /{}{keys}{places}", state.reader.look.text(&state.search.text));
    }
    if let Some(Looking { stage, seconds: seconds @ 1.., .. }) = &state.looking {
        let busy = stage.map_or("looking at this machine", Stage::describe);
        return format!(" q quit   {seconds} s: {busy}; a file system may hang");
    }
    // The screen's own keys come first; the help lists those that do not fit.
    let consent = if state.is_off() { "i opt in" } else { "o opt out" };
    let last = format!("{consent}   ? help   q quit");
    let own = own.iter().map(|own| format!("{} {}", own.key, own.word));
    let others = [
        (state.found.is_some(), "c channel"),
        (state.is_of_events(), "e event"),
        (state.is_of_events(), "x examples"),
        (true, "/ search"),
    ];
    let others = others.into_iter().filter(|(acts, _)| *acts).map(|(_, key)| key.to_owned());
    let room = usize::from(size.width).saturating_sub(last.width() + 3);
    let mut text = String::new();
    for key in own.chain(others) {
        if text.width() + key.width() + 3 <= room {
            text.push_str(&key);
            text.push_str("   ");
        }
    }
    format!(" {text}{last}")
}
