//! Plays the scenario and draws its frames.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use testkit::svg::{Frame, svg};

use super::scenario::{Step, steps};
use super::stage;
use super::terminal::Terminal;

pub(super) const SCENARIO: &str = include_str!("first-look.txt");

/// How long the picture takes for a typed letter.
const LETTER: u64 = 70;

const TITLE: &str = "telemetry-preview on a machine with a made-up agent: run, look, opt out";

pub(super) fn picture(program: &Path) -> Result<String> {
    let secrets = secrets();
    stage::set(program)?;
    let mut play = Play { terminal: Terminal::open()?, secrets, frames: Vec::new(), note: String::new() };
    for (line, step) in steps(SCENARIO)? {
        play.step(step).with_context(|| format!("while it played {line:?}"))?;
    }
    Ok(svg(TITLE, &play.frames))
}

struct Play {
    terminal: Terminal,
    secrets: Vec<String>,
    frames: Vec<Frame>,
    note: String,
}

impl Play {
    fn step(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Type(text) => {
                for letter in text.chars() {
                    self.terminal.press(letter.encode_utf8(&mut [0; 4]))?;
                    self.show(LETTER)?;
                }
                Ok(())
            }
            Step::Key(bytes) => self.terminal.press(&bytes),
            Step::Wait(text) => self.terminal.wait(|screen| screen.contents().contains(&text)),
            Step::Show { milliseconds, note } => {
                self.note = note;
                self.show(milliseconds)
            }
        }
    }

    fn show(&mut self, milliseconds: u64) -> Result<()> {
        betrays_nothing(&self.terminal.text(), &self.secrets)?;
        self.frames.push(Frame { rows: self.terminal.cells()?, caption: self.note.clone(), milliseconds });
        Ok(())
    }
}

/// What identifies this machine: its name, and the numbers of the system, the boot and the hardware. What cannot be
/// read here cannot be shown either.
fn secrets() -> Vec<String> {
    const FILES: [&str; 8] = [
        "/proc/sys/kernel/hostname",
        "/proc/sys/kernel/random/boot_id",
        "/etc/machine-id",
        "/var/lib/dbus/machine-id",
        "/sys/class/dmi/id/product_uuid",
        "/sys/class/dmi/id/product_serial",
        "/sys/class/dmi/id/board_serial",
        "/var/lib/netdata/registry/netdata.public.unique.id",
    ];
    let read = FILES.iter().filter_map(|file| fs::read_to_string(file).ok());
    // The folder of the checkout, too.
    let here = std::env::current_dir().ok().map(|folder| folder.display().to_string());
    let secrets = read.chain(here).map(|text| packed(&text));
    // A dash, or a name such as "vm", is everywhere.
    secrets.filter(|secret| secret.len() > 3).collect()
}

fn betrays_nothing(screen: &str, secrets: &[String]) -> Result<()> {
    let screen = packed(screen);
    match secrets.iter().find(|secret| screen.contains(secret.as_str())) {
        Some(secret) => bail!("the screen shows {secret:?}, which identifies this machine"),
        None => Ok(()),
    }
}

/// In lower case and without dashes and blanks: screens break lines, and an identifier has several forms.
fn packed(text: &str) -> String {
    text.to_lowercase().replace(|c: char| c.is_whitespace() || c == '-', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_of_this_machine_is_an_error_even_across_lines() {
        let secrets = [packed("0F2B7E3A-5a4c\n")];
        assert!(betrays_nothing("id 0f2b7e3\na5a4c", &secrets).is_err());
        assert!(betrays_nothing("id 0f2b7e3b", &secrets).is_ok());
    }
}
