//! The tables of `docs/reliability.md`, from the tables that the tests make happen.

#![allow(unreachable_pub, dead_code, reason = "the tables are shared with the tests, which use more of them")]

#[path = "../tests/faults/table.rs"]
mod faults;
#[path = "../tests/replies/table.rs"]
mod replies;

use faults::{End, Event, FAULTS, Fault, When};
use replies::{ANSWERS, Disposition, RETRY_AFTER, STATUSES};

fn main() -> std::process::ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("faults") => print_faults(),
        Some("replies") => print_replies(),
        _ => return std::process::ExitCode::from(2),
    }
    std::process::ExitCode::SUCCESS
}

fn print_faults() {
    for (group, faults) in FAULTS {
        println!("### {group}\n");
        println!("| what goes wrong | the daemon reads | exit status | the call returns | the event |");
        println!("|---|---|---:|---|---|");
        for fault in *faults {
            print(fault);
        }
        println!();
    }
}

fn print(fault: &Fault) {
    match fault.short {
        None => row(fault.name, fault.ends),
        Some(short) => {
            row(&format!("{} (START)", fault.name), fault.ends);
            row(&format!("{} (EXIT, FATAL)", fault.name), short);
        }
    }
}

fn row(name: &str, end: End) {
    let out = if end.out.is_empty() { "nothing".to_owned() } else { format!("`{}`", end.out) };
    let when = match end.when {
        When::AtOnce => "at once",
        When::Before => "before the deadline",
        When::Quarter => "after a quarter of the deadline",
        When::Deadline => "at the deadline",
    };
    let event = match end.event {
        Event::Waits => "waits",
        Event::Delivered => "delivered",
        Event::DeliveredOnly => "delivered, without a record of it",
        Event::Lost => "lost, and one line says so",
        Event::None => "none: it cannot be known whether the machine has opted out",
    };
    println!("| {name} | {out} | {} | {when} | {event} |", end.code);
}

fn print_replies() {
    println!("| status | the event | |\n|---|---|---|");
    for (what, statuses, fate) in STATUSES {
        let statuses: Vec<String> = statuses.iter().map(ToString::to_string).collect();
        println!("| {} | {} | {what} |", statuses.join(", "), describe(*fate));
    }
    println!("\n| answer | the daemon reads | exit status | the event |\n|---|---|---:|---|");
    for answer in ANSWERS {
        println!("| {} | `{}` | {} | {} |", answer.name, answer.out, answer.code, describe(answer.fate));
    }
    println!("\n| `Retry-After` of an answer 503 | the event is not tried again for |\n|---|---|");
    for (value, seconds) in RETRY_AFTER {
        let value = if value.is_empty() { "(empty)".to_owned() } else { format!("`{}`", value.trim()) };
        match seconds {
            Some(seconds) => println!("| {value} | {seconds} s |"),
            None => println!("| {value} | (not understood: the next START or META) |"),
        }
    }
}

fn describe(fate: Disposition) -> &'static str {
    match fate {
        Disposition::Done => "is done with",
        Disposition::Waits => "waits",
    }
}
