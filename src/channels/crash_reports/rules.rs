//! Whether the daemon reports: the rules of v2.3 to v2.11, in the daemon's order.

use crate::agent::process::CI_VARIABLES;
use crate::agent::version::Version;
use crate::channels::channel::{Files, Seen, When};
use crate::channels::crash_reports::last::{LastRun, LastSeen};
use crate::channels::judgement::{Effect, Judgement, State, Step, by_version, of_known};
use crate::release::Release;

/// What a daemon does with the setting `crash reports`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reports {
    All,
    Crashes,
    Off,
}

pub(super) fn judge(release: Release, seen: &Seen<'_>) -> Judgement {
    if release < Release::REPORTS {
        return Judgement::new(State::NotThere, format!("they came with v{}", Release::REPORTS));
    }
    let (disabled, mut trace) = seen.disabled(release, When::AtStart);
    let known_to_cloud = seen.files.last.has_cloud_id();
    trace.push(match &known_to_cloud {
        Ok(true) => Step::new("node_id and claim_id of the last run", "known: the opt-out does not count", Effect::On),
        Ok(false) => Step::new("node_id and claim_id of the last run", "none", Effect::None),
        Err(why) => Step::new("node_id and claim_id of the last run", why.clone(), Effect::Unknown),
    });
    let setting = setting(seen.files);
    trace.push(match &setting {
        Ok(None) => Step::new(SETTING, "not set, or empty", Effect::None),
        Ok(Some((value, Reports::Off))) => Step::new(SETTING, format!("\"{value}\""), Effect::Off),
        Ok(Some((value, _))) => Step::new(SETTING, format!("\"{value}\""), Effect::On),
        Err(why) => Step::new(SETTING, why.as_str(), Effect::Unknown),
    });
    let judgement = match reports(&disabled, seen.files) {
        Ok(Reports::Off) => Judgement::new(State::Off, format!("{SETTING} turns them off")),
        Ok(reports) => at_next_start(reports, seen),
        Err(judgement) => judgement,
    };
    judgement.with(trace)
}

/// Whether an agent reports, or may report, although its opt-out file is there.
pub fn go_on_opted_out(version: Option<&Version>, files: &Files) -> bool {
    let judge = |release| match reports(&Ok(true), files) {
        _ if release < Release::REPORTS => Judgement::new(State::NotThere, ""),
        Ok(Reports::Off) => Judgement::new(State::Off, ""),
        Ok(_) => Judgement::new(State::On, ""),
        Err(judgement) => judgement,
    };
    // A setting that nobody knows to be necessary is not made for an unknown version.
    let judgement = if version.is_some() { by_version(version, judge) } else { of_known(judge) };
    !judgement.state.is_silent()
}

const SETTING: &str = "[global] crash reports";

/// The values with which a daemon reports; any other but an empty one stops it.
pub const SENDING: [&str; 2] = ["all", "crashes"];

/// The setting, if it is set.
fn setting(files: &Files) -> Result<Option<(&str, Reports)>, &String> {
    let value = files.settings.as_ref()?.crash_reports.as_deref().filter(|value| !value.is_empty());
    Ok(value.map(|value| match value {
        value if value == SENDING[0] => (value, Reports::All),
        value if value == SENDING[1] => (value, Reports::Crashes),
        _ => (value, Reports::Off),
    }))
}

/// The setting; without one, on unless telemetry is disabled and the Cloud knows no identifier of this agent.
fn reports(disabled: &Result<bool, String>, files: &Files) -> Result<Reports, Judgement> {
    let unknown = |why: &String| Judgement::new(State::Unknown, why);
    if let Some((_, reports)) = setting(files).map_err(unknown)? {
        return Ok(reports);
    }
    match (disabled, files.last.has_cloud_id()) {
        (Ok(false), _) | (_, Ok(true)) => Ok(Reports::All),
        (Ok(true), Ok(false)) => Err(match &files.claimed {
            // It learns its identifier after it has decided, and keeps it in the status file.
            Ok(true) => Judgement::new(State::OnLater, "the agent was claimed, which its last run did not know yet"),
            Ok(false) if files.to_be_claimed.is_some() => {
                Judgement::new(State::OnLater, files.to_be_claimed.unwrap_or_default())
            }
            Ok(false) => {
                Judgement::new(State::Off, "the daemon finds its telemetry disabled, and it was never claimed")
            }
            Err(why) => unknown(why),
        }),
        (Err(why), _) => Err(unknown(why)),
        (_, Err(why)) => Err(unknown(&why)),
    }
}

/// Reasons to be silent just this time.
fn at_next_start(reports: Reports, seen: &Seen<'_>) -> Judgement {
    let later = |why: &str| Judgement::new(State::OnLater, why);
    let LastSeen::Run(run) = &seen.files.last else {
        return Judgement::new(State::On, "at each start of the daemon");
    };
    let under_ci = || CI_VARIABLES.into_iter().find(|name| matches!(seen.surroundings.variable(name), Ok(Some(_))));
    match run {
        _ if reports == Reports::Crashes && !(run.is_crash || run.is_running) => {
            later("only crashes are reported, and the last run did not end in one")
        }
        _ if run.restarts <= 1 && under_ci().is_some() => {
            later(&format!("{} is set, and the agent was started at most once", under_ci().unwrap_or_default()))
        }
        LastRun { is_repeated: true, is_running: false, .. } => later("the same report was posted within 23 hours"),
        _ if reports == Reports::Crashes => Judgement::new(State::On, "at a start after a crash"),
        _ => Judgement::new(State::On, "at each start of the daemon"),
    }
}
