//! Completions, with the values that only the library knows: events and fields.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anonymous_statistics::channels::crash_reports::fields::FIELDS as REPORT_FIELDS;
use anonymous_statistics::fields::{ACTIONS, DASHBOARD_FIELDS, FIELDS};
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, Command, ValueHint};
use clap_complete::{Generator, Shell};

use crate::pages::manual::shown;

/// The script of a shell for a command.
pub(super) fn script(shell: Shell, command: &Command) -> String {
    let command = with_values(command.clone());
    let mut script = Vec::new();
    match shell {
        // clap_complete's offers file names wherever it has no answer, and expands the values' dollar signs.
        Shell::Bash => return bash(&command),
        shell => shell.generate(&command, &mut script),
    }
    let script = String::from_utf8_lossy(&script).into_owned();
    match shell {
        // Its function gives up where the value of a program's own option is still missing: there is no verb then.
        Shell::Fish => script.replace("2>/dev/null\n    or return\n", "2>/dev/null\n") + &fish(&command),
        _ => script,
    }
}

/// The same command line, for completions: placeholders say what a value is.
fn with_values(command: Command) -> Command {
    let command = command.mut_args(|argument| {
        let placeholder = placeholder(&argument);
        if !argument.get_action().takes_values() || !argument.get_possible_values().is_empty() {
            return argument;
        }
        match placeholder.as_str() {
            "ACTION" | "EVENT" => argument.value_parser(PossibleValuesParser::new(
                ACTIONS.iter().map(|action| PossibleValue::new(action.name).help(action.when)),
            )),
            "FIELD" => argument.value_parser(PossibleValuesParser::new(fields())),
            "DIR" => argument.value_hint(ValueHint::DirPath),
            "FILE" => argument.value_hint(ValueHint::FilePath),
            _ => argument.value_hint(ValueHint::Other),
        }
    });
    command.mut_subcommands(with_values)
}

fn placeholder(argument: &Arg) -> String {
    let named = argument.get_value_names().and_then(|names| names.first()).map(ToString::to_string);
    named.unwrap_or_else(|| argument.get_id().as_str().to_uppercase())
}

/// Every field of the schema, of all channels.
fn fields() -> impl Iterator<Item = PossibleValue> {
    let known = FIELDS.iter().chain(DASHBOARD_FIELDS).map(|field| (field.name, field.what));
    let all: BTreeMap<_, _> = REPORT_FIELDS.iter().map(|field| (field.path, field.what)).chain(known).collect();
    all.into_iter().map(|(name, what)| PossibleValue::new(name).help(what))
}

/// The names that may stand for a value.
fn known(argument: &Arg) -> Vec<PossibleValue> {
    argument.get_possible_values().into_iter().filter(|value| !value.is_hide_set()).collect()
}

fn names(argument: &Arg) -> String {
    known(argument).iter().map(PossibleValue::get_name).collect::<Vec<_>>().join(" ")
}

/// The command itself, and its verbs.
fn levels(command: &Command) -> impl Iterator<Item = (&str, &Command)> {
    [("", command)].into_iter().chain(command.get_subcommands().map(|verb| (verb.get_name(), verb)))
}

/// Each option that takes values, with how many.
fn options(command: &Command) -> impl Iterator<Item = (&Arg, &str, usize)> {
    shown(command).filter(|option| option.get_action().takes_values()).filter_map(|option| {
        let values = option.get_num_args().map_or(1, |range| range.max_values());
        Some((option, option.get_long()?, values))
    })
}

/// The verb and the two words before decide. An equals sign is a word of its own there (`COMP_WORDBREAKS` in bash(1)).
fn bash(command: &Command) -> String {
    // An option's patterns, by the name of its value.
    let mut cases: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut rest = String::new();
    for (verb, level) in levels(command) {
        for (option, long, values) in options(level) {
            let candidates = match option.get_value_hint() {
                ValueHint::DirPath => "files=-d".to_owned(),
                ValueHint::FilePath => "files=-f".to_owned(),
                _ => format!("words='{}'", names(option)),
            };
            let patterns = cases.entry(candidates).or_default();
            patterns.push(format!("{verb}:*:--{long}"));
            if values > 1 {
                patterns.push(format!("{verb}:--{long}:*"));
            }
        }
        let verbs = level.get_subcommands().map(|verb| verb.get_name().to_owned());
        let words: Vec<String> = verbs.chain(level.get_positionals().map(names)).collect();
        let options: Vec<String> = shown(level).filter_map(Arg::get_long).map(|long| format!("--{long}")).collect();
        // Writing to a String cannot fail.
        let _ =
            writeln!(rest, "        {verb}:*) words='{}' options='{}' ;;", words.join(" ").trim(), options.join(" "));
    }
    let case = |(candidates, patterns): (String, Vec<String>)| {
        let patterns = patterns.join(" | ");
        format!("        {patterns}) {candidates} ;;\n")
    };
    let cases = cases.into_iter().map(case).collect::<Vec<_>>().concat();
    let verbs: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
    let verb = match verbs.as_slice() {
        [] => String::new(),
        verbs => format!(
            "    for word in \"${{line[@]:4}}\"; do\n        case $word in {}) verb=$word; break ;; esac\n    done\n",
            verbs.join(" | ")
        ),
    };
    BASH.replace("FUNCTION", &format!("_{}", command.get_name().replace('-', "_")))
        .replace("NAME", command.get_name())
        .replace("VERB\n", &verb)
        .replace("CASES\n", &(cases + &rest))
}

const BASH: &str = r#"FUNCTION() {
    local current=${2//\\/} verb= words= options= files= word
    local -a line=(- - - "${COMP_WORDS[@]:0:COMP_CWORD}")
    local last=$((${#line[@]} - 1))
    if [[ $current == = ]]; then current=; fi
    if [[ ${line[last]} == = ]]; then last=$((last - 1)); fi
VERB
    case "$verb:${line[last - 1]}:${line[last]}" in
CASES
    esac
    COMPREPLY=()
    if [[ $files ]]; then
        # bash before version 4 has none.
        compopt -o filenames 2>/dev/null
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "$files" -- "$current")
        return
    fi
    if [[ $options && ($current == -* || ! $words) ]]; then words=$options; fi
    for word in $words; do
        if [[ $word == "$current"* ]]; then
            printf -v word %q "$word"
            COMPREPLY+=("$word")
        fi
    done
}
complete -F FUNCTION NAME
"#;

/// What `clap_complete`'s script leaves to files: the arguments without an option, and the values after the first.
fn fish(command: &Command) -> String {
    let name = command.get_name();
    let mut script = format!("complete -c {name} -f\n");
    for (verb, level) in levels(command) {
        let using = format!("__fish_{}_using_subcommand {verb}", name.replace('-', "_"));
        let positional = level.get_positionals().map(|argument| (argument, using.clone()));
        let second = options(level).filter(|(_, _, values)| *values > 1);
        let second = second
            .map(|(option, long, _)| (option, format!("{using}; and contains -- --{long} (commandline -opc)[-2]")));
        for (argument, condition) in positional.chain(second).filter(|(argument, _)| !known(argument).is_empty()) {
            let value = |value: &PossibleValue| {
                let help = value.get_help().map(ToString::to_string).unwrap_or_default();
                format!("{}\\t{}", value.get_name().replace('$', "\\$"), in_quotes(&help))
            };
            let values = known(argument).iter().map(value).collect::<Vec<_>>().join("\n");
            let condition = if verb.is_empty() { String::new() } else { format!(" -n {}", in_quotes(&condition)) };
            // Writing to a String cannot fail.
            let _ = writeln!(script, "complete -c {name}{condition} -a {}", in_quotes(&values));
        }
    }
    script
}

/// A word of fish.
fn in_quotes(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
