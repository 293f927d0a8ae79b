//! `opt-out`: creates the file, changes `netdata.conf` where the file is not enough, deletes the waiting events, and shows
//! the new state of the disk.

use anonymous_statistics::channels::Channel;
use anonymous_statistics::consent::Decision;
use anonymous_statistics::inspect::{Preview, Question};

use crate::actions::opting::OptOut;
use crate::actions::rights;
use crate::cli::{OptOutOptions, Scope};
use crate::output::{self, Failure, NO_PERMISSION};
use crate::present::words;
use crate::verbs::done;

pub(crate) fn run(question: &Question, options: OptOutOptions) -> Result<(), Failure> {
    let scope = options.scope();
    let plan = OptOut::find(question, scope);
    let refusal = plan.conf_obstacle(&plan.confs);
    if options.dry_run {
        if let Some(obstacle) = plan.barred() {
            return Err(obstacle);
        }
        done::nothing(options.format, done::would(&plan.steps()), &Preview::look(question))?;
        return refusal.map_or(Ok(()), Err);
    }
    if plan.is_to_be_confirmed() && !options.yes && plan.barred().is_none() {
        let mut files: Vec<String> = plan.files().map(|file| format!("creates {}", words::path(&file))).collect();
        if plan.confs.changes().next().is_some() {
            done::before(options.format, &done::would(&plan.steps()))?;
            files.extend(plan.confs.changes().map(|change| format!("changes {}", words::path(change.path()))));
        }
        let why = if plan.is_foreign() { "An agent here names folders of its own; this " } else { "This " };
        output::confirm("opt-out", &format!("{why}{}.", files.join(" and ")))?;
    }
    let nothing = scope == Scope::Conf && plan.confs.is_empty();
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
        Ok(())
    } else {
        Err(Failure::new(NO_PERMISSION, "the file was created, but is not found there")
            .instead(rights::with_more_rights("opt-out", &after)))
    }
}

/// What still goes on, or may go on.
fn going_on(after: &Preview) -> Vec<String> {
    let channels = after.channels();
    let mut lines = Vec::new();
    for (is_telemetry, heading) in [(true, "Still on, or may be:"), (false, "Still on, and not counted as telemetry:")]
    {
        let on = |channel: &&Channel| !channel.judgement.state.is_silent() && channel.is_telemetry == is_telemetry;
        let on = channels.iter().filter(on).map(|channel| format!("  {}: {}", channel.name, words::judged(channel)));
        let mut on = on.peekable();
        lines.extend(on.peek().map(|_| heading.to_owned()));
        lines.extend(on);
    }
    lines
}
