//! The limits of the outbox, each with its reason.

use std::time::Duration;

use crate::clock::UnixMillis;
use crate::request::payload::BODY_BYTES;

/// Waiting events. More than a month of restarts, and little disk space.
pub const WAITING_EVENTS: usize = 32;

/// Bytes of all waiting events.
pub const WAITING_BYTES: u64 = 1024 * 1024;

/// Age of a waiting event. An older one says little about the running version, and the limit bounds how long an event
/// can outlive an opt-out file that no sender saw.
pub const WAITING_AGE: Duration = Duration::from_hours(7 * 24);

/// The beginning of 2024, before this program existed: an earlier time comes from a clock that was not set.
pub const FIRST_TIME: UnixMillis = UnixMillis(1_704_067_200_000);

/// Attempts at one event. An outage uses up none, as nothing waiting is tried when the call's own event fails: only a
/// server that accepts other events and refuses this one does.
pub const TRIES: u32 = 8;

/// The longest `Retry-After`. An event does not live longer.
pub const RETRY_AFTER: Duration = WAITING_AGE;

/// How long an opt-out waits for senders that are about to write: longer than any call takes.
pub const OPT_OUT_WAIT: Duration = Duration::from_secs(3);

/// Bytes of all delivered requests.
pub const HISTORY_BYTES: u64 = 1024 * 1024;

pub const HISTORY_AGE: Duration = Duration::from_hours(90 * 24);

/// Names that are read of a folder. Whoever fills it must cost nobody time or memory.
pub const OUTBOX_NAMES: usize = 10_000;

/// Entries of a folder that the sender considers: more than senders that start at the same moment leave. The next call
/// continues.
pub const OUTBOX_ENTRIES: usize = 1000;

/// Bytes that the sender reads of them: four times the limit of waiting events and history.
pub const OUTBOX_BYTES: usize = 4 * 1024 * 1024;

/// Entries that people are shown of each state: more than the sender leaves.
pub const SHOWN_ENTRIES: usize = 50;

/// Bytes that are read for them, for each state.
pub const SHOWN_BYTES: usize = 2 * 1024 * 1024;

/// Time for deleting the events of one folder. Somebody may make new ones all the time.
pub const DELETING: Duration = Duration::from_mins(1);

/// Bytes of the record of the agent's runs, which has less than 4 KiB.
pub const RECORD_BYTES: usize = 16 * 1024;

/// Bytes of an entry: the largest body, the headers, and the first line.
pub const ENTRY_BYTES: usize = BODY_BYTES + 4 * 1024;
