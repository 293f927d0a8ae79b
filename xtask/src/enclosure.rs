//! Runs programs with loopback as the only network, and without an opt-out.
//!
//! unshare(1) makes a network and a mount namespace, and for everyone but root a user namespace first. Then `cargo
//! xtask enclosed` brings up the loopback interface, covers the agent's usual folders with empty ones, and becomes the
//! program. So no test reaches a real server, and a machine's own opt-out file and events are neither touched nor in
//! the way.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::run;
use crate::workspace::Workspace;

/// Arguments for unshare(1): for root, and for anyone else, who needs a user namespace to make the others. The user
/// keeps their identity there, so that tests see owners and permissions as an ordinary user.
const WAYS: [&[&str]; 2] =
    [&["--net", "--mount"], &["--user", "--map-current-user", "--keep-caps", "--net", "--mount"]];

/// The namespaces that this machine allows, or the reason why there are none.
pub(crate) struct Enclosure {
    xtask: PathBuf,
    way: Result<&'static [&'static str], String>,
}

impl Enclosure {
    /// Tries each way with a program that does nothing. To find none is an error where nobody would read the warning.
    pub(crate) fn find(workspace: &Workspace) -> Result<Self> {
        let xtask = workspace.xtask.clone();
        let mut reason = String::new();
        for way in WAYS {
            match run::output(wrap(way, &xtask).arg("true")) {
                Ok(output) if output.status.success() => return Ok(Self { xtask, way: Ok(way) }),
                Ok(output) => reason = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; "),
                Err(error) => reason = format!("{error:#}"),
            }
        }
        if must_be_there(env::consts::OS, run::in_ci()) {
            bail!(
                "no network and mount namespaces can be made here ({reason}), and where CI=true nothing runs without them.\n\
                 Ubuntu's AppArmor forbids them to users: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0\n\
                 A container forbids them to root: start it with --privileged"
            );
        }
        Ok(Self { xtask, way: Err(reason) })
    }

    /// The reason why there are none.
    pub(crate) fn missing(&self) -> Option<&str> {
        self.way.as_ref().err().map(String::as_str)
    }

    pub(crate) fn announce(&self) {
        match self.missing() {
            None => {
                eprintln!(
                    "From here on: no network but loopback, and the usual folders of an agent are empty (unshare)."
                );
            }
            Some(reason) => eprintln!(
                "WARNING: no network and mount namespaces can be made on this machine ({reason}).\n\
                 WARNING: the tests run with the network as it is. They connect to loopback addresses only, and a debug\n\
                 WARNING: build of the sender refuses every other address."
            ),
        }
    }

    /// The command inside the namespaces; outside if there are none.
    pub(crate) fn command(&self, inner: &Command) -> Command {
        let mut command = match self.way {
            Ok(way) => {
                let mut command = wrap(way, &self.xtask);
                command.arg(inner.get_program());
                command
            }
            Err(_) => Command::new(inner.get_program()),
        };
        command.args(inner.get_args());
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }
}

/// Only Linux has namespaces.
fn must_be_there(system: &str, in_ci: bool) -> bool {
    system == "linux" && in_ci
}

fn wrap(way: &[&str], xtask: &Path) -> Command {
    let mut command = run::program("unshare", way);
    command.arg("--").arg(xtask).arg("enclosed").arg("--");
    command
}

/// Arguments for a command that must not run outside: the namespaces that it has to leave.
pub(crate) fn to_leave() -> Result<Vec<String>> {
    Ok(namespaces()?.into_iter().map(|namespace| format!("--left={namespace}")).collect())
}

/// Fails where [`to_leave`] was called.
pub(crate) fn must_have_left(left: &[String]) -> Result<()> {
    let here = namespaces()?;
    if left.len() != here.len() || here.iter().any(|namespace| left.contains(namespace)) {
        bail!("this is a part of another command, and does nothing outside its namespaces");
    }
    Ok(())
}

/// This process's network and mount namespaces (namespaces(7)).
fn namespaces() -> Result<Vec<String>> {
    let read = |name| {
        let path = format!("/proc/self/ns/{name}");
        let link = fs::read_link(&path).with_context(|| format!("cannot read {path}"))?;
        Ok(link.to_string_lossy().into_owned())
    };
    ["net", "mnt"].map(read).into_iter().collect()
}

/// Inside the namespaces: prepares them, drops the privileges from unshare, and becomes the program.
#[cfg(target_os = "linux")]
pub(crate) fn enter(program: &[OsString]) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;

    let (name, arguments) = program.split_first().context("no program given")?;
    linux::loopback_up().context("cannot bring the loopback interface up")?;
    linux::cover_usual_folders()?;
    linux::drop_capabilities().context("cannot drop the rights that unshare gave")?;
    Err(run::program(name, arguments).exec()).with_context(|| format!("cannot start {}", name.display()))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn enter(_program: &[OsString]) -> Result<ExitCode> {
    bail!("namespaces exist on Linux only")
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::path::Path;

    use anonymous_statistics::agent::folders::{CONFIG_DIRECTORIES, LIBRARY_DIRECTORIES};
    use anyhow::{Context, Result, bail};
    use rustix::mount::{MountFlags, mount};
    use rustix::net::netlink::SocketAddrNetlink;
    use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketType, recv, sendto, socket};
    use rustix::process::geteuid;
    use rustix::thread::{CapabilitySet, CapabilitySets, clear_ambient_capability_set, set_capabilities};

    // linux/rtnetlink.h, linux/netlink.h, linux/if.h
    const RTM_NEWLINK: u16 = 16;
    const NLMSG_ERROR: u16 = 2;
    const NLM_F_REQUEST: u16 = 1;
    const NLM_F_ACK: u16 = 4;
    const IFF_UP: u32 = 1;
    /// The loopback interface is the first of every network namespace (drivers/net/loopback.c relies on it).
    const LOOPBACK_INDEX: i32 = 1;

    /// `ip link set lo up`, for machines without ip(8).
    pub(super) fn loopback_up() -> Result<()> {
        let socket = socket(AddressFamily::NETLINK, SocketType::RAW, None)?;
        sendto(&socket, &request(), SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
        let mut reply = [0; 256];
        let (_, length) = recv(&socket, &mut reply, RecvFlags::empty())?;
        let code = answer(reply.get(..length).unwrap_or(&reply)).context("the kernel's answer cannot be read")?;
        if code != 0 {
            bail!(io::Error::from_raw_os_error(-code));
        }
        Ok(())
    }

    /// A struct nlmsghdr and a struct ifinfomsg (rtnetlink(7)).
    fn request() -> [u8; 32] {
        let mut message = Vec::with_capacity(32);
        message.extend(32u32.to_ne_bytes()); // length
        message.extend(RTM_NEWLINK.to_ne_bytes());
        message.extend((NLM_F_REQUEST | NLM_F_ACK).to_ne_bytes());
        message.extend([0; 8]); // sequence number, port
        message.extend([0; 4]); // family, padding, type
        message.extend(LOOPBACK_INDEX.to_ne_bytes());
        message.extend(IFF_UP.to_ne_bytes()); // flags
        message.extend(IFF_UP.to_ne_bytes()); // which of them to change
        let mut bytes = [0; 32];
        bytes.copy_from_slice(&message);
        bytes
    }

    /// The error code in a struct nlmsgerr: 0 is the acknowledgement (netlink(7)).
    fn answer(reply: &[u8]) -> Option<i32> {
        let kind = u16::from_ne_bytes(reply.get(4..6)?.try_into().ok()?);
        let code = i32::from_ne_bytes(reply.get(16..20)?.try_into().ok()?);
        (kind == NLMSG_ERROR).then_some(code)
    }

    /// Mounts an empty folder over each usual one, since some have an opt-out file. It is invisible outside: unshare(1)
    /// makes the namespace's mounts private.
    pub(super) fn cover_usual_folders() -> Result<()> {
        let folders = CONFIG_DIRECTORIES.into_iter().chain(LIBRARY_DIRECTORIES).map(Path::new);
        for folder in folders.filter(|folder| folder.is_dir()) {
            mount("tmpfs", folder, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, c"mode=0755")
                .with_context(|| format!("cannot cover {}", folder.display()))?;
        }
        Ok(())
    }

    /// Root keeps its capabilities. Anyone else had none before unshare granted them in a user namespace; the bounding
    /// set stays, since an ordinary user's is full too.
    pub(super) fn drop_capabilities() -> Result<()> {
        if geteuid().is_root() {
            return Ok(());
        }
        clear_ambient_capability_set()?;
        let none = CapabilitySet::empty();
        set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
        Ok(())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn only_an_error_message_with_a_code_is_an_answer() {
            let mut reply = [0; 36];
            assert_eq!(answer(&reply), None);
            reply[4..6].copy_from_slice(&NLMSG_ERROR.to_ne_bytes());
            assert_eq!(answer(&reply), Some(0));
            reply[16..20].copy_from_slice(&(-1i32).to_ne_bytes());
            assert_eq!(answer(&reply), Some(-1));
            assert_eq!(answer(&reply[..18]), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_where_there_are_namespaces_and_nobody_reads_a_warning_must_they_be_made() {
        assert!(must_be_there("linux", true));
        assert!(!must_be_there("linux", false));
        assert!(!must_be_there("macos", true));
        assert!(!must_be_there("freebsd", true));
    }
}
