//! The interface of a screen, and what all screens have in common: scrolling, choosing, searching.

use std::fmt::Debug;
use std::path::PathBuf;

use anonymous_statistics::channels::{Channel, Verdict};
use anonymous_statistics::inspect::Preview;
use anonymous_statistics::inspect::comparison::Column;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};

use crate::actions::Plan;
use crate::actions::report::Report;
use crate::present::commands::Caller;
use crate::present::history::Clock;
use crate::present::request::{Request, Requests};
use crate::ui::keys::{Key, OwnKey};
use crate::ui::theme::Look;
use crate::ui::widgets::Window;
use crate::ui::widgets::chooser::{Choice, Chooser, OPEN};
use crate::ui::widgets::page::{Page, Row};
use crate::ui::widgets::scroll::{self, Scroll};

/// Who looks, and how: what stays the same while the screens are open.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) clock: Clock,
    pub(crate) caller: Caller,
    pub(crate) look: Look,
    /// The folder for saved requests, in which this program was started.
    pub(crate) folder: PathBuf,
    /// Whether a recorded call is shown, which has its own action.
    pub(crate) recorded: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) preview: &'a Preview,
    pub(crate) verdict: &'a Verdict,
    pub(crate) channels: &'a [Channel],
    /// The number of the channel that is looked at.
    pub(crate) channel: usize,
    pub(crate) requests: &'a Requests,
    /// The events of all actions; empty until they are compared.
    pub(crate) columns: &'a [Column],
    pub(crate) look: Look,
    pub(crate) reader: &'a Reader,
    pub(crate) size: Size,
    /// Empty without a search.
    pub(crate) search: &'a str,
}

impl<'a> View<'a> {
    pub(crate) fn channel(self) -> Option<&'a Channel> {
        self.channels.get(self.channel)
    }

    fn window(self) -> Window<'a> {
        Window { look: self.look, size: self.size, search: self.search }
    }

    /// Whether a text holds what is searched for.
    pub(crate) fn finds<T: AsRef<str>>(self, mut texts: impl Iterator<Item = T>) -> bool {
        let wanted = self.search.to_lowercase();
        wanted.is_empty() || texts.any(|text| text.as_ref().to_lowercase().contains(&wanted))
    }

    pub(crate) fn is_event(self) -> bool {
        self.channel().is_some_and(|channel| matches!(channel.name, "events" | "hooks"))
    }

    /// Whether the request is an event of this project's sender.
    pub(crate) fn is_senders(self) -> bool {
        self.is_event() && self.preview.sending_original().is_none()
    }

    /// Whether it is one of Netdata's own script.
    pub(crate) fn is_scripts(self) -> bool {
        self.is_event() && self.preview.sending_original().is_some()
    }

    /// The command that opts out.
    pub(crate) fn opt_out(self) -> String {
        self.reader.caller.command("opt-out", &self.preview.folders)
    }

    /// How a channel that is not off is stopped, in a row; a command stands on lines of its own.
    pub(crate) fn how_to_stop(self, channel: &Channel, label: &str, column: usize, page: &mut Page) {
        if channel.judgement.state.is_silent() {
            return;
        }
        let (command, words) = self.reader.caller.how_to_stop(channel, &self.preview.folders);
        match command {
            None => page.row(label, column, words),
            Some(command) if words.is_empty() => page.row(label, column, "the key o, or").command(&command),
            Some(command) => page.row(label, column, "the key o, or").command(&command).row("", column, words),
        };
    }

    /// What the chosen channel sends; an error says why it is not shown.
    pub(crate) fn request(self) -> Result<&'a Request, &'a str> {
        self.requests.of_channel(self.channel().map_or("", |channel| channel.name))
    }
}

#[derive(Debug)]
pub(crate) enum Handled {
    No,
    Yes,
    /// Something else is shown, from its top.
    Fresh,
    /// The key begins an action, which asks first.
    Confirm(Box<Plan>),
    Report(Box<Report>),
    /// The key chooses a channel, and perhaps a screen for it.
    Channel(usize, Option<usize>),
    /// For the clipboard.
    Copy(String),
}

impl From<bool> for Handled {
    fn from(taken: bool) -> Self {
        if taken { Self::Yes } else { Self::No }
    }
}

/// What a screen shows.
pub(crate) enum Content<'a> {
    Page(Vec<Row>),
    List(Choice<'a>),
}

/// One kind of screen.
pub(crate) trait Screen: Debug {
    fn title(&self) -> &'static str;

    /// Whether the list of channels stands beside it where there is room.
    fn is_of_channel(&self) -> bool {
        true
    }

    /// The channels that it is about from the beginning, of which one is chosen first.
    fn asks_about(&self) -> &'static [&'static str] {
        &[]
    }

    fn content<'a>(&'a self, view: View<'a>) -> Content<'a>;

    /// The keys of this screen only, as far as they have an effect now. `chosen` is the line of its list.
    fn keys(&self, _view: View<'_>, _chosen: usize) -> Vec<OwnKey> {
        Vec::new()
    }

    /// What a key does beside scrolling and choosing.
    fn on_key(&mut self, _key: Key, _view: View<'_>, _chosen: usize) -> Handled {
        Handled::No
    }

    /// A click into its text, from whose upper left corner the position counts.
    fn on_click(&mut self, _at: Position, _view: View<'_>) -> Handled {
        Handled::No
    }
}

/// A screen, and the place in it.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) screen: Box<dyn Screen>,
    scroll: Scroll,
    chooser: Chooser,
}

impl Shown {
    pub(crate) fn new(screen: Box<dyn Screen>) -> Self {
        Self { screen, scroll: Scroll::default(), chooser: Chooser::default() }
    }

    fn chosen(&self, view: View<'_>) -> usize {
        match self.screen.content(view) {
            Content::Page(_) => 0,
            Content::List(list) => self.chooser.place(&list.items),
        }
    }

    pub(crate) fn keys(&self, view: View<'_>) -> Vec<OwnKey> {
        if self.chooser.is_open() { vec![OPEN] } else { self.screen.keys(view, self.chosen(view)) }
    }

    pub(crate) fn on_key(&mut self, key: Key, view: View<'_>) -> Handled {
        // Of the details there is only something to copy.
        if !self.chooser.is_open() || key == Key::Char('y') {
            let chosen = self.chosen(view);
            match self.screen.on_key(key, view, chosen) {
                Handled::No => {}
                Handled::Fresh => {
                    self.scroll = Scroll::default();
                    return Handled::Yes;
                }
                handled => return handled,
            }
        }
        match self.screen.content(view) {
            Content::Page(rows) => self.scroll.on_key(key, &rows, view.size.height, view.search),
            Content::List(list) => self.chooser.on_key(key, &list, view.window()),
        }
        .into()
    }

    /// A click into the body, from whose upper left corner the position counts.
    pub(crate) fn on_click(&mut self, at: Position, view: View<'_>) -> Handled {
        match (self.screen.on_click(self.scroll.in_text(at), view), self.screen.content(view)) {
            (Handled::No, Content::List(list)) => self.chooser.on_click(at, &list, view.size).into(),
            (handled, _) => handled,
        }
    }

    /// The number of matches of the search.
    pub(crate) fn matches(&self, view: View<'_>) -> usize {
        match self.screen.content(view) {
            Content::Page(rows) => scroll::count(&rows, view.search),
            Content::List(list) => list.items.len(),
        }
    }

    pub(crate) fn draw(&self, view: View<'_>, area: Rect, buffer: &mut Buffer) {
        match self.screen.content(view) {
            Content::Page(rows) => self.scroll.draw(rows, view.look, view.search, area, buffer),
            Content::List(list) => self.chooser.draw(&list, view.window(), area, buffer),
        }
    }
}
