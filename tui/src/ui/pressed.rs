//! What keys, clicks and pasted text do to the state.

use anonymous_statistics::fields::ACTIONS;
use anonymous_statistics::text::printable;
use ratatui::layout::Position;

use crate::actions::Plan;
use crate::actions::opting::{OptIn, OptOut};
use crate::ui::dialog::{OPT_IN_WORD, Overlay, words_of};
use crate::ui::draw::fits;
use crate::ui::keys::Key;
use crate::ui::screen::{Handled, Shown, View};
use crate::ui::state::{Areas, Effect, Found, Search, State};

/// The bytes of the longest text that is copied.
pub(super) const MOST: usize = 8 * 1024;

const STILL_LOOKING: &str = "still looking at this machine";

impl State {
    pub(super) fn on_key(&mut self, key: Key) -> Option<Effect> {
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
            self.search_key(key)
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
            (Overlay::Confirm(plan, typed), key) if matches!(*plan, Plan::OptIn(_)) => {
                return self.opt_in_key(plan, typed, key);
            }
            (_, Key::Char('q')) => return Some(Effect::Quit),
            (Overlay::Confirm(plan, _), Key::Enter) if !self.unseen => return Some(self.act(plan)),
            (Overlay::Confirm(..), Key::Escape | Key::Char('n'))
            | (Overlay::Help | Overlay::Report(_), Key::Enter | Key::Escape)
            | (Overlay::Help, Key::Char('?')) => {}
            (overlay, key) => return self.inside(overlay, key),
        }
        None
    }

    /// A key that leaves the dialog open.
    fn inside(&mut self, overlay: Overlay, key: Key) -> Option<Effect> {
        let (rows, inside) = self.rows(&overlay, self.size);
        self.scroll.on_key(key.meaning(), &rows, inside.height, "");
        let effect = match (&overlay, key) {
            (Overlay::Report(report), Key::Char('y')) => report.commands.first().and_then(|text| self.copy(text)),
            // The command may have run elsewhere, so the disk is read again.
            (Overlay::Report(_), Key::Char('r')) => self.look_again(),
            _ => None,
        };
        self.overlay = Some(overlay);
        effect
    }

    fn act(&mut self, plan: Box<Plan>) -> Effect {
        self.overlay = Some(Overlay::Working(words_of(&plan)[2]));
        Effect::Act(plan)
    }

    /// Opting in needs a typed word, so that a slip of a finger does nothing.
    fn opt_in_key(&mut self, plan: Box<Plan>, mut typed: String, key: Key) -> Option<Effect> {
        match key {
            Key::Escape => return None,
            Key::Enter if typed == OPT_IN_WORD => return Some(self.act(plan)),
            Key::Enter => {
                self.note = Some("that is not the word; nothing was changed");
                typed.clear();
            }
            Key::Backspace => {
                typed.pop();
            }
            Key::Char(c) if typed.len() < 2 * OPT_IN_WORD.len() => typed.push(c),
            Key::Char(_) => {}
            key => return self.inside(Overlay::Confirm(plan, typed), key),
        }
        self.overlay = Some(Overlay::Confirm(plan, typed));
        None
    }

    /// Pasted text is for a search only, and never presses keys.
    pub(super) fn paste(&mut self, text: &str) -> Option<Effect> {
        if !self.search.typing || self.overlay.is_some() || !fits(self.size) {
            return None;
        }
        let room = 40_usize.saturating_sub(self.search.text.chars().count());
        self.search.text.extend(text.chars().take(room));
        self.offer(Key::FirstMatch)
    }

    fn search_key(&mut self, key: Key) -> Option<Effect> {
        match key {
            Key::Backspace if !self.search.text.is_empty() => {
                self.search.text.pop();
                return self.offer(Key::FirstMatch);
            }
            Key::Enter | Key::Backspace => self.search.typing = false,
            Key::Escape => self.search = Search::default(),
            Key::Char(c) => return self.paste(c.encode_utf8(&mut [0; 4])),
            key => return self.offer(key),
        }
        None
    }

    /// Asks the current screen.
    fn ask(&mut self, question: impl FnOnce(&mut Shown, View<'_>) -> Handled) -> Handled {
        let body = self.areas(self.size).body;
        let mut screens = std::mem::take(&mut self.screens);
        let handled = match (self.view(body.as_size()), screens.get_mut(self.current)) {
            (Some(view), Some(screen)) => question(screen, view),
            _ => Handled::No,
        };
        self.screens = screens;
        handled
    }

    fn offer(&mut self, key: Key) -> Option<Effect> {
        let handled = self.ask(|screen, view| screen.on_key(key, view));
        self.obey(handled)
    }

    /// Does what a screen asks for.
    fn obey(&mut self, handled: Handled) -> Option<Effect> {
        match handled {
            Handled::No | Handled::Yes | Handled::Fresh => {}
            Handled::Confirm(plan) => self.open(Overlay::Confirm(plan, String::new())),
            Handled::Report(report) => self.report(report),
            Handled::Channel(number, screen) => {
                self.channel = self.channels().get(number).map(|channel| channel.name).or(self.channel);
                self.current = screen.unwrap_or(self.current);
            }
            Handled::Copy(text) => return self.copy(&text),
        }
        None
    }

    /// Copies a text as the screen shows it: a line break in a value from outside would press Enter in the shell into which
    /// a person pastes it. All of it or nothing: part of a command is another command.
    fn copy(&mut self, text: &str) -> Option<Effect> {
        let text = printable(text).into_owned();
        if text.len() > MOST {
            self.note = Some("too long to copy; the key w of Bytes saves it");
            return None;
        }
        self.note = Some("asked the terminal to copy it (OSC 52)");
        // An empty text would clear the clipboard.
        Some(text).filter(|text| !text.is_empty()).map(Effect::Copy)
    }

    pub(super) fn on_click(&mut self, at: Position) -> Option<Effect> {
        if !fits(self.size) || self.overlay.is_some() {
            return None;
        }
        let Areas { tabs, side, body, .. } = self.areas(self.size);
        if tabs.contains(at) {
            self.current = self.tab_at(at.x).unwrap_or(self.current);
        } else if side.contains(at) {
            return self.obey(Handled::Channel(usize::from(at.y - side.y), None));
        } else if body.contains(at) {
            let inside = Position::new(at.x - body.x, at.y - body.y);
            let handled = self.ask(|screen, view| screen.on_click(inside, view));
            return self.obey(handled);
        }
        None
    }

    fn screen_key(&mut self, key: Key) -> Option<Effect> {
        if matches!(key, Key::NextMatch | Key::PreviousMatch) && self.search.text.is_empty() {
            self.note = Some("there is no search yet: press / and type");
            return None;
        }
        // A screen may use the key first, for example Esc to close its details.
        match self.ask(|screen, view| screen.on_key(key, view)) {
            Handled::No => {}
            handled => return self.obey(handled),
        }
        let count = self.screens.len();
        match key {
            Key::Escape if !self.search.text.is_empty() => self.search = Search::default(),
            Key::Next | Key::Right => self.current = (self.current + 1) % count,
            Key::Previous | Key::Left => self.current = (self.current + count - 1) % count,
            Key::Char('?') => self.open(Overlay::Help),
            Key::Char('/') => self.search = Search { text: String::new(), typing: true },
            Key::Char('e') if self.reader.recorded => {
                self.note = Some("the recorded call decides which event is shown");
            }
            Key::Char('x') if self.reader.recorded => self.note = Some("the recorded call has all values"),
            Key::Char('r' | 'e' | 'x') if self.looking.is_some() => self.note = Some(STILL_LOOKING),
            Key::Char('r') => return self.look_again(),
            Key::Char('e' | 'x') if !self.is_of_events() => {
                self.note = Some("this channel has no such choice; the key c chooses the channel");
            }
            Key::Char('e') => {
                self.action = next_action(&self.action).to_owned();
                return self.look_again();
            }
            Key::Char('c') => {
                let next = (self.channel() + 1) % self.channels().len().max(1);
                return self.obey(Handled::Channel(next, None));
            }
            Key::Char('x') => {
                self.examples = !self.examples;
                return self.look_again();
            }
            Key::Char(key @ ('o' | 'i')) => {
                let Some(Found { preview, barred: Some(barred), .. }) = &self.found else {
                    self.note = Some(STILL_LOOKING);
                    return None;
                };
                let (plan, obstacle) = if key == 'o' {
                    (Plan::OptOut(OptOut::plan(preview, barred.off.clone())), &barred.opt_out)
                } else {
                    let plan = OptIn::plan(preview, barred.on.clone());
                    if !plan.has_something_to_do() {
                        self.note = Some("there is no opt-out file to remove in the agent's config directory");
                        return None;
                    }
                    (Plan::OptIn(plan), &barred.opt_in)
                };
                return match obstacle {
                    Some(obstacle) => self.obey(Handled::Report(Box::new(obstacle.clone().into()))),
                    None => self.obey(Handled::Confirm(Box::new(plan))),
                };
            }
            Key::Char(c) => {
                let chosen = ('1'..='9').take(count).position(|digit| digit == c);
                self.current = chosen.unwrap_or(self.current);
            }
            _ => {}
        }
        None
    }
}

fn next_action(action: &str) -> &'static str {
    let next = ACTIONS.iter().position(|known| known.name == action).map_or(0, |at| (at + 1) % ACTIONS.len());
    ACTIONS.get(next).map_or("START", |action| action.name)
}
