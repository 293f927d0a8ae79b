//! `telemetry-preview`: shows the telemetry of the Netdata agent before it is sent, and turns it off.
//!
//! It opens no network socket, and has no HTTP, TLS or DNS code. The core library makes every decision and writes every
//! file; this crate is the user interface.

mod actions;
mod cli;
#[cfg(test)]
mod example;
mod output;
mod present;
mod question;
mod screens;
mod ui;
mod verbs;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::cli::{Cli, ShowOptions, Verb};
use crate::output::Failure;

/// The command line's definition, for the generated pages.
pub fn command() -> clap::Command {
    Cli::command()
}

pub fn main() -> ExitCode {
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
    let Some(verb) = cli.verb else { return look_around(&cli.place, cli.plain) };
    match verb {
        Verb::Show(options) if options.channel == Some(cli::Channel::Dashboard) => {
            verbs::show_dashboard::run(&question::from(&cli.place)?, options)
        }
        Verb::Show(options) if options.channel == Some(cli::Channel::CrashReports) => {
            verbs::show_report::run(&question::from(&cli.place)?, options)
        }
        Verb::Show(options) => verbs::show::run(&question::from(&cli.place)?, options, cli.place.names_an_event()),
        Verb::Status { json } => verbs::status::run(&question::from(&cli.place)?, json),
        Verb::Diff(options) => verbs::diff::run(&question::from(&cli.place)?, &options),
        Verb::OptOut(options) => verbs::opt_out::run(&question::from(&cli.place)?, options),
        Verb::OptIn { yes } => verbs::opt_in::run(&question::from(&cli.place)?, yes),
        Verb::Explain { field, all } => verbs::explain::run(&question::from(&cli.place)?, field.as_deref(), all),
        Verb::History { json, raw } => verbs::history::run(&question::from(&cli.place)?, json, raw),
        Verb::Forget { dry_run } => verbs::forget::run(&question::from(&cli.place)?, dry_run),
        Verb::Check(options) => verbs::check::run(&question::from(&cli.place)?, &options),
        Verb::Schema { format, channel } => verbs::schema::run(format, channel),
    }
}

/// Without a verb: the screens on a capable terminal, otherwise the same as text.
fn look_around(place: &cli::Place, plain: bool) -> Result<ExitCode, Failure> {
    let question = question::from(place)?;
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() || dumb || plain {
        return verbs::show::run(&question, ShowOptions::default(), place.names_an_event());
    }
    match ui::size_of_terminal() {
        Some(size) if !ui::fits(size) => {
            let code = verbs::show::run(&question, ShowOptions::default(), place.names_an_event())?;
            output::hint(&format!(
                "this terminal has {}x{} characters; with {}x{} or more there are screens to look around in",
                size.width,
                size.height,
                ui::SMALLEST.width,
                ui::SMALLEST.height
            ));
            Ok(code)
        }
        Some(_) => ui::run(screens::all(), question),
        None => verbs::show::run(&question, ShowOptions::default(), place.names_an_event()),
    }
}
