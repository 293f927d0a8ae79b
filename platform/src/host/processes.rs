//! Running programs of one name, with their arguments and environments.
//!
//! Anyone can give a program any name. So there are two steps: [`candidates`] reads what the kernel says of each process;
//! [`Candidate::arguments`] and [`Candidate::environment`] read what a process says of itself, for accepted candidates only.
//!
//! The answer is no fact of the machine, as it depends on the caller: other users' processes can be hidden, and only root can
//! read their environments. [`Candidates::unseen`] reports such gaps.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use crate::host::candidate::Candidate;
use crate::host::{Error, Host, Platform, Result, sys};
use crate::mountinfo;

/// Entries of `/proc`: more than any machine has processes.
const ENTRIES: usize = 100_000;

/// How often the list is read again after a process ended, as it may have started another.
const ROUNDS: usize = 16;

/// The most candidates that are kept.
pub const CANDIDATES: usize = 16;

/// Bytes of an environment, and of arguments. Both can have megabytes (execve(2)), but not for a service.
const ENVIRONMENT: usize = 256 * 1024;
const ARGUMENTS: usize = 64 * 1024;

/// Bytes of `/proc/self/mountinfo`: room for some ten thousand mounts.
const MOUNTINFO: usize = 4 * 1024 * 1024;

/// Longest name that a process gives itself, without the NUL (`TASK_COMM_LEN`, include/linux/sched.h).
const COMM: usize = 15;

impl Candidate {
    /// Its arguments, the program's name first: [`Error::NotFound`] once it has ended.
    pub fn arguments(&self, host: &dyn Host) -> Result<Vec<OsString>> {
        match host.platform() {
            Platform::Linux => {
                self.block(host, "cmdline", ARGUMENTS).map(|bytes| strings(&bytes).map(OsStr::to_owned).collect())
            }
            _ => sys::arguments(self),
        }
    }

    /// The environment at its start, without later changes: [`Error::NotFound`] once it has ended.
    pub fn environment(&self, host: &dyn Host) -> Result<Vec<(OsString, OsString)>> {
        match host.platform() {
            Platform::Linux => {
                self.block(host, "environ", ENVIRONMENT).map(|bytes| strings(&bytes).filter_map(variable).collect())
            }
            _ => sys::environment(self).map(|list| list.iter().filter_map(|text| variable(text)).collect()),
        }
    }

    /// A file of this process, not of a later one with the same id.
    fn block(&self, host: &dyn Host, name: &str, limit: usize) -> Result<Vec<u8>> {
        let bytes = host.read(&format!("/proc/{}/{name}", self.id), limit)?;
        if ticks(host, self.id) == self.ticks { Ok(bytes) } else { Err(Error::NotFound) }
    }
}

/// Why there may be more processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unseen {
    /// Other users' processes are hidden from the caller.
    Hidden,
    /// Processes kept ending while they were read.
    Vanished,
    /// A process, or the options of `/proc`, could not be read.
    Failed(Error),
}

impl fmt::Display for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hidden => f.write_str("other users' processes are hidden from this user"),
            Self::Vanished => f.write_str("processes went away while they were looked at"),
            Self::Failed(error) => write!(f, "not every process could be looked at: {error}"),
        }
    }
}

/// The running programs of one name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    /// The accepted ones by their ids, at most [`CANDIDATES`].
    pub counting: Vec<Candidate>,
    /// The number of accepted ones beyond that.
    pub more: usize,
    /// The number of rejected ones.
    pub others: usize,
    /// Why there may be more.
    pub unseen: Option<Unseen>,
}

impl Candidates {
    /// Whether [`Self::counting`] holds all accepted ones.
    pub fn complete(&self) -> bool {
        self.more == 0 && self.unseen.is_none()
    }

    fn add(&mut self, candidate: Candidate, counts: &dyn Fn(&Candidate) -> bool) {
        if !counts(&candidate) {
            self.others += 1;
        } else if self.counting.len() < CANDIDATES {
            self.counting.push(candidate);
        } else {
            self.more += 1;
        }
    }
}

/// The running programs of one name; `counts` accepts or rejects each.
///
/// The name is that of the executable file, or if the caller may not read it, the name that the process gives itself.
///
/// # Errors
/// If processes cannot be listed: then it is unknown whether any runs.
pub fn candidates(host: &dyn Host, name: &str, counts: &dyn Fn(&Candidate) -> bool) -> Result<Candidates> {
    let mut found = match host.platform() {
        Platform::Linux => linux(host, name, counts)?,
        _ => elsewhere(host, name, counts)?,
    };
    found.counting.sort_unstable_by_key(|candidate| candidate.id);
    Ok(found)
}

/// proc(5)
fn linux(host: &dyn Host, name: &str, counts: &dyn Fn(&Candidate) -> bool) -> Result<Candidates> {
    let boot = boot_time(host);
    let mut found = Candidates::default();
    let mut seen = BTreeSet::new();
    for round in 0..ROUNDS {
        let listed: Vec<u32> = host.list("/proc", ENTRIES)?.iter().filter_map(|entry| entry.parse().ok()).collect();
        if round == 0 {
            found.unseen = hidden(host, listed.contains(&1)).unwrap_or_else(|error| Some(Unseen::Failed(error)));
        }
        let mut failure = None;
        for id in listed {
            if seen.contains(&id) {
                continue;
            }
            match look(host, id, name, boot) {
                Ok(candidate) => {
                    seen.insert(id);
                    if let Some(candidate) = candidate {
                        found.add(candidate, counts);
                    }
                }
                // It ended, and may have started another first, as daemons do. Other failures may be gone next time.
                Err(Error::NotFound) => failure = failure.or(Some(Unseen::Vanished)),
                Err(error) => failure = Some(Unseen::Failed(error)),
            }
        }
        match failure {
            None => break,
            Some(_) if round + 1 < ROUNDS => {}
            failure => found.unseen = found.unseen.or(failure),
        }
    }
    Ok(found)
}

/// Whether `/proc` hides other users' processes (`hidepid` in proc(5)).
fn hidden(host: &dyn Host, first_is_listed: bool) -> Result<Option<Unseen>> {
    /// `CAP_SYS_PTRACE`, capabilities(7): it sees all processes.
    const PTRACE: u64 = 1 << 19;
    // Every pid namespace has a process 1.
    if !first_is_listed {
        return Ok(Some(Unseen::Hidden));
    }
    let file = host.read_start("/proc/self/mountinfo", MOUNTINFO)?;
    let text = String::from_utf8_lossy(&file.bytes);
    // The last mount covers the others.
    let mount = mountinfo::parse(&text).filter(|mount| mount.point == "/proc").last();
    let option =
        mount.and_then(|mount| mount.super_options.split(',').find_map(|option| option.strip_prefix("hidepid=")));
    if matches!(option, None | Some("0" | "off")) {
        return if file.whole { Ok(None) } else { Err(Error::TooLarge) };
    }
    // `gid=` or a capability can lift the restriction. The caller has that right if it can read a process 1 of another user; its
    // own process 1 proves nothing.
    let own = Status::read(host, "self")?;
    let first = Status::read(host, "1");
    let sees = first.is_ok_and(|first| first.users != own.users || own.capabilities & PTRACE != 0);
    Ok(if sees { None } else { Some(Unseen::Hidden) })
}

/// The identity of a process in `proc_pid_status(5)`.
struct Status {
    parent: u32,
    users: [u32; 4],
    contained: Option<bool>,
    ended: bool,
    capabilities: u64,
}

impl Status {
    fn read(host: &dyn Host, process: &str) -> Result<Self> {
        let bytes = host.read(&format!("/proc/{process}/status"), 64 * 1024)?;
        Self::parse(&String::from_utf8_lossy(&bytes)).ok_or(Error::Malformed)
    }

    fn parse(text: &str) -> Option<Self> {
        let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).map(str::trim);
        let numbers = |key: &str| -> Option<Vec<u32>> {
            value(key)?.split_ascii_whitespace().map(|word| word.parse().ok()).collect()
        };
        Some(Self {
            parent: numbers("PPid")?.first().copied()?,
            users: numbers("Uid")?.try_into().ok()?,
            // One id for each pid namespace from the caller's on, since Linux 4.1.
            contained: numbers("NSpid").map(|ids| ids.len() > 1),
            // Zombie, or dead.
            ended: value("State").is_some_and(|state| state.starts_with(['Z', 'X', 'x'])),
            capabilities: value("CapEff").and_then(|set| u64::from_str_radix(set, 16).ok()).unwrap_or(0),
        })
    }
}

/// A process, if it runs and has this name. Of text that it controls only its name is read.
fn look(host: &dyn Host, id: u32, name: &str, boot: Option<u64>) -> Result<Option<Candidate>> {
    let is_called = match host.read_link(&format!("/proc/{id}/exe")) {
        Ok(path) => {
            let path = path.strip_suffix(b" (deleted)").unwrap_or(&path);
            Path::new(OsStr::from_bytes(path)).file_name() == Some(OsStr::new(name))
        }
        // A kernel thread or a zombie, or the process has ended.
        Err(Error::NotFound) => return host.metadata(&format!("/proc/{id}")).map(|_exists| None),
        // Another user's process.
        Err(Error::PermissionDenied) => {
            let comm = host.read(&format!("/proc/{id}/comm"), 64)?;
            comm.strip_suffix(b"\n").unwrap_or(&comm) == name.as_bytes().get(..COMM).unwrap_or(name.as_bytes())
        }
        Err(error) => return Err(error),
    };
    if !is_called {
        return Ok(None);
    }
    let status = Status::read(host, &id.to_string())?;
    if status.ended {
        return Ok(None);
    }
    let ticks = ticks(host, id);
    Ok(Some(Candidate {
        id,
        parent: status.parent,
        owner: status.users[1],
        contained: status.contained.or_else(|| namespaces_differ(host, id)),
        started: boot.zip(ticks).and_then(|(boot, ticks)| since_1970(boot, ticks)),
        users: status.users,
        ticks,
    }))
}

/// Whether a process is in another pid namespace than the caller; `None` if its link is unreadable.
fn namespaces_differ(host: &dyn Host, id: u32) -> Option<bool> {
    let own = host.read_link("/proc/self/ns/pid").ok()?;
    Some(own != host.read_link(&format!("/proc/{id}/ns/pid")).ok()?)
}

/// The processes that sysinfo finds.
fn elsewhere(host: &dyn Host, name: &str, counts: &dyn Fn(&Candidate) -> bool) -> Result<Candidates> {
    let mut found = Candidates::default();
    let mut first_is_listed = false;
    for (candidate, is_called) in sys::processes(name)? {
        first_is_listed |= candidate.id == 1;
        if is_called {
            found.add(candidate, counts);
        }
    }
    // A jail has no process 1 (jail(8)); outside one, security.bsd.see_other_uids can be off.
    let jailed = host.sysctl_integer("security.jail.jailed") == Ok(1);
    let hides = host.sysctl_integer("security.bsd.see_other_uids") == Ok(0) && !rustix::process::geteuid().is_root();
    if hides || (!first_is_listed && !jailed) {
        found.unseen = Some(Unseen::Hidden);
    }
    Ok(found)
}

/// The strings of a block, each ended by a NUL.
fn strings(block: &[u8]) -> impl Iterator<Item = &OsStr> {
    block.strip_suffix(b"\0").unwrap_or(block).split(|byte| *byte == 0).map(OsStr::from_bytes)
}

/// `NAME=value`
fn variable(text: &OsStr) -> Option<(OsString, OsString)> {
    let bytes = text.as_bytes();
    let at = bytes.iter().position(|byte| *byte == b'=')?;
    let (name, value) = bytes.split_at(at);
    Some((OsString::from_vec(name.to_vec()), OsString::from_vec(value.get(1..)?.to_vec())))
}

/// The boot time in milliseconds since 1970 (`btime` of `proc_stat(5)`).
fn boot_time(host: &dyn Host) -> Option<u64> {
    // A line for each processor and a long one with all interrupts precede it.
    let stat = host.read("/proc/stat", 1024 * 1024).ok()?;
    let text = String::from_utf8_lossy(&stat);
    let seconds: u64 = text.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok())?;
    seconds.checked_mul(1000)
}

/// The start of a process in ticks after the boot (field 22 of `proc_pid_stat(5)`).
fn ticks(host: &dyn Host, id: u32) -> Option<u64> {
    started(&host.read(&format!("/proc/{id}/stat"), 4096).ok()?)
}

/// Milliseconds since 1970 of a number of ticks after the boot.
fn since_1970(boot: u64, ticks: u64) -> Option<u64> {
    // USER_HZ is 100 wherever netdata is packaged (linux include/asm-generic/param.h).
    boot.checked_add(ticks.checked_mul(10)?)
}

fn started(stat: &[u8]) -> Option<u64> {
    // The name in brackets may contain brackets and blanks.
    let text = String::from_utf8_lossy(stat);
    text.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_hides_no_field() {
        let stat = b"7 (net) data) S 1 7 7 0 -1 4194560 1 0 0 0 3 2 0 0 20 0 1 0 1234 1 2 3";
        assert_eq!(started(stat), Some(1234));
        assert_eq!(started(b"7 (x"), None);
    }

    #[test]
    fn a_start_beyond_all_time_is_unknown() {
        assert_eq!(since_1970(1_700_000_000_000, 1234), Some(1_700_000_012_340));
        assert_eq!(since_1970(u64::MAX - 9, 1), None);
        assert_eq!(since_1970(0, u64::MAX / 10 + 1), None);
        assert_eq!(since_1970(u64::MAX, 0), Some(u64::MAX));
    }

    #[test]
    fn variables_may_hold_anything() {
        let block = b"A=1\0B=\0C==x\n\0nothing\0\xff=\xfe\0";
        let found: Vec<_> = strings(block).filter_map(variable).collect();
        let expected: [(&[u8], &[u8]); 4] = [(b"A", b"1"), (b"B", b""), (b"C", b"=x\n"), (b"\xff", b"\xfe")];
        let expected = expected.map(|(name, value)| (OsStr::from_bytes(name).into(), OsStr::from_bytes(value).into()));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_status_without_its_users_is_none() {
        assert!(Status::parse("PPid:\t1\nUid:\t0\t0\t0\n").is_none());
        assert!(Status::parse("PPid:\t1\nUid:\t0\tx\t0\t0\n").is_none());
        assert!(Status::parse("Uid:\t0\t0\t0\t0\n").is_none());
        assert!(Status::parse("PPid:\t1\nUid:\t0\t0\t0\t0\n").is_some_and(|status| status.contained.is_none()));
    }
}
