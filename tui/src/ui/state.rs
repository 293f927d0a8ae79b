//! The state of the user interface, and its transitions. Nothing here reads a file, a clock or a terminal.

use std::path::PathBuf;

use anonymous_statistics::channels::{Channel, Verdict};
use anonymous_statistics::consent::Decision;
use anonymous_statistics::inspect::comparison::Column;
use anonymous_statistics::inspect::{Preview, Stage};
use ratatui::layout::{Position, Rect, Size};

use crate::actions::Plan;
use crate::actions::opting::Barred;
use crate::actions::report::Report;
use crate::present::request::Requests;
use crate::ui::dialog::Overlay;
use crate::ui::keys::{Key, OwnKey};
use crate::ui::screen::{Reader, Screen, Shown, View};
use crate::ui::theme::Look;
use crate::ui::widgets::page::{Page, Row};
use crate::ui::widgets::scroll::Scroll;

/// An event for the state.
#[derive(Debug)]
pub(crate) enum Message {
    Key(Key),
    /// A press of the mouse's left button, perhaps outside the screen.
    Click(Position),
    Pasted(String),
    Resized(Size),
    /// The running preview begins this stage.
    Began(Stage),
    /// The running preview found these obstacles.
    Barred(Box<Barred>),
    /// The preview is complete.
    Looked(Box<Preview>),
    /// The events of all actions are compared, which ends the work on the preview.
    Compared(Vec<Column>),
    /// A file behind the preview changed.
    Changed,
    /// The preview has taken another second.
    Waited,
    /// An action ended, successfully or not.
    Done(Box<Report>),
}

/// An action for the outside.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Make a preview of this action's event, perhaps with examples in place of unknown values.
    Look {
        action: String,
        examples: bool,
    },
    Act(Box<Plan>),
    /// Copy a text, as the screen shows it, with the terminal's help.
    Copy(String),
    /// Give the terminal back and stop until the shell continues this program.
    Suspend,
    /// Take the terminal again, and redraw everything.
    Redraw,
    Quit,
}

/// A running preview.
#[derive(Debug, Default)]
pub(crate) struct Looking {
    pub(crate) stage: Option<Stage>,
    pub(crate) seconds: u32,
    /// Whether something changed meanwhile, so that another one must follow.
    again: bool,
}

/// The search, on every screen.
#[derive(Debug, Default)]
pub(crate) struct Search {
    pub(crate) text: String,
    /// Whether keys still go into the text.
    pub(crate) typing: bool,
}

impl Search {
    /// The text has a maximum length.
    pub(super) fn add(&mut self, c: char) {
        if self.text.chars().count() < 40 {
            self.text.push(c);
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Areas {
    pub(crate) tabs: Rect,
    pub(crate) head: Rect,
    /// The list of channels, where there is one.
    pub(crate) side: Rect,
    pub(crate) body: Rect,
    pub(crate) foot: Rect,
}

/// What follows from a preview.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) verdict: Verdict,
    pub(super) channels: Vec<Channel>,
    pub(super) requests: Requests,
}

#[derive(Debug)]
pub(crate) struct State {
    /// `None` until the first preview is complete.
    pub(crate) preview: Option<Box<Preview>>,
    pub(super) found: Option<Found>,
    /// The name of the chosen channel. `None`: one of those asked about, or else the first one that sends.
    pub(super) channel: Option<&'static str>,
    asked: Vec<&'static str>,
    /// Whether unknown values have examples.
    pub(super) examples: bool,
    /// The obstacles to actions, so that nobody confirms them.
    /// `None`: not known yet.
    pub(super) barred: Option<Box<Barred>>,
    /// The events of all actions; empty until they are compared.
    columns: Vec<Column>,
    pub(crate) looking: Option<Looking>,
    pub(crate) action: String,
    /// Whether a recorded call is shown, which has its own action.
    pub(crate) recorded: bool,
    /// The folder for saved requests, in which this program was started.
    pub(crate) folder: PathBuf,
    pub(crate) screens: Vec<Shown>,
    pub(crate) current: usize,
    pub(crate) search: Search,
    pub(crate) overlay: Option<Overlay>,
    /// The place in its text.
    pub(crate) scroll: Scroll,
    /// Whether it has not been drawn yet. Nobody can confirm what was not on the screen.
    pub(crate) unseen: bool,
    /// Commands for the user to run instead of an impossible action.
    pub(crate) blocked: Vec<String>,
    /// A remark about the last key.
    pub(crate) note: Option<&'static str>,
    pub(super) copying: Option<String>,
    pub(crate) look: Look,
    reader: Reader,
    /// The terminal's size, for keys. Drawing uses the size of its buffer.
    pub(crate) size: Size,
}

impl State {
    /// Assumes that the first preview is running.
    pub(crate) fn new(
        screens: Vec<Box<dyn Screen>>,
        action: String,
        recorded: bool,
        folder: PathBuf,
        look: Look,
        reader: Reader,
        size: Size,
    ) -> Self {
        Self {
            preview: None,
            found: None,
            channel: None,
            asked: screens.iter().flat_map(|screen| screen.asks_about()).copied().collect(),
            examples: false,
            barred: None,
            columns: Vec::new(),
            looking: Some(Looking::default()),
            action,
            recorded,
            folder,
            screens: screens.into_iter().map(Shown::new).collect(),
            current: 0,
            search: Search::default(),
            overlay: None,
            scroll: Scroll::default(),
            unseen: false,
            blocked: Vec::new(),
            note: None,
            copying: None,
            look,
            reader,
            size,
        }
    }

    pub(super) fn is_of_channel(&self) -> bool {
        self.screens.get(self.current).is_some_and(|shown| shown.screen.is_of_channel())
    }

    /// Whether the chosen channel has the events of the daemon.
    pub(crate) fn is_of_events(&self) -> bool {
        self.channels().get(self.channel()).is_some_and(|channel| matches!(channel.name, "events" | "hooks"))
    }

    /// The list of channels and the body.
    pub(crate) fn middle(&self, size: Size) -> Rect {
        let Areas { side, body, .. } = self.areas(size);
        side.union(body)
    }

    pub(super) fn channels(&self) -> &[Channel] {
        self.found.as_ref().map_or(&[], |found| &found.channels)
    }

    /// The number of the chosen channel.
    pub(super) fn channel(&self) -> usize {
        let channels = self.channels();
        let place = |is: &dyn Fn(&Channel) -> bool| channels.iter().position(is);
        let sends = |channel: &Channel| channel.is_telemetry && channel.judgement.state.sends();
        let is_called = self.preview.as_ref().is_none_or(|preview| preview.events().is_sent());
        let usual = if is_called { "events" } else { "crash-reports" };
        let is_asked = |channel: &Channel| self.asked.contains(&channel.name);
        place(&|channel| Some(channel.name) == self.channel)
            .or_else(|| place(&|channel| is_asked(channel) && sends(channel)))
            .or_else(|| place(&is_asked))
            .or_else(|| place(&sends))
            .or_else(|| place(&|channel| channel.name == usual))
            .unwrap_or(0)
    }

    /// Whether nothing is sent because somebody opted out.
    pub(crate) fn is_off(&self) -> bool {
        let opted_out = |preview: &Preview| preview.consent.decision() == Decision::OptedOut;
        let is_off = self.found.as_ref().is_some_and(|found| found.verdict == Verdict::Off);
        is_off && self.preview.as_ref().is_some_and(|preview| opted_out(preview))
    }

    /// The keys of the current screen only.
    pub(crate) fn own_keys(&self, size: Size) -> Vec<OwnKey> {
        match (self.view(size), self.screens.get(self.current)) {
            (Some(view), Some(screen)) => screen.keys(view),
            _ => Vec::new(),
        }
    }

    /// The text of a dialog, and the number of its visible rows. It is as wide as the body, less the border and one
    /// column of margin on each side.
    pub(crate) fn rows(&self, overlay: &Overlay, size: Size) -> (Vec<Row>, u16) {
        let body = self.middle(size);
        let room = Size::new(body.width.saturating_sub(4), body.height.saturating_sub(2));
        let now = match (&self.found, &self.looking) {
            (Some(found), None) => found.verdict.to_string(),
            _ => "looking ...".to_owned(),
        };
        let rows = overlay.rows(Page::new(self.look, room), &self.own_keys(size), &now);
        let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).min(room.height);
        (rows, height)
    }

    /// The view of the current screen at this size; `None` before the first preview.
    pub(crate) fn view(&self, size: Size) -> Option<View<'_>> {
        self.view_of(size, self.is_of_channel())
    }

    pub(super) fn view_of(&self, size: Size, is_of_channel: bool) -> Option<View<'_>> {
        let (preview, found) = (self.preview.as_deref()?, self.found.as_ref()?);
        Some(View {
            preview,
            verdict: &found.verdict,
            channels: &found.channels,
            channel: self.channel(),
            requests: &found.requests,
            columns: &self.columns,
            look: self.look,
            reader: self.reader,
            size: self.areas_beside(size, is_of_channel).body.as_size(),
            search: &self.search.text,
            folder: &self.folder,
        })
    }

    /// The number of matches on the current screen.
    pub(crate) fn matches(&self, size: Size) -> usize {
        match (self.view(size), self.screens.get(self.current)) {
            (Some(view), Some(screen)) if !self.search.text.is_empty() => screen.matches(view),
            _ => 0,
        }
    }

    pub(crate) fn update(&mut self, message: Message) -> Option<Effect> {
        match message {
            Message::Key(key) => return self.on_key(key),
            Message::Click(at) => return self.on_click(at),
            Message::Pasted(text) => self.paste(&text),
            Message::Resized(size) => self.size = size,
            Message::Began(stage) => {
                if let Some(looking) = &mut self.looking {
                    looking.stage = Some(stage);
                }
            }
            Message::Waited => {
                if let Some(looking) = &mut self.looking {
                    looking.seconds += 1;
                }
            }
            Message::Barred(barred) => self.barred = Some(barred),
            Message::Looked(preview) => {
                self.action.clone_from(&preview.action);
                self.found = Some(Found {
                    verdict: preview.verdict(),
                    channels: preview.channels(),
                    requests: Requests::of(&preview),
                });
                self.preview = Some(preview);
                self.barred = None;
            }
            Message::Compared(columns) => {
                self.columns = columns;
                if self.looking.take().is_some_and(|looking| looking.again) {
                    return self.look_again();
                }
            }
            Message::Changed => return self.look_again(),
            Message::Done(report) => {
                let consent = report.consent;
                self.note = None;
                self.report(report);
                // The disk decides.
                return consent.then(|| self.look_again()).flatten();
            }
        }
        None
    }

    pub(super) fn report(&mut self, report: Box<Report>) {
        if report.consent {
            self.blocked.clone_from(&report.commands);
        }
        self.open(Overlay::Report(report));
    }

    pub(super) fn open(&mut self, overlay: Overlay) {
        (self.overlay, self.scroll, self.unseen) = (Some(overlay), Scroll::default(), true);
    }

    /// One preview at a time: a hanging file system must not accumulate threads.
    pub(super) fn look_again(&mut self) -> Option<Effect> {
        if let Some(looking) = &mut self.looking {
            looking.again = true;
            return None;
        }
        self.looking = Some(Looking::default());
        Some(Effect::Look { action: self.action.clone(), examples: self.examples })
    }
}
