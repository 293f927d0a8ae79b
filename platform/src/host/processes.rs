//! Running programs of one name: which there are, and with which arguments and environment they were started.
//!
//! Anyone can give a program any name. So there are two steps: [`candidates`] reads what the kernel says of each process, and
//! [`Candidate::arguments`] and [`Candidate::environment`] what a process says of itself, for those only that count for the
//! caller.
//!
//! It is no fact of a machine, and depends on who asks: others' processes can be hidden, and their arguments and environment
//! are open to root only. What could not be seen is said.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use crate::host::candidate::Candidate;
use crate::host::{Error, Host, Platform, Result, sys};
use crate::mountinfo;

/// Names in `/proc` that are looked at. More processes than a machine of any size has.
const ENTRIES: usize = 100_000;

/// How often the list is read again because a process went away that may have left another in its place.
const ROUNDS: usize = 16;

/// Processes that count and are kept, so that their arguments and environment can be read.
pub const CANDIDATES: usize = 16;

/// Bytes of a process's environment, and of its arguments. Both can have megabytes (execve(2)); those of a service have not.
const ENVIRONMENT: usize = 256 * 1024;
const ARGUMENTS: usize = 64 * 1024;

/// Bytes of `/proc/self/mountinfo`: enough for some ten thousand mounts.
const MOUNTINFO: usize = 4 * 1024 * 1024;

/// The kernel's limit of a process's own name, without the NUL (`TASK_COMM_LEN`, include/linux/sched.h).
const COMM: usize = 15;

impl Candidate {
    /// Its arguments, the program's name first.
    pub fn arguments(&self, host: &dyn Host) -> Result<Vec<OsString>> {
        match host.platform() {
            Platform::Linux => {
                self.block(host, "cmdline", ARGUMENTS).map(|bytes| strings(&bytes).map(OsStr::to_owned).collect())
            }
            _ => sys::arguments(self),
        }
    }

    /// The environment that it was started with. What it changed since is not seen.
    pub fn environment(&self, host: &dyn Host) -> Result<Vec<(OsString, OsString)>> {
        match host.platform() {
            Platform::Linux => {
                self.block(host, "environ", ENVIRONMENT).map(|bytes| strings(&bytes).filter_map(variable).collect())
            }
            _ => sys::environment(self).map(|list| list.iter().filter_map(|text| variable(text)).collect()),
        }
    }

    /// A file of this process, and not of one that has its number since.
    fn block(&self, host: &dyn Host, name: &str, limit: usize) -> Result<Vec<u8>> {
        let bytes = host.read(&format!("/proc/{}/{name}", self.id), limit)?;
        if ticks(host, self.id) == self.ticks { Ok(bytes) } else { Err(Error::NotFound) }
    }
}

/// Why there may be more processes than were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unseen {
    /// Other users' processes are hidden from the asker.
    Hidden,
    /// A process went away while it was looked at, again and again.
    Vanished,
    /// A process, or what hides processes, could not be looked at.
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

/// What was found, and whether it is all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    /// Those that count, by their ids, at most [`CANDIDATES`].
    pub counting: Vec<Candidate>,
    /// How many more count.
    pub more: usize,
    /// How many have the name and do not count.
    pub others: usize,
    /// Why there may be more of all of them.
    pub unseen: Option<Unseen>,
}

impl Candidates {
    /// Whether [`Self::counting`] are all that count.
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

/// The running programs of one name that count for the caller.
///
/// The name is that of the executable file where the asker may see it, and else what the process calls itself.
///
/// # Errors
/// When processes cannot be listed at all: then it is not known whether any runs.
pub fn candidates(host: &dyn Host, name: &str, counts: &dyn Fn(&Candidate) -> bool) -> Result<Candidates> {
    let mut found = match host.platform() {
        Platform::Linux => linux(host, name, counts)?,
        _ => elsewhere(host, name, counts)?,
    };
    found.counting.sort_by_key(|candidate| candidate.id);
    Ok(found)
}

/// proc(5)
fn linux(host: &dyn Host, name: &str, counts: &dyn Fn(&Candidate) -> bool) -> Result<Candidates> {
    let boot = boot_time(host);
    let mut found = Candidates::default();
    let mut seen = BTreeSet::new();
    for round in 0..ROUNDS {
        let listed: BTreeSet<u32> =
            host.list("/proc", ENTRIES)?.iter().filter_map(|entry| entry.parse().ok()).collect();
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
                // It ended, and may have started another before: daemons do. Whatever else failed may work next time.
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

/// Whether `/proc` keeps others' processes from the asker, `proc(5)` under "hidepid".
fn hidden(host: &dyn Host, first_is_listed: bool) -> Result<Option<Unseen>> {
    /// `CAP_SYS_PTRACE`, capabilities(7): nothing is hidden from whoever has it.
    const PTRACE: u64 = 1 << 19;
    // Every pid namespace has a process 1, and it is never the asker's alone to see.
    if !first_is_listed {
        return Ok(Some(Unseen::Hidden));
    }
    let file = host.read_start("/proc/self/mountinfo", MOUNTINFO)?;
    let text = String::from_utf8_lossy(&file.bytes);
    // The last one lies on top.
    let mount = mountinfo::parse(&text).filter(|mount| mount.point == "/proc").last();
    let option =
        mount.and_then(|mount| mount.super_options.split(',').find_map(|option| option.strip_prefix("hidepid=")));
    if matches!(option, None | Some("0" | "off")) {
        return if file.whole { Ok(None) } else { Err(Error::TooLarge) };
    }
    // With `gid=` or a capability the asker sees all the same. Who may look at another user's process 1 shows it; a process 1
    // of one's own shows nothing.
    let own = Status::read(host, "self")?;
    let first = Status::read(host, "1");
    let sees = first.is_ok_and(|first| first.users != own.users || own.capabilities & PTRACE != 0);
    Ok(if sees { None } else { Some(Unseen::Hidden) })
}

/// What `proc_pid_status(5)` says of who a process is.
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
            // Its id in each pid namespace from the asker's on, since Linux 4.1.
            contained: numbers("NSpid").map(|ids| ids.len() > 1),
            // A zombie, or dead.
            ended: value("State").is_some_and(|state| state.starts_with(['Z', 'X', 'x'])),
            capabilities: value("CapEff").and_then(|set| u64::from_str_radix(set, 16).ok()).unwrap_or(0),
        })
    }
}

/// A process, if it runs and has this name. Nothing is read that it could have written but its name.
fn look(host: &dyn Host, id: u32, name: &str, boot: Option<u64>) -> Result<Option<Candidate>> {
    let is_called = match host.read_link(&format!("/proc/{id}/exe")) {
        Ok(path) => {
            let path = path.strip_suffix(b" (deleted)").unwrap_or(&path);
            Path::new(OsStr::from_bytes(path)).file_name() == Some(OsStr::new(name))
        }
        // A thread of the kernel, what is left of a process that ended, or nothing any more.
        Err(Error::NotFound) => return host.metadata(&format!("/proc/{id}")).map(|_exists| None),
        // Another user's.
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
        // USER_HZ is 100 wherever netdata is packaged (linux include/asm-generic/param.h).
        started: boot.zip(ticks).and_then(|(boot, ticks)| boot.checked_add(ticks.checked_mul(10)?)),
        users: status.users,
        ticks,
    }))
}

/// Whether a process is in another pid namespace than the asker, where its links may be read.
fn namespaces_differ(host: &dyn Host, id: u32) -> Option<bool> {
    let own = host.read_link("/proc/self/ns/pid").ok()?;
    Some(own != host.read_link(&format!("/proc/{id}/ns/pid")).ok()?)
}

/// What sysinfo finds, where it finds process 1 too.
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

/// The parts of a block of strings, each of which ends with a NUL.
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

/// When the machine was started: milliseconds since 1970 (`btime` of `proc_stat(5)`).
fn boot_time(host: &dyn Host) -> Option<u64> {
    // One line for each processor and one with all interrupts stand before it.
    let stat = host.read("/proc/stat", 1024 * 1024).ok()?;
    let text = String::from_utf8_lossy(&stat);
    let seconds: u64 = text.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok())?;
    seconds.checked_mul(1000)
}

/// How long after the machine a process was started (field 22 of `proc_pid_stat(5)`).
fn ticks(host: &dyn Host, id: u32) -> Option<u64> {
    started(&host.read(&format!("/proc/{id}/stat"), 4096).ok()?)
}

fn started(stat: &[u8]) -> Option<u64> {
    // The name in brackets may hold anything, brackets and blanks included.
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
