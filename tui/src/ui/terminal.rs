//! The terminal, and everything else outside the screens: input, signals and effects.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anonymous_statistics::core_dump;
use anonymous_statistics::inspect::Question;
use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::style::Print;
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;

use system_facts::internal::utc_offset;

use crate::output::{Failure, NOT_DONE};
use crate::present::commands::Caller;
use crate::ui::draw::draw;
use crate::ui::effects::{Performer, send};
use crate::ui::input::Input;
use crate::ui::keys::Key;
use crate::ui::screen::{Reader, Screen};
use crate::ui::state::{Effect, Message, State};
use crate::ui::theme::Look;

/// The first drawing waits this long for the first preview, against flicker. A preview usually takes a few
/// milliseconds.
const FIRST_LOOK: Duration = Duration::from_millis(10);

/// The interval of progress reports by a slow preview.
const WAITED: Duration = Duration::from_secs(1);

/// More characters than an 8K screen shows in a font of 6 by 12 pixels. A terminal may claim 65535 by 65535
/// (`ioctl_tty(2)`), and each character takes about a hundred bytes.
const MOST: u32 = 500_000;

/// The terminal's size; `None` if it is unknown or implausible.
pub(crate) fn size_of_terminal() -> Option<Size> {
    let said = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    let size = Size::new(said.ws_col, said.ws_row);
    (1..=MOST).contains(&size.area()).then_some(size)
}

pub(crate) fn run(screens: Vec<Box<dyn Screen>>, question: Question, colour: bool) -> Result<ExitCode, Failure> {
    let failed = |error: io::Error| {
        Failure::new(NOT_DONE, format!("the terminal cannot be used: {}", anonymous_statistics::text::reason(&error)))
    };
    let (sender, receiver) = mpsc::channel();
    let stopped = watch_signals(sender.clone()).map_err(failed)?;
    let performer = Performer { question: Arc::new(question), sender: sender.clone(), watched: Arc::default() };
    let action = performer.question.action.clone();
    performer.begin(Effect::Look { action: action.clone(), examples: false });
    performer.watch().map_err(failed)?;
    let reader = Reader {
        clock: utc_offset,
        caller: Caller::now(),
        look: Look::of(colour, |name| std::env::var_os(name)),
        folder: std::env::current_dir().unwrap_or_else(|_gone| PathBuf::from(".")),
        recorded: performer.question.call.is_some(),
    };
    let no_size = || failed(io::Error::other("it does not say how large it is"));
    let state = State::new(screens, action, reader, size_of_terminal().ok_or_else(no_size)?);

    end_after_panic();
    let ended = take_terminal().and_then(|()| watch_input(sender)).and_then(|()| show(state, &performer, &receiver));
    give_terminal_back();
    crate::output::commands(ended.as_deref().unwrap_or_default());
    match stopped.load(Ordering::Relaxed) {
        0 => ended.map(|_| ExitCode::SUCCESS).map_err(failed),
        signal => end_by(signal).map(|()| ExitCode::SUCCESS).map_err(failed),
    }
}

/// The sender of the signal sees that it ended the program. SIGQUIT asks for a core dump (signal(7)).
fn end_by(signal: i32) -> io::Result<()> {
    core_dump::prevent();
    signal_hook::low_level::emulate_default_handler(signal)
}

/// Reports of presses, releases and the wheel (1000), in decimal numbers (1006): the older form cannot say columns above
/// 223. With Shift a terminal keeps the mouse for itself, to select text.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

fn take_terminal() -> io::Result<()> {
    enable_raw_mode()?;
    let mouse = if is_console() { "" } else { MOUSE_ON };
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Print(mouse), Hide)
}

/// Ignores errors: the terminal may be gone.
fn give_terminal_back() {
    let _ = execute!(io::stdout(), Show, Print(MOUSE_OFF), DisableBracketedPaste, LeaveAlternateScreen);
    let _ = disable_raw_mode();
}

/// The Linux console: it has no clipboard, and reports the mouse in the older form only (`console_codes(4)`).
fn is_console() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "linux")
}

/// Draws what differs from `shown`, which is of size zero if nobody knows what the terminal shows. Always in the state's
/// size: a canvas that measured the terminal could find a size for which the state was not laid out.
fn redraw(state: &State, shown: &mut Buffer) -> io::Result<()> {
    let mut terminal = CrosstermBackend::new(io::stdout());
    let mut next = Buffer::empty(Rect::from(state.size));
    if shown.area != next.area {
        terminal.clear()?;
        *shown = Buffer::empty(next.area);
    }
    draw(state, &mut next);
    terminal.draw(shown.diff_iter(&next))?;
    *shown = next;
    Backend::flush(&mut terminal)
}

/// The event loop: draws, then waits for messages. Returns the commands that remain for the user.
fn show(mut state: State, performer: &Performer, messages: &Receiver<Message>) -> io::Result<Vec<String>> {
    let mut shown = Buffer::default();
    let ready = Instant::now() + FIRST_LOOK;
    loop {
        let early = Some(ready.saturating_duration_since(Instant::now()));
        let early = early.filter(|left| state.found.is_none() && !left.is_zero());
        if early.is_none() {
            redraw(&state, &mut shown)?;
            state.unseen = false;
        }
        let message = match receive(messages, early.or(state.looking.as_ref().map(|_| WAITED))) {
            Err(RecvTimeoutError::Timeout) if early.is_some() => None,
            Err(RecvTimeoutError::Timeout) => Some(Message::Waited),
            // This program's threads hold senders; if none did, that would be the end.
            message => Some(message.unwrap_or(Message::Key(Key::Interrupt))),
        };
        // Draws once for all keys that were typed ahead.
        for message in message.into_iter().chain(messages.try_iter().take(AHEAD)) {
            if matches!(message, Message::Resized(_)) {
                // The terminal may have reflowed its content.
                shown = Buffer::default();
            }
            match state.update(message) {
                Some(Effect::Quit) => return Ok(state.blocked),
                Some(effect @ (Effect::Suspend | Effect::Redraw)) => {
                    if effect == Effect::Suspend {
                        // As a shell expects after Ctrl-Z. Returns when it continues the program.
                        give_terminal_back();
                        signal_hook::low_level::emulate_default_handler(SIGTSTP)?;
                    }
                    // crossterm sets raw mode only if it believes that it is off. A shell may have left any state.
                    disable_raw_mode()?;
                    take_terminal()?;
                    shown = Buffer::default();
                    state.size = size_of_terminal().unwrap_or(state.size);
                }
                Some(Effect::Copy(_)) if is_console() => {}
                // Between two drawings, so that their bytes do not mix.
                Some(Effect::Copy(text)) => execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))?,
                Some(effect) => performer.begin(effect),
                None => {}
            }
        }
    }
}

/// The maximum number of messages between two drawings.
const AHEAD: usize = 100;

/// Waits for this long, or for ever.
fn receive<T>(from: &Receiver<T>, time: Option<Duration>) -> Result<T, RecvTimeoutError> {
    match time {
        Some(time) => from.recv_timeout(time),
        None => from.recv().map_err(RecvTimeoutError::from),
    }
}

/// Reads input until the terminal is gone. One thread reads bytes and another decodes them, since only a timeout ends
/// some keys. Neither uses poll(2), which does not support devices on macOS.
fn watch_input(sender: Sender<Message>) -> io::Result<()> {
    let (pieces, read) = mpsc::channel::<Vec<u8>>();
    thread::Builder::new().spawn(move || {
        let mut bytes = [0; 1024];
        loop {
            match rustix::io::read(io::stdin(), &mut bytes) {
                Ok(count @ 1..) if pieces.send(bytes.iter().take(count).copied().collect()).is_ok() => {}
                Err(rustix::io::Errno::INTR) => {}
                // The terminal is gone (`ioctl_tty(2)`, TIOCNOTTY; read(2), EIO).
                Ok(_) | Err(_) => return,
            }
        }
    })?;
    thread::Builder::new().spawn(move || {
        let mut input = Input::default();
        loop {
            match receive(&read, input.patience()) {
                Ok(bytes) => input.take(&bytes).into_iter().for_each(|message| send(&sender, message)),
                Err(RecvTimeoutError::Timeout) => input.quiet().into_iter().for_each(|message| send(&sender, message)),
                Err(RecvTimeoutError::Disconnected) => return send(&sender, Message::Key(Key::Interrupt)),
            }
        }
    })?;
    Ok(())
}

/// A signal ends the program in order, a second one at once. Returns where its number will be. Signals for stopping,
/// continuing and resizing are passed on too.
fn watch_signals(sender: Sender<Message>) -> io::Result<Arc<AtomicI32>> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGCONT, SIGWINCH])?;
    let stopped = Arc::new(AtomicI32::new(0));
    let number = Arc::clone(&stopped);
    thread::Builder::new().spawn(move || {
        for signal in signals.forever() {
            let message = match signal {
                SIGTSTP => Some(Message::Key(Key::Suspend)),
                SIGCONT => Some(Message::Key(Key::Redraw)),
                SIGWINCH => size_of_terminal().map(Message::Resized),
                signal => {
                    if number.swap(signal, Ordering::Relaxed) != 0 {
                        let _ = end_by(signal);
                    }
                    Some(Message::Key(Key::Interrupt))
                }
            };
            if let Some(message) = message {
                send(&sender, message);
            }
        }
    })?;
    Ok(stopped)
}

/// A panic in any thread ends the program, in debug and release builds.
fn end_after_panic() {
    let next = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        give_terminal_back();
        next(info);
        std::process::abort();
    }));
}
