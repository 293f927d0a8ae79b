//! The file systems of paths, found without accessing them.
//!
//! Some file systems can block a process for any time: a thread that waits for a FUSE server that has read the request
//! cannot be killed (`request_wait_answer` in the kernel's `fs/fuse/dev.c`), nor can one that waits for NFS. So the
//! process that the daemon waits for accesses only file systems of a list; a process that nobody waits for accesses the
//! others. A listed one's disk may be dead as well, but the kernel answers for recently used paths from memory.

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

/// The kernel's list of mounts (`proc_pid_mountinfo(5)`).
const MOUNTS: &str = "/proc/self/mountinfo";
/// More than ten thousand mounts. A longer list counts as unknown.
const MOUNTS_BYTES: u64 = 2 * 1024 * 1024;
/// Room for most machines' list, so that one call reads it.
const MOUNTS_USUAL: usize = 16 * 1024;

/// File systems in memory or on a disk of this machine.
const LOCAL: [&[u8]; 9] = [b"ext2", b"ext3", b"ext4", b"xfs", b"btrfs", b"f2fs", b"zfs", b"tmpfs", b"ramfs"];
/// Its layers are folders of other file systems.
const OVERLAY: &[u8] = b"overlay";

/// The kernel's limit (`path_resolution(7)`).
const LINKS: usize = 40;
/// The kernel's limit (`FILESYSTEM_MAX_STACK_DEPTH` in linux/fs.h).
const LAYERS: usize = 2;

/// The mounts.
#[derive(Debug, Default)]
pub(crate) struct Mounts(Vec<Mount>);

#[derive(Debug)]
struct Mount {
    id: Vec<u8>,
    parent: Vec<u8>,
    point: PathBuf,
    kind: Vec<u8>,
    options: Vec<u8>,
}

impl Mounts {
    /// Empty if it cannot be read: no path counts as local then.
    pub(crate) fn read() -> Self {
        let mut text = Vec::with_capacity(MOUNTS_USUAL);
        let read = std::fs::File::open(MOUNTS).and_then(|file| file.take(MOUNTS_BYTES).read_to_end(&mut text));
        match read {
            Ok(length) if (length as u64) < MOUNTS_BYTES => Self::parse(&text),
            _ => Self::default(),
        }
    }

    fn parse(text: &[u8]) -> Self {
        Self(text.split(|byte| *byte == b'\n').filter_map(Mount::parse).collect())
    }

    /// Whether the resolution of these paths accesses only local file systems. Unknown ones are not local.
    pub(crate) fn are_local<'p>(&self, paths: impl IntoIterator<Item = &'p Path>) -> bool {
        let link = |path: &Path| std::fs::read_link(path);
        paths.into_iter().all(|path| self.is_local(path, LAYERS, &link))
    }

    /// Resolves a path as the kernel does, and reads a link only on a local file system.
    fn is_local(&self, path: &Path, layers: usize, link: &dyn Fn(&Path) -> std::io::Result<PathBuf>) -> bool {
        if !path.is_absolute() {
            return false;
        }
        let mut links = LINKS;
        let mut left: Vec<OsString> = names(path);
        let mut here = PathBuf::from("/");
        let Some(mut mount) = self.at(&here) else { return false };
        loop {
            let local = LOCAL.contains(&mount.kind.as_slice())
                || (layers > 0 && self.has_local_layers(mount, layers - 1, link));
            if !local {
                return false;
            }
            let Some(name) = left.pop() else { return true };
            let up = name == "..";
            let next = if up { here.parent().unwrap_or(&here).to_owned() } else { here.join(&name) };
            let there = if up { self.at(&next) } else { Some(self.on_top_of(mount, &next)) };
            let Some(there) = there else { return false };
            // The root of a mount is not a link, nor is a folder that was passed already.
            if up || there.id != mount.id {
                (here, mount) = (next, there);
                continue;
            }
            match link(&next) {
                Ok(target) if links > 0 => {
                    links -= 1;
                    if target.is_absolute() {
                        here = PathBuf::from("/");
                        let Some(root) = self.at(&here) else { return false };
                        mount = root;
                    }
                    left.extend(names(&target));
                }
                Ok(_) => return false,
                // Not a link (readlink(2), EINVAL).
                Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => here = next,
                // It does not exist or is not accessible: the resolution ends here for every process.
                Err(_) => return true,
            }
        }
    }

    /// Whether a mount is an overlay with only local layers. A layer of another mount namespace cannot be found here.
    fn has_local_layers(&self, mount: &Mount, layers: usize, link: &dyn Fn(&Path) -> std::io::Result<PathBuf>) -> bool {
        // A folder is not a link (readlink(2), EINVAL).
        let is_here = |layer: &Path| link(layer).is_err_and(|error| error.kind() == std::io::ErrorKind::InvalidInput);
        mount.kind == OVERLAY
            && mount
                .layers()
                .is_some_and(|found| found.iter().all(|layer| self.is_local(layer, layers, link) && is_here(layer)))
    }

    /// The file system of a path without links: from the root on, each mount point leads to the last mount there.
    fn at(&self, path: &Path) -> Option<&Mount> {
        let listed = |id: &[u8]| self.0.iter().any(|mount| mount.id == id);
        let mut mount = self.0.iter().find(|mount| mount.point.as_os_str() == "/" && !listed(&mount.parent))?;
        let mut point = PathBuf::new();
        for component in path.components() {
            point.push(component);
            mount = self.on_top_of(mount, &point);
        }
        Some(mount)
    }

    /// The topmost mount at this point, else the file system itself.
    fn on_top_of<'m>(&'m self, mut mount: &'m Mount, point: &Path) -> &'m Mount {
        let point = point.as_os_str();
        // Bounded, because the list may contain a circle.
        for _ in 0..self.0.len() {
            let on_it =
                |other: &&Mount| other.point.as_os_str() == point && other.parent == mount.id && other.id != mount.id;
            match self.0.iter().rev().find(on_it) {
                Some(next) => mount = next,
                None => break,
            }
        }
        mount
    }
}

/// The names of a path in reverse.
fn names(path: &Path) -> Vec<OsString> {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    });
    let mut names: Vec<_> = names.collect();
    names.reverse();
    names
}

impl Mount {
    /// Blank-separated fields: id, parent, device, root, mount point, options; optional ones up to a `-`; type, source,
    /// options.
    fn parse(line: &[u8]) -> Option<Self> {
        let mut fields = line.split(|byte| *byte == b' ');
        let (id, parent, point) = (fields.next()?, fields.next()?, fields.nth(2)?);
        let mut behind = fields.skip_while(|field| *field != b"-").skip(1);
        let (kind, options) = (behind.next()?, behind.nth(1).unwrap_or_default());
        Some(Self {
            id: id.to_owned(),
            parent: parent.to_owned(),
            point: OsString::from_vec(unescaped(point)).into(),
            kind: kind.to_owned(),
            options: options.to_owned(),
        })
    }

    /// The folders of an overlay; `None` if not all are known.
    fn layers(&self) -> Option<Vec<PathBuf>> {
        let mut layers = Vec::new();
        for option in self.options.split(|byte| *byte == b',') {
            let Some(at) = option.iter().position(|byte| *byte == b'=') else { continue };
            let (name, value) = option.split_at(at);
            if matches!(name, b"lowerdir" | b"lowerdir+" | b"datadir+" | b"upperdir") {
                let value = unescaped(value.get(1..).unwrap_or_default());
                // A colon or a comma in a name is escaped with a backslash: too rare to support.
                if value.contains(&b'\\') {
                    return None;
                }
                let parts = value.split(|byte| *byte == b':').filter(|part| !part.is_empty());
                layers.extend(parts.map(|part| PathBuf::from(std::ffi::OsStr::from_bytes(part))));
            }
        }
        (!layers.is_empty()).then_some(layers)
    }
}

/// Blank, tab, line feed and backslash are escaped as a backslash and three octal digits.
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, behind @ ..] = rest {
        let octal = behind.get(..3).and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        let byte;
        (byte, rest) = match octal.filter(|_| *first == b'\\') {
            Some(meant) => (meant, behind.get(3..).unwrap_or_default()),
            None => (*first, behind),
        };
        plain.push(byte);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Error, ErrorKind};

    const MACHINE: &str = "\
20 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
21 20 0:21 / /proc rw - proc proc rw
22 20 0:31 / /srv/far\\040away rw - fuse.sshfs host:/x rw,user_id=0
23 20 0:32 / /mnt/nfs rw - nfs4 host:/x rw
24 20 0:33 / /etc/netdata rw - fuse none rw
25 24 0:34 / /etc/netdata rw master:3 - tmpfs none rw
26 20 0:35 / /var/lib rw - autofs systemd-1 rw
27 20 0:36 / /fuse.sshfs rw - tmpfs fuse.sshfs rw
28 20 0:37 / /run/far rw - fuse none rw
29 20 0:38 / /run rw - tmpfs none rw
30 20 0:39 / /good rw - overlay overlay rw,lowerdir=/srv/one:/srv/two,upperdir=/srv/up,workdir=/mnt/nfs/work
31 20 0:40 / /bad rw - overlay overlay rw,lowerdir=/mnt/nfs/a:/srv/two,upperdir=/srv/up
32 20 0:41 / /hidden rw - overlay overlay rw,lowerdir=/elsewhere/a,upperdir=/srv/up
33 20 0:42 / /relative rw - overlay overlay rw,lowerdir=l/ABC:l/DEF
34 20 0:43 / /odd rw - overlay overlay rw,lowerdir=/srv/a\\134:b
35 20 0:44 / /double rw - overlay overlay rw,lowerdir=/good/x
36 20 0:45 / /triple rw - overlay overlay rw,lowerdir=/double/x
";

    fn is_local(table: &str, path: &str) -> bool {
        let links = [
            ("/opt/netdata", "/srv/far away/netdata"),
            ("/usr/local", "../mnt/nfs"),
            ("/opt/homebrew", "../run/x"),
            ("/loop", "loop"),
        ];
        let gone = ["/nothing", "/elsewhere/a", "/elsewhere"];
        let link = |path: &Path| {
            if let Some((_, target)) = links.iter().find(|(from, _)| Path::new(from) == path) {
                return Ok(PathBuf::from(target));
            }
            assert!(
                !path.starts_with("/mnt/nfs/") && !path.starts_with("/srv/far away/"),
                "{} was asked",
                path.display()
            );
            let kind = if gone.iter().any(|gone| Path::new(gone) == path) {
                ErrorKind::NotFound
            } else {
                ErrorKind::InvalidInput
            };
            Err(Error::from(kind))
        };
        Mounts::parse(table.as_bytes()).is_local(Path::new(path), LAYERS, &link)
    }

    #[test]
    fn only_file_systems_of_the_list_are_asked() {
        for (path, local) in [
            ("/", true),
            ("/usr/share/x", true),
            ("/nothing/here", true),
            ("/srv/far away/x", false),
            ("/srv/far", true),
            ("/mnt/nfs", false),
            ("/mnt/nfs/../x", false),
            ("/mnt/../usr/x", true),
            // The last mount at a point counts, and hides earlier mounts below it.
            ("/etc/netdata/x", true),
            ("/run/far/x", true),
            ("/var/lib/netdata", false),
            ("/proc/self", false),
            ("/fuse.sshfs/x", true),
            ("/opt/netdata/etc", false),
            ("/usr/local/etc", false),
            ("/opt/homebrew/etc", true),
            ("/loop/x", false),
            ("relative", false),
            ("/good/x", true),
            ("/bad/x", false),
            ("/hidden/x", false),
            ("/relative/x", false),
            ("/odd/x", false),
            ("/double/x", true),
            ("/triple/x", false),
        ] {
            assert_eq!(is_local(MACHINE, path), local, "{path}");
        }
    }

    #[test]
    fn where_nothing_is_known_nothing_is_asked() {
        for table in ["", "\n", "20 1 254:0 / / rw", "x", "20 1 254:0 / /other rw - ext4 /dev/vda rw\n"] {
            assert!(!is_local(table, "/x"), "{table}");
        }
        assert!(!is_local("1 2 0:1 / / rw - ext4 x rw\n2 1 0:1 / / rw - ext4 x rw\n", "/x"), "a circle has no first");
    }

    #[test]
    fn the_machine_of_the_test_is_read() {
        if cfg!(target_os = "linux") {
            assert!(Mounts::read().at(Path::new("/proc/self")).is_some_and(|mount| mount.kind == b"proc"));
        }
    }
}
