//! `check`: compares telemetry with the expected state, for monitoring and configuration management.

use std::process::ExitCode;

use anonymous_statistics::agent::installed_sender::Program;
use anonymous_statistics::agent::process::EnvSource;
use anonymous_statistics::channels::{State, Verdict};
use anonymous_statistics::endpoint::Endpoint;
use anonymous_statistics::inspect::{Preview, Question};
use anonymous_statistics::text::printable;

use crate::cli::{CheckOptions, Expect};
use crate::output::{self, CANNOT_TELL, Failure, NOT_DONE, object};
use crate::present::words;

/// An expectation that was compared: `None`: it cannot be told.
struct Answer {
    holds: Option<bool>,
    because: String,
}

pub(crate) fn run(question: &Question, options: &CheckOptions) -> Result<ExitCode, Failure> {
    let preview = Preview::look(question);
    // A mistyped folder has no opt-out file, and no agent that would send.
    let missing = question.config_dir.as_deref().filter(|folder| !folder.is_dir());
    let mut answers: Vec<Answer> = missing
        .map(|folder| Answer { holds: None, because: format!("{} is no folder that can be seen", words::path(folder)) })
        .into_iter()
        .collect();
    let mut expected = Vec::new();
    if let Some(expect) = options.expect {
        let answer = match (expect, &options.channel) {
            (Expect::Off, Some(name)) if preview.verdict() != Verdict::NoAgent => {
                let answer = of_channel(&preview, name, State::is_silent);
                // An agent that is not judged may have this channel.
                let hidden = preview.unseen_agent.clone().filter(|_why| answer.holds == Some(true));
                hidden.map_or(answer, |because| Answer { holds: None, because })
            }
            (Expect::Off, _) => off(&preview, options.require_agent),
            (Expect::On, None) => on(&preview),
            (Expect::On, Some(name)) => of_channel(&preview, name, State::sends),
        };
        let name = if expect == Expect::Off { "off" } else { "on" };
        expected.push(options.channel.iter().fold(name.to_owned(), |text, channel| format!("{channel} {text}")));
        answers.push(answer);
    }
    if let Some(url) = &options.expect_url {
        expected.push(url.to_string());
        answers.push(destination(&preview, url));
    }
    let any = |holds| answers.iter().find(|answer| answer.holds == holds);
    let (result, code, decisive) = match (any(Some(false)), any(None)) {
        (Some(answer), _) => ("mismatch", NOT_DONE, Some(answer)),
        (None, Some(answer)) => ("cannot-tell", CANNOT_TELL, Some(answer)),
        (None, None) => ("match", 0, answers.first()),
    };
    let expected = expected.join(", ");
    let because = decisive.map_or_else(String::new, |answer| printable(&answer.because).into_owned());
    if options.format.is_json() {
        let sends = preview.verdict().sends();
        output::json(&object! { result: result, expected: expected, anonymous_statistics: sends, because: because })?;
    } else {
        output::lines(&[format!("{result}: expected {expected}: {because}")])?;
        if result != "match" && preview.verdict() != Verdict::NoAgent {
            for line in words::telemetry(&preview) {
                output::hint(&line);
            }
        }
    }
    Ok(ExitCode::from(code))
}

/// Off, through every telemetry channel.
fn off(preview: &Preview, require_agent: bool) -> Answer {
    let verdict = preview.verdict();
    let holds = match verdict {
        Verdict::NoAgent => Some(!require_agent),
        Verdict::Off => Some(true),
        Verdict::Sends { .. } => Some(false),
        Verdict::CannotTell(_) => None,
    };
    Answer { holds, because: verdict.to_string() }
}

/// This project's sender sends the daemon's events.
fn on(preview: &Preview) -> Answer {
    if !preview.script.is_this_sender() {
        let unseen =
            matches!(preview.script.program, Program::CannotTell(_)) || preview.surroundings.whose == EnvSource::Unseen;
        return Answer { holds: (!unseen).then_some(false), because: format!("who would send: {}", preview.script) };
    }
    of_channel(preview, "events", State::sends)
}

/// The channel of every agent of this machine.
fn of_channel(preview: &Preview, name: &str, wanted: fn(State) -> bool) -> Answer {
    let channels = preview.channels();
    let others = preview.others.iter().flat_map(|other| &other.channels);
    let answers = channels.iter().chain(others).filter(|channel| channel.name == name).map(|channel| {
        let state = channel.judgement.state;
        let holds = (state != State::Unknown).then(|| wanted(state));
        Answer { holds, because: format!("{}: {}", channel.name, words::judged(channel)) }
    });
    // No comes first, then unknown.
    let first = answers.min_by_key(|answer| answer.holds.map_or(1, |holds| if holds { 2 } else { 0 }));
    first.unwrap_or_else(|| Answer { holds: None, because: format!("there is no channel {name}") })
}

fn destination(preview: &Preview, url: &Endpoint) -> Answer {
    match preview.assembly.as_ref().map(|assembly| assembly.request.endpoint()) {
        Ok(Some(endpoint)) => Answer { holds: Some(endpoint == url), because: format!("the events go to {endpoint}") },
        Ok(None) => Answer { holds: None, because: "the destination is not known here".to_owned() },
        Err(error) => Answer { holds: Some(false), because: error.to_string() },
    }
}
