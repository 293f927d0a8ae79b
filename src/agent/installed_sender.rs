//! The program at the path of the daemon's telemetry script.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use memchr::memmem;

use crate::agent::MARK;
use crate::agent::pieces;
use crate::consent::OPT_OUT_FILE;
use crate::files::{self, Links, Opened};

/// Bytes of that program. Ours has about 2 MB; a larger one is another.
const PROGRAM_BYTES: u64 = 64 * 1024 * 1024;

/// The script's name in the plugins folder.
pub const SCRIPT: &str = "anonymous-statistics.sh";

/// The sender's own name, beside this project's other programs.
pub const NAME: &str = "anonymous-statistics";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// This project's sender, and its version.
    ThisSender(String),
    /// Netdata's own script, judged by its content.
    Netdatas,
    Another,
    /// This daemon calls none, or none is installed.
    Missing,
    /// The file could not be read, for this reason.
    CannotTell(String),
}

/// The script's path, and the program there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// `None`: no plugins folder was found.
    pub path: Option<PathBuf>,
    pub program: Program,
}

impl Program {
    pub fn at(path: &Path) -> Self {
        match files::open_regular(rustix::fs::CWD, path, Links::Follow).and_then(whose) {
            Ok(program) => program,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::Missing,
            Err(error) => Self::CannotTell(crate::text::reason(&error)),
        }
    }
}

impl Script {
    pub fn look(plugins: Option<&Path>) -> Self {
        let Some(path) = plugins.map(|folder| folder.join(SCRIPT)) else {
            return Self { path: None, program: Program::Missing };
        };
        Self { program: Program::at(&path), path: Some(path) }
    }

    pub fn is_this_sender(&self) -> bool {
        matches!(self.program, Program::ThisSender(_))
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.program, &self.path) {
            (Program::ThisSender(version), _) => write!(f, "this project's sender, v{version}"),
            (Program::Netdatas, _) => f.write_str("Netdata's own script (recognised by its contents)"),
            (Program::Another, _) => f.write_str("another program"),
            (Program::Missing, None) => f.write_str("nobody: no agent was found here"),
            (Program::Missing, Some(_)) => f.write_str("nobody: no telemetry script is installed"),
            (Program::CannotTell(why), _) => write!(f, "cannot tell: {}", crate::text::printable(why)),
        }
    }
}

/// Why no sender may be started for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotStartable {
    Missing,
    /// Another account could put a program of its own in the sender's place: it may change this file or folder.
    Changeable(PathBuf),
    CannotTell(PathBuf, String),
}

impl fmt::Display for NotStartable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |path: &Path| crate::text::printable(&path.to_string_lossy()).into_owned();
        match self {
            Self::Missing => f.write_str("this project's sender is not installed (install.sh does that)"),
            Self::Changeable(path) => {
                write!(f, "the sender is not started, because an account other than root can change {}", shown(path))
            }
            Self::CannotTell(path, why) => write!(f, "cannot look at {}: {}", shown(path), crate::text::printable(why)),
        }
    }
}

impl std::error::Error for NotStartable {}

/// The sender that may be started for a person: the one that the daemon calls, else the one in this folder. Its path
/// leads over no link.
pub fn startable(script: &Script, folder: Option<&Path>) -> Result<PathBuf, NotStartable> {
    let called = script.path.clone().filter(|_path| script.is_this_sender());
    let beside = || {
        let path = folder?.join(NAME);
        let opened = files::open_regular(rustix::fs::CWD, &path, Links::Follow).ok()?;
        matches!(whose(opened), Ok(Program::ThisSender(_))).then_some(path)
    };
    let path = called.or_else(beside).ok_or(NotStartable::Missing)?;
    let real =
        path.canonicalize().map_err(|error| NotStartable::CannotTell(path.clone(), crate::text::reason(&error)))?;
    // A link on the way decides what is started, too.
    only_ours_can_change(&path)?;
    only_ours_can_change(&real)?;
    Ok(real)
}

fn only_ours_can_change(path: &Path) -> Result<(), NotStartable> {
    for (above, place) in path.ancestors().enumerate() {
        let stat = rustix::fs::stat(place)
            .map_err(|errno| NotStartable::CannotTell(place.to_owned(), crate::text::reason(&errno.into())))?;
        // In a sticky folder such as /tmp only owners rename (unlink(2)).
        let sticky = above > 1 && stat.st_mode & 0o1000 != 0;
        if !sticky && !files::is_only_ours(&stat) {
            return Err(NotStartable::Changeable(place.to_owned()));
        }
    }
    Ok(())
}

/// Identifies a program. Netdata's script, in every version, contains the name of the opt-out file.
fn whose(program: Opened) -> io::Result<Program> {
    let (mut is_script, mut looks_for_the_file) = (None, false);
    let ours = pieces::search(program, PROGRAM_BYTES, |piece| {
        is_script = is_script.or_else(|| Some(piece.starts_with(b"#!")));
        looks_for_the_file |= memmem::find(piece, OPT_OUT_FILE.as_bytes()).is_some();
        version_in(piece)
    })?;
    Ok(match ours {
        Some(version) => Program::ThisSender(version),
        None if is_script == Some(true) && looks_for_the_file => Program::Netdatas,
        None => Program::Another,
    })
}

fn version_in(program: &[u8]) -> Option<String> {
    let (begin, end) = (MARK.0.as_bytes(), MARK.1.as_bytes());
    memmem::find_iter(program, begin).find_map(|at| {
        let rest = program.get(at + begin.len()..)?;
        let length = rest.iter().take(32).position(|b| end.contains(b))?;
        let version = std::str::from_utf8(rest.get(..length)?).ok()?;
        let plain = version.starts_with(|c: char| c.is_ascii_digit())
            && version.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+'));
        plain.then(|| version.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::pieces::{OVERLAP, PIECE};

    #[test]
    fn what_stands_at_the_place() {
        let folder = tempfile::tempdir().unwrap();
        let program = || Script::look(Some(folder.path())).program;
        assert_eq!(program(), Program::Missing);
        std::fs::write(folder.path().join(SCRIPT), "#!/bin/sh\n").unwrap();
        assert_eq!(program(), Program::Another);
        let netdatas =
            "#!/usr/bin/env sh\nif [ -f \"/etc/netdata/.opt-out-from-anonymous-statistics\" ]; then exit 0; fi\n";
        std::fs::write(folder.path().join(SCRIPT), netdatas).unwrap();
        assert_eq!(program(), Program::Netdatas);
        std::fs::write(folder.path().join(SCRIPT), format!("\u{7f}ELF{}{{{}0.1.0{}", MARK.0, MARK.0, MARK.1)).unwrap();
        assert_eq!(program(), Program::ThisSender("0.1.0".into()));
        // At any position of the mark.
        for before in
            (PIECE - MARK.0.len() - 40..PIECE + 2).step_by(3).chain([PIECE - OVERLAP, 2 * PIECE - OVERLAP - 10])
        {
            let program = format!("{}{}0.1.0{}{}", "x".repeat(before), MARK.0, MARK.1, "x".repeat(before));
            std::fs::write(folder.path().join(SCRIPT), program).unwrap();
            let found = Script::look(Some(folder.path())).program;
            assert_eq!(found, Program::ThisSender("0.1.0".into()), "{before}");
        }
        std::fs::remove_file(folder.path().join(SCRIPT)).unwrap();
        std::fs::create_dir(folder.path().join(SCRIPT)).unwrap();
        assert!(matches!(program(), Program::CannotTell(_)));
        assert_eq!(Script::look(None).program, Program::Missing);
    }

    #[test]
    fn only_a_sender_that_nobody_else_can_change_is_started() {
        use std::fs::Permissions;
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let mode = |name: &str, mode| std::fs::set_permissions(path(name), Permissions::from_mode(mode)).unwrap();
        for name in ["plugins", "bin"] {
            std::fs::create_dir(path(name)).unwrap();
            mode(name, 0o755);
        }
        let ours = format!("{}0.1.0{}", MARK.0, MARK.1);
        let startable = || startable(&Script::look(Some(&path("plugins"))), Some(&path("bin")));
        let write = |name: &str, text: &str| {
            std::fs::write(path(name), text).unwrap();
            mode(name, 0o755);
        };
        write("plugins/anonymous-statistics.sh", "#!/bin/sh\n");
        write("bin/anonymous-statistics", "another");
        assert_eq!(startable(), Err(NotStartable::Missing));
        write("bin/anonymous-statistics", &ours);
        let real = |name: &str| Ok(path(name).canonicalize().unwrap());
        assert_eq!(startable(), real("bin/anonymous-statistics"));
        write("plugins/anonymous-statistics.sh", &ours);
        assert_eq!(startable(), real("plugins/anonymous-statistics.sh"), "the one that the daemon calls");
        for (name, bits) in [("plugins/anonymous-statistics.sh", 0o775), ("plugins", 0o777), ("plugins", 0o1777)] {
            mode(name, bits);
            assert_eq!(startable(), Err(NotStartable::Changeable(path(name))), "{name} {bits:o}");
            mode(name, 0o755);
        }
        std::fs::remove_file(path("plugins/anonymous-statistics.sh")).unwrap();
        symlink("../bin/anonymous-statistics", path("plugins/anonymous-statistics.sh")).unwrap();
        assert_eq!(startable(), real("bin/anonymous-statistics"));
        for name in ["plugins", "bin"] {
            mode(name, 0o775);
            assert!(
                matches!(startable(), Err(NotStartable::Changeable(_))),
                "the link's folder and the program's: {name}"
            );
            mode(name, 0o755);
        }
    }
}
