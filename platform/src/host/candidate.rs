//! A running program.

/// A running program, as the kernel describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its process id.
    pub id: u32,
    /// Its parent's process id.
    pub parent: u32,
    /// Its effective user id.
    pub owner: u32,
    /// Whether it runs in another pid namespace, as in a container: its paths then mean other files than the caller's. `None` if
    /// unknown.
    pub contained: Option<bool>,
    /// Its start in milliseconds since 1970, exact to a second, as the boot time is.
    pub started: Option<u64>,
    /// Its user ids: real, effective, saved, and for files.
    pub(crate) users: [u32; 4],
    /// Its start in the kernel's unit. It tells a process from an earlier one with the same id.
    pub(crate) ticks: Option<u64>,
}

impl Candidate {
    /// Whether all its user ids are this user's. A setuid program is nobody's: it has the rights of one user and the environment
    /// of another.
    pub fn runs_as(&self, user: u32) -> bool {
        self.users.iter().all(|id| *id == user)
    }
}
