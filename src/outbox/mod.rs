//! Waiting events and answered requests: two folders, one file per event.
//!
//! `rename` is the only transition, so an event is always in exactly one state. There is no index and no lock file:
//! senders lock a folder or an entry itself (flock(2)), and the lock ends with the process.
//!
//! - The sender of an event holds an exclusive lock on its entry. Meanwhile nobody else sends it, or evicts it.
//! - A sender that is about to write the first byte of a request, or to store an event, holds a shared lock on the
//!   state folder ([`Passage`]). An opt-out takes the exclusive lock for a moment: when it has it, nobody is at that
//!   point, and every later sender checks consent again first.
//! - A hook of the agent's service holds the exclusive lock while it decides which events are due, stores them, and
//!   writes down that it did ([`Alone`]).
//!
//! The folder belongs to the daemon's user. Nothing in it is trusted: every access is relative to an open folder and
//! follows no link, and reads are limited.

mod entry;
mod folder;
mod forget;
pub mod history;
pub mod limits;
pub mod outcome;
mod record;
mod store;
#[cfg(test)]
mod tests;
mod tidy;

pub use entry::{Entry, Item, Record, State};
pub use folder::{Role, STATE_FOLDER, Unread};
pub use forget::{Deleted, delete_all, forget_history, forget_waiting, may_forget_waiting, silence, something_waits};
#[cfg(feature = "inspect")]
pub use record::has_record;
pub use store::{Alone, Barrier, Claim, Outbox, Passage};
