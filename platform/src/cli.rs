//! Output of the command line programs of this workspace.

use std::io::{self, ErrorKind, Write};

use crate::text::{VALUE_LIMIT, clean_text};

/// A complaint of clap as one line without control bytes.
pub fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let mut parts = Vec::new();
    // Hints and usage follow the complaint in paragraphs of their own.
    for line in text.lines().map(str::trim) {
        if line.starts_with("Usage:") || line.starts_with("For more information") {
            break;
        }
        if !line.is_empty() {
            parts.push(line);
        }
    }
    let complaint = parts.join("; ");
    format!(
        "{} (--help lists what is accepted)",
        clean_text(complaint.strip_prefix("error: ").unwrap_or(&complaint), VALUE_LIMIT)
    )
}

/// A message without control bytes, however hostile the paths and arguments in it are.
pub fn safe(text: &str) -> String {
    clean_text(text, VALUE_LIMIT)
}

/// Writes to standard output. A closed pipe is no error.
///
/// # Errors
/// Any other failure to write, such as a full disk.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_one_line() {
        let command =
            || clap::Command::new("x").arg(clap::Arg::new("format").long("format").value_parser(["env", "json"]));
        let complain = |words: &[&str]| {
            let error = command().try_get_matches_from(words).unwrap_err();
            one_line(&error)
        };
        assert_eq!(
            complain(&["x", "--no\u{1b}[31m"]),
            "unexpected argument '--no [31m' found (--help lists what is accepted)"
        );
        let invalid = complain(&["x", "--format", "a\nb"]);
        assert!(invalid.starts_with("invalid value 'a") && invalid.contains("env, json"), "{invalid}");
        assert!(!invalid.contains('\n'));
    }
}
