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

use anonymous_statistics::inspect::before::{About, Before};
use anonymous_statistics::inspect::{Preview, Question};

use crate::cli::{Cli, ShowOptions, Verb};
use crate::output::{Failure, USAGE};
use crate::present::palette;

/// The command line's definition, for the generated pages.
pub fn command() -> clap::Command {
    cli::command()
}

pub fn main() -> ExitCode {
    match Cli::try_from_words(std::env::args_os()) {
        Ok(cli) => run(cli).unwrap_or_else(Failure::report),
        Err(error) => cli::mistakes::report(&error),
    }
}

fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let terminal = std::io::stdout().is_terminal();
    let colour = palette::is_wanted(cli.color, terminal, |name| std::env::var_os(name));
    output::set_colour(colour);
    let call = cli.call()?;
    let question = || question::from(&cli.place, &call);
    let about_an_event = call.names_an_event();
    let Some(verb) = cli.verb else {
        let before = cli.before.as_deref().map(present::before::read).transpose()?;
        let is_capable = terminal && std::io::stdin().is_terminal() && !cli.plain;
        return look_around(question()?, before, about_an_event, is_capable, colour);
    };
    if cli.before.is_some() {
        return Err(Failure::new(USAGE, "--before means something to the screens, and after diff"));
    }
    match verb {
        Verb::Show { options, .. } => {
            return match options.channel {
                Some(cli::Channel::Dashboard) => verbs::show_dashboard::run(&question()?, options),
                Some(cli::Channel::CrashReports) if call.event.is_some() => Err(Failure::new(
                    USAGE,
                    "--event means something to the daemon's events, and not to --channel crash-reports",
                )),
                Some(cli::Channel::CrashReports) => verbs::show_report::run(&Preview::look(&question()?), options),
                _ => verbs::show::run(&question()?, options, about_an_event),
            };
        }
        Verb::Diff { options, .. } => return verbs::diff::run(&question()?, &options),
        Verb::Configure(options) => return verbs::configure::run(&question()?, &options),
        Verb::Check(options) => return verbs::check::run(&question()?, &options),
        Verb::Status { format, .. } => verbs::status::run(&question()?, format)?,
        Verb::OptOut(options) => verbs::opt_out::run(&question()?, options)?,
        Verb::OptIn(options) => verbs::opt_in::run(&question()?, options)?,
        Verb::Explain { field, format, .. } => verbs::explain::run(&question()?, field.as_deref(), format)?,
        Verb::History { format, raw } => verbs::history::run(&question()?, format, raw)?,
        Verb::Forget(options) => verbs::forget::run(&question()?, options)?,
        Verb::Schema { format, json, channel, since } => {
            verbs::schema::run(if json { cli::SchemaFormat::Json } else { format }, channel, since.as_deref())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Without a verb: the screens on a capable terminal, otherwise the same as text.
fn look_around(
    mut question: Question,
    before: Option<Before>,
    about_an_event: bool,
    is_capable: bool,
    colour: bool,
) -> Result<ExitCode, Failure> {
    // The screens begin with the event that was kept.
    if let Some(Before { about: About::Event(action), .. }) = &before
        && !about_an_event
    {
        question.action.clone_from(action);
    }
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    let size = if is_capable && !is_dumb { ui::size_of_terminal() } else { None };
    if size.is_some_and(ui::fits) {
        return ui::run(screens::all(before), question, colour);
    }
    let code = verbs::show::run(&question, ShowOptions::default(), about_an_event)?;
    if let Some(size) = size {
        let least = ui::SMALLEST;
        output::hint(&format!(
            "this terminal has {size} characters; with {least} or more there are screens to look around in"
        ));
    }
    Ok(code)
}
