//! Events that wait to be sent, and requests that were answered: two folders, one file per event.
//!
//! `rename` is the only way from one state to the next, so an event is always in exactly one of them. There is no index and no
//! file that locks: what is held is a folder or an entry itself (flock(2)), so whoever ends, however, holds nothing any more.
//!
//! - Whoever sends an event holds its entry alone. Nobody else sends it then, or deletes it for want of room.
//! - Whoever is about to write the first byte of a request, or to write an event down, holds the state folder together with
//!   others of that kind ([`Passage`]). Whoever opts out holds it alone for a moment: then nobody is at that point any more, and
//!   whoever comes there later looks once more first.
//!
//! The folder belongs to the user that the daemon runs as. Nothing in it is trusted: every access is relative to an open
//! folder and follows no link, and however much is there, so much is read of it and no more.

mod entry;
mod folder;
mod forget;
pub mod history;
pub mod limits;
pub mod outcome;
mod store;
#[cfg(test)]
mod tests;
mod tidy;

pub use entry::{Entry, Item, Name, Record, State};
pub use folder::{Role, STATE_FOLDER, Unread};
pub use forget::{Deleted, delete_all, forget_history, forget_waiting, may_forget_waiting, silence, something_waits};
pub use store::{Barrier, Claim, Outbox, Passage};
