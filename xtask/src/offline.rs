//! Running programs where no network exists but loopback.
//!
//! unshare(1) makes the network namespace, and for everyone but root a user namespace first; `cargo xtask loopback` then
//! runs inside, brings the loopback interface up and becomes the program.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, anyhow};

use crate::run;
use crate::workspace::Workspace;

/// Arguments for unshare(1): as root, and as anyone else, who needs a user namespace to be allowed the others.
type Ways = [&'static [&'static str]; 2];

/// The user stays who they are, so that what the tests see of owners and permissions is what an ordinary user sees.
const NETWORK: Ways = [&["--net"], &["--user", "--map-current-user", "--keep-caps", "--net"]];

/// With mounts of its own, for which one must be root, or be called so.
const NETWORK_AND_MOUNTS: Ways = [&["--net", "--mount"], &["--user", "--map-root-user", "--net", "--mount"]];

/// Tries each way with a program that does nothing.
fn first_that_works(ways: &Ways, xtask: &Path) -> Result<&'static [&'static str], String> {
    let mut reason = String::new();
    for way in ways {
        match run::output(wrap(way, xtask).arg("true")) {
            Ok(output) if output.status.success() => return Ok(way),
            Ok(output) => reason = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; "),
            Err(error) => reason = format!("{error:#}"),
        }
    }
    Err(reason)
}

/// This program inside a network namespace and a mount namespace; its arguments are still to be added.
pub(crate) fn enclosed(workspace: &Workspace) -> anyhow::Result<Command> {
    let way = first_that_works(&NETWORK_AND_MOUNTS, &workspace.xtask)
        .map_err(|reason| anyhow!("no network and mount namespaces can be made on this machine: {reason}"))?;
    let mut command = wrap(way, &workspace.xtask);
    command.arg(&workspace.xtask);
    Ok(command)
}

/// How tests are kept away from the network on this machine.
pub(crate) struct Isolation {
    xtask: PathBuf,
    way: Result<&'static [&'static str], String>,
}

impl Isolation {
    pub(crate) fn find(workspace: &Workspace) -> Self {
        Self { xtask: workspace.xtask.clone(), way: first_that_works(&NETWORK, &workspace.xtask) }
    }

    pub(crate) fn announce(&self) {
        match &self.way {
            Ok(_) => eprintln!("No network but loopback from here on (unshare)."),
            Err(reason) => eprintln!(
                "WARNING: no network namespace can be made on this machine ({reason}).\n\
                 WARNING: the tests run with the network as it is. They connect to loopback addresses only, and a debug\n\
                 WARNING: build of the sender refuses every other address."
            ),
        }
    }

    /// What a report of skips should say.
    pub(crate) fn skip(&self) -> Option<String> {
        self.way.as_ref().err().map(|reason| format!("tests without a network: no network namespace ({reason})"))
    }

    /// The same command, inside.
    pub(crate) fn command(&self, inner: &Command) -> Command {
        let mut command = match &self.way {
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

fn wrap(way: &[&str], xtask: &Path) -> Command {
    let mut command = run::program("unshare", way);
    command.arg("--").arg(xtask).arg("loopback").arg("--");
    command
}

/// Inside the namespace: loopback up, the rights given by unshare dropped, then the program in our place.
#[cfg(target_os = "linux")]
pub(crate) fn enter(program: &[OsString]) -> anyhow::Result<ExitCode> {
    use std::os::unix::process::CommandExt;

    let (name, arguments) = program.split_first().context("no program given")?;
    linux::loopback_up().context("cannot bring the loopback interface up")?;
    linux::drop_capabilities().context("cannot drop the rights that unshare gave")?;
    Err(run::program(name, arguments).exec()).with_context(|| format!("cannot start {}", name.display()))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn enter(_program: &[OsString]) -> anyhow::Result<ExitCode> {
    anyhow::bail!("network namespaces exist on Linux only")
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;

    use anyhow::{Context, Result, bail};
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

    /// Root keeps what it had. Anyone else had nothing before unshare made them mighty in their own user namespace; the
    /// bounding set stays, an ordinary user's is full too.
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
