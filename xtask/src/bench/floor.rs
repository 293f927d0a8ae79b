//! What cannot be saved: programs that do nothing but what one of ours cannot do without.
//!
//! A ratio to an empty C program says nothing of where its rest comes from. These stand between.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::measure::{self, Subject};
use crate::run;

/// The measure of all things: a program that does nothing.
pub(super) fn empty(folder: &Path) -> Result<()> {
    compile(folder, "empty", "int main(void) { return 0; }\n")
}

/// The same in Rust, and one whose second thread would end it, as the sender's does. Both are built as ours are.
pub(super) fn rust(folder: &Path, target: &str) -> Result<()> {
    const THREAD: &str = "fn main() { let _ = std::thread::spawn(|| { \
        std::thread::sleep(std::time::Duration::from_secs(2)); std::process::exit(28) }); }\n";
    for (name, source) in [("empty-rust", "fn main() {}\n"), ("thread", THREAD)] {
        let file = folder.join(name).with_extension("rs");
        fs::write(&file, source)?;
        let options = ["--edition", "2024", "-Copt-level=s", "-Cpanic=abort", "-Cstrip=symbols", "-Ccodegen-units=1"];
        let mut command = run::program("rustc", options);
        // As in .cargo/config.toml.
        command.args(["-Clink-arg=-Wl,-z,pack-relative-relocs", "--target", target, "-o"]);
        run::run(command.arg(folder.join(name)).arg(file).current_dir(folder))?;
    }
    Ok(())
}

/// A C program that asks the kernel what one of ours has asked, in the same order, and does nothing with the answers.
pub(super) fn questions(subject: &Subject, name: &str, folder: &Path) -> Result<PathBuf> {
    let source = replay(&measure::traced(subject, &["-qq", "-s", "256"], folder)?);
    if !source.contains("open(") || !source.contains("read(") {
        bail!("strace shows no question of {}", subject.row.label());
    }
    compile(folder, name, &source)?;
    Ok(folder.join(name))
}

fn compile(folder: &Path, name: &str, source: &str) -> Result<()> {
    let file = folder.join(name).with_extension("c");
    fs::write(&file, source)?;
    let compiler = if run::find("musl-gcc").is_some() { "musl-gcc" } else { "cc" };
    run::run(run::program(compiler, ["-static", "-O2", "-s", "-w", "-o"]).arg(folder.join(name)).arg(file))
}

/// The calls of a trace that ask for something, as C: a call about an open file is about the one that was opened last, and a
/// second thread is left out.
fn replay(trace: &str) -> String {
    let mut body = String::new();
    for line in trace.lines() {
        let line = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        let Some((call, rest)) = line.split_once('(') else { continue };
        let path = rest.split('"').nth(1).filter(|path| path.starts_with('/') && path.bytes().all(is_plain));
        let folder = if rest.contains("O_DIRECTORY") { " | O_DIRECTORY" } else { "" };
        // Writing to a String cannot fail.
        let _ = match (call, path) {
            ("open" | "openat", Some(path)) => {
                writeln!(body, "  file = open(\"{path}\", O_RDONLY | O_CLOEXEC{folder});")
            }
            ("stat" | "lstat" | "newfstatat" | "statx", Some(path)) => writeln!(body, "  lstat(\"{path}\", &status);"),
            ("readlink" | "readlinkat", Some(path)) => writeln!(body, "  readlink(\"{path}\", bytes, 256);"),
            ("read", _) => writeln!(body, "  read(file, bytes, sizeof bytes);"),
            ("fstat", _) => writeln!(body, "  fstat(file, &status);"),
            ("getdents64", _) => writeln!(body, "  syscall(SYS_getdents64, file, bytes, sizeof bytes);"),
            ("close", _) => writeln!(body, "  close(file);"),
            ("uname", _) => writeln!(body, "  uname(&name);"),
            ("write", _) => writeln!(body, "  write(1, bytes, 1024);"),
            _ => Ok(()),
        };
    }
    format!(
        "#define _GNU_SOURCE\n#include <fcntl.h>\n#include <sys/stat.h>\n#include <sys/syscall.h>\n#include <sys/utsname.h>\n\
         #include <unistd.h>\nstatic char bytes[4096];\nstatic struct stat status;\nstatic struct utsname name;\n\
         int main(void) {{\n  int file = -1;\n{body}  return 0;\n}}\n"
    )
}

/// Part of a path that needs no care in C. What strace escapes has a backslash.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/._:-".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_asked_again_in_c() {
        let source = replay(
            "10 execve(\"./x\", [\"./x\"], 0x7 /* 1 var */) = 0\n10 brk(NULL) = 0x5\n\
             11 newfstatat(AT_FDCWD, \"/proc/vz\", 0x7, AT_SYMLINK_NOFOLLOW) = -1 ENOENT (No such file or directory)\n\
             open(\"/sys/block\", O_RDONLY|O_DIRECTORY) = 3\ngetdents64(3, 0x7 /* 2 entries */, 768) = 360\nclose(3) = 0\n\
             open(\"/odd\\n\", O_RDONLY) = 3\nread(3, \"x(\\\"\", 4096) = 3\nreadlinkat(AT_FDCWD, \"/proc/self/ns/pid\", \"pid\", 256) = 3\n",
        );
        let asked: Vec<&str> = source.lines().filter_map(|line| line.strip_prefix("  ")).collect();
        assert_eq!(
            asked,
            [
                "int file = -1;",
                "lstat(\"/proc/vz\", &status);",
                "file = open(\"/sys/block\", O_RDONLY | O_CLOEXEC | O_DIRECTORY);",
                "syscall(SYS_getdents64, file, bytes, sizeof bytes);",
                "close(file);",
                "read(file, bytes, sizeof bytes);",
                "readlink(\"/proc/self/ns/pid\", bytes, 256);",
                "return 0;",
            ]
        );
    }
}
