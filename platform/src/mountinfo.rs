//! /proc/PID/mountinfo, `proc_pid_mountinfo(5)`.

/// Enough for a manager's mounts, which come first: the manager makes them before anything runs in the container.
pub(crate) const LIMIT: usize = 256 * 1024;

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
    text.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(3);
        let (root, point, _options) = (fields.next()?, fields.next()?, fields.next()?);
        // Any number of optional fields, ended by a hyphen.
        fields.find(|field| *field == "-")?;
        let (kind, source, super_options) = (fields.next()?, fields.next()?, fields.next()?);
        Some(Mount { root, point, kind, source, super_options })
    })
}
