//! Which reports were posted: the daemon keeps the hashes and times of fifty, and posts none of them again within 23
//! hours.

use crate::agent::status_file::ending::Ending;
use crate::agent::status_file::{LastStatus, Release, time};

/// In the same folders as the status file; the newest counts.
pub const FILE: &str = "dedup-netdata.dat";

/// A magic number, the version, the hash of the rest, and the slots, each a flag, a hash and a time.
pub const FILE_BYTES: usize = 24 + 50 * SLOT_BYTES;
const SLOT_BYTES: usize = 24;
const MAGIC: u64 = 0x1DED_A9F1_7EDA_7150;

/// How long a report is not posted again, in microseconds.
const PAUSE: u64 = 23 * 3600 * 1_000_000;

/// A report that was posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posted {
    /// By Sentry.
    pub sentry: bool,
    pub hash: u64,
    /// Microseconds since 1970.
    pub time: u64,
}

/// The reports in the file. A file that is damaged in any way has none: the daemon forgets them all. What follows is
/// not read.
pub fn read(bytes: &[u8]) -> Vec<Posted> {
    let number = |bytes: &[u8]| bytes.first_chunk().map_or(0, |bytes| u64::from_ne_bytes(*bytes));
    let Some((head, slots)) = bytes.get(..FILE_BYTES).and_then(|bytes| bytes.split_at_checked(24)) else {
        return Vec::new();
    };
    let [magic, version, check] = [0, 8, 16].map(|at| head.get(at..).map_or(0, number));
    if (magic, version, check) != (MAGIC, 1, fnv1a(slots)) {
        return Vec::new();
    }
    let slots = slots.chunks_exact(SLOT_BYTES).map(|slot| Posted {
        sentry: slot.first() != Some(&0),
        hash: slot.get(8..).map_or(0, number),
        time: slot.get(16..).map_or(0, number),
    });
    slots.filter(|slot| slot.time != 0).collect()
}

/// When the same report was posted, if that is less than 23 hours ago.
pub fn posted(slots: &[Posted], hash: u64, now: u64) -> Option<u64> {
    // A time in the future is a long time ago, too: the daemon's subtraction wraps around.
    let slot = slots.iter().find(|slot| !slot.sentry && slot.hash == hash && now.wrapping_sub(slot.time) < PAUSE);
    slot.map(|slot| slot.time)
}

/// The hash of a report: of the daemon's structure in memory, with the gaps in it. `None`: it is not known for this
/// version or machine.
pub(super) fn hash(status: &LastStatus, ending: &Ending, daemon: &Release) -> Option<u64> {
    // The numbers of signals are Linux's, and the structure is that of 64 bits.
    if !cfg!(all(target_os = "linux", target_pointer_width = "64")) {
        return None;
    }
    let hashing = daemon.hashing()?;
    let (agent, fatal) = (&status.agent, &status.fatal);
    let mut memory = Memory(Vec::with_capacity(5000));
    memory.u32(u32::try_from(status.version).unwrap_or(0));
    memory.u32(agent.status.number());
    memory.u64(fatal.signal_code.0);
    memory.u32(agent.profile.0);
    memory.u32(agent.exit_reason.0);
    memory.bytes(&[agent.db_mode.0], 4);
    memory.u32(fatal.worker_job_id);
    memory.bytes(&[agent.db_tiers, agent.kubernetes.into(), agent.sentry_available.into(), fatal.sentry.into()], 8);
    // The text of the identifier, which is empty in a status that was read.
    memory.bytes(&[], 40);
    memory.bytes(&agent.id, 16);
    memory.u64(agent.since);
    if hashing.time_as_text {
        let since = if agent.since > 0 { time::write(agent.since) } else { String::new() };
        memory.bytes(since.as_bytes(), 40);
    }
    memory.bytes(&status.host.id, 16);
    // The line, which is never filled.
    memory.u64(0);
    memory.bytes(&agent.version, 32);
    if hashing.function {
        memory.bytes(&fatal.filename, 256);
        memory.bytes(&fatal.function, 128);
    } else {
        // The function overwrites the beginning of the file's name, and ends in a NUL.
        let mut name = fatal.function.clone();
        name.push(0);
        name.extend(fatal.filename.get(name.len()..).unwrap_or_default());
        memory.bytes(&name, 256);
        memory.bytes(&[], 128);
    }
    memory.bytes(&without_addresses(&fatal.stack_trace), 4096);
    memory.bytes(&fatal.thread, 16);
    memory.bytes(ending.message.as_bytes(), 128);
    memory.bytes(ending.cause.as_bytes(), 32);
    Some(fnv1a(&memory.0))
}

/// A C structure of this machine.
struct Memory(Vec<u8>);

impl Memory {
    fn bytes(&mut self, bytes: &[u8], size: usize) {
        let end = self.0.len() + size;
        self.0.extend(bytes);
        self.0.resize(end, 0);
    }

    fn u32(&mut self, number: u32) {
        self.0.extend(number.to_ne_bytes());
    }

    fn u64(&mut self, number: u64) {
        self.0.extend(number.to_ne_bytes());
    }
}

/// Hexadecimal numbers as zeros. (Only for the hash: they are posted.)
fn without_addresses(trace: &[u8]) -> Vec<u8> {
    let mut trace = trace.to_vec();
    let mut inside = false;
    for at in 1..trace.len() {
        let (before, byte) = (trace.get(at - 1).copied(), trace.get(at).copied().unwrap_or(0));
        let begins = !inside && before == Some(b'0') && byte == b'x';
        inside = begins || inside && byte.is_ascii_hexdigit();
        if inside && let Some(byte) = trace.get_mut(at) {
            *byte = b'0';
        }
    }
    trace
}

/// FNV-1a with 64 bits.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_do_not_count() {
        assert_eq!(without_addresses(b"a 0x1Fg 00x2 0xz x1"), b"a 0000g 0000 00z x1");
        assert_eq!(without_addresses(b"0x0x1"), b"000x1");
    }

    #[test]
    fn damage_is_no_report() {
        let mut slots = vec![0; 50 * SLOT_BYTES];
        slots[8..16].copy_from_slice(&7u64.to_ne_bytes());
        slots[16..24].copy_from_slice(&1000u64.to_ne_bytes());
        let file = |check: u64| {
            let head = [MAGIC, 1, check].map(u64::to_ne_bytes);
            [head.concat(), slots.clone()].concat()
        };
        let good = file(fnv1a(&slots));
        let posted_once = read(&good);
        assert_eq!(posted_once, [Posted { sentry: false, hash: 7, time: 1000 }]);
        assert_eq!(posted(&posted_once, 7, 1000 + PAUSE - 1), Some(1000));
        assert_eq!(posted(&posted_once, 7, 1000 + PAUSE), None);
        assert_eq!(posted(&posted_once, 7, 999), None);
        assert_eq!(posted(&posted_once, 8, 1000), None);
        assert_eq!(read(&file(fnv1a(&slots) ^ 1)), []);
        assert_eq!(read(&good[..good.len() - 1]), []);
        assert_eq!(read(&[&good[..], b"more"].concat()), posted_once);
    }
}
