//! Giving up root's rights for good.

use std::io;

use rustix::process::{Gid, Uid, getegid, geteuid, getgid, getuid};

/// Makes this process one of another account, with one group and no further ones. Only root can.
///
/// # Errors
/// The error of the system. The rights may then be given up in part, so the caller must do nothing more.
#[allow(unsafe_code, reason = "rustix changes one thread only; the C library's functions change all of them (nptl(7))")]
pub fn become_account(user: u32, group: u32) -> io::Result<()> {
    let done = |answer: libc::c_int| if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) };
    // The groups first: without root's rights they could not be given up (setgroups(2)).
    // SAFETY: of an empty list nothing is read.
    done(unsafe { libc::setgroups(0, std::ptr::null()) })?;
    // SAFETY: it takes no pointer.
    done(unsafe { libc::setgid(group) })?;
    // SAFETY: as above.
    done(unsafe { libc::setuid(user) })?;
    let users = [getuid(), geteuid()].map(Uid::as_raw);
    let groups = [getgid(), getegid()].map(Gid::as_raw);
    if users == [user; 2] && groups == [group; 2] {
        Ok(())
    } else {
        Err(io::Error::other("the rights of root were not given up"))
    }
}
