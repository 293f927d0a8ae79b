//! Prints the facts of this machine: a table for people, the lines that the Netdata daemon reads, or JSON.

mod table;

use std::fmt::Write as _;
use std::io::{ErrorKind, IsTerminal, Write};
use std::mem::ManuallyDrop;
use std::path::Path;

use system_facts::internal::arguments::{Arguments, Format, Stop};
use system_facts::internal::{cli, netdata, printable_json, rescue};
use system_facts::{CommonEvidence, Explained, Facts, Host, LiveHost, RecordedHost, Recorder, collect_from};

/// Why not musl's own: see this crate in the workspace's Cargo.toml.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// Exit status for a wrong command line or an unusable recorded machine.
const WRONG_USAGE: u8 = 2;

fn main() {
    let done = match Arguments::read(std::env::args_os().skip(1)) {
        Ok(arguments) => run(&arguments),
        Err(Stop::Information(text)) => finish(&text),
        Err(Stop::Wrong(message)) => Err((message, WRONG_USAGE)),
    };
    rescue::leave(done.map_or_else(|(message, status)| complain(&message, status), |()| 0))
}

/// A message, and the exit status.
type Failure = (String, u8);

fn complain(message: &str, status: u8) -> u8 {
    // If standard error fails too, the exit status still tells; `eprintln!` would panic.
    let _ = writeln!(std::io::stderr(), "system-info: {message}");
    status
}

fn finish(text: &str) -> Result<(), Failure> {
    cli::print(text).map_err(|error| (format!("standard output: {error}"), 1))
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let recorded;
    let live = LiveHost::new();
    let host: &dyn Host = match &arguments.machine {
        Some(folder) => {
            recorded = RecordedHost::open(folder)
                .map_err(|error| (cli::safe(&format!("--machine {}: {error}", folder.display())), WRONG_USAGE))?;
            &recorded
        }
        None => &live,
    };
    if let Some(folder) = &arguments.record {
        return record(host, folder, arguments.privileged);
    }
    // The process ends soon: freeing the memory would only take time.
    let mut facts = ManuallyDrop::new(collect(host, arguments.privileged));
    netdata::provide_virtualization(host, &mut facts);
    let format = match arguments.format {
        Some(format) => format,
        None if std::io::stdout().is_terminal() => Format::Table,
        None => Format::Env,
    };
    let text = match format {
        Format::Env => lines(host, &facts, arguments.explain),
        Format::Json => json(&facts, arguments.explain)?,
        Format::Table => table::render(&facts, arguments.explain),
    };
    finish(&text)
}

fn collect(host: &dyn Host, privileged: bool) -> Facts {
    if privileged { collect_from(host) } else { collect_from(&CommonEvidence::new(host)) }
}

/// Records a machine, and compares the recording with it: a redaction must not change an answer.
#[inline(never)] // The facts of two machines take much of the stack, which is cleared page by page.
fn record(host: &dyn Host, folder: &Path, privileged: bool) -> Result<(), Failure> {
    const ORIGIN: &str = concat!("recorded: by system-info ", env!("CARGO_PKG_VERSION"), " --record");
    let failed = |error: &dyn std::fmt::Display| cli::safe(&format!("--record {}: {error}", folder.display()));
    let recorder = Recorder::new(host);
    let facts = collect(&recorder, privileged);
    let redactions = recorder.write(folder, ORIGIN).map_err(|error| {
        let wrong_usage = error.kind() == ErrorKind::DirectoryNotEmpty;
        (failed(&error), if wrong_usage { WRONG_USAGE } else { 1 })
    })?;
    let written = RecordedHost::open(folder).map_err(|error| (failed(&error), 1))?;
    let again = collect(&written, privileged);
    for (was, is) in facts.leaves().iter().zip(again.leaves()) {
        if (was.value, was.source) != (is.value, is.source) {
            return Err((failed(&format!("{}.{} comes out differently from it", was.group, was.name)), 1));
        }
    }
    let mut text = format!("{} answers recorded. Not shown as they are:\n", recorder.asked().len());
    for redaction in &redactions {
        text.push_str(&cli::safe(&format!("{}: {}", redaction.place, redaction.what)));
        text.push('\n');
    }
    text.push_str("Read the files before you pass them on.\n");
    finish(&text)
}

/// Room for the daemon's lines, which few machines need more of.
const USUAL_LENGTH: usize = 2048;

/// The daemon's lines, each after its evidence as comments. Only these name the interface of the default route and its address:
/// people show the other formats around.
fn lines(host: &dyn Host, facts: &Facts, explain: bool) -> String {
    // The same for every user, as the facts are.
    let whereabouts = ManuallyDrop::new(netdata::Whereabouts::ask(&CommonEvidence::new(host), facts));
    let mut text = String::with_capacity(USUAL_LENGTH);
    for line in netdata::all_lines(facts, &whereabouts) {
        let evidence = if explain { line.evidence } else { &[] };
        for asked in evidence {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "# {}: {}", asked.asked, asked.outcome);
        }
        text.extend([line.name, "=", &line.value, "\n"]);
    }
    text
}

fn json(facts: &Facts, explain: bool) -> Result<String, Failure> {
    let text =
        if explain { serde_json::to_string_pretty(&Explained(facts)) } else { serde_json::to_string_pretty(facts) };
    text.map(|text| printable_json(&text).into_owned() + "\n").map_err(|error| (error.to_string(), 1))
}
