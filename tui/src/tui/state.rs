//! What the screens know, and how a message changes it. Nothing here reads a file, a clock or a terminal.

use anonymous_statistics::preview::Preview;
use anonymous_statistics::schema::ACTIONS;
use ratatui::layout::{Rect, Size};

use super::key::Key;
use super::look::Look;
use super::overlay::Overlay;
use super::page::Scroll;
use super::screens::{self, Screen, View};
use super::{draw, fits};
use crate::opting::{OptOut, Outcome};

/// Something happened.
#[derive(Debug)]
pub(crate) enum Message {
    /// A key was pressed.
    Key(Key),
    /// The terminal has another size.
    Resized(Size),
    /// The machine was looked at.
    Looked(Box<Preview>),
    /// Opting out was tried.
    OptedOut(Box<Outcome>),
    /// The terminal is gone, or a signal asks to stop.
    Stop,
}

/// Something is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Look at the machine for this action's event.
    Look(String),
    /// Opt out.
    OptOut(OptOut),
    /// Leave.
    Quit,
}

/// What is on the screen.
#[derive(Debug)]
pub(crate) struct State {
    /// What was found; `None` until the first look is done.
    pub(crate) preview: Option<Box<Preview>>,
    /// Whether a look is under way.
    pub(crate) looking: bool,
    /// The action whose event is asked for.
    pub(crate) action: String,
    /// Whether a recorded call is shown: it brings its own action.
    pub(crate) recorded: bool,
    pub(crate) screens: Vec<Box<dyn Screen>>,
    pub(crate) current: usize,
    pub(crate) overlay: Option<Overlay>,
    /// The commands that would do what was not possible here.
    pub(crate) blocked: Vec<String>,
    /// A word about the last key.
    pub(crate) note: Option<&'static str>,
    pub(crate) look: Look,
    pub(crate) size: Size,
}

/// The parts of the terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Areas {
    pub(crate) tabs: Rect,
    pub(crate) head: Rect,
    pub(crate) body: Rect,
    pub(crate) foot: Rect,
}

impl State {
    /// A first look is expected to be under way.
    pub(crate) fn new(action: String, recorded: bool, look: Look, size: Size) -> Self {
        Self {
            preview: None,
            looking: true,
            action,
            recorded,
            screens: screens::all(),
            current: 0,
            overlay: None,
            blocked: Vec::new(),
            note: None,
            look,
            size,
        }
    }

    /// Shows the screen of this title.
    pub(crate) fn open(&mut self, title: &str) -> bool {
        let found = self.screens.iter().position(|screen| screen.title().eq_ignore_ascii_case(title));
        self.current = found.unwrap_or(self.current);
        found.is_some()
    }

    /// From top to bottom; in a terminal that is too small, what is lower has no room.
    pub(crate) fn areas(&self) -> Areas {
        let Size { width, height } = self.size;
        let head = draw::head_height(self);
        let foot = height.saturating_sub(1);
        let body = (1 + head).min(foot);
        // One column of air at the left of what is read.
        let inset = |y: u16, height: u16| Rect::new(1, y, width.saturating_sub(1), height);
        Areas {
            tabs: Rect::new(0, 0, width, 1),
            head: inset(1, head),
            body: inset(body, foot - body),
            foot: Rect::new(0, foot, width, 1),
        }
    }

    /// What the current screen can see; `None` before the first look is done.
    pub(crate) fn view(&self) -> Option<View<'_>> {
        let preview = self.preview.as_deref()?;
        Some(View { preview, look: self.look, size: self.areas().body.as_size() })
    }

    pub(crate) fn update(&mut self, message: Message) -> Option<Effect> {
        match message {
            Message::Key(key) => self.on_key(key),
            Message::Resized(size) => {
                self.size = size;
                None
            }
            Message::Looked(preview) => {
                self.action.clone_from(&preview.action);
                self.preview = Some(preview);
                self.looking = false;
                None
            }
            Message::OptedOut(outcome) => {
                self.blocked = if outcome.error().is_some() { outcome.commands() } else { Vec::new() };
                self.overlay = Some(Overlay::Outcome(outcome, Scroll::default()));
                // What counts is on the disk.
                self.look_again()
            }
            Message::Stop => Some(Effect::Quit),
        }
    }

    fn on_key(&mut self, key: Key) -> Option<Effect> {
        self.note = None;
        if matches!(self.overlay, Some(Overlay::Working)) && key == Key::Char('q') {
            // It was confirmed, so it is not dropped by a key that was typed ahead.
            self.note = Some("opting out; Ctrl-C leaves without waiting for it");
            return None;
        }
        if matches!(key, Key::Interrupt | Key::Char('q')) {
            return Some(Effect::Quit);
        }
        if !fits(self.size) {
            return (key == Key::Escape).then_some(Effect::Quit);
        }
        if self.overlay.is_some() { self.overlay_key(key) } else { self.screen_key(key) }
    }

    fn overlay_key(&mut self, key: Key) -> Option<Effect> {
        let overlay = self.overlay.take()?;
        match (overlay, key) {
            (Overlay::Confirm(plan), Key::Enter) => {
                self.overlay = Some(Overlay::Working);
                return Some(Effect::OptOut(plan));
            }
            (Overlay::Help(_) | Overlay::Outcome(..), Key::Enter | Key::Escape)
            | (Overlay::Help(_), Key::Char('?'))
            | (Overlay::Confirm(_), Key::Escape | Key::Char('n')) => {}
            (Overlay::Help(mut scroll), key) => {
                let lines = draw::help(self);
                scroll.on_key(key, lines.len(), draw::box_height(self, &lines));
                self.overlay = Some(Overlay::Help(scroll));
            }
            (Overlay::Outcome(outcome, mut scroll), key) => {
                let lines = draw::result(self, &outcome);
                scroll.on_key(key, lines.len(), draw::box_height(self, &lines));
                self.overlay = Some(Overlay::Outcome(outcome, scroll));
                // After the command was run elsewhere: what does the disk say now?
                return (key == Key::Char('r')).then(|| self.look_again()).flatten();
            }
            (overlay, _) => self.overlay = Some(overlay),
        }
        None
    }

    fn screen_key(&mut self, key: Key) -> Option<Effect> {
        // A screen may keep a key for itself, Esc for example to leave its details.
        let mut screens = std::mem::take(&mut self.screens);
        let kept = match (self.view(), screens.get_mut(self.current)) {
            (Some(view), Some(screen)) => screen.on_key(key, view),
            _ => false,
        };
        self.screens = screens;
        if kept {
            return None;
        }
        let count = self.screens.len();
        match key {
            Key::Escape => return Some(Effect::Quit),
            Key::Next | Key::Right => self.current = (self.current + 1) % count,
            Key::Previous | Key::Left => self.current = (self.current + count - 1) % count,
            Key::Char('?') => self.overlay = Some(Overlay::Help(Scroll::default())),
            Key::Char('r') => return self.look_again(),
            Key::Char('e') if self.recorded => self.note = Some("the recorded call decides which event is shown"),
            Key::Char('e') if self.looking => {}
            Key::Char('e') => {
                self.action = next_action(&self.action).to_owned();
                return self.look_again();
            }
            Key::Char('o') => match &self.preview {
                Some(preview) => self.overlay = Some(Overlay::Confirm(OptOut::plan(preview))),
                None => self.note = Some("still looking at this machine"),
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
        if self.looking {
            self.note = Some("still looking at this machine");
            return None;
        }
        self.looking = true;
        Some(Effect::Look(self.action.clone()))
    }
}

/// The event after this one, in the order of the schema.
fn next_action(action: &str) -> &'static str {
    let next = ACTIONS.iter().position(|known| known.name == action).map_or(0, |at| (at + 1) % ACTIONS.len());
    ACTIONS.get(next).map_or("START", |action| action.name)
}
