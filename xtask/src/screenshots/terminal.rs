//! A shell on a terminal that this program holds.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::num::NonZero;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use testkit::svg::{Cell, Style, Weight};
use vt100::{Color, Screen};

use crate::run;

const COLUMNS: NonZero<u16> = NonZero::new(80).unwrap();
const ROWS: NonZero<u16> = NonZero::new(24).unwrap();

/// A screen is complete when nothing has come for so long: drawings arrive in pieces.
const QUIET: Timespec = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };

/// For a busy machine; a scenario that waits in vain is wrong.
const PATIENCE: Duration = Duration::from_secs(30);

/// Without this machine's name and processes. A session without a terminal gets the first one that it opens
/// (credentials(7)).
const SHELL: &str = "echo example >/proc/sys/kernel/hostname; exec <>\"$0\" >&0 2>&0; exec sh -i";

pub(super) struct Terminal {
    master: File,
    shown: vt100::Parser,
    shell: Child,
}

impl Terminal {
    pub(super) fn open() -> Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?.into_string()?;
        tcsetwinsize(&master, Winsize { ws_col: COLUMNS.get(), ws_row: ROWS.get(), ws_xpixel: 0, ws_ypixel: 0 })?;
        let alone = ["--pid", "--fork", "--kill-child", "--mount-proc", "--uts", "setsid", "--wait", "sh", "-c", SHELL];
        let mut command = run::program("unshare", alone);
        command.arg(name).env_clear().current_dir("/").stdin(Stdio::null());
        command.envs([("TERM", "xterm"), ("LANG", "C.UTF-8"), ("HOME", "/"), ("PS1", "# ")]);
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin");
        let shell = command.spawn().context("cannot start unshare")?;
        Ok(Self { master: master.into(), shown: vt100::Parser::new(ROWS, COLUMNS, 0), shell })
    }

    /// Types the bytes of a key, and waits until the screen is another.
    pub(super) fn press(&mut self, bytes: &str) -> Result<()> {
        let before = self.shown.screen().state_formatted();
        self.master.write_all(bytes.as_bytes())?;
        self.wait(|screen| screen.state_formatted() != before)
    }

    /// Waits for a screen.
    pub(super) fn wait(&mut self, is: impl Fn(&Screen) -> bool) -> Result<()> {
        let begin = Instant::now();
        loop {
            let quiet = !self.read()?;
            if quiet && is(self.shown.screen()) {
                return Ok(());
            }
            if begin.elapsed() > PATIENCE {
                bail!("the screen never became what was waited for. It is:\n{}", self.text());
            }
        }
    }

    /// Whether something came.
    fn read(&mut self) -> Result<bool> {
        let mut readable = [PollFd::new(&self.master, PollFlags::IN)];
        if rustix::event::poll(&mut readable, Some(&QUIET))? == 0 {
            return Ok(false);
        }
        let mut bytes = [0; 4096];
        match self.master.read(&mut bytes) {
            Ok(0) => bail!("the shell has ended"),
            Ok(read) => self.shown.process(bytes.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => (),
            Err(error) => return Err(error).context("the shell has ended"),
        }
        Ok(true)
    }

    pub(super) fn text(&self) -> String {
        self.shown.screen().contents()
    }

    /// The screen, with the cursor as a reversed cell.
    pub(super) fn cells(&self) -> Result<Vec<Vec<Cell>>> {
        let screen = self.shown.screen();
        let cursor = (!screen.hide_cursor()).then(|| screen.cursor_position());
        let cell = |row, column| {
            let cell = screen.cell(row, column).context("the terminal is smaller than its screen")?;
            let text = if cell.has_contents() || cell.is_wide_continuation() { cell.contents() } else { " " };
            let style = Style {
                ink: number(cell.fgcolor())?,
                paper: number(cell.bgcolor())?,
                weight: match (cell.bold(), cell.dim()) {
                    (true, _) => Weight::Bold,
                    (false, true) => Weight::Dim,
                    (false, false) => Weight::Normal,
                },
                underlined: cell.underline(),
                reversed: cell.inverse() != (cursor == Some((row, column))),
            };
            Ok(Cell { text: text.to_owned(), style })
        };
        (0..ROWS.get()).map(|row| (0..COLUMNS.get()).map(|column| cell(row, column)).collect()).collect()
    }
}

impl Drop for Terminal {
    /// With unshare everything ends that it started.
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

fn number(colour: Color) -> Result<Option<u8>> {
    match colour {
        Color::Default => Ok(None),
        Color::Idx(number @ 0..16) => Ok(Some(number)),
        other => bail!("no picture has a colour for {other:?}: the screens have the terminal's sixteen"),
    }
}
