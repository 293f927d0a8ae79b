//! Running programs of one name: who owns them, and with which arguments and environment they were started.
//!
//! It is no fact of a machine, and depends on who asks: the arguments and the environment of another user's process are
//! open to root only.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use crate::host::{Error, Host, Platform, Result};

/// Names in `/proc` that are looked at. More processes than a machine of any size has.
const ENTRIES: usize = 100_000;

/// Bytes of a process's arguments or environment: the largest that Linux passes by default (execve(2): a quarter of 8 MiB).
const BLOCK: usize = 2 * 1024 * 1024;

/// A running program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its process id.
    pub id: u32,
    /// The process that started it.
    pub parent: u32,
    /// The user that it runs as: its effective user id.
    pub owner: u32,
    /// Whether it runs in another pid namespace, as it does in a container: what it sees of the file system is then not what
    /// the asker sees.
    pub contained: bool,
    /// When it was started: milliseconds since 1970.
    pub started: Option<u64>,
    /// Its arguments, the program's name first.
    pub arguments: Result<Vec<OsString>>,
    /// The environment that it was started with. What it changed since is not seen.
    pub environment: Result<Vec<(OsString, OsString)>>,
}

/// The running programs of one name, in the order of their process ids.
///
/// The name is that of the executable file where the asker may see it, and else what the process calls itself.
pub fn processes_named(host: &dyn Host, name: &str) -> Result<Vec<Process>> {
    match host.platform() {
        Platform::Linux => linux(host, name),
        _ => crate::sys::processes_named(name),
    }
}

/// proc(5). The files of a process that ends meanwhile are not found, and it is left out.
fn linux(host: &dyn Host, name: &str) -> Result<Vec<Process>> {
    let mut ids: Vec<u32> = host.list("/proc", ENTRIES)?.iter().filter_map(|entry| entry.parse().ok()).collect();
    ids.sort_unstable();
    let boot = boot_time(host);
    Ok(ids.into_iter().filter(|id| is_called(host, *id, name)).filter_map(|id| read(host, id, boot)).collect())
}

fn is_called(host: &dyn Host, id: u32, name: &str) -> bool {
    match host.read_link(&format!("/proc/{id}/exe")) {
        Ok(path) => {
            let path = path.strip_suffix(b" (deleted)").unwrap_or(&path);
            Path::new(OsStr::from_bytes(path)).file_name() == Some(OsStr::new(name))
        }
        // A thread of the kernel has none.
        Err(Error::NotFound) => false,
        Err(_) => host
            .read(&format!("/proc/{id}/comm"), 64)
            .is_ok_and(|comm| comm.strip_suffix(b"\n").unwrap_or(&comm) == name.as_bytes()),
    }
}

fn read(host: &dyn Host, id: u32, boot: Option<u64>) -> Option<Process> {
    let status = host.read(&format!("/proc/{id}/status"), 64 * 1024).ok()?;
    let status = String::from_utf8_lossy(&status);
    let numbers = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        line.map(|line| line.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<u32>>())
    };
    let block = |file: &str| host.read(&format!("/proc/{id}/{file}"), BLOCK);
    Some(Process {
        id,
        parent: numbers("PPid")?.first().copied()?,
        // Real, effective, saved and file system user id.
        owner: numbers("Uid")?.get(1).copied()?,
        // Its id in each pid namespace from the asker's on; a kernel without pid namespaces has no such line.
        contained: numbers("NSpid").is_some_and(|ids| ids.len() > 1),
        started: boot.and_then(|boot| Some(boot + started(&host.read(&format!("/proc/{id}/stat"), 4096).ok()?)?)),
        arguments: block("cmdline").map(|bytes| strings(&bytes).map(OsStr::to_owned).collect()),
        environment: block("environ").map(|bytes| strings(&bytes).filter_map(variable).collect()),
    })
}

/// The parts of a block of strings, each of which ends with a NUL.
fn strings(block: &[u8]) -> impl Iterator<Item = &OsStr> {
    block.strip_suffix(b"\0").unwrap_or(block).split(|byte| *byte == 0).map(OsStr::from_bytes)
}

/// `NAME=value`
pub(crate) fn variable(text: &OsStr) -> Option<(OsString, OsString)> {
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

/// How long after the machine a process was started, in milliseconds (field 22 of `proc_pid_stat(5)`).
fn started(stat: &[u8]) -> Option<u64> {
    // The name in brackets may hold anything, brackets and blanks included.
    let text = String::from_utf8_lossy(stat);
    let ticks: u64 = text.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?.parse().ok()?;
    // USER_HZ is 100 wherever netdata is packaged (linux include/asm-generic/param.h).
    ticks.checked_mul(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_hides_no_field() {
        let stat = b"7 (net) data) S 1 7 7 0 -1 4194560 1 0 0 0 3 2 0 0 20 0 1 0 1234 1 2 3";
        assert_eq!(started(stat), Some(12_340));
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

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_found_by_its_name() {
        let name = std::env::current_exe().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
        let found = processes_named(&crate::LiveHost::new(), &name).unwrap();
        let own = found.iter().find(|process| process.id == std::process::id()).unwrap();
        assert_eq!(own.owner, rustix::process::geteuid().as_raw());
        assert!(!own.contained);
        assert!(own.arguments.as_ref().unwrap().len() == std::env::args_os().len());
        let environment = own.environment.as_ref().unwrap();
        assert!(
            environment.iter().any(|(name, value)| name == "PATH" && Some(value) == std::env::var_os("PATH").as_ref())
        );
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
        assert!(u128::from(own.started.unwrap()) <= now + 2000);
    }
}
