//! Manual pages, and completions for bash, zsh and fish, for all three programs: from the definitions of their command
//! lines; and one for the configuration. `cargo xtask generate` writes them below `share/`, in the installed layout.

mod completion;
mod configuration;
mod entries;
mod manual;

use std::fs;
use std::path::{Path, PathBuf};

use anonymous_statistics::config;
use anonymous_statistics::fields::ACTIONS;
use anonymous_statistics::options;
use anyhow::{Context, Result};
use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, Command};
use clap_complete::{Generator, Shell};
use system_facts::internal::arguments;

use crate::pages::manual::{MARK, clap_adds};
use crate::workspace::{PREVIEW, SENDER, SYSTEM_INFO, Workspace};

pub(crate) const FOLDER: &str = "share";

/// Every file's path in [`FOLDER`] and content.
fn files() -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = vec![(PathBuf::from(format!("man/man5/{}.5", config::FILE)), configuration::page())];
    for command in commands() {
        let name = command.get_name();
        files.push((PathBuf::from(format!("man/man1/{name}.1")), manual(&command, None)));
        for verb in command.get_subcommands() {
            let page = manual(verb, Some(name));
            files.push((PathBuf::from(format!("man/man1/{name}-{}.1", verb.get_name())), page));
        }
        for (shell, folder) in [
            (Shell::Bash, "bash-completion/completions"),
            (Shell::Zsh, "zsh/site-functions"),
            (Shell::Fish, "fish/vendor_completions.d"),
        ] {
            let file = if shell == Shell::Bash { name.to_owned() } else { shell.file_name(name) };
            files.push((Path::new(folder).join(file), completions(shell, &command)));
        }
    }
    files
}

fn commands() -> [Command; 3] {
    let preview = telemetry_preview::command();
    [(SYSTEM_INFO.name, system_info()), (SENDER.name, sender()), (PREVIEW.name, preview)]
        .map(|(name, command)| visible(name, &command))
}

/// An option of a program that reads its command line by a table, without clap.
fn option(name: &'static str, value: Option<&'static str>, help: &'static str) -> Arg {
    let argument = Arg::new(name).long(name).help(help);
    match value {
        Some(value) => argument.value_name(value),
        None => argument.action(ArgAction::SetTrue),
    }
}

fn system_info() -> Command {
    let formats = arguments::FORMATS.map(|(word, _, meaning)| PossibleValue::new(word).help(meaning));
    let options = arguments::OPTIONS.iter().filter(|option| !clap_adds(option.name)).map(|known| {
        let argument = option(known.name, known.value, known.help).conflicts_with_all(known.excludes.iter().copied());
        match known.value {
            Some("FORMAT") => argument.value_parser(formats.clone()),
            _ => argument,
        }
    });
    Command::new(SYSTEM_INFO.name).about(arguments::ABOUT.trim()).args(options)
}

fn sender() -> Command {
    let options = options::OPTIONS.iter().filter(|option| !clap_adds(option.name));
    let options = options.map(|known| option(known.name, known.value, known.help));
    let data = [
        ("action", "ACTION", "START, EXIT, FATAL ...: from here on everything is data, whatever it looks like"),
        ("data", "DATA", "What the daemon says about it: the result, the data, and pieces of JSON"),
    ];
    let data = data.map(|(id, name, help)| Arg::new(id).value_name(name).help(help));
    let [action, more] = data;
    let (usage, calls) = options::USAGE.split_once("\n\n").unwrap_or((options::USAGE, ""));
    Command::new(SENDER.name)
        .about(options::ABOUT.trim())
        .before_help(usage)
        .after_help(format!("{calls}\n{}", options::MORE.trim()))
        .args(options)
        .args([action, more.num_args(0..)])
}

/// The command without internal verbs.
fn visible(name: &'static str, command: &Command) -> Command {
    let text = |text: Option<&clap::builder::StyledStr>| text.map(ToString::to_string).unwrap_or_default();
    let mut shown = Command::new(name)
        .bin_name(name)
        .version(env!("CARGO_PKG_VERSION"))
        .about(text(command.get_about()))
        .before_help(text(command.get_before_help()))
        .after_help(text(command.get_after_help()))
        .args(command.get_arguments().cloned())
        .subcommands(command.get_subcommands().filter(|verb| !verb.is_hide_set()).cloned())
        .subcommand_value_name("COMMAND")
        .disable_help_subcommand(true);
    // Adds the global options to each verb.
    shown.build();
    shown
}

/// The page of a program, or of one of its verbs.
fn manual(command: &Command, program: Option<&str>) -> Vec<u8> {
    let name = command.get_name();
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let (first, more) = about.split_once("\n\n").unwrap_or((&about, ""));
    let what = first.split(['.', ':']).next().unwrap_or_default().replace('\n', " ");
    let mut letters = what.chars();
    let what: String = letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect();
    let title = program.map_or_else(|| name.to_owned(), |program| format!("{program}-{name}"));
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let help = manual::Help::read(&format!("{help}\n\n{}", entries::end(name)));

    let mut page = manual::Page::new(&title, 1, &what);
    let by_hand = command.get_before_help().map(ToString::to_string).filter(|usage| !usage.is_empty());
    page.section("SYNOPSIS", &by_hand.map_or_else(|| manual::synopsis(command), |usage| manual::usages(&usage)));
    let sentence = format!("{}.", first.trim_end_matches('.'));
    let description = [sentence.as_str(), more, entries::more(name), &help.description].join("\n\n");
    page.section("DESCRIPTION", &manual::text(&description));
    page.section("OPTIONS", &manual::options(command));
    let pages = |verb: &Command| {
        let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
        manual::item(&format!("{name}-{}(1)", verb.get_name()), &about)
    };
    page.section("COMMANDS", &command.get_subcommands().map(pages).collect::<String>());
    if command.has_subcommands() {
        page.section(
            "EVENTS",
            &ACTIONS.iter().map(|action| manual::item(action.name, action.when)).collect::<String>(),
        );
    }
    page.section("EXIT STATUS", &manual::text(&help.exit));
    page.section("ENVIRONMENT", &entries::environment(name));
    page.section("FILES", &entries::files(name));
    page.section("EXAMPLES", &manual::text(&help.examples));
    let related = entries::related(name).iter().map(|verb| format!("{}-{verb}(1)", PREVIEW.name));
    let programs = [PREVIEW.name, SENDER.name, SYSTEM_INFO.name].map(|name| format!("{name}(1)"));
    // What a machine is belongs to the programs only.
    let programs = programs.into_iter().take(if program.is_some() { 2 } else { 3 });
    let others = related.chain(programs).filter(|page| *page != format!("{title}(1)"));
    let others = others.chain([format!("{}(5)", config::FILE)]).collect::<Vec<_>>().join(", ");
    page.section("SEE ALSO", &manual::text(&others));
    page.content()
}

fn completions(shell: Shell, command: &Command) -> Vec<u8> {
    let script = completion::script(shell, command);
    // `#compdef` must be in the first line (zshcompsys(1)).
    let (first, rest) = match shell {
        Shell::Zsh => script.split_once('\n').unwrap_or((script.as_str(), "")),
        _ => ("", script.as_str()),
    };
    let first = if first.is_empty() { String::new() } else { format!("{first}\n") };
    format!("{first}# {MARK}\n{rest}").into_bytes()
}

/// Writes the files, or with `check` only compares them. Returns their number, and the stale ones.
pub(crate) fn run(workspace: &Workspace, check: bool) -> Result<(usize, Vec<String>)> {
    let files = files().into_iter().map(|(path, content)| (Path::new(FOLDER).join(path), content));
    written(workspace, files.collect(), check)
}

/// Writes the generated files that differ, or with `check` only compares them. Returns their number, and the stale
/// ones.
pub(crate) fn written(
    workspace: &Workspace,
    files: Vec<(PathBuf, Vec<u8>)>,
    check: bool,
) -> Result<(usize, Vec<String>)> {
    let count = files.len();
    let mut stale = Vec::new();
    for (name, content) in files {
        let path = workspace.root.join(&name);
        if fs::read(&path).is_ok_and(|before| before == content) {
            continue;
        }
        stale.push(name.display().to_string());
        if !check {
            fs::create_dir_all(path.parent().context("a file has no folder")?)?;
            fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    Ok((count, stale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_and_verb_stands_in_its_page_and_its_completions() {
        let files = files();
        for command in commands() {
            for level in command.get_subcommands().chain([&command]) {
                // A verb's page and its help leave out what means nothing there.
                for option in level.get_arguments().filter(|option| !option.is_hide_set()).filter_map(Arg::get_long) {
                    for (path, content) in &files {
                        let file = path.file_stem().unwrap().to_str().unwrap().trim_start_matches('_');
                        let is_page =
                            file == level.get_bin_name().unwrap().replace(' ', "-") && path.starts_with("man");
                        let is_completion = file == command.get_name() && !path.starts_with("man");
                        // A manual page spells a literal hyphen as \-.
                        let text = String::from_utf8(content.clone()).unwrap().replace("\\-", "-");
                        let place = path.display();
                        assert!(text.contains(MARK), "{place}");
                        assert!(!(is_page || is_completion) || text.contains(option), "{option} in {place}");
                    }
                }
            }
        }
    }

    #[test]
    fn every_example_and_every_verb_to_see_also_is_understood() {
        let [system_info, sender, preview] = commands();
        for level in preview.get_subcommands().chain([&system_info, &sender, &preview]) {
            let help = level.get_after_help().map(ToString::to_string).unwrap_or_default();
            let has_page = |verb: &&str| preview.find_subcommand(verb).is_some();
            assert!(entries::related(level.get_name()).iter().all(has_page), "{}", level.get_name());
            let examples = manual::Help::read(&format!("{help}\n\n{}", entries::end(level.get_name()))).commands();
            assert!(!examples.is_empty(), "{} has no examples", level.get_name());
            for example in examples {
                let call = example.trim_start_matches("sudo ").split([';', '|', '>']).next().unwrap();
                let program = call.split(' ').next().unwrap();
                let command = commands().into_iter().find(|command| command.get_name() == program).expect(&example);
                let words = call.split_whitespace();
                if let Err(error) = command.try_get_matches_from(words) {
                    panic!("{example}: {error}");
                }
            }
        }
    }
}
