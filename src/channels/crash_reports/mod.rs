//! The daemon's own report about its last run, which it posts at its start (from v2.3 on).

use crate::agent::folders::Folders;
use crate::agent::process::CI_VARIABLES;
use crate::channels::channel::{Channel, Seen, When};
use crate::channels::judgement::{Effect, Judgement, State, Step, by_version};
use crate::release::Release;

/// What the agent's last status file says, as far as it decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastRun {
    /// Whether it knows the Cloud's identifier of this agent (`node_id`, `claim_id`): it stays there for ever.
    pub has_cloud_id: bool,
    pub restarts: u64,
    /// Whether it counts as a crash (`crash reports = crashes`).
    pub is_crash: bool,
    /// Whether the agent runs, so that the end of this run is not known yet.
    pub is_running: bool,
    /// Whether the same report was posted within 23 hours.
    pub is_repeated: bool,
    pub sentry_available: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LastSeen {
    /// There is no file, or the daemon finds no status in it.
    None,
    Run(LastRun),
    /// It cannot be seen, or not be trusted, for this reason.
    Unseen(String),
}

pub(super) fn channel(seen: &Seen<'_>) -> Channel {
    Channel {
        name: "crash-reports",
        what: "The daemon's own report, at each of its starts (from v2.3 on), about its last run and this machine.",
        is_telemetry: true,
        destination: "agent-events.netdata.cloud".to_owned(),
        judgement: by_version(seen.version, |release| judge(release, seen)),
        how_to_stop: "crash reports = off, in section [global] of netdata.conf; the opt-out file alone does not stop them \
                      on an agent that was ever connected to the Cloud",
    }
}

/// What a daemon does with the setting `crash reports`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reports {
    All,
    Crashes,
    Off,
}

fn judge(release: Release, seen: &Seen<'_>) -> Judgement {
    if release < Release::REPORTS {
        return Judgement::new(State::NotThere, format!("they came with v{}", Release::REPORTS));
    }
    let (disabled, mut trace) = seen.disabled(release, When::AtStart);
    let last = &seen.files.last;
    let known_to_cloud = match last {
        LastSeen::Run(run) => Ok(run.has_cloud_id),
        LastSeen::None => Ok(false),
        LastSeen::Unseen(why) => Err(why.clone()),
    };
    trace.push(match &known_to_cloud {
        Ok(true) => Step::new("node_id and claim_id of the last run", "known: the opt-out does not count", Effect::On),
        Ok(false) => Step::new("node_id and claim_id of the last run", "none", Effect::None),
        Err(why) => Step::new("node_id and claim_id of the last run", why.clone(), Effect::Unknown),
    });
    let setting = match &seen.files.settings {
        Ok(settings) => Ok(settings.crash_reports.clone().filter(|value| !value.is_empty())),
        Err(why) => Err(why.clone()),
    };
    let reports = setting.as_ref().map(|setting| {
        setting.as_deref().map(|value| match value {
            "all" => Reports::All,
            "crashes" => Reports::Crashes,
            _ => Reports::Off,
        })
    });
    trace.push(match (&setting, &reports) {
        (Ok(Some(value)), Ok(Some(Reports::Off))) => Step::new(SETTING, format!("\"{value}\""), Effect::Off),
        (Ok(Some(value)), _) => Step::new(SETTING, format!("\"{value}\""), Effect::On),
        (Ok(None), _) => Step::new(SETTING, "not set, or empty", Effect::None),
        (Err(why), _) => Step::new(SETTING, why.clone(), Effect::Unknown),
    });
    let reports = match reports {
        Ok(Some(reports)) => reports,
        Err(why) => return Judgement::new(State::Unknown, why).with(trace),
        Ok(None) => match default(&disabled, &known_to_cloud, seen) {
            Ok(reports) => reports,
            Err(judgement) => return judgement.with(trace),
        },
    };
    let judgement = match reports {
        Reports::Off => Judgement::new(State::Off, format!("{SETTING} is neither \"all\" nor \"crashes\"")),
        Reports::All | Reports::Crashes => at_next_start(reports, seen),
    };
    judgement.with(trace)
}

const SETTING: &str = "[global] crash reports";

/// Without a setting: on unless telemetry is disabled and the Cloud knows no identifier of this agent.
fn default(
    disabled: &Result<bool, String>,
    known: &Result<bool, String>,
    seen: &Seen<'_>,
) -> Result<Reports, Judgement> {
    match (disabled, known) {
        (Ok(false), _) | (_, Ok(true)) => Ok(Reports::All),
        (Ok(true), Ok(false)) => Err(match &seen.files.claimed {
            // It learns its identifier after it has decided, and keeps it in the status file.
            Ok(true) => Judgement::new(State::OnLater, "the agent was claimed, which its last run did not know yet"),
            Ok(false) => {
                Judgement::new(State::Off, "the daemon finds its telemetry disabled, and it was never claimed")
            }
            Err(why) => Judgement::new(State::Unknown, why),
        }),
        (Err(why), _) | (_, Err(why)) => Err(Judgement::new(State::Unknown, why)),
    }
}

/// Reasons to be silent just this time.
fn at_next_start(reports: Reports, seen: &Seen<'_>) -> Judgement {
    let later = |why: &str| Judgement::new(State::OnLater, why);
    let (restarts, run) = match &seen.files.last {
        LastSeen::Run(run) => (run.restarts, Some(run)),
        LastSeen::None => (0, None),
        LastSeen::Unseen(_) => return Judgement::new(State::On, "at each start of the daemon"),
    };
    let under_ci = || CI_VARIABLES.into_iter().find(|name| matches!(seen.surroundings.variable(name), Ok(Some(_))));
    match run {
        _ if reports == Reports::Crashes && !run.is_some_and(|run| run.is_crash || run.is_running) => {
            later("only crashes are reported, and the last run did not end in one")
        }
        _ if restarts <= 1 && under_ci().is_some() => {
            later(&format!("{} is set, and the agent was started at most once", under_ci().unwrap_or_default()))
        }
        Some(LastRun { is_repeated: true, is_running: false, .. }) => {
            later("the same report was posted within 23 hours")
        }
        _ if reports == Reports::Crashes => Judgement::new(State::On, "at a start after a crash"),
        _ => Judgement::new(State::On, "at each start of the daemon"),
    }
}

impl LastSeen {
    pub(super) fn look(_folders: &Folders) -> Self {
        Self::None
    }
}
