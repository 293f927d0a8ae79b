//! The accounts of the daemon: the one that starts it, and the one under which it runs.

use std::path::Path;

use system_facts::Host;

use crate::agent::folders::Folders;
use crate::agent::own_opt_out::User;
use crate::agent::process::Daemons;

/// Bytes of `/etc/passwd` that are read. A file with a thousand accounts has 60 KiB.
const PASSWD_BYTES: usize = 1024 * 1024;

/// The account that starts the daemon of these folders, and that under which it runs. Netdata's own unit starts it as
/// root, Debian's as netdata.
pub(super) fn of(
    host: &dyn Host,
    daemons: &Daemons,
    folders: &Folders,
    owner_of: impl Fn(&Path) -> Option<u32>,
) -> (User, User) {
    let of_it =
        |daemon: &&crate::agent::process::Daemon| !daemon.contained && daemon.folders.may_be(folders.config_path());
    let running = daemons.running.iter().find(of_it).map(|daemon| daemon.owner);
    let unit = daemons.unit.as_ref().filter(|(_, own)| own.may_be(folders.config_path()));
    let starter = match unit.map(|(unit, _)| unit.user()) {
        Some(Ok(None)) => Some(0),
        Some(Ok(Some(user))) => user.parse().ok().or_else(|| uid(host, user)),
        Some(Err(_)) => None,
        // Nothing but root can become root.
        None => running.filter(|owner| *owner == 0),
    };
    let runner = running.or(starter.filter(|uid| *uid != 0)).or_else(|| owner_of(folders.library_path()?));
    (starter, runner)
}

/// passwd(5)
fn uid(host: &dyn Host, name: &str) -> Option<u32> {
    let text = host.read("/etc/passwd", PASSWD_BYTES).ok()?;
    String::from_utf8_lossy(&text).lines().find_map(|line| {
        let mut parts = line.split(':');
        (parts.next() == Some(name)).then(|| parts.nth(1)?.parse().ok()).flatten()
    })
}
