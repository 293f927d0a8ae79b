//! What is played: the lines of a scenario.

use anyhow::{Context, Result, bail};

#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// A text into the shell, letter by letter.
    Type(String),
    /// The bytes of a key; the screen must change.
    Key(String),
    /// Until the screen shows this text.
    Wait(String),
    Show {
        milliseconds: u64,
        note: String,
    },
}

/// The steps, each with its line for an error.
pub(super) fn steps(text: &str) -> Result<Vec<(&str, Step)>> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines.map(|line| Ok((line, step(line).with_context(|| format!("the scenario's line {line:?}"))?))).collect()
}

fn step(line: &str) -> Result<Step> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    if rest.is_empty() {
        bail!("something is missing after its first word");
    }
    Ok(match word {
        "type" => Step::Type(rest.to_owned()),
        "key" => Step::Key(key(rest)?),
        "wait" => Step::Wait(rest.to_owned()),
        "show" => {
            let (number, note) = rest.split_once(' ').unwrap_or((rest, ""));
            let milliseconds = number.parse().context("its number of milliseconds is none")?;
            Step::Show { milliseconds, note: note.to_owned() }
        }
        _ => bail!("its first word is none of type, key, wait and show"),
    })
}

/// What a terminal sends for a key (`console_codes(4)`).
fn key(name: &str) -> Result<String> {
    let bytes = match name {
        "Enter" => "\r",
        "Esc" => "\x1b",
        "Tab" => "\t",
        "Space" => " ",
        "Up" => "\x1b[A",
        "Down" => "\x1b[B",
        "Right" => "\x1b[C",
        "Left" => "\x1b[D",
        "Home" => "\x1b[H",
        "End" => "\x1b[F",
        "PageUp" => "\x1b[5~",
        "PageDown" => "\x1b[6~",
        letter if letter.chars().count() == 1 => letter,
        _ => bail!("no key has this name: {name}"),
    };
    Ok(bytes.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_step() {
        let played = steps("# a remark\n\ntype a b\nkey Down\nkey o\nwait OFF\nshow 1500 it is off\nshow 1\n").unwrap();
        let steps: Vec<Step> = played.into_iter().map(|(_, step)| step).collect();
        let show = |milliseconds, note: &str| Step::Show { milliseconds, note: note.to_owned() };
        assert_eq!(
            steps,
            [
                Step::Type("a b".to_owned()),
                Step::Key("\x1b[B".to_owned()),
                Step::Key("o".to_owned()),
                Step::Wait("OFF".to_owned()),
                show(1500, "it is off"),
                show(1, ""),
            ]
        );
    }

    #[test]
    fn another_line_is_an_error_that_quotes_it() {
        for line in ["press o", "key", "key Return", "show long", "wait"] {
            let error = format!("{:#}", steps(line).unwrap_err());
            assert!(error.contains(line), "{error}");
        }
    }

    #[test]
    fn the_scenario_of_readme_can_be_read() {
        assert!(
            steps(super::super::play::SCENARIO).unwrap().iter().any(|(_, step)| *step == Step::Key("o".to_owned()))
        );
    }
}
