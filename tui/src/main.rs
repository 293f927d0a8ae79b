//! `telemetry-preview`: shows what the Netdata agent's telemetry would send, and turns it off.
//!
//! It opens no network socket and contains no code that could. Every decision and every file that is written is the
//! core library's; here is only what people see.

mod cli;
mod opting;
mod output;
mod question;
mod verbs;
mod words;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, ShowOptions, Verb};
use crate::output::Failure;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return output::clap(&error),
    };
    match run(cli) {
        Ok(code) => code,
        Err(failure) => failure.report(),
    }
}

fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let verb = cli.verb.unwrap_or(Verb::Show(ShowOptions::default()));
    match verb {
        Verb::Show(options) => verbs::show::run(&question::from(&cli.place)?, &options),
        Verb::Status { json } => verbs::status::run(&question::from(&cli.place)?, json),
        Verb::OptOut { dry_run } => verbs::opt_out::run(&question::from(&cli.place)?, dry_run),
        Verb::OptIn { yes } => verbs::opt_in::run(&question::from(&cli.place)?, yes),
        Verb::Explain { field, all } => verbs::explain::run(field.as_deref(), all),
        Verb::Schema { format } => verbs::schema::run(format),
    }
}
