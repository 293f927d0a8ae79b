//! What the screens know, and how a message changes it. Nothing here reads a file, a clock or a terminal.

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

/// Something happened.
#[derive(Debug)]
pub(crate) enum Message {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Pasted(String),
    /// The terminal has another size.
    Resized(Size),
    /// The look that is under way begins this.
    Began(Stage),
    /// What cannot be done here, as the look that is under way found.
    Barred(Box<Barred>),
    /// The machine was looked at.
    Looked(Box<Preview>),
    /// The events of all actions were laid beside each other, and with that the look is done.
    Compared(Vec<Column>),
    /// Something changed on which the preview rests.
    Changed,
    /// The look that is under way takes another second.
    Waited,
    /// Something that was asked for was done, or could not be.
    Done(Box<Report>),
    /// The program was stopped and goes on.
    Continued,
    /// Somebody asks the program to stop for now (SIGTSTP).
    Suspended,
    /// The terminal is gone, or a signal asks to end.
    Stop,
}

/// Something is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Look at the machine for this action's event.
    Look(String),
    /// Create the opt-out file.
    OptOut(OptOut),
    /// Remove it.
    OptIn(OptIn),
    /// Create a file with the request.
    Save(Save),
    /// Stop for now: a shell has the terminal until it lets this program go on.
    Suspend,
    /// Take the terminal again, and draw everything.
    Redraw,
    /// Leave.
    Quit,
}

/// A look that is under way.
#[derive(Debug, Default)]
pub(crate) struct Looking {
    pub(crate) stage: Option<Stage>,
    pub(crate) seconds: u32,
    /// Whether something changed since it began.
    again: bool,
}

/// What is searched for, on every screen.
#[derive(Debug, Default)]
pub(crate) struct Search {
    pub(crate) text: String,
    /// Whether keys still go into the text.
    pub(crate) typing: bool,
}

impl Search {
    /// There is an end to it.
    fn add(&mut self, c: char) {
        if self.text.chars().count() < 40 {
            self.text.push(c);
        }
    }
}

/// What is on the screen.
#[derive(Debug)]
pub(crate) struct State {
    /// What was found; `None` until the first look is done.
    pub(crate) preview: Option<Box<Preview>>,
    /// What cannot be done here, so that it is not asked for.
    barred: Box<Barred>,
    /// The events of all actions; none until they were laid beside each other.
    pub(crate) columns: Vec<Column>,
    /// The look that is under way.
    pub(crate) looking: Option<Looking>,
    /// The action whose event is asked for.
    pub(crate) action: String,
    /// Whether a recorded call is shown: it brings its own action.
    pub(crate) recorded: bool,
    /// The folder in which this program was started: requests are saved there.
    pub(crate) folder: PathBuf,
    pub(crate) screens: Vec<Box<dyn Screen>>,
    /// Their titles, which stay while one of them is asked.
    titles: Vec<&'static str>,
    pub(crate) current: usize,
    pub(crate) search: Search,
    pub(crate) overlay: Option<Overlay>,
    /// The commands that would do what was not possible here.
    pub(crate) blocked: Vec<String>,
    /// A word about the last key.
    pub(crate) note: Option<&'static str>,
    pub(crate) look: Look,
    /// The terminal's size. Keys go by it; what is drawn goes by the room that there is.
    pub(crate) size: Size,
}

const STILL_LOOKING: &str = "still looking at this machine";

impl State {
    /// A first look is expected to be under way.
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

    /// What stands around the current screen.
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

    /// The parts of a terminal of this size.
    pub(crate) fn areas(&self, size: Size) -> Areas {
        self.frame().areas(size)
    }

    /// The keys that only the current screen knows.
    pub(crate) fn own_keys(&self, size: Size) -> &'static [OwnKey] {
        match (self.view(size), self.screens.get(self.current)) {
            (Some(view), Some(screen)) => screen.keys(view),
            _ => &[],
        }
    }

    /// What a box over the screen says, and how many of its rows can be seen at once. It is as wide as the body, less the border
    /// and a column of air on each side.
    pub(crate) fn rows(&self, overlay: &Overlay, size: Size) -> (Vec<Row>, u16) {
        let body = self.areas(size).body;
        let room = Size::new(body.width.saturating_sub(4), body.height.saturating_sub(2));
        let now = match (&self.preview, &self.looking) {
            (Some(preview), None) => preview.events().headline(),
            _ => "looking ...".to_owned(),
        };
        let rows = overlay.rows(Page::new(self.look, room), self.own_keys(size), &now);
        let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).min(room.height);
        (rows, height)
    }

    /// What the current screen can see in a terminal of this size; `None` before the first look is done.
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

    /// In how many places of the current screen stands what is searched for.
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
                // What counts is on the disk.
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
                // It was confirmed, so it is not dropped by a key that was typed ahead.
                self.note = Some("under way; Ctrl-C leaves without waiting for it");
                self.overlay = Some(overlay);
            }
            (Overlay::OptIn(plan, typed), key) => return self.opt_in_key(plan, typed, key),
            (_, Key::Char('q')) => return Some(Effect::Quit),
            (Overlay::OptOut(plan), Key::Enter) => {
                self.overlay = Some(Overlay::Working("Opting out"));
                return Some(Effect::OptOut(plan));
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
                // After the command was run elsewhere: what does the disk say now?
                return (key == Key::Char('r')).then(|| self.look_again()).flatten();
            }
            (overlay @ (Overlay::OptOut(_) | Overlay::Save(_)), _) => self.overlay = Some(overlay),
        }
        None
    }

    /// A word has to be typed, so that no key that slips opts in.
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

    /// Pasted text is text where a search is typed, and presses no keys anywhere.
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
            // Arrows and the like move as ever.
            key => {
                self.screen_takes(key);
            }
        }
    }

    /// Offers a key to the current screen, and says whether it was taken. Screens may open a dialog.
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
        // A screen may keep a key for itself, Esc for example to leave its details.
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
                (Some(preview), None) => self.overlay = Some(Overlay::OptOut(OptOut::plan(preview))),
                (None, _) => self.note = Some(STILL_LOOKING),
            },
            Key::Char('i') => match self.preview.as_deref().map(OptIn::plan) {
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

    /// One look at a time: a file system that hangs must not gather threads.
    fn look_again(&mut self) -> Option<Effect> {
        if let Some(looking) = &mut self.looking {
            looking.again = true;
            return None;
        }
        self.looking = Some(Looking::default());
        Some(Effect::Look(self.action.clone()))
    }
}

/// The event after this one, in the order of the schema.
fn next_action(action: &str) -> &'static str {
    let next = ACTIONS.iter().position(|known| known.name == action).map_or(0, |at| (at + 1) % ACTIONS.len());
    ACTIONS.get(next).map_or("START", |action| action.name)
}
