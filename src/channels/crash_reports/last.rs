//! The agent's last run, as far as it decides whether the daemon reports.

use crate::agent::folders::Folders;

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

impl LastSeen {
    pub(super) fn has_cloud_id(&self) -> Result<bool, String> {
        match self {
            Self::Run(run) => Ok(run.has_cloud_id),
            Self::None => Ok(false),
            Self::Unseen(why) => Err(why.clone()),
        }
    }

    pub(super) fn look(_folders: &Folders) -> Self {
        Self::None
    }
}
