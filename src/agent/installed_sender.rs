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

impl Script {
    pub fn look(plugins: Option<&Path>) -> Self {
        let Some(path) = plugins.map(|folder| folder.join(SCRIPT)) else {
            return Self { path: None, program: Program::Missing };
        };
        let program = match files::open_regular(rustix::fs::CWD, &path, Links::Follow).and_then(whose) {
            Ok(program) => program,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Program::Missing,
            Err(error) => Program::CannotTell(error.to_string()),
        };
        Self { path: Some(path), program }
    }

    pub fn is_this_sender(&self) -> bool {
        matches!(self.program, Program::ThisSender(_))
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.program, &self.path) {
            (Program::ThisSender(version), _) => write!(f, "this sender, version {version}"),
            (Program::Netdatas, _) => {
                f.write_str("Netdata's own script, judged by its content: what is shown here is not what it sends")
            }
            (Program::Another, _) => f.write_str("another program: what is shown here is not what it sends"),
            (Program::Missing, None) => f.write_str("nobody: no agent was found here"),
            (Program::Missing, Some(_)) => f.write_str("nobody: no telemetry script is installed"),
            (Program::CannotTell(why), _) => write!(f, "cannot tell: {}", crate::text::printable(why)),
        }
    }
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
}
