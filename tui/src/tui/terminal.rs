//! The terminal and everything that happens outside the screens: keys, signals, and the effects that a state asks for.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use anonymous_statistics::preview::{Preview, Question};
use ratatui::DefaultTerminal;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{self, Event};
use ratatui::crossterm::execute;
use ratatui::layout::Size;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::draw::draw;
use super::key::Key;
use super::look::Look;
use super::state::{Effect, Message, State};
use crate::output::{Failure, NOT_DONE};

/// How long the first screen waits for the first look, so that it does not flicker. A look takes about a millisecond.
const FIRST_LOOK: Duration = Duration::from_millis(10);

pub(crate) fn size_of_terminal() -> io::Result<Size> {
    ratatui::crossterm::terminal::size().map(|(width, height)| Size::new(width, height))
}

/// Runs the screens until somebody leaves.
pub(crate) fn run(question: Question) -> Result<ExitCode, Failure> {
    let failed = |error: io::Error| Failure::new(NOT_DONE, format!("the terminal cannot be used: {error}"));
    let (sender, receiver) = mpsc::channel();
    let stopped = watch_signals(sender.clone()).map_err(failed)?;
    let performer = Performer { question: Arc::new(question), sender: sender.clone() };
    performer.perform(Effect::Look(performer.question.action.clone()));

    let mut terminal = ratatui::try_init().map_err(failed)?;
    show_cursor_after_panic();
    watch_keys(sender);
    let ended = show(&mut terminal, &performer, &receiver);
    // Dropping it shows the cursor again.
    drop(terminal);
    ratatui::restore();
    for command in ended.map_err(failed)? {
        crate::output::hint(&format!("Run:  {command}"));
    }
    match stopped.load(Ordering::Relaxed) {
        0 => Ok(ExitCode::SUCCESS),
        // Whoever sent the signal sees that it was the end.
        signal => signal_hook::low_level::emulate_default_handler(signal).map(|()| ExitCode::SUCCESS).map_err(failed),
    }
}

/// Draws and waits, in turns. Nothing runs while nothing happens. Returns the commands that a person is left to run.
fn show(
    terminal: &mut DefaultTerminal,
    performer: &Performer,
    messages: &Receiver<Message>,
) -> io::Result<Vec<String>> {
    let question = &performer.question;
    let look = Look::of(|name| std::env::var_os(name));
    let mut state = State::new(question.action.clone(), question.call.is_some(), look, terminal.size()?);
    let mut next = messages.recv_timeout(FIRST_LOOK).ok();
    loop {
        match next.and_then(|message| state.update(message)) {
            Some(Effect::Quit) => return Ok(state.blocked),
            Some(effect) => performer.perform(effect),
            None => {}
        }
        terminal.draw(|frame| draw(&state, frame))?;
        // Threads of this program hold the other ends, so the channel does not close; if it did, this would be the end.
        next = Some(messages.recv().unwrap_or(Message::Stop));
    }
}

/// Performs effects, each on a thread of its own: a file system that hangs must not freeze the screen.
struct Performer {
    question: Arc<Question>,
    sender: Sender<Message>,
}

impl Performer {
    fn perform(&self, effect: Effect) {
        let sender = self.sender.clone();
        match effect {
            Effect::Look(action) => {
                let question = Question { action, ..(*self.question).clone() };
                thread::spawn(move || send(&sender, Message::Looked(Box::new(Preview::look(&question)))));
            }
            Effect::OptOut(plan) => {
                thread::spawn(move || send(&sender, Message::OptedOut(Box::new(plan.perform()))));
            }
            // Whoever asked for it leaves the loop.
            Effect::Quit => {}
        }
    }
}

/// If nobody listens any more, the program is about to end.
fn send(sender: &Sender<Message>, message: Message) {
    let _ = sender.send(message);
}

fn watch_keys(sender: Sender<Message>) {
    thread::spawn(move || {
        loop {
            let message = match event::read() {
                Ok(Event::Key(key)) => Key::from(key).map(Message::Key),
                Ok(Event::Resize(width, height)) => Some(Message::Resized(Size::new(width, height))),
                Ok(_) => None,
                // The terminal is gone.
                Err(_) => Some(Message::Stop),
            };
            let last = matches!(message, Some(Message::Stop));
            if message.is_some_and(|message| sender.send(message).is_err()) || last {
                return;
            }
        }
    });
}

/// A signal ends the program in order; the same signal a second time ends it at once. Returns where its number will be.
fn watch_signals(sender: Sender<Message>) -> io::Result<Arc<AtomicI32>> {
    const SIGNALS: [i32; 3] = [SIGHUP, SIGINT, SIGTERM];
    let second = Arc::new(AtomicBool::new(false));
    for signal in SIGNALS {
        // Registered before the flag is set by the first: so only the second ends the program here.
        signal_hook::flag::register_conditional_default(signal, Arc::clone(&second))?;
        signal_hook::flag::register(signal, Arc::clone(&second))?;
    }
    let mut signals = Signals::new(SIGNALS)?;
    let stopped = Arc::new(AtomicI32::new(0));
    let number = Arc::clone(&stopped);
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            number.store(signal, Ordering::Relaxed);
            send(&sender, Message::Stop);
        }
    });
    Ok(stopped)
}

/// ratatui restores the rest of the terminal, but a panic may leave the cursor hidden.
fn show_cursor_after_panic() {
    let next = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let _ = execute!(io::stdout(), Show);
        next(info);
    }));
}
