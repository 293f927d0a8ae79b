//! Every fault between the daemon's call and an answer, with real sockets, file systems and servers: each row of
//! `table.rs` for START, EXIT and FATAL. Each call must return in time with the output of the daemon's contract, and
//! the event must be where the table says.
//!
//! The test runs in its own network and mount namespaces, with its own name server, packet filter and hanging file
//! systems.

#![allow(unreachable_pub, reason = "as in the other tests' modules")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]
#![allow(clippy::panic, reason = "in a test a panic is a failed test")]

mod table;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use table::{End, Event, FAULTS, Fault, When};
use testkit::{enclosure, full, names, nginx, said, skip};
use world::World;

/// The tolerance beyond a deadline.
const TOLERANCE: Duration = Duration::from_millis(100);
/// A busy machine delays some calls; a defect delays each.
const TRIES: u32 = 3;

/// A call and its deadline.
const CALLS: [([&str; 3], Duration); 3] = [
    (["START", "-", "-"], Duration::from_secs(2)),
    (["EXIT", "OK", "-"], Duration::from_secs(1)),
    (["FATAL", "netdata:netdata", "0266@../daemon/:signals_handle /4"], Duration::from_millis(700)),
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let faults: Vec<&'static Fault> = FAULTS.iter().flat_map(|(_, faults)| *faults).collect();
    if !arguments.list {
        if let Some(reason) = missing() {
            for fault in &faults {
                skip(&format!("fault: {}", fault.name), &reason);
            }
            return libtest_mimic::run(&arguments, Vec::new()).exit_code();
        }
        if enclosure::inside().is_none() {
            return enclose();
        }
        names::serve();
    }
    let world = (!arguments.list).then(|| Arc::new(World::make()));
    // They mostly wait.
    arguments.test_threads = arguments.test_threads.or(Some(8));
    let trials = faults.into_iter().map(|fault| {
        let world = world.clone();
        Trial::test(format!("fault: {}", fault.name), move || {
            let world = world.ok_or("nothing to run in")?;
            programs().iter().try_for_each(|program| meets(&world, program, fault))
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

fn missing() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("only root can make them".to_owned());
    }
    let needed = [nginx::NGINX, "/usr/sbin/nft", "/dev/fuse", "/bin/ip"];
    needed.into_iter().find(|path| !Path::new(path).exists()).map(|path| format!("{path} is missing"))
}

/// The sender of the test build, and the static release in the folder `STATIC_PROGRAMS`, if set.
fn programs() -> Vec<PathBuf> {
    std::iter::once(PathBuf::from(testkit::sender())).chain(testkit::static_program("anonymous-statistics")).collect()
}

/// Restarts this program with its own network, names and default configuration folders.
fn enclose() -> ExitCode {
    let files = [
        ("resolv.conf", "nameserver 127.0.0.1\n"),
        ("nsswitch.conf", "hosts: files dns\n"),
        ("hosts", "127.0.0.1 localhost\n::1 localhost\n"),
    ];
    let status = enclosure::enclose(&std::env::args_os().skip(1).collect::<Vec<_>>(), &files, "");
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(99))
}

/// Makes all calls meet the fault, and compares with the table.
fn meets(world: &World, program: &Path, fault: &Fault) -> Result<(), Failed> {
    for (happened, deadline) in CALLS {
        let end = if happened[0] == "START" { fault.ends } else { fault.short.unwrap_or(fault.ends) };
        let end = fault
            .with_glibc
            .filter(|_| program == Path::new(testkit::sender()) && cfg!(target_env = "gnu"))
            .unwrap_or(end);
        let in_time = match end.when {
            When::AtOnce | When::Before => deadline,
            When::Quarter => deadline / 4 + TOLERANCE,
            When::Deadline => deadline + TOLERANCE,
        };
        let mut took = Duration::MAX;
        for left in (0..TRIES).rev() {
            if took > in_time {
                took = took.min(match ends(world, program, fault, happened, end)? {
                    Ended::Late(_) if left > 0 => continue,
                    Ended::Late(failed) => return Err(failed),
                    Ended::After(time) => time,
                });
            }
        }
        let name = program.display();
        if took > in_time {
            return Err(format!("{}: returned after {took:?}, {name}", happened[0]).into());
        }
        println!("{:>5} ms {} {}, {name}", took.as_millis(), happened[0], fault.name);
    }
    Ok(())
}

enum Ended {
    /// According to the table, after this time.
    After(Duration),
    /// Out of time for the table's outcome: the event waits, or not even the decision about sending was finished in its
    /// share of the time.
    Late(Failed),
}

/// Makes one call. Only its time may differ between tries.
fn ends(world: &World, program: &Path, fault: &Fault, happened: [&str; 3], end: End) -> Result<Ended, Failed> {
    let scene = world.scene(fault, &full(happened));
    let mut command = scene.call.command_of(program);
    let start = Instant::now();
    let output = command.output()?;
    let took = start.elapsed();
    let (out, err, code) = said(&output);
    let lost = end.event == Event::Lost;
    let one_line = err.lines().count() == 1 && err.contains("the event was lost") && !err.contains(testkit::GUID);
    let mut wrong = Vec::new();
    if (out.as_str(), code) != (end.out, end.code) {
        wrong.push(format!("said {out:?} and exit status {code}, not {:?} and {}", end.out, end.code));
    }
    if if lost { !one_line } else { !err.is_empty() } {
        wrong.push(format!("standard error: {err:?}"));
    }
    // Before any access: it would hang in a hung file system.
    world::unmount(&scene.home);
    let kept = (scene.home.events("waiting").len(), scene.home.events("sent").len());
    let expected = match end.event {
        Event::Waits => (1, 0),
        Event::Delivered => (0, 1),
        Event::DeliveredOnly | Event::Lost | Event::None => (0, 0),
    };
    if kept != expected {
        wrong.push(format!("{} events wait and {} are in the history, not {expected:?}", kept.0, kept.1));
    }
    if wrong.is_empty() {
        return Ok(Ended::After(took));
    }
    let failed = Failed::from(format!("{}: {}, {}", happened[0], wrong.join("; "), program.display()));
    match (out.as_str(), code, kept) {
        ("", 0, (0, 0)) | ("000", 28, (1, 0)) if err.is_empty() => Ok(Ended::Late(failed)),
        _ => Err(failed),
    }
}
