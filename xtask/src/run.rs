//! Runs other programs: shows the command line, checks the status, and names the failed command in the error.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The outcome of a part of ci without an error.
pub(crate) enum Verdict {
    Passed,
    Skipped(String),
}

/// The cargo that started us, without the variables about xtask: build scripts (such as ring's) watch some of them, and
/// would rerun after every change between `cargo xtask` and plain `cargo`.
pub(crate) fn cargo<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(arguments: I) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command.args(arguments);
    command
}

pub(crate) fn program<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(name: impl AsRef<OsStr>, arguments: I) -> Command {
    let mut command = Command::new(name);
    command.args(arguments);
    command
}

/// git for the repository of this folder, also in a hook of another.
pub(crate) fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(name);
    }
    command.current_dir(folder);
    command
}

/// Whether this is a machine of continuous integration, which may be changed. GitHub and most others set the variable.
pub(crate) fn in_ci() -> bool {
    env::var_os("CI").is_some_and(|value| value == "true")
}

/// The command roughly as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let mut words: Vec<String> = command
        .get_envs()
        .filter_map(|(name, value)| Some(format!("{}={}", name.display(), value?.display())))
        .collect();
    for word in std::iter::once(command.get_program()).chain(command.get_args()) {
        let word = word.to_string_lossy();
        words.push(if word.is_empty() || word.contains(char::is_whitespace) {
            format!("'{word}'")
        } else {
            word.into_owned()
        });
    }
    words.join(" ")
}

/// Shows and runs a command with its output on the terminal.
pub(crate) fn status(command: &mut Command) -> Result<ExitStatus> {
    eprintln!("$ {}", shown(command));
    let begin = Instant::now();
    let status = command.status().with_context(|| cannot_start(command))?;
    eprintln!("  {status} after {:.1} s", begin.elapsed().as_secs_f64());
    Ok(status)
}

/// Shows and runs a command that must succeed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = status(command)?;
    if !status.success() {
        bail!("{status}: {}", shown(command));
    }
    Ok(())
}

/// Runs a command and captures its output.
pub(crate) fn output(command: &mut Command) -> Result<Output> {
    command.output().with_context(|| cannot_start(command))
}

/// Standard output of a command that must succeed.
pub(crate) fn text(command: &mut Command) -> Result<String> {
    let output = output(command)?;
    if !output.status.success() {
        bail!("{}: {}\n{}", output.status, shown(command), String::from_utf8_lossy(&output.stderr).trim_end());
    }
    String::from_utf8(output.stdout).with_context(|| format!("no UTF-8 came from: {}", shown(command)))
}

/// Shows and runs a command that may hang, and kills it after `limit`. `false`: it failed or was killed.
pub(crate) fn succeeds_within(command: &mut Command, limit: Duration) -> Result<bool> {
    eprintln!("$ {}   (at most {} s)", shown(command), limit.as_secs());
    let mut child = command.spawn().with_context(|| cannot_start(command))?;
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if begin.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(false);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Finds a program on `PATH`.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

fn cannot_start(command: &Command) -> String {
    format!("cannot start {}", command.get_program().display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let mut command = program("cc", ["-o", "a b", ""]);
        command.env("LANG", "C").env_remove("CFLAGS");
        assert_eq!(shown(&command), "LANG=C cc -o 'a b' ''");
    }

    #[test]
    fn a_failing_command_is_an_error_that_names_it() {
        let error = run(&mut program("false", ["x"])).unwrap_err().to_string();
        assert!(error.contains("false x"), "{error}");
        let error = text(&mut program("sh", ["-c", "echo told >&2; exit 3"])).unwrap_err().to_string();
        assert!(error.contains("told") && error.contains('3'), "{error}");
        let error = run(&mut program("no-such-program-here", [""])).unwrap_err().to_string();
        assert!(error.contains("cannot start no-such-program-here"), "{error}");
    }

    #[test]
    fn a_hanging_command_is_ended() {
        let limit = Duration::from_millis(100);
        assert!(!succeeds_within(&mut program("sleep", ["60"]), limit).unwrap(), "left alone, sleep succeeds");
        assert!(succeeds_within(&mut program("true", [""]), Duration::from_mins(1)).unwrap());
    }

    #[test]
    fn cargo_is_not_told_about_xtask() {
        let command = cargo(["test"]);
        let removed: Vec<_> = command.get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        // Cargo sets these two for every test.
        assert!(removed.contains(&OsStr::new("CARGO_PKG_NAME")) && removed.contains(&OsStr::new("CARGO_MANIFEST_DIR")));
    }
}
