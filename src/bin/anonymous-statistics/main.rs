//! `anonymous-statistics`: what the Netdata daemon calls to send a telemetry event.
//!
//! The daemon waits for this process, reads up to three characters of its standard output and logs its exit status. Whatever
//! takes time is done by a second process, for which nobody waits beyond the deadline.

mod call;
mod cli;
mod mounts;
mod options;
mod transport;
mod verify;
mod watchdog;

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use anonymous_statistics::agent::MARK;
use anonymous_statistics::consent::Decision;
use anonymous_statistics::fields::Action;
use anonymous_statistics::outbox::outcome::Failure;
use anonymous_statistics::text::{ESCAPED, escaped_for};

use call::Call;
use cli::{Cli, Stop, Task, VERSION};
use mounts::Mounts;
use watchdog::{EXIT_UNUSABLE, Ending, Known, watched};

/// Why not musl's own: see this crate in the workspace's Cargo.toml.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    let start = Instant::now();
    no_core_dump();
    // No input leads here. Should a defect do: no message that could hold a value.
    std::panic::set_hook(Box::new(|_| {
        let words = Ending::new("000", None, i32::from(Failure::Receive.exit_code())).words();
        words.say();
        std::process::exit(words.status)
    }));
    debug_assert!(VERSION.contains(MARK.0) && VERSION.ends_with(MARK.1));
    let status = match run(start) {
        Said::ToDaemon(ending) => {
            let words = ending.words();
            words.say();
            words.status
        }
        Said::ToPerson(out, status) => {
            // Whoever closes the stream has read enough.
            let mut stdout = std::io::stdout();
            let _ = stdout.write_all(&out).and_then(|()| stdout.flush());
            status
        }
    };
    u8::try_from(status).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// What is said at the end.
enum Said {
    /// Little, and a closed or full stream changes nothing: there is nobody to tell, and nobody is waited for.
    ToDaemon(Ending),
    /// All of it, whatever that takes, with the exit status.
    ToPerson(Vec<u8>, i32),
}

fn run(start: Instant) -> Said {
    let unusable = |line| Said::ToDaemon(Ending::new("", Some(line), EXIT_UNUSABLE));
    let cli = match Cli::read(std::env::args_os().skip(1)) {
        Ok(cli) => cli,
        Err(Stop::Information(text)) => return Said::ToPerson(text.into_bytes(), 0),
        Err(Stop::Usage(line)) => return unusable(line),
    };
    let task = cli.task;
    let said = Call::new(cli, std::env::vars_os()).and_then(|call| match task {
        Task::Send => Ok(Said::ToDaemon(send(&call, start))),
        Task::Show => show(&call),
        Task::Verify => verify(&call),
    });
    said.unwrap_or_else(unusable)
}

/// Sends the event, and ends at the deadline in any case.
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

/// Compares what is sent with what was prepared. A person asks for it, so it is done when opted out too.
fn verify(call: &Call) -> Result<Said, String> {
    let (config, assembly) = call.assemble()?;
    Ok(match verify::verify(&config, &assembly) {
        Ok((text, identical)) => Said::ToPerson(text.into_bytes(), i32::from(!identical)),
        Err(error) => Said::ToDaemon(Ending::new("", Some(error.to_string()), 1)),
    })
}

/// Prints the request instead of sending it.
fn show(call: &Call) -> Result<Said, String> {
    let consent = call.consent();
    let (config, assembly) = call.assemble()?;
    let because = consent.reason().map(|step| format!("{} ({})", step.source, step.finding)).unwrap_or_default();
    let line = match consent.decision() {
        Decision::Allowed => format!("would be sent to {}", config.endpoint.host()),
        Decision::OptedOut => format!("opted out by {because}: nothing would be sent"),
        Decision::Unknown => {
            format!("cannot tell whether this machine has opted out, because of {because}: nothing would be sent")
        }
    };
    let _ = writeln!(std::io::stderr(), "{line}");
    let bytes = assembly.request.to_bytes();
    let shown = escaped_for(&std::io::stdout(), &bytes);
    if shown.is_some() {
        let _ = writeln!(std::io::stderr(), "{ESCAPED}");
    }
    Ok(Said::ToPerson(shown.map_or(bytes, String::into_bytes), 0))
}

/// A body is not to be found in a core dump. Nor can others of this account look into the process.
fn no_core_dump() {
    // A limit of 0 does not keep the kernel from handing a dump to a program (core(5)).
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    #[cfg(not(target_os = "linux"))]
    let _ = rustix::process::setrlimit(
        rustix::process::Resource::Core,
        rustix::process::Rlimit { current: Some(0), maximum: Some(0) },
    );
}
