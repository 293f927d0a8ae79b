//! The state of the user interface, and its transitions. Nothing here reads a file, a clock or a terminal.

use anonymous_statistics::channels::{Channel, Verdict};
use anonymous_statistics::consent::Decision;
use anonymous_statistics::inspect::comparison::Column;
use anonymous_statistics::inspect::{Preview, Stage};
use ratatui::layout::{Margin, Position, Rect, Size};

use crate::actions::Plan;
use crate::actions::opting::Barred;
use crate::actions::report::Report;
use crate::present::request::Requests;
use crate::ui::dialog::Overlay;
use crate::ui::keys::{Key, OwnKey};
use crate::ui::screen::{Reader, Screen, Shown, View};
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

/// The border of a dialog, and the margin within.
pub(super) const DIALOG: Margin = Margin::new(2, 1);

#[derive(Debug, Clone, Copy)]
pub(crate) struct Areas {
    pub(crate) tabs: Rect,
    pub(crate) head: Rect,
    /// The list of channels, where there is one.
    pub(crate) side: Rect,
    pub(crate) body: Rect,
    pub(crate) foot: Rect,
}

/// A complete preview, and what follows from it.
#[derive(Debug)]
pub(crate) struct Found {
    pub(super) preview: Box<Preview>,
    pub(super) verdict: Verdict,
    pub(super) channels: Vec<Channel>,
    pub(super) requests: Requests,
    /// The obstacles to actions, so that nobody confirms them.
    /// `None`: not known yet.
    pub(super) barred: Option<Box<Barred>>,
}

#[derive(Debug)]
pub(crate) struct State {
    /// `None` until the first preview is complete.
    pub(super) found: Option<Found>,
    /// The name of the chosen channel. `None`: one of those asked about, or else the first one that sends.
    pub(super) channel: Option<&'static str>,
    asked: Vec<&'static str>,
    /// Whether unknown values have examples.
    pub(super) examples: bool,
    /// The events of all actions; empty until they are compared.
    columns: Vec<Column>,
    pub(crate) looking: Option<Looking>,
    pub(crate) action: String,
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
    pub(super) reader: Reader,
    /// The terminal's size, for keys. Drawing uses the size of its buffer.
    pub(crate) size: Size,
}

impl State {
    /// Assumes that the first preview is running.
    pub(crate) fn new(screens: Vec<Box<dyn Screen>>, action: String, reader: Reader, size: Size) -> Self {
        Self {
            found: None,
            channel: None,
            asked: screens.iter().flat_map(|screen| screen.asks_about()).copied().collect(),
            examples: false,
            columns: Vec::new(),
            looking: Some(Looking::default()),
            action,
            screens: screens.into_iter().map(Shown::new).collect(),
            current: 0,
            search: Search::default(),
            overlay: None,
            scroll: Scroll::default(),
            unseen: false,
            blocked: Vec::new(),
            note: None,
            reader,
            size,
        }
    }

    /// Whether the chosen channel has the events of the daemon.
    pub(super) fn is_of_events(&self) -> bool {
        self.view(self.size).is_some_and(View::is_event)
    }

    pub(super) fn channels(&self) -> &[Channel] {
        self.found.as_ref().map_or(&[], |found| &found.channels)
    }

    /// The number of the chosen channel.
    pub(super) fn channel(&self) -> usize {
        let channels = self.channels();
        let place = |is: &dyn Fn(&Channel) -> bool| channels.iter().position(is);
        let sends = |channel: &Channel| channel.is_telemetry && channel.judgement.state.sends();
        let is_called = self.found.as_ref().is_none_or(|found| found.preview.events().is_sent());
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
        let opted_out = |found: &Found| found.preview.consent.decision() == Decision::OptedOut;
        self.found.as_ref().is_some_and(|found| found.verdict == Verdict::Off && opted_out(found))
    }

    /// The current screen and its view at this size; `None` before the first preview.
    pub(super) fn shown(&self, size: Size) -> Option<(&Shown, View<'_>)> {
        Some((self.screens.get(self.current)?, self.view(self.areas(size).body.as_size())?))
    }

    /// The keys of the current screen only.
    pub(super) fn own_keys(&self, size: Size) -> Vec<OwnKey> {
        self.shown(size).map_or_else(Vec::new, |(screen, view)| screen.keys(view))
    }

    /// The number of matches on the current screen.
    pub(super) fn matches(&self, size: Size) -> usize {
        let shown = self.shown(size).filter(|_| !self.search.text.is_empty());
        shown.map_or(0, |(screen, view)| screen.matches(view))
    }

    /// The text of a dialog, and its place within the border and a column of margin on each side.
    pub(super) fn rows(&self, overlay: &Overlay, size: Size) -> (Vec<Row>, Rect) {
        let Areas { side, body, .. } = self.areas(size);
        let room = side.union(body).inner(DIALOG);
        let now = match (&self.found, &self.looking) {
            (Some(found), None) => found.verdict.to_string(),
            _ => "looking ...".to_owned(),
        };
        let rows = overlay.rows(Page::new(self.reader.look, room.as_size()), &self.own_keys(size), &now);
        let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).min(room.height);
        (rows, Rect { y: room.y + (room.height - height) / 2, height, ..room })
    }

    /// What a screen with a body of this size shows.
    pub(super) fn view(&self, size: Size) -> Option<View<'_>> {
        let found = self.found.as_ref()?;
        Some(View {
            preview: &found.preview,
            verdict: &found.verdict,
            channels: &found.channels,
            channel: self.channel(),
            requests: &found.requests,
            columns: &self.columns,
            look: self.reader.look,
            reader: &self.reader,
            size,
            search: &self.search.text,
        })
    }

    pub(crate) fn update(&mut self, message: Message) -> Option<Effect> {
        match message {
            Message::Key(key) => return self.on_key(key),
            Message::Click(at) => return self.on_click(at),
            Message::Pasted(mut text) => {
                text.retain(|c| !c.is_control());
                return self.paste(&text);
            }
            Message::Resized(size) => self.size = size,
            Message::Began(stage) => self.looking.as_mut()?.stage = Some(stage),
            Message::Waited => self.looking.as_mut()?.seconds += 1,
            Message::Barred(barred) => self.found.as_mut()?.barred = Some(barred),
            Message::Looked(preview) => {
                self.action.clone_from(&preview.action);
                self.found = Some(Found {
                    verdict: preview.verdict(),
                    channels: preview.channels(),
                    requests: Requests::of(&preview),
                    barred: None,
                    preview,
                });
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
