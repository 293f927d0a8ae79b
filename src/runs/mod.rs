//! The agent's runs, as its service and its status file tell them: which events are due.
//!
//! From v2.6 on the daemon calls no script. Hooks of its service call the sender instead: before each start, and, with
//! systemd, after each end. The status file says how the last run ended, systemd's variables say more about it, and a
//! small record says what was reported before, so that each start and each end is reported once, however often and
//! however late a hook is called. Where nobody calls after an end, the next start finds it.
//!
//! Everything here but [`look`] is pure.

mod decide;
mod end;
mod event;
mod hook;
pub mod look;
mod nothing;
mod record;
#[cfg(test)]
mod tests;

pub use decide::{Decision, Due, Seen, What, decide, is_ours};
pub use end::End;
pub use event::{ACTIONS, expected, invocation};
pub use hook::{Hook, Stop};
pub use nothing::Nothing;
pub use record::{Key, Record, Run};
