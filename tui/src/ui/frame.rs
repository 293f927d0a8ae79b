//! The frame around a screen: tabs, head and foot.

use anonymous_statistics::inspect::{Preview, Stage};
use ratatui::layout::{Rect, Size};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::present::words;
use crate::ui::theme::{CHOSEN, Look};
use crate::ui::widgets::page::{clip, wrap};

/// The smallest usable terminal.
pub(crate) const SMALLEST: Size = Size::new(60, 16);

pub(crate) const fn fits(size: Size) -> bool {
    size.width >= SMALLEST.width && size.height >= SMALLEST.height
}

/// The maximum rows of the headline.
const HEADLINE_ROWS: usize = 3;
/// Columns of the symbol before it.
const SYMBOL: usize = 4;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Areas {
    pub(crate) tabs: Rect,
    pub(crate) head: Rect,
    pub(crate) body: Rect,
    pub(crate) foot: Rect,
}

#[derive(Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) preview: Option<&'a Preview>,
    /// The stage of the running preview.
    pub(crate) busy: Option<Stage>,
    pub(crate) action: &'a str,
    pub(crate) titles: &'a [&'static str],
    pub(crate) current: usize,
    pub(crate) look: Look,
}

impl Frame<'_> {
    /// From top to bottom. A terminal that is too small cuts off the lower areas.
    pub(crate) fn areas(&self, Size { width, height }: Size) -> Areas {
        let head = u16::try_from(self.head(width).len()).unwrap_or(u16::MAX);
        let foot = height.saturating_sub(1);
        let body = (1 + head).min(foot);
        // A left margin of one column.
        let inset = |y: u16, height: u16| Rect::new(1, y, width.saturating_sub(1), height);
        Areas {
            tabs: Rect::new(0, 0, width, 1),
            head: inset(1, head),
            body: inset(body, foot - body),
            foot: Rect::new(0, foot, width, 1),
        }
    }

    /// All titles; if they do not fit, only the current screen's, and the others' numbers.
    pub(crate) fn tabs(&self, width: u16) -> Line<'static> {
        let all = self.all_tabs(|_| true);
        let fits = all.width() <= usize::from(width);
        if fits { all } else { self.all_tabs(|number| number == self.current) }
    }

    pub(crate) fn event(&self) -> String {
        self.look.text(&format!("event: {}", self.action)).into_owned()
    }

    /// Whether the event fits beside the tabs; otherwise it goes one line below.
    pub(crate) fn has_event_beside_tabs(&self, width: u16) -> bool {
        self.tabs(width).width() + self.event().width() + 2 <= usize::from(width)
    }

    fn all_tabs(&self, titled: impl Fn(usize) -> bool) -> Line<'static> {
        let mut spans = Vec::new();
        for (number, name) in self.titles.iter().enumerate() {
            // The brackets mark the current screen on terminals without styles.
            let (open, close) = if number == self.current { ("[", "]") } else { (" ", "") };
            let title = if titled(number) { format!(" {name}") } else { String::new() };
            let style = if number == self.current { CHOSEN } else { Style::new() };
            spans.push(Span::styled(format!("{open}{}{title}{close}", number + 1), style));
        }
        Line::from(spans)
    }

    /// The head, with the rule below it.
    pub(crate) fn head(&self, columns: u16) -> Vec<Line<'static>> {
        let look = self.look;
        let width = usize::from(columns).saturating_sub(2);
        let mut lines = Vec::new();
        if let Some(preview) = self.preview {
            let verdict = preview.verdict();
            let mut rows = wrap(&look.text(&verdict.to_string()), width.saturating_sub(SYMBOL));
            if rows.len() > HEADLINE_ROWS {
                rows.truncate(HEADLINE_ROWS);
                if let Some(last) = rows.last_mut() {
                    last.push_str(look.cut());
                    *last = clip(last, width.saturating_sub(SYMBOL), look);
                }
            }
            let style = look.verdict(&verdict);
            for (number, row) in rows.into_iter().enumerate() {
                let front = if number == 0 {
                    Span::styled(look.symbol(&verdict), style)
                } else {
                    Span::raw(" ".repeat(SYMBOL - 1))
                };
                lines.push(Line::from(vec![front, Span::raw(" "), Span::styled(row, Modifier::BOLD)]));
            }
            let destination = words::what_is_sent_where(preview);
            let destination = clip(&look.text(&destination), width, look);
            let room = width.saturating_sub(destination.width());
            let event = if self.has_event_beside_tabs(columns) || room < 3 { String::new() } else { self.event() };
            lines.push(Line::from(format!("{destination}{:>room$}", clip(&event, room.saturating_sub(2), look))));
            let sender = format!("sender: {}", preview.events().sender());
            let room = width.saturating_sub(words::NO_SOCKET.width() + 2);
            let sender = clip(&look.text(&sender), room, look);
            let gap = width.saturating_sub(sender.width() + words::NO_SOCKET.width());
            lines.push(Line::from(format!("{sender}{:gap$}{}", "", words::NO_SOCKET)));
        } else {
            let busy = self.busy.map_or("", Stage::describe);
            lines.push(Line::from(clip(&format!("{busy} ..."), width, look)));
            lines.push(Line::from(format!("This preview {}.", words::NO_SOCKET)));
        }
        lines.push(Line::from(look.rule().repeat(width)));
        lines
    }
}
