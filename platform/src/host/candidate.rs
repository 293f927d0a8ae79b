//! A running program.

/// A running program, as the kernel knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its process id.
    pub id: u32,
    /// The process that started it.
    pub parent: u32,
    /// The user that it runs as: its effective user id.
    pub owner: u32,
    /// Whether it runs in another pid namespace, as it does in a container: what it sees of the file system is then not what
    /// the asker sees. `None` where that cannot be told.
    pub contained: Option<bool>,
    /// When it was started: milliseconds since 1970. The machine's own start, from which it is counted, is known to a second.
    pub started: Option<u64>,
    /// All its user ids: real, effective, saved, and that for files.
    pub(crate) users: [u32; 4],
    /// When it was started, in the kernel's own count: a process of the same number that starts later has another.
    pub(crate) ticks: Option<u64>,
}

impl Candidate {
    /// Whether it is this user's in every respect. A program that one user started and that runs as another (setuid) is
    /// neither's: its environment is the first one's.
    pub fn runs_as(&self, user: u32) -> bool {
        self.users.iter().all(|id| *id == user)
    }
}
