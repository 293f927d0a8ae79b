//! What keys, clicks and pasted text do to the state.

use anonymous_statistics::fields::ACTIONS;
use ratatui::layout::Position;

use crate::actions::Plan;
use crate::actions::opting::{OptIn, OptOut};
use crate::ui::clipboard;
use crate::ui::dialog::{OPT_IN_WORD, Overlay, words_of};
use crate::ui::frame::fits;
use crate::ui::keys::Key;
use crate::ui::screen::{Handled, Shown, View};
use crate::ui::state::{Areas, Effect, Search, State};

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
        let (rows, height) = self.rows(&overlay, self.size);
        self.scroll.on_key(key.meaning(), &rows, height, "");
        let effect = match (&overlay, key) {
            (Overlay::Report(report), Key::Char('y')) => {
                self.copying = report.commands.first().cloned();
                self.copied()
            }
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

    /// Asks for a confirmation.
    fn confirm(&mut self, plan: Plan) {
        self.open(Overlay::Confirm(Box::new(plan), String::new()));
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
    pub(super) fn paste(&mut self, text: &str) {
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

    /// Asks the current screen.
    fn ask(&mut self, question: impl FnOnce(&mut Shown, View<'_>) -> Handled) -> Handled {
        // A screen's own size is that of its body.
        let is_of_channel = self.is_of_channel();
        let mut screens = std::mem::take(&mut self.screens);
        let handled = match (self.view_of(self.size, is_of_channel), screens.get_mut(self.current)) {
            (Some(view), Some(screen)) => question(screen, view),
            _ => Handled::No,
        };
        self.screens = screens;
        handled
    }

    /// Offers a key to the current screen, and returns whether the screen used it.
    fn screen_takes(&mut self, key: Key) -> bool {
        let handled = self.ask(|screen, view| screen.on_key(key, view));
        self.took(handled)
    }

    /// Does what a screen asks for.
    fn took(&mut self, handled: Handled) -> bool {
        match handled {
            Handled::No => return false,
            Handled::Yes | Handled::Fresh => {}
            Handled::Confirm(plan) => self.confirm(*plan),
            Handled::Report(report) => self.report(report),
            Handled::Channel(number, screen) => {
                self.channel = self.channels().get(number).map(|channel| channel.name);
                self.current = screen.unwrap_or(self.current);
            }
            Handled::Copy(text) => self.copying = Some(text),
        }
        true
    }

    /// The text that a key or a click wants to be copied.
    fn copied(&mut self) -> Option<Effect> {
        let text = self.copying.take()?;
        self.note = Some(if text.len() <= clipboard::MOST {
            "asked the terminal to copy it (OSC 52)"
        } else {
            "too long to copy; the key w of Bytes saves it"
        });
        Some(Effect::Copy(text))
    }

    pub(super) fn on_click(&mut self, at: Position) -> Option<Effect> {
        if !fits(self.size) || self.overlay.is_some() {
            return None;
        }
        let Areas { tabs, side, body, .. } = self.areas(self.size);
        if tabs.contains(at) {
            self.current = self.tab_at(at.x).unwrap_or(self.current);
        } else if side.contains(at) {
            let number = usize::from(at.y - side.y);
            if number < self.channels().len() {
                self.took(Handled::Channel(number, None));
            }
        } else if body.contains(at) {
            let inside = Position::new(at.x - body.x, at.y - body.y);
            let handled = self.ask(|screen, view| screen.on_click(inside, view));
            self.took(handled);
        }
        self.copied()
    }

    fn screen_key(&mut self, key: Key) -> Option<Effect> {
        if matches!(key, Key::NextMatch | Key::PreviousMatch) && self.search.text.is_empty() {
            self.note = Some("there is no search yet: press / and type");
            return None;
        }
        // A screen may use the key first, for example Esc to close its details.
        if self.screen_takes(key) {
            return self.copied();
        }
        let count = self.screens.len();
        match key {
            Key::Escape if !self.search.text.is_empty() => self.search = Search::default(),
            Key::Next | Key::Right => self.current = (self.current + 1) % count,
            Key::Previous | Key::Left => self.current = (self.current + count - 1) % count,
            Key::Char('?') => self.open(Overlay::Help),
            Key::Char('/') => self.search = Search { text: String::new(), typing: true },
            Key::Char('e') if self.recorded => self.note = Some("the recorded call decides which event is shown"),
            Key::Char('x') if self.recorded => self.note = Some("the recorded call has all values"),
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
                self.took(Handled::Channel(next, None));
            }
            Key::Char('x') => {
                self.examples = !self.examples;
                return self.look_again();
            }
            Key::Char(key @ ('o' | 'i')) => {
                let (Some(preview), Some(barred)) = (&self.preview, &self.barred) else {
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
                match obstacle {
                    Some(obstacle) => self.report(Box::new(obstacle.clone().into())),
                    None => self.confirm(plan),
                }
            }
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
}

fn next_action(action: &str) -> &'static str {
    let next = ACTIONS.iter().position(|known| known.name == action).map_or(0, |at| (at + 1) % ACTIONS.len());
    ACTIONS.get(next).map_or("START", |action| action.name)
}
