//! The programs that are tested, and those that a test starts.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use crate::skip;

/// The folder of the programs that cargo has built. To the tests of a package it names those of the package, which lie beside
/// all others.
fn programs() -> PathBuf {
    let named = std::env::vars_os().find(|(name, _)| name.to_string_lossy().starts_with("CARGO_BIN_EXE_"));
    match named {
        Some((_, file)) => Path::new(&file).parent().unwrap().to_owned(),
        None => std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned(),
    }
}

/// The sender.
pub fn sender() -> &'static str {
    static FILE: LazyLock<String> =
        LazyLock::new(|| program("anonymous-statistics").into_os_string().into_string().unwrap());
    &FILE
}

/// A word for a shell. Where the folder for temporary files lies is not for the tests to say: its path may have blanks.
pub fn quoted(word: impl AsRef<Path>) -> String {
    format!("'{}'", word.as_ref().to_str().unwrap().replace('\'', r"'\''"))
}

/// Where commands are looked for: a person's search path, and the folders of the system's own, which an ordinary user's need
/// not hold (Debian's does not; dpkg is one of those that look there).
pub fn search_path() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::join_paths(std::env::split_paths(&path).chain(system)).unwrap()
}

/// Where a command is found.
pub fn find(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&search_path()).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// The command that these words begin.
pub fn command(words: &[String]) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    command
}

/// One of the programs of the workspace.
pub fn program(name: &str) -> PathBuf {
    let path = programs().join(name);
    assert!(path.is_file(), "{} is missing: build the workspace first (cargo build --workspace)", path.display());
    path
}

/// A program as it is given away, where `STATIC_PROGRAMS` names the folder of a static build.
pub fn static_program(name: &str) -> Option<PathBuf> {
    std::env::var_os("STATIC_PROGRAMS").map(|folder| Path::new(&folder).join(name))
}

/// The same where there is one: it makes half as many system calls before it begins to work.
pub fn given_away(name: &str) -> PathBuf {
    static_program(name).unwrap_or_else(|| program(name))
}

/// The same, and where there is none that is a skip.
pub fn needs_static_program(test: &str, name: &str) -> Option<PathBuf> {
    let program = static_program(name);
    if program.is_none() {
        skip(test, "STATIC_PROGRAMS names no folder with a static build (cargo xtask static)");
    }
    program
}

/// Standard output and standard error as text, and the exit status.
pub fn said(output: &Output) -> (String, String, i32) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr), output.status.code().unwrap())
}

pub fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}
