//! /proc/PID/mountinfo, `proc_pid_mountinfo(5)`.

use crate::text::parts;

/// Enough for a manager's mounts, which come first: the manager makes them before anything runs in the container.
pub(crate) const LIMIT: usize = 256 * 1024;

/// The lines of some hundred mounts. It takes no longer to parse fewer than to choose among them.
pub(crate) const MANY: usize = 16 * 1024;

/// The tag of the share by which Kata Containers mounts everything from its host (its src/agent/src/mount.rs).
pub(crate) const KATA: &str = "kataShared";

/// Whether any part of the detection can know the mount of a line, by the folder that its point is in or by what few have. Machines
/// can have thousands of mounts, whose lines are not parsed then.
fn is_notable(line: &str, has_kata: bool) -> bool {
    let mut blanks = line.bytes().zip(0..).filter(|(byte, _)| *byte == b' ').map(|(_, at)| at);
    let (Some(third), Some(fourth), Some(fifth)) = (blanks.nth(2), blanks.next(), blanks.next()) else { return false };
    let (root, point) = (line.get(third + 1..fourth), line.get(fourth + 1..fifth).unwrap_or_default());
    point == "/"
        || matches!(point.as_bytes().first_chunk(), Some(b"/etc" | b"/mnt" | b"/pro" | b"/run" | b"/sys" | b"/usr"))
        || point.ends_with("/serviceaccount")
        || root == Some("/.lxc-boot-id")
        || (has_kata && line.contains(KATA))
}

/// The lines that can matter.
pub(crate) fn notable(text: &str) -> String {
    let has_kata = text.contains(KATA);
    parts(text, b'\n').filter(|line| is_notable(line, has_kata)).flat_map(|line| [line, "\n"]).collect()
}

/// One mount.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mount<'t> {
    /// The mounted path of the file system.
    pub(crate) root: &'t str,
    /// The mount point.
    pub(crate) point: &'t str,
    pub(crate) kind: &'t str,
    /// The device, or the name that a network or memory file system gives.
    pub(crate) source: &'t str,
    pub(crate) super_options: &'t str,
}

/// The mounts, without malformed lines such as a last one cut off. Paths stay escaped (`\040`), as no known path needs more.
pub(crate) fn parse(text: &str) -> impl Iterator<Item = Mount<'_>> {
    parts(text, b'\n').filter_map(|line| {
        let mut fields = parts(line, b' ');
        let (root, point, _options) = (fields.nth(3)?, fields.next()?, fields.next()?);
        // Any number of optional fields, ended by a hyphen.
        fields.find(|field| *field == "-")?;
        let (kind, source, super_options) = (fields.next()?, fields.next()?, fields.next()?);
        Some(Mount { root, point, kind, source, super_options })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mounts_that_any_question_is_about_are_notable() {
        let line = |root: &str, point: &str, source: &str| format!("22 1 0:5 {root} {point} rw - ext4 {source} rw\n");
        for (root, point, source) in [
            ("/", "/", "/dev/sda"),
            ("/", "/etc/pve", "/dev/fuse"),
            ("/", "/proc/meminfo", "lxcfs"),
            ("/", "/sys/devices/system/cpu", "lxcfs"),
            ("/", "/srv/run/secrets/kubernetes.io/serviceaccount", "tmpfs"),
            ("/.lxc-boot-id", "/x", "none"),
            ("/ID", "/srv/data", KATA),
        ] {
            let line = line(root, point, source);
            assert_eq!(notable(&[&line, &line].map(String::as_str).concat()), line.repeat(2));
        }
        for (root, point) in [("/", "/srv/data"), ("/etc", "/home/etc"), ("net:[4026531840]", "/opt/netns")] {
            assert_eq!(notable(&line(root, point, "/dev/sda")), "", "{root} {point}");
        }
        assert_eq!(notable("cut off\n1 2 0:1 / /etc"), "");
    }
}
