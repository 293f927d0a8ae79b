//! `anonymous-statistics`: the program that the Netdata daemon calls to send a telemetry event.
//!
//! The daemon waits for this process, reads up to three characters of its standard output and logs its exit status.
//! Slow work is done by a second process, for which nobody waits beyond the deadline.

mod call;
mod cli;
mod from_status;
mod mounts;
mod send_test;
mod transport;
mod verify;
mod watchdog;

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use anonymous_statistics::agent::MARK;
use anonymous_statistics::consent::Decision;
use anonymous_statistics::core_dump;
use anonymous_statistics::destination::Destination;
use anonymous_statistics::fields::Action;
use anonymous_statistics::outbox::outcome::Failure;
use anonymous_statistics::request::NoRequest;
use anonymous_statistics::text::{ESCAPED, escaped_for};

use system_facts::internal::rescue::LastWords;

use call::{Call, objection};
use cli::{Cli, Stop, Task, VERSION};
use mounts::Mounts;
use watchdog::{EXIT_UNUSABLE, Ending, Known, watched};

/// Reason: see this crate in the workspace's Cargo.toml.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    let start = Instant::now();
    core_dump::prevent();
    // No input leads here. After a defect the message must not show a value.
    std::panic::set_hook(Box::new(|_| {
        let ending = Ending::new("000", None, i32::from(Failure::Receive.exit_code()));
        std::process::exit(Output::ToDaemon(ending).say())
    }));
    debug_assert!(VERSION.contains(MARK.0) && VERSION.ends_with(MARK.1));
    let said = run(start).unwrap_or_else(|stop| match stop {
        Stop::Information(text) => Output::ToPerson(LastWords { out: text.into_bytes(), err: Vec::new(), status: 0 }),
        Stop::Unusable(line) => Output::ToDaemon(Ending::new("", Some(line), EXIT_UNUSABLE)),
    });
    u8::try_from(said.say()).map_or(ExitCode::FAILURE, ExitCode::from)
}

enum Output {
    /// Short, and never waited for: a closed or full stream changes nothing.
    ToDaemon(Ending),
    /// Complete, however long that takes.
    ToPerson(LastWords),
}

impl Output {
    /// Writes to both streams; nothing else in this program does. Returns the exit status.
    fn say(&self) -> i32 {
        match self {
            Self::ToDaemon(ending) => {
                let words = ending.words();
                words.say();
                words.status
            }
            Self::ToPerson(words) => {
                // A reader that closes the stream has read enough.
                let _ = std::io::stderr().write_all(&words.err);
                let mut stdout = std::io::stdout();
                let _ = stdout.write_all(&words.out).and_then(|()| stdout.flush());
                words.status
            }
        }
    }
}

fn run(start: Instant) -> Result<Output, Stop> {
    let cli = Cli::read(std::env::args_os().skip(1))?;
    let task = cli.task;
    let call = Call::new(cli, std::env::vars_os())?;
    match task {
        Task::Send => Ok(Output::ToDaemon(send(&call, start))),
        Task::Show => show(&call),
        Task::Verify => verify(&call),
        Task::FromStatus => Ok(Output::ToDaemon(from_status::report(&call, start))),
        Task::SendTest => Ok(Output::ToDaemon(send_test::send(&call, start))),
    }
}

/// Sends the event, and always ends at the deadline.
fn send(call: &Call, start: Instant) -> Ending {
    let mut known = Known::nothing(Action::deadline_of(call.action()));
    let mounts = Mounts::read();
    if call.consent_is_at_hand(&mounts) {
        let decision = call.consent().decision();
        known = known.decided(decision);
        let works = match decision {
            Decision::Allowed => true,
            Decision::OptedOut => call.may_have_something_to_forget(&mounts),
            Decision::Unknown => false,
        };
        if !works {
            return known.ending();
        }
    }
    watched(start, known, |progress| call.work(progress))
}

/// Compares the sent bytes with the prepared ones. A person asks for it, so it runs despite an opt-out.
fn verify(call: &Call) -> Result<Output, Stop> {
    let config = call.config().map_err(NoRequest::from)?;
    // Whatever the destination, the bytes can be compared.
    let (endpoint, assembly) = call.assemble(&config, Some(Destination::this_machine()))?;
    Ok(match verify::verify(&endpoint, &assembly) {
        Ok((text, identical)) => {
            Output::ToPerson(LastWords { out: text.into_bytes(), err: Vec::new(), status: i32::from(!identical) })
        }
        Err(error) => Output::ToDaemon(Ending::new("", Some(error.to_string()), 1)),
    })
}

fn show(call: &Call) -> Result<Output, Stop> {
    let consent = call.consent();
    let config = call.config().map_err(NoRequest::from)?;
    let (endpoint, assembly) = call.assemble(&config, None)?;
    let mut err = objection(&consent).map_or_else(
        || format!("would be sent to {}\n", endpoint.host()),
        |objection| format!("{objection}: nothing would be sent\n"),
    );
    let bytes = assembly.request.to_bytes();
    let shown = escaped_for(&std::io::stdout(), &bytes);
    if shown.is_some() {
        err.push_str(ESCAPED);
        err.push('\n');
    }
    let out = shown.map_or(bytes, String::into_bytes);
    Ok(Output::ToPerson(LastWords { out, err: err.into_bytes(), status: 0 }))
}
