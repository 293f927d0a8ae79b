//! Manual pages, and completions for bash, zsh and fish, for all three programs: from the definitions of their command
//! lines. `cargo xtask generate` writes them below `share/`, in the installed layout.

use std::fs;
use std::path::{Path, PathBuf};

use anonymous_statistics::options;
use anyhow::{Context, Result};
use clap::{Arg, ArgAction, Command, CommandFactory};
use clap_complete::{Generator, Shell};
use system_facts::arguments::Arguments;

use crate::workspace::{PREVIEW, SENDER, SYSTEM_INFO, Workspace};

/// By this mark the installer recognizes the files of any version.
const MARK: &str = "Made by cargo xtask generate of the anonymous-statistics project; do not edit.";

pub(crate) const FOLDER: &str = "share";

/// Every file's path in [`FOLDER`] and content.
fn files() -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut files = Vec::new();
    for (name, command) in [
        (SYSTEM_INFO.name, Arguments::command()),
        (SENDER.name, sender()),
        (PREVIEW.name, telemetry_preview::command()),
    ] {
        let command = visible(name, &command);
        let page = manual(&command).with_context(|| format!("no manual page for {name}"))?;
        files.push((PathBuf::from(format!("man/man1/{name}.1")), page));
        for (shell, folder) in [
            (Shell::Bash, "bash-completion/completions"),
            (Shell::Zsh, "zsh/site-functions"),
            (Shell::Fish, "fish/vendor_completions.d"),
        ] {
            let file = if shell == Shell::Bash { name.to_owned() } else { shell.file_name(name) };
            files.push((Path::new(folder).join(file), completions(shell, &command)));
        }
    }
    Ok(files)
}

/// The sender reads its command line by a table, without clap.
fn sender() -> Command {
    let options = options::OPTIONS.iter();
    // clap adds these two.
    let options = options.filter(|option| !["help", "version"].contains(&option.name)).map(|option| {
        let argument = Arg::new(option.name).long(option.name).help(option.help);
        match option.value {
            Some(value) => argument.value_name(value),
            None => argument.action(ArgAction::SetTrue),
        }
    });
    let data = [
        ("action", "ACTION", "START, EXIT, FATAL ...: from here on everything is data, whatever it looks like"),
        ("data", "DATA", "What the daemon says about it: the result, the data, and pieces of JSON"),
    ];
    let data = data.map(|(id, name, help)| Arg::new(id).value_name(name).help(help));
    let [action, more] = data;
    Command::new(SENDER.name)
        .about(options::ABOUT.trim())
        .after_help(format!("{}\n{}", options::USAGE, options::MORE.trim()))
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
        .after_help(text(command.get_after_help()))
        .args(command.get_arguments().cloned())
        .subcommands(command.get_subcommands().filter(|verb| !verb.is_hide_set()).cloned())
        .subcommand_value_name("COMMAND")
        .disable_help_subcommand(true);
    // Adds the global options to each verb.
    shown.build();
    shown
}

fn manual(command: &Command) -> Result<Vec<u8>> {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    // A manual page begins with one line, which whatis(1) shows too.
    let first = about.split(['.', ':']).next().unwrap_or_default().replace('\n', " ");
    let man = clap_mangen::Man::new(command.clone().about(first).long_about(about));
    let mut page = format!(".\\\" {MARK}\n").into_bytes();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    for verb in command.get_subcommands() {
        // The global options are in the page's own list.
        let own =
            verb.clone().mut_args(|argument| if argument.is_global_set() { argument.hide(true) } else { argument });
        let has_options = own.get_arguments().any(|argument| !argument.is_hide_set() && argument.get_id() != "help");
        let man = clap_mangen::Man::new(own);
        let mut part = Vec::new();
        man.render_description_section(&mut part)?;
        if has_options {
            man.render_options_section(&mut part)?;
        }
        notes(&man, &mut part)?;
        let part = String::from_utf8(part).context("a manual page is no UTF-8")?;
        // Headings are one level lower here.
        let part = part.replace(".SH DESCRIPTION\n", "").replace(".SH ", ".SS ");
        page.extend(format!(".SH \"THE COMMAND {}\"\n{part}", verb.get_name().to_uppercase()).into_bytes());
    }
    notes(&man, &mut page)?;
    // Each section repeats the definition of a quotation mark; one is enough.
    let page = String::from_utf8(page).context("a manual page is no UTF-8")?;
    let mut seen = false;
    let lines = page.lines().filter(|line| {
        let again = line.starts_with(".el ") && std::mem::replace(&mut seen, true) || line.starts_with(".ie ") && seen;
        !again
    });
    Ok(lines.flat_map(|line| [line, "\n"]).collect::<String>().into_bytes())
}

/// The end of a help text, with its line breaks: it has examples and tables.
fn notes(man: &clap_mangen::Man, page: &mut Vec<u8>) -> Result<()> {
    let mut part = Vec::new();
    man.render_extra_section(&mut part)?;
    let part = String::from_utf8(part).context("a manual page is no UTF-8")?;
    let text = part.split_once(".SH EXTRA\n").map_or("", |(_, text)| text);
    if !text.trim().is_empty() {
        page.extend(format!(".SH NOTES\n.nf\n{text}.fi\n").into_bytes());
    }
    Ok(())
}

fn completions(shell: Shell, command: &Command) -> Vec<u8> {
    let mut script = Vec::new();
    shell.generate(command, &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    if shell == Shell::Bash {
        // clap_complete spells a name with a hyphen in two ways, and so finds no verb (clap-rs/clap, issue 6421).
        let name = command.get_name();
        script = script.replace(&name.replace('-', "__subcmd__"), &name.replace('-', "__"));
    }
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
    let files = files()?.into_iter().map(|(path, content)| (Path::new(FOLDER).join(path), content));
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
    fn every_option_and_command_has_its_place() {
        let files = files().unwrap();
        assert_eq!(files.len(), 12);
        for (path, content) in &files {
            let text = String::from_utf8(content.clone()).unwrap();
            assert!(text.contains(MARK), "{}", path.display());
            // A manual page spells a literal hyphen as \-.
            let plain = text.replace("\\-", "-").to_lowercase();
            let name = path.file_stem().unwrap().to_str().unwrap().trim_start_matches('_');
            let expected: &[&str] = match name {
                "system-info" => &["privileged", "record", "machine"],
                "anonymous-statistics" => &["dry-run", "verify", "lib-dir"],
                _ => &["opt-out", "opt-in", "diff", "since-last", "status", "plain", "config-dir"],
            };
            for word in expected {
                assert!(plain.contains(word), "{word} in {}", path.display());
            }
        }
    }
}
