//! Kernels that are containers, and this process's status.

use crate::ask::Ask;
use crate::facts::Kernel;
use crate::linux::container::findings::{Findings, Strength};
use crate::rules::{Rule, rule};
use crate::source::Source;
use crate::tables::{ILLUMOS, SYSTEMD};
use crate::text::leading_number;
use crate::unix;

const STATUS_LIMIT: usize = 16 * 1024;

pub(super) const KERNELS: &[Rule] = &[
    rule("wsl", "`uname`: release with `Microsoft` or `WSL`", SYSTEMD),
    rule("gvisor", "`uname`: release `…-gvisor`", "gVisor pkg/sentry/kernel/version"),
    rule(
        "gvisor",
        "`uname` or `/proc/version`: `#1 SMP Sun Jan 10 15:06:54 PST 2016`, the same since its first release",
        "gVisor pkg/sentry/syscalls/linux/linux64.go, pkg/sentry/kernel/version",
    ),
    rule("illumos-lx", "`uname` or `/proc/version`: `BrandZ virtual linux`", "illumos usr/src/uts/common/brand/lx"),
    rule("openvz", "`/proc/vz` without `/proc/bc`", SYSTEMD),
];

/// The version of gVisor: no other kernel was built at this second.
pub(crate) const GVISOR: &str = "#1 SMP Sun Jan 10 15:06:54 PST 2016";

/// Kernels that are part of another system.
pub(super) fn kernels(ask: &mut Ask<'_, '_>, findings: &mut Findings, kernel: &Kernel) {
    let release = kernel.release.known().map_or("", String::as_str);
    // `4.4.0-19041-Microsoft` is WSL 1, `5.15.90.1-microsoft-standard-WSL2` is WSL 2.
    if release.contains("Microsoft") || release.contains("WSL") {
        ask.saw("uname: release", release);
        findings.proves(Source::UNAME);
        findings.wsl = Some(Source::UNAME);
    }
    // gVisor is a kernel in user space with a release of its own (pkg/sentry/syscalls/linux).
    if release.ends_with("-gvisor") {
        ask.saw("uname: release", release);
        findings.found("gvisor", Source::UNAME);
    }
    // Linux zones of illumos (usr/src/uts/common/brand/lx).
    let version = match kernel.version.known() {
        Some(version) => Some((version.clone(), Source::UNAME)),
        None => unix::proc_version(ask).map(|version| (version, Source::PROC_VERSION)),
    };
    if let Some((version, source)) = version {
        if version.contains(ILLUMOS) {
            findings.found("illumos-lx", source);
        } else if version.contains(GVISOR) {
            ask.saw(source.name(), GVISOR);
            findings.found("gvisor", source);
        }
    }
    // OpenVZ has /proc/vz in containers and on the host, /proc/bc only on the host.
    if ask.exists("/proc/vz") == Some(true) && ask.exists("/proc/bc") == Some(false) {
        findings.found("openvz", Source::PROC_VZ);
    }
}

pub(super) const WSL: &[Rule] = &[rule(
    "wsl",
    "`uname`: release with `microsoft`, and `/run/WSL` or `/proc/sys/fs/binfmt_misc/WSLInterop`",
    "WSL src/linux/init: config.cpp, binfmt.h",
)];

/// WSL, whose containers share its kernel: their own names come first.
pub(super) fn wsl(ask: &mut Ask<'_, '_>, findings: &mut Findings, kernel: &Kernel) {
    // The first kernels of WSL 2 are `4.19.104-microsoft-standard`. Microsoft builds others too.
    let release = kernel.release.known().map_or("", String::as_str);
    if findings.wsl.is_none()
        && release.contains("microsoft")
        && WSL_FILES.into_iter().any(|path| ask.exists(path) == Some(true))
    {
        findings.wsl = Some(Source::UNAME);
    }
    if let Some(source) = findings.wsl {
        findings.proves(source);
        findings.names("wsl", Strength::Weak, source);
    }
}

/// WSL's sockets, and its entry for Windows programs.
const WSL_FILES: [&str; 2] = ["/run/WSL", "/proc/sys/fs/binfmt_misc/WSLInterop"];

pub(super) const STATUS: &[Rule] = &[
    rule("proot", "the tracer of this process is `proot`", SYSTEMD),
    rule(
        "linux-vserver",
        "`/proc/self/status`: `VxID` or `s_context` above 1",
        "Linux-VServer kernel, fs/proc/array.c; util-linux sys-utils/lscpu-virt.c",
    ),
    rule("openvz", "`/proc/self/status`: `envID`", "OpenVZ kernel, fs/proc/array.c"),
];

/// The tracer of this process, and the context numbers of two old container systems (`proc_pid_status(5)`).
pub(super) fn status(ask: &mut Ask<'_, '_>, findings: &mut Findings) {
    let Some(file) = ask.text(Source::SELF_STATUS.name(), STATUS_LIMIT) else { return };
    for line in file.text.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        let number = || leading_number(value).unwrap_or(0);
        match key {
            // proot traces its processes to show them another root.
            "TracerPid" if number() > 0 && is_proot(ask, number()) => findings.found("proot", Source::SELF_STATUS),
            // Linux-VServer: context 0 is the host, context 1 sees all others.
            "VxID" | "s_context" if number() > 1 => {
                ask.saw("/proc/self/status: VxID", value);
                findings.found("linux-vserver", Source::SELF_STATUS);
            }
            "envID" if number() > 0 => {
                ask.saw("/proc/self/status: envID", value);
                findings.found("openvz", Source::SELF_STATUS);
            }
            _ => {}
        }
    }
}

#[cfg(feature = "recorded")]
pub(crate) fn kept_status(status: &str) -> Vec<&str> {
    let read = |(key, _): &(&str, &str)| ["TracerPid", "VxID", "s_context", "envID"].contains(key);
    let lines = status.lines().filter_map(|line| line.split_once(':')).filter(read);
    lines.flat_map(|(key, value)| [Some(key), crate::text::digits(value)]).flatten().collect()
}

fn is_proot(ask: &mut Ask<'_, '_>, process: u64) -> bool {
    ask.line(format!("/proc/{process}/comm")).is_some_and(|name| name.starts_with("proot"))
}
