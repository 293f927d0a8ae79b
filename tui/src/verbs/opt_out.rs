//! `opt-out`: creates the file, changes `netdata.conf` where the file is not enough, deletes the waiting events, and shows
//! the new state of the disk.

use std::path::PathBuf;
use std::process::ExitCode;

use anonymous_statistics::consent::Decision;
use anonymous_statistics::inspect::{Preview, Question};

use crate::actions::netdata_conf;
use crate::actions::opting::OptOut;
use crate::actions::rights;
use crate::cli::{OptOutOptions, Scope};
use crate::output::{self, Failure, NO_PERMISSION};
use crate::present::words;
use crate::verbs::done;

pub(crate) fn run(question: &Question, options: OptOutOptions) -> Result<ExitCode, Failure> {
    let scope = options.scope();
    let plan = OptOut::find(question, scope);
    let refusal = plan.conf_obstacle(plan.confs());
    if options.dry_run {
        if let Some(obstacle) = plan.barred() {
            return Err(obstacle);
        }
        let code = done::nothing(options.format, would(&plan), &Preview::look(question))?;
        return refusal.map_or(Ok(code), Err);
    }
    if plan.is_to_be_confirmed() && !options.yes && plan.barred().is_none() {
        let mut files: Vec<String> = plan.files().map(|(file, _)| format!("creates {}", words::path(&file))).collect();
        if plan.confs().changes().next().is_some() {
            done::before(options.format, &would(&plan))?;
            files.extend(plan.confs().changes().map(|change| format!("changes {}", words::path(change.path()))));
        }
        let why = if plan.is_foreign() { "An agent here names folders of its own; this " } else { "This " };
        output::confirm("opt-out", &format!("{why}{}.", files.join(" and ")))?;
    }
    let nothing = scope == Scope::Conf && plan.confs().is_empty();
    let outcome = plan.perform();
    // The disk decides, not this program's belief.
    let after = Preview::look(question);
    let mut said = outcome.sentences(after.restart.as_deref());
    if let Some(obstacle) = outcome.obstacle() {
        if !said.is_empty() {
            done::before(options.format, &said)?;
        }
        return Err(obstacle);
    }
    if nothing {
        said.push("There is nothing to change: crash reports are off in netdata.conf.".to_owned());
    }
    said.extend([String::new(), words::painted_headline(&after)]);
    said.extend(going_on(&after));
    done::say(options.format, true, &said, &after)?;
    if scope == Scope::Conf || after.consent.decision() == Decision::OptedOut {
        Ok(ExitCode::SUCCESS)
    } else {
        Err(Failure::new(NO_PERMISSION, "the file was created, but is not found there")
            .instead(rights::with_more_rights("opt-out", &after)))
    }
}

/// What will be done, with the lines of each change.
fn would(plan: &OptOut) -> Vec<String> {
    let file = |(file, folder): (PathBuf, bool)| {
        let folder = if folder { " (and its folder)" } else { "" };
        format!("Would create {}{folder} if missing.", words::path(&file))
    };
    let mut lines: Vec<String> = plan.files().map(file).collect();
    for change in plan.confs().changes() {
        let mut parts = netdata_conf::plan(change).into_iter();
        lines.extend(parts.next().map(|what| format!("Would {what}")));
        lines.extend(parts.map(|line| format!("  {line}")));
    }
    if plan.files().next().is_some() {
        lines.push("Would delete events that wait to be sent.".to_owned());
    }
    lines
}

/// What still goes on, or may go on.
fn going_on(after: &Preview) -> Vec<String> {
    let others = after.channels().into_iter().filter(|channel| !channel.judgement.state.is_silent());
    let mut lines: Vec<String> =
        others.map(|channel| format!("  {}: {}", channel.name, words::judged(&channel))).collect();
    if !lines.is_empty() {
        lines.insert(0, "What is still on, or may be:".to_owned());
    }
    lines
}
