//! Processes and quantities from the crate sysinfo, on macOS and FreeBSD.

use std::ffi::OsString;

use crate::host::candidate::Candidate;
use crate::host::{Error, Quantities, Result};

cfg_if::cfg_if! {
    if #[cfg(any(target_os = "macos", target_os = "freebsd"))] {
        /// All processes, or one.
        fn processes_with(
            which: sysinfo::ProcessesToUpdate<'_>,
            what: sysinfo::ProcessRefreshKind,
        ) -> Result<sysinfo::System> {
            let mut system = sysinfo::System::new().map_err(|_error| Error::Unsupported)?;
            system.refresh_processes_specifics(which, true, what);
            Ok(system)
        }

        /// All processes, and whether each has this name.
        pub(crate) fn processes(name: &str) -> Result<Vec<(Candidate, bool)>> {
            use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, UpdateKind};

            let what = ProcessRefreshKind::nothing().with_exe(UpdateKind::Always).with_user(UpdateKind::Always);
            let system = processes_with(ProcessesToUpdate::All, what)?;
            let found = system.processes().values().filter_map(|process| {
                let owner = **process.effective_user_id().or(process.user_id())?;
                let is_called = match process.exe() {
                    Some(path) => path.file_name().is_some_and(|file| file == name),
                    None => process.name() == name,
                };
                let candidate = Candidate {
                    id: process.pid().as_u32(),
                    parent: process.parent().map_or(0, sysinfo::Pid::as_u32),
                    owner,
                    // The host sees the processes of jails, and sysinfo does not mark them.
                    contained: None,
                    started: process.start_time().checked_mul(1000),
                    users: [process.user_id().map_or(owner, |user| **user), owner, owner, owner],
                    ticks: Some(process.start_time()),
                };
                Some((candidate, is_called))
            });
            Ok(found.collect())
        }

        /// Arguments or environment of a process; sysinfo returns an empty list for an unreadable one.
        fn list_of(
            candidate: &Candidate,
            what: sysinfo::ProcessRefreshKind,
            list: impl Fn(&sysinfo::Process) -> &[OsString],
        ) -> Result<Vec<OsString>> {
            let id = sysinfo::Pid::from_u32(candidate.id);
            let system = processes_with(sysinfo::ProcessesToUpdate::Some(&[id]), what)?;
            // A later process may have the same id.
            let same = |process: &&sysinfo::Process| Some(process.start_time()) == candidate.ticks;
            let process = system.process(id).filter(same).ok_or(Error::NotFound)?;
            match list(process) {
                [] => Err(Error::PermissionDenied),
                list => Ok(list.to_vec()),
            }
        }

        pub(crate) fn arguments(candidate: &Candidate) -> Result<Vec<OsString>> {
            let what = sysinfo::ProcessRefreshKind::nothing().with_cmd(sysinfo::UpdateKind::Always);
            list_of(candidate, what, sysinfo::Process::cmd)
        }

        pub(crate) fn environment(candidate: &Candidate) -> Result<Vec<OsString>> {
            let what = sysinfo::ProcessRefreshKind::nothing().with_environ(sysinfo::UpdateKind::Always);
            list_of(candidate, what, sysinfo::Process::environ)
        }

        pub(crate) fn quantities() -> Result<Quantities> {
            let mut system = sysinfo::System::new().map_err(|_error| Error::Unsupported)?;
            system.refresh_memory();
            system.refresh_cpu_list(sysinfo::CpuRefreshKind::nothing());
            let first = system.cpus().first();
            let text = |value: &str| (!value.is_empty()).then(|| value.to_owned());
            // On macOS sysinfo would ask IOKit, and for the volumes' UUIDs too: statfs(2) answers there.
            let disks = cfg!(target_os = "freebsd").then(sysinfo::Disks::new_with_refreshed_list);
            let disks = disks.iter().flatten().flatten().map(|disk| crate::host::DiskQuantity {
                name: disk.name().to_string_lossy().into_owned(),
                total_bytes: disk.total_space(),
                removable: disk.is_removable(),
            });
            Ok(Quantities {
                memory_bytes: Some(system.total_memory()).filter(|bytes| *bytes > 0),
                cpu_model: first.and_then(|cpu| text(cpu.brand())),
                cpu_vendor: first.and_then(|cpu| text(cpu.vendor_id())),
                logical_cpus: u64::try_from(system.cpus().len()).ok().filter(|count| *count > 0),
                cores: sysinfo::System::physical_core_count().ok().and_then(|count| u64::try_from(count).ok()),
                disks: disks.collect(),
            })
        }
    } else {
        pub(crate) fn processes(_name: &str) -> Result<Vec<(Candidate, bool)>> {
            Err(Error::Unsupported)
        }
        pub(crate) fn arguments(_candidate: &Candidate) -> Result<Vec<OsString>> {
            Err(Error::Unsupported)
        }
        pub(crate) fn environment(_candidate: &Candidate) -> Result<Vec<OsString>> {
            Err(Error::Unsupported)
        }
    }
}

cfg_if::cfg_if! {
    if #[cfg(target_os = "linux")] {
        #[allow(clippy::unnecessary_wraps, reason = "other systems may have no answer")]
        #[allow(clippy::useless_conversion, reason = "32-bit processors have 32 bits here")]
        pub(crate) fn quantities() -> Result<Quantities> {
            // sysinfo(2): sizes are multiples of mem_unit bytes.
            let system = rustix::system::sysinfo();
            let bytes = u64::from(system.totalram).checked_mul(system.mem_unit.into());
            Ok(Quantities { memory_bytes: bytes.filter(|bytes| *bytes > 0), ..Quantities::default() })
        }
    } else if #[cfg(not(any(target_os = "macos", target_os = "freebsd")))] {
        pub(crate) fn quantities() -> Result<Quantities> {
            Err(Error::Unsupported)
        }
    }
}
