//! A manual page in man(7): from the definition of a command line, its help texts, and what only a page says.

use std::fmt::Write as _;

use clap::{Arg, Command};

/// By this mark the installer recognizes the files of any version.
pub(super) const MARK: &str = "Made by cargo xtask generate of the anonymous-statistics project; do not edit.";

/// Whether clap itself adds an option.
pub(super) fn clap_adds(name: &str) -> bool {
    ["help", "version"].contains(&name)
}

/// A page under construction.
pub(super) struct Page(String);

impl Page {
    /// `what` begins the page, and is what whatis(1) shows. Without a date, which no build knows, and without
    /// hyphens in paths and commands.
    pub(super) fn new(name: &str, section: u8, what: &str) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        Self(format!(
            ".\\\" {MARK}\n.TH {name} {section} \"\" \"anonymous\\-statistics {version}\" Telemetry\n\
             .ad l\n.nh\n.SH NAME\n{} \\- {}\n",
            escaped(name),
            escaped(what)
        ))
    }

    /// Without content no heading.
    pub(super) fn section(&mut self, title: &str, content: &str) {
        // A paragraph begins after a heading anyway.
        let content = content.strip_prefix(".PP\n").unwrap_or(content);
        if !content.is_empty() {
            // Writing to a String cannot fail.
            let _ = write!(self.0, ".SH {title}\n{content}");
        }
    }

    pub(super) fn content(self) -> Vec<u8> {
        self.0.into_bytes()
    }
}

/// Text of a page. Words between backticks become bold.
pub(super) fn escaped(text: &str) -> String {
    let mut bold = false;
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '`' => {
                bold = !bold;
                out.push_str(if bold { "\\fB" } else { "\\fR" });
            }
            '\\' => out.push_str("\\e"),
            '-' => out.push_str("\\-"),
            '\'' => out.push_str("\\(aq"),
            '~' => out.push_str("\\(ti"),
            '^' => out.push_str("\\(ha"),
            _ => out.push(character),
        }
    }
    // A full stop would begin a request.
    if out.starts_with('.') { format!("\\&{out}") } else { out }
}

/// A name with what it means.
pub(super) fn item(name: &str, text: &str) -> String {
    tagged(&format!("\\fB{}\\fR", escaped(name)), text)
}

fn tagged(tag: &str, text: &str) -> String {
    match text {
        "" => format!(".PP\n{tag}\n"),
        text => format!(".TP\n{tag}\n{}\n", escaped(text)),
    }
}

/// Paragraphs between empty lines; one of indented lines is a list of names and, two blanks after them or in lines of
/// their own, their meanings.
pub(super) fn text(text: &str) -> String {
    let paragraph = |lines: &str| {
        if lines.starts_with(' ') {
            list(lines)
        } else {
            lines.lines().fold(".PP\n".to_owned(), |text, line| text + &escaped(line) + "\n")
        }
    };
    text.trim_end().split("\n\n").filter(|part| !part.trim().is_empty()).map(paragraph).collect()
}

fn list(lines: &str) -> String {
    items(lines).iter().map(|(name, meaning)| item(name, meaning)).collect()
}

fn items(lines: &str) -> Vec<(String, String)> {
    let mut items: Vec<(String, String)> = Vec::new();
    for line in lines.lines() {
        let begins = line.starts_with("  ") && !line.starts_with("   ");
        let (name, meaning) =
            if begins { line.trim().split_once("  ").unwrap_or((line.trim(), "")) } else { ("", line) };
        match items.last_mut() {
            Some((_, before)) if !begins => {
                let gap = if before.is_empty() { "" } else { " " };
                before.extend([gap, meaning.trim()]);
            }
            _ => items.push((name.to_owned(), meaning.trim().to_owned())),
        }
    }
    items
}

/// The end of a help text, by the sections of a page.
#[derive(Default)]
pub(super) struct Help {
    pub(super) description: String,
    pub(super) examples: String,
    pub(super) exit: String,
}

impl Help {
    pub(super) fn read(text: &str) -> Self {
        let mut help = Self::default();
        for part in text.split("\n\n") {
            let named =
                |name: &str| part.trim_start().strip_prefix(name).map(|rest| rest.trim_start_matches([' ', '\n']));
            // The indentation makes a list of it.
            let indented = |rest: &str| if part.contains(":\n ") { format!("  {rest}") } else { rest.to_owned() };
            let (place, part) = match (named("Examples:"), named("Exit status:")) {
                (Some(rest), _) => (&mut help.examples, indented(rest)),
                (_, Some(rest)) => (&mut help.exit, indented(rest)),
                _ => (&mut help.description, part.to_owned()),
            };
            place.extend(["\n\n", &part]);
        }
        help
    }

    /// The commands among the examples.
    #[cfg(test)]
    pub(super) fn commands(&self) -> Vec<String> {
        self.examples.split("\n\n").flat_map(items).map(|(name, _)| name).collect()
    }
}

/// Those of a verb stand before those of the whole program.
pub(super) fn shown(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|argument| !argument.is_hide_set())
}

fn values(argument: &Arg) -> Vec<String> {
    if !argument.get_action().takes_values() {
        return Vec::new();
    }
    let named = argument.get_value_names().unwrap_or_default();
    let id = argument.get_id().as_str().to_uppercase().replace('-', "_");
    if named.is_empty() { vec![id] } else { named.iter().map(ToString::to_string).collect() }
}

/// The command with every option and its value.
pub(super) fn synopsis(command: &Command) -> String {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    let mut text = format!(".SY \"{}\"\n", escaped(name));
    for argument in shown(command).filter(|one| !clap_adds(one.get_id().as_str())) {
        let values = escaped(&values(argument).join(" "));
        let _ = match argument.get_long() {
            Some(long) if argument.is_required_set() => {
                writeln!(text, "\\fB\\-\\-{}\\fR \\fI{values}\\fR", escaped(long))
            }
            Some(long) => writeln!(text, ".OP {} {}", escaped(&format!("--{long}")), quoted(&values)),
            None => writeln!(text, "[\\fI{values}\\fR]"),
        };
    }
    if command.has_subcommands() {
        text.push_str("[\\fICOMMAND\\fR]\n");
    }
    // It turns hyphenation on again.
    text + ".YS\n.nh\n"
}

/// Nothing, or one argument of a request.
fn quoted(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("\"{text}\"") }
}

/// A synopsis that is written by hand: `Usage: ` and lines below each other.
pub(super) fn usages(text: &str) -> String {
    let forms = text.lines().map(|line| line.trim_start_matches("Usage:").trim());
    forms.map(|form| format!("\\fB{}\\fR\n", escaped(form).replacen(' ', "\\fR ", 1))).collect::<Vec<_>>().join(".br\n")
}

pub(super) fn options(command: &Command) -> String {
    let mut text = String::new();
    for argument in shown(command) {
        let short = argument.get_short().map(|letter| format!("\\fB\\-{letter}\\fR, ")).unwrap_or_default();
        let long = argument.get_long().map(|long| format!("\\fB\\-\\-{}\\fR ", escaped(long))).unwrap_or_default();
        let values = values(argument).iter().map(|value| format!("\\fI{}\\fR", escaped(value))).collect::<Vec<_>>();
        let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        // clap adds a sentence about a longer help text.
        let help = help.split(" (see more with").next().unwrap_or_default();
        text += &tagged(format!("{short}{long}{}", values.join(" ")).trim(), help);
        let hidden = argument.is_hide_possible_values_set();
        let known = argument.get_possible_values().into_iter().filter(|value| !hidden && !value.is_hide_set());
        let known: Vec<_> = known.collect();
        if known.iter().any(|value| value.get_help().is_some()) {
            let meaning = |value: &clap::builder::PossibleValue| value.get_help().map(ToString::to_string);
            let known = known.iter().map(|value| item(value.get_name(), &meaning(value).unwrap_or_default()));
            text.extend([".RS\n".to_owned()].into_iter().chain(known).chain([".RE\n".to_owned()]));
        } else if argument.get_action().takes_values() && !known.is_empty() {
            let known = known.iter().map(|value| format!("`{}`", value.get_name())).collect::<Vec<_>>();
            text += &escaped(&format!("(one of {})\n", known.join(", ")));
        }
        if let [default] = argument.get_default_values()
            && argument.get_action().takes_values()
            && !argument.is_hide_default_value_set()
        {
            text.extend([".IP\n", &escaped(&format!("The default is `{}`.\n", default.to_string_lossy()))]);
        }
    }
    text
}
