//! Every number that bounds what the sender does, in one place, each with its reason.

use std::time::Duration;

/// Total time of a START or META call. The daemon waits for its child at start-up, and the script that this program
/// replaces allowed curl 2 s.
pub const DEADLINE_START: Duration = Duration::from_secs(2);

/// Total time of every other call: the daemon is stopping or failing, and somebody waits for it.
pub const DEADLINE_OTHER: Duration = Duration::from_secs(1);

/// The shortest deadline that a configuration may ask for. Below it no TLS handshake over a real network would finish,
/// so every event would be lost while the configuration looks valid.
pub const DEADLINE_MIN: Duration = Duration::from_millis(50);

/// The share of the deadline after which a consent check without an answer counts as unknown: `1 / CONSENT_SHARE`.
/// A config folder on a hanging file system must not use up the time that the daemon grants.
pub const CONSENT_SHARE: u32 = 4;

/// Bytes of a thread's stack: what Rust gives a thread where nobody sets `RUST_MIN_STACK`, which must not decide.
pub const STACK_BYTES: usize = 2 * 1024 * 1024;

/// How long who knows a host's IPv4 addresses waits for those of IPv6 (RFC 8305, 8).
pub const RESOLUTION_DELAY: Duration = Duration::from_millis(50);

/// Arguments that a daemon may give: 3 up to v1.28, 42 in v1.37, 43 or 44 in later versions. Later ones are ignored.
pub const ARGUMENTS_MAX: usize = 44;

/// Bytes of one argument. The longest real one lists the collectors; a busy parent's list is about 4 KiB.
pub const ARGUMENT_BYTES: usize = 16 * 1024;

/// Bytes of one environment variable that an event reads. None of them is longer than a name.
pub const VARIABLE_BYTES: usize = 1024;

/// Bytes of a body. A stock daemon's is about 4 KiB; the server refuses far larger ones.
pub const BODY_BYTES: usize = 64 * 1024;

/// Bytes of a reply that are read. Only its status matters; nothing of it is kept.
pub const REPLY_BYTES: usize = 16 * 1024;

/// Bytes of `/etc/hosts`. Lists of blocked hosts have some hundred thousand lines.
pub const HOSTS_BYTES: u64 = 16 * 1024 * 1024;

/// Files in a folder that `SSL_CERT_DIR` names. Debian's has some 450: each certificate under three names.
pub const TRUST_STORE_FILES: usize = 4096;

/// Bytes of the files that `CURL_CA_BUNDLE`, `SSL_CERT_FILE` and `SSL_CERT_DIR` name. Debian's trust store is about 220 KB, and in its
/// folder stands everything three times.
pub const TRUST_STORE_BYTES: usize = 16 * 1024 * 1024;

/// Bytes of the configuration file. A real one has five lines.
pub const CONFIG_BYTES: usize = 64 * 1024;

/// Bytes of a recorded call that the preview reads (`--call FILE`): 44 arguments of the largest size, the environment,
/// and what JSON adds.
pub const CALL_BYTES: usize = 1024 * 1024;

/// Bytes of the program that stands at the daemon's script path. Ours is about 2 MB; what is larger is not ours.
pub const PROGRAM_BYTES: u64 = 64 * 1024 * 1024;

/// Events that wait to be sent. More than a month of restarts, less than anyone would notice on a disk.
pub const WAITING_EVENTS: usize = 32;

/// Bytes of all waiting events together.
pub const WAITING_BYTES: u64 = 1024 * 1024;

/// Age of a waiting event. An older one says little about the version that runs now, and the age bounds how long an
/// event can outlive an opt-out file that nobody saw.
pub const WAITING_AGE: Duration = Duration::from_hours(7 * 24);

/// The beginning of 2024, before this program existed: a clock that says an earlier time was not set yet. Milliseconds since
/// 1970.
pub const FIRST_TIME: u64 = 1_704_067_200_000;

/// Times that an event is tried. An outage uses none of them up, as nothing is tried where the call's own event fails: it is a
/// server that takes other events and says eight times "not now" to this one.
pub const TRIES: u32 = 8;

/// The longest time that a server can ask for before an event is tried again (`Retry-After`). An event does not live longer.
pub const RETRY_AFTER: Duration = WAITING_AGE;

/// How long opting out waits for senders that are about to write the first byte of a request: longer than any call takes.
pub const OPT_OUT_WAIT: Duration = Duration::from_secs(3);

/// Delivered requests that are kept for people to read (`history` in the configuration; 0 keeps none).
pub const HISTORY_ENTRIES: usize = 20;

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
