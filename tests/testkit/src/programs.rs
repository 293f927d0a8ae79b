//! The programs under test, and those that a test starts.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use crate::skip;

/// The folder of cargo's programs. cargo tells a package's tests the paths of that package's programs, which are in the
/// same folder as all others.
fn programs() -> PathBuf {
    let named = std::env::vars_os().find(|(name, _)| name.to_string_lossy().starts_with("CARGO_BIN_EXE_"));
    match named {
        Some((_, file)) => Path::new(&file).parent().unwrap().to_owned(),
        None => std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_owned(),
    }
}

pub fn sender() -> &'static str {
    static FILE: LazyLock<String> =
        LazyLock::new(|| program("anonymous-statistics").into_os_string().into_string().unwrap());
    &FILE
}

/// Quotes a word for a shell: the path of the temporary folder may contain blanks.
pub fn quoted(word: impl AsRef<Path>) -> String {
    format!("'{}'", word.as_ref().to_str().unwrap().replace('\'', r"'\''"))
}

/// The user's search path and the system's folders, which an ordinary user's may lack (Debian's does; dpkg is one of
/// the programs that search them).
pub fn search_path() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::join_paths(std::env::split_paths(&path).chain(system)).unwrap()
}

pub fn find(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&search_path()).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// The command that begins with these words.
pub fn command(words: &[String]) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    command
}

/// A program of the workspace.
pub fn program(name: &str) -> PathBuf {
    let path = programs().join(name);
    assert!(path.is_file(), "{} is missing: build the workspace first (cargo build --workspace)", path.display());
    path
}

/// The program from the static build in the folder `STATIC_PROGRAMS`, if set.
pub fn static_program(name: &str) -> Option<PathBuf> {
    std::env::var_os("STATIC_PROGRAMS").map(|folder| Path::new(&folder).join(name))
}

/// The static program if there is one: it makes half as many system calls before its work.
pub fn given_away(name: &str) -> PathBuf {
    static_program(name).unwrap_or_else(|| program(name))
}

/// The static program; without one, a skip.
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
