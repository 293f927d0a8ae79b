//! /proc/PID/mountinfo, `proc_pid_mountinfo(5)`.

/// Bytes of it: a manager's mounts come first, made with the container before anything runs in it.
pub(crate) const LIMIT: usize = 256 * 1024;

/// One mount.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mount<'t> {
    /// The path in the mounted file system that is mounted here.
    pub(crate) root: &'t str,
    /// Where.
    pub(crate) point: &'t str,
    pub(crate) kind: &'t str,
    /// The device, or the name that a network or memory file system gave.
    pub(crate) source: &'t str,
    pub(crate) super_options: &'t str,
}

/// The mounts of a text; lines that are none, such as a last one cut off, are passed over. Paths stay escaped (`\040`):
/// nothing that is looked for needs more.
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
