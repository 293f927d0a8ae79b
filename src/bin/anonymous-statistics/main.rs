//! `anonymous-statistics`: what the Netdata daemon calls to send a telemetry event.
//!
//! The daemon waits for this process, reads up to three characters of its standard output and logs its exit status. A second
//! thread ends the process at the deadline, whatever the first one hangs on.

mod call;
mod cli;
mod options;
mod progress;
#[cfg(target_os = "linux")]
mod second;
mod transport;
mod verify;

use std::io::Write;
use std::os::fd::AsFd;
use std::time::Instant;

use anonymous_statistics::config;
use anonymous_statistics::consent::Decision;
use anonymous_statistics::delivery::Failure;
use anonymous_statistics::script::MARK;
use anonymous_statistics::text::printable;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use call::Call;
use cli::{Cli, Stop, Task};
use progress::Progress;

/// Why not musl's own: see this crate in the workspace's Cargo.toml.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// Version and mark in one piece. The preview looks for it in the program that the daemon calls.
pub(crate) static VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " [sender of the anonymous-statistics project, version ",
    env!("CARGO_PKG_VERSION"),
    "]"
);

pub(crate) const EXIT_UNUSABLE: i32 = 2;

/// Characters of the line for the daemon's log: less than a pipe has room for (4 KiB), even if each has four bytes.
const LINE_CHARACTERS: usize = 1000;

fn main() {
    let start = Instant::now();
    no_core_dump();
    // No input leads here. Should a defect do: no message that could hold a value.
    std::panic::set_hook(Box::new(|_| finish("000", None, i32::from(Failure::Receive.exit_code()))));
    debug_assert!(VERSION.contains(MARK.0) && VERSION.ends_with(MARK.1));

    let cli = match Cli::read(std::env::args_os().skip(1)) {
        Ok(cli) => cli,
        Err(Stop::Information(text)) => write_and_exit(text.as_bytes(), 0),
        Err(Stop::Usage(line)) => finish("", Some(&line), EXIT_UNUSABLE),
    };
    let task = cli.task;
    let call = match Call::new(cli, std::env::vars_os()) {
        Ok(call) => call,
        Err(problem) => finish("", Some(&problem), EXIT_UNUSABLE),
    };
    match task {
        Task::Send => send(&call, start),
        Task::Show => show(&call),
        Task::Verify => verify(&call),
    }
}

/// Compares what is sent with what was prepared. A person asks for it, so it is done when opted out too.
fn verify(call: &Call) -> ! {
    let (config, assembly) = match call.assemble() {
        Ok(assembled) => assembled,
        Err(problem) => finish("", Some(&problem), EXIT_UNUSABLE),
    };
    match verify::verify(&config, &assembly) {
        Ok((text, identical)) => finish(&text, None, i32::from(!identical)),
        Err(error) => finish("", Some(&error.to_string()), 1),
    }
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

/// Prints the request instead of sending it.
fn show(call: &Call) -> ! {
    let consent = call.consent();
    let (config, assembly) = match call.assemble() {
        Ok(assembled) => assembled,
        Err(problem) => finish("", Some(&problem), EXIT_UNUSABLE),
    };
    let because = consent.reason().map(|step| format!("{} ({})", step.source, step.finding)).unwrap_or_default();
    let line = match consent.decision() {
        Decision::Allowed => format!("would be sent to {}", config.endpoint.host()),
        Decision::OptedOut => format!("opted out by {because}: nothing would be sent"),
        Decision::Unknown => {
            format!("cannot tell whether this machine has opted out, because of {because}: nothing would be sent")
        }
    };
    let _ = writeln!(std::io::stderr(), "{line}");
    write_and_exit(&assembly.request.to_bytes(), 0)
}

/// Sends the event, and ends at the deadline in any case.
fn send(call: &Call, start: Instant) -> ! {
    let deadline = config::deadline(call.action());
    #[cfg(target_os = "linux")]
    if !second::is_this() && second::is_needed() {
        // It keeps the deadline; should it not, it is as if it could not tell whether it may send.
        match second::run(deadline.saturating_sub(start.elapsed()) + second::GRACE) {
            Some(ended) => finish(&ended.out, Some(ended.line.as_str()).filter(|line| !line.is_empty()), ended.status),
            None if start.elapsed() >= deadline => finish("", None, 0),
            None => {}
        }
    }
    let progress = Progress::new(start, deadline);
    if progress.watch().is_err() {
        finish("000", Some("the event was lost: no thread could be started"), i32::from(Failure::Connect.exit_code()));
    }
    call.work(&progress);
    progress.end()
}

/// Ends the process with what the daemon reads, at most one line for its log, and the exit status. A closed or full
/// stream changes nothing: there is nobody to tell, and nobody is waited for.
fn finish(out: &str, line: Option<&str>, status: i32) -> ! {
    #[cfg(target_os = "linux")]
    if second::is_this() {
        tell(&std::io::stdout(), &second::message(out, line, status));
        std::process::exit(status)
    }
    if let Some(line) = line {
        let short: String = printable(line).chars().take(LINE_CHARACTERS).collect();
        tell(&std::io::stderr(), format!("anonymous-statistics: {short}\n").as_bytes());
    }
    tell(&std::io::stdout(), out.as_bytes());
    std::process::exit(status)
}

/// Writes to a stream that takes something now. A pipe says so when there is room for a page (pipe(7)), which is more than the
/// lines of this program have.
fn tell(stream: &impl AsFd, bytes: &[u8]) {
    let mut ready = [PollFd::new(stream, PollFlags::OUT)];
    if !bytes.is_empty() && poll(&mut ready, Some(&Timespec::default())).is_ok_and(|number| number > 0) {
        let _ = rustix::io::write(stream, bytes);
    }
}

fn write_and_exit(out: &[u8], status: i32) -> ! {
    let mut stdout = std::io::stdout();
    let _ = stdout.write_all(out).and_then(|()| stdout.flush());
    std::process::exit(status)
}
