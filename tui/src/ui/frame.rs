//! The frame around a screen: tabs, head, the list of channels and the foot.

use anonymous_statistics::channels::Channel;
use anonymous_statistics::inspect::Stage;
use ratatui::layout::{Rect, Size};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use crate::present::palette::Role;
use crate::present::{overview, words};
use crate::ui::screen::Shown;
use crate::ui::state::{Areas, Found, State};
use crate::ui::theme;
use crate::ui::widgets::text::{clip, wrap};
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
    pub(crate) fn areas(&self, size: Size) -> Areas {
        self.areas_beside(size, self.is_of_channel())
    }

    /// With the list of channels or not. A terminal that is too small cuts off the lower areas.
    pub(super) fn areas_beside(&self, size: Size, is_of_channel: bool) -> Areas {
        let head = u16::try_from(self.head(size.width).len()).unwrap_or(u16::MAX);
        let (tabs, below) = above(Rect::from(size), 1);
        let (rest, foot) = above(below, below.height.saturating_sub(1));
        let (head, middle) = above(rest, head);
        // One column at the left, and none at the right: a scroll bar stands at the edge.
        let inset = |area: Rect| Rect { x: 1.min(area.width), width: area.width.saturating_sub(1), ..area };
        let wide = size.width >= WIDE && is_of_channel && self.found.is_some();
        let (channels, body) = left(inset(middle), if wide { SIDE } else { 0 });
        Areas { tabs, head: inset(head), side: channels, body, foot }
    }

    /// The titles, each with the columns that it takes.
    pub(crate) fn tabs(&self) -> Vec<(Span<'static>, u16)> {
        let tab = |(number, shown): (usize, &Shown)| {
            let name = shown.screen.title();
            // The brackets mark the current screen on terminals without styles.
            let chosen = number == self.current;
            let text = if chosen { format!("[{} {name}]", number + 1) } else { format!("{} {name}", number + 1) };
            let columns = u16::try_from(text.width()).unwrap_or(u16::MAX);
            (Span::styled(text, if chosen { theme::CHOSEN } else { Style::new() }), columns)
        };
        self.screens.iter().enumerate().map(tab).collect()
    }

    /// The screen whose title is in this column.
    pub(crate) fn tab_at(&self, column: u16) -> Option<usize> {
        let mut right = 0;
        self.tabs().iter().position(|(_, columns)| {
            let left = right;
            right += columns + 1;
            (left..left + columns).contains(&column)
        })
    }

    /// The chosen channel in one line.
    fn line(&self) -> String {
        let (Some(preview), Some(found)) = (&self.preview, &self.found) else { return String::new() };
        let channel = found.channels.get(self.channel());
        channel.map_or_else(String::new, |channel| {
            overview::line(preview, channel, found.requests.of_channel(channel.name))
        })
    }

    /// The verdict, what is sent and where to, and the rule below.
    pub(crate) fn head(&self, columns: u16) -> Vec<Line<'static>> {
        let look = self.look;
        let width = usize::from(columns).saturating_sub(1);
        let mut lines = Vec::new();
        let mut about = vec![format!("this preview {}", words::NO_SOCKET)];
        if let Some(Found { verdict, .. }) = &self.found {
            let mut rows = wrap(&look.text(&verdict.to_string()), width.saturating_sub(SYMBOL));
            if rows.len() > HEADLINE_ROWS {
                rows.truncate(HEADLINE_ROWS);
                if let Some(last) = rows.last_mut() {
                    last.push_str(look.cut());
                    *last = clip(last, width.saturating_sub(SYMBOL), look);
                }
            }
            let style = look.verdict(verdict);
            let bold = look.role(Role::State(verdict.state())).add_modifier(Modifier::BOLD);
            for (number, row) in rows.into_iter().enumerate() {
                let front = if number == 0 {
                    Span::styled(format!(" {} ", look.state(verdict.state())), style)
                } else {
                    Span::raw(" ".repeat(SYMBOL - 1))
                };
                lines.push(Line::from(vec![front, Span::raw(" "), Span::styled(row, bold)]));
            }
            lines.push(Line::from(clip(&look.text(&self.line()), width, look)));
            if self.is_of_events() {
                let examples = if self.examples { ", examples" } else { "" };
                about.insert(0, format!("event {}{examples}", look.text(&self.action)));
            }
        } else {
            let stage = self.looking.as_ref().and_then(|looking| looking.stage);
            lines.push(Line::from(clip(&format!("{} ...", stage.map_or("", Stage::describe)), width, look)));
        }
        lines.push(self.rule(&about, width));
        lines
    }

    /// A rule with texts in it.
    fn rule(&self, texts: &[String], width: usize) -> Line<'static> {
        let rule = self.look.rule();
        let mut line = String::new();
        for text in texts {
            let part = format!("{} {text} ", rule.repeat(2));
            if line.width() + part.width() + 2 <= width {
                line.push_str(&part);
            }
        }
        let rest = width.saturating_sub(line.width());
        Line::from(line + &rule.repeat(rest))
    }

    /// The list at the left.
    pub(crate) fn side(&self, width: u16) -> Vec<Line<'static>> {
        let name = usize::from(width.saturating_sub(5));
        let line = |(number, channel): (usize, &Channel)| {
            self.look.channel(channel, number == self.channel(), name, Default::default())
        };
        self.channels().iter().enumerate().map(line).collect()
    }
}
