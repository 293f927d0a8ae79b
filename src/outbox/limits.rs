//! The numbers that bound the outbox, each with its reason.

use std::time::Duration;

use crate::clock::UnixMillis;
use crate::request::payload::BODY_BYTES;

/// Events that wait to be sent. More than a month of restarts, less than anyone would notice on a disk.
pub const WAITING_EVENTS: usize = 32;

/// Bytes of all waiting events together.
pub const WAITING_BYTES: u64 = 1024 * 1024;

/// Age of a waiting event. An older one says little about the version that runs now, and the age bounds how long an
/// event can outlive an opt-out file that nobody saw.
pub const WAITING_AGE: Duration = Duration::from_hours(7 * 24);

/// The beginning of 2024, before this program existed: a clock that says an earlier time was not set yet.
pub const FIRST_TIME: UnixMillis = UnixMillis(1_704_067_200_000);

/// Times that an event is tried. An outage uses none of them up, as nothing is tried where the call's own event fails: it is a
/// server that takes other events and says eight times "not now" to this one.
pub const TRIES: u32 = 8;

/// The longest time that a server can ask for before an event is tried again (`Retry-After`). An event does not live longer.
pub const RETRY_AFTER: Duration = WAITING_AGE;

/// How long opting out waits for senders that are about to write the first byte of a request: longer than any call takes.
pub const OPT_OUT_WAIT: Duration = Duration::from_secs(3);

/// Bytes of all delivered requests together.
pub const HISTORY_BYTES: u64 = 1024 * 1024;

/// Age of a delivered request.
pub const HISTORY_AGE: Duration = Duration::from_hours(90 * 24);

/// Names of a folder of the outbox that are looked at. Whoever fills it must cost nobody time or memory.
pub const OUTBOX_NAMES: usize = 10_000;

/// Entries of a folder of the outbox that the sender looks at to see which it sends or deletes: more than senders that start at
/// the same moment leave. Of the rest the next call takes its share.
pub const OUTBOX_ENTRIES: usize = 1000;

/// Bytes that the sender reads of these: four times what it lets wait or keeps.
pub const OUTBOX_BYTES: usize = 4 * 1024 * 1024;

/// Entries that people are shown of what waits, and of what was sent: more than the sender leaves there.
pub const SHOWN_ENTRIES: usize = 50;

/// Bytes that are read of these for each of the two.
pub const SHOWN_BYTES: usize = 2 * 1024 * 1024;

/// How long the events of one folder are being deleted. Somebody may make new ones all the time.
pub const DELETING: Duration = Duration::from_mins(1);

/// Bytes of an outbox entry: the largest body, the headers, and the line about the attempts.
pub const ENTRY_BYTES: usize = BODY_BYTES + 4 * 1024;
