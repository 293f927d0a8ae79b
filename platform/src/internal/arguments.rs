//! The command line of `system-info`: a table, for its help text and for the pages that `cargo xtask generate` writes.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;

use lexopt::{Arg, Error, Parser};

use crate::internal::cli::safe;

/// An option: its name, the value that it takes, and what it does.
#[derive(Debug)]
pub struct Opt {
    /// Without the hyphens.
    pub name: &'static str,
    /// The one letter that means the same.
    pub letter: Option<char>,
    /// The placeholder of its value.
    pub value: Option<&'static str>,
    /// One sentence without its full stop.
    pub help: &'static str,
    /// Options that make no sense beside it.
    pub excludes: &'static [&'static str],
}

const fn option(name: &'static str, value: Option<&'static str>, help: &'static str) -> Opt {
    Opt { name, letter: None, value, help, excludes: &[] }
}

/// All options.
pub const OPTIONS: [Opt; 8] = [
    Opt { excludes: &["format"], ..option("json", None, "Print one JSON object; the same as --format json") },
    option("format", Some("FORMAT"), "How to print; without it a table on a terminal, else the daemon's lines"),
    option("explain", None, "Add what was looked at for each fact"),
    option("privileged", None, "Also use what not every user may see, and mark what rests on it"),
    option("machine", Some("DIR"), "Read a recorded machine from this folder instead of this one"),
    Opt {
        excludes: &["json", "format", "explain"],
        ..option("record", Some("DIR"), "Write questions and answers into this folder, new or empty, for --machine")
    },
    Opt { letter: Some('h'), ..option("help", None, "Print this help") },
    Opt { letter: Some('V'), ..option("version", None, "Print the version") },
];

/// How the answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `KEY=VALUE`
    Env,
    /// For programs.
    Json,
    /// For people.
    Table,
}

/// The values of `--format`, and what they mean.
pub const FORMATS: [(&str, Format, &str); 3] = [
    ("env", Format::Env, "The Netdata daemon's NETDATA_* lines"),
    ("json", Format::Json, "One JSON object"),
    ("table", Format::Table, "A table for people"),
];

/// What the program does.
pub const ABOUT: &str = "\
Finds out what machine this is: operating system, virtualization, container,
processor, memory and disks. It starts no process and opens no network
connection.
";

/// What was asked for.
#[derive(Debug, Default)]
pub struct Arguments {
    /// `--format`, or `--json`
    pub format: Option<Format>,
    /// `--explain`
    pub explain: bool,
    /// `--privileged`
    pub privileged: bool,
    /// `--machine`
    pub machine: Option<PathBuf>,
    /// `--record`
    pub record: Option<PathBuf>,
}

/// Why there is nothing to do.
#[derive(Debug)]
pub enum Stop {
    /// Help or version was asked for: this text, on standard output.
    Information(String),
    /// The command line is wrong: this line, on standard error.
    Wrong(String),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Wrong(format!("{} (--help lists what is accepted)", safe(&error.to_string())))
    }
}

impl Arguments {
    /// Reads a command line without the program's name.
    ///
    /// # Errors
    /// What to say instead of an answer.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Stop> {
        let mut parser = Parser::from_args(arguments);
        let mut read = Self::default();
        let mut given: Vec<&Opt> = Vec::new();
        while let Some(argument) = parser.next()? {
            let option = OPTIONS.iter().find(|option| match &argument {
                Arg::Long(name) => option.name == *name,
                Arg::Short(letter) => option.letter == Some(*letter),
                Arg::Value(_) => false,
            });
            let option = option.ok_or_else(|| argument.unexpected())?;
            if let Some(other) = given.iter().find(|other| option.is_against(other)) {
                return Err(Error::from(format!("--{} cannot be used with --{}", option.name, other.name)).into());
            }
            given.push(option);
            let value = if option.value.is_some() { value(&mut parser, option)? } else { OsString::new() };
            match option.name {
                "json" => read.format = Some(Format::Json),
                "format" => read.format = Some(format(&value)?),
                "explain" => read.explain = true,
                "privileged" => read.privileged = true,
                "machine" => read.machine = Some(value.into()),
                "record" => read.record = Some(value.into()),
                "help" => return Err(Stop::Information(help())),
                _ => {
                    return Err(Stop::Information(concat!("system-info ", env!("CARGO_PKG_VERSION"), "\n").to_owned()));
                }
            }
        }
        Ok(read)
    }
}

impl Opt {
    /// Whether two options cannot both be given. None can be given twice.
    fn is_against(&self, other: &Self) -> bool {
        self.name == other.name || self.excludes.contains(&other.name) || other.excludes.contains(&self.name)
    }
}

/// The value after an option. A word like an option is refused: more likely the value was forgotten.
fn value(parser: &mut Parser, option: &Opt) -> Result<OsString, Error> {
    let is_option = |word: &OsString| word.len() > 1 && word.as_encoded_bytes().starts_with(b"-");
    let value = parser.optional_value().or_else(|| parser.value().ok().filter(|word| !is_option(word)));
    let missing = || Error::MissingValue { option: Some(format!("--{}", option.name)) };
    value.filter(|value| !value.is_empty()).ok_or_else(missing)
}

fn format(word: &OsString) -> Result<Format, Error> {
    let known = FORMATS.iter().find(|(known, ..)| word == known).map(|(_, format, _)| *format);
    let words = || FORMATS.map(|(known, ..)| known).join(", ");
    known.ok_or_else(|| format!("--format {}: not one of {}", word.to_string_lossy(), words()).into())
}

fn help() -> String {
    let mut text = format!("{ABOUT}\nUsage: system-info [OPTIONS]\n\nOptions:\n");
    // Writing to a String cannot fail.
    for Opt { name, letter, value, help, .. } in &OPTIONS {
        let letter = letter.map(|letter| format!("-{letter}, ")).unwrap_or_default();
        let value = value.map(|value| format!(" {value}")).unwrap_or_default();
        let _ = writeln!(text, "  {letter}--{name}{value}\n      {help}");
        if *name == "format" {
            for (word, _, meaning) in &FORMATS {
                let _ = writeln!(text, "      {word:<7}{meaning}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Arguments, Stop> {
        Arguments::read(arguments.iter().map(OsString::from))
    }

    #[test]
    fn every_option_does_what_it_says() {
        let read = |arguments: &[&str]| read(arguments).unwrap();
        assert_eq!(read(&[]).format, None);
        assert_eq!(read(&["--json"]).format, Some(Format::Json));
        for (word, format, _) in FORMATS {
            assert_eq!(read(&["--format", word]).format, Some(format));
            assert_eq!(read(&[&format!("--format={word}")]).format, Some(format));
        }
        let all = read(&["--machine", "a", "--explain", "--privileged", "--"]);
        assert_eq!((all.machine, all.explain, all.privileged), (Some("a".into()), true, true));
        let recorded = read(&["--record=-a", "--privileged"]);
        assert_eq!((recorded.record, recorded.privileged, recorded.explain), (Some("-a".into()), true, false));
    }

    #[test]
    fn a_complaint_is_one_line_that_says_what_is_wrong() {
        for (wrong, expected) in [
            (&["--no\u{1b}[31m"][..], "invalid option '--no [31m'"),
            (&["-x"], "invalid option '-x'"),
            (&["a\nb"], r#"unexpected argument "a\nb""#),
            (&["--", "--json"], r#"unexpected argument "--json""#),
            (&["--json=1"], r#"unexpected argument for option '--json': "1""#),
            (&["--machine"], "missing argument for option '--machine'"),
            (&["--machine="], "missing argument for option '--machine'"),
            (&["--machine", "--json"], "missing argument for option '--machine'"),
            (&["--format", "a\nb"], "--format a b: not one of env, json, table"),
            (&["--explain", "--explain"], "--explain cannot be used with --explain"),
            (&["--json", "--format", "env"], "--format cannot be used with --json"),
            (&["--format", "env", "--json"], "--json cannot be used with --format"),
            (&["--explain", "--record", "a"], "--record cannot be used with --explain"),
        ] {
            match read(wrong) {
                Err(Stop::Wrong(line)) => assert_eq!(line, format!("{expected} (--help lists what is accepted)")),
                other => panic!("{wrong:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn the_help_text_fits_a_terminal() {
        for asked in ["--help", "-h"] {
            let Err(Stop::Information(text)) = read(&[asked]) else { panic!("no help") };
            assert!(OPTIONS.iter().all(|option| text.contains(&format!("--{}", option.name))), "{text}");
            for line in text.lines() {
                assert!(line.chars().count() <= 80, "{line}");
            }
        }
    }
}
