//! A core dump of a program of this project would contain values of an event.

/// Keeps this process out of core dumps, and other processes of this account out of this one.
pub fn prevent() {
    // With a limit of 0 the kernel would still pipe a dump to a program (core(5)).
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    #[cfg(not(target_os = "linux"))]
    let _ = rustix::process::setrlimit(
        rustix::process::Resource::Core,
        rustix::process::Rlimit { current: Some(0), maximum: Some(0) },
    );
}
