//! The live matrix: real containers, sandboxes and emulated machines, in which the static programs must give the known
//! answer, and the same one to every user.
//!
//! Everything runs in separate mount and network namespaces. `/run` is an empty tmpfs there, which takes the files of
//! tests and daemons with it, and the only network is loopback.
//!
//! `STATIC_PROGRAMS` is the folder of the static build, `GUEST_KERNEL` a kernel for the emulated machines, and
//! `LIVE=all` adds the slow environments. `cargo xtask ci` sets the first two, and `LIVE` with `--all`.

#![allow(unreachable_pub, reason = "as in the other tests' modules")]
#![allow(clippy::unwrap_used, reason = "in a test a panic is a failed test")]
#![allow(clippy::panic, reason = "in a test a panic is a failed test")]

mod answers;
mod container;
mod guest;
mod hooks;
mod make;
mod matrix;
#[path = "../from_status/recorded.rs"]
mod recorded;

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use answers::Answers;
use libtest_mimic::{Arguments, Conclusion, Failed, Trial};
use make::Scene;
use matrix::{ENVIRONMENTS, Environment};
use testkit::{enclosure, skip};

/// The least number of environments for `cargo xtask ci`, and for its `--all`.
const AT_LEAST: [usize; 2] = [8, 24];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let programs = std::env::var_os("STATIC_PROGRAMS");
    let missing = if !rustix::process::geteuid().is_root() {
        Some("only root can make them")
    } else if programs.is_none() {
        Some("STATIC_PROGRAMS names no folder with the static build (cargo xtask static)")
    } else {
        None
    };
    if let Some(reason) = missing.filter(|_| !arguments.list) {
        for environment in ENVIRONMENTS {
            skip(&title(environment), reason);
        }
        return libtest_mimic::run(&arguments, Vec::new()).exit_code();
    }
    if enclosure::inside().is_none() && !arguments.list {
        return enclose();
    }

    let all = std::env::var_os("LIVE").is_some_and(|value| value == "all");
    let chosen: Vec<&Environment> = ENVIRONMENTS.iter().filter(|row| all || !row.slow || arguments.list).collect();
    let scene = (!arguments.list).then(|| Arc::new(Scene::set(Path::new(&programs.unwrap_or_default()), all)));
    let table = Arc::new(Mutex::new(Vec::new()));
    let mut trials: Vec<Trial> = vec![Trial::test("a wrong answer is noticed", || {
        answers::a_wrong_answer_is_noticed();
        Ok(())
    })];
    for environment in &chosen {
        let (scene, table, environment) = (scene.clone(), Arc::clone(&table), *environment);
        trials.push(Trial::test(title(environment), move || {
            let scene = scene.ok_or("nothing to run in")?;
            try_out(environment, &scene, &table)
        }));
    }
    trials.extend(container::trials(scene.as_ref()));
    trials.push(hooks::trial(scene.as_ref()));
    let everything = arguments.filter.is_none() && arguments.skip.is_empty() && !arguments.list;
    let conclusion = libtest_mimic::run(&arguments, trials);
    let made = print(&mut table.lock().unwrap_or_else(PoisonError::into_inner), chosen.len());
    drop(scene);
    finish(&conclusion, if everything { AT_LEAST[usize::from(all)] } else { 0 }, made)
}

fn title(environment: &Environment) -> String {
    format!("live: {}", environment.name)
}

/// Restarts this program in namespaces that hide its effects, except those on control groups.
fn enclose() -> ExitCode {
    let memory = "mount -t tmpfs -o mode=755 none /run && mount -t tmpfs -o mode=1777 none /dev/shm && mkdir -p /run/lock || exit 93";
    let status = enclosure::enclose(&std::env::args_os().skip(1).collect::<Vec<_>>(), &[], memory);
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(99))
}

/// Sets up an environment, asks the questions, and judges the answers.
fn try_out(environment: &Environment, scene: &Scene, table: &Mutex<Vec<(usize, String)>>) -> Result<(), Failed> {
    let printed = match scene.ask_in(environment) {
        Ok(printed) => printed,
        Err(reason) => {
            skip(&title(environment), &reason);
            return Ok(());
        }
    };
    let answers = Answers::parse(&printed);
    let verdict = answers.judge(environment, scene.host());
    let place = ENVIRONMENTS.iter().position(|row| row.name == environment.name).unwrap_or_default();
    let row = answers.row(environment, scene.host(), verdict.is_ok());
    table.lock().unwrap_or_else(PoisonError::into_inner).push((place, row));
    verdict.map_err(|wrong| format!("{}: {}\n{wrong}", environment.name, environment.why).into())
}

/// Prints the rows in the table's order, and returns the number of environments.
fn print(rows: &mut [(usize, String)], chosen: usize) -> usize {
    rows.sort();
    if !rows.is_empty() {
        println!("{}", answers::HEAD);
    }
    for (_, row) in rows.iter() {
        println!("{row}");
    }
    println!("\n{} of {chosen} environments made", rows.len());
    rows.len()
}

fn finish(conclusion: &Conclusion, at_least: usize, made: usize) -> ExitCode {
    if made < at_least {
        eprintln!("error: at least {at_least} environments must be made; the reasons stand above");
        return ExitCode::FAILURE;
    }
    conclusion.exit_code()
}
