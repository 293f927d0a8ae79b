//! What decides about access to a file beside its owner and mode.

use std::io;
use std::os::fd::AsFd;

/// Gives a file the access list and the other attributes of another one. A list is never lost silently: where it cannot be
/// copied, that is an error.
///
/// - Linux: all extended attributes, which hold the access list and the label of `SELinux` (xattr(7)). The digests of IMA and
///   EVM are those of the content, and stay with it.
/// - macOS: the access list and the extended attributes (copyfile(3)).
/// - FreeBSD: only a list that says no more than the mode (acl(3)).
///
/// # Errors
/// The error of the system, which names the attribute.
pub fn copy_access(from: impl AsFd, to: impl AsFd) -> io::Result<()> {
    imp::copy(from.as_fd(), to.as_fd())
}

#[cfg(target_os = "linux")]
mod imp {
    use std::ffi::OsStr;
    use std::io;
    use std::os::fd::BorrowedFd;
    use std::os::unix::ffi::OsStrExt;

    use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fremovexattr, fsetxattr};
    use rustix::io::Errno;

    /// limits.h of Linux: `XATTR_LIST_MAX` and `XATTR_SIZE_MAX`
    const BYTES: usize = 64 * 1024;

    const OF_THE_CONTENT: [&str; 2] = ["security.ima", "security.evm"];

    pub(super) fn copy(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> io::Result<()> {
        let wanted = names(from)?;
        for name in names(to)?.iter().filter(|name| !wanted.contains(name)) {
            fremovexattr(to, &**name).map_err(|errno| failed(name, errno))?;
        }
        for name in &wanted {
            let value = value(from, name).map_err(|errno| failed(name, errno))?;
            if self::value(to, name).as_ref() != Ok(&value) {
                fsetxattr(to, &**name, &value, XattrFlags::empty()).map_err(|errno| failed(name, errno))?;
            }
        }
        Ok(())
    }

    fn names(file: BorrowedFd<'_>) -> io::Result<Vec<Box<OsStr>>> {
        let mut list = vec![0; BYTES];
        let length = match flistxattr(file, list.as_mut_slice()) {
            // A file system without such attributes.
            Err(Errno::OPNOTSUPP) => 0,
            listed => listed?,
        };
        list.truncate(length);
        let names = list.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        let names = names.map(OsStr::from_bytes).filter(|name| OF_THE_CONTENT.iter().all(|other| *name != *other));
        Ok(names.map(Box::from).collect())
    }

    fn value(file: BorrowedFd<'_>, name: &OsStr) -> Result<Vec<u8>, Errno> {
        let mut value = vec![0; BYTES];
        let length = fgetxattr(file, name, value.as_mut_slice())?;
        value.truncate(length);
        Ok(value)
    }

    fn failed(name: &OsStr, errno: Errno) -> io::Error {
        let error = io::Error::from(errno);
        io::Error::new(error.kind(), format!("{}: {error}", name.display()))
    }
}

#[cfg(target_os = "macos")]
mod imp {
    use std::io;
    use std::os::fd::{AsRawFd, BorrowedFd};

    #[allow(unsafe_code, reason = "rustix's fcopyfile(3) is unsafe as well")]
    pub(super) fn copy(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> io::Result<()> {
        let flags = libc::COPYFILE_ACL | libc::COPYFILE_XATTR;
        // SAFETY: both files are open, and copyfile(3) allows a null pointer as the state.
        let answer = unsafe { libc::fcopyfile(from.as_raw_fd(), to.as_raw_fd(), std::ptr::null_mut(), flags) };
        if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

#[cfg(target_os = "freebsd")]
mod imp {
    use std::ffi::{c_int, c_void};
    use std::io;
    use std::os::fd::{AsRawFd, BorrowedFd};

    /// sys/acl.h
    const TYPES: [c_int; 2] = [4, 2];

    #[allow(unsafe_code, reason = "acl(3) has no safe wrapper in rustix, and is not in the crate libc")]
    unsafe extern "C" {
        fn acl_get_fd_np(file: c_int, kind: c_int) -> *mut c_void;
        fn acl_is_trivial_np(list: *const c_void, trivial: *mut c_int) -> c_int;
        fn acl_free(list: *mut c_void) -> c_int;
    }

    #[allow(unsafe_code, reason = "acl(3) has no safe wrapper in rustix, and is not in the crate libc")]
    pub(super) fn copy(from: BorrowedFd<'_>, _to: BorrowedFd<'_>) -> io::Result<()> {
        for kind in TYPES {
            // SAFETY: the file is open; the answer is null or a list that acl_free(3) takes.
            let list = unsafe { acl_get_fd_np(from.as_raw_fd(), kind) };
            if list.is_null() {
                let error = io::Error::last_os_error();
                // acl_get(3): the file system has no lists of this kind.
                if matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EINVAL)) {
                    continue;
                }
                return Err(error);
            }
            let mut trivial = 0;
            // SAFETY: `list` is one of acl_get_fd_np(3), freed once, after its last use; `trivial` outlives the call.
            let answer = unsafe {
                let answer = acl_is_trivial_np(list, &raw mut trivial);
                acl_free(list);
                answer
            };
            if answer != 0 || trivial == 0 {
                return Err(io::Error::new(io::ErrorKind::Unsupported, "its access list"));
            }
        }
        Ok(())
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "freebsd")))]
mod imp {
    use std::io;
    use std::os::fd::BorrowedFd;

    pub(super) fn copy(_from: BorrowedFd<'_>, _to: BorrowedFd<'_>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
