//! `configure`: names a server and a key of one's own in the sender's configuration and tries them, or withholds a field.

use std::process::ExitCode;

use anonymous_statistics::config::edit::own;
use anonymous_statistics::consent::Decision;
use anonymous_statistics::inspect::{Preview, Question};
use anonymous_statistics::request::Assembly;
use anonymous_statistics::request::http::METHOD;
use anonymous_statistics::text::printable;
use system_facts::internal::printable_json;

use crate::actions::configuring::Configure;
use crate::actions::testing::Test;
use crate::actions::withholding::Withhold;
use crate::cli::ConfigureOptions;
use crate::output::{self, Failure, NOT_DONE, USAGE};
use crate::present::words;
use crate::verbs::done;
use crate::verbs::show::Body;

/// What the file means.
const WISH: &str = "Agents that call this sender (up to v2.5) then report to your server, and so do agents \
    from v2.6 on whose service has the sender's hooks (install.sh --service-hooks). \
    What the daemon and its dashboard send by themselves does not change (telemetry-preview status).";

const NULL: &str = "null: only the daemon knows the value. show explains each field.";

pub(crate) fn run(question: &Question, options: &ConfigureOptions) -> Result<ExitCode, Failure> {
    if question.call.is_some() {
        return Err(Failure::new(
            USAGE,
            "--call is for looking at a request: configure is about the agent that is here",
        ));
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
        done::before(options.format, &would(question, &preview, plan))?;
        if !plan.change.is_nothing() {
            asked.push(format!("This writes {}.", words::path(plan.change.path())));
        }
    }
    if let Some(test) = &test {
        let mut lines = vec!["The test event, except for its random number and its time:".to_owned(), String::new()];
        lines.extend(request(test.assembly())?);
        done::before(options.format, &lines)?;
        asked.push(test.sentence() + ".");
    }
    if !options.yes && !asked.is_empty() {
        output::confirm("configure", &asked.join(" "))?;
    }
    let mut said = Vec::new();
    if let Some(plan) = &plan {
        said = plan.perform()?;
        said.extend(consequences(&Preview::look(question)));
        if !options.format.is_json() {
            output::lines(&said)?;
        }
    }
    let mut accepted = true;
    if let Some(test) = test {
        let (answer, is_accepted) = test.perform()?;
        accepted = is_accepted;
        let line = format!("The test: {answer}");
        if options.format.is_json() {
            said.push(line);
        } else {
            output::lines(&[line])?;
        }
    }
    if options.format.is_json() {
        done::say(options.format, true, &said, &Preview::look(question))?;
    }
    Ok(if accepted { ExitCode::SUCCESS } else { ExitCode::from(NOT_DONE) })
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
        let mut said = plan.perform()?;
        said.extend(unread(&preview));
        done::say(options.format, true, &said, &Preview::look(question))?;
    } else {
        let already = if withholds { "is withheld already" } else { "is not withheld" };
        let said = format!("There is nothing to change: {field} {already} ({}).", words::path(plan.file()));
        done::say(options.format, false, &[said], &preview)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What will be written, and what will be sent then.
fn would(question: &Question, preview: &Preview, plan: &Configure) -> Vec<String> {
    let mut lines = plan.lines();
    lines.extend([String::new(), WISH.to_owned(), String::new()]);
    lines.extend(unread(preview).into_iter().flat_map(|sentence| [sentence, String::new()]));
    if !preview.others.is_empty() {
        let others: Vec<String> = preview.others.iter().map(words::other_agent).collect();
        lines.push(format!(
            "Other agents here keep their configuration ({}); --config-dir names one.",
            others.join(", ")
        ));
        lines.push(String::new());
    }
    let planned = Preview::look_as_if(question, plan.change.config());
    match planned.assembly.map_err(|error| error.to_string()).and_then(|assembly| {
        let open = assembly.event.not_known_here().next().is_some();
        request(&assembly).map(|request| (request, open)).map_err(|_failure| "it cannot be shown".to_owned())
    }) {
        Ok((request, open)) => {
            lines.push(format!("The request of the next {} would then be:", planned.action));
            lines.push(String::new());
            lines.extend(request);
            lines.extend(open.then(|| NULL.to_owned()));
        }
        Err(error) => lines.push(format!("There is no request to show: {error}")),
    }
    lines.push(String::new());
    lines
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
fn request(assembly: &Assembly) -> Result<Vec<String>, Failure> {
    let request = &assembly.request;
    let body = serde_json::to_string_pretty(&Body(request.body()))
        .map_err(|error| Failure::new(NOT_DONE, format!("cannot write the request as JSON: {error}")))?;
    let mut lines = vec![format!("{METHOD} {}", words::destination_of(request))];
    lines.extend(request.headers().iter().map(|(name, value)| printable(&format!("{name}: {value}")).into_owned()));
    lines.push(String::new());
    lines.extend(printable_json(&body).lines().map(str::to_owned));
    lines.push(String::new());
    Ok(lines)
}

/// What the disk says now.
fn consequences(after: &Preview) -> Vec<String> {
    let mut lines = Vec::new();
    if after.consent.decision() != Decision::Allowed {
        let because = after.consent.reason().map(|step| format!("{} {}", step.source, step.found()));
        let decision = words::decision(after.consent.decision());
        lines.push(format!(
            "Nothing is sent there as long as the decision is {decision}: {}",
            because.unwrap_or_default()
        ));
    }
    lines.extend(unread(after));
    lines.push(words::headline(after));
    lines
}
