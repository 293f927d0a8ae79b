//! `configure`: names a server and a key of one's own in the sender's configuration and tries them, or withholds a field.

use std::process::ExitCode;

use anonymous_statistics::config::edit::own;
use anonymous_statistics::consent::Decision;
use anonymous_statistics::inspect::{Preview, Question};
use anonymous_statistics::request::Assembly;
use anonymous_statistics::request::http::METHOD;
use anonymous_statistics::text::printable;
use serde_json::ser::PrettyFormatter;
use system_facts::internal::printable_json;

use crate::actions::configuring::Configure;
use crate::actions::testing::Test;
use crate::actions::withholding::Withhold;
use crate::cli::ConfigureOptions;
use crate::output::{self, Failure, NOT_DONE, USAGE};
use crate::present::consent::decided;
use crate::present::words;
use crate::verbs::done;

/// What the file means.
const WISH: &str = "Agents that call this sender (up to v2.5) then report to your server, and so do agents \
    from v2.6 on whose service has the sender's hooks (install.sh --service-hooks). \
    What the daemon and its dashboard send by themselves does not change (telemetry-preview status).";

const NULL: &str = "null: only the daemon knows the value. show explains each field.";

pub(crate) fn run(question: &Question, options: &ConfigureOptions) -> Result<ExitCode, Failure> {
    if question.call.is_some() {
        let what = "--call is for looking at a request: configure is about the agent that is here";
        return Err(Failure::new(USAGE, what));
    }
    for (field, withholds) in [(&options.withhold, true), (&options.send_again, false)] {
        if let Some(field) = field {
            return withhold(question, field, withholds, options);
        }
    }
    let own = match (&options.url, &options.api_key) {
        (Some(url), Some(key)) => {
            Some(own(url, key).map_err(|error| Failure::new(USAGE, format!("nothing was changed: {error}")))?)
        }
        _ => None,
    };
    let preview = Preview::look(question);
    let plan = own.map(|own| Configure::plan(&preview, &own, options.test)).transpose()?;
    let config = match (&plan, &preview.config) {
        (Some(plan), _) => plan.change.config(),
        (None, Ok(config)) => config,
        (None, Err(error)) if error.depends_on_the_account() => {
            let what = format!(
                "no test is sent: {}; the daemon's account may be able to, so run this as that account",
                error.what()
            );
            return Err(Failure::new(NOT_DONE, what));
        }
        (None, Err(error)) => return Err(Failure::new(USAGE, error.to_string())),
    };
    let test = options.test.then(|| Test::plan(question, &preview, config)).transpose()?;
    // What is new is shown first; a question without a change is one about the test.
    let mut asked = Vec::new();
    if let Some(plan) = &plan {
        done::before(options.format, &paragraphs(would(question, &preview, plan)))?;
        if !plan.change.is_nothing() {
            asked.push(format!("This writes {}.", words::path(plan.change.path())));
        }
    }
    if let Some(test) = &test {
        let head = "The test event, except for its random number and its time:".to_owned();
        done::before(options.format, &paragraphs(vec![vec![head], request(&test.assembly)]))?;
        asked.push(test.sentence() + ".");
    }
    if !options.yes && !asked.is_empty() {
        output::confirm("configure", &asked.join(" "))?;
    }
    // People need not wait for the test; programs get one answer.
    let at_once = |lines: &[String]| if options.format.is_json() { Ok(()) } else { output::lines(lines) };
    let mut said = Vec::new();
    if let Some(plan) = &plan {
        said = plan.perform()?;
        said.extend(consequences(&Preview::look(question)));
        at_once(&said)?;
    }
    let tested = test.map(|test| test.perform()).transpose()?;
    let line = tested.iter().map(|(answer, _)| format!("The test: {answer}")).collect::<Vec<_>>();
    if !line.is_empty() {
        at_once(&line)?;
    }
    if options.format.is_json() {
        done::say(options.format, true, &[said, line].concat(), &Preview::look(question))?;
    }
    Ok(if tested.is_none_or(|(_, accepted)| accepted) { ExitCode::SUCCESS } else { ExitCode::from(NOT_DONE) })
}

fn withhold(
    question: &Question,
    field: &str,
    withholds: bool,
    options: &ConfigureOptions,
) -> Result<ExitCode, Failure> {
    let preview = Preview::look(question);
    let plan = Withhold::plan(&preview, field)?;
    if plan.withholds() == withholds {
        let lines: Vec<String> = plan.lines().into_iter().chain(unread(&preview)).collect();
        done::before(options.format, &lines)?;
        if !options.yes {
            output::confirm("configure", &format!("This writes {}.", words::path(plan.file())))?;
        }
        let mut said = plan.configure.perform()?;
        said.extend(unread(&preview));
        done::say(options.format, true, &said, &Preview::look(question))?;
    } else {
        let already = if withholds { "is withheld already" } else { "is not withheld" };
        let said = format!("There is nothing to change: {field} {already} ({}).", words::path(plan.file()));
        done::say(options.format, false, &[said], &preview)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// An empty line ends a paragraph.
fn paragraphs(paragraphs: Vec<Vec<String>>) -> Vec<String> {
    paragraphs.into_iter().flat_map(|lines| lines.into_iter().chain([String::new()])).collect()
}

/// What will be written, and what will be sent then, in paragraphs.
fn would(question: &Question, preview: &Preview, plan: &Configure) -> Vec<Vec<String>> {
    let mut said = vec![plan.lines(), vec![WISH.to_owned()]];
    said.extend(unread(preview).map(|sentence| vec![sentence]));
    let others: Vec<String> = preview.others.iter().map(words::other_agent).collect();
    if !others.is_empty() {
        let others = others.join(", ");
        said.push(vec![format!("Other agents here keep their configuration ({others}); --config-dir names one.")]);
    }
    let planned = Preview::look_as_if(question, plan.change.config());
    match planned.assembly {
        Ok(assembly) => {
            said.push(vec![format!("The request of the next {} would then be:", planned.action)]);
            said.push(request(&assembly));
            said.extend(assembly.event.not_known_here().next().map(|_| vec![NULL.to_owned()]));
        }
        Err(error) => said.push(vec![format!("There is no request to show: {error}")]),
    }
    said
}

/// Where no sender reads the file.
fn unread(preview: &Preview) -> Option<String> {
    let events = preview.events();
    let is_read = preview.script.is_this_sender() || events.is_sent_by_hooks();
    (!is_read).then(|| {
        format!(
            "Nothing changes here yet: only this project's sender reads that file, and it is not what sends (who does: {}).",
            events.sender()
        )
    })
}

/// The lines of a request, its body with line breaks.
fn request(assembly: &Assembly) -> Vec<String> {
    let request = &assembly.request;
    let body = String::from_utf8_lossy(request.body());
    let mut lines = vec![format!("{METHOD} {}", words::destination_of(request))];
    lines.extend(request.headers().iter().map(|(name, value)| printable(&format!("{name}: {value}")).into_owned()));
    lines.push(String::new());
    lines.extend(printable_json(&words::json_as(PrettyFormatter::new(), &body)).lines().map(str::to_owned));
    lines
}

/// What the disk says now.
fn consequences(after: &Preview) -> Vec<String> {
    let mut lines = Vec::new();
    if after.consent.decision() != Decision::Allowed {
        lines.push(format!("Nothing is sent there as long as the decision is {}", decided(&after.consent)));
    }
    lines.extend(unread(after));
    lines.push(words::headline(after));
    lines
}
