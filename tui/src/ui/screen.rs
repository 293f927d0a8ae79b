//! The interface of a screen.

use std::fmt::Debug;
use std::path::Path;

use anonymous_statistics::channels::{Channel, Verdict};
use anonymous_statistics::inspect::Preview;
use anonymous_statistics::inspect::comparison::{Column, Side};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};

use crate::present::commands::{self, Asker};
use crate::present::history::Clock;
use crate::present::request::{Request, Requests};
use crate::ui::dialog::Overlay;
use crate::ui::keys::{Key, OwnKey};
use crate::ui::theme::Look;
use crate::ui::widgets::page::Page;

/// Who looks: the clock, and the rights.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader {
    pub(crate) clock: Clock,
    pub(crate) asker: Asker,
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
    /// The same as sides of a comparison, with the actions.
    pub(crate) sides: &'a [(String, Side)],
    pub(crate) look: Look,
    pub(crate) reader: Reader,
    pub(crate) size: Size,
    /// Empty without a search.
    pub(crate) search: &'a str,
    pub(crate) folder: &'a Path,
}

impl<'a> View<'a> {
    pub(crate) fn channel(self) -> Option<&'a Channel> {
        self.channels.get(self.channel)
    }

    /// Whether the request is an event of this project's sender.
    pub(crate) fn is_senders(self) -> bool {
        let is_event = self.channel().is_some_and(|channel| matches!(channel.name, "events" | "hooks"));
        is_event && self.preview.original.is_none()
    }

    /// The command that opts out.
    pub(crate) fn opt_out(self) -> String {
        commands::command("opt-out", self.reader.asker, &self.preview.folders)
    }

    /// How a channel is stopped, in a row; a command stands on lines of its own.
    pub(crate) fn how_to_stop(self, channel: &Channel, label: &str, column: usize, page: &mut Page) {
        let (command, words) = commands::how_to_stop(channel, self.reader.asker, &self.preview.folders);
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
    /// The key opens a dialog.
    Dialog(Box<Overlay>),
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

/// One screen: its content, and the position in it.
pub(crate) trait Screen: Debug {
    fn title(&self) -> &'static str;

    /// Whether the list of channels stands beside it where there is room.
    fn is_of_channel(&self) -> bool {
        true
    }

    /// The keys of this screen only, as far as they have an effect now.
    fn keys(&self, _view: View<'_>) -> Vec<OwnKey> {
        Vec::new()
    }

    fn on_key(&mut self, key: Key, view: View<'_>) -> Handled;

    /// A click into the body, from whose upper left corner the position counts.
    fn on_click(&mut self, _at: Position, _view: View<'_>) -> Handled {
        Handled::No
    }

    /// The number of matches of the search.
    fn matches(&self, view: View<'_>) -> usize;

    fn draw(&self, view: View<'_>, area: Rect, buffer: &mut Buffer);
}
