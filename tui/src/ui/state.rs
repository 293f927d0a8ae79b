//! The state of the user interface, and its transitions. Nothing here reads a file, a clock or a terminal.

use std::path::PathBuf;

use anonymous_statistics::fields::ACTIONS;
use anonymous_statistics::inspect::comparison::Column;
use anonymous_statistics::inspect::{Preview, Stage};
use ratatui::layout::Size;

use crate::actions::opting::{Barred, OptIn, OptOut};
use crate::actions::report::Report;
use crate::actions::saving::Save;
use crate::ui::dialog::{OPT_IN_WORD, Overlay};
use crate::ui::frame::{Areas, Frame, fits};
use crate::ui::keys::{Key, OwnKey};
use crate::ui::screen::{Handled, Screen, View};
use crate::ui::theme::Look;
use crate::ui::widgets::page::{Page, Row, Scroll};

/// An event for the state.
#[derive(Debug)]
pub(crate) enum Message {
    Key(Key),
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
    Continued,
    /// SIGTSTP asks the program to stop for now.
    Suspended,
    /// The terminal is gone, or a signal ends the program.
    Stop,
}

/// An action for the outside.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Make a preview of this action's event.
    Look(String),
    OptOut(OptOut),
    OptIn(OptIn),
    Save(Save),
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
    fn add(&mut self, c: char) {
        if self.text.chars().count() < 40 {
            self.text.push(c);
        }
    }
}

#[derive(Debug)]
pub(crate) struct State {
    /// `None` until the first preview is complete.
    pub(crate) preview: Option<Box<Preview>>,
    /// The obstacles to actions, so that nobody confirms them.
    barred: Box<Barred>,
    /// The events of all actions; empty until they are compared.
    pub(crate) columns: Vec<Column>,
    pub(crate) looking: Option<Looking>,
    pub(crate) action: String,
    /// Whether a recorded call is shown, which has its own action.
    pub(crate) recorded: bool,
    /// The folder for saved requests, in which this program was started.
    pub(crate) folder: PathBuf,
    pub(crate) screens: Vec<Box<dyn Screen>>,
    /// The screens' titles, available while a screen handles a key.
    titles: Vec<&'static str>,
    pub(crate) current: usize,
    pub(crate) search: Search,
    pub(crate) overlay: Option<Overlay>,
    /// Commands for the user to run instead of an impossible action.
    pub(crate) blocked: Vec<String>,
    /// A remark about the last key.
    pub(crate) note: Option<&'static str>,
    pub(crate) look: Look,
    /// The terminal's size, for keys. Drawing uses the size of its buffer.
    pub(crate) size: Size,
}

const STILL_LOOKING: &str = "still looking at this machine";

impl State {
    /// Assumes that the first preview is running.
    pub(crate) fn new(
        screens: Vec<Box<dyn Screen>>,
        action: String,
        recorded: bool,
        folder: PathBuf,
        look: Look,
        size: Size,
    ) -> Self {
        Self {
            preview: None,
            barred: Box::default(),
            columns: Vec::new(),
            looking: Some(Looking::default()),
            action,
            recorded,
            folder,
            titles: screens.iter().map(|screen| screen.title()).collect(),
            screens,
            current: 0,
            search: Search::default(),
            overlay: None,
            blocked: Vec::new(),
            note: None,
            look,
            size,
        }
    }

    pub(crate) fn frame(&self) -> Frame<'_> {
        Frame {
            preview: self.preview.as_deref(),
            busy: self.looking.as_ref().and_then(|looking| looking.stage),
            action: &self.action,
            titles: &self.titles,
            current: self.current,
            look: self.look,
        }
    }

    pub(crate) fn areas(&self, size: Size) -> Areas {
        self.frame().areas(size)
    }

    /// The keys of the current screen only.
    pub(crate) fn own_keys(&self, size: Size) -> &'static [OwnKey] {
        match (self.view(size), self.screens.get(self.current)) {
            (Some(view), Some(screen)) => screen.keys(view),
            _ => &[],
        }
    }

    /// The text of a dialog, and the number of its visible rows. It is as wide as the body, less the border and one
    /// column of margin on each side.
    pub(crate) fn rows(&self, overlay: &Overlay, size: Size) -> (Vec<Row>, u16) {
        let body = self.areas(size).body;
        let room = Size::new(body.width.saturating_sub(4), body.height.saturating_sub(2));
        let now = match (&self.preview, &self.looking) {
            (Some(preview), None) => preview.verdict().to_string(),
            _ => "looking ...".to_owned(),
        };
        let rows = overlay.rows(Page::new(self.look, room), self.own_keys(size), &now);
        let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).min(room.height);
        (rows, height)
    }

    /// The view of the current screen at this size; `None` before the first preview.
    pub(crate) fn view(&self, size: Size) -> Option<View<'_>> {
        let preview = self.preview.as_deref()?;
        Some(View {
            preview,
            columns: &self.columns,
            look: self.look,
            size: self.areas(size).body.as_size(),
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
            Message::Barred(barred) => self.barred = barred,
            Message::Looked(preview) => {
                self.action.clone_from(&preview.action);
                self.preview = Some(preview);
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
                self.report(report);
                // The disk decides.
                return consent.then(|| self.look_again()).flatten();
            }
            Message::Continued => return Some(Effect::Redraw),
            Message::Suspended => return Some(Effect::Suspend),
            Message::Stop => return Some(Effect::Quit),
        }
        None
    }

    fn report(&mut self, report: Box<Report>) {
        if report.consent {
            self.blocked.clone_from(&report.commands);
        }
        self.overlay = Some(Overlay::Report(report, Scroll::default()));
    }

    fn on_key(&mut self, key: Key) -> Option<Effect> {
        self.note = None;
        match key {
            Key::Interrupt => return Some(Effect::Quit),
            Key::Suspend => return Some(Effect::Suspend),
            Key::Redraw => return Some(Effect::Redraw),
            _ => {}
        }
        if !fits(self.size) {
            return (key == Key::Char('q')).then_some(Effect::Quit);
        }
        if let Some(overlay) = self.overlay.take() {
            self.overlay_key(overlay, key)
        } else if self.search.typing {
            self.search_key(key);
            None
        } else if key == Key::Char('q') {
            Some(Effect::Quit)
        } else {
            self.screen_key(key.meaning())
        }
    }

    fn overlay_key(&mut self, overlay: Overlay, key: Key) -> Option<Effect> {
        match (overlay, key) {
            (overlay @ Overlay::Working(_), _) => {
                // The action is confirmed already, so a key that was typed ahead does not hide it.
                self.note = Some("under way; Ctrl-C leaves without waiting for it");
                self.overlay = Some(overlay);
            }
            (Overlay::OptIn(plan, typed), key) => return self.opt_in_key(plan, typed, key),
            (_, Key::Char('q')) => return Some(Effect::Quit),
            (Overlay::OptOut(plan), Key::Enter) => {
                self.overlay = Some(Overlay::Working("Opting out"));
                return Some(Effect::OptOut(*plan));
            }
            (Overlay::Save(plan), Key::Enter) => {
                self.overlay = Some(Overlay::Working("Saving"));
                return Some(Effect::Save(plan));
            }
            (Overlay::Help(_) | Overlay::Report(..), Key::Enter | Key::Escape)
            | (Overlay::Help(_), Key::Char('?'))
            | (Overlay::OptOut(_) | Overlay::Save(_), Key::Escape | Key::Char('n')) => {}
            (Overlay::Help(mut scroll), key) => {
                let (rows, height) = self.rows(&Overlay::Help(scroll), self.size);
                scroll.on_key(key.meaning(), &rows, height, "");
                self.overlay = Some(Overlay::Help(scroll));
            }
            (mut overlay @ Overlay::Report(..), key) => {
                let (rows, height) = self.rows(&overlay, self.size);
                if let Overlay::Report(_, scroll) = &mut overlay {
                    scroll.on_key(key.meaning(), &rows, height, "");
                }
                self.overlay = Some(overlay);
                // The command may have run elsewhere, so the disk is read again.
                return (key == Key::Char('r')).then(|| self.look_again()).flatten();
            }
            (overlay @ (Overlay::OptOut(_) | Overlay::Save(_)), _) => self.overlay = Some(overlay),
        }
        None
    }

    /// Opting in needs a typed word, so that a slip of a finger does nothing.
    fn opt_in_key(&mut self, plan: Box<OptIn>, mut typed: String, key: Key) -> Option<Effect> {
        match key {
            Key::Escape => return None,
            Key::Enter if typed == OPT_IN_WORD => {
                self.overlay = Some(Overlay::Working("Opting in"));
                return Some(Effect::OptIn(*plan));
            }
            Key::Enter => {
                self.note = Some("that is not the word; nothing was changed");
                typed.clear();
            }
            Key::Backspace => {
                typed.pop();
            }
            Key::Char(c) if typed.len() < 2 * OPT_IN_WORD.len() => typed.push(c),
            _ => {}
        }
        self.overlay = Some(Overlay::OptIn(plan, typed));
        None
    }

    /// Pasted text is for a search only, and never presses keys.
    fn paste(&mut self, text: &str) {
        if self.search.typing && self.overlay.is_none() && fits(self.size) {
            for c in text.chars().filter(|c| !c.is_control()) {
                self.search.add(c);
            }
            self.screen_takes(Key::FirstMatch);
        }
    }

    fn search_key(&mut self, key: Key) {
        match key {
            Key::Enter => self.search.typing = false,
            Key::Escape => self.search = Search::default(),
            Key::Backspace if self.search.text.is_empty() => self.search.typing = false,
            Key::Backspace => {
                self.search.text.pop();
                self.screen_takes(Key::FirstMatch);
            }
            Key::Char(c) => {
                self.search.add(c);
                self.screen_takes(Key::FirstMatch);
            }
            key => {
                self.screen_takes(key);
            }
        }
    }

    /// Offers a key to the current screen, which may open a dialog, and returns whether the screen used it.
    fn screen_takes(&mut self, key: Key) -> bool {
        let mut screens = std::mem::take(&mut self.screens);
        let handled = match (self.view(self.size), screens.get_mut(self.current)) {
            (Some(view), Some(screen)) => screen.on_key(key, view),
            _ => Handled::No,
        };
        self.screens = screens;
        match handled {
            Handled::No => return false,
            Handled::Yes => {}
            Handled::Dialog(overlay) => self.overlay = Some(*overlay),
        }
        true
    }

    fn screen_key(&mut self, key: Key) -> Option<Effect> {
        if matches!(key, Key::NextMatch | Key::PreviousMatch) && self.search.text.is_empty() {
            self.note = Some("nothing is searched for yet: press / and type");
            return None;
        }
        // A screen may use the key first, for example Esc to close its details.
        if self.screen_takes(key) {
            return None;
        }
        let count = self.screens.len();
        match key {
            Key::Escape if !self.search.text.is_empty() => self.search = Search::default(),
            Key::Next | Key::Right => self.current = (self.current + 1) % count,
            Key::Previous | Key::Left => self.current = (self.current + count - 1) % count,
            Key::Char('?') => self.overlay = Some(Overlay::Help(Scroll::default())),
            Key::Char('/') => self.search = Search { text: String::new(), typing: true },
            Key::Char('r') if self.looking.is_some() => self.note = Some(STILL_LOOKING),
            Key::Char('r') => return self.look_again(),
            Key::Char('e') if self.recorded => self.note = Some("the recorded call decides which event is shown"),
            Key::Char('e') if self.looking.is_some() => self.note = Some(STILL_LOOKING),
            Key::Char('e') => {
                self.action = next_action(&self.action).to_owned();
                return self.look_again();
            }
            Key::Char('o') => match (&self.preview, &self.barred.opt_out) {
                (Some(_), Some(obstacle)) => self.report(Box::new(obstacle.clone().report())),
                (Some(preview), None) => {
                    let plan = OptOut::plan(preview, self.barred.off.clone());
                    self.overlay = Some(Overlay::OptOut(Box::new(plan)));
                }
                (None, _) => self.note = Some(STILL_LOOKING),
            },
            Key::Char('i') => match self.preview.as_deref().map(|preview| OptIn::plan(preview, self.barred.on.clone()))
            {
                Some(plan) if plan.has_something_to_do() => match &self.barred.opt_in {
                    Some(obstacle) => self.report(Box::new(obstacle.clone().report())),
                    None => self.overlay = Some(Overlay::OptIn(Box::new(plan), String::new())),
                },
                Some(_) => self.note = Some("there is no opt-out file to remove in the agent's config directory"),
                None => self.note = Some(STILL_LOOKING),
            },
            Key::Char(c) => {
                let number = c.to_digit(10).and_then(|digit| usize::try_from(digit).ok()).unwrap_or_default();
                if (1..=count).contains(&number) {
                    self.current = number - 1;
                }
            }
            _ => {}
        }
        None
    }

    /// One preview at a time: a hanging file system must not accumulate threads.
    fn look_again(&mut self) -> Option<Effect> {
        if let Some(looking) = &mut self.looking {
            looking.again = true;
            return None;
        }
        self.looking = Some(Looking::default());
        Some(Effect::Look(self.action.clone()))
    }
}

fn next_action(action: &str) -> &'static str {
    let next = ACTIONS.iter().position(|known| known.name == action).map_or(0, |at| (at + 1) % ACTIONS.len());
    ACTIONS.get(next).map_or("START", |action| action.name)
}
